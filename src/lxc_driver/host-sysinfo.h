// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * What the host's firmware says about the machine (SMBIOS), as far as the kernel has it in files:
 * the firmware, the system, its board and its case.
 */
#pragma once

/* A <sysinfo> document; NULL when the firmware says nothing. `root` as in host.h. */
char *host_sysinfo_format(const char *root);
