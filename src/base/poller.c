// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See poller.h for the idea. */
#include "base/poller.h"

#include "base/fd.h"

#include <errno.h>

#define BATCH 64

struct Poller {
    GSource *source;
    int epoll;
    struct epoll_event batch[BATCH]; /* what the turn at hand still has to call */
    int n_batch;
    int next;
};

struct PollerWatch {
    Poller *poller;
    int fd;
    uint32_t events;
    PollerReady *ready;
    void *data;
};

/* The source needs a way back to its poller and owns nothing. */
typedef struct PollerSource {
    GSource source;
    Poller *poller;
} PollerSource;

static gboolean poller_dispatch(GSource *source, GSourceFunc callback, gpointer data)
{
    Poller *poller = ((PollerSource *)source)->poller;

    (void)callback;
    (void)data;
    g_return_val_if_fail(poller->n_batch == 0, G_SOURCE_CONTINUE); /* nobody nests loops here */
    poller->n_batch = MAX(0, epoll_wait(poller->epoll, poller->batch, BATCH, 0));
    for (poller->next = 0; poller->next < poller->n_batch;) {
        struct epoll_event *event = &poller->batch[poller->next++];
        PollerWatch *watch = event->data.ptr;
        if (watch)
            watch->ready(event->events, watch->data);
    }
    poller->n_batch = 0;
    return G_SOURCE_CONTINUE;
}

static GSourceFuncs poller_functions = { .dispatch = poller_dispatch };

Poller *poller_new(void)
{
    Poller *poller;
    int epoll = epoll_create1(EPOLL_CLOEXEC);

    if (epoll < 0)
        return NULL;
    poller = g_new0(Poller, 1);
    poller->epoll = epoll;
    poller->source = g_source_new(&poller_functions, sizeof(PollerSource));
    ((PollerSource *)poller->source)->poller = poller;
    g_source_set_static_name(poller->source, "poller");
    /* Else GLib takes the descriptor out and in again, and wakes itself up twice, at each turn. */
    g_source_set_can_recurse(poller->source, TRUE);
    g_source_add_unix_fd(poller->source, epoll, G_IO_IN);
    g_source_attach(poller->source, g_main_context_get_thread_default());
    return poller;
}

void poller_free(Poller *poller)
{
    if (!poller)
        return;
    g_source_destroy(poller->source);
    g_source_unref(poller->source);
    fd_close(poller->epoll);
    g_free(poller);
}

PollerWatch *poller_watch(Poller *poller, int fd, uint32_t events, PollerReady *ready, void *data)
{
    PollerWatch *watch = g_new0(PollerWatch, 1);
    struct epoll_event event = { .events = events, .data.ptr = watch };

    *watch =
        (PollerWatch){ .poller = poller, .fd = fd, .events = events, .ready = ready, .data = data };
    if (epoll_ctl(poller->epoll, EPOLL_CTL_ADD, fd, &event) == 0)
        return watch;
    g_free(watch);
    return NULL;
}

void poller_watch_set(PollerWatch *watch, uint32_t events)
{
    struct epoll_event event = { .events = events, .data.ptr = watch };

    if (watch->events == events)
        return;
    watch->events = events;
    (void)epoll_ctl(watch->poller->epoll, EPOLL_CTL_MOD, watch->fd, &event); /* cannot fail */
}

void poller_unwatch(PollerWatch *watch)
{
    Poller *poller;

    if (!watch)
        return;
    poller = watch->poller;
    (void)epoll_ctl(poller->epoll, EPOLL_CTL_DEL, watch->fd, NULL); /* cannot fail */
    for (int i = poller->next; i < poller->n_batch; i++)
        if (poller->batch[i].data.ptr == watch)
            poller->batch[i].data.ptr = NULL;
    g_free(watch);
}
