// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See label.h. /proc of the container is the container's to shape: its image, its volumes or its
 * root may have put anything there, so that a label would be written to a file that nobody reads
 * and init would run without one. Hence the descriptor of the host's /proc, and hence the looks at
 * what is opened below it.
 */
#include "kernel/label.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

/* Where a model takes the label of the next program, and the word before it. */
typedef struct ExecFile {
    const char *model;
    const char *file;
    const char *word;
} ExecFile;

static const ExecFile exec_files[] = {
    {"apparmor", "thread-self/attr/apparmor/exec", "exec "},
    { "selinux", "thread-self/attr/exec",          ""     },
};

static bool is_procfs(int fd)
{
    struct statfs info;

    if (fstatfs(fd, &info) < 0)
        return false;
    errno = ENOTSUP;
    return info.f_type == PROC_SUPER_MAGIC;
}

int label_open_proc(void)
{
    autofd int fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

    return fd >= 0 && is_procfs(fd) ? fd_steal(&fd) : -1;
}

/* "thread-self" is a link, but one that is read as text. */
static int open_attribute(int proc_fd, const char *path)
{
    struct open_how how = { .flags = O_WRONLY | O_CLOEXEC,
                            .resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS };
    autofd int fd = (int)syscall(SYS_openat2, proc_fd, path, &how, sizeof how);

    return fd >= 0 && is_procfs(fd) ? fd_steal(&fd) : -1;
}

static bool write_label(int proc_fd, const ExecFile *file, const char *label)
{
    g_autofree char *text = g_strconcat(file->word, label, NULL);
    autofd int fd = open_attribute(proc_fd, file->file);

    return fd >= 0 && fd_write_full(fd, text, strlen(text));
}

bool label_set_exec(int proc_fd, const PlanLabel *label, GError **err)
{
    for (size_t i = 0; i < G_N_ELEMENTS(exec_files); i++) {
        const ExecFile *file = &exec_files[i];

        if (strcmp(file->model, label->model) != 0)
            continue;
        return write_label(proc_fd, file, label->label) ||
               fail_errno(err, errno, _("cannot take the label '%s' of '%s'"), label->label,
                          label->model);
    }
    return fail(err, ERR(SECURITY, INTERNAL_ERROR), _("no label of '%s' can be taken"),
                label->model);
}

bool label_is_wanted(const Plan *plan)
{
    for (uint32_t i = 0; i < plan->labels.len; i++)
        if (plan->labels.items[i].kind != PLAN_LABEL_NONE)
            return true;
    return false;
}

/* ---- files ----------------------------------------------------------------------------------- */

/* AppArmor goes by paths: its files have no labels. */
static const char *label_of_files(const Plan *plan)
{
    for (uint32_t i = 0; i < plan->labels.len; i++) {
        const PlanLabel *label = &plan->labels.items[i];

        if (strcmp(label->model, "selinux") == 0 && label->relabel && *label->image)
            return label->image;
    }
    return NULL;
}

/* Not mqueue: its file system is made with the IPC namespace, and cannot get a label later. */
const char *label_of_mount(const Plan *plan, const char *type)
{
    static const char *const types[] = { "tmpfs", "devpts", "fuse", "overlay" };

    for (size_t i = 0; i < G_N_ELEMENTS(types); i++)
        if (strcmp(type, types[i]) == 0)
            return label_of_files(plan);
    return NULL;
}

bool label_terminal(const Plan *plan, int fd)
{
    const char *label = label_of_files(plan);

    return !label || fsetxattr(fd, "security.selinux", label, strlen(label) + 1, 0) == 0;
}
