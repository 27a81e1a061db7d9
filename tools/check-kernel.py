#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""Says which features that containers need this kernel lacks, by asking for each one."""
import ctypes
import errno
import os
import platform
import sys

# Arguments that no kernel accepts: the answer is EINVAL, EBADF or the like, or ENOSYS if it lacks the call.
CALLS = {
    'open_tree (5.2)': 428, 'move_mount (5.2)': 429, 'fsopen (5.2)': 430, 'fsconfig (5.2)': 431,
    'fsmount (5.2)': 432, 'pidfd_open (5.3)': 434, 'clone3 (5.3)': 435, 'close_range (5.9)': 436,
    'openat2 (5.6)': 437, 'mount_setattr (5.12)': 442,
}
NAMESPACES = {'mnt': 'CONFIG_NAMESPACES', 'pid': 'CONFIG_PID_NS', 'uts': 'CONFIG_UTS_NS', 'ipc': 'CONFIG_IPC_NS',
              'net': 'CONFIG_NET_NS', 'user': 'CONFIG_USER_NS', 'cgroup': 'CONFIG_CGROUPS'}


def lacking():
    libc = ctypes.CDLL(None, use_errno=True)
    bad = ctypes.c_long(-1)
    for name, number in CALLS.items():
        if libc.syscall(ctypes.c_long(number), bad, bad, bad, bad, bad) < 0 and ctypes.get_errno() == errno.ENOSYS:
            yield f'the system call {name}'
    for name, option in NAMESPACES.items():
        if not os.path.exists('/proc/self/ns/' + name):
            yield f'{name} namespaces ({option})'
    with open('/proc/self/mountinfo', encoding='utf-8') as mounts:
        groups = [line.split()[5] for line in mounts if ' - cgroup ' in line or ' - cgroup2 ' in line]
    if not groups:
        yield 'a mounted control group hierarchy below /sys/fs/cgroup'
    elif all('ro' in flags.split(',') for flags in groups):
        yield 'a control group hierarchy that may be written: all are mounted read-only'


missing = list(lacking())
for feature in missing:
    print(f'check-kernel: Linux {platform.release()} lacks {feature}', file=sys.stderr)
sys.exit(1 if missing else 0)
