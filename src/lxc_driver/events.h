// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Who wants to hear of what, and telling them. A registration belongs to one client and one event
 * id, and may be for one domain only. The modern kind has a callback id, counted per client; the
 * legacy kind has none and gets the old messages.
 */
#pragma once

#include "lxc_driver/domain.h"

Events *events_new(Driver *driver);
void events_free(Events *events);

/* `uuid` NULL: every domain. The callback's id, counted from 0 per client, or -1. */
int events_register(Events *events, RpcClient *client, int event_id, const uint8_t *uuid,
                    GError **err);
bool events_deregister(Events *events, RpcClient *client, int callback_id, GError **err);

bool events_register_legacy(Events *events, RpcClient *client, int event_id, GError **err);
bool events_deregister_legacy(Events *events, RpcClient *client, int event_id, GError **err);

/* The client has gone. */
void events_forget_client(Events *events, RpcClient *client);

void events_lifecycle(const Domain *domain, int type, int detail);
void events_reboot(const Domain *domain);
/* An optional disk, which is to be `target`, is left out of a start, since there is no `source`. */
void events_disk_missing(const Domain *domain, const char *source, const char *target);
/* `uri` is only told for VIR_DOMAIN_METADATA_ELEMENT. */
void events_metadata_change(const Domain *domain, int type, const char *uri);
