// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See status.h. */
#include "lxc_driver/status.h"

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "lxc_driver/file.h"

#include <libvirt/libvirt.h>
#include <string.h>

#define FIRST_LINE "virtlxcd-status 1"

void status_clear(Status *status)
{
    domain_def_free(status->live);
    memset(status, 0, sizeof *status);
}

static char *status_path(const Domain *domain, const char *suffix)
{
    return g_strdup_printf("%s/%s.%s", domain->driver->paths->state_dir, domain->name, suffix);
}

char *status_format(const Domain *domain, const DomainDef *live)
{
    g_autofree char *xml = domain_def_format(live, DOMAIN_DEF_LIVE);

    return g_strdup_printf(FIRST_LINE "\n"
                                      "state %d\n"
                                      "reason %d\n"
                                      "controller %d\n"
                                      "init %d\n"
                                      "\n%s",
                           domain->state, domain->reason, (int)domain->controller_pid,
                           (int)domain->init_pid, xml);
}

/* A domain called "driver" goes without a pid file: its name is taken by the daemon's lock. */
static bool is_lock(const Domain *domain, const char *path)
{
    return g_str_equal(path, domain->driver->paths->lock_file);
}

/* Other programs find the controller by this file. */
static bool save_pid(const Domain *domain, GError **err)
{
    g_autofree char *path = status_path(domain, "pid");
    g_autofree char *text = g_strdup_printf("%d\n", (int)domain->controller_pid);

    if (domain->controller_pid <= 0 || is_lock(domain, path))
        return true;
    return file_replace(path, text, FILE_FOR_THIS_BOOT, err);
}

bool status_save(const Domain *domain, const DomainDef *live, GError **err)
{
    g_autofree char *path = status_path(domain, "status");
    g_autofree char *text = status_format(domain, live);

    return save_pid(domain, err) && file_replace(path, text, FILE_FOR_THIS_BOOT, err);
}

void status_save_or_log(const Domain *domain)
{
    g_autoptr(DomainDef) live = domain_def_unfold(domain->live);
    g_autoptr(GError) err = NULL;

    if (!status_save(domain, live, &err))
        log_warning(_("the status of domain '%s' is not kept: %s"), domain->name, err->message);
}

void status_remove(const Domain *domain)
{
    const char *const suffixes[] = { "status", "pid" };

    for (size_t i = 0; i < G_N_ELEMENTS(suffixes); i++) {
        g_autofree char *path = status_path(domain, suffixes[i]);
        g_autoptr(GError) err = NULL;
        if (!is_lock(domain, path) && !file_remove(path, &err))
            log_warning("%s", err->message);
    }
}

static void read_head_line(Status *status, const char *line)
{
    int number;

    if (sscanf(line, "state %d", &number) == 1)
        status->state = number;
    else if (sscanf(line, "reason %d", &number) == 1)
        status->reason = number;
    else if (sscanf(line, "controller %d", &number) == 1)
        status->controller_pid = number;
    else if (sscanf(line, "init %d", &number) == 1)
        status->init_pid = number;
}

bool status_parse(const char *text, const DomainDefHost *host, Status *ret_status, GError **err)
{
    g_auto(Status) status = { .state = VIR_DOMAIN_SHUTOFF, .controller_pid = -1, .init_pid = -1 };
    const char *blank = strstr(text, "\n\n");
    g_autofree char *head = NULL;
    g_auto(GStrv) lines = NULL;

    if (!g_str_has_prefix(text, FIRST_LINE "\n") || !blank)
        return fail(err, ERR(LXC, INTERNAL_ERROR), _("not a status file of this version"));
    head = g_strndup(text, (size_t)(blank - text));
    lines = g_strsplit(head, "\n", -1);
    for (size_t i = 1; lines[i]; i++)
        read_head_line(&status, lines[i]);
    if (!domain_def_parse(blank + 2, DOMAIN_DEF_LIVE, host, &status.live, err))
        return false;
    *ret_status = status;
    memset(&status, 0, sizeof status);
    return true;
}

bool status_load(const Paths *paths, const DomainDefHost *host, StatusFound *found, void *data,
                 GError **err)
{
    g_autoptr(GDir) dir = g_dir_open(paths->state_dir, 0, err);
    const char *file;

    if (!dir)
        return false;
    while ((file = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(paths->state_dir, file, NULL);
        g_autofree char *text = NULL;
        g_auto(Status) status = { 0 };
        g_autoptr(GError) problem = NULL;
        if (!g_str_has_suffix(file, ".status"))
            continue;
        if (g_file_get_contents(path, &text, NULL, &problem) &&
            status_parse(text, host, &status, &problem))
            found(&status, data);
        else
            log_error(_("the status file '%s' is skipped: %s"), path, problem->message);
    }
    return true;
}
