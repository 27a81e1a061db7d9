// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See log.h. Built on GLib's structured log, which keeps writers apart from destinations. */
#include "base/log.h"

#include <stdio.h>
#include <time.h>

static LogLevel threshold = LOG_LEVEL_WARNING;

static const char *const level_names[] = {
    [LOG_LEVEL_DEBUG] = "debug",
    [LOG_LEVEL_INFO] = "info",
    [LOG_LEVEL_WARNING] = "warning",
    [LOG_LEVEL_ERROR] = "error",
};

void log_set_level(LogLevel level)
{
    threshold = level;
}

LogLevel log_level(void)
{
    return threshold;
}

void log_write(LogLevel level, const char *format, ...)
{
    g_autofree char *text = NULL;
    struct timespec now;
    struct tm day;
    char stamp[32];
    va_list args;

    if (level < threshold)
        return;
    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &day);
    strftime(stamp, sizeof stamp, "%Y-%m-%d %H:%M:%S", &day);
    fprintf(stderr, "%s.%03ld+0000: %s: %s\n", stamp, now.tv_nsec / 1000000, level_names[level],
            text);
}
