// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Names below the container's /dev. Disks and devices of the host have names that users chose, or
 * that the host's own have; each has to be the only thing of its name, whatever node, link, console
 * or mount is there besides, and none can be below something that is no directory.
 *
 * Sorted with '/' before every other byte, what is below a name follows it at once, so that one
 * look at each name and at what it may be below is enough.
 */
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/compile-base.h"
#include "conf/value.h"

typedef struct DevName {
    const char *path;            /* borrowed from the plan, or from `ttys` */
    const PlanHostNode *node;    /* NULL: what every container has, or a mount */
    const struct DevName *above; /* the nearest name that this one is, or is below */
} DevName;

typedef struct DevNames {
    GArray *names; /* DevName */
    GPtrArray *ttys;
} DevNames;

static void add_name(DevNames *list, const char *path, const PlanHostNode *node)
{
    DevName name = { .path = path, .node = node };

    g_array_append_val(list->names, name);
}

static void add_console(DevNames *list, uint32_t index)
{
    char *tty = g_strdup_printf("tty%u", index + 1);

    g_ptr_array_add(list->ttys, tty);
    add_name(list, tty, NULL);
    if (index == 0)
        add_name(list, "console", NULL);
}

static void add_all(DevNames *list, const Plan *plan)
{
    for (uint32_t i = 0; i < plan->nodes.len; i++)
        add_name(list, plan->nodes.items[i].path, NULL);
    for (uint32_t i = 0; i < plan->symlinks.len; i++)
        add_name(list, plan->symlinks.items[i].path, NULL);
    for (uint32_t i = 0; i < plan->mounts.len; i++)
        if (g_str_has_prefix(plan->mounts.items[i].target, "/dev/"))
            add_name(list, plan->mounts.items[i].target + strlen("/dev/"), NULL);
    for (uint32_t i = 0; i < plan->consoles.len; i++)
        add_console(list, i);
    for (uint32_t i = 0; i < plan->host_nodes.len; i++)
        if (plan->host_nodes.items[i].kind != PLAN_HOST_NODE_RULE)
            add_name(list, plan->host_nodes.items[i].path, &plan->host_nodes.items[i]);
}

static int rank(char byte)
{
    return byte == '\0' ? 0 : byte == '/' ? 1 : 2 + (unsigned char)byte;
}

static int compare(const void *a, const void *b)
{
    const char *one = ((const DevName *)a)->path;
    const char *other = ((const DevName *)b)->path;

    while (*one && *one == *other) {
        one++;
        other++;
    }
    return rank(*one) - rank(*other);
}

static bool is_or_is_below(const DevName *name, const DevName *above)
{
    size_t length = strlen(above->path);

    return strncmp(name->path, above->path, length) == 0 &&
           (name->path[length] == '/' || name->path[length] == '\0');
}

static bool check_unique(GArray *names, GError **err)
{
    for (guint i = 1; i < names->len; i++) {
        DevName *name = &g_array_index(names, DevName, i);
        const PlanHostNode *node = NULL;

        name->above = name - 1;
        while (name->above && !is_or_is_below(name, name->above))
            name->above = name->above->above;
        if (name->above)
            node = name->node ? name->node : name->above->node;
        if (node)
            return fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                        _("the host's device '%s' cannot be '/dev/%s' in the container, where "
                          "'/dev/%s' is something else"),
                        node->source, node->path,
                        node == name->node ? name->above->path : name->path);
    }
    return true;
}

static bool check_paths(const Plan *plan, GError **err)
{
    for (uint32_t i = 0; i < plan->host_nodes.len; i++) {
        const PlanHostNode *node = &plan->host_nodes.items[i];

        if (node->kind == PLAN_HOST_NODE_RULE)
            continue;
        if (!*node->path || g_str_has_suffix(node->path, "/") || value_has_dotdot(node->path))
            return fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                        _("the host's device '%s' cannot be '/dev/%s' in the container"),
                        node->source, node->path);
    }
    return true;
}

bool dev_names_check(const Plan *plan, GError **err)
{
    DevNames list = { NULL, NULL };
    bool done;

    if (plan->host_nodes.len == 0)
        return true;
    if (!check_paths(plan, err))
        return false;
    list.names = g_array_new(FALSE, FALSE, sizeof(DevName));
    list.ttys = g_ptr_array_new_with_free_func(g_free);
    add_all(&list, plan);
    g_array_sort(list.names, compare);
    done = check_unique(list.names, err);
    g_array_unref(list.names);
    g_ptr_array_unref(list.ttys);
    return done;
}
