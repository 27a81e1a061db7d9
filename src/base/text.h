// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* Messages for people are marked for translation with _(). */
#pragma once

#include <libintl.h>

#define _(text) gettext(text)
#define N_(text) text
