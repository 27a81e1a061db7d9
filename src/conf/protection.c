// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * <keywrap> and <launchSecurity>: how the memory and the keys of a virtual machine are protected
 * from its host. Nothing of a container is.
 */
#include <stdlib.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/device-info.h"
#include "conf/domain-records.h"
#include "conf/value.h"

#define REQUIRED .missing = ERR(XML, XML_ERROR)
#define WRONG ERR(DOMAIN, XML_ERROR)

enum { SECURITY_ABSENT, SECURITY_SEV, SECURITY_S390_PV };

static const char *const cipher_names[] = { NULL, "aes", "dea", NULL };
static const char *const security_names[] = { NULL, "sev", "s390-pv", NULL };

#define FIELD(name) offsetof(LaunchSecurity, name)
#define SEV .types = TYPE_BIT(SECURITY_SEV)
#define UNSIGNED .min = 0, .max = UINT32_MAX

/* clang-format off */
static const Row cipher_rows[] = {
    { "@name",           ROW_ENUM,   offsetof(KeyCipher, name),  .names = cipher_names, REQUIRED },
    { "@state",          ROW_ENUM,   offsetof(KeyCipher, state), .names = switch_names, REQUIRED },
    { NULL },
};

static const Row security_rows[] = {
    { "@type",           ROW_ENUM,   FIELD(type),              ROW_TYPE, .names = security_names, REQUIRED },
    { "@kernelHashes",   ROW_ENUM,   FIELD(kernel_hashes),     SEV, .names = choice_names },
    { "cbitpos",         ROW_NUMBER, FIELD(cbitpos),           SEV, UNSIGNED, .bad = WRONG },
    { "reducedPhysBits", ROW_NUMBER, FIELD(reduced_phys_bits), SEV, UNSIGNED, .bad = WRONG },
    { "policy",          ROW_NUMBER, FIELD(policy),            ROW_BASE_16, SEV, .digits = 4, UNSIGNED,
                         .missing = WRONG, .bad = WRONG },
    { "dhCert",          ROW_STRING, FIELD(dh_cert),           ROW_NOT_EMPTY, SEV },
    { "session",         ROW_STRING, FIELD(session),           ROW_NOT_EMPTY, SEV },
    { NULL },
};
/* clang-format on */

const Record key_cipher_record = { "cipher", sizeof(KeyCipher), cipher_rows, .kept = true };
const Record launch_security_record = { "launchSecurity", sizeof(LaunchSecurity), security_rows,
                                        .kept = true, .type = &security_rows[0] };

static int by_name(const void *a, const void *b)
{
    return (*(KeyCipher *const *)a)->name - (*(KeyCipher *const *)b)->name;
}

bool keywrap_check(DomainDef *def, GError **err)
{
    KeyCipherList *ciphers = &def->keywrap;

    if (ciphers->n)
        qsort(ciphers->items, ciphers->n, sizeof(*ciphers->items), by_name);
    for (size_t i = 1; i < ciphers->n; i++)
        if (ciphers->items[i]->name == ciphers->items[i - 1]->name)
            return fail(err, ERR(DOMAIN, INTERNAL_ERROR), _("<keywrap> has the cipher '%s' twice"),
                        cipher_names[ciphers->items[i]->name]);
    return true;
}
