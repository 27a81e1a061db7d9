// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * One container's control groups, on cgroup v1, v2 and hybrid hosts.
 *
 * A Cgroup is the same relative path in every hierarchy that is mounted; a knob is written where
 * its controller is found. The controller creates and removes groups; the daemon opens them to
 * change limits, to read statistics, to freeze and to kill.
 */
#pragma once

#include "plan-xdr.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct Cgroup Cgroup;

/* Makes the directories (and partitions above them) in every hierarchy. Applies nothing yet. */
bool cgroup_create(const PlanCgroup *plan, Cgroup **ret_cgroup, GError **err);

/* The groups that exist already; nothing is created. Hierarchies without it are left out. */
bool cgroup_open(const char *partition, const char *name, Cgroup **ret_cgroup, GError **err);

void cgroup_free(Cgroup *cgroup); /* the handle; groups stay */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cgroup, cgroup_free)

/* Relative path, "/machine/bb.libvirt-lxc". Borrowed. */
const char *cgroup_path(const Cgroup *cgroup);

/* Its directory where a controller is, v1 before v2, and that on the v2 tree; NULL. Borrowed. */
const char *cgroup_dir(const Cgroup *cgroup, const char *controller);
const char *cgroup_unified_dir(const Cgroup *cgroup);

/* Writes every setting of the plan, and the device rules; these before anybody has joined. */
bool cgroup_apply_settings(Cgroup *cgroup, const PlanCgroup *plan, GError **err);
bool cgroup_apply_devices(Cgroup *cgroup, const PlanDeviceRule *rules, size_t n_rules,
                          GError **err);
/* Gives the group that processes are in, which is a new one, the settings of the group above it. */
bool cgroup_copy_settings(const Cgroup *cgroup, GError **err);
bool cgroup_set(Cgroup *cgroup, const PlanSetting *setting, GError **err);

/* Reads a number knob back (for memory: bytes, -1 unlimited). False: controller absent. */
bool cgroup_get(Cgroup *cgroup, PlanKnob knob, int64_t *ret_number, GError **err);

/* What a knob is called and where it is on v1 and on v2, for docs/resources.md. False: no more. */
typedef struct CgroupKnobFiles {
    const char *name;
    const char *v1[3]; /* the file, NULL: has none; the other one, and the key, which may be NULL */
    const char *v2[3];
} CgroupKnobFiles;
bool cgroup_knob_files(PlanKnob knob, CgroupKnobFiles *ret);

bool cgroup_memory_usage(Cgroup *cgroup, uint64_t *ret_bytes, GError **err);
bool cgroup_cpu_time(Cgroup *cgroup, uint64_t *ret_ns, GError **err);

/* Freezes (waits until frozen, at most about 1 s, thaws and fails otherwise) and thaws. */
bool cgroup_freeze(Cgroup *cgroup, GError **err);
bool cgroup_thaw(Cgroup *cgroup, GError **err);
bool cgroup_is_frozen(Cgroup *cgroup);

/* Signals every process in the group and below. SIGKILL goes through cgroup.kill where there is
 * one, and reaches frozen groups. Never touches the calling process. */
bool cgroup_kill(Cgroup *cgroup, int signum, GError **err);
bool cgroup_is_empty(Cgroup *cgroup);

/* SIGKILL until nobody is left, some seconds at most. Blocks: not for the daemon's main loop. */
bool cgroup_kill_and_wait(Cgroup *cgroup, GError **err);

/*
 * How a process gets in. On v1 the calling process, single-threaded, joins before it clones the
 * container's first process and leaves again afterwards: a process that moves itself waits for no
 * RCU grace period. On v2 the clone is born inside: by *ret_fd, -1 without a v2 tree.
 */
bool cgroup_join(Cgroup *cgroup, GError **err);
bool cgroup_leave(Cgroup *cgroup, GError **err);
bool cgroup_open_unified(Cgroup *cgroup, int *ret_fd, GError **err);

/*
 * The v1 freezer is not joined by the above: who takes the container down must not be frozen with
 * it. The container's processes write "0" to *ret_fd themselves; -1 without a v1 freezer.
 */
bool cgroup_open_freezer(Cgroup *cgroup, int *ret_fd, GError **err);

/*
 * After cgroup_join: what the plan delegates becomes `uid`'s and `gid`'s (of the host), so that
 * they can make groups below it. See cgroup-delegate.c.
 */
bool cgroup_give(Cgroup *cgroup, uid_t uid, gid_t gid, GError **err);

/* Mounts the calling process's view of its groups on a directory; it is in its cgroup namespace. */
bool cgroup_attach_view(const Cgroup *cgroup, int target_fd, GError **err);

/* For the monitor, which knows no groups: cgroup.kill, and what thaws. -1 where there is none. */
int cgroup_open_kill(Cgroup *cgroup);
int cgroup_open_thaw(Cgroup *cgroup, bool *ret_is_v1);

/*
 * Takes the calling process out of the unit that systemd started the daemon as, to a group beside
 * the container's; cgroup_leave comes back to it, cgroup_remove removes it. Elsewhere it does so
 * only where the plan has settings for those that serve the container, which are applied there.
 */
bool cgroup_step_aside(Cgroup *cgroup, const PlanCgroup *plan, GError **err);

/* Removes the groups, nested ones first; fine when they are gone already. */
bool cgroup_remove(Cgroup *cgroup, GError **err);

/* The same for groups that may have members still: they are killed first. Blocks like the above. */
bool cgroup_clear(Cgroup *cgroup, GError **err);

/* Only those nested in them. */
bool cgroup_remove_below(Cgroup *cgroup, GError **err);

/* A partition that no group needs any longer; one that is in use stays. */
void cgroup_remove_partition(const char *partition);
