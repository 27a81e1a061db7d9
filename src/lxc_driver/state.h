// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * What can happen to a domain's state, in one table (state.c), and the one function that lets it
 * happen: it sets state and reason, keeps the status file in step and tells the clients.
 */
#pragma once

#include "lxc_driver/domain.h"

typedef enum StateEvent {
    STATE_STARTED,
    STATE_START_FAILED,
    STATE_SUSPENDED,
    STATE_RESUMED,
    STATE_REBOOTED,
    STATE_SHUT_DOWN,      /* init ended, however it was asked to */
    STATE_DESTROYED,      /* we killed it */
    STATE_LOST,           /* the controller went without a word */
    STATE_RESTART_FAILED, /* a reboot from inside could not be carried out */
    STATE_FOUND_RUNNING,  /* a new daemon meets a container of an earlier one */
    STATE_FOUND_PAUSED,
    STATE_FOUND_GONE, /* ... or what it left */
    STATE_EVENT_LAST,
} StateEvent;

/* A row is for one event, in one or several states. */
typedef struct StateRow {
    StateEvent event;
    unsigned from; /* bits 1 << VIR_DOMAIN_* */
    int to;        /* virDomainState */
    int reason;
    int type; /* virDomainEventType; -1: clients are not told, -2: reboot event */
    int detail;
} StateRow;

#define STATE_TELL_NOBODY (-1)
#define STATE_TELL_REBOOT (-2)

/* NULL when the event makes no sense in that state. */
const StateRow *state_row(StateEvent event, int state);

/* False (and a warning in the log) when the table has no such row; nothing happened then. */
bool state_change(Domain *domain, StateEvent event);
