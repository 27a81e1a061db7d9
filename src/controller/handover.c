// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See handover.h. */
#include "controller/handover.h"

#include "base/decimal.h"
#include "base/fd.h"
#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* A number that is not open is -1: nothing to mark. */
static void set_cloexec(const int *fds, size_t n, bool on)
{
    for (size_t i = 0; i < n; i++)
        (void)fd_set_cloexec(fds[i], on);
}

static void set_all_cloexec(const ControlHandover *handover, bool on)
{
    const int single[] = {
        handover->init_pidfd,     handover->plan_fd,        handover->daemon_fd,
        handover->listen_fd,      handover->state_dir_fd,   handover->controller_fd,
        handover->monitor_fd,     handover->netns_fd,       handover->userns_fd,
        handover->cgroup_kill_fd, handover->cgroup_thaw_fd, handover->view_program_fd,
        handover->view_fd,        handover->view_memory_fd, handover->calls_fd,
        handover->notify_fd,
    };

    set_cloexec(single, sizeof single / sizeof *single, on);
    set_cloexec(handover->passed.items, handover->passed.len, on);
    set_cloexec(handover->shares.items, handover->shares.len, on);
    for (uint32_t i = 0; i < handover->images.len; i++) {
        const int fds[] = { handover->images.items[i].fd, handover->images.items[i].server_fd };
        set_cloexec(fds, sizeof fds / sizeof *fds, on);
    }
    for (uint32_t i = 0; i < handover->consoles.len; i++) {
        const ControlHandoverConsole *console = &handover->consoles.items[i];
        const int fds[] = {
            console->master,   console->kept.memory, console->reader, console->reader_end,
            console->listener, console->file.fd,     console->log.fd, console->log.dir,
        };
        set_cloexec(fds, sizeof fds / sizeof *fds, on);
    }
}

static int write_memory(const ControlHandover *handover)
{
    XdrBuffer encoded = { 0 };
    int fd = -1;

    if (xdr_encode(&control_handover_xdr, handover, &encoded) == XDR_OK)
        fd = process_seal_bytes("handover", encoded.data, encoded.len);
    else
        errno = ENOMEM;
    xdr_buffer_clear(&encoded);
    return fd;
}

void handover_exec(int program_fd, const char *argv0, const char *why,
                   const ControlHandover *handover)
{
    autofd int memory = write_memory(handover);
    char number[DECIMAL_SIZE];
    char *argv[] = { (char *)argv0, (char *)why, number, handover->name, NULL };
    char *env[] = { NULL };

    if (memory < 0)
        return;
    (void)decimal((unsigned)memory, number); /* gives what it filled */
    set_all_cloexec(handover, false);
    (void)fd_set_cloexec(memory, false);                      /* a bad descriptor only */
    (void)execveat(program_fd, "", argv, env, AT_EMPTY_PATH); /* comes back only to fail */
    set_all_cloexec(handover, true);
}

bool handover_load(const char *number, ControlHandover *ret_handover)
{
    autofd int memory = atoi(number);
    struct stat info;
    void *data;
    XdrStatus status;

    if (fstat(memory, &info) < 0 || info.st_size == 0)
        return false;
    data = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, memory, 0);
    if (data == MAP_FAILED)
        return false;
    status = xdr_decode(&control_handover_xdr, data, (size_t)info.st_size, ret_handover, NULL);
    (void)munmap(data, (size_t)info.st_size); /* cannot fail for what was mapped */
    if (status != XDR_OK) {
        errno = EBADMSG;
        return false;
    }
    set_all_cloexec(ret_handover, true);
    return true;
}
