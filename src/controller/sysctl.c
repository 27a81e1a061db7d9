// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Sysctls of the container's namespaces. /proc/sys shows those of who opens it, so a process of
 * ours joins the namespaces of init and writes through the host's /proc: the container's own is
 * nothing to trust. Those of a network and of the names are written by root of the host. Those of
 * an IPC and of a user namespace only root of its user namespace may write (Linux 5.19), so they
 * come last.
 */
#include "controller/run.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/process.h"
#include "base/text.h"
#include "plan/message.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static char *file_of(const char *name)
{
    return g_strdelimit(g_strdup(name), ".", '/');
}

static bool write_one(int directory, const PlanSysctl *sysctl, GError **err)
{
    g_autofree char *path = file_of(sysctl->name);
    autofd int fd = openat(directory, path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd >= 0 && fd_write_full(fd, sysctl->value, strlen(sysctl->value)))
        return true;
    return fail_errno(err, errno, _("cannot set the sysctl '%s' to '%s'"), sysctl->name,
                      sysctl->value);
}

static bool is_for_inner_root(const PlanSysctl *sysctl)
{
    return !g_str_has_prefix(sysctl->name, "net.") &&
           !g_str_has_prefix(sysctl->name, "kernel.domainname");
}

static bool write_those(const Run *run, int directory, bool for_inner_root, GError **err)
{
    for (uint32_t i = 0; i < run->plan.sysctls.len; i++) {
        const PlanSysctl *sysctl = &run->plan.sysctls.items[i];

        if (is_for_inner_root(sysctl) == for_inner_root && !write_one(directory, sysctl, err))
            return false;
    }
    return true;
}

static bool become_inner_root(const Run *run, GError **err)
{
    if (!(run->plan.namespaces & PLAN_NS_USER))
        return true;
    if (setns(run->init_pidfd, CLONE_NEWUSER) < 0)
        return fail_errno(err, errno, _("cannot enter the user namespace"));
    return (setresgid(0, 0, 0) == 0 && setresuid(0, 0, 0) == 0) ||
           fail_errno(err, errno, _("cannot become root of the container"));
}

static void writer_main(const Run *run, int report_fd)
{
    g_autoptr(GError) why = NULL;
    autofd int directory = open("/proc/sys", O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (directory < 0)
        fail_errno(&why, errno, _("cannot open '%s'"), "/proc/sys");
    else if (namespace_join_init(run, 0, &why) && write_those(run, directory, false, &why) &&
             become_inner_root(run, &why) && write_those(run, directory, true, &why))
        _exit(0);
    (void)send_error(report_fd, CONTROL_FAILED, why); /* nobody there: nobody to tell */
    _exit(1);
}

/* Silence is success only of who ends well. */
static bool await(pid_t pid, int report_fd, GError **err)
{
    Message message = { 0 };
    int status = 0;
    bool told = message_receive(report_fd, &message) > 0;

    if (told)
        fail_control(err, &message.body.error);
    message_clear(&message);
    if (waitpid(pid, &status, 0) != pid || told)
        return told ? false : fail_errno(err, errno, _("cannot wait for the writer of sysctls"));
    return (WIFEXITED(status) && WEXITSTATUS(status) == 0) ||
           fail(err, ERR(LXC, INTERNAL_ERROR), _("the writer of sysctls was killed"));
}

bool sysctls_write(Run *run, GError **err)
{
    autofd int report_fd = -1;
    int ends[2];
    pid_t pid;

    if (run->plan.sysctls.len == 0)
        return true;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return fail_errno(err, errno, _("cannot make a socket"));
    report_fd = ends[0];
    pid = process_clone(0, -1, NULL);
    if (pid == 0)
        writer_main(run, ends[1]);
    fd_close(ends[1]);
    return pid > 0 ? await(pid, report_fd, err)
                   : fail_errno(err, errno, _("cannot clone the writer of sysctls"));
}
