// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See probe.h. The answer is one line: a word, and what belongs to it. */
#include "kernel/probe.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/process.h"
#include "base/text.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ANSWER_MAX 256
#define PATIENCE_US (20 * G_USEC_PER_SEC)
/* What may stand in a message: nothing that a terminal or a log takes for more than text. */
#define HARMLESS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-., "

/* ---- the process ---- */

static void become_program(const ProbeRequest *request, int input, int output)
{
    char *argv[] = { (char *)"virtlxc-image",
                     request->depth == PROBE_PARTITIONS ? (char *)"probe-partitions"
                                                        : (char *)"probe",
                     NULL };
    char *env[] = { NULL };

    if (dup2(input, 0) == 0 && dup2(output, 1) == 1)
        (void)execveat(request->program_fd, "", argv, env, AT_EMPTY_PATH); /* to fail only */
    _exit(127);
}

/* It is to read only, whatever we may do. */
static bool start(const ProbeRequest *request, int *ret_output, pid_t *ret_pid, GError **err)
{
    g_autofree char *again = g_strdup_printf("/proc/self/fd/%d", request->fd);
    autofd int input = open(again, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    autofd int output = -1;
    autofd int inner = -1;
    int ends[2];
    pid_t pid;

    if (input < 0)
        return fail_errno(err, errno, _("cannot read '%s'"), request->name);
    if (pipe2(ends, O_CLOEXEC) < 0)
        return fail_errno(err, errno, _("cannot make a pipe"));
    output = ends[0];
    inner = ends[1];
    pid = process_clone(0, -1, NULL);
    if (pid == 0)
        become_program(request, input, inner);
    if (pid < 0)
        return fail_errno(err, errno, _("cannot start the program that looks into '%s'"),
                          request->name);
    *ret_pid = pid;
    *ret_output = fd_steal(&output);
    return true;
}

/* All that it says until it ends; who takes longer is not waited for. */
static void read_answer(int output, char answer[ANSWER_MAX])
{
    struct pollfd wait = { .fd = output, .events = POLLIN };
    int64_t deadline = g_get_monotonic_time() + PATIENCE_US;
    size_t size = 0;

    while (size < ANSWER_MAX - 1) {
        int64_t left = (deadline - g_get_monotonic_time()) / 1000;
        ssize_t n;
        if (left <= 0 || poll(&wait, 1, (int)left) <= 0)
            break;
        n = read(output, answer + size, ANSWER_MAX - 1 - size);
        if (n <= 0)
            break;
        size += (size_t)n;
    }
    answer[size] = '\0';
}

static bool ask(const ProbeRequest *request, char answer[ANSWER_MAX], GError **err)
{
    autofd int output = -1;
    pid_t pid = -1;
    int status = 0;

    if (!start(request, &output, &pid, err))
        return false;
    read_answer(output, answer);
    (void)kill(pid, SIGKILL); /* our child, unreaped; mostly it has ended */
    if (waitpid(pid, &status, 0) != pid)
        return fail_errno(err, errno, _("cannot wait for the program that looks into '%s'"),
                          request->name);
    if (*answer && strchr(answer, '\n'))
        return true;
    return fail(err, ERR(LXC, OPERATION_FAILED),
                _("cannot find out what is in '%s': the program that looks ended without an "
                  "answer (status %d)"),
                request->name, status);
}

/* ---- the answer ---- */

typedef struct Refusal {
    const char *word;
    const char *reason;
} Refusal;

static const Refusal refusals[] = {
    {"nothing",         N_("there is no file system in it")                              },
    { "several",        N_("it has the marks of more than one file system")              },
    { "other",          N_("what is in it is not mounted in containers")                 },
    { "table",          N_("it has a partition table; name one of its partitions")       },
    { "no-partition",   N_("no partition of it has a file system that containers mount") },
    { "partitions",     N_("more than one partition of it could be meant")               },
    { "unreadable",     N_("it cannot be read")                                          },
    { "no-confinement", N_("the program that looks into it could not give up its rights")},
};

static bool refuse(const ProbeRequest *request, const char *word, const char *detail, GError **err)
{
    for (size_t i = 0; i < G_N_ELEMENTS(refusals); i++) {
        const char *reason = refusals[i].reason;
        if (strcmp(refusals[i].word, word) != 0)
            continue;
        return *detail ? fail(err, ERR(LXC, CONFIG_UNSUPPORTED), _("cannot use '%s': %s: %s"),
                              request->name, _(reason), detail)
                       : fail(err, ERR(LXC, CONFIG_UNSUPPORTED), _("cannot use '%s': %s"),
                              request->name, _(reason));
    }
    return fail(err, ERR(LXC, INTERNAL_ERROR),
                _("the program that looks into '%s' gave an answer that nobody understands"),
                request->name);
}

/* "TYPE OFFSET SIZE"; false: it is not that. */
static bool take_found(char **words, const FileSystemType **ret_type, LoopPart *ret_part)
{
    if (g_strv_length(words) != 4)
        return false;
    *ret_type = file_system_find(words[1]);
    return *ret_type &&
           g_ascii_string_to_unsigned(words[2], 10, 0, G_MAXINT64, &ret_part->offset, NULL) &&
           g_ascii_string_to_unsigned(words[3], 10, 0, G_MAXINT64, &ret_part->size, NULL);
}

bool probe_run(const ProbeRequest *request, const FileSystemType **ret_type, LoopPart *ret_part,
               GError **err)
{
    char answer[ANSWER_MAX];
    const FileSystemType *type = NULL;
    LoopPart part = { 0, 0 };
    g_auto(GStrv) words = NULL;

    if (!ask(request, answer, err))
        return false;
    *strchr(answer, '\n') = '\0';
    words = g_strsplit(g_strcanon(answer, HARMLESS, '?'), " ", -1);
    if (strcmp(words[0], "found") != 0 || !take_found(words, &type, &part))
        return refuse(request, words[0], words[0] && words[1] ? words[1] : "", err);
    *ret_type = type;
    *ret_part = part;
    return true;
}
