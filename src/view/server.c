// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See server.h. What is kept of opened files is bounded, whatever the container opens: the text
 * that was not used for longest goes, and who goes on reading there gets a part of a new one. The
 * same is so over the end of the server, which is why it does not end soon while someone is in the
 * middle of a file.
 */
#include "view/server.h"

#include "view/fuse.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define IDLE_MS 5000
#define IDLE_IN_FILE_MS 60000
#define REQUEST_SECONDS 10 /* then SIGALRM ends us: who asked is not kept waiting for ever */
#define KEPT_MAX 64
#define KEPT_BYTES (4u << 20)

typedef struct Kept {
    uint64_t handle; /* 0: free */
    uint64_t used;   /* the request that used it last */
    Text text;
    bool read_on; /* its reader has not come to the end yet */
} Kept;

typedef struct Server {
    FuseTalk talk;
    Gatherer *gatherer; /* borrowed */
    Kept kept[KEPT_MAX];
    size_t bytes;
} Server;

/* ---- texts of opened files ---- */

static void drop(Server *server, Kept *kept)
{
    server->bytes -= kept->text.len;
    text_clear(&kept->text);
    *kept = (Kept){ 0 };
}

static Kept *find_kept(Server *server, uint64_t handle)
{
    for (size_t i = 0; i < KEPT_MAX; i++) {
        if (server->kept[i].handle == handle)
            return &server->kept[i];
    }
    return NULL;
}

/* A free one before any other, as that was used by request 0. */
static Kept *find_oldest(Server *server)
{
    Kept *oldest = server->kept;

    for (size_t i = 1; i < KEPT_MAX; i++) {
        if (server->kept[i].used < oldest->used)
            oldest = &server->kept[i];
    }
    return oldest;
}

static Kept *find_largest(Server *server)
{
    Kept *largest = server->kept;

    for (size_t i = 1; i < KEPT_MAX; i++) {
        if (server->kept[i].text.len > largest->text.len)
            largest = &server->kept[i];
    }
    return largest;
}

/* NULL: it cannot be made now. */
static Kept *keep(Server *server, uint64_t handle, ViewNode node)
{
    Text text = gather_file(server->gatherer, node);
    Kept *kept = find_kept(server, handle);

    if (text.failed) {
        text_clear(&text);
        return NULL;
    }
    if (!kept)
        kept = find_oldest(server);
    drop(server, kept);
    while (server->bytes > 0 && server->bytes + text.len > KEPT_BYTES)
        drop(server, find_largest(server));
    *kept = (Kept){ .handle = handle, .text = text };
    server->bytes += text.len;
    return kept;
}

/* ---- requests ---- */

/* The request's own number is never used twice on a connection, whoever serves it. */
static void answer_open(Server *server, const FuseRequest *request)
{
    struct fuse_open_out out = { .fh = fuse_header(request)->unique,
                                 .open_flags = FOPEN_DIRECT_IO };

    fuse_answer(&server->talk, request, &out, sizeof out);
}

static void answer_read(Server *server, const FuseRequest *request)
{
    const struct fuse_read_in *in = fuse_body(request, sizeof *in);
    Kept *kept = in ? find_kept(server, in->fh) : NULL;
    ViewNode node;
    size_t len;

    if (!in || !node_from_number(fuse_header(request)->nodeid, &node) || node_is_directory(node)) {
        fuse_refuse(&server->talk, request, EIO);
        return;
    }
    if (!kept || in->offset == 0)
        kept = keep(server, in->fh, node);
    if (!kept) {
        fuse_refuse(&server->talk, request, EIO);
        return;
    }
    len = in->offset < kept->text.len ? kept->text.len - in->offset : 0;
    len = len < in->size ? len : in->size;
    fuse_answer(&server->talk, request, len ? kept->text.data + in->offset : NULL, len);
    kept->used = fuse_header(request)->unique;
    kept->read_on = in->offset + len < kept->text.len;
}

static void answer_release(Server *server, const FuseRequest *request)
{
    const struct fuse_release_in *in = fuse_body(request, sizeof *in);
    Kept *kept = in ? find_kept(server, in->fh) : NULL;

    if (kept)
        drop(server, kept);
    fuse_answer(&server->talk, request, NULL, 0);
}

typedef struct Answer {
    uint32_t opcode;
    void (*answer)(Server *server, const FuseRequest *request);
} Answer;

static const Answer answers[] = {
    {FUSE_OPEN,     answer_open   },
    { FUSE_READ,    answer_read   },
    { FUSE_RELEASE, answer_release},
};

/* The files that grow with the machine. */
static bool may_be_large(ViewKind kind)
{
    return kind == VIEW_CPUINFO || kind == VIEW_STAT || kind == VIEW_VMSTAT ||
           kind == VIEW_DISKSTATS;
}

static uint64_t find_size(Server *server, ViewNode node)
{
    Text text = { 0 };
    uint64_t size;

    if (may_be_large(node.kind))
        text = gather_file(server->gatherer, node);
    size = text.len;
    text_clear(&text);
    return size;
}

/* What the tree does not know by itself. */
static void look_up(Server *server, ViewNode node, uint32_t opcode)
{
    FuseTalk *talk = &server->talk;

    talk->size = opcode == FUSE_GETATTR ? find_size(server, node) : 0;
    if (node.kind == VIEW_PROCESSORS && (opcode == FUSE_LOOKUP || opcode == FUSE_READDIRPLUS))
        talk->n_processors = gather_processors(server->gatherer);
}

static void answer(Server *server, const FuseRequest *request)
{
    const struct fuse_in_header *header = fuse_header(request);
    ViewNode node;

    if (node_from_number(header->nodeid, &node))
        look_up(server, node, header->opcode);
    if (fuse_answer_tree(&server->talk, request))
        return;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        if (answers[i].opcode == header->opcode) {
            answers[i].answer(server, request);
            return;
        }
    }
    fuse_refuse(&server->talk, request, ENOSYS);
}

/* ---- the loop ---- */

static int patience(const Server *server)
{
    for (size_t i = 0; i < KEPT_MAX; i++) {
        if (server->kept[i].read_on)
            return IDLE_IN_FILE_MS;
    }
    return IDLE_MS;
}

void server_run(int fd, Gatherer *gatherer)
{
    Server server = {
        .talk = {.fd = fd, .uid = gatherer->view->uid, .gid = gatherer->view->gid},
        .gatherer = gatherer,
    };
    struct pollfd wait = { fd, POLLIN, 0 };
    FuseRequest request;

    for (;;) {
        int n = poll(&wait, 1, patience(&server));
        FuseGot got = FUSE_NOTHING;

        if (n == 0)
            return; /* what comes from now on waits for the next of us */
        if (n > 0)
            got = fuse_take(fd, &request);
        if (got == FUSE_ENDED)
            return;
        if (got == FUSE_NOTHING)
            continue;
        (void)alarm(REQUEST_SECONDS); /* gives what was left of the last */
        answer(&server, &request);
        (void)alarm(0);
    }
}
