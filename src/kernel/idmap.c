// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See idmap.h. Written by host root, so neither newuidmap nor a deny of setgroups is in play.
 */
#include "kernel/idmap.h"

#include "base/error.h"
#include "base/path.h"
#include "base/text.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/securebits.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <unistd.h>

static bool write_map(pid_t pid, const char *name, const PlanIdRange *ranges, uint32_t n_ranges,
                      GError **err)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/%s", (int)pid, name);
    g_autoptr(GString) text = g_string_new(NULL);

    for (uint32_t i = 0; i < n_ranges; i++)
        g_string_append_printf(text, "%u %u %u\n", ranges[i].inside, ranges[i].outside,
                               ranges[i].count);
    if (path_write(AT_FDCWD, path, text->str))
        return true;
    if (errno == EINVAL && (long)text->len >= sysconf(_SC_PAGESIZE)) /* all in one write */
        return fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                    _("cannot write the %s: its %u entries are %zu bytes of text, and the kernel "
                      "takes less than %ld"),
                    name, n_ranges, (size_t)text->len, sysconf(_SC_PAGESIZE));
    return fail_errno(err, errno, _("cannot write the %s"), name);
}

static bool has_id(const PlanIdRange *ranges, uint32_t n_ranges, unsigned id)
{
    for (uint32_t i = 0; i < n_ranges; i++)
        if (id >= ranges[i].inside && id - ranges[i].inside < ranges[i].count)
            return true;
    return false;
}

bool idmap_check_user(const Plan *plan, uid_t uid, gid_t gid, GError **err)
{
    if (!(plan->namespaces & PLAN_NS_USER))
        return true;
    if (!has_id(plan->uid_map.items, plan->uid_map.len, uid))
        return fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                    _("user %u is not in the container's <idmap>"), uid);
    return has_id(plan->gid_map.items, plan->gid_map.len, gid) ||
           fail(err, ERR(LXC, CONFIG_UNSUPPORTED), _("group %u is not in the container's <idmap>"),
                gid);
}

bool idmap_write(pid_t pid, const Plan *plan, GError **err)
{
    return write_map(pid, "uid_map", plan->uid_map.items, plan->uid_map.len, err) &&
           write_map(pid, "gid_map", plan->gid_map.items, plan->gid_map.len, err);
}

/* What the map leaves out becomes root: in there it cannot be anybody's. */
static unsigned outside_of(const PlanIdRange *ranges, uint32_t n_ranges, unsigned id)
{
    unsigned root = 0;

    for (uint32_t i = 0; i < n_ranges; i++) {
        if (id >= ranges[i].inside && id - ranges[i].inside < ranges[i].count)
            return ranges[i].outside + (id - ranges[i].inside);
        if (ranges[i].inside == 0 && ranges[i].count > 0)
            root = ranges[i].outside;
    }
    return root;
}

static unsigned host_uid(const Plan *plan, unsigned uid)
{
    return plan->namespaces & PLAN_NS_USER ? outside_of(plan->uid_map.items, plan->uid_map.len, uid)
                                           : uid;
}

static unsigned host_gid(const Plan *plan, unsigned gid)
{
    return plan->namespaces & PLAN_NS_USER ? outside_of(plan->gid_map.items, plan->gid_map.len, gid)
                                           : gid;
}

uid_t idmap_root_uid(const Plan *plan)
{
    return host_uid(plan, 0);
}

gid_t idmap_root_gid(const Plan *plan)
{
    return host_gid(plan, 0);
}

bool idmap_make_files_as_root(const Plan *plan)
{
    uid_t uid = idmap_root_uid(plan);
    gid_t gid = idmap_root_gid(plan);

    if (prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0) < 0 || setgroups(0, NULL) < 0)
        return false;
    (void)setfsgid(gid); /* these give the old one; what they set is told by the next call */
    (void)setfsuid(uid);
    errno = EPERM;
    return (uid_t)setfsuid(uid) == uid && (gid_t)setfsgid(gid) == gid;
}

static void append_option(GString *text, const Plan *plan, const char *option)
{
    guint64 id;

    if (text->len > 0)
        g_string_append_c(text, ',');
    if (g_str_has_prefix(option, "uid=") &&
        g_ascii_string_to_unsigned(option + 4, 10, 0, UINT32_MAX, &id, NULL))
        g_string_append_printf(text, "uid=%u", host_uid(plan, (unsigned)id));
    else if (g_str_has_prefix(option, "gid=") &&
             g_ascii_string_to_unsigned(option + 4, 10, 0, UINT32_MAX, &id, NULL))
        g_string_append_printf(text, "gid=%u", host_gid(plan, (unsigned)id));
    else
        g_string_append(text, option);
}

char *idmap_options(const Plan *plan, const char *options)
{
    g_auto(GStrv) list = g_strsplit(options, ",", -1);
    GString *text = g_string_new(NULL);

    for (char **option = list; *option; option++)
        append_option(text, plan, *option);
    return g_string_free(text, FALSE);
}
