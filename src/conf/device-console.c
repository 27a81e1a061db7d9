// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * <console>: a pseudo terminal between the host and the container. The first is /dev/console and
 * init's standard input and output; all are /dev/tty1 and on as well.
 */
#include "base/error.h"
#include "base/text.h"
#include "conf/device.h"

enum { TARGET_LXC, TARGET_SERIAL };

/* Of libvirt's words for the other side only pty means something here; the rest are known to be
 * refused by name rather than taken for spelling mistakes. */
static const char *const type_names[] = { "pty",  "null",         "vc",       "dev",
                                          "file", "pipe",         "stdio",    "udp",
                                          "tcp",  "unix",         "spicevmc", "spiceport",
                                          "nmdm", "qemu-vdagent", "dbus",     NULL };
static const char *const target_names[] = { "lxc",    "serial", "none", "xen",    "uml",
                                            "virtio", "openvz", "sclp", "sclplm", NULL };
static const char *const append_names[] = { NULL, "on", "off", NULL };

/* clang-format off */
static const Row console_rows[] = {
    { "@type",          ROW_ENUM,   offsetof(Console, type),        ROW_TYPE,
                        .names = type_names, .bad = ERR(DOMAIN, CONFIG_UNSUPPORTED),
                        .works = TYPE_BIT(CONSOLE_PTY) },
    { "@tty",           ROW_STRING, offsetof(Console, tty),         ROW_LIVE },
    { "source/@path",   ROW_STRING, offsetof(Console, source_path), ROW_LIVE },
    { "log/@file",      ROW_STRING, offsetof(Console, log_file) },
    { "log/@append",    ROW_ENUM,   offsetof(Console, log_append),  .names = append_names },
    { "protocol/@type", ROW_STRING, offsetof(Console, protocol) },
    { "target/@type",   ROW_ENUM,   offsetof(Console, target_type), .names = target_names,
                        .bad = ERR(DOMAIN, CONFIG_UNSUPPORTED) },
    { "target/@port",   ROW_NUMBER, offsetof(Console, port),        .min = 0, .max = UINT32_MAX },
    { "alias/@name",    ROW_STRING, offsetof(Console, alias),       ROW_LIVE },
    { "address",        ROW_KEEP,   offsetof(Console, rest) },
    { NULL },
};
/* clang-format on */

static const Record console_record = { "console", sizeof(Console), console_rows,
                                       .type = &console_rows[0] };

static bool check(DomainDef *def, const Reader *reader, GError **err)
{
    for (size_t i = 0; i < def->consoles.n; i++) {
        Console *console = def->consoles.items[i];

        if (i > 0 && console->target_type == TARGET_SERIAL)
            return fail(err, ERR(DOMAIN, CONFIG_UNSUPPORTED),
                        _("only the first console can have the target type 'serial'"));
        console->port = (OptNumber){ .set = true, .value = (int64_t)i };
    }
    return true;
}

static void make_live(DomainDef *def)
{
    for (size_t i = 0; i < def->consoles.n; i++) {
        g_free(def->consoles.items[i]->alias);
        def->consoles.items[i]->alias = g_strdup_printf("console%zu", i);
    }
}

static bool plan(const void *device, PlanBuilder *builder, GError **err)
{
    PlanConsole *console = PLAN_ADD(&builder->plan->consoles);

    console->alias = g_strdup_printf("console%u", builder->plan->consoles.len - 1);
    return true;
}

const DeviceClass console_class = {
    .element = "console",
    .record = &console_record,
    .list = offsetof(DomainDef, consoles),
    .check = check,
    .make_live = make_live,
    .plan = plan,
};
