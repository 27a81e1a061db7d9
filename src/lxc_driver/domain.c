// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See domain.h. Counted references, since jobs and events under way outlive the place in the list.
 */
#include "lxc_driver/domain.h"

#include "base/error.h"
#include "base/text.h"
#include "kernel/cgroup.h"
#include "lxc_driver/init-process.h"
#include "lxc_driver/store.h"

#include <libvirt/libvirt.h>
#include <string.h>

Domain *domain_new(Driver *driver, const DomainDef *def)
{
    Domain *domain = g_rc_box_new0(Domain);

    domain->driver = driver;
    domain->name = g_strdup(def->name);
    memcpy(domain->uuid, def->uuid, sizeof domain->uuid);
    domain->state = VIR_DOMAIN_SHUTOFF;
    domain->reason = VIR_DOMAIN_SHUTOFF_UNKNOWN;
    domain->init_pid = -1;
    domain->controller_pid = -1;
    return domain;
}

Domain *domain_ref(Domain *domain)
{
    return g_rc_box_acquire(domain);
}

static void replace(const Domain *domain, FoldedDef **folded, DomainDef *def)
{
    changeable_remove(domain->driver->changeable, unfolded_look(domain->driver->unfolded, *folded));
    changeable_add(domain->driver->changeable, def);
    if (*folded)
        unfolded_forget(domain->driver->unfolded, *folded);
    g_free(*folded);
    *folded = def ? domain_def_fold(def) : NULL;
    domain_def_free(def);
}

static void domain_clear(void *data)
{
    Domain *domain = data;

    job_queue_clear(&domain->jobs);
    g_clear_handle_id(&domain->lateness, g_source_remove);
    controller_link_free(domain->link);
    domain_forget_cgroup(domain);
    domain_set_config(domain, NULL);
    replace(domain, &domain->live, NULL);
    g_free(domain->name);
}

void domain_unref(Domain *domain)
{
    if (domain)
        g_rc_box_release_full(domain, domain_clear);
}

const DomainDef *domain_config(const Domain *domain)
{
    return unfolded_look(domain->driver->unfolded, domain->config);
}

const DomainDef *domain_live(const Domain *domain)
{
    return unfolded_look(domain->driver->unfolded, domain->live);
}

const DomainDef *domain_def(const Domain *domain)
{
    if (domain->live)
        return domain_live(domain);
    return domain->config ? domain_config(domain) : domain->draft;
}

void domain_set_config(Domain *domain, DomainDef *def)
{
    replace(domain, &domain->config, def);
}

void domain_set_live(Domain *domain, DomainDef *def)
{
    if (!def)
        g_clear_handle_id(&domain->lateness, g_source_remove);
    replace(domain, &domain->live, def);
}

/* A definition on its way to the disk. */
typedef struct Saving {
    Domain *domain;
    DomainDef *def;
    DomainSaved *saved;
    void *data;
} Saving;

static void on_disk(const GError *err, void *data)
{
    Saving *saving = data;
    Domain *domain = saving->domain;

    if (err)
        domain_def_free(saving->def);
    else
        domain_set_config(domain, saving->def);
    saving->saved(domain, err, saving->data);
    domain_unref(domain);
    g_free(saving);
}

void domain_save_config(Domain *domain, DomainDef *def, DomainSaved *saved, void *data)
{
    Saving *saving = g_new(Saving, 1);

    *saving = (Saving){ .domain = domain_ref(domain), .def = def, .saved = saved, .data = data };
    store_save(domain->driver->paths, def, on_disk, saving);
}

void domain_saved_end_job(Domain *domain, const GError *err, void *data)
{
    job_end(data, err ? g_error_copy(err) : NULL);
}

struct Cgroup *domain_cgroup(Domain *domain, GError **err)
{
    g_autoptr(Plan) plan = NULL;

    if (domain->cgroup)
        return domain->cgroup;
    if (!domain_check_active(domain, err) ||
        !domain_def_compile(domain_live(domain), &domain->driver->host, &plan, err) ||
        !cgroup_open(plan->cgroup.partition, plan->cgroup.name, &domain->cgroup, err))
        return NULL;
    return domain->cgroup;
}

bool domain_open_init(Domain *domain, InitProcess *ret_init, GError **err)
{
    struct Cgroup *cgroup = domain_cgroup(domain, err);
    int fd;

    if (!cgroup)
        return false;
    fd = init_process_open_in(domain->init_pid, cgroup_path(cgroup));
    if (fd < 0)
        return init_process_fail_ended(err);
    *ret_init = (InitProcess){ domain->init_pid, fd };
    return true;
}

void domain_forget_cgroup(Domain *domain)
{
    cgroup_free(g_steal_pointer(&domain->cgroup));
}

static gboolean free_link(void *link)
{
    controller_link_free(link);
    return G_SOURCE_REMOVE;
}

void domain_drop_link(Domain *domain)
{
    if (domain->link)
        g_idle_add(free_link, g_steal_pointer(&domain->link));
}

void domain_set_owner(Domain *domain, uint64_t client_id)
{
    domain->driver->n_owned += (client_id != 0) - (domain->owner != 0);
    domain->owner = client_id;
}

bool domain_check_active(const Domain *domain, GError **err)
{
    if (!domain_is_active(domain))
        return fail(err, ERR(DOMAIN, OPERATION_INVALID), _("domain '%s' is not running"),
                    domain->name);
    return true;
}

bool domain_impact(const Domain *domain, unsigned flags, unsigned *ret_impact, GError **err)
{
    unsigned impact = flags & (VIR_DOMAIN_AFFECT_LIVE | VIR_DOMAIN_AFFECT_CONFIG);

    if (impact == 0)
        impact = domain_is_active(domain) ? VIR_DOMAIN_AFFECT_LIVE : VIR_DOMAIN_AFFECT_CONFIG;
    if ((impact & VIR_DOMAIN_AFFECT_LIVE) && !domain_check_active(domain, err))
        return false;
    if ((impact & VIR_DOMAIN_AFFECT_CONFIG) && !domain->config)
        return fail(err, ERR(DOMAIN, OPERATION_INVALID),
                    _("domain '%s' is transient and has no persistent definition to change"),
                    domain->name);
    *ret_impact = impact;
    return true;
}

bool domain_impact_def(const Domain *domain, unsigned flags, const char *api,
                       const DomainDef **ret_def, GError **err)
{
    const unsigned both = VIR_DOMAIN_AFFECT_LIVE | VIR_DOMAIN_AFFECT_CONFIG;
    unsigned impact;

    if ((flags & both) == both)
        return fail(err, ERR(DOMAIN, INVALID_ARG),
                    _("flags 'affect live' and 'affect config' in %s are mutually exclusive"), api);
    if (!domain_impact(domain, flags, &impact, err))
        return false;
    *ret_def = impact == VIR_DOMAIN_AFFECT_LIVE ? domain_live(domain) : domain_config(domain);
    return true;
}
