// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See init-control.h. From outside its namespace a signal reaches init only if init handles it (or
 * it is SIGKILL), so a wrong guess does no harm.
 */
#include "lxc_driver/init-control.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/process.h"
#include "base/text.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* Signals a kind of init documents for itself. */
typedef struct InitKind {
    const char *program;
    int poweroff;
    int reboot;
    bool is_certain; /* the name says it all; else the signal is sent if init handles it */
} InitKind;

/*
 * Real-time signals count from 34, which is SIGRTMIN for glibc and musl alike. sysvinit has no
 * power-off signal but SIGPWR, which its inittab maps; its fifo is tried before any signal.
 */
#define KIND_RTMIN 34
static const InitKind kinds[] = {
    {"systemd",       KIND_RTMIN + 3, KIND_RTMIN + 5, true },
    { "busybox init", SIGUSR2,        SIGTERM,        true },
    { "init",         SIGPWR,         SIGINT,         false}, /* sysvinit, and those who took its name */
    { "openrc-init",  SIGUSR2,        SIGTERM,        true },
    { "runit",        SIGCONT,        SIGINT,         true },
    { "s6-svscan",    SIGUSR2,        SIGINT,         false},
    { "dinit",        SIGTERM,        SIGINT,         false},
    { "finit",        SIGUSR2,        SIGTERM,        true },
    { "upstart",      SIGPWR,         SIGINT,         false},
};

static const InitKind *find_kind(const char *program)
{
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (g_str_equal(kinds[i].program, program))
            return &kinds[i];
    return NULL;
}

static int signal_of(const InitKind *kind, InitRequest request)
{
    if (!kind)
        return request == INIT_POWEROFF ? SIGTERM : SIGHUP;
    return request == INIT_POWEROFF ? kind->poweroff : kind->reboot;
}

int init_control_signal_for(const char *program, InitRequest request)
{
    return signal_of(find_kind(program), request);
}

static char *read_process_file(pid_t pid, const char *name)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/%s", (int)pid, name);
    g_autofree char *text = NULL;

    (void)g_file_get_contents(path, &text, NULL, NULL); /* NULL says so */
    return g_steal_pointer(&text);
}

/* busybox is any of its applets; the process name tells which, "init" or a shell. */
static char *busybox_applet(pid_t init)
{
    g_autofree char *name = read_process_file(init, "comm");

    return g_strdup_printf("busybox %s", name ? g_strstrip(name) : "");
}

/* The file that init was executed from; its name inside may be any link. */
static char *program_of(pid_t init)
{
    g_autofree char *link = g_strdup_printf("/proc/%d/exe", (int)init);
    g_autofree char *path = g_file_read_link(link, NULL);
    g_autofree char *program = NULL;
    char *deleted;

    if (!path)
        return g_strdup("");
    deleted = g_strrstr(path, " (deleted)");
    if (deleted)
        *deleted = '\0';
    program = g_path_get_basename(path);
    if (g_str_has_prefix(program, "busybox"))
        return busybox_applet(init);
    return g_steal_pointer(&program);
}

static uint64_t signal_set(const char *status, const char *field)
{
    const char *at = strstr(status, field);

    return at ? g_ascii_strtoull(at + strlen(field), NULL, 16) : 0;
}

/* It has a handler, or it blocks the signal to wait for it. */
static bool handles(pid_t init, int signum)
{
    g_autofree char *text = read_process_file(init, "status");
    uint64_t set = 0;

    if (text)
        set = signal_set(text, "\nSigCgt:") | signal_set(text, "\nSigBlk:");
    return set >> (signum - 1) & 1;
}

bool init_control_send(const InitProcess *init, int signum, GError **err)
{
    if (process_signal(init->fd, signum))
        return true;
    if (errno == ESRCH)
        return init_process_fail_ended(err);
    return fail_errno(err, errno, _("cannot send signal %d to the container's init, process %d"),
                      signum, (int)init->pid);
}

bool init_control_signal(const InitProcess *init, InitRequest request, GError **err)
{
    g_autofree char *program = program_of(init->pid);
    const InitKind *kind = find_kind(program);

    if (kind && !kind->is_certain && !handles(init->pid, signal_of(kind, request)))
        kind = NULL;
    return init_control_send(init, signal_of(kind, request), err);
}

bool init_control_terminate(const InitProcess *init, GError **err)
{
    return init_control_send(init, SIGTERM, err);
}

/* ---- the fifo of sysvinit ----------------------------------------------------------------------
 */

#define INITCTL_MAGIC 0x03091969
#define INITCTL_RUN_LEVEL 1

/* One request as sysvinit reads it. */
typedef struct InitctlRequest {
    int magic;
    int command;
    int run_level;
    int sleep_time;
    char reserved[368];
} InitctlRequest;

/* By which names sysvinit knows it, and up to which number init may have it open. */
static const char *const fifo_names[] = { "/run/initctl", "/dev/initctl", "/etc/.initctl" };
#define FIFO_NUMBERS 256

/* NULL: what init has open as `number` is nothing that is called so. */
static const char *fifo_name(pid_t init, int number)
{
    g_autofree char *link = g_strdup_printf("/proc/%d/fd/%d", (int)init, number);
    g_autofree char *path = g_file_read_link(link, NULL);

    for (size_t i = 0; path && i < G_N_ELEMENTS(fifo_names); i++)
        if (g_str_equal(path, fifo_names[i]))
            return fifo_names[i];
    return NULL;
}

/* A container that shares the host's tree must not lead to the host's own init. */
static bool is_hosts(const struct statx *fifo, const char *path)
{
    struct stat own;

    return stat(path, &own) == 0 && major(own.st_dev) == fifo->stx_dev_major &&
           minor(own.st_dev) == fifo->stx_dev_minor && own.st_ino == fifo->stx_ino;
}

/* Its file system is asked nothing: it may be one that does not answer. */
static bool is_fifo(int fd, const char *name)
{
    struct statx info;

    return statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE | STATX_INO, &info) == 0 &&
           S_ISFIFO(info.stx_mode) && !is_hosts(&info, name);
}

/*
 * Taken from init, which has it open. Looking for it in the container's tree would go wherever root
 * inside wants, and might never come back: what is mounted there need not have anybody to serve it.
 */
static int take_fifo(const InitProcess *init)
{
    for (int number = 0; number < FIFO_NUMBERS; number++) {
        const char *name = fifo_name(init->pid, number);
        autofd int fd = name ? pidfd_getfd(init->fd, number, 0) : -1;

        if (fd >= 0 && is_fifo(fd, name))
            return fd_steal(&fd);
    }
    return -1;
}

/* By a pipe of our own, since a write to what init has opened waits as long as init says. */
static bool put_request(int fifo, const InitctlRequest *request)
{
    const ssize_t size = sizeof *request;
    int ends[2];
    bool done;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return false;
    done = fd_write_full(ends[1], request, sizeof *request) &&
           splice(ends[0], NULL, fifo, NULL, sizeof *request, SPLICE_F_NONBLOCK) == size;
    fd_close(ends[0]);
    fd_close(ends[1]);
    return done;
}

bool init_control_initctl(const InitProcess *init, InitRequest request, GError **err)
{
    autofd int fifo = take_fifo(init);
    InitctlRequest message = {
        .magic = INITCTL_MAGIC,
        .command = INITCTL_RUN_LEVEL,
        .run_level = request == INIT_POWEROFF ? '0' : '6',
    };

    if (fifo < 0)
        return fail(err, ERR(LXC, OPERATION_UNSUPPORTED),
                    _("the container's init does not listen on /run/initctl"));
    if (!put_request(fifo, &message))
        return fail_errno(err, errno, _("cannot write to the container's /run/initctl"));
    return true;
}
