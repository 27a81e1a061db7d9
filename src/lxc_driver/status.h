// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * What the next daemon must know about a running container, one file NAME.status per domain in the
 * state directory: a few `key value` lines, an empty line, the live XML. It is written before
 * anything else is made for a start, so that whatever a crash leaves behind can be found from it.
 * No sync: the file is void after a boot.
 */
#pragma once

#include "conf/domain-def.h"
#include "lxc_driver/domain.h"

typedef struct Status {
    int state; /* virDomainState; SHUTOFF: the start had not finished */
    int reason;
    pid_t controller_pid;
    pid_t init_pid;
    DomainDef *live;
} Status;

void status_clear(Status *status);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Status, status_clear)

/* `live` is the domain's, or the one of a start under way. NAME.pid goes along. */
bool status_save(const Domain *domain, const DomainDef *live, GError **err);
void status_save_or_log(const Domain *domain);
void status_remove(const Domain *domain);

/* For tests and for loading: the text form. */
char *status_format(const Domain *domain, const DomainDef *live);
bool status_parse(const char *text, const DomainDefHost *host, Status *ret_status, GError **err);

/* Called for each status file; what `status` owns may be stolen. */
typedef void StatusFound(Status *status, void *data);
bool status_load(const Paths *paths, const DomainDefHost *host, StatusFound *found, void *data,
                 GError **err);
