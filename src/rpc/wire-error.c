// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See wire-error.h. Inside the daemon an error is a code and a sentence; here the code's template
 * goes around the sentence. The templates are not translated: programs and scripts look for them,
 * and the sentence inside is.
 */
#include "rpc/wire-error.h"

#include "remote-xdr.h"

#include <string.h>

/* Each has one %s, for the detail. */
static const char *const templates[] = {
    [VIR_ERR_INTERNAL_ERROR] = "internal error: %s",
    [VIR_ERR_NO_MEMORY] = "out of memory: %s",
    [VIR_ERR_NO_SUPPORT] = "this function is not supported by the connection driver: %s",
    [VIR_ERR_UNKNOWN_HOST] = "unknown host %s",
    [VIR_ERR_NO_CONNECT] = "no connection driver available for %s",
    [VIR_ERR_INVALID_CONN] = "invalid connection pointer in %s",
    [VIR_ERR_INVALID_DOMAIN] = "invalid domain pointer in %s",
    [VIR_ERR_INVALID_ARG] = "invalid argument: %s",
    [VIR_ERR_OPERATION_FAILED] = "operation failed: %s",
    [VIR_ERR_GET_FAILED] = "GET operation failed: %s",
    [VIR_ERR_POST_FAILED] = "POST operation failed: %s",
    [VIR_ERR_HTTP_ERROR] = "got unknown HTTP error code %s",
    [VIR_ERR_SEXPR_SERIAL] = "failed to serialize S-Expr: %s",
    [VIR_ERR_NO_XEN] = "could not use Xen hypervisor entry %s",
    [VIR_ERR_XEN_CALL] = "failed Xen syscall %s",
    [VIR_ERR_OS_TYPE] = "unknown OS type %s",
    [VIR_ERR_NO_KERNEL] = "missing kernel information: %s",
    [VIR_ERR_NO_ROOT] = "missing root device information in %s",
    [VIR_ERR_NO_SOURCE] = "missing source information for device %s",
    [VIR_ERR_NO_TARGET] = "missing target information for device %s",
    [VIR_ERR_NO_NAME] = "missing name information in %s",
    [VIR_ERR_NO_OS] = "missing operating system information for %s",
    [VIR_ERR_NO_DEVICE] = "missing devices information for %s",
    [VIR_ERR_NO_XENSTORE] = "could not connect to Xen Store %s",
    [VIR_ERR_DRIVER_FULL] = "too many drivers registered in %s",
    [VIR_ERR_CALL_FAILED] = "library call failed: %s",
    [VIR_ERR_XML_ERROR] = "XML error: %s",
    [VIR_ERR_DOM_EXIST] = "domain %s exists already",
    [VIR_ERR_OPERATION_DENIED] = "operation forbidden: %s",
    [VIR_ERR_OPEN_FAILED] = "failed to open configuration file %s",
    [VIR_ERR_READ_FAILED] = "failed to read configuration file %s",
    [VIR_ERR_PARSE_FAILED] = "failed to parse configuration file %s",
    [VIR_ERR_CONF_SYNTAX] = "configuration file syntax error: %s",
    [VIR_ERR_WRITE_FAILED] = "failed to write configuration file: %s",
    [VIR_ERR_XML_DETAIL] = "%s",
    [VIR_ERR_INVALID_NETWORK] = "invalid network pointer in %s",
    [VIR_ERR_NETWORK_EXIST] = "network %s exists already",
    [VIR_ERR_SYSTEM_ERROR] = "%s",
    [VIR_ERR_RPC] = "%s",
    [VIR_ERR_GNUTLS_ERROR] = "%s",
    [VIR_WAR_NO_NETWORK] = "Failed to find the network: %s",
    [VIR_ERR_NO_DOMAIN] = "Domain not found: %s",
    [VIR_ERR_NO_NETWORK] = "Network not found: %s",
    [VIR_ERR_INVALID_MAC] = "invalid MAC address: %s",
    [VIR_ERR_AUTH_FAILED] = "authentication failed: %s",
    [VIR_ERR_INVALID_STORAGE_POOL] = "invalid storage pool pointer in %s",
    [VIR_ERR_INVALID_STORAGE_VOL] = "invalid storage volume pointer in %s",
    [VIR_WAR_NO_STORAGE] = "Failed to find a storage driver: %s",
    [VIR_ERR_NO_STORAGE_POOL] = "Storage pool not found: %s",
    [VIR_ERR_NO_STORAGE_VOL] = "Storage volume not found: %s",
    [VIR_WAR_NO_NODE] = "Failed to find a node driver: %s",
    [VIR_ERR_INVALID_NODE_DEVICE] = "invalid node device pointer in %s",
    [VIR_ERR_NO_NODE_DEVICE] = "Node device not found: %s",
    [VIR_ERR_NO_SECURITY_MODEL] = "Security model not found: %s",
    [VIR_ERR_OPERATION_INVALID] = "Requested operation is not valid: %s",
    [VIR_WAR_NO_INTERFACE] = "Failed to find the interface: %s",
    [VIR_ERR_NO_INTERFACE] = "Interface not found: %s",
    [VIR_ERR_INVALID_INTERFACE] = "invalid interface pointer in %s",
    [VIR_ERR_MULTIPLE_INTERFACES] = "multiple matching interfaces found: %s",
    [VIR_WAR_NO_NWFILTER] = "Failed to start the nwfilter driver: %s",
    [VIR_ERR_INVALID_NWFILTER] = "Invalid network filter: %s",
    [VIR_ERR_NO_NWFILTER] = "Network filter not found: %s",
    [VIR_ERR_BUILD_FIREWALL] = "Error while building firewall: %s",
    [VIR_WAR_NO_SECRET] = "Failed to find a secret storage driver: %s",
    [VIR_ERR_INVALID_SECRET] = "Invalid secret: %s",
    [VIR_ERR_NO_SECRET] = "Secret not found: %s",
    [VIR_ERR_CONFIG_UNSUPPORTED] = "unsupported configuration: %s",
    [VIR_ERR_OPERATION_TIMEOUT] = "Timed out during operation: %s",
    [VIR_ERR_MIGRATE_PERSIST_FAILED] = "Failed to make domain persistent after migration: %s",
    [VIR_ERR_HOOK_SCRIPT_FAILED] = "Hook script execution failed: %s",
    [VIR_ERR_INVALID_DOMAIN_SNAPSHOT] = "Invalid domain snapshot: %s",
    [VIR_ERR_NO_DOMAIN_SNAPSHOT] = "Domain snapshot not found: %s",
    [VIR_ERR_INVALID_STREAM] = "invalid stream pointer in %s",
    [VIR_ERR_ARGUMENT_UNSUPPORTED] = "argument unsupported: %s",
    [VIR_ERR_STORAGE_PROBE_FAILED] = "Storage pool probe failed: %s",
    [VIR_ERR_STORAGE_POOL_BUILT] = "Storage pool already built: %s",
    [VIR_ERR_SNAPSHOT_REVERT_RISKY] = "revert requires force: %s",
    [VIR_ERR_OPERATION_ABORTED] = "operation aborted: %s",
    [VIR_ERR_AUTH_CANCELLED] = "authentication cancelled: %s",
    [VIR_ERR_NO_DOMAIN_METADATA] = "metadata not found: %s",
    [VIR_ERR_MIGRATE_UNSAFE] = "Unsafe migration: %s",
    [VIR_ERR_OVERFLOW] = "numerical overflow: %s",
    [VIR_ERR_BLOCK_COPY_ACTIVE] = "block copy still active: %s",
    [VIR_ERR_OPERATION_UNSUPPORTED] = "Operation not supported: %s",
    [VIR_ERR_SSH] = "SSH transport error: %s",
    [VIR_ERR_AGENT_UNRESPONSIVE] = "Guest agent is not responding: %s",
    [VIR_ERR_RESOURCE_BUSY] = "resource busy: %s",
    [VIR_ERR_ACCESS_DENIED] = "access denied: %s",
    [VIR_ERR_DBUS_SERVICE] = "error from service: %s",
    [VIR_ERR_STORAGE_VOL_EXIST] = "storage volume %s exists already",
    [VIR_ERR_CPU_INCOMPATIBLE] = "the CPU is incompatible with host CPU: %s",
    [VIR_ERR_XML_INVALID_SCHEMA] = "XML document failed to validate against schema: %s",
    [VIR_ERR_MIGRATE_FINISH_OK] = "migration successfully aborted: %s",
    [VIR_ERR_AUTH_UNAVAILABLE] = "authentication unavailable: %s",
    [VIR_ERR_NO_SERVER] = "Server not found: %s",
    [VIR_ERR_NO_CLIENT] = "Client not found: %s",
    [VIR_ERR_AGENT_UNSYNCED] = "guest agent replied with wrong id to guest-sync command: %s",
    [VIR_ERR_LIBSSH] = "libssh transport error: %s",
    [VIR_ERR_DEVICE_MISSING] = "device not found: %s",
    [VIR_ERR_INVALID_NWFILTER_BINDING] = "Invalid network filter binding: %s",
    [VIR_ERR_NO_NWFILTER_BINDING] = "Network filter binding not found: %s",
    [VIR_ERR_INVALID_DOMAIN_CHECKPOINT] = "Invalid domain checkpoint: %s",
    [VIR_ERR_NO_DOMAIN_CHECKPOINT] = "Domain checkpoint not found: %s",
    [VIR_ERR_NO_DOMAIN_BACKUP] = "Domain backup job id not found: %s",
    [VIR_ERR_INVALID_NETWORK_PORT] = "Invalid network port pointer: %s",
    [VIR_ERR_NETWORK_PORT_EXIST] = "network port %s exists already",
    [VIR_ERR_NO_NETWORK_PORT] = "network port not found: %s",
    [VIR_ERR_NO_HOSTNAME] = "no hostname found: %s",
    [VIR_ERR_CHECKPOINT_INCONSISTENT] = "checkpoint inconsistent: %s",
    [VIR_ERR_MULTIPLE_DOMAINS] = "multiple matching domains found: %s",
};

/* A newer libvirt has codes that are not in the table. */
static const char *template_of(int code)
{
    const char *found = NULL;

    if (code > 0 && (size_t)code < G_N_ELEMENTS(templates))
        found = templates[code];
    return found ? found : "%s";
}

/* An error that comes from another daemon through libvirt's API has the template on it already. */
static const char *without_template(const char *template, const char *message)
{
    size_t length = (size_t)(strstr(template, "%s") - template);

    if (template[length + 2] == '\0' && strncmp(message, template, length) == 0)
        return message + length;
    return message;
}

static char *apply_template(const char *template, const char *detail)
{
    const char *slot = strstr(template, "%s");

    return g_strdup_printf("%.*s%s%s", (int)(slot - template), template, detail, slot + 2);
}

/* Returns the whole message, from which *ret_wire borrows, as it does from err. */
static char *fill(const GError *err, RemoteError *ret_wire)
{
    const char *template = template_of(error_code(err));
    const char *detail = without_template(template, err->message);
    char *message;

    *ret_wire =
        (RemoteError){ .code = error_code(err), .domain = error_from(err), .level = VIR_ERR_ERROR };
    if (error_argument(err)) {
        message = g_strdup(err->message);
        ret_wire->str1 = (char *)error_function(err);
        ret_wire->str2 = (char *)error_argument(err);
    } else {
        message = apply_template(template, detail);
        ret_wire->str1 = (char *)template;
        ret_wire->str2 = (char *)detail;
        ret_wire->int1 = error_errno(err) ? error_errno(err) : -1;
        ret_wire->int2 = -1;
    }
    ret_wire->message = message;
    return message;
}

void rpc_error_build(XdrBuffer *out, const RpcHeader *request, RpcType type, const GError *err)
{
    g_autofree char *message = NULL;
    RpcHeader header = *request;
    RemoteError wire;

    header.type = type;
    header.status = RPC_STATUS_ERROR;
    message = fill(err, &wire);
    if (rpc_packet_build(out, &header, 0, &remote_error_xdr, &wire) == XDR_OK)
        return;
    /* The sentence is longer than a string may be: say so in a short one. */
    xdr_buffer_clear(out);
    wire.message = wire.str2 = (char *)"the text of the error is too long to be sent";
    (void)rpc_packet_build(out, &header, 0, &remote_error_xdr, &wire); /* always fits */
}

/* The first row whose word is in the function's name counts. */
static const struct {
    const char *word;
    int origin;
} origins[] = {
    {"Snapshot",       VIR_FROM_DOMAIN_SNAPSHOT  },
    { "Checkpoint",    VIR_FROM_DOMAIN_CHECKPOINT},
    { "virDomain",     VIR_FROM_DOMAIN           },
    { "virNetwork",    VIR_FROM_NETWORK          },
    { "Storage",       VIR_FROM_STORAGE          },
    { "virNodeDevice", VIR_FROM_NODEDEV          },
    { "virInterface",  VIR_FROM_INTERFACE        },
    { "virSecret",     VIR_FROM_SECRET           },
    { "virNWFilter",   VIR_FROM_NWFILTER         },
};

int rpc_api_origin(const char *api)
{
    for (size_t i = 0; api && i < G_N_ELEMENTS(origins); i++)
        if (strstr(api, origins[i].word))
            return origins[i].origin;
    return VIR_FROM_DOMAIN;
}
