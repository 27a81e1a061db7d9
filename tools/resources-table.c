// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Prints docs/resources.md: its head, which is given, and a row for each limit. The files come from
 * THE table of limits in src/kernel/cgroup-knob.c; that a definition's words take effect is looked
 * up in the record tables, and whether a call is there in the table of procedures.
 *
 *     resources-table HEAD.md PROCEDURES.c TESTS_DIR > docs/resources.md
 */
#include <stdio.h>
#include <string.h>

#include "conf/vocabulary.h"
#include "kernel/cgroup.h"

#define MARK "<!-- What follows is made from the table of limits: tools/update-docs. -->"
#define WORDS_MAX 4

typedef struct Words {
    const char *xml[WORDS_MAX]; /* as in docs/domain-xml.md */
    const char *api;            /* the call that changes it while the container runs; NULL: none */
    const char *parameter;      /* of that call; NULL: the call is about nothing else */
    const char *conversion;     /* between what is said and what is written */
    const char *range;
    const char *test;
} Words;

#define CONTAINER "virtlxcd:container/virtlxcd:"
#define DEVICE "blkiotune/device/"
#define MEMORY "virDomainSetMemoryParameters"
#define SCHEDULER "virDomainSetSchedulerParametersFlags"
#define BLKIO "virDomainSetBlkioParameters"
#define BYTES "KiB to bytes; the kernel rounds to pages"
#define BY_NUMBER "the path's MAJOR:MINOR before the number; v2: as `KEY=NUMBER`"

/* clang-format off */
static const Words words[] = {
    [PLAN_KNOB_MEMORY_HARD] = { { "memory", "currentMemory", "memtune/hard_limit" }, "virDomainSetMemoryFlags", NULL,
        BYTES "; v2: the sum with swap stays what it was", "from 1 KiB; `hard_limit` instead of `memory` where both are said", "memory" },
    [PLAN_KNOB_MEMORY_SOFT] = { { "memtune/soft_limit" }, MEMORY, "soft_limit",
        BYTES "; v2: above it the container is slowed down, not killed", "up to the hard limit", "resources" },
    [PLAN_KNOB_MEMORY_AND_SWAP] = { { "memtune/swap_hard_limit" }, MEMORY, "swap_hard_limit",
        BYTES "; v2: less the hard limit, and never below 0", "from the hard limit", "resources" },
    [PLAN_KNOB_CPU_SHARES] = { { "cputune/shares" }, SCHEDULER, "cpu_shares",
        "none, as in libvirt; 0 is the least there is", "0, 2 to 262144; v2: 0, 2 to 10000", "resources" },
    [PLAN_KNOB_CPU_PERIOD] = { { "cputune/period", "cputune/global_period" }, SCHEDULER, "vcpu_period",
        "of several the period with the least quota", "1000 to 1000000 µs", "resources" },
    [PLAN_KNOB_CPU_QUOTA] = { { "cputune/quota", "cputune/global_quota", CONTAINER "vcpus/@limit" }, SCHEDULER, "vcpu_quota",
        "of several the least; v2: with the period in one line; `limit='quota'`: 100000 µs for each of `<vcpu>`", "1000 to 17592186044415 µs, or -1", "resources" },
    [PLAN_KNOB_CPUSET_CPUS] = { { "vcpu/@cpuset", "cputune/vcpupin" }, "virDomainPinVcpu", NULL,
        "all lists of the virtual processors together", "processors of the host", "resources" },
    [PLAN_KNOB_CPUSET_MEMS] = { { "numatune/memory/@nodeset" }, "virDomainSetNumaParameters", "numa_nodeset",
        "in the modes strict and restrictive; strict, preferred and interleave also set init's policy", "nodes of the host; preferred: one", "resources" },
    [PLAN_KNOB_PIDS_MAX] = { { CONTAINER "pids/@limit" }, NULL, NULL,
        "none; without it 15 % of the host's, at most 16384", "1 to 4194304, which is as many as there can be", "resources" },
    [PLAN_KNOB_BLKIO_WEIGHT] = { { "blkiotune/weight" }, BLKIO, "weight",
        "none; the file of the scheduler that the host has", "10 to 1000", "resources" },
    [PLAN_KNOB_BLKIO_DEVICE_WEIGHT] = { { DEVICE "weight" }, BLKIO, "device_weight",
        "the path's MAJOR:MINOR before the number", "10 to 1000", "resources" },
    [PLAN_KNOB_BLKIO_DEVICE_READ_IOPS] = { { DEVICE "read_iops_sec" }, BLKIO, "device_read_iops_sec", BY_NUMBER, "0, which is none, to 4294967295", "resources" },
    [PLAN_KNOB_BLKIO_DEVICE_WRITE_IOPS] = { { DEVICE "write_iops_sec" }, BLKIO, "device_write_iops_sec", BY_NUMBER, "0, which is none, to 4294967295", "resources" },
    [PLAN_KNOB_BLKIO_DEVICE_READ_BPS] = { { DEVICE "read_bytes_sec" }, BLKIO, "device_read_bytes_sec", BY_NUMBER, "from 0, which is none", "resources" },
    [PLAN_KNOB_BLKIO_DEVICE_WRITE_BPS] = { { DEVICE "write_bytes_sec" }, BLKIO, "device_write_bytes_sec", BY_NUMBER, "from 0, which is none", "resources" },
    [PLAN_KNOB_MEMORY_MIN] = { { "memtune/min_guarantee" }, MEMORY, "min_guarantee",
        BYTES "; partitions are promised the sum of theirs", "up to the hard limit", "resources" },
    [PLAN_KNOB_OOM_GROUP] = { { CONTAINER "oom/@group" }, NULL, NULL, "yes: 1", "yes, no", "resources" },
    [PLAN_KNOB_HUGETLB] = { { CONTAINER "hugepages" }, NULL, NULL,
        "SIZE as the kernel writes it, 2MB; pages to bytes", "from 0 pages of a size that the host has", "resources" },
    [PLAN_KNOB_CPUSET_COUNT] = { { CONTAINER "vcpus/@limit", "vcpu" }, "virDomainSetVcpusFlags", NULL,
        "`limit='cpuset'`: so many of those that are allowed, from one on that depends on the name", "from 1; all there are when it is more", "resources" },
};
/* clang-format on */

/* ---- what the columns are held against ------------------------------------------------------- */

typedef struct Search {
    const char *path;
    bool found;
} Search;

static void look_at(const VocabularyEntry *entry, void *data)
{
    Search *search = data;

    search->found |= entry->effect == VOCABULARY_ACTED && strcmp(entry->path, search->path) == 0;
}

static bool takes_effect(const char *path)
{
    Search search = { .path = path };

    vocabulary_walk(look_at, &search);
    return search.found;
}

/* Whether the procedure's row names a handler of ours. */
static bool is_there(const char *procedures, const char *api)
{
    g_autofree char *name = g_strdup_printf("\"%s\")", api);
    const char *row = strstr(procedures, name);
    const char *next = row ? strstr(row, "{ ROW(") : NULL;
    const char *handler = row ? strstr(row, "OURS(") : NULL;

    return handler && (!next || handler < next);
}

/* ---- columns --------------------------------------------------------------------------------- */

static bool print_xml(const Words *row)
{
    for (size_t i = 0; i < WORDS_MAX && row->xml[i]; i++) {
        if (!takes_effect(row->xml[i])) {
            fprintf(stderr, "resources-table: '%s' does not take effect\n", row->xml[i]);
            return false;
        }
        printf("%s`%s`", i ? ", " : "", row->xml[i]);
    }
    printf(" | ");
    return true;
}

static void print_api(const Words *row, const char *procedures)
{
    if (!row->api) {
        printf("none | ");
        return;
    }
    printf("%s%s", row->api, is_there(procedures, row->api) ? "" : " (not yet)");
    if (row->parameter)
        printf(": `%s`", row->parameter);
    printf(" | ");
}

static void print_files(const char *const files[3])
{
    if (!files[0]) {
        printf("refused | ");
        return;
    }
    printf("`%s`", files[0]);
    if (files[1])
        printf(", `%s`", files[1]);
    if (files[2])
        printf(" `%s`", files[2]);
    printf(" | ");
}

static bool print_row(PlanKnob knob, const CgroupKnobFiles *files, const char *procedures,
                      const char *tests)
{
    const Words *row = &words[knob];
    g_autofree char *script = g_strconcat(tests, "/", row->test, ".py", NULL);

    if ((size_t)knob >= G_N_ELEMENTS(words) || !row->xml[0] ||
        !g_file_test(script, G_FILE_TEST_EXISTS)) {
        fprintf(stderr, "resources-table: the %s is not documented\n", files->name);
        return false;
    }
    printf("| %s | ", files->name);
    if (!print_xml(row))
        return false;
    print_api(row, procedures);
    print_files(files->v1);
    print_files(files->v2);
    printf("%s | %s | %s |\n", row->conversion, row->range, row->test);
    return true;
}

int main(int argc, char **argv)
{
    g_autofree char *head = NULL;
    g_autofree char *procedures = NULL;
    const char *end = NULL;
    CgroupKnobFiles files;

    if (argc != 4 || !g_file_get_contents(argv[1], &head, NULL, NULL) ||
        !g_file_get_contents(argv[2], &procedures, NULL, NULL) || !(end = strstr(head, MARK))) {
        fprintf(stderr, "usage: resources-table FILE.md PROCEDURES.c TESTS_DIR, with a line %s\n",
                MARK);
        return 2;
    }
    printf("%.*s%s\n\n| limit | XML | API | v1 | v2 | conversion | range | test |\n"
           "| --- | --- | --- | --- | --- | --- | --- | --- |\n",
           (int)(end - head), head, MARK);
    for (int knob = 0; cgroup_knob_files((PlanKnob)knob, &files); knob++)
        if (!print_row((PlanKnob)knob, &files, procedures, argv[3]))
            return 1;
    return 0;
}
