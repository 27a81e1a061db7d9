// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See answer.h. */
#include "lxc_driver/answer.h"

#include <string.h>

void answer_domain(const Domain *domain, RemoteNonnullDomain *ret)
{
    ret->name = g_strdup(domain->name);
    memcpy(ret->uuid, domain->uuid, sizeof ret->uuid);
    ret->id = domain_id(domain);
}

void answer_chars(const char *text, uint32_t *ret_len, int8_t **ret_items)
{
    *ret_len = (uint32_t)strlen(text) + 1;
    *ret_items = (int8_t *)g_strdup(text);
}
