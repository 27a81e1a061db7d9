// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See user.h. */
#include "kernel/user.h"

#include "base/error.h"
#include "base/path.h"
#include "base/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define DATABASE_MAX (1024 * 1024)

/* Decimal digits only; not the number that means "unchanged". */
bool user_parse_id(const char *text, unsigned *ret_id)
{
    guint64 number;

    if (!*text || strspn(text, "0123456789") != strlen(text) ||
        !g_ascii_string_to_unsigned(text, 10, 0, UINT32_MAX - 1, &number, NULL))
        return false;
    *ret_id = (unsigned)number;
    return true;
}

/* The third and fourth field of the first well-formed line whose `field` is `wanted`. */
bool user_find_line(const char *text, unsigned field, const char *wanted, unsigned ret_ids[2])
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (char **line = lines; *line; line++) {
        g_auto(GStrv) fields = g_strsplit(*line, ":", -1);
        unsigned ids[2] = { 0, 0 };
        if (g_strv_length(fields) < 4 || strcmp(fields[field], wanted) ||
            !user_parse_id(fields[2], &ids[0]))
            continue;
        /* The fourth field is the primary group in passwd, and a list of names in group. */
        (void)user_parse_id(fields[3], &ids[1]);
        ret_ids[0] = ids[0];
        ret_ids[1] = ids[1];
        return true;
    }
    return false;
}

static bool find_in_file(int root_fd, const char *path, unsigned field, const char *wanted,
                         unsigned ret_ids[2])
{
    g_autofree char *text = path_read(root_fd, path, DATABASE_MAX);

    return text && user_find_line(text, field, wanted, ret_ids);
}

/* The plus that forces a number, as chown(1) has it. */
static const char *without_plus(const char *text)
{
    return *text == '+' ? text + 1 : text;
}

static bool find_user(int root_fd, const char *user, unsigned ret_ids[2], GError **err)
{
    const char *digits = without_plus(user);
    unsigned uid;

    if (user_parse_id(digits, &uid)) {
        g_autofree char *plain = g_strdup_printf("%u", uid);
        if (!find_in_file(root_fd, "/etc/passwd", 2, plain, ret_ids))
            ret_ids[0] = ret_ids[1] = uid;
        return true;
    }
    if (digits == user && find_in_file(root_fd, "/etc/passwd", 0, user, ret_ids))
        return true;
    return fail(err, ERR(LXC, INVALID_ARG), _("no user '%s' in the container's /etc/passwd"), user);
}

static bool find_group(int root_fd, const char *group, gid_t *ret_gid, GError **err)
{
    const char *digits = without_plus(group);
    unsigned ids[2];

    if (!user_parse_id(digits, &ids[0]) &&
        (digits != group || !find_in_file(root_fd, "/etc/group", 0, group, ids)))
        return fail(err, ERR(LXC, INVALID_ARG), _("no group '%s' in the container's /etc/group"),
                    group);
    *ret_gid = ids[0];
    return true;
}

bool user_find(int root_fd, const char *user, const char *group, UserIds *ret_ids, GError **err)
{
    unsigned ids[2] = { 0, 0 };
    gid_t gid;

    if (*user && !find_user(root_fd, user, ids, err))
        return false;
    gid = ids[1];
    if (*group && !find_group(root_fd, group, &gid, err))
        return false;
    *ret_ids = (UserIds){ ids[0], gid };
    return true;
}
