// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * THE list of what starts a container, seen from outside of it. The other half, inside, is in
 * init.c. There are two barriers: go, and ready-or-error.
 */
#include "controller/run.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/process.h"
#include "base/text.h"
#include "controller/step.h"
#include "kernel/idmap.h"
#include "kernel/mount.h"
#include "plan/message.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* How long a process that has given its namespaces up may take to be gone. */
#define ENDING_MS 500

void run_init(Run *run)
{
    *run = (Run){ .daemon_fd = -1, .listen_fd = -1, .state_dir_fd = -1, .plan_fd = -1 };
    run->controller_fd = run->monitor_fd = run->view_program_fd = -1;
    run->image_program_fd = -1;
    run->view = (RunView){ .fd = -1, .mount = -1 };
    run->calls_fd = run->notify_fd = -1;
    run->userns_fd = run->netns_fd = run->host_mounts_fd = run->builder_fd = -1;
    run->host_time_fd = run->files_fd = -1;
    run->own_spaces[0] = run->own_spaces[1] = run->own_spaces[2] = -1;
    run->freezer_fd = -1;
    run->init_pidfd = run->init_fd = run->inner_fd = run->root_fd = run->proc_fd = -1;
}

/* ---- the plan ---- */

static bool decode_plan(Run *run, GError **err)
{
    struct stat info;
    XdrEnd end;
    XdrStatus status;
    void *data;

    if (fstat(run->plan_fd, &info) < 0 || info.st_size == 0)
        return fail(err, ERR(LXC, INTERNAL_ERROR), _("the daemon sent no plan of the container"));
    data = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, run->plan_fd, 0);
    if (data == MAP_FAILED)
        return fail_errno(err, errno, _("cannot read the plan"));
    status = xdr_decode(&plan_xdr, data, (size_t)info.st_size, &run->plan, &end);
    (void)munmap(data, (size_t)info.st_size); /* the process is short-lived at worst */
    if (status != XDR_OK)
        return fail(err, ERR(LXC, INTERNAL_ERROR), _("cannot decode the plan: %s in '%s'"),
                    xdr_status_text(status), end.field);
    return true;
}

bool run_load_plan(Run *run, GError **err)
{
    if (!decode_plan(run, err))
        return false;
    run->sources = g_new(int, run->plan.mounts.len + 1);
    for (uint32_t i = 0; i < run->plan.mounts.len; i++)
        run->sources[i] = -1;
    consoles_init(run);
    run->devices = device_set_new(&run->plan);
    run->images = g_array_new(FALSE, FALSE, sizeof(ControlHandoverImage));
    return true;
}

bool run_has_mount(const Run *run, PlanMountKind kind)
{
    for (uint32_t i = 0; i < run->plan.mounts.len; i++)
        if (run->plan.mounts.items[i].kind == kind)
            return true;
    return false;
}

bool run_needs_helper(const Run *run)
{
    return run->restart && (run->userns_fd >= 0 || run->netns_fd >= 0);
}

bool run_has_builder(const Run *run)
{
    return run->plan.namespaces & PLAN_NS_USER;
}

/* ---- cgroup ---- */

static bool cgroup_make(Run *run, GError **err)
{
    return cgroup_create(&run->plan.cgroup, &run->cgroup, err) &&
           cgroup_step_aside(run->cgroup, run->restart ? NULL : &run->plan.cgroup, err);
}

static void cgroup_undo(Run *run)
{
    g_autoptr(GError) why = NULL;

    if (run->cgroup && !cgroup_clear(run->cgroup, &why))
        g_printerr("%s\n", why->message);
    g_clear_pointer(&run->cgroup, cgroup_free);
}

/* ---- devices ---- */

static bool devices_find(Run *run, GError **err)
{
    for (uint32_t i = 0; i < run->plan.host_nodes.len; i++) {
        const PlanHostNode *node = &run->plan.host_nodes.items[i];

        if (node->kind == PLAN_HOST_NODE_VOLUME)
            return fail(err, ERR(LXC, INTERNAL_ERROR), _("the daemon did not find the volume '%s'"),
                        node->source);
        if (node->kind != PLAN_HOST_NODE_IMAGE && !device_set_find(run->devices, node, err))
            return false;
    }
    for (uint32_t i = 0; i < run->plan.usb.len; i++)
        if (!device_set_find_usb(run->devices, &run->plan.usb.items[i], err))
            return false;
    return true;
}

/* Over a reboot too: numbers of the host's devices may be others by now, as nodes in /dev are. */
static bool devices_allow(Run *run, GError **err)
{
    const GArray *rules = run->devices->rules;

    return cgroup_apply_devices(run->cgroup, (const PlanDeviceRule *)rules->data, rules->len, err);
}

/* ---- resources ---- */

/*
 * Live changes of the limits outlast a reboot: they are in the groups, not in the plan. The group
 * that the processes are in is a new one.
 */
static bool resources_apply(Run *run, GError **err)
{
    return run->restart ? cgroup_copy_settings(run->cgroup, err)
                        : cgroup_apply_settings(run->cgroup, &run->plan.cgroup, err);
}

/* We join, so that init is born inside, and leave once it is there. See cgroup_join. */
static bool groups_join(Run *run, GError **err)
{
    return cgroup_open_freezer(run->cgroup, &run->freezer_fd, err) &&
           cgroup_join(run->cgroup, err) &&
           cgroup_give(run->cgroup, idmap_root_uid(&run->plan), idmap_root_gid(&run->plan), err);
}

static void groups_leave(Run *run)
{
    g_autoptr(GError) why = NULL;

    fd_close(fd_steal(&run->freezer_fd));
    if (run->cgroup && !cgroup_leave(run->cgroup, &why))
        g_printerr("%s\n", why->message);
}

/* The last that is born in the groups. */
static bool builder_begin(Run *run, GError **err)
{
    if (!builder_start(run, err))
        return false;
    fd_close(fd_steal(&run->freezer_fd));
    return cgroup_leave(run->cgroup, err);
}

/* ---- an init that is ending ---- */

/* Takes over the reason of an init that has given one. */
static bool take_reason(Run *run, GError **err)
{
    Message message = { 0 };

    if (message_receive(run->init_fd, &message) <= 0)
        return false;
    g_clear_error(err);
    fail_control(err, &message.body.error);
    run->error_is_named = true;
    message_clear(&message);
    return true;
}

/* An init that ends waits for the builder to be reaped, which is in its pid namespace. */
bool init_tells_why(Run *run, GError **err)
{
    builder_undo(run);
    return process_wait_end(run->init_pidfd, ENDING_MS) && take_reason(run, err);
}

/* What we do to init fails when it is just ending; then its own reason is the one to tell. */
bool fail_on_init(Run *run, const char *what, GError **err)
{
    int errnum = errno;

    return init_tells_why(run, err) ? false : fail_errno(err, errnum, "%s", what);
}

/* ---- links ---- */

static bool open_netns(Run *run, GError **err)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/ns/net", (int)run->init_pid);

    if (!(run->plan.namespaces & PLAN_NS_NET) || run->netns_fd >= 0)
        return true;
    run->netns_fd = open(path, O_RDONLY | O_CLOEXEC);
    if (run->netns_fd < 0)
        return fail_on_init(run, _("cannot open the network namespace of init"), err);
    return true;
}

static bool await_links(Run *run, GError **err)
{
    Message message = { 0 };
    int got = message_receive(run->daemon_fd, &message);
    bool fine = got > 0 && message.kind == CONTROL_LINKS_DONE && message.body.error.code == 0;

    if (got > 0 && message.kind == CONTROL_KILL)
        fail(err, ERR(LXC, OPERATION_ABORTED), _("the container was destroyed while it started"));
    else if (got <= 0 || message.kind != CONTROL_LINKS_DONE)
        fail(err, ERR(LXC, OPERATION_FAILED), _("the daemon hung up before the links were made"));
    else if (!fine)
        fail_control(err, &message.body.error);
    message_clear(&message);
    return fine;
}

/* They are the daemon's to make; they outlast a reboot with their namespace. */
static bool links_make(Run *run, GError **err)
{
    ControlRunning ask = { .init_pid = run->init_pid };

    if (!open_netns(run, err))
        return false;
    if (run->restart || run->plan.links.len == 0)
        return true;
    if (!message_send(run->daemon_fd, CONTROL_LINKS, &ask, NULL, 0))
        return fail_errno(err, errno, _("cannot ask the daemon for the links"));
    return await_links(run, err);
}

/* Init works on its tree meanwhile. If that failed, then no link can be made, and its reason
 * counts. */
static bool links_ask(Run *run, GError **err)
{
    struct pollfd words = { run->init_fd, POLLIN, 0 };

    if (links_make(run, err))
        return true;
    if (!run->error_is_named && poll(&words, 1, 0) > 0)
        (void)take_reason(run, err); /* else it is the links' */
    return false;
}

static void links_forget(Run *run)
{
    fd_close(fd_steal(&run->netns_fd)); /* the last holder takes the links along */
}

/* ---- go ---- */

/* As message_receive, of init. Before it is what the user named it may give the listener away. */
static int hear_init(Run *run, Message *ret_message)
{
    for (;;) {
        int got;

        view_serve(run, run->init_fd);
        got = message_receive(run->init_fd, ret_message);
        if (got < 0 && errno == ECONNRESET) /* it ended before it read "go": its words come next */
            got = message_receive(run->init_fd, ret_message);
        if (got <= 0 || ret_message->kind != CONTROL_CALLS)
            return got;
        run->calls_fd = message_take_fd(ret_message, 0);
        message_clear(ret_message);
    }
}

static void calls_forget(Run *run)
{
    fd_close(fd_steal(&run->calls_fd));
}

/* Init says nothing when it is well: its end of the socket closes as the program is executed. */
static bool init_go(Run *run, GError **err)
{
    Message message = { 0 };
    int got;

    if (!builder_finish(run, err))
        return false;
    if (!message_send(run->init_fd, CONTROL_GO, NULL, NULL, 0) && errno != EPIPE)
        return fail_errno(err, errno, _("cannot talk to init"));
    got = hear_init(run, &message);
    if (got == 0)
        return true;
    if (got < 0)
        return fail_errno(err, errno, _("cannot talk to init"));
    fail_control(err, &message.body.error);
    run->error_is_named = true;
    message_clear(&message);
    return false;
}

/* ---- the list ---- */

static const Step start_steps[] = {
    {"consoles",      consoles_open,    consoles_close},
    { "cgroup",       cgroup_make,      cgroup_undo   },
    { "devices",      devices_find,     NULL          },
    { "images",       images_open,      images_close  },
    { "device-rules", devices_allow,    NULL          },
    { "sources",      sources_open,     sources_close },
    { "view",         view_make,        view_close    },
    { "notify",       notify_open,      notify_close  },
    { "join",         groups_join,      groups_leave  },
    { "shares",       shares_open,      shares_close  },
    { "namespaces",   namespace_create, namespace_undo},
    { "init",         init_create,      init_undo     },
    { "idmap",        init_map,         NULL          },
    { "builder",      builder_begin,    builder_undo  },
    { "limits",       limits_set,       NULL          },
    { "resources",    resources_apply,  NULL          },
    { "links",        links_ask,        links_forget  },
    { "sysctls",      sysctls_write,    NULL          },
    { "go",           init_go,          calls_forget  },
};

bool run_start(Run *run, GError **err)
{
    bool fine =
        mount_check_kernel(err) && steps_run(start_steps, G_N_ELEMENTS(start_steps), run, err);

    sources_close(run);
    fd_close(fd_steal(&run->view.mount));
    fd_close(fd_steal(&run->init_fd));
    return fine;
}

void run_print_steps(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(start_steps); i++)
        g_print("%s\n", start_steps[i].name);
}

/* ---- errors between processes ---- */

bool send_error(int sock, ControlKind kind, const GError *why)
{
    ControlError error = { .from = error_from(why),
                           .code = error_code(why),
                           .errnum = error_errno(why),
                           .message = why->message };

    return message_send(sock, kind, &error, NULL, 0);
}

bool fail_control(GError **err, const ControlError *error)
{
    return fail_remote(err, error->from, error->code, error->errnum, error->message);
}
