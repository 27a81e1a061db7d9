// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * <shmem>: memory that virtual machines share. Kept.
 */
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/device-info.h"
#include "conf/device.h"
#include "conf/domain-records.h"
#include "conf/value.h"
#include "conf/xml.h"

#define UNSUPPORTED ERR(DOMAIN, CONFIG_UNSUPPORTED)

enum { MODEL_IVSHMEM };

typedef struct Server {
    char *path;
} Server;

typedef struct Msi {
    OptNumber vectors;
    Switch ioeventfd;
} Msi;

typedef struct Shmem {
    char *name;
    int role; /* 0 not given */
    int model;
    uint64_t size; /* MiB; 0 not given */
    Server *server;
    Msi *msi;
    DeviceInfo info;
} Shmem;

/* ---- rows ------------------------------------------------------------------------------------ */

/* Bytes unless there is a unit; in whole mebibytes. */
static bool parse_size(const Reader *reader, const xmlNode *node, void *field, GError **err)
{
    g_autofree char *text = xml_text(node);
    g_autofree char *unit = xml_attribute(node, "unit");
    uint64_t bytes = 0;
    int64_t number = 0;

    if (!*text)
        return true;
    if (!value_parse_number(text, &number) || number < 0)
        return fail(err, ERR(XML, XML_ERROR), _("'%s' is not a size of shared memory"), text);
    if (!value_scale((uint64_t)number, unit, 1, &bytes, err))
        return false;
    *(uint64_t *)field = bytes >> 20;
    return true;
}

static void format_size(Writer *writer, const void *field)
{
    uint64_t size = *(const uint64_t *)field;

    if (!size)
        return;
    xml_indent(writer->out, writer->indent);
    g_string_append_printf(writer->out, "<size unit='M'>%" G_GUINT64_FORMAT "</size>\n", size);
}

static const CustomFunctions size_functions = { .parse = parse_size, .format = format_size };

static const char *const role_names[] = { NULL, "master", "peer", NULL };
static const char *const model_names[] = { "ivshmem", "ivshmem-plain", "ivshmem-doorbell", NULL };

#define FIELD(name) offsetof(Shmem, name)

/* clang-format off */
static const Row server_rows[] = {
    { "@path", ROW_STRING, offsetof(Server, path) },
    { NULL },
};

static const Row msi_rows[] = {
    { "@vectors",   ROW_NUMBER, offsetof(Msi, vectors),   .min = 0, .max = UINT32_MAX },
    { "@ioeventfd", ROW_ENUM,   offsetof(Msi, ioeventfd), .names = switch_names },
    { NULL },
};

static const Record server_record = { "server", sizeof(Server), server_rows, .kept = true };
static const Record msi_record = { "msi", sizeof(Msi), msi_rows, .kept = true };

static const Row shmem_rows[] = {
    { "@name",       ROW_STRING, FIELD(name),   .missing = ERR(DOMAIN, XML_ERROR) },
    { "@role",       ROW_ENUM,   FIELD(role),   .names = role_names },
    { "model/@type", ROW_ENUM,   FIELD(model),  .names = model_names },
    { "size",        ROW_CUSTOM, FIELD(size),   .functions = &size_functions, .size = sizeof(uint64_t) },
    { "server",      ROW_MAYBE,  FIELD(server), ROW_EVEN_EMPTY, .record = &server_record },
    { "msi",         ROW_MAYBE,  FIELD(msi),    ROW_EVEN_EMPTY, .record = &msi_record },
    DEVICE_INFO_ROWS(FIELD(info)),
    { NULL },
};
/* clang-format on */

static bool check_one(void *object, const Reader *reader, GError **err)
{
    Shmem *shmem = object;

    if (strchr(shmem->name, '/') || strcmp(shmem->name, ".") == 0 || strcmp(shmem->name, "..") == 0)
        return fail(err, UNSUPPORTED, _("'%s' cannot be the name of shared memory"), shmem->name);
    if (shmem->msi && !shmem->server)
        return fail(err, ERR(DOMAIN, XML_ERROR),
                    _("the shared memory '%s' has <msi>, but no <server>"), shmem->name);
    if (shmem->msi)
        shmem->msi->vectors.set = shmem->msi->vectors.value != 0;
    if (shmem->model == MODEL_IVSHMEM)
        shmem->role = 0;
    return true;
}

static const Record shmem_record = { "shmem", sizeof(Shmem), shmem_rows, .kept = true,
                                     .check = check_one };

const DeviceClass shmem_class = { .element = "shmem", .record = &shmem_record };
