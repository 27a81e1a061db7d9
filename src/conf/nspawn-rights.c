// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * [Exec] of a .nspawn file: what init may do, and as whom the kernel sees it.
 */
#include <inttypes.h>
#include <linux/capability.h>
#include <string.h>

#include "base/text.h"
#include "conf/cpu-list.h"
#include "conf/domain-records.h"
#include "conf/native-capabilities.h"
#include "conf/nspawn.h"
#include "conf/value.h"

#define EXEC "Exec"
#define BIT(number) (UINT64_C(1) << (number))
#define LIMIT_PREFIX "Limit"
#define RANGE 65536 /* ids, when nothing else is said */

/* ---- capabilities ---------------------------------------------------------------------------- */

/* What systemd-nspawn(1) lists as granted in any way. */
static const int granted[] = {
    CAP_AUDIT_CONTROL,
    CAP_AUDIT_WRITE,
    CAP_CHOWN,
    CAP_DAC_OVERRIDE,
    CAP_DAC_READ_SEARCH,
    CAP_FOWNER,
    CAP_FSETID,
    CAP_IPC_OWNER,
    CAP_KILL,
    CAP_LEASE,
    CAP_LINUX_IMMUTABLE,
    CAP_MKNOD,
    CAP_NET_BIND_SERVICE,
    CAP_NET_BROADCAST,
    CAP_NET_RAW,
    CAP_SETFCAP,
    CAP_SETGID,
    CAP_SETPCAP,
    CAP_SETUID,
    CAP_SYS_ADMIN,
    CAP_SYS_BOOT,
    CAP_SYS_CHROOT,
    CAP_SYS_NICE,
    CAP_SYS_PTRACE,
    CAP_SYS_RESOURCE,
    CAP_SYS_TTY_CONFIG,
};

static uint64_t granted_set(bool private_network)
{
    uint64_t set = private_network ? BIT(CAP_NET_ADMIN) : 0;

    for (size_t i = 0; i < G_N_ELEMENTS(granted); i++)
        set |= BIT(granted[i]);
    return set;
}

static bool parse_capability(const char *word, uint64_t *set)
{
    int number = native_capability_number(word);
    int64_t plain;

    if (strcmp(word, "all") == 0)
        *set = native_capability_all();
    else if (number >= 0)
        *set |= BIT(number);
    else if (value_parse_number(word, &plain) && plain >= 0 && native_capability_name((int)plain))
        *set |= BIT(plain);
    else
        return false;
    return true;
}

static bool read_set(NspawnImport *import, const NspawnSetting *setting, uint64_t *set,
                     GError **err)
{
    g_auto(GStrv) words = nspawn_words(setting->value);

    if (!words)
        return nspawn_refuse(setting, err);
    for (char **word = words; *word; word++)
        if (!parse_capability(*word, set))
            native_note(import->result, _("unknown capability '%s'"), *word);
    return true;
}

static bool read_capability(NspawnImport *import, const NspawnSetting *setting, GError **err)
{
    return read_set(import, setting, &import->added, err);
}

static bool read_drop(NspawnImport *import, const NspawnSetting *setting, GError **err)
{
    return read_set(import, setting, &import->dropped, err);
}

static void put_set(NspawnExport *export, const NspawnRow *row, uint64_t set)
{
    g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);

    for (int number = 0; number < 64; number++) {
        const char *name = set & BIT(number) ? native_capability_name(number) : NULL;
        g_autofree char *upper = name ? g_ascii_strup(name, -1) : NULL;

        if (upper)
            g_ptr_array_add(words, g_strconcat("CAP_", upper, NULL));
    }
    if (words->len)
        nspawn_put_words(export, row, words);
}

static uint64_t granted_by_default(const NspawnExport *export)
{
    return granted_set(export->plan->namespaces & PLAN_NS_NET);
}

static void write_capability(NspawnExport *export, const NspawnRow *row)
{
    put_set(export, row, export->plan->init.capabilities & ~granted_by_default(export));
}

static void write_drop(NspawnExport *export, const NspawnRow *row)
{
    put_set(export, row, granted_by_default(export) & ~export->plan->init.capabilities);
}

void nspawn_finish_rights(NspawnImport *import)
{
    const DomainDef *def = import->def;
    bool private_network = def->features.privnet || def->interfaces.n || def->hostdevs.n;

    native_capabilities_say(import->result,
                            (granted_set(private_network) | import->added) & ~import->dropped);
}

static bool read_no_new_privileges(NspawnImport *import, const NspawnSetting *setting, GError **err)
{
    bool on = false;

    if (!nspawn_read_yes(setting, &on, err))
        return false;
    import->def->extension.no_new_privileges = on ? CHOICE_YES : CHOICE_ABSENT;
    return true;
}

static void write_no_new_privileges(NspawnExport *export, const NspawnRow *row)
{
    if (export->plan->init.no_new_privileges)
        nspawn_put(export, row, "yes");
}

/* ---- limits ---------------------------------------------------------------------------------- */

/* "1024", "64M", "infinity"; times with units are left to systemd. */
static bool parse_limit(const char *text, OptNumber *ret_limit)
{
    char *end = NULL;
    uint64_t number = g_ascii_strtoull(text, &end, 10), value = 0;

    ret_limit->set = true;
    ret_limit->value = -1;
    if (strcmp(text, "infinity") == 0)
        return true;
    if (end == text || *text == '-' || (*end && !strchr("KMGTPE", *end)) || (*end && end[1]) ||
        !value_scale(number, *end ? end : "b", 1, &value, NULL))
        return false;
    ret_limit->value = (int64_t)value;
    return true;
}

static size_t find_resource(const char *key)
{
    for (size_t i = 1; rlimit_names[i]; i++)
        if (g_ascii_strcasecmp(rlimit_names[i], key + strlen(LIMIT_PREFIX)) == 0)
            return i;
    return 0;
}

/* The last one for a resource counts. */
static Rlimit *get_limit(RlimitList *list, size_t resource)
{
    Rlimit *limit = NULL;

    for (size_t i = 0; i < list->n; i++)
        if (list->items[i]->resource == (RlimitName)resource)
            return list->items[i];
    limit = g_new0(Rlimit, 1);
    limit->resource = (RlimitName)resource;
    record_list_append(list, limit);
    return limit;
}

static bool read_limit(NspawnImport *import, const NspawnSetting *setting, GError **err)
{
    g_auto(GStrv) parts = g_strsplit(setting->value, ":", 2);
    OptNumber soft, hard;
    Rlimit *limit = NULL;

    if (!*parts || !parse_limit(parts[0], &soft) ||
        !parse_limit(parts[1] ? parts[1] : parts[0], &hard))
        return nspawn_note(import, setting);
    limit = get_limit(&import->def->extension.rlimits, find_resource(setting->key));
    limit->soft = soft;
    limit->hard = hard;
    return true;
}

static char *limit_text(const OptNumber *limit)
{
    return limit->value < 0 ? g_strdup("infinity") : g_strdup_printf("%" PRId64, limit->value);
}

/* In the order of the definition; written by the first of the rows. */
static void write_limits(NspawnExport *export, const NspawnRow *row)
{
    const RlimitList *list = &export->def->extension.rlimits;

    for (size_t i = 0; i < list->n; i++) {
        const Rlimit *limit = list->items[i];
        g_autofree char *name = g_ascii_strup(rlimit_names[limit->resource], -1);
        g_autofree char *key = g_strconcat(LIMIT_PREFIX, name, NULL);
        g_autofree char *soft = limit_text(&limit->soft);
        g_autofree char *hard = limit_text(&limit->hard);
        g_autofree char *both = g_strconcat(soft, ":", hard, NULL);

        nspawn_put(export, &(NspawnRow){ .section = EXEC, .key = key }, both);
    }
}

static bool read_oom(NspawnImport *import, const NspawnSetting *setting, GError **err)
{
    OptNumber *score = &import->def->extension.oom_score;

    score->set = true;
    return value_parse_number(setting->value, &score->value) || nspawn_refuse(setting, err);
}

static void write_oom(NspawnExport *export, const NspawnRow *row)
{
    const OptNumber *score = &export->def->extension.oom_score;
    g_autofree char *text = g_strdup_printf("%" PRId64, score->value);

    if (score->set)
        nspawn_put(export, row, text);
}

/* Commas or blanks; several lines add up. */
static bool read_affinity(NspawnImport *import, const NspawnSetting *setting, GError **err)
{
    char **cpuset = &import->def->cpuset;
    g_auto(GStrv) words = g_strsplit_set(setting->value, ", \t", -1);
    g_autoptr(GString) list = g_string_new(*cpuset);
    g_autofree char *normal = NULL;

    for (char **word = words; *word; word++)
        if (**word)
            g_string_append_printf(list, "%s%s", list->len ? "," : "", *word);
    if (!cpu_list_normalize(list->str, &normal, NULL))
        return nspawn_note(import, setting);
    g_free(*cpuset);
    *cpuset = g_steal_pointer(&normal);
    return true;
}

static void write_affinity(NspawnExport *export, const NspawnRow *row)
{
    if (export->def->cpuset)
        nspawn_put(export, row, export->def->cpuset);
}

/* ---- ids ------------------------------------------------------------------------------------- */

static void add_range(IdMapList *list, int64_t target, int64_t count)
{
    IdMapEntry *entry = g_new0(IdMapEntry, 1);

    entry->start.set = entry->target.set = entry->count.set = true;
    entry->target.value = target;
    entry->count.value = count;
    record_list_append(list, entry);
}

static bool read_range(NspawnImport *import, const char *value)
{
    g_auto(GStrv) parts = g_strsplit(value, ":", 2);
    int64_t target, count = RANGE;

    if (!*parts || !value_parse_number(parts[0], &target) ||
        (parts[1] && !value_parse_number(parts[1], &count)))
        return false;
    add_range(&import->def->idmap.uids, target, count);
    add_range(&import->def->idmap.gids, target, count);
    return true;
}

/* "yes" takes the ids that own the tree, which is not looked at here. */
static bool read_users(NspawnImport *import, const NspawnSetting *setting, GError **err)
{
    const char *value = strcmp(setting->value, "identity") == 0 ? "0" : setting->value;
    bool on = true;

    if (import->def->idmap.uids.n || import->def->extension.idmap_auto)
        return nspawn_refuse(setting, err); /* twice */
    if (strcmp(value, "0") != 0 && strcmp(value, "1") != 0 && nspawn_parse_bool(value, &on) && !on)
        return true;
    if (strcmp(value, "pick") == 0)
        import->def->extension.idmap_auto = CHOICE_YES;
    else if (!read_range(import, value))
        return nspawn_note(import, setting);
    return true;
}

/* One range, the same for users and groups, from 0 on. */
static void write_users(NspawnExport *export, const NspawnRow *row)
{
    const Plan *plan = export->plan;
    const PlanIdRange *uids = plan->uid_map.items, *gids = plan->gid_map.items;

    if (plan->auto_ids) {
        nspawn_put(export, row, "pick");
    } else if (plan->uid_map.len == 1 && plan->gid_map.len == 1 && !uids->inside && !gids->inside &&
               uids->outside == gids->outside && uids->count == gids->count) {
        g_autofree char *range = g_strdup_printf("%u:%u", uids->outside, uids->count);

        nspawn_put(export, row, range);
    } else if (plan->uid_map.len) {
        nspawn_export_note(export, _("<idmap> has other than one range for users and groups"));
    }
}

#define RANGE_OF(kind) "idmap/" kind "/@start idmap/" kind "/@target idmap/" kind "/@count "
#define LIMIT_PART NSPAWN_EXTENSION "rlimit/@"

static const char ids_said[] = RANGE_OF("uid") RANGE_OF("gid") NSPAWN_EXTENSION
    "idmap/@auto " NSPAWN_EXTENSION "idmap/@count=65536";
static const char limits_said[] = LIMIT_PART "name " LIMIT_PART "soft " LIMIT_PART "hard";

/* clang-format off */
const NspawnRow nspawn_rights_rows[] = {
    { EXEC, "Capability",        read_capability,        write_capability,        "features/capabilities/..." },
    { EXEC, "DropCapability",    read_drop,              write_drop },
    { EXEC, "AmbientCapability", NULL,                   NULL },
    { EXEC, "NoNewPrivileges",   read_no_new_privileges, write_no_new_privileges, NSPAWN_EXTENSION "privileges/@noNew" },
    { EXEC, "PrivateUsers",      read_users,             write_users,             ids_said },
    { EXEC, "SystemCallFilter",  NULL,                   NULL },
    { EXEC, "OOMScoreAdjust",    read_oom,               write_oom,               NSPAWN_EXTENSION "oom/@score" },
    { EXEC, "CPUAffinity",       read_affinity,          write_affinity,          "vcpu/@cpuset" },
    { EXEC, "LimitCPU",          read_limit,             write_limits,            limits_said },
    { EXEC, "LimitFSIZE",        read_limit,             NULL },
    { EXEC, "LimitDATA",         read_limit,             NULL },
    { EXEC, "LimitSTACK",        read_limit,             NULL },
    { EXEC, "LimitCORE",         read_limit,             NULL },
    { EXEC, "LimitRSS",          read_limit,             NULL },
    { EXEC, "LimitNOFILE",       read_limit,             NULL },
    { EXEC, "LimitAS",           read_limit,             NULL },
    { EXEC, "LimitNPROC",        read_limit,             NULL },
    { EXEC, "LimitMEMLOCK",      read_limit,             NULL },
    { EXEC, "LimitLOCKS",        read_limit,             NULL },
    { EXEC, "LimitSIGPENDING",   read_limit,             NULL },
    { EXEC, "LimitMSGQUEUE",     read_limit,             NULL },
    { EXEC, "LimitNICE",         read_limit,             NULL },
    { EXEC, "LimitRTPRIO",       read_limit,             NULL },
    { EXEC, "LimitRTTIME",       read_limit,             NULL },
    { NULL },
};
/* clang-format on */
