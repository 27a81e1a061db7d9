// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See capabilities.h. The document is small and has one shape, so it is written out as it stands;
 * everything from outside goes through the escaping of append_escaped.
 */
#include "lxc_driver/capabilities.h"

#include <inttypes.h>
#include <string.h>

#include "conf/arch.h"
#include "lxc_driver/host-topology.h"
#include "lxc_driver/host.h"
#include "lxc_driver/markup.h"

#define KIB 1024

static void append_power(GString *out, const char *root)
{
    g_autofree char *state = host_read(root, "/sys/power/state");
    g_autofree char *disk = host_read(root, "/sys/power/disk");
    const bool to_memory = state && strstr(state, "mem");
    const bool to_disk = state && strstr(state, "disk") && disk && !strstr(disk, "[disabled]");

    if (!to_memory && !to_disk) {
        g_string_append(out, "    <power_management/>\n");
        return;
    }
    g_string_append(out, "    <power_management>\n");
    if (to_memory)
        g_string_append(out, "      <suspend_mem/>\n");
    if (to_disk)
        g_string_append(out, "      <suspend_disk/>\n");
    if (to_memory && to_disk && strstr(disk, "suspend"))
        g_string_append(out, "      <suspend_hybrid/>\n");
    g_string_append(out, "    </power_management>\n");
}

static void append_iommu(GString *out, const char *root)
{
    g_autofree char *path = g_strconcat(root, "/sys/kernel/iommu_groups", NULL);
    g_autoptr(GDir) groups = g_dir_open(path, 0, NULL);
    const bool supported = groups && g_dir_read_name(groups);

    markup_append(out, "    <iommu support='%s'/>\n", supported ? "yes" : "no");
}

static void append_cpu(GString *out, const HostTopology *topology, const char *arch)
{
    const HostCell *first = &g_array_index(topology->cells, HostCell, 0);

    markup_append(out, "    <cpu>\n      <arch>%s</arch>\n", arch);
    for (guint i = 0; i < first->pages->len; i++)
        markup_append(out, "      <pages unit='KiB' size='%" PRIu64 "'/>\n",
                      g_array_index(first->pages, HostPages, i).size / KIB);
    g_string_append(out, "    </cpu>\n");
}

static void append_distances(GString *out, const HostTopology *topology, const HostCell *cell)
{
    const guint n = MIN(cell->distances->len, topology->cells->len);

    if (n == 0)
        return;
    g_string_append(out, "          <distances>\n");
    for (guint i = 0; i < n; i++)
        markup_append(out, "            <sibling id='%u' value='%u'/>\n",
                      g_array_index(topology->cells, HostCell, i).id,
                      g_array_index(cell->distances, unsigned, i));
    g_string_append(out, "          </distances>\n");
}

static void append_cell(GString *out, const HostTopology *topology, const HostCell *cell)
{
    markup_append(out, "        <cell id='%u'>\n", cell->id);
    markup_append(out, "          <memory unit='KiB'>%" PRIu64 "</memory>\n", cell->memory / KIB);
    for (guint i = 0; i < cell->pages->len; i++) {
        const HostPages *pages = &g_array_index(cell->pages, HostPages, i);
        markup_append(out, "          <pages unit='KiB' size='%" PRIu64 "'>%" PRIu64 "</pages>\n",
                      pages->size / KIB, pages->total);
    }
    append_distances(out, topology, cell);
    markup_append(out, "          <cpus num='%u'>\n", cell->cpus->len);
    for (guint i = 0; i < cell->cpus->len; i++) {
        const HostCpu *cpu = &g_array_index(cell->cpus, HostCpu, i);
        markup_append(out,
                      "            <cpu id='%u' socket_id='%u' die_id='%u' core_id='%u' "
                      "siblings='%s'/>\n",
                      cpu->id, cpu->socket, cpu->die, cpu->core, cpu->siblings);
    }
    g_string_append(out, "          </cpus>\n        </cell>\n");
}

static void append_topology(GString *out, const HostTopology *topology)
{
    markup_append(out, "    <topology>\n      <cells num='%u'>\n", topology->cells->len);
    for (guint i = 0; i < topology->cells->len; i++)
        append_cell(out, topology, &g_array_index(topology->cells, HostCell, i));
    g_string_append(out, "      </cells>\n    </topology>\n");
}

static void append_caches(GString *out, const char *root)
{
    g_autoptr(GArray) caches = host_caches(root);

    if (caches->len == 0)
        return;
    g_string_append(out, "    <cache>\n");
    for (guint i = 0; i < caches->len; i++) {
        const HostCache *cache = &g_array_index(caches, HostCache, i);
        const bool in_mib = cache->size % (KIB * KIB) == 0;
        markup_append(
            out,
            "      <bank id='%u' level='%u' type='%s' size='%" PRIu64 "' unit='%s' cpus='%s'/>\n",
            cache->id, cache->level, cache->type, cache->size / (in_mib ? KIB * KIB : KIB),
            in_mib ? "MiB" : "KiB", cache->cpus);
    }
    g_string_append(out, "    </cache>\n");
}

static void append_model(GString *out, const CapabilitiesModel *model)
{
    markup_append(out, "    <secmodel>\n      <model>%s</model>\n      <doi>0</doi>\n",
                  model->name);
    if (model->base)
        markup_append(out, "      <baselabel type='lxc'>%s</baselabel>\n", model->base);
    g_string_append(out, "    </secmodel>\n");
}

static void append_models(GString *out, const CapabilitiesFacts *facts)
{
    static const CapabilitiesModel none = { .name = "none" };

    if (facts->n_models == 0)
        append_model(out, &none);
    for (size_t i = 0; i < facts->n_models; i++)
        append_model(out, &facts->models[i]);
}

static void append_guest(GString *out, const char *arch, const char *emulator)
{
    markup_append(out,
                  "  <guest>\n"
                  "    <os_type>exe</os_type>\n"
                  "    <arch name='%s'>\n"
                  "      <wordsize>%d</wordsize>\n"
                  "      <emulator>%s</emulator>\n"
                  "      <domain type='lxc'/>\n"
                  "    </arch>\n"
                  "  </guest>\n\n",
                  arch, arch_word_size(arch), emulator);
}

char *capabilities_format(const CapabilitiesFacts *facts)
{
    g_autoptr(HostTopology) topology = host_topology_new(facts->root);
    const char *partner = arch_partner(facts->arch);
    GString *out = g_string_new("<capabilities>\n\n  <host>\n");

    markup_append(out, "    <uuid>%s</uuid>\n", facts->host_uuid);
    append_cpu(out, topology, facts->arch);
    append_power(out, facts->root);
    append_iommu(out, facts->root);
    append_topology(out, topology);
    append_caches(out, facts->root);
    append_models(out, facts);
    g_string_append(out, "  </host>\n\n");
    append_guest(out, facts->arch, facts->emulator);
    if (partner)
        append_guest(out, partner, facts->emulator);
    g_string_append(out, "</capabilities>\n");
    return g_string_free(out, FALSE);
}
