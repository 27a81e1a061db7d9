// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* The records of the features of a machine; features.c has the rows that hold them. */
#pragma once

#include "conf/record.h"

extern const Record toggle_record;          /* on, unless it says otherwise */
extern const Record required_toggle_record; /* it has to say */
extern const Record hyperv_record;
extern const Record kvm_record;
extern const Record xen_record;
extern const Record smm_record;
extern const Record apic_record;
extern const Record gic_record;
extern const Record msrs_record;
