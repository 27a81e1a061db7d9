// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* What the files of cgroup.c share: the handle, and reading and writing one file of a group. */
#pragma once

#include "kernel/cgroup.h"
#include "kernel/hierarchy.h"

#define GROUP_INNER "inner" /* below the group, where it is not for the processes themselves */

struct Cgroup {
    char *path;             /* "/machine/bb.libvirt-lxc" */
    GPtrArray *hierarchies; /* of Hierarchy; those where the group is */
};

/* The hierarchy that has `controller`, v1 before v2; NULL. */
Hierarchy *cgroup_find(const Cgroup *cgroup, const char *controller);
Hierarchy *cgroup_find_unified(const Cgroup *cgroup);

/* Offers the controllers that containers use to the groups below `dir`, on the v2 tree. */
void group_enable_controllers(const Hierarchy *hierarchy, const char *dir);

/* cgroup-delegate.c: root inside is to make groups of its own. */
void group_divide(Cgroup *cgroup);

/* v2: offers a controller to the group and to those on the way to it. */
void group_enable(const Hierarchy *hierarchy, const char *controller);

/* A directory below `parent`, ready for members. Fine when it is there. */
bool group_make_level(const Hierarchy *hierarchy, const char *parent, const char *child,
                      GError **err);
/* The calling process goes there. */
bool group_enter(const Hierarchy *hierarchy, const char *dir, GError **err);

/* cgroup-aside.c: whether the calling process is beside the group; the directory there goes. */
bool aside_has_us(const Hierarchy *hierarchy);
void aside_remove(const Hierarchy *hierarchy);

/* cgroup-guarantee.c: what memory the group is promised, and that the group with it is gone. */
int64_t guarantee_of(const Hierarchy *hierarchy);
void guarantee_gone(const Hierarchy *hierarchy, int64_t bytes);

/* Where the processes are: the group, or one below it. The caller frees it. */
char *group_members_dir(const Hierarchy *hierarchy);

bool group_has_file(const Hierarchy *hierarchy, const char *file);
bool group_write(const Hierarchy *hierarchy, const char *file, const char *text, GError **err);
bool group_read(const Hierarchy *hierarchy, const char *file, char **ret_text, GError **err);
