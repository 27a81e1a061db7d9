// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * <iommu>: what keeps the devices of a virtual machine apart. Kept.
 */
#include "base/error.h"
#include "base/text.h"
#include "conf/device-info.h"
#include "conf/device.h"

#define WRONG ERR(DOMAIN, XML_ERROR)
#define UNSUPPORTED ERR(DOMAIN, CONFIG_UNSUPPORTED)

enum { MODEL_INTEL = 1, MODEL_SMMUV3, MODEL_VIRTIO };

typedef struct Iommu {
    int model;
    Switch intremap;
    Switch caching_mode;
    Switch eim;
    Switch iotlb;
    OptNumber aw_bits;
    DeviceInfo info;
} Iommu;

static const char *const model_names[] = { NULL, "intel", "smmuv3", "virtio", NULL };

#define FIELD(name) offsetof(Iommu, name)

/* clang-format off */
static const Row iommu_rows[] = {
    { "@model",               ROW_ENUM,   FIELD(model),        .names = model_names, .missing = ERR(XML, XML_ERROR) },
    { "driver/@intremap",     ROW_ENUM,   FIELD(intremap),     .names = switch_names },
    { "driver/@caching_mode", ROW_ENUM,   FIELD(caching_mode), .names = switch_names },
    { "driver/@eim",          ROW_ENUM,   FIELD(eim),          .names = switch_names },
    { "driver/@iotlb",        ROW_ENUM,   FIELD(iotlb),        .names = switch_names },
    { "driver/@aw_bits",      ROW_NUMBER, FIELD(aw_bits),      .min = 0, .max = UINT32_MAX },
    DEVICE_INFO_ROWS(FIELD(info)),
    { NULL },
};
/* clang-format on */

static bool check_one(void *object, const Reader *reader, GError **err)
{
    Iommu *iommu = object;
    bool driver;

    iommu->aw_bits.set = iommu->aw_bits.value != 0;
    driver =
        iommu->intremap || iommu->caching_mode || iommu->eim || iommu->iotlb || iommu->aw_bits.set;
    if (driver && iommu->model != MODEL_INTEL)
        return fail(err, WRONG, _("an IOMMU of model '%s' has no <driver>"),
                    model_names[iommu->model]);
    if (iommu->info.address.type && iommu->model != MODEL_VIRTIO)
        return fail(err, WRONG, _("an IOMMU of model '%s' has no address"),
                    model_names[iommu->model]);
    if (iommu->eim == SWITCH_ON && iommu->intremap != SWITCH_ON)
        return fail(err, UNSUPPORTED, _("eim='on' of an IOMMU needs intremap='on'"));
    return true;
}

static const Record iommu_record = { "iommu", sizeof(Iommu), iommu_rows, .kept = true,
                                     .check = check_one };

/* Interrupts are remapped by QEMU, so they have to pass through it. */
static bool check(DomainDef *def, const Reader *reader, GError **err)
{
    const RecordList *list = device_list(def, &iommu_class);

    if (list->n && ((const Iommu *)list->items[0])->intremap == SWITCH_ON &&
        def->features.ioapic != IOAPIC_QEMU)
        return fail(err, UNSUPPORTED,
                    _("intremap='on' of an IOMMU needs <ioapic driver='qemu'/> in <features>"));
    return true;
}

const DeviceClass iommu_class = {
    .element = "iommu",
    .record = &iommu_record,
    .single = WRONG,
    .check = check,
};
