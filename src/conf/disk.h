// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * <disk>. device-disk.c has the rows and the plan, disk-source.c where the
 * bytes are, disk-options.c how a machine would see them, disk-bus.c where it would have them.
 */
#pragma once

#include "conf/def-volume.h"
#include "conf/device-info.h"
#include "conf/record.h"
#include "conf/source-label.h"

typedef enum DiskType {
    DISK_FILE,
    DISK_BLOCK,
    DISK_DIR,
    DISK_NETWORK,
    DISK_VOLUME,
    DISK_NVME,
    DISK_VHOSTUSER,
} DiskType;

typedef enum DiskDevice { DISK_DISK, DISK_CDROM, DISK_FLOPPY, DISK_LUN } DiskDevice;

typedef enum DiskBus {
    DISK_BUS_ABSENT, /* guessed from the target's name */
    DISK_BUS_IDE,
    DISK_BUS_FDC,
    DISK_BUS_SCSI,
    DISK_BUS_VIRTIO,
    DISK_BUS_XEN,
    DISK_BUS_USB,
    DISK_BUS_UML,
    DISK_BUS_SATA,
    DISK_BUS_SD,
} DiskBus;

/* ---- where the bytes are --------------------------------------------------------------------- */

/* A secret of the secret daemon, by one of the two. */
typedef struct DiskSecret {
    char *type;
    char *uuid;
    char *usage;
} DiskSecret;

typedef struct DiskSecretList {
    size_t n;
    DiskSecret **items;
} DiskSecretList;

typedef struct DiskAuth {
    int type;
    char *username;
    DiskSecret *secret;
} DiskAuth;

typedef struct DiskEncryption {
    int format, engine;
    DiskSecretList secrets;
} DiskEncryption;

typedef struct DiskHost {
    int transport;
    char *name;
    OptNumber port;
    char *socket;
} DiskHost;

typedef struct DiskHostList {
    size_t n;
    DiskHost **items;
} DiskHostList;

/* Who may reserve a LUN. */
typedef struct DiskReservations {
    Choice managed;
    int type, mode;
    char *path;
} DiskReservations;

typedef struct DiskNvmeAddress {
    OptNumber domain, bus, slot, function;
} DiskNvmeAddress;

typedef struct DiskSlice {
    OptNumber offset, size;
} DiskSlice;

typedef struct DiskReconnect {
    Choice enabled;
    OptNumber timeout;
} DiskReconnect;

/* What if the source is not there at a start. */
typedef enum DiskPolicy {
    DISK_POLICY_ABSENT, /* as mandatory */
    DISK_POLICY_MANDATORY,
    DISK_POLICY_REQUISITE, /* the same, since there is no start but from nothing */
    DISK_POLICY_OPTIONAL,
} DiskPolicy;

/* Each type of disk has some of these. */
typedef struct DiskSource {
    char *path;   /* file, dev, dir, or a vhost-user socket */
    int protocol; /* network */
    char *name, *query, *tls_hostname;
    Choice tls;
    DiskHostList hosts;
    char *snapshot, *config, *initiator, *user, *group;
    Choice verify;
    OptNumber readahead, timeout;
    char *pool, *volume;
    int mode;
    int kind; /* nvme, vhostuser: the only word */
    Choice managed;
    OptNumber nvme_namespace;
    DiskNvmeAddress *address;
    DiskReconnect *reconnect;
    DiskPolicy startup_policy;
    OptNumber index; /* live */
    DiskReservations *reservations;
    DiskSlice *slice;
    SourceLabelList labels;
    DiskAuth *auth;
    DiskEncryption *encryption;
} DiskSource;

/* ---- how a machine would see them ------------------------------------------------------------ */

typedef struct DiskDriver {
    char *name; /* loop, nbd, qemu, ... */
    int format;
    int cache, error_policy, rerror_policy, io, discard, detect_zeroes;
    Switch ioeventfd, event_idx, copy_on_read;
    OptNumber iothread, queues, queue_size;
    VirtioOptions virtio;
    OptNumber metadata_cache; /* bytes */
} DiskDriver;

#define DISK_LIMITS 19

typedef struct DiskLimits {
    OptNumber items[DISK_LIMITS]; /* in the order of the rows */
    char *group;
} DiskLimits;

typedef struct DiskGeometry {
    OptNumber cylinders, heads, sectors;
    int translation;
} DiskGeometry;

typedef struct DiskTransient {
    Choice share_backing;
} DiskTransient;

typedef struct Disk {
    DiskType type;
    DiskDevice device;
    Choice rawio;
    int sgio, model, snapshot;
    DiskDriver driver;
    DiskAuth *auth; /* an older place of the source's */
    DiskSource source;
    KeptXml backing_store;
    KeptXml mirror; /* live */
    char *backend_domain;
    DiskGeometry geometry;
    OptNumber logical_block_size, physical_block_size;
    char *target; /* a name in the container's /dev */
    DiskBus bus;
    int tray;
    Switch removable;
    OptNumber rotation_rate;
    DiskLimits limits;
    bool readonly, shareable;
    DiskTransient *transient;
    char *serial, *wwn, *vendor, *product;
    DiskEncryption *encryption; /* an older place of the source's */
    BootOrder boot;
    DeviceInfo info;
    Volume volume;
} Disk;

typedef struct DiskList {
    size_t n;
    Disk **items;
} DiskList;

/* disk-source.c */
extern const Record disk_auth_record;
extern const Record disk_encryption_record;
extern const Record disk_host_record;
extern const Record disk_reservations_record;
extern const Record disk_nvme_address_record;
extern const Record disk_slice_record;
extern const Record disk_reconnect_record;
extern const char *const disk_protocol_names[];
bool disk_source_check(Disk *disk, GError **err);
/* Its path, or what comes nearest to one; for messages. */
const char *disk_source_text(const Disk *disk);
/* Whether a container starts without it where its source is not there. */
bool disk_is_optional(const Disk *disk);

/* disk-options.c */
extern const Record disk_driver_record;
extern const Record disk_limits_record;
extern const Record disk_transient_record;
enum { DISK_CACHE_DEFAULT, DISK_CACHE_NONE };
extern const char *const disk_cache_names[];
bool disk_options_check(Disk *disk, GError **err);

/* disk-bus.c */
extern const char *const disk_bus_names[];
/* The target's name says which bus it is on, and where there. */
bool disk_bus_check(Disk *disk, GError **err);
/* Brings the disks into the order of their names, as libvirt does. */
void disk_bus_sort(DiskList *disks);
/* Called by the check of controllers, which comes behind that of disks. */
bool disk_bus_need_controllers(DomainDef *def, GError **err);
