#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""Debian with sysvinit boots through its run levels to a login on its console, reboots and shuts down in order when asked, with and without an id map."""
import os
import re

import debian
from harness import Events, Instance, equal, libvirt
from systems import MAPS, Login, container

EV = libvirt


def prepare(root):
    """As somebody would who makes a container of a machine: terminals are those that there are."""
    path = os.path.join(root, 'etc/inittab')
    with open(path, encoding='utf-8') as file:
        text = file.read()
    with open(path, 'w', encoding='utf-8') as file:
        file.write(re.sub(r'(?m)^[1-6]:23.*\n', '', text) + 'co:2345:respawn:/sbin/getty --noclear 38400 console\n')


with Instance() as host:
    root = debian.tree(host, 'sysvinit')
    prepare(root)
    for name in ('no map', 'automatic map'):
        id_map = MAPS[name]
        dom = host.define('sysv', init='/sbin/init', args=[], tree=root, memory=262144, extra=container('', id_map))
        events = Events(host.conn, dom)
        dom.create()
        events.wait('lifecycle', 'sysv', EV.VIR_DOMAIN_EVENT_STARTED)
        login = Login(host, dom)
        equal(login.shell('runlevel | cut -d" " -f2'), '2')
        equal(login.shell('cat /run/host/container-manager'), 'lxc-libvirt')
        equal(login.shell('cat /proc/1/comm'), 'init')

        restart = (lambda: login.send('reboot\n')) if id_map else dom.reboot
        # Its scripts take their time: from outside in the one, from inside in the other.
        restart()
        events.wait('reboot', 'sysv', seconds=60)
        login.enter()
        dom.shutdown()
        events.wait('lifecycle', 'sysv', EV.VIR_DOMAIN_EVENT_STOPPED, EV.VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN, seconds=60)
        equal(dom.state(), [EV.VIR_DOMAIN_SHUTOFF, EV.VIR_DOMAIN_SHUTOFF_SHUTDOWN], name)
        said = login.wait_end()
        assert b'Will now halt' in said, said
        login.close()
        events.expect_none()
        events.close()
        dom.undefine()
