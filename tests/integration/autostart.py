#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""Autostart is kept on disk, survives a redefine, and starts a container once per boot and no more."""
import os

import libvirt

from harness import Instance, equal, eventually, refused

with Instance() as host:
    dom = host.define('bb')
    link = host.path('etc/libvirt/lxc/autostart/bb.xml')
    equal(dom.autostart(), 0)
    dom.setAutostart(1)
    dom.setAutostart(1)
    equal((dom.autostart(), os.path.islink(link)), (1, True))
    assert os.readlink(link).endswith('/libvirt/lxc/bb.xml'), os.readlink(link)
    host.define('bb', uuid=dom.UUIDString(), memory=131072)
    equal(dom.autostart(), 1)
    other = host.define('other')
    equal(dom.isActive(), 0)

    # This boot's autostart is over: a restart of the daemon starts nothing.
    host.restart_daemon()
    equal(host.conn.lookupByName('bb').isActive(), 0)

    # The next boot: the run directory is empty.
    host.forget_connections()
    host.stop_daemon()
    for top, folders, names in os.walk(host.path('run'), topdown=False):
        for name in names:
            os.unlink(os.path.join(top, name))
    host.start_daemon()
    dom = host.conn.lookupByName('bb')
    eventually(dom.isActive, 'the domain is started')
    equal((dom.isActive(), host.conn.lookupByName('other').isActive()), (1, 0))
    equal(dom.autostart(), 1)
    dom.destroy()
    host.restart_daemon()
    dom = host.conn.lookupByName('bb')
    equal(dom.isActive(), 0)
    dom.setAutostart(0)
    equal((dom.autostart(), os.path.lexists(link)), (0, False))
    dom.setAutostart(1)
    dom.undefine()
    equal(os.path.lexists(link), False)
