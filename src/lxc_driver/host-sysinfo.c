// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See host-sysinfo.h. */
#include "lxc_driver/host-sysinfo.h"

#include <string.h>

#include "lxc_driver/host.h"

#define FIRMWARE "/sys/class/dmi/id/"

typedef struct EntryRow {
    const char *block;
    const char *name;
    const char *file; /* below FIRMWARE */
} EntryRow;

/* In the order of the document; entries of a block stand together. */
static const EntryRow entry_rows[] = {
    {"bios",       "vendor",       "bios_vendor"      },
    { "bios",      "version",      "bios_version"     },
    { "bios",      "date",         "bios_date"        },
    { "bios",      "release",      "bios_release"     },
    { "system",    "manufacturer", "sys_vendor"       },
    { "system",    "product",      "product_name"     },
    { "system",    "version",      "product_version"  },
    { "system",    "serial",       "product_serial"   },
    { "system",    "uuid",         "product_uuid"     },
    { "system",    "sku",          "product_sku"      },
    { "system",    "family",       "product_family"   },
    { "baseBoard", "manufacturer", "board_vendor"     },
    { "baseBoard", "product",      "board_name"       },
    { "baseBoard", "version",      "board_version"    },
    { "baseBoard", "serial",       "board_serial"     },
    { "baseBoard", "asset",        "board_asset_tag"  },
    { "chassis",   "manufacturer", "chassis_vendor"   },
    { "chassis",   "version",      "chassis_version"  },
    { "chassis",   "serial",       "chassis_serial"   },
    { "chassis",   "asset",        "chassis_asset_tag"},
};

/* Makers write what they like; XML has no room for all of it. */
static char *tidy(const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);

    for (char *at = valid; *at; at++)
        if (g_ascii_iscntrl(*at))
            *at = ' ';
    return g_markup_escape_text(g_strstrip(valid), -1);
}

static void append_entry(GString *out, const char *root, const EntryRow *row)
{
    g_autofree char *text = host_read(root, FIRMWARE "%s", row->file);
    g_autofree char *value = text ? tidy(text) : NULL;

    if (value && *value)
        g_string_append_printf(out, "    <entry name='%s'>%s</entry>\n", row->name, value);
}

char *host_sysinfo_format(const char *root)
{
    GString *out = g_string_new("<sysinfo type='smbios'>\n");
    bool empty = true;

    for (size_t i = 0; i < G_N_ELEMENTS(entry_rows);) {
        const char *block = entry_rows[i].block;
        GString *entries = g_string_new(NULL);

        for (; i < G_N_ELEMENTS(entry_rows) && g_str_equal(entry_rows[i].block, block); i++)
            append_entry(entries, root, &entry_rows[i]);
        if (entries->len)
            g_string_append_printf(out, "  <%s>\n%s  </%s>\n", block, entries->str, block);
        empty = empty && !entries->len;
        g_string_free(entries, TRUE);
    }
    g_string_append(out, "</sysinfo>\n");
    return g_string_free(out, empty);
}
