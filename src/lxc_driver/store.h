// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Persistent definitions on disk: one NAME.xml per domain, and a symlink in autostart/ for those
 * that start with the host. The places and the format are libvirt's.
 */
#pragma once

#include "conf/domain-def.h"
#include "lxc_driver/paths.h"

/*
 * Changes wait for the disk, so a thread makes them, on copies; `done` comes to the main loop. Two
 * changes of one domain must not overlap: they are jobs of the domain.
 */
typedef void StoreDone(const GError *err, void *data);

/* On disk, synced, when `done` has no error; with one, the old file is untouched. */
void store_save(const Paths *paths, const DomainDef *def, StoreDone *done, void *data);

/* Definition and autostart link; fine when they are gone. */
void store_remove(const Paths *paths, const char *name, StoreDone *done, void *data);

void store_set_autostart(const Paths *paths, const char *name, bool autostart, StoreDone *done,
                         void *data);

/* Called for each definition; `def` is the callee's. */
typedef void StoreFound(DomainDef *def, bool autostart, void *data);

/* A file that cannot be read or parsed is left where it is, skipped and named in the log. */
bool store_load(const Paths *paths, const DomainDefHost *host, StoreFound *found, void *data,
                GError **err);
