// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * A conversation with the kernel about links, addresses and routes of one network namespace: the
 * one the caller is in, or one given by descriptor. A request is sent and its verdict awaited; the
 * kernel answers before sendmsg returns, so nothing here waits for anybody else.
 *
 * Private to src/net. libnl-3 builds and takes apart the messages; libnl-route, which would bring
 * an object model of everything the kernel knows, is not needed.
 */
#pragma once

#include <glib.h>
#include <netlink/msg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Rtnl Rtnl;
typedef struct nl_msg NlMsg;

bool rtnl_open(Rtnl **ret_rtnl, GError **err);
bool rtnl_open_inside(int netns_fd, Rtnl **ret_rtnl, GError **err);
void rtnl_close(Rtnl *rtnl);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Rtnl, rtnl_close)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NlMsg, nlmsg_free)

/* A message of `type` (RTM_*) that begins with the fixed part `head`. */
NlMsg *rtnl_message(int type, int flags, const void *head, size_t size);

/* Attributes. Messages here are far smaller than a page, the room libnl gives each of them. */
void rtnl_put(NlMsg *msg, int type, const void *data, size_t size);
void rtnl_put_u8(NlMsg *msg, int type, uint8_t value);
void rtnl_put_u16(NlMsg *msg, int type, uint16_t value);
void rtnl_put_u32(NlMsg *msg, int type, uint32_t value);
void rtnl_put_string(NlMsg *msg, int type, const char *text);
struct nlattr *rtnl_nest(NlMsg *msg, int type);
void rtnl_nest_end(NlMsg *msg, struct nlattr *nest);

/* Sends `msg` and returns the kernel's verdict. The error's text is the kernel's reason only. */
bool rtnl_request(Rtnl *rtnl, NlMsg *msg, GError **err);

/* The same for a question: `each` gets every message of the answer. */
typedef void RtnlEach(struct nlmsghdr *header, void *data);
bool rtnl_query(Rtnl *rtnl, NlMsg *msg, RtnlEach *each, void *data, GError **err);
