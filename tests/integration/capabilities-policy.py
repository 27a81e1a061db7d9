#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""Capabilities follow the policy: default, allow and deny, each with its exceptions, and inheritable stays empty."""
from harness import Instance, equal

# What this machine's root has: nobody can give more.
with open('/proc/self/status', encoding='utf-8') as file:
    ALL = int([line.split()[1] for line in file if line.startswith('CapBnd')][0], 16)
NAMES = {'chown': 0, 'net_admin': 12, 'sys_module': 16, 'sys_time': 25, 'mknod': 27, 'audit_control': 30, 'mac_admin': 33}
DROPPED = ('sys_module', 'sys_time', 'mknod', 'audit_control', 'mac_admin')


def bits(*names):
    return sum(1 << NAMES[name] for name in names)


with Instance() as host:
    def sets(features):
        text = host.ask('bb', 'cat', '/proc/self/status', features=features)
        return {line.split(':')[0]: int(line.split()[1], 16) for line in text.splitlines() if line.startswith('Cap')}

    for features, wanted in (
            ('', ALL & ~bits(*DROPPED)),
            ("<capabilities policy='default'><sys_time state='on'/><chown state='off'/></capabilities>",
             ALL & ~bits('sys_module', 'mknod', 'audit_control', 'mac_admin', 'chown')),
            ("<capabilities policy='allow'/>", ALL),
            ("<capabilities policy='allow'><net_admin state='off'/></capabilities>", ALL & ~bits('net_admin')),
            ("<capabilities policy='deny'/>", 0),
            ("<capabilities policy='deny'><chown state='on'/><mknod state='on'/></capabilities>", bits('chown', 'mknod'))):
        got = sets(features)
        # What the list of names does not have, such as perfmon, follows the policy; compare what it has.
        named = sum(1 << number for number in range(37))
        equal(got['CapBnd'] & named, wanted & named, f'bounding set of {features}')
        equal((got['CapEff'] & named, got['CapPrm'] & named), (wanted & named,) * 2, f'effective set of {features}')
        if not host.stock:
            equal(got['CapInh'], 0, 'inheritable set')
            equal(got['CapAmb'], 0, 'ambient set')
