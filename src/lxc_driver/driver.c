// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See driver.h. */
#include "lxc_driver/driver.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/text.h"
#include "conf/schema.h"
#include "kernel/cgroup.h"
#include "kernel/hierarchy.h"
#include "kernel/label-model.h"
#include "lxc_driver/connection.h"
#include "lxc_driver/domain-list.h"
#include "lxc_driver/events.h"
#include "lxc_driver/host-facts.h"
#include "lxc_driver/host.h"
#include "lxc_driver/procedures.h"
#include "remote-xdr.h"

#include <fcntl.h>

/* Without control groups nothing is known of controllers; the first start says so. */
static void read_facts(Driver *driver)
{
    g_autoptr(GPtrArray) hierarchies = NULL;
    g_autoptr(GError) err = NULL;

    if (!hierarchy_read_host(&hierarchies, &err)) {
        log_warning(_("nothing is known of the host's control groups: %s"), err->message);
        hierarchies = g_ptr_array_new();
    }
    host_facts_read("", hierarchies, &driver->host);
}

/* What is in force is found out once: containers that run have labels of it. */
static bool find_models(Driver *driver, const Config *config, GError **err)
{
    if (!label_models_find(config->security_driver, &driver->security_models, err))
        return false;
    if (driver->security_models[0])
        driver->host.security_models = (const char *const *)driver->security_models;
    return true;
}

static void fill_programs(Driver *driver)
{
    driver->remote_program = (RpcProgram){
        .number = REMOTE_PROGRAM,
        .version = 1,
        .name = "remote",
        .procedures = remote_procedures,
        .n_procedures = n_remote_procedures,
        .hooks = &connection_hooks,
        .data = driver,
    };
    driver->lxc_program = driver->remote_program;
    driver->lxc_program.number = LXC_PROGRAM;
    driver->lxc_program.name = "lxc";
    driver->lxc_program.procedures = lxc_procedures;
    driver->lxc_program.n_procedures = n_lxc_procedures;
    driver->qemu_program = driver->remote_program;
    driver->qemu_program.number = QEMU_PROGRAM;
    driver->qemu_program.name = "qemu";
    driver->qemu_program.procedures = qemu_procedures;
    driver->qemu_program.n_procedures = n_qemu_procedures;
}

bool driver_new(const Paths *paths, Config *config, Driver **ret_driver, GError **err)
{
    g_autoptr(Driver) driver = g_new0(Driver, 1);

    driver->paths = paths;
    driver->is_private = *paths->root != '\0';
    driver->arch = host_arch();
    driver->host.arch = driver->arch;
    driver->host.default_partition = paths->partition;
    driver->emulator = g_build_filename(paths->libexec_dir, "virtlxc-controller", NULL);
    driver->host.emulator = driver->emulator;
    driver->host.schema = schema_new(SCHEMA_DOMAIN);
    read_facts(driver);
    driver->network_run_dir =
        g_strdup(config->network_run_dir ? config->network_run_dir : paths->run_dir);
    driver->fail_step = g_getenv("VIRTLXCD_FAIL_STEP");
    driver->state_dir_fd = open(paths->state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (driver->state_dir_fd < 0)
        return fail_errno(err, errno, _("cannot open the directory '%s'"), paths->state_dir);
    driver->poller = poller_new();
    if (!driver->poller)
        return fail_errno(err, errno, _("cannot make an epoll set"));
    if (!controller_images_load(paths->libexec_dir, &driver->images, err))
        return false;
    driver->id_ranges =
        id_ranges_load(&(IdRangesFiles){ paths->id_ranges_file, "/etc/subuid", "/etc/subgid" });
    driver->domains = domain_list_new();
    driver->unfolded = unfolded_new();
    driver->changeable = changeable_new();
    driver->events = events_new(driver);
    fill_programs(driver);
    if (!find_models(driver, config, err))
        return false;
    driver->config = config; /* from here on */
    *ret_driver = g_steal_pointer(&driver);
    return true;
}

void driver_free(Driver *driver)
{
    if (!driver)
        return;
    rpc_server_free(driver->server);
    domain_list_free(driver->domains);
    unfolded_free(driver->unfolded);
    changeable_free(driver->changeable);
    poller_free(driver->poller);
    if (driver->is_private) /* /machine is the host's; this one is nobody's when we are gone */
        cgroup_remove_partition(driver->paths->partition);
    id_ranges_free(driver->id_ranges);
    events_free(driver->events);
    controller_images_free(driver->images);
    config_free(driver->config);
    fd_close(driver->state_dir_fd);
    schema_free(driver->host.schema);
    for (size_t i = 0; i < G_N_ELEMENTS(driver->filters); i++)
        g_clear_pointer(&driver->filters[i], g_bytes_unref);
    g_strfreev(driver->security_models);
    g_free(driver->network_run_dir);
    g_free(driver->emulator);
    g_free(driver->arch);
    g_free(driver);
}
