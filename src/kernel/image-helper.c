// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See image-helper.h. The answer is one message: "found" and more words, or a word for why not. */
#include "kernel/image-helper.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/process.h"
#include "base/text.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define ANSWER_MAX 512
#define PATIENCE_MS 20000
/* What may stand in a message: nothing that a terminal or a log takes for more than text. */
#define HARMLESS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.,:/'()[]=+ "

/* ---- the process ---- */

static void become_program(const ImageHelper *helper, int input, int output)
{
    char *env[] = { NULL };

    if (dup2(input, 0) == 0 && dup2(output, 1) == 1)
        (void)execveat(helper->program_fd, "", (char **)helper->argv, env, AT_EMPTY_PATH);
    _exit(127);
}

static bool start(const ImageHelper *helper, int *ret_output, pid_t *ret_pid, GError **err)
{
    g_autofree char *again = g_strdup_printf("/proc/self/fd/%d", helper->input);
    autofd int input = open(again, helper->input_flags | O_NONBLOCK | O_CLOEXEC);
    autofd int output = -1;
    autofd int inner = -1;
    int ends[2];
    pid_t pid;

    if (input < 0)
        return fail_errno(err, errno, _("cannot open '%s'"), helper->name);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return fail_errno(err, errno, _("cannot make a socket"));
    output = ends[0];
    inner = ends[1];
    pid = process_clone(0, -1, NULL);
    if (pid == 0)
        become_program(helper, input, inner);
    if (pid < 0)
        return fail_errno(err, errno, _("cannot start the program that looks into '%s'"),
                          helper->name);
    *ret_pid = pid;
    *ret_output = fd_steal(&output);
    return true;
}

typedef struct Answer {
    char text[ANSWER_MAX]; /* "": it said nothing in time */
    int fds[FD_MESSAGE_FDS_MAX];
    size_t n_fds;
} Answer;

static void receive(int output, Answer *answer)
{
    struct pollfd wait = { .fd = output, .events = POLLIN };
    ssize_t n = 0;

    if (poll(&wait, 1, PATIENCE_MS) > 0)
        n = fd_receive_message(output, answer->text, sizeof answer->text - 1, answer->fds,
                               &answer->n_fds);
    answer->text[n > 0 ? n : 0] = '\0';
}

static void close_all(const Answer *answer)
{
    for (size_t i = 0; i < answer->n_fds; i++)
        fd_close(answer->fds[i]);
}

/* Answering is the last that it does. */
static bool ask(const ImageHelper *helper, Answer *answer, GError **err)
{
    autofd int output = -1;
    pid_t pid = -1;
    int status = 0;

    if (!start(helper, &output, &pid, err))
        return false;
    receive(output, answer);
    (void)kill(pid, SIGKILL); /* our child, unreaped; mostly it has ended */
    if (waitpid(pid, &status, 0) != pid)
        return fail_errno(err, errno, _("cannot wait for the program that looks into '%s'"),
                          helper->name);
    return *answer->text || fail(err, ERR(LXC, OPERATION_FAILED),
                                 _("cannot find out what is in '%s': the program that looks ended "
                                   "without an answer (status %d)"),
                                 helper->name, status);
}

/* ---- why not ---- */

typedef struct Refusal {
    const char *word;
    const char *reason; /* after which comes, with a colon, what else it said */
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
    { "no-nbd",         N_("this host's kernel has no network block devices")            },
    { "no-tool",        N_("qemu-nbd is not installed")                                  },
    { "no-server",      N_("qemu-nbd does not serve it")                                 },
    { "no-device",      N_("it does not become a network block device")                  },
};

static bool refuse(const ImageHelper *helper, const char *answer, GError **err)
{
    size_t len = strcspn(answer, " ");
    const char *detail = answer + len + strspn(answer + len, " ");

    for (size_t i = 0; i < G_N_ELEMENTS(refusals); i++) {
        const char *reason = refusals[i].reason;
        if (strlen(refusals[i].word) != len || strncmp(refusals[i].word, answer, len) != 0)
            continue;
        return *detail ? fail(err, ERR(LXC, CONFIG_UNSUPPORTED), _("cannot use '%s': %s: %s"),
                              helper->name, _(reason), detail)
                       : fail(err, ERR(LXC, CONFIG_UNSUPPORTED), _("cannot use '%s': %s"),
                              helper->name, _(reason));
    }
    return image_helper_fail(helper, err);
}

bool image_helper_fail(const ImageHelper *helper, GError **err)
{
    return fail(err, ERR(LXC, INTERNAL_ERROR),
                _("the program that looks into '%s' gave an answer that nobody understands"),
                helper->name);
}

/* Only with all that is wanted, and no more, is an answer one. */
static bool understand(const ImageHelper *helper, Answer *answer, size_t n_fds, GError **err)
{
    (void)g_strcanon(g_strchomp(answer->text), HARMLESS, '?'); /* gives what it got */
    if (!g_str_has_prefix(answer->text, "found "))
        return refuse(helper, answer->text, err);
    return answer->n_fds == n_fds || image_helper_fail(helper, err);
}

bool image_helper_ask(const ImageHelper *helper, char ***ret_words, int *ret_fds, size_t n_fds,
                      GError **err)
{
    Answer answer = { 0 };

    if (!ask(helper, &answer, err) || !understand(helper, &answer, n_fds, err)) {
        close_all(&answer);
        return false;
    }
    *ret_words = g_strsplit(answer.text, " ", -1);
    for (size_t i = 0; i < n_fds; i++)
        ret_fds[i] = answer.fds[i];
    return true;
}
