// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See label-model.h. */
#include "kernel/label-model.h"

#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"

/* In this order a definition that names no model chooses. */
static const LabelModel *const models[] = { &label_selinux, &label_apparmor };

const LabelModel *label_model(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(models); i++)
        if (strcmp(models[i]->name, name) == 0)
            return models[i];
    return NULL;
}

static bool find_wanted(const char *wanted, GPtrArray *names, GError **err)
{
    const LabelModel *model = label_model(wanted);
    g_autoptr(GError) why = NULL;

    if (!model)
        return fail(err, ERR(SECURITY, CONFIG_UNSUPPORTED), _("no security driver '%s' is known"),
                    wanted);
    if (!model->is_active(&why))
        return fail(err, ERR(SECURITY, CONFIG_UNSUPPORTED),
                    _("the security driver '%s' cannot be used: %s"), wanted, why->message);
    g_ptr_array_add(names, g_strdup(wanted));
    return true;
}

static void find_all(GPtrArray *names)
{
    for (size_t i = 0; i < G_N_ELEMENTS(models); i++) {
        g_autoptr(GError) why = NULL;

        if (models[i]->is_active(&why))
            g_ptr_array_add(names, g_strdup(models[i]->name));
        else
            log_info("no labels of '%s': %s", models[i]->name, why->message);
    }
}

bool label_models_find(const char *wanted, char ***ret_names, GError **err)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

    if (!wanted)
        find_all(names);
    else if (strcmp(wanted, "none") != 0 && !find_wanted(wanted, names, err))
        return false;
    g_ptr_array_add(names, NULL);
    *ret_names = (char **)g_ptr_array_steal(names, NULL);
    return true;
}
