// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See tasks.h. A container may have as many tasks and groups as it likes: the search has an end. */
#include "view/tasks.h"

#include "base/fd.h"
#include "view/scan.h"
#include "view/text.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TASKS_MAX 512
#define GROUPS_MAX 256
#define DEPTH_MAX 16

typedef struct Search {
    FactTasks found;
    unsigned groups;
} Search;

/* "12 (name) S 1 ...": a name may hold anything, but nothing behind it a parenthesis. */
static char state_of(unsigned long long tid)
{
    char path[40];
    char stat[512];
    autofd int fd = -1;
    ssize_t n;
    const char *end;

    (void)snprintf(path, sizeof path, "/proc/%llu/stat", tid); /* at most 31 */
    fd = open(path, O_RDONLY | O_CLOEXEC);
    n = fd < 0 ? -1 : read(fd, stat, sizeof stat - 1);
    if (n <= 0)
        return '\0'; /* gone meanwhile */
    stat[n] = '\0';
    end = strrchr(stat, ')');
    return end && end[1] ? end[2] : '\0';
}

static void look_at(unsigned long long tid, FactTasks *found)
{
    char state = state_of(tid);

    found->total += state != '\0';
    found->running += state == 'R';
    found->blocked += state == 'D';
}

static void look_in_group(int dir, Search *search)
{
    Text list = { 0 };
    autofd int fd = openat(dir, "tasks", O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        fd = openat(dir, "cgroup.threads", O_RDONLY | O_CLOEXEC); /* v2 */
    if (fd >= 0 && text_add_file(&list, fd)) {
        for (const char *line = list.data; line && *line; line = scan_next_line(line)) {
            if (search->found.total >= TASKS_MAX)
                break;
            look_at(scan_number(line), &search->found);
        }
    }
    text_clear(&list);
}

static void look_below(int dir, unsigned depth, Search *search);

/* The descriptor is ours to close. */
static void look_in_tree(int dir, unsigned depth, Search *search)
{
    autofd int owned = dir;

    if (owned < 0 || depth > DEPTH_MAX || search->groups++ >= GROUPS_MAX ||
        search->found.total >= TASKS_MAX)
        return;
    look_in_group(owned, search);
    look_below(owned, depth, search);
}

static void look_below(int dir, unsigned depth, Search *search)
{
    int copy = fcntl(dir, F_DUPFD_CLOEXEC, 0);
    DIR *entries = copy >= 0 ? fdopendir(copy) : NULL;
    struct dirent *entry;

    if (!entries) {
        fd_close(copy);
        return;
    }
    while ((entry = readdir(entries))) {
        if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
            look_in_tree(openat(dir, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC), depth + 1,
                         search);
    }
    (void)closedir(entries); /* read only */
}

FactTasks tasks_count(const char *dir)
{
    Search search = { 0 };

    if (*dir)
        look_in_tree(open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), 0, &search);
    return search.found;
}
