// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Which devices may be used. LXC allows all of them until "devices.deny = a"; a domain allows the
 * few that every container needs, and what it says besides. So a list of devices that are allowed
 * becomes these, "all" becomes all, and nothing is opened that no line speaks of. Most
 * configurations say everything twice, for both generations of control groups; it counts once.
 */
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/compile-base.h"
#include "conf/domain-records.h"
#include "conf/lxc-format.h"

enum { TYPE_CHAR, TYPE_BLOCK, TYPE_ALL };

static const char letters[] = { 'c', 'b', 'a' };

/* ---- rules ----------------------------------------------------------------------------------- */

static void device_free(DeviceAllow *device)
{
    if (device)
        g_free(device->access);
    g_free(device);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DeviceAllow, device_free)

static bool parse_part(const char *text, int64_t max, OptNumber *ret_number)
{
    if (strcmp(text, "*") == 0)
        return true;
    ret_number->set = lxc_parse_number(text, 0, max, &ret_number->value, NULL);
    return ret_number->set;
}

static bool parse_number(const char *text, DeviceAllow *device)
{
    g_auto(GStrv) parts = g_strsplit(text, ":", 2);

    return parts[0] && parts[1] && parse_part(parts[0], 4095, &device->major) &&
           parse_part(parts[1], 1048575, &device->minor);
}

/* "rwm" in that order, whatever the order was. */
static char *parse_access(const char *text)
{
    GString *access = g_string_new(NULL);

    for (const char *letter = "rwm"; *letter; letter++)
        if (strchr(text, *letter))
            g_string_append_c(access, *letter);
    if (text[strspn(text, "rwm")])
        g_string_truncate(access, 0);
    return g_string_free(access, FALSE);
}

static bool is_everything(const DeviceAllow *device)
{
    return device->type == TYPE_ALL && !device->major.set && !device->minor.set &&
           strcmp(device->access, "rwm") == 0;
}

static bool parse_words(GPtrArray *words, DeviceAllow *device)
{
    const char *type = words->pdata[0];
    const char *letter = type[1] ? NULL : memchr(letters, *type, sizeof(letters));

    if (!letter)
        return false;
    device->type = (int)(letter - letters);
    if (device->type == TYPE_ALL && words->len == 1)
        device->access = g_strdup("rwm");
    else if (words->len == 3 && parse_number(words->pdata[1], device))
        device->access = parse_access(words->pdata[2]);
    if (!device->access || !*device->access)
        return false;
    return device->type != TYPE_ALL || is_everything(device);
}

/* "c 1:3 rwm", "b *:* m", or "a" for everything, which cannot be less than that. */
static DeviceAllow *parse_rule(const char *text, GError **err)
{
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    g_auto(GStrv) parts = g_strsplit_set(text, " \t", -1);
    g_autoptr(DeviceAllow) device = g_new0(DeviceAllow, 1);

    for (char **part = parts; *part; part++)
        if (**part)
            g_ptr_array_add(words, *part);
    if (words->len == 0 || !parse_words(words, device)) {
        fail(err, LXC_BAD_VALUE, _("'%s' is no rule for devices"), text);
        return NULL;
    }
    return g_steal_pointer(&device);
}

static bool part_equal(const OptNumber *a, const OptNumber *b)
{
    return a->set == b->set && (!a->set || a->value == b->value);
}

static bool same_devices(const DeviceAllow *a, const DeviceAllow *b)
{
    return a->type == b->type && part_equal(&a->major, &b->major) &&
           part_equal(&a->minor, &b->minor);
}

/* What every container has needs no word in its definition. */
static bool is_base(const DeviceAllow *device)
{
    const PlanDeviceRule *rules = NULL;
    size_t n = base_device_rules(&rules);

    for (size_t i = 0; i < n; i++)
        if ((char)rules[i].type == letters[device->type] && device->major.set &&
            device->major.value == rules[i].major &&
            (rules[i].minor < 0 || (device->minor.set && device->minor.value == rules[i].minor)))
            return true;
    return false;
}

/* ---- reading --------------------------------------------------------------------------------- */

static DeviceAllow *find(const DeviceAllowList *list, const DeviceAllow *device)
{
    for (size_t i = 0; i < list->n; i++)
        if (same_devices(list->items[i], device))
            return list->items[i];
    return NULL;
}

static void clear(DeviceAllowList *list)
{
    for (size_t i = 0; i < list->n; i++)
        device_free(list->items[i]);
    g_clear_pointer(&list->items, g_free);
    list->n = 0;
}

static void remove_device(DeviceAllowList *list, DeviceAllow *device)
{
    size_t at = 0;

    while (list->items[at] != device)
        at++;
    device_free(device);
    list->n--;
    memmove(list->items + at, list->items + at + 1, (list->n - at) * sizeof(*list->items));
}

/* The two generations of keys are about two lists that know nothing of each other. */
static DeviceAllowList *list_of(LxcImport *in, const LxcKey *key)
{
    return &in->devices[g_str_has_prefix(key->key, "lxc.cgroup2.")];
}

static void set_access(DeviceAllow *device, const char *access, const char *more)
{
    g_autofree char *both = g_strconcat(access, more, NULL);

    g_free(device->access);
    device->access = parse_access(both);
}

/* Beside everything there is nothing else. */
static void add_device(DeviceAllowList *list, DeviceAllow *taken)
{
    g_autoptr(DeviceAllow) device = taken;
    DeviceAllow *known = NULL;

    if (list->n == 1 && is_everything(list->items[0]))
        return;
    if (is_everything(device))
        clear(list);
    known = find(list, device);
    if (!known) {
        record_list_append(list, g_steal_pointer(&device));
        return;
    }
    set_access(known, known->access, device->access);
}

static bool read_allow(LxcImport *in, const LxcKey *key, const LxcLine *line, GError **err)
{
    DeviceAllowList *list = list_of(in, key);
    g_autoptr(DeviceAllow) device = parse_rule(line->value, err);

    if (!device)
        return false;
    if (!is_base(device))
        add_device(list, g_steal_pointer(&device));
    return true;
}

/* Takes the letters of `denied` out of the access of `device`. */
static void reduce(DeviceAllowList *list, DeviceAllow *device, const char *denied)
{
    GString *left = g_string_new(NULL);

    for (const char *letter = device->access; *letter; letter++)
        if (!strchr(denied, *letter))
            g_string_append_c(left, *letter);
    g_free(device->access);
    device->access = g_string_free(left, FALSE);
    if (!*device->access)
        remove_device(list, device);
}

/* A domain has no word for "all but these". */
static bool read_deny(LxcImport *in, const LxcKey *key, const LxcLine *line, GError **err)
{
    DeviceAllowList *list = list_of(in, key);
    g_autoptr(DeviceAllow) device = parse_rule(line->value, err);
    DeviceAllow *known = NULL;

    if (!device)
        return false;
    if (is_everything(device)) {
        clear(list);
        return true;
    }
    known = find(list, device);
    if (known)
        reduce(list, known, device->access);
    else if (is_base(device) || list->n > 0)
        lxc_note(in, line, _("devices can be allowed, but not taken out of those that are"));
    return true;
}

/* Whoever has mknod may make every device, though not use it. */
static bool is_said_by_mknod(const DomainDef *def, DeviceAllow *device)
{
    if (!features_allow_mknod(&def->features) || device->major.set || device->minor.set)
        return false;
    set_access(device, "m", device->access);
    return strcmp(device->access, "m") == 0;
}

void lxc_devices_finish(LxcImport *in)
{
    DomainDef *def = in->def;

    for (size_t i = 0; i < G_N_ELEMENTS(in->devices); i++) {
        DeviceAllowList *list = &in->devices[i];

        for (size_t j = 0; j < list->n; j++)
            if (!is_said_by_mknod(def, list->items[j]))
                add_device(&def->extension.devices, g_steal_pointer(&list->items[j]));
    }
}

void lxc_devices_free(LxcImport *in)
{
    for (size_t i = 0; i < G_N_ELEMENTS(in->devices); i++)
        clear(&in->devices[i]);
}

/* ---- writing --------------------------------------------------------------------------------- */

static char *part_text(const OptNumber *part)
{
    return part->set ? g_strdup_printf("%" G_GINT64_FORMAT, part->value) : g_strdup("*");
}

static void write_allow(LxcExport *out, const char *key, const DeviceAllow *device)
{
    g_autofree char *major = part_text(&device->major);
    g_autofree char *minor = part_text(&device->minor);

    if (is_everything(device))
        lxc_put(out, key, "a");
    else if (device->type != TYPE_ALL)
        lxc_put_format(out, key, "%c %s:%s %s", letters[device->type], major, minor,
                       device->access);
    else
        for (int type = TYPE_CHAR; type < TYPE_ALL; type++)
            lxc_put_format(out, key, "%c %s:%s %s", letters[type], major, minor, device->access);
}

static void write_base(LxcExport *out, const char *key)
{
    const PlanDeviceRule *rules = NULL;
    size_t n = base_device_rules(&rules);

    for (size_t i = 0; i < n; i++)
        write_allow(out, key,
                    &(DeviceAllow){
                        .type = TYPE_CHAR,
                        .major = {true,                 rules[i].major},
                        .minor = { rules[i].minor >= 0, rules[i].minor},
                        .access = (char *)"rwm"
        });
}

static void write_deny(LxcExport *out, const LxcKey *key)
{
    lxc_put(out, key->key, "a");
}

static void write_all(LxcExport *out, const LxcKey *key)
{
    const DomainDef *def = out->def;

    write_base(out, key->key);
    for (size_t i = 0; i < def->extension.devices.n; i++)
        write_allow(out, key->key, def->extension.devices.items[i]);
    if (features_allow_mknod(&def->features))
        write_allow(out, key->key, &(DeviceAllow){ .type = TYPE_ALL, .access = (char *)"m" });
}

#define DEVICE "virtlxcd:container/virtlxcd:device/"

/* clang-format off */
const LxcKey lxc_device_keys[] = {
    { "lxc.cgroup2.devices.deny",  read_deny,  write_deny },
    { "lxc.cgroup2.devices.allow", read_allow, write_all, .says = DEVICE "@type " DEVICE "@major " DEVICE "@minor " DEVICE "@access" },
    { "lxc.cgroup.devices.deny",   read_deny,  write_deny },
    { "lxc.cgroup.devices.allow",  read_allow, write_all },
    { "lxc.cgroup.",               .why = N_("a limit that a domain does not know") },
    { "lxc.cgroup2.",              .why = N_("a limit that a domain does not know") },
    { NULL },
};
/* clang-format on */
