// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * What the daemon says about the host is what /proc and /sys say, on machines of all shapes. The
 * machines are directories of files made here; the last test looks at the real one.
 */
#include <ftw.h>
#include <glib/gstdio.h>
#include <libvirt/virterror.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "conf/schema.h"
#include "kernel/hierarchy.h"
#include "lxc_driver/capabilities.h"
#include "lxc_driver/host-facts.h"
#include "lxc_driver/host-sysinfo.h"
#include "lxc_driver/host-topology.h"
#include "lxc_driver/host.h"

#define CPU "/sys/devices/system/cpu"
#define NODE "/sys/devices/system/node"
#define DMI "/sys/class/dmi/id"
#define SCHEMA_CAPABILITIES "/usr/share/libvirt/schemas/capability.rng"
#define KIB UINT64_C(1024)

/* ---- machines made of files ---------------------------------------------------------------- */

static char *new_root(void)
{
    g_autoptr(GError) err = NULL;
    char *root = g_dir_make_tmp("test-host-XXXXXX", &err);

    g_assert_no_error(err);
    return root;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *at)
{
    return g_remove(path);
}

static void remove_root(char *root)
{
    g_assert_cmpint(nftw(root, remove_entry, 16, FTW_DEPTH | FTW_PHYS), ==, 0);
    g_free(root);
}

static void put(const char *root, const char *path, const char *text)
{
    g_autofree char *full = g_strconcat(root, path, NULL);
    g_autofree char *dir = g_path_get_dirname(full);
    g_autofree char *line = g_strconcat(text, "\n", NULL);
    g_autoptr(GError) err = NULL;

    g_assert_cmpint(g_mkdir_with_parents(dir, 0755), ==, 0);
    g_file_set_contents(full, line, -1, &err);
    g_assert_no_error(err);
}

static void put_cpu(const char *root, unsigned cpu, const char *file, const char *text)
{
    g_autofree char *path = g_strdup_printf(CPU "/cpu%u/%s", cpu, file);

    put(root, path, text);
}

static void put_cell(const char *root, unsigned cell, const char *file, const char *text)
{
    g_autofree char *path = g_strdup_printf(NODE "/node%u/%s", cell, file);

    put(root, path, text);
}

/* Two sockets, each a cell, each of two cores of two threads. */
static char *two_sockets(void)
{
    char *root = new_root();

    put(root, CPU "/present", "0-7");
    put(root, CPU "/online", "0-7");
    put(root, NODE "/online", "0-1");
    put(root, "/proc/cpuinfo", "processor\t: 0\ncpu MHz\t\t: 2400.512\n");
    put(root, "/proc/meminfo", "MemTotal:  12582912 kB\nMemFree:  5242880 kB");
    for (unsigned cpu = 0; cpu < 8; cpu++) {
        g_autofree char *socket = g_strdup_printf("%u", cpu % 4 / 2);
        g_autofree char *core = g_strdup_printf("%u", cpu % 2 * 4);
        g_autofree char *siblings = g_strdup_printf("%u,%u", cpu % 4, cpu % 4 + 4);
        put_cpu(root, cpu, "topology/physical_package_id", socket);
        put_cpu(root, cpu, "topology/die_id", "0");
        put_cpu(root, cpu, "topology/core_id", core);
        put_cpu(root, cpu, "topology/thread_siblings_list", siblings);
        put_cpu(root, cpu, "cache/index0/level", "1");
        put_cpu(root, cpu, "cache/index0/type", "Data");
        put_cpu(root, cpu, "cache/index1/level", "3");
        put_cpu(root, cpu, "cache/index1/type", "Unified");
        put_cpu(root, cpu, "cache/index1/id", socket);
        put_cpu(root, cpu, "cache/index1/size", "16384K");
        put_cpu(root, cpu, "cache/index1/shared_cpu_list", cpu % 4 / 2 ? "2-3,6-7" : "0-1,4-5");
    }
    put_cell(root, 0, "cpulist", "0-1,4-5");
    put_cell(root, 1, "cpulist", "2-3,6-7");
    put_cell(root, 0, "distance", "10 21");
    put_cell(root, 1, "distance", "21 10");
    put_cell(root, 0, "meminfo", "Node 0 MemTotal:  8388608 kB\nNode 0 MemFree:  4194304 kB");
    put_cell(root, 1, "meminfo", "Node 1 MemTotal:  4194304 kB\nNode 1 MemFree:  1048576 kB");
    put_cell(root, 0, "hugepages/hugepages-2048kB/nr_hugepages", "512");
    put_cell(root, 0, "hugepages/hugepages-2048kB/free_hugepages", "100");
    put_cell(root, 1, "hugepages/hugepages-2048kB/nr_hugepages", "0");
    return root;
}

/* A kernel without NUMA and with little to say about its two CPUs. */
static char *plain_machine(void)
{
    char *root = new_root();

    put(root, CPU "/present", "0-1");
    put(root, "/proc/cpuinfo", "processor : 0\nBogoMIPS : 48.00\n");
    put(root, "/proc/meminfo",
        "MemTotal:  2048000 kB\nMemFree:  1024000 kB\nBuffers:  100 kB\nCached:  200 kB\n"
        "SwapCached:  7 kB");
    put(root, "/proc/stat",
        "cpu  100 20 30 4000 50 6 7 0 0 0\ncpu0 60 10 10 2000 20 3 3 0 0 0\n"
        "cpu1 40 10 20 2000 30 3 4 0 0 0\nintr 1 2 3");
    return root;
}

/* ---- tests --------------------------------------------------------------------------------- */

static void check_list(const char *text, guint n, const char *formatted)
{
    g_autoptr(GArray) list = host_list_parse(text);
    g_autofree char *back = host_list_format(list);

    g_assert_cmpuint(list->len, ==, n);
    g_assert_cmpstr(back, ==, formatted);
}

static void test_lists(void)
{
    check_list("", 0, "");
    check_list("0", 1, "0");
    check_list("0-3,8", 5, "0-3,8");
    check_list("0,1,2", 3, "0-2");
    check_list("0-4294967295", 16384, "0-16383");
    check_list("nonsense", 0, "");
}

static void test_versions(void)
{
    g_autoptr(GError) err = NULL;
    uint64_t version = 0;

    g_assert_true(host_kernel_version("6.18.44-fc-v669", &version, &err));
    g_assert_cmpuint(version, ==, 6018044);
    g_assert_true(host_kernel_version("5.12-rc1", &version, &err));
    g_assert_cmpuint(version, ==, 5012000);
    g_assert_false(host_kernel_version("Linux", &version, &err));
    g_assert_cmpstr(err->message, ==, "cannot understand the kernel's release 'Linux'");
}

static void check_uuid(const char *root, const char *configured, const char *source,
                       const char *expected)
{
    g_autofree char *uuid = host_uuid(root, configured, source);

    g_assert_cmpstr(uuid, ==, expected);
}

static void test_uuid_sources(void)
{
    char *root = new_root();
    const char *boot = "aaaaaaaa-0000-4000-8000-00000000000b";
    const char *machine = "0123456789abcdef0123456789abcdef";
    const char *machine_uuid = "01234567-89ab-cdef-0123-456789abcdef";

    put(root, "/proc/sys/kernel/random/boot_id", boot);
    check_uuid(root, NULL, NULL, boot);
    put(root, "/etc/machine-id", machine);
    check_uuid(root, NULL, NULL, machine_uuid);
    put(root, "/sys/class/dmi/id/product_uuid", "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF");
    check_uuid(root, NULL, NULL, machine_uuid);
    put(root, "/sys/class/dmi/id/product_uuid", "4C4C4544-0051-3010-8052-B4C04F4E4D32");
    check_uuid(root, NULL, NULL, "4c4c4544-0051-3010-8052-b4c04f4e4d32");
    check_uuid(root, NULL, "smbios", "4c4c4544-0051-3010-8052-b4c04f4e4d32");
    check_uuid(root, NULL, "machine-id", machine_uuid);
    check_uuid(root, boot, "machine-id", boot);
    check_uuid(root, "not a uuid", "machine-id", machine_uuid);
    remove_root(root);
}

static void test_cpu_time(void)
{
    char *root = plain_machine();
    const uint64_t tick = UINT64_C(1000000000) / (uint64_t)sysconf(_SC_CLK_TCK);
    g_autoptr(GError) err = NULL;
    HostCpuStats stats;

    g_assert_true(host_cpu_stats(root, HOST_ALL_CPUS, &stats, &err));
    g_assert_cmpuint(stats.user, ==, 120 * tick);
    g_assert_cmpuint(stats.kernel, ==, 43 * tick);
    g_assert_cmpuint(stats.idle, ==, 4000 * tick);
    g_assert_cmpuint(stats.iowait, ==, 50 * tick);
    g_assert_true(host_cpu_stats(root, 1, &stats, &err));
    g_assert_cmpuint(stats.user, ==, 50 * tick);
    g_assert_false(host_cpu_stats(root, 2, &stats, &err));
    g_assert_true(error_is(err, VIR_ERR_INVALID_ARG));
    g_clear_error(&err);
    g_assert_false(host_cpu_stats(root, -2, &stats, &err));
    g_assert_true(error_is(err, VIR_ERR_INVALID_ARG));
    remove_root(root);
}

static void test_memory(void)
{
    char *root = plain_machine();
    g_autoptr(GError) err = NULL;
    HostMemory memory;

    g_assert_true(host_memory(root, HOST_ALL_CELLS, &memory, &err));
    g_assert_cmpuint(memory.total, ==, 2048000 * KIB);
    g_assert_cmpuint(memory.free, ==, 1024000 * KIB);
    g_assert_cmpuint(memory.buffers, ==, 100 * KIB);
    g_assert_cmpuint(memory.cached, ==, 200 * KIB);
    g_assert_true(host_memory(root, 0, &memory, &err));
    g_assert_cmpuint(memory.total, ==, 2048000 * KIB);
    g_assert_false(host_memory(root, 1, &memory, &err));
    g_assert_true(error_is(err, VIR_ERR_INVALID_ARG));
    remove_root(root);
    root = two_sockets();
    g_assert_true(host_memory(root, 1, &memory, NULL));
    g_assert_cmpuint(memory.total, ==, 4194304 * KIB);
    g_assert_cmpuint(memory.free, ==, 1048576 * KIB);
    remove_root(root);
}

static void check_info(const char *root, const HostInfo *expected)
{
    HostInfo info;

    host_info(root, &info);
    g_assert_cmpuint(info.memory, ==, expected->memory);
    g_assert_cmpuint(info.cpus, ==, expected->cpus);
    g_assert_cmpuint(info.mhz, ==, expected->mhz);
    g_assert_cmpuint(info.nodes, ==, expected->nodes);
    g_assert_cmpuint(info.sockets, ==, expected->sockets);
    g_assert_cmpuint(info.cores, ==, expected->cores);
    g_assert_cmpuint(info.threads, ==, expected->threads);
}

static void test_info(void)
{
    char *root = two_sockets();
    const HostInfo shape = { .memory = 12582912 * KIB,
                             .cpus = 8,
                             .mhz = 2400,
                             .nodes = 2,
                             .sockets = 1,
                             .cores = 2,
                             .threads = 2 };
    const HostInfo without_one = { .memory = 12582912 * KIB,
                                   .cpus = 7,
                                   .mhz = 2400,
                                   .nodes = 1,
                                   .sockets = 1,
                                   .cores = 7,
                                   .threads = 1 };
    const HostInfo plain = { .memory = 2048000 * KIB,
                             .cpus = 2,
                             .mhz = 0,
                             .nodes = 1,
                             .sockets = 1,
                             .cores = 2,
                             .threads = 1 };

    check_info(root, &shape);
    put(root, CPU "/online", "0-6");
    check_info(root, &without_one);
    remove_root(root);
    root = plain_machine();
    check_info(root, &plain);
    remove_root(root);
}

/* ---- facts for definitions ------------------------------------------------------------------- */

static DomainDefHost facts_of(const char *root, const char *mountinfo, const char *groups)
{
    g_autoptr(GPtrArray) hierarchies = hierarchy_parse(mountinfo, groups);
    DomainDefHost host = { 0 };

    host_facts_read(root, hierarchies, &host);
    return host;
}

static void test_facts(void)
{
    static const char v1[] = "30 25 0:26 / /cg/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
                             "31 25 0:27 / /cg/pids rw - cgroup cgroup rw,pids\n";
    char *root = two_sockets();
    DomainDefHost host;

    put(root, NODE "/online", "0,2");
    put(root, "/proc/self/ns/user", "");
    put(root, "/proc/sys/user/max_user_namespaces", "1000");
    put(root, "/sys/block/nbd0/size", "0");
    host = facts_of(root, v1, "1:cpu,cpuacct:/\n2:pids:/\n");
    g_assert_cmpuint(host.n_cpus, ==, 8);
    g_assert_cmpuint(host.n_nodes, ==, 3);
    g_assert_cmpuint(host.lacks, ==,
                     HOST_LACKS_TIME_NAMESPACES | HOST_LACKS_MEMORY_CONTROLLER |
                         HOST_LACKS_CPUSET_CONTROLLER | HOST_LACKS_BLKIO_CONTROLLER |
                         HOST_LACKS_HUGETLB_CONTROLLER);
    put(root, "/proc/self/ns/time", "");
    put(root, "/proc/sys/user/max_user_namespaces", "0");
    host = facts_of(root, "", "");
    g_assert_cmpuint(host.lacks, ==, HOST_LACKS_USER_NAMESPACES);
    remove_root(root);
    root = new_root();
    host = facts_of(root, "", "");
    g_assert_cmpuint(host.n_cpus, ==, 0);
    g_assert_cmpuint(host.n_nodes, ==, 0);
    g_assert_true(host.lacks & HOST_LACKS_NBD);
    remove_root(root);
}

static void test_cpu_map(void)
{
    char *root = two_sockets();
    HostCpuMap map;

    put(root, CPU "/online", "0,2-3");
    host_cpu_map(root, &map);
    g_assert_cmpuint(map.n, ==, 8);
    g_assert_cmpuint(map.online->len, ==, 3);
    host_cpu_map_clear(&map);
    remove_root(root);
    root = plain_machine();
    host_cpu_map(root, &map);
    g_assert_cmpuint(map.n, ==, 2);
    g_assert_cmpuint(map.online->len, ==, 2);
    host_cpu_map_clear(&map);
    remove_root(root);
}

static void assert_contains(const char *text, const char *part)
{
    if (!strstr(text, part))
        g_error("no '%s' in: %s", part, text);
}

/* By libvirt's own schema, where the machine has it. */
static void assert_valid(const char *path, const char *text)
{
    g_autoptr(Schema) schema = schema_new(path);
    g_autoptr(GError) err = NULL;

    (void)schema_check_text(schema, text, &err); /* looked at next */
    g_assert_no_error(err);
}

static void check_capabilities(const char *root, const char *arch)
{
    const CapabilitiesFacts facts = { .root = root,
                                      .host_uuid = "01234567-89ab-cdef-0123-456789abcdef",
                                      .arch = arch,
                                      .emulator = "/opt/controller" };
    g_autofree char *text = capabilities_format(&facts);

    assert_valid(SCHEMA_CAPABILITIES, text);
}

/* A second cell of memory alone, as of memory that is plugged in later, and a CPU offline. */
static void test_capabilities_valid(void)
{
    char *root = plain_machine();

    check_capabilities("", "x86_64");
    check_capabilities(root, "s390x");
    check_capabilities(root, "riscv64");
    remove_root(root);
    root = two_sockets();
    check_capabilities(root, "aarch64");
    put(root, CPU "/online", "0-6");
    put(root, NODE "/online", "0-2");
    put_cell(root, 2, "cpulist", "");
    put_cell(root, 2, "distance", "30 30 10");
    put_cell(root, 2, "meminfo", "Node 2 MemTotal:  1048576 kB\nNode 2 MemFree:  1048576 kB");
    check_capabilities(root, "x86_64");
    remove_root(root);
}

static void test_sysinfo(void)
{
    char *root = new_root();
    g_autofree char *nothing = host_sysinfo_format(root);
    g_autofree char *text = NULL;
    g_autofree char *domain = NULL;

    g_assert_null(nothing);
    put(root, DMI "/bios_vendor", "A & B <Ltd>");
    put(root, DMI "/bios_date", "04/01/2014");
    put(root, DMI "/sys_vendor", " \x01\xff ");
    put(root, DMI "/product_family", "F");
    put(root, DMI "/product_uuid", "4C4C4544-0051-3010-8052-B4C04F4E4D32");
    put(root, DMI "/chassis_asset_tag", "    ");
    text = host_sysinfo_format(root);
    g_assert_cmpstr(text, ==,
                    "<sysinfo type='smbios'>\n"
                    "  <bios>\n"
                    "    <entry name='vendor'>A &amp; B &lt;Ltd&gt;</entry>\n"
                    "    <entry name='date'>04/01/2014</entry>\n"
                    "  </bios>\n"
                    "  <system>\n"
                    "    <entry name='manufacturer'>\xef\xbf\xbd</entry>\n"
                    "    <entry name='uuid'>4C4C4544-0051-3010-8052-B4C04F4E4D32</entry>\n"
                    "    <entry name='family'>F</entry>\n"
                    "  </system>\n"
                    "</sysinfo>\n");
    domain = g_strdup_printf("<domain type='lxc'><name>a</name><memory>1</memory>"
                             "<os><type>exe</type></os>%s</domain>",
                             text);
    assert_valid(SCHEMA_DOMAIN, domain);
    remove_root(root);
}

static void test_capabilities_models(void)
{
    char *root = plain_machine();
    const CapabilitiesModel models[] = {
        {"selinux",   (char *)"u:r:t<:s0"},
        { "apparmor", NULL               }
    };
    const CapabilitiesFacts facts = { .root = root,
                                      .host_uuid = "01234567-89ab-cdef-0123-456789abcdef",
                                      .arch = "x86_64",
                                      .emulator = "/opt/controller",
                                      .models = models,
                                      .n_models = G_N_ELEMENTS(models) };
    g_autofree char *text = capabilities_format(&facts);

    assert_contains(text, "    <secmodel>\n"
                          "      <model>selinux</model>\n"
                          "      <doi>0</doi>\n"
                          "      <baselabel type='lxc'>u:r:t&lt;:s0</baselabel>\n"
                          "    </secmodel>\n"
                          "    <secmodel>\n"
                          "      <model>apparmor</model>\n"
                          "      <doi>0</doi>\n"
                          "    </secmodel>\n");
    assert_valid(SCHEMA_CAPABILITIES, text);
    remove_root(root);
}

static void test_capabilities(void)
{
    char *root = two_sockets();
    const CapabilitiesFacts facts = { .root = root,
                                      .host_uuid = "01234567-89ab-cdef-0123-456789abcdef",
                                      .arch = "x86_64",
                                      .emulator = "/opt/a&b/controller" };
    g_autofree char *text = NULL;

    put(root, "/sys/power/state", "freeze mem disk");
    put(root, "/sys/power/disk", "[platform] shutdown reboot suspend test_resume");
    put(root, "/sys/kernel/iommu_groups/0/type", "DMA");
    text = capabilities_format(&facts);
    assert_contains(text, "    <uuid>01234567-89ab-cdef-0123-456789abcdef</uuid>\n"
                          "    <cpu>\n"
                          "      <arch>x86_64</arch>\n"
                          "      <pages unit='KiB' size='4'/>\n"
                          "      <pages unit='KiB' size='2048'/>\n"
                          "    </cpu>\n"
                          "    <power_management>\n"
                          "      <suspend_mem/>\n"
                          "      <suspend_disk/>\n"
                          "      <suspend_hybrid/>\n"
                          "    </power_management>\n"
                          "    <iommu support='yes'/>\n");
    assert_contains(text, "      <cells num='2'>\n"
                          "        <cell id='0'>\n"
                          "          <memory unit='KiB'>8388608</memory>\n"
                          "          <pages unit='KiB' size='4'>1835008</pages>\n"
                          "          <pages unit='KiB' size='2048'>512</pages>\n"
                          "          <distances>\n"
                          "            <sibling id='0' value='10'/>\n"
                          "            <sibling id='1' value='21'/>\n"
                          "          </distances>\n"
                          "          <cpus num='4'>\n"
                          "            <cpu id='0' socket_id='0' die_id='0' core_id='0' "
                          "siblings='0,4'/>\n");
    assert_contains(text, "      <bank id='0' level='3' type='both' size='16' unit='MiB' "
                          "cpus='0-1,4-5'/>\n"
                          "      <bank id='1' level='3' type='both' size='16' unit='MiB' "
                          "cpus='2-3,6-7'/>\n"
                          "    </cache>\n");
    assert_contains(text, "      <emulator>/opt/a&amp;b/controller</emulator>\n");
    assert_contains(text, "    <arch name='i686'>\n      <wordsize>32</wordsize>\n");
    remove_root(root);
}

/* The kernel's own words for the real host, by way of the C library. */
static void test_this_host(void)
{
    g_autoptr(GArray) caches = host_caches("");
    g_autofree char *name = host_name();
    HostInfo info;
    HostCpuStats stats;
    HostMemory memory;

    host_info("", &info);
    g_assert_cmpuint(info.cpus, ==, (unsigned)sysconf(_SC_NPROCESSORS_ONLN));
    g_assert_cmpuint(info.nodes * info.sockets * info.cores * info.threads, ==, info.cpus);
    g_assert_cmpuint(info.memory, >, 0);
    g_assert_true(host_cpu_stats("", HOST_ALL_CPUS, &stats, NULL));
    g_assert_cmpuint(stats.user, >, 0);
    g_assert_true(host_memory("", HOST_ALL_CELLS, &memory, NULL));
    g_assert_cmpuint(memory.free, <, memory.total);
    g_assert_cmpuint(strlen(name), >, 0);
    for (guint i = 0; i < caches->len; i++)
        g_assert_cmpuint(g_array_index(caches, HostCache, i).level, >=, 3);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/host/lists", test_lists);
    g_test_add_func("/host/versions", test_versions);
    g_test_add_func("/host/uuid", test_uuid_sources);
    g_test_add_func("/host/cpu-time", test_cpu_time);
    g_test_add_func("/host/memory", test_memory);
    g_test_add_func("/host/info", test_info);
    g_test_add_func("/host/cpu-map", test_cpu_map);
    g_test_add_func("/host/facts", test_facts);
    g_test_add_func("/host/capabilities", test_capabilities);
    g_test_add_func("/host/capabilities-models", test_capabilities_models);
    g_test_add_func("/host/capabilities/valid", test_capabilities_valid);
    g_test_add_func("/host/sysinfo", test_sysinfo);
    g_test_add_func("/host/this-host", test_this_host);
    return g_test_run();
}
