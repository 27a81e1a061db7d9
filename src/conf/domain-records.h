// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* The parts of a domain definition that have a file of their own, as records and rows' helpers. */
#pragma once

#include "conf/compile.h"
#include "conf/record.h"

/* domain-def.c: all of it */
extern const Record domain_record;

/* resources.c */
extern const Record blkio_device_record;
bool resources_check(DomainDef *def, GError **err);

/* os.c */
extern const Record os_record;
bool os_check(DomainDef *def, const Reader *reader, GError **err);
bool os_is_32bit(const DomainDef *def, const DomainDefHost *host);

/* idmap.c */
extern const Record idmap_record;

/* features.c */
extern const Record features_record;
/* Bit set of CAP_* that init may have. */
uint64_t features_capabilities(const FeaturesDef *features);
/* The name of FeaturesDef.capabilities[index], and its CAP_*. */
const char *features_capability(size_t index, int *ret_number);
/* Whether mknod is asked for, which opens the device group for it. */
bool features_allow_mknod(const FeaturesDef *features);

/* seclabel.c */
extern const Record seclabel_record;
bool seclabels_check(const DomainDef *def, GError **err);

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
