// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Every place on disk the daemon uses, in one struct, so that a private instance (--root DIR) moves
 * all of them at once and cannot touch the system's. Control groups are no files, but a private
 * instance gets a partition of its own for the same reason.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct Paths {
    char *root;            /* "" for the system's instance, else DIR, absolute */
    char *config_file;     /* SYSCONFDIR/libvirt/virtlxcd.conf */
    char *driver_conf;     /* SYSCONFDIR/libvirt/lxc.conf */
    char *definitions_dir; /* SYSCONFDIR/libvirt/lxc */
    char *autostart_dir;   /* SYSCONFDIR/libvirt/lxc/autostart */
    char *hooks_dir;       /* SYSCONFDIR/libvirt/hooks */
    char *run_dir;         /* RUNSTATEDIR/libvirt: sockets, ours and the other daemons' */
    char *state_dir;       /* RUNSTATEDIR/libvirt/lxc: status files, controller sockets */
    char *lock_file;      /* RUNSTATEDIR/libvirt/lxc/driver.pid, which the stock driver locks too */
    char *id_ranges_file; /* LOCALSTATEDIR/lib/libvirt/lxc/id-ranges */
    char *log_dir;        /* LOCALSTATEDIR/log/libvirt/lxc */
    char *pid_file;       /* RUNSTATEDIR/virtlxcd.pid */
    char *partition;      /* default control group partition, "/machine" */
    char *libexec_dir;    /* where virtlxc-controller, -monitor and -view are */
    char *apparmor_dir; /* SYSCONFDIR/apparmor.d, where AppArmor looks for abstractions; ours too */
} Paths;

/* `root` NULL: the system's instance. Only computes; touches nothing but the name of `root`. */
bool paths_new(const char *root, Paths **ret_paths, GError **err);
void paths_free(Paths *paths);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Paths, paths_free)

/* Makes the directories with the modes they need. */
bool paths_create(const Paths *paths, GError **err);
