// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * <sound>: a sound card of a virtual machine. Kept.
 */
#include <inttypes.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/device-info.h"
#include "conf/device.h"

#define UNSUPPORTED ERR(DOMAIN, CONFIG_UNSUPPORTED)

enum { MODEL_ICH6 = 5, MODEL_ICH9 = 7 };

typedef struct Codec {
    int type;
} Codec;

typedef struct CodecList {
    size_t n;
    Codec **items;
} CodecList;

/* <audio>: what it plays on. */
typedef struct Output {
    OptNumber id;
} Output;

typedef struct Sound {
    int model;
    CodecList codecs; /* ich6, ich9 */
    Output output;
    DeviceInfo info;
} Sound;

static const char *const model_names[] = { NULL,   "sb16", "es1370", "pcspk", "ac97",
                                           "ich6", "ich7", "ich9",   "usb",   NULL };
static const char *const codec_names[] = { NULL, "duplex", "micro", "output", NULL };

#define WITH_CODECS (TYPE_BIT(MODEL_ICH6) | TYPE_BIT(MODEL_ICH9))

/* clang-format off */
static const Row codec_rows[] = {
    { "@type", ROW_ENUM, offsetof(Codec, type), .names = codec_names, .missing = UNSUPPORTED, .bad = UNSUPPORTED },
    { NULL },
};

static const Row output_rows[] = {
    { "@id", ROW_NUMBER, offsetof(Output, id), .min = 1, .max = UINT32_MAX, .missing = ERR(XML, XML_ERROR) },
    { NULL },
};

static const Record codec_record = { "codec", sizeof(Codec), codec_rows, .kept = true };
static const Record output_record = { "audio", sizeof(Output), output_rows, .kept = true };

static const Row sound_rows[] = {
    { "@model", ROW_ENUM,   offsetof(Sound, model),  ROW_TYPE, .names = model_names, .missing = ERR(XML, XML_ERROR) },
    { "codec",  ROW_LIST,   offsetof(Sound, codecs), .types = WITH_CODECS, .record = &codec_record },
    { "audio",  ROW_RECORD, offsetof(Sound, output), .record = &output_record },
    DEVICE_INFO_ROWS(offsetof(Sound, info)),
    { NULL },
};
/* clang-format on */

static const Record sound_record = { "sound", sizeof(Sound), sound_rows, .kept = true,
                                     .type = &sound_rows[0] };

static bool check(DomainDef *def, const Reader *reader, GError **err)
{
    const RecordList *list = device_list(def, &sound_class);
    g_autoptr(GHashTable) ids = device_audio_ids(def);

    for (size_t i = 0; i < list->n; i++) {
        const OptNumber *id = &((const Sound *)list->items[i])->output.id;

        if (id->set && !g_hash_table_contains(ids, GSIZE_TO_POINTER(id->value)))
            return fail(err, ERR(DOMAIN, XML_ERROR),
                        _("a sound card plays on <audio id='%" PRId64 "'>, which is not there"),
                        id->value);
    }
    return true;
}

const DeviceClass sound_class = { .element = "sound", .record = &sound_record, .check = check };
