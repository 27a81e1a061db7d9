#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""Network, IPC and UTS namespaces are shared with another container, a process or a named network as <lxc:namespace> says, over reboots too, and /sys is of that network."""
import os
import signal
import subprocess

from harness import Instance, equal, eventually, refused

IDMAP = "<idmap><uid start='0' target='100000' count='65536'/><gid start='0' target='100000' count='65536'/></idmap>"
PRIVATE = '/run/netns'


def shares(**words):
    inner = ''.join(f"<lxc:share{space} type='{kind}' value='{value}'/>" for space, (kind, value) in words.items())
    return f"<lxc:namespace xmlns:lxc='http://libvirt.org/schemas/domain/lxc/1.0'>{inner}</lxc:namespace>"


def spaces(text):
    return dict(line.split() for line in text.splitlines())


def of(pid):
    return {name: os.readlink(f'/proc/{pid}/ns/{name}') for name in ('net', 'ipc', 'uts', 'mnt', 'pid', 'user')}


with Instance() as host:
    owner = host.start('owner', features='<privnet/>')
    theirs, ours = of(owner.ID()), of('self')
    for name, extra, tree in (('plain', '', None), ('mapped', IDMAP, host.tree('mapped'))):
        os.chmod(host.report(f'{name}-all')[0], 0o777)
        found = spaces(host.ask(f'{name}-all', 'ns', extra=extra + shares(net=('name', 'owner'), ipc=('name', 'owner'), uts=('pid', owner.ID())), tree=tree))
        equal({space: found[space] == theirs[space] for space in ('net', 'ipc', 'uts', 'mnt', 'pid')},
              {'net': True, 'ipc': True, 'uts': True, 'mnt': False, 'pid': False}, name)
        os.chmod(host.report(f'{name}-one')[0], 0o777)
        found = spaces(host.ask(f'{name}-one', 'ns', extra=extra + shares(ipc=('name', 'owner')), features='<privnet/>', tree=tree))
        equal({space: found[space] == theirs[space] for space in ('net', 'ipc', 'uts')}, {'net': False, 'ipc': True, 'uts': False}, name)

    # /sys shows the network that the container is in: the owner's, or the host's, which has none of these.
    subprocess.run(['nsenter', f'--net=/proc/{owner.ID()}/ns/net', 'ip', 'link', 'add', 'theirs0', 'type', 'bridge'], check=True)
    subprocess.run(['ip', 'link', 'add', 'hosts0', 'type', 'bridge'], check=True)
    for extra in ('', IDMAP):
        for more, seen in ((shares(net=('name', 'owner')), {'theirs0'}), ('', {'hosts0'})):
            guest = host.create('looks', tree=host.tree('looks'), extra=extra + more)
            links = os.path.join(f'/proc/{guest.ID()}', 'root', 'sys/class/net')
            equal(set(os.listdir(links)) & {'theirs0', 'hosts0'}, seen, f'{extra} {more}')
            guest.destroy()
    subprocess.run(['ip', 'link', 'del', 'hosts0'], check=True)

    # A named network, made here and seen by nobody else.
    os.makedirs(PRIVATE, exist_ok=True)
    subprocess.run(['mount', '-t', 'tmpfs', 'tmpfs', PRIVATE], check=True)
    try:
        with open(os.path.join(PRIVATE, 'red'), 'w', encoding='ascii'):
            pass
        subprocess.run(['mount', '--bind', f'/proc/{owner.ID()}/ns/net', os.path.join(PRIVATE, 'red')], check=True)
        equal(spaces(host.ask('named', 'ns', extra=shares(net=('netns', 'red'))))['net'], theirs['net'])
        with refused('SYSTEM_ERROR', text="shares: cannot open the namespace '/run/netns/blue': No such file"):
            host.create('blue', extra=shares(net=('netns', 'blue')))
    finally:
        subprocess.run(['umount', '-R', PRIVATE], check=True)

    with refused('NO_DOMAIN', text="no domain 'nobody'"):
        host.create('bad', extra=shares(ipc=('name', 'nobody')))
    host.define('stopped')
    with refused('OPERATION_INVALID', text="domain 'stopped'"):
        host.create('bad', extra=shares(ipc=('name', 'stopped')))
    with refused('CONFIG_UNSUPPORTED', text='sharenet'):
        host.create('bad', extra=shares(net=('name', 'owner')), features='<privnet/>')
    with refused('SYSTEM_ERROR', text='cannot open the namespace'):
        host.create('bad', extra=shares(ipc=('pid', 4194304)))

    # A reboot from inside finds what was shared, even when the owner is gone.
    folder, device = host.report('guest')
    guest = host.start('guest', args=['on', 'HUP', 'reboot', ',', 'mark', '/report/ready', ',', 'pause'], devices=device, extra=shares(net=('name', 'owner'), ipc=('name', 'owner')))
    eventually(lambda: os.path.exists(os.path.join(folder, 'ready')), 'the guest listens')
    first = guest.ID()
    equal(of(first)['net'], theirs['net'])
    owner.destroy()
    os.kill(first, signal.SIGHUP)
    eventually(lambda: host.conn.lookupByName('guest').ID() != first, 'the guest is there again')
    second = host.conn.lookupByName('guest').ID()
    equal({space: of(second)[space] for space in ('net', 'ipc')}, {space: theirs[space] for space in ('net', 'ipc')})
    guest.destroy()
