// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See connection.h. */
#include "lxc_driver/connection.h"

#include "base/error.h"
#include "base/text.h"
#include "lxc_driver/domain-list.h"
#include "lxc_driver/events.h"
#include "lxc_driver/stop.h"
#include "lxc_driver/uuid.h"

Connection *connection_of(RpcClient *client)
{
    Connection *connection = rpc_client_data(client);

    if (!connection) {
        connection = g_new0(Connection, 1);
        connection->readonly = rpc_client_socket_is_readonly(client);
        rpc_client_set_data(client, connection);
    }
    return connection;
}

static bool find_domain(RpcCall *call, const uint8_t *uuid, void **ret_domain, GError **err,
                        void *data)
{
    Driver *driver = data;
    char text[UUID_TEXT_SIZE];

    *ret_domain = domain_list_by_uuid(driver->domains, uuid);
    if (*ret_domain)
        return true;
    uuid_print(uuid, text);
    return fail(err, ERR(LXC, NO_DOMAIN), _("no domain with the uuid %s"), text);
}

static bool is_active(void *domain, void *data)
{
    return domain_is_active(domain);
}

static bool is_open(RpcClient *client, void *data)
{
    return connection_of(client)->open;
}

static bool is_readonly(RpcClient *client, void *data)
{
    return connection_of(client)->readonly;
}

static void closed(RpcClient *client, void *data)
{
    Driver *driver = data;
    Connection *connection = rpc_client_data(client);

    if (!connection)
        return;
    events_forget_client(driver->events, client);
    stop_owned_by(driver, rpc_client_id(client));
    rpc_client_set_data(client, NULL);
    g_free(connection);
}

const RpcProgramHooks connection_hooks = {
    .find_domain = find_domain,
    .domain_is_active = is_active,
    .is_open = is_open,
    .is_readonly = is_readonly,
    .closed = closed,
};
