#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""A disk in a file is a block device in /dev, that one and no other may be used, and written only if it is not read-only; it is the same over a reboot."""
import os
import stat

import libvirt

from harness import Console, Events, Instance, contains, equal, eventually, loops, refused, skip
from imagefiles import MIB


def disk(path, target, inside=''):
    return f"<disk type='file' device='disk'><driver name='loop' type='raw'/><source file='{path}'/><target dev='{target}' bus='virtio'/>{inside}</disk>"


with Instance() as host:
    if host.stock:
        skip('the stock driver leaves loop devices behind')
    folder = host.path('images')
    os.makedirs(folder)

    def image(name, text):
        path = os.path.join(folder, name)
        with open(path, 'wb') as file:
            file.write(text.encode())
            file.truncate(MIB)
        return path

    def start_of(path, size=10):
        with open(path, 'rb') as file:
            return file.read(size).rstrip(b'\0').decode()

    def numbers(*paths):
        """Major and minor of the loop devices of these files."""
        found = {}
        for name in os.listdir('/sys/block'):
            try:
                with open(f'/sys/block/{name}/loop/backing_file', encoding='utf-8') as file:
                    back = file.read().strip()
                with open(f'/sys/block/{name}/dev', encoding='utf-8') as file:
                    found[back] = file.read().strip()
            except OSError:
                continue
        return [found[path] for path in paths]

    first, second, other = image('first', 'one'), image('second', 'two'), image('other', 'three')
    before = loops()
    for extra in ('', "<idmap><uid start='0' target='200000' count='65536'/><gid start='0' target='200000' count='65536'/></idmap>"):
        neighbour = host.create('neighbour', devices=disk(other, 'vdz'))
        dom = host.create('bb', devices=disk(first, 'vda') + disk(second, 'vdb', '<readonly/>'), extra=extra,
                          args='on USR1 reboot , say up , pause')
        console = Console(host.conn, dom)
        console.expect('up')
        root = f'/proc/{host.init_pid(dom)}/root/dev'
        found = [os.stat(f'{root}/{name}') for name in ('vda', 'vdb')]
        assert all(stat.S_ISBLK(one.st_mode) for one in found)
        devices = [f'{os.major(one.st_rdev)}:{os.minor(one.st_rdev)}' for one in found]
        equal(devices, numbers(first, second))
        events = Events(host.conn, dom)
        dom.sendProcessSignal(1, libvirt.VIR_DOMAIN_PROCESS_SIGNAL_USR1)
        events.wait('reboot', 'bb')
        console.expect('up')
        equal(numbers(first, second), devices, 'after the reboot')
        root = f'/proc/{host.init_pid(host.conn.lookupByName("bb"))}/root/dev'
        equal([os.stat(f'{root}/{name}').st_rdev for name in ('vda', 'vdb')], [one.st_rdev for one in found])
        events.close()
        console.close()
        with refused('OPERATION_INVALID', 'LXC', f"image '{first}' is in use"):
            host.create('more', devices=disk(first, 'vda'))
        minor = numbers(other)[0].split(':')[1]
        host.conn.lookupByName('bb').destroy()
        os.chmod(host.report('asks')[0], 0o777)
        lines = host.ask('asks', 'cat', '/dev/vda', ',', 'write', '/dev/vda', 'ONE', ',', 'cat', '/dev/vdb', ',', 'write', '/dev/vdb', 'TWO', ',',
                         'mknod', '/tmp/theirs', 'b', '7', minor, ',', 'open', '/tmp/theirs',
                         devices=disk(first, 'vda') + disk(second, 'vdb', '<readonly/>'), extra=extra).replace('\0', '').splitlines()
        contains(lines[0], 'one' if not extra else 'ONE')
        contains(lines[0], 'write ok')
        contains(lines[1], 'two')
        contains(lines[1], 'write errno EPERM')
        equal(lines[2:], ['mknod errno EPERM', 'open errno ENOENT'])
        equal((start_of(first), start_of(second)), ('ONE', 'two'))
        neighbour.destroy()
        eventually(lambda: loops() == before, 'the loop devices go')
