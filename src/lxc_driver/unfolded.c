// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See unfolded.h. All are forgotten together, which needs no record of when each was looked at. */
#include "lxc_driver/unfolded.h"

#define SECONDS 1 /* a client that asks again and again finds it unfolded */

struct Unfolded {
    GHashTable *defs; /* DomainDef by FoldedDef, which is borrowed */
    guint timeout;    /* while there are any */
};

static void free_def(void *def)
{
    domain_def_free(def);
}

Unfolded *unfolded_new(void)
{
    Unfolded *unfolded = g_new0(Unfolded, 1);

    unfolded->defs = g_hash_table_new_full(NULL, NULL, NULL, free_def);
    return unfolded;
}

void unfolded_free(Unfolded *unfolded)
{
    if (!unfolded)
        return;
    g_clear_handle_id(&unfolded->timeout, g_source_remove);
    g_hash_table_unref(unfolded->defs);
    g_free(unfolded);
}

static gboolean forget_all(void *data)
{
    Unfolded *unfolded = data;

    unfolded->timeout = 0;
    g_hash_table_remove_all(unfolded->defs);
    return G_SOURCE_REMOVE;
}

const DomainDef *unfolded_look(Unfolded *unfolded, const FoldedDef *folded)
{
    DomainDef *def = folded ? g_hash_table_lookup(unfolded->defs, folded) : NULL;

    if (!folded || def)
        return def;
    def = domain_def_unfold(folded);
    g_hash_table_insert(unfolded->defs, (void *)folded, def);
    if (!unfolded->timeout)
        unfolded->timeout = g_timeout_add_seconds(SECONDS, forget_all, unfolded);
    return def;
}

void unfolded_forget(Unfolded *unfolded, const FoldedDef *folded)
{
    g_hash_table_remove(unfolded->defs, folded);
}
