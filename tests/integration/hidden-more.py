#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""A definition hides more, makes more read-only and allows more devices than every container has; one on the host's own root tree does not see the host's daemons."""
import os
import subprocess

from harness import PAYLOAD, Instance, equal, eventually, skip

IDMAP = "<idmap><uid start='0' target='100000' count='65536'/><gid start='0' target='100000' count='65536'/></idmap>"


def settings(text):
    return f"<virtlxcd:container xmlns:virtlxcd='urn:virtlxcd:domain:1.0'>{text.replace('<', '<virtlxcd:')}</virtlxcd:container>"


subprocess.run(['mount', '-t', 'tmpfs', 'none', '/run'], check=True)  # of this script's mount namespace
os.makedirs('/run/libvirt')
with open('/run/libvirt/secret', 'w', encoding='ascii') as file:
    file.write('secret')
with Instance() as host:
    if host.stock:
        skip('the stock driver does not know our namespace')
    os.makedirs(host.tree() + '/private')
    for path in ('/private/file', '/etc/secret'):
        with open(host.tree() + path, 'w', encoding='ascii') as file:
            file.write('secret')
    os.chmod(host.tree() + '/private', 0o777)
    os.chown(host.report('bb')[0], 100000, 100000)
    for idmap in ('', IDMAP):
        def ask(what, *commands, **words):
            return host.ask('bb', *(word for command in commands for word in (*command.split(), ',')), 'say', 'end', extra=idmap + settings(what), **words).splitlines()[:-1]

        # Hidden: files and folders, of the tree and of the kernel; what is not there is passed over. The cover cannot be taken away
        # where root inside is not the host's.
        what = "<mask path='/private'/><mask path='/etc/secret'/><mask path='/proc/version'/><mask path='/none'/>"
        equal(ask(what, 'cat /private/file', 'cat /etc/secret', 'cat /proc/version', 'write /private/more x', 'mkdir /none'),
              ['cat errno ENOENT', 'write errno EROFS', 'mkdir ok'])
        os.rmdir(host.tree() + '/none')
        if idmap:
            equal(ask(what, 'umount /private', 'umount /proc/version'), ['umount errno EINVAL'] * 2)
        equal(len(ask('', 'cat /private/file', 'cat /etc/secret', 'cat /proc/version')), 1)  # all in a line
        # Read-only: seen, and not to be changed.
        what = "<readonly path='/private'/><readonly path='/proc/sys/net'/>"
        equal(ask(what, 'write /private/file x', 'write /proc/sys/net/ipv4/ip_forward 1', features='<privnet/>'),
              ['write errno EROFS', 'write errno EROFS'])
    # Devices by their numbers: made by hand, they can be used as is said and no further.
    allow = "<device type='char' major='10' minor='200' access='rwm'/><device type='char' major='1' minor='11' access='rm'/>"
    tries = [word for command in ('mknod /tmp/tun c 10 200', 'open /tmp/tun', 'mknod /tmp/kmsg c 1 11', 'cat /dev/null', 'write /tmp/kmsg x', 'mknod /tmp/port c 1 4', 'open /tmp/port')
             for word in (*command.split(), ',')]
    equal(host.ask('bb', *tries, 'say', 'end', extra=settings(allow), features="<capabilities><mknod state='on'/></capabilities>").splitlines()[:-1],
          ['mknod ok', 'open ok', 'mknod ok', 'write errno EPERM', 'mknod ok', 'open errno EPERM'])

    # On the host's own tree.
    out = host.path('reports/shared')
    dom = host.create('shared', tree=False, init=os.path.realpath(PAYLOAD), args=f'to {out} , tree /run , cat /run/libvirt/secret , mark {out}.done , pause')
    eventually(lambda: os.path.exists(out + '.done'), 'it has looked')
    with open(out, encoding='ascii') as file:
        lines = file.read().splitlines()
    equal([line.split()[:2] for line in lines[:-1]], [['/run/libvirt', 'd']])
    equal(lines[-1], 'cat errno ENOENT')
    dom.destroy()
