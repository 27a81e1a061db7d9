// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See controller-link.h. A link watches two descriptors: its socket, and a pidfd that tells when
 * the controller is gone, whoever's child it is. A child is reaped even after its link was freed.
 * Events may free the link: nothing here touches it after the last event.
 */
#include "lxc_driver/controller-link.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/process.h"
#include "base/text.h"
#include "lxc_driver/controller-images.h"
#include "plan/message.h"

#include <glib-unix.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct PendingConsole {
    unsigned index;
    ControllerConsoleOpened *opened;
    void *data;
} PendingConsole;

struct ControllerLink {
    gatomicrefcount refs;           /* the owner's, and one for each event being told */
    const ControllerEvents *events; /* borrowed */
    void *data;
    int sock; /* -1 once the controller hung up */
    PollerWatch *sock_watch;
    pid_t pid;
    int pidfd;
    PollerWatch *end_watch;
    bool ended; /* the process has */
    bool is_child;
    bool over;       /* failed, exited or lost was told, or the owner left: nothing more is */
    GQueue consoles; /* of PendingConsole, in the order they were asked for */
};

/* ---- life ---- */

static void link_unref(ControllerLink *link)
{
    if (!g_atomic_ref_count_dec(&link->refs))
        return;
    g_queue_clear_full(&link->consoles, g_free);
    fd_close(link->sock);
    fd_close(link->pidfd);
    g_free(link);
}

static void close_socket(ControllerLink *link)
{
    g_clear_pointer(&link->sock_watch, poller_unwatch);
    fd_close(fd_steal(&link->sock));
}

/* Everybody who waits for a console hears that none comes. */
static void fail_consoles(ControllerLink *link)
{
    PendingConsole *pending;

    while ((pending = g_queue_pop_head(&link->consoles))) {
        g_autoptr(GError) gone = NULL;
        fail(&gone, ERR(LXC, OPERATION_FAILED), _("the container's controller is gone"));
        pending->opened(-1, NULL, gone, pending->data);
        g_free(pending);
    }
}

/* ---- events ---- */

static void tell_running(ControllerLink *link, const ControlRunning *running,
                         void (*event)(ControllerLink *, const ControllerRunning *, void *))
{
    g_autofree char **paths = g_new0(char *, running->consoles.len + 1);
    ControllerRunning told = { link->pid, running->init_pid, running->ready, paths };

    for (uint32_t i = 0; i < running->consoles.len; i++)
        paths[i] = running->consoles.items[i];
    event(link, &told, link->data);
}

static void tell_failed(ControllerLink *link, const ControlError *error)
{
    g_autoptr(GError) why = NULL;

    link->over = true;
    fail_remote(&why, error->from, error->code, error->errnum, error->message);
    link->events->failed(link, why, link->data);
}

static void tell_exited(ControllerLink *link, const ControlExited *exited)
{
    static const ControllerExit how[] = {
        [CONTROL_EXIT_STATUS] = CONTROLLER_EXIT_STATUS,
        [CONTROL_EXIT_SIGNAL] = CONTROLLER_EXIT_SIGNAL,
        [CONTROL_EXIT_POWEROFF] = CONTROLLER_EXIT_POWEROFF,
        [CONTROL_EXIT_RESTART_FAILED] = CONTROLLER_EXIT_RESTART_FAILED,
    };
    unsigned index = (unsigned)exited->how;

    link->over = true;
    fail_consoles(link);
    link->events->exited(link, index < G_N_ELEMENTS(how) ? how[index] : CONTROLLER_EXIT_SIGNAL,
                         exited->status, link->data);
}

static void tell_lost(ControllerLink *link)
{
    link->over = true;
    fail_consoles(link);
    link->events->lost(link, link->data);
}

/* The ring's two ends in one piece. NULL: nothing was printed. */
static GBytes *read_backlog(const ControlConsole *console, int fd)
{
    g_autofree char *data = NULL;
    size_t first;

    if (fd < 0 || console->length == 0 || console->length > console->size ||
        console->start >= console->size || console->size > 1024 * 1024)
        return NULL;
    data = g_malloc(console->length);
    first = MIN(console->length, console->size - console->start);
    if (pread(fd, data, first, console->start) != (ssize_t)first ||
        pread(fd, data + first, console->length - first, 0) != (ssize_t)(console->length - first))
        return NULL;
    return g_bytes_new_take(g_steal_pointer(&data), console->length);
}

static PendingConsole *take_pending(ControllerLink *link, unsigned index)
{
    for (GList *at = link->consoles.head; at; at = at->next) {
        PendingConsole *pending = at->data;
        if (pending->index != index)
            continue;
        g_queue_delete_link(&link->consoles, at);
        return pending;
    }
    return NULL;
}

static void tell_console(ControllerLink *link, Message *message)
{
    const ControlConsole *console = &message->body.console;
    g_autofree PendingConsole *pending = take_pending(link, console->index);
    g_autoptr(GBytes) backlog = NULL;
    g_autoptr(GError) why = NULL;

    if (!pending)
        return; /* nobody waits for it any more */
    if (console->errnum || message->n_fds == 0) {
        fail_errno(&why, console->errnum, _("cannot open console %u of the container"),
                   console->index);
        pending->opened(-1, NULL, why, pending->data);
        return;
    }
    backlog = read_backlog(console, message->n_fds > 1 ? message->fds[1] : -1);
    pending->opened(message_take_fd(message, 0), backlog, NULL, pending->data);
}

static void tell(ControllerLink *link, Message *message)
{
    switch (message->kind) {
    case CONTROL_LINKS:
        link->events->links(link, message->body.running.init_pid, link->data);
        return;
    case CONTROL_RUNNING:
        tell_running(link, &message->body.running, link->events->running);
        return;
    case CONTROL_REBOOTED:
        tell_running(link, &message->body.running, link->events->rebooted);
        return;
    case CONTROL_FAILED:
        tell_failed(link, &message->body.error);
        return;
    case CONTROL_EXITED:
        tell_exited(link, &message->body.exited);
        return;
    case CONTROL_CONSOLE_OPENED:
        tell_console(link, message);
        return;
    case CONTROL_READY:
        link->events->ready(link, link->data);
        return;
    case CONTROL_START:
    case CONTROL_LINKS_DONE:
    case CONTROL_CONSOLE_OPEN:
    case CONTROL_CONSOLE_CLOSE:
    case CONTROL_KILL:
    case CONTROL_GO:
    case CONTROL_TREE:
    case CONTROL_MOUNT:
    case CONTROL_CALLS:
        log_warning("controller %d sent a message that only the daemon sends", (int)link->pid);
        return;
    }
}

/* All that waits in the socket. The caller holds a reference. */
static void receive_all(ControllerLink *link)
{
    Message message = { 0 };
    int got = 1;

    while (!link->over && link->sock >= 0 && (got = message_receive(link->sock, &message)) > 0) {
        tell(link, &message);
        message_clear(&message);
    }
    if (got == 0 || (got < 0 && errno != EAGAIN))
        close_socket(link);
}

static void on_socket(uint32_t events, void *data)
{
    ControllerLink *link = data;

    g_atomic_ref_count_inc(&link->refs);
    receive_all(link);
    if (link->over)
        close_socket(link);
    link_unref(link);
}

/* How it ended says nothing: it tells by messages. */
static void reap(const ControllerLink *link)
{
    if (link->is_child)
        (void)waitpid(link->pid, NULL, 0);
}

/* The process has ended; what it said last may still be in the socket. */
static void on_end(uint32_t events, void *data)
{
    ControllerLink *link = data;

    link->ended = true;
    g_clear_pointer(&link->end_watch, poller_unwatch);
    reap(link);
    receive_all(link);
    close_socket(link);
    if (!link->over)
        tell_lost(link);
    link_unref(link);
}

/* The same without an owner, whose poller may be gone too. */
static gboolean on_orphan_end(gint fd, GIOCondition condition, gpointer data)
{
    ControllerLink *link = data;

    reap(link);
    link_unref(link);
    return G_SOURCE_REMOVE;
}

/* ---- making ---- */

/* One reference is the owner's, one that of the wait for the end. Takes both descriptors. */
static ControllerLink *link_new(const ControllerEvents *events, void *data, int sock, int pidfd)
{
    ControllerLink *link = g_new0(ControllerLink, 1);

    g_atomic_ref_count_init(&link->refs);
    g_atomic_ref_count_inc(&link->refs);
    link->events = events;
    link->data = data;
    link->sock = sock;
    link->pidfd = pidfd;
    g_queue_init(&link->consoles);
    return link;
}

static bool link_watch(ControllerLink *link, Poller *poller, GError **err)
{
    link->sock_watch = poller_watch(poller, link->sock, EPOLLIN, on_socket, link);
    link->end_watch = poller_watch(poller, link->pidfd, EPOLLIN, on_end, link);
    if (!link->sock_watch || !link->end_watch)
        return fail_errno(err, errno, _("cannot watch controller %d"), (int)link->pid);
    return true;
}

bool controller_link_spawn(const ControllerLaunch *launch, const ControllerEvents *events,
                           void *data, ControllerLink **ret_link, GError **err)
{
    ControllerLink *link;
    int sock;
    int pidfd;
    pid_t pid;

    if (!controller_spawn(launch, &sock, &pid, &pidfd, err))
        return false;
    link = link_new(events, data, sock, pidfd);
    link->pid = pid;
    link->is_child = true;
    if (!link_watch(link, launch->poller, err)) {
        (void)process_signal(pidfd, SIGKILL); /* ours, and it has nothing to do yet */
        controller_link_free(link);
        return false;
    }
    *ret_link = link;
    return true;
}

/* One that has gone already says so by itself. */
bool controller_link_start(ControllerLink *link, const ControllerLaunch *launch, GError **err)
{
    return link->sock < 0 || controller_order(launch, link->sock, err);
}

/* The pid of who listens: a controller listens itself. */
static bool find_peer(int sock, pid_t *ret_pid, int *ret_pidfd)
{
    struct ucred peer;
    socklen_t size = sizeof peer;

    if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
        return false;
    *ret_pid = peer.pid;
    *ret_pidfd = process_open(peer.pid);
    return *ret_pidfd >= 0;
}

bool controller_link_connect(const ControllerAddress *where, const ControllerEvents *events,
                             void *data, ControllerLink **ret_link, GError **err)
{
    g_autofree char *name = controller_socket_name(where->uuid);
    autofd int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct sockaddr_un address;
    ControllerLink *link;
    int pidfd = -1;
    pid_t pid = 0;

    controller_socket_address(where->state_dir_fd, name, &address);
    if (sock < 0 || connect(sock, (struct sockaddr *)&address, sizeof address) < 0 ||
        !find_peer(sock, &pid, &pidfd))
        return fail(err, ERR(LXC, NO_DOMAIN), _("no controller answers at '%s': %s"), name,
                    g_strerror(errno));
    link = link_new(events, data, fd_steal(&sock), pidfd);
    link->pid = pid;
    if (!link_watch(link, where->poller, err)) {
        controller_link_free(link);
        return false;
    }
    *ret_link = link;
    return true;
}

void controller_link_free(ControllerLink *link)
{
    if (!link)
        return;
    link->over = true;
    close_socket(link);
    g_queue_clear_full(&link->consoles, g_free);
    if (link->is_child && !link->ended)
        g_unix_fd_add(link->pidfd, G_IO_IN, on_orphan_end, link);
    else if (!link->ended)
        link_unref(link);
    g_clear_pointer(&link->end_watch, poller_unwatch);
    link_unref(link);
}

pid_t controller_link_pid(const ControllerLink *link)
{
    return link->pid;
}

/* ---- orders ---- */

void controller_link_links_done(ControllerLink *link, const GError *err)
{
    ControlError answer = { .message = (char *)"" };

    if (err) {
        answer.from = error_from(err);
        answer.code = error_code(err);
        answer.errnum = error_errno(err);
        answer.message = err->message;
    }
    if (link->sock >= 0 && !message_send(link->sock, CONTROL_LINKS_DONE, &answer, NULL, 0))
        log_warning("controller %d does not take an answer: %s", (int)link->pid, g_strerror(errno));
}

static bool send_console(ControllerLink *link, ControlKind kind, unsigned index)
{
    ControlConsole order = { .index = index };

    return link->sock >= 0 && message_send(link->sock, kind, &order, NULL, 0);
}

void controller_link_console_open(ControllerLink *link, unsigned index,
                                  ControllerConsoleOpened *opened, void *data)
{
    PendingConsole *pending;
    g_autoptr(GError) gone = NULL;

    if (!send_console(link, CONTROL_CONSOLE_OPEN, index)) {
        fail(&gone, ERR(LXC, OPERATION_FAILED), _("the container's controller is gone"));
        opened(-1, NULL, gone, data);
        return;
    }
    pending = g_new(PendingConsole, 1);
    *pending = (PendingConsole){ index, opened, data };
    g_queue_push_tail(&link->consoles, pending);
}

void controller_link_console_close(ControllerLink *link, unsigned index)
{
    (void)send_console(link, CONTROL_CONSOLE_CLOSE, index); /* gone: it reads nothing any more */
}

bool controller_link_kill_controller(ControllerLink *link, GError **err)
{
    if (process_signal(link->pidfd, SIGKILL) || errno == ESRCH)
        return true;
    return fail_errno(err, errno, _("cannot kill controller %d"), (int)link->pid);
}

/* One that does not listen any more is killed itself, and its container with it. */
bool controller_link_kill(ControllerLink *link, GError **err)
{
    if (link->sock >= 0 && message_send(link->sock, CONTROL_KILL, NULL, NULL, 0))
        return true;
    return controller_link_kill_controller(link, err);
}
