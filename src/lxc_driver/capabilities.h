// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The capabilities document: what this host is and what guests it can run.
 */
#pragma once

#include <glib.h>

typedef struct CapabilitiesModel {
    const char *name;
    char *base; /* what labels of containers begin with; NULL: nothing */
} CapabilitiesModel;

typedef struct CapabilitiesFacts {
    const char *root; /* see host.h */
    const char *host_uuid;
    const char *arch;                /* of the host, as uname tells it */
    const char *emulator;            /* path of the program a guest is run by */
    const CapabilitiesModel *models; /* security models in force */
    size_t n_models;
} CapabilitiesFacts;

char *capabilities_format(const CapabilitiesFacts *facts);
