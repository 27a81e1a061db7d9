#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""Shutdown asks init in the way it understands: initctl where it listens, else the signal that fits the init found."""
import os
import shutil

import libvirt

from harness import Console, Events, Instance, eventually, equal, refused

EV = libvirt
SIGNAL, INITCTL = EV.VIR_DOMAIN_SHUTDOWN_SIGNAL, EV.VIR_DOMAIN_SHUTDOWN_INITCTL

with Instance() as host:
    def stops(name, flags, args='pause', init='/payload', ready=None, extra='', detail=EV.VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN):
        """Starts, waits until the container is ready, asks, and waits for the one stop event."""
        dom = host.create(name, args=args, init=init, extra=extra)
        if ready:
            console = Console(host.conn, dom)
            console.expect(ready)
            console.close()
        events = Events(host.conn, dom)
        dom.shutdownFlags(flags)
        events.wait('lifecycle', name, EV.VIR_DOMAIN_EVENT_STOPPED, detail)
        events.expect_none()
        events.close()

    stops('signal', SIGNAL, args='on TERM 0 , say ready , pause', ready='ready')
    stops('initctl', INITCTL, args='initctl', ready='initctl ready')
    stops('both', SIGNAL | INITCTL, args='initctl', ready='initctl ready')
    stops('initctl-plain', 0, args='initctl', ready='initctl ready')
    dom = host.create('flags')
    for bad in (EV.VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN, EV.VIR_DOMAIN_SHUTDOWN_GUEST_AGENT, EV.VIR_DOMAIN_SHUTDOWN_PARAVIRT):
        with refused('INVALID_ARG', 'LXC'):
            dom.shutdownFlags(bad)

    if not host.stock:  # which calls "nobody listens" a success and does nothing
        with refused('OPERATION_UNSUPPORTED', 'LXC'):
            dom.shutdownFlags(INITCTL)
        equal(dom.isActive(), 1)
        stops('plain', 0, args='on TERM 0 , say ready , pause', ready='ready')
        # A real busybox init powers off.
        with open(os.path.join(host.tree(), 'etc/inittab'), 'w', encoding='utf-8') as file:
            file.write('::sysinit:/bin/echo busybox is up\n')
        stops('busybox', 0, init='/sbin/init', args=[], ready='busybox is up')
        stops('busybox-signal', SIGNAL, init='/sbin/init', args=[], ready='busybox is up')
        # systemd takes real-time signals; TERM would only make it reload itself.
        shutil.copy(os.path.join(host.tree(), 'payload'), os.path.join(host.tree(), 'bin/systemd'))
        stops('systemd', 0, init='/bin/systemd', args='on TERM ignore , on RTMIN+4 poweroff , on RTMIN+3 poweroff , say ready , pause', ready='ready')
        # A tree in which every look waits for ever, since nobody serves it, holds nobody up.
        if os.path.exists('/dev/fuse'):
            nodes = "<virtlxcd:container xmlns:virtlxcd='urn:virtlxcd:domain:1.0'><virtlxcd:nodes fuse='yes'/></virtlxcd:container>"
            for flags in (0, SIGNAL, SIGNAL | INITCTL):
                stops('unserved', flags, args='on TERM 0 , fuse /run , fuse /etc , say ready , pause', ready='ready', extra=nodes)
        # The definition may name the signal, and how long it may take.
        def stop(words):
            return f"<virtlxcd:container xmlns:virtlxcd='urn:virtlxcd:domain:1.0'><virtlxcd:stop {words}/></virtlxcd:container>"
        stops('own-signal', 0, args='on TERM ignore , on USR1 0 , say ready , pause', ready='ready', extra=stop("signal='SIGUSR1'"))
        stops('own-signal-not-fifo', SIGNAL, args='on TERM ignore , on USR1 0 , say ready , pause', ready='ready', extra=stop("signal='USR1' timeout='60'"))
        stops('late', 0, args='on TERM ignore , say ready , pause', ready='ready', extra=stop("timeout='1'"), detail=EV.VIR_DOMAIN_EVENT_STOPPED_DESTROYED)
    dom.destroy()
