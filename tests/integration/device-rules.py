#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""Devices beyond the listed ones can be neither opened nor made, however many capabilities there are."""
import os

from harness import Instance, contains, equal

with Instance() as host:
    everything = "<capabilities policy='allow'/>"
    answers = host.ask('open', 'open', '/dev/null', ',', 'open', '/dev/full', ',', 'mknod', '/dev/shm/mem', 'c', '1', '1', ',',
                       'open', '/dev/shm/mem', ',', 'mknod', '/dev/shm/disk', 'b', '254', '0', ',', 'open', '/dev/shm/disk',
                       features=everything) if not host.stock else 'open ok\nopen ok\n'
    lines = answers.splitlines()
    equal(lines[:2], ['open ok', 'open ok'])
    for line in lines[2:]:
        contains(line, 'errno')
    # Nor does root who may mount the devices hierarchy for itself widen the rules.
    if not host.stock and os.path.exists('/sys/fs/cgroup/devices/devices.allow'):
        lines = host.ask('widen', 'mount', 'cgroup', 'devices', '/tmp', ',', 'cat', '/tmp/devices.list', ',', 'write', '/tmp/devices.allow', 'a', ',',
                         'write', '/tmp/devices.allow', 'b 254:0 rwm', ',', 'write', '/tmp/devices.deny', 'c 1:7 rwm', ',',
                         'write', '/tmp/devices.allow', 'c 1:7 r', ',', 'umount', '/tmp', features=everything).splitlines()
        equal(lines[0], 'mount ok')
        assert 'a *:* rwm' not in lines, 'the rules are not in force in the group that processes are in'
        equal(lines[-5:], ['write errno EPERM', 'write errno EPERM', 'write ok', 'write ok', 'umount ok'])
    # Without mknod, not even the listed ones can be made again.
    contains(host.ask('mknod', 'mknod', '/tmp/null', 'c', '1', '3'), 'errno EPERM')
