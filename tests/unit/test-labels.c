// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Categories keep any two containers apart; a label is written to the host's /proc or not at all;
 * only models in force are found.
 */
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "kernel/label-mcs.h"
#include "kernel/label-model.h"
#include "kernel/label.h"

#define BASE "system_u:system_r:container_t:s0"
#define MANY 200

/* ---- categories ------------------------------------------------------------------------------ */

static char *make(const char *base, const McsWish *wish)
{
    g_autoptr(GError) err = NULL;
    char *label = NULL;

    (void)mcs_make(base, wish, &label, &err); /* looked at next */
    g_assert_no_error(err);
    return label;
}

static void expect_apart(const GPtrArray *labels)
{
    for (guint i = 0; i < labels->len; i++)
        for (guint j = 0; j < i; j++)
            if (mcs_overlap(labels->pdata[i], labels->pdata[j]))
                g_error("'%s' and '%s' are not apart", (char *)labels->pdata[i],
                        (char *)labels->pdata[j]);
}

/* A container gets label after label; each must be apart from all before. */
static void fill(GPtrArray *labels, McsWish wish)
{
    wish.taken = labels;
    while (labels->len < MANY)
        g_ptr_array_add(labels, make(BASE, &wish));
    expect_apart(labels);
}

static void test_many_are_apart(void)
{
    g_autoptr(GPtrArray) labels = g_ptr_array_new_with_free_func(g_free);

    fill(labels, (McsWish){ .own = "system_u:system_r:virtd_t:s0-s0:c0.c1023" });
    for (guint i = 0; i < labels->len; i++) {
        unsigned a, b;

        g_assert_cmpint(sscanf(labels->pdata[i], BASE ":c%u,c%u", &a, &b), ==, 2);
        g_assert_cmpuint(a, <, b);
        g_assert_cmpuint(b, <, 1024);
    }
}

/* Chance as bad as can be: always the same numbers, of which the two may be one. */
static unsigned always(unsigned below, void *data)
{
    return MIN(*(const unsigned *)data, below - 1);
}

static void test_bad_luck(void)
{
    g_autoptr(GPtrArray) labels = g_ptr_array_new_with_free_func(g_free);
    unsigned number = 7;

    fill(labels, (McsWish){ .choose = always, .data = &number });
}

/* Sets that others have chosen: of one, of many, and of all, which is nobody's enemy. */
static void test_sets_of_others(void)
{
    g_autoptr(GPtrArray) labels = g_ptr_array_new_with_free_func(g_free);
    McsWish wish = { .own = "u:r:t:s0:c0.c9" };

    g_ptr_array_add(labels, g_strdup("u:r:t:s0-s0:c0.c1023"));
    g_ptr_array_add(labels, g_strdup("u:r:t:s0"));
    g_ptr_array_add(labels, g_strdup("u:r:t:s0:c0.c7"));
    g_ptr_array_add(labels, g_strdup("u:r:t:s0:c8"));
    wish.taken = labels;
    for (int i = 0; i < 8; i++) { /* c9 with one of c0 to c7 is all that is left */
        char *label = make(BASE, &wish);

        g_assert_true(g_str_has_suffix(label, ",c9"));
        g_ptr_array_add(labels, label);
    }
    expect_apart(labels);
}

static void test_nothing_left(void)
{
    g_autoptr(GPtrArray) labels = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) err = NULL;
    McsWish wish = { .own = "u:r:t:s0-s0:c5.c7", .taken = labels };
    char *label = NULL;

    for (int i = 0; i < 3; i++)
        g_ptr_array_add(labels, make(BASE, &wish));
    expect_apart(labels);
    g_assert_false(mcs_make(BASE, &wish, &label, &err));
    g_assert_cmpstr(err->message, ==, "no pair of categories is left for a label of '" BASE "'");
}

static void test_levels(void)
{
    g_autoptr(GError) err = NULL;
    unsigned number = 3;
    McsWish wish = { .choose = always, .data = &number };
    g_autofree char *ranged = make("u:r:t:s2-s9:c5", &wish);
    g_autofree char *same = mcs_same_level("u:object_r:file_t:s0", "u:r:t:s0:c1,c2");
    char *label = NULL;

    g_assert_cmpstr(ranged, ==, "u:r:t:s2:c0,c1");
    g_assert_cmpstr(same, ==, "u:object_r:file_t:s0:c1,c2");
    g_assert_false(mcs_make("u:r:t", &wish, &label, &err));
    g_assert_nonnull(strstr(err->message, "has no level"));
}

static void test_overlap(void)
{
    g_assert_true(mcs_overlap("u:r:t:s0:c1,c2", "u:r:t:s0:c2,c1"));
    g_assert_true(mcs_overlap("u:r:t:s0:c1", "u:r:t:s0:c1,c2"));
    g_assert_true(mcs_overlap("u:r:t:s0-s0:c1.c9", "u:r:t:s0:c3,c4"));
    g_assert_false(mcs_overlap("u:r:t:s0:c1,c2", "u:r:t:s0:c2,c3"));
    g_assert_false(mcs_overlap("u:r:t:s0:c1,c2", "u:r:t:s0"));
}

/* ---- writing --------------------------------------------------------------------------------- */

static const PlanLabel apparmor = { .kind = PLAN_LABEL_STATIC,
                                    .model = (char *)"apparmor",
                                    .label = (char *)"libvirt-test" };
static const PlanLabel selinux = { .kind = PLAN_LABEL_STATIC,
                                   .model = (char *)"selinux",
                                   .label = (char *)BASE ":c1,c2" };

/* A tree of files that looks like /proc, as an image or a volume may have it. */
static void expect_fake_refused(const PlanLabel *label, const char *file)
{
    g_autofree char *top = g_dir_make_tmp("labels-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(top, file, NULL);
    g_autofree char *dir = g_path_get_dirname(path);
    g_autofree char *text = NULL;
    g_autofree char *remove = g_strdup_printf("rm -r '%s'", top);
    g_autoptr(GError) err = NULL;
    autofd int fd = open(top, O_PATH | O_DIRECTORY | O_CLOEXEC);

    g_assert_cmpint(g_mkdir_with_parents(dir, 0755), ==, 0);
    g_assert_true(g_file_set_contents(path, "", 0, NULL));
    g_assert_false(label_set_exec(fd, label, &err));
    g_assert_cmpint(error_errno(err), ==, ENOTSUP);
    g_assert_nonnull(strstr(err->message, label->label));
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, "");
    g_assert_cmpint(system(remove), ==, 0);
}

static void test_fake_proc(void)
{
    expect_fake_refused(&apparmor, "thread-self/attr/apparmor/exec");
    expect_fake_refused(&selinux, "thread-self/attr/exec");
}

/* What is mounted over the file, be it of a procfs, is not followed. In a child: it mounts. */
static int with_cover(void)
{
    g_autoptr(GError) err = NULL;
    autofd int proc = label_open_proc();

    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return 77;
    if (proc < 0 || mount("/proc/uptime", "/proc/thread-self/attr/exec", NULL, MS_BIND, NULL) < 0)
        return 1;
    fd_close(fd_steal(&proc));
    proc = label_open_proc();
    return !label_set_exec(proc, &selinux, &err) && error_errno(err) == EXDEV ? 0 : 2;
}

static void test_covered_file(void)
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0)
        _exit(with_cover());
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        g_test_skip("only root can mount");
    else
        g_assert_cmpint(WEXITSTATUS(status), ==, 0);
}

static int with_fake(void)
{
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return 77;
    if (mount("none", "/proc", "tmpfs", 0, NULL) < 0)
        return 1;
    return label_open_proc() == -1 && errno == ENOTSUP ? 0 : 2;
}

static void test_no_procfs(void)
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0)
        _exit(with_fake());
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        g_test_skip("only root can mount");
    else
        g_assert_cmpint(WEXITSTATUS(status), ==, 0);
}

/* A kernel without the model says so, and nothing is taken. */
static void test_not_in_force(void)
{
    const PlanLabel *const labels[] = { &apparmor, &selinux };
    autofd int proc = label_open_proc();

    g_assert_cmpint(proc, >=, 0);
    for (size_t i = 0; i < G_N_ELEMENTS(labels); i++) {
        g_autoptr(GError) err = NULL;

        if (label_model(labels[i]->model)->is_active(NULL))
            continue;
        g_assert_false(label_set_exec(proc, labels[i], &err));
        g_assert_nonnull(strstr(err->message, labels[i]->label));
    }
}

/* ---- files ----------------------------------------------------------------------------------- */

static void test_files(void)
{
    PlanLabel labels[] = { apparmor, selinux };
    Plan plan = {
        .labels = {2, labels}
    };

    labels[0].image = labels[0].label;
    labels[0].relabel = true;
    labels[1].image = (char *)"u:object_r:file_t:s0:c1,c2";
    g_assert_null(label_of_mount(&plan, "tmpfs")); /* nobody asked for it */
    labels[1].relabel = true;
    g_assert_cmpstr(label_of_mount(&plan, "tmpfs"), ==, labels[1].image);
    g_assert_cmpstr(label_of_mount(&plan, "devpts"), ==, labels[1].image);
    g_assert_null(label_of_mount(&plan, "proc"));
    g_assert_true(label_is_wanted(&plan));
    labels[0].kind = labels[1].kind = PLAN_LABEL_NONE;
    g_assert_false(label_is_wanted(&plan));
}

/* ---- models ---------------------------------------------------------------------------------- */

static void expect_unusable(const char *name, const char *part)
{
    g_autoptr(GError) err = NULL;
    char **names = NULL;

    g_assert_false(label_models_find(name, &names, &err));
    g_assert_cmpint(error_code(err), ==, VIR_ERR_CONFIG_UNSUPPORTED);
    if (!strstr(err->message, part))
        g_error("no '%s' in: %s", part, err->message);
}

static void test_models(void)
{
    g_auto(GStrv) none = NULL, all = NULL;

    g_assert_true(label_models_find("none", &none, NULL));
    g_assert_null(none[0]);
    g_assert_true(label_models_find(NULL, &all, NULL));
    g_assert_cmpint(label_model("selinux")->is_active(NULL), ==,
                    g_strv_contains((const char *const *)all, "selinux"));
    g_assert_cmpint(label_model("apparmor")->is_active(NULL), ==,
                    g_strv_contains((const char *const *)all, "apparmor"));
    g_assert_null(label_model("dac"));
    expect_unusable("dac", "no security driver 'dac' is known");
}

static void test_missing_model(void)
{
    static const char *const names[] = { "selinux", "apparmor" };

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *start =
            g_strdup_printf("the security driver '%s' cannot be used: ", names[i]);

        if (!label_model(names[i])->is_active(NULL))
            expect_unusable(names[i], start);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/labels/cve-2021-3631/many-are-apart", test_many_are_apart);
    g_test_add_func("/labels/cve-2021-3631/bad-luck", test_bad_luck);
    g_test_add_func("/labels/cve-2021-3631/sets-of-others", test_sets_of_others);
    g_test_add_func("/labels/nothing-left", test_nothing_left);
    g_test_add_func("/labels/levels", test_levels);
    g_test_add_func("/labels/overlap", test_overlap);
    g_test_add_func("/labels/cve-2015-1334/fake-proc", test_fake_proc);
    g_test_add_func("/labels/cve-2015-1334/covered-file", test_covered_file);
    g_test_add_func("/labels/cve-2015-1334/no-procfs", test_no_procfs);
    g_test_add_func("/labels/not-in-force", test_not_in_force);
    g_test_add_func("/labels/files", test_files);
    g_test_add_func("/labels/models", test_models);
    g_test_add_func("/labels/missing-model", test_missing_model);
    return g_test_run();
}
