// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * What nearly every device may say besides what it is: its alias, its place on the buses of a
 * machine, its turn in booting, its virtio options. A container has no buses: apart from the alias
 * of a running one all of it is checked, given back, and without effect.
 *
 * A device has the structs as fields, and their rows in its table:
 *
 *     DEVICE_INFO_ROWS(offsetof(Hub, info)),
 */
#pragma once

#include "conf/def-values.h"

typedef struct Record Record; /* record.h */

typedef enum AddressType {
    ADDRESS_NONE,
    ADDRESS_PCI,
    ADDRESS_DRIVE,
    ADDRESS_VIRTIO_SERIAL,
    ADDRESS_CCID,
    ADDRESS_USB,
    ADDRESS_SPAPR_VIO,
    ADDRESS_VIRTIO_S390, /* refused */
    ADDRESS_CCW,
    ADDRESS_VIRTIO_MMIO,
    ADDRESS_ISA,
    ADDRESS_DIMM,
    ADDRESS_UNASSIGNED, /* of a <hostdev> alone */
} AddressType;

/* Each type has some of these; see the rows. */
typedef struct Address {
    AddressType type;
    OptNumber domain; /* pci */
    OptNumber pci_bus;
    OptNumber pci_slot;
    OptNumber function;
    Switch multifunction;
    OptNumber zpci_uid;
    OptNumber zpci_fid;
    unsigned controller;
    unsigned bus;
    unsigned target;
    unsigned unit;
    unsigned port;
    char *usb_port; /* "1.4.2" */
    unsigned ccid_slot;
    OptNumber reg;   /* spapr-vio; all 64 bits */
    OptNumber cssid; /* ccw */
    OptNumber ssid;
    OptNumber devno;
    OptNumber iobase; /* isa */
    OptNumber irq;
    OptNumber dimm_slot;
    OptNumber base; /* dimm; all 64 bits */
} Address;

typedef struct DeviceInfo {
    char *alias; /* live */
    OptNumber acpi_index;
    Address address;
} DeviceInfo;

typedef struct BootOrder {
    OptNumber order;
    char *loadparm;
} BootOrder;

typedef struct Rom {
    Choice enabled;
    Switch bar;
    char *file;
} Rom;

typedef struct VirtioOptions {
    Switch iommu;
    Switch ats;
    Switch packed;
    Switch page_per_vq;
} VirtioOptions;

extern const Record address_record;
extern const Record hostdev_address_record; /* it may be unassigned, too */
extern const Record boot_record;
extern const Record rom_record;
/* The index of the controller that an address of `type` names; others name the first, 0. */
unsigned address_controller(const Address *address, AddressType type);

extern const char *const switch_names[]; /* of a Switch */

/* clang-format off */
#define DEVICE_INFO_ROWS(at)                                                                       \
    { "alias/@name", ROW_STRING, (at) + offsetof(DeviceInfo, alias), ROW_LIVE },                   \
    { "acpi/@index", ROW_NUMBER, (at) + offsetof(DeviceInfo, acpi_index), ROW_KEPT,                \
                     .min = 1, .max = UINT32_MAX },                                                \
    { "address",     ROW_RECORD, (at) + offsetof(DeviceInfo, address), .record = &address_record }

/* Stands before those of the DeviceInfo. */
#define BOOT_ROW(at) { "boot", ROW_RECORD, (at), .record = &boot_record }

#define VIRTIO_ROW(name, at)                                                                       \
    { "driver/@" #name, ROW_ENUM, (at) + offsetof(VirtioOptions, name), ROW_KEPT,                  \
                        .names = switch_names }
/* All there is in <driver>, or behind the rows with the rest of it. */
#define VIRTIO_ROWS(at)                                                                            \
    VIRTIO_ROW(iommu, at), VIRTIO_ROW(ats, at), VIRTIO_ROW(packed, at), VIRTIO_ROW(page_per_vq, at)
/* clang-format on */
