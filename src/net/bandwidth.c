// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See bandwidth.h. The limits are where the container cannot reach them, on the host end, so that
 * the directions are exchanged. Packets wait in a queue that a token bucket empties:
 *
 *     inbound      host end, leaving          [tbf] --> container
 *     outbound     host end, arriving --> ifb [tbf] --> host
 *
 * What arrives can only be dropped where it arrives, and TCP makes little of a link that drops; so
 * it takes a way round by an intermediate functional block, a device that is one queue. It is
 * called ifb and the interface's address, by which it is found again after a crash.
 *
 * A token bucket gathers `burst` bytes at the average rate and gives them out at the peak rate, or
 * at once when there is no peak. The queue is bounded in time rather than in packets: whoever sends
 * too much hears of it after a twentieth of a second.
 */
#include "net/bandwidth.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/tc_act/tc_mirred.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"

#define KILOBYTE 1000u
#define KIBIBYTE 1024u
#define WAIT_PER_SECOND 20 /* a twentieth of what may be sent in a second waits */
#define BURST_MIN (32 * KIBIBYTE)
#define QUEUE_MIN (64 * KIBIBYTE)
#define HEADER_ROOM 128 /* of a packet, beyond the MTU */
#define FIRST_HANDLE TC_H_MAKE(1 << 16, 0)
#define INGRESS_HANDLE TC_H_MAKE(TC_H_INGRESS, 0)
#define FILTER_PRIORITY (1 << 16)

/* ---- one token bucket --------------------------------------------------------------------------
 */

/* In bytes, and bytes a second. */
typedef struct Bucket {
    uint64_t rate;
    uint64_t peak; /* 0: none */
    uint32_t burst;
    uint32_t queue;
} Bucket;

static uint64_t times(uint64_t number, unsigned unit)
{
    return number > UINT64_MAX / unit ? UINT64_MAX : number * unit;
}

static uint32_t at_most_32_bits(uint64_t number)
{
    return (uint32_t)MIN(number, UINT32_MAX);
}

/* A peak below the average is the limit itself. */
static Bucket bucket_of(const PlanBandwidth *limit, unsigned mtu)
{
    uint64_t rate = times(limit->average, KILOBYTE);
    uint64_t peak = times(limit->peak, KILOBYTE);
    uint64_t burst =
        limit->burst ? times(limit->burst, KIBIBYTE) : MAX(rate / WAIT_PER_SECOND, BURST_MIN);

    burst = MIN(MAX(burst, mtu + HEADER_ROOM), UINT32_MAX / 2);
    return (Bucket){
        .rate = peak > 0 ? MIN(rate, peak) : rate,
        .peak = peak > rate ? peak : 0,
        .burst = (uint32_t)burst,
        .queue = at_most_32_bits(burst + MAX(rate / WAIT_PER_SECOND, QUEUE_MIN)),
    };
}

/* The link layer is said so that nobody asks for tables of times, which older kernels used. */
static struct tc_ratespec ratespec(uint64_t rate)
{
    return (struct tc_ratespec){ .linklayer = TC_LINKLAYER_ETHERNET,
                                 .rate = at_most_32_bits(rate) };
}

static void put_bucket(NlMsg *msg, const Bucket *bucket, unsigned mtu)
{
    const uint32_t packet = mtu + HEADER_ROOM;
    const struct tc_tbf_qopt parms = { .rate = ratespec(bucket->rate),
                                       .peakrate = ratespec(bucket->peak),
                                       .limit = bucket->queue };
    struct nlattr *options = rtnl_nest(msg, TCA_OPTIONS);

    rtnl_put(msg, TCA_TBF_PARMS, &parms, sizeof parms);
    rtnl_put(msg, TCA_TBF_RATE64, &bucket->rate, sizeof bucket->rate);
    rtnl_put_u32(msg, TCA_TBF_BURST, bucket->burst);
    if (bucket->peak > 0) {
        rtnl_put(msg, TCA_TBF_PRATE64, &bucket->peak, sizeof bucket->peak);
        rtnl_put_u32(msg, TCA_TBF_PBURST, packet);
    }
    rtnl_nest_end(msg, options);
}

static NlMsg *qdisc_message(const Device *device, const char *kind, uint32_t parent,
                            uint32_t handle)
{
    const struct tcmsg head = {
        .tcm_family = AF_UNSPEC,
        .tcm_ifindex = device->index,
        .tcm_parent = parent,
        .tcm_handle = handle,
    };
    NlMsg *msg = rtnl_message(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, &head, sizeof head);

    rtnl_put_string(msg, TCA_KIND, kind);
    return msg;
}

/* What leaves the host by `device` goes through a bucket. */
static bool fill_bucket(Rtnl *rtnl, const Device *device, const PlanBandwidth *limit, GError **err)
{
    const Bucket bucket = bucket_of(limit, device->mtu);
    g_autoptr(NlMsg) msg = qdisc_message(device, "tbf", TC_H_ROOT, FIRST_HANDLE);

    put_bucket(msg, &bucket, device->mtu);
    if (rtnl_request(rtnl, msg, err))
        return true;
    return fail_while(err, _("cannot limit what the interface '%s' sends"), device->name);
}

/* ---- the way round -----------------------------------------------------------------------------
 */

static void detour_name(const PlanLink *plan, char ret_name[IFNAMSIZ])
{
    const uint8_t *mac = plan->mac;

    g_snprintf(ret_name, IFNAMSIZ, "ifb%02x%02x%02x%02x%02x%02x", mac[0], mac[1], mac[2], mac[3],
               mac[4], mac[5]);
}

static bool make_detour(Rtnl *rtnl, const char *name, unsigned mtu, Device *ret_detour,
                        GError **err)
{
    g_autoptr(NlMsg) make = device_new();
    g_autoptr(NlMsg) start = NULL;
    struct nlattr *info;

    rtnl_put_string(make, IFLA_IFNAME, name);
    rtnl_put_u32(make, IFLA_MTU, mtu);
    info = rtnl_nest(make, IFLA_LINKINFO);
    rtnl_put_string(make, IFLA_INFO_KIND, "ifb");
    rtnl_nest_end(make, info);
    if (!rtnl_request(rtnl, make, err) || !device_need(rtnl, name, ret_detour, err))
        return fail_while(err, _("cannot make the queue '%s'"), name);
    start = device_switch(ret_detour->index, IFF_UP);
    device_put_no_ipv6_address(start);
    if (rtnl_request(rtnl, start, err))
        return true;
    (void)device_delete(rtnl, ret_detour->index, NULL); /* as below */
    return fail_while(err, _("cannot set up the queue '%s'"), name);
}

static void put_redirection(NlMsg *msg, const Device *to)
{
    const struct tc_mirred redirection = { .action = TC_ACT_STOLEN,
                                           .eaction = TCA_EGRESS_REDIR,
                                           .ifindex = (uint32_t)to->index };
    struct nlattr *actions = rtnl_nest(msg, TCA_U32_ACT);
    struct nlattr *action = rtnl_nest(msg, 1);
    struct nlattr *options;

    rtnl_put_string(msg, TCA_ACT_KIND, "mirred");
    options = rtnl_nest(msg, TCA_ACT_OPTIONS);
    rtnl_put(msg, TCA_MIRRED_PARMS, &redirection, sizeof redirection);
    rtnl_nest_end(msg, options);
    rtnl_nest_end(msg, action);
    rtnl_nest_end(msg, actions);
}

/* A filter that every packet fits: one key without any bit that matters, behind its head. */
static void put_everything(NlMsg *msg)
{
    const struct tc_u32_sel head = { .flags = TC_U32_TERMINAL, .nkeys = 1 };
    const struct tc_u32_key key = { 0 };
    uint8_t selector[sizeof head + sizeof key];

    memcpy(selector, &head, sizeof head);
    memcpy(selector + sizeof head, &key, sizeof key);
    rtnl_put(msg, TCA_U32_SEL, selector, sizeof selector);
}

static NlMsg *filter_message(const Device *from, const Device *to)
{
    const struct tcmsg head = {
        .tcm_family = AF_UNSPEC,
        .tcm_ifindex = from->index,
        .tcm_parent = INGRESS_HANDLE,
        .tcm_info = TC_H_MAKE(FILTER_PRIORITY, htons(ETH_P_ALL)),
    };
    NlMsg *msg = rtnl_message(RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL, &head, sizeof head);
    struct nlattr *options;

    rtnl_put_string(msg, TCA_KIND, "u32");
    options = rtnl_nest(msg, TCA_OPTIONS);
    put_everything(msg);
    put_redirection(msg, to);
    rtnl_nest_end(msg, options);
    return msg;
}

static bool redirect(Rtnl *rtnl, const Device *from, const Device *to, GError **err)
{
    g_autoptr(NlMsg) ingress = qdisc_message(from, "ingress", TC_H_INGRESS, INGRESS_HANDLE);
    g_autoptr(NlMsg) filter = filter_message(from, to);

    if (rtnl_request(rtnl, ingress, err) && rtnl_request(rtnl, filter, err))
        return true;
    return fail_while(err, _("cannot lead what comes from '%s' through the queue '%s'"), from->name,
                      to->name);
}

static bool limit_outbound(Rtnl *rtnl, const PlanLink *plan, const Device *host, GError **err)
{
    char name[IFNAMSIZ];
    Device detour;

    detour_name(plan, name);
    if (!make_detour(rtnl, name, host->mtu, &detour, err))
        return false; /* it may be another's of the same address */
    if (fill_bucket(rtnl, &detour, &plan->outbound, err) && redirect(rtnl, host, &detour, err))
        return true;
    (void)device_delete(rtnl, detour.index, NULL); /* the first failure is the one to report */
    return false;
}

/* ---- both --------------------------------------------------------------------------------------
 */

/* A floor alone is the network's to keep. */
bool bandwidth_limit(Rtnl *rtnl, const PlanLink *plan, const Device *host, GError **err)
{
    return (!plan->inbound.average || fill_bucket(rtnl, host, &plan->inbound, err)) &&
           (!plan->outbound.average || limit_outbound(rtnl, plan, host, err));
}

bool bandwidth_outlives_namespace(const PlanLink *plan)
{
    return plan->outbound.average > 0;
}

bool bandwidth_unlimit(Rtnl *rtnl, const PlanLink *plan, GError **err)
{
    char name[IFNAMSIZ];
    Device detour;

    if (!bandwidth_outlives_namespace(plan))
        return true;
    detour_name(plan, name);
    if (!device_find(rtnl, name, &detour, err))
        return false;
    return detour.index == 0 || strcmp(detour.kind, "ifb") != 0 ||
           device_delete(rtnl, detour.index, err);
}
