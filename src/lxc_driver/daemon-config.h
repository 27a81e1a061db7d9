// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * What virtlxcd.conf and lxc.conf say: one table of keys (daemon-config.c), one struct of values.
 * Keys that nobody knows are ignored, as libvirt's daemons do; a known key with a wrong value is an
 * error that names the file, the line and the key.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct Config {
    /* virtlxcd.conf */
    char *unix_sock_group; /* NULL: the daemon's own */
    char *unix_sock_ro_perms;
    char *unix_sock_rw_perms; /* NULL: 0777 with polkit, else 0700 */
    char *unix_sock_admin_perms;
    char *unix_sock_dir; /* NULL: Paths.run_dir */
    char *auth_unix_ro;  /* NULL: polkit for a system's instance where it is there, else none */
    char *auth_unix_rw;
    char **access_drivers; /* NULL: none */
    char *network_run_dir; /* where the network daemon's socket is; NULL: Paths.run_dir */
    char *host_uuid;       /* NULL: from host_uuid_source */
    char *host_uuid_source;
    char *log_filters;
    char *log_outputs;
    gint64 max_clients;
    gint64 max_queued_clients;
    gint64 max_anonymous_clients;
    gint64 max_client_requests;
    gint64 keepalive_interval;
    gint64 keepalive_count;
    gint64 log_level;
    gint64 console_log_max_size; /* bytes; 0: never rotated */
    gint64 console_log_max_backups;
    /* lxc.conf */
    gint64 log_with_libvirtd;
    char *security_driver;
    gint64 security_default_confined; /* or CONFIG_BY_MODEL: as is best with what is in force */
    gint64 security_require_confined;
} Config;

#define CONFIG_BY_MODEL (-1)

Config *config_new(void); /* the built-in values */
void config_free(Config *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Config, config_free)

/* Reads one file into `config`. A file that is not there changes nothing and is no error. */
bool config_read(Config *config, const char *path, GError **err);

/* The same for text; `name` stands in for the file in messages. */
bool config_parse(Config *config, const char *name, const char *text, GError **err);

/* Says in the log what is set and has no effect. */
void config_warn(const Config *config);
