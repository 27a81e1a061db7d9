// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Makes the calls of lxc_driver/network-port.h one at a time, for network-port.py:
 *
 *     network-port-tool RUN_DIR create NETWORK PORTGROUP isolated|open
 *     network-port-tool RUN_DIR reclaim NETWORK PORT_ID BRIDGE
 *     network-port-tool RUN_DIR release NETWORK PORT_ID
 *     network-port-tool RUN_DIR leases NETWORK...
 *
 * It prints what came out, or "error DOMAIN CODE TEXT", and exits with 1 after an error.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "lxc_driver/network-port.h"

static const uint8_t the_mac[6] = { 0x52, 0x54, 0, 0xaa, 0xbb, 0xcc };

typedef struct Outcome {
    GMainLoop *loop;
    int status;
} Outcome;

static void finish(Outcome *outcome, const GError *err)
{
    if (err) {
        printf("error %d %d %s\n", error_from(err), error_code(err), err->message);
        outcome->status = EXIT_FAILURE;
    }
    g_main_loop_quit(outcome->loop);
}

static void port_made(NetworkPort *port, const GError *err, void *data)
{
    if (port)
        printf("%s %s %s %s\n", port->id, port->bridge,
               port->mac_table_manager ? port->mac_table_manager : "-",
               port->isolated ? "isolated" : "open");
    network_port_free(port);
    finish(data, err);
}

static void port_done(const GError *err, void *data)
{
    if (!err)
        puts("done");
    finish(data, err);
}

static void leases_found(const NetworkLease *leases, size_t n_leases, const GError *err, void *data)
{
    for (size_t i = 0; i < n_leases; i++)
        printf("%zu %s/%u %s\n", leases[i].query, leases[i].address, leases[i].prefix,
               leases[i].hostname ? leases[i].hostname : "-");
    finish(data, err);
}

static PlanLink plan_link(char *network, char *portgroup, bool isolated)
{
    PlanLink link = {
        .kind = PLAN_LINK_NETWORK, .network = network, .portgroup = portgroup, .isolated = isolated
    };

    memcpy(link.mac, the_mac, sizeof the_mac);
    return link;
}

static bool call(int argc, char **argv, Outcome *outcome)
{
    const NetworkPortOwner owner = {
        .run_dir = argv[1], .name = "a<b>&'c'", .uuid = {1, 2, 3}
    };
    const char *verb = argv[2];

    if (strcmp(verb, "create") == 0 && argc == 6) {
        PlanLink link = plan_link(argv[3], argv[4], strcmp(argv[5], "isolated") == 0);
        g_autofree char *id = g_uuid_string_random();
        network_port_create(&owner, &link, id, port_made, outcome);
    } else if (strcmp(verb, "reclaim") == 0 && argc == 6) {
        PlanLink link = plan_link(argv[3], (char *)"", false);
        NetworkPort port = { .id = argv[4], .bridge = argv[5] };
        network_port_reclaim(&owner, &link, &port, port_done, outcome);
    } else if (strcmp(verb, "release") == 0 && argc == 5) {
        network_port_release(argv[1], argv[3], argv[4], port_done, outcome);
    } else if (strcmp(verb, "leases") == 0) {
        g_autofree NetworkLeaseQuery *queries = g_new0(NetworkLeaseQuery, (gsize)argc);
        for (int i = 3; i < argc; i++) {
            queries[i - 3].network = argv[i];
            memcpy(queries[i - 3].mac, the_mac, sizeof the_mac);
        }
        network_port_leases(argv[1], queries, (size_t)argc - 3, leases_found, outcome);
    } else {
        return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    Outcome outcome = { .loop = loop };

    if (argc < 3 || !call(argc, argv, &outcome)) {
        fprintf(stderr, "usage: see the head of network-port-tool.c\n");
        return 2;
    }
    g_main_loop_run(loop);
    return outcome.status;
}
