// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * <virtlxcd:container>: what the kernel can do for a container and libvirt's vocabulary has no word
 * for. Every value is checked here against what the kernel would take, so that a definition that is
 * accepted also starts.
 */
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/domain-records.h"
#include "conf/value.h"

#define CREDENTIAL_NAME_MAX 255
#define CREDENTIAL_NAME_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.:@+"

#define UNSUPPORTED ERR(DOMAIN, CONFIG_UNSUPPORTED)
#define WRONG ERR(DOMAIN, XML_ERROR)

const char *const choice_names[] = { NULL, "yes", "no", NULL };
const char *const seccomp_names[] = { NULL, "default", "none", "nesting", NULL };
/* RLIMIT_ in lower case, in the order of RlimitName. */
const char *const rlimit_names[] = {
    NULL,   "as",     "core",  "cpu", "data",   "fsize",  "locks",      "memlock", "msgqueue",
    "nice", "nofile", "nproc", "rss", "rtprio", "rttime", "sigpending", "stack",   NULL,
};
static const char *const vcpus_limit_names[] = { NULL, "quota", "cpuset", NULL };
static const char *const device_types[] = { "char", "block", "all", NULL };

/* ---- rows ------------------------------------------------------------------------------------ */

static bool parse_limit(const char *text, void *field, GError **err)
{
    OptNumber *limit = field;

    if (strcmp(text, "unlimited") == 0) {
        *limit = (OptNumber){ .set = true, .value = -1 };
        return true;
    }
    if (!value_parse_number(text, &limit->value) || limit->value < 0)
        return fail(err, WRONG, _("'%s' is neither a limit nor 'unlimited'"), text);
    limit->set = true;
    return true;
}

static char *format_limit(const void *field)
{
    const OptNumber *limit = field;

    if (!limit->set)
        return NULL;
    return limit->value < 0 ? g_strdup("unlimited") : g_strdup_printf("%" PRId64, limit->value);
}

static const TextFunctions limit_text = { parse_limit, format_limit };

static bool hide_value(const void *object, DomainDefFlags flags)
{
    return flags & DOMAIN_DEF_NO_SECRETS;
}

/* clang-format off */
static const Row rlimit_rows[] = {
    { "@name", ROW_ENUM, offsetof(Rlimit, resource), .names = rlimit_names,
               .missing = WRONG, .bad = UNSUPPORTED },
    { "@soft", ROW_TEXT,   offsetof(Rlimit, soft), .text = &limit_text, .size = sizeof(OptNumber) },
    { "@hard", ROW_TEXT,   offsetof(Rlimit, hard), .text = &limit_text, .size = sizeof(OptNumber) },
    { NULL },
};

static const Row hugepages_rows[] = {
    { "@size",  ROW_NUMBER, offsetof(HugepageLimit, size),  .min = 1, .max = INT64_MAX, .missing = WRONG },
    { "@unit",  ROW_STRING, offsetof(HugepageLimit, unit) },
    { "@limit", ROW_NUMBER, offsetof(HugepageLimit, limit), .min = 0, .max = INT32_MAX, .missing = WRONG },
    { NULL },
};

static const Row sysctl_rows[] = {
    { "@name",  ROW_STRING, offsetof(Sysctl, name),  .missing = WRONG },
    { "@value", ROW_STRING, offsetof(Sysctl, value), .missing = WRONG },
    { NULL },
};

static const Row path_rows[] = {
    { "@path", ROW_STRING, offsetof(PathItem, path), ROW_NOT_EMPTY, .missing = WRONG },
    { NULL },
};

static const Row credential_rows[] = {
    { "@name",  ROW_STRING, offsetof(Credential, name),  ROW_NOT_EMPTY, .missing = WRONG },
    { "@value", ROW_STRING, offsetof(Credential, value), .missing = WRONG, .hidden = hide_value },
    { NULL },
};

static const Row device_rows[] = {
    { "@type",   ROW_ENUM,   offsetof(DeviceAllow, type),   .names = device_types },
    { "@major",  ROW_NUMBER, offsetof(DeviceAllow, major),  .max = 4095 },
    { "@minor",  ROW_NUMBER, offsetof(DeviceAllow, minor),  .max = 1048575 },
    { "@access", ROW_STRING, offsetof(DeviceAllow, access), ROW_NOT_EMPTY, .missing = WRONG },
    { NULL },
};
/* clang-format on */

static bool check_hugepages(void *object, const Reader *reader, GError **err);
static bool check_rlimit(void *object, const Reader *reader, GError **err);
static bool check_sysctl(void *object, const Reader *reader, GError **err);
static bool check_path(void *object, const Reader *reader, GError **err);
static bool check_device(void *object, const Reader *reader, GError **err);
static bool check_credential(void *object, const Reader *reader, GError **err);

static const Record hugepages_record = { "virtlxcd:hugepages", sizeof(HugepageLimit),
                                         hugepages_rows, .check = check_hugepages };
static const Record rlimit_record = { "virtlxcd:rlimit", sizeof(Rlimit), rlimit_rows,
                                      .check = check_rlimit };
static const Record sysctl_record = { "virtlxcd:sysctl", sizeof(Sysctl), sysctl_rows,
                                      .check = check_sysctl };
static const Record mask_record = { "virtlxcd:mask", sizeof(PathItem), path_rows,
                                    .check = check_path };
static const Record readonly_record = { "virtlxcd:readonly", sizeof(PathItem), path_rows,
                                        .check = check_path };
static const Record device_record = { "virtlxcd:device", sizeof(DeviceAllow), device_rows,
                                      .check = check_device };
static const Record credential_record = { "virtlxcd:credential", sizeof(Credential),
                                          credential_rows, .check = check_credential };

#define FIELD(name) offsetof(ExtensionDef, name)
#define CHOICE .names = choice_names

/* clang-format off */
static const Row extension_rows[] = {
    { "virtlxcd:hostname/@name",       ROW_STRING, FIELD(hostname),          ROW_NOT_EMPTY },
    { "virtlxcd:vcpus/@limit",         ROW_ENUM,   FIELD(vcpus_limit),       .names = vcpus_limit_names },
    { "virtlxcd:pids/@limit",          ROW_NUMBER, FIELD(pids_limit),        .min = 1, .max = 4194304 },
    { "virtlxcd:oom/@group",           ROW_ENUM,   FIELD(oom_group),         CHOICE },
    { "virtlxcd:oom/@score",           ROW_NUMBER, FIELD(oom_score),         .min = -1000, .max = 1000 },
    { "virtlxcd:hugepages",            ROW_LIST,   FIELD(hugepages),         .record = &hugepages_record },
    { "virtlxcd:rlimit",               ROW_LIST,   FIELD(rlimits),           .record = &rlimit_record },
    { "virtlxcd:sysctl",               ROW_LIST,   FIELD(sysctls),           .record = &sysctl_record },
    { "virtlxcd:seccomp/@profile",     ROW_ENUM,   FIELD(seccomp),           .names = seccomp_names },
    { "virtlxcd:seccomp/@file",        ROW_STRING, FIELD(seccomp_file),      ROW_NOT_EMPTY },
    { "virtlxcd:privileges/@noNew",    ROW_ENUM,   FIELD(no_new_privileges), CHOICE },
    { "virtlxcd:time/@boottime",       ROW_NUMBER, FIELD(boottime) },
    { "virtlxcd:time/@monotonic",      ROW_NUMBER, FIELD(monotonic) },
    { "virtlxcd:generate/@hostname",   ROW_ENUM,   FIELD(generate_hostname), CHOICE },
    { "virtlxcd:generate/@hosts",      ROW_ENUM,   FIELD(generate_hosts),    CHOICE },
    { "virtlxcd:generate/@resolvConf", ROW_ENUM,   FIELD(generate_resolv),   CHOICE },
    { "virtlxcd:mask",                 ROW_LIST,   FIELD(masks),             .record = &mask_record },
    { "virtlxcd:readonly",             ROW_LIST,   FIELD(readonly),          .record = &readonly_record },
    { "virtlxcd:scope/@path",          ROW_STRING, FIELD(scope),             ROW_NOT_EMPTY | ROW_LIVE },
    { "virtlxcd:init/@system",         ROW_ENUM,   FIELD(system),            CHOICE },
    { "virtlxcd:init/@ready",          ROW_YES,    FIELD(ready),             ROW_LIVE },
    { "virtlxcd:credential",           ROW_LIST,   FIELD(credentials),       .record = &credential_record },
    { "virtlxcd:stop/@signal",         ROW_STRING, FIELD(stop_signal),       ROW_NOT_EMPTY },
    { "virtlxcd:stop/@timeout",        ROW_NUMBER, FIELD(stop_timeout),      .min = 0, .max = 86400 },
    { "virtlxcd:idmap/@auto",          ROW_ENUM,   FIELD(idmap_auto),        CHOICE },
    { "virtlxcd:idmap/@count",         ROW_NUMBER, FIELD(idmap_count),       .min = 1, .max = UINT32_MAX - 1 },
    { "virtlxcd:view/@sysinfo",        ROW_ENUM,   FIELD(view_sysinfo),      CHOICE },
    { "virtlxcd:view/@affinity",       ROW_ENUM,   FIELD(view_affinity),     CHOICE },
    { "virtlxcd:device",               ROW_LIST,   FIELD(devices),           .record = &device_record },
    { "virtlxcd:nodes/@tun",           ROW_ENUM,   FIELD(tun),               CHOICE },
    { "virtlxcd:nodes/@fuse",          ROW_ENUM,   FIELD(fuse),              CHOICE },
    { "virtlxcd:nodes/@kvm",           ROW_ENUM,   FIELD(kvm),               CHOICE },
    { NULL },
};
/* clang-format on */

static bool check_extension(void *object, const Reader *reader, GError **err);

const Record extension_record = { "virtlxcd:container", sizeof(ExtensionDef), extension_rows,
                                  .unknown = UNSUPPORTED, .check = check_extension };

/* ---- checks ---------------------------------------------------------------------------------- */

static bool check_hugepages(void *object, const Reader *reader, GError **err)
{
    HugepageLimit *pages = object;

    if (!value_scale_pair(&pages->size, &pages->unit, "KiB", "KiB", err))
        return false;
    if (pages->size.value > INT64_MAX / 1024 / MAX(pages->limit.value, 1))
        return fail(err, WRONG, _("%" PRId64 " huge pages of %" PRId64 " KiB are too much"),
                    pages->limit.value, pages->size.value);
    return true;
}

static bool check_rlimit(void *object, const Reader *reader, GError **err)
{
    Rlimit *limit = object;
    const char *name = rlimit_names[limit->resource];

    if (!limit->soft.set && !limit->hard.set)
        return fail(err, WRONG, _("the resource limit '%s' has neither soft= nor hard="), name);
    if (!limit->soft.set)
        limit->soft = limit->hard;
    if (!limit->hard.set)
        limit->hard = limit->soft;
    if (limit->hard.value >= 0 && (limit->soft.value < 0 || limit->soft.value > limit->hard.value))
        return fail(err, WRONG, _("the soft limit of '%s' is above its hard limit"), name);
    return true;
}

static bool check_sysctl(void *object, const Reader *reader, GError **err)
{
    const Sysctl *sysctl = object;

    if (!value_is_sysctl(sysctl->name))
        return fail(err, WRONG, _("'%s' cannot be the name of a sysctl"), sysctl->name);
    if (strchr(sysctl->value, '\n'))
        return fail(err, WRONG, _("the value of the sysctl '%s' has more than one line"),
                    sysctl->name);
    return true;
}

static bool check_path(void *object, const Reader *reader, GError **err)
{
    const char *path = ((const PathItem *)object)->path;

    if (*path != '/' || value_has_dotdot(path))
        return fail(err, WRONG, _("'%s' is not an absolute path without '..'"), path);
    return true;
}

static bool check_device(void *object, const Reader *reader, GError **err)
{
    const char *access = ((const DeviceAllow *)object)->access;

    if (access[strspn(access, "rwm")])
        return fail(err, WRONG, _("'%s' is not an access to a device: some of 'rwm'"), access);
    return true;
}

/* It becomes a file's. systemd takes no longer one, either. */
static bool check_credential(void *object, const Reader *reader, GError **err)
{
    const char *name = ((const Credential *)object)->name;

    if (strlen(name) > CREDENTIAL_NAME_MAX || *name == '.' ||
        name[strspn(name, CREDENTIAL_NAME_CHARS)])
        return fail(err, WRONG, _("'%s' cannot be the name of a credential"), name);
    return true;
}

static bool check_credentials(const CredentialList *list, GError **err)
{
    for (size_t i = 0; i < list->n; i++)
        for (size_t j = 0; j < i; j++)
            if (strcmp(list->items[i]->name, list->items[j]->name) == 0)
                return fail(err, WRONG, _("there are two credentials called '%s'"),
                            list->items[i]->name);
    return true;
}

static bool check_sizes(const HugepageLimitList *list, GError **err)
{
    for (size_t i = 0; i < list->n; i++)
        for (size_t j = 0; j < i; j++)
            if (list->items[i]->size.value == list->items[j]->size.value)
                return fail(err, WRONG, _("two <virtlxcd:hugepages> are for %" PRId64 " KiB"),
                            list->items[i]->size.value);
    return true;
}

static bool check_extension(void *object, const Reader *reader, GError **err)
{
    const ExtensionDef *extension = object;

    if (!check_sizes(&extension->hugepages, err))
        return false;
    if (extension->hostname && !value_is_hostname(extension->hostname))
        return fail(err, WRONG, _("'%s' cannot be a host name"), extension->hostname);
    if (extension->seccomp_file && extension->seccomp)
        return fail(err, WRONG, _("<virtlxcd:seccomp> has both profile= and file="));
    if (extension->seccomp_file && *extension->seccomp_file != '/')
        return fail(err, WRONG, _("the seccomp profile '%s' is not an absolute path"),
                    extension->seccomp_file);
    if (extension->stop_signal && value_parse_signal(extension->stop_signal) < 0)
        return fail(err, WRONG, _("there is no signal called '%s'"), extension->stop_signal);
    return check_credentials(&extension->credentials, err);
}
