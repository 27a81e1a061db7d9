// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * What harnesses of other containers' configurations share. A text becomes a domain or an error. A
 * domain can be written as a text again, or there is an error that says what of it cannot; what was
 * written becomes a domain, and after one round nothing changes any more.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Aborts when that does not hold. */
void native_round(const char *format, const uint8_t *data, size_t size);
/*
 * The same, and where no remark of a written text begins with `lost`, it is the same container
 * after the first round already.
 */
void native_round_same(const char *format, const char *lost, const uint8_t *data, size_t size);
