// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The name of a disk's target, such as sdb1: which bus it is on, and where there. In a container it
 * is the name of a device node and nothing else, but libvirt orders, places and checks disks by it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/device.h"
#include "conf/disk.h"
#include "conf/domain-records.h"

#define WRONG ERR(DOMAIN, XML_ERROR)
#define BAD_NAME ERR(DOMAIN, INTERNAL_ERROR)
#define UNSUPPORTED ERR(DOMAIN, CONFIG_UNSUPPORTED)

const char *const disk_bus_names[] = { NULL,  "ide", "fdc",  "scsi", "virtio", "xen",
                                       "usb", "uml", "sata", "sd",   NULL };

typedef struct Prefix {
    const char *text;
    DiskBus bus;
} Prefix;

static const Prefix prefixes[] = {
    {"fd",   DISK_BUS_FDC   },
    { "hd",  DISK_BUS_IDE   },
    { "sd",  DISK_BUS_SCSI  },
    { "vd",  DISK_BUS_VIRTIO},
    { "xvd", DISK_BUS_XEN   },
    { "ubd", DISK_BUS_UML   },
};

/* The buses whose disks have a place of their own: units on a bus, buses on a controller. */
typedef struct Places {
    DiskBus bus;
    unsigned buses;
    unsigned units;
} Places;

static const Places places[] = {
    {DISK_BUS_SCSI,  1, 7},
    { DISK_BUS_FDC,  1, 2},
    { DISK_BUS_IDE,  2, 2},
    { DISK_BUS_SATA, 1, 6},
};

/* ---- names ----------------------------------------------------------------------------------- */

static const Prefix *find_prefix(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(prefixes); i++)
        if (g_str_has_prefix(name, prefixes[i].text))
            return &prefixes[i];
    return NULL;
}

/* sda and sda1 are 0, sdz is 25, sdaa is 26; -1 when it is no such name. */
static int name_index(const char *name)
{
    const Prefix *prefix = find_prefix(name);
    int64_t index = -1;

    if (!prefix)
        return -1;
    for (name += strlen(prefix->text); g_ascii_islower(*name) && index < INT32_MAX; name++)
        index = (index + 1) * 26 + (*name - 'a');
    return index <= INT32_MAX && !name[strspn(name, "0123456789")] ? (int)index : -1;
}

static bool check_name(const Disk *disk, GError **err)
{
    const Prefix *prefix = find_prefix(disk->target);

    if (name_index(disk->target) < 0 && !disk->info.address.type)
        return fail(err, WRONG, _("'%s' is no name of a disk, and it has no address"),
                    disk->target);
    if (strchr(disk->target, '/'))
        return fail(err, WRONG, _("the name '%s' of a disk contains '/'"), disk->target);
    if (!prefix || (prefix->bus == DISK_BUS_FDC) != (disk->device == DISK_FLOPPY))
        return fail(err, BAD_NAME, _("a disk of this kind cannot be called '%s'"), disk->target);
    return true;
}

/* ---- one disk -------------------------------------------------------------------------------- */

static DiskBus guess_bus(const Disk *disk)
{
    const Prefix *prefix = find_prefix(disk->target);

    if (disk->device == DISK_FLOPPY)
        return DISK_BUS_FDC;
    return prefix ? prefix->bus : DISK_BUS_IDE;
}

static const Places *find_places(DiskBus bus)
{
    for (size_t i = 0; i < G_N_ELEMENTS(places); i++)
        if (places[i].bus == bus)
            return &places[i];
    return NULL;
}

static bool place(Disk *disk, GError **err)
{
    const Places *on = find_places(disk->bus);
    Address *address = &disk->info.address;
    unsigned index;

    if (!on || address->type == ADDRESS_DRIVE)
        return true;
    if (address->type)
        return fail(err, UNSUPPORTED,
                    _("the disk '%s' is on the bus '%s', which has only addresses of type "
                      "'drive'"),
                    disk->target, disk_bus_names[disk->bus]);
    index = (unsigned)name_index(disk->target);
    address->type = ADDRESS_DRIVE;
    address->controller = index / (on->buses * on->units);
    address->bus = index / on->units % on->buses;
    address->unit = index % on->units;
    return true;
}

bool disk_bus_check(Disk *disk, GError **err)
{
    if (!disk->bus)
        disk->bus = guess_bus(disk);
    if (!check_name(disk, err))
        return false;
    if ((disk->bus == DISK_BUS_FDC) != (disk->device == DISK_FLOPPY))
        return fail(err, BAD_NAME, _("the disk '%s' cannot be on the bus '%s'"), disk->target,
                    disk_bus_names[disk->bus]);
    return place(disk, err);
}

/* ---- all disks ------------------------------------------------------------------------------- */

typedef struct Rank {
    Disk *disk;
    size_t group; /* where the first disk of its bus stands */
    int index;
    size_t at;
} Rank;

static int compare(const void *a_data, const void *b_data)
{
    const Rank *a = a_data, *b = b_data;

    if (a->group != b->group)
        return a->group < b->group ? -1 : 1;
    if (a->index != b->index)
        return a->index < b->index ? -1 : 1;
    return a->at < b->at ? -1 : 1;
}

void disk_bus_sort(DiskList *disks)
{
    g_autofree Rank *ranks = g_new(Rank, disks->n + 1);
    size_t first[DISK_BUS_SD + 1];

    for (size_t i = disks->n; i > 0; i--)
        first[disks->items[i - 1]->bus] = i - 1;
    for (size_t i = 0; i < disks->n; i++) {
        Disk *disk = disks->items[i];

        ranks[i] = (Rank){ disk, first[disk->bus], name_index(disk->target), i };
    }
    qsort(ranks, disks->n, sizeof(Rank), compare);
    for (size_t i = 0; i < disks->n; i++)
        disks->items[i] = ranks[i].disk;
}

bool disk_bus_need_controllers(DomainDef *def, GError **err)
{
    const RecordList *disks = device_list(def, &disk_class);

    for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
        uint64_t n = 0;

        for (size_t j = 0; j < disks->n; j++) {
            const Disk *disk = disks->items[j];

            if (disk->bus == places[i].bus)
                n = MAX(n, (uint64_t)disk->info.address.controller + 1);
        }
        for (unsigned index = 0; index < n; index++)
            if (!device_need_controller(def, disk_bus_names[places[i].bus], index, err))
                return false;
    }
    return true;
}
