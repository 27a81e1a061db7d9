// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See container-kit.h. */
#include "container-kit.h"

#include "base/fd.h"
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define PARTITION_PREFIX "/virtlxcd-test-"

typedef struct Kit {
    char *dir;
    int state_dir;
    ControllerImages *images;
    Poller *poller;
    unsigned n_plans;
} Kit;

static Kit kit;

/* ---- the tree ---- */

static void copy(const char *from, const char *to)
{
    g_autofree char *text = NULL;
    gsize size;

    g_assert_true(g_file_get_contents(from, &text, &size, NULL));
    g_assert_true(g_file_set_contents(to, text, (gssize)size, NULL));
    g_assert_cmpint(chmod(to, 0755), ==, 0);
}

char *kit_root_path(const char *below)
{
    return g_build_filename(kit.dir, "root", below, NULL);
}

const char *kit_dir(void)
{
    return kit.dir;
}

static void make_dir(const char *below)
{
    g_autofree char *path = kit_root_path(below);

    g_assert_cmpint(mkdir(path, 0755), ==, 0);
}

static void make_tree(void)
{
    static const char *const dirs[] = { "", "bin", "dev", "etc", "proc", "sys", "tmp", "data" };
    static const char *const applets[] = {
        "sh",    "cat",  "ls",     "mount",    "umount", "id",       "grep",     "sleep",
        "stty",  "kill", "tr",     "dd",       "mkdir",  "touch",    "wc",       "mknod",
        "tty",   "ip",   "reboot", "poweroff", "echo",   "readlink", "hostname", "ps",
        "chmod", "seq",  "yes",    "head",     "sed",    "stat",     "env"
    };

    for (gsize i = 0; i < G_N_ELEMENTS(dirs); i++)
        make_dir(dirs[i]);
    {
        g_autofree char *busybox = kit_root_path("bin/busybox");
        copy("/bin/busybox", busybox);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(applets); i++) {
        g_autofree char *name = g_build_filename("bin", applets[i], NULL);
        g_autofree char *path = kit_root_path(name);
        g_assert_cmpint(symlink("busybox", path), ==, 0);
    }
}

static void skip(const char *why)
{
    g_printerr("skipped: %s\n", why);
    exit(77);
}

void kit_start(void)
{
    g_autofree char *root = NULL;

    if (geteuid() != 0)
        skip("needs root");
    if (access("/bin/busybox", X_OK) < 0)
        skip("needs /bin/busybox");
    kit.dir = g_dir_make_tmp("virtlxcd-test-XXXXXX", NULL);
    g_assert_nonnull(kit.dir);
    g_assert_cmpint(chmod(kit.dir, 0755), ==, 0);
    kit.state_dir = open(kit.dir, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
    g_assert_cmpint(kit.state_dir, >=, 0);
    make_tree();
    root = kit_root_path("");
    kit.poller = poller_new();
    g_assert_nonnull(kit.poller);
    g_assert_true(controller_images_load(BUILDDIR "/src/controller", &kit.images, NULL));
}

/* Our partition in each hierarchy; the containers' groups in it are gone by now. */
static void remove_partitions(void)
{
    g_autoptr(GDir) hierarchies = g_dir_open("/sys/fs/cgroup", 0, NULL);
    const char *name;

    while (hierarchies && (name = g_dir_read_name(hierarchies))) {
        g_autofree char *path =
            g_strdup_printf("/sys/fs/cgroup/%s" PARTITION_PREFIX "%d.partition", name, getpid());
        if (rmdir(path) < 0)
            g_assert_true(errno == ENOENT || errno == ENOTDIR);
    }
}

void kit_stop(void)
{
    char *argv[] = { (char *)"rm", (char *)"-rf", (char *)"--one-file-system", kit.dir, NULL };

    remove_partitions();
    controller_images_free(kit.images);
    poller_free(kit.poller);
    fd_close(kit.state_dir);
    g_assert_true(
        g_spawn_sync(NULL, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL));
    g_free(kit.dir);
}

/* ---- plans ---- */

static char *text(const char *from)
{
    char *copied = strdup(from); /* xdr_free uses free */

    g_assert_nonnull(copied);
    return copied;
}

#define GROW(list)                                                                                 \
    ((list).items = realloc((list).items, ((list).len + 1) * sizeof *(list).items),                \
     &(list).items[(list).len++])

PlanMount *kit_add_mount(Plan *plan, PlanMountKind kind, const char *source, const char *target,
                         unsigned flags)
{
    PlanMount *mount = GROW(plan->mounts);

    *mount = (PlanMount){ kind, text(source), text(target), text(""), flags };
    return mount;
}

static void add_new(Plan *plan, const char *type, const char *target, const char *options,
                    unsigned flags)
{
    PlanMount *mount = kit_add_mount(plan, PLAN_MOUNT_NEW, type, target, flags);

    free(mount->options);
    mount->options = text(options);
}

static void add_mounts(Plan *plan)
{
    g_autofree char *root = kit_root_path("");
    unsigned quiet = PLAN_MOUNT_F_NOSUID | PLAN_MOUNT_F_NODEV | PLAN_MOUNT_F_NOEXEC;

    kit_add_mount(plan, PLAN_MOUNT_HOST, root, "/", PLAN_MOUNT_F_RECURSIVE);
    add_new(plan, "proc", "/proc", "", quiet);
    kit_add_mount(plan, PLAN_MOUNT_READONLY, "", "/proc/sys", quiet);
    kit_add_mount(plan, PLAN_MOUNT_WRITABLE, "", "/proc/sys/net", quiet | PLAN_MOUNT_F_OPTIONAL);
    kit_add_mount(plan, PLAN_MOUNT_MASK, "", "/proc/meminfo", 0);
    kit_add_mount(plan, PLAN_MOUNT_MASK, "", "/proc/fs", 0);
    kit_add_mount(plan, PLAN_MOUNT_MASK, "", "/proc/nothing", PLAN_MOUNT_F_OPTIONAL);
    add_new(plan, "sysfs", "/sys", "", quiet | PLAN_MOUNT_F_READONLY);
    kit_add_mount(plan, PLAN_MOUNT_CGROUP, "", "/sys/fs/cgroup", 0);
    kit_add_mount(plan, PLAN_MOUNT_DEV, "", "/dev", PLAN_MOUNT_F_NOSUID);
    add_new(plan, "devpts", "/dev/pts", "newinstance,ptmxmode=0666,mode=0620,gid=5",
            PLAN_MOUNT_F_NOSUID | PLAN_MOUNT_F_NOEXEC);
    add_new(plan, "tmpfs", "/dev/shm", "mode=1777", PLAN_MOUNT_F_NOSUID | PLAN_MOUNT_F_NODEV);
    add_new(plan, "mqueue", "/dev/mqueue", "", quiet);
}

static void add_nodes(Plan *plan)
{
    static const struct {
        const char *path;
        unsigned major;
        unsigned minor;
    } nodes[] = {
        {"null",     1, 3},
        { "zero",    1, 5},
        { "full",    1, 7},
        { "random",  1, 8},
        { "urandom", 1, 9},
        { "tty",     5, 0}
    };

    for (gsize i = 0; i < G_N_ELEMENTS(nodes); i++) {
        *GROW(plan->nodes) =
            (PlanNode){ text(nodes[i].path), 'c', nodes[i].major, nodes[i].minor, 0666 };
        *GROW(plan->cgroup.devices) =
            (PlanDeviceRule){ 'c', (int)nodes[i].major, (int)nodes[i].minor,
                              PLAN_ACCESS_READ | PLAN_ACCESS_WRITE | PLAN_ACCESS_MKNOD };
    }
    *GROW(plan->cgroup.devices) =
        (PlanDeviceRule){ 'c', 136, -1, PLAN_ACCESS_READ | PLAN_ACCESS_WRITE };
    *GROW(plan->cgroup.devices) =
        (PlanDeviceRule){ 'c', 5, 2, PLAN_ACCESS_READ | PLAN_ACCESS_WRITE };
    *GROW(plan->symlinks) = (PlanSymlink){ text("fd"), text("/proc/self/fd") };
    *GROW(plan->symlinks) = (PlanSymlink){ text("stdin"), text("/proc/self/fd/0") };
    *GROW(plan->symlinks) = (PlanSymlink){ text("ptmx"), text("pts/ptmx") };
}

static void add_init(Plan *plan, const char *script)
{
    const char *const argv[] = { "/bin/sh", "-c", script };

    plan->init.path = text("/bin/sh");
    for (gsize i = 0; i < G_N_ELEMENTS(argv); i++)
        *GROW(plan->init.argv) = text(argv[i]);
    *GROW(plan->init.env) = text("PATH=/bin");
    *GROW(plan->init.env) = text("container=lxc-libvirt");
    plan->init.capabilities = ~(UINT64_C(1) << 16); /* CAP_SYS_MODULE is 16 */
}

Plan *kit_plan(const char *script)
{
    Plan *plan = calloc(1, sizeof *plan);
    g_autofree char *name = g_strdup_printf("trial%u", ++kit.n_plans);
    g_autofree char *partition = g_strdup_printf(PARTITION_PREFIX "%d", getpid());

    plan->name = text(name);
    plan->uuid[14] = (uint8_t)(getpid() & 255);
    plan->uuid[15] = (uint8_t)kit.n_plans;
    plan->hostname = text("trial");
    plan->namespaces =
        PLAN_NS_MOUNT | PLAN_NS_PID | PLAN_NS_UTS | PLAN_NS_IPC | PLAN_NS_NET | PLAN_NS_CGROUP;
    plan->cgroup.partition = text(partition);
    plan->cgroup.name = text(name);
    *GROW(plan->cgroup.settings) =
        (PlanSetting){ PLAN_KNOB_MEMORY_HARD, 64 * 1024 * 1024, text("") };
    *GROW(plan->consoles) = (PlanConsole){ text("console0") };
    add_mounts(plan);
    add_nodes(plan);
    add_init(plan, script);
    plan->on_reboot = PLAN_ACTION_RESTART;
    return plan;
}

void kit_plan_idmap(Plan *plan)
{
    plan->namespaces |= PLAN_NS_USER;
    *GROW(plan->uid_map) = (PlanIdRange){ 0, ID_BASE, 65536 };
    *GROW(plan->gid_map) = (PlanIdRange){ 0, ID_BASE, 65536 };
    plan->mounts.items[0].flags |= PLAN_MOUNT_F_IDMAP;
}

/* ---- events ---- */

static void note_running(Trial *trial, const ControllerRunning *running)
{
    trial->runs++;
    trial->init_pid = running->init_pid;
    trial->controller_pid = running->controller_pid;
    g_free(trial->console_path);
    trial->console_path = g_strdup(running->console_paths[0]);
}

static void on_links(ControllerLink *link, pid_t init_pid, void *data)
{
    Trial *trial = data;

    (void)init_pid;
    trial->links_asked = true;
    controller_link_links_done(link, trial->links_answer);
}

static void on_running(ControllerLink *link, const ControllerRunning *running, void *data)
{
    (void)link;
    note_running(data, running);
}

static void on_failed(ControllerLink *link, const GError *err, void *data)
{
    Trial *trial = data;

    (void)link;
    g_assert_null(trial->failure);
    trial->failure = g_error_copy(err);
}

static void on_exited(ControllerLink *link, ControllerExit how, int status, void *data)
{
    Trial *trial = data;

    (void)link;
    g_assert_false(trial->exited);
    trial->exited = true;
    trial->how = how;
    trial->status = status;
}

static void on_lost(ControllerLink *link, void *data)
{
    Trial *trial = data;

    (void)link;
    trial->lost = true;
}

static const ControllerEvents events = {
    .links = on_links,
    .running = on_running,
    .failed = on_failed,
    .rebooted = on_running,
    .exited = on_exited,
    .lost = on_lost,
};

/* ---- trials ---- */

Trial *kit_prepare(Plan *plan)
{
    Trial *trial = g_new0(Trial, 1);

    trial->plan = plan;
    trial->console = -1;
    trial->output = g_string_new(NULL);
    return trial;
}

void kit_respawn(Trial *trial)
{
    ControllerLaunch launch = { .poller = kit.poller,
                                .images = kit.images,
                                .plan = trial->plan,
                                .fds = trial->fds,
                                .n_fds = trial->n_fds,
                                .state_dir_fd = kit.state_dir,
                                .fail_step = trial->fail_step };
    g_autofree char *log = g_build_filename(kit.dir, "log", NULL);
    GError *err = NULL;

    g_assert_true(xdr_fill_strings(&plan_xdr, trial->plan));
    launch.log_path = log;
    controller_link_spawn(&launch, &events, trial, &trial->link, &err);
    g_assert_no_error(err);
    controller_link_start(trial->link, &launch, &err);
    g_assert_no_error(err);
}

Trial *kit_spawn_failing(Plan *plan, const char *fail_step)
{
    Trial *trial = kit_prepare(plan);

    trial->fail_step = fail_step;
    kit_respawn(trial);
    return trial;
}

Trial *kit_spawn(Plan *plan)
{
    return kit_spawn_failing(plan, NULL);
}

void kit_connect(Trial *trial)
{
    ControllerAddress where = { kit.poller, kit.state_dir, trial->plan->uuid };
    GError *err = NULL;

    controller_link_free(trial->link);
    trial->runs = 0;
    controller_link_connect(&where, &events, trial, &trial->link, &err);
    g_assert_no_error(err);
}

void kit_wait_running(Trial *trial, unsigned runs)
{
    while (trial->runs < runs) {
        if (trial->failure)
            g_error("start failed: %s", trial->failure->message);
        g_assert_false(trial->exited || trial->lost);
        g_main_context_iteration(NULL, TRUE);
    }
}

void kit_wait_over(Trial *trial)
{
    while (!trial->failure && !trial->exited && !trial->lost)
        g_main_context_iteration(NULL, TRUE);
}

static gboolean on_output(gint fd, GIOCondition condition, gpointer data)
{
    Trial *trial = data;
    char buffer[4096];
    ssize_t n = read(fd, buffer, sizeof buffer);

    (void)condition;
    if (n > 0)
        g_string_append_len(trial->output, buffer, n);
    /* Hung up for good; before that it is only until the monitor opens the other end again. */
    return n > 0 || !trial->exited;
}

static void on_opened(int fd, GBytes *backlog, const GError *err, void *data)
{
    Trial *trial = data;

    g_assert_null(err);
    trial->console = fd;
    if (backlog)
        g_string_append_len(trial->output, g_bytes_get_data(backlog, NULL),
                            (gssize)g_bytes_get_size(backlog));
    g_unix_fd_add(fd, G_IO_IN, on_output, trial);
}

void kit_open_console(Trial *trial)
{
    controller_link_console_open(trial->link, 0, on_opened, trial);
    while (trial->console < 0)
        g_main_context_iteration(NULL, TRUE);
}

void kit_close_console(Trial *trial)
{
    g_source_remove_by_user_data(trial);
    fd_close(fd_steal(&trial->console));
    controller_link_console_close(trial->link, 0);
}

void kit_wait_output(Trial *trial, const char *wanted)
{
    while (!strstr(trial->output->str, wanted))
        g_main_context_iteration(NULL, TRUE);
}

void kit_type(Trial *trial, const char *typed)
{
    g_assert_true(fd_write_full(trial->console, typed, strlen(typed)));
}

void kit_free(Trial *trial)
{
    if (trial->link && !trial->failure && !trial->exited && !trial->lost) {
        g_assert_true(controller_link_kill(trial->link, NULL));
        kit_wait_over(trial);
    }
    if (trial->console >= 0) {
        while (g_source_remove_by_user_data(trial))
            ;
        fd_close(trial->console);
    }
    controller_link_free(trial->link);
    g_clear_error(&trial->failure);
    g_string_free(trial->output, TRUE);
    g_free(trial->console_path);
    xdr_free(&plan_xdr, trial->plan);
    g_free(trial);
}

char *kit_group_path(const Trial *trial, const char *hierarchy, const char *file)
{
    return g_strdup_printf("/sys/fs/cgroup/%s%s.partition/%s.libvirt-lxc/%s", hierarchy,
                           trial->plan->cgroup.partition, trial->plan->cgroup.name, file);
}

/* The script gets a line to wait for before, so that nothing is printed unseen, and one after. */
char *kit_run_script(Plan *plan)
{
    Trial *trial = kit_spawn(plan);
    char *output;

    kit_wait_running(trial, 1);
    kit_open_console(trial);
    kit_wait_output(trial, "END-OF-SCRIPT");
    output = g_strdup(trial->output->str);
    kit_free(trial);
    return output;
}

/* ---- nothing left ---- */

static void assert_no_group(const Trial *trial)
{
    g_autoptr(GDir) hierarchies = g_dir_open("/sys/fs/cgroup", 0, NULL);
    const char *name;

    while (hierarchies && (name = g_dir_read_name(hierarchies))) {
        g_autofree char *path = kit_group_path(trial, name, "");
        g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
    }
}

static void assert_no_socket(void)
{
    g_autoptr(GDir) entries = g_dir_open(kit.dir, 0, NULL);
    const char *name;

    while ((name = g_dir_read_name(entries)))
        g_assert_false(g_str_has_suffix(name, ".sock"));
}

/* Controllers and monitors that said their last word end, and are reaped; the test's time limit
 * ends one that does not. */
static void assert_no_child(void)
{
    g_autofree char *path = g_strdup_printf("/proc/self/task/%d/children", getpid());
    g_autofree char *children = NULL;

    while (g_file_get_contents(path, &children, NULL, NULL) && *children) {
        g_clear_pointer(&children, g_free);
        g_main_context_iteration(NULL, TRUE);
    }
}

static void assert_no_mount(void)
{
    g_autofree char *mounts = NULL;

    g_assert_true(g_file_get_contents("/proc/self/mountinfo", &mounts, NULL, NULL));
    g_assert_null(strstr(mounts, kit.dir));
}

void kit_assert_nothing_left(Trial *trial)
{
    assert_no_group(trial);
    assert_no_socket();
    assert_no_mount();
    while (trial->link && kill(controller_link_pid(trial->link), 0) == 0)
        g_main_context_iteration(NULL, TRUE);
    assert_no_child();
}
