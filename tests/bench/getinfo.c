// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * getinfo URI DOMAIN CONNECTIONS MILLISECONDS: each connection in a thread of its own asks for one
 * domain's info as often as it can. Prints calls per second of all together. In C, so that what is
 * measured is the daemon and not the client.
 */
#include <libvirt/libvirt.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

typedef struct Client {
    const char *uri;
    const char *name;
    double seconds;
    pthread_barrier_t *go;
    long calls;
    double took;
} Client;

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void *ask(void *data)
{
    Client *client = data;
    virConnectPtr conn = virConnectOpen(client->uri);
    virDomainPtr domain = conn ? virDomainLookupByName(conn, client->name) : NULL;
    virDomainInfo info;
    double start;

    if (!domain)
        exit(1);
    pthread_barrier_wait(client->go);
    start = now();
    while (now() < start + client->seconds) {
        if (virDomainGetInfo(domain, &info) < 0)
            exit(1);
        client->calls++;
    }
    client->took = now() - start;
    virDomainFree(domain);
    virConnectClose(conn);
    return NULL;
}

int main(int argc, char **argv)
{
    int count = argc == 5 ? atoi(argv[3]) : 0;
    Client *clients = calloc((size_t)count + 1, sizeof(*clients));
    pthread_t *threads = calloc((size_t)count + 1, sizeof(*threads));
    pthread_barrier_t go;
    double rate = 0;

    if (count < 1 || !clients || !threads || virInitialize() < 0)
        return 2;
    pthread_barrier_init(&go, NULL, (unsigned)count);
    for (int i = 0; i < count; i++) {
        clients[i] = (Client){ argv[1], argv[2], atof(argv[4]) / 1000, &go, 0, 0 };
        pthread_create(&threads[i], NULL, ask, &clients[i]);
    }
    for (int i = 0; i < count; i++) {
        pthread_join(threads[i], NULL);
        rate += (double)clients[i].calls / clients[i].took;
    }
    printf("%.1f\n", rate);
    return 0;
}
