// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See arch.h. */
#include "conf/arch.h"

#include <glib.h>

typedef struct Arch {
    const char *name;
    int word_size;
    const char *partner; /* what a host of it runs as well, or NULL */
} Arch;

/* Every architecture libvirt has a word for. */
/* clang-format off */
static const Arch arches[] = {
    { "alpha",        64 },
    { "armv6l",       32 },
    { "armv7l",       32 },
    { "armv7b",       32 },
    { "aarch64",      64, "armv7l" },
    { "cris",         32 },
    { "i686",         32 },
    { "ia64",         64 },
    { "itanium",      64 },
    { "lm32",         32 },
    { "loongarch64",  64 },
    { "m68k",         32 },
    { "microblaze",   32 },
    { "microblazeel", 32 },
    { "mips",         32 },
    { "mipsel",       32 },
    { "mips64",       64, "mips" },
    { "mips64el",     64, "mipsel" },
    { "openrisc",     32 },
    { "parisc",       32 },
    { "parisc64",     64, "parisc" },
    { "ppc",          32 },
    { "ppc64",        64, "ppc" },
    { "ppc64le",      64 },
    { "ppcemb",       32 },
    { "riscv32",      32 },
    { "riscv64",      64 },
    { "s390",         32 },
    { "s390x",        64, "s390" },
    { "sh4",          32 },
    { "sh4eb",        32 },
    { "sparc",        32 },
    { "sparc64",      64, "sparc" },
    { "unicore32",    32 },
    { "x86_64",       64, "i686" },
    { "xtensa",       32 },
    { "xtensaeb",     32 },
};
/* clang-format on */

static const Arch *find(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(arches); i++)
        if (g_str_equal(arches[i].name, name))
            return &arches[i];
    return NULL;
}

bool arch_is_known(const char *name)
{
    return find(name) != NULL;
}

int arch_word_size(const char *name)
{
    const Arch *arch = find(name);

    return arch ? arch->word_size : (int)(8 * sizeof(long));
}

const char *arch_partner(const char *host)
{
    const Arch *arch = find(host);

    return arch ? arch->partner : NULL;
}

bool arch_runs(const char *host, const char *arch)
{
    return g_str_equal(host, arch) || g_strcmp0(arch_partner(host), arch) == 0;
}
