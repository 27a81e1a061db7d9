// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See store.h. Names need no escaping: a domain's name has no '/'. */
#include "lxc_driver/store.h"

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "lxc_driver/file.h"

#include <gio/gio.h>
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

/* ---- changes -----------------------------------------------------------------------------------
 */

/* A change on its way to the disk; everything in it is a copy. */
typedef struct Change {
    bool (*make)(const struct Change *change, GError **err);
    char *dir;  /* of definitions */
    char *path; /* NAME.xml in it */
    char *link; /* the autostart link */
    char *text; /* save: the new content */
    bool autostart;
    StoreDone *done;
    void *data;
} Change;

static void change_free(void *data)
{
    Change *change = data;

    g_free(change->dir);
    g_free(change->path);
    g_free(change->link);
    g_free(change->text);
    g_free(change);
}

static void make_in_thread(GTask *task, void *source, void *data, GCancellable *cancellable)
{
    const Change *change = data;
    GError *err = NULL;

    if (change->make(change, &err))
        g_task_return_boolean(task, TRUE);
    else
        g_task_return_error(task, err);
}

static void made(GObject *source, GAsyncResult *result, void *data)
{
    const Change *change = g_task_get_task_data(G_TASK(result));
    g_autoptr(GError) err = NULL;

    (void)g_task_propagate_boolean(G_TASK(result), &err); /* told by err */
    change->done(err, change->data);
}

static Change *change_new(const Paths *paths, const char *name, StoreDone *done, void *data)
{
    Change *change = g_new0(Change, 1);

    change->dir = g_strdup(paths->definitions_dir);
    change->path = definition_path(paths, name);
    change->link = autostart_path(paths, name);
    change->done = done;
    change->data = data;
    return change;
}

static void begin(Change *change)
{
    g_autoptr(GTask) task = g_task_new(NULL, NULL, made, NULL);

    g_task_set_task_data(task, change, change_free);
    g_task_run_in_thread(task, make_in_thread);
}

static bool save(const Change *change, GError **err)
{
    return file_replace(change->path, change->text, FILE_SYNCED, err);
}

void store_save(const Paths *paths, const DomainDef *def, StoreDone *done, void *data)
{
    Change *change = change_new(paths, def->name, done, data);
    g_autofree char *comment = head_comment(def->name);
    g_autofree char *xml = domain_def_format(def, DOMAIN_DEF_INACTIVE);

    change->make = save;
    change->text = g_strconcat(comment, xml, NULL);
    begin(change);
}

static bool remove_both(const Change *change, GError **err)
{
    return file_remove(change->link, err) && file_remove(change->path, err) &&
           file_sync_dir(change->dir, err);
}

void store_remove(const Paths *paths, const char *name, StoreDone *done, void *data)
{
    Change *change = change_new(paths, name, done, data);

    change->make = remove_both;
    begin(change);
}

static bool set_link(const Change *change, GError **err)
{
    g_autofree char *dir = g_path_get_dirname(change->link);

    if (!file_remove(change->link, err))
        return false;
    if (change->autostart && symlink(change->path, change->link) < 0)
        return fail_errno(err, errno, _("cannot make the autostart link '%s'"), change->link);
    return file_sync_dir(dir, err);
}

void store_set_autostart(const Paths *paths, const char *name, bool autostart, StoreDone *done,
                         void *data)
{
    Change *change = change_new(paths, name, done, data);

    change->make = set_link;
    change->autostart = autostart;
    begin(change);
}

/* ---- loading -----------------------------------------------------------------------------------
 */

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
        return fail(err, ERR(LXC, CONFIG_UNSUPPORTED), _("it describes the domain '%s'"),
                    def->name);
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
