// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* Verbs of the payload that use devices for what they are there for. */
#include "payload.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

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

/* ---- programs of groups ---- */

static int bpf(int command, union bpf_attr *attr)
{
    return (int)syscall(SYS_bpf, command, attr, sizeof *attr);
}

static int open_program(unsigned id)
{
    union bpf_attr attr = { .prog_id = id };

    return bpf(BPF_PROG_GET_FD_BY_ID, &attr);
}

static void detach(const char *word, int group, int program)
{
    union bpf_attr attr = { .target_fd = (unsigned)group,
                            .attach_bpf_fd = program < 0 ? 0 : (unsigned)program,
                            .attach_type = BPF_CGROUP_DEVICE };

    result(word, bpf(BPF_PROG_DETACH, &attr) == 0);
}

/* Takes the device programs off the group at args[0], by what can be found out of them, by the
 * number args[1], and by no name at all. */
void do_device_program(char **args)
{
    unsigned ids[8] = { 0 };
    int group = open(args[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    union bpf_attr query = {
        .query = {.target_fd = (unsigned)group,
                  .attach_type = BPF_CGROUP_DEVICE,
                  .query_flags = BPF_F_QUERY_EFFECTIVE,
                  .prog_ids = (unsigned long)ids,
                  .prog_cnt = 8}
    };
    int found, named;

    result("group", group >= 0);
    result("query", bpf(BPF_PROG_QUERY, &query) == 0);
    found = open_program(ids[0]);
    result("found", found >= 0);
    named = open_program((unsigned)strtoul(args[1], NULL, 10));
    result("named", named >= 0);
    detach("detach-found", group, found);
    detach("detach-named", group, named);
    detach("detach-any", group, -1);
}
