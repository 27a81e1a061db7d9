// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* Opening and closing the hypervisor connection, and who is at its other end. */
#include "base/error.h"
#include "base/text.h"
#include "lxc_driver/connection.h"
#include "lxc_driver/handlers.h"
#include "remote-xdr.h"

#include <libvirt/libvirt.h>

#define OPEN_READONLY 1 /* the only bit of CONNECT_OPEN's flags that is the server's business */

/* Everything after scheme and host: "", "/" and "/system" are this driver's. */
static bool check_uri(const char *name, GError **err)
{
    g_autoptr(GUri) uri = NULL;
    const char *path;

    if (!name || !*name)
        return true;
    uri = g_uri_parse(name, G_URI_FLAGS_NON_DNS, NULL);
    if (!uri || g_strcmp0(g_uri_get_scheme(uri), "lxc") != 0)
        return fail(err, ERR(NONE, NO_CONNECT), _("no driver for the connection '%s' here"), name);
    path = g_uri_get_path(uri);
    if (*path && !g_str_equal(path, "/") && !g_str_equal(path, "/system"))
        return fail(err, ERR(LXC, INTERNAL_ERROR),
                    _("unexpected path '%s' in a connection URI, try lxc:///system"), path);
    return true;
}

bool on_connect_open(RpcCall *call, const void *args_, void *ret, GError **err)
{
    const RemoteConnectOpenArgs *args = args_;
    Connection *connection = connection_of(rpc_call_client(call));

    if (connection->open)
        return fail(err, ERR(RPC, INTERNAL_ERROR), _("the connection is already open"));
    if (!check_uri(args->name, err))
        return false;
    connection->open = true;
    connection->readonly = connection->readonly || (args->flags & OPEN_READONLY);
    rpc_client_set_readonly(rpc_call_client(call), connection->readonly);
    return true;
}

bool on_connect_close(RpcCall *call, const void *args, void *ret, GError **err)
{
    rpc_client_close_after_reply(rpc_call_client(call));
    return true;
}

/* The hypervisor's side never closes by itself, so there is nothing to remember. */
bool on_connect_register_close_callback(RpcCall *call, const void *args, void *ret, GError **err)
{
    return true;
}

bool on_connect_unregister_close_callback(RpcCall *call, const void *args, void *ret, GError **err)
{
    return true;
}

typedef struct IdentityField {
    const char *name;
    int type; /* virTypedParameterType */
} IdentityField;

static const IdentityField identity_fields[] = {
    {"user-name",                VIR_TYPED_PARAM_STRING},
    { "unix-user-id",            VIR_TYPED_PARAM_ULLONG},
    { "group-name",              VIR_TYPED_PARAM_STRING},
    { "unix-group-id",           VIR_TYPED_PARAM_ULLONG},
    { "process-id",              VIR_TYPED_PARAM_LLONG },
    { "process-time",            VIR_TYPED_PARAM_ULLONG},
    { "sasl-user-name",          VIR_TYPED_PARAM_STRING},
    { "x509-distinguished-name", VIR_TYPED_PARAM_STRING},
    { "selinux-context",         VIR_TYPED_PARAM_STRING},
};

static bool check_identity_field(const RemoteTypedParam *param, GError **err)
{
    for (size_t i = 0; i < G_N_ELEMENTS(identity_fields); i++) {
        if (!g_str_equal(identity_fields[i].name, param->field))
            continue;
        if (identity_fields[i].type != param->value.type)
            return fail(err, ERR(NONE, INVALID_ARG), _("parameter '%s' has the wrong type"),
                        param->field);
        return true;
    }
    return fail(err, ERR(NONE, ARGUMENT_UNSUPPORTED), _("parameter '%s' is not supported"),
                param->field);
}

/* A daemon that forwards a client's calls says who the client is; only root may speak for others.
 */
bool on_connect_set_identity(RpcCall *call, const void *args_, void *ret, GError **err)
{
    const RemoteConnectSetIdentityArgs *args = args_;

    for (uint32_t i = 0; i < args->params.len; i++) {
        if (!check_identity_field(&args->params.items[i], err))
            return false;
        for (uint32_t j = 0; j < i; j++)
            if (g_str_equal(args->params.items[i].field, args->params.items[j].field))
                return fail(err, ERR(NONE, INVALID_ARG), _("parameter '%s' is given twice"),
                            args->params.items[i].field);
    }
    if (rpc_client_uid(rpc_call_client(call)) != 0)
        return fail(err, ERR(NONE, ACCESS_DENIED), _("only root may set another identity"));
    rpc_client_set_identity(rpc_call_client(call), args);
    return true;
}
