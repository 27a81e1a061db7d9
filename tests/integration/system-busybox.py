#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""A busybox system boots by its inittab to a login on each console, reboots and shuts down in order when asked, with and without an id map."""
import os

from harness import Events, Instance, equal, libvirt
from systems import MAPS, Login, container

EV = libvirt
INITTAB = """::sysinit:/bin/mkdir -p /run/lock
::sysinit:/bin/hostname -F /etc/hostname
console::respawn:/sbin/getty 38400 console
tty2::respawn:/sbin/getty 38400 tty2
::shutdown:/bin/sh -c 'echo going down in order; touch /var/ended'
"""


def write(root, path, text):
    with open(os.path.join(root, path), 'w', encoding='utf-8') as file:
        file.write(text)


with Instance() as host:
    root = host.tree('busybox')
    write(root, 'etc/inittab', INITTAB)
    write(root, 'etc/hostname', 'little\n')
    write(root, 'etc/passwd', 'root::0:0:root:/root:/bin/sh\n')
    for part in ('getty', 'reboot', 'poweroff'):
        os.symlink('../bin/busybox', os.path.join(root, 'sbin', part))
    os.chmod(os.path.join(root, 'root'), 0o700)
    for name, id_map in MAPS.items():
        dom = host.define('bb', init='/sbin/init', args=[], tree=root, console="<console type='pty'/><console type='pty'/>", extra=container('', id_map))
        events = Events(host.conn, dom)
        dom.create()
        events.wait('lifecycle', 'bb', EV.VIR_DOMAIN_EVENT_STARTED)
        login, second = Login(host, dom, password=None), Login(host, dom, password=None, alias='console1')
        equal((login.shell('tty'), second.shell('tty')), ('/dev/console', '/dev/tty2'))
        equal(login.shell('hostname'), 'little')
        equal(login.shell('id -u; ls -d /run/lock /run/host/container-uuid').split(), ['0', '/run/host/container-uuid', '/run/lock'])
        # Its groups are its own to divide.
        equal(login.shell('cd /sys/fs/cgroup; [ -d unified ] && cd unified; mkdir own && sh -c "echo 0 > own/cgroup.procs && cat /proc/self/cgroup" | grep ^0'), '0::/own')
        second.close()

        # From outside in the one, from inside in the others.
        (dom.reboot if not id_map else lambda: login.send('reboot\n'))()
        events.wait('reboot', 'bb', seconds=30)
        login.enter()
        dom.shutdown()
        events.wait('lifecycle', 'bb', EV.VIR_DOMAIN_EVENT_STOPPED, EV.VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN, seconds=30)
        equal(dom.state(), [EV.VIR_DOMAIN_SHUTOFF, EV.VIR_DOMAIN_SHUTOFF_SHUTDOWN], name)
        assert b'going down in order' in login.wait_end()
        os.unlink(os.path.join(root, 'var/ended'))
        login.close()
        events.close()
        dom.undefine()
