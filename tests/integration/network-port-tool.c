// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Makes the calls of lxc_driver/network-port.h one at a time, for network-port.py:
 *
 *     network-port-tool RUN_DIR create INTERFACE
 *     network-port-tool RUN_DIR reclaim INTERFACE
 *     network-port-tool RUN_DIR release NETWORK PORT_ID
 *     network-port-tool RUN_DIR leases NETWORK...
 *
 * INTERFACE is an element of live XML. It prints what came out, the live XML of the interface for
 * the first, or "error DOMAIN CODE TEXT", and exits with 1 after an error.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "conf/domain-def.h"
#include "conf/interface-port.h"
#include "lxc_driver/network-port.h"

static const uint8_t the_mac[6] = { 0x52, 0x54, 0, 0xaa, 0xbb, 0xcc };

typedef struct Outcome {
    GMainLoop *loop;
    DomainDef *def; /* with the interface that asks */
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

/* A network's answer in the interface that asked. */
static void port_made(const char *xml, const GError *err, void *data)
{
    Outcome *outcome = data;
    g_autoptr(GError) local = NULL;
    g_autofree char *shown = NULL;

    if (xml && interface_port_apply(xml, outcome->def->interfaces.items[0], &local)) {
        shown = domain_def_format(outcome->def, DOMAIN_DEF_LIVE);
        fputs(shown, stdout);
    }
    finish(outcome, err ? err : local);
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

static DomainDef *domain_with(const char *interface)
{
    static const DomainDefHost host = { .arch = "x86_64", .emulator = "-" };
    g_autofree char *xml =
        g_strdup_printf("<domain type='lxc'><name>a&lt;b&gt;&amp;&apos;c&apos;</name>"
                        "<uuid>01020300-0000-0000-0000-000000000000</uuid><memory>65536</memory>"
                        "<os><type>exe</type><init>/init</init></os><devices>%s</devices></domain>",
                        interface);
    g_autoptr(GError) err = NULL;
    DomainDef *def = NULL;

    if (!domain_def_parse(xml, DOMAIN_DEF_LIVE, &host, &def, &err))
        g_error("%s", err->message);
    return def;
}

static NetworkPortPlace place_in(const char *run_dir, const DomainDef *def)
{
    const Interface *interface = def->interfaces.items[0];

    return (NetworkPortPlace){ run_dir, interface->network, interface->portid };
}

static void create(const char *run_dir, const char *text, Outcome *outcome)
{
    Interface *interface;
    g_autofree char *xml = NULL;
    NetworkPortPlace place;

    outcome->def = domain_with(text);
    interface = outcome->def->interfaces.items[0];
    interface->portid = g_uuid_string_random();
    xml = interface_port_format(outcome->def, interface, PORT_PLUG_OPEN);
    place = place_in(run_dir, outcome->def);
    network_port_create(&place, xml, port_made, outcome);
}

static void reclaim(const char *run_dir, const char *text, Outcome *outcome)
{
    g_autofree char *xml = NULL;
    NetworkPortPlace place;

    outcome->def = domain_with(text);
    xml = interface_port_format(outcome->def, outcome->def->interfaces.items[0], PORT_PLUG_KNOWN);
    place = place_in(run_dir, outcome->def);
    network_port_reclaim(&place, xml, port_done, outcome);
}

static void find_leases(const char *run_dir, char **networks, Outcome *outcome)
{
    size_t n = g_strv_length(networks);
    g_autofree NetworkLeaseQuery *queries = g_new0(NetworkLeaseQuery, n + 1);

    for (size_t i = 0; i < n; i++) {
        queries[i].network = networks[i];
        memcpy(queries[i].mac, the_mac, sizeof the_mac);
    }
    network_port_leases(run_dir, queries, n, leases_found, outcome);
}

static bool call(int argc, char **argv, Outcome *outcome)
{
    const char *run_dir = argv[1];
    const char *verb = argv[2];

    if (strcmp(verb, "create") == 0 && argc == 4) {
        create(run_dir, argv[3], outcome);
    } else if (strcmp(verb, "reclaim") == 0 && argc == 4) {
        reclaim(run_dir, argv[3], outcome);
    } else if (strcmp(verb, "release") == 0 && argc == 5) {
        const NetworkPortPlace place = { run_dir, argv[3], argv[4] };
        network_port_release(&place, port_done, outcome);
    } else if (strcmp(verb, "leases") == 0) {
        find_leases(run_dir, argv + 3, outcome);
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
    domain_def_free(outcome.def);
    return outcome.status;
}
