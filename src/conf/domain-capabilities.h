// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The domain capabilities document: what a definition for this host may hold. Management programs
 * decide by it what to offer.
 */
#pragma once

#include "conf/domain-def.h"

/* What a client asks about; NULL is the usual. */
typedef struct DomainCapabilitiesQuery {
    const char *emulator;
    const char *arch;
    const char *machine;
    const char *type; /* of the domain */
} DomainCapabilitiesQuery;

bool domain_capabilities_format(const DomainCapabilitiesQuery *query, const DomainDefHost *host,
                                unsigned max_vcpus, char **ret_xml, GError **err);
