// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Id maps on what the host gives. Owners are never changed on the disk: where the kernel cannot map
 * a mount, the start fails with the place that is at fault and with what can be done about it.
 */
#include "controller/run.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "kernel/mount.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A tree that was given to the container's users by changing its owners needs no map on top. */
static bool is_shifted(const Plan *plan, int fd)
{
    struct stat info;

    if (fstat(fd, &info) < 0)
        return false;
    for (uint32_t i = 0; i < plan->uid_map.len; i++) {
        const PlanIdRange *range = &plan->uid_map.items[i];

        if (range->outside != 0 && info.st_uid - range->outside < range->count)
            return true;
    }
    return false;
}

bool source_wants_map(const Run *run, const PlanMount *mount, int fd)
{
    return (mount->flags & PLAN_MOUNT_F_IDMAP) && (run->plan.namespaces & PLAN_NS_USER) &&
           !is_shifted(&run->plan, fd);
}

/* ---- refusals ---- */

static bool can_be_mapped(const Run *run, const char *path)
{
    autofd int fd = mount_clone(AT_FDCWD, path, MOUNT_TOP_ONLY);

    return fd < 0 || mount_set_idmap(fd, run->userns_fd, 0) || (errno != EINVAL && errno != EPERM);
}

/* The place of a line of mountinfo, its fifth word, where it is below `top`; else NULL. */
static char *place_below(const char *line, const char *top)
{
    g_auto(GStrv) words = g_strsplit(line, " ", 6);
    g_autofree char *place = g_strv_length(words) > 4 ? g_strcompress(words[4]) : NULL;
    size_t len = strlen(top);

    if (!place || strncmp(place, top, len) != 0 || place[len] != '/')
        return NULL;
    return g_steal_pointer(&place);
}

/* The first mount below that is at fault when the top is not. */
static char *find_culprit(const Run *run, const char *path)
{
    g_autofree char *text = NULL;
    g_autofree char *top = realpath(path, NULL);
    g_auto(GStrv) lines = NULL;

    if (!top || !can_be_mapped(run, path) ||
        !g_file_get_contents("/proc/self/mountinfo", &text, NULL, NULL))
        return NULL;
    lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        g_autofree char *place = place_below(*line, strcmp(top, "/") ? top : "");
        if (place && !can_be_mapped(run, place))
            return g_steal_pointer(&place);
    }
    return NULL;
}

static bool refuse(const PlanMount *mount, const char *path, const char *culprit, GError **err)
{
    if (culprit)
        return fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                    _("cannot mount '%s' on '%s' with the container's id map: what is mounted on "
                      "'%s' does not do idmapped mounts; <virtlxcd:mount recursive='no'/> leaves "
                      "it out"),
                    path, mount->target, culprit);
    return fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                _("cannot mount '%s' on '%s' with the container's id map: its file system does not "
                  "do idmapped mounts; put it on another, give it to the container's ids, or take "
                  "it as it is with <virtlxcd:mount idmapped='no'/>"),
                path, mount->target);
}

bool source_map(const Run *run, const PlanMount *mount, const char *path, int fd, GError **err)
{
    g_autofree char *culprit = NULL;

    if (mount_set_idmap(fd, run->userns_fd, mount->flags))
        return true;
    if (errno == EPERM)
        return fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                    _("cannot mount '%s' on '%s' with the container's id map: it is mounted with "
                      "another one"),
                    path, mount->target);
    if (errno != EINVAL)
        return fail_errno(err, errno, _("cannot mount '%s' on '%s'"), path, mount->target);
    if (mount->flags & PLAN_MOUNT_F_RECURSIVE)
        culprit = find_culprit(run, path);
    return refuse(mount, path, culprit, err);
}
