// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Addresses of a container's interfaces, from three sources: the leases of its networks' DHCP
 * servers, the host's neighbour table, and, in place of a guest agent, the container's own devices,
 * which the host can simply look at.
 */
#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "conf/value.h"
#include "lxc_driver/connection.h"
#include "lxc_driver/domain.h"
#include "lxc_driver/handlers.h"
#include "lxc_driver/init-process.h"
#include "lxc_driver/network-port.h"
#include "net/link.h"
#include "remote-xdr.h"

#include <fcntl.h>
#include <libvirt/libvirt.h>
#include <string.h>

/* The entry of that name, made on first sight. The reply's arrays grow one by one: they are short.
 */
static RemoteDomainInterface *entry(RemoteDomainInterfaceAddressesRet *ret, const char *name,
                                    const uint8_t mac[6])
{
    RemoteDomainInterface *fresh;

    for (uint32_t i = 0; i < ret->ifaces.len; i++)
        if (g_str_equal(ret->ifaces.items[i].name, name))
            return &ret->ifaces.items[i];
    ret->ifaces.items = g_renew(RemoteDomainInterface, ret->ifaces.items, ret->ifaces.len + 1);
    fresh = &ret->ifaces.items[ret->ifaces.len++];
    *fresh = (RemoteDomainInterface){ .name = g_strdup(name), .hwaddr = value_format_mac(mac) };
    return fresh;
}

static void add_address(RemoteDomainInterface *to, const char *address, bool ipv6, unsigned prefix)
{
    to->addrs.items = g_renew(RemoteDomainIpAddr, to->addrs.items, to->addrs.len + 1);
    to->addrs.items[to->addrs.len++] = (RemoteDomainIpAddr){
        .type = ipv6 ? VIR_IP_ADDR_TYPE_IPV6 : VIR_IP_ADDR_TYPE_IPV4,
        .addr = g_strdup(address),
        .prefix = prefix,
    };
}

/* ---- leases ------------------------------------------------------------------------------------
 */

/* Interfaces the leases were asked for, in the order of the queries. */
typedef struct LeaseQuestion {
    RpcCall *call;
    GPtrArray *names; /* host ends */
    GArray *queries;  /* of NetworkLeaseQuery; the strings belong to `domain`'s definition copy */
    DomainDef *live;
} LeaseQuestion;

static void question_free(LeaseQuestion *question)
{
    g_ptr_array_unref(question->names);
    g_array_unref(question->queries);
    domain_def_free(question->live);
    g_free(question);
}

static void leases_found(const NetworkLease *leases, size_t n_leases, const GError *err, void *data)
{
    LeaseQuestion *question = data;
    RemoteDomainInterfaceAddressesRet *ret = rpc_call_ret(question->call);

    for (size_t i = 0; i < n_leases; i++) {
        const NetworkLease *lease = &leases[i];
        const NetworkLeaseQuery *query =
            &g_array_index(question->queries, NetworkLeaseQuery, lease->query);
        const char *name = g_ptr_array_index(question->names, lease->query);
        add_address(entry(ret, name, query->mac), lease->address, lease->ipv6, lease->prefix);
    }
    rpc_call_finish(question->call, err ? g_error_copy(err) : NULL);
    question_free(question);
}

static bool answer_from_leases(RpcCall *call, const Domain *domain)
{
    LeaseQuestion *question = g_new0(LeaseQuestion, 1);

    question->call = call;
    question->names = g_ptr_array_new();
    question->queries = g_array_new(FALSE, FALSE, sizeof(NetworkLeaseQuery));
    question->live = domain_def_unfold(domain->live);
    for (size_t i = 0; i < question->live->interfaces.n; i++) {
        const Interface *interface = question->live->interfaces.items[i];
        NetworkLeaseQuery query = { .network = interface->network };
        if (interface->type != INTERFACE_NETWORK || !interface->target_dev)
            continue;
        memcpy(query.mac, interface->mac, sizeof query.mac);
        g_array_append_val(question->queries, query);
        g_ptr_array_add(question->names, interface->target_dev);
    }
    if (question->queries->len == 0) {
        question_free(question);
        return true;
    }
    rpc_call_defer(call);
    network_port_leases(domain->driver->network_run_dir,
                        (const NetworkLeaseQuery *)(void *)question->queries->data,
                        question->queries->len, leases_found, question);
    return true;
}

/* ---- the host's neighbours ---------------------------------------------------------------------
 */

/* One interface whose addresses are being collected. */
typedef struct Collecting {
    RemoteDomainInterfaceAddressesRet *ret;
    const Interface *interface;
} Collecting;

static void neighbour_found(const char *address, bool ipv6, void *data)
{
    Collecting *collecting = data;
    const Interface *interface = collecting->interface;

    add_address(entry(collecting->ret, interface->target_dev, interface->mac), address, ipv6, 0);
}

static bool answer_from_neighbours(const Domain *domain, RemoteDomainInterfaceAddressesRet *ret,
                                   GError **err)
{
    const InterfaceList *list = &domain_live(domain)->interfaces;

    for (size_t i = 0; i < list->n; i++) {
        Collecting collecting = { .ret = ret, .interface = list->items[i] };
        if (collecting.interface->target_dev &&
            !link_neighbours(collecting.interface->mac, neighbour_found, &collecting, err))
            return false;
    }
    return true;
}

/* ---- the container's own devices ---------------------------------------------------------------
 */

static void device_found(const LinkAddress *address, void *data)
{
    RemoteDomainInterface *to = entry(data, address->name, address->mac);

    if (address->address)
        add_address(to, address->address, address->ipv6, address->prefix);
}

static bool open_netns(Domain *domain, int *ret_fd, GError **err)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/ns/net", (int)domain->init_pid);
    autofd int process = -1;
    autofd int fd = -1;
    InitProcess init;

    if (!domain_open_init(domain, &init, err))
        return false;
    process = init.fd;
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return init_process_fail_ended(err);
    if (fd < 0)
        return fail_errno(err, errno, _("cannot open the network namespace '%s'"), path);
    *ret_fd = fd_steal(&fd);
    return init_process_is_there(&init, err);
}

static bool answer_from_devices(Domain *domain, RemoteDomainInterfaceAddressesRet *ret,
                                GError **err)
{
    autofd int netns_fd = -1;

    return open_netns(domain, &netns_fd, err) &&
           link_addresses_inside(netns_fd, device_found, ret, err);
}

/* ------------------------------------------------------------------------------------------------
 */

static bool check_readonly(RpcCall *call, const RemoteDomainInterfaceAddressesArgs *args,
                           GError **err)
{
    if (args->source == VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT &&
        connection_of(rpc_call_client(call))->readonly)
        return fail(err, ERR(DOMAIN, OPERATION_DENIED),
                    _("read only access prevents virDomainInterfaceAddresses"));
    return true;
}

bool on_domain_interface_addresses(RpcCall *call, const void *args_, void *ret, GError **err)
{
    const RemoteDomainInterfaceAddressesArgs *args = args_;
    Domain *domain = rpc_call_domain(call);

    if (!check_readonly(call, args, err) || !domain_check_active(domain, err))
        return false;
    switch (args->source) {
    case VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_LEASE:
        return answer_from_leases(call, domain);
    case VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_ARP:
        return answer_from_neighbours(domain, ret, err);
    case VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT:
        return answer_from_devices(domain, ret, err);
    default:
        return fail(err, ERR(LXC, ARGUMENT_UNSUPPORTED), _("unknown source of addresses %u"),
                    args->source);
    }
}
