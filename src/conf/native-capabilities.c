// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See native-capabilities.h. */
#include "conf/native-capabilities.h"

#include <linux/capability.h>
#include <string.h>

#include "base/text.h"
#include "conf/domain-records.h"

#define BIT(number) (UINT64_C(1) << (number))

/* The kernel's, of which libvirt's list does not know. */
typedef struct NewCapability {
    const char *name;
    int number;
} NewCapability;

/* clang-format off */
static const NewCapability new_capabilities[] = {
    { "audit_read",         37 },
    { "perfmon",            38 },
    { "bpf",                39 },
    { "checkpoint_restore", 40 },
};
/* clang-format on */

int native_capability_number(const char *name)
{
    int number;

    if (g_ascii_strncasecmp(name, "CAP_", 4) == 0)
        name += 4;
    for (size_t i = 0; i < DOMAIN_CAPABILITY_COUNT; i++)
        if (g_ascii_strcasecmp(features_capability(i, &number), name) == 0)
            return number;
    for (size_t i = 0; i < G_N_ELEMENTS(new_capabilities); i++)
        if (g_ascii_strcasecmp(new_capabilities[i].name, name) == 0)
            return new_capabilities[i].number;
    return -1;
}

const char *native_capability_name(int wanted)
{
    int number;

    for (size_t i = 0; i < DOMAIN_CAPABILITY_COUNT; i++) {
        const char *name = features_capability(i, &number);

        if (number == wanted)
            return name;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(new_capabilities); i++)
        if (new_capabilities[i].number == wanted)
            return new_capabilities[i].name;
    return NULL;
}

uint64_t native_capability_all(void)
{
    return features_capabilities(&(FeaturesDef){ .capabilities.policy = CAPABILITY_POLICY_ALLOW });
}

/* Switches what differs from the policy; returns how many switches that took. */
static unsigned switch_differences(FeaturesDef *features, uint64_t set)
{
    uint64_t differs = features_capabilities(features) ^ set;
    unsigned count = 0;

    for (size_t i = 0; i < DOMAIN_CAPABILITY_COUNT; i++) {
        int number;

        (void)features_capability(i, &number); /* the name does not matter */
        if (!(differs & BIT(number)))
            continue;
        features->capabilities.each[i] = set & BIT(number) ? SWITCH_ON : SWITCH_OFF;
        count++;
    }
    return count;
}

/* Returns the capabilities in which `features` differs from `set` nevertheless. */
static uint64_t choose_words(FeaturesDef *features, uint64_t set)
{
    uint64_t best_left = 0;
    unsigned best_cost = G_MAXUINT;

    for (int policy = CAPABILITY_POLICY_DEFAULT; policy <= CAPABILITY_POLICY_DENY; policy++) {
        FeaturesDef tried = { .capabilities.policy = (CapabilityPolicy)policy };
        unsigned words = switch_differences(&tried, set);
        uint64_t left = features_capabilities(&tried) ^ set;
        /* A capability that is not said is worse than any number of words. */
        unsigned cost = words + 64 * (unsigned)__builtin_popcountll(left);

        if (cost >= best_cost)
            continue;
        best_cost = cost;
        best_left = left;
        features->capabilities = tried.capabilities;
    }
    return best_left;
}

void native_capabilities_say(NativeResult *result, uint64_t set)
{
    uint64_t unsaid = choose_words(&result->def->features, set);

    for (int number = 0; number < 64; number++)
        if (unsaid & BIT(number))
            native_note(result,
                        set & BIT(number) ? _("the capability '%s' cannot be given alone")
                                          : _("the capability '%s' cannot be taken alone"),
                        native_capability_name(number));
}
