// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* The payload's verbs of who wants out of a container, and about what it must not get. */
#include "payload.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/fs.h>
#include <linux/keyctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* swap A B: exchanges two names, again and again and for ever. Says so at first. */
void do_swap(char **args)
{
    result("swap", renameat2(AT_FDCWD, args[0], AT_FDCWD, args[1], RENAME_EXCHANGE) == 0);
    for (;;)
        (void)renameat2(AT_FDCWD, args[0], AT_FDCWD, args[1], RENAME_EXCHANGE);
}

/* The mode and owner of a new pseudo terminal. */
void do_ptmx(char **args)
{
    int fd = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
    struct stat info;

    (void)args;
    if (fd < 0 || unlockpt(fd) < 0 || stat(ptsname(fd), &info) < 0)
        result("ptmx", false);
    else
        printf("ptmx %s %04o %u:%u\n", ptsname(fd), info.st_mode & 07777, info.st_uid, info.st_gid);
    fflush(stdout);
    if (fd >= 0)
        close(fd);
}

/* The number of the session keyring, and what it is: type;uid;gid;permissions;name. */
void do_keyring(char **args)
{
    long id = syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0, 0, 0);
    char text[256] = "";

    (void)args;
    if (id < 0 || syscall(SYS_keyctl, KEYCTL_DESCRIBE, id, text, sizeof text - 1, 0) < 0)
        result("keyring", false);
    else
        printf("keyring %ld %s\n", id, text);
    fflush(stdout);
}

/* A subvolume of btrfs in a directory, in the four ways that the kernel knows. */
void do_subvolume(char **args)
{
    static const unsigned long ways[] = { BTRFS_IOC_SUBVOL_CREATE, BTRFS_IOC_SNAP_CREATE,
                                          BTRFS_IOC_SUBVOL_CREATE_V2, BTRFS_IOC_SNAP_CREATE_V2 };
    int dir = open(args[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        struct btrfs_ioctl_vol_args one = { .fd = dir, .name = "sub0" };
        struct btrfs_ioctl_vol_args_v2 two = { .fd = dir, .name = "sub0" };

        one.name[3] = two.name[3] = (char)('0' + i);
        result("subvolume", ioctl(dir, ways[i], i < 2 ? (void *)&one : &two) == 0);
    }
    close(dir);
}

/* Takes a file out of the project that it is counted in. */
void do_project(char **args)
{
    int fd = open(args[0], O_RDONLY | O_CLOEXEC);
    struct fsxattr attributes;

    if (fd < 0 || ioctl(fd, FS_IOC_FSGETXATTR, &attributes) < 0) {
        result("look", false);
        return;
    }
    attributes.fsx_projid = 7;
    result("project", ioctl(fd, FS_IOC_FSSETXATTR, &attributes) == 0);
    close(fd);
}
