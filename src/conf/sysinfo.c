// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * <sysinfo>: what the firmware of a virtual machine would tell. A container has no firmware; but a
 * system's UUID there is the domain's own.
 */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/domain-records.h"
#include "conf/value.h"

#define DETAIL ERR(DOMAIN, XML_DETAIL)
#define WRONG ERR(DOMAIN, XML_ERROR)

enum { SYSINFO_ABSENT, SYSINFO_SMBIOS, SYSINFO_FWCFG };

static const char *const type_names[] = { NULL, "smbios", "fwcfg", NULL };

/* The entries that a block may have, in the order of the output. */
static const char *const bios_names[] = { "vendor", "version", "date", "release", NULL };
static const char *const system_names[] = { "manufacturer", "product", "version", "serial",
                                            "uuid",         "sku",     "family",  NULL };
static const char *const board_names[] = { "manufacturer", "product",  "version", "serial",
                                           "asset",        "location", NULL };
static const char *const chassis_names[] = { "manufacturer", "version", "serial",
                                             "asset",        "sku",     NULL };

/* ---- blocks ---------------------------------------------------------------------------------- */

/* clang-format off */
static const Row entry_rows[] = {
    { "@name", ROW_STRING, offsetof(SysinfoEntry, name) },
    { "",      ROW_STRING, offsetof(SysinfoEntry, value), ROW_NOT_EMPTY },
    { NULL },
};
/* clang-format on */

static const Record entry_record = { "entry", sizeof(SysinfoEntry), entry_rows };

/* The first entry of a name that says something. */
static SysinfoEntry *take_entry(SysinfoEntryList *entries, const char *name)
{
    for (size_t i = 0; i < entries->n; i++) {
        SysinfoEntry *entry = entries->items[i];

        if (entry && entry->value && g_strcmp0(entry->name, name) == 0) {
            entries->items[i] = NULL;
            return entry;
        }
    }
    return NULL;
}

/* Sorts the entries; those that nobody knows, or that are there twice, are left out. */
static void sort_entries(SysinfoEntryList *entries, const char *const *names, const Reader *reader)
{
    SysinfoEntryList sorted = { 0 };

    for (const char *const *name = names; *name; name++) {
        SysinfoEntry *entry = take_entry(entries, *name);

        if (entry)
            record_list_append(&sorted, entry);
    }
    for (size_t i = 0; i < entries->n; i++)
        if (entries->items[i])
            record_note(reader,
                        g_strdup_printf(_("the entry '%s' of <sysinfo> is left out"),
                                        entries->items[i]->name ? entries->items[i]->name : ""));
    record_list_clear(&entry_record, entries);
    *entries = sorted;
}

/* MONTH/DAY/YEAR, the year without its century or from 1900 on. */
static bool is_date(const char *text)
{
    unsigned month = 0, day = 0, year = 0;
    int end = 0;

    if (sscanf(text, "%2u/%2u/%4u%n", &month, &day, &year, &end) != 3 || text[end] ||
        text[strspn(text, "0123456789/")])
        return false;
    return month >= 1 && month <= 12 && day >= 1 && day <= 31 && (year < 100 || year >= 1900);
}

static bool check_bios(void *object, const Reader *reader, GError **err)
{
    SysinfoEntryList *entries = &((SysinfoBlock *)object)->entries;

    sort_entries(entries, bios_names, reader);
    for (size_t i = 0; i < entries->n; i++)
        if (strcmp(entries->items[i]->name, "date") == 0 && !is_date(entries->items[i]->value))
            return fail(err, DETAIL, _("the date '%s' of <bios> is not MONTH/DAY/YEAR"),
                        entries->items[i]->value);
    return true;
}

static bool check_system(void *object, const Reader *reader, GError **err)
{
    SysinfoEntryList *entries = &((SysinfoBlock *)object)->entries;

    sort_entries(entries, system_names, reader);
    for (size_t i = 0; i < entries->n; i++) {
        SysinfoEntry *entry = entries->items[i];
        uint8_t uuid[16];

        if (strcmp(entry->name, "uuid") != 0)
            continue;
        if (!value_parse_uuid(entry->value, uuid))
            return fail(err, DETAIL, _("malformed UUID '%s' in <sysinfo>"), entry->value);
        g_free(entry->value);
        entry->value = value_format_uuid(uuid);
    }
    return true;
}

static bool check_board(void *object, const Reader *reader, GError **err)
{
    sort_entries(&((SysinfoBlock *)object)->entries, board_names, reader);
    return true;
}

static bool check_chassis(void *object, const Reader *reader, GError **err)
{
    sort_entries(&((SysinfoBlock *)object)->entries, chassis_names, reader);
    return true;
}

static bool check_file(void *object, const Reader *reader, GError **err)
{
    SysinfoEntry *entry = object;

    if (!entry->file && !entry->value)
        return fail(err, WRONG, _("the entry '%s' of <sysinfo> has neither a value nor a file"),
                    entry->name);
    if (entry->file)
        g_clear_pointer(&entry->value, g_free);
    return true;
}

/* clang-format off */
static const Row block_rows[] = {
    { "entry", ROW_LIST,   offsetof(SysinfoBlock, entries), .record = &entry_record },
    { NULL },
};

static const Row file_rows[] = {
    { "@name", ROW_STRING, offsetof(SysinfoEntry, name),    .missing = WRONG },
    { "@file", ROW_STRING, offsetof(SysinfoEntry, file) },
    { "",      ROW_STRING, offsetof(SysinfoEntry, value),   ROW_NOT_EMPTY },
    { NULL },
};

#define BLOCK(element, checks) { element, sizeof(SysinfoBlock), block_rows, .check = checks }

static const Record bios_record = BLOCK("bios", check_bios);
static const Record system_record = BLOCK("system", check_system);
static const Record board_record = BLOCK("baseBoard", check_board);
static const Record chassis_record = BLOCK("chassis", check_chassis);
/* clang-format on */

static const Record file_record = { "entry", sizeof(SysinfoEntry), file_rows, .check = check_file };

/* ---- <sysinfo> ------------------------------------------------------------------------------- */

#define FIELD(name) offsetof(Sysinfo, name)
#define SMBIOS .types = TYPE_BIT(SYSINFO_SMBIOS)

/* clang-format off */
static const Row sysinfo_rows[] = {
    { "@type",            ROW_ENUM,    FIELD(type),        ROW_TYPE, .names = type_names,
                          .missing = ERR(XML, XML_ERROR) },
    { "bios",             ROW_RECORD,  FIELD(bios),        SMBIOS, .record = &bios_record },
    { "system",           ROW_RECORD,  FIELD(system),      SMBIOS, .record = &system_record },
    { "baseBoard",        ROW_LIST,    FIELD(boards),      SMBIOS, .record = &board_record },
    { "chassis",          ROW_RECORD,  FIELD(chassis),     SMBIOS, .record = &chassis_record },
    { "oemStrings/entry", ROW_STRINGS, FIELD(oem_strings), SMBIOS },
    { "entry",            ROW_LIST,    FIELD(files),       .types = TYPE_BIT(SYSINFO_FWCFG),
                          .record = &file_record },
    { NULL },
};
/* clang-format on */

/* A board without entries is no board. */
static bool check(void *object, const Reader *reader, GError **err)
{
    SysinfoBlockList *boards = &((Sysinfo *)object)->boards;
    size_t n = 0;

    for (size_t i = 0; i < boards->n; i++)
        if (boards->items[i]->entries.n)
            boards->items[n++] = boards->items[i];
        else
            record_free(&board_record, boards->items[i]);
    boards->n = n;
    return true;
}

const Record sysinfo_record = { "sysinfo",    sizeof(Sysinfo),          sysinfo_rows,
                                .kept = true, .type = &sysinfo_rows[0], .check = check };

/* ---- the UUID -------------------------------------------------------------------------------- */

static const char *system_uuid(const DomainDef *def)
{
    for (size_t i = 0; i < def->sysinfos.n; i++) {
        const SysinfoEntryList *entries = &def->sysinfos.items[i]->system.entries;

        for (size_t j = 0; j < entries->n; j++)
            if (strcmp(entries->items[j]->name, "uuid") == 0)
                return entries->items[j]->value;
    }
    return NULL;
}

bool sysinfo_check(DomainDef *def, GError **err)
{
    static const uint8_t no_uuid[16];
    const char *text = system_uuid(def);
    uint8_t uuid[16] = { 0 };

    if (!text)
        return true;
    (void)value_parse_uuid(text, uuid); /* it has been checked */
    if (memcmp(def->uuid, no_uuid, sizeof(no_uuid)) == 0)
        memcpy(def->uuid, uuid, sizeof(uuid));
    if (memcmp(def->uuid, uuid, sizeof(uuid)) == 0)
        return true;
    return fail(err, DETAIL, _("the UUID '%s' in <sysinfo> is not the domain's"), text);
}
