// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * <features>: a private network and the capabilities of init. The other features speak of machines;
 * they are checked and given back (machine-features.c).
 */
#include <linux/capability.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/domain-records.h"
#include "conf/machine-features.h"
#include "conf/value.h"
#include "conf/xml.h"

/* In libvirt's order of output. */
typedef struct Capability {
    const char *name;
    int number;
} Capability;

static const Capability capabilities[DOMAIN_CAPABILITY_COUNT] = {
    {"audit_control",     CAP_AUDIT_CONTROL   },
    { "audit_write",      CAP_AUDIT_WRITE     },
    { "block_suspend",    CAP_BLOCK_SUSPEND   },
    { "chown",            CAP_CHOWN           },
    { "dac_override",     CAP_DAC_OVERRIDE    },
    { "dac_read_search",  CAP_DAC_READ_SEARCH },
    { "fowner",           CAP_FOWNER          },
    { "fsetid",           CAP_FSETID          },
    { "ipc_lock",         CAP_IPC_LOCK        },
    { "ipc_owner",        CAP_IPC_OWNER       },
    { "kill",             CAP_KILL            },
    { "lease",            CAP_LEASE           },
    { "linux_immutable",  CAP_LINUX_IMMUTABLE },
    { "mac_admin",        CAP_MAC_ADMIN       },
    { "mac_override",     CAP_MAC_OVERRIDE    },
    { "mknod",            CAP_MKNOD           },
    { "net_admin",        CAP_NET_ADMIN       },
    { "net_bind_service", CAP_NET_BIND_SERVICE},
    { "net_broadcast",    CAP_NET_BROADCAST   },
    { "net_raw",          CAP_NET_RAW         },
    { "setgid",           CAP_SETGID          },
    { "setfcap",          CAP_SETFCAP         },
    { "setpcap",          CAP_SETPCAP         },
    { "setuid",           CAP_SETUID          },
    { "sys_admin",        CAP_SYS_ADMIN       },
    { "sys_boot",         CAP_SYS_BOOT        },
    { "sys_chroot",       CAP_SYS_CHROOT      },
    { "sys_module",       CAP_SYS_MODULE      },
    { "sys_nice",         CAP_SYS_NICE        },
    { "sys_pacct",        CAP_SYS_PACCT       },
    { "sys_ptrace",       CAP_SYS_PTRACE      },
    { "sys_rawio",        CAP_SYS_RAWIO       },
    { "sys_resource",     CAP_SYS_RESOURCE    },
    { "sys_time",         CAP_SYS_TIME        },
    { "sys_tty_config",   CAP_SYS_TTY_CONFIG  },
    { "syslog",           CAP_SYSLOG          },
    { "wake_alarm",       CAP_WAKE_ALARM      },
};

static const char *const policy_names[] = { "default", "allow", "deny", NULL };

/* ---- the policy ------------------------------------------------------------------------------ */

#define CAPABILITY_BIT(number) (UINT64_C(1) << (number))

/* Those that would let a container reach past itself. Kernels newer than the list above have more
 * (perfmon, bpf, checkpoint_restore); they follow the policy like the others. */
#define DROPPED_BY_DEFAULT                                                                         \
    (CAPABILITY_BIT(CAP_SYS_MODULE) | CAPABILITY_BIT(CAP_SYS_TIME) | CAPABILITY_BIT(CAP_MKNOD) |   \
     CAPABILITY_BIT(CAP_AUDIT_CONTROL) | CAPABILITY_BIT(CAP_MAC_ADMIN))

uint64_t features_capabilities(const FeaturesDef *features)
{
    uint64_t set = CAPABILITY_BIT(CAP_LAST_CAP + 1) - 1;

    if (features->capabilities.policy == CAPABILITY_POLICY_DENY)
        set = 0;
    else if (features->capabilities.policy == CAPABILITY_POLICY_DEFAULT)
        set &= ~DROPPED_BY_DEFAULT;
    for (size_t i = 0; i < DOMAIN_CAPABILITY_COUNT; i++) {
        uint64_t bit = CAPABILITY_BIT(capabilities[i].number);

        if (features->capabilities.each[i] == SWITCH_ON)
            set |= bit;
        else if (features->capabilities.each[i] == SWITCH_OFF)
            set &= ~bit;
    }
    return set;
}

const char *features_capability(size_t index, int *ret_number)
{
    *ret_number = capabilities[index].number;
    return capabilities[index].name;
}

bool features_allow_mknod(const FeaturesDef *features)
{
    return features_capabilities(features) & CAPABILITY_BIT(CAP_MKNOD);
}

/* ---- <capabilities> -------------------------------------------------------------------------- */

static bool parse_capability(const xmlNode *node, CapabilityChoices *choices, GError **err)
{
    g_autofree char *state = xml_attribute(node, "state");
    size_t i = 0;

    while (i < DOMAIN_CAPABILITY_COUNT && !xml_is(node, capabilities[i].name))
        i++;
    if (i == DOMAIN_CAPABILITY_COUNT)
        return fail(err, ERR(DOMAIN, CONFIG_UNSUPPORTED), _("unknown capability '%s'"),
                    xml_name(node));
    if (state && strcmp(state, "on") != 0 && strcmp(state, "off") != 0)
        return fail(err, ERR(XML, XML_ERROR), _("invalid state '%s' of capability '%s'"), state,
                    xml_name(node));
    choices->each[i] = state && strcmp(state, "off") == 0 ? SWITCH_OFF : SWITCH_ON;
    return true;
}

static bool parse_capabilities(const Reader *reader, const xmlNode *node, void *field, GError **err)
{
    CapabilityChoices *choices = field;
    g_autofree char *policy = xml_attribute(node, "policy");
    int value = 0;

    while (policy && policy_names[value] && strcmp(policy_names[value], policy) != 0)
        value++;
    if (!policy_names[value])
        return fail(err, ERR(XML, XML_ERROR), _("invalid policy '%s' of <capabilities>"), policy);
    choices->policy = (CapabilityPolicy)value;
    for (const xmlNode *child = node->children; child; child = child->next)
        if (child->type == XML_ELEMENT_NODE && !parse_capability(child, choices, err))
            return false;
    return true;
}

static void format_capabilities(Writer *writer, const void *field)
{
    const CapabilityChoices *choices = field;
    GString *out = writer->out;
    size_t start = out->len, open = 0;

    xml_indent(out, writer->indent);
    g_string_append_printf(out, "<capabilities policy='%s'>\n", policy_names[choices->policy]);
    open = out->len;
    for (size_t i = 0; i < DOMAIN_CAPABILITY_COUNT; i++) {
        if (choices->each[i] == SWITCH_ABSENT)
            continue;
        xml_indent(out, writer->indent + 2);
        g_string_append_printf(out, "<%s state='%s'/>\n", capabilities[i].name,
                               choices->each[i] == SWITCH_ON ? "on" : "off");
    }
    if (out->len > open) {
        xml_indent(out, writer->indent);
        g_string_append(out, "</capabilities>\n");
    } else if (choices->policy == CAPABILITY_POLICY_DEFAULT) {
        g_string_truncate(out, start);
    } else {
        g_string_truncate(out, open - 2);
        g_string_append(out, "/>\n");
    }
}

static const CustomFunctions capabilities_functions = {
    .parse = parse_capabilities,
    .format = format_capabilities,
};

/* ---- rows ------------------------------------------------------------------------------------ */

static const char *const ioapic_names[] = { NULL, "qemu", "kvm", NULL };
static const char *const hpt_names[] = { NULL, "enabled", "disabled", "required", NULL };
static const char *const fix_names[] = { NULL, "broken", "workaround", "fixed", NULL };
static const char *const ibs_names[] = { NULL,        "broken",   "workaround", "fixed-ibs",
                                         "fixed-ccd", "fixed-na", NULL };
static const char *const aia_names[] = { NULL, "aplic", "aplic-imsic", "none", NULL };

#define FIELD(name) offsetof(FeaturesDef, name)
#define TOGGLE .record = &toggle_record
#define REQUIRED_TOGGLE .record = &required_toggle_record
#define KIB .scale = 1024

/* clang-format off */
static const Row features_rows[] = {
    { "acpi",                    ROW_FLAG,   FIELD(acpi),            ROW_KEPT },
    { "apic",                    ROW_MAYBE,  FIELD(apic),            ROW_EVEN_EMPTY, .record = &apic_record },
    { "pae",                     ROW_FLAG,   FIELD(pae),             ROW_KEPT },
    { "hap",                     ROW_RECORD, FIELD(hap),             TOGGLE },
    { "viridian",                ROW_FLAG,   FIELD(viridian),        ROW_KEPT },
    { "privnet",                 ROW_FLAG,   FIELD(privnet) },
    { "hyperv",                  ROW_MAYBE,  FIELD(hyperv),          ROW_EVEN_EMPTY, .record = &hyperv_record },
    { "kvm",                     ROW_MAYBE,  FIELD(kvm),             ROW_EVEN_EMPTY, .record = &kvm_record },
    { "pvspinlock",              ROW_RECORD, FIELD(pvspinlock),      TOGGLE },
    { "capabilities",            ROW_CUSTOM, FIELD(capabilities),    .functions = &capabilities_functions,
                                 .size = sizeof(CapabilityChoices) },
    { "pmu",                     ROW_RECORD, FIELD(pmu),             TOGGLE },
    { "vmport",                  ROW_RECORD, FIELD(vmport),          TOGGLE },
    { "gic",                     ROW_MAYBE,  FIELD(gic),             ROW_EVEN_EMPTY, .record = &gic_record },
    { "smm",                     ROW_MAYBE,  FIELD(smm),             ROW_EVEN_EMPTY, .record = &smm_record },
    { "ioapic/@driver",          ROW_ENUM,   FIELD(ioapic),          ROW_KEPT, .names = ioapic_names },
    { "hpt/@resizing",           ROW_ENUM,   FIELD(hpt_resizing),    ROW_KEPT, .names = hpt_names },
    { "hpt/maxpagesize",         ROW_SIZE,   FIELD(hpt_maxpagesize), ROW_KEPT, KIB },
    { "vmcoreinfo",              ROW_RECORD, FIELD(vmcoreinfo),      TOGGLE },
    { "htm",                     ROW_RECORD, FIELD(htm),             REQUIRED_TOGGLE },
    { "nested-hv",               ROW_RECORD, FIELD(nested_hv),       REQUIRED_TOGGLE },
    { "msrs",                    ROW_RECORD, FIELD(msrs),            .record = &msrs_record },
    { "ccf-assist",              ROW_RECORD, FIELD(ccf_assist),      REQUIRED_TOGGLE },
    { "xen",                     ROW_MAYBE,  FIELD(xen),             ROW_EVEN_EMPTY, .record = &xen_record },
    { "cfpc/@value",             ROW_ENUM,   FIELD(cfpc),            ROW_KEPT, .names = fix_names },
    { "sbbc/@value",             ROW_ENUM,   FIELD(sbbc),            ROW_KEPT, .names = fix_names },
    { "ibs/@value",              ROW_ENUM,   FIELD(ibs),             ROW_KEPT, .names = ibs_names },
    { "tcg/tb-cache",            ROW_SIZE,   FIELD(tb_cache),        ROW_KEPT, KIB },
    { "async-teardown/@enabled", ROW_ENUM,   FIELD(async_teardown),  ROW_KEPT, .names = choice_names },
    { "ras",                     ROW_RECORD, FIELD(ras),             REQUIRED_TOGGLE },
    { "ps2",                     ROW_RECORD, FIELD(ps2),             REQUIRED_TOGGLE },
    { "aia/@value",              ROW_ENUM,   FIELD(aia),             ROW_KEPT, .names = aia_names },
    { NULL },
};
/* clang-format on */

const Record features_record = { "features", sizeof(FeaturesDef), features_rows,
                                 .unknown = ERR(DOMAIN, CONFIG_UNSUPPORTED) };
