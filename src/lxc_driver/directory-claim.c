// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See directory-claim.h. Two overlays that write to one directory destroy what is in it, and the
 * kernel only notes that in its log; and a limit is lifted for all with the end of the first. Names
 * are compared, since that is what definitions have.
 */
#include "lxc_driver/directory-claim.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "lxc_driver/domain-list.h"

#define CLAIMS_MAX 3

/* The directories of one filesystem, in ret_paths; returns how many there are. */
static size_t claims_of(const Filesystem *fs, const char *ret_paths[CLAIMS_MAX])
{
    bool is_volume = fs->type == FILESYSTEM_VOLUME;
    const char *limited = is_volume ? fs->volume.path : fs->source;
    size_t n = 0;

    if (fs->overlay.upper)
        ret_paths[n++] = fs->overlay.upper;
    if (fs->overlay.work)
        ret_paths[n++] = fs->overlay.work;
    if (fs->space_hard_limit.set && limited && (fs->type == FILESYSTEM_MOUNT || is_volume) &&
        !overlay_is_given(&fs->overlay) && !fs->readonly)
        ret_paths[n++] = limited;
    return n;
}

static bool has_directory(const DomainDef *def, const char *path)
{
    const char *paths[CLAIMS_MAX];

    for (size_t i = 0; def && i < def->filesystems.n; i++) {
        size_t n = claims_of(def->filesystems.items[i], paths);
        for (size_t j = 0; j < n; j++)
            if (strcmp(paths[j], path) == 0)
                return true;
    }
    return false;
}

static bool check_free(const Domain *domain, const char *path, GError **err)
{
    g_autoptr(GPtrArray) all = domain_list_all(domain->driver->domains);

    for (guint i = 0; i < all->len; i++) {
        const Domain *other = g_ptr_array_index(all, i);

        if (other != domain && (has_directory(domain_live(other), path) ||
                                (other->run && has_directory(other->draft, path))))
            return fail(err, ERR(LXC, OPERATION_INVALID),
                        _("the directory '%s' is in use by domain '%s', which needs it for itself"),
                        path, other->name);
    }
    return true;
}

/* A limit may be said twice for one directory; it is lifted for all at once then. */
static bool check_once(const DomainDef *live, GError **err)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (size_t i = 0; i < live->filesystems.n; i++) {
        const FilesystemOverlay *overlay = &live->filesystems.items[i]->overlay;
        const char *written[] = { overlay->upper, overlay->work };

        for (size_t j = 0; j < G_N_ELEMENTS(written); j++)
            if (written[j] && !g_hash_table_add(seen, g_canonicalize_filename(written[j], "/")))
                return fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                            _("the directory '%s' cannot be written to by an overlay twice"),
                            written[j]);
    }
    return true;
}

bool directory_claim_check(const Domain *domain, const DomainDef *live, GError **err)
{
    const char *paths[CLAIMS_MAX];

    if (!check_once(live, err))
        return false;
    for (size_t i = 0; i < live->filesystems.n; i++) {
        size_t n = claims_of(live->filesystems.items[i], paths);
        for (size_t j = 0; j < n; j++)
            if (!check_free(domain, paths[j], err))
                return false;
    }
    return true;
}
