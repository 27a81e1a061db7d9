// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The daemon's end of the talk with one container's controller (src/plan/control.x). Main loop
 * only; every call returns at once and answers come through the events.
 */
#pragma once

#include "base/poller.h"
#include "plan-xdr.h"

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

typedef struct ControllerLink ControllerLink;

/* How a container's run ended, as its init or the controller's death told it. */
typedef enum ControllerExit {
    CONTROLLER_EXIT_STATUS,         /* init exited; `status` is its exit code */
    CONTROLLER_EXIT_SIGNAL,         /* init was killed by signal `status` */
    CONTROLLER_EXIT_POWEROFF,       /* reboot(2) from inside, power off or halt */
    CONTROLLER_EXIT_RESTART_FAILED, /* a reboot was asked for and could not be carried out */
} ControllerExit;

typedef struct ControllerRunning {
    pid_t controller_pid;
    pid_t init_pid;
    bool ready;           /* its init has said so before, see below */
    char **console_paths; /* host side of each console, /dev/pts/N; NULL-terminated */
} ControllerRunning;

typedef struct ControllerEvents {
    /* Init exists and waits; make the links, then call controller_link_links_done. */
    void (*links)(ControllerLink *link, pid_t init_pid, void *data);
    /* Init has been executed. Also the answer to a connect: the container as it is now. */
    void (*running)(ControllerLink *link, const ControllerRunning *running, void *data);
    /* The start failed and everything the controller made is gone; err is the callee's to copy. */
    void (*failed)(ControllerLink *link, const GError *err, void *data);
    /* The container rebooted from inside and runs again. */
    void (*rebooted)(ControllerLink *link, const ControllerRunning *running, void *data);
    /* Its init says that the system is started. */
    void (*ready)(ControllerLink *link, void *data);
    /* Sent once; the controller has taken its part down and goes away. */
    void (*exited)(ControllerLink *link, ControllerExit how, int status, void *data);
    /* The controller vanished without having said any of the two above. */
    void (*lost)(ControllerLink *link, void *data);
} ControllerEvents;

/* The sealed copies of the programs in a directory; made once per daemon. */
typedef struct ControllerImages ControllerImages;
bool controller_images_load(const char *dir, ControllerImages **ret_images, GError **err);
void controller_images_free(ControllerImages *images);

typedef struct ControllerLaunch {
    Poller *poller; /* borrowed until the link is freed */
    const ControllerImages *images;
    const Plan *plan;
    const int *fds; /* become 3, 4, ... of init; borrowed */
    size_t n_fds;
    int state_dir_fd;     /* where UUID.sock is made, for the next daemon */
    const char *log_path; /* NAME.log, appended; standard error of the controller; may be NULL */
    uint64_t console_log_max_size; /* bytes; 0: logs are never rotated */
    unsigned console_log_max_backups;
    const char *fail_step; /* for the fault test: this step fails on purpose; NULL otherwise */
} ControllerLaunch;

/* A controller that waits for its order, and the order to start its container. */
bool controller_link_spawn(const ControllerLaunch *launch, const ControllerEvents *events,
                           void *data, ControllerLink **ret_link, GError **err);
bool controller_link_start(ControllerLink *link, const ControllerLaunch *launch, GError **err);

/* Finds the controller of a container again, by its socket in the state directory. False with
 * NO_DOMAIN when nobody is there. `running` follows as an event. */
typedef struct ControllerAddress {
    Poller *poller; /* borrowed until the link is freed */
    int state_dir_fd;
    const uint8_t *uuid; /* 16 bytes, borrowed */
} ControllerAddress;

bool controller_link_connect(const ControllerAddress *where, const ControllerEvents *events,
                             void *data, ControllerLink **ret_link, GError **err);

void controller_link_free(ControllerLink *link); /* hangs up; the container lives on */
pid_t controller_link_pid(const ControllerLink *link);

/* Answers `links`; err NULL: go on. Else the start fails with it (borrowed). */
void controller_link_links_done(ControllerLink *link, const GError *err);

/*
 * A socket, not blocking, with what passes a console. `opened` gets the descriptor (the callee's)
 * and what the console printed while nobody looked, or an error. All who open a console get the
 * same socket.
 */
typedef void ControllerConsoleOpened(int fd, GBytes *backlog, const GError *err, void *data);
void controller_link_console_open(ControllerLink *link, unsigned index,
                                  ControllerConsoleOpened *opened, void *data);
void controller_link_console_close(ControllerLink *link, unsigned index);

/* Starts taking the container down: kills the group, the exit is reported as an event. */
bool controller_link_kill(ControllerLink *link, GError **err);

/* When that has no effect: kills the controller itself, which is reported as `lost`. */
bool controller_link_kill_controller(ControllerLink *link, GError **err);
