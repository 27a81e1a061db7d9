// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Names below the container's /dev. Disks and devices of the host have names that users chose, or
 * that the host's own have; each has to be the only thing of its name, whatever device, console,
 * mount or node of every container came first.
 */
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/compile-base.h"
#include "conf/value.h"

/* "a/b/c" takes "a/b/c" for itself, and "a" and "a/b" for directories. */
typedef struct DevNames {
    GHashTable *taken;
    GHashTable *directories;
} DevNames;

static void take_name(DevNames *names, const char *name)
{
    g_hash_table_add(names->taken, g_strdup(name));
    for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/'))
        g_hash_table_add(names->directories, g_strndup(name, (gsize)(slash - name)));
}

static void take_names_of_all(DevNames *names, const Plan *plan)
{
    for (uint32_t i = 0; i < plan->nodes.len; i++)
        take_name(names, plan->nodes.items[i].path);
    for (uint32_t i = 0; i < plan->symlinks.len; i++)
        take_name(names, plan->symlinks.items[i].path);
    for (uint32_t i = 0; i < plan->mounts.len; i++)
        if (g_str_has_prefix(plan->mounts.items[i].target, "/dev/"))
            take_name(names, plan->mounts.items[i].target + strlen("/dev/"));
    for (uint32_t i = 0; i < plan->consoles.len; i++) {
        g_autofree char *tty = g_strdup_printf("tty%u", i + 1);

        take_name(names, i ? tty : "console");
        take_name(names, tty);
    }
}

static bool is_free(const DevNames *names, const char *name)
{
    if (g_hash_table_contains(names->taken, name) ||
        g_hash_table_contains(names->directories, name))
        return false;
    for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
        g_autofree char *above = g_strndup(name, (gsize)(slash - name));

        if (g_hash_table_contains(names->taken, above))
            return false;
    }
    return true;
}

static bool take_host_nodes(DevNames *names, const Plan *plan, GError **err)
{
    take_names_of_all(names, plan);
    for (uint32_t i = 0; i < plan->host_nodes.len; i++) {
        const PlanHostNode *node = &plan->host_nodes.items[i];

        if (!*node->path || g_str_has_suffix(node->path, "/") || value_has_dotdot(node->path))
            return fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                        _("the host's device '%s' cannot be '/dev/%s' in the container"),
                        node->source, node->path);
        if (!is_free(names, node->path))
            return fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                        _("the host's device '%s' cannot be '/dev/%s' in the container: something "
                          "else is there already"),
                        node->source, node->path);
        take_name(names, node->path);
    }
    return true;
}

bool dev_names_check(const Plan *plan, GError **err)
{
    DevNames names = {
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
    };
    bool done = plan->host_nodes.len == 0 || take_host_nodes(&names, plan, err);

    g_hash_table_unref(names.taken);
    g_hash_table_unref(names.directories);
    return done;
}
