#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""A container started with auto-destroy ends with the connection that started it, however that ends."""
import os
import subprocess
import sys

import libvirt

from harness import Events, Instance, equal, eventually, refused

EV = libvirt

with Instance() as host:
    events = Events(host.conn)
    other = libvirt.open(host.uri())
    other.createXML(host.xml('created'), EV.VIR_DOMAIN_START_AUTODESTROY)
    events.wait('lifecycle', 'created', EV.VIR_DOMAIN_EVENT_STARTED)
    host.define('defined')
    events.wait('lifecycle', 'defined', EV.VIR_DOMAIN_EVENT_DEFINED)
    other.lookupByName('defined').createWithFlags(EV.VIR_DOMAIN_START_AUTODESTROY)
    events.wait('lifecycle', 'defined', EV.VIR_DOMAIN_EVENT_STARTED)
    host.create('free')
    events.wait('lifecycle', 'free', EV.VIR_DOMAIN_EVENT_STARTED)

    other.close()
    stopped = {events.wait('lifecycle')[1:4] for _ in range(2)}
    equal(stopped, {(name, EV.VIR_DOMAIN_EVENT_STOPPED, EV.VIR_DOMAIN_EVENT_STOPPED_DESTROYED) for name in ('created', 'defined')})
    with refused('NO_DOMAIN'):
        host.conn.lookupByName('created')
    equal(host.conn.lookupByName('defined').state(), [EV.VIR_DOMAIN_SHUTOFF, EV.VIR_DOMAIN_SHUTOFF_DESTROYED])
    equal(host.conn.lookupByName('free').isActive(), 1)

    # The client is killed: no close call ever comes.
    client = subprocess.Popen([sys.executable, '-c', 'import libvirt, sys; c = libvirt.open(sys.argv[1]); '
                               'd = c.createXML(sys.argv[2], libvirt.VIR_DOMAIN_START_AUTODESTROY); sys.stdin.read()',
                               host.uri(), host.xml('orphan')], stdin=subprocess.PIPE)
    events.wait('lifecycle', 'orphan', EV.VIR_DOMAIN_EVENT_STARTED)
    client.kill()
    client.wait()
    events.wait('lifecycle', 'orphan', EV.VIR_DOMAIN_EVENT_STOPPED, EV.VIR_DOMAIN_EVENT_STOPPED_DESTROYED)

    # Destroyed by hand before: the close finds nothing to do.
    other = libvirt.open(host.uri())
    dom = other.createXML(host.xml('early'), EV.VIR_DOMAIN_START_AUTODESTROY)
    dom.destroy()
    other.close()
    for event in (EV.VIR_DOMAIN_EVENT_STARTED, EV.VIR_DOMAIN_EVENT_STOPPED):
        events.wait('lifecycle', 'early', event)
    events.expect_none()
