// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The part "process" of config.json: what init is, and as whom it runs.
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

/* The console is a terminal whether it is asked for or not. */
/* clang-format off */
static const OciMember process_members[] = {
    { "terminal",        OCI_IGNORED },
    { "user",            OCI_READ,   .read = read_user },
    { "args",            OCI_EACH,   .read = read_arg },
    { "env",             OCI_EACH,   .read = read_env },
    { "cwd",             OCI_READ,   .read = read_cwd },
    { "capabilities",    OCI_READ,   .read = oci_read_capabilities },
    { "rlimits",         OCI_EACH,   .read = oci_read_rlimit },
    { "noNewPrivileges", OCI_READ,   .read = oci_read_no_new_privileges },
    { "oomScoreAdj",     OCI_NUMBER, offsetof(DomainDef, extension.oom_score) },
    { "apparmorProfile", OCI_READ,   .read = oci_read_label },
    { "selinuxLabel",    OCI_READ,   .read = oci_read_label },
    { NULL },
};
/* clang-format on */

bool oci_read_process(OciImport *import, const OciValue *value, GError **err)
{
    import->def->os.type = g_strdup("exe");
    /* Who does not speak of capabilities has none. */
    native_capabilities_say(import->result, 0);
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
    oci_write_rights(export);
    oci_put_close(json, '}');
    return true;
}
