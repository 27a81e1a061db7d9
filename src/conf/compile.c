// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * From what the user wrote to what the kernel will be asked to do. Nothing here looks at the
 * system, so the same definition always gives the same plan.
 *
 * The parts that every container has (its own /proc, /sys, /dev, the environment) are tables in
 * compile-base.c; devices and resources add their part through their own files; this file puts the
 * pieces in order and does identity and init.
 */
#include "conf/compile.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "base/xdr.h"
#include "conf/compile-base.h"
#include "conf/device.h"
#include "conf/domain-records.h"

/* ---- lists of the plan ----------------------------------------------------------------------- */

/* Arrays grow at powers of two, so that appending n items costs O(n) in all. */
void *plan_list_add(void *list_data, size_t size)
{
    PlanList *list = list_data;
    char *item = NULL;

    if ((list->len & (list->len - 1)) == 0)
        list->items = g_realloc_n(list->items, list->len ? list->len * 2 : 1, size);
    item = (char *)list->items + list->len * size;
    list->len++;
    return memset(item, 0, size);
}

void plan_add_mount(PlanBuilder *builder, const PlanMount *from)
{
    PlanMount *mount = PLAN_ADD(&builder->plan->mounts);

    mount->kind = from->kind;
    mount->source = g_strdup(from->source);
    mount->target = g_strdup(from->target);
    mount->options = g_strdup(from->options);
    mount->flags = from->flags;
    mount->propagation = from->propagation;
    mount->image = from->image;
    mount->format = g_strdup(from->format);
    mount->pool = g_strdup(from->pool);
    mount->quota = from->quota;
    mount->overlay.upper = g_strdup(from->overlay.upper);
    mount->overlay.work = g_strdup(from->overlay.work);
    mount->overlay.ephemeral = from->overlay.ephemeral;
    for (uint32_t i = 0; i < from->overlay.lowers.len; i++)
        *PLAN_ADD(&mount->overlay.lowers) = g_strdup(from->overlay.lowers.items[i]);
}

void plan_set_text(PlanBuilder *builder, PlanKnob knob, const char *text, int64_t number)
{
    PlanSetting *setting = PLAN_ADD(&builder->plan->cgroup.settings);

    setting->knob = knob;
    setting->number = number;
    setting->text = g_strdup(text);
}

void plan_set_number(PlanBuilder *builder, PlanKnob knob, const OptNumber *number)
{
    if (number->set)
        plan_set_text(builder, knob, "", number->value);
}

/* ---- identity -------------------------------------------------------------------------------- */

/* The name, reduced to what a host name may hold, unless another one is given. */
char *compile_hostname(const DomainDef *def)
{
    GString *out = NULL;

    if (def->extension.hostname)
        return g_strdup(def->extension.hostname);
    out = g_string_new(NULL);
    for (const char *name = def->name; *name; name++)
        if ((g_ascii_isalnum(*name) || *name == '-') && out->len < 64)
            g_string_append_c(out, *name);
    if (*out->str == '-')
        g_string_erase(out, 0, 1);
    if (!out->len)
        g_string_assign(out, "container");
    return g_string_free(out, FALSE);
}

static unsigned namespaces(const DomainDef *def)
{
    unsigned set = PLAN_NS_MOUNT | PLAN_NS_PID | PLAN_NS_UTS | PLAN_NS_IPC | PLAN_NS_CGROUP;

    if (def->interfaces.n || def->features.privnet || hostdev_needs_network(def))
        set |= PLAN_NS_NET;
    if (def->idmap.uids.n)
        set |= PLAN_NS_USER;
    return set;
}

static void plan_identity(PlanBuilder *builder)
{
    const DomainDef *def = builder->def;
    Plan *plan = builder->plan;

    plan->name = g_strdup(def->name);
    memcpy(plan->uuid, def->uuid, sizeof(plan->uuid));
    plan->hostname = compile_hostname(def);
    plan->namespaces = namespaces(def);
}

/* ---- init ------------------------------------------------------------------------------------ */

static void plan_init(PlanBuilder *builder)
{
    const OsDef *os = &builder->def->os;
    PlanInit *init = &builder->plan->init;

    init->path = g_strdup(os->init);
    *PLAN_ADD(&init->argv) = g_strdup(os->init);
    for (size_t i = 0; i < os->initargs.n; i++)
        *PLAN_ADD(&init->argv) = g_strdup(os->initargs.items[i]);
    base_plan_environment(builder);
    init->dir = g_strdup(os->initdir);
    init->user = g_strdup(os->inituser);
    init->group = g_strdup(os->initgroup);
    init->capabilities = features_capabilities(&builder->def->features);
    init->personality_32bit = os_is_32bit(builder->def, builder->host);
}

/* libvirt's finer words mean the nearer of the two: there is nothing to preserve or to rename. */
static PlanAction action(LifecycleAction from)
{
    switch (from) {
    case LIFECYCLE_RESTART:
    case LIFECYCLE_RENAME_RESTART:
    case LIFECYCLE_COREDUMP_RESTART:
        return PLAN_ACTION_RESTART;
    case LIFECYCLE_DESTROY:
    case LIFECYCLE_PRESERVE:
    case LIFECYCLE_COREDUMP_DESTROY:
        return PLAN_ACTION_DESTROY;
    }
    return PLAN_ACTION_DESTROY;
}

static void plan_actions(PlanBuilder *builder)
{
    builder->plan->on_poweroff = action(builder->def->on_poweroff);
    builder->plan->on_reboot = action(builder->def->on_reboot);
    builder->plan->on_crash = action(builder->def->on_crash);
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* The plan's own limits on lists and strings: what cannot be sent to the controller is no plan. */
static bool check_size(const Plan *plan, GError **err)
{
    XdrBuffer buffer = { 0 };
    XdrStatus status = xdr_encode(&plan_xdr, plan, &buffer);

    xdr_buffer_clear(&buffer);
    if (status != XDR_OK)
        return fail(err, ERR(DOMAIN, CONFIG_UNSUPPORTED),
                    _("the definition of '%s' has more than a container can be made of: %s"),
                    plan->name, xdr_status_text(status));
    return true;
}

bool domain_def_compile(const DomainDef *def, const DomainDefHost *host, Plan **ret_plan,
                        GError **err)
{
    g_autoptr(Plan) plan = g_new0(Plan, 1);
    PlanBuilder builder = { .def = def, .host = host, .plan = plan };
    bool done;

    plan_identity(&builder);
    if (!filesystem_plan_root(&builder, err) || !idmap_plan(&builder, err))
        return false;
    base_plan_mounts(&builder);
    base_plan_devices(&builder);
    plan_actions(&builder);
    done = os_plan_check(&def->os, err) && shares_plan(&builder, err) &&
           resources_plan(&builder, err) && clock_plan(&builder, err) &&
           devices_plan(def, &builder, err) && seclabels_plan(&builder, err) &&
           extension_plan(&builder, err) &&
           (def->id >= 0 || host_facts_check(&builder, err)); /* who runs has what it needs */
    g_clear_pointer(&builder.guest_names, g_hash_table_unref);
    if (!done)
        return false;
    plan_init(&builder);
    if (!xdr_fill_strings(&plan_xdr, plan))
        g_error("out of memory");
    if (!check_size(plan, err) || !dev_names_check(plan, err) || !consoles_plan_check(plan, err) ||
        !filesystem_plan_check(plan, err))
        return false;
    *ret_plan = g_steal_pointer(&plan);
    return true;
}

void domain_def_plan_free(Plan *plan)
{
    xdr_free(&plan_xdr, plan);
}

char *domain_def_plan_print(const Plan *plan)
{
    g_autofree char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    if (!out)
        g_error("out of memory");
    xdr_print_brief(&plan_xdr, plan, 0, out);
    fclose(out);
    return g_steal_pointer(&text);
}
