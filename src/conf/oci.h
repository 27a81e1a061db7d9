// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The format "oci": config.json of an OCI runtime bundle, and a domain. One file per part of
 * config.json, which reads it into a definition and writes it:
 *
 *     oci.c             the document, names, annotations
 *     oci-process.c     process: init and its user
 *     oci-rights.c      process: capabilities, limits, labels
 *     oci-mounts.c      root and mounts
 *     oci-linux.c       linux: paths, sysctls, control group
 *     oci-namespaces.c  linux.namespaces and the id maps
 *     oci-devices.c     linux.devices, and what may be done with devices
 *     oci-resources.c   linux.resources
 *     oci-hugepages.c   linux.resources.hugepageLimits
 *
 * Reading fills a DomainDef. Writing starts from the Plan, which like config.json says what is to
 * be done and not why: a bundle that is run does what the daemon would have done.
 */
#pragma once

#include "conf/compile.h"
#include "conf/native.h"
#include "conf/oci-json.h"
#include "conf/oci-writer.h"

struct OciImport {
    NativeResult *result;
    DomainDef *def; /* result->def */
    const DomainDefHost *host;
    Plan *base;       /* what every container has, to leave it out */
    Filesystem *root; /* one of def's */
    unsigned spaces;  /* PLAN_NS_* that config.json names */
    OptNumber memory; /* bytes */
};

typedef struct OciExport {
    const DomainDef *def;
    const Plan *plan;
    OciWriter json;
    StringList notes; /* become annotations */
} OciExport;

/* Writes down what config.json cannot say. */
void oci_export_note(OciExport *export, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Whether every container has a mount of this kind there. */
bool oci_is_base_mount(const OciImport *import, PlanMountKind kind, const char *target);

void oci_add_sysctl(OciImport *import, const char *name, const char *value);

OciRead oci_read_process;
bool oci_write_process(OciExport *export, GError **err);

OciRead oci_read_capabilities;
OciRead oci_read_rlimit;
OciRead oci_read_no_new_privileges;
OciRead oci_read_label;
void oci_write_rights(OciExport *export);

OciRead oci_read_root;
OciRead oci_read_mount; /* when the root and the memory are known */
bool oci_write_root(OciExport *export, GError **err);
void oci_write_mounts(OciExport *export);
/* linux.rootfsPropagation */
OciRead oci_read_root_propagation;
void oci_write_root_propagation(OciExport *export);

OciRead oci_read_linux;
bool oci_write_linux(OciExport *export, GError **err);

/* The members of linux that oci-namespaces.c reads, in this order; NULL: not there. */
typedef struct OciSpaces {
    JsonNode *namespaces;
    JsonNode *uids;
    JsonNode *gids;
    JsonNode *offsets;
} OciSpaces;

bool oci_read_spaces(OciImport *import, const OciValue *parent, const OciSpaces *spaces,
                     GError **err);
bool oci_write_spaces(OciExport *export, GError **err);

OciRead oci_read_device;
OciRead oci_read_device_rule;
void oci_write_devices(OciExport *export);
void oci_write_device_rules(OciExport *export);

OciRead oci_read_hugepages;
void oci_write_hugepages(OciExport *export);
OciRead oci_read_resources;
void oci_write_resources(OciExport *export);
