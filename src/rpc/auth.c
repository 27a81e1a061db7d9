// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Who may talk to us. Either everybody who can open the socket (none), or whom polkit allows to.
 *
 * polkit is asked over D-Bus, without waiting for it: the user may be typing a password. It is told
 * the process by pid, start time and uid, all read from the socket at accept, so that another
 * process that gets the same pid later cannot pass for it.
 */
#include "rpc/auth.h"

#include "base/error.h"
#include "base/text.h"
#include "remote-xdr.h"
#include "rpc/call.h"
#include "rpc/client.h"

#include <gio/gio.h>

#define POLKIT_NAME "org.freedesktop.PolicyKit1"
#define POLKIT_PATH "/org/freedesktop/PolicyKit1/Authority"
#define POLKIT_INTERFACE "org.freedesktop.PolicyKit1.Authority"
#define POLKIT_ALLOW_INTERACTION 1u

#define ACTION_MANAGE "org.libvirt.unix.manage"
#define ACTION_MONITOR "org.libvirt.unix.monitor"

bool rpc_on_auth_list(RpcCall *call, const void *args, void *ret_, GError **err)
{
    RpcClient *client = rpc_call_client(call);
    RemoteAuthListRet *ret = ret_;

    (void)args;
    (void)err;
    if (client->auth == RPC_AUTH_POLKIT && client->uid == 0)
        rpc_client_set_authenticated(client);
    ret->types.items = calloc(1, sizeof ret->types.items[0]);
    if (!ret->types.items)
        g_error("out of memory");
    ret->types.len = 1;
    ret->types.items[0] = client->authenticated ? REMOTE_AUTH_NONE : REMOTE_AUTH_POLKIT;
    return true;
}

/* Deliberately says nothing about why. */
static bool refuse(GError **err)
{
    return fail(err, ERR(RPC, AUTH_FAILED), _("authentication failed"));
}

/* ---- polkit -------------------------------------------------------------------------------- */

static const char *action_of(const RpcClient *client)
{
    return client->socket_readonly ? ACTION_MONITOR : ACTION_MANAGE;
}

static GVariant *describe_client(const RpcClient *client)
{
    GVariantBuilder subject;
    GVariantBuilder details;

    g_variant_builder_init(&subject, G_VARIANT_TYPE("a{sv}"));
    g_variant_builder_add(&subject, "{sv}", "pid", g_variant_new_uint32((guint32)client->pid));
    g_variant_builder_add(&subject, "{sv}", "start-time", g_variant_new_uint64(client->start_time));
    g_variant_builder_add(&subject, "{sv}", "uid", g_variant_new_int32((gint32)client->uid));
    g_variant_builder_init(&details, G_VARIANT_TYPE("a{ss}"));
    return g_variant_new("((sa{sv})sa{ss}us)", "unix-process", &subject, action_of(client),
                         &details, POLKIT_ALLOW_INTERACTION, "");
}

/* polkit's own word for "the user closed the dialog" is in the details. */
static bool judge(GVariant *answer, const char *action, GError **err)
{
    g_autoptr(GVariant) details = NULL;
    const char *dismissed;
    gboolean authorized;
    gboolean challenge;

    g_variant_get(answer, "((bb@a{ss}))", &authorized, &challenge, &details);
    if (authorized)
        return true;
    if (g_variant_lookup(details, "polkit.dismissed", "&s", &dismissed))
        return fail(err, ERR(RPC, AUTH_CANCELLED), _("user cancelled authentication process"));
    if (challenge)
        return fail(err, ERR(RPC, AUTH_UNAVAILABLE),
                    _("no polkit agent available to authenticate action '%s'"), action);
    return refuse(err);
}

static void on_answer(GObject *source, GAsyncResult *result, gpointer data)
{
    RpcCall *call = data;
    RpcClient *client = rpc_call_client(call);
    GError *err = NULL;
    g_autoptr(GError) bus_err = NULL;
    g_autoptr(GVariant) answer = NULL;

    answer = g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &bus_err);
    if (!answer)
        (void)fail(&err, ERR(DBUS, INTERNAL_ERROR), _("cannot ask polkit: %s"), bus_err->message);
    else if (client && judge(answer, action_of(client), &err))
        rpc_client_set_authenticated(client);
    if (client && !err)
        ((RemoteAuthPolkitRet *)rpc_call_ret(call))->complete = 1;
    rpc_call_finish(call, err);
}

static void on_bus(GObject *source, GAsyncResult *result, gpointer data)
{
    RpcCall *call = data;
    RpcClient *client = rpc_call_client(call);
    GError *err = NULL;
    g_autoptr(GError) bus_err = NULL;
    g_autoptr(GDBusConnection) bus = g_bus_get_finish(result, &bus_err);

    (void)source;
    if (!client || !bus) {
        if (!bus)
            (void)fail(&err, ERR(DBUS, INTERNAL_ERROR), _("cannot reach D-Bus: %s"),
                       bus_err->message);
        rpc_call_finish(call, err);
        return;
    }
    g_dbus_connection_set_exit_on_close(bus, FALSE); /* losing the bus is no reason to die */
    g_dbus_connection_call(bus, POLKIT_NAME, POLKIT_PATH, POLKIT_INTERFACE, "CheckAuthorization",
                           describe_client(client), G_VARIANT_TYPE("((bba{ss}))"),
                           G_DBUS_CALL_FLAGS_NONE, G_MAXINT, NULL, on_answer, call);
}

bool rpc_on_auth_polkit(RpcCall *call, const void *args, void *ret, GError **err)
{
    RpcClient *client = rpc_call_client(call);

    (void)args;
    (void)ret;
    if (client->auth != RPC_AUTH_POLKIT || client->authenticated || client->start_time == 0)
        return refuse(err);
    rpc_call_defer(call);
    g_bus_get(G_BUS_TYPE_SYSTEM, NULL, on_bus, call);
    return true;
}

/* ---- sasl: not offered --------------------------------------------------------------------- */

bool rpc_on_auth_sasl_init(RpcCall *call, const void *args, void *ret, GError **err)
{
    (void)call;
    (void)args;
    (void)ret;
    return refuse(err);
}

bool rpc_on_auth_sasl_start(RpcCall *call, const void *args, void *ret, GError **err)
{
    (void)call;
    (void)args;
    (void)ret;
    return refuse(err);
}

bool rpc_on_auth_sasl_step(RpcCall *call, const void *args, void *ret, GError **err)
{
    (void)call;
    (void)args;
    (void)ret;
    return refuse(err);
}
