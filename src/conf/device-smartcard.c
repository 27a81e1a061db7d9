// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * <smartcard>: a card reader of a virtual machine: the host's own, certificates of the host, or one
 * behind a character device. Kept, each in a slot of its own.
 */
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/device-info.h"
#include "conf/device.h"
#include "conf/domain-records.h"

#define CERTIFICATES 3

enum { MODE_HOST = 1, MODE_CERTIFICATES, MODE_PASSTHROUGH };

typedef struct Smartcard {
    int mode;
    Chardev source;
    StringList certificates;
    char *database;
    DeviceInfo info;
} Smartcard;

typedef struct SmartcardList {
    size_t n;
    Smartcard **items;
} SmartcardList;

static const char *const mode_names[] = { NULL, "host", "host-certificates", "passthrough", NULL };

#define FIELD(name) offsetof(Smartcard, name)

/* clang-format off */
static const Row smartcard_rows[] = {
    { "@mode",       ROW_ENUM,    FIELD(mode), .names = mode_names, .missing = ERR(XML, XML_ERROR) },
    CHARDEV_TYPE_ROW(FIELD(source)),
    CHARDEV_ROWS(FIELD(source)),
    { "certificate", ROW_STRINGS, FIELD(certificates) },
    { "database",    ROW_STRING,  FIELD(database) },
    DEVICE_INFO_ROWS(FIELD(info)),
    { NULL },
};
/* clang-format on */

/* ---- one reader ------------------------------------------------------------------------------ */

static bool check_certificates(const Smartcard *card, GError **err)
{
    if (card->certificates.n != CERTIFICATES)
        return fail(err, ERR(DOMAIN, XML_ERROR),
                    _("a smartcard of mode 'host-certificates' has %d certificates, not %zu"),
                    CERTIFICATES, card->certificates.n);
    if (card->database && *card->database != '/')
        return fail(err, ERR(DOMAIN, XML_ERROR),
                    _("the database '%s' of a smartcard is not an absolute path"), card->database);
    return true;
}

static bool check_source(Smartcard *card, GError **err)
{
    if (!card->source.type)
        return fail(err, ERR(DOMAIN, XML_ERROR),
                    _("a smartcard of mode 'passthrough' lacks type='...'"));
    return chardev_check(&card->source, err);
}

/* What belongs to another mode goes, as with libvirt. */
static bool check_one(void *object, const Reader *reader, GError **err)
{
    Smartcard *card = object;

    if (card->mode != MODE_CERTIFICATES) {
        record_strings_clear(&card->certificates);
        g_clear_pointer(&card->database, g_free);
    }
    if (card->mode != MODE_PASSTHROUGH)
        chardev_forget(&card->source);
    if (card->info.address.type && card->info.address.type != ADDRESS_CCID)
        return fail(err, ERR(DOMAIN, CONFIG_UNSUPPORTED),
                    _("a smartcard can only have an address of type 'ccid'"));
    if (card->mode == MODE_CERTIFICATES)
        return check_certificates(card, err);
    return card->mode != MODE_PASSTHROUGH || check_source(card, err);
}

static const Record smartcard_record = { "smartcard",        sizeof(Smartcard),
                                         smartcard_rows,     .kept = true,
                                         .check = check_one, .type = &smartcard_rows[1] };

/* ---- all readers ----------------------------------------------------------------------------- */

/* Those without a place come behind the others of the first controller. */
static void place(const SmartcardList *list)
{
    unsigned next = 0;

    for (size_t i = 0; i < list->n; i++) {
        const Address *address = &list->items[i]->info.address;

        if (address->type == ADDRESS_CCID && address->controller == 0)
            next = MAX(next, address->ccid_slot + 1);
    }
    for (size_t i = 0; i < list->n; i++) {
        Address *address = &list->items[i]->info.address;

        if (address->type)
            continue;
        address->type = ADDRESS_CCID;
        address->ccid_slot = next++;
    }
}

static bool check(DomainDef *def, const Reader *reader, GError **err)
{
    const SmartcardList *list = (const SmartcardList *)device_list(def, &smartcard_class);

    place(list);
    for (size_t i = 0; i < list->n; i++)
        if (!device_need_controller(def, "ccid", list->items[i]->info.address.controller, err))
            return false;
    return true;
}

const DeviceClass smartcard_class = { .element = "smartcard",
                                      .record = &smartcard_record,
                                      .check = check };
