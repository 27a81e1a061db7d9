// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See libvirt-client.h. A monolithic libvirtd serves the schemes of all the others. */
#include "lxc_driver/libvirt-client.h"

#include <gmodule.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"

#define LIBRARY "libvirt.so.0"

#define LIBVIRT_ROW(name) { #name, offsetof(LibvirtClient, name) },

static const struct {
    const char *name;
    size_t offset; /* of the pointer in LibvirtClient */
} functions[] = { LIBVIRT_FUNCTIONS(LIBVIRT_ROW) };

/* In the order of LibvirtDaemon. */
static const struct {
    const char *scheme;
    const char *socket;
} daemons[] = {
    [LIBVIRT_NETWORK] = {"network",   "virtnetworkd-sock" },
    [LIBVIRT_NWFILTER] = { "nwfilter", "virtnwfilterd-sock"},
    [LIBVIRT_STORAGE] = { "storage",  "virtstoraged-sock" },
};

/* The library reports every error to standard error as well, unless somebody else listens. */
static void ignore_report(void *data, virErrorPtr error)
{
}

void libvirt_client_close(LibvirtClient *client)
{
    if (!client)
        return;
    if (client->connection)
        (void)client->virConnectClose(client->connection); /* the other side notices anyway */
    g_free(client);
}

/* Never unloaded: the library keeps threads and thread-local data of its own. */
static bool load_functions(LibvirtClient *client, GError **err)
{
    GModule *module = g_module_open(LIBRARY, G_MODULE_BIND_LAZY | G_MODULE_BIND_LOCAL);

    if (!module)
        return fail(err, ERR(LXC, INTERNAL_ERROR),
                    _("cannot load '%s', which libvirt's other daemons are asked by: %s"), LIBRARY,
                    g_module_error());
    g_module_make_resident(module);
    for (size_t i = 0; i < G_N_ELEMENTS(functions); i++) {
        gpointer *slot = (gpointer *)(void *)((char *)client + functions[i].offset);
        if (!g_module_symbol(module, functions[i].name, slot))
            return fail(err, ERR(LXC, INTERNAL_ERROR), _("'%s' has no function '%s'"), LIBRARY,
                        functions[i].name);
    }
    return true;
}

static char *daemon_uri(const char *run_dir, LibvirtDaemon daemon)
{
    g_autofree char *modular = g_build_filename(run_dir, daemons[daemon].socket, NULL);
    g_autofree char *monolithic = g_build_filename(run_dir, "libvirt-sock", NULL);
    const bool is_modular = g_file_test(modular, G_FILE_TEST_EXISTS);
    g_autofree char *socket = g_uri_escape_string(is_modular ? modular : monolithic, "/", FALSE);

    return g_strconcat(daemons[daemon].scheme, "+unix:///system?socket=", socket, NULL);
}

bool libvirt_client_open(const char *run_dir, LibvirtDaemon daemon, LibvirtClient **ret_client,
                         GError **err)
{
    g_autoptr(LibvirtClient) client = g_new0(LibvirtClient, 1);
    g_autofree char *uri = daemon_uri(run_dir, daemon);

    if (!load_functions(client, err))
        return false;
    client->virSetErrorFunc(NULL, ignore_report);
    client->connection = client->virConnectOpen(uri);
    if (!client->connection)
        return libvirt_client_fail(client, err);
    *ret_client = g_steal_pointer(&client);
    return true;
}

/*
 * The code's template ("Network not found: %s") is in str1 and what goes into it in str2. Ours is
 * put around the detail again where the error leaves for the client.
 */
bool libvirt_client_fail(const LibvirtClient *client, GError **err)
{
    const virError *last = client->virGetLastError();
    const bool has_detail = last && last->str1 && strstr(last->str1, "%s") && last->str2;

    if (!last)
        return fail(err, ERR(LXC, INTERNAL_ERROR), _("the other daemon gave no reason"));
    return fail_remote(err, last->domain, last->code,
                       last->code == VIR_ERR_SYSTEM_ERROR ? last->int1 : 0,
                       has_detail      ? last->str2
                       : last->message ? last->message
                                       : "");
}
