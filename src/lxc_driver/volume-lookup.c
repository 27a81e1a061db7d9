// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See volume-lookup.h. */
#include "lxc_driver/volume-lookup.h"

#include <gio/gio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/text.h"
#include "lxc_driver/libvirt-client.h"

/* Shares nothing with the rest of the daemon. */
typedef struct Lookup {
    char *run_dir;
    GStrv pools;
    GStrv names;
    bool *optional;  /* one for each */
    GPtrArray *xmls; /* ends with NULL when all are there */
    VolumesFound *found;
    void *data;
} Lookup;

static void lookup_free(void *data)
{
    Lookup *lookup = data;

    g_free(lookup->run_dir);
    g_strfreev(lookup->pools);
    g_strfreev(lookup->names);
    g_free(lookup->optional);
    g_ptr_array_unref(lookup->xmls);
    g_free(lookup);
}

/* ---- in the thread ------------------------------------------------------------------------- */

static bool check_active(const LibvirtClient *client, virStoragePoolPtr pool, const char *name,
                         GError **err)
{
    int active = client->virStoragePoolIsActive(pool);

    if (active < 0)
        return libvirt_client_fail(client, err);
    return active > 0 || fail(err, ERR(STORAGE, OPERATION_INVALID),
                              _("the pool '%s' is not active: 'virsh pool-start' starts it"), name);
}

static bool describe(const LibvirtClient *client, virStoragePoolPtr pool, const char *name,
                     GPtrArray *xmls, GError **err)
{
    virStorageVolPtr volume = client->virStorageVolLookupByName(pool, name);
    char *xml = volume ? client->virStorageVolGetXMLDesc(volume, 0) : NULL;

    if (xml)
        g_ptr_array_add(xmls, g_strdup(xml));
    else
        (void)libvirt_client_fail(client, err); /* told by xml */
    if (volume)
        (void)client->virStorageVolFree(volume);
    free(xml); /* from libvirt, which means the C library */
    return xml != NULL;
}

static bool is_missing(const GError *why)
{
    return error_is(why, VIR_ERR_NO_STORAGE_VOL) || error_is(why, VIR_ERR_NO_STORAGE_POOL);
}

static bool find(const LibvirtClient *client, const Lookup *lookup, guint index, GError **err)
{
    const char *pool_name = lookup->pools[index], *name = lookup->names[index];
    virStoragePoolPtr pool = client->virStoragePoolLookupByName(client->connection, pool_name);
    g_autoptr(GError) why = NULL;
    bool done = pool ? check_active(client, pool, pool_name, &why) &&
                           describe(client, pool, name, lookup->xmls, &why)
                     : libvirt_client_fail(client, &why);

    if (pool)
        (void)client->virStoragePoolFree(pool);
    if (done)
        return true;
    if (lookup->optional[index] && is_missing(why)) {
        g_ptr_array_add(lookup->xmls, g_strdup(""));
        return true;
    }
    g_propagate_error(err, g_steal_pointer(&why));
    return fail_while(err, _("cannot find the volume '%s' of pool '%s'"), name, pool_name);
}

static bool find_all(const Lookup *lookup, GError **err)
{
    g_autoptr(LibvirtClient) client = NULL;

    if (!libvirt_client_open(lookup->run_dir, LIBVIRT_STORAGE, &client, err))
        return fail_while(err, _("cannot ask the storage daemon for the volume '%s' of pool '%s'"),
                          lookup->names[0], lookup->pools[0]);
    for (guint i = 0; lookup->names[i]; i++)
        if (!find(client, lookup, i, err))
            return false;
    g_ptr_array_add(lookup->xmls, NULL);
    return true;
}

static void run_in_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    GError *err = NULL;

    if (find_all(data, &err))
        g_task_return_boolean(task, TRUE);
    else
        g_task_return_error(task, err);
}

/* ---- in the main loop ---------------------------------------------------------------------- */

static void deliver(GObject *source, GAsyncResult *result, gpointer data)
{
    const Lookup *lookup = g_task_get_task_data(G_TASK(result));
    g_autoptr(GError) err = NULL;
    bool done = g_task_propagate_boolean(G_TASK(result), &err);

    lookup->found(done ? (const char *const *)lookup->xmls->pdata : NULL, err, lookup->data);
}

void volume_lookup(const char *run_dir, const VolumeQuery *queries, size_t n_queries,
                   VolumesFound *found, void *data)
{
    g_autoptr(GTask) task = g_task_new(NULL, NULL, deliver, NULL);
    Lookup *lookup = g_new0(Lookup, 1);

    lookup->run_dir = g_strdup(run_dir);
    lookup->pools = g_new0(char *, n_queries + 1);
    lookup->names = g_new0(char *, n_queries + 1);
    lookup->optional = g_new0(bool, n_queries + 1);
    for (size_t i = 0; i < n_queries; i++) {
        lookup->pools[i] = g_strdup(queries[i].pool);
        lookup->names[i] = g_strdup(queries[i].name);
        lookup->optional[i] = queries[i].optional;
    }
    lookup->xmls = g_ptr_array_new_with_free_func(g_free);
    lookup->found = found;
    lookup->data = data;
    g_task_set_task_data(task, lookup, lookup_free);
    g_task_run_in_thread(task, run_in_thread);
}
