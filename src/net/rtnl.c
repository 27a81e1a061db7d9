// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See rtnl.h. A netlink socket belongs for good to the namespace in which it was made, so reaching
 * into a container takes one short visit: enter, make the socket, come back. Only the calling
 * thread moves. Should the way back fail, the process would go on working on the container's links
 * as if they were the host's; it stops instead.
 *
 * The answers are read here rather than by libnl's callbacks, because libnl folds errno into its
 * own codes and drops the sentence with which newer kernels explain a refusal.
 */
#include "net/rtnl.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/text.h"

struct Rtnl {
    struct nl_sock *sock;
};

/* How an answer goes on after one of its messages. */
typedef enum Progress { PROGRESS_MORE, PROGRESS_DONE, PROGRESS_REFUSED } Progress;

void rtnl_close(Rtnl *rtnl)
{
    if (!rtnl)
        return;
    if (rtnl->sock)
        nl_socket_free(rtnl->sock);
    g_free(rtnl);
}

bool rtnl_open(Rtnl **ret_rtnl, GError **err)
{
    g_autoptr(Rtnl) rtnl = g_new0(Rtnl, 1);
    const int on = 1;

    rtnl->sock = nl_socket_alloc();
    if (!rtnl->sock)
        return fail_errno(err, ENOMEM, _("cannot make a netlink socket"));
    if (nl_connect(rtnl->sock, NETLINK_ROUTE) < 0)
        return fail_errno(err, errno, _("cannot make a netlink socket"));
    /* Refusals come with a sentence, and without a copy of the request. Older kernels know neither;
     * then the error number has to do. */
    (void)setsockopt(nl_socket_get_fd(rtnl->sock), SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
    (void)setsockopt(nl_socket_get_fd(rtnl->sock), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
    *ret_rtnl = g_steal_pointer(&rtnl);
    return true;
}

bool rtnl_open_inside(int netns_fd, Rtnl **ret_rtnl, GError **err)
{
    autofd int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    bool opened;

    if (home < 0)
        return fail_errno(err, errno, _("cannot open the host's network namespace"));
    if (setns(netns_fd, CLONE_NEWNET) < 0)
        return fail_errno(err, errno, _("cannot enter the container's network namespace"));
    opened = rtnl_open(ret_rtnl, err);
    if (setns(home, CLONE_NEWNET) < 0) {
        log_error(_("cannot return to the host's network namespace: %s"), g_strerror(errno));
        abort();
    }
    return opened;
}

NlMsg *rtnl_message(int type, int flags, const void *head, size_t size)
{
    NlMsg *msg = nlmsg_alloc_simple(type, NLM_F_REQUEST | flags);

    if (!msg || nlmsg_append(msg, (void *)head, size, NLMSG_ALIGNTO) < 0)
        g_error("out of memory for a netlink message");
    return msg;
}

void rtnl_put(NlMsg *msg, int type, const void *data, size_t size)
{
    if (nla_put(msg, type, (int)size, data) < 0)
        g_error("netlink message too small for attribute %d", type);
}

void rtnl_put_u8(NlMsg *msg, int type, uint8_t value)
{
    rtnl_put(msg, type, &value, sizeof value);
}

void rtnl_put_u16(NlMsg *msg, int type, uint16_t value)
{
    rtnl_put(msg, type, &value, sizeof value);
}

void rtnl_put_u32(NlMsg *msg, int type, uint32_t value)
{
    rtnl_put(msg, type, &value, sizeof value);
}

void rtnl_put_string(NlMsg *msg, int type, const char *text)
{
    rtnl_put(msg, type, text, strlen(text) + 1);
}

struct nlattr *rtnl_nest(NlMsg *msg, int type)
{
    struct nlattr *nest = nla_nest_start(msg, type);

    if (!nest)
        g_error("netlink message too small for attribute %d", type);
    return nest;
}

void rtnl_nest_end(NlMsg *msg, struct nlattr *nest)
{
    (void)nla_nest_end(msg, nest); /* cannot fail for messages below 64 KiB */
}

/* The sentence behind a refusal, borrowed from the message; NULL when the kernel gave none. */
static const char *refusal_text(struct nlmsghdr *header)
{
    struct nlattr *tb[NLMSGERR_ATTR_MAX + 1] = { 0 };
    struct nlmsgerr *verdict = nlmsg_data(header);
    int head = sizeof *verdict;

    if (!(header->nlmsg_flags & NLM_F_ACK_TLVS))
        return NULL;
    if (!(header->nlmsg_flags & NLM_F_CAPPED))
        head += (int)(verdict->msg.nlmsg_len - NLMSG_HDRLEN);
    if (nlmsg_parse(header, head, tb, NLMSGERR_ATTR_MAX, NULL) < 0 || !tb[NLMSGERR_ATTR_MSG])
        return NULL;
    return nla_get_string(tb[NLMSGERR_ATTR_MSG]);
}

static bool fail_refused(struct nlmsghdr *header, int errnum, GError **err)
{
    const char *why = refusal_text(header);

    if (why)
        return fail_errno(err, errnum, "%s", why);
    return fail_remote(err, VIR_FROM_LXC, VIR_ERR_SYSTEM_ERROR, errnum, g_strerror(errnum));
}

static Progress handle_message(struct nlmsghdr *header, RtnlEach *each, void *data, GError **err)
{
    struct nlmsgerr *verdict = nlmsg_data(header);

    if (header->nlmsg_type == NLMSG_DONE)
        return PROGRESS_DONE;
    if (header->nlmsg_type != NLMSG_ERROR) {
        if (each)
            each(header, data);
        return PROGRESS_MORE;
    }
    if (nlmsg_datalen(header) < (int)sizeof *verdict) {
        fail(err, ERR(LXC, INTERNAL_ERROR), _("the kernel's netlink answer is cut short"));
        return PROGRESS_REFUSED;
    }
    if (verdict->error == 0)
        return PROGRESS_DONE;
    fail_refused(header, -verdict->error, err);
    return PROGRESS_REFUSED;
}

/* Reads the answer to request `seq`: until its DONE or its acknowledgement. */
static bool receive_answer(Rtnl *rtnl, uint32_t seq, RtnlEach *each, void *data, GError **err)
{
    for (;;) {
        g_autofree unsigned char *buffer = NULL; /* from malloc, which GLib's free is */
        struct sockaddr_nl peer = { 0 };
        int left = nl_recv(rtnl->sock, &peer, &buffer, NULL);

        if (left <= 0)
            return fail_errno(err, left == 0 ? EPIPE : errno, _("cannot read a netlink answer"));
        for (struct nlmsghdr *h = (struct nlmsghdr *)buffer; nlmsg_ok(h, left);
             h = nlmsg_next(h, &left)) {
            Progress progress;
            if (peer.nl_pid != 0 || h->nlmsg_seq != seq)
                continue; /* not from the kernel, or not for us */
            progress = handle_message(h, each, data, err);
            if (progress != PROGRESS_MORE)
                return progress == PROGRESS_DONE;
        }
    }
}

static bool send_message(Rtnl *rtnl, NlMsg *msg, int flags, uint32_t *ret_seq, GError **err)
{
    struct nlmsghdr *header = nlmsg_hdr(msg);

    header->nlmsg_flags |= (uint16_t)flags;
    nl_complete_msg(rtnl->sock, msg);
    if (nl_send(rtnl->sock, msg) < 0)
        return fail_errno(err, errno, _("cannot send a netlink request"));
    *ret_seq = header->nlmsg_seq;
    return true;
}

bool rtnl_request(Rtnl *rtnl, NlMsg *msg, GError **err)
{
    uint32_t seq = 0;

    return send_message(rtnl, msg, NLM_F_ACK, &seq, err) &&
           receive_answer(rtnl, seq, NULL, NULL, err);
}

bool rtnl_query(Rtnl *rtnl, NlMsg *msg, RtnlEach *each, void *data, GError **err)
{
    bool dump = (nlmsg_hdr(msg)->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
    uint32_t seq = 0;

    /* A dump ends with DONE; a single answer ends with the acknowledgement asked for. */
    return send_message(rtnl, msg, dump ? 0 : NLM_F_ACK, &seq, err) &&
           receive_answer(rtnl, seq, each, data, err);
}
