// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See fuse.h. Names and attributes never change, but for which processors there are, and for sizes
 * of files. read(2) asks for no size; but sendfile(2), which busybox's cat uses, goes by it, and
 * the kernel corrects it as soon as a read there shows where the end is. So it has to ask anew for
 * each who opens a file. A file is a block long, as each in /sys, for which programs are prepared,
 * or as long as it really is.
 */
#include "view/fuse.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define FOREVER (1u << 30) /* seconds */
#define PROCESSOR_VALID 1

/* The last protocol version whose structs are used here: Linux 5.5. Later kernels speak it too. */
#define PROTOCOL_MINOR 31

/* ---- requests ---- */

FuseGot fuse_take(int fd, FuseRequest *ret_request)
{
    ssize_t n = read(fd, ret_request->bytes, sizeof ret_request->bytes);

    if (n < 0 && (errno == EINTR || errno == EAGAIN || errno == ENOENT))
        return FUSE_NOTHING; /* the last: the asker has gone */
    if (n < (ssize_t)sizeof(struct fuse_in_header))
        return FUSE_ENDED;
    ret_request->size = (size_t)n;
    return FUSE_REQUEST;
}

const struct fuse_in_header *fuse_header(const FuseRequest *request)
{
    return (const struct fuse_in_header *)request->bytes;
}

const void *fuse_body(const FuseRequest *request, size_t size)
{
    if (request->size < sizeof(struct fuse_in_header) + size)
        return NULL;
    return request->bytes + sizeof(struct fuse_in_header);
}

static void reply(const FuseTalk *talk, const FuseRequest *request, struct fuse_out_header head,
                  const void *data)
{
    struct iovec parts[2] = {
        {&head,         sizeof head            },
        { (void *)data, head.len - sizeof(head)},
    };

    head.unique = fuse_header(request)->unique;
    (void)writev(talk->fd, parts, 2); /* nobody waits for it any more */
}

void fuse_answer(const FuseTalk *talk, const FuseRequest *request, const void *data, size_t size)
{
    reply(talk, request,
          (struct fuse_out_header){ .len = (uint32_t)(sizeof(struct fuse_out_header) + size) },
          data);
}

void fuse_refuse(const FuseTalk *talk, const FuseRequest *request, int errnum)
{
    reply(talk, request,
          (struct fuse_out_header){ .len = sizeof(struct fuse_out_header), .error = -errnum },
          NULL);
}

/* ---- attributes and names ---- */

#define BLOCK 4096

static uint64_t size_of(const FuseTalk *talk, ViewNode node)
{
    if (node_is_directory(node))
        return 0;
    return talk->size > BLOCK ? talk->size : BLOCK;
}

static struct fuse_attr attributes(const FuseTalk *talk, ViewNode node)
{
    bool directory = node_is_directory(node);
    uint64_t now = (uint64_t)time(NULL);

    return (struct fuse_attr){
        .ino = node_number(node),
        .size = size_of(talk, node),
        .atime = now,
        .mtime = now,
        .ctime = now,
        .mode = directory ? S_IFDIR | 0555 : S_IFREG | 0444,
        .nlink = directory ? 2 : 1,
        .uid = talk->uid,
        .gid = talk->gid,
        .blksize = BLOCK,
    };
}

static uint64_t name_valid_for(ViewNode node)
{
    return node.kind < VIEW_PROCESSOR ? FOREVER : PROCESSOR_VALID;
}

static uint64_t valid_for(ViewNode node)
{
    return node_is_directory(node) ? name_valid_for(node) : 0;
}

static void answer_greeting(const FuseTalk *talk, const FuseRequest *request)
{
    struct fuse_init_out out = {
        .major = FUSE_KERNEL_VERSION,
        .minor = PROTOCOL_MINOR,
        .flags = FUSE_DO_READDIRPLUS,
        .max_background = 16,
        .congestion_threshold = 12,
        .max_write = 4096,
        .time_gran = 1,
    };

    fuse_answer(talk, request, &out, sizeof out);
}

static struct fuse_entry_out entry_of(const FuseTalk *talk, ViewNode node)
{
    return (struct fuse_entry_out){
        .nodeid = node_number(node),
        .entry_valid = name_valid_for(node),
        .attr_valid = valid_for(node),
        .attr = attributes(talk, node),
    };
}

static void answer_name(const FuseTalk *talk, const FuseRequest *request)
{
    const char *name = fuse_body(request, 1);
    struct fuse_entry_out out;
    ViewNode parent;
    ViewNode node;

    if (!name || !memchr(name, '\0', request->size - sizeof(struct fuse_in_header)) ||
        !node_from_number(fuse_header(request)->nodeid, &parent) ||
        !node_find(parent, name, talk->n_processors, &node)) {
        fuse_refuse(talk, request, ENOENT);
        return;
    }
    out = entry_of(talk, node);
    fuse_answer(talk, request, &out, sizeof out);
}

static void answer_attributes(const FuseTalk *talk, const FuseRequest *request)
{
    struct fuse_attr_out out = { 0 };
    ViewNode node;

    if (!node_from_number(fuse_header(request)->nodeid, &node)) {
        fuse_refuse(talk, request, ENOENT);
        return;
    }
    out.attr_valid = valid_for(node);
    out.attr = attributes(talk, node);
    fuse_answer(talk, request, &out, sizeof out);
}

static void answer_statfs(const FuseTalk *talk, const FuseRequest *request)
{
    struct fuse_statfs_out out = {
        .st = {.bsize = 4096, .namelen = VIEW_NAME_MAX - 1}
    };

    fuse_answer(talk, request, &out, sizeof out);
}

/* Nodes are rows of a table: there is nothing to forget. Answers come at once: nor to interrupt. */
static void answer_nothing(const FuseTalk *talk, const FuseRequest *request)
{
    (void)talk;
    (void)request;
}

/* ---- directories ---- */

static void answer_open_directory(const FuseTalk *talk, const FuseRequest *request)
{
    struct fuse_open_out out = { 0 };

    fuse_answer(talk, request, &out, sizeof out);
}

static void answer_close_directory(const FuseTalk *talk, const FuseRequest *request)
{
    fuse_answer(talk, request, NULL, 0);
}

/* The kernel asks for whole entries, and need not ask for each by its name then. 0: no room. */
static size_t put_entry(const FuseTalk *talk, ViewNode node, char *at, size_t room)
{
    struct fuse_direntplus *entry = (struct fuse_direntplus *)at;
    char name[VIEW_NAME_MAX];
    size_t size;

    node_name(node, name);
    size = FUSE_DIRENT_ALIGN(FUSE_NAME_OFFSET_DIRENTPLUS + strlen(name));
    if (size > room)
        return 0;
    memset(at, 0, size);
    entry->entry_out = entry_of(talk, node);
    entry->dirent.ino = node_number(node);
    entry->dirent.namelen = (uint32_t)strlen(name);
    entry->dirent.type = node_is_directory(node) ? DT_DIR : DT_REG;
    memcpy(entry->dirent.name, name, strlen(name));
    return size;
}

static void answer_directory(const FuseTalk *talk, const FuseRequest *request)
{
    const struct fuse_read_in *in = fuse_body(request, sizeof *in);
    _Alignas(8) char out[4096];
    size_t room = in && in->size < sizeof out ? in->size : sizeof out;
    size_t used = 0;
    ViewNode directory;
    ViewNode node;

    if (!in || !node_from_number(fuse_header(request)->nodeid, &directory)) {
        fuse_refuse(talk, request, EIO);
        return;
    }
    for (uint64_t place = in->offset; node_at(directory, place, talk->n_processors, &node);
         place++) {
        struct fuse_direntplus *entry = (struct fuse_direntplus *)(out + used);
        size_t size = put_entry(talk, node, out + used, room - used);
        if (size == 0)
            break;
        entry->dirent.off = place + 1;
        used += size;
    }
    fuse_answer(talk, request, out, used);
}

/* ---- the table ---- */

typedef struct Answer {
    uint32_t opcode;
    void (*answer)(const FuseTalk *talk, const FuseRequest *request);
} Answer;

static const Answer answers[] = {
    {FUSE_INIT,          answer_greeting       },
    { FUSE_LOOKUP,       answer_name           },
    { FUSE_GETATTR,      answer_attributes     },
    { FUSE_STATFS,       answer_statfs         },
    { FUSE_FORGET,       answer_nothing        },
    { FUSE_BATCH_FORGET, answer_nothing        },
    { FUSE_INTERRUPT,    answer_nothing        },
    { FUSE_OPENDIR,      answer_open_directory },
    { FUSE_READDIRPLUS,  answer_directory      },
    { FUSE_RELEASEDIR,   answer_close_directory},
};

bool fuse_answer_tree(const FuseTalk *talk, const FuseRequest *request)
{
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        if (answers[i].opcode != fuse_header(request)->opcode)
            continue;
        answers[i].answer(talk, request);
        return true;
    }
    return false;
}
