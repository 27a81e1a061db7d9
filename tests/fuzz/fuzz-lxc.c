// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* Whatever text is given as an LXC configuration; see native-round.h. */
#include "native-round.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    native_round_same("lxc-tools", "not said:", data, size);
    return 0;
}
