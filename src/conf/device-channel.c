// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * <channel>: a private line between a virtual machine and its host. A container has none; it is
 * kept, and a virtio channel has its controller.
 */
#include <sys/socket.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/device-info.h"
#include "conf/device.h"
#include "conf/domain-records.h"
#include "conf/value.h"

#define UNSUPPORTED ERR(DOMAIN, CONFIG_UNSUPPORTED)

typedef enum TargetType {
    TARGET_ABSENT,
    TARGET_NONE,
    TARGET_GUESTFWD,
    TARGET_VIRTIO,
    TARGET_XEN,
} TargetType;

typedef struct Target {
    TargetType type;
    char *name;
    int state;     /* live; 0 not given */
    char *address; /* guestfwd */
    OptNumber port;
} Target;

typedef struct Channel {
    Chardev source;
    Target *target;
    DeviceInfo info;
} Channel;

/* ---- rows ------------------------------------------------------------------------------------ */

static bool normalize_address(const char *text, char **ret_text, GError **err)
{
    uint8_t address[16];
    int family = AF_UNSPEC;

    if (!value_parse_address(text, address, &family))
        return fail(err, ERR(NONE, SYSTEM_ERROR), _("'%s' is not an IPv4 address"), text);
    if (family != AF_INET)
        return fail(err, UNSUPPORTED, _("'%s' is not an IPv4 address"), text);
    *ret_text = g_strdup(text);
    return true;
}

static const char *const target_names[] = { NULL, "none", "guestfwd", "virtio", "xen", NULL };
static const char *const state_names[] = { NULL, "connected", "disconnected", NULL };

#define GUESTFWD TYPE_BIT(TARGET_GUESTFWD)
#define VIRTIO TYPE_BIT(TARGET_VIRTIO)
#define XEN TYPE_BIT(TARGET_XEN)

/* clang-format off */
static const Row target_rows[] = {
    { "@type",    ROW_ENUM,   offsetof(Target, type),    ROW_TYPE, .names = target_names,
                  .missing = UNSUPPORTED, .bad = UNSUPPORTED },
    { "@address", ROW_STRING, offsetof(Target, address), .types = GUESTFWD, .normalize = normalize_address,
                  .missing = ERR(DOMAIN, XML_ERROR) },
    { "@port",    ROW_NUMBER, offsetof(Target, port),    .types = GUESTFWD, .min = 0, .max = UINT16_MAX,
                  .missing = ERR(XML, XML_ERROR) },
    { "@name",    ROW_STRING, offsetof(Target, name),    .types = VIRTIO | XEN },
    { "@state",   ROW_ENUM,   offsetof(Target, state),   ROW_LIVE, .types = VIRTIO | XEN, .names = state_names },
    { NULL },
};

static const Record target_record = { "target", sizeof(Target), target_rows, .kept = true,
                                      .type = &target_rows[0] };

static const Row channel_rows[] = {
    CHARDEV_TYPE_ROW(offsetof(Channel, source)),
    CHARDEV_ROWS(offsetof(Channel, source)),
    { "target", ROW_MAYBE, offsetof(Channel, target), .record = &target_record,
                .missing = ERR(DOMAIN, XML_ERROR) },
    DEVICE_INFO_ROWS(offsetof(Channel, info)),
    { NULL },
};
/* clang-format on */

/* ---- checks ---------------------------------------------------------------------------------- */

static void init(void *object)
{
    ((Channel *)object)->source.type = CHARDEV_PTY;
}

static bool check_one(void *object, const Reader *reader, GError **err)
{
    Channel *channel = object;

    if (channel->target->type != TARGET_VIRTIO &&
        !chardev_check_not_spicevmc(&channel->source, err))
        return false;
    if (TYPE_BIT(channel->target->type) & (VIRTIO | XEN))
        return chardev_check_pathless(&channel->source, err);
    return chardev_check(&channel->source, err);
}

static const Record channel_record = { "channel",         sizeof(Channel),          channel_rows,
                                       .kept = true,      .type = &channel_rows[0], .init = init,
                                       .check = check_one };

static bool check(DomainDef *def, const Reader *reader, GError **err)
{
    const RecordList *list = device_list(def, &channel_class);

    for (size_t i = 0; i < list->n; i++) {
        const Channel *channel = list->items[i];

        if (channel->target->type == TARGET_VIRTIO &&
            !device_need_controller(
                def, "virtio-serial",
                address_controller(&channel->info.address, ADDRESS_VIRTIO_SERIAL), err))
            return false;
    }
    return true;
}

const DeviceClass channel_class = { .element = "channel",
                                    .record = &channel_record,
                                    .check = check };
