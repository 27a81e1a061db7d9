// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * <bandwidth>: how much may go into the container and out of it. A rate of 0 is no limit and is not
 * given back. `floor` is what a libvirt network keeps free for the interface, so nobody else has
 * it.
 */
#include "base/error.h"
#include "base/text.h"
#include "conf/interface-parts.h"

#define MALFORMED ERR(NONE, CONFIG_UNSUPPORTED)
#define WRONG ERR(NONE, XML_DETAIL)
#define RATE .min = 0, .max = INT64_MAX, .bad = MALFORMED

static bool check_rate(void *object, const Reader *reader, GError **err);

/* clang-format off */
static const Row inbound_rows[] = {
    { "@average", ROW_NUMBER, offsetof(BandwidthRate, average), RATE },
    { "@peak",    ROW_NUMBER, offsetof(BandwidthRate, peak),    RATE },
    { "@floor",   ROW_NUMBER, offsetof(BandwidthRate, floor),   RATE },
    { "@burst",   ROW_NUMBER, offsetof(BandwidthRate, burst),   RATE },
    { NULL },
};

static const Row outbound_rows[] = {
    { "@average", ROW_NUMBER,  offsetof(BandwidthRate, average), RATE },
    { "@peak",    ROW_NUMBER,  offsetof(BandwidthRate, peak),    RATE },
    { "@floor",   ROW_REFUSED, .bad = MALFORMED },
    { "@burst",   ROW_NUMBER,  offsetof(BandwidthRate, burst),   RATE },
    { NULL },
};

static const Record inbound_record = { "inbound", sizeof(BandwidthRate), inbound_rows,
                                       .check = check_rate };
static const Record outbound_record = { "outbound", sizeof(BandwidthRate), outbound_rows,
                                        .check = check_rate };

static const Row bandwidth_rows[] = {
    { "@classID", ROW_REFUSED, .bad = WRONG },
    { "inbound",  ROW_MAYBE,   offsetof(Bandwidth, inbound),  .record = &inbound_record },
    { "outbound", ROW_MAYBE,   offsetof(Bandwidth, outbound), .record = &outbound_record },
    { NULL },
};

/* With a classID, which is the network daemon's own and left out. */
static const Row port_bandwidth_rows[] = {
    { "inbound",  ROW_MAYBE, offsetof(Bandwidth, inbound),  .record = &inbound_record },
    { "outbound", ROW_MAYBE, offsetof(Bandwidth, outbound), .record = &outbound_record },
    { NULL },
};
/* clang-format on */

const Record port_bandwidth_record = { "bandwidth", sizeof(Bandwidth), port_bandwidth_rows };
const Record bandwidth_record = { "bandwidth", sizeof(Bandwidth), bandwidth_rows };

static void forget_zero(OptNumber *number)
{
    if (number->value == 0)
        number->set = false;
}

static bool check_rate(void *object, const Reader *reader, GError **err)
{
    BandwidthRate *rate = object;

    if (!rate->average.set && !rate->floor.set)
        return fail(err, WRONG, _("a limit of bandwidth has neither average= nor floor="));
    forget_zero(&rate->average);
    forget_zero(&rate->peak);
    forget_zero(&rate->floor);
    forget_zero(&rate->burst);
    return true;
}

bool bandwidth_check(const Interface *interface, GError **err)
{
    const Bandwidth *bandwidth = interface->bandwidth;

    if (bandwidth && bandwidth->inbound && bandwidth->inbound->floor.set &&
        interface->type != INTERFACE_NETWORK)
        return fail(err, MALFORMED,
                    _("an interface of type '%s' cannot be promised a floor of bandwidth: only "
                      "a network can"),
                    interface_type_name(interface->type));
    return true;
}

/* ---- plan ------------------------------------------------------------------------------------ */

static void plan_rate(const BandwidthRate *rate, PlanBandwidth *planned)
{
    if (!rate)
        return;
    planned->average = (uint64_t)rate->average.value;
    planned->peak = (uint64_t)rate->peak.value;
    planned->burst = (uint64_t)rate->burst.value;
    planned->floor = (uint64_t)rate->floor.value;
}

bool bandwidth_plan(const Interface *interface, PlanLink *link, GError **err)
{
    const Bandwidth *bandwidth = interface->bandwidth;
    g_autofree char *title = NULL;

    if (!bandwidth)
        return true;
    if (interface_actual_type(interface) == INTERFACE_DIRECT) {
        title = interface_title(interface);
        return fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                    _("the bandwidth of %s cannot be limited: its type 'direct' leaves no end on "
                      "the host"),
                    title);
    }
    plan_rate(bandwidth->inbound, &link->inbound);
    plan_rate(bandwidth->outbound, &link->outbound);
    return true;
}
