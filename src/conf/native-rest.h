// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * What a definition says and another format does not: everything that is printed and that none of
 * the format's own patterns stands for. So nothing is dropped in silence, whatever is added to the
 * vocabulary.
 */
#pragma once

#include "conf/domain-def.h"

/* `value` is "" for an element that is only there. */
typedef void NativeRestVisitor(const char *path, const char *value, void *data);

/*
 * `said` has strings of patterns, separated by blanks, such as "os/init memory/@dumpCore", below
 * <domain>; "features/acpi/..." stands for the element with all that is in it, and
 * "on_poweroff=destroy" for one value only. What every domain says goes without saying.
 */
void native_rest(const DomainDef *def, const GPtrArray *said, NativeRestVisitor *visit, void *data);
