// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * RELAX NG schemas, as libvirt installs them: what a document may hold where somebody asks for
 * validation. A schema is read from its file when it is first needed and kept from then on, never
 * from the network. A schema whose file is not there accepts everything, since libvirt's are not on
 * every machine; our own tables look at the document anyway.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#define SCHEMA_DOMAIN "/usr/share/libvirt/schemas/domain.rng"

typedef struct Schema Schema;

/* The path is borrowed. */
Schema *schema_new(const char *path);
void schema_free(Schema *schema);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Schema, schema_free)

struct _xmlDoc;

/* Checks a <domain> without the parts that are in our namespace, which libvirt's schema knows
 * nothing of. */
bool schema_check_domain(Schema *schema, const struct _xmlDoc *doc, GError **err);
/* Checks a document as it is. */
bool schema_check_text(Schema *schema, const char *xml, GError **err);
