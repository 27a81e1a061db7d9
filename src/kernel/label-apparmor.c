// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * AppArmor: each container has a profile of its own, libvirt-UUID, so that the rules about signals
 * and tracing can tell its processes from those of all others. The profile is a frame around the
 * abstraction that is installed with us, translated and loaded by AppArmor's own parser as the
 * container starts, and taken out of the kernel when it has ended. A static label is a profile that
 * somebody else has loaded.
 */
#include "kernel/label-model.h"

#include <fcntl.h>
#include <gio/gio.h>
#include <string.h>
#include <sys/apparmor.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/process.h"
#include "base/text.h"

#define PREFIX "libvirt-"
#define UNCONFINED "unconfined"
#define UUID_PART(u, i) u[i], u[(i) + 1]

static const char *const parsers[] = { "/usr/sbin/apparmor_parser", "/sbin/apparmor_parser" };

/* NULL: there is none. */
static const char *find_parser(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(parsers); i++)
        if (access(parsers[i], X_OK) == 0)
            return parsers[i];
    return NULL;
}

static bool is_active(GError **why)
{
    g_autofree char *file = NULL;
    char *place = NULL;

    if (aa_is_enabled() <= 0)
        return fail_errno(why, errno, _("AppArmor is not in force"));
    if (!find_parser())
        return fail(why, ERR(SECURITY, CONFIG_UNSUPPORTED), _("there is no program '%s'"),
                    parsers[0]);
    if (aa_find_mountpoint(&place) < 0)
        return fail_errno(why, errno, _("cannot find where AppArmor's policy is"));
    file = g_build_filename(place, ".replace", NULL);
    free(place); /* the library's, from malloc */
    return access(file, W_OK) == 0 || fail_errno(why, errno, _("cannot write to '%s'"), file);
}

/* Nothing: a profile has no parts to begin with. */
static char *get_base(void)
{
    return NULL;
}

static bool make(const LabelWish *wish, char **ret_label, char **ret_image, GError **err)
{
    const uint8_t *u = wish->uuid;

    if (wish->base)
        return fail(err, ERR(SECURITY, CONFIG_UNSUPPORTED),
                    _("labels of AppArmor have no <baselabel>, as '%s'"), wish->base);
    *ret_label =
        g_strdup_printf(PREFIX "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
                               "%02x%02x%02x%02x%02x%02x",
                        UUID_PART(u, 0), UUID_PART(u, 2), UUID_PART(u, 4), UUID_PART(u, 6),
                        UUID_PART(u, 8), UUID_PART(u, 10), UUID_PART(u, 12), UUID_PART(u, 14));
    *ret_image = g_strdup(*ret_label);
    return true;
}

/* In another namespace it would be that of others. */
static bool confines(const char *label)
{
    return strcmp(label, UNCONFINED) != 0 &&
           !(*label == ':' && g_str_has_suffix(label, UNCONFINED));
}

static char *image_of(const char *label)
{
    return g_strdup(label);
}

/* ---- loading --------------------------------------------------------------------------------- */

/* Paths from outside the container's tree count as below its root: passed descriptors, consoles. */
static char *profile_text(const char *name)
{
    return g_strdup_printf("abi <abi/3.0>,\n"
                           "profile \"%s\" flags=(attach_disconnected, mediate_deleted) {\n"
                           "  include <abstractions/virtlxcd-container>\n"
                           "}\n",
                           name);
}

static GSubprocess *spawn_parser(const char *policy_dir, int input, GError **err)
{
    const char *const argv[] = { find_parser(), "--replace", "--quiet", "--skip-cache",
                                 "--Include",   policy_dir,  NULL };
    const char *const env[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", NULL };
    g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new(
        G_SUBPROCESS_FLAGS_STDERR_PIPE | G_SUBPROCESS_FLAGS_STDOUT_SILENCE);

    if (!argv[0]) {
        fail(err, ERR(SECURITY, CONFIG_UNSUPPORTED), _("there is no program '%s'"), parsers[0]);
        return NULL;
    }
    g_subprocess_launcher_set_environ(launcher, (char **)env);
    g_subprocess_launcher_set_cwd(launcher, "/");
    g_subprocess_launcher_take_stdin_fd(launcher, input);
    return g_subprocess_launcher_spawnv(launcher, argv, err);
}

static bool run_parser(const char *policy_dir, int input, GError **err)
{
    g_autoptr(GSubprocess) parser = spawn_parser(policy_dir, input, err);
    g_autofree char *said = NULL;

    if (!parser || !g_subprocess_communicate_utf8(parser, NULL, NULL, NULL, &said, err))
        return false;
    if (g_subprocess_get_if_exited(parser) && g_subprocess_get_exit_status(parser) == 0)
        return true;
    said = said ? said : g_strdup("");
    g_strdelimit(g_strstrip(said), "\n", ' ');
    return fail(err, ERR(SECURITY, OPERATION_FAILED), "%s",
                *said ? said : _("the parser has failed"));
}

static bool load(const char *name, const char *policy_dir, GError **err)
{
    g_autofree char *text = profile_text(name);
    autofd int memory = process_seal_bytes("profile", text, strlen(text));
    GError *local = NULL;

    if (memory < 0 || lseek(memory, 0, SEEK_SET) < 0)
        return fail_errno(err, errno, _("cannot load the AppArmor profile '%s'"), name);
    if (run_parser(policy_dir, fd_steal(&memory), &local))
        return true;
    fail(err, ERR(SECURITY, OPERATION_FAILED), _("cannot load the AppArmor profile '%s': %s"), name,
         local->message);
    g_error_free(local);
    return false;
}

/* ---- what others have loaded ----------------------------------------------------------------- */

/* A line of the kernel's list is "name (mode)". */
static bool is_listed(const char *list, const char *name)
{
    g_autofree char *start = g_strconcat(name, " (", NULL);

    for (const char *at = strstr(list, start); at; at = strstr(at + 1, start))
        if (at == list || at[-1] == '\n')
            return true;
    return false;
}

static bool read_list(char **ret_list, GError **err)
{
    g_autofree char *file = NULL;
    g_autoptr(GError) local = NULL;
    char *place = NULL;

    if (aa_find_mountpoint(&place) < 0)
        return fail_errno(err, errno, _("cannot find where AppArmor's policy is"));
    file = g_build_filename(place, "profiles", NULL);
    free(place);
    return g_file_get_contents(file, ret_list, NULL, &local) ||
           fail(err, ERR(SECURITY, SYSTEM_ERROR), "%s", local->message);
}

/* Several may be stacked. What is in a namespace of its own is not in our list. */
static bool check_loaded(const char *label, GError **err)
{
    g_auto(GStrv) names = g_strsplit(label, "//&", -1);
    g_autofree char *list = NULL;

    if (!read_list(&list, err))
        return false;
    for (char **name = names; *name; name++)
        if (**name != ':' && strcmp(*name, UNCONFINED) != 0 && !is_listed(list, *name))
            return fail(err, ERR(SECURITY, CONFIG_UNSUPPORTED),
                        _("no AppArmor profile '%s' is loaded"), *name);
    return true;
}

static bool prepare(const PlanLabel *label, const char *policy_dir, GError **err)
{
    return label->kind == PLAN_LABEL_DYNAMIC ? load(label->label, policy_dir, err)
                                             : check_loaded(label->label, err);
}

static bool release(const PlanLabel *label, GError **err)
{
    aa_kernel_interface *kernel = NULL;
    int errnum = 0;

    if (label->kind != PLAN_LABEL_DYNAMIC || !g_str_has_prefix(label->label, PREFIX))
        return true;
    if (aa_kernel_interface_new(&kernel, NULL, NULL) < 0 ||
        aa_kernel_interface_remove_policy(kernel, label->label) < 0)
        errnum = errno;
    aa_kernel_interface_unref(kernel);
    return errnum == 0 || errnum == ENOENT ||
           fail_errno(err, errnum, _("cannot remove the AppArmor profile '%s'"), label->label);
}

/* ---- processes ------------------------------------------------------------------------------- */

static bool read_process(pid_t pid, LabelFound *ret_found, GError **err)
{
    char *label = NULL, *mode = NULL;

    if (aa_gettaskcon(pid, &label, &mode) < 0)
        return fail_errno(err, errno, _("cannot read the AppArmor label of process %d"), (int)pid);
    ret_found->label = g_strdup(label);
    ret_found->enforcing = mode && strcmp(mode, "enforce") == 0;
    free(label); /* the library's; mode is in it */
    return true;
}

const LabelModel label_apparmor = {
    .name = "apparmor",
    .by_default = true,
    .is_active = is_active,
    .get_base = get_base,
    .confines = confines,
    .make = make,
    .image_of = image_of,
    .prepare = prepare,
    .release = release,
    .read = read_process,
};
