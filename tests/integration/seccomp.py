#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""A container starts with a filter of system calls: the default, nesting, none, or a file in LXC's or OCI's format; broken files are refused.

The default denies what CVE-2014-3519, CVE-2021-3493, CVE-2022-0185, CVE-2022-1015, CVE-2023-0386 and CVE-2023-32233 went through: new user namespaces,
handles of files, and large young parts of the kernel; and fanotify, which gives root without an id map files of the host as the host opens them."""
import json
import os
import platform

from harness import Instance, contains, equal, refused, skip

if platform.machine() != 'x86_64':
    skip('the numbers of system calls here are those of x86_64')

CALLS = {
    'unshare of users': (272, 0x10000000, 0, 0), 'unshare of names': (272, 0x04000000, 0, 0), 'clone3': (435, 0, 0, 0),
    'clone of users': (56, 0x10000000, 0, 0), 'keyctl': (250, 0, 0, 0), 'bpf': (321, 0, 0, 0), 'io_uring_setup': (425, 0, 0, 0),
    'open_by_handle_at': (304, 0, 0, 0), 'fanotify_init': (300, 0, 0, 0), 'perf_event_open': (298, 0, 0, 0), 'userfaultfd': (323, 0, 0, 0), 'kexec_load': (246, 0, 0, 0),
    'init_module': (175, 0, 0, 0), 'syslog': (103, 10, 0, 0), 'TIOCSTI': (16, 0, 0x5412, 0), 'TIOCSTI in disguise': (16, 0, 0x100005412, 0),
    'io_uring_enter': (426, 0, 0, 0), 'io_uring_register': (427, 0, 0, 0), 'add_key': (248, 0, 0, 0), 'request_key': (249, 0, 0, 0),
    'finit_module': (313, 0, 0, 0), 'delete_module': (176, 0, 0, 0), 'kexec_file_load': (320, 0, 0, 0), 'acct': (163, 0, 0, 0), 'swapoff': (168, 0, 0, 0),
    'quotactl': (179, 0, 0, 0), 'quotactl_fd': (443, 0, 0, 0), 'iopl': (172, 3, 0, 0), 'ioperm': (173, 0x80, 1, 1), 'TIOCLINUX': (16, 0, 0x541c, 0),
    'swapon': (167, 0, 0, 0), 'getpid': (39, 0, 0, 0), 'a call of another machine': (0x40000000 | 39, 0, 0, 0),
}
DEFAULT = {'unshare of users': 'EPERM', 'clone3': 'ENOSYS', 'clone of users': 'EPERM', 'keyctl': 'ENOSYS', 'bpf': 'EPERM',
           'io_uring_setup': 'ENOSYS', 'open_by_handle_at': 'EPERM', 'fanotify_init': 'EPERM', 'perf_event_open': 'EPERM', 'userfaultfd': 'EPERM',
           'kexec_load': 'EPERM', 'init_module': 'EPERM', 'syslog': 'EPERM', 'TIOCSTI': 'EPERM', 'TIOCSTI in disguise': 'EPERM',
           'io_uring_enter': 'ENOSYS', 'io_uring_register': 'ENOSYS', 'add_key': 'ENOSYS', 'request_key': 'ENOSYS', 'finit_module': 'EPERM',
           'delete_module': 'EPERM', 'kexec_file_load': 'EPERM', 'acct': 'EPERM', 'swapoff': 'EPERM', 'quotactl': 'EPERM', 'quotactl_fd': 'EPERM',
           'iopl': 'EPERM', 'ioperm': 'EPERM', 'TIOCLINUX': 'EPERM', 'swapon': 'EPERM', 'a call of another machine': 'ENOSYS', 'getpid': 'ok', 'unshare of names': 'ok'}
IDMAP = "<idmap><uid start='0' target='100000' count='65536'/><gid start='0' target='100000' count='65536'/></idmap>"


def profile(text, more=''):
    return f"<virtlxcd:container xmlns:virtlxcd='urn:virtlxcd:domain:1.0'><virtlxcd:seccomp {text}/>{more}</virtlxcd:container>"


with Instance() as host:
    def outcomes(name, extra='', tree=None):
        words = []
        for call in CALLS.values():
            words += ['syscall', *map(str, call), ',']
        os.chmod(host.report(name)[0], 0o777)
        lines = host.ask(name, *words[:-1], extra=extra, tree=tree).splitlines()
        equal(len(lines), len(CALLS), lines)
        return {call: line.split(' ', 1)[1].removeprefix('errno ') for call, line in zip(CALLS, lines)}

    def mode(name, extra):
        text = host.ask(name, 'cat', '/proc/self/status', extra=extra)
        return next(line.split()[1] for line in text.splitlines() if line.startswith('Seccomp:'))

    for name, extra, tree in (('plain', '', None), ('named', profile("profile='default'"), None), ('mapped', IDMAP, host.tree('mapped'))):
        found = outcomes(name, extra, tree)
        equal({call: found[call] for call in DEFAULT}, DEFAULT, name)

    nesting = outcomes('nesting', profile("profile='nesting'"))
    equal((nesting['unshare of users'], nesting['clone of users'], nesting['clone3']), ('ok', 'ok', 'EINVAL'))
    equal({call: nesting[call] for call in ('bpf', 'kexec_load', 'TIOCSTI', 'TIOCLINUX', 'open_by_handle_at', 'fanotify_init', 'finit_module', 'perf_event_open')},
          {call: 'EPERM' for call in ('bpf', 'kexec_load', 'TIOCSTI', 'TIOCLINUX', 'open_by_handle_at', 'fanotify_init', 'finit_module', 'perf_event_open')})
    equal((mode('default-mode', ''), mode('no-mode', profile("profile='none'"))), ('2', '0'))
    equal(mode('nnp-mode', profile("profile='default'", "<virtlxcd:privileges noNew='yes'/>")), '2')

    # Files.
    def file(name, text):
        path = host.path(name)
        with open(path, 'w', encoding='utf-8') as out:
            out.write(text)
        return profile(f"file='{path}'")

    found = outcomes('lxc', file('deny.lxc', '2\ndenylist errno 38\n[all]\nswapon errno 7 # comment\nreject_force_umount\n'
                                 'unshare [0,0x10000000,SCMP_CMP_MASKED_EQ,0x10000000]\nno_such_call\n'))
    equal((found['swapon'], found['unshare of users'], found['unshare of names'], found['bpf'] != 'EPERM'), ('E2BIG', 'ENOSYS', 'ok', True))
    oci = {'linux': {'seccomp': {'defaultAction': 'SCMP_ACT_ALLOW', 'syscalls': [
        {'names': ['swapon', 'bpf'], 'action': 'SCMP_ACT_ERRNO', 'errnoRet': 7},
        {'names': ['unshare'], 'action': 'SCMP_ACT_ERRNO', 'args': [{'index': 0, 'value': 0x10000000, 'valueTwo': 0x10000000, 'op': 'SCMP_CMP_MASKED_EQ'}]}]}}}
    found = outcomes('oci', file('profile.json', json.dumps(oci)))
    equal((found['swapon'], found['bpf'], found['unshare of users'], found['unshare of names']), ('E2BIG', 'E2BIG', 'EPERM', 'ok'))
    for text, words in (('', 'is empty'), ('3\n', ":1: '3' is not understood"), ('2\nmaybe\n', ":2: 'maybe'"),
                        ('2\ndenylist\nswapon perhaps\n', ":3: 'perhaps'"), ('2\nallowlist\nioctl [9,1,SCMP_CMP_EQ]\n', ':3:'),
                        ('{"defaultAction": "SCMP_ACT_NOTIFY"}', "'defaultAction'"), ('{"defaultAction": ', 'profile'),
                        ('{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": 3, "action": "SCMP_ACT_KILL"}]}', "'names'")):
        with refused('CONFIG_UNSUPPORTED', 'LXC', words):
            host.create('bad', extra=file('bad.profile', text))
    with refused('SYSTEM_ERROR', 'LXC', 'No such file'):
        host.create('bad', extra=profile("file='/no/such/profile'"))
    # A filter that init itself cannot live with says so.
    with refused(text='capabilities|exec|init'):
        host.create('bad', extra=file('strict.lxc', '2\ndenylist errno 1\nsetresuid\nexecve\n'))
