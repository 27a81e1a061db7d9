// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * <graphics>: where a virtual machine's picture is shown. A container has none; it is kept, as long
 * as there is a <video> to make the picture.
 *
 * What is written about ports and addresses is brought into one form: the first <listen> rules, the
 * attribute listen= says the same again, and a port is either a number or automatic.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/device-info.h"
#include "conf/device.h"
#include "conf/domain-records.h"

#define UNSUPPORTED ERR(DOMAIN, CONFIG_UNSUPPORTED)
#define INTERNAL ERR(DOMAIN, INTERNAL_ERROR)
#define WRONG ERR(DOMAIN, XML_ERROR)

typedef enum GraphicsType {
    GRAPHICS_ABSENT,
    GRAPHICS_SDL,
    GRAPHICS_VNC,
    GRAPHICS_RDP,
    GRAPHICS_DESKTOP,
    GRAPHICS_SPICE,
    GRAPHICS_EGL_HEADLESS,
    GRAPHICS_DBUS,
} GraphicsType;

typedef enum ListenType {
    LISTEN_ABSENT,
    LISTEN_NONE,
    LISTEN_ADDRESS,
    LISTEN_NETWORK,
    LISTEN_SOCKET,
} ListenType;

typedef struct Listen {
    ListenType type;
    char *address;
    char *network;
    char *socket;
} Listen;

typedef struct ListenList {
    size_t n;
    Listen **items;
} ListenList;

enum { CHANNEL_COUNT = 8, CHANNEL_ANY = 1 };

typedef struct Channel {
    int name;
    int mode;
} Channel;

typedef struct ChannelList {
    size_t n;
    Channel **items;
} ChannelList;

typedef struct Graphics {
    GraphicsType type;
    char *socket;
    OptNumber port; /* -1: automatic */
    OptNumber tls_port;
    Choice autoport;
    bool replace_user;
    bool multi_user;
    OptNumber websocket;
    char *listen;
    char *keymap;
    int default_mode;
    int share_policy;
    Choice power_control;
    char *password;
    char *valid_to; /* of the password */
    int connected;
    char *display;
    char *xauth;
    bool fullscreen;
    char *address;
    bool p2p;
    ListenList listens;
    ChannelList channels;
    int image, jpeg, zlib;
    Switch playback;
    int streaming;
    int mouse;
    Choice clipboard;
    Choice filetransfer;
    Choice gl;
    char *rendernode;
    OptNumber audio;
} Graphics;

/* ---- rows ------------------------------------------------------------------------------------ */

static const char *const type_names[] = { NULL,    "sdl",          "vnc",  "rdp", "desktop",
                                          "spice", "egl-headless", "dbus", NULL };
static const char *const listen_names[] = { NULL, "none", "address", "network", "socket", NULL };
static const char *const policy_names[] = { NULL, "allow-exclusive", "force-shared", "ignore",
                                            NULL };
static const char *const connected_names[] = { NULL, "fail", "disconnect", "keep", NULL };
static const char *const mode_names[] = { "any", "secure", "insecure", NULL };
static const char *const channel_modes[] = { NULL, "any", "secure", "insecure", NULL };
static const char *const channel_names[CHANNEL_COUNT + 2] = {
    NULL, "main", "display", "inputs", "cursor", "playback", "record", "smartcard", "usbredir", NULL
};
static const char *const image_names[] = { NULL,  "auto_glz", "auto_lz", "quic",
                                           "glz", "lz",       "off",     NULL };
static const char *const squeeze_names[] = { NULL, "auto", "never", "always", NULL };
static const char *const streaming_names[] = { NULL, "filter", "all", "off", NULL };
static const char *const mouse_names[] = { NULL, "server", "client", NULL };

static bool hide_password(const void *object, DomainDefFlags flags)
{
    return flags & DOMAIN_DEF_NO_SECRETS;
}

#define FIELD(name) offsetof(Graphics, name)
#define IS(type) TYPE_BIT(GRAPHICS_##type)
#define INT .min = INT32_MIN, .max = INT32_MAX
#define REQUIRED .missing = ERR(XML, XML_ERROR)
#define NEEDED ROW_WITH_ELEMENT, REQUIRED
#define VNC .types = IS(VNC)
#define SPICE .types = IS(SPICE)
#define REMOTE .types = IS(VNC) | IS(SPICE) | IS(RDP)
#define PASSWORD .types = IS(VNC) | IS(SPICE)

/* clang-format off */
static const Row listen_rows[] = {
    { "@type",    ROW_ENUM,   offsetof(Listen, type),    .names = listen_names, REQUIRED },
    { "@address", ROW_STRING, offsetof(Listen, address), ROW_NOT_EMPTY },
    { "@network", ROW_STRING, offsetof(Listen, network), ROW_NOT_EMPTY },
    { "@socket",  ROW_STRING, offsetof(Listen, socket),  ROW_NOT_EMPTY },
    { NULL },
};

static const Row channel_rows[] = {
    { "@name",    ROW_ENUM,   offsetof(Channel, name),   .names = channel_names, REQUIRED },
    { "@mode",    ROW_ENUM,   offsetof(Channel, mode),   .names = channel_modes, REQUIRED },
    { NULL },
};

static bool check_listen(void *object, const Reader *reader, GError **err);

static const Record listen_record = { "listen", sizeof(Listen), listen_rows, .check = check_listen };
static const Record channel_record = { "channel", sizeof(Channel), channel_rows };

static const Row graphics_rows[] = {
    { "@type",                  ROW_ENUM,   FIELD(type),          ROW_TYPE, .names = type_names, REQUIRED },
    { "@socket",                ROW_STRING, FIELD(socket),        ROW_NOT_EMPTY, VNC },
    { "@port",                  ROW_NUMBER, FIELD(port),          INT, .types = IS(VNC) | IS(RDP), .bad = INTERNAL },
    { "@port",                  ROW_NUMBER, FIELD(port),          INT, SPICE },
    { "@tlsPort",               ROW_NUMBER, FIELD(tls_port),      INT, SPICE },
    { "@autoport",              ROW_ENUM,   FIELD(autoport),      .names = choice_names, REMOTE },
    { "@replaceUser",           ROW_YES,    FIELD(replace_user),  .types = IS(RDP) },
    { "@multiUser",             ROW_YES,    FIELD(multi_user),    .types = IS(RDP) },
    { "@websocket",             ROW_NUMBER, FIELD(websocket),     INT, VNC },
    { "@listen",                ROW_STRING, FIELD(listen),        ROW_NOT_EMPTY, REMOTE },
    { "@keymap",                ROW_STRING, FIELD(keymap),        PASSWORD },
    { "@defaultMode",           ROW_ENUM,   FIELD(default_mode),  ROW_HIDE_DEFAULT, .names = mode_names, SPICE },
    { "@sharePolicy",           ROW_ENUM,   FIELD(share_policy),  .names = policy_names, VNC },
    { "@powerControl",          ROW_ENUM,   FIELD(power_control), .names = choice_names, VNC },
    { "@passwd",                ROW_STRING, FIELD(password),      ROW_NOT_EMPTY, PASSWORD, .hidden = hide_password },
    { "@passwdValidTo",         ROW_STRING, FIELD(valid_to),      ROW_NOT_EMPTY, PASSWORD },
    { "@connected",             ROW_ENUM,   FIELD(connected),     .names = connected_names, PASSWORD,
                                .bad = UNSUPPORTED },
    { "@display",               ROW_STRING, FIELD(display),       .types = IS(SDL) | IS(DESKTOP) },
    { "@xauth",                 ROW_STRING, FIELD(xauth),         .types = IS(SDL) },
    { "@fullscreen",            ROW_YES,    FIELD(fullscreen),    .types = IS(SDL) | IS(DESKTOP) },
    { "@address",               ROW_STRING, FIELD(address),       .types = IS(DBUS) },
    { "@p2p",                   ROW_YES,    FIELD(p2p),           .types = IS(DBUS) },
    { "listen",                 ROW_LIST,   FIELD(listens),       REMOTE, .record = &listen_record },
    { "channel",                ROW_LIST,   FIELD(channels),      SPICE, .record = &channel_record },
    { "image/@compression",     ROW_ENUM,   FIELD(image),         NEEDED, SPICE, .names = image_names },
    { "jpeg/@compression",      ROW_ENUM,   FIELD(jpeg),          NEEDED, SPICE, .names = squeeze_names },
    { "zlib/@compression",      ROW_ENUM,   FIELD(zlib),          NEEDED, SPICE, .names = squeeze_names },
    { "playback/@compression",  ROW_ENUM,   FIELD(playback),      NEEDED, SPICE, .names = switch_names },
    { "streaming/@mode",        ROW_ENUM,   FIELD(streaming),     NEEDED, SPICE, .names = streaming_names },
    { "mouse/@mode",            ROW_ENUM,   FIELD(mouse),         NEEDED, SPICE, .names = mouse_names },
    { "clipboard/@copypaste",   ROW_ENUM,   FIELD(clipboard),     NEEDED, SPICE, .names = choice_names },
    { "filetransfer/@enable",   ROW_ENUM,   FIELD(filetransfer),  NEEDED, SPICE, .names = choice_names },
    { "gl/@enable",             ROW_ENUM,   FIELD(gl),            NEEDED, .types = IS(SPICE) | IS(SDL) | IS(DBUS),
                                .names = choice_names },
    { "gl/@rendernode",         ROW_STRING, FIELD(rendernode),    ROW_NOT_EMPTY,
                                .types = IS(SPICE) | IS(DBUS) | IS(EGL_HEADLESS) },
    { "audio/@id",              ROW_NUMBER, FIELD(audio),         NEEDED, .types = IS(VNC) | IS(DBUS),
                                .min = 1, .max = UINT32_MAX },
    { NULL },
};
/* clang-format on */

/* ---- where it listens ------------------------------------------------------------------------ */

static bool check_listen(void *object, const Reader *reader, GError **err)
{
    Listen *listen = object;

    if (listen->type == LISTEN_NETWORK && !listen->network)
        return fail(err, WRONG, _("<listen type='network'> lacks network="));
    if (listen->type != LISTEN_NETWORK && listen->network)
        return fail(err, WRONG, _("network= is for <listen type='network'>, not '%s'"),
                    listen_names[listen->type]);
    if (listen->type != LISTEN_ADDRESS)
        g_clear_pointer(&listen->address, g_free);
    if (listen->type != LISTEN_SOCKET)
        g_clear_pointer(&listen->socket, g_free);
    return true;
}

/* The attribute and the first <listen> say the same; who says nothing takes it from the other. */
static bool agree(char **attribute, char **listen, const char *name, GError **err)
{
    if (*attribute && *listen && strcmp(*attribute, *listen) != 0)
        return fail(err, UNSUPPORTED,
                    _("%s='%s' of <graphics> contradicts the '%s' of its first <listen>"), name,
                    *attribute, *listen);
    if (!*listen)
        *listen = g_strdup(*attribute);
    if (!*attribute)
        *attribute = g_strdup(*listen);
    return true;
}

/* A path of a socket goes before everything else. */
static bool check_listens(Graphics *graphics, GError **err)
{
    Listen *first = NULL;

    if (!graphics->listens.n) {
        first = record_new(&listen_record);
        first->type = LISTEN_ADDRESS;
        record_list_append(&graphics->listens, first);
    }
    first = graphics->listens.items[0];
    if (graphics->type == GRAPHICS_RDP &&
        (first->type == LISTEN_NONE || first->type == LISTEN_SOCKET))
        return fail(err, UNSUPPORTED, _("<graphics type='rdp'> cannot have <listen type='%s'>"),
                    listen_names[first->type]);
    if (graphics->socket && first->type == LISTEN_ADDRESS) {
        first->type = LISTEN_SOCKET;
        g_clear_pointer(&first->address, g_free);
    }
    if (first->type == LISTEN_SOCKET && graphics->type == GRAPHICS_VNC &&
        !agree(&graphics->socket, &first->socket, "socket", err))
        return false;
    if (first->type == LISTEN_ADDRESS)
        return agree(&graphics->listen, &first->address, "listen", err);
    g_clear_pointer(&graphics->listen, g_free);
    return true;
}

/* ---- ports ----------------------------------------------------------------------------------- */

static const OptNumber automatic = { .set = true, .value = -1 };

static void settle_vnc(Graphics *graphics)
{
    bool asked = graphics->autoport == CHOICE_YES || graphics->port.value == -1 ||
                 (!graphics->port.set && graphics->autoport != CHOICE_NO);

    graphics->autoport = asked ? CHOICE_YES : CHOICE_NO;
    if (asked)
        graphics->port = automatic;
}

static void settle_spice(Graphics *graphics)
{
    Listen *first = graphics->listens.items[0];

    if (graphics->port.value == -1 && graphics->tls_port.value == -1)
        graphics->autoport = CHOICE_YES;
    if (graphics->autoport == CHOICE_YES) {
        graphics->port.set = graphics->tls_port.set = false;
        return;
    }
    graphics->autoport = CHOICE_NO;
    if (!graphics->port.value && !graphics->tls_port.value && first->type == LISTEN_ADDRESS) {
        first->type = LISTEN_NONE; /* there is no port to listen on */
        g_clear_pointer(&first->address, g_free);
        g_clear_pointer(&graphics->listen, g_free);
    }
}

static void settle_rdp(Graphics *graphics)
{
    bool asked =
        graphics->autoport == CHOICE_YES || graphics->port.value == -1 || !graphics->port.set;

    if (asked)
        graphics->port = (OptNumber){ .set = true };
    if (asked)
        graphics->autoport = CHOICE_YES;
    else if (graphics->port.value)
        graphics->autoport = CHOICE_ABSENT;
}

static void forget_zero(OptNumber *port)
{
    if (!port->value)
        port->set = false;
}

static void settle_ports(Graphics *graphics)
{
    ListenType first = LISTEN_ABSENT;

    if (graphics->type == GRAPHICS_RDP) {
        settle_rdp(graphics);
        return;
    }
    if (graphics->type == GRAPHICS_VNC)
        settle_vnc(graphics);
    else
        settle_spice(graphics);
    first = graphics->listens.items[0]->type;
    if (first == LISTEN_NONE || first == LISTEN_SOCKET) {
        graphics->port.set = graphics->tls_port.set = graphics->websocket.set = false;
        graphics->autoport = CHOICE_ABSENT;
    }
    if (graphics->type != GRAPHICS_VNC || first != LISTEN_SOCKET)
        g_clear_pointer(&graphics->socket, g_free);
    forget_zero(&graphics->port);
    forget_zero(&graphics->tls_port);
    forget_zero(&graphics->websocket);
}

/* ---- the rest -------------------------------------------------------------------------------- */

/* YYYY-MM-DDTHH:MM:SS */
static bool is_time(const char *text)
{
    unsigned part[6];
    int end = 0;

    return sscanf(text, "%4u-%2u-%2uT%2u:%2u:%2u%n", &part[0], &part[1], &part[2], &part[3],
                  &part[4], &part[5], &end) == 6 &&
           end == (int)strlen("YYYY-MM-DDTHH:MM:SS") && !text[end];
}

static bool check_password(Graphics *graphics, const Reader *reader, GError **err)
{
    if (!graphics->password) {
        if (graphics->valid_to || graphics->connected)
            record_note(reader, g_strdup(_("passwdValidTo= and connected= of <graphics> without "
                                           "a password are left out")));
        g_clear_pointer(&graphics->valid_to, g_free);
        graphics->connected = 0;
        return true;
    }
    if (graphics->valid_to && !is_time(graphics->valid_to))
        return fail(err, INTERNAL, _("passwdValidTo='%s' is not of the form YYYY-MM-DDTHH:MM:SS"),
                    graphics->valid_to);
    if (graphics->type == GRAPHICS_VNC && graphics->connected &&
        strcmp(connected_names[graphics->connected], "keep") != 0)
        return fail(err, UNSUPPORTED, _("<graphics type='vnc'> knows connected='keep' only"));
    return true;
}

/* The last word about a channel counts; any mode is as if nothing was said. */
static void sort_channels(ChannelList *channels)
{
    int modes[CHANNEL_COUNT + 1] = { 0 };

    for (size_t i = 0; i < channels->n; i++)
        modes[channels->items[i]->name] = channels->items[i]->mode;
    record_list_clear(&channel_record, channels);
    for (int name = 1; name <= CHANNEL_COUNT; name++) {
        Channel *channel = NULL;

        if (modes[name] <= CHANNEL_ANY)
            continue;
        channel = record_new(&channel_record);
        *channel = (Channel){ name, modes[name] };
        record_list_append(channels, channel);
    }
}

static bool check_one(void *object, const Reader *reader, GError **err)
{
    Graphics *graphics = object;
    bool remote = TYPE_BIT(graphics->type) & (IS(VNC) | IS(SPICE) | IS(RDP));

    sort_channels(&graphics->channels);
    if (graphics->address && graphics->p2p)
        return fail(err, WRONG, _("<graphics type='dbus'> has both address= and p2p="));
    if (!check_password(graphics, reader, err) || (remote && !check_listens(graphics, err)))
        return false;
    if (remote)
        settle_ports(graphics);
    return true;
}

static const Record graphics_record = {
    "graphics",   sizeof(Graphics),          graphics_rows,
    .kept = true, .type = &graphics_rows[0], .check = check_one
};

static bool check_all(DomainDef *def, const Reader *reader, GError **err)
{
    const RecordList *list = device_list(def, &graphics_class);
    g_autoptr(GHashTable) audio = device_audio_ids(def);

    if (list->n && !device_list(def, &video_class)->n)
        return fail(err, INTERNAL, _("<graphics> needs a <video> that makes the picture"));
    for (size_t i = 0; i < list->n; i++) {
        const Graphics *graphics = list->items[i];

        if (graphics->type == GRAPHICS_VNC && graphics->audio.set &&
            !g_hash_table_contains(audio, GSIZE_TO_POINTER(graphics->audio.value)))
            return fail(err, WRONG,
                        _("<graphics> plays on <audio id='%" PRId64 "'>, which is not there"),
                        graphics->audio.value);
    }
    return true;
}

const DeviceClass graphics_class = { .element = "graphics",
                                     .record = &graphics_record,
                                     .check = check_all };
