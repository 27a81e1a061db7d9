// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See host-facts.h. What cannot be found out is left as not known, which refuses nothing. */
#include "lxc_driver/host-facts.h"

#include <string.h>
#include <sys/utsname.h>

#include "kernel/hierarchy.h"
#include "lxc_driver/host.h"

/* ---- CPUs and nodes -------------------------------------------------------------------------- */

/* One more than the last in a list of the kernel's, which may have gaps; 0 when there is none. */
static unsigned end_of_list(const char *root, const char *path)
{
    g_autofree char *text = host_read(root, "%s", path);
    g_autoptr(GArray) list = text ? host_list_parse(text) : NULL;

    return list && list->len ? g_array_index(list, unsigned, list->len - 1) + 1 : 0;
}

/* ---- controllers ----------------------------------------------------------------------------- */

typedef struct Controller {
    HostLack lack;
    const char *v1;
    const char *v2;
} Controller;

static const Controller controllers[] = {
    {HOST_LACKS_MEMORY_CONTROLLER,   "memory",  "memory" },
    { HOST_LACKS_CPU_CONTROLLER,     "cpu",     "cpu"    },
    { HOST_LACKS_CPUSET_CONTROLLER,  "cpuset",  "cpuset" },
    { HOST_LACKS_BLKIO_CONTROLLER,   "blkio",   "io"     },
    { HOST_LACKS_PIDS_CONTROLLER,    "pids",    "pids"   },
    { HOST_LACKS_HUGETLB_CONTROLLER, "hugetlb", "hugetlb"},
};

static bool has_controller(const GPtrArray *hierarchies, const Controller *controller)
{
    for (guint i = 0; i < hierarchies->len; i++) {
        const Hierarchy *hierarchy = g_ptr_array_index(hierarchies, i);

        if (hierarchy_has(hierarchy, hierarchy->unified ? controller->v2 : controller->v1))
            return true;
    }
    return false;
}

static unsigned missing_controllers(const GPtrArray *hierarchies)
{
    unsigned lacks = 0;

    for (size_t i = 0; hierarchies->len && i < G_N_ELEMENTS(controllers); i++)
        if (!has_controller(hierarchies, &controllers[i]))
            lacks |= controllers[i].lack;
    return lacks;
}

/* ---- the kernel ------------------------------------------------------------------------------ */

static bool exists(const char *root, const char *path)
{
    g_autofree char *full = g_strconcat(root, path, NULL);

    return g_file_test(full, G_FILE_TEST_EXISTS);
}

static bool has_user_namespaces(const char *root)
{
    uint64_t most = 1;

    if (host_read_number(root, "/proc/sys/user/max_user_namespaces", &most) && most == 0)
        return false;
    return exists(root, "/proc/self/ns/user");
}

/* There, or a module that can be loaded. */
static bool has_nbd(const char *root)
{
    struct utsname name;
    static const char *const lists[] = { "modules.dep", "modules.builtin" };

    if (exists(root, "/sys/block/nbd0") || uname(&name) < 0)
        return true;
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
        g_autofree char *text = host_read(root, "/lib/modules/%s/%s", name.release, lists[i]);

        if (text && strstr(text, "/nbd.ko"))
            return true;
    }
    return false;
}

void host_facts_read(const char *root, const GPtrArray *hierarchies, DomainDefHost *host)
{
    host->n_cpus = end_of_list(root, "/sys/devices/system/cpu/present");
    host->n_nodes = end_of_list(root, "/sys/devices/system/node/online");
    host->lacks = missing_controllers(hierarchies);
    if (!has_user_namespaces(root))
        host->lacks |= HOST_LACKS_USER_NAMESPACES;
    if (!exists(root, "/proc/self/ns/time"))
        host->lacks |= HOST_LACKS_TIME_NAMESPACES;
    if (!has_nbd(root))
        host->lacks |= HOST_LACKS_NBD;
}
