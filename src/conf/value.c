// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The small languages inside of XML values. All are pure text functions: nothing is looked up.
 */
#include "conf/value.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"

bool value_parse_number(const char *text, int64_t *ret_number)
{
    const char *start = text + strspn(text, " \t\r\n");
    char *end = NULL;
    int64_t number;

    if (!g_ascii_isdigit(*start) &&
        !((*start == '-' || *start == '+') && g_ascii_isdigit(start[1])))
        return false;
    errno = 0;
    number = g_ascii_strtoll(start, &end, 10);
    if (errno || end[strspn(end, " \t\r\n")])
        return false;
    *ret_number = number;
    return true;
}

bool value_parse_bits(const char *text, unsigned base, int64_t *ret_number)
{
    char *end = NULL;
    guint64 bits;

    if (!g_ascii_isxdigit(*text))
        return false;
    errno = 0;
    bits = g_ascii_strtoull(text, &end, base);
    if (errno || end == text || *end)
        return false;
    *ret_number = (int64_t)bits;
    return true;
}

/* ---- units ----------------------------------------------------------------------------------- */

/* The bytes of a unit: b, bytes, or a letter of KMGTPE alone, with B (1000) or with iB (1024). */
static bool unit_bytes(const char *unit, uint64_t *ret_bytes)
{
    static const char letters[] = "kmgtpe";
    const char *letter = NULL;
    uint64_t base, bytes = 1;

    if (!*unit || g_ascii_strcasecmp(unit, "b") == 0 || g_ascii_strcasecmp(unit, "byte") == 0 ||
        g_ascii_strcasecmp(unit, "bytes") == 0) {
        *ret_bytes = 1;
        return true;
    }
    letter = strchr(letters, g_ascii_tolower(*unit));
    if (!letter)
        return false;
    if (!unit[1] || g_ascii_strcasecmp(unit + 1, "ib") == 0)
        base = 1024;
    else if (g_ascii_strcasecmp(unit + 1, "b") == 0)
        base = 1000;
    else
        return false;
    for (const char *step = letters; step <= letter; step++)
        bytes *= base;
    *ret_bytes = bytes;
    return true;
}

bool value_scale(uint64_t number, const char *unit, unsigned scale, uint64_t *ret_value,
                 GError **err)
{
    uint64_t bytes = scale, total = 0;

    if (unit && !unit_bytes(unit, &bytes))
        return fail(err, ERR(NONE, INVALID_ARG), _("unknown unit '%s'"), unit);
    if (__builtin_mul_overflow(number, bytes, &total) || total > (uint64_t)INT64_MAX - (scale - 1))
        return fail(err, ERR(NONE, OVERFLOW), _("the size %" PRIu64 " %s is too large"), number,
                    unit ? unit : "KiB");
    *ret_value = (total + scale - 1) / scale;
    return true;
}

/* ---- a number and its unit, as two values -----------------------------------------------------
 */

static const char *const unit_names[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };

/* The unit's power of 1024; without one the largest that leaves nothing over. */
static unsigned unit_power(const char *unit, uint64_t bytes)
{
    unsigned power = 0;

    while (unit ? strcmp(unit_names[power], unit) != 0 : bytes && !(bytes >> 10 * power & 1023))
        power++;
    return power;
}

bool value_scale_pair(OptNumber *number, char **unit, const char *usual, const char *printed,
                      GError **err)
{
    uint64_t bytes = 0, one;
    unsigned power;

    if (!number->set)
        return true;
    if (!value_scale((uint64_t)number->value, *unit ? *unit : usual, 1, &bytes, err))
        return false;
    power = unit_power(printed, bytes);
    one = UINT64_C(1) << 10 * power;
    number->value = (int64_t)(bytes / one + (bytes % one > 0));
    g_free(*unit);
    *unit = g_strdup(unit_names[power]);
    return true;
}

/* ---- UUID and MAC ---------------------------------------------------------------------------- */

/* Hyphens may stand anywhere between the digit pairs, and spaces around the whole. */
bool value_parse_uuid(const char *text, uint8_t uuid[16])
{
    uint8_t parsed[16];

    text += strspn(text, " \t\r\n");
    for (size_t i = 0; i < sizeof(parsed); i++) {
        int high, low;

        text += strspn(text, "-");
        high = g_ascii_xdigit_value(text[0]);
        low = high < 0 ? -1 : g_ascii_xdigit_value(text[1]);
        if (low < 0)
            return false;
        parsed[i] = (uint8_t)(high << 4 | low);
        text += 2;
    }
    if (text[strspn(text, " \t\r\n")])
        return false;
    memcpy(uuid, parsed, sizeof(parsed));
    return true;
}

char *value_format_uuid(const uint8_t u[16])
{
    return g_strdup_printf("%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
                           u[0], u[1], u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11],
                           u[12], u[13], u[14], u[15]);
}

bool value_parse_mac(const char *text, uint8_t mac[6])
{
    uint8_t parsed[6];

    for (size_t i = 0; i < sizeof(parsed); i++) {
        int digit = g_ascii_xdigit_value(*text);
        unsigned value = 0;

        if (digit < 0)
            return false;
        for (int n = 0; n < 2 && (digit = g_ascii_xdigit_value(*text)) >= 0; n++, text++)
            value = value << 4 | (unsigned)digit;
        parsed[i] = (uint8_t)value;
        if (*text != (i < 5 ? ':' : '\0'))
            return false;
        text++;
    }
    memcpy(mac, parsed, sizeof(parsed));
    return true;
}

char *value_format_mac(const uint8_t m[6])
{
    return g_strdup_printf("%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
}

/* ---- addresses ------------------------------------------------------------------------------- */

bool value_parse_address(const char *text, uint8_t ret_address[16], int *ret_family)
{
    uint8_t address[16] = { 0 };
    int family = strchr(text, ':') ? AF_INET6 : AF_INET;

    if (inet_pton(family, text, address) != 1)
        return false;
    memcpy(ret_address, address, sizeof(address));
    *ret_family = family;
    return true;
}

char *value_format_address(const uint8_t address[16], int family)
{
    char text[INET6_ADDRSTRLEN];

    return g_strdup(inet_ntop(family, address, text, sizeof(text)));
}

int value_netmask_prefix(const char *text, int *ret_family)
{
    uint8_t mask[16];
    int size, prefix = 0;

    if (!value_parse_address(text, mask, ret_family))
        return -1;
    size = *ret_family == AF_INET ? 32 : 128;
    while (prefix < size && mask[prefix / 8] & 0x80 >> prefix % 8)
        prefix++;
    for (int bit = prefix; bit < size; bit++)
        if (mask[bit / 8] & 0x80 >> bit % 8)
            return -1;
    return prefix;
}

/* ---- names ----------------------------------------------------------------------------------- */

bool value_has_dotdot(const char *path)
{
    g_auto(GStrv) parts = g_strsplit(path, "/", -1);

    return g_strv_contains((const char *const *)parts, "..");
}

bool value_is_hostname(const char *text)
{
    size_t length = strlen(text);

    if (length == 0 || length > 64 || *text == '-' || *text == '.')
        return false;
    for (; *text; text++)
        if (!g_ascii_isalnum(*text) && *text != '-' && *text != '.')
            return false;
    return true;
}

bool value_is_sysctl(const char *name)
{
    if (!*name || *name == '.' || strstr(name, ".."))
        return false;
    for (; *name; name++)
        if (!g_ascii_isalnum(*name) && !strchr("._-", *name))
            return false;
    return true;
}

typedef struct SignalName {
    const char *name;
    int number;
} SignalName;

static const SignalName signal_names[] = {
    {"ABRT",   SIGABRT },
    { "ALRM",  SIGALRM },
    { "CHLD",  SIGCHLD },
    { "CONT",  SIGCONT },
    { "HUP",   SIGHUP  },
    { "INT",   SIGINT  },
    { "IO",    SIGIO   },
    { "KILL",  SIGKILL },
    { "PIPE",  SIGPIPE },
    { "PWR",   SIGPWR  },
    { "QUIT",  SIGQUIT },
    { "STOP",  SIGSTOP },
    { "TERM",  SIGTERM },
    { "TSTP",  SIGTSTP },
    { "TTIN",  SIGTTIN },
    { "TTOU",  SIGTTOU },
    { "USR1",  SIGUSR1 },
    { "USR2",  SIGUSR2 },
    { "WINCH", SIGWINCH},
};

/* What glibc calls SIGRTMIN and SIGRTMAX; the kernel's own first two are glibc's to use. */
enum { RT_MIN = 34, RT_MAX = 64 };

static int realtime_signal(const char *text)
{
    bool from_max = g_str_has_prefix(text, "RTMAX");
    int64_t offset = 0;

    if (!from_max && !g_str_has_prefix(text, "RTMIN"))
        return -1;
    text += 5;
    if (*text && (*text != (from_max ? '-' : '+') || !value_parse_number(text, &offset)))
        return -1;
    if (offset < RT_MIN - RT_MAX || offset > RT_MAX - RT_MIN)
        return -1;
    return (int)offset + (from_max ? RT_MAX : RT_MIN);
}

int value_parse_signal(const char *text)
{
    int64_t number;

    if (value_parse_number(text, &number))
        return number >= 1 && number <= RT_MAX ? (int)number : -1;
    if (g_str_has_prefix(text, "SIG"))
        text += 3;
    for (size_t i = 0; i < G_N_ELEMENTS(signal_names); i++)
        if (strcmp(signal_names[i].name, text) == 0)
            return signal_names[i].number;
    return realtime_signal(text);
}
