// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The way to what the host gives. The administrator's links are followed; none is in a directory
 * that a container can change, since whoever made it could lead us to any place of the host, and be
 * given that.
 */
#include "controller/run.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/text.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>

static bool is_above(const char *dir, const char *path)
{
    size_t len = strlen(dir);

    return strncmp(path, dir, len) == 0 && path[len] == '/';
}

/* The outermost of those that `path` is in; NULL: in none. */
static const char *find_changeable(const Plan *plan, const char *path)
{
    const char *found = NULL;

    for (uint32_t i = 0; i < plan->changeable.len; i++) {
        const char *dir = plan->changeable.items[i];

        if (is_above(dir, path) && (!found || strlen(dir) < strlen(found)))
            found = dir;
    }
    return found;
}

bool source_fail_link(const PlanMount *mount, const char *path, GError **err)
{
    return fail(err, ERR(LXC, OPERATION_FAILED),
                _("cannot use '%s' for '%s': a symbolic link on the way is not to be trusted"),
                path, mount->target);
}

/* open_tree has what is mounted on demand be mounted, as O_DIRECTORY does. */
int source_open(const Run *run, const char *path, int flags)
{
    g_autofree char *plain = NULL;
    const char *above = NULL;
    autofd int dir = -1;

    if (run->plan.changeable.len > 0) {
        plain = g_canonicalize_filename(path, "/");
        above = find_changeable(&run->plan, plain);
    }
    if (!above)
        return flags ? open(path, O_PATH | O_CLOEXEC | flags)
                     : open_tree(AT_FDCWD, path, OPEN_TREE_CLOEXEC);
    dir = open(above, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return dir < 0 ? -1
                   : path_open(dir, plain + strlen(above), O_PATH | (flags & ~O_NOFOLLOW),
                               PATH_LINKS_REFUSE);
}
