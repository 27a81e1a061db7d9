#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""Inside there is what the Plan lists and nothing of the host: namespaces, mounts, /dev, descriptors, environment, ids, groups."""
import os
import re

from harness import Instance, contains, equal, skip

DEVICES = {'null': '1:3', 'zero': '1:5', 'full': '1:7', 'random': '1:8', 'urandom': '1:9', 'tty': '5:0'}
LINKS = {'fd': '/proc/self/fd', 'stdin': '/proc/self/fd/0', 'stdout': '/proc/self/fd/1', 'stderr': '/proc/self/fd/2'}
MASKED = ('/proc/kcore', '/proc/sysrq-trigger', '/proc/timer_list', '/proc/keys', '/sys/firmware')


def mount_table(text):
    """target -> (options, type, root) of mountinfo lines, the last one of a target."""
    found = {}
    for line in text.splitlines():
        left, right = line.split(' - ')
        words = left.split()
        found[words[4]] = (words[5].split(','), right.split()[0], words[3])
    return found


with Instance() as host:
    if host.stock:
        skip('the stock driver isolates less')
    ask = host.ask

    # Every namespace is the container's own, but for the network of a container without interfaces.
    outside = {name: os.readlink('/proc/self/ns/' + name) for name in os.listdir('/proc/self/ns')}
    inside = dict(line.split() for line in ask('ns', 'ns').splitlines())
    for name in ('mnt', 'pid', 'uts', 'ipc', 'cgroup'):
        assert inside[name] != outside[name], name
    equal(inside['net'], outside['net'])
    assert dict(line.split() for line in ask('privnet', 'ns', features='<privnet/>').splitlines())['net'] != outside['net']

    # Process: first of its kind, leader of its session, on its own terminal, root without groups.
    equal(ask('ids', 'ids').splitlines(), ['uid 0 gid 0 groups', 'pid 1 ppid 0 sid 1 pgid 1'])
    contains(ask('tty', 'tty'), 'pgrp 1')
    # Nothing inherited from the daemon: signals, privileges on the side, a tracer.
    status = dict(line.split(':\t', 1) for line in ask('status', 'cat', '/proc/self/status').splitlines())
    for name in ('SigBlk', 'SigIgn', 'SigCgt', 'CapInh', 'CapAmb'):
        equal(status[name], '0' * 16, name)
    equal((status['Umask'], status['NoNewPrivs'], status['TracerPid']), ('0022', '0', '0'))
    equal(status['CapEff'], status['CapBnd'])
    equal(ask('cwd', 'cwd').strip(), '/')
    equal(ask('host-name.x', 'host').split(), ['host-namex', os.uname().machine])
    # 0 and 2 are the console, 1 the payload's report.
    equal([line.split()[0] for line in ask('fds', 'fds').splitlines()], ['0', '1', '2'])
    uuid = '6b0b0a1c-7a2e-4d0e-9a70-2f3dc3a5a00a'
    equal(sorted(ask('env', 'env', uuid=uuid, os_extra="<initenv name='MORE'>a b</initenv>").splitlines()),
          sorted(['PATH=/bin:/sbin', 'TERM=linux', 'container=lxc-libvirt', 'HOME=/', f'container_uuid={uuid}',
                  f'LIBVIRT_LXC_UUID={uuid}', 'LIBVIRT_LXC_NAME=env', 'MORE=a b']))
    equal(ask('work', 'cwd', os_extra='<initdir>/tmp</initdir>').strip(), '/tmp')
    equal(ask('user', 'ids', os_extra='<inituser>user</inituser>', devices='').splitlines()[0], 'uid 1000 gid 1001 groups') \
        if os.chmod(host.report('user')[0], 0o777) is None else None

    # /dev holds exactly this.
    seen = {}
    for line in ask('dev', 'tree', '/dev', console="<console type='pty'/><console type='pty'/>").splitlines():
        path, kind, mode, owner, number, *target = line.split(' ')
        seen[path.removeprefix('/dev/')] = (kind, mode, owner, number, ''.join(target))
    for name, number in DEVICES.items():
        equal(seen.pop(name), ('c', '0666', '0:0', number, ''), name)
    for name, target in LINKS.items():
        equal((seen[name][0], seen.pop(name)[4]), ('l', target), name)
    equal(seen.pop('ptmx')[0] in 'lc', True)
    terminals = {name: seen.pop(name) for name in ('console', 'tty1', 'tty2')}
    equal([entry[0] in 'lc' for entry in terminals.values()], [True] * 3, str(terminals))
    equal((seen.pop('pts')[0], seen.pop('shm')[:2], seen.pop('mqueue')[0]), ('d', ('d', '1777'), 'd'))
    equal(seen, {}, 'more in /dev')
    equal(ask('ptmx', 'open', '/dev/ptmx').strip(), 'open ok')

    # Mounts: nothing of the host's table, no old root, what must be read-only is.
    mounts = mount_table(ask('mounts', 'cat', '/proc/self/mountinfo', features='<privnet/>'))
    for target, kind in (('/proc', 'proc'), ('/sys', 'sysfs'), ('/dev', 'tmpfs'), ('/dev/pts', 'devpts'), ('/dev/shm', 'tmpfs'), ('/dev/mqueue', 'mqueue')):
        equal(mounts[target][1], kind, target)
    assert 'ro' in mounts['/sys'][0] and 'ro' in mounts['/proc/sys'][0]
    contains(mounts['/dev/pts'][0] + ['x'], 'x')
    for target in mounts:
        assert target == '/' or re.match(r'/(proc|sys|dev|report)(/|$)', target), f'{target} is mounted'
    table = ask('all', 'cat', '/proc/self/mountinfo')
    assert host.root not in ''.join(line.split()[4] for line in table.splitlines())
    for path in ('/proc/sys/kernel/hostname', '/sys/kernel/uevent_seqnum'):
        contains(ask('ro', 'write', path, 'x'), 'errno')
    if os.path.exists('/proc/sysrq-trigger'):
        equal(mounts['/proc/sysrq-trigger'][2], '/null', 'what is written there goes to /dev/null')
    for path in MASKED:
        if os.path.exists(path):
            contains(('', 'cat errno EISDIR', 'cat errno EACCES'), ask('masked', 'cat', path).strip())  # nothing, a directory, or not to be opened

    # Control groups: only its own subtree, seen as the root.
    groups = ask('groups', 'cat', '/proc/self/cgroup')
    equal({line.split(':')[2] for line in groups.splitlines()}, {'/'}, groups)
    for line in table.splitlines():
        left, right = line.split(' - ')
        if right.split()[0] in ('cgroup', 'cgroup2'):
            equal(left.split()[3], '/', line)
            assert 'ro' in left.split()[5].split(','), line
    # The limits and device rules are its own group's files: there to be read, not to be changed.
    if os.path.exists('/sys/fs/cgroup/devices/devices.allow'):
        equal(ask('rules', 'write', '/sys/fs/cgroup/devices/devices.allow', 'a', ',', 'mkdir', '/sys/fs/cgroup/devices/more').splitlines(),
              ['write errno EROFS', 'mkdir errno EROFS'])
    # Only the host may set who is run when a group gets empty: that file is not in a container's groups.
    contains(ask('agent', 'cat', '/sys/fs/cgroup/memory/release_agent'), 'ENOENT') if os.path.exists('/sys/fs/cgroup/memory/release_agent') else None
    equal(ask('kernel', 'write', '/proc/sys/kernel/core_pattern', '|/bin/false', ',', 'open', '/dev/kmsg').splitlines(),
          ['write errno EROFS', 'open errno ENOENT'])

    # Nothing was written into the root tree.
    before = sorted(os.listdir(host.tree()))
    ask('clean', 'ids')
    equal(sorted(os.listdir(host.tree())), before)
