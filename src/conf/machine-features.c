// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The features of a machine in <features> that are more than a word: they are checked as libvirt
 * does and given back, since a container is no machine.
 */
#include "conf/machine-features.h"

#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/device-info.h"
#include "conf/value.h"

#define REQUIRED .missing = ERR(XML, XML_ERROR)
#define WRONG ERR(DOMAIN, XML_ERROR)
#define UNKNOWN ERR(DOMAIN, CONFIG_UNSUPPORTED)
#define UNSIGNED .min = 0, .max = UINT32_MAX

#define SPINLOCK_RETRIES_MIN 4095
#define VENDOR_ID_LENGTH_MAX 12
#define DIRTY_RING_MIN 1024
#define DIRTY_RING_MAX 65536

enum { HYPERV_ABSENT, HYPERV_CUSTOM, HYPERV_PASSTHROUGH };

/* ---- on and off ------------------------------------------------------------------------------ */

/* clang-format off */
static const Row toggle_rows[] = {
    { "@state", ROW_ENUM, offsetof(Toggle, state), .names = switch_names },
    { NULL },
};

static const Row required_rows[] = {
    { "@state", ROW_ENUM, offsetof(Toggle, state), .names = switch_names, REQUIRED },
    { NULL },
};
/* clang-format on */

static bool check_toggle(void *object, const Reader *reader, GError **err)
{
    Toggle *toggle = object;

    if (!toggle->state)
        toggle->state = SWITCH_ON;
    return true;
}

const Record toggle_record = { "feature", sizeof(Toggle), toggle_rows, .kept = true,
                               .check = check_toggle };
const Record required_toggle_record = { "feature", sizeof(Toggle), required_rows, .kept = true };

/* ---- <hyperv> -------------------------------------------------------------------------------- */

static const char *const hyperv_modes[] = { NULL, "custom", "passthrough", NULL };

/* clang-format off */
static const Row spinlocks_rows[] = {
    { "@state",        ROW_ENUM,   offsetof(SpinlocksFeature, state),   .names = switch_names, REQUIRED },
    { "@retries",      ROW_NUMBER, offsetof(SpinlocksFeature, retries), UNSIGNED },
    { NULL },
};

static const Row stimer_rows[] = {
    { "@state",        ROW_ENUM,   offsetof(StimerFeature, state),      .names = switch_names, REQUIRED },
    { "direct/@state", ROW_ENUM,   offsetof(StimerFeature, direct),     .names = switch_names },
    { NULL },
};

static const Row vendor_id_rows[] = {
    { "@state",        ROW_ENUM,   offsetof(VendorIdFeature, state),    .names = switch_names, REQUIRED },
    { "@value",        ROW_STRING, offsetof(VendorIdFeature, value) },
    { NULL },
};
/* clang-format on */

static bool check_spinlocks(void *object, const Reader *reader, GError **err)
{
    SpinlocksFeature *spinlocks = object;

    if (spinlocks->state == SWITCH_OFF)
        spinlocks->retries.set = false;
    else if (!spinlocks->retries.set)
        return fail(err, ERR(XML, XML_ERROR), _("<spinlocks> lacks retries="));
    else if (spinlocks->retries.value < SPINLOCK_RETRIES_MIN)
        return fail(err, WRONG, _("<spinlocks> has %" PRId64 " retries, fewer than %d"),
                    spinlocks->retries.value, SPINLOCK_RETRIES_MIN);
    return true;
}

static bool check_stimer(void *object, const Reader *reader, GError **err)
{
    StimerFeature *stimer = object;

    if (stimer->state == SWITCH_OFF)
        stimer->direct = SWITCH_ABSENT;
    return true;
}

static bool check_vendor_id(void *object, const Reader *reader, GError **err)
{
    VendorIdFeature *vendor = object;

    if (vendor->state == SWITCH_OFF) {
        g_clear_pointer(&vendor->value, g_free);
        return true;
    }
    if (!vendor->value || !*vendor->value)
        return fail(err, WRONG, _("<vendor_id> lacks value="));
    if (strlen(vendor->value) > VENDOR_ID_LENGTH_MAX)
        return fail(err, WRONG, _("the vendor id '%s' is longer than %d characters"), vendor->value,
                    VENDOR_ID_LENGTH_MAX);
    if (strchr(vendor->value, ','))
        return fail(err, WRONG, _("the vendor id '%s' has a comma"), vendor->value);
    return true;
}

static const Record spinlocks_record = { "spinlocks", sizeof(SpinlocksFeature), spinlocks_rows,
                                         .check = check_spinlocks };
static const Record stimer_record = { "stimer", sizeof(StimerFeature), stimer_rows,
                                      .check = check_stimer };
static const Record vendor_id_record = { "vendor_id", sizeof(VendorIdFeature), vendor_id_rows,
                                         .check = check_vendor_id };

#define HYPERV(name) offsetof(HypervFeatures, name)
#define TOGGLE .record = &required_toggle_record

/* clang-format off */
static const Row hyperv_rows[] = {
    { "@mode",           ROW_ENUM,   HYPERV(mode),            .names = hyperv_modes },
    { "relaxed",         ROW_RECORD, HYPERV(relaxed),         TOGGLE },
    { "vapic",           ROW_RECORD, HYPERV(vapic),           TOGGLE },
    { "spinlocks",       ROW_RECORD, HYPERV(spinlocks),       .record = &spinlocks_record },
    { "vpindex",         ROW_RECORD, HYPERV(vpindex),         TOGGLE },
    { "runtime",         ROW_RECORD, HYPERV(runtime),         TOGGLE },
    { "synic",           ROW_RECORD, HYPERV(synic),           TOGGLE },
    { "stimer",          ROW_RECORD, HYPERV(stimer),          .record = &stimer_record },
    { "reset",           ROW_RECORD, HYPERV(reset),           TOGGLE },
    { "vendor_id",       ROW_RECORD, HYPERV(vendor_id),       .record = &vendor_id_record },
    { "frequencies",     ROW_RECORD, HYPERV(frequencies),     TOGGLE },
    { "reenlightenment", ROW_RECORD, HYPERV(reenlightenment), TOGGLE },
    { "tlbflush",        ROW_RECORD, HYPERV(tlbflush),        TOGGLE },
    { "ipi",             ROW_RECORD, HYPERV(ipi),             TOGGLE },
    { "evmcs",           ROW_RECORD, HYPERV(evmcs),           TOGGLE },
    { "avic",            ROW_RECORD, HYPERV(avic),            TOGGLE },
    { NULL },
};
/* clang-format on */

static bool check_hyperv(void *object, const Reader *reader, GError **err)
{
    HypervFeatures *hyperv = object;

    if (!hyperv->mode)
        hyperv->mode = HYPERV_CUSTOM;
    return true;
}

const Record hyperv_record = { "hyperv",     sizeof(HypervFeatures), hyperv_rows,
                               .kept = true, .unknown = UNKNOWN,     .check = check_hyperv };

/* ---- <kvm> and <xen> ------------------------------------------------------------------------- */

static const char *const passthrough_modes[] = { NULL, "sync_pt", "share_pt", NULL };

static bool check_dirty_ring(void *object, const Reader *reader, GError **err)
{
    DirtyRingFeature *ring = object;
    int64_t size = ring->size.value;

    if (ring->state == SWITCH_OFF)
        ring->size.set = false;
    else if (!ring->size.set)
        return fail(err, ERR(XML, XML_ERROR), _("<dirty-ring> lacks size="));
    else if (size < DIRTY_RING_MIN || size > DIRTY_RING_MAX || size & (size - 1))
        return fail(err, WRONG,
                    _("the size %" PRId64 " of <dirty-ring> is no power of 2 from %d to %d"), size,
                    DIRTY_RING_MIN, DIRTY_RING_MAX);
    return true;
}

#define KVM(name) offsetof(KvmFeatures, name)

/* clang-format off */
static const Row dirty_ring_rows[] = {
    { "@state", ROW_ENUM,   offsetof(DirtyRingFeature, state), .names = switch_names, REQUIRED },
    { "@size",  ROW_NUMBER, offsetof(DirtyRingFeature, size),  UNSIGNED },
    { NULL },
};

static const Record dirty_ring_record = { "dirty-ring", sizeof(DirtyRingFeature), dirty_ring_rows,
                                          .check = check_dirty_ring };

static const Row kvm_rows[] = {
    { "hidden",         ROW_RECORD, KVM(hidden),         TOGGLE },
    { "hint-dedicated", ROW_RECORD, KVM(hint_dedicated), TOGGLE },
    { "poll-control",   ROW_RECORD, KVM(poll_control),   TOGGLE },
    { "pv-ipi",         ROW_RECORD, KVM(pv_ipi),         TOGGLE },
    { "dirty-ring",     ROW_RECORD, KVM(dirty_ring),     .record = &dirty_ring_record },
    { NULL },
};

static const Row passthrough_rows[] = {
    { "@state", ROW_ENUM,   offsetof(XenPassthrough, state), .names = switch_names, REQUIRED },
    { "@mode",  ROW_ENUM,   offsetof(XenPassthrough, mode),  .names = passthrough_modes },
    { NULL },
};

static const Record passthrough_record = { "passthrough", sizeof(XenPassthrough), passthrough_rows };

static const Row xen_rows[] = {
    { "e820_host",   ROW_RECORD, offsetof(XenFeatures, e820_host),   TOGGLE },
    { "passthrough", ROW_RECORD, offsetof(XenFeatures, passthrough), .record = &passthrough_record },
    { NULL },
};
/* clang-format on */

const Record kvm_record = { "kvm", sizeof(KvmFeatures), kvm_rows, .kept = true,
                            .unknown = UNKNOWN };
const Record xen_record = { "xen", sizeof(XenFeatures), xen_rows, .kept = true,
                            .unknown = UNKNOWN };

/* ---- the others ------------------------------------------------------------------------------ */

static const char *const gic_names[] = { NULL, "host", "2", "3", NULL };
static const char *const msrs_names[] = { NULL, "ignore", "fault", NULL };

/* clang-format off */
static const Row smm_rows[] = {
    { "@state",     ROW_ENUM,   offsetof(SmmFeature, state), .names = switch_names },
    { "tseg/@unit", ROW_STRING, offsetof(SmmFeature, unit) },
    { "tseg",       ROW_NUMBER, offsetof(SmmFeature, tseg),  .min = 0, .max = INT64_MAX },
    { NULL },
};

static const Row apic_rows[] = {
    { "@eoi",       ROW_ENUM,   offsetof(WordFeature, word), .names = switch_names },
    { NULL },
};

static const Row gic_rows[] = {
    { "@version",   ROW_ENUM,   offsetof(WordFeature, word), .names = gic_names },
    { NULL },
};

static const Row msrs_rows[] = {
    { "@unknown",   ROW_ENUM,   offsetof(WordFeature, word), .names = msrs_names, REQUIRED },
    { NULL },
};
/* clang-format on */

static bool check_smm(void *object, const Reader *reader, GError **err)
{
    SmmFeature *smm = object;

    if (!smm->state)
        smm->state = SWITCH_ON;
    if (smm->state == SWITCH_OFF)
        smm->tseg.set = false;
    if (!smm->tseg.set)
        g_clear_pointer(&smm->unit, g_free);
    return value_scale_pair(&smm->tseg, &smm->unit, "MiB", NULL, err);
}

const Record smm_record = { "smm", sizeof(SmmFeature), smm_rows, .kept = true, .check = check_smm };
const Record apic_record = { "apic", sizeof(WordFeature), apic_rows, .kept = true };
const Record gic_record = { "gic", sizeof(WordFeature), gic_rows, .kept = true };
const Record msrs_record = { "msrs", sizeof(WordFeature), msrs_rows, .kept = true };
