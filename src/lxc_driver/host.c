// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See host.h. What a kernel does not tell is left out or replaced by the plainest assumption. */
#include "lxc_driver/host.h"

#include <fcntl.h>
#include <inttypes.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"

#define MAX_CPUS 16384
#define NANOSECONDS 1000000000ULL

char *host_read(const char *root, const char *format, ...)
{
    g_autofree char *below = NULL;
    g_autofree char *path = NULL;
    char *text = NULL;
    va_list args;

    va_start(args, format);
    below = g_strdup_vprintf(format, args);
    va_end(args);
    path = g_strconcat(root, below, NULL);
    if (!g_file_get_contents(path, &text, NULL, NULL))
        return NULL;
    return g_strchomp(text);
}

bool host_read_number(const char *root, const char *path, uint64_t *ret_number)
{
    g_autofree char *text = host_read(root, "%s", path);

    return text && g_ascii_string_to_unsigned(text, 10, 0, UINT64_MAX, ret_number, NULL);
}

bool host_write_number(const char *path, uint64_t number, GError **err)
{
    char text[24];
    int n = snprintf(text, sizeof(text), "%" PRIu64, number);
    autofd int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd < 0 || write(fd, text, (size_t)n) != n)
        return fail_errno(err, errno, _("cannot write %s into '%s'"), text, path);
    return true;
}

GArray *host_list_parse(const char *text)
{
    GArray *list = g_array_new(FALSE, FALSE, sizeof(unsigned));
    g_auto(GStrv) ranges = g_strsplit(text, ",", -1);

    for (size_t i = 0; ranges[i]; i++) {
        unsigned first;
        unsigned last;
        int n = sscanf(ranges[i], "%u-%u", &first, &last);

        if (n == 1)
            last = first;
        for (unsigned cpu = first; n >= 1 && cpu <= MIN(last, MAX_CPUS - 1); cpu++)
            g_array_append_val(list, cpu);
    }
    return list;
}

char *host_list_format(const GArray *list)
{
    GString *out = g_string_new(NULL);

    for (guint i = 0; i < list->len;) {
        unsigned first = g_array_index(list, unsigned, i);
        unsigned last = first;

        while (++i < list->len && g_array_index(list, unsigned, i) == last + 1)
            last++;
        g_string_append_printf(out, out->len ? ",%u" : "%u", first);
        if (last > first)
            g_string_append_printf(out, "-%u", last);
    }
    return g_string_free(out, FALSE);
}

char *host_arch(void)
{
    struct utsname names;

    (void)uname(&names); /* fails only for a bad pointer */
    if (g_pattern_match_simple("i?86", names.machine))
        return g_strdup("i686");
    return g_strdup(names.machine);
}

bool host_kernel_version(const char *release, uint64_t *ret_version, GError **err)
{
    unsigned major = 0;
    unsigned minor = 0;
    unsigned micro = 0;

    if (sscanf(release, "%u.%u.%u", &major, &minor, &micro) < 2)
        return fail(err, ERR(LXC, INTERNAL_ERROR), _("cannot understand the kernel's release '%s'"),
                    release);
    *ret_version = major * UINT64_C(1000000) + minor * UINT64_C(1000) + micro;
    return true;
}

char *host_name(void)
{
    const struct addrinfo hints = { .ai_flags = AI_CANONNAME, .ai_socktype = SOCK_STREAM };
    struct addrinfo *found = NULL;
    struct utsname names;
    char *full = NULL;

    (void)uname(&names);
    if (strchr(names.nodename, '.') || g_str_has_prefix(names.nodename, "localhost"))
        return g_strdup(names.nodename);
    if (getaddrinfo(names.nodename, NULL, &hints, &found) == 0) {
        /* A machine that resolves itself to "localhost" tells nobody its name. */
        if (found->ai_canonname && !g_str_has_prefix(found->ai_canonname, "localhost"))
            full = g_strdup(found->ai_canonname);
        freeaddrinfo(found);
    }
    return full ? full : g_strdup(names.nodename);
}

/* Lower case with hyphens; NULL when `text` is not a uuid, or one that firmware makers fill in. */
static char *tidy_uuid(const char *text)
{
    GString *digits = g_string_new(NULL);
    bool differ = false;

    for (; text && *text; text++) {
        if (*text == '-')
            continue;
        if (!g_ascii_isxdigit(*text))
            break;
        if (digits->len == 8 || digits->len == 13 || digits->len == 18 || digits->len == 23)
            g_string_append_c(digits, '-');
        g_string_append_c(digits, g_ascii_tolower(*text));
        differ = differ || digits->str[0] != g_ascii_tolower(*text);
    }
    if (digits->len == 36 && differ && text && *text == '\0')
        return g_string_free(digits, FALSE);
    g_string_free(digits, TRUE);
    return NULL;
}

bool host_uuid_is_good(const char *text)
{
    g_autofree char *uuid = tidy_uuid(text);

    return uuid != NULL;
}

char *host_uuid(const char *root, const char *configured, const char *source)
{
    /* The last one is there on every machine, and stays the same until the next boot. */
    static const char *const files[] = { "/sys/class/dmi/id/product_uuid", "/etc/machine-id",
                                         "/proc/sys/kernel/random/boot_id" };
    char *uuid = tidy_uuid(configured);

    for (size_t i = g_strcmp0(source, "machine-id") == 0 ? 1 : 0; !uuid && i < 3; i++) {
        g_autofree char *text = host_read(root, "%s", files[i]);
        uuid = tidy_uuid(text);
    }
    return uuid ? uuid : g_uuid_string_random();
}

/* ---- CPU time ------------------------------------------------------------------------------ */

/* The rest of the line of /proc/stat that begins with `word`, NULL when there is none. */
static const char *find_line(const char *text, const char *word)
{
    const size_t length = strlen(word);

    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, word, length) == 0 && (line[length] == ' ' || line[length] == '\t'))
            return line + length;
    }
    return NULL;
}

bool host_cpu_stats(const char *root, int cpu, HostCpuStats *ret_stats, GError **err)
{
    g_autofree char *text = host_read(root, "/proc/stat");
    g_autofree char *word = cpu == HOST_ALL_CPUS ? g_strdup("cpu") : g_strdup_printf("cpu%d", cpu);
    const uint64_t tick = NANOSECONDS / (uint64_t)sysconf(_SC_CLK_TCK);
    unsigned long long user, nice, system, idle, iowait, irq, softirq;
    const char *line;

    if (!text)
        return fail(err, ERR(LXC, INTERNAL_ERROR), _("cannot read '%s'"), "/proc/stat");
    line = cpu < HOST_ALL_CPUS ? NULL : find_line(text, word);
    if (!line)
        return fail(err, ERR(LXC, INVALID_ARG), _("this host has no CPU %d"), cpu);
    if (sscanf(line, "%llu %llu %llu %llu %llu %llu %llu", &user, &nice, &system, &idle, &iowait,
               &irq, &softirq) != 7)
        return fail(err, ERR(LXC, INTERNAL_ERROR), _("cannot understand '%s'"), "/proc/stat");
    *ret_stats = (HostCpuStats){
        .kernel = (system + irq + softirq) * tick,
        .user = (user + nice) * tick,
        .idle = idle * tick,
        .iowait = iowait * tick,
    };
    return true;
}

/* ---- memory -------------------------------------------------------------------------------- */

/* Bytes of the line "NAME:   1234 kB"; 0 when there is none. */
static uint64_t find_size(const char *text, const char *name)
{
    const char *at = find_line(text, name);

    return at ? g_ascii_strtoull(at, NULL, 10) * 1024 : 0;
}

/* A cell's file puts "Node 0 " in front of each line. */
static char *read_cell_memory(const char *root, int cell)
{
    g_autofree char *text = host_read(root, "/sys/devices/system/node/node%d/meminfo", cell);
    g_autofree char *prefix = g_strdup_printf("Node %d ", cell);
    GString *plain;

    if (!text)
        return NULL;
    plain = g_string_new(text);
    g_string_replace(plain, prefix, "", 0);
    return g_string_free(plain, FALSE);
}

bool host_memory(const char *root, int cell, HostMemory *ret_memory, GError **err)
{
    g_autofree char *text = NULL;

    if (cell >= 0)
        text = read_cell_memory(root, cell);
    if (cell == HOST_ALL_CELLS || (cell == 0 && !text))
        text = host_read(root, "/proc/meminfo"); /* a kernel without NUMA has one cell */
    if (!text)
        return fail(err, ERR(LXC, INVALID_ARG), _("this host has no NUMA cell %d"), cell);
    *ret_memory = (HostMemory){
        .total = find_size(text, "MemTotal:"),
        .free = find_size(text, "MemFree:"),
        .buffers = find_size(text, "Buffers:"),
        .cached = find_size(text, "Cached:"),
    };
    return true;
}

/* ---- CPUs ---------------------------------------------------------------------------------- */

void host_cpu_map(const char *root, HostCpuMap *ret_map)
{
    g_autofree char *present_text = host_read(root, "/sys/devices/system/cpu/present");
    g_autofree char *online_text = host_read(root, "/sys/devices/system/cpu/online");
    g_autoptr(GArray) present = host_list_parse(present_text ? present_text : "0");

    ret_map->n = present->len ? g_array_index(present, unsigned, present->len - 1) + 1 : 1;
    ret_map->online = online_text ? host_list_parse(online_text) : g_array_ref(present);
}

void host_cpu_map_clear(HostCpuMap *map)
{
    g_clear_pointer(&map->online, g_array_unref);
}
