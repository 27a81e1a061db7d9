// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See console.h. What a client reads and types passes a socket of the monitor's, who has the
 * terminal: so the client sees no terminal hang up as init or a getty begins anew, and the end only
 * when the monitor's process ends with the container, after the last output.
 */
#include "lxc_driver/console.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"

#include <libvirt/libvirt.h>

/* One client on one console, from asking the controller to the end of the stream. */
typedef struct ConsoleUse {
    Domain *domain; /* a reference */
    unsigned index;
    RpcCall *call;     /* until it is answered */
    RpcStream *stream; /* from then on */
    bool taken;        /* by another client */
} ConsoleUse;

static bool is_used(const Domain *domain, unsigned index)
{
    for (const GSList *item = domain->consoles; item; item = item->next)
        if (((const ConsoleUse *)item->data)->index == index)
            return true;
    return false;
}

/* The last look at a console gives it back, if the container is still there to take it. */
static void use_over(ConsoleUse *use)
{
    Domain *domain = use->domain;

    domain->consoles = g_slist_remove(domain->consoles, use);
    if (domain->link && !is_used(domain, use->index))
        controller_link_console_close(domain->link, use->index);
    domain_unref(domain);
    g_free(use);
}

static void stream_closed(void *data)
{
    use_over(data);
}

static GError *fail_taken(void)
{
    GError *err = NULL;

    (void)fail(&err, ERR(LXC, OPERATION_FAILED), _("the console was taken by another client"));
    return err;
}

static void opened(int fd, GBytes *backlog, const GError *err, void *data)
{
    ConsoleUse *use = data;
    RpcCall *call = g_steal_pointer(&use->call);
    RpcStream *stream;

    if (err || use->taken) {
        GError *why = err ? g_error_copy(err) : fail_taken();
        fd_close(fd);
        use_over(use);
        rpc_call_finish(call, why);
        return;
    }
    stream = rpc_call_open_stream(call, fd, backlog, stream_closed, use);
    if (stream)
        use->stream = stream; /* else the client has gone, and with it this use */
    rpc_call_finish(call, NULL);
}

static bool find_console(const Domain *domain, const char *alias, unsigned *ret_index, GError **err)
{
    const ConsoleList *consoles = &domain_live(domain)->consoles;

    for (size_t i = 0; i < consoles->n; i++) {
        if (alias && g_strcmp0(consoles->items[i]->info.alias, alias) != 0)
            continue;
        if (consoles->items[i]->source.type != CHARDEV_PTY)
            return fail(err, ERR(LXC, INTERNAL_ERROR),
                        _("the console '%s' of domain '%s' is not a terminal"),
                        consoles->items[i]->info.alias, domain->name);
        *ret_index = (unsigned)i;
        return true;
    }
    if (alias)
        return fail(err, ERR(LXC, INTERNAL_ERROR), _("domain '%s' has no console '%s'"),
                    domain->name, alias);
    return fail(err, ERR(LXC, INTERNAL_ERROR), _("domain '%s' has no console"), domain->name);
}

/* FORCE: whoever is on it has to go. */
static void disconnect_others(Domain *domain, unsigned index)
{
    g_autoptr(GSList) uses = g_slist_copy(domain->consoles);

    for (GSList *item = uses; item; item = item->next) {
        ConsoleUse *use = item->data;
        if (use->index != index)
            continue;
        use->taken = true;
        if (use->stream)
            rpc_stream_fail(use->stream, fail_taken());
    }
}

bool console_open(Domain *domain, RpcCall *call, const char *alias, unsigned flags, GError **err)
{
    ConsoleUse *use;
    unsigned index = 0;

    if (!domain_check_active(domain, err) || !find_console(domain, alias, &index, err))
        return false;
    if ((flags & VIR_DOMAIN_CONSOLE_SAFE) && is_used(domain, index))
        return fail(err, ERR(LXC, OPERATION_FAILED), _("the console of domain '%s' is in use"),
                    domain->name);
    if (!domain->link)
        return fail(err, ERR(LXC, OPERATION_FAILED), _("domain '%s' is ending"), domain->name);
    if (flags & VIR_DOMAIN_CONSOLE_FORCE)
        disconnect_others(domain, index);
    use = g_new0(ConsoleUse, 1);
    use->domain = domain_ref(domain);
    use->index = index;
    use->call = call;
    domain->consoles = g_slist_prepend(domain->consoles, use);
    rpc_call_defer(call);
    controller_link_console_open(domain->link, index, opened, use);
    return true;
}
