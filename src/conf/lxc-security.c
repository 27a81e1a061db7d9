// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * What separates a container from its host: namespaces, ids, capabilities, limits of processes,
 * kernel parameters.
 */
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/compile.h"
#include "conf/domain-records.h"
#include "conf/lxc-format.h"
#include "conf/value.h"

#define FIELD(name) offsetof(DomainDef, name)

/* ---- ids ------------------------------------------------------------------------------------- */

/* "u 0 100000 65536": first id inside, first id on the host, how many. */
static bool read_idmap(LxcImport *in, const LxcKey *key, const LxcLine *line, GError **err)
{
    IdMapDef *map = &in->def->idmap;
    g_auto(GStrv) words = g_strsplit(line->value, " ", -1);
    bool users = strcmp(words[0], "u") == 0;
    int64_t numbers[3] = { 0 };
    IdMapEntry *entry = NULL;

    if (g_strv_length(words) != 4 || (!users && strcmp(words[0], "g") != 0))
        return fail(err, LXC_BAD_VALUE,
                    _("'%s' is not 'u' or 'g', the first id inside, the first on the host, and "
                      "their number"),
                    line->value);
    for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++)
        if (!lxc_parse_number(words[i + 1], i == 2, UINT32_MAX - 1, &numbers[i], err))
            return false;
    entry = g_new0(IdMapEntry, 1);
    entry->start = (OptNumber){ true, numbers[0] };
    entry->target = (OptNumber){ true, numbers[1] };
    entry->count = (OptNumber){ true, numbers[2] };
    record_list_append(users ? &map->uids : &map->gids, entry);
    return true;
}

static void write_ids(LxcExport *out, const char *key, const char *letter, const IdMapList *list)
{
    for (size_t i = 0; i < list->n; i++)
        lxc_put_format(out, key, "%s %" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %" G_GINT64_FORMAT,
                       letter, list->items[i]->start.value, list->items[i]->target.value,
                       list->items[i]->count.value);
}

static void write_idmap(LxcExport *out, const LxcKey *key)
{
    const DomainDef *def = out->def;

    if (def->extension.idmap_auto == CHOICE_YES)
        lxc_refuse(out, g_strdup_printf(
                            _("LXC has to be told the ids that the daemon would choose for '%s'"),
                            def->name));
    write_ids(out, key->key, "u", &def->idmap.uids);
    write_ids(out, key->key, "g", &def->idmap.gids);
}

/* ---- capabilities ---------------------------------------------------------------------------- */

static void set_capabilities(LxcImport *in, const LxcLine *line, Switch to)
{
    g_auto(GStrv) words = g_strsplit_set(line->value, " \t", -1);
    g_autoptr(GString) unknown = g_string_new(NULL);

    for (char **word = words; *word; word++) {
        int number;
        size_t i = 0;

        while (i < DOMAIN_CAPABILITY_COUNT && strcmp(features_capability(i, &number), *word) != 0)
            i++;
        if (i < DOMAIN_CAPABILITY_COUNT)
            in->def->features.capabilities.each[i] = to;
        else if (**word)
            lxc_add_word(unknown, *word);
    }
    lxc_note_words(in, line, _("a domain knows no '%s'"), unknown);
}

static bool check_lists(const LxcImport *in, GError **err)
{
    if (in->drops && in->keeps)
        return fail(err, LXC_BAD_VALUE, _("'%s' and '%s' exclude each other"), "lxc.cap.drop",
                    "lxc.cap.keep");
    return true;
}

static bool read_drop(LxcImport *in, const LxcKey *key, const LxcLine *line, GError **err)
{
    in->drops = true;
    set_capabilities(in, line, SWITCH_OFF);
    return check_lists(in, err);
}

/* The word "none" takes back what was kept before it. */
static bool read_keep(LxcImport *in, const LxcKey *key, const LxcLine *line, GError **err)
{
    in->keeps = true;
    if (strcmp(line->value, "none") == 0)
        memset(in->def->features.capabilities.each, 0, sizeof(in->def->features.capabilities.each));
    else
        set_capabilities(in, line, SWITCH_ON);
    return check_lists(in, err);
}

void lxc_security_finish(LxcImport *in)
{
    in->def->features.capabilities.policy =
        in->keeps ? CAPABILITY_POLICY_DENY : CAPABILITY_POLICY_ALLOW;
}

/* The names of those capabilities that are in the set, or of those that are not. */
static char *capability_names(const FeaturesDef *features, bool in_set)
{
    uint64_t set = features_capabilities(features);
    GString *names = g_string_new(NULL);

    for (size_t i = 0; i < DOMAIN_CAPABILITY_COUNT; i++) {
        int number;
        const char *name = features_capability(i, &number);

        if ((set >> number & 1) == in_set)
            g_string_append_printf(names, "%s%s", names->len ? " " : "", name);
    }
    return g_string_free(names, FALSE);
}

static void write_drop(LxcExport *out, const LxcKey *key)
{
    const FeaturesDef *features = &out->def->features;
    g_autofree char *names = capability_names(features, false);

    if (features->capabilities.policy != CAPABILITY_POLICY_DENY && *names)
        lxc_put(out, key->key, names);
}

static void write_keep(LxcExport *out, const LxcKey *key)
{
    const FeaturesDef *features = &out->def->features;
    g_autofree char *names = capability_names(features, true);

    if (features->capabilities.policy == CAPABILITY_POLICY_DENY)
        lxc_put(out, key->key, *names ? names : "none");
}

/* ---- filters and labels ---------------------------------------------------------------------- */

/* A profile in LXC's own language is what the daemon reads too. */
static bool read_seccomp(LxcImport *in, const LxcKey *key, const LxcLine *line, GError **err)
{
    ExtensionDef *extension = &in->def->extension;

    g_clear_pointer(&extension->seccomp_file, g_free);
    extension->seccomp = SECCOMP_ABSENT;
    if (strcmp(line->value, "none") == 0)
        extension->seccomp = SECCOMP_NONE;
    else if (*line->value == '/')
        extension->seccomp_file = g_strdup(line->value);
    else
        return fail(err, LXC_BAD_VALUE, _("'%s' is not an absolute path"), line->value);
    return true;
}

static void write_seccomp(LxcExport *out, const LxcKey *key)
{
    const ExtensionDef *extension = &out->def->extension;
    const char *file = extension->seccomp_file;

    if (extension->seccomp == SECCOMP_NONE)
        lxc_put(out, key->key, "none");
    else if (file && g_str_has_suffix(file, ".json"))
        lxc_put_comment(out, "%s: %s", key->key, file);
    else if (file)
        lxc_put(out, key->key, file);
}

/* A security driver, and LXC's word for having no label of it. */
typedef struct LabelModel {
    const char *model;
    const char *none;
} LabelModel;

enum { APPARMOR, SELINUX };

static const LabelModel label_models[] = {
    [APPARMOR] = {"apparmor", "unconfined"  },
    [SELINUX] = { "selinux", "unconfined_t"},
};

/* Profiles that LXC would make up, or not touch. */
static const char *const lxc_profiles[] = { "generated", "unchanged", NULL };

static Seclabel *find_label(SeclabelList *list, const char *model)
{
    Seclabel *label = NULL;

    for (size_t i = 0; i < list->n; i++)
        if (strcmp(list->items[i]->model, model) == 0)
            return list->items[i];
    label = record_new(&seclabel_record);
    label->model = g_strdup(model);
    record_list_append(list, label);
    return label;
}

/* A label of a driver that is not here would keep the domain from starting. */
static bool read_label(LxcImport *in, const LxcKey *key, const LxcLine *line, GError **err)
{
    const char *const *models = in->host->security_models;
    const LabelModel *row = &label_models[key->offset];
    bool none = strcmp(line->value, row->none) == 0;
    bool known = models && g_strv_contains(models, row->model);
    Seclabel *label = NULL;

    if (g_strv_contains(lxc_profiles, line->value) || (!known && !none)) {
        lxc_note(in, line, known ? NULL : _("this host has no such security driver"));
        return true;
    }
    if (!known)
        return true;
    label = find_label(&in->def->seclabels, row->model);
    label->type = none ? SECLABEL_NONE : SECLABEL_STATIC;
    g_free(label->label);
    label->label = none ? NULL : g_strdup(line->value);
    return true;
}

static void write_label(LxcExport *out, const LxcKey *key)
{
    const SeclabelList *list = &out->def->seclabels;
    const LabelModel *row = &label_models[key->offset];

    for (size_t i = 0; i < list->n; i++) {
        const Seclabel *label = list->items[i];

        if (strcmp(label->model, row->model) != 0)
            continue;
        if (label->type == SECLABEL_STATIC)
            lxc_put(out, key->key, label->label);
        else if (label->type == SECLABEL_NONE)
            lxc_put(out, key->key, row->none);
        else
            lxc_put_comment(out, _("%s: a label of the daemon's choice"), key->key);
    }
}

/* ---- limits of processes, and kernel parameters -----------------------------------------------
 */

static bool parse_limit(const char *text, OptNumber *limit, GError **err)
{
    limit->set = true;
    limit->value = -1;
    return strcmp(text, "unlimited") == 0 ||
           lxc_parse_number(text, 0, INT64_MAX, &limit->value, err);
}

static Rlimit *find_limit(RlimitList *list, RlimitName name)
{
    Rlimit *limit = NULL;

    for (size_t i = 0; i < list->n; i++)
        if (list->items[i]->resource == name)
            return list->items[i];
    limit = g_new0(Rlimit, 1);
    limit->resource = name;
    record_list_append(list, limit);
    return limit;
}

/* "1024:2048", or one number for both. */
static bool read_limit(LxcImport *in, const LxcKey *key, const LxcLine *line, GError **err)
{
    const char *name = line->key + strlen(key->key);
    g_auto(GStrv) words = g_strsplit(line->value, ":", 2);
    OptNumber soft = { 0 }, hard = { 0 };
    int resource = 1;

    while (rlimit_names[resource] && strcmp(rlimit_names[resource], name) != 0)
        resource++;
    if (!rlimit_names[resource])
        return fail(err, LXC_BAD_VALUE, _("there is no limit called '%s'"), name);
    if (!parse_limit(g_strstrip(words[0]), &soft, err) ||
        !parse_limit(words[1] ? g_strstrip(words[1]) : words[0], &hard, err))
        return false;
    if (hard.value >= 0 && (soft.value < 0 || soft.value > hard.value))
        return fail(err, LXC_BAD_VALUE, _("the soft limit is above the hard limit"));
    *find_limit(&in->def->extension.rlimits, (RlimitName)resource) =
        (Rlimit){ (RlimitName)resource, soft, hard };
    return true;
}

static char *limit_text(const OptNumber *limit)
{
    return limit->value < 0 ? g_strdup("unlimited")
                            : g_strdup_printf("%" G_GINT64_FORMAT, limit->value);
}

static void write_limits(LxcExport *out, const LxcKey *key)
{
    const RlimitList *list = &out->def->extension.rlimits;

    for (size_t i = 0; i < list->n; i++) {
        g_autofree char *name = g_strconcat(key->key, rlimit_names[list->items[i]->resource], NULL);
        g_autofree char *soft = limit_text(&list->items[i]->soft);
        g_autofree char *hard = limit_text(&list->items[i]->hard);

        lxc_put_format(out, name, "%s:%s", soft, hard);
    }
}

/* One that is the host's would be changed for all. */
static bool read_sysctl(LxcImport *in, const LxcKey *key, const LxcLine *line, GError **err)
{
    const char *name = line->key + strlen(key->key);
    SysctlList *list = &in->def->extension.sysctls;
    Sysctl *sysctl = NULL;

    if (!value_is_sysctl(name) || !extension_sysctl_space(name)) {
        lxc_note(in, line, _("not a parameter of a container, but the host's"));
        return true;
    }
    for (size_t i = 0; i < list->n; i++)
        if (strcmp(list->items[i]->name, name) == 0)
            sysctl = list->items[i];
    if (!sysctl) {
        sysctl = g_new0(Sysctl, 1);
        sysctl->name = g_strdup(name);
        record_list_append(list, sysctl);
    }
    g_free(sysctl->value);
    sysctl->value = g_strdup(line->value);
    return true;
}

static void write_sysctls(LxcExport *out, const LxcKey *key)
{
    const SysctlList *list = &out->def->extension.sysctls;

    for (size_t i = 0; i < list->n; i++) {
        g_autofree char *name = g_strconcat(key->key, list->items[i]->name, NULL);

        lxc_put(out, name, list->items[i]->value);
    }
}

#define EXTENSION "virtlxcd:container/virtlxcd:"
#define ID(word) "idmap/" word "/@start idmap/" word "/@target idmap/" word "/@count"
#define LABELS                                                                                     \
    "seclabel/@type seclabel/@relabel=no seclabel/@model=apparmor seclabel/@model=selinux "        \
    "seclabel/@model=none seclabel/label"
#define RLIMITS EXTENSION "rlimit/@name " EXTENSION "rlimit/@soft " EXTENSION "rlimit/@hard"
#define SYSCTLS EXTENSION "sysctl/@name " EXTENSION "sysctl/@value"

/* clang-format off */
const LxcKey lxc_security_keys[] = {
    { "lxc.idmap",                 read_idmap,         write_idmap,      .says = ID("uid") " " ID("gid") },
    { "lxc.cap.drop",              read_drop,          write_drop,       .says = "features/capabilities/..." },
    { "lxc.cap.keep",              read_keep,          write_keep },
    { "lxc.seccomp.profile",       read_seccomp,       write_seccomp,    .says = EXTENSION "seccomp/@profile=none " EXTENSION "seccomp/@file" },
    { "lxc.apparmor.profile",      read_label,         write_label,      APPARMOR, .says = LABELS },
    { "lxc.selinux.context",       read_label,         write_label,      SELINUX },
    { "lxc.no_new_privs",          lxc_read_choice,    lxc_write_choice, FIELD(extension.no_new_privileges),
                                   .says = EXTENSION "privileges/@noNew" },
    { "lxc.prlimit.",              read_limit,         write_limits,     .says = RLIMITS },
    { "lxc.sysctl.",               read_sysctl,        write_sysctls,    .says = SYSCTLS },
    { "lxc.proc.oom_score_adj",    lxc_read_number,    lxc_write_number, FIELD(extension.oom_score), -1000, 1000,
                                   .says = EXTENSION "oom/@score" },
    { NULL },
};

/* Without a counterpart. */
const LxcKey lxc_other_keys[] = {
    { "lxc.include",             .why = N_("the file was not read; put its lines here") },
    { "lxc.hook.",               .why = N_("programs are not run on the host") },
    { "lxc.start.auto",          .why = N_("see virsh autostart") },
    { "lxc.start.",              NULL },
    { "lxc.group",               NULL },
    { "lxc.execute.cmd",         NULL },
    { "lxc.ephemeral",           NULL },
    { "lxc.environment.hooks",   .why = N_("programs are not run on the host") },
    { "lxc.tty.dir",             .why = N_("terminals are in /dev itself") },
    { "lxc.autodev.tmpfs.size",  NULL },
    { "lxc.console.",            NULL },
    { "lxc.apparmor.",           NULL },
    { "lxc.selinux.",            NULL },
    { "lxc.seccomp.",            NULL },
    { "lxc.keyring.",            NULL },
    { "lxc.sched.",              NULL },
    { "lxc.proc.",               NULL },
    { "lxc.log.",                .why = N_("see the daemon's own log") },
    { "lxc.monitor.",            NULL },
    { NULL },
};
/* clang-format on */
