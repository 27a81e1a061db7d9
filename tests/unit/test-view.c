// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* What a container sees of its limits is reckoned right, from either version of control groups. */
#include "view/content.h"
#include "view/scan.h"

#include <glib.h>
#include <string.h>

#define HOST_MEMINFO                                                                               \
    "MemTotal:       16000000 kB\nMemFree:         8000000 kB\nMemAvailable:   12000000 kB\n"      \
    "Buffers:          10000 kB\nCached:          3000000 kB\nActive:          1000000 kB\n"       \
    "SwapTotal:       4000000 kB\nSwapFree:        3000000 kB\nAnonPages:       1000000 kB\n"      \
    "Slab:             100000 kB\nVmallocTotal:   34359738367 kB\nHugePages_Total:       7\n"      \
    "DirectMap4k:       28672 kB\n"

#define V2_STAT                                                                                    \
    "anon 104857600\nfile 209715200\nslab_reclaimable 10486760\nslab_unreclaimable 5243880\n"      \
    "active_anon 1024\ninactive_anon 2048\nactive_file 52428800\ninactive_file 104857600\n"        \
    "pgfault 77\n"

/* The lines without "total_" are one group's, not those of the groups below it. */
#define V1_STAT                                                                                    \
    "cache 1\nrss 2\nactive_file 3\nswap 4\nhierarchical_memory_limit 268435456\n"                 \
    "total_cache 209715200\ntotal_rss 104857600\ntotal_active_file 52428800\n"                     \
    "total_inactive_file 104857600\ntotal_swap 1048576\ntotal_pgfault 77\n"

#define HOST_STAT                                                                                  \
    "cpu  10 0 10 100 0 0 0 0 0 0\ncpu0 5 0 5 50 0 0 0 0 0 0\ncpu1 5 0 5 50 0 0 0 0 0 0\n"         \
    "cpu2 5 0 5 50 0 0 0 0 0 0\ncpu3 5 0 5 50 0 0 0 0 0 0\nintr 999 1 2 3\nctxt 1234\n"            \
    "btime 1000000\nprocesses 55\nprocs_running 9\nprocs_blocked 8\nsoftirq 1 2 3\n"

#define CPUINFO(n) "processor\t: " n "\nmodel name\t: fast\ncore id\t\t: " n "\n\n"

static Facts v2(void)
{
    Facts facts = { .usage_before = "", .page = 4096, .hertz = 100, .limits_processors = true };

    facts.texts[FACT_HOST_MEMINFO] = HOST_MEMINFO;
    facts.texts[FACT_HOST_STAT] = HOST_STAT;
    facts.texts[FACT_MEMORY_LIMIT] = "536870912\nmax\n";
    facts.texts[FACT_MEMORY_USAGE] = "335544320\n";
    facts.texts[FACT_MEMORY_STAT] = V2_STAT;
    facts.texts[FACT_SWAP_LIMIT] = "1048576000\nmax\n";
    facts.texts[FACT_SWAP_USAGE] = "1048576\n";
    facts.texts[FACT_CPU_SET] = "1-3\n";
    facts.texts[FACT_CPU_QUOTA] = "max 100000\nmax 100000\n";
    facts.texts[FACT_CPU_USAGE] = "usage_usec 3000000\nuser_usec 2000000\nsystem_usec 1000000\n";
    return facts;
}

static Facts v1(void)
{
    Facts facts = v2();

    facts.texts[FACT_MEMORY_LIMIT] = "268435456\n9223372036854771712\n";
    facts.texts[FACT_MEMORY_USAGE] = "335544320\n"; /* over its limit for a moment */
    facts.texts[FACT_MEMORY_STAT] = V1_STAT;
    facts.texts[FACT_KERNEL_MEMORY] = "1048576\n";
    facts.texts[FACT_SWAP_LIMIT] = NULL;
    facts.texts[FACT_SWAP_USAGE] = NULL;
    facts.texts[FACT_BOTH_LIMIT] = "369098752\n9223372036854771712\n";
    facts.texts[FACT_CPU_QUOTA] = "-1\n-1\n";
    facts.texts[FACT_CPU_PERIOD] = "100000\n100000\n";
    facts.texts[FACT_CPU_USAGE] = "cpu user system\n0 9000000000 0\n1 2000000000 1000000000\n"
                                  "2 0 0\n3 1000000000 0\n";
    return facts;
}

typedef void Maker(const Facts *facts, Text *out);

static char *made_by(Maker *make, const Facts *facts)
{
    Text text = { 0 };
    char *copy;

    make(facts, &text);
    g_assert_false(text.failed);
    copy = g_strdup(text.data ? text.data : "");
    text_clear(&text);
    return copy;
}

static char *made(ViewKind kind, const Facts *facts)
{
    Text text = { 0 };
    char *copy;

    content_make((ViewNode){ kind, 1 }, facts, &text);
    copy = g_strdup(text.data ? text.data : "");
    text_clear(&text);
    return copy;
}

static void assert_number(const char *text, const char *key, uint64_t expected)
{
    uint64_t number = 0;

    if (!scan_key(text, key, &number))
        g_error("no '%s' in %s", key, text);
    if (number != expected)
        g_error("%s is %" G_GUINT64_FORMAT ", not %" G_GUINT64_FORMAT, key, number, expected);
}

/* ---- memory ---- */

static void test_meminfo_v2(void)
{
    Facts facts = v2();
    g_autofree char *text = made_by(memory_make_meminfo, &facts);

    g_assert_true(
        g_str_has_prefix(text, "MemTotal:         524288 kB\nMemFree:          196608 kB\n"));
    assert_number(text, "MemAvailable", 196608 + 51200 + 102400 + 10240);
    assert_number(text, "Cached", 204800);
    assert_number(text, "Slab", 15360);
    assert_number(text, "AnonPages", 102400);
    assert_number(text, "SwapTotal", 1024000);
    assert_number(text, "SwapFree", 1022976);
    g_assert_nonnull(strstr(text, "\nVmallocTotal:   34359738367 kB\n"));
    g_assert_nonnull(strstr(text, "\nHugePages_Total:       7\n"));
    g_assert_null(strstr(text, "DirectMap"));
}

static void test_meminfo_v1(void)
{
    Facts facts = v1();
    g_autofree char *text = made_by(memory_make_meminfo, &facts);

    assert_number(text, "MemTotal", 262144);
    assert_number(text, "MemFree", 0);
    assert_number(text, "MemAvailable", 51200 + 102400);
    assert_number(text, "Cached", 204800);
    assert_number(text, "Slab", 1024);
    assert_number(text, "SwapTotal", 98304);
    assert_number(text, "SwapFree", 97280);
}

/* The sum of memory and swap may be below the memory's own limit for a moment, or unlimited. */
static void test_swap(void)
{
    Facts facts = v1();
    g_autofree char *none = NULL;
    g_autofree char *all = NULL;
    g_autofree char *uncounted = NULL;
    g_autofree char *swaps = NULL;

    facts.texts[FACT_BOTH_LIMIT] = "1000\n";
    none = made_by(memory_make_meminfo, &facts);
    assert_number(none, "SwapTotal", 0);
    assert_number(none, "SwapFree", 0);
    facts.texts[FACT_BOTH_LIMIT] = "9223372036854771712\n";
    all = made_by(memory_make_meminfo, &facts);
    assert_number(all, "SwapTotal", 4000000);
    swaps = made_by(memory_make_swaps, &facts);
    g_assert_nonnull(strstr(swaps, "virtual\t\t4000000\t\t1024\t\t0\n"));
    facts.texts[FACT_BOTH_LIMIT] = NULL;
    uncounted = made_by(memory_make_meminfo, &facts);
    assert_number(uncounted, "SwapFree", 3000000);
}

/* A limit above what the host has, or none, is the host's memory; the least of the groups counts.
 */
static void test_total(void)
{
    Facts facts = v2();
    g_autofree char *host = NULL;
    g_autofree char *least = NULL;

    facts.texts[FACT_MEMORY_LIMIT] = "max\nmax\n";
    host = made_by(memory_make_meminfo, &facts);
    assert_number(host, "MemTotal", 16000000);
    facts.texts[FACT_MEMORY_LIMIT] = "max\n1048576\n2097152\n";
    least = made_by(memory_make_meminfo, &facts);
    assert_number(least, "MemTotal", 1024);
}

static void test_vmstat(void)
{
    Facts facts = v2();
    g_autofree char *text = NULL;

    facts.texts[FACT_HOST_VMSTAT] = "nr_free_pages 1\nunheard_of 5\nnr_zone_active_file 6\n"
                                    "nr_mlock 2\nnr_slab_unreclaimable 4\npgpgin 7\npgfault 3\n";
    facts.texts[FACT_IO] = "8:0 rbytes=409600 wbytes=8192 rios=3 wios=2 dbytes=0 dios=0\n";
    text = made_by(memory_make_vmstat, &facts);
    g_assert_cmpstr(text, ==,
                    "nr_free_pages 49152\nnr_zone_active_file 12800\n"
                    "nr_mlock 0\nnr_slab_unreclaimable 1280\npgpgin 400\npgfault 77\n");
}

/* Every line of pages has its figure. */
static void test_vmstat_pages(void)
{
    static const char *const names[] = {
        "free_pages",
        "file_pages",
        "swapcached",
        "active_anon",
        "zone_active_anon",
        "inactive_anon",
        "zone_inactive_anon",
        "active_file",
        "zone_active_file",
        "inactive_file",
        "zone_inactive_file",
        "unevictable",
        "zone_unevictable",
        "mlock",
        "dirty",
        "writeback",
        "anon_pages",
        "mapped",
        "shmem",
        "slab_reclaimable",
        "slab_unreclaimable",
        "page_table_pages",
        "sec_page_table_pages",
    };
    g_autoptr(GString) host = g_string_new(NULL);
    g_autofree char *text = NULL;
    Facts facts = v2();

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        g_string_append_printf(host, "nr_%s 1\n", names[i]);
    facts.texts[FACT_HOST_VMSTAT] = host->str;
    facts.texts[FACT_MEMORY_STAT] =
        "file 8192\nanon 8192\nswapcached 8192\nactive_anon 8192\ninactive_anon 8192\n"
        "active_file 8192\ninactive_file 8192\nunevictable 8192\nfile_dirty 8192\n"
        "file_writeback 8192\nfile_mapped 8192\nshmem 8192\nslab_reclaimable 8192\n"
        "slab_unreclaimable 8192\npagetables 8192\nsec_pagetables 8192\n";
    text = made_by(memory_make_vmstat, &facts);
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *key = g_strconcat("nr_", names[i], NULL);
        assert_number(text, key, i == 0 ? 49152 : 2);
    }
}

/* ---- processors ---- */

static void test_count(void)
{
    Facts facts = v2();

    g_assert_cmpuint(processors_count(&facts), ==, 3);
    facts.texts[FACT_CPU_QUOTA] = "150000 100000\nmax 100000\n";
    g_assert_cmpuint(processors_count(&facts), ==, 2); /* rounded up */
    facts.texts[FACT_CPU_QUOTA] = "150000 100000\n1000 100000\n";
    g_assert_cmpuint(processors_count(&facts), ==, 1); /* a group above */
    facts = v1();
    g_assert_cmpuint(processors_count(&facts), ==, 3);
    facts.texts[FACT_CPU_QUOTA] = "200000\n-1\n";
    g_assert_cmpuint(processors_count(&facts), ==, 2);
    facts.limits_processors = false;
    g_assert_cmpuint(processors_count(&facts), ==, 4);
    facts = (Facts){ .limits_processors = true };
    facts.texts[FACT_HOST_STAT] = HOST_STAT;
    g_assert_cmpuint(processors_count(&facts), ==, 4); /* nothing is known of the groups */
}

static void test_cpuinfo(void)
{
    Facts facts = v2();
    g_autofree char *text = NULL;
    g_autofree char *other = NULL;

    facts.texts[FACT_HOST_CPUINFO] =
        CPUINFO("0") CPUINFO("1") CPUINFO("2") CPUINFO("3") "Hardware\t: board\n";
    facts.texts[FACT_CPU_QUOTA] = "200000 100000\n";
    text = made_by(processors_make_cpuinfo, &facts);
    g_assert_cmpstr(text, ==,
                    "processor\t: 0\nmodel name\t: fast\ncore id\t\t: 1\n\n"
                    "processor\t: 1\nmodel name\t: fast\ncore id\t\t: 2\n\nHardware\t: board\n");
    facts.texts[FACT_HOST_CPUINFO] = "vendor_id       : IBM/S390\nprocessor 0: version = FF\n";
    other = made_by(processors_make_cpuinfo, &facts);
    g_assert_cmpstr(other, ==, facts.texts[FACT_HOST_CPUINFO]);
}

static void test_stat(void)
{
    Facts facts = v2();
    g_autofree char *even = NULL;
    g_autofree char *each = NULL;
    const char *rest = "intr 999\nctxt 1234\nbtime 1000010\nprocesses 55\nprocs_running 2\n"
                       "procs_blocked 1\n";

    facts.clock = 10000000;
    facts.born = 10;
    facts.tasks = (FactTasks){ .running = 2, .blocked = 1 };
    even = made_by(processors_make_stat, &facts);
    g_assert_true(g_str_has_prefix(even, "cpu  198 0 99 2703 0 0 0 0 0 0\n"
                                         "cpu0 66 0 33 901 0 0 0 0 0 0\n"
                                         "cpu1 66 0 33 901 0 0 0 0 0 0\n"
                                         "cpu2 66 0 33 901 0 0 0 0 0 0\n"));
    g_assert_true(g_str_has_suffix(even, rest));
    facts.texts[FACT_CPU_USAGE] = v1().texts[FACT_CPU_USAGE];
    facts.usage_before = "cpu user system\n0 0 0\n1 1000000000 0\n2 0 0\n3 0 5000000000\n";
    each = made_by(processors_make_stat, &facts);
    g_assert_true(g_str_has_prefix(each, "cpu  200 0 100 2700 0 0 0 0 0 0\n"
                                         "cpu0 100 0 100 800 0 0 0 0 0 0\n"
                                         "cpu1 0 0 0 1000 0 0 0 0 0 0\n"
                                         "cpu2 100 0 0 900 0 0 0 0 0 0\n"));
}

/* More was used than there was time for: idle is none, not very much. */
static void test_uptime(void)
{
    Facts facts = v2();
    g_autofree char *idle = NULL;
    g_autofree char *busy = NULL;

    facts.clock = 10340000;
    idle = made_by(processors_make_uptime, &facts);
    g_assert_cmpstr(idle, ==, "10.34 28.02\n");
    facts.clock = 500000;
    busy = made_by(processors_make_uptime, &facts);
    g_assert_cmpstr(busy, ==, "0.50 0.00\n");
}

static void assert_mask(unsigned first, unsigned n, unsigned of, const char *expected)
{
    Text text = { 0 };

    processors_add_mask(first, n, of, &text);
    g_assert_cmpstr(text.data, ==, expected);
    text_clear(&text);
}

static void test_lists(void)
{
    Facts facts = v2();
    g_autofree char *three = made(VIEW_ONLINE, &facts);
    g_autofree char *one = NULL;
    g_autofree char *own = made(VIEW_THREAD_SIBLINGS, &facts);
    g_autofree char *id = made(VIEW_CORE_ID, &facts);

    facts.texts[FACT_CPU_SET] = "2\n";
    one = made(VIEW_ONLINE, &facts);
    g_assert_cmpstr(three, ==, "0-2\n");
    g_assert_cmpstr(one, ==, "0\n");
    g_assert_cmpstr(own, ==, "2\n");
    g_assert_cmpstr(id, ==, "1\n");
    assert_mask(0, 1, 1, "1\n");
    assert_mask(0, 4, 4, "f\n");
    assert_mask(33, 1, 36, "2,00000000\n");
    assert_mask(31, 2, 64, "00000001,80000000\n");
}

/* ---- the rest ---- */

static void test_disks(void)
{
    Facts facts = v2();
    g_autofree char *second = NULL;
    g_autofree char *first = NULL;
    const char *expected = "   8       0 sda 3 0 800 0 2 0 16 0 0 0 0 1 0 8 0 0 0\n";

    facts.texts[FACT_HOST_DISKSTATS] =
        "   7       0 loop0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17\n"
        "   8       0 sda 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17\n"
        "   8      10 sdx 1 2 3 4 5 6 7 8 9 10 11\n";
    facts.texts[FACT_IO] = "8:0 rbytes=409600 wbytes=8192 rios=3 wios=2 dbytes=4096 dios=1\n";
    second = made_by(disks_make_diskstats, &facts);
    g_assert_cmpstr(second, ==, expected);
    facts.texts[FACT_IO] = "8:0 Read 409600\n8:0 Write 8192\n8:0 Sync 5\n8:0 Discard 4096\n"
                           "8:0 Total 421888\nTotal 421888\n";
    facts.texts[FACT_IO_COUNTS] = "8:0 Read 3\n8:0 Write 2\n8:0 Discard 1\nTotal 6\n";
    first = made_by(disks_make_diskstats, &facts);
    g_assert_cmpstr(first, ==, expected);
    g_assert_cmpuint(disks_total(&facts).read, ==, 409600);
    g_assert_cmpuint(disks_total(&facts).written, ==, 8192);
}

static void test_load(void)
{
    FactLoad load = { 0 };
    Facts facts = { .usage_before = "", .load = &load };
    g_autofree char *none = NULL;
    g_autofree char *busy = NULL;
    g_autofree char *later = NULL;
    g_autofree char *gone = NULL;

    facts.texts[FACT_TASKS] = "12\n";
    facts.texts[FACT_CPU_USAGE] = "usage_usec 1000000\n";
    facts.clock = 4000000;
    none = made_by(load_make_loadavg, &facts);
    g_assert_cmpstr(none, ==, "0.00 0.00 0.00 1/12 1\n");
    /* One task ran and one waited all of a minute: two, fading in. */
    facts.texts[FACT_CPU_USAGE] = "usage_usec 60000000\n";
    facts.texts[FACT_PRESSURE_CPU] = "some avg10=1.00 avg60=1.00 avg300=1.00 total=60000000\n";
    facts.tasks.running = 2;
    facts.clock = 60000000;
    busy = made_by(load_make_loadavg, &facts);
    g_test_message("%s", busy);
    g_assert_true(g_str_has_prefix(busy, "1.26 0.3"));
    g_assert_true(g_str_has_suffix(busy, " 2/12 1\n"));
    /* Nothing since, for an hour, but three that run now. */
    facts.tasks.running = 3;
    facts.clock = 3660000000;
    later = made_by(load_make_loadavg, &facts);
    g_assert_true(g_str_has_prefix(later, "1.90 0.5"));
    /* Its counters begin anew. */
    facts.texts[FACT_CPU_USAGE] = NULL;
    facts.tasks = (FactTasks){ 0 };
    facts.clock = 36600000000;
    gone = made_by(load_make_loadavg, &facts);
    g_assert_true(g_str_has_prefix(gone, "0.00 0.00 0.00 1/12"));
}

static void test_pressure(void)
{
    Facts facts = { 0 };
    g_autofree char *nothing = made(VIEW_PRESSURE_IO, &facts);
    g_autofree char *host = NULL;
    g_autofree char *own = NULL;

    facts.texts[FACT_HOST_PRESSURE_IO] = "host\n";
    host = made(VIEW_PRESSURE_IO, &facts);
    facts.texts[FACT_PRESSURE_IO] = "own\n";
    own = made(VIEW_PRESSURE_IO, &facts);
    g_assert_cmpstr(nothing, ==, "");
    g_assert_cmpstr(host, ==, "host\n");
    g_assert_cmpstr(own, ==, "own\n");
}

/* Whatever is missing, and whatever stands in its place, nothing is read beyond its end. */
static void test_odd_texts(void)
{
    static const char *const odd[] = { "",          "\n",       "cpu",  "cpu \n0",
                                       "8:0",       "8:0 Read", " 8 0", "MemTotal",
                                       "processor", "max",      "-1",   "0-",
                                       "4-2",       ",",        "1,",   "total=some" };
    FactLoad load = { 0 };

    for (ViewKind kind = VIEW_ROOT; kind < VIEW_KINDS; kind++) {
        for (size_t i = 0; i < G_N_ELEMENTS(odd); i++) {
            Facts facts = { .usage_before = odd[i],
                            .clock = 7,
                            .page = 4096,
                            .hertz = 100,
                            .limits_processors = true,
                            .load = &load };
            g_autofree char *text = NULL;

            for (FactName fact = 0; fact < FACT_NAMES; fact++)
                facts.texts[fact] = odd[i];
            text = made(kind, &facts);
        }
    }
}

/* ---- the tree ---- */

/* Every node is found by its name and by its number, and is where it says. */
static void test_tree(void)
{
    size_t seen = 0;

    for (ViewKind kind = VIEW_ROOT; kind < VIEW_KINDS; kind++) {
        ViewNode node = { kind, 3 };
        ViewNode parent = node_parent(node);
        ViewNode found;
        char name[VIEW_NAME_MAX];

        node_name(node, name);
        g_assert_true(node_from_number(node_number(node), &found));
        g_assert_cmpint(found.kind, ==, kind);
        g_assert_cmpuint(found.processor, ==, 3);
        if (kind == VIEW_ROOT)
            continue;
        g_assert_true(node_is_directory(parent));
        g_assert_true(node_find(parent, name, 4, &found));
        g_assert_cmpint(found.kind, ==, kind);
        seen++;
        if (node_kernel_path(kind))
            g_assert_cmpint(node_by_kernel_path(node_kernel_path(kind)), ==, kind);
    }
    g_assert_cmpuint(seen, ==, VIEW_KINDS - 1);
    g_assert_cmpint(node_by_kernel_path("/proc/kcore"), ==, VIEW_ROOT);
}

static void test_entries(void)
{
    ViewNode processors = { VIEW_PROCESSORS, 0 };
    ViewNode node;
    size_t n = 0;

    while (node_at(processors, n, 2, &node))
        n++;
    g_assert_cmpuint(n, ==, 6 + 2);
    g_assert_true(node_find(processors, "cpu1", 2, &node));
    g_assert_false(node_find(processors, "cpu2", 2, &node));
    g_assert_false(node_find(processors, "cpu01", 2, &node));
    g_assert_false(node_find((ViewNode){ VIEW_MEMINFO, 0 }, "x", 2, &node));
    g_assert_false(node_from_number(0, &node));
    g_assert_false(node_from_number(255, &node));
    g_assert_false(node_from_number(UINT64_MAX, &node));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/view/meminfo-v2", test_meminfo_v2);
    g_test_add_func("/view/meminfo-v1", test_meminfo_v1);
    g_test_add_func("/view/swap", test_swap);
    g_test_add_func("/view/total", test_total);
    g_test_add_func("/view/vmstat", test_vmstat);
    g_test_add_func("/view/vmstat-pages", test_vmstat_pages);
    g_test_add_func("/view/count", test_count);
    g_test_add_func("/view/cpuinfo", test_cpuinfo);
    g_test_add_func("/view/stat", test_stat);
    g_test_add_func("/view/uptime", test_uptime);
    g_test_add_func("/view/lists", test_lists);
    g_test_add_func("/view/disks", test_disks);
    g_test_add_func("/view/load", test_load);
    g_test_add_func("/view/pressure", test_pressure);
    g_test_add_func("/view/odd-texts", test_odd_texts);
    g_test_add_func("/view/tree", test_tree);
    g_test_add_func("/view/entries", test_entries);
    return g_test_run();
}
