// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Where the bytes of a disk are. A container takes files and block devices; what only a virtual
 * machine can reach is checked and kept.
 */
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/disk.h"
#include "conf/domain-records.h"
#include "conf/value.h"

#define WRONG ERR(DOMAIN, XML_ERROR)
#define UNSUPPORTED ERR(DOMAIN, CONFIG_UNSUPPORTED)
#define STORAGE_WRONG ERR(STORAGE, XML_ERROR)
#define STORAGE_UNSUPPORTED ERR(STORAGE, CONFIG_UNSUPPORTED)

/* ---- secrets --------------------------------------------------------------------------------- */

static bool normalize_uuid(const char *text, char **ret_text, GError **err)
{
    uint8_t uuid[16];

    if (!value_parse_uuid(text, uuid))
        return fail(err, ERR(NONE, XML_ERROR), _("malformed UUID '%s' of a secret"), text);
    *ret_text = value_format_uuid(uuid);
    return true;
}

/* clang-format off */
static const Row secret_rows[] = {
    { "@type",  ROW_STRING, offsetof(DiskSecret, type) },
    { "@uuid",  ROW_STRING, offsetof(DiskSecret, uuid),  .normalize = normalize_uuid },
    { "@usage", ROW_STRING, offsetof(DiskSecret, usage) },
    { NULL },
};
/* clang-format on */

static bool check_secret(void *object, const Reader *reader, GError **err)
{
    const DiskSecret *secret = object;

    if (!secret->uuid == !secret->usage)
        return fail(err, ERR(NONE, XML_ERROR), _("a secret has either uuid= or usage="));
    return true;
}

static const Record secret_record = { "secret", sizeof(DiskSecret), secret_rows,
                                      .check = check_secret };

static const char *const auth_names[] = { NULL, "chap", "ceph", NULL };

/* clang-format off */
static const Row auth_rows[] = {
    { "@type",     ROW_ENUM,   offsetof(DiskAuth, type),     .names = auth_names,
                   .bad = STORAGE_UNSUPPORTED },
    { "@username", ROW_STRING, offsetof(DiskAuth, username), .missing = STORAGE_WRONG },
    { "secret",    ROW_MAYBE,  offsetof(DiskAuth, secret),   .record = &secret_record,
                   .missing = STORAGE_WRONG },
    { NULL },
};
/* clang-format on */

const Record disk_auth_record = { "auth", sizeof(DiskAuth), auth_rows, .kept = true };

static const char *const encryption_names[] = { NULL, "default", "qcow", "luks", "luks2", NULL };
static const char *const engine_names[] = { NULL, "qemu", "librbd", NULL };

/* clang-format off */
static const Row encryption_rows[] = {
    { "@format", ROW_ENUM,    offsetof(DiskEncryption, format),  .names = encryption_names,
                 .missing = STORAGE_WRONG, .bad = STORAGE_UNSUPPORTED },
    { "@engine", ROW_ENUM,    offsetof(DiskEncryption, engine),  .names = engine_names },
    { "secret",  ROW_LIST,    offsetof(DiskEncryption, secrets), .record = &secret_record },
    { "cipher",  ROW_REFUSED },
    { NULL },
};
/* clang-format on */

static bool check_encryption(void *object, const Reader *reader, GError **err)
{
    const DiskEncryption *encryption = object;

    for (size_t i = 0; i < encryption->secrets.n; i++)
        if (g_strcmp0(encryption->secrets.items[i]->type, "passphrase") != 0)
            return fail(err, STORAGE_UNSUPPORTED,
                        _("the secret of an encryption has the type '%s', not 'passphrase'"),
                        encryption->secrets.items[i]->type ? encryption->secrets.items[i]->type
                                                           : "");
    return true;
}

const Record disk_encryption_record = { "encryption", sizeof(DiskEncryption), encryption_rows,
                                        .kept = true, .check = check_encryption };

/* ---- parts of the source --------------------------------------------------------------------- */

enum { TRANSPORT_TCP, TRANSPORT_UNIX };

static const char *const transport_names[] = { "tcp", "unix", "rdma", NULL };

/* clang-format off */
static const Row host_rows[] = {
    { "@name",      ROW_STRING, offsetof(DiskHost, name) },
    { "@port",      ROW_NUMBER, offsetof(DiskHost, port),      .min = 0, .max = UINT16_MAX,
                    .bad = ERR(NONE, INVALID_ARG) },
    { "@transport", ROW_ENUM,   offsetof(DiskHost, transport), ROW_HIDE_DEFAULT,
                    .names = transport_names, .bad = UNSUPPORTED },
    { "@socket",    ROW_STRING, offsetof(DiskHost, socket) },
    { NULL },
};
/* clang-format on */

static bool check_host(void *object, const Reader *reader, GError **err)
{
    DiskHost *host = object;
    bool is_unix = host->transport == TRANSPORT_UNIX;

    if (is_unix && !host->socket)
        return fail(err, WRONG, _("a disk's <host> with transport 'unix' lacks socket="));
    if (!is_unix && host->socket)
        return fail(err, WRONG, _("a disk's <host> with transport '%s' cannot have a socket"),
                    transport_names[host->transport]);
    if (!is_unix && !host->name)
        return fail(err, WRONG, _("a disk's <host> lacks name="));
    if (is_unix)
        g_clear_pointer(&host->name, g_free);
    return true;
}

const Record disk_host_record = { "host", sizeof(DiskHost), host_rows, .kept = true,
                                  .check = check_host };

static const char *const unix_name[] = { NULL, "unix", NULL };
static const char *const client_name[] = { NULL, "client", NULL };

/* clang-format off */
static const Row reservations_rows[] = {
    { "@managed",     ROW_ENUM,   offsetof(DiskReservations, managed), .names = choice_names,
                      .missing = ERR(XML, XML_ERROR) },
    { "source/@type", ROW_ENUM,   offsetof(DiskReservations, type),    .names = unix_name,
                      .bad = STORAGE_WRONG },
    { "source/@path", ROW_STRING, offsetof(DiskReservations, path) },
    { "source/@mode", ROW_ENUM,   offsetof(DiskReservations, mode),    .names = client_name,
                      .bad = STORAGE_WRONG },
    { NULL },
};
/* clang-format on */

static bool check_reservations(void *object, const Reader *reader, GError **err)
{
    const DiskReservations *reservations = object;

    if (reservations->managed == CHOICE_NO &&
        (!reservations->type || !reservations->path || !reservations->mode))
        return fail(err, STORAGE_WRONG,
                    _("<reservations managed='no'> needs a <source> with type=, path= and mode="));
    return true;
}

const Record disk_reservations_record = { "reservations", sizeof(DiskReservations),
                                          reservations_rows, .kept = true,
                                          .check = check_reservations };

#define UINT .min = 0, .max = UINT32_MAX

/* clang-format off */
static const Row nvme_rows[] = {
    { "@domain",   ROW_NUMBER, offsetof(DiskNvmeAddress, domain),   UINT, .digits = 4 },
    { "@bus",      ROW_NUMBER, offsetof(DiskNvmeAddress, bus),      UINT, .digits = 2 },
    { "@slot",     ROW_NUMBER, offsetof(DiskNvmeAddress, slot),     UINT, .digits = 2 },
    { "@function", ROW_NUMBER, offsetof(DiskNvmeAddress, function), UINT, .digits = 1 },
    { NULL },
};
/* clang-format on */

static bool check_nvme(void *object, const Reader *reader, GError **err)
{
    DiskNvmeAddress *address = object;

    if (address->bus.value > 0xff || address->slot.value > 0x1f || address->function.value > 7)
        return fail(err, ERR(NONE, XML_ERROR),
                    _("the PCI address of an NVMe disk is above bus 0xff, slot 0x1f, function 7"));
    address->domain.set = address->bus.set = true;
    address->slot.set = address->function.set = true;
    return true;
}

const Record disk_nvme_address_record = { "address", sizeof(DiskNvmeAddress), nvme_rows,
                                          .kept = true, .check = check_nvme };

static const char *const slice_type[] = { "storage" };

/* clang-format off */
static const Row slice_rows[] = {
    { "@type",   ROW_FIXED,  .names = slice_type },
    { "@offset", ROW_NUMBER, offsetof(DiskSlice, offset), .min = 0, .max = INT64_MAX,
                 .missing = WRONG, .bad = WRONG },
    { "@size",   ROW_NUMBER, offsetof(DiskSlice, size),   .min = 0, .max = INT64_MAX,
                 .missing = WRONG, .bad = WRONG },
    { NULL },
};

static const Row reconnect_rows[] = {
    { "@enabled", ROW_ENUM,   offsetof(DiskReconnect, enabled), .names = choice_names },
    { "@timeout", ROW_NUMBER, offsetof(DiskReconnect, timeout), UINT },
    { NULL },
};
/* clang-format on */

static bool check_reconnect(void *object, const Reader *reader, GError **err)
{
    DiskReconnect *reconnect = object;

    if (reconnect->enabled == CHOICE_YES && !reconnect->timeout.set)
        return fail(err, ERR(XML, XML_ERROR), _("<reconnect enabled='yes'> lacks timeout="));
    reconnect->timeout.set = reconnect->enabled == CHOICE_YES;
    return true;
}

const Record disk_slice_record = { "slice", sizeof(DiskSlice), slice_rows, .kept = true };
const Record disk_reconnect_record = { "reconnect", sizeof(DiskReconnect), reconnect_rows,
                                       .kept = true, .check = check_reconnect };

/* ---- protocols ------------------------------------------------------------------------------- */

typedef struct Protocol {
    unsigned port;      /* the usual one, 0: none */
    bool nameless;      /* a server has one disk */
    bool split;         /* the name is POOL/IMAGE */
    const char *secret; /* the type of secret that opens it, "": any; NULL: nothing does */
} Protocol;

enum {
    PROTOCOL_NBD = 1,
    PROTOCOL_GLUSTER,
    PROTOCOL_RBD,
    PROTOCOL_ISCSI,
    PROTOCOL_HTTP,
    PROTOCOL_HTTPS,
    PROTOCOL_FTPS,
    PROTOCOL_FTP,
    PROTOCOL_SHEEPDOG,
    PROTOCOL_TFTP,
    PROTOCOL_VXHS,
    PROTOCOL_NFS,
    PROTOCOL_SSH,
};

const char *const disk_protocol_names[] = {
    NULL,  "nbd",      "gluster", "rbd",  "iscsi", "http", "https", "ftps",
    "ftp", "sheepdog", "tftp",    "vxhs", "nfs",   "ssh",  NULL,
};

/* clang-format off */
static const Protocol protocols[] = {
    [PROTOCOL_NBD]      = { .port = 10809, .nameless = true },
    [PROTOCOL_GLUSTER]  = { .port = 24007, .split = true },
    [PROTOCOL_RBD]      = { .split = true, .secret = "ceph" },
    [PROTOCOL_ISCSI]    = { .port = 3260,  .secret = "iscsi" },
    [PROTOCOL_HTTP]     = { .port = 80,    .secret = "" },
    [PROTOCOL_HTTPS]    = { .port = 443,   .secret = "" },
    [PROTOCOL_FTPS]     = { .port = 990,   .secret = "" },
    [PROTOCOL_FTP]      = { .port = 21,    .secret = "" },
    [PROTOCOL_SHEEPDOG] = { .port = 7000 },
    [PROTOCOL_TFTP]     = { .port = 69 },
    [PROTOCOL_VXHS]     = { .port = 9999 },
    [PROTOCOL_NFS]      = { .port = 0 },
    [PROTOCOL_SSH]      = { .port = 22,    .secret = "" },
};
/* clang-format on */

static bool check_name(DiskSource *source, GError **err)
{
    const Protocol *protocol = &protocols[source->protocol];
    const char *slash = source->name ? strchr(source->name, '/') : NULL;

    if (!source->name && !protocol->nameless)
        return fail(err, WRONG, _("a disk reached by '%s' lacks a name in its source"),
                    disk_protocol_names[source->protocol]);
    if (protocol->split && (!slash || slash == source->name))
        return fail(err, WRONG, _("the name '%s' of a disk reached by '%s' is not POOL/IMAGE"),
                    source->name, disk_protocol_names[source->protocol]);
    if (source->protocol == PROTOCOL_ISCSI && !slash) {
        g_autofree char *name = source->name;

        source->name = g_strconcat(name, "/0", NULL);
    }
    return true;
}

static bool check_auth(const Disk *disk, GError **err)
{
    const DiskAuth *auth = disk->auth ? disk->auth : disk->source.auth;
    const char *name = disk_protocol_names[disk->source.protocol];
    const char *wanted = protocols[disk->source.protocol].secret;

    if (!auth)
        return true;
    if (!wanted)
        return fail(err, UNSUPPORTED, _("a disk reached by '%s' needs no <auth>"), name);
    if (*wanted && g_strcmp0(auth->secret->type, wanted) != 0)
        return fail(err, UNSUPPORTED,
                    _("the secret of a disk reached by '%s' is of type '%s', not '%s'"), name,
                    auth->secret->type ? auth->secret->type : "", wanted);
    return true;
}

static bool check_network(Disk *disk, GError **err)
{
    DiskSource *source = &disk->source;
    unsigned port;

    if (!source->protocol && (source->name || source->hosts.n))
        return fail(err, ERR(XML, XML_ERROR), _("the source of disk '%s' lacks protocol="),
                    disk->target);
    if (!source->protocol)
        return true;
    port = protocols[source->protocol].port;
    for (size_t i = 0; i < source->hosts.n; i++) {
        DiskHost *host = source->hosts.items[i];

        if (host->transport == TRANSPORT_TCP && !host->port.value)
            host->port = (OptNumber){ .set = port != 0, .value = port };
    }
    return check_name(source, err) && check_auth(disk, err);
}

/* ---- checks ---------------------------------------------------------------------------------- */

static bool check_volume(const DiskSource *source, GError **err)
{
    if (!source->pool != !source->volume)
        return fail(err, WRONG,
                    _("the source of a disk of type 'volume' has pool= or volume=, "
                      "but not both"));
    return true;
}

static bool check_nvme_source(DiskSource *source, GError **err)
{
    if (!source->nvme_namespace.set && !source->kind && !source->address)
        return true;
    if (!source->kind)
        return fail(err, WRONG, _("the source of an NVMe disk lacks type='pci'"));
    if (!source->nvme_namespace.set)
        return fail(err, WRONG, _("the source of an NVMe disk lacks namespace="));
    if (!source->nvme_namespace.value)
        return fail(err, UNSUPPORTED, _("the namespace of an NVMe disk cannot be 0"));
    if (!source->address)
        return fail(err, WRONG, _("the source of an NVMe disk lacks an <address>"));
    if (!source->managed)
        source->managed = CHOICE_YES;
    return true;
}

static bool check_vhostuser(const DiskSource *source, GError **err)
{
    if (!source->kind && !source->path)
        return true;
    if (!source->kind)
        return fail(err, WRONG, _("the source of a vhost-user disk lacks type='unix'"));
    if (!source->path)
        return fail(err, WRONG, _("the source of a vhost-user disk lacks path="));
    return true;
}

static bool check_type(Disk *disk, GError **err)
{
    switch (disk->type) {
    case DISK_NETWORK:
        return check_network(disk, err);
    case DISK_VOLUME:
        return check_volume(&disk->source, err);
    case DISK_NVME:
        return check_nvme_source(&disk->source, err);
    case DISK_VHOSTUSER:
        return check_vhostuser(&disk->source, err);
    case DISK_FILE:
    case DISK_BLOCK:
    case DISK_DIR:
        return true;
    }
    return true;
}

static bool has_source(const Disk *disk)
{
    const DiskSource *source = &disk->source;

    return source->path || source->protocol || source->pool || source->address;
}

/* What can be put in and taken out may be empty; libvirt calls that a file. */
static bool check_given(Disk *disk, GError **err)
{
    if (has_source(disk))
        return true;
    if (disk->device != DISK_CDROM && disk->device != DISK_FLOPPY)
        return fail(err, ERR(DOMAIN, NO_SOURCE), _("the disk '%s' lacks a source"), disk->target);
    disk->type = DISK_FILE;
    return true;
}

static bool check_lun(const Disk *disk, GError **err)
{
    const DiskSource *source = &disk->source;

    if (disk->type != DISK_BLOCK && disk->type != DISK_NETWORK && disk->type != DISK_VOLUME)
        return fail(err, UNSUPPORTED, _("the disk '%s' with device 'lun' is not a block device"),
                    disk->target);
    if (source->protocol && source->protocol != PROTOCOL_ISCSI)
        return fail(err, UNSUPPORTED,
                    _("the disk '%s' with device 'lun' cannot be reached by '%s'"), disk->target,
                    disk_protocol_names[source->protocol]);
    if (source->slice || source->encryption)
        return fail(err, UNSUPPORTED,
                    _("the disk '%s' with device 'lun' can neither be a slice nor encrypted"),
                    disk->target);
    return true;
}

static bool check_twice(const Disk *disk, GError **err)
{
    if (disk->auth && disk->source.auth)
        return fail(err, UNSUPPORTED, _("the disk '%s' has <auth> inside and outside its source"),
                    disk->target);
    if (disk->encryption && disk->source.encryption)
        return fail(err, UNSUPPORTED,
                    _("the disk '%s' has <encryption> inside and outside its source"),
                    disk->target);
    if (disk->source.reservations && disk->device != DISK_LUN)
        return fail(err, UNSUPPORTED,
                    _("the disk '%s' has <reservations>, which only a LUN can have"), disk->target);
    return true;
}

static void forget_zero(OptNumber *number)
{
    number->set = number->set && number->value != 0;
}

bool disk_source_check(Disk *disk, GError **err)
{
    forget_zero(&disk->source.readahead);
    forget_zero(&disk->source.timeout);
    forget_zero(&disk->source.index);
    return check_type(disk, err) && check_given(disk, err) && check_twice(disk, err) &&
           source_labels_check(&disk->source.labels, err) &&
           (disk->device != DISK_LUN || check_lun(disk, err));
}

bool disk_is_optional(const Disk *disk)
{
    return disk->source.startup_policy == DISK_POLICY_OPTIONAL;
}

const char *disk_source_text(const Disk *disk)
{
    const DiskSource *source = &disk->source;

    if (source->path)
        return source->path;
    if (source->volume)
        return source->volume;
    return source->name ? source->name : "";
}
