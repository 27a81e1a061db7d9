// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See native-command.h. */
#include "conf/native-command.h"

#include <string.h>

#include "base/text.h"
#include "conf/record.h"

#define ENV "/usr/bin/env"

bool native_command_add(NativeResult *result, const char *word)
{
    OsDef *os = &result->def->os;

    if (os->init) {
        record_list_append(&os->initargs, g_strdup(word));
        return true;
    }
    if (strchr(word, '/')) {
        os->init = g_strdup(word);
        return true;
    }
    if (!*word)
        return false;
    native_note(result, _("'%s' is not a path: '%s' looks for it in PATH"), word, ENV);
    os->init = g_strdup(ENV);
    record_list_append(&os->initargs, g_strdup(word));
    return true;
}
