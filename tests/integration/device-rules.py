#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""Devices beyond the listed ones can be neither opened nor made, however many capabilities there are."""
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
    # Without mknod, not even the listed ones can be made again.
    contains(host.ask('mknod', 'mknod', '/tmp/null', 'c', '1', '3'), 'errno EPERM')
