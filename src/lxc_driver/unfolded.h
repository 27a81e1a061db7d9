// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Definitions that somebody looks at. Domains keep theirs folded (domain_def_fold); what is looked
 * at is unfolded here, once, and forgotten about a second later. That is never before the main loop
 * turns, so a definition may be used without a thought until its user returns to the loop.
 */
#pragma once

#include "conf/domain-def.h"

typedef struct Unfolded Unfolded;

Unfolded *unfolded_new(void);
void unfolded_free(Unfolded *unfolded);

/* Borrowed. NULL when `folded` is. */
const DomainDef *unfolded_look(Unfolded *unfolded, const FoldedDef *folded);

/* Before `folded` is freed. */
void unfolded_forget(Unfolded *unfolded, const FoldedDef *folded);
