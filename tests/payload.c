// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The init of containers under test: a static program with a verb for each thing to show.
 *
 * Its arguments are commands, separated by a lone comma and carried out in order:
 *
 *     payload to /report , env , fds , on HUP reboot , pause
 *
 * What a verb shows goes to standard output as plain lines; a verb that tries something prints
 * "VERB ok" or "VERB errno NAME". When the commands run out it exits 0.
 */
#include "payload.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

typedef struct Verb {
    const char *name;
    int n_args;
    void (*run)(char **args);
} Verb;

/* What a signal is answered with; indexed by its number. */
static const char *answers[64];

void result(const char *verb, bool good)
{
    if (good)
        printf("%s ok\n", verb);
    else
        printf("%s errno %s\n", verb, strerrorname_np(errno));
    fflush(stdout);
}

static void copy_file(const char *path)
{
    char buffer[65536];
    ssize_t n;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        printf("cat errno %s\n", strerrorname_np(errno));
        return;
    }
    while ((n = read(fd, buffer, sizeof buffer)) > 0)
        fwrite(buffer, 1, (size_t)n, stdout);
    close(fd);
    fflush(stdout);
}

/* ---- the end ------------------------------------------------------------------------------- */

static void end(const char *how)
{
    if (!strcmp(how, "reboot"))
        reboot(RB_AUTOBOOT);
    else if (!strcmp(how, "poweroff"))
        reboot(RB_POWER_OFF);
    else if (!strcmp(how, "halt"))
        reboot(RB_HALT_SYSTEM);
    else
        exit(atoi(how));
    result(how, false);
}

static void do_exit(char **args)
{
    end(args[0]);
}

static void do_reboot(char **args)
{
    (void)args;
    end("reboot");
}

static void do_poweroff(char **args)
{
    (void)args;
    end("poweroff");
}

static void do_halt(char **args)
{
    (void)args;
    end("halt");
}

static void do_abort(char **args)
{
    (void)args;
    abort();
}

/* ---- signals ------------------------------------------------------------------------------- */

static int signal_number(const char *name)
{
    for (int i = 1; i < SIGRTMIN; i++)
        if (sigabbrev_np(i) && !strcmp(sigabbrev_np(i), name))
            return i;
    if (!strncmp(name, "RTMIN+", 6))
        return SIGRTMIN + atoi(name + 6);
    return atoi(name);
}

/* on SIGNAL ANSWER: reboot, poweroff, halt, ignore, say or an exit code. Taken by pause. */
static void do_on(char **args)
{
    int number = signal_number(args[0]);
    sigset_t set;

    answers[number] = args[1];
    if (!strcmp(args[1], "ignore")) {
        signal(number, SIG_IGN);
        return;
    }
    sigemptyset(&set);
    sigaddset(&set, number);
    sigprocmask(SIG_BLOCK, &set, NULL);
}

/* Waits for signals for ever; TERM ends it with 0 unless it was given another answer. */
static void do_pause(char **args)
{
    static const char *const term[] = { "TERM", "0" };
    sigset_t set;

    (void)args;
    if (!answers[SIGTERM])
        do_on((char **)term);
    sigemptyset(&set);
    for (int i = 1; i < 64; i++)
        if (answers[i] && strcmp(answers[i], "ignore") != 0)
            sigaddset(&set, i);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    for (;;) {
        int number = sigwaitinfo(&set, NULL);
        if (number == SIGCHLD) {
            while (waitpid(-1, NULL, WNOHANG) > 0)
                continue;
        } else if (number > 0 && !strcmp(answers[number], "say")) {
            printf("signal %d\n", number);
            fflush(stdout);
        } else if (number > 0) {
            end(answers[number]);
        }
    }
}

/* ---- showing ------------------------------------------------------------------------------- */

static void do_say(char **args)
{
    puts(args[0]);
    fflush(stdout);
}

static void do_cat(char **args)
{
    copy_file(args[0]);
}

static void do_env(char **args)
{
    (void)args;
    for (char **e = environ; *e; e++)
        puts(*e);
    fflush(stdout);
}

static void show_links(const char *folder)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;

    while (dir && (entry = readdir(dir))) {
        char path[512], target[512];
        ssize_t n;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        n = readlink(path, target, sizeof target - 1);
        if (n < 0 || (!strcmp(folder, "/proc/self/fd") && atoi(entry->d_name) == dirfd(dir)))
            continue;
        target[n] = '\0';
        printf("%s %s\n", entry->d_name, target);
    }
    if (dir)
        closedir(dir);
    fflush(stdout);
}

static void do_fds(char **args)
{
    (void)args;
    show_links("/proc/self/fd");
}

static void do_ns(char **args)
{
    (void)args;
    show_links("/proc/self/ns");
}

static void do_ids(char **args)
{
    gid_t groups[64];
    int n = getgroups(64, groups);

    (void)args;
    printf("uid %d gid %d groups", getuid(), getgid());
    for (int i = 0; i < n; i++)
        printf(" %d", groups[i]);
    printf("\npid %d ppid %d sid %d pgid %d\n", getpid(), getppid(), getsid(0), getpgrp());
    fflush(stdout);
}

static void do_host(char **args)
{
    struct utsname name;

    (void)args;
    uname(&name);
    printf("%s %s\n", name.nodename, name.machine);
    fflush(stdout);
}

static void do_cwd(char **args)
{
    char path[4096];

    (void)args;
    puts(getcwd(path, sizeof path) ? path : "none");
    fflush(stdout);
}

static char type_letter(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFDIR:
        return 'd';
    case S_IFLNK:
        return 'l';
    case S_IFCHR:
        return 'c';
    case S_IFBLK:
        return 'b';
    case S_IFIFO:
        return 'p';
    case S_IFSOCK:
        return 's';
    default:
        return '-';
    }
}

/* One line per file below `folder`, not crossing mounts: path, type, mode, owner, device, target.
 */
static void show_tree(const char *folder, dev_t device)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;

    while (dir && (entry = readdir(dir))) {
        char path[1024], target[512] = "";
        struct stat st;
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (lstat(path, &st) < 0)
            continue;
        if (S_ISLNK(st.st_mode) && readlink(path, target, sizeof target - 1) < 0)
            continue;
        printf("%s %c %04o %d:%d %u:%u %s\n", path, type_letter(st.st_mode), st.st_mode & 07777,
               st.st_uid, st.st_gid, major(st.st_rdev), minor(st.st_rdev), target);
        if (S_ISDIR(st.st_mode) && st.st_dev == device)
            show_tree(path, device);
    }
    if (dir)
        closedir(dir);
}

static void do_tree(char **args)
{
    struct stat st;

    if (stat(args[0], &st) == 0)
        show_tree(args[0], st.st_dev);
    fflush(stdout);
}

/* ---- trying -------------------------------------------------------------------------------- */

/* Sends all further output to a file, made anew. */
static void do_to(char **args)
{
    int fd = open(args[0], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    fflush(stdout);
    if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0)
        exit(99);
    close(fd);
}

static void do_open(char **args)
{
    int fd = open(args[0], O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

    result("open", fd >= 0);
    if (fd >= 0)
        close(fd);
}

static void do_write(char **args)
{
    int fd = open(args[0], O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    bool good = fd >= 0 && write(fd, args[1], strlen(args[1])) == (ssize_t)strlen(args[1]);

    result("write", good);
    if (fd >= 0)
        close(fd);
}

/* Makes an empty file and says nothing: the sign that what was shown is complete. */
static void do_mark(char **args)
{
    int fd;

    fflush(stdout);
    fd = open(args[0], O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0)
        exit(95);
    close(fd);
}

/* mknod PATH c|b MAJOR MINOR */
static void do_mknod(char **args)
{
    mode_t type = args[1][0] == 'b' ? S_IFBLK : S_IFCHR;

    result("mknod", mknod(args[0], type | 0600,
                          makedev((unsigned)atoi(args[2]), (unsigned)atoi(args[3]))) == 0);
}

static void do_umount(char **args)
{
    result("umount", umount2(args[0], MNT_DETACH) == 0);
}

/* Takes the read-only flag off a mount. */
static void do_remount_rw(char **args)
{
    result("remount-rw", mount(NULL, args[0], NULL, MS_REMOUNT | MS_BIND, NULL) == 0);
}

/* mount TYPE OPTIONS PATH */
static void do_mount(char **args)
{
    result("mount", mount("none", args[2], args[0], 0, args[1]) == 0);
}

static void do_bind(char **args)
{
    result("bind", mount(args[0], args[1], NULL, MS_BIND, NULL) == 0);
}

static void do_mkdir(char **args)
{
    result("mkdir", mkdir(args[0], 0755) == 0);
}

/* Reads what is left in an inherited descriptor. */
static void do_fdread(char **args)
{
    char buffer[4096];
    ssize_t n = read(atoi(args[0]), buffer, sizeof buffer);

    if (n < 0)
        result("fdread", false);
    else
        printf("fdread %.*s\n", (int)n, buffer);
    fflush(stdout);
}

/* Touches that many MiB, in a child so that the OOM killer need not take init. */
static void do_eat(char **args)
{
    size_t size = (size_t)atoi(args[0]) << 20;
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED)
            _exit(1);
        for (size_t i = 0; i < size; i += 4096)
            memory[i] = 1;
        _exit(0);
    }
    while (waitpid(child, &status, 0) != child)
        continue;
    printf("eat %s %d\n", WIFSIGNALED(status) ? "signal" : "exit",
           WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    fflush(stdout);
}

/* forks COUNT: that many children that wait; stops at the first that fails. */
static void do_forks(char **args)
{
    int made = 0;

    fflush(stdout);
    while (made < atoi(args[0])) {
        pid_t child = fork();
        if (child == 0)
            for (;;)
                pause();
        if (child < 0)
            break;
        made++;
    }
    printf("forks %d%s\n", made, made < atoi(args[0]) ? " stopped" : "");
    fflush(stdout);
}

/* ---- talking ------------------------------------------------------------------------------- */

/* flood BYTES: numbered lines of 16 bytes, so that loss and disorder show. */
static void do_flood(char **args)
{
    long lines = atol(args[0]) / 16;

    for (long i = 0; i < lines; i++)
        printf("%015ld\n", i);
    fflush(stdout);
}

/* Waits until the file is there. */
static void do_wait(char **args)
{
    struct stat st;

    while (stat(args[0], &st) < 0)
        poll(NULL, 0, 5);
}

/* Any system call by its number, with three arguments, made by a child that ends with it. */
static void do_syscall(char **args)
{
    long words[4];
    pid_t child;

    for (int i = 0; i < 4; i++)
        words[i] = (long)strtoul(args[i], NULL, 0);
    fflush(stdout);
    child = fork();
    if (child == 0) {
        pid_t self = getpid();
        bool good = syscall(words[0], words[1], words[2], words[3]) >= 0;

        if (getpid() == self) /* it may have made another */
            result(args[0], good);
        _exit(0);
    }
    (void)waitpid(child, NULL, 0); /* it has said all there is */
}

/* A sysv init's ear: takes one request from /run/initctl; 0 powers off, 6 reboots. */
static void do_initctl(char **args)
{
    /* magic, command, run level, ... : 384 bytes in all */
    int request[96] = { 0 };
    int fd;

    (void)args;
    unlink("/run/initctl");
    if (mkfifo("/run/initctl", 0600) < 0)
        exit(97);
    fd = open("/run/initctl", O_RDWR | O_CLOEXEC);
    puts("initctl ready");
    fflush(stdout);
    if (fd < 0 || read(fd, request, sizeof request) < 12)
        exit(96);
    printf("initctl level %c\n", request[2]);
    fflush(stdout);
    end(request[2] == '6' ? "reboot" : "poweroff");
}

static const Verb verbs[] = {
    {"abort",           0, do_abort         },
    { "affinity",       0, do_affinity      },
    { "bind",           2, do_bind          },
    { "cat",            1, do_cat           },
    { "cwd",            0, do_cwd           },
    { "eat",            1, do_eat           },
    { "device-program", 2, do_device_program},
    { "echo",           0, do_echo          },
    { "env",            0, do_env           },
    { "exit",           1, do_exit          },
    { "fdread",         1, do_fdread        },
    { "fds",            0, do_fds           },
    { "flood",          1, do_flood         },
    { "forks",          1, do_forks         },
    { "fuse",           1, do_fuse          },
    { "halt",           0, do_halt          },
    { "hangup",         1, do_hangup        },
    { "host",           0, do_host          },
    { "ids",            0, do_ids           },
    { "initctl",        0, do_initctl       },
    { "inject",         1, do_inject        },
    { "keyring",        0, do_keyring       },
    { "mark",           1, do_mark          },
    { "mkdir",          1, do_mkdir         },
    { "mknod",          4, do_mknod         },
    { "mount",          3, do_mount         },
    { "new-groups",     0, do_new_groups    },
    { "notify",         1, do_notify        },
    { "notify-after",   1, do_notify_after  },
    { "notify-much",    1, do_notify_much   },
    { "ns",             0, do_ns            },
    { "on",             2, do_on            },
    { "open",           1, do_open          },
    { "pause",          0, do_pause         },
    { "poweroff",       0, do_poweroff      },
    { "project",        1, do_project       },
    { "ptmx",           0, do_ptmx          },
    { "reboot",         0, do_reboot        },
    { "remount-rw",     1, do_remount_rw    },
    { "run",            1, do_run           },
    { "say",            1, do_say           },
    { "subvolume",      1, do_subvolume     },
    { "swap",           2, do_swap          },
    { "syscall",        4, do_syscall       },
    { "sysinfo",        1, do_sysinfo       },
    { "tap",            1, do_tap           },
    { "to",             1, do_to            },
    { "tree",           1, do_tree          },
    { "tty",            0, do_tty           },
    { "umount",         1, do_umount        },
    { "wait",           1, do_wait          },
    { "write",          2, do_write         },
};

static const Verb *verb_find(const char *name)
{
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (!strcmp(verbs[i].name, name))
            return &verbs[i];
    return NULL;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc;) {
        const Verb *verb = verb_find(argv[i]);
        if (!verb || i + verb->n_args >= argc) {
            fprintf(stderr, "payload: '%s' is no verb or lacks arguments\n", argv[i]);
            return 64;
        }
        verb->run(argv + i + 1);
        i += 1 + verb->n_args;
        if (i < argc && strcmp(argv[i], ",") == 0)
            i++;
    }
    return 0;
}
