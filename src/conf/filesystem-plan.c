// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * <filesystem> in the plan: one mount each. Host trees are bound with everything mounted below them
 * unless the user says otherwise: a container made of several datasets, or a root with its own
 * /usr, is what people have.
 */
#include "conf/filesystem.h"

#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/volume.h"

#define UNSUPPORTED ERR(LXC, CONFIG_UNSUPPORTED)
/* Trees that may have further mounts below them. */
#define TREES (FILESYSTEM_IS(MOUNT) | FILESYSTEM_IS(BIND) | FILESYSTEM_IS(VOLUME))
/* Those whose files come from outside and may belong to others than the container's users. */
#define FOREIGN                                                                                    \
    (FILESYSTEM_IS(MOUNT) | FILESYSTEM_IS(BLOCK) | FILESYSTEM_IS(FILE) | FILESYSTEM_IS(VOLUME))

static bool is_among(const Filesystem *fs, unsigned types)
{
    return types & 1u << fs->type;
}

static bool has_ids(const DomainDef *def)
{
    return def->idmap.uids.n || def->extension.idmap_auto == CHOICE_YES;
}

/*
 * With an id map, the root's files belong to the container's users, whatever they are on the disk.
 * Other trees stay as they are unless the user says mapped: the container's root would be the
 * host's root in them.
 */
static bool wants_idmap(const Filesystem *fs, const PlanBuilder *builder)
{
    const DomainDef *def = builder->def;

    if (!has_ids(def))
        return false;
    if (fs->mount.idmapped || !is_among(fs, FOREIGN))
        return fs->mount.idmapped == CHOICE_YES;
    return fs->access == FILESYSTEM_ACCESS_MAPPED ||
           (fs == builder->root && strcmp(fs->source, "/") != 0);
}

/* A read-only root makes everything that the user mounts read-only too, as libvirt does. */
static unsigned flags(const Filesystem *fs, const PlanBuilder *builder)
{
    bool readonly = fs->readonly || (builder->root && builder->root->readonly);
    bool is_ram = fs->type == FILESYSTEM_RAM;
    bool recursive =
        is_among(fs, TREES) && fs->mount.recursive != CHOICE_NO && !overlay_is_given(&fs->overlay);

    return (readonly ? PLAN_MOUNT_F_READONLY : 0) | (recursive ? PLAN_MOUNT_F_RECURSIVE : 0) |
           (is_ram || fs->mount.nosuid ? PLAN_MOUNT_F_NOSUID : 0) |
           (is_ram || fs->mount.nodev ? PLAN_MOUNT_F_NODEV : 0) |
           (fs->mount.noexec ? PLAN_MOUNT_F_NOEXEC : 0) |
           (fs->mount.noatime ? PLAN_MOUNT_F_NOATIME : 0) |
           (fs->mount.optional ? PLAN_MOUNT_F_OPTIONAL : 0) |
           (wants_idmap(fs, builder) ? PLAN_MOUNT_F_IDMAP : 0);
}

/* virtiofs alone can be without a directory of its own. */
static bool check_source(const Filesystem *fs, GError **err)
{
    if (fs->source || fs->type == FILESYSTEM_RAM)
        return true;
    return fail(err, UNSUPPORTED,
                _("the filesystem for '%s' is served through a socket, which a container cannot "
                  "mount"),
                fs->target);
}

/* ---- limits -----------------------------------------------------------------------------------
 */

static bool has_own_size(const PlanMount *mount)
{
    return mount->kind == PLAN_MOUNT_INSIDE || mount->kind == PLAN_MOUNT_BLOCK ||
           mount->kind == PLAN_MOUNT_IMAGE;
}

static bool is_written(const PlanMount *mount)
{
    const PlanOverlay *overlay = &mount->overlay;

    return !(mount->flags & PLAN_MOUNT_F_READONLY) &&
           (mount->kind != PLAN_MOUNT_OVERLAY || overlay->ephemeral || overlay->upper);
}

/* Limits of directories can be lifted by the host's root, and that is a container's without ids. */
static bool plan_limit(const Filesystem *fs, const PlanBuilder *builder, PlanMount *mount,
                       GError **err)
{
    bool in_memory = fs->type == FILESYSTEM_RAM || mount->overlay.ephemeral;

    if (!fs->space_hard_limit.set || fs->type == FILESYSTEM_RAM || !is_written(mount))
        return true;
    if (has_own_size(mount))
        return fail(err, UNSUPPORTED,
                    _("the space of the filesystem for '%s' cannot be limited: it is as large as "
                      "what it is on"),
                    mount->target);
    if (g_strcmp0(mount->source, "/") == 0 && !overlay_is_given(&fs->overlay))
        return fail(err, UNSUPPORTED, _("the space of the host's root cannot be limited"));
    if (!in_memory && !has_ids(builder->def))
        return fail(err, UNSUPPORTED,
                    _("the space of the filesystem for '%s' is limited, which a container without "
                      "<idmap> could undo"),
                    mount->target);
    mount->quota = (uint64_t)fs->space_hard_limit.value;
    return true;
}

/* ---- by type --------------------------------------------------------------------------------- */

static bool plan_path(const Filesystem *fs, PlanMount *mount, GError **err)
{
    const FilesystemOverlay *overlay = &fs->overlay;

    mount->kind = fs->type == FILESYSTEM_BIND ? PLAN_MOUNT_INSIDE : PLAN_MOUNT_HOST;
    if (!overlay_is_given(overlay))
        return true;
    mount->kind = PLAN_MOUNT_OVERLAY;
    mount->overlay.upper = overlay->upper;
    mount->overlay.work = overlay->work;
    mount->overlay.ephemeral = overlay->ephemeral == CHOICE_YES;
    for (size_t i = 0; i < overlay->lowers.n; i++)
        *PLAN_ADD(&mount->overlay.lowers) = overlay->lowers.items[i]->path;
    return true;
}

static bool plan_block(const Filesystem *fs, PlanMount *mount, GError **err)
{
    mount->kind = PLAN_MOUNT_BLOCK;
    return true;
}

static bool plan_file(const Filesystem *fs, const char *path, int format, PlanMount *mount,
                      GError **err)
{
    const Image image = { path, filesystem_driver_word(fs->driver.type), format };

    mount->kind = PLAN_MOUNT_IMAGE;
    mount->source = (char *)path;
    mount->format = (char *)image_format(format);
    return image_plan(&image, &mount->image, err);
}

static bool plan_image(const Filesystem *fs, PlanMount *mount, GError **err)
{
    return plan_file(fs, fs->source, fs->driver.format, mount, err);
}

static bool plan_ram(const Filesystem *fs, PlanMount *mount, GError **err)
{
    mount->kind = PLAN_MOUNT_NEW;
    mount->source = (char *)"tmpfs";
    return true;
}

static bool plan_volume(const Filesystem *fs, PlanMount *mount, GError **err)
{
    const VolumeUse use = { fs->pool, fs->source, (Volume *)&fs->volume, false };
    int format;

    if (!volume_check(&use, err))
        return false;
    mount->source = fs->volume.path;
    switch (fs->volume.kind) {
    case VOLUME_ABSENT:
        mount->kind = PLAN_MOUNT_VOLUME;
        mount->source = fs->source;
        mount->pool = fs->pool;
        return true;
    case VOLUME_DIR:
        mount->kind = PLAN_MOUNT_HOST;
        mount->flags |= PLAN_MOUNT_F_NO_LINK;
        return true;
    case VOLUME_BLOCK:
        mount->kind = PLAN_MOUNT_BLOCK;
        return true;
    case VOLUME_MISSING:
        return true;
    case VOLUME_FILE:
        return volume_format(&use, fs->driver.format, &format, err) &&
               plan_file(fs, fs->volume.path, format, mount, err);
    }
    return true;
}

static bool refuse(const Filesystem *fs, PlanMount *mount, GError **err)
{
    return fail(err, UNSUPPORTED, _("a container cannot be made of the template '%s'"), fs->source);
}

static bool (*const planners[])(const Filesystem *, PlanMount *, GError **) = {
    [FILESYSTEM_MOUNT] = plan_path,    [FILESYSTEM_BLOCK] = plan_block,
    [FILESYSTEM_FILE] = plan_image,    [FILESYSTEM_TEMPLATE] = refuse,
    [FILESYSTEM_RAM] = plan_ram,       [FILESYSTEM_BIND] = plan_path,
    [FILESYSTEM_VOLUME] = plan_volume,
};

/* In KiB. */
static int64_t memory_size(const Filesystem *fs)
{
    int64_t limit = fs->space_hard_limit.value / 1024;

    return fs->space_hard_limit.set ? MIN(fs->usage.value, MAX(limit, 1)) : fs->usage.value;
}

static bool add(const Filesystem *fs, PlanBuilder *builder, GError **err)
{
    g_autofree char *target = filesystem_target(fs);
    g_autofree char *size = g_strdup_printf("size=%" PRId64 "k", memory_size(fs));
    bool is_ram = fs->type == FILESYSTEM_RAM;
    PlanMount mount = {
        .source = fs->source,
        .target = target,
        .options = is_ram ? size : NULL,
        .flags = flags(fs, builder),
        .propagation = (PlanPropagation)fs->mount.propagation,
    };
    bool done = check_source(fs, err) && planners[fs->type](fs, &mount, err) &&
                plan_limit(fs, builder, &mount, err);

    if (done)
        plan_add_mount(builder, &mount);
    g_free(mount.overlay.lowers.items); /* the strings are the definition's */
    return done;
}

_Static_assert((int)PROPAGATION_PRIVATE == (int)PLAN_PROPAGATION_PRIVATE &&
                   (int)PROPAGATION_UNBINDABLE == (int)PLAN_PROPAGATION_UNBINDABLE,
               "the words of both are in the same order");

bool filesystem_plan(const void *device, PlanBuilder *builder, GError **err)
{
    const Filesystem *fs = device;

    return fs == builder->root || fs->volume.kind == VOLUME_MISSING || add(fs, builder, err);
}

bool filesystem_plan_root(PlanBuilder *builder, GError **err)
{
    builder->root = filesystem_find_root(builder->def);
    if (builder->root)
        return add(builder->root, builder, err);
    plan_add_mount(builder, &(PlanMount){ .kind = PLAN_MOUNT_HOST,
                                          .source = (char *)"/",
                                          .target = (char *)"/",
                                          .flags = PLAN_MOUNT_F_RECURSIVE });
    return true;
}

/* ---- what all mounts are together ------------------------------------------------------------ */

static bool is_within(const char *path, const char *top)
{
    size_t len = strlen(top);

    return strcmp(top, "/") == 0 ||
           (strncmp(path, top, len) == 0 && (path[len] == '/' || path[len] == '\0'));
}

/* What is mounted on a shared mount is mounted on its peer as well: the host's, where nobody would
 * take it away. */
static bool check_shared(const Plan *plan, uint32_t shared, GError **err)
{
    const PlanMount *top = &plan->mounts.items[shared];

    for (uint32_t i = shared + 1; i < plan->mounts.len; i++)
        if (is_within(plan->mounts.items[i].target, top->target))
            return fail(err, UNSUPPORTED,
                        _("what is mounted on '%s' would be mounted on the host as well: the "
                          "filesystem for '%s' has propagation='shared'"),
                        plan->mounts.items[i].target, top->target);
    return true;
}

bool filesystem_plan_check(const Plan *plan, GError **err)
{
    for (uint32_t i = 0; i < plan->mounts.len; i++)
        if (plan->mounts.items[i].propagation == PLAN_PROPAGATION_SHARED &&
            !check_shared(plan, i, err))
            return false;
    return true;
}
