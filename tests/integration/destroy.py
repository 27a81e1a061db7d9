#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""Destroy ends every container: one that ignores signals, one that is paused, one full of processes."""
import os

import libvirt

from harness import Events, Instance, equal, eventually, refused

EV = libvirt

with Instance() as host:
    events = Events(host.conn)
    for name, args in (('plain', 'pause'), ('deaf', 'on TERM ignore , on HUP ignore , forks 50 , pause')):
        dom = host.start(name, args=args)
        events.wait('lifecycle', name, EV.VIR_DOMAIN_EVENT_DEFINED)
        events.wait('lifecycle', name, EV.VIR_DOMAIN_EVENT_STARTED)
        dom.destroy()
        events.wait('lifecycle', name, EV.VIR_DOMAIN_EVENT_STOPPED, EV.VIR_DOMAIN_EVENT_STOPPED_DESTROYED)
        equal(dom.state(), [EV.VIR_DOMAIN_SHUTOFF, EV.VIR_DOMAIN_SHUTOFF_DESTROYED])
        with refused('OPERATION_INVALID', 'DOMAIN'):
            dom.destroy()
        events.expect_none()
    with refused('INVALID_ARG', 'LXC'):
        dom.destroyFlags(1 << 10)
    if not host.stock:
        dom.create()
        events.wait('lifecycle', 'deaf', EV.VIR_DOMAIN_EVENT_STARTED)
        dom.suspend()
        events.wait('lifecycle', 'deaf', EV.VIR_DOMAIN_EVENT_SUSPENDED)
        dom.destroy()
        events.wait('lifecycle', 'deaf', EV.VIR_DOMAIN_EVENT_STOPPED, EV.VIR_DOMAIN_EVENT_STOPPED_DESTROYED)
        # GRACEFUL: SIGTERM only; what does not go stays, and says so.
        # An init that has no handler yet would not see it.
        folder, device = host.report('polite')
        polite = host.start('polite', args='on TERM 0 , mark /report/up , pause', devices=device)
        eventually(lambda: os.path.exists(os.path.join(folder, 'up')), 'init is ready for the signal')
        polite.destroyFlags(EV.VIR_DOMAIN_DESTROY_GRACEFUL)
        equal(polite.isActive(), 0)
        dom.create()
        with refused('OPERATION_FAILED|SYSTEM_ERROR|INTERNAL_ERROR'):
            dom.destroyFlags(EV.VIR_DOMAIN_DESTROY_GRACEFUL)
        equal(dom.isActive(), 1)
        dom.destroy()
        equal(dom.isActive(), 0)
