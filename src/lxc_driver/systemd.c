// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See systemd.h. systemd answers a request about a unit with a job, and signals when that is
 * through; the signal may be here before the answer. The whole has one deadline.
 */
#include "lxc_driver/systemd.h"

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"

#include <gio/gio.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE_SECONDS 10
#define PATIENCE_MS (PATIENCE_SECONDS * 1000)
#define MACHINE_NAME_MAX 64
#define MACHINE_PREFIX "lxc-"

#define SYSTEMD_NAME "org.freedesktop.systemd1"
#define SYSTEMD_PATH "/org/freedesktop/systemd1"
#define SYSTEMD_MANAGER "org.freedesktop.systemd1.Manager"
#define MACHINED_NAME "org.freedesktop.machine1"
#define MACHINED_PATH "/org/freedesktop/machine1"
#define MACHINED_MANAGER "org.freedesktop.machine1.Manager"
#define ERROR_NO_UNIT SYSTEMD_NAME ".NoSuchUnit"
#define ERROR_READ_ONLY "org.freedesktop.DBus.Error.PropertyReadOnly"

bool systemd_is_here(void)
{
    return access("/run/systemd/system", F_OK) == 0;
}

/* ---- names ---- */

/* Names of hosts: letters, digits, hyphens and dots, none of these two last or behind a dot. */
static bool fits(const char *name, const char *at)
{
    bool after_dot = at == name || at[-1] == '.';

    return g_ascii_isalnum(*at) || ((*at == '-' || *at == '.') && at[1] && !after_dot);
}

char *systemd_machine_name(const char *name, const uint8_t uuid[16])
{
    GString *machine = g_string_new(MACHINE_PREFIX);

    for (const char *at = name; *at; at++)
        if (fits(name, at))
            g_string_append_c(machine, *at);
    if (machine->len > MACHINE_NAME_MAX || strcmp(machine->str + strlen(MACHINE_PREFIX), name)) {
        g_string_truncate(machine, MIN(machine->len, MACHINE_NAME_MAX - strlen("-01234567")));
        g_string_append_printf(machine, "-%02x%02x%02x%02x", uuid[0], uuid[1], uuid[2], uuid[3]);
    }
    return g_string_free(machine, FALSE);
}

/* As systemd writes any text into the name of a unit. */
static void append_escaped(GString *out, const char *text)
{
    for (const char *at = text; *at; at++) {
        bool plain = g_ascii_isalnum(*at) || *at == '_' || *at == ':' || (*at == '.' && at != text);
        if (plain)
            g_string_append_c(out, *at);
        else
            g_string_append_printf(out, "\\x%02x", (unsigned char)*at);
    }
}

char *systemd_scope_name(const char *machine)
{
    GString *name = g_string_new("machine-");

    append_escaped(name, machine);
    return g_string_free(g_string_append(name, ".scope"), FALSE);
}

char *systemd_slice_name(const char *partition)
{
    g_auto(GStrv) parts = g_strsplit(partition, "/", -1);
    GString *name = g_string_new(NULL);

    for (char **part = parts; *part; part++) {
        if (!**part)
            continue;
        if (name->len > 0)
            g_string_append_c(name, '-');
        append_escaped(name, *part);
    }
    if (name->len == 0)
        g_string_append_c(name, '-');
    return g_string_free(g_string_append(name, ".slice"), FALSE);
}

/* ---- one request about a unit ---- */

typedef struct Work {
    char *unit;
    const char *method;
    GVariant *arguments; /* of the next call, */
    GVariant *retry;     /* and of one that may follow it; NULL */
    GDBusProxy *manager;
    GCancellable *stop; /* answers that come after the end are dropped by it */
    guint timeout;
    bool answered; /* there is a job, */
    bool removed;  /* and it is through: */
    char *result;  /* "done", "failed", ... */
    SystemdDone *done;
    void *data;
} Work;

static void work_free(Work *work)
{
    if (work->manager)
        g_signal_handlers_disconnect_by_data(work->manager, work);
    g_clear_handle_id(&work->timeout, g_source_remove);
    g_cancellable_cancel(work->stop);
    g_object_unref(work->stop);
    g_clear_object(&work->manager);
    g_clear_pointer(&work->arguments, g_variant_unref);
    g_clear_pointer(&work->retry, g_variant_unref);
    g_free(work->result);
    g_free(work->unit);
    g_free(work);
}

static void finish(Work *work, SystemdResult result, const GError *err)
{
    work->done(result, err, work->data);
    work_free(work);
}

static void finish_failed(Work *work, const char *why)
{
    g_autoptr(GError) err = NULL;

    (void)fail(&err, ERR(LXC, OPERATION_FAILED), _("systemd does not carry out %s of '%s': %s"),
               work->method, work->unit, why);
    finish(work, SYSTEMD_FAILED, err);
}

static gboolean too_late(void *data)
{
    Work *work = data;
    g_autofree char *why = g_strdup_printf(_("no answer within %d s"), PATIENCE_SECONDS);

    work->timeout = 0;
    finish_failed(work, why);
    return G_SOURCE_REMOVE;
}

static void finish_if_through(Work *work)
{
    if (!work->answered || !work->removed)
        return;
    if (strcmp(work->result, "done"))
        finish_failed(work, work->result);
    else
        finish(work, SYSTEMD_DONE, NULL);
}

static void on_signal(GDBusProxy *manager, const char *sender, const char *signal, GVariant *words,
                      void *data)
{
    Work *work = data;
    const char *unit;
    const char *result;

    if (strcmp(signal, "JobRemoved") || !g_variant_is_of_type(words, G_VARIANT_TYPE("(uoss)")))
        return;
    g_variant_get(words, "(u&o&s&s)", NULL, NULL, &unit, &result);
    if (strcmp(unit, work->unit))
        return;
    work->removed = true;
    g_free(work->result);
    work->result = g_strdup(result);
    finish_if_through(work);
}

static void call(Work *work);

static bool is_remote_error(const GError *err, const char *name)
{
    g_autofree char *remote = g_dbus_error_get_remote_error(err);

    return remote && !strcmp(remote, name);
}

/* What older ones do not know may be left out. */
static bool may_retry(const Work *work, const GError *err)
{
    return work->retry && (is_remote_error(err, ERROR_READ_ONLY) ||
                           g_error_matches(err, G_DBUS_ERROR, G_DBUS_ERROR_PROPERTY_READ_ONLY) ||
                           g_error_matches(err, G_DBUS_ERROR, G_DBUS_ERROR_INVALID_ARGS));
}

static void on_call_failed(Work *work, GError *err)
{
    if (is_remote_error(err, ERROR_NO_UNIT)) {
        finish(work, SYSTEMD_DONE, NULL); /* to be stopped, and gone already */
    } else if (may_retry(work, err)) {
        g_variant_unref(work->arguments);
        work->arguments = g_steal_pointer(&work->retry);
        call(work);
    } else {
        (void)g_dbus_error_strip_remote_error(err);
        finish_failed(work, err->message);
    }
}

static void on_answer(GObject *source, GAsyncResult *result, void *data)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(GVariant) answer = g_dbus_proxy_call_finish(G_DBUS_PROXY(source), result, &err);
    Work *work = data;

    if (g_error_matches(err, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return; /* and the work is gone */
    if (!answer) {
        on_call_failed(work, err);
        return;
    }
    work->answered = true;
    finish_if_through(work);
}

static void call(Work *work)
{
    g_dbus_proxy_call(work->manager, work->method, work->arguments, G_DBUS_CALL_FLAGS_NO_AUTO_START,
                      -1, work->stop, on_answer, work);
}

static void keep_running_without(GDBusConnection *bus)
{
    g_dbus_connection_set_exit_on_close(bus, FALSE);
}

static void on_manager(GObject *source, GAsyncResult *result, void *data)
{
    g_autoptr(GError) err = NULL;
    GDBusProxy *manager = g_dbus_proxy_new_for_bus_finish(result, &err);
    Work *work = data;

    if (g_error_matches(err, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return; /* and the work is gone */
    if (!manager) {
        finish(work, SYSTEMD_NO_BUS, err);
        return;
    }
    keep_running_without(g_dbus_proxy_get_connection(manager));
    work->manager = manager;
    g_signal_connect(manager, "g-signal", G_CALLBACK(on_signal), work);
    call(work);
}

static Work *work_new(const char *unit, const char *method, SystemdDone *done, void *data)
{
    Work *work = g_new0(Work, 1);

    work->unit = g_strdup(unit);
    work->method = method;
    work->stop = g_cancellable_new();
    work->done = done;
    work->data = data;
    return work;
}

static void work_begin(Work *work)
{
    work->timeout = g_timeout_add_seconds(PATIENCE_SECONDS, too_late, work);
    g_dbus_proxy_new_for_bus(
        G_BUS_TYPE_SYSTEM,
        G_DBUS_PROXY_FLAGS_DO_NOT_LOAD_PROPERTIES | G_DBUS_PROXY_FLAGS_DO_NOT_AUTO_START, NULL,
        SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, work->stop, on_manager, work);
}

/* ---- scopes ---- */

static void add_pid(GVariantBuilder *properties, pid_t pid)
{
    guint32 number = (guint32)pid;

    g_variant_builder_add(
        properties, "(sv)", "PIDs",
        g_variant_new_fixed_array(G_VARIANT_TYPE_UINT32, &number, 1, sizeof number));
}

static GVariant *scope_arguments(const ScopeRequest *request, const char *user)
{
    GVariantBuilder properties;

    g_variant_builder_init(&properties, G_VARIANT_TYPE("a(sv)"));
    g_variant_builder_add(&properties, "(sv)", "Description",
                          g_variant_new_string(request->description));
    add_pid(&properties, request->pid);
    g_variant_builder_add(&properties, "(sv)", "Slice", g_variant_new_string(request->slice));
    g_variant_builder_add(&properties, "(sv)", "Delegate", g_variant_new_boolean(TRUE));
    g_variant_builder_add(&properties, "(sv)", "CollectMode",
                          g_variant_new_string("inactive-or-failed"));
    g_variant_builder_add(&properties, "(sv)", "TasksMax", g_variant_new_uint64(G_MAXUINT64));
    if (user)
        g_variant_builder_add(&properties, "(sv)", "User", g_variant_new_string(user));
    return g_variant_ref_sink(
        g_variant_new("(ssa(sv)a(sa(sv)))", request->unit, "fail", &properties, NULL));
}

/*
 * With a user, since of a delegated unit without one systemd 258 lets others make PID 1 fail
 * (CVE-2026-40223); those that know no user of a scope are older than that.
 */
void systemd_start_scope(const ScopeRequest *request, SystemdDone *done, void *data)
{
    Work *work = work_new(request->unit, "StartTransientUnit", done, data);

    work->arguments = scope_arguments(request, "root");
    work->retry = scope_arguments(request, NULL);
    work_begin(work);
}

void systemd_stop_scope(const char *unit, SystemdDone *done, void *data)
{
    Work *work = work_new(unit, "StopUnit", done, data);

    work->arguments = g_variant_ref_sink(g_variant_new("(ss)", unit, "replace"));
    work_begin(work);
}

/* ---- machines ---- */

static void on_registered(GObject *source, GAsyncResult *result, void *data)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(GVariant) answer =
        g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &err);

    if (!answer)
        log_info("machined does not register a machine: %s", err->message);
}

/* One of the same name may be there, whose leader has ended by a reboot. */
static void register_on_bus(GObject *source, GAsyncResult *result, void *data)
{
    g_autoptr(GVariant) arguments = data;
    g_autoptr(GDBusConnection) bus = g_bus_get_finish(result, NULL);
    const char *name;

    if (!bus)
        return; /* whoever made the scope has said so */
    keep_running_without(bus);
    g_variant_get_child(arguments, 0, "&s", &name);
    g_dbus_connection_call(bus, MACHINED_NAME, MACHINED_PATH, MACHINED_MANAGER, "UnregisterMachine",
                           g_variant_new("(s)", name), NULL, G_DBUS_CALL_FLAGS_NONE, PATIENCE_MS,
                           NULL, NULL, NULL);
    g_dbus_connection_call(bus, MACHINED_NAME, MACHINED_PATH, MACHINED_MANAGER,
                           "RegisterMachineWithNetwork", arguments, NULL, G_DBUS_CALL_FLAGS_NONE,
                           PATIENCE_MS, NULL, on_registered, NULL);
}

void systemd_register_machine(const MachineRequest *request)
{
    GVariant *uuid =
        g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, request->uuid, 16, sizeof(uint8_t));
    GVariant *links = g_variant_new_fixed_array(G_VARIANT_TYPE_INT32, request->links,
                                                request->n_links, sizeof(int));
    GVariant *arguments = g_variant_new("(s@ayssus@ai)", request->name, uuid, "libvirt-lxc",
                                        "container", (guint32)request->leader, "", links);

    g_bus_get(G_BUS_TYPE_SYSTEM, NULL, register_on_bus, g_variant_ref_sink(arguments));
}
