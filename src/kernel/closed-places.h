// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Directories of the host that the container can write to, or another one that is above a source of
 * this. Root inside may have put a symlink anywhere in them: see base/host-path.h.
 */
#pragma once

#include "base/host-path.h"
#include "plan-xdr.h"

#include <glib.h>

/* HostPlaces, as they are now. The caller's. */
GArray *closed_places_new(const Plan *plan);

/* Borrowed from the array; none when that is NULL. */
HostPlaces closed_places(const GArray *places);
