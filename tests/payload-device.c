// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* Verbs of the payload that use devices for what they are there for. */
#include "payload.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mount.h>

/* tap NAME: a network device that is there as long as we are. */
void do_tap(char **args)
{
    struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI };
    int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", args[0]);
    result("tap", fd >= 0 && ioctl(fd, TUNSETIFF, &request) == 0);
}

/* fuse PATH: mounts a file system there that nobody serves. */
void do_fuse(char **args)
{
    char options[128];
    int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);

    snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
    result("fuse", fd >= 0 && mount("none", args[0], "fuse.test", 0, options) == 0);
}
