#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""A transient domain lives from createXML to its end, and never takes the place of another."""
import xml.etree.ElementTree as ET

import libvirt

from harness import Events, Instance, equal, refused

A = '6b0b0a1c-7a2e-4d0e-9a70-2f3dc3a5a00a'
B = '6b0b0a1c-7a2e-4d0e-9a70-2f3dc3a5a00b'
EV = libvirt

with Instance() as host:
    events = Events(host.conn)
    dom = host.create('bb', uuid=A)
    events.wait('lifecycle', 'bb', EV.VIR_DOMAIN_EVENT_STARTED, EV.VIR_DOMAIN_EVENT_STARTED_BOOTED)
    equal(dom.isPersistent(), 0)
    with refused('OPERATION_INVALID', 'DOMAIN'):
        host.create('bb', uuid=A)
    with refused('OPERATION_FAILED', 'DOMAIN'):
        host.create('bb', uuid=B)
    with refused('OPERATION_FAILED', 'DOMAIN'):
        host.create('other', uuid=A)
    with refused('INVALID_ARG', 'LXC'):
        host.create('other', flags=libvirt.VIR_DOMAIN_START_PAUSED)
    with refused('OPERATION_INVALID', 'LXC'):
        dom.undefine()
    with refused('OPERATION_INVALID', 'LXC'):
        dom.setAutostart(1)
    dom.destroy()
    events.wait('lifecycle', 'bb', EV.VIR_DOMAIN_EVENT_STOPPED, EV.VIR_DOMAIN_EVENT_STOPPED_DESTROYED)
    with refused('NO_DOMAIN', 'LXC'):
        host.conn.lookupByName('bb')
    events.expect_none()

    # A failed create leaves no object.
    with refused():
        host.create('bad', init='/no/such/init')
    equal(host.conn.listAllDomains(), [])

    # Over a shut-off persistent domain: this run has the given XML, the definition stays.
    kept = host.define('bb', uuid=A)
    host.create('bb', uuid=A, memory=131072)
    equal(ET.fromstring(kept.XMLDesc(0)).findtext('memory'), '131072')
    kept.destroy()
    equal(ET.fromstring(kept.XMLDesc(0)).findtext('memory'), '65536')
    equal(kept.isPersistent(), 1)
