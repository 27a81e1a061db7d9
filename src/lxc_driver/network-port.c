// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See network-port.h. Every call is one job: its arguments copied, a function that runs in a worker
 * thread with a connection of its own, and the caller's callback, which the main loop runs with
 * what came out. A job shares nothing with the rest of the daemon.
 *
 * A port is described by a small XML document. What the network adds to it on the way (the bridge)
 * is read back from the port itself.
 */
#include "lxc_driver/network-port.h"

#include <gio/gio.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "lxc_driver/libvirt-client.h"
#include "lxc_driver/uuid.h"

typedef struct PortJob PortJob;
typedef bool PortRun(PortJob *job, GError **err);

struct PortJob {
    PortRun *run;
    char *run_dir;
    char *network;
    char *xml;
    char *id;
    NetworkPort *port; /* what `run` made */
    GArray *queries;   /* LeaseQuery */
    GArray *leases;    /* NetworkLease, what `run` found */
    NetworkPortMade *made;
    NetworkPortDone *done;
    NetworkLeasesFound *found;
    void *data;
};

typedef struct LeaseQuery {
    char *network;
    char mac[18];
} LeaseQuery;

void network_port_free(NetworkPort *port)
{
    if (!port)
        return;
    g_free(port->id);
    g_free(port->bridge);
    g_free(port->mac_table_manager);
    g_free(port);
}

static void lease_clear(void *data)
{
    NetworkLease *lease = data;

    g_free(lease->address);
    g_free(lease->hostname);
}

static void query_clear(void *data)
{
    LeaseQuery *query = data;

    g_free(query->network);
}

static void port_job_free(PortJob *job)
{
    g_free(job->run_dir);
    g_free(job->network);
    g_free(job->xml);
    g_free(job->id);
    network_port_free(job->port);
    g_clear_pointer(&job->queries, g_array_unref);
    g_clear_pointer(&job->leases, g_array_unref);
    g_free(job);
}

/* ---- running a job ------------------------------------------------------------------------- */

static void run_in_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    PortJob *job = data;
    GError *err = NULL;

    if (job->run(job, &err))
        g_task_return_boolean(task, TRUE);
    else
        g_task_return_error(task, err);
}

static void deliver(GObject *source, GAsyncResult *result, gpointer data)
{
    PortJob *job = g_task_get_task_data(G_TASK(result));
    g_autoptr(GError) err = NULL;

    (void)g_task_propagate_boolean(G_TASK(result), &err); /* err says it */
    if (job->made)
        job->made(err ? NULL : g_steal_pointer(&job->port), err, job->data);
    if (job->done)
        job->done(err, job->data);
    if (job->found && err)
        job->found(NULL, 0, err, job->data);
    else if (job->found)
        job->found((const NetworkLease *)(const void *)job->leases->data, job->leases->len, NULL,
                   job->data);
}

static void start_job(PortJob *job)
{
    g_autoptr(GTask) task = g_task_new(NULL, NULL, deliver, NULL);

    g_task_set_task_data(task, job, (GDestroyNotify)port_job_free);
    g_task_run_in_thread(task, run_in_thread);
}

/* ---- the port's document ------------------------------------------------------------------- */

static void append_escaped(GString *out, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void append_escaped(GString *out, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_markup_vprintf_escaped(format, args);
    va_end(args);
    g_string_append(out, text);
}

static void format_mac(const uint8_t mac[6], char ret_text[18])
{
    g_snprintf(ret_text, 18, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
               mac[4], mac[5]);
}

/* `port` is NULL for a new one: then the network decides where to plug it in. */
static char *format_port(const NetworkPortOwner *owner, const PlanLink *link, const char *id,
                         const NetworkPort *port)
{
    GString *out = g_string_new("<networkport>\n");
    char owner_uuid[UUID_TEXT_SIZE];
    char mac[18];

    format_mac(link->mac, mac);
    uuid_print(owner->uuid, owner_uuid);
    append_escaped(out, "  <uuid>%s</uuid>\n", id);
    append_escaped(out, "  <owner>\n    <name>%s</name>\n    <uuid>%s</uuid>\n  </owner>\n",
                   owner->name, owner_uuid);
    if (link->portgroup[0])
        append_escaped(out, "  <group>%s</group>\n", link->portgroup);
    append_escaped(out, "  <mac address='%s'/>\n", mac);
    if (link->isolated)
        g_string_append(out, "  <port isolated='yes'/>\n");
    if (port && port->mac_table_manager)
        append_escaped(out, "  <plug type='network' bridge='%s' macTableManager='%s'/>\n",
                       port->bridge, port->mac_table_manager);
    else if (port)
        append_escaped(out, "  <plug type='network' bridge='%s'/>\n", port->bridge);
    g_string_append(out, "</networkport>\n");
    return g_string_free(out, FALSE);
}

/* What is wanted from the document of an existing port. */
typedef struct PortFacts {
    char *plug;
    NetworkPort *port;
} PortFacts;

static void keep(char **slot, const char *text)
{
    g_free(*slot);
    *slot = g_strdup(text);
}

static void start_element(GMarkupParseContext *context, const char *element, const char **names,
                          const char **values, gpointer data, GError **err)
{
    PortFacts *facts = data;
    NetworkPort *port = facts->port;
    const bool is_plug = strcmp(element, "plug") == 0;
    const bool is_options = strcmp(element, "port") == 0;

    for (size_t i = 0; names[i]; i++) {
        if (is_plug && strcmp(names[i], "type") == 0)
            keep(&facts->plug, values[i]);
        if (is_plug && strcmp(names[i], "bridge") == 0)
            keep(&port->bridge, values[i]);
        if (is_plug && strcmp(names[i], "macTableManager") == 0)
            keep(&port->mac_table_manager, values[i]);
        if (is_options && strcmp(names[i], "isolated") == 0)
            port->isolated = strcmp(values[i], "yes") == 0;
    }
}

static bool parse_port(const char *xml, const char *network, NetworkPort *port, GError **err)
{
    const GMarkupParser parser = { .start_element = start_element };
    PortFacts facts = { .port = port };
    g_autoptr(GMarkupParseContext) context = g_markup_parse_context_new(&parser, 0, &facts, NULL);
    g_autofree char *plug = NULL;
    bool parsed = g_markup_parse_context_parse(context, xml, -1, err) &&
                  g_markup_parse_context_end_parse(context, err);

    plug = facts.plug;
    if (!parsed)
        return fail_while(err, _("cannot understand the port of network '%s'"), network);
    if (plug && strcmp(plug, "network") != 0 && strcmp(plug, "bridge") != 0)
        return fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                    _("network '%s' connects interfaces by '%s', which is not supported"), network,
                    plug);
    if (!plug || !port->bridge)
        return fail(err, ERR(LXC, INTERNAL_ERROR), _("network '%s' named no bridge"), network);
    return true;
}

/* ---- jobs, in their threads ---------------------------------------------------------------- */

static bool open_network(const PortJob *job, LibvirtClient **ret_client, virNetworkPtr *ret_network,
                         GError **err)
{
    g_autoptr(LibvirtClient) client = NULL;

    if (!libvirt_client_open(job->run_dir, &client, err))
        return false;
    *ret_network = client->virNetworkLookupByName(client->connection, job->network);
    if (!*ret_network)
        return libvirt_client_fail(client, err);
    *ret_client = g_steal_pointer(&client);
    return true;
}

static bool read_port(const LibvirtClient *client, virNetworkPortPtr handle, PortJob *job,
                      GError **err)
{
    g_autofree char *xml = client->virNetworkPortGetXMLDesc(handle, 0);
    g_autoptr(NetworkPort) port = g_new0(NetworkPort, 1);

    if (!xml)
        return libvirt_client_fail(client, err);
    if (!parse_port(xml, job->network, port, err))
        return false;
    port->id = g_strdup(job->id);
    job->port = g_steal_pointer(&port);
    return true;
}

static bool run_create(PortJob *job, GError **err)
{
    g_autoptr(LibvirtClient) client = NULL;
    virNetworkPtr network = NULL;
    virNetworkPortPtr handle;
    bool made = false;

    if (!open_network(job, &client, &network, err))
        return false;
    handle = client->virNetworkPortCreateXML(network, job->xml, 0);
    if (!handle) {
        (void)libvirt_client_fail(client, err); /* false, as `made` is */
    } else {
        made = read_port(client, handle, job, err);
        if (!made)
            (void)client->virNetworkPortDelete(handle, 0); /* the first failure is reported */
        (void)client->virNetworkPortFree(handle);
    }
    (void)client->virNetworkFree(network);
    return made;
}

static bool run_reclaim(PortJob *job, GError **err)
{
    g_autoptr(LibvirtClient) client = NULL;
    virNetworkPtr network = NULL;
    virNetworkPortPtr handle;

    if (!open_network(job, &client, &network, err))
        return false;
    /* A network daemon that never forgot the port says no to making it again. */
    handle = client->virNetworkPortLookupByUUIDString(network, job->id);
    if (!handle)
        handle =
            client->virNetworkPortCreateXML(network, job->xml, VIR_NETWORK_PORT_CREATE_RECLAIM);
    if (!handle)
        (void)libvirt_client_fail(client, err); /* false, as no handle is */
    else
        (void)client->virNetworkPortFree(handle);
    (void)client->virNetworkFree(network);
    return handle != NULL;
}

static bool delete_port(const LibvirtClient *client, virNetworkPtr network, const char *id,
                        GError **err)
{
    virNetworkPortPtr handle = client->virNetworkPortLookupByUUIDString(network, id);
    bool deleted;

    if (!handle)
        return libvirt_client_fail(client, err);
    deleted = client->virNetworkPortDelete(handle, 0) == 0 || libvirt_client_fail(client, err);
    (void)client->virNetworkPortFree(handle);
    return deleted;
}

static bool run_release(PortJob *job, GError **err)
{
    g_autoptr(LibvirtClient) client = NULL;
    g_autoptr(GError) local = NULL;
    virNetworkPtr network = NULL;

    if (open_network(job, &client, &network, &local)) {
        (void)delete_port(client, network, job->id, &local); /* local says it */
        (void)client->virNetworkFree(network);
    }
    if (!local || error_is(local, VIR_ERR_NO_NETWORK) || error_is(local, VIR_ERR_NO_NETWORK_PORT))
        return true;
    if (!job->done)
        log_warning(_("cannot release port '%s' of network '%s': %s"), job->id, job->network,
                    local->message);
    g_propagate_error(err, g_steal_pointer(&local));
    return false;
}

static void take_leases(const LibvirtClient *client, virNetworkDHCPLeasePtr *leases, int n_leases,
                        size_t query, GArray *found)
{
    for (int i = 0; i < n_leases; i++) {
        NetworkLease lease = {
            .query = query,
            .address = g_strdup(leases[i]->ipaddr),
            .ipv6 = leases[i]->type == VIR_IP_ADDR_TYPE_IPV6,
            .prefix = leases[i]->prefix,
            .hostname = g_strdup(leases[i]->hostname),
        };
        g_array_append_val(found, lease);
        client->virNetworkDHCPLeaseFree(leases[i]);
    }
    free(leases); /* from libvirt, which means the C library */
}

static bool find_leases(const LibvirtClient *client, const LeaseQuery *query, size_t index,
                        GArray *found, GError **err)
{
    virNetworkPtr network = client->virNetworkLookupByName(client->connection, query->network);
    virNetworkDHCPLeasePtr *leases = NULL;
    int n_leases;

    if (!network)
        return libvirt_client_fail(client, err);
    n_leases = client->virNetworkGetDHCPLeases(network, query->mac, &leases, 0);
    if (n_leases < 0)
        (void)libvirt_client_fail(client, err); /* n_leases says it */
    else
        take_leases(client, leases, n_leases, index, found);
    (void)client->virNetworkFree(network);
    return n_leases >= 0;
}

static bool run_leases(PortJob *job, GError **err)
{
    g_autoptr(LibvirtClient) client = NULL;

    if (!libvirt_client_open(job->run_dir, &client, err))
        return false;
    for (guint i = 0; i < job->queries->len; i++)
        if (!find_leases(client, &g_array_index(job->queries, LeaseQuery, i), i, job->leases, err))
            return false;
    return true;
}

/* ---- the calls ----------------------------------------------------------------------------- */

static PortJob *new_job(PortRun *run, const char *run_dir, const char *network, void *data)
{
    PortJob *job = g_new0(PortJob, 1);

    job->run = run;
    job->run_dir = g_strdup(run_dir);
    job->network = g_strdup(network);
    job->data = data;
    return job;
}

void network_port_create(const NetworkPortOwner *owner, const PlanLink *link, const char *id,
                         NetworkPortMade *made, void *data)
{
    PortJob *job = new_job(run_create, owner->run_dir, link->network, data);

    job->id = g_strdup(id);
    job->xml = format_port(owner, link, id, NULL);
    job->made = made;
    start_job(job);
}

void network_port_reclaim(const NetworkPortOwner *owner, const PlanLink *link,
                          const NetworkPort *port, NetworkPortDone *done, void *data)
{
    PortJob *job = new_job(run_reclaim, owner->run_dir, link->network, data);

    job->id = g_strdup(port->id);
    job->xml = format_port(owner, link, port->id, port);
    job->done = done;
    start_job(job);
}

void network_port_release(const char *run_dir, const char *network, const char *port_id,
                          NetworkPortDone *done, void *data)
{
    PortJob *job = new_job(run_release, run_dir, network, data);

    job->id = g_strdup(port_id);
    job->done = done;
    start_job(job);
}

void network_port_leases(const char *run_dir, const NetworkLeaseQuery *queries, size_t n_queries,
                         NetworkLeasesFound *found, void *data)
{
    PortJob *job = new_job(run_leases, run_dir, NULL, data);

    job->queries = g_array_new(FALSE, TRUE, sizeof(LeaseQuery));
    g_array_set_clear_func(job->queries, query_clear);
    job->leases = g_array_new(FALSE, TRUE, sizeof(NetworkLease));
    g_array_set_clear_func(job->leases, lease_clear);
    for (size_t i = 0; i < n_queries; i++) {
        LeaseQuery query = { .network = g_strdup(queries[i].network) };
        format_mac(queries[i].mac, query.mac);
        g_array_append_val(job->queries, query);
    }
    job->found = found;
    start_job(job);
}
