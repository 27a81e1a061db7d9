#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""Devices of the host are nodes in the container's /dev, for root inside, with exactly the access that the definition gives; after a reboot they are what the host has by then."""
import contextlib
import os
import re
import signal
import stat
import subprocess

from harness import Instance, equal, refused, scratch_file, skip

IDMAP = "<idmap><uid start='0' target='100000' count='65536'/><gid start='0' target='100000' count='65536'/></idmap>"
ALL = "<capabilities policy='allow'/>"
MKNOD = "<capabilities><mknod state='on'/></capabilities>"
TUN = os.makedev(10, 200)  # nothing that every container may open


def storage(path):
    return f"<hostdev mode='capabilities' type='storage'><source><block>{path}</block></source></hostdev>"


def misc(path):
    return f"<hostdev mode='capabilities' type='misc'><source><char>{path}</char></source></hostdev>"


def disk(path, target, readonly=False):
    return f"<disk type='block'><source dev='{path}'/><target dev='{target}'/>{'<readonly/>' if readonly else ''}</disk>"


def loop(text):
    """A loop device whose content is this text, with newlines after it."""
    done = subprocess.run(['losetup', '--find', '--show', scratch_file(text.ljust(4096, '\n'))], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        skip('no loop device can be set up here')
    used.callback(subprocess.run, ['losetup', '--detach', done.stdout.strip()], check=True)
    return done.stdout.strip()


def number(path):
    info = os.stat(path)
    return f'{os.major(info.st_rdev)}:{os.minor(info.st_rdev)}'


def made(name, kind, device):
    """A node of our own on the host; *name* may be below folders."""
    path = host.path('nodes', name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    os.mknod(path, kind | 0o600, device)
    return path


def ask(*commands, **words):
    """Each command is one verb with its arguments; a line of answer for each."""
    return host.ask('bb', *(word for command in commands for word in (*command.split(), ',')), 'say', 'end', **words).splitlines()[:-1]




def group_of(dom):
    with open(f'/proc/{dom.ID()}/cgroup', encoding='utf-8') as file:
        return next((line.strip().split(':', 2)[2] for line in file if ':devices:' in line), None)


with Instance() as host, contextlib.ExitStack() as used:
    if host.stock:
        skip('the stock driver knows fewer of these')
    one, other = loop('one'), loop('other')
    tun = made('net/tun', stat.S_IFCHR, TUN)
    link = host.path('nodes/by-name')
    os.symlink(one, link)

    os.chown(host.report('bb')[0], 100000, 100000)
    for extra in ('', IDMAP):
        words = {'extra': extra, 'features': ALL}
        # Nodes in folders of any depth, through links of the host, of the kind that is asked for; all are root's.
        seen = {line.split()[0]: line.split()[1:5] for line in
                ask('tree /dev', devices=storage(one) + misc(tun) + storage(link) + disk(other, 'vda', True) + disk(tun, 'vdb'), **words)}
        equal(seen['/dev/' + os.path.basename(one)], ['b', '0700', '0:0', number(one)])
        equal(seen['/dev' + tun], ['c', '0700', '0:0', '10:200'])
        equal(seen['/dev' + link], ['b', '0700', '0:0', number(one)])
        equal(seen['/dev/vda'], ['b', '0700', '0:0', number(other)])
        equal(seen['/dev/vdb'], ['c', '0700', '0:0', '10:200'])
        folder = '/dev' + os.path.dirname(tun)
        while folder != '/dev':
            equal(seen[folder][:3], ['d', '0755', '0:0'], folder)
            folder = os.path.dirname(folder)

        # What may be read and written, can be.
        name = os.path.basename(one)
        equal(ask(f'open /dev/{name}', f'open /dev{tun}', f'write /dev/{name} new', devices=storage(one) + misc(tun), **words), ['open ok'] * 2 + ['write ok'])
        with open(one, 'rb', buffering=0) as file:
            equal(file.read(4), b'new\n')
        with open(one, 'wb', buffering=0) as file:
            file.write(b'one\n')
        # What may only be read, cannot be written, neither through another node of the same device.
        lines = ask('open /dev/vda', 'write /dev/vda x', f'mknod /dev/again b {number(other).replace(":", " ")}', 'write /dev/again x', 'cat /dev/vda',
                    devices=disk(other, 'vda', True), **words)
        equal(lines[:2] + lines[3:5], ['open errno EPERM', 'write errno EPERM', 'write errno EPERM' if not extra else 'write ok', 'other'])
        equal(lines[2], 'mknod ok' if not extra else 'mknod errno EPERM')
        # What is not in the definition cannot be opened, even where it can be made.
        lines = ask(f'mknod /dev/more b {number(other).replace(":", " ")}', 'open /dev/more', 'mknod /dev/tun c 10 200', 'open /dev/tun', devices=storage(one), **words)
        equal(lines[1::2], ['open errno ENOENT' if extra else 'open errno EPERM'] * 2)

    # Without the capability no node can be made; with it all can, and opened only those of the definition.
    again = f'mknod /dev/again b {number(one).replace(":", " ")}'
    equal(ask(again, devices=storage(one)), ['mknod errno EPERM'])
    equal(ask(again, 'open /dev/again', f'mknod /dev/more b {number(other).replace(":", " ")}', 'open /dev/more', devices=storage(one), features=MKNOD),
          ['mknod ok', 'open ok', 'mknod ok', 'open errno EPERM'])

    # A reboot finds the device that is called so by then; the old one is as far away as any other.
    dom = host.start('bb', devices=storage(link), features=ALL, args='on USR1 reboot , pause')
    group = group_of(dom)
    if group:
        with open(f'/sys/fs/cgroup/devices{os.path.dirname(group)}/devices.list', encoding='utf-8') as file:
            equal([line for line in file.read().splitlines() if line.startswith('b')], ['b *:* m', f'b {number(one)} rwm'])
    os.unlink(link)
    os.symlink(other, link)
    host.restart(dom)
    node = f'/proc/{host.conn.lookupByName("bb").ID()}/root/dev{link}'
    equal(number(node), number(other))
    if group:
        with open(f'/sys/fs/cgroup/devices{os.path.dirname(group)}/devices.list', encoding='utf-8') as file:
            equal([line for line in file.read().splitlines() if line.startswith('b')], ['b *:* m', f'b {number(other)} rwm'])
    # A daemon that is new leaves all as it is.
    host.restart_daemon(signal.SIGKILL)
    dom = host.conn.lookupByName('bb')
    equal(number(node), number(other))
    dom.destroy()
    dom.undefine()

    # What is not there, or is something else, is named, with where it was to be; nothing has started then.
    none = host.path('nodes/none')
    for devices, text in ((storage(none), f"devices: cannot find the host's device '{none}', to be '/dev{none}' in the container: No such file"),
                          (disk(none, 'vda'), f"'{none}', to be '/dev/vda' in the container: No such file"),
                          (misc(tun + '/below'), f"'{tun}/below', .*: Not a directory"),
                          (storage(tun), f"the host's '{tun}', to be '/dev{tun}' in the container, is no block device"),
                          (misc(one), f"'{one}', to be '/dev/{name}' in the container, is no character device"),
                          (disk(host.tree(), 'vda'), f"'{host.tree()}', to be '/dev/vda' in the container, is no device")):
        with refused('SYSTEM_ERROR|CONFIG_UNSUPPORTED', 'LXC', re.escape(text).replace(re.escape('.*'), '.*')):
            host.create('bb', devices=devices)
