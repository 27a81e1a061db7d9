#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""Define, start, suspend, resume, destroy and undefine go through the states, reasons and events that libvirt documents."""
import libvirt

from harness import Events, Instance, equal, refused

with Instance() as host:
    events = Events(host.conn)
    dom = host.define('bb', args='pause')
    equal(dom.state(), [libvirt.VIR_DOMAIN_SHUTOFF, libvirt.VIR_DOMAIN_SHUTOFF_UNKNOWN])
    events.wait('lifecycle', 'bb', libvirt.VIR_DOMAIN_EVENT_DEFINED, libvirt.VIR_DOMAIN_EVENT_DEFINED_ADDED)

    dom.create()
    equal(dom.state(), [libvirt.VIR_DOMAIN_RUNNING, libvirt.VIR_DOMAIN_RUNNING_BOOTED])
    started = events.wait('lifecycle', 'bb', libvirt.VIR_DOMAIN_EVENT_STARTED, libvirt.VIR_DOMAIN_EVENT_STARTED_BOOTED)
    equal(started[4], dom.ID(), 'id in the event')
    with refused('OPERATION_INVALID', 'LXC'):
        dom.create()

    if not host.stock:  # its freezer needs a hierarchy that a private libvirtd does not see here
        dom.suspend()
        equal(dom.state(), [libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_USER])
        events.wait('lifecycle', 'bb', libvirt.VIR_DOMAIN_EVENT_SUSPENDED, libvirt.VIR_DOMAIN_EVENT_SUSPENDED_PAUSED)
        dom.suspend()
        events.expect_none()
        dom.resume()
        equal(dom.state(), [libvirt.VIR_DOMAIN_RUNNING, libvirt.VIR_DOMAIN_RUNNING_UNPAUSED])
        events.wait('lifecycle', 'bb', libvirt.VIR_DOMAIN_EVENT_RESUMED, libvirt.VIR_DOMAIN_EVENT_RESUMED_UNPAUSED)
    with refused('OPERATION_INVALID', 'LXC'):
        dom.resume()

    dom.destroy()
    equal(dom.state(), [libvirt.VIR_DOMAIN_SHUTOFF, libvirt.VIR_DOMAIN_SHUTOFF_DESTROYED])
    equal(dom.ID(), -1)
    events.wait('lifecycle', 'bb', libvirt.VIR_DOMAIN_EVENT_STOPPED, libvirt.VIR_DOMAIN_EVENT_STOPPED_DESTROYED)
    for action in (dom.destroy, dom.suspend, dom.resume, dom.shutdown, dom.reboot):
        with refused('OPERATION_INVALID', 'DOMAIN'):
            action()

    dom.undefine()
    events.wait('lifecycle', 'bb', libvirt.VIR_DOMAIN_EVENT_UNDEFINED, libvirt.VIR_DOMAIN_EVENT_UNDEFINED_REMOVED)
    with refused('NO_DOMAIN', 'LXC'):
        host.conn.lookupByName('bb')
    events.expect_none()
