// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * THE list of what the container's first process does to itself before it becomes the init that the
 * user named. It starts as a copy of the controller, in its new namespaces and groups, and speaks
 * with it over one socket: go comes in, an error goes out, and the end of the socket by exec is
 * success. Nothing needs undoing: its namespaces end with it.
 *
 * Once the new root is to be seen, nothing here looks up names, loads locales or plug-ins.
 */
#include "controller/run.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/text.h"
#include "controller/step.h"
#include "controller/tree.h"
#include "kernel/capability.h"
#include "kernel/idmap.h"
#include "kernel/label.h"
#include "kernel/numa.h"
#include "kernel/seccomp.h"
#include "kernel/user.h"
#include "plan/message.h"
#include "view/calls.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <linux/keyctl.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FIRST_PASSED_FD 3

/* ---- tree ---- */

/* Until exec nobody in the container may look at our memory and descriptors. */
static bool enter_tree(Run *run, GError **err)
{
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        return fail_errno(err, errno, _("cannot hide the process from tracing"));
    (void)umask(0); /* gives the old one */
    if (label_is_wanted(&run->plan) && (run->proc_fd = label_open_proc()) < 0)
        return fail_errno(err, errno, _("cannot open the host's '%s'"), "/proc");
    return tree_join_freezer(run, err) && tree_enter(run, err);
}

/* ---- ids ---- */

/* Root of our user namespace, if that is new; a session and a keyring of our own either way. */
static bool become_root(Run *run, GError **err)
{
    (void)run;
    if (setgroups(0, NULL) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
        return fail_errno(err, errno, _("cannot become user 0 and group 0 of the container"));
    if (setsid() < 0)
        return fail_errno(err, errno, _("cannot start a session"));
    if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL, 0, 0, 0) < 0 && errno != ENOSYS)
        return fail_errno(err, errno, _("cannot start a session keyring"));
    return true;
}

/* ---- hostname, and the loopback device ---- */

/* With links the daemon does this together with them. */
static bool raise_loopback(GError **err)
{
    struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
    autofd int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (sock < 0 || ioctl(sock, SIOCSIFFLAGS, &request) < 0)
        return fail_errno(err, errno, _("cannot bring '%s' up"), "lo");
    return true;
}

static bool set_hostname(Run *run, GError **err)
{
    const char *name = run->plan.hostname;

    if ((run->plan.namespaces & PLAN_NS_UTS) && *name && sethostname(name, strlen(name)) < 0)
        return fail_errno(err, errno, _("cannot set the host name '%s'"), name);
    if ((run->plan.namespaces & PLAN_NS_NET) && run->plan.links.len == 0 && !run->restart)
        return raise_loopback(err);
    return true;
}

/* ---- wait-go ---- */

/* Whatever else there is to read is the controller's end: then it is ours. */
bool init_await(const Run *run, ControlKind kind, GError **err)
{
    Message message = { 0 };
    int got = message_receive(run->inner_fd, &message);
    bool expected = got > 0 && message.kind == kind;

    if (got == 0)
        _exit(1);
    if (got > 0)
        message_clear(&message);
    return expected || fail(err, ERR(LXC, INTERNAL_ERROR), _("init was told something unexpected"));
}

static bool wait_go(Run *run, GError **err)
{
    return init_await(run, CONTROL_GO, err);
}

/* ---- memory ---- */

static bool set_memory_policy(Run *run, GError **err)
{
    const PlanNuma *numa = &run->plan.init.numa;

    return numa_set_policy(numa) ||
           fail_errno(err, errno, _("cannot take memory from the nodes '%s'"), numa->nodes);
}

/* ---- seccomp ---- */

/* Calls that are answered from the view: a filter of its own, whose listener the monitor gets.
 * Until it is there we make none of them. */
static bool divert_calls(Run *run, GError **err)
{
    struct sock_filter program[CALLS_PROGRAM_MAX];
    autofd int listener = -1;
    size_t n;

    if (!run->plan.view_calls || run->view.fd < 0)
        return true;
    n = calls_make_program(run->plan.view_calls, program);
    listener = seccomp_install_listener(program, n * sizeof *program);
    if (listener < 0)
        return fail_errno(err, errno, _("cannot have system calls answered"));
    return message_send(run->inner_fd, CONTROL_CALLS, NULL, &listener, 1) ||
           fail_errno(err, errno, _("cannot have system calls answered"));
}

/* While we may still do so; what follows is never denied by the profiles of our own. */
static bool filter_calls(Run *run, GError **err)
{
    const PlanSeccomp *seccomp = &run->plan.seccomp;

    if (run->plan.init.no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return fail_errno(err, errno, _("cannot give up new privileges"));
    if (!divert_calls(run, err))
        return false;
    return (seccomp_install(seccomp->guard.data, seccomp->guard.len) &&
            seccomp_install(seccomp->program.data, seccomp->program.len)) ||
           fail_errno(err, errno, _("cannot install the system call filter"));
}

/* ---- capabilities ---- */

/*
 * The first console by its name in the container, so that ttyname(3) finds it there; by the
 * descriptor we have where the plan's /dev or device rules leave that out. -1: errno.
 */
static int open_console(const Run *run, int root)
{
    autofd int fd = path_open(root, "/dev/console", O_RDWR | O_NOCTTY, PATH_LINKS_REFUSE);
    int slave = run->consoles[0].slave;
    struct stat named;
    struct stat ours;

    if (fd >= 0 && fstat(fd, &named) == 0 && fstat(slave, &ours) == 0 &&
        named.st_rdev == ours.st_rdev && named.st_dev == ours.st_dev)
        return fd_steal(&fd);
    return fcntl(slave, F_DUPFD_CLOEXEC, FIRST_PASSED_FD);
}

/* It has no terminal of its own, as on a machine: those that it starts take them. */
static bool is_system(const Run *run)
{
    return run->plan.init.system == PLAN_SYSTEM_YES;
}

/* Standard streams are the first console, else /dev/null; the consoles belong to init's user. */
static bool take_terminal(const Run *run, int root, UserIds ids, GError **err)
{
    autofd int terminal = run->n_consoles > 0
                              ? open_console(run, root)
                              : path_open(root, "/dev/null", O_RDWR, PATH_LINKS_REFUSE);

    if (terminal < 0)
        return fail_errno(err, errno, _("cannot open the standard streams"));
    if (run->n_consoles > 0 && !is_system(run) && ioctl(terminal, TIOCSCTTY, 0) < 0)
        return fail_errno(err, errno, _("cannot make the console the controlling terminal"));
    for (size_t i = 0; i < run->n_consoles; i++) {
        int slave = run->consoles[i].slave;
        UserIds owner = i == 0 ? ids : (UserIds){ 0, 0 };

        if (fchown(slave, owner.uid, owner.gid) < 0 || fchmod(slave, 0620) < 0)
            return fail_errno(err, errno, _("cannot give console%zu to user %u and group %u"), i,
                              owner.uid, owner.gid);
    }
    for (int fd = 0; fd < FIRST_PASSED_FD; fd++) {
        if (dup2(terminal, fd) < 0)
            return fail_errno(err, errno, _("cannot set the standard streams"));
    }
    return true;
}

static bool change_user(UserIds ids, GError **err)
{
    if (setgroups(0, NULL) < 0 || setresgid(ids.gid, ids.gid, ids.gid) < 0 ||
        setresuid(ids.uid, ids.uid, ids.uid) < 0)
        return fail_errno(err, errno, _("cannot become user %u and group %u"), ids.uid, ids.gid);
    return true;
}

static bool drop_capabilities(Run *run, GError **err)
{
    const PlanInit *init = &run->plan.init;
    autofd int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    UserIds ids;

    if (root < 0)
        return fail_errno(err, errno, _("cannot open the root tree"));
    if (!user_find(root, init->user, init->group, &ids, err) ||
        !idmap_check_user(&run->plan, ids.uid, ids.gid, err) || !take_terminal(run, root, ids, err))
        return false;
    if (!capability_bound(init->capabilities))
        return fail_errno(err, errno, _("cannot bound the capabilities"));
    if (!change_user(ids, err))
        return false;
    if (!capability_set(ids.uid == 0 ? init->capabilities : 0))
        return fail_errno(err, errno, _("cannot set the capabilities"));
    return true;
}

/* ---- label ---- */

/* It counts from the exec on. The host's /proc closes with that. */
static bool take_label(Run *run, GError **err)
{
    for (uint32_t i = 0; i < run->plan.labels.len; i++) {
        const PlanLabel *label = &run->plan.labels.items[i];

        if (label->kind != PLAN_LABEL_NONE && !label_set_exec(run->proc_fd, label, err))
            return false;
    }
    return true;
}

/* ---- exec ---- */

/* Never by a magic link: /proc/self/fd/N may be a directory of the host's. */
static bool enter_dir(const PlanInit *init, GError **err)
{
    autofd int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    autofd int dir = -1;

    if (!*init->dir)
        return true;
    dir = path_open(root, init->dir, O_PATH | O_DIRECTORY, PATH_LINKS_INSIDE);
    if (dir < 0 || fchdir(dir) < 0)
        return fail_errno(err, errno, _("cannot change to directory '%s'"), init->dir);
    return true;
}

/*
 * The passed descriptors become 3, 4, ... in order. They, and the socket, are first brought out of
 * the way of those numbers; all else closes with exec.
 */
static bool place_descriptors(Run *run, GError **err)
{
    int first_free = FIRST_PASSED_FD + (int)run->n_passed;
    int talk = fcntl(run->inner_fd, F_DUPFD_CLOEXEC, first_free);

    if (talk < 0)
        return fail_errno(err, errno, _("cannot move a descriptor"));
    run->inner_fd = talk;
    for (size_t i = 0; i < run->n_passed; i++)
        run->passed[i] = fcntl(run->passed[i], F_DUPFD_CLOEXEC, first_free);
    for (size_t i = 0; i < run->n_passed; i++) {
        if (dup2(run->passed[i], FIRST_PASSED_FD + (int)i) < 0)
            return fail_errno(err, errno, _("cannot pass descriptor %zu to init"), i);
    }
    if (close_range((unsigned)first_free, ~0u, CLOSE_RANGE_CLOEXEC) < 0)
        return fail_errno(err, errno, _("cannot close descriptors"));
    return true;
}

/* By the kernel's call: the C library keeps two for itself, which posix_spawn has set to ignored.
 */
static void reset_signals(void)
{
    const uint64_t by_default[4] = { 0 }; /* the kernel's struct sigaction, no larger than this */

    for (int signum = 1; signum < NSIG; signum++) /* KILL and STOP refuse, and always are */
        (void)syscall(SYS_rt_sigaction, signum, by_default, NULL, sizeof(uint64_t));
}

/* The container does not outlive the parent of its init: not even one that ended before this. */
static bool tie_to_controller(const Run *run, GError **err)
{
    struct pollfd controller = { run->inner_fd, 0, 0 };

    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
        return fail_errno(err, errno, _("cannot tie the process to its controller"));
    if (poll(&controller, 1, 0) > 0) /* hung up */
        _exit(1);
    return true;
}

static bool reset_process(const Run *run, GError **err)
{
    sigset_t none;

    reset_signals();
    (void)sigemptyset(&none);
    if (sigprocmask(SIG_SETMASK, &none, NULL) < 0)
        return fail_errno(err, errno, _("cannot reset the signals"));
    (void)umask(022); /* gives the old one */
    if (run->plan.init.personality_32bit && personality(PER_LINUX32) < 0)
        return fail_errno(err, errno, _("cannot become a 32 bit process"));
    return tie_to_controller(run, err);
}

/* A list of the plan's with the NULL that exec wants. Lives until then. */
static char **as_vector(char *const *items, uint32_t len)
{
    char **vector = g_new(char *, len + 1);

    for (uint32_t i = 0; i < len; i++)
        vector[i] = items[i];
    vector[len] = NULL;
    return vector;
}

static bool execute(Run *run, GError **err)
{
    const PlanInit *init = &run->plan.init;
    g_autofree char **argv = as_vector(init->argv.items, init->argv.len);
    g_autofree char **env = as_vector(init->env.items, init->env.len);

    if (!step_may_pass(run, "exec", err) || !enter_dir(init, err) || !place_descriptors(run, err) ||
        !reset_process(run, err))
        return false;
    (void)execve(init->path, argv, env); /* comes back only to fail */
    return fail_errno(err, errno, _("cannot execute '%s'"), init->path);
}

/* ---- the list ---- */

static const Step init_steps[] = {
    {"tree",          enter_tree,        NULL},
    { "ids",          become_root,       NULL},
    { "hostname",     set_hostname,      NULL},
    { "wait-go",      wait_go,           NULL},
    { "memory",       set_memory_policy, NULL},
    { "seccomp",      filter_calls,      NULL},
    { "capabilities", drop_capabilities, NULL},
    { "label",        take_label,        NULL},
    { "exec",         execute,           NULL},
};

void init_print_steps(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(init_steps); i++)
        g_print("%s\n", init_steps[i].name);
}

void init_main(Run *run)
{
    g_autoptr(GError) why = NULL;

    if (!steps_run(init_steps, G_N_ELEMENTS(init_steps), run, &why))
        (void)send_error(run->inner_fd, CONTROL_FAILED, why); /* nobody there: nobody to tell */
    _exit(1);
}
