// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * <console>: a terminal in the container whose other end is the user's, as a pseudo terminal of the
 * host, or a file, a UNIX socket, or nothing. The first is /dev/console and init's standard input
 * and output; all are /dev/tty1 and on as well.
 */
#include <string.h>
#include <sys/un.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/device.h"
#include "conf/domain-records.h"

#define UNSUPPORTED ERR(DOMAIN, CONFIG_UNSUPPORTED)
#define SOCKET_PATH_MAX (sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1)

enum { TARGET_LXC, TARGET_SERIAL, TARGET_NONE, TARGET_VIRTIO };

/* What "none" says is what is there already. */
static const char *const target_names[] = { "lxc", "serial", "none", "virtio", "xen",
                                            "uml", "openvz", "sclp", "sclplm", NULL };
static const PlanConsoleKind kinds[] = {
    [CHARDEV_PTY] = PLAN_CONSOLE_PTY,
    [CHARDEV_NULL] = PLAN_CONSOLE_NULL,
    [CHARDEV_FILE] = PLAN_CONSOLE_FILE,
    [CHARDEV_UNIX] = PLAN_CONSOLE_UNIX,
};

#define FIELD(name) offsetof(Console, name)
#define WORKING (CHARDEV_IS(PTY) | CHARDEV_IS(NULL) | CHARDEV_IS(FILE) | CHARDEV_IS(UNIX))

/* clang-format off */
static const Row console_rows[] = {
    CHARDEV_TYPE_ROW(FIELD(source), .works = WORKING),
    { "@tty",         ROW_STRING, FIELD(tty),    ROW_LIVE },
    CHARDEV_ROWS(FIELD(source)),
    { "target/@type", ROW_ENUM,   FIELD(target), ROW_KEPT, .names = target_names, .bad = UNSUPPORTED },
    { "target/@port", ROW_NUMBER, FIELD(port),   ROW_KEPT, .min = INT32_MIN, .max = UINT32_MAX,
                      .bad = ERR(DOMAIN, XML_ERROR) },
    DEVICE_INFO_ROWS(FIELD(info)),
    { NULL },
};
/* clang-format on */

static void init(void *object)
{
    ((Console *)object)->source.type = CHARDEV_PTY;
}

static bool check_one(void *object, const Reader *reader, GError **err)
{
    Console *console = object;

    if (console->target == TARGET_NONE)
        console->target = TARGET_LXC;
    return chardev_check(&console->source, err) &&
           chardev_check_not_spicevmc(&console->source, err);
}

static const Record console_record = { "console",    sizeof(Console),          console_rows,
                                       .init = init, .type = &console_rows[0], .check = check_one };

static bool check(DomainDef *def, const Reader *reader, GError **err)
{
    for (size_t i = 0; i < def->consoles.n; i++) {
        Console *console = def->consoles.items[i];

        if (i > 0 && console->target == TARGET_SERIAL)
            return fail(err, UNSUPPORTED,
                        _("only the first console can have the target type 'serial'"));
        console->port = (OptNumber){ .set = true, .value = (int64_t)i };
        if (console->target == TARGET_VIRTIO &&
            !device_need_controller(
                def, "virtio-serial",
                address_controller(&console->info.address, ADDRESS_VIRTIO_SERIAL), err))
            return false;
    }
    return true;
}

static void make_live(DomainDef *def)
{
    for (size_t i = 0; i < def->consoles.n; i++) {
        g_free(def->consoles.items[i]->info.alias);
        def->consoles.items[i]->info.alias = g_strdup_printf("console%zu", i);
    }
}

/* ---- plan ------------------------------------------------------------------------------------ */

static bool check_path(const char *path, const PlanConsole *console, GError **err)
{
    if (path && *path != '/')
        return fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                    _("the path '%s' of the console '%s' is not absolute"), path, console->alias);
    if (console->kind == PLAN_CONSOLE_UNIX && strlen(console->path) > SOCKET_PATH_MAX)
        return fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                    _("the path '%s' of the console '%s' is too long for a UNIX socket"),
                    console->path, console->alias);
    return true;
}

/* What it makes on the host: a file or a socket, and a log. Either may be NULL. */
typedef struct MadePaths {
    const char *items[2];
} MadePaths;

static MadePaths made_paths(const PlanConsole *console)
{
    return (MadePaths){
        {console->connect ? NULL : console->path, console->log}
    };
}

/* Else one would rotate, cut short or replace what the other writes to. */
static bool check_alone(const PlanConsole *console, const PlanConsole *other, GError **err)
{
    MadePaths ours = made_paths(console);
    MadePaths theirs = made_paths(other);

    for (size_t i = 0; i < G_N_ELEMENTS(ours.items); i++)
        for (size_t j = 0; j < G_N_ELEMENTS(theirs.items); j++) {
            const char *path = ours.items[i];
            if (path && (console != other || i > j) && g_strcmp0(path, theirs.items[j]) == 0)
                return fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                            _("the path '%s' of the console '%s' is that of '%s' as well"), path,
                            console->alias, other->alias);
        }
    return true;
}

static bool check_last(const Plan *plan, GError **err)
{
    const PlanConsole *console = &plan->consoles.items[plan->consoles.len - 1];

    for (uint32_t i = 0; i < plan->consoles.len; i++)
        if (!check_alone(console, &plan->consoles.items[i], err))
            return false;
    return check_path(console->path, console, err) && check_path(console->log, console, err);
}

static bool plan(const void *device, PlanBuilder *builder, GError **err)
{
    const Chardev *source = &((const Console *)device)->source;
    PlanConsole *console = PLAN_ADD(&builder->plan->consoles);

    console->alias = g_strdup_printf("console%u", builder->plan->consoles.len - 1);
    console->kind = kinds[source->type];
    console->append = source->append == SWITCH_ON;
    console->connect = console->kind == PLAN_CONSOLE_UNIX && source->mode == CHARDEV_CONNECT;
    if (console->connect && source->reconnect == CHOICE_YES)
        console->reconnect = (unsigned)source->reconnect_timeout.value;
    console->log = g_strdup(source->log_file);
    console->log_append = source->log_append == SWITCH_ON;
    if (console->kind == PLAN_CONSOLE_FILE || console->kind == PLAN_CONSOLE_UNIX)
        console->path = g_strdup(source->path);
    return check_last(builder->plan, err);
}

const DeviceClass console_class = {
    .element = "console",
    .record = &console_record,
    .list = offsetof(DomainDef, consoles),
    .check = check,
    .make_live = make_live,
    .plan = plan,
};
