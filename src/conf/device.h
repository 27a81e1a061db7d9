// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Device classes: one file each, listed in device.c in the order of the output. A class is a record
 * (its XML) plus what rows cannot say: checks across the devices of a domain, what only a running
 * domain shows, and what the kernel must do.
 */
#pragma once

#include "conf/compile.h"
#include "conf/record.h"

typedef struct DeviceClass {
    const char *element;
    const Record *record;
    /* The devices' list in DomainDef, where others than the class look at it; 0: see device_list.
     */
    size_t list;
    /* Being there is this error. A record, if there is one, says what is even worse. */
    unsigned refused;
    /* Being there twice is this error; 0: any number of them. */
    unsigned single;
    /* Looks at all devices of the class once the document is read. */
    bool (*check)(DomainDef *def, const Reader *reader, GError **err);
    /* Fills in what a running domain shows. */
    void (*make_live)(DomainDef *def);
    /* Puts one device's part into the plan. Words of `record` outside their row's `works` have been
     * refused before. */
    bool (*plan)(const void *device, PlanBuilder *builder, GError **err);
} DeviceClass;

extern const DeviceClass audio_class;
extern const DeviceClass channel_class;
extern const DeviceClass console_class;
extern const DeviceClass controller_class;
extern const DeviceClass crypto_class;
extern const DeviceClass disk_class;
extern const DeviceClass filesystem_class;
extern const DeviceClass graphics_class;
extern const DeviceClass hostdev_class;
extern const DeviceClass hub_class;
extern const DeviceClass input_class;
extern const DeviceClass interface_class;
extern const DeviceClass iommu_class;
extern const DeviceClass lease_class;
extern const DeviceClass memballoon_class;
extern const DeviceClass nvram_class;
extern const DeviceClass panic_class;
extern const DeviceClass parallel_class;
extern const DeviceClass pstore_class;
extern const DeviceClass redirdev_class;
extern const DeviceClass redirfilter_class;
extern const DeviceClass rng_class;
extern const DeviceClass serial_class;
extern const DeviceClass shmem_class;
extern const DeviceClass smartcard_class;
extern const DeviceClass sound_class;
extern const DeviceClass tpm_class;
extern const DeviceClass video_class;
extern const DeviceClass vsock_class;
extern const DeviceClass watchdog_class;

/* The <devices> element; the field is the whole DomainDef. */
extern const CustomFunctions devices_functions;

/* Every class, in the order of the output. */
const DeviceClass *const *device_classes(size_t *ret_n);

/* All devices of a class, in the order of the document. */
const RecordList *device_list(const DomainDef *def, const DeviceClass *class);
/* Takes the device, made by record_new. */
void device_add(DomainDef *def, const DeviceClass *class, void *device);
/*
 * Adds the controller unless it is there: for the checks of classes whose devices hang on one.
 * `type` is a word of <controller type='...'>. device-controller.c
 */
bool device_need_controller(DomainDef *def, const char *type, unsigned index, GError **err);
/* Whether there is a USB controller. */
bool device_has_usb(const DomainDef *def);
/* The ids of all <audio>, as GSIZE_TO_POINTER: a set. device-audio.c */
GHashTable *device_audio_ids(const DomainDef *def);

bool devices_check(DomainDef *def, const Reader *reader, GError **err);
void devices_make_live(DomainDef *def);
/* In the order of the plan: file systems first, since everything else finds its place in them. */
bool devices_plan(const DomainDef *def, PlanBuilder *builder, GError **err);
