// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The host's end of a character device: what a console, a serial or parallel port, a channel, a
 * smartcard, a redirected device or a source of random numbers talks to. The facts about it stand
 * once, here; a device has a Chardev as a field and its rows in its table, and its check calls
 * chardev_check:
 *
 *     CHARDEV_TYPE_ROW(offsetof(Channel, source)),
 *     CHARDEV_ROWS(offsetof(Channel, source)),
 *
 * The type row has to be the record's, since it tells which of the others hold.
 */
#pragma once

#include <glib.h>

#include "conf/source-label.h"

typedef enum ChardevType {
    CHARDEV_NONE, /* not said */
    CHARDEV_NULL,
    CHARDEV_VC,
    CHARDEV_PTY,
    CHARDEV_DEV,
    CHARDEV_FILE,
    CHARDEV_PIPE,
    CHARDEV_STDIO,
    CHARDEV_UDP,
    CHARDEV_TCP,
    CHARDEV_UNIX,
    CHARDEV_SPICEVMC,
    CHARDEV_SPICEPORT,
    CHARDEV_NMDM,
    CHARDEV_VDAGENT,
    CHARDEV_DBUS,
} ChardevType;

typedef enum ChardevMode { CHARDEV_MODE_ABSENT, CHARDEV_CONNECT, CHARDEV_BIND } ChardevMode;

typedef struct ChardevUdp {
    ChardevMode mode;
    char *host;
    char *service;
} ChardevUdp;

typedef struct ChardevUdpList {
    size_t n;
    ChardevUdp **items;
} ChardevUdpList;

typedef struct ChardevClipboard {
    Choice copypaste;
} ChardevClipboard;

typedef struct ChardevMouse {
    int mode; /* 0 not given */
} ChardevMouse;

typedef struct Chardev {
    ChardevType type;
    char *path; /* dev, file, pipe, unix; live: pty */
    Switch append;
    ChardevMode mode; /* tcp, unix */
    char *host;       /* tcp */
    char *service;
    Choice tls;
    SourceLabelList labels; /* of what has a path */
    Choice reconnect;       /* tcp, unix */
    OptNumber reconnect_timeout;
    char *master; /* nmdm */
    char *slave;
    char *channel;              /* spiceport, dbus */
    ChardevClipboard clipboard; /* qemu-vdagent */
    ChardevMouse mouse;
    int protocol;       /* tcp; 0 is raw */
    ChardevUdpList udp; /* one that is bound or none, and one that is connected */
    char *log_file;
    Switch log_append;
} Chardev;

/* Fills in defaults, and refuses what libvirt refuses when it is defined. */
bool chardev_check(Chardev *source, GError **err);
/* The same where a UNIX socket needs no path, since the host would choose one. */
bool chardev_check_pathless(Chardev *source, GError **err);
/* For devices that are no virtio channels. */
bool chardev_check_not_spicevmc(const Chardev *source, GError **err);

/* Takes back all that was said. */
void chardev_forget(Chardev *source);

/* ---- rows ------------------------------------------------------------------------------------ */

extern const char *const chardev_type_names[];
extern const char *const chardev_mode_names[];
extern const char *const chardev_protocol_names[];
extern const Record chardev_udp_record;
extern const Record chardev_clipboard_record;
extern const Record chardev_mouse_record;

#define CHARDEV_IS(type) TYPE_BIT(CHARDEV_##type)
#define CHARDEV_FIELD(at, name) (at) + offsetof(Chardev, name)
#define CHARDEV_NO_SOURCE ERR(DOMAIN, INTERNAL_ERROR)

/* clang-format off */
/* With further columns, such as .missing. */
#define CHARDEV_TYPE_ROW(at, ...)                                                                  \
    { "@type", ROW_ENUM, CHARDEV_FIELD(at, type), ROW_TYPE,                                        \
      .names = chardev_type_names, .bad = ERR(DOMAIN, CONFIG_UNSUPPORTED), __VA_ARGS__ }

#define CHARDEV_ROWS(at)                                                                           \
    { "source/@mode",              ROW_ENUM,   CHARDEV_FIELD(at, mode),                            \
                                   .types = CHARDEV_IS(TCP) | CHARDEV_IS(UNIX),                    \
                                   .names = chardev_mode_names },                                  \
    { "source/@path",              ROW_STRING, CHARDEV_FIELD(at, path), ROW_LIVE,                  \
                                   .types = CHARDEV_IS(PTY) },                                     \
    { "source/@path",              ROW_STRING, CHARDEV_FIELD(at, path),                            \
                                   .types = CHARDEV_IS(DEV) | CHARDEV_IS(FILE) | CHARDEV_IS(PIPE), \
                                   .missing = CHARDEV_NO_SOURCE },                                 \
    { "source/@path",              ROW_STRING, CHARDEV_FIELD(at, path),                            \
                                   .types = CHARDEV_IS(UNIX) },                                    \
    { "source/@append",            ROW_ENUM,   CHARDEV_FIELD(at, append),                          \
                                   .types = CHARDEV_IS(FILE), .names = switch_names },             \
    { "source/@host",              ROW_STRING, CHARDEV_FIELD(at, host), ROW_KEPT,                  \
                                   .types = CHARDEV_IS(TCP), .missing = CHARDEV_NO_SOURCE },       \
    { "source/@service",           ROW_STRING, CHARDEV_FIELD(at, service), ROW_KEPT,               \
                                   .types = CHARDEV_IS(TCP), .missing = CHARDEV_NO_SOURCE },       \
    { "source/@tls",               ROW_ENUM,   CHARDEV_FIELD(at, tls), ROW_KEPT,                   \
                                   .types = CHARDEV_IS(TCP), .names = choice_names },              \
    { "source/@master",            ROW_STRING, CHARDEV_FIELD(at, master), ROW_KEPT,                \
                                   .types = CHARDEV_IS(NMDM) },                                    \
    { "source/@slave",             ROW_STRING, CHARDEV_FIELD(at, slave), ROW_KEPT,                 \
                                   .types = CHARDEV_IS(NMDM) },                                    \
    { "source/@channel",           ROW_STRING, CHARDEV_FIELD(at, channel), ROW_KEPT,               \
                                   .types = CHARDEV_IS(SPICEPORT) | CHARDEV_IS(DBUS),              \
                                   .missing = ERR(DOMAIN, CONFIG_UNSUPPORTED) },                   \
    { "source/seclabel",           ROW_LIST,   CHARDEV_FIELD(at, labels),                          \
                                   .types = CHARDEV_IS(DEV) | CHARDEV_IS(FILE) |                   \
                                            CHARDEV_IS(PIPE) | CHARDEV_IS(UNIX),                   \
                                   .record = &source_label_record },                               \
    { "source/reconnect/@enabled", ROW_ENUM,   CHARDEV_FIELD(at, reconnect),                       \
                                   .types = CHARDEV_IS(TCP) | CHARDEV_IS(UNIX),                    \
                                   .names = choice_names },                                        \
    { "source/reconnect/@timeout", ROW_NUMBER, CHARDEV_FIELD(at, reconnect_timeout),               \
                                   .types = CHARDEV_IS(TCP) | CHARDEV_IS(UNIX),                    \
                                   .min = 0, .max = UINT32_MAX },                                  \
    { "source/clipboard",          ROW_RECORD, CHARDEV_FIELD(at, clipboard),                       \
                                   .types = CHARDEV_IS(VDAGENT),                                   \
                                   .record = &chardev_clipboard_record },                          \
    { "source/mouse",              ROW_RECORD, CHARDEV_FIELD(at, mouse),                           \
                                   .types = CHARDEV_IS(VDAGENT),                                   \
                                   .record = &chardev_mouse_record },                              \
    { "protocol/@type",            ROW_ENUM,   CHARDEV_FIELD(at, protocol), ROW_KEPT,              \
                                   .types = CHARDEV_IS(TCP), .names = chardev_protocol_names,      \
                                   .bad = ERR(DOMAIN, CONFIG_UNSUPPORTED) },                       \
    { "source",                    ROW_LIST,   CHARDEV_FIELD(at, udp),                             \
                                   .types = CHARDEV_IS(UDP), .record = &chardev_udp_record },      \
    { "log/@file",                 ROW_STRING, CHARDEV_FIELD(at, log_file) },                      \
    { "log/@append",               ROW_ENUM,   CHARDEV_FIELD(at, log_append),                      \
                                   .names = switch_names }
/* clang-format on */
