// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* What fields of a definition are made of. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A number that may be absent. */
typedef struct OptNumber {
    bool set;
    int64_t value;
} OptNumber;

/* Elements carried along untouched, in the form of src/conf/xml.h; may be NULL. */
typedef char *KeptXml;

typedef struct StringList {
    size_t n;
    char **items; /* not NULL-terminated */
} StringList;

/* Nothing said, on, off. */
typedef enum Switch { SWITCH_ABSENT, SWITCH_ON, SWITCH_OFF } Switch;
/* Nothing said, yes, no. */
typedef enum Choice { CHOICE_ABSENT, CHOICE_YES, CHOICE_NO } Choice;
