// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The daemon's log. libvirt's levels: 1 debug, 2 info, 3 warning, 4 error. Lines go to standard
 * error until log_open_file or log_open_syslog says otherwise. The level is the one piece of
 * process-wide state besides main's own, since every folder logs.
 */
#pragma once

#include <glib.h>

typedef enum LogLevel {
    LOG_LEVEL_DEBUG = 1,
    LOG_LEVEL_INFO,
    LOG_LEVEL_WARNING,
    LOG_LEVEL_ERROR
} LogLevel;

void log_set_level(LogLevel level);
LogLevel log_level(void);
void log_write(LogLevel level, const char *format, ...) G_GNUC_PRINTF(2, 3);

#define log_debug(...) log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)
#define log_info(...) log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
