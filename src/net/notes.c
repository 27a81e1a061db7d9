// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See notes.h. Two files, so that any later process of ours finds both:
 *
 *     PATH.lent      one line for each device
 *     PATH.netns     the container's network namespace, mounted there
 *
 * A namespace that dies sends real devices home by itself, under whatever name is free, and
 * destroys virtual ones; one that is mounted lives.
 */
#include "net/notes.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/text.h"

#define NO_KIND "-" /* of a real device */

static const char *const way_names[] = { "moved", "passed", "shared" };

static char *notes_file(const char *path)
{
    return g_strconcat(path, ".lent", NULL);
}

static char *namespace_file(const char *path)
{
    return g_strconcat(path, ".netns", NULL);
}

Note note_of(NoteWay way, const Device *device, const PlanLink *plan)
{
    Note note = { .way = way, .mtu = device->mtu, .flags = device->flags };

    memcpy(note.mac, device->mac, sizeof note.mac);
    (void)g_strlcpy(note.device, device->name, sizeof note.device); /* the kernel's own names */
    (void)g_strlcpy(note.guest, plan->guest_name, sizeof note.guest);
    (void)g_strlcpy(note.kind, device->kind, sizeof note.kind);
    (void)g_strlcpy(note.alias, device->alias, sizeof note.alias);
    return note;
}

/* ---- the lines ---------------------------------------------------------------------------------
 */

static void print_note(GString *out, const Note *note)
{
    const uint8_t *mac = note->mac;
    g_autofree char *alias = g_uri_escape_string(note->alias, NULL, FALSE);

    g_string_append_printf(out, "%s %s %s %s %d %02x:%02x:%02x:%02x:%02x:%02x %u %u =%s\n",
                           way_names[note->way], note->device, note->guest,
                           note->kind[0] ? note->kind : NO_KIND, note->index, mac[0], mac[1],
                           mac[2], mac[3], mac[4], mac[5], note->mtu, note->flags, alias);
}

static bool parse_way(const char *text, NoteWay *ret_way)
{
    for (size_t i = 0; i < G_N_ELEMENTS(way_names); i++) {
        if (strcmp(text, way_names[i]) != 0)
            continue;
        *ret_way = (NoteWay)i;
        return true;
    }
    return false;
}

/* Names of devices have no blanks. */
static bool parse_note(const char *line, Note *ret_note)
{
    Note note = { 0 };
    char way[8];
    char alias[3 * DEVICE_ALIAS_SIZE] = "";
    uint8_t *mac = note.mac;
    g_autofree char *plain = NULL;

    if (sscanf(line, "%7s %15s %15s %15s %d %hhx:%hhx:%hhx:%hhx:%hhx:%hhx %u %u =%767s", way,
               note.device, note.guest, note.kind, &note.index, &mac[0], &mac[1], &mac[2], &mac[3],
               &mac[4], &mac[5], &note.mtu, &note.flags, alias) < 13 ||
        !parse_way(way, &note.way))
        return false;
    plain = g_uri_unescape_string(alias, NULL);
    (void)g_strlcpy(note.alias, plain ? plain : "", sizeof note.alias);
    if (strcmp(note.kind, NO_KIND) == 0)
        note.kind[0] = '\0';
    *ret_note = note;
    return true;
}

GArray *notes_read(const char *path)
{
    GArray *notes = g_array_new(FALSE, FALSE, sizeof(Note));
    g_autofree char *file = notes_file(path);
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;

    if (!g_file_get_contents(file, &text, NULL, NULL))
        return notes; /* nothing is lent */
    lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line && **line; line++) {
        Note note;
        if (parse_note(*line, &note))
            g_array_append_val(notes, note);
        else
            log_warning(_("cannot understand '%s' in '%s'"), *line, file);
    }
    return notes;
}

/* ---- the namespace -----------------------------------------------------------------------------
 */

static bool is_held(const char *file)
{
    struct statfs info;

    return statfs(file, &info) == 0 && info.f_type == NSFS_MAGIC;
}

static bool hold_namespace(const LinkHome *home, GError **err)
{
    g_autofree char *file = namespace_file(home->notes);
    g_autofree char *source = g_strdup_printf("/proc/self/fd/%d", home->netns_fd);
    autofd int made = -1;

    if (is_held(file))
        return true;
    made = open(file, O_CREAT | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (made < 0 || mount(source, file, NULL, MS_BIND, NULL) < 0)
        return fail_errno(err, errno, _("cannot hold the container's network namespace at '%s'"),
                          file);
    return true;
}

int notes_open_namespace(const char *path)
{
    g_autofree char *file = namespace_file(path);

    return is_held(file) ? open(file, O_RDONLY | O_CLOEXEC) : -1;
}

/* ---- all of it ---------------------------------------------------------------------------------
 */

bool notes_put(const LinkHome *home, const Note *note, GError **err)
{
    g_autofree char *file = notes_file(home->notes);
    g_autoptr(GArray) notes = notes_read(home->notes);
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < notes->len; i++) {
        const Note *other = &g_array_index(notes, Note, i);
        if (strcmp(other->guest, note->guest) != 0)
            print_note(text, other);
    }
    print_note(text, note);
    if (!hold_namespace(home, err))
        return false;
    if (g_file_set_contents_full(file, text->str, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, err))
        return true;
    return fail_while(err, _("cannot note down what becomes of the device '%s'"), note->device);
}

bool notes_find_inside(const LinkHome *home, Rtnl *inside, Note *note, GError **err)
{
    Device found;

    if (!device_find(inside, note->guest, &found, err))
        return false;
    if (found.index == 0)
        return fail_errno(err, ENODEV, _("cannot find the interface '%s' inside the container"),
                          note->guest);
    note->index = found.index;
    return notes_put(home, note, err);
}

void notes_forget(const char *path)
{
    g_autofree char *notes = notes_file(path);
    g_autofree char *namespace = namespace_file(path);

    if (is_held(namespace) && umount2(namespace, MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
        log_warning(_("cannot let go of the network namespace at '%s': %s"), namespace,
                    g_strerror(errno));
    (void)unlink(namespace); /* neither may be there */
    (void)unlink(notes);
}
