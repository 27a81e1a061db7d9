#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""Events go to those who asked, filtered by domain, once each, also on a read-only connection, and stop after deregistration."""
import libvirt

from harness import Events, Instance, equal, refused

EV = libvirt

with Instance() as host:
    everything = Events(host.conn)
    watcher = Events(host.connect(readonly=True))
    a, b = host.define('a'), host.define('b')
    for events in (everything, watcher):
        events.wait('lifecycle', 'a', EV.VIR_DOMAIN_EVENT_DEFINED, EV.VIR_DOMAIN_EVENT_DEFINED_ADDED)
        events.wait('lifecycle', 'b', EV.VIR_DOMAIN_EVENT_DEFINED, EV.VIR_DOMAIN_EVENT_DEFINED_ADDED)
    only_b = Events(host.connect(), host.connections[-1].lookupByName('b'))
    a.create()
    b.create()
    only_b.wait('lifecycle', 'b', EV.VIR_DOMAIN_EVENT_STARTED, EV.VIR_DOMAIN_EVENT_STARTED_BOOTED)
    for events in (everything, watcher):
        events.wait('lifecycle', 'a', EV.VIR_DOMAIN_EVENT_STARTED)
        events.wait('lifecycle', 'b', EV.VIR_DOMAIN_EVENT_STARTED)

    # A running domain's definition goes and comes: events carry the live id.
    a.undefine()
    gone = everything.wait('lifecycle', 'a', EV.VIR_DOMAIN_EVENT_UNDEFINED, EV.VIR_DOMAIN_EVENT_UNDEFINED_REMOVED)
    equal(gone[4], a.ID())
    watcher.wait('lifecycle', 'a', EV.VIR_DOMAIN_EVENT_UNDEFINED)
    watcher.close()
    host.conn.defineXML(a.XMLDesc(EV.VIR_DOMAIN_XML_INACTIVE))
    everything.wait('lifecycle', 'a', EV.VIR_DOMAIN_EVENT_DEFINED, EV.VIR_DOMAIN_EVENT_DEFINED_UPDATED)
    t = host.create('t')
    everything.wait('lifecycle', 't', EV.VIR_DOMAIN_EVENT_STARTED)
    host.conn.defineXML(t.XMLDesc(EV.VIR_DOMAIN_XML_INACTIVE))
    everything.wait('lifecycle', 't', EV.VIR_DOMAIN_EVENT_DEFINED, EV.VIR_DOMAIN_EVENT_DEFINED_ADDED)

    for dom in (a, b, t):
        dom.destroy()
        stop = everything.wait('lifecycle', dom.name(), EV.VIR_DOMAIN_EVENT_STOPPED, EV.VIR_DOMAIN_EVENT_STOPPED_DESTROYED)
        equal(stop[4], -1)
    only_b.wait('lifecycle', 'b', EV.VIR_DOMAIN_EVENT_STOPPED)
    only_b.expect_none()
    everything.expect_none()
    watcher.expect_none()

    # A start that fails sends nothing; every known kind can be asked for.
    bad = host.define('bad', init='/no/such/init')
    everything.wait('lifecycle', 'bad', EV.VIR_DOMAIN_EVENT_DEFINED)
    with refused('INTERNAL_ERROR|SYSTEM_ERROR'):
        bad.create()
    everything.expect_none()
    everything.close()
    for kind in range(26):
        host.conn.domainEventDeregisterAny(host.conn.domainEventRegisterAny(None, kind, lambda *_: None, None))
