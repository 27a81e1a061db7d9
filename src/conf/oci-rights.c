// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The part "process" of config.json: what init may do. Capabilities, limits, labels.
 */
#include <string.h>

#include "base/text.h"
#include "conf/domain-records.h"
#include "conf/native-capabilities.h"
#include "conf/oci.h"

/* ---- reading: capabilities and limits -------------------------------------------------------- */

typedef struct Sets {
    JsonNode *bounding;
    JsonNode *others[4];
} Sets;

/* Those that init has in the first sets, of the others it has none. */
enum { SETS_SAME = 2 };

/* clang-format off */
static const OciMember set_members[] = {
    { "bounding",    OCI_VALUE, offsetof(Sets, bounding) },
    { "effective",   OCI_VALUE, offsetof(Sets, others[0]) },
    { "permitted",   OCI_VALUE, offsetof(Sets, others[1]) },
    { "inheritable", OCI_VALUE, offsetof(Sets, others[2]) },
    { "ambient",     OCI_VALUE, offsetof(Sets, others[3]) },
    { NULL },
};
/* clang-format on */

static bool read_set(OciImport *import, const OciValue *value, uint64_t *ret_set, GError **err)
{
    g_autoptr(GPtrArray) words = NULL;
    uint64_t set = 0;

    if (!oci_words(value, &words, err))
        return false;
    for (guint i = 0; i < words->len; i++) {
        int number = native_capability_number(words->pdata[i]);

        if (number >= 0)
            set |= UINT64_C(1) << number;
        else
            native_note(import->result, _("unknown capability '%s'"), (char *)words->pdata[i]);
    }
    *ret_set = set;
    return true;
}

/* A domain has one set. Of a container's it is the bounding one: root gets all that is in it. */
bool oci_read_capabilities(OciImport *import, const OciValue *value, GError **err)
{
    Sets sets = { 0 };
    OciValue part = { .parent = value };
    uint64_t bounding = 0, other = 0;

    if (!oci_members(import, value, set_members, &sets, err))
        return false;
    part.name = "bounding", part.node = sets.bounding;
    if (part.node && !read_set(import, &part, &bounding, err))
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(sets.others); i++) {
        part.name = set_members[i + 1].name, part.node = sets.others[i];
        if (part.node && !read_set(import, &part, &other, err))
            return false;
        if (part.node && other != (i < SETS_SAME ? bounding : 0))
            oci_note(import, &part);
    }
    native_capabilities_say(import->result, bounding);
    return true;
}

typedef struct Limit {
    const char *type;
    OptNumber soft;
    OptNumber hard;
} Limit;

/* clang-format off */
static const OciMember limit_members[] = {
    { "type", OCI_TEXT,   offsetof(Limit, type) },
    { "soft", OCI_NUMBER, offsetof(Limit, soft) },
    { "hard", OCI_NUMBER, offsetof(Limit, hard) },
    { NULL },
};
/* clang-format on */

#define LIMIT_PREFIX "RLIMIT_"

/* What does not fit into 63 bits came out negative and is no limit. */
bool oci_read_rlimit(OciImport *import, const OciValue *value, GError **err)
{
    Limit limit = { 0 };
    size_t resource = 1;
    Rlimit *rlimit = NULL;

    if (!oci_members(import, value, limit_members, &limit, err))
        return false;
    if (limit.type && g_str_has_prefix(limit.type, LIMIT_PREFIX))
        while (rlimit_names[resource] &&
               g_ascii_strcasecmp(rlimit_names[resource], limit.type + strlen(LIMIT_PREFIX)) != 0)
            resource++;
    if (!limit.type || !g_str_has_prefix(limit.type, LIMIT_PREFIX) || !rlimit_names[resource]) {
        oci_note(import, value);
        return true;
    }
    rlimit = g_new0(Rlimit, 1);
    rlimit->resource = (RlimitName)resource;
    rlimit->soft = (OptNumber){ .set = true, .value = MAX(limit.soft.value, -1) };
    rlimit->hard = (OptNumber){ .set = true, .value = MAX(limit.hard.value, -1) };
    record_list_append(&import->def->extension.rlimits, rlimit);
    return true;
}

bool oci_read_no_new_privileges(OciImport *import, const OciValue *value, GError **err)
{
    bool on = false;

    if (!oci_flag(value, &on, err))
        return false;
    if (on)
        import->def->extension.no_new_privileges = CHOICE_YES;
    return true;
}

/* ---- labels ---------------------------------------------------------------------------------- */

typedef struct LabelMember {
    const char *name;
    const char *model; /* of the security driver */
} LabelMember;

/* clang-format off */
static const LabelMember label_members[] = {
    { "apparmorProfile", "apparmor" },
    { "selinuxLabel",    "selinux" },
};
/* clang-format on */

/* A label of a driver that is not here would keep the domain from starting. */
bool oci_read_label(OciImport *import, const OciValue *value, GError **err)
{
    const char *const *models = import->host->security_models;
    const LabelMember *member = label_members;
    const char *text = NULL;
    Seclabel *label = NULL;

    if (!oci_string(value, &text, err))
        return false;
    while (strcmp(member->name, value->name) != 0)
        member++;
    if (!*text)
        return true;
    if (!models || !g_strv_contains(models, member->model)) {
        oci_note(import, value);
        return true;
    }
    label = record_new(&seclabel_record);
    label->type = SECLABEL_STATIC;
    label->model = g_strdup(member->model);
    label->label = g_strdup(text);
    record_list_append(&import->def->seclabels, label);
    return true;
}

/* ---- writing --------------------------------------------------------------------------------- */

static void write_capabilities(OciExport *export)
{
    uint64_t set = export->plan->init.capabilities;
    OciWriter *json = &export->json;

    oci_put_open(json, "capabilities", '{');
    for (size_t i = 0; i <= SETS_SAME; i++) {
        oci_put_open(json, set_members[i].name, '[');
        for (int number = 0; number < 64; number++) {
            const char *name = set & UINT64_C(1) << number ? native_capability_name(number) : NULL;
            g_autofree char *upper = name ? g_ascii_strup(name, -1) : NULL;
            g_autofree char *word = g_strconcat("CAP_", upper, NULL);

            if (upper)
                oci_put_string(json, NULL, word);
        }
        oci_put_close(json, ']');
    }
    oci_put_close(json, '}');
}

static void write_limits(OciExport *export)
{
    const RlimitList *limits = &export->def->extension.rlimits;
    OciWriter *json = &export->json;

    if (!limits->n)
        return;
    oci_put_open(json, "rlimits", '[');
    for (size_t i = 0; i < limits->n; i++) {
        g_autofree char *name = g_ascii_strup(rlimit_names[limits->items[i]->resource], -1);
        g_autofree char *type = g_strconcat(LIMIT_PREFIX, name, NULL);

        oci_put_open(json, NULL, '{');
        oci_put_string(json, "type", type);
        oci_put_unsigned(json, "soft", (uint64_t)limits->items[i]->soft.value);
        oci_put_unsigned(json, "hard", (uint64_t)limits->items[i]->hard.value);
        oci_put_close(json, '}');
    }
    oci_put_close(json, ']');
}

static void write_labels(OciExport *export)
{
    const SeclabelList *list = &export->def->seclabels;

    for (size_t i = 0; i < list->n; i++)
        for (size_t j = 0; j < G_N_ELEMENTS(label_members); j++)
            if (list->items[i]->type == SECLABEL_STATIC &&
                strcmp(list->items[i]->model, label_members[j].model) == 0)
                oci_put_string(&export->json, label_members[j].name, list->items[i]->label);
}

void oci_write_rights(OciExport *export)
{
    const PlanInit *init = &export->plan->init;
    OciWriter *json = &export->json;

    write_capabilities(export);
    write_limits(export);
    oci_put_flag(json, "noNewPrivileges", init->no_new_privileges);
    if (init->has_oom_score)
        oci_put_number(json, "oomScoreAdj", init->oom_score);
    write_labels(export);
}
