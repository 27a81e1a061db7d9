// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* Options of mounts, as they stand in lxc.rootfs.options and in the fourth word of an entry. */
#pragma once

#include "conf/lxc-format.h"
#include "conf/native-mount.h"

/* Takes one option that says something about any file system; false: it is not such a one. */
bool lxc_take_mount_option(NativeMount *mount, const char *option);
/* The options of a file system, comma separated; "" when it has none. */
char *lxc_mount_options(const DomainDef *def, const Filesystem *fs);
/* "/top:/base": directories over each other, the topmost first. */
void lxc_set_lowers(Filesystem *fs, const char *paths);
/* The same of a file system; NULL when LXC could not tell them apart. */
char *lxc_lowers(const Filesystem *fs);
