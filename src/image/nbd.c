// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See nbd.h. Numbers on the connection are big-endian; those of netlink are the machine's.
 */
#include "image/nbd.h"

#include "base/fd.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/genetlink.h>
#include <linux/nbd-netlink.h>
#include <linux/nbd.h>
#include <linux/netlink.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- talk with the kernel: generic netlink ---- */

#define MESSAGE_MAX 4096

typedef struct Request {
    _Alignas(8) char bytes[512];
    size_t size;
} Request;

static struct nlmsghdr *header_of(Request *request)
{
    return (struct nlmsghdr *)(void *)request->bytes;
}

static void begin(Request *request, uint16_t family, uint8_t command, uint8_t version)
{
    struct genlmsghdr what = { .cmd = command, .version = version };

    *request = (Request){ .size = NLMSG_HDRLEN + GENL_HDRLEN };
    header_of(request)->nlmsg_type = family;
    header_of(request)->nlmsg_flags = NLM_F_REQUEST;
    memcpy(request->bytes + NLMSG_HDRLEN, &what, sizeof what);
}

/* Gives where it begins, for what is nested in it. */
static size_t put(Request *request, uint16_t type, const void *data, size_t size)
{
    struct nlattr head = { .nla_type = type, .nla_len = (uint16_t)(NLA_HDRLEN + size) };
    size_t start = request->size;

    memcpy(request->bytes + start, &head, sizeof head);
    if (size > 0)
        memcpy(request->bytes + start + NLA_HDRLEN, data, size);
    request->size = start + NLA_ALIGN(NLA_HDRLEN + size);
    return start;
}

static void put_u64(Request *request, uint16_t type, uint64_t value)
{
    (void)put(request, type, &value, sizeof value); /* nothing is nested */
}

/* What was put since `start` is inside of it. */
static void nest(Request *request, size_t start)
{
    uint16_t len = (uint16_t)(request->size - start);

    memcpy(request->bytes + start + offsetof(struct nlattr, nla_len), &len, sizeof len);
}

/* False: errno, the kernel's if it refuses. */
static bool talk(int sock, Request *request, char answer[MESSAGE_MAX], size_t *ret_size)
{
    const struct nlmsghdr *head = (const struct nlmsghdr *)(const void *)answer;
    ssize_t n;

    header_of(request)->nlmsg_len = (uint32_t)request->size;
    if (send(sock, request->bytes, request->size, 0) < 0)
        return false;
    n = recv(sock, answer, MESSAGE_MAX, 0);
    if (n < 0)
        return false;
    errno = EPROTO;
    if ((size_t)n < NLMSG_HDRLEN + sizeof(int))
        return false;
    if (head->nlmsg_type == NLMSG_ERROR) {
        int code;
        memcpy(&code, answer + NLMSG_HDRLEN, sizeof code);
        errno = code ? -code : EPROTO;
        return false;
    }
    *ret_size = (size_t)n;
    return true;
}

/* The first attribute of this type, as a number of `size` bytes. */
static bool find(const char *answer, size_t answer_size, uint16_t type, void *ret, size_t size)
{
    size_t at = NLMSG_HDRLEN + GENL_HDRLEN;

    while (at + NLA_HDRLEN <= answer_size) {
        struct nlattr head;
        memcpy(&head, answer + at, sizeof head);
        if (head.nla_len < NLA_HDRLEN || at + head.nla_len > answer_size)
            break;
        if ((head.nla_type & NLA_TYPE_MASK) == type && head.nla_len >= NLA_HDRLEN + size) {
            memcpy(ret, answer + at + NLA_HDRLEN, size);
            return true;
        }
        at += NLA_ALIGN(head.nla_len);
    }
    errno = EPROTO;
    return false;
}

/* ---- is it there? ---- */

static bool find_family(int sock, uint16_t *ret_family)
{
    _Alignas(8) char answer[MESSAGE_MAX];
    Request request;
    size_t size;

    begin(&request, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1);
    (void)put(&request, CTRL_ATTR_FAMILY_NAME, NBD_GENL_FAMILY_NAME, sizeof NBD_GENL_FAMILY_NAME);
    return talk(sock, &request, answer, &size) &&
           find(answer, size, CTRL_ATTR_FAMILY_ID, ret_family, sizeof *ret_family);
}

/* Without partitions: nobody here lets the kernel look for them. */
static void load_module(void)
{
    char *argv[] = { (char *)"modprobe", (char *)"-q", (char *)"nbd", (char *)"max_part=0", NULL };
    char *env[] = { (char *)"PATH=/usr/sbin:/sbin:/usr/bin:/bin", NULL };
    pid_t pid;

    if (posix_spawn(&pid, "/sbin/modprobe", NULL, NULL, argv, env) == 0)
        (void)waitpid(pid, NULL, 0); /* whether it is there is seen next */
}

bool nbd_open_kernel(NbdKernel *ret_kernel)
{
    autofd int sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
    uint16_t family = 0;

    if (sock < 0)
        return false;
    if (!find_family(sock, &family)) {
        load_module();
        if (!find_family(sock, &family))
            return false;
    }
    *ret_kernel = (NbdKernel){ fd_steal(&sock), family };
    return true;
}

/* ---- talk with the server ---- */

#define MAGIC 0x4e42444d41474943ull  /* NBDMAGIC */
#define OPTION 0x49484156454f5054ull /* IHAVEOPT */
#define FIXED_NEWSTYLE 1u
#define NO_ZEROES 2u
#define EXPORT_NAME 1u
#define ZEROES 124

#define PATIENCE_SECONDS 15

/* 0: for ever, which is what the kernel is to do. */
static bool set_patience(int connection, long seconds)
{
    struct timeval patience = { .tv_sec = seconds };

    return setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0;
}

/* The export without a name is the only one. */
static bool greet(int connection, NbdExport *ret_export)
{
    struct {
        uint64_t magic;
        uint64_t option;
        uint16_t flags;
    } __attribute__((packed)) hello;
    struct {
        uint32_t flags;
        uint64_t magic;
        uint32_t option;
        uint32_t length;
    } __attribute__((packed)) wish = { .magic = htobe64(OPTION), .option = htobe32(EXPORT_NAME) };
    struct {
        uint64_t size;
        uint16_t flags;
    } __attribute__((packed)) reply;
    char zeroes[ZEROES];

    if (!fd_read_full(connection, &hello, sizeof hello))
        return false;
    errno = EPROTO;
    if (be64toh(hello.magic) != MAGIC || be64toh(hello.option) != OPTION ||
        !(be16toh(hello.flags) & FIXED_NEWSTYLE))
        return false;
    wish.flags = htobe32(be16toh(hello.flags) & (FIXED_NEWSTYLE | NO_ZEROES));
    if (!fd_write_full(connection, &wish, sizeof wish) ||
        !fd_read_full(connection, &reply, sizeof reply) ||
        (!(be16toh(hello.flags) & NO_ZEROES) && !fd_read_full(connection, zeroes, sizeof zeroes)))
        return false;
    ret_export->size = be64toh(reply.size);
    ret_export->flags = be16toh(reply.flags);
    return true;
}

bool nbd_greet(int connection, NbdExport *ret_export)
{
    return set_patience(connection, PATIENCE_SECONDS) && greet(connection, ret_export) &&
           set_patience(connection, 0);
}

/* ---- from one to the other ---- */

#define UNIT 512

static bool connect_device(const NbdKernel *kernel, int connection, const NbdExport *export,
                           uint32_t *ret_index)
{
    _Alignas(8) char answer[MESSAGE_MAX];
    uint32_t sock = (uint32_t)connection;
    Request request;
    size_t size;
    size_t list;
    size_t item;

    begin(&request, kernel->family, NBD_CMD_CONNECT, NBD_GENL_VERSION);
    put_u64(&request, NBD_ATTR_SIZE_BYTES, export->size / UNIT * UNIT);
    put_u64(&request, NBD_ATTR_BLOCK_SIZE_BYTES, UNIT);
    put_u64(&request, NBD_ATTR_SERVER_FLAGS, export->flags);
    put_u64(&request, NBD_ATTR_CLIENT_FLAGS, NBD_CFLAG_DISCONNECT_ON_CLOSE);
    list = put(&request, NBD_ATTR_SOCKETS | NLA_F_NESTED, NULL, 0);
    item = put(&request, NBD_SOCK_ITEM | NLA_F_NESTED, NULL, 0);
    (void)put(&request, NBD_SOCK_FD, &sock, sizeof sock);
    nest(&request, item);
    nest(&request, list);
    return talk(kernel->sock, &request, answer, &size) &&
           find(answer, size, NBD_ATTR_INDEX, ret_index, sizeof *ret_index);
}

/* Who was told of the new device may have opened and closed it before us: then it is no more. */
int nbd_attach(const NbdKernel *kernel, int connection, const NbdExport *export, int flags)
{
    autofd int device = -1;
    uint32_t index = 0;
    uint64_t size = 0;
    char path[32];

    if (!connect_device(kernel, connection, export, &index))
        return -1;
    (void)snprintf(path, sizeof path, "/dev/nbd%u", index);
    device = open(path, flags | O_CLOEXEC);
    if (device < 0 || ioctl(device, BLKGETSIZE64, &size) < 0)
        return -1;
    errno = EAGAIN;
    return size == export->size / UNIT * UNIT ? fd_steal(&device) : -1;
}
