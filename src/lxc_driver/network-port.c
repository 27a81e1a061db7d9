// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See network-port.h. Every call is one job: its arguments copied, a function that runs in a worker
 * thread with a connection of its own, and the caller's callback, which the main loop runs with
 * what came out. A job shares nothing with the rest of the daemon.
 *
 * A port is described by a small XML document. What the network adds to it on the way (where it is
 * plugged in, limits, VLANs) is read back from the port itself.
 */
#include "lxc_driver/network-port.h"

#include <gio/gio.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "lxc_driver/libvirt-client.h"

typedef struct PortJob PortJob;
typedef bool PortRun(PortJob *job, GError **err);

struct PortJob {
    PortRun *run;
    char *run_dir;
    char *network;
    char *xml;
    char *id;
    char *answer;    /* what became of `xml` */
    GArray *queries; /* LeaseQuery */
    GArray *leases;  /* NetworkLease, what `run` found */
    NetworkPortMade *made;
    NetworkPortDone *done;
    NetworkLeasesFound *found;
    void *data;
};

typedef struct LeaseQuery {
    char *network;
    char mac[18];
} LeaseQuery;

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
    g_free(job->answer);
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
        job->made(err ? NULL : job->answer, err, job->data);
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

/* ---- jobs, in their threads ---------------------------------------------------------------- */

static bool open_network(const PortJob *job, LibvirtClient **ret_client, virNetworkPtr *ret_network,
                         GError **err)
{
    g_autoptr(LibvirtClient) client = NULL;

    if (!libvirt_client_open(job->run_dir, LIBVIRT_NETWORK, &client, err))
        return false;
    *ret_network = client->virNetworkLookupByName(client->connection, job->network);
    if (!*ret_network)
        return libvirt_client_fail(client, err);
    *ret_client = g_steal_pointer(&client);
    return true;
}

/* The text is libvirt's own, which means the C library's. */
static bool read_port(const LibvirtClient *client, virNetworkPortPtr handle, PortJob *job,
                      GError **err)
{
    job->answer = client->virNetworkPortGetXMLDesc(handle, 0);
    return job->answer || libvirt_client_fail(client, err);
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

    if (!libvirt_client_open(job->run_dir, LIBVIRT_NETWORK, &client, err))
        return false;
    for (guint i = 0; i < job->queries->len; i++)
        if (!find_leases(client, &g_array_index(job->queries, LeaseQuery, i), i, job->leases, err))
            return false;
    return true;
}

/* ---- the calls ----------------------------------------------------------------------------- */

static PortJob *new_job(PortRun *run, const NetworkPortPlace *place, void *data)
{
    PortJob *job = g_new0(PortJob, 1);

    job->run = run;
    job->run_dir = g_strdup(place->run_dir);
    job->network = g_strdup(place->network);
    job->id = g_strdup(place->id);
    job->data = data;
    return job;
}

void network_port_create(const NetworkPortPlace *place, const char *xml, NetworkPortMade *made,
                         void *data)
{
    PortJob *job = new_job(run_create, place, data);

    job->xml = g_strdup(xml);
    job->made = made;
    start_job(job);
}

void network_port_reclaim(const NetworkPortPlace *place, const char *xml, NetworkPortDone *done,
                          void *data)
{
    PortJob *job = new_job(run_reclaim, place, data);

    job->xml = g_strdup(xml);
    job->done = done;
    start_job(job);
}

void network_port_release(const NetworkPortPlace *place, NetworkPortDone *done, void *data)
{
    PortJob *job = new_job(run_release, place, data);

    job->done = done;
    start_job(job);
}

static void format_mac(const uint8_t mac[6], char ret_text[18])
{
    g_snprintf(ret_text, 18, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
               mac[4], mac[5]);
}

void network_port_leases(const char *run_dir, const NetworkLeaseQuery *queries, size_t n_queries,
                         NetworkLeasesFound *found, void *data)
{
    const NetworkPortPlace place = { .run_dir = run_dir };
    PortJob *job = new_job(run_leases, &place, data);

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
