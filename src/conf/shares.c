// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * <lxc:namespace>: namespaces that the container shares with another one, with a process, or, for
 * the network, with a named namespace of the host.
 */
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/domain-records.h"
#include "conf/value.h"

#define BROKEN ERR(LXC, INTERNAL_ERROR)
#define UNSUPPORTED ERR(LXC, CONFIG_UNSUPPORTED)

static const char *const source_names[] = { NULL, "none", "name", "pid", "netns", NULL };

/* Whoever says that nothing is shared has said nothing. */
static bool check_share(void *object, const Reader *reader, GError **err)
{
    Share *share = object;

    if (share->source == SHARE_NONE) {
        share->source = SHARE_ABSENT;
        g_clear_pointer(&share->value, g_free);
    }
    return true;
}

/* clang-format off */
static const Row share_rows[] = {
    { "@type",  ROW_ENUM,   offsetof(Share, source), .names = source_names,
                .missing = BROKEN, .bad = BROKEN },
    { "@value", ROW_STRING, offsetof(Share, value),  .missing = BROKEN },
    { NULL },
};
/* clang-format on */

static const Record net_record = { "lxc:sharenet", sizeof(Share), share_rows,
                                   .check = check_share };
static const Record ipc_record = { "lxc:shareipc", sizeof(Share), share_rows,
                                   .check = check_share };
static const Record uts_record = { "lxc:shareuts", sizeof(Share), share_rows,
                                   .check = check_share };

/* clang-format off */
static const Row shares_rows[] = {
    { "lxc:sharenet", ROW_RECORD, offsetof(SharesDef, net), .record = &net_record },
    { "lxc:shareipc", ROW_RECORD, offsetof(SharesDef, ipc), .record = &ipc_record },
    { "lxc:shareuts", ROW_RECORD, offsetof(SharesDef, uts), .record = &uts_record },
    { NULL },
};
/* clang-format on */

const Record shares_record = { "lxc:namespace", sizeof(SharesDef), shares_rows,
                               .unknown = UNSUPPORTED };

/* ---- plan ------------------------------------------------------------------------------------ */

static bool plan_one(const Row *row, const Share *share, unsigned space, PlanBuilder *builder,
                     GError **err)
{
    PlanShare *planned = NULL;
    int64_t pid;

    if (share->source == SHARE_ABSENT)
        return true;
    if (share->source == SHARE_NETNS && space != PLAN_NS_NET)
        return fail(err, UNSUPPORTED, _("<%s type='netns'>: only a network can have a name"),
                    row->path);
    if (share->source == SHARE_PID && (!value_parse_number(share->value, &pid) || pid <= 0))
        return fail(err, UNSUPPORTED, _("<%s type='pid'>: '%s' is not a process"), row->path,
                    share->value);
    if (share->source == SHARE_NETNS && (!*share->value || strchr(share->value, '/')))
        return fail(err, UNSUPPORTED, _("<%s>: '%s' is not the name of a network namespace"),
                    row->path, share->value);
    planned = PLAN_ADD(&builder->plan->shares);
    planned->space = space;
    planned->source = share->source == SHARE_PID     ? PLAN_SHARE_PID
                      : share->source == SHARE_NETNS ? PLAN_SHARE_NETNS
                                                     : PLAN_SHARE_DOMAIN;
    planned->value = g_strdup(share->value);
    builder->plan->namespaces &= ~(unsigned)space;
    return true;
}

bool shares_plan(PlanBuilder *builder, GError **err)
{
    const DomainDef *def = builder->def;
    bool shares_net = def->shares.net.source != SHARE_ABSENT;

    if (shares_net && builder->plan->namespaces & PLAN_NS_NET)
        return fail(err, UNSUPPORTED,
                    _("<lxc:sharenet> cannot go with interfaces, network devices of the host or a "
                      "private network"));
    return plan_one(&shares_rows[0], &def->shares.net, PLAN_NS_NET, builder, err) &&
           plan_one(&shares_rows[1], &def->shares.ipc, PLAN_NS_IPC, builder, err) &&
           plan_one(&shares_rows[2], &def->shares.uts, PLAN_NS_UTS, builder, err);
}
