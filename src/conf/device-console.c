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
#include "conf/compile.h"
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
    return check_path(console->path, console, err) && check_path(console->log, console, err);
}

/* ---- what several consoles make -------------------------------------------------------------- */

/* The log that a file of this name would be the next or an old one of; NULL: none. */
static char *rotated_log(const char *path)
{
    const char *dot = strrchr(path, '.');

    if (!dot || !dot[1] || (strcmp(dot, ".new") && dot[1 + strspn(dot + 1, "0123456789")]))
        return NULL;
    return g_strndup(path, (gsize)(dot - path));
}

/* Else one console would rotate, cut short or replace what another writes to. */
static bool note_path(GHashTable *users, const char *path, const PlanConsole *console, GError **err)
{
    g_autofree char *plain = g_canonicalize_filename(path, "/");
    const PlanConsole *other;

    if (!*path)
        return true;
    other = g_hash_table_lookup(users, plain);
    if (other)
        return fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                    _("the path '%s' of the console '%s' is that of '%s' as well"), path,
                    console->alias, other->alias);
    g_hash_table_insert(users, g_steal_pointer(&plain), (void *)console);
    return true;
}

static bool check_rotated(GHashTable *logs, const char *path, const PlanConsole *console,
                          GError **err)
{
    g_autofree char *plain = g_canonicalize_filename(path, "/");
    g_autofree char *log = rotated_log(plain);
    const PlanConsole *other = log ? g_hash_table_lookup(logs, log) : NULL;

    return !other || fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                          _("the path '%s' of the console '%s' is needed for the log of '%s'"),
                          path, console->alias, other->alias);
}

static const char *made_path(const PlanConsole *console)
{
    return console->connect ? "" : console->path;
}

bool consoles_plan_check(const Plan *plan, GError **err)
{
    g_autoptr(GHashTable) users = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GHashTable) logs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    bool fine = true;

    for (uint32_t i = 0; i < plan->consoles.len && fine; i++) {
        const PlanConsole *console = &plan->consoles.items[i];
        fine = note_path(users, made_path(console), console, err) &&
               note_path(users, console->log, console, err);
        if (*console->log)
            g_hash_table_insert(logs, g_canonicalize_filename(console->log, "/"), (void *)console);
    }
    for (uint32_t i = 0; i < plan->consoles.len && fine; i++) {
        const PlanConsole *console = &plan->consoles.items[i];
        fine = check_rotated(logs, made_path(console), console, err) &&
               check_rotated(logs, console->log, console, err);
    }
    return fine;
}

const DeviceClass console_class = {
    .element = "console",
    .record = &console_record,
    .list = offsetof(DomainDef, consoles),
    .check = check,
    .make_live = make_live,
    .plan = plan,
};
