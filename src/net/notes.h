// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * What is to be put right on the host when a container has ended: devices of the host that were
 * lent to it. Private to src/net.
 */
#pragma once

#include "net/device.h"

/* What became of a device of the host. */
typedef enum NoteWay {
    NOTE_MOVED,  /* it is inside, and comes back */
    NOTE_PASSED, /* a device on top of it is inside and has it to itself; that one goes */
    NOTE_SHARED, /* the same, but it is everybody's and stays as it is */
} NoteWay;

/* Names and numbers of the container can change, but for the index. */
typedef struct Note {
    NoteWay way;
    char device[IFNAMSIZ]; /* on the host */
    char guest[IFNAMSIZ];  /* the name it, or what is on top of it, begins with inside */
    char kind[IFNAMSIZ];   /* of what is inside */
    int index;             /* of what is inside; 0: it was not known yet */
    uint8_t mac[6];        /* of the host's device, before */
    unsigned mtu;
    unsigned flags;
    char alias[DEVICE_ALIAS_SIZE];
} Note;

/* About `device`, whose state it remembers, for the plan's link. */
Note note_of(NoteWay way, const Device *device, const PlanLink *plan);

/*
 * Writes a note down, in the place of one for the same guest, before what it is about is done; and
 * holds the container's namespace, so that nothing in it is lost with the last process.
 */
bool notes_put(const LinkHome *home, const Note *note, GError **err);

/* Looks for what is inside, and writes its index down. */
bool notes_find_inside(const LinkHome *home, Rtnl *inside, Note *note, GError **err);

/* All notes; never NULL. */
GArray *notes_read(const char *path);

/* The namespace that is held, -1 if none is. */
int notes_open_namespace(const char *path);

/* Removes the notes and lets the namespace go. */
void notes_forget(const char *path);
