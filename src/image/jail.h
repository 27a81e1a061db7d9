// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Where qemu-nbd lives: a tree with the host's programs and libraries, all read-only, and one
 * image; no network, no capabilities, the image's owner. An image may name other files that it is
 * made of: none of them is there.
 */
#pragma once

#include <stdbool.h>

#define JAIL_IMAGE "/image" /* the image in it */

/* The calling process goes in, for good. *ret_what is what could not be done. */
bool jail_enter(int image, bool readonly, const char **ret_what);
