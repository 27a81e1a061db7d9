#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""tun, fuse and kvm are in a container's /dev on request, and work there; memory and message queues to share are in every one's."""
import contextlib
import os
import re

from harness import Instance, equal, refused, skip

IDMAP = "<idmap><uid start='0' target='100000' count='65536'/><gid start='0' target='100000' count='65536'/></idmap>"
NUMBERS = {'net/tun': '10:200', 'fuse': '10:229', 'kvm': '10:232'}
NODES = "<virtlxcd:container xmlns:virtlxcd='urn:virtlxcd:domain:1.0'><virtlxcd:nodes %s/></virtlxcd:container>"


class Here(Instance):
    """With our namespace's element, which has its place behind the devices."""
    wish = ''

    def xml(self, name, **words):
        return super().xml(name, **words).replace('</domain>', self.wish + '</domain>')


with Here() as host:
    if host.stock:
        skip('the stock driver has no such nodes')
    os.chown(host.report('bb')[0], 100000, 100000)
    os.makedirs(host.tree() + '/mnt', exist_ok=True)
    there = {path: os.path.exists('/dev/' + path) for path in NUMBERS}
    for extra in ('', IDMAP):
        def ask(*commands, **words):
            return host.ask('bb', *(word for command in commands for word in (*command.split(), ',')), 'say', 'end', extra=extra, **words).splitlines()[:-1]

        # Nothing is there unasked, and can be made neither.
        host.wish = ''
        equal(ask('open /dev/net/tun', 'open /dev/fuse', 'open /dev/kvm'), ['open errno ENOENT'] * 3)
        for path, is_there in there.items():
            host.wish = NODES % f"{os.path.basename(path)}='yes'"
            if not is_there:
                with refused('SYSTEM_ERROR', 'LXC', f"cannot find the host's device '/dev/{path}'"):
                    host.create('bb', extra=extra)
                continue
            seen = {line.split()[0]: line.split()[1:5] for line in ask('tree /dev')}
            equal({name: seen.get('/dev/' + name) for name in NUMBERS}, {name: ['c', '0666', '0:0', NUMBERS[name]] if name == path else None for name in NUMBERS})
        # A network device of the container's own network, as root inside and nobody else may have one.
        if there['net/tun']:
            host.wish = NODES % "tun='yes'"
            lines = ask('tap tap7', 'cat /proc/net/dev', features='<privnet/>')
            equal(lines[0], 'tap ok')
            assert any(line.startswith('  tap7:') for line in lines), lines
            assert 'tap7' not in open('/proc/net/dev', encoding='ascii').read()
            equal(ask('tap tap7', features="<privnet/><capabilities><net_admin state='off'/></capabilities>"), ['tap errno EPERM'])
        if there['fuse']:
            host.wish = NODES % "fuse='yes'"
            equal(ask('fuse /mnt', 'umount /mnt'), ['fuse ok', 'umount ok'])
        if there['kvm']:
            host.wish = NODES % "kvm='yes'"
            equal(ask('open /dev/kvm'), ['open ok'])
        # Everybody has these, to themselves.
        host.wish = ''
        lines = ask('write /dev/shm/mine x', 'write /dev/mqueue/mine x', 'tree /dev/shm', 'tree /dev', 'cat /proc/self/mountinfo')
        equal(lines[:2], ['write ok', 'write errno EINVAL'])  # a queue is made, but takes messages only
        equal([line.split()[:4] for line in lines if line.startswith('/dev/shm/')], [['/dev/shm/mine', '-', '0644', '0:0']])
        for path, kind in (('shm', 'tmpfs'), ('mqueue', 'mqueue')):
            equal([line.split()[1:4] for line in lines if line.startswith(f'/dev/{path} ')], [['d', '1777', '0:0']], path)
            options, _, rest = next(re.search(rf' /dev/{path} (\S+) (.*- )(.*)', line).groups() for line in lines if f' /dev/{path} ' in line and ' - ' in line)
            assert {'nosuid', 'nodev'} <= set(options.split(',')), options
            equal(rest.split()[0], kind)
        with contextlib.suppress(FileNotFoundError):
            assert 'mine' not in os.listdir('/dev/mqueue')
        assert 'mine' not in os.listdir('/dev/shm')
