// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Which device nodes a container may open and make: a list in the v1 devices group, a small BPF
 * program on the v2 group. Everything that no rule allows is denied.
 */
#pragma once

#include "kernel/hierarchy.h"
#include "plan-xdr.h"

#include <linux/bpf.h>

/* Replaces what held before. */
bool devices_apply(const Hierarchy *hierarchy, const PlanDeviceRule *rules, size_t n_rules,
                   GError **err);

/* The program for the rules, as a GArray of struct bpf_insn. */
GArray *devices_assemble(const PlanDeviceRule *rules, size_t n_rules);
