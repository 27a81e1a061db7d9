#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""Devices beyond the listed ones can be opened by nobody, however many capabilities there are, and made by who has mknod; what an overlay file system marks a removed file with, by everybody."""
import contextlib
import os

from harness import Instance, contains, equal

IDMAP = "<idmap><uid start='0' target='100000' count='65536'/><gid start='0' target='100000' count='65536'/></idmap>"

with Instance() as host:
    everything, asked = "<capabilities policy='allow'/>", "<capabilities><mknod state='on'/></capabilities>"
    tries = ('open /dev/null , open /dev/full , mknod /tmp/mem c 1 1 , open /tmp/mem , mknod /tmp/disk b 254 0 , open /tmp/disk , '
             'mknod /tmp/whiteout c 0 0').split()
    for features, made in (('', 'errno EPERM'), (everything, 'ok'), (asked, 'ok')):
        for path in ('mem', 'disk', 'whiteout'):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(host.tree() + '/tmp/' + path)
        lines = host.ask('open', *tries, features=features).splitlines() if not host.stock else []
        wanted = ['open ok', 'open ok', f'mknod {made}', 'open errno EPERM' if made == 'ok' else 'open errno ENOENT', f'mknod {made}',
                  'open errno EPERM' if made == 'ok' else 'open errno ENOENT', 'mknod ok']
        equal(lines, wanted if not host.stock else [], features)
    # Root of a user namespace is nobody who makes devices, but a whiteout is none.
    os.unlink(host.tree() + '/tmp/whiteout')
    for features in ('', everything):
        os.chown(host.report('open')[0], 100000, 100000)
        if not host.stock:
            lines = host.ask('open', *'mknod /tmp/null c 1 3 , mknod /tmp/whiteout c 0 0 , mknod /dev/whiteout c 0 0'.split(), features=features, extra=IDMAP).splitlines()
            equal(lines, ['mknod errno EPERM', 'mknod ok', 'mknod ok'], features)
            os.unlink(host.tree() + '/tmp/whiteout')
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
