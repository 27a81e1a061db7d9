// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * memory.min of v2 protects a group no further than the groups above it are protected themselves:
 * each partition has to be promised what its containers are promised together. It is raised to the
 * sum when a container is given a guarantee, and goes down again with it; what is more than the sum
 * somebody else has written, and stays.
 */
#include "kernel/cgroup-knob.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#define FILE_NAME "memory.min"

/* All of it, where the group is promised that. */
static int64_t read_guarantee(const char *group)
{
    g_autofree char *path = g_build_filename(group, FILE_NAME, NULL);
    g_autofree char *text = path_read_kernel(path, 64);
    int64_t bytes = text ? knob_parse_number(text) : 0;

    return bytes < 0 ? INT64_MAX : bytes;
}

static void write_guarantee(const char *group, int64_t bytes)
{
    g_autofree char *path = g_build_filename(group, FILE_NAME, NULL);
    g_autofree char *text = g_strdup_printf("%" PRId64, bytes);

    (void)path_write(AT_FDCWD, path,
                     text); /* the container's own promise is made, if a weaker one */
}

static int64_t sum_below(const char *group)
{
    g_autoptr(GDir) entries = g_dir_open(group, 0, NULL);
    const char *name;
    int64_t sum = 0;

    while (entries && (name = g_dir_read_name(entries))) {
        g_autofree char *child = g_build_filename(group, name, NULL);
        struct stat info;
        if (lstat(child, &info) == 0 && S_ISDIR(info.st_mode))
            sum += MIN(read_guarantee(child), INT64_MAX - sum);
    }
    return sum;
}

/* Two containers may start at once: the lock is the directory's. By how much it went down. */
static int64_t settle(const char *group, int64_t removed)
{
    autofd int lock = open(group, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
    int64_t present, sum;

    if (lock < 0 || flock(lock, LOCK_EX) < 0)
        return 0;
    present = read_guarantee(group);
    sum = sum_below(group);
    if (present < sum || (removed > 0 && present - sum == removed))
        write_guarantee(group, sum);
    return present > sum && present - sum == removed ? removed : 0;
}

static void settle_above(const Hierarchy *hierarchy, int64_t removed)
{
    g_autofree char *group = g_path_get_dirname(hierarchy->dir);

    while (strlen(group) > strlen(hierarchy->mount)) {
        char *above = g_path_get_dirname(group);
        removed = settle(group, removed);
        g_free(group);
        group = above;
    }
}

bool knob_set_guarantee(const Hierarchy *hierarchy, const KnobFile *file,
                        const PlanSetting *setting, GError **err)
{
    int64_t before = read_guarantee(hierarchy->dir);

    if (!knob_write_number(hierarchy, file->file, setting->number, err))
        return false;
    settle_above(hierarchy, MAX(before - setting->number, 0));
    return true;
}

int64_t guarantee_of(const Hierarchy *hierarchy)
{
    return hierarchy->unified && hierarchy_has(hierarchy, "memory") ? read_guarantee(hierarchy->dir)
                                                                    : 0;
}

void guarantee_gone(const Hierarchy *hierarchy, int64_t bytes)
{
    if (bytes > 0)
        settle_above(hierarchy, bytes);
}
