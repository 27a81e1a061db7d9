// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* In the place of label-selinux.c where the library was not there: never in force, so never asked
 * more.
 */
#include "kernel/label-model.h"

#include "base/error.h"
#include "base/text.h"

static bool is_active(GError **why)
{
    return fail(why, ERR(SECURITY, NO_SUPPORT), _("virtlxcd was built without %s"), "libselinux");
}

const LabelModel label_selinux = { .name = "selinux", .is_active = is_active };
