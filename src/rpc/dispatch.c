// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See dispatch.h. The checks before decoding need only the header and the row and end in an error
 * packet; those after it work on a call. Both are lists, so that their order can be read.
 */
#include "rpc/dispatch.h"

#include "base/error.h"
#include "base/text.h"
#include "remote-xdr.h"
#include "rpc/call-state.h"
#include "rpc/relay.h"
#include "rpc/server-state.h"
#include "rpc/wire-error.h"

#include <string.h>

/* ---- finding the row ----------------------------------------------------------------------- */

typedef struct Row {
    const RpcProgram *program;
    const RpcProcedure *procedure;
    const RpcFields *fields;
} Row;

static const RpcProgramEntry *find_program(const RpcServer *server, const RpcHeader *header)
{
    for (size_t i = 0; i < server->n_programs; i++)
        if (server->programs[i].program->number == header->program &&
            server->programs[i].program->version == header->version)
            return &server->programs[i];
    return NULL;
}

static bool find_procedure(const RpcProgramEntry *entry, int32_t number, Row *ret_row)
{
    const RpcProgram *program = entry->program;
    size_t low = 0;
    size_t high = program->n_procedures;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (program->procedures[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == program->n_procedures || program->procedures[low].number != number)
        return false;
    *ret_row = (Row){ .program = program,
                      .procedure = &program->procedures[low],
                      .fields = &entry->fields[low] };
    return true;
}

static bool find_row(const RpcServer *server, const RpcHeader *header, Row *ret_row, GError **err)
{
    const RpcProgramEntry *entry = find_program(server, header);

    if (!entry)
        return fail(err, ERR(RPC, RPC), _("no program 0x%x in version %u here"), header->program,
                    header->version);
    if (header->status != RPC_STATUS_OK)
        return fail(err, ERR(RPC, RPC), _("a call cannot have the status %d"), header->status);
    /* Clients recognize the first two words and take them for NO_SUPPORT: never translated. */
    if (!find_procedure(entry, header->procedure, ret_row) ||
        ret_row->procedure->route == RPC_EVENT)
        return fail(err, ERR(RPC, RPC), "unknown procedure: %d", header->procedure);
    return true;
}

struct RpcFields *rpc_fields_new(const RpcProgram *program)
{
    RpcFields *fields = g_new(RpcFields, program->n_procedures);

    for (size_t i = 0; i < program->n_procedures; i++) {
        const XdrType *args = program->procedures[i].args;
        fields[i].flags = args ? xdr_field_offset(args, "flags") : -1;
        fields[i].domain = args ? xdr_field_offset(args, "dom") : -1;
    }
    return fields;
}

/* ---- checks on a call, in order ------------------------------------------------------------ */

static uint32_t flags_of(const RpcCall *call, const Row *row)
{
    uint32_t flags = 0;

    if (row->fields->flags >= 0)
        memcpy(&flags, (const char *)call->args + row->fields->flags, sizeof flags);
    return flags;
}

static bool check_flags(RpcCall *call, const Row *row, GError **err)
{
    uint32_t unknown = flags_of(call, row) & ~call->procedure->flags;

    if (unknown == 0 || call->procedure->route != RPC_OURS)
        return true;
    return fail_argument(err, call->procedure->api, "flags",
                         _("unsupported flags (0x%x) in function %s"), unknown,
                         call->procedure->api);
}

static bool is_open(RpcClient *client, const Row *row, GError **err)
{
    const RpcProgramHooks *hooks = row->program->hooks;

    if (row->procedure->target == RPC_TARGET_AUTH || row->procedure->target == RPC_TARGET_NONE)
        return true;
    if (!hooks || !hooks->is_open || hooks->is_open(client, row->program->data))
        return true;
    return fail(err, ERR(RPC, INTERNAL_ERROR), _("the connection is not open"));
}

static bool may_change(RpcClient *client, const Row *row, GError **err)
{
    const RpcProgramHooks *hooks = row->program->hooks;
    g_autofree char *text = NULL;

    if (!hooks || !hooks->is_readonly || !hooks->is_readonly(client, row->program->data))
        return true;
    text = g_strdup_printf(_("read only access prevents %s"), row->procedure->api);
    return fail_remote(err, rpc_api_origin(row->procedure->api), VIR_ERR_OPERATION_DENIED, 0, text);
}

static bool check_open(RpcCall *call, const Row *row, GError **err)
{
    return is_open(call->client, row, err);
}

static bool check_readonly(RpcCall *call, const Row *row, GError **err)
{
    uint32_t denied = flags_of(call, row) & call->procedure->readonly_denied;

    return (call->procedure->readonly && !denied) || may_change(call->client, row, err);
}

static bool check_supported(RpcCall *call, const Row *row, GError **err)
{
    (void)row;
    if (call->procedure->route == RPC_OURS)
        return true;
    return fail_remote(err, rpc_api_origin(call->procedure->api), VIR_ERR_NO_SUPPORT, 0,
                       call->procedure->api);
}

static bool check_domain(RpcCall *call, const Row *row, GError **err)
{
    const RpcProgramHooks *hooks = row->program->hooks;
    const RemoteNonnullDomain *domain;

    if (call->procedure->target != RPC_TARGET_DOMAIN)
        return true;
    domain = (const void *)((const char *)call->args + row->fields->domain);
    return hooks->find_domain(call, domain->uuid, &call->domain, err, row->program->data);
}

static bool check_permission(RpcCall *call, const Row *row, GError **err)
{
    const RpcProgramHooks *hooks = row->program->hooks;

    if (!hooks || !hooks->may || !call->procedure->acl)
        return true;
    return hooks->may(call, call->procedure->acl, call->domain, err, row->program->data);
}

static bool check_state(RpcCall *call, const Row *row, GError **err)
{
    const RpcProgramHooks *hooks = row->program->hooks;
    bool active;

    if (call->procedure->state == RPC_STATE_ANY)
        return true;
    active = hooks->domain_is_active(call->domain, row->program->data);
    if (active == (call->procedure->state == RPC_STATE_RUNNING))
        return true;
    if (active)
        return fail(err, ERR(LXC, OPERATION_INVALID), _("domain is already running"));
    return fail(err, ERR(DOMAIN, OPERATION_INVALID), _("domain is not running"));
}

typedef bool Check(RpcCall *call, const Row *row, GError **err);

static Check *const checks[] = {
    check_flags,  check_open,       check_readonly, check_supported,
    check_domain, check_permission, check_state,
};

/* ---- the way of a call --------------------------------------------------------------------- */

static bool check_authenticated(const RpcClient *client, const Row *row, GError **err)
{
    if (client->authenticated || row->procedure->target == RPC_TARGET_AUTH)
        return true;
    return fail(err, ERR(RPC, RPC), _("authentication required"));
}

static bool decode_args(const RpcPacket *packet, RpcCall *call, GError **err)
{
    XdrEnd end;
    XdrStatus status;

    if (!call->args)
        return true;
    status =
        xdr_decode(call->procedure->args, packet->payload, packet->payload_size, call->args, &end);
    if (status == XDR_OK)
        return true;
    return fail(err, ERR(RPC, RPC), _("cannot decode '%s' of the arguments of %s: %s"), end.field,
                call->procedure->name, xdr_status_text(status));
}

static void refuse(RpcClient *client, const RpcHeader *header, const GError *err)
{
    rpc_client_begin_request(client);
    rpc_client_send_error(client, header, err);
}

static void run(RpcCall *call, RpcPacket *packet, const Row *row)
{
    GError *err = NULL;
    bool ok = decode_args(packet, call, &err);

    for (size_t i = 0; ok && i < G_N_ELEMENTS(checks); i++)
        ok = checks[i](call, row, &err);
    if (!ok) {
        rpc_call_finish(call, err);
        return;
    }
    rpc_call_take_fds(call, packet);
    rpc_call_handle(call);
}

/* Another daemon's procedure: it will look into the arguments, we do not. */
static void pass_on(RpcClient *client, const RpcPacket *packet, const Row *row)
{
    g_autoptr(GError) err = NULL;

    if (!is_open(client, row, &err) ||
        !(row->procedure->readonly || may_change(client, row, &err))) {
        refuse(client, &packet->header, err);
        return;
    }
    if (!client->relay)
        client->relay = rpc_relay_new(client, client->server->poller, client->server->run_dir);
    rpc_client_begin_request(client);
    rpc_relay_call(client->relay, row->procedure, packet);
}

void rpc_dispatch(RpcClient *client, RpcPacket *packet)
{
    g_autoptr(GError) err = NULL;
    Row row;

    if (!find_row(client->server, &packet->header, &row, &err) ||
        !check_authenticated(client, &row, &err)) {
        refuse(client, &packet->header, err);
        return;
    }
    if (row.procedure->route >= RPC_NETWORK)
        pass_on(client, packet, &row);
    else
        run(rpc_call_new(client, row.program, row.procedure, &packet->header), packet, &row);
}
