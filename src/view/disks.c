// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * What the container read from block devices and wrote to them, as the groups count it: bytes and
 * operations per device. A device that it never used is not shown; times are not known.
 *
 *     v2    8:0 rbytes=4096 wbytes=0 rios=1 wios=0 dbytes=0 dios=0
 *     v1    8:0 Read 4096        (a line each for Read, Write, Sync, Async, Discard and Total)
 */
#include "view/content.h"
#include "view/scan.h"

#include <stdio.h>
#include <string.h>

#define SECTOR 512

typedef struct DiskUse {
    uint64_t bytes[3]; /* read, written, discarded */
    uint64_t counts[3];
} DiskUse;

typedef struct Words {
    const char *v2_bytes;
    const char *v2_counts;
    const char *v1;
} Words;

static const Words words[3] = {
    {"rbytes=",  "rios=", "Read "   },
    { "wbytes=", "wios=", "Write "  },
    { "dbytes=", "dios=", "Discard "},
};

/* "rbytes=4096" within one line. */
static uint64_t in_line(const char *line, const char *word)
{
    const char *at = strstr(line, word);

    return at && at < line + scan_line_length(line) ? scan_number(at + strlen(word)) : 0;
}

static bool is_of(const char *line, const char *device)
{
    size_t len = strlen(device);

    return strncmp(line, device, len) == 0 && line[len] == ' ';
}

/* v1: the number behind "8:0 Read ". */
static uint64_t count_v1(const char *text, const char *device, const char *word)
{
    for (; text; text = scan_next_line(text)) {
        const char *rest = is_of(text, device) ? text + strlen(device) + 1 : "";
        if (strncmp(rest, word, strlen(word)) == 0)
            return scan_number(rest + strlen(word));
    }
    return 0;
}

static void add_use(const Facts *facts, const char *line, const char *device, DiskUse *use)
{
    size_t eol = scan_line_length(line);

    for (size_t i = 0; i < 3; i++) {
        if (memchr(line, '=', eol)) {
            use->bytes[i] = in_line(line, words[i].v2_bytes);
            use->counts[i] = in_line(line, words[i].v2_counts);
        } else {
            use->bytes[i] = count_v1(facts->texts[FACT_IO], device, words[i].v1);
            use->counts[i] = count_v1(facts->texts[FACT_IO_COUNTS], device, words[i].v1);
        }
    }
}

/* False: the groups know nothing of it. */
static bool find_use(const Facts *facts, const char *device, DiskUse *use)
{
    *use = (DiskUse){ 0 };
    for (const char *line = facts->texts[FACT_IO]; line; line = scan_next_line(line)) {
        if (is_of(line, device)) {
            add_use(facts, line, device, use);
            return true;
        }
    }
    return false;
}

/* "   8       0 sda 1 2 3": what the host calls a device. */
static const char *read_device(const char *line, char device[32], size_t *ret_len)
{
    const char *minor = scan_word(line, 1);
    const char *name = scan_word(line, 2);

    if (!name)
        return NULL;
    (void)snprintf(device, 32, "%llu:%llu", (unsigned long long)scan_number(scan_word(line, 0)),
                   (unsigned long long)scan_number(minor)); /* at most 41, of what is at most 8 */
    *ret_len = strcspn(name, " \n");
    return name;
}

void disks_make_diskstats(const Facts *facts, Text *out)
{
    for (const char *line = facts->texts[FACT_HOST_DISKSTATS]; line; line = scan_next_line(line)) {
        char device[32];
        size_t len;
        const char *name = read_device(line, device, &len);
        DiskUse use;

        if (!name || !find_use(facts, device, &use))
            continue;
        text_add(out, "%4llu %7llu %.*s", (unsigned long long)scan_number(device),
                 (unsigned long long)scan_number(strchr(device, ':') + 1), (int)len, name);
        for (size_t i = 0; i < 2; i++)
            text_add(out, " %llu 0 %llu 0", (unsigned long long)use.counts[i],
                     (unsigned long long)(use.bytes[i] / SECTOR));
        text_add(out, " 0 0 0 %llu 0 %llu 0 0 0\n", (unsigned long long)use.counts[2],
                 (unsigned long long)(use.bytes[2] / SECTOR));
    }
}

/* A partition's use is in that of its disk, and the groups count disks. */
DiskTotals disks_total(const Facts *facts)
{
    DiskTotals total = { 0 };

    for (const char *line = facts->texts[FACT_IO]; line; line = scan_next_line(line)) {
        const char *word = scan_word(line, 1);

        if (!word)
            continue;
        total.read += in_line(line, words[0].v2_bytes);
        total.written += in_line(line, words[1].v2_bytes);
        if (strncmp(word, words[0].v1, strlen(words[0].v1)) == 0)
            total.read += scan_number(word + strlen(words[0].v1));
        else if (strncmp(word, words[1].v1, strlen(words[1].v1)) == 0)
            total.written += scan_number(word + strlen(words[1].v1));
    }
    return total;
}
