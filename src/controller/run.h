// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * One run of one container, as its controller sees it: what came from the daemon, and what the
 * steps made so far. The container's first process starts with a copy of it.
 */
#pragma once

#include "control-xdr.h"
#include "controller/step.h"
#include "kernel/cgroup.h"
#include "kernel/device-set.h"
#include "plan-xdr.h"

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

typedef struct RunConsole {
    ControlHandoverConsole kept; /* survives a reboot */
    int slave;
    int mount; /* a detached mount of the slave, for the container's /dev */
} RunConsole;

/* The files with limits in them: see view.c. */
typedef struct RunView {
    int fd;          /* the FUSE connection, */
    int mount;       /* its mount, */
    uint64_t device; /* and st_dev of all that is in it */
    bool limits_processors;
} RunView;

struct Run {
    Plan plan;
    char *socket_name;
    char *fail_step; /* NULL: none */
    bool restart;    /* consoles, links, namespaces and groups are there already */

    int daemon_fd; /* -1: no daemon at the moment */
    int listen_fd;
    int state_dir_fd;
    int plan_fd;
    int controller_fd;
    int monitor_fd;
    int view_program_fd;
    int image_program_fd;
    int *passed; /* become 3, 4, ... of init */
    size_t n_passed;

    uint64_t log_max_size; /* of consoles' logs */
    unsigned log_max_backups;
    GArray *closed; /* HostPlaces that the container can change */
    RunConsole *consoles;
    size_t n_consoles;
    DeviceSet *devices;
    GArray *images; /* ControlHandoverImages, which outlast a reboot; see image.c */
    Cgroup *cgroup;
    int freezer_fd; /* "tasks" of the group in the v1 freezer, which init and builder join */

    pid_t helper_pid;  /* clones init in namespaces that are kept: see namespace.c */
    pid_t builder_pid; /* makes the tree where init must not: see tree.c */
    int builder_fd;    /* what it has to report */
    int userns_fd;
    int netns_fd;
    int host_mounts_fd; /* the host's mount namespace, while we are out of it */
    int *shares;        /* one per plan.shares: another's namespace; NULL: not opened */
    int own_spaces[3];  /* of the host, while we are in shared ones: see share.c */
    int host_time_fd;   /* the host's clocks, while our children get others */
    bool has_clocks;    /* the container's, which began at */
    int64_t born;       /* this second of the host's boot clock */
    int *sources;       /* one per plan.mounts: a detached mount, or -1 */
    RunView view;
    int calls_fd;  /* listener of the system calls that the view answers; -1: none */
    int notify_fd; /* where init says that it is ready; -1: it is not asked */

    pid_t init_pid;
    int init_pidfd;
    int init_fd;  /* controller's end of the talk with helper and init */
    int inner_fd; /* their end */
    int root_fd;  /* in who builds the tree: its root, */
    int files_fd; /* and what generated files are in */
    int proc_fd;  /* in init: the host's /proc, for its label */

    bool error_is_named; /* it came from init, with the name of init's step before it */

    uint64_t started; /* microseconds of CLOCK_MONOTONIC */
    unsigned quick_ends;
};

/* All descriptors -1. */
void run_init(Run *run);

/* Decodes run->plan from run->plan_fd, and takes memory for what is per mount and per console. */
bool run_load_plan(Run *run, GError **err);

bool run_has_mount(const Run *run, PlanMountKind kind);

/* True when init cannot be cloned by the controller itself: namespaces of the last run are kept. */
bool run_needs_helper(const Run *run);

/* True when init does not build its tree itself: see tree.c. */
bool run_has_builder(const Run *run);

/* Carries the plan out; on failure nothing is left. */
bool run_start(Run *run, GError **err);

/* The names of all steps, one a line: what the fault test goes through. */
void run_print_steps(void);
void tree_print_steps(void);
void init_print_steps(void);

/* Of an init that is ending: *err becomes its reason. False, and *err as it was: it has none. */
bool init_tells_why(Run *run, GError **err);

/* False with `what` and errno; when init is just ending, with its own reason. */
bool fail_on_init(Run *run, const char *what, GError **err);

/* For init: the next word of controller or builder. */
bool init_await(const Run *run, ControlKind kind, GError **err);

/* What the container's first process does; never returns. */
void init_main(Run *run) G_GNUC_NORETURN;

/* ---- steps that have files of their own ---- */

void consoles_init(Run *run); /* none is open */
bool consoles_open(Run *run, GError **err);
void consoles_close(Run *run);
/* CLONE_NEW* for PLAN_NS_*. */
uint64_t namespace_flags(uint32_t namespaces);
/* The calling process enters the names, IPC and network of init that are the container's own, and
 * the CLONE_NEW* in `more`; it keeps the host's users. */
bool namespace_join_init(const Run *run, int more, GError **err);
bool shares_open(Run *run, GError **err);
void shares_close(Run *run);
bool shares_enter(Run *run, GError **err);
bool shares_leave(Run *run, GError **err);
/* CLONE_NEW* of the namespaces that are shared. */
int shares_clone_flags(const Plan *plan);
bool clock_set(Run *run, GError **err);   /* of children to come; */
bool clock_leave(Run *run, GError **err); /* no longer */
bool namespace_create(Run *run, GError **err);
void namespace_undo(Run *run);
bool images_open(Run *run, GError **err);
void images_close(Run *run);
/* A detached mount of what plan.mounts[index] has in its device; *ret_fd stays -1 if that is
 * missing, and may be. */
bool images_mount(const Run *run, uint32_t index, int *ret_fd, GError **err);
/* A symlink is where a container could have made it, or an endless one. */
bool source_fail_way(const PlanMount *mount, const char *path, int errnum, GError **err);
bool sources_open(Run *run, GError **err);
bool sources_map(Run *run, GError **err);
void sources_close(Run *run);
/* Whether the ids of what `fd` shows are to be mapped, and how that is done for it. `path` is what
 * it is a mount of, for the message. */
bool source_wants_map(const Run *run, const PlanMount *mount, int fd);
bool source_map(const Run *run, const PlanMount *mount, const char *path, int fd, GError **err);
/* Puts the layers together; with a user namespace that must be there. *ret_fd stays when there is
 * nothing to be seen, and need not be. */
bool overlay_make(const Run *run, const PlanMount *mount, int *ret_fd, GError **err);
bool init_create(Run *run, GError **err);
void init_undo(Run *run);
bool init_map(Run *run, GError **err);
bool view_make(Run *run, GError **err);
void view_close(Run *run);
void view_serve(const Run *run,
                int until_fd);     /* who builds the tree, until it has something to say */
int view_describe(const Run *run); /* for virtlxc-view; -1: errno */
bool notify_open(Run *run, GError **err);
void notify_close(Run *run);
bool limits_set(Run *run, GError **err);    /* of the process init */
bool sysctls_write(Run *run, GError **err); /* of the namespaces, links included */
bool builder_start(Run *run, GError **err);
bool builder_finish(Run *run, GError **err); /* its tree stands; before that init is not to go on */
void builder_undo(Run *run);

/* ---- errors between processes ---- */

bool send_error(int sock, ControlKind kind, const GError *why);
bool fail_control(GError **err, const ControlError *error);
