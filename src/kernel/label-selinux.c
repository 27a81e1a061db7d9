// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * SELinux: all containers run in the type that the policy names for them in its file lxc_contexts,
 * and are kept apart by a pair of categories each. Files that are made for a container get the
 * file's type and the same pair. Trees of the host are labelled by who owns the host: nothing here
 * changes what is on a disk.
 */
#include "kernel/label-model.h"

#include <selinux/selinux.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "kernel/label-mcs.h"

static bool is_active(GError **why)
{
    return is_selinux_enabled() == 1 ||
           fail(why, ERR(SECURITY, CONFIG_UNSUPPORTED), _("SELinux is not in force"));
}

/* ---- lxc_contexts ---------------------------------------------------------------------------- */

/* The value of a line `key = "value"`; NULL when this is none. */
static char *value_of(const char *line, const char *key)
{
    g_auto(GStrv) sides = g_strsplit(line, "=", 2);
    size_t length;

    if (!sides[0] || !sides[1] || strcmp(g_strstrip(sides[0]), key) != 0)
        return NULL;
    g_strstrip(sides[1]);
    length = strlen(sides[1]);
    if (length < 2 || sides[1][0] != '"' || sides[1][length - 1] != '"')
        return NULL;
    return g_strndup(sides[1] + 1, length - 2);
}

static char *read_context(const char *key)
{
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;
    char *value = NULL;

    if (!g_file_get_contents(selinux_lxc_contexts_path(), &text, NULL, NULL))
        return NULL;
    lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line && !value; line++)
        value = value_of(*line, key);
    return value;
}

static bool need_context(const char *key, char **ret, GError **err)
{
    *ret = read_context(key);
    return *ret || fail(err, ERR(SECURITY, CONFIG_UNSUPPORTED),
                        _("the SELinux policy has no context '%s' for containers in '%s'"), key,
                        selinux_lxc_contexts_path());
}

static char *get_base(void)
{
    return read_context("process");
}

/* ---- labels ---------------------------------------------------------------------------------- */

static char *own_context(void)
{
    char *context = NULL, *copy;

    if (getcon_raw(&context) < 0)
        return NULL;
    copy = g_strdup(context);
    freecon(context);
    return copy;
}

static char *image_of(const char *label)
{
    g_autofree char *file = read_context("file");

    return file ? mcs_same_level(file, label) : NULL;
}

static bool make(const LabelWish *wish, char **ret_label, char **ret_image, GError **err)
{
    g_autofree char *own = own_context();
    g_autofree char *base = g_strdup(wish->base);
    g_autofree char *file = NULL;
    McsWish mcs = { .own = own, .taken = wish->taken };

    if ((!base && !need_context("process", &base, err)) || !need_context("file", &file, err) ||
        !mcs_make(base, &mcs, ret_label, err))
        return false;
    *ret_image = mcs_same_level(file, *ret_label);
    return true;
}

static bool check(const char *context, GError **err)
{
    return security_check_context_raw(context) == 0 ||
           fail(err, ERR(SECURITY, CONFIG_UNSUPPORTED), _("the SELinux policy knows no label '%s'"),
                context);
}

static bool prepare(const PlanLabel *label, const char *policy_dir, GError **err)
{
    return check(label->label, err) && (!*label->image || check(label->image, err));
}

static bool read_process(pid_t pid, LabelFound *ret_found, GError **err)
{
    char *context = NULL;

    if (getpidcon_raw(pid, &context) < 0)
        return fail_errno(err, errno, _("cannot read the SELinux label of process %d"), (int)pid);
    ret_found->label = g_strdup(context);
    ret_found->enforcing = security_getenforce() == 1;
    freecon(context);
    return true;
}

const LabelModel label_selinux = {
    .name = "selinux",
    .is_active = is_active,
    .get_base = get_base,
    .make = make,
    .image_of = image_of,
    .prepare = prepare,
    .read = read_process,
};
