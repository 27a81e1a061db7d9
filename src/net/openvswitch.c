// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See openvswitch.h. The switch is told by its own command, which is run without a shell. What it
 * notes about a port are the names that libvirt gives there (external-ids): controllers such as OVN
 * and Neutron find their ports by iface-id.
 */
#include "net/openvswitch.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"

#define COMMAND "ovs-vsctl"
#define PORT_TYPE "openvswitch"

bool openvswitch_wants(const PlanLink *plan)
{
    return plan->kind == PLAN_LINK_BRIDGE && strcmp(plan->port_type, PORT_TYPE) == 0;
}

/* ---- running the command -----------------------------------------------------------------------
 */

static void add(GPtrArray *argv, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void add(GPtrArray *argv, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_ptr_array_add(argv, g_strdup_vprintf(format, args));
    va_end(args);
}

/* A switch that does not answer within 5 s does not answer. */
static GPtrArray *command_new(void)
{
    GPtrArray *argv = g_ptr_array_new_with_free_func(g_free);

    add(argv, COMMAND);
    add(argv, "--timeout=5");
    return argv;
}

/* The error is the reason only. */
static bool command_run(GPtrArray *argv, GError **err)
{
    static const char *const env[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", NULL };
    g_autoptr(GError) local = NULL;
    g_autofree char *said = NULL;
    int status = 0;

    g_ptr_array_add(argv, NULL);
    if (!g_spawn_sync("/", (char **)argv->pdata, (char **)env,
                      G_SPAWN_SEARCH_PATH_FROM_ENVP | G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL,
                      &said, &status, &local)) {
        if (g_error_matches(local, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT))
            return fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                        _("the host has no Open vSwitch: there is no command '%s'"), COMMAND);
        return fail(err, ERR(LXC, INTERNAL_ERROR), "%s", local->message);
    }
    if (g_spawn_check_wait_status(status, &local))
        return true;
    return fail(err, ERR(LXC, OPERATION_FAILED), "%s", *g_strchomp(said) ? said : local->message);
}

/* ---- what it is told ---------------------------------------------------------------------------
 */

static void add_trunk(GPtrArray *argv, const PlanLink *plan)
{
    g_autoptr(GString) trunks = g_string_new("trunks=");

    for (uint32_t i = 0; i < plan->vlans.len; i++) {
        const PlanVlanTag *tag = &plan->vlans.items[i];
        g_string_append_printf(trunks, "%s%u", i ? "," : "", tag->id);
        if (tag->native != PLAN_NATIVE_VLAN_NO) {
            add(argv, "vlan_mode=native-%s",
                tag->native == PLAN_NATIVE_VLAN_TAGGED ? "tagged" : "untagged");
            add(argv, "tag=%u", tag->id);
        }
    }
    add(argv, "%s", trunks->str);
}

static void add_vlans(GPtrArray *argv, const PlanLink *plan)
{
    if (plan->trunk)
        add_trunk(argv, plan);
    else if (plan->vlans.len > 0)
        add(argv, "tag=%u", plan->vlans.items[0].id);
}

/* A value is a JSON string; in an attribute of XML there are no control characters. */
static void add_id(GPtrArray *argv, const char *key, const char *value)
{
    g_autoptr(GString) escaped = g_string_new(NULL);

    for (const char *at = value; *at; at++) {
        if (*at == '"' || *at == '\\')
            g_string_append_c(escaped, '\\');
        g_string_append_c(escaped, *at);
    }
    add(argv, "external-ids:%s=\"%s\"", key, escaped->str);
}

static const char *parameter(const PlanLink *plan, const char *name)
{
    for (uint32_t i = 0; i < plan->port_parameters.len; i++)
        if (strcmp(plan->port_parameters.items[i].name, name) == 0)
            return plan->port_parameters.items[i].value;
    return NULL;
}

static void add_ids(GPtrArray *argv, const PlanLink *plan, const uint8_t uuid[16])
{
    const uint8_t *mac = plan->mac;
    const char *interface_id = parameter(plan, "interfaceid");
    const char *profile_id = parameter(plan, "profileid");
    g_autofree char *mac_text = g_strdup_printf("%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1],
                                                mac[2], mac[3], mac[4], mac[5]);
    g_autofree char *uuid_text = g_strdup_printf(
        "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", uuid[0], uuid[1],
        uuid[2], uuid[3], uuid[4], uuid[5], uuid[6], uuid[7], uuid[8], uuid[9], uuid[10], uuid[11],
        uuid[12], uuid[13], uuid[14], uuid[15]);

    add_id(argv, "attached-mac", mac_text);
    if (interface_id)
        add_id(argv, "iface-id", interface_id);
    add_id(argv, "vm-id", uuid_text);
    if (profile_id)
        add_id(argv, "port-profile", profile_id);
    add_id(argv, "iface-status", "active");
}

static GPtrArray *plug_command(const PlanLink *plan, const char *host_name, const uint8_t uuid[16])
{
    GPtrArray *argv = command_new();

    add(argv, "--if-exists");
    add(argv, "del-port");
    add(argv, "%s", host_name);
    add(argv, "--");
    add(argv, "add-port");
    add(argv, "%s", plan->bridge);
    add(argv, "%s", host_name);
    add_vlans(argv, plan);
    add(argv, "--");
    add(argv, "set");
    add(argv, "Interface");
    add(argv, "%s", host_name);
    add_ids(argv, plan, uuid);
    return argv;
}

/* A name from the user that began with '-' would be an option; no device can be called so there. */
static bool check_name(const char *name, GError **err)
{
    return *name != '-' || fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                                _("Open vSwitch has no device that is called '%s'"), name);
}

bool openvswitch_plug(const PlanLink *plan, const char *host_name, const uint8_t uuid[16],
                      GError **err)
{
    g_autoptr(GPtrArray) argv = plug_command(plan, host_name, uuid);

    if (check_name(plan->bridge, err) && check_name(host_name, err) && command_run(argv, err))
        return true;
    return fail_while(err, _("cannot plug the interface '%s' into the Open vSwitch bridge '%s'"),
                      host_name, plan->bridge);
}

/* Nobody waits for the switch to see it: what is noted down is gone. */
bool openvswitch_unplug(const char *host_name, GError **err)
{
    g_autoptr(GPtrArray) argv = command_new();

    if (*host_name == '-')
        return true;
    add(argv, "--no-wait");
    add(argv, "--if-exists");
    add(argv, "del-port");
    add(argv, "%s", host_name);
    if (command_run(argv, err))
        return true;
    return fail_while(err, _("cannot take the interface '%s' out of Open vSwitch"), host_name);
}
