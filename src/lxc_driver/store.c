// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See store.h. Names need no escaping: a domain's name has no '/'. */
#include "lxc_driver/store.h"

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "lxc_driver/file.h"

#include <string.h>
#include <unistd.h>

static char *definition_path(const Paths *paths, const char *name)
{
    return g_strdup_printf("%s/%s.xml", paths->definitions_dir, name);
}

static char *autostart_path(const Paths *paths, const char *name)
{
    return g_strdup_printf("%s/%s.xml", paths->autostart_dir, name);
}

/* A comment must not contain two hyphens in a row, which a name may. */
static char *head_comment(const char *name)
{
    bool harmless = !strstr(name, "--") && !g_str_has_suffix(name, "-");

    return g_strdup_printf("<!--\n"
                           "This file is written by virtlxcd; changes made here may be lost.\n"
                           "To change the domain use:  virsh -c lxc:///system edit %s\n"
                           "-->\n\n",
                           harmless ? name : "NAME");
}

bool store_save(const Paths *paths, const DomainDef *def, GError **err)
{
    g_autofree char *path = definition_path(paths, def->name);
    g_autofree char *comment = head_comment(def->name);
    g_autofree char *xml = domain_def_format(def, DOMAIN_DEF_INACTIVE);
    g_autofree char *text = g_strconcat(comment, xml, NULL);

    return file_replace(path, text, FILE_SYNCED, err);
}

bool store_remove(const Paths *paths, const char *name, GError **err)
{
    g_autofree char *path = definition_path(paths, name);
    g_autofree char *link = autostart_path(paths, name);

    return file_remove(link, err) && file_remove(path, err) &&
           file_sync_dir(paths->definitions_dir, err);
}

bool store_set_autostart(const Paths *paths, const char *name, bool autostart, GError **err)
{
    g_autofree char *path = definition_path(paths, name);
    g_autofree char *link = autostart_path(paths, name);

    if (!file_remove(link, err))
        return false;
    if (autostart && symlink(path, link) < 0)
        return fail_errno(err, errno, _("cannot make the autostart link '%s'"), link);
    return file_sync_dir(paths->autostart_dir, err);
}

/* The link counts when it leads to this very definition, directly or not. */
static bool is_autostart(const Paths *paths, const char *name)
{
    g_autofree char *path = definition_path(paths, name);
    g_autofree char *link = autostart_path(paths, name);
    g_autofree char *target = g_file_read_link(link, NULL);
    g_autofree char *real_path = NULL;
    g_autofree char *real_target = NULL;

    if (!target)
        return false;
    if (g_str_equal(target, path))
        return true;
    real_path = g_canonicalize_filename(path, paths->autostart_dir);
    real_target = g_canonicalize_filename(target, paths->autostart_dir);
    return g_str_equal(real_path, real_target);
}

static bool load_one(const Paths *paths, const char *file, const DomainDefHost *host,
                     DomainDef **ret_def, GError **err)
{
    g_autofree char *path = g_build_filename(paths->definitions_dir, file, NULL);
    g_autofree char *expected = NULL;
    g_autofree char *text = NULL;
    g_autoptr(DomainDef) def = NULL;

    if (!g_file_get_contents(path, &text, NULL, err) ||
        !domain_def_parse(text, DOMAIN_DEF_INACTIVE, host, &def, err))
        return false;
    expected = g_strconcat(def->name, ".xml", NULL);
    if (!g_str_equal(expected, file))
        return fail(err, ERR(LXC, CONFIG_UNSUPPORTED), _("it describes a domain '%s'"), def->name);
    *ret_def = g_steal_pointer(&def);
    return true;
}

bool store_load(const Paths *paths, const DomainDefHost *host, StoreFound *found, void *data,
                GError **err)
{
    g_autoptr(GDir) dir = g_dir_open(paths->definitions_dir, 0, err);
    const char *file;

    if (!dir)
        return false;
    while ((file = g_dir_read_name(dir))) {
        g_autoptr(GError) problem = NULL;
        DomainDef *def = NULL;
        if (!g_str_has_suffix(file, ".xml"))
            continue;
        if (load_one(paths, file, host, &def, &problem))
            found(def, is_autostart(paths, def->name), data);
        else
            log_error(_("the definition '%s/%s' is skipped: %s"), paths->definitions_dir, file,
                      problem->message);
    }
    return true;
}
