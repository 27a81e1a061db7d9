// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The files that show a container its limits (/proc/meminfo and others): a FUSE file system of its
 * own, made here, answered by virtlxc-view once somebody reads one. See src/view/main.c.
 *
 * Mounting single files of it asks for their names, before there is a server. The controller has
 * nothing to do while it waits for the tree: it answers them itself.
 */
#include "base/error.h"
#include "base/fd.h"
#include "base/process.h"
#include "base/text.h"
#include "base/xdr.h"
#include "controller/run.h"
#include "kernel/idmap.h"
#include "kernel/label.h"
#include "kernel/mount.h"
#include "view/facts.h"
#include "view/fuse.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/sysmacros.h>

#define USAGE_MAX (CONTROL_STRING_MAX - 1)

/* ---- is there anything to show? ---- */

static uint64_t host_memory(void)
{
    struct sysinfo info;

    return sysinfo(&info) == 0 ? (uint64_t)info.totalram * info.mem_unit : 0;
}

/* A limit that the host itself could not exceed shows nothing that it does not. */
static bool limits(const PlanSetting *setting)
{
    if (setting->knob == PLAN_KNOB_MEMORY_HARD)
        return setting->number >= 0 && (uint64_t)setting->number < host_memory();
    return (setting->knob == PLAN_KNOB_CPU_QUOTA && setting->number > 0) ||
           setting->knob == PLAN_KNOB_CPUSET_CPUS || setting->knob == PLAN_KNOB_CPUSET_COUNT;
}

static void find_limits(const PlanCgroup *cgroup, bool *ret_any, bool *ret_processors)
{
    for (uint32_t i = 0; i < cgroup->settings.len; i++) {
        const PlanSetting *setting = &cgroup->settings.items[i];
        if (!limits(setting))
            continue;
        *ret_any = true;
        *ret_processors |= setting->knob != PLAN_KNOB_MEMORY_HARD;
    }
}

/* ---- the file system ---- */

static FuseTalk talk_of(const Run *run)
{
    return (FuseTalk){
        .fd = run->view.fd,
        .uid = idmap_root_uid(&run->plan),
        .gid = idmap_root_gid(&run->plan),
    };
}

/* The kernel greets as soon as the file system is there. */
static bool greet(const Run *run)
{
    FuseTalk talk = talk_of(run);
    FuseRequest request;

    return fuse_take(run->view.fd, &request) == FUSE_REQUEST && fuse_answer_tree(&talk, &request);
}

/* Of a file system that has no server yet nothing is to be asked that is not known already. */
static bool note_device(RunView *view)
{
    struct statx info;

    if (statx(view->mount, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, 0, &info) < 0)
        return false;
    view->device = makedev(info.stx_dev_major, info.stx_dev_minor);
    return true;
}

static bool make_mount(Run *run, GError **err)
{
    g_autofree char *options =
        g_strdup_printf("source=virtlxc,subtype=virtlxc,fd=%d,rootmode=40555,user_id=0,group_id=0,"
                        "allow_other,default_permissions,ro",
                        run->view.fd);
    const MountType type = { "fuse", options, label_of_mount(&run->plan, "fuse") };

    if (!mount_new_labelled(&type, &run->view.mount, err))
        return false;
    if (!greet(run))
        return fail_errno(err, EPROTO, _("cannot agree with the kernel about FUSE"));
    return note_device(&run->view) || fail_errno(err, errno, _("cannot examine a FUSE mount"));
}

/* Without FUSE a container starts all the same, and sees the host's numbers. */
bool view_make(Run *run, GError **err)
{
    bool any = false;

    find_limits(&run->plan.cgroup, &any, &run->view.limits_processors);
    if (!any || !run_has_mount(run, PLAN_MOUNT_VIEW))
        return true;
    run->view.fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    if (run->view.fd >= 0)
        return make_mount(run, err);
    g_printerr("the limits are not shown inside: cannot open '/dev/fuse': %s\n", g_strerror(errno));
    return true;
}

void view_close(Run *run)
{
    fd_close(fd_steal(&run->view.mount));
    fd_close(fd_steal(&run->view.fd));
}

/* ---- its names, while the tree is built ---- */

void view_serve(const Run *run, int until_fd)
{
    FuseTalk talk = talk_of(run);
    struct pollfd waits[] = {
        {until_fd,      POLLIN, 0},
        { run->view.fd, POLLIN, 0},
    };
    FuseRequest request;

    while (waits[1].fd >= 0) {
        if (poll(waits, G_N_ELEMENTS(waits), -1) < 0)
            continue; /* a signal */
        if (waits[0].revents)
            return;
        if (fuse_take(run->view.fd, &request) == FUSE_ENDED)
            waits[1].fd = -1;
        else if (!fuse_answer_tree(&talk, &request))
            fuse_refuse(&talk, &request, EIO);
    }
}

/* ---- for the server ---- */

static char *place(const char *dir)
{
    return (char *)(dir ? dir : "");
}

/* After a reboot the groups have counted what the last run used. "": nothing, or too long to say.
 */
static char *read_usage(const Run *run, const char *dir)
{
    g_autofree char *v1 = g_build_filename(dir, "cpuacct.usage_all", NULL);
    g_autofree char *v2 = g_build_filename(dir, "cpu.stat", NULL);
    g_autofree char *text = NULL;

    if (run->restart &&
        (g_file_get_contents(v1, &text, NULL, NULL) ||
         g_file_get_contents(v2, &text, NULL, NULL)) &&
        strlen(text) <= USAGE_MAX)
        return g_steal_pointer(&text);
    return g_strdup("");
}

static void fill(const Run *run, ControlView *view)
{
    const Cgroup *cgroup = run->cgroup;
    const char *unified = cgroup_unified_dir(cgroup);
    const char *cpuacct = cgroup_dir(cgroup, "cpuacct");
    const char *blkio = cgroup_dir(cgroup, "blkio");

    *view = (ControlView){
        .places = {
            [CONTROL_VIEW_MEMORY] = place(cgroup_dir(cgroup, "memory")),
            [CONTROL_VIEW_CPU] = place(cgroup_dir(cgroup, "cpu")),
            [CONTROL_VIEW_CPUACCT] = place(cpuacct ? cpuacct : unified),
            [CONTROL_VIEW_CPUSET] = place(cgroup_dir(cgroup, "cpuset")),
            [CONTROL_VIEW_BLKIO] = place(blkio ? blkio : cgroup_dir(cgroup, "io")),
            [CONTROL_VIEW_PIDS] = place(cgroup_dir(cgroup, "pids")),
            [CONTROL_VIEW_UNIFIED] = place(unified),
        },
        .uid = idmap_root_uid(&run->plan),
        .gid = idmap_root_gid(&run->plan),
        .born = run->has_clocks ? run->born : 0,
        .limits_processors = run->view.limits_processors,
    };
    view->usage_before = read_usage(run, view->places[CONTROL_VIEW_CPUACCT]);
}

static bool write_view(int fd, const ControlView *view)
{
    static const FactLoad never;
    XdrBuffer encoded = { 0 };
    bool fine = xdr_encode(&control_view_xdr, view, &encoded) == XDR_OK &&
                fd_write_full(fd, &never, sizeof never) &&
                fd_write_full(fd, encoded.data, encoded.len);

    xdr_buffer_clear(&encoded);
    return fine;
}

int view_describe(const Run *run)
{
    autofd int fd = -1;
    ControlView view;
    bool fine;

    if (run->view.fd < 0)
        return -1;
    fd = memfd_create("view", MFD_CLOEXEC);
    fill(run, &view);
    fine = fd >= 0 && write_view(fd, &view);
    g_free(view.usage_before);
    return fine ? fd_steal(&fd) : -1;
}
