// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The part "process" of config.json: what init is, as whom it runs and what it may.
 */
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/domain-records.h"
#include "conf/native-capabilities.h"
#include "conf/native-command.h"
#include "conf/oci.h"
#include "conf/value.h"

#define WRONG ERR(LXC, INVALID_ARG)
#define ID_MAX (UINT32_MAX - 1)
#define UMASK_USUAL 022

/* ---- reading: command, environment, user ----------------------------------------------------- */

static bool read_arg(OciImport *import, const OciValue *value, GError **err)
{
    const char *arg = NULL;

    if (!oci_string(value, &arg, err))
        return false;
    if (!native_command_add(import->result, arg))
        return fail(err, WRONG, _("'%s' in config.json is empty"), "process.args[0]");
    return true;
}

static bool is_base_env(const OciImport *import, const char *assignment)
{
    const PlanInit *init = &import->base->init;

    for (uint32_t i = 0; i < init->env.len; i++)
        if (strcmp(init->env.items[i], assignment) == 0)
            return true;
    return false;
}

static bool read_env(OciImport *import, const OciValue *value, GError **err)
{
    const char *assignment = NULL, *equals = NULL;
    EnvVar *variable = NULL;

    if (!oci_string(value, &assignment, err))
        return false;
    equals = strchr(assignment, '=');
    if (!equals || equals == assignment || memchr(assignment, '\n', (size_t)(equals - assignment)))
        oci_note(import, value);
    else if (!is_base_env(import, assignment)) {
        variable = g_new0(EnvVar, 1);
        variable->name = g_strndup(assignment, (gsize)(equals - assignment));
        variable->value = g_strdup(equals + 1);
        record_list_append(&import->def->os.initenv, variable);
    }
    return true;
}

typedef struct User {
    OptNumber uid;
    OptNumber gid;
} User;

static bool read_umask(OciImport *import, const OciValue *value, GError **err)
{
    OptNumber umask = { 0 };

    if (!oci_number(value, &umask, err))
        return false;
    if (umask.value != UMASK_USUAL)
        oci_note(import, value);
    return true;
}

/* clang-format off */
static const OciMember user_members[] = {
    { "uid",   OCI_NUMBER, offsetof(User, uid) },
    { "gid",   OCI_NUMBER, offsetof(User, gid) },
    { "umask", OCI_READ,   .read = read_umask },
    { NULL },
};
/* clang-format on */

/* User and group 0 are what init is anyway. */
static bool read_user(OciImport *import, const OciValue *value, GError **err)
{
    OsDef *os = &import->def->os;
    User user = { 0 };

    if (!oci_members(import, value, user_members, &user, err))
        return false;
    if (user.uid.value < 0 || user.uid.value > ID_MAX || user.gid.value < 0 ||
        user.gid.value > ID_MAX)
        return fail(err, WRONG, _("'%s' in config.json has an id that is none"), "process.user");
    if (!user.uid.value && !user.gid.value)
        return true;
    if (user.uid.value)
        os->inituser = g_strdup_printf("%" PRId64, user.uid.value);
    os->initgroup = g_strdup_printf("%" PRId64, user.gid.value);
    return true;
}

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
static bool read_capabilities(OciImport *import, const OciValue *value, GError **err)
{
    Sets sets = { 0 };
    OciValue part = { .parent = value };
    uint64_t bounding = 0, other = 0, unsaid;

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
    unsaid = native_capabilities_say(&import->def->features, bounding);
    for (int number = 0; number < 64; number++)
        if (unsaid & UINT64_C(1) << number)
            native_note(import->result,
                        bounding & UINT64_C(1) << number
                            ? _("the capability '%s' cannot be given alone")
                            : _("the capability '%s' cannot be taken alone"),
                        native_capability_name(number));
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
static bool read_limit(OciImport *import, const OciValue *value, GError **err)
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

/* ---- reading: the whole ---------------------------------------------------------------------- */

static bool read_cwd(OciImport *import, const OciValue *value, GError **err)
{
    const char *cwd = NULL;

    if (!oci_string(value, &cwd, err))
        return false;
    if (strcmp(cwd, "/") != 0)
        import->def->os.initdir = g_strdup(cwd);
    return true;
}

static bool read_no_new_privileges(OciImport *import, const OciValue *value, GError **err)
{
    bool on = false;

    if (!oci_flag(value, &on, err))
        return false;
    if (on)
        import->def->extension.no_new_privileges = CHOICE_YES;
    return true;
}

/* The console is a terminal whether it is asked for or not. */
/* clang-format off */
static const OciMember process_members[] = {
    { "terminal",        OCI_IGNORED },
    { "user",            OCI_READ,   .read = read_user },
    { "args",            OCI_EACH,   .read = read_arg },
    { "env",             OCI_EACH,   .read = read_env },
    { "cwd",             OCI_READ,   .read = read_cwd },
    { "capabilities",    OCI_READ,   .read = read_capabilities },
    { "rlimits",         OCI_EACH,   .read = read_limit },
    { "noNewPrivileges", OCI_READ,   .read = read_no_new_privileges },
    { "oomScoreAdj",     OCI_NUMBER, offsetof(DomainDef, extension.oom_score) },
    { NULL },
};
/* clang-format on */

bool oci_read_process(OciImport *import, const OciValue *value, GError **err)
{
    import->def->os.type = g_strdup("exe");
    /* Who does not speak of capabilities has none. */
    (void)native_capabilities_say(&import->def->features, 0);
    if (!oci_members(import, value, process_members, import->def, err))
        return false;
    if (!import->def->os.init)
        return fail(err, WRONG, _("config.json has no '%s'"), "process.args");
    return true;
}

/* ---- writing --------------------------------------------------------------------------------- */

/* Names stand in the container's files, which are not looked at here. */
static bool parse_id(const char *text, int64_t *ret_id)
{
    return value_parse_number(*text == '+' ? text + 1 : text, ret_id) && *ret_id >= 0 &&
           *ret_id <= ID_MAX;
}

static bool write_user(OciExport *export, GError **err)
{
    const PlanInit *init = &export->plan->init;
    int64_t uid = 0, gid = 0;

    if (*init->user && strcmp(init->user, "root") != 0 && !parse_id(init->user, &uid))
        return fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                    _("the user '%s' of init is a name; config.json takes a number"), init->user);
    gid = uid;
    if (*init->group && strcmp(init->group, "root") != 0 && !parse_id(init->group, &gid))
        return fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                    _("the group '%s' of init is a name; config.json takes a number"), init->group);
    oci_put_open(&export->json, "user", '{');
    oci_put_number(&export->json, "uid", uid);
    oci_put_number(&export->json, "gid", gid);
    oci_put_close(&export->json, '}');
    return true;
}

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

static void write_strings(OciWriter *json, const char *name, uint32_t n, char *const *items)
{
    oci_put_open(json, name, '[');
    for (uint32_t i = 0; i < n; i++)
        oci_put_string(json, NULL, items[i]);
    oci_put_close(json, ']');
}

bool oci_write_process(OciExport *export, GError **err)
{
    const PlanInit *init = &export->plan->init;
    OciWriter *json = &export->json;

    oci_put_open(json, "process", '{');
    oci_put_flag(json, "terminal", export->plan->consoles.len > 0);
    if (!write_user(export, err))
        return false;
    write_strings(json, "args", init->argv.len, init->argv.items);
    write_strings(json, "env", init->env.len, init->env.items);
    oci_put_string(json, "cwd", *init->dir ? init->dir : "/");
    write_capabilities(export);
    write_limits(export);
    oci_put_flag(json, "noNewPrivileges", init->no_new_privileges);
    if (init->has_oom_score)
        oci_put_number(json, "oomScoreAdj", init->oom_score);
    oci_put_close(json, '}');
    return true;
}
