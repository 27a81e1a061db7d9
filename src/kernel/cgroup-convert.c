// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * What THE table of limits (cgroup-knob.c) cannot say by a file's name alone: devices by their
 * numbers, v2's swap without memory, v2's quota and period in one line, sizes of huge pages, and a
 * number of processors instead of a list.
 */
#include "kernel/cgroup-knob.h"

#include "base/error.h"
#include "base/path.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* v1 says "no limit" with the largest whole number of pages. */
#define V1_UNLIMITED (INT64_MAX - 0xffff)
#define DEFAULT_PERIOD 100000

/* ---- numbers and texts ---- */

int64_t knob_parse_number(const char *text)
{
    int64_t number;

    if (g_str_has_prefix(text, "default "))
        text += strlen("default ");
    number = !strncmp(text, "max", 3) ? -1 : g_ascii_strtoll(text, NULL, 10);
    return number >= V1_UNLIMITED ? -1 : number;
}

bool knob_read_number(const Hierarchy *hierarchy, const char *file, int64_t *ret, GError **err)
{
    g_autofree char *text = NULL;

    if (!group_read(hierarchy, file, &text, err))
        return false;
    *ret = knob_parse_number(text);
    return true;
}

bool knob_write_number(const Hierarchy *hierarchy, const char *file, int64_t number, GError **err)
{
    g_autofree char *text = number < 0 ? g_strdup("max") : g_strdup_printf("%" PRId64, number);

    return knob_write(hierarchy, file, text, err);
}

bool knob_set_text(const Hierarchy *hierarchy, const KnobFile *file, const PlanSetting *setting,
                   GError **err)
{
    return knob_write(hierarchy, file->file, setting->text, err);
}

/* ---- devices ---- */

/* v1 keeps rates for each group by itself: that of the processes counts. */
static bool tell_members(const Hierarchy *hierarchy, const char *name, const char *text,
                         GError **err)
{
    g_autofree char *path = g_build_filename(hierarchy->dir, GROUP_INNER, name, NULL);

    if (hierarchy->unified || path_write(AT_FDCWD, path, text) || errno == ENOENT)
        return true;
    return fail_errno(err, errno, _("cannot write '%s' to '%s'"), text, path);
}

/* "8:0 1048576" on v1, "8:0 rbps=1048576" on v2. A throttle of 0 is none. */
bool knob_set_device(const Hierarchy *hierarchy, const KnobFile *file, const PlanSetting *setting,
                     GError **err)
{
    const char *name = file->file;
    const char *key = file->key ? file->key : "";
    g_autofree char *text = NULL;
    struct stat info;

    if (stat(setting->text, &info) < 0)
        return fail_errno(err, errno, _("cannot find device '%s'"), setting->text);
    if (!S_ISBLK(info.st_mode))
        return fail(err, ERR(LXC, INVALID_ARG), _("'%s' is not a block device"), setting->text);
    if (file->other_file && !group_has_file(hierarchy, name))
        name = file->other_file;
    if (setting->number <= 0 && file->unlimited)
        text = g_strdup_printf("%u:%u %s%s", major(info.st_rdev), minor(info.st_rdev), key,
                               file->unlimited);
    else
        text = g_strdup_printf("%u:%u %s%" PRId64, major(info.st_rdev), minor(info.st_rdev), key,
                               setting->number);
    return knob_write(hierarchy, name, text, err) && tell_members(hierarchy, name, text, err);
}

/* ---- v2: memory ---- */

bool knob_get_memory_and_swap(const Hierarchy *hierarchy, const KnobFile *file, int64_t *ret,
                              GError **err)
{
    int64_t memory;
    int64_t swap;

    if (!knob_read_number(hierarchy, "memory.max", &memory, err) ||
        !knob_read_number(hierarchy, file->file, &swap, err))
        return false;
    *ret = memory < 0 || swap < 0 || memory > INT64_MAX - swap ? -1 : memory + swap;
    return true;
}

/* v2 limits swap by itself: what the sum leaves beside the memory. */
bool knob_set_memory_and_swap(const Hierarchy *hierarchy, const KnobFile *file,
                              const PlanSetting *setting, GError **err)
{
    int64_t memory;
    int64_t swap = setting->number;

    if (!knob_read_number(hierarchy, "memory.max", &memory, err))
        return false;
    if (swap >= 0 && memory >= 0)
        swap = swap > memory ? swap - memory : 0;
    return knob_write_number(hierarchy, file->file, swap, err);
}

/* The sum of memory and swap stays what it was when the memory changes. */
bool knob_set_memory(const Hierarchy *hierarchy, const KnobFile *file, const PlanSetting *setting,
                     GError **err)
{
    static const KnobFile swap = { .file = "memory.swap.max" };
    PlanSetting sum = { .number = -1 };

    if (group_has_file(hierarchy, swap.file) &&
        !knob_get_memory_and_swap(hierarchy, &swap, &sum.number, err))
        return false;
    if (!knob_write_number(hierarchy, file->file, setting->number, err))
        return false;
    return sum.number < 0 || knob_set_memory_and_swap(hierarchy, &swap, &sum, err);
}

/* ---- v2: cpu ---- */

/* 0 is the least there is: v1 makes 2 of it by itself. */
bool knob_set_weight(const Hierarchy *hierarchy, const KnobFile *file, const PlanSetting *setting,
                     GError **err)
{
    return knob_write_number(hierarchy, file->file, MAX(setting->number, 1), err);
}

/* cpu.max is "QUOTA PERIOD" */
static bool read_bandwidth(const Hierarchy *hierarchy, int64_t *ret_quota, int64_t *ret_period,
                           GError **err)
{
    g_autofree char *text = NULL;
    const char *space;

    if (!group_read(hierarchy, "cpu.max", &text, err))
        return false;
    space = strchr(text, ' ');
    *ret_period = space ? g_ascii_strtoll(space + 1, NULL, 10) : DEFAULT_PERIOD;
    *ret_quota = knob_parse_number(text);
    return true;
}

static bool write_bandwidth(const Hierarchy *hierarchy, int64_t quota, int64_t period, GError **err)
{
    g_autofree char *text = quota < 0 ? g_strdup_printf("max %" PRId64, period)
                                      : g_strdup_printf("%" PRId64 " %" PRId64, quota, period);

    return knob_write(hierarchy, "cpu.max", text, err);
}

bool knob_set_quota(const Hierarchy *hierarchy, const KnobFile *file, const PlanSetting *setting,
                    GError **err)
{
    int64_t quota;
    int64_t period;

    (void)file;
    return read_bandwidth(hierarchy, &quota, &period, err) &&
           write_bandwidth(hierarchy, setting->number > 0 ? setting->number : -1, period, err);
}

bool knob_set_period(const Hierarchy *hierarchy, const KnobFile *file, const PlanSetting *setting,
                     GError **err)
{
    int64_t quota;
    int64_t period;

    (void)file;
    return read_bandwidth(hierarchy, &quota, &period, err) &&
           write_bandwidth(hierarchy, quota, setting->number, err);
}

bool knob_get_quota(const Hierarchy *hierarchy, const KnobFile *file, int64_t *ret, GError **err)
{
    int64_t period;

    (void)file;
    return read_bandwidth(hierarchy, ret, &period, err);
}

bool knob_get_period(const Hierarchy *hierarchy, const KnobFile *file, int64_t *ret, GError **err)
{
    int64_t quota;

    (void)file;
    return read_bandwidth(hierarchy, &quota, ret, err);
}

/* ---- huge pages ---- */

static char *sized_name(const char *pattern, const char *size)
{
    g_auto(GStrv) parts = g_strsplit(pattern, "SIZE", 2);

    return g_strjoinv(size, parts);
}

/* Pages in use, and, where the kernel counts them, pages that are promised: who asks for too many
 * hears it then, rather than being killed at the first touch. */
bool knob_set_pages(const Hierarchy *hierarchy, const KnobFile *file, const PlanSetting *setting,
                    GError **err)
{
    g_autofree char *used = sized_name(file->file, setting->text);
    g_autofree char *promised = sized_name(file->other_file, setting->text);
    g_autofree char *text = g_strdup_printf("%" PRId64, setting->number);

    if (hierarchy->unified && !group_has_file(hierarchy, used))
        group_enable(hierarchy, file->controller);
    if (!group_has_file(hierarchy, used))
        return fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                    _("the kernel of this host has no huge pages of %s"), setting->text);
    return (!group_has_file(hierarchy, promised) || knob_write(hierarchy, promised, text, err)) &&
           knob_write(hierarchy, used, text, err);
}

/* ---- so many processors ---- */

/* "0-3,8": the numbers one by one. */
static GArray *parse_list(const char *text)
{
    GArray *numbers = g_array_new(FALSE, FALSE, sizeof(unsigned));

    while (g_ascii_isdigit(*text)) {
        char *end;
        unsigned first = (unsigned)strtoul(text, &end, 10);
        unsigned last = *end == '-' ? (unsigned)strtoul(end + 1, &end, 10) : first;

        for (; first <= last; first++)
            g_array_append_val(numbers, first);
        text = *end == ',' ? end + 1 : end;
    }
    return numbers;
}

/* Of those that are allowed already, beginning anywhere, but for the same container always at the
 * same: many containers with one processor each do not all get the first. */
bool knob_set_processor_count(const Hierarchy *hierarchy, const KnobFile *file,
                              const PlanSetting *setting, GError **err)
{
    g_autofree char *allowed = NULL;
    g_autoptr(GArray) numbers = NULL;
    g_autoptr(GString) text = g_string_new(NULL);
    guint first;

    if (!group_read(hierarchy,
                    hierarchy->unified ? "cpuset.cpus.effective" : "cpuset.effective_cpus",
                    &allowed, err))
        return false;
    numbers = parse_list(allowed);
    if (setting->number >= numbers->len)
        return true;
    first = g_str_hash(hierarchy->dir + strlen(hierarchy->mount)) % numbers->len;
    for (guint i = 0; i < setting->number; i++)
        g_string_append_printf(text, "%s%u", i ? "," : "",
                               g_array_index(numbers, unsigned, (first + i) % numbers->len));
    return knob_write(hierarchy, file->file, text->str, err);
}
