// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* linux.resources.hugepageLimits of config.json: bytes of each size, which are pages in a domain.
 */
#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "conf/domain-records.h"
#include "conf/oci.h"

typedef struct PageLimit {
    char *size; /* 2MB */
    OptNumber limit;
} PageLimit;

/* clang-format off */
static const OciMember members[] = {
    { "pageSize", OCI_STRING, offsetof(PageLimit, size) },
    { "limit",    OCI_NUMBER, offsetof(PageLimit, limit) },
    { NULL },
};
/* clang-format on */

/* "2MB" in KiB, as the kernel means it; 0: it is no size. */
static int64_t parse_size(const char *text)
{
    static const char *const units[] = { "KB", "MB", "GB" };
    char *unit = NULL;
    uint64_t number = text ? g_ascii_strtoull(text, &unit, 10) : 0;

    for (size_t i = 0; text && i < G_N_ELEMENTS(units); i++, number *= 1024)
        if (strcmp(unit, units[i]) == 0 && number <= INT32_MAX)
            return (int64_t)number;
    return 0;
}

/* So many pages that no host has them are no limit. */
static void add_limit(OciImport *import, int64_t kib, int64_t bytes)
{
    int64_t limit = bytes / 1024 / kib;
    HugepageLimit *pages = NULL;

    if (bytes < 0 || limit > INT32_MAX)
        return;
    pages = g_new0(HugepageLimit, 1);
    pages->size = (OptNumber){ true, kib };
    pages->unit = g_strdup("KiB");
    pages->limit = (OptNumber){ true, limit };
    record_list_append(&import->def->extension.hugepages, pages);
}

static bool read_limit(OciImport *import, const OciValue *value, GError **err)
{
    PageLimit said = { 0 };
    bool fine = oci_members(import, value, members, &said, err);
    int64_t kib = fine ? parse_size(said.size) : 0;

    g_free(said.size);
    if (fine && kib && said.limit.set)
        add_limit(import, kib, said.limit.value);
    else if (fine)
        oci_note(import, value);
    return fine;
}

bool oci_read_hugepages(OciImport *import, const OciValue *value, GError **err)
{
    return oci_each(import, value, read_limit, err);
}

void oci_write_hugepages(OciExport *export)
{
    const PlanCgroup *group = &export->plan->cgroup;
    OciWriter *json = &export->json;
    bool opened = false;

    for (uint32_t i = 0; i < group->settings.len; i++) {
        const PlanSetting *setting = &group->settings.items[i];
        if (setting->knob != PLAN_KNOB_HUGETLB)
            continue;
        if (!opened)
            oci_put_open(json, "hugepageLimits", '[');
        opened = true;
        oci_put_open(json, NULL, '{');
        oci_put_string(json, "pageSize", setting->text);
        oci_put_number(json, "limit", setting->number);
        oci_put_close(json, '}');
    }
    if (opened)
        oci_put_close(json, ']');
}
