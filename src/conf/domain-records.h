// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* The parts of a domain definition that have a file of their own, as records and rows' helpers. */
#pragma once

#include "conf/compile.h"
#include "conf/record.h"

/* domain-def.c: all of it */
extern const Record domain_record;

/* resources.c */
extern const Record memtune_record;
extern const Record blkiotune_record;
extern const Record resource_record; /* its fields are those of a DomainDef */
bool resources_check(DomainDef *def, const Reader *reader, GError **err);

/* resources-plan.c */
bool resources_plan(PlanBuilder *builder, GError **err);

/* cpu-plan.c */
bool cpu_plan(PlanBuilder *builder, GError **err);

/* host-facts.c: holds the finished plan against what the host has */
bool host_facts_check(const PlanBuilder *builder, GError **err);

/* memory-backing.c */
extern const Record memory_backing_record;
bool memory_backing_check(const DomainDef *def, GError **err);

/* iothreads.c */
extern const Record iothread_record;
extern const Record defaultiothread_record;
bool iothreads_check(DomainDef *def, GError **err);
/* A set of their names, which are numbers. */
GHashTable *iothreads_names(const DomainDef *def);

/* cputune.c */
extern const Record cputune_record;

/* cpu-pins.c */
extern const Record vcpupin_record;
extern const Record emulatorpin_record;
extern const Record iothreadpin_record;
extern const Record vcpusched_record;
extern const Record iothreadsched_record;
extern const Record emulatorsched_record;
bool cpu_pins_check(DomainDef *def, const Reader *reader, GError **err);

/* cachetune.c */
extern const Record cachetune_record;
extern const Record memorytune_record;
bool cachetunes_check(DomainDef *def, const Reader *reader, GError **err);

/* numatune.c */
extern const Record numatune_record;
bool numatune_check(DomainDef *def, GError **err);
bool numatune_plan(PlanBuilder *builder, GError **err);

/* cpu.c */
extern const Record cpu_record;

/* cpu-numa.c */
extern const Record cpu_numa_record;
/* How many cells the machine has. */
size_t cpu_numa_cells(const DomainDef *def);
bool cpu_numa_check(DomainDef *def, GError **err);

/* clock.c */
extern const Record clock_record;
bool clock_plan(PlanBuilder *builder, GError **err);

/* sysinfo.c */
extern const Record sysinfo_record;
bool sysinfo_check(DomainDef *def, GError **err);

/* perf.c */
extern const Record perf_event_record;
bool perf_check(DomainDef *def, GError **err);

/* protection.c */
extern const Record key_cipher_record;
extern const Record launch_security_record;
bool keywrap_check(DomainDef *def, GError **err);

/* os.c */
extern const Record os_record;
bool os_check(DomainDef *def, const Reader *reader, GError **err);
bool os_plan_check(const OsDef *os, GError **err);
bool os_is_32bit(const DomainDef *def, const DomainDefHost *host);

/* idmap.c */
extern const Record idmap_record;
bool idmap_plan(PlanBuilder *builder, GError **err);

/* features.c */
extern const Record features_record;
/* Bit set of CAP_* that init may have. */
uint64_t features_capabilities(const FeaturesDef *features);
/* The name of FeaturesDef.capabilities[index], and its CAP_*. */
const char *features_capability(size_t index, int *ret_number);
/* Whether mknod is among them, which opens the device group for it. */
bool features_allow_mknod(const FeaturesDef *features);

/* seclabel.c */
extern const Record seclabel_record;
bool seclabels_check(DomainDef *def, const Reader *reader, GError **err);
bool seclabels_plan(PlanBuilder *builder, GError **err);

/* shares.c */
extern const Record shares_record;
bool shares_plan(PlanBuilder *builder, GError **err);

/* extension.c */
extern const Record extension_record;
extern const char *const choice_names[];  /* of a Choice */
extern const char *const seccomp_names[]; /* of a SeccompProfile */
extern const char *const rlimit_names[];  /* of a RlimitName: "nofile" */
/* Which namespace a sysctl belongs to, as PLAN_NS_*; 0: none, it is the host's. */
unsigned extension_sysctl_space(const char *name);
bool extension_plan(PlanBuilder *builder, GError **err);

/* metadata.c */
extern const Record metadata_record;
bool metadata_check(const DomainDef *def, GError **err);
bool metadata_check_title(const char *title, char **ret_title, GError **err);
