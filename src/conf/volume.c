// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See volume.h. */
#include "conf/volume.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/device.h"
#include "conf/disk.h"
#include "conf/xml.h"

#define UNSUPPORTED ERR(LXC, CONFIG_UNSUPPORTED)
#define NAME_MAX_BYTES 255

const char *const volume_kind_names[] = { NULL, "file", "block", "dir", "missing", NULL };

/* ---- what the storage daemon says ------------------------------------------------------------ */

typedef enum DescribedType {
    DESCRIBED_FILE,
    DESCRIBED_BLOCK,
    DESCRIBED_DIR,
    DESCRIBED_NETWORK,
    DESCRIBED_NETDIR,
    DESCRIBED_PLOOP,
} DescribedType;

typedef struct Description {
    DescribedType type;
    char *path;
    char *format;
} Description;

static const char *const described_names[] = { "file",   "block", "dir", "network",
                                               "netdir", "ploop", NULL };

/* clang-format off */
static const Row description_rows[] = {
    { "@type",               ROW_ENUM,   offsetof(Description, type),   .names = described_names },
    { "target/path",         ROW_STRING, offsetof(Description, path),   .missing = ERR(XML, XML_ERROR) },
    { "target/format/@type", ROW_STRING, offsetof(Description, format) },
    { NULL },
};
/* clang-format on */

static const Record description_record = { "volume", sizeof(Description), description_rows };

static const VolumeKind kinds[] = {
    [DESCRIBED_FILE] = VOLUME_FILE,
    [DESCRIBED_BLOCK] = VOLUME_BLOCK,
    [DESCRIBED_DIR] = VOLUME_DIR,
    [DESCRIBED_PLOOP] = VOLUME_ABSENT,
};

static bool take_format(const VolumeUse *use, const char *format, Volume *volume, GError **err)
{
    if (!format || volume->kind != VOLUME_FILE)
        return true;
    for (int i = 1; image_format_names[i]; i++)
        if (strcmp(format, image_format_names[i]) == 0) {
            volume->format = i;
            return true;
        }
    return fail(err, UNSUPPORTED, _("the volume '%s' of pool '%s' has the unknown format '%s'"),
                use->name, use->pool, format);
}

static bool take(const VolumeUse *use, const Description *said, Volume *volume, GError **err)
{
    volume->kind = kinds[said->type];
    if (!volume->kind)
        return fail(err, UNSUPPORTED,
                    _("the volume '%s' of pool '%s' is of type '%s', which a container cannot use"),
                    use->name, use->pool, described_names[said->type]);
    if (*said->path != '/')
        return fail(err, UNSUPPORTED,
                    _("the volume '%s' of pool '%s' is at '%s', which is no path of this host"),
                    use->name, use->pool, said->path);
    volume->path = g_strdup(said->path);
    return take_format(use, said->format, volume, err);
}

static bool apply(const char *xml, const VolumeUse *use, GError **err)
{
    const Reader reader = { .flags = DOMAIN_DEF_LIVE };
    g_autoptr(xmlDoc) doc = xml_read(xml, "volume", err);
    Description said = { 0 };
    Volume volume = { 0 };
    bool fine =
        doc && record_parse(&description_record, &reader, xmlDocGetRootElement(doc), &said, err);

    if (!fine)
        fail_while(err, _("cannot understand the volume '%s' of pool '%s'"), use->name, use->pool);
    fine = fine && take(use, &said, &volume, err);
    record_clear(&description_record, &said);
    if (!fine) {
        g_free(volume.path);
        return false;
    }
    g_free(use->found->path);
    *use->found = volume;
    return true;
}

bool volume_apply(const char *xml, const VolumeUse *use, GError **err)
{
    if (*xml)
        return apply(xml, use, err);
    *use->found = (Volume){ .kind = VOLUME_MISSING };
    return true;
}

/* ---- what the definition says ---------------------------------------------------------------- */

GArray *domain_def_volumes(DomainDef *def)
{
    GArray *uses = g_array_new(FALSE, FALSE, sizeof(VolumeUse));
    const DiskList *disks = (const DiskList *)device_list(def, &disk_class);

    for (size_t i = 0; i < def->filesystems.n; i++) {
        Filesystem *fs = def->filesystems.items[i];
        const VolumeUse use = { fs->pool, fs->source, &fs->volume, fs->mount.optional };
        if (fs->type == FILESYSTEM_VOLUME)
            g_array_append_val(uses, use);
    }
    for (size_t i = 0; i < disks->n; i++) {
        Disk *disk = disks->items[i];
        const VolumeUse use = { disk->source.pool, disk->source.volume, &disk->volume,
                                disk_is_optional(disk) };
        if (disk->type == DISK_VOLUME)
            g_array_append_val(uses, use);
    }
    return uses;
}

static bool is_plain(const char *name)
{
    if (!*name || strlen(name) > NAME_MAX_BYTES || !strcmp(name, ".") || !strcmp(name, ".."))
        return false;
    for (const char *c = name; *c; c++)
        if (*c == '/' || g_ascii_iscntrl(*c))
            return false;
    return true;
}

bool volume_check(const VolumeUse *use, GError **err)
{
    if (!is_plain(use->pool))
        return fail(err, UNSUPPORTED, _("'%s' cannot be the name of a storage pool"), use->pool);
    if (!is_plain(use->name))
        return fail(err, UNSUPPORTED, _("'%s' cannot be the name of a volume of pool '%s'"),
                    use->name, use->pool);
    return true;
}

bool volume_format(const VolumeUse *use, int said, int *ret_format, GError **err)
{
    int seen = use->found->format;

    if (!said && seen && seen != IMAGE_FORMAT_RAW)
        return fail(err, UNSUPPORTED,
                    _("the volume '%s' of pool '%s' looks like the format '%s': say so with "
                      "<driver format='%s'/> if it is meant to be"),
                    use->name, use->pool, image_format_names[seen], image_format_names[seen]);
    *ret_format = said;
    return true;
}
