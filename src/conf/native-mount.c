// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See native-mount.h. */
#include "conf/native-mount.h"

#include <string.h>

#include "conf/value.h"
#include "plan-xdr.h"

/* In the order of Propagation; with 'r' in front, all below the mount as well. */
static const char *const propagation_names[] = { NULL,     "private",    "slave",
                                                 "shared", "unbindable", NULL };

typedef struct FlagOption {
    const char *name;
    size_t offset; /* in FilesystemMount */
    unsigned flag; /* PLAN_MOUNT_F_* */
} FlagOption;

/* clang-format off */
static const FlagOption flag_options[] = {
    { "nosuid",  offsetof(FilesystemMount, nosuid),  PLAN_MOUNT_F_NOSUID },
    { "nodev",   offsetof(FilesystemMount, nodev),   PLAN_MOUNT_F_NODEV },
    { "noexec",  offsetof(FilesystemMount, noexec),  PLAN_MOUNT_F_NOEXEC },
    { "noatime", offsetof(FilesystemMount, noatime), PLAN_MOUNT_F_NOATIME },
};
/* clang-format on */

/* What a mount is without saying so. */
static const char *const usual_options[] = {
    "rw", "suid", "dev", "exec", "atime", "relatime", "diratime", "async", "defaults", NULL,
};

Propagation native_mount_propagation(const char *word)
{
    for (int i = PROPAGATION_PRIVATE; propagation_names[i]; i++)
        if (strcmp(word, propagation_names[i]) == 0 ||
            (*word == 'r' && strcmp(word + 1, propagation_names[i]) == 0))
            return (Propagation)i;
    return PROPAGATION_ABSENT;
}

/* "64m", "65536k", "1073741824"; a share of the memory is no size. */
static bool parse_size(const char *text, int64_t *ret_kib)
{
    char *end = NULL;
    uint64_t number = g_ascii_strtoull(text, &end, 10), kib = 0;

    if (end == text || !value_scale(number, *end ? end : "b", 1024, &kib, NULL) || kib > INT64_MAX)
        return false;
    *ret_kib = (int64_t)kib;
    return true;
}

static bool parse_flag(const char *word, NativeMount *mount)
{
    for (size_t i = 0; i < G_N_ELEMENTS(flag_options); i++)
        if (strcmp(word, flag_options[i].name) == 0) {
            *(bool *)((char *)&mount->flags + flag_options[i].offset) = true;
            return true;
        }
    return g_strv_contains(usual_options, word);
}

bool native_mount_option(const char *word, NativeMount *mount)
{
    Propagation propagation = native_mount_propagation(word);

    if (propagation)
        mount->flags.propagation = propagation;
    else if (strcmp(word, "ro") == 0)
        mount->readonly = true;
    else if (strcmp(word, "bind") == 0)
        mount->bind = true;
    else if (strcmp(word, "rbind") == 0)
        mount->bind = mount->recursive = true;
    else if (strcmp(word, "idmap") == 0)
        mount->idmap = true;
    else if (g_str_has_prefix(word, "size="))
        return parse_size(word + strlen("size="), &mount->size);
    else if (g_str_has_prefix(word, "lowerdir="))
        mount->lowers = word + strlen("lowerdir=");
    else if (g_str_has_prefix(word, "upperdir="))
        mount->upper = word + strlen("upperdir=");
    else if (g_str_has_prefix(word, "workdir="))
        mount->work = word + strlen("workdir=");
    else
        return parse_flag(word, mount);
    return true;
}

const char *native_mount_flag(size_t index, unsigned *ret_flag)
{
    if (index >= G_N_ELEMENTS(flag_options))
        return NULL;
    *ret_flag = flag_options[index].flag;
    return flag_options[index].name;
}

void native_mount_apply(const NativeMount *mount, Filesystem *fs)
{
    fs->readonly = mount->readonly;
    fs->mount = mount->flags;       /* no pointers in there */
    if (fs->type == FILESYSTEM_RAM) /* it is so anyway */
        fs->mount.nosuid = fs->mount.nodev = false;
    if (mount->idmap)
        fs->mount.idmapped = CHOICE_YES;
}

static void add_word(GString *words, const char *prefix, const char *word)
{
    g_string_append_printf(words, "%s%s%s", words->len ? "," : "", prefix, word);
}

void native_mount_words(const Filesystem *fs, GString *words)
{
    if (fs->readonly)
        add_word(words, "", "ro");
    for (size_t i = 0; i < G_N_ELEMENTS(flag_options); i++)
        if (*(const bool *)((const char *)&fs->mount + flag_options[i].offset))
            add_word(words, "", flag_options[i].name);
    if (fs->mount.propagation)
        add_word(words, "r", propagation_names[fs->mount.propagation]);
}
