// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See filter-binding.h. A binding is known by the device it is for. */
#include "lxc_driver/filter-binding.h"

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "conf/domain-def.h"
#include "lxc_driver/libvirt-client.h"
#include "lxc_driver/markup.h"
#include "lxc_driver/uuid.h"

#include <gio/gio.h>

static char *format_binding(const FilterOwner *owner, const PlanLink *link, const char *host_name)
{
    GString *out = g_string_new("<filterbinding>\n");
    const uint8_t *mac = link->mac;
    char uuid[UUID_TEXT_SIZE];

    uuid_print(owner->uuid, uuid);
    markup_append(out, "  <owner>\n    <name>%s</name>\n    <uuid>%s</uuid>\n  </owner>\n",
                  owner->name, uuid);
    markup_append(out, "  <portdev name='%s'/>\n", host_name);
    markup_append(out, "  <mac address='%02x:%02x:%02x:%02x:%02x:%02x'/>\n", mac[0], mac[1], mac[2],
                  mac[3], mac[4], mac[5]);
    markup_append(out, "  <filterref filter='%s'>\n", link->filter);
    for (uint32_t i = 0; i < link->filter_parameters.len; i++)
        markup_append(out, "    <parameter name='%s' value='%s'/>\n",
                      link->filter_parameters.items[i].name,
                      link->filter_parameters.items[i].value);
    g_string_append(out, "  </filterref>\n</filterbinding>\n");
    return g_string_free(out, FALSE);
}

/* ---- one connection ----------------------------------------------------------------------------
 */

static bool is_bound(const LibvirtClient *client, const char *host_name)
{
    virNWFilterBindingPtr binding =
        client->virNWFilterBindingLookupByPortDev(client->connection, host_name);

    if (binding)
        (void)client->virNWFilterBindingFree(binding);
    return binding != NULL;
}

static bool bind_filter(const LibvirtClient *client, const char *xml, GError **err)
{
    virNWFilterBindingPtr binding = client->virNWFilterBindingCreateXML(client->connection, xml, 0);

    if (!binding)
        return libvirt_client_fail(client, err);
    (void)client->virNWFilterBindingFree(binding);
    return true;
}

static bool unbind(const LibvirtClient *client, const char *host_name, GError **err)
{
    virNWFilterBindingPtr binding =
        client->virNWFilterBindingLookupByPortDev(client->connection, host_name);
    bool removed;

    if (!binding)
        return true;
    removed = client->virNWFilterBindingDelete(binding) == 0 || libvirt_client_fail(client, err);
    (void)client->virNWFilterBindingFree(binding);
    return removed;
}

/* ---- the calls ---------------------------------------------------------------------------------
 */

bool filter_binding_make(const FilterOwner *owner, const PlanLink *link, const char *host_name,
                         GError **err)
{
    g_autoptr(LibvirtClient) client = NULL;
    g_autofree char *xml = NULL;

    if (!*link->filter)
        return true;
    xml = format_binding(owner, link, host_name);
    if (libvirt_client_open(owner->run_dir, LIBVIRT_NWFILTER, &client, err) &&
        unbind(client, host_name, err) && bind_filter(client, xml, err))
        return true;
    return fail_while(err, _("cannot apply the filter '%s'"), link->filter);
}

bool filter_binding_remove(const FilterOwner *owner, const char *host_name, GError **err)
{
    g_autoptr(LibvirtClient) client = NULL;

    if (libvirt_client_open(owner->run_dir, LIBVIRT_NWFILTER, &client, err) &&
        unbind(client, host_name, err))
        return true;
    return fail_while(err, _("cannot remove the filter of '%s'"), host_name);
}

/* ---- after a restart ---------------------------------------------------------------------------
 */

/* What the worker thread gets: all of it its own. */
typedef struct Keeping {
    FilterOwner owner;
    char *run_dir;
    char *name;
    Plan *plan;
    FilterBindingsKept *kept;
    void *data;
} Keeping;

static void keeping_free(void *data)
{
    Keeping *keeping = data;

    g_free(keeping->run_dir);
    g_free(keeping->name);
    domain_def_plan_free(keeping->plan);
    g_free(keeping);
}

static bool keep(const FilterOwner *owner, const PlanLink *link, GError **err)
{
    g_autoptr(LibvirtClient) client = NULL;
    g_autofree char *xml = format_binding(owner, link, link->host_name);

    return libvirt_client_open(owner->run_dir, LIBVIRT_NWFILTER, &client, err) &&
           (is_bound(client, link->host_name) || bind_filter(client, xml, err));
}

static void keep_in_thread(GTask *task, void *source, void *data, GCancellable *cancellable)
{
    const Keeping *keeping = data;

    for (uint32_t i = 0; i < keeping->plan->links.len; i++) {
        const PlanLink *link = &keeping->plan->links.items[i];
        g_autoptr(GError) err = NULL;
        if (*link->filter && *link->host_name && !keep(&keeping->owner, link, &err))
            log_warning(_("domain '%s': the filter '%s' of '%s' may not be in force: %s"),
                        keeping->name, link->filter, link->host_name, err->message);
    }
    g_task_return_boolean(task, TRUE);
}

static void tell_kept(GObject *source, GAsyncResult *result, void *data)
{
    const Keeping *keeping = g_task_get_task_data(G_TASK(result));

    keeping->kept(keeping->data);
}

void filter_bindings_keep(const FilterOwner *owner, Plan *plan, FilterBindingsKept *kept,
                          void *data)
{
    Keeping *keeping = g_new0(Keeping, 1);
    g_autoptr(GTask) task = g_task_new(NULL, NULL, tell_kept, NULL);

    keeping->run_dir = g_strdup(owner->run_dir);
    keeping->name = g_strdup(owner->name);
    keeping->owner = *owner;
    keeping->owner.run_dir = keeping->run_dir;
    keeping->owner.name = keeping->name;
    keeping->plan = plan;
    keeping->kept = kept;
    keeping->data = data;
    g_task_set_task_data(task, keeping, keeping_free);
    g_task_run_in_thread(task, keep_in_thread);
}
