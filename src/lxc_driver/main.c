// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * virtlxcd: reads options and configuration, takes the directory for itself, listens, meets the
 * containers of an earlier daemon, and serves until told to end. Containers do not end with it.
 *
 * Order matters: the lock before anything is written, the sockets before the slow part, accepting
 * after it; with --daemon the parent ends when clients can connect.
 */
#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/text.h"
#include "config.h"
#include "lxc_driver/domain-list.h"
#include "lxc_driver/driver.h"
#include "lxc_driver/file.h"
#include "lxc_driver/lock.h"
#include "lxc_driver/options.h"
#include "lxc_driver/procedures.h"
#include "lxc_driver/reconnect.h"
#include "lxc_driver/sockets.h"
#include "lxc_driver/systemd.h"

#include <fcntl.h>
#include <glib-unix.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif

typedef struct Daemon {
    Options options;
    Paths *paths;
    Config *config; /* until the driver takes it */
    Lock *lock;
    char *pid_file; /* written, to be removed */
    Sockets *sockets;
    Driver *driver;
    GMainLoop *loop;
    int parent_fd; /* --daemon: the parent reads from the other end; -1 */
    guint idle_timeout;
} Daemon;

/* ---- telling those who started us --------------------------------------------------------------
 */

static void notify_systemd(const char *state)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    const char *path = g_getenv("NOTIFY_SOCKET");
    autofd int fd = -1;
    size_t length = path ? strlen(path) : 0;

    if (length == 0 || length >= sizeof address.sun_path)
        return;
    memcpy(address.sun_path, path, length);
    if (*path == '@')
        address.sun_path[0] = '\0'; /* an abstract name */
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&address,
                         (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)) < 0)
        log_warning(_("cannot notify systemd of '%s': %s"), state, g_strerror(errno));
}

/* The parent ends with 0 on a byte and with 1 when the pipe breaks. */
static void release_parent(Daemon *daemon_)
{
    if (daemon_->parent_fd < 0)
        return;
    (void)fd_write_full(daemon_->parent_fd, "", 1); /* a parent that was killed does not matter */
    fd_close(fd_steal(&daemon_->parent_fd));
}

/* Standard error is the log's destination; in the background it needs a file. */
static bool redirect_log(const Daemon *daemon_, GError **err)
{
    g_autofree char *dir = g_path_get_dirname(daemon_->paths->log_dir);
    g_autofree char *path = g_build_filename(dir, "virtlxcd.log", NULL);
    autofd int log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    autofd int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    if (log < 0)
        return fail_errno(err, errno, _("cannot open the log '%s'"), path);
    if (null < 0 || dup2(null, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0)
        return fail_errno(err, errno, _("cannot redirect the standard streams"));
    return true;
}

/* Returns in the child only. */
static bool go_to_background(Daemon *daemon_, GError **err)
{
    int ends[2];
    pid_t pid;
    char byte;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return fail_errno(err, errno, _("cannot make a pipe"));
    pid = fork();
    if (pid < 0)
        return fail_errno(err, errno, _("cannot fork"));
    if (pid > 0) {
        close(ends[1]);
        _exit(fd_read_full(ends[0], &byte, 1) ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    close(ends[0]);
    daemon_->parent_fd = ends[1];
    if (setsid() < 0 || chdir("/") < 0)
        return fail_errno(err, errno, _("cannot go to the background"));
    return true;
}

/* ---- signals and the idle end ------------------------------------------------------------------
 */

static gboolean on_end_signal(void *data)
{
    Daemon *daemon_ = data;

    notify_systemd("STOPPING=1");
    g_main_loop_quit(daemon_->loop);
    return G_SOURCE_CONTINUE;
}

/* GLib watches no SIGQUIT; it means the same as SIGTERM here. */
static void on_quit_signal(int signum)
{
    (void)kill(getpid(), SIGTERM);
}

static bool read_config(const Daemon *daemon_, Config *config, GError **err)
{
    const char *asked = daemon_->options.config_file;

    if (asked && access(asked, R_OK) < 0)
        return fail_errno(err, errno, _("cannot read the configuration '%s'"), asked);
    return config_read(config, asked ? asked : daemon_->paths->config_file, err) &&
           config_read(config, daemon_->paths->driver_conf, err);
}

static void use_log_settings(const Daemon *daemon_, const Config *config)
{
    LogLevel level = LOG_LEVEL_WARNING;

    if (config->log_level > 0)
        level = (LogLevel)config->log_level;
    if (daemon_->options.verbose && level > LOG_LEVEL_INFO)
        level = LOG_LEVEL_INFO;
    log_set_level(level);
}

static RpcLimits limits_of(const Config *config)
{
    return (RpcLimits){
        .max_clients = (unsigned)config->max_clients,
        .max_anonymous_clients = (unsigned)config->max_anonymous_clients,
        .max_client_requests = (unsigned)config->max_client_requests,
        .keepalive_interval = (int)config->keepalive_interval,
        .keepalive_count = (unsigned)config->keepalive_count,
    };
}

/* A configuration that is wrong now leaves the old one in force. */
static gboolean on_reload_signal(void *data)
{
    Daemon *daemon_ = data;
    Driver *driver = daemon_->driver;
    g_autoptr(Config) config = config_new();
    g_autoptr(GError) err = NULL;
    RpcLimits limits;

    if (!read_config(daemon_, config, &err)) {
        log_error(_("the configuration is not reloaded: %s"), err->message);
        return G_SOURCE_CONTINUE;
    }
    limits = limits_of(config);
    rpc_server_set_limits(driver->server, &limits);
    use_log_settings(daemon_, config);
    config_warn(config);
    config_free(driver->config);
    driver->config = g_steal_pointer(&config);
    if (!reconnect_load_definitions(driver, &err))
        log_error(_("the definitions are not reloaded: %s"), err->message);
    return G_SOURCE_CONTINUE;
}

static gboolean on_idle_end(void *data)
{
    Daemon *daemon_ = data;

    log_info("no client and no container for %d s", daemon_->options.timeout);
    daemon_->idle_timeout = 0;
    g_main_loop_quit(daemon_->loop);
    return G_SOURCE_REMOVE;
}

/* The countdown runs while there is neither a client nor a container. */
static void on_activity(void *data)
{
    Daemon *daemon_ = data;
    const Driver *driver = daemon_->driver;
    bool idle =
        rpc_server_n_clients(driver->server) == 0 && domain_list_n_active(driver->domains) == 0;

    if (daemon_->options.timeout < 0 || idle == (daemon_->idle_timeout != 0))
        return;
    if (idle)
        daemon_->idle_timeout =
            g_timeout_add_seconds((guint)daemon_->options.timeout, on_idle_end, daemon_);
    else
        g_clear_handle_id(&daemon_->idle_timeout, g_source_remove);
}

static void watch_signals(Daemon *daemon_)
{
    struct sigaction quit = { .sa_handler = on_quit_signal, .sa_flags = SA_RESTART };

    (void)sigaction(SIGQUIT, &quit, NULL); /* cannot fail for a valid signal */
    (void)signal(SIGPIPE, SIG_IGN);
    g_unix_signal_add(SIGTERM, on_end_signal, daemon_);
    g_unix_signal_add(SIGINT, on_end_signal, daemon_);
    g_unix_signal_add(SIGHUP, on_reload_signal, daemon_);
}

/* Every client and container takes descriptors. What init may have is set for it separately. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        log_warning(_("cannot raise the limit of descriptors: %s"), g_strerror(errno));
}

/* ---- from start to end -------------------------------------------------------------------------
 */

static void open_for_clients(void *data)
{
    Daemon *daemon_ = data;

    reconnect_autostart(daemon_->driver);
    rpc_server_start(daemon_->driver->server);
    on_activity(daemon_);
    notify_systemd("READY=1");
    log_info("virtlxcd %s is ready", VERSION);
}

static bool write_pid_file(Daemon *daemon_, GError **err)
{
    g_autofree char *text = g_strdup_printf("%d\n", (int)getpid());
    const char *path =
        daemon_->options.pid_file ? daemon_->options.pid_file : daemon_->paths->pid_file;

    daemon_->pid_file = g_strdup(path);
    return file_replace(path, text, FILE_FOR_THIS_BOOT, err);
}

static bool take_directory(Daemon *daemon_, GError **err)
{
    return paths_create(daemon_->paths, err) &&
           lock_take(daemon_->paths->lock_file, &daemon_->lock, err) &&
           write_pid_file(daemon_, err);
}

static bool serve(Daemon *daemon_, GError **err)
{
    Driver *driver = daemon_->driver;
    const RpcProgram *const programs[] = { &driver->remote_program, &driver->lxc_program,
                                           &driver->qemu_program };
    RpcLimits limits = limits_of(driver->config);

    driver->activity_changed = on_activity;
    driver->activity_data = daemon_;
    driver->server =
        rpc_server_new(&limits, programs, G_N_ELEMENTS(programs), driver->network_run_dir);
    rpc_server_on_clients_changed(driver->server, on_activity, daemon_);
    if (!sockets_serve(daemon_->sockets, driver->server, err))
        return false;
    release_parent(daemon_);
    if (!reconnect_load_definitions(driver, err) ||
        !reconnect_containers(driver, open_for_clients, daemon_, err))
        return false;
    g_main_loop_run(daemon_->loop);
    return true;
}

static bool run(Daemon *daemon_, GError **err)
{
    daemon_->config = config_new();
    if (!paths_new(daemon_->options.root, &daemon_->paths, err) ||
        !read_config(daemon_, daemon_->config, err))
        return false;
    use_log_settings(daemon_, daemon_->config);
    if (daemon_->options.daemon && !go_to_background(daemon_, err))
        return false;
    daemon_->loop = g_main_loop_new(NULL, FALSE);
    watch_signals(daemon_);
    raise_descriptor_limit();
    if (!take_directory(daemon_, err) ||
        !sockets_open(daemon_->paths, daemon_->config, &daemon_->sockets, err) ||
        !driver_new(daemon_->paths, daemon_->config, &daemon_->driver, err))
        return false;
    daemon_->config = NULL; /* the driver's now */
    daemon_->driver->uses_systemd =
        systemd_is_here() && (!daemon_->driver->is_private || daemon_->options.systemd);
    if (daemon_->options.daemon && !redirect_log(daemon_, err))
        return false;
    config_warn(daemon_->driver->config);
    return serve(daemon_, err);
}

static void clean_up(Daemon *daemon_)
{
    g_clear_handle_id(&daemon_->idle_timeout, g_source_remove);
    sockets_free(daemon_->sockets);
    driver_free(daemon_->driver);
    if (daemon_->pid_file)
        (void)unlink(daemon_->pid_file); /* mine; nothing to do about a failure */
    g_free(daemon_->pid_file);
    lock_release(daemon_->lock);
    config_free(daemon_->config);
    paths_free(daemon_->paths);
    if (daemon_->loop)
        g_main_loop_unref(daemon_->loop);
    fd_close(daemon_->parent_fd);
    options_clear(&daemon_->options);
}

/*
 * Threads may still be at work, held up by another daemon even. exit() would take the libraries
 * that they are in down around them; this way they just end. What was left out is only the search
 * for leaks.
 */
G_GNUC_NORETURN static void end(int status)
{
    (void)fflush(NULL); /* nowhere to say that it failed */
#ifdef __SANITIZE_ADDRESS__
    __lsan_do_leak_check();
#endif
    _exit(status);
}

int main(int argc, char **argv)
{
    Daemon daemon_ = { .parent_fd = -1 };
    g_autoptr(GError) err = NULL;
    OptionsResult result;

    setlocale(LC_ALL, "");
    bindtextdomain(GETTEXT_PACKAGE, LOCALEDIR);
    textdomain(GETTEXT_PACKAGE);
    result = options_parse(&daemon_.options, argc, argv);
    if (result == OPTIONS_GO_ON && !run(&daemon_, &err))
        fprintf(stderr, "virtlxcd: %s\n", err->message);
    clean_up(&daemon_);
    end(err || result == OPTIONS_WRONG ? EXIT_FAILURE : EXIT_SUCCESS);
}
