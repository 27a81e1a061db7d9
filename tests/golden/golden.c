// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See golden.h. */
#include "golden.h"

#include <errno.h>
#include <glib/gstdio.h>

#include "base/error.h"

typedef struct Name {
    int number;
    const char *name;
} Name;

static const Name codes[] = {
    {VIR_ERR_CONF_SYNTAX,         "CONF_SYNTAX"       },
    { VIR_ERR_INTERNAL_ERROR,     "INTERNAL_ERROR"    },
    { VIR_ERR_INVALID_ARG,        "INVALID_ARG"       },
    { VIR_ERR_NO_NAME,            "NO_NAME"           },
    { VIR_ERR_NO_SOURCE,          "NO_SOURCE"         },
    { VIR_ERR_NO_TARGET,          "NO_TARGET"         },
    { VIR_ERR_OVERFLOW,           "OVERFLOW"          },
    { VIR_ERR_SYSTEM_ERROR,       "SYSTEM_ERROR"      },
    { VIR_ERR_XML_DETAIL,         "XML_DETAIL"        },
    { VIR_ERR_XML_ERROR,          "XML_ERROR"         },
    { VIR_ERR_XML_INVALID_SCHEMA, "XML_INVALID_SCHEMA"},
    { VIR_ERR_CONFIG_UNSUPPORTED, "CONFIG_UNSUPPORTED"},
};

static const Name origins[] = {
    {VIR_FROM_NONE,          "NONE"        },
    { VIR_FROM_CONF,         "CONF"        },
    { VIR_FROM_XML,          "XML"         },
    { VIR_FROM_DOMAIN,       "DOMAIN"      },
    { VIR_FROM_LXC,          "LXC"         },
    { VIR_FROM_CPU,          "CPU"         },
    { VIR_FROM_RESCTRL,      "RESCTRL"     },
    { VIR_FROM_SECURITY,     "SECURITY"    },
    { VIR_FROM_NETWORK,      "NETWORK"     },
    { VIR_FROM_NET,          "NET"         },
    { VIR_FROM_DEVICE,       "DEVICE"      },
    { VIR_FROM_STORAGE,      "STORAGE"     },
    { VIR_FROM_CAPABILITIES, "CAPABILITIES"},
};

static const char *find_name(const Name *names, size_t n, int number)
{
    for (size_t i = 0; i < n; i++)
        if (names[i].number == number)
            return names[i].name;
    g_error("no name for %d", number);
}

char *golden_describe(const GError *err)
{
    return g_strdup_printf("%s/%s: %s\n", find_name(codes, G_N_ELEMENTS(codes), error_code(err)),
                           find_name(origins, G_N_ELEMENTS(origins), error_from(err)),
                           err->message);
}

bool golden_has_file(const char *folder, const char *name)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);

    return g_file_test(path, G_FILE_TEST_EXISTS);
}

void golden_expect(const char *folder, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autofree char *wanted = NULL;

    if (g_getenv("REGENERATE")) {
        g_autofree char *old = NULL;

        (void)g_file_get_contents(path, &old, NULL, NULL); /* it may be new */
        if (text && g_strcmp0(old, text) != 0)
            g_assert_true(g_file_set_contents(path, text, -1, NULL));
        else if (!text)
            (void)g_unlink(path); /* it may not be there */
        return;
    }
    if (!text) {
        g_assert_false(golden_has_file(folder, name));
        return;
    }
    g_assert_true(g_file_get_contents(path, &wanted, NULL, NULL));
    g_assert_cmpstr(text, ==, wanted);
}
