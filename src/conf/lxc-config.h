// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The text of an LXC configuration: lines "key = value", as liblxc reads them. Keys come out in
 * the spelling of LXC 3 and later, whichever generation wrote them; what lists and repeated keys
 * mean is not known here, but that a key without a value takes back what was said before.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#define LXC_NO_NIC (-1)

typedef struct LxcLine {
    unsigned number;
    char *written; /* the key as it stands in the text */
    char *key;     /* as LXC 3 spells it */
    char *value;   /* without the white space and the quotes around it; never empty */
    long nic;      /* of lxc.net.N. and lxc.network.: which network device; else LXC_NO_NIC */
} LxcLine;

/* Gives the LxcLines, which the array owns; NULL when something is no line of a configuration. */
GPtrArray *lxc_config_read(const char *text, GError **err);

/* What stands after "lxc.net.N." in the key of a network device's line. */
const char *lxc_line_nic_key(const LxcLine *line);

/* False when no line can hold this: LXC takes one line and knows no escapes. */
bool lxc_config_can_write(const char *value);
/* Appends a line; the value has to be one that can be written. */
void lxc_config_write(GString *out, const char *key, const char *value);
/* Appends a comment, of one line whatever the text has in it. */
void lxc_config_write_comment(GString *out, const char *text);

/* A path as in fstab(5), where white space and '\' are octal numbers; and back. */
char *lxc_fstab_escape(const char *path);
char *lxc_fstab_unescape(const char *word);
