// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The kernel's FUSE protocol as far as a tree that is fixed and read-only needs it.
 *
 * Not libfuse: the connection is opened by one program and served by others, one after the other,
 * none of which saw it begin; libfuse cannot take up a connection that has begun. Whoever serves
 * clones the descriptor: when it dies, the requests that it had taken fail, and those that it had
 * not wait for the next.
 */
#pragma once

#include "view/node.h"

#include <linux/fuse.h>
#include <stdbool.h>
#include <stddef.h>

#define FUSE_BUFFER FUSE_MIN_READ_BUFFER

typedef struct FuseTalk {
    int fd;       /* borrowed */
    unsigned uid; /* whose all files are, as the host has it */
    unsigned gid;
    unsigned n_processors; /* that have directories */
    uint64_t size;         /* of the file that is asked for, if it may be larger than a block */
} FuseTalk;

typedef struct FuseRequest {
    _Alignas(8) char bytes[FUSE_BUFFER];
    size_t size;
} FuseRequest;

typedef enum FuseGot { FUSE_REQUEST, FUSE_NOTHING, FUSE_ENDED } FuseGot;

/* Takes one request. FUSE_ENDED: the file system is mounted nowhere any more, or was cut off. */
FuseGot fuse_take(int fd, FuseRequest *ret_request);

const struct fuse_in_header *fuse_header(const FuseRequest *request);

/* What stands behind the header; NULL when that is less than `size`. */
const void *fuse_body(const FuseRequest *request, size_t size);

/* Failures mean that nobody waits for it any more. */
void fuse_answer(const FuseTalk *talk, const FuseRequest *request, const void *data, size_t size);
void fuse_refuse(const FuseTalk *talk, const FuseRequest *request, int errnum);

/*
 * Answers what needs no file's content: the greeting, names, attributes, directories, and
 * what asks for no answer. False: it is the caller's to answer.
 */
bool fuse_answer_tree(const FuseTalk *talk, const FuseRequest *request);
