// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See answer.h. */
#include "view/answer.h"

#include "view/calls.h"
#include "view/remote.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define IDLE_MS 5000
#define ANSWER_SECONDS 2 /* then SIGALRM ends us, and the kernel answers */
#define MASK_WORDS 1024  /* of 64 processors */

typedef struct Asked {
    const struct seccomp_notif *notice;
    const CallMachine *machine;
    int listener;
    Gatherer *gatherer;
} Asked;

/* A word of the caller's, of which its machine knows 32 bits or all. */
static uint64_t argument(const Asked *asked, unsigned n)
{
    uint64_t value = asked->notice->data.args[n];

    return asked->machine->narrow ? (uint32_t)value : value;
}

static bool is_waiting(const void *data)
{
    const Asked *asked = data;

    return ioctl(asked->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &asked->notice->id) == 0;
}

static bool write_answer(const Asked *asked, unsigned n, const void *data, size_t size)
{
    const RemotePlace place = { (pid_t)asked->notice->pid, argument(asked, n), size };

    return remote_write(&place, data, is_waiting, asked);
}

/* ---- the calls: false is for the kernel to answer ---- */

static bool answer_sysinfo(const Asked *asked, int64_t *ret_value)
{
    Text text = gather_sysinfo(asked->gatherer, asked->machine->narrow);
    bool fine = !text.failed && write_answer(asked, 0, text.data, text.len);

    *ret_value = 0;
    text_clear(&text);
    return fine;
}

/*
 * The caller's own processors, by the host's numbers, no more of them than are shown. Of other
 * processes the caller has numbers that we do not know. Sets of narrow machines have the same bytes
 * only where words begin with their lowest.
 */
static bool answer_affinity(const Asked *asked, int64_t *ret_value)
{
    uint64_t mask[MASK_WORDS] = { 0 };
    uint64_t size = argument(asked, 1) & UINT32_MAX;
    bool same_bytes = !asked->machine->narrow || __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
    long len;

    if ((uint32_t)argument(asked, 0) != 0 || !asked->gatherer->view->limits_processors ||
        !same_bytes)
        return false;
    len = syscall(SYS_sched_getaffinity, (pid_t)asked->notice->pid, sizeof mask, mask);
    if (len <= 0 || (uint64_t)len > size || size % sizeof(long) != 0)
        return false;
    calls_keep_first(mask, MASK_WORDS, gather_processors(asked->gatherer));
    *ret_value = len;
    return write_answer(asked, 2, mask, (size_t)len);
}

static bool (*const answers[])(const Asked *asked, int64_t *ret_value) = {
    [VIEW_CALL_SYSINFO] = answer_sysinfo,
    [VIEW_CALL_AFFINITY] = answer_affinity,
};

static void answer(const struct seccomp_notif *notice, int listener, Gatherer *gatherer)
{
    struct seccomp_notif_resp response = { .id = notice->id };
    Asked asked = { .notice = notice, .listener = listener, .gatherer = gatherer };
    ViewCall call;
    int64_t value = 0;

    asked.machine = calls_find(notice->data.arch, notice->data.nr, &call);
    if (asked.machine && answers[call](&asked, &value))
        response.val = value;
    else
        response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    (void)ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response); /* else nobody waits any more */
}

void answer_run(int talk, int listener, Gatherer *gatherer)
{
    static const char done;
    struct pollfd wait = { talk, POLLIN, 0 };

    for (;;) {
        struct seccomp_notif notice;
        int n = poll(&wait, 1, IDLE_MS);

        if (n < 0)
            continue; /* a signal */
        if (n == 0 || recv(talk, &notice, sizeof notice, MSG_DONTWAIT) != sizeof notice)
            return;
        (void)alarm(ANSWER_SECONDS); /* gives what was left of the last */
        answer(&notice, listener, gatherer);
        (void)alarm(0);
        if (send(talk, &done, sizeof done, MSG_NOSIGNAL) != sizeof done)
            return;
    }
}
