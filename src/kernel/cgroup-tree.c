// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See cgroup-tree.h. Root inside of a container that divides its groups makes as many as it likes,
 * one below the other deeper than any path is long: so there are no paths here, no recursion, and
 * one descriptor, which goes down by a name and up by "..".
 */
#include "kernel/cgroup-tree.h"

#include "base/fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A group on the way from the top, the names of those below it that are still to be gone to. */
typedef struct Level {
    char *name; /* NULL: the top */
    GPtrArray *below;
} Level;

static void level_clear(void *data)
{
    Level *level = data;

    g_free(level->name);
    g_ptr_array_unref(level->below);
}

/* The kernel counts a group's directories among its links: two are its own. */
static bool has_groups(int dir)
{
    struct stat info;

    return fstat(dir, &info) == 0 && info.st_nlink > 2;
}

static GPtrArray *names_below(int dir)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    autofd int fd = has_groups(dir) ? openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    DIR *entries = fd >= 0 ? fdopendir(fd) : NULL;
    struct dirent *entry;

    if (!entries)
        return names;
    (void)fd_steal(&fd); /* the stream's */
    while ((entry = readdir(entries)))
        if (entry->d_type == DT_DIR && strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
            g_ptr_array_add(names, g_strdup(entry->d_name));
    (void)closedir(entries); /* nothing to do about a failure */
    return names;
}

static int open_group(int dir, const char *name)
{
    return openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* `fd` becomes the directory's; it stays what it is when that is not there. */
static bool move_to(int *fd, const char *name)
{
    int next = open_group(*fd, name);

    if (next < 0)
        return false;
    fd_close(*fd);
    *fd = next;
    return true;
}

static void enter(GArray *levels, int dir, const char *name, const GroupVisitor *visitor)
{
    Level level = { g_strdup(name), names_below(dir) };

    if (visitor->enter)
        visitor->enter(dir, visitor->data);
    g_array_append_val(levels, level);
}

/* Back to the group above, when there is one. */
static bool leave(GArray *levels, int *dir, const GroupVisitor *visitor)
{
    const Level *level = &g_array_index(levels, Level, levels->len - 1);
    bool fine = !level->name ||
                (move_to(dir, "..") && (!visitor->leave || visitor->leave(*dir, level->name)));

    g_array_set_size(levels, levels->len - 1);
    return fine;
}

bool group_walk(const char *top, const GroupVisitor *visitor)
{
    g_autoptr(GArray) levels = g_array_new(FALSE, FALSE, sizeof(Level));
    autofd int dir = open_group(AT_FDCWD, top);
    bool fine = true;

    if (dir < 0)
        return errno == ENOENT;
    g_array_set_clear_func(levels, level_clear);
    enter(levels, dir, NULL, visitor);
    while (fine && levels->len > 0) {
        GPtrArray *below = g_array_index(levels, Level, levels->len - 1).below;
        g_autofree char *name = below->len ? g_ptr_array_steal_index_fast(below, 0) : NULL;

        if (!name)
            fine = leave(levels, &dir, visitor);
        else if (move_to(&dir, name)) /* else it went meanwhile */
            enter(levels, dir, name, visitor);
    }
    return fine;
}

/* ---- removed ---- */

static bool remove_child(int parent, const char *name)
{
    return unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT;
}

bool group_remove_below(const char *top)
{
    return group_walk(top, &(GroupVisitor){ .leave = remove_child });
}

/* Most have none below. */
bool group_remove_tree(const char *top)
{
    if (rmdir(top) == 0 || errno == ENOENT)
        return true;
    return group_remove_below(top) && (rmdir(top) == 0 || errno == ENOENT);
}
