// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* <hostdev> as the user wrote it; see device-hostdev.c. */
#pragma once

#include "conf/def-interface.h"

typedef enum HostdevMode { HOSTDEV_SUBSYSTEM, HOSTDEV_CAPABILITIES } HostdevMode;

typedef enum HostdevType {
    HOSTDEV_ABSENT, /* an error */
    HOSTDEV_USB,    /* of mode subsystem */
    HOSTDEV_PCI,
    HOSTDEV_SCSI,
    HOSTDEV_SCSI_HOST,
    HOSTDEV_MDEV,
    HOSTDEV_STORAGE, /* of mode capabilities */
    HOSTDEV_MISC,
    HOSTDEV_NET,
} HostdevType;

typedef enum StartupPolicy {
    STARTUP_ABSENT, /* as mandatory */
    STARTUP_MANDATORY,
    STARTUP_REQUISITE,
    STARTUP_OPTIONAL,
} StartupPolicy;

typedef struct Hostdev {
    HostdevMode mode;
    HostdevType type;
    int managed; /* 0 no, 1 yes */
    int sgio;    /* scsi */
    Choice rawio;
    char *model;    /* scsi_host, mdev */
    Switch display; /* mdev */
    Switch ramfb;
    int driver; /* pci */
    StartupPolicy startup_policy;
    Choice missing;  /* usb; live: an optional one that is not there */
    int guest_reset; /* usb */
    OptNumber vendor;
    OptNumber product;
    OptNumber bus;
    OptNumber device;
    Choice write_filtering; /* pci */
    OptNumber pci_domain;
    OptNumber pci_bus;
    OptNumber pci_slot;
    OptNumber pci_function;
    KeptXml source;  /* scsi, scsi_host, mdev */
    char *path;      /* storage, misc: a node of the host */
    char *interface; /* net: a network device of the host */
    InterfaceIpList ips;
    InterfaceRouteList routes;
    Teaming *teaming; /* pci */
    bool readonly;    /* scsi */
    bool shareable;
    BootOrder *boot;
    char *alias; /* live: hostdev0, ... */
    Rom *rom;
    OptNumber acpi_index;
    Address *address;
} Hostdev;

typedef struct HostdevList {
    size_t n;
    Hostdev **items;
} HostdevList;
