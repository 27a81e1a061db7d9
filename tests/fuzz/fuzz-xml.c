// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* Whatever text is given as a domain definition: see understood.h. */
#include "understood.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    DomainDefFlags flags = size && data[size - 1] & 1 ? DOMAIN_DEF_INACTIVE : DOMAIN_DEF_LIVE;
    g_autofree char *xml = g_strndup((const char *)data, size);

    (void)understood_check(xml, flags); /* refused or not, it holds */
    return 0;
}
