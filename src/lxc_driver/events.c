// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See events.h. Every known event id can be registered for, as with the other libvirt drivers;
 * lifecycle, reboot, metadata change and disk change are the ones that happen here.
 */
#include "lxc_driver/events.h"

#include "base/error.h"
#include "base/text.h"
#include "lxc_driver/connection.h"
#include "remote-xdr.h"

#include <libvirt/libvirt.h>
#include <string.h>

/* Messages of the main program. */
enum {
    EVENT_LIFECYCLE_LEGACY = 107,
    EVENT_REBOOT_LEGACY = 169,
    EVENT_LIFECYCLE = 318,
    EVENT_REBOOT = 319,
    EVENT_DISK_CHANGE = 327,
    EVENT_METADATA_CHANGE = 379,
};

#define LEGACY_CALLBACK (-1)

typedef struct Registration {
    RpcClient *client;
    int event_id;
    int callback_id; /* LEGACY_CALLBACK: the old kind */
    bool filtered;   /* only for `uuid` */
    uint8_t uuid[16];
} Registration;

struct Events {
    Driver *driver;
    GArray *registrations; /* in the order they were made */
};

/* An event under way to whoever asked for it. */
typedef struct Event {
    const Domain *domain;
    int id; /* virDomainEventID */
    RemoteNonnullDomain dom;
} Event;

Events *events_new(Driver *driver)
{
    Events *events = g_new0(Events, 1);

    events->driver = driver;
    events->registrations = g_array_new(FALSE, FALSE, sizeof(Registration));
    return events;
}

void events_free(Events *events)
{
    if (!events)
        return;
    g_array_unref(events->registrations);
    g_free(events);
}

static Registration *registration_at(Events *events, guint i)
{
    return &g_array_index(events->registrations, Registration, i);
}

static bool check_event_id(int event_id, GError **err)
{
    if (event_id < 0 || event_id >= VIR_DOMAIN_EVENT_ID_LAST)
        return fail(err, ERR(LXC, INTERNAL_ERROR), _("unknown event id %d"), event_id);
    return true;
}

static bool is_same(const Registration *a, const Registration *b)
{
    return a->client == b->client && a->event_id == b->event_id && a->filtered == b->filtered &&
           memcmp(a->uuid, b->uuid, sizeof a->uuid) == 0 &&
           (a->callback_id == LEGACY_CALLBACK) == (b->callback_id == LEGACY_CALLBACK);
}

static bool add(Events *events, const Registration *fresh, GError **err)
{
    for (guint i = 0; i < events->registrations->len; i++)
        if (is_same(registration_at(events, i), fresh))
            return fail(err, ERR(LXC, INVALID_ARG), _("event callback is registered already"));
    g_array_append_val(events->registrations, *fresh);
    return true;
}

int events_register(Events *events, RpcClient *client, int event_id, const uint8_t *uuid,
                    GError **err)
{
    Registration fresh = { .client = client, .event_id = event_id, .filtered = uuid != NULL };

    if (!check_event_id(event_id, err))
        return -1;
    if (uuid)
        memcpy(fresh.uuid, uuid, sizeof fresh.uuid);
    fresh.callback_id = connection_of(client)->next_callback_id;
    if (!add(events, &fresh, err))
        return -1;
    return connection_of(client)->next_callback_id++;
}

bool events_register_legacy(Events *events, RpcClient *client, int event_id, GError **err)
{
    Registration fresh = { .client = client, .event_id = event_id, .callback_id = LEGACY_CALLBACK };

    return check_event_id(event_id, err) && add(events, &fresh, err);
}

bool events_deregister(Events *events, RpcClient *client, int callback_id, GError **err)
{
    for (guint i = 0; i < events->registrations->len; i++) {
        const Registration *r = registration_at(events, i);
        if (r->client == client && r->callback_id == callback_id && callback_id >= 0) {
            g_array_remove_index(events->registrations, i);
            return true;
        }
    }
    return fail(err, ERR(LXC, INTERNAL_ERROR), _("no event callback with id %d"), callback_id);
}

bool events_deregister_legacy(Events *events, RpcClient *client, int event_id, GError **err)
{
    for (guint i = 0; i < events->registrations->len; i++) {
        const Registration *r = registration_at(events, i);
        if (r->client == client && r->event_id == event_id && r->callback_id == LEGACY_CALLBACK) {
            g_array_remove_index(events->registrations, i);
            return true;
        }
    }
    return fail(err, ERR(LXC, INTERNAL_ERROR), _("no event callback is registered for event id %d"),
                event_id);
}

void events_forget_client(Events *events, RpcClient *client)
{
    for (guint i = events->registrations->len; i-- > 0;)
        if (registration_at(events, i)->client == client)
            g_array_remove_index(events->registrations, i);
}

static void event_init(Event *event, const Domain *domain, int id)
{
    event->domain = domain;
    event->id = id;
    event->dom.name = domain->name; /* borrowed for the encoding */
    memcpy(event->dom.uuid, domain->uuid, sizeof event->dom.uuid);
    event->dom.id = domain_id(domain);
}

static bool wants(const Registration *r, const Event *event)
{
    return r->event_id == event->id &&
           (!r->filtered || memcmp(r->uuid, event->domain->uuid, sizeof r->uuid) == 0);
}

/* An event as it is sent to those who have a number for it, and to those of the old kind. */
typedef struct Telling {
    int procedure;
    const XdrType *type;
    void *message;
    int32_t *callback_id; /* in the message, another for each who hears of it */
    int legacy_procedure; /* 0: those hear nothing of it */
    const XdrType *legacy_type;
    const void *legacy_message;
} Telling;

static void tell(const Event *event, const Telling *telling)
{
    const Driver *driver = event->domain->driver;

    for (guint i = 0; i < driver->events->registrations->len; i++) {
        const Registration *r = registration_at(driver->events, i);
        if (!wants(r, event))
            continue;
        *telling->callback_id = r->callback_id;
        if (r->callback_id != LEGACY_CALLBACK)
            rpc_client_send_event(r->client, &driver->remote_program, telling->procedure,
                                  telling->type, telling->message);
        else if (telling->legacy_procedure)
            rpc_client_send_event(r->client, &driver->remote_program, telling->legacy_procedure,
                                  telling->legacy_type, telling->legacy_message);
    }
}

void events_lifecycle(const Domain *domain, int type, int detail)
{
    RemoteDomainEventCallbackLifecycleMsg message = { 0 };
    const Telling telling = {
        .procedure = EVENT_LIFECYCLE,
        .type = &remote_domain_event_callback_lifecycle_msg_xdr,
        .message = &message,
        .callback_id = &message.callbackID,
        .legacy_procedure = EVENT_LIFECYCLE_LEGACY,
        .legacy_type = &remote_domain_event_lifecycle_msg_xdr,
        .legacy_message = &message.msg,
    };
    Event event;

    event_init(&event, domain, VIR_DOMAIN_EVENT_ID_LIFECYCLE);
    message.msg.dom = event.dom;
    message.msg.event = type;
    message.msg.detail = detail;
    tell(&event, &telling);
}

void events_reboot(const Domain *domain)
{
    RemoteDomainEventCallbackRebootMsg message = { 0 };
    const Telling telling = {
        .procedure = EVENT_REBOOT,
        .type = &remote_domain_event_callback_reboot_msg_xdr,
        .message = &message,
        .callback_id = &message.callbackID,
        .legacy_procedure = EVENT_REBOOT_LEGACY,
        .legacy_type = &remote_domain_event_reboot_msg_xdr,
        .legacy_message = &message.msg,
    };
    Event event;

    event_init(&event, domain, VIR_DOMAIN_EVENT_ID_REBOOT);
    message.msg.dom = event.dom;
    tell(&event, &telling);
}

void events_metadata_change(const Domain *domain, int type, const char *uri)
{
    RemoteDomainEventCallbackMetadataChangeMsg message = { 0 };
    const Telling telling = {
        .procedure = EVENT_METADATA_CHANGE,
        .type = &remote_domain_event_callback_metadata_change_msg_xdr,
        .message = &message,
        .callback_id = &message.callbackID,
    };
    Event event;

    event_init(&event, domain, VIR_DOMAIN_EVENT_ID_METADATA_CHANGE);
    message.dom = event.dom;
    message.type = type;
    if (type == VIR_DOMAIN_METADATA_ELEMENT)
        message.nsuri = (char *)uri; /* borrowed for the encoding */
    tell(&event, &telling);
}

void events_disk_missing(const Domain *domain, const char *source, const char *target)
{
    RemoteDomainEventCallbackDiskChangeMsg message = { 0 };
    const Telling telling = {
        .procedure = EVENT_DISK_CHANGE,
        .type = &remote_domain_event_callback_disk_change_msg_xdr,
        .message = &message,
        .callback_id = &message.callbackID,
    };
    Event event;

    event_init(&event, domain, VIR_DOMAIN_EVENT_ID_DISK_CHANGE);
    message.msg.dom = event.dom;
    message.msg.oldSrcPath = (char *)source; /* both are borrowed for the encoding */
    message.msg.devAlias = (char *)target;
    message.msg.reason = VIR_DOMAIN_EVENT_DISK_DROP_MISSING_ON_START;
    tell(&event, &telling);
}
