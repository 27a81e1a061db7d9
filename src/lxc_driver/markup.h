// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* XML that the daemon writes itself. */
#pragma once

#include <glib.h>

/* printf with every argument escaped for XML. */
void markup_append(GString *out, const char *format, ...) G_GNUC_PRINTF(2, 3);
