// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See domain-list.h. Keys live in the domains themselves. */
#include "lxc_driver/domain-list.h"

#include "base/error.h"
#include "base/text.h"
#include "lxc_driver/uuid.h"

#include <string.h>

struct DomainList {
    GHashTable *by_uuid; /* owns the references */
    GHashTable *by_name;
    GHashTable *by_id;
};

static guint uuid_hash(gconstpointer key)
{
    guint hash;

    memcpy(&hash, key, sizeof hash); /* random bits already */
    return hash;
}

static gboolean uuid_equal(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, 16) == 0;
}

static void unref_value(void *domain)
{
    domain_unref(domain);
}

DomainList *domain_list_new(void)
{
    DomainList *list = g_new0(DomainList, 1);

    list->by_uuid = g_hash_table_new_full(uuid_hash, uuid_equal, NULL, unref_value);
    list->by_name = g_hash_table_new(g_str_hash, g_str_equal);
    list->by_id = g_hash_table_new(NULL, NULL);
    return list;
}

void domain_list_free(DomainList *list)
{
    if (!list)
        return;
    g_hash_table_unref(list->by_id);
    g_hash_table_unref(list->by_name);
    g_hash_table_unref(list->by_uuid);
    g_free(list);
}

Domain *domain_list_by_uuid(DomainList *list, const uint8_t uuid[16])
{
    return g_hash_table_lookup(list->by_uuid, uuid);
}

Domain *domain_list_by_name(DomainList *list, const char *name)
{
    return g_hash_table_lookup(list->by_name, name);
}

Domain *domain_list_by_id(DomainList *list, int id)
{
    return g_hash_table_lookup(list->by_id, GINT_TO_POINTER(id));
}

static bool fail_clash(const Domain *there, const char *asked_name, GError **err)
{
    char text[UUID_TEXT_SIZE];

    uuid_print(there->uuid, text);
    return fail(err, ERR(DOMAIN, OPERATION_FAILED),
                _("domain '%s' cannot be made: domain '%s' already exists with uuid %s"),
                asked_name, there->name, text);
}

bool domain_list_adopt(DomainList *list, Driver *driver, const DomainDef *def, Domain **ret_domain,
                       GError **err)
{
    Domain *same_uuid = domain_list_by_uuid(list, def->uuid);
    Domain *same_name = domain_list_by_name(list, def->name);

    if (same_uuid != same_name)
        return fail_clash(same_uuid ? same_uuid : same_name, def->name, err);
    if (!same_uuid) {
        same_uuid = domain_new(driver, def);
        g_hash_table_insert(list->by_uuid, same_uuid->uuid, same_uuid);
        g_hash_table_insert(list->by_name, same_uuid->name, same_uuid);
    }
    *ret_domain = same_uuid;
    return true;
}

void domain_list_set_id(DomainList *list, Domain *domain, pid_t init_pid)
{
    if (domain->init_pid > 0)
        g_hash_table_remove(list->by_id, GINT_TO_POINTER(domain->init_pid));
    domain->init_pid = init_pid;
    if (init_pid > 0)
        g_hash_table_insert(list->by_id, GINT_TO_POINTER(init_pid), domain);
}

void domain_list_remove(DomainList *list, Domain *domain)
{
    if (domain->removed)
        return;
    domain->removed = true;
    id_ranges_release(domain->driver->id_ranges, domain->name);
    if (domain->init_pid > 0)
        g_hash_table_remove(list->by_id, GINT_TO_POINTER(domain->init_pid));
    g_hash_table_remove(list->by_name, domain->name);
    g_hash_table_remove(list->by_uuid, domain->uuid); /* may free it */
}

static gint by_name(gconstpointer a, gconstpointer b)
{
    const Domain *const *left = a;
    const Domain *const *right = b;

    return strcmp((*left)->name, (*right)->name);
}

GPtrArray *domain_list_all(DomainList *list)
{
    GPtrArray *all = g_ptr_array_sized_new(g_hash_table_size(list->by_uuid));
    GHashTableIter iter;
    void *domain;

    g_hash_table_iter_init(&iter, list->by_uuid);
    while (g_hash_table_iter_next(&iter, NULL, &domain))
        g_ptr_array_add(all, domain);
    g_ptr_array_sort(all, by_name);
    return all;
}

unsigned domain_list_n_active(DomainList *list)
{
    GHashTableIter iter;
    void *value;
    unsigned n = 0;

    g_hash_table_iter_init(&iter, list->by_uuid);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        n += domain_is_active(value);
    return n;
}
