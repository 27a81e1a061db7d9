// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* Which directories of the host the containers can change, by all definitions that there are. */
#pragma once

#include "conf/domain-def.h"
#include "plan-xdr.h"

typedef struct Changeable Changeable;

Changeable *changeable_new(void);
void changeable_free(Changeable *changeable);

/* A definition that is there from now on, or is there no longer. NULL is none. */
void changeable_add(Changeable *changeable, const DomainDef *def);
void changeable_remove(Changeable *changeable, const DomainDef *def);

/* Notes in plan->changeable those that are above a path of the host that the plan has. */
void changeable_note(const Changeable *changeable, Plan *plan);
