#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""Defines every handler that the given headers declare, so that the tables link without the daemon.

    stand-in-handlers.py OUT.c HEADER...
"""
import re
import sys

out, *headers = sys.argv[1:]
names = [name for header in headers for name in re.findall(r'^RpcHandler (\w+);', open(header, encoding='utf-8').read(), re.M)]
with open(out, 'w', encoding='utf-8') as file:
    file.write('#include "lxc_driver/handlers.h"\n#include "rpc/auth.h"\n')
    for name in names:  # bodies differ, so that no compiler merges them
        file.write(f'\nbool {name}(RpcCall *call, const void *args, void *ret, GError **err)\n{{\n'
                   f'    g_set_error(err, 1, 1, "{name}");\n    return false;\n}}\n')
