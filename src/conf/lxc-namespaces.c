// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* Namespaces that a container has in common with others, and the clocks in its own. */
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/compile.h"
#include "conf/lxc-format.h"

#define FIELD(name) offsetof(DomainDef, name)

/* ---- namespaces ------------------------------------------------------------------------------ */

typedef struct Space {
    const char *name;
    unsigned space;
    size_t share; /* in SharesDef */
} Space;

/* Those that a domain may have in common with others. */
static const Space spaces[] = {
    {"net",  PLAN_NS_NET, offsetof(SharesDef, net)},
    { "ipc", PLAN_NS_IPC, offsetof(SharesDef, ipc)},
    { "uts", PLAN_NS_UTS, offsetof(SharesDef, uts)},
};

static const Space *find_space(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(spaces); i++)
        if (strcmp(spaces[i].name, name) == 0)
            return &spaces[i];
    return NULL;
}

static void set_share(DomainDef *def, const Space *space, ShareSource source, const char *value)
{
    Share *share = (Share *)((char *)&def->shares + space->share);

    g_free(share->value);
    *share = (Share){ source, g_strdup(value) };
}

/* A number is a process, anything else a container's name, but a path to one elsewhere. */
static bool read_share(LxcImport *in, const LxcKey *key, const LxcLine *line, GError **err)
{
    const Space *space = find_space(line->key + strlen(key->key));
    bool process = !line->value[strspn(line->value, "0123456789")];

    if (!space || *line->value == '/')
        lxc_note(in, line, NULL);
    else
        set_share(in->def, space, process ? SHARE_PID : SHARE_NAME, line->value);
    return true;
}

static void write_share(LxcExport *out, const Space *space)
{
    const Share *share = (const Share *)((const char *)&out->def->shares + space->share);
    g_autofree char *key = g_strconcat("lxc.namespace.share.", space->name, NULL);

    if (share->source == SHARE_PID || share->source == SHARE_NAME)
        lxc_put(out, key, share->value);
    else if (share->source != SHARE_ABSENT)
        lxc_put_comment(out, "%s: %s", key, share->value);
}

static void write_shares(LxcExport *out, const LxcKey *key)
{
    for (size_t i = 0; i < G_N_ELEMENTS(spaces); i++)
        write_share(out, &spaces[i]);
}

static bool read_kept_spaces(LxcImport *in, const LxcKey *key, const LxcLine *line, GError **err)
{
    g_auto(GStrv) words = g_strsplit_set(line->value, " \t", -1);
    g_autoptr(GString) own = g_string_new(NULL);

    for (char **word = words; *word; word++) {
        const Space *space = find_space(*word);

        if (space)
            in->kept |= space->space;
        else if (**word && strcmp(*word, "user") != 0)
            lxc_add_word(own, *word);
    }
    lxc_note_words(in, line, _("a container always has its own '%s'"), own);
    return true;
}

/* What is not on the list stays the host's. */
static bool read_cloned_spaces(LxcImport *in, const LxcKey *key, const LxcLine *line, GError **err)
{
    g_auto(GStrv) words = g_strsplit_set(line->value, " \t", -1);

    for (size_t i = 0; i < G_N_ELEMENTS(spaces); i++)
        if (!g_strv_contains((const char *const *)words, spaces[i].name))
            in->kept |= spaces[i].space;
    return true;
}

/* The host's namespaces are those of its first process. */
void lxc_namespaces_finish(LxcImport *in)
{
    for (size_t i = 0; i < G_N_ELEMENTS(spaces); i++)
        if (in->kept & spaces[i].space && spaces[i].space != PLAN_NS_NET)
            set_share(in->def, &spaces[i], SHARE_PID, "1");
}

/* ---- clocks ---------------------------------------------------------------------------------- */

/* In nanoseconds. */
typedef struct TimeUnit {
    const char *name;
    int64_t size;
} TimeUnit;

#define SECOND INT64_C(1000000000)

static const TimeUnit time_units[] = {
    {"h",   3600 * SECOND   },
    { "m",  60 * SECOND     },
    { "s",  SECOND          },
    { "ms", SECOND / 1000   },
    { "us", SECOND / 1000000},
    { "ns", 1               },
};

static bool read_clock(LxcImport *in, const LxcKey *key, const LxcLine *line, GError **err)
{
    size_t sign = *line->value == '-' || *line->value == '+';
    size_t digits = sign + strspn(line->value + sign, "0123456789");
    g_autofree char *number_text = g_strndup(line->value, digits);
    const TimeUnit *unit = NULL;
    int64_t number = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(time_units); i++)
        if (strcmp(time_units[i].name, line->value + digits) == 0)
            unit = &time_units[i];
    if (!unit || !lxc_parse_number(number_text, 0, 0, &number, NULL) ||
        __builtin_mul_overflow(number, unit->size, &number))
        return fail(err, LXC_BAD_VALUE, _("'%s' is no time"), line->value);
    if (number % SECOND)
        lxc_note(in, line, _("clocks are set by whole seconds"));
    else
        *(OptNumber *)((char *)in->def + key->offset) = (OptNumber){ true, number / SECOND };
    return true;
}

static void write_clock(LxcExport *out, const LxcKey *key)
{
    const OptNumber *seconds = (const OptNumber *)((const char *)out->def + key->offset);

    if (seconds->set)
        lxc_put_format(out, key->key, "%" G_GINT64_FORMAT "s", seconds->value);
}

#define CLOCK(name) "virtlxcd:container/virtlxcd:time/@" name

/* clang-format off */
const LxcKey lxc_namespace_keys[] = {
    { "lxc.namespace.share.",      read_share,         write_shares,     .says = "lxc:namespace/..." },
    { "lxc.namespace.keep",        read_kept_spaces },
    { "lxc.namespace.clone",       read_cloned_spaces },
    { "lxc.time.offset.boot",      read_clock,         write_clock,      FIELD(extension.boottime),
                                   .says = CLOCK("boottime") },
    { "lxc.time.offset.monotonic", read_clock,         write_clock,      FIELD(extension.monotonic),
                                   .says = CLOCK("monotonic") },
    { NULL },
};
/* clang-format on */
