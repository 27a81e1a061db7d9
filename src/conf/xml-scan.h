// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* A look at XML text before it is parsed. */
#pragma once

#include <glib.h>
#include <stdbool.h>

/*
 * Refuses what parsing would take too long over: an element with very many attributes, which are
 * compared with each other, and very many namespace declarations, which every element is looked up
 * in. `what` names the document. The error is XML_DETAIL of VIR_FROM_DOMAIN, as the parser's.
 *
 * *ret_encoding is the encoding that the text declares or UTF-8; it is one in which markup looks
 * like ASCII, or this scan would have seen something else than the parser. Free with g_free.
 */
bool xml_scan(const char *text, const char *what, char **ret_encoding, GError **err);
