// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See look.h. A file system that fills the image is taken as it is. Of an image with a partition
 * table, the partition is taken that says that it is the root of this machine's architecture; if
 * there is none, the only one with a file system, those to boot from apart. Whatever bears the
 * marks of two file systems is none: another reader might see the other one.
 */
#include "image/look.h"

#include "kernel/file-system.h"

#include <blkid/blkid.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Partition types, from the Discoverable Partitions Specification and the old table's numbers. */
#if defined(__x86_64__)
#define ROOT_TYPE "4f68bce3-e8cd-4db1-96e7-fbcaf984b709"
#elif defined(__aarch64__)
#define ROOT_TYPE "b921b045-1df0-41c3-af44-4c6f280d3fae"
#elif defined(__riscv)
#define ROOT_TYPE "72ec70a6-cf74-40e6-bd49-4bda08e8f224"
#elif defined(__s390x__)
#define ROOT_TYPE "5eead9a9-fe09-4a1e-a1d7-520d00531306"
#elif defined(__powerpc64__)
#define ROOT_TYPE "c31c45e6-3f39-412e-80fb-4809c4980599"
#else
#define ROOT_TYPE "" /* none that is known */
#endif

static const char *const boot_types[] = {
    "c12a7328-f81f-11d2-ba4b-00a0c93ec93b", /* EFI system */
    "bc13c2ff-59e6-4262-a352-b275fd6f7172", /* extended boot loader */
    "0xef",                                 /* EFI system, in the old table */
};

#define SECTOR 512
#define LIST_MAX 64

typedef struct Found {
    const FileSystemType *type;
    uint64_t offset;
    uint64_t size;
    int number; /* of the partition */
} Found;

typedef struct Choice {
    Found one;           /* the last seen */
    unsigned n;          /* how many there are */
    char list[LIST_MAX]; /* their numbers */
} Choice;

/* ---- one place ---- */

typedef enum Sight { SIGHT_NOTHING, SIGHT_SEVERAL, SIGHT_FAILED, SIGHT_TYPE } Sight;

#define TYPE_MAX 32

/* libblkid's word for what is there, which is no file system always. */
static Sight read_type(blkid_probe probe, char type[TYPE_MAX])
{
    const char *word = NULL;
    int result;

    if (blkid_probe_enable_superblocks(probe, 1) < 0 ||
        blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_TYPE) < 0)
        return SIGHT_FAILED;
    result = blkid_do_safeprobe(probe);
    if (result == -2)
        return SIGHT_SEVERAL;
    if (result < 0)
        return SIGHT_FAILED;
    if (result > 0 || blkid_probe_lookup_value(probe, "TYPE", &word, NULL) < 0)
        return SIGHT_NOTHING;
    (void)snprintf(type, TYPE_MAX, "%s", word);
    return SIGHT_TYPE;
}

/* Size 0: up to the end. */
static Sight see(int fd, uint64_t offset, uint64_t size, char type[TYPE_MAX])
{
    blkid_probe probe = blkid_new_probe();
    Sight sight = SIGHT_FAILED;

    if (probe && blkid_probe_set_device(probe, fd, (blkid_loff_t)offset, (blkid_loff_t)size) == 0)
        sight = read_type(probe, type);
    blkid_free_probe(probe);
    return sight;
}

/* ---- partitions ---- */

static void choose(Choice *choice, const Found *found)
{
    size_t len = strlen(choice->list);

    (void)snprintf(choice->list + len, sizeof choice->list - len, "%s%d", len ? "," : "",
                   found->number); /* a long list may end early */
    choice->one = *found;
    choice->n++;
}

static bool is_to_boot_from(const char *type)
{
    for (size_t i = 0; i < sizeof boot_types / sizeof *boot_types; i++)
        if (strcasecmp(type, boot_types[i]) == 0)
            return true;
    return false;
}

/* Those that cannot be mounted are passed over: swap space, what is empty, what is unknown. */
static void consider(int fd, blkid_partition partition, Choice *roots, Choice *others)
{
    const char *kind = blkid_partition_get_type_string(partition);
    char type[TYPE_MAX];
    Found found = {
        .offset = (uint64_t)blkid_partition_get_start(partition) * SECTOR,
        .size = (uint64_t)blkid_partition_get_size(partition) * SECTOR,
        .number = blkid_partition_get_partno(partition),
    };

    if (blkid_partition_is_extended(partition) || found.size == 0 ||
        see(fd, found.offset, found.size, type) != SIGHT_TYPE)
        return;
    found.type = file_system_find(type);
    if (!found.type)
        return;
    if (kind && strcasecmp(kind, ROOT_TYPE) == 0)
        choose(roots, &found);
    else if (!kind || !is_to_boot_from(kind))
        choose(others, &found);
}

static void say_found(const Found *found, char *answer, size_t size)
{
    (void)snprintf(answer, size, "found %s %llu %llu\n", found->type->name,
                   (unsigned long long)found->offset, (unsigned long long)found->size);
}

static void choose_partition(int fd, blkid_partlist list, char *answer, size_t size)
{
    Choice roots = { 0 };
    Choice others = { 0 };
    const Choice *choice = &roots;
    int n = blkid_partlist_numof_partitions(list);

    for (int i = 0; i < n; i++)
        consider(fd, blkid_partlist_get_partition(list, i), &roots, &others);
    if (roots.n == 0)
        choice = &others;
    if (choice->n == 1)
        say_found(&choice->one, answer, size);
    else if (choice->n == 0)
        (void)snprintf(answer, size, "no-partition\n");
    else
        (void)snprintf(answer, size, "partitions %s\n", choice->list);
}

static void look_for_table(int fd, LookDepth depth, char *answer, size_t size)
{
    blkid_probe probe = blkid_new_probe();
    blkid_partlist list = NULL;

    if (probe && blkid_probe_set_device(probe, fd, 0, 0) == 0 &&
        blkid_probe_enable_partitions(probe, 1) == 0)
        list = blkid_probe_get_partitions(probe);
    if (!list || !blkid_partlist_get_table(list))
        (void)snprintf(answer, size, "nothing\n");
    else if (depth == LOOK_WHOLE)
        (void)snprintf(answer, size, "table\n");
    else
        choose_partition(fd, list, answer, size);
    blkid_free_probe(probe);
}

/* ---- the whole ---- */

void look(int fd, LookDepth depth, char *answer, size_t size)
{
    Found found = { 0 };
    char type[TYPE_MAX];

    switch (see(fd, 0, 0, type)) {
    case SIGHT_SEVERAL:
        (void)snprintf(answer, size, "several\n");
        return;
    case SIGHT_FAILED:
        (void)snprintf(answer, size, "unreadable\n");
        return;
    case SIGHT_NOTHING:
        look_for_table(fd, depth, answer, size);
        return;
    case SIGHT_TYPE:
        break;
    }
    found.type = file_system_find(type);
    if (found.type)
        say_found(&found, answer, size);
    else
        (void)snprintf(answer, size, "other %s\n", type);
}
