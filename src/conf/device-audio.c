// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * <audio>: which of the host's sound systems a virtual machine's sound cards play on. Kept.
 */
#include <inttypes.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/device.h"
#include "conf/domain-records.h"

#define UNSUPPORTED ERR(DOMAIN, CONFIG_UNSUPPORTED)

typedef enum AudioType {
    AUDIO_ABSENT,
    AUDIO_NONE,
    AUDIO_ALSA,
    AUDIO_COREAUDIO,
    AUDIO_JACK,
    AUDIO_OSS,
    AUDIO_PULSEAUDIO,
    AUDIO_SDL,
    AUDIO_SPICE,
    AUDIO_FILE,
    AUDIO_DBUS,
} AudioType;

typedef struct Settings {
    OptNumber frequency;
    OptNumber channels;
    int format; /* 0 not given */
} Settings;

/* <input> or <output>. */
typedef struct Direction {
    Choice mixing_engine;
    Choice fixed_settings;
    OptNumber voices;
    OptNumber buffer_length;
    char *dev;              /* alsa, oss */
    OptNumber buffer_count; /* coreaudio, oss, sdl */
    Choice try_poll;        /* oss */
    char *server_name;      /* jack */
    char *client_name;
    char *connect_ports;
    Choice exact_name;
    char *name; /* pulseaudio */
    char *stream_name;
    OptNumber latency;
    Settings *settings;
} Direction;

typedef struct Audio {
    OptNumber id;
    AudioType type;
    OptNumber timer_period;
    Choice try_mmap; /* oss */
    Choice exclusive;
    OptNumber dsp_policy;
    char *server_name; /* pulseaudio */
    int driver;        /* sdl; 0 not given */
    char *path;        /* file */
    Direction input;
    Direction output;
} Audio;

typedef struct AudioList {
    size_t n;
    Audio **items;
} AudioList;

/* ---- rows ------------------------------------------------------------------------------------ */

static const char *const type_names[] = {
    NULL,         "none", "alsa",  "coreaudio", "jack", "oss",
    "pulseaudio", "sdl",  "spice", "file",      "dbus", NULL,
};
static const char *const driver_names[] = { NULL, "esd", "alsa", "arts", "pulseaudio", NULL };
static const char *const format_names[] = { NULL,  "s8",  "u8",  "s16", "u16",
                                            "s32", "u32", "f32", NULL };

#define POSITIVE .min = 1, .max = UINT32_MAX
#define MAYBE_ZERO .min = 0, .max = UINT32_MAX
#define IS(type) TYPE_BIT(AUDIO_##type)
#define FIELD(name) offsetof(Audio, name)
#define ON(at, name) offsetof(Audio, at) + offsetof(Direction, name)

/* clang-format off */
static const Row settings_rows[] = {
    { "@frequency", ROW_NUMBER, offsetof(Settings, frequency), POSITIVE },
    { "@channels",  ROW_NUMBER, offsetof(Settings, channels),  POSITIVE },
    { "@format",    ROW_ENUM,   offsetof(Settings, format),    .names = format_names },
    { NULL },
};

static const Record settings_record = { "settings", sizeof(Settings), settings_rows, .kept = true };

#define DIRECTION_ROWS(at)                                                                                         \
    { #at "/@mixingEngine",  ROW_ENUM,   ON(at, mixing_engine),  .names = choice_names },                          \
    { #at "/@fixedSettings", ROW_ENUM,   ON(at, fixed_settings), .names = choice_names },                          \
    { #at "/@voices",        ROW_NUMBER, ON(at, voices),         POSITIVE },                                       \
    { #at "/@bufferLength",  ROW_NUMBER, ON(at, buffer_length),  POSITIVE },                                       \
    { #at "/@dev",           ROW_STRING, ON(at, dev),            .types = IS(ALSA) | IS(OSS) },                    \
    { #at "/@bufferCount",   ROW_NUMBER, ON(at, buffer_count),   .types = IS(COREAUDIO) | IS(OSS) | IS(SDL), MAYBE_ZERO }, \
    { #at "/@tryPoll",       ROW_ENUM,   ON(at, try_poll),       .types = IS(OSS), .names = choice_names },        \
    { #at "/@serverName",    ROW_STRING, ON(at, server_name),    .types = IS(JACK) },                              \
    { #at "/@clientName",    ROW_STRING, ON(at, client_name),    .types = IS(JACK) },                              \
    { #at "/@connectPorts",  ROW_STRING, ON(at, connect_ports),  .types = IS(JACK) },                              \
    { #at "/@exactName",     ROW_ENUM,   ON(at, exact_name),     .types = IS(JACK), .names = choice_names },       \
    { #at "/@name",          ROW_STRING, ON(at, name),           .types = IS(PULSEAUDIO) },                        \
    { #at "/@streamName",    ROW_STRING, ON(at, stream_name),    .types = IS(PULSEAUDIO) },                        \
    { #at "/@latency",       ROW_NUMBER, ON(at, latency),        .types = IS(PULSEAUDIO), MAYBE_ZERO },            \
    { #at "/settings",       ROW_MAYBE,  ON(at, settings),       ROW_EVEN_EMPTY, .record = &settings_record },

static const Row audio_rows[] = {
    { "@id",          ROW_NUMBER, FIELD(id),           POSITIVE, .missing = ERR(XML, XML_ERROR) },
    { "@type",        ROW_ENUM,   FIELD(type),         ROW_TYPE, .names = type_names, .missing = ERR(XML, XML_ERROR) },
    { "@timerPeriod", ROW_NUMBER, FIELD(timer_period), POSITIVE },
    { "@tryMMap",     ROW_ENUM,   FIELD(try_mmap),     .types = IS(OSS), .names = choice_names },
    { "@exclusive",   ROW_ENUM,   FIELD(exclusive),    .types = IS(OSS), .names = choice_names },
    { "@dspPolicy",   ROW_NUMBER, FIELD(dsp_policy),   .types = IS(OSS), .min = INT32_MIN, .max = INT32_MAX },
    { "@serverName",  ROW_STRING, FIELD(server_name),  .types = IS(PULSEAUDIO) },
    { "@driver",      ROW_ENUM,   FIELD(driver),       .types = IS(SDL), .names = driver_names },
    { "@path",        ROW_STRING, FIELD(path),         .types = IS(FILE) },
    DIRECTION_ROWS(input)
    DIRECTION_ROWS(output)
    { NULL },
};
/* clang-format on */

/* ---- checks ---------------------------------------------------------------------------------- */

static bool check_direction(Direction *direction, GError **err)
{
    bool fixed = direction->fixed_settings == CHOICE_YES;

    direction->buffer_count.set = direction->buffer_count.value != 0;
    direction->latency.set = direction->latency.value != 0;
    if (direction->settings && !fixed)
        return fail(err, UNSUPPORTED,
                    _("audio <settings> hold for nothing without fixedSettings='yes'"));
    if (fixed && direction->mixing_engine != CHOICE_YES)
        return fail(err, UNSUPPORTED, _("audio with fixedSettings='yes' needs mixingEngine='yes'"));
    if (fixed && !direction->settings)
        direction->settings = record_new(&settings_record);
    return true;
}

static bool check_one(void *object, const Reader *reader, GError **err)
{
    Audio *audio = object;

    if (audio->dsp_policy.value < 0)
        return fail(err, ERR(DOMAIN, XML_ERROR), _("dspPolicy='%" PRId64 "' of audio is negative"),
                    audio->dsp_policy.value);
    return check_direction(&audio->input, err) && check_direction(&audio->output, err);
}

static const Record audio_record = { "audio",      sizeof(Audio),          audio_rows,
                                     .kept = true, .type = &audio_rows[1], .check = check_one };

static bool check(DomainDef *def, const Reader *reader, GError **err)
{
    const AudioList *list = (const AudioList *)device_list(def, &audio_class);
    g_autoptr(GHashTable) ids = g_hash_table_new(NULL, NULL);

    for (size_t i = 0; i < list->n; i++)
        if (!g_hash_table_add(ids, GSIZE_TO_POINTER(list->items[i]->id.value)))
            return fail(err, ERR(DOMAIN, XML_ERROR), _("two <audio> have the id %" PRId64),
                        list->items[i]->id.value);
    return true;
}

GHashTable *device_audio_ids(const DomainDef *def)
{
    const AudioList *list = (const AudioList *)device_list(def, &audio_class);
    GHashTable *ids = g_hash_table_new(NULL, NULL);

    for (size_t i = 0; i < list->n; i++)
        g_hash_table_add(ids, GSIZE_TO_POINTER(list->items[i]->id.value));
    return ids;
}

const DeviceClass audio_class = { .element = "audio", .record = &audio_record, .check = check };
