// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* <features>: what init may do, and the features of a machine, which have no effect here. */
#pragma once

#include "conf/def-values.h"

typedef enum CapabilityPolicy {
    CAPABILITY_POLICY_DEFAULT,
    CAPABILITY_POLICY_ALLOW,
    CAPABILITY_POLICY_DENY,
} CapabilityPolicy;

#define DOMAIN_CAPABILITY_COUNT 37

typedef struct CapabilityChoices {
    CapabilityPolicy policy;
    Switch each[DOMAIN_CAPABILITY_COUNT]; /* order of `capabilities` in features.c */
} CapabilityChoices;

/* A feature that is said to be on or off; see the records of machine-features.c. */
typedef struct Toggle {
    Switch state;
} Toggle;

typedef struct SpinlocksFeature {
    Switch state;
    OptNumber retries;
} SpinlocksFeature;

typedef struct StimerFeature {
    Switch state;
    Switch direct;
} StimerFeature;

typedef struct VendorIdFeature {
    Switch state;
    char *value;
} VendorIdFeature;

typedef struct HypervFeatures {
    int mode;
    Toggle relaxed, vapic;
    SpinlocksFeature spinlocks;
    Toggle vpindex, runtime, synic;
    StimerFeature stimer;
    Toggle reset;
    VendorIdFeature vendor_id;
    Toggle frequencies, reenlightenment, tlbflush, ipi, evmcs, avic;
} HypervFeatures;

typedef struct DirtyRingFeature {
    Switch state;
    OptNumber size;
} DirtyRingFeature;

typedef struct KvmFeatures {
    Toggle hidden, hint_dedicated, poll_control, pv_ipi;
    DirtyRingFeature dirty_ring;
} KvmFeatures;

typedef struct XenPassthrough {
    Switch state;
    int mode;
} XenPassthrough;

typedef struct XenFeatures {
    Toggle e820_host;
    XenPassthrough passthrough;
} XenFeatures;

typedef struct SmmFeature {
    Switch state;
    OptNumber tseg;
    char *unit;
} SmmFeature;

/* An element with one word in it, or none. */
typedef struct WordFeature {
    int word;
} WordFeature;

typedef enum IoapicDriver { IOAPIC_ABSENT, IOAPIC_QEMU, IOAPIC_KVM } IoapicDriver;

typedef struct FeaturesDef {
    bool acpi;
    WordFeature *apic;
    bool pae;
    Toggle hap;
    bool viridian;
    bool privnet;
    HypervFeatures *hyperv;
    KvmFeatures *kvm;
    Toggle pvspinlock;
    CapabilityChoices capabilities;
    Toggle pmu, vmport;
    WordFeature *gic;
    SmmFeature *smm;
    IoapicDriver ioapic;
    int hpt_resizing;
    OptNumber hpt_maxpagesize; /* KiB */
    Toggle vmcoreinfo, htm, nested_hv;
    WordFeature msrs;
    Toggle ccf_assist;
    XenFeatures *xen;
    int cfpc, sbbc, ibs;
    OptNumber tb_cache; /* KiB */
    Choice async_teardown;
    Toggle ras, ps2;
    int aia;
} FeaturesDef;
