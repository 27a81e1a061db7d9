// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * <tpm>: a security module of a virtual machine: the host's own, an emulated one, or one behind a
 * socket. Kept.
 */
#include "base/error.h"
#include "base/text.h"
#include "conf/device-info.h"
#include "conf/device.h"
#include "conf/domain-records.h"
#include "conf/value.h"

#define WRONG ERR(DOMAIN, XML_ERROR)
#define UNSUPPORTED ERR(DOMAIN, CONFIG_UNSUPPORTED)

/* A POWER machine can have a proxy besides. */
#define TPM_MAX 2

enum { BACKEND_PASSTHROUGH = 1, BACKEND_EMULATOR, BACKEND_EXTERNAL };
enum { VERSION_ABSENT, VERSION_1_2, VERSION_2_0 };

typedef struct Banks {
    bool sha1;
    bool sha256;
    bool sha384;
    bool sha512;
} Banks;

typedef struct Backend {
    int type;
    char *device; /* passthrough */
    int version;  /* emulator */
    bool persistent;
    char *secret;
    Banks banks;
    ChardevType source; /* external */
    ChardevMode mode;
    char *path;
} Backend;

typedef struct Tpm {
    int model; /* 0 not given */
    Backend *backend;
    DeviceInfo info;
} Tpm;

/* ---- rows ------------------------------------------------------------------------------------ */

static bool normalize_uuid(const char *text, char **ret_text, GError **err)
{
    uint8_t uuid[16];

    if (!value_parse_uuid(text, uuid))
        return fail(err, ERR(DOMAIN, INTERNAL_ERROR), _("'%s' is not the UUID of a secret"), text);
    *ret_text = value_format_uuid(uuid);
    return true;
}

static const char *const model_names[] = { NULL,        "tpm-tis",         "tpm-crb",
                                           "tpm-spapr", "spapr-tpm-proxy", NULL };
static const char *const backend_names[] = { NULL, "passthrough", "emulator", "external", NULL };
static const char *const version_names[] = { NULL, "1.2", "2.0", NULL };

#define PASSTHROUGH TYPE_BIT(BACKEND_PASSTHROUGH)
#define EMULATOR TYPE_BIT(BACKEND_EMULATOR)
#define EXTERNAL TYPE_BIT(BACKEND_EXTERNAL)
#define FIELD(name) offsetof(Backend, name)

/* clang-format off */
static const Row bank_rows[] = {
    { "sha1",   ROW_FLAG, offsetof(Banks, sha1) },
    { "sha256", ROW_FLAG, offsetof(Banks, sha256) },
    { "sha384", ROW_FLAG, offsetof(Banks, sha384) },
    { "sha512", ROW_FLAG, offsetof(Banks, sha512) },
    { NULL },
};

static const Record banks_record = { "active_pcr_banks", sizeof(Banks), bank_rows, .kept = true,
                                     .unknown = UNSUPPORTED };

static const Row backend_rows[] = {
    { "@type",              ROW_ENUM,   FIELD(type),       ROW_TYPE, .names = backend_names,
                            .missing = ERR(XML, XML_ERROR) },
    { "@version",           ROW_ENUM,   FIELD(version),    .types = EMULATOR, .names = version_names },
    { "@persistent_state",  ROW_YES,    FIELD(persistent), .types = EMULATOR, .bad = ERR(DOMAIN, INTERNAL_ERROR) },
    { "device/@path",       ROW_STRING, FIELD(device),     ROW_NOT_EMPTY, .types = PASSTHROUGH },
    { "encryption/@secret", ROW_STRING, FIELD(secret),     ROW_NOT_EMPTY, .types = EMULATOR, .normalize = normalize_uuid },
    { "active_pcr_banks",   ROW_RECORD, FIELD(banks),      .types = EMULATOR, .record = &banks_record },
    { "source/@type",       ROW_ENUM,   FIELD(source),     .types = EXTERNAL, .names = chardev_type_names,
                            .missing = WRONG, .bad = UNSUPPORTED },
    { "source/@mode",       ROW_ENUM,   FIELD(mode),       .types = EXTERNAL, .names = chardev_mode_names },
    { "source/@path",       ROW_STRING, FIELD(path),       .types = EXTERNAL, .missing = WRONG },
    { NULL },
};
/* clang-format on */

/* ---- checks ---------------------------------------------------------------------------------- */

static bool check_emulator(const Backend *backend, GError **err)
{
    const Banks *banks = &backend->banks;
    bool any = banks->sha1 || banks->sha256 || banks->sha384 || banks->sha512;

    if (any && backend->version != VERSION_2_0)
        return fail(err, WRONG, _("<active_pcr_banks> of a TPM needs version='2.0'"));
    return true;
}

static bool check_external(Backend *backend, GError **err)
{
    if (backend->source != CHARDEV_UNIX || backend->mode == CHARDEV_BIND)
        return fail(err, WRONG,
                    _("an external TPM is behind a source of type 'unix' and mode 'connect'"));
    backend->mode = CHARDEV_CONNECT;
    return true;
}

static bool check_backend(void *object, const Reader *reader, GError **err)
{
    Backend *backend = object;

    if (backend->type == BACKEND_PASSTHROUGH && !backend->device)
        backend->device = g_strdup("/dev/tpm0");
    if (backend->type == BACKEND_EXTERNAL)
        return check_external(backend, err);
    return check_emulator(backend, err);
}

static const Record backend_record = {
    "backend",    sizeof(Backend),          backend_rows,
    .kept = true, .type = &backend_rows[0], .check = check_backend
};

/* clang-format off */
static const Row tpm_rows[] = {
    { "@model",  ROW_ENUM,  offsetof(Tpm, model),   .names = model_names },
    { "backend", ROW_MAYBE, offsetof(Tpm, backend), .record = &backend_record, .missing = WRONG },
    DEVICE_INFO_ROWS(offsetof(Tpm, info)),
    { NULL },
};
/* clang-format on */

static const Record tpm_record = { "tpm", sizeof(Tpm), tpm_rows, .kept = true };

static bool check(DomainDef *def, const Reader *reader, GError **err)
{
    if (device_list(def, &tpm_class)->n > TPM_MAX)
        return fail(err, WRONG, _("there are more than %d <tpm>"), TPM_MAX);
    return true;
}

const DeviceClass tpm_class = { .element = "tpm", .record = &tpm_record, .check = check };
