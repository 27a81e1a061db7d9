// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Persistent definitions on disk: one NAME.xml per domain, and a symlink in autostart/ for those
 * that start with the host. The places and the format are libvirt's.
 */
#pragma once

#include "conf/domain-def.h"
#include "lxc_driver/paths.h"

/* On disk, synced, when it returns true; the old file is untouched when it returns false. */
bool store_save(const Paths *paths, const DomainDef *def, GError **err);

/* Definition and autostart link; fine when they are gone. */
bool store_remove(const Paths *paths, const char *name, GError **err);

bool store_set_autostart(const Paths *paths, const char *name, bool autostart, GError **err);

/* Called for each definition; `def` is the callee's. */
typedef void StoreFound(DomainDef *def, bool autostart, void *data);

/* A file that cannot be read or parsed is left where it is, skipped and named in the log. */
bool store_load(const Paths *paths, const DomainDefHost *host, StoreFound *found, void *data,
                GError **err);
