// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See chardev.h. What depends on more than one row: a socket is connected unless it is bound, only
 * a connected one can be connected again, UDP has an end to send to and may have one to receive at.
 */
#include "conf/chardev.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/domain-records.h"

#define UNSUPPORTED ERR(DOMAIN, CONFIG_UNSUPPORTED)

const char *const chardev_type_names[] = {
    NULL,  "null", "vc",       "pty",       "dev",  "file",         "pipe", "stdio", "udp",
    "tcp", "unix", "spicevmc", "spiceport", "nmdm", "qemu-vdagent", "dbus", NULL,
};
const char *const chardev_mode_names[] = { NULL, "connect", "bind", NULL };
const char *const chardev_protocol_names[] = { "raw", "telnet", "telnets", "tls", NULL };
static const char *const mouse_names[] = { NULL, "client", "server", NULL };

/* clang-format off */
static const Row udp_rows[] = {
    { "@mode",    ROW_ENUM,   offsetof(ChardevUdp, mode), .names = chardev_mode_names },
    { "@host",    ROW_STRING, offsetof(ChardevUdp, host) },
    { "@service", ROW_STRING, offsetof(ChardevUdp, service) },
    { NULL },
};

static const Row clipboard_rows[] = {
    { "@copypaste", ROW_ENUM, offsetof(ChardevClipboard, copypaste), .names = choice_names,
                    .missing = ERR(XML, XML_ERROR) },
    { NULL },
};

static const Row mouse_rows[] = {
    { "@mode", ROW_ENUM, offsetof(ChardevMouse, mode), .names = mouse_names,
               .missing = ERR(XML, XML_ERROR) },
    { NULL },
};
/* clang-format on */

const Record chardev_udp_record = { "source", sizeof(ChardevUdp), udp_rows, .kept = true };
const Record chardev_clipboard_record = { "clipboard", sizeof(ChardevClipboard), clipboard_rows,
                                          .kept = true };
const Record chardev_mouse_record = { "mouse", sizeof(ChardevMouse), mouse_rows, .kept = true };

/* ---- checks ---------------------------------------------------------------------------------- */

static bool check_reconnect(Chardev *source, GError **err)
{
    if (source->reconnect && source->mode == CHARDEV_BIND)
        return fail(err, CHARDEV_NO_SOURCE,
                    _("<reconnect> is for a socket that is connected, not for one that is bound"));
    if (source->reconnect == CHOICE_YES && !source->reconnect_timeout.set)
        return fail(err, ERR(XML, XML_ERROR), _("<reconnect enabled='yes'> lacks timeout="));
    source->reconnect_timeout.set = source->reconnect == CHOICE_YES;
    return true;
}

/* The list becomes: the bound end when it says anything, the connected end. */
static bool check_udp(ChardevUdpList *list, GError **err)
{
    ChardevUdp *ends[CHARDEV_BIND + 1] = { NULL };
    size_t n = 0;

    for (size_t i = 0; i < list->n; i++) {
        ChardevUdp *end = list->items[i];

        end->mode = end->mode ? end->mode : CHARDEV_CONNECT;
        if (ends[end->mode])
            return fail(err, ERR(DOMAIN, XML_ERROR),
                        _("a character device of type 'udp' has two <source mode='%s'>"),
                        chardev_mode_names[end->mode]);
        ends[end->mode] = end;
    }
    if (!ends[CHARDEV_CONNECT] || !ends[CHARDEV_CONNECT]->service)
        return fail(err, CHARDEV_NO_SOURCE,
                    _("a character device of type 'udp' lacks <source mode='connect' "
                      "service='...'>"));
    if (ends[CHARDEV_BIND] && (ends[CHARDEV_BIND]->host || ends[CHARDEV_BIND]->service))
        list->items[n++] = ends[CHARDEV_BIND];
    else
        record_free(&chardev_udp_record, ends[CHARDEV_BIND]);
    list->items[n++] = ends[CHARDEV_CONNECT];
    list->n = n;
    return true;
}

bool chardev_check_pathless(Chardev *source, GError **err)
{
    if (!source->log_file)
        source->log_append = SWITCH_ABSENT;
    if (!source->master != !source->slave)
        return fail(err, CHARDEV_NO_SOURCE,
                    _("a character device of type 'nmdm' has one of master= and slave=, but not "
                      "both"));
    if (source->type == CHARDEV_UDP && !check_udp(&source->udp, err))
        return false;
    if (!check_reconnect(source, err))
        return false;
    if (!source->host && !source->path)
        source->mode = CHARDEV_MODE_ABSENT;
    else if ((source->type == CHARDEV_TCP || source->type == CHARDEV_UNIX) && !source->mode)
        source->mode = CHARDEV_CONNECT;
    return source_labels_check(&source->labels, err);
}

bool chardev_check(Chardev *source, GError **err)
{
    if (source->type == CHARDEV_UNIX && !source->path)
        return fail(err, CHARDEV_NO_SOURCE,
                    _("a character device of type 'unix' lacks <source path='...'>"));
    return chardev_check_pathless(source, err);
}

bool chardev_check_not_spicevmc(const Chardev *source, GError **err)
{
    if (source->type == CHARDEV_SPICEVMC)
        return fail(err, UNSUPPORTED,
                    _("only a virtio channel can have a source of type 'spicevmc'"));
    return true;
}

/* clang-format off */
static const Row chardev_rows[] = {
    CHARDEV_TYPE_ROW(0),
    CHARDEV_ROWS(0),
    { NULL },
};
/* clang-format on */

static const Record chardev_record = { "source", sizeof(Chardev), chardev_rows,
                                       .type = &chardev_rows[0] };

void chardev_forget(Chardev *source)
{
    record_clear(&chardev_record, source);
    *source = (Chardev){ .type = CHARDEV_NONE };
}
