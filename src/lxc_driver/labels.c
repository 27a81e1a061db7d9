// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See labels.h. */
#include "lxc_driver/labels.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "kernel/label-model.h"
#include "lxc_driver/domain-list.h"

/* ---- who gets one ---------------------------------------------------------------------------- */

static bool names(const DomainDef *def, const char *model)
{
    for (size_t i = 0; i < def->seclabels.n; i++)
        if (strcmp(def->seclabels.items[i]->model, model) == 0)
            return true;
    return false;
}

static bool confines_unasked(const Config *config, const char *model)
{
    if (config->security_default_confined != CONFIG_BY_MODEL)
        return config->security_default_confined != 0;
    return label_model(model)->by_default;
}

static void add_unasked(const Driver *driver, DomainDef *live)
{
    for (char **model = driver->security_models; *model; model++)
        if (!names(live, *model) && confines_unasked(driver->config, *model))
            domain_def_add_label(live, *model);
}

static bool confines(const Seclabel *label)
{
    const LabelModel *model = label_model(label->model);

    if (label->type == SECLABEL_STATIC && model && model->confines)
        return model->confines(label->label);
    return label->type != SECLABEL_NONE;
}

static bool is_confined(const DomainDef *live)
{
    for (size_t i = 0; i < live->seclabels.n; i++)
        if (confines(live->seclabels.items[i]))
            return true;
    return false;
}

static bool check_required(const Domain *domain, const DomainDef *live, GError **err)
{
    const Driver *driver = domain->driver;

    if (!driver->config->security_require_confined || is_confined(live))
        return true;
    if (!driver->security_models[0])
        return fail(err, ERR(SECURITY, CONFIG_UNSUPPORTED),
                    _("domain '%s' must be confined (security_require_confined), and no security "
                      "driver is active on this host"),
                    domain->name);
    return fail(err, ERR(SECURITY, CONFIG_UNSUPPORTED),
                _("domain '%s' must be confined (security_require_confined), and has no label"),
                domain->name);
}

/* ---- which ----------------------------------------------------------------------------------- */

static void add_taken(GPtrArray *taken, const DomainDef *def, const char *model)
{
    for (size_t i = 0; def && i < def->seclabels.n; i++) {
        const Seclabel *label = def->seclabels.items[i];

        if (label->label && strcmp(label->model, model) == 0)
            g_ptr_array_add(taken, label->label);
    }
}

/* Of containers that run, or are about to; borrowed from their definitions. */
static GPtrArray *taken_labels(const Domain *domain, const char *model)
{
    g_autoptr(GPtrArray) all = domain_list_all(domain->driver->domains);
    GPtrArray *taken = g_ptr_array_new();

    for (guint i = 0; i < all->len; i++) {
        const Domain *other = all->pdata[i];

        if (other != domain)
            add_taken(taken, other->live ? domain_live(other) : other->draft, model);
    }
    return taken;
}

static bool choose(const Domain *domain, Seclabel *label, GError **err)
{
    const LabelModel *model = label_model(label->model);
    g_autoptr(GPtrArray) taken = NULL;
    LabelWish wish = { .uuid = domain->uuid, .base = label->base_label };

    g_clear_pointer(&label->image_label, g_free);
    if (label->type == SECLABEL_STATIC) {
        label->image_label = model->image_of(label->label);
        return true;
    }
    taken = taken_labels(domain, label->model);
    wish.taken = taken;
    g_clear_pointer(&label->label, g_free);
    return model->make(&wish, &label->label, &label->image_label, err);
}

/* What is not active here is refused when the plan is made. */
static bool is_to_choose(const Driver *driver, const Seclabel *label)
{
    return label->type != SECLABEL_NONE &&
           g_strv_contains((const char *const *)driver->security_models, label->model);
}

bool labels_choose(const Domain *domain, DomainDef *live, GError **err)
{
    add_unasked(domain->driver, live);
    if (!check_required(domain, live, err))
        return false;
    for (size_t i = 0; i < live->seclabels.n; i++) {
        Seclabel *label = live->seclabels.items[i];

        if (is_to_choose(domain->driver, label) && !choose(domain, label, err))
            return false;
    }
    return true;
}
