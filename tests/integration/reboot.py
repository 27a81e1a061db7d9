#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""Reboot restarts the container under the same definition, keeping its consoles and links, and sends the reboot event alone."""
import libvirt

from harness import Console, Events, Instance, equal, eventually, links, refused
import subprocess

EV = libvirt
SIGNAL, INITCTL = EV.VIR_DOMAIN_REBOOT_SIGNAL, EV.VIR_DOMAIN_REBOOT_INITCTL

with Instance() as host:
    def reboots(name, flags, args, ready, init='/payload'):
        dom = host.create(name, args=args, init=init)
        console = Console(host.conn, dom)
        console.expect(ready)
        events = Events(host.conn, dom)
        dom.reboot(flags)
        events.wait('reboot', name)
        if host.stock:  # which closes consoles on the way
            console = Console(host.conn, host.conn.lookupByName(name))
        console.expect(ready)
        equal(host.conn.lookupByName(name).state(), [EV.VIR_DOMAIN_RUNNING, EV.VIR_DOMAIN_RUNNING_BOOTED])
        events.expect_none()
        events.close()
        console.close()
        host.conn.lookupByName(name).destroy()

    reboots('signal', SIGNAL, 'on HUP reboot , say ready , pause', 'ready')
    reboots('initctl', INITCTL, 'initctl', 'initctl ready')
    dom = host.create('flags')
    for bad in (EV.VIR_DOMAIN_REBOOT_ACPI_POWER_BTN, EV.VIR_DOMAIN_REBOOT_GUEST_AGENT):
        with refused('INVALID_ARG', 'LXC'):
            dom.reboot(bad)
    if not host.stock:
        with refused('OPERATION_UNSUPPORTED', 'LXC'):
            dom.reboot(INITCTL)
        reboots('busybox', 0, [], 'busybox is up', init='/sbin/init') if host.tree() and open(
            host.tree() + '/etc/inittab', 'w', encoding='utf-8').write('::sysinit:/bin/echo busybox is up\n') else None
    dom.destroy()

    # From inside, with a link and two consoles: both are the same afterwards, the id is not.
    subprocess.run(['ip', 'link', 'add', 'br0', 'type', 'bridge'], check=True)
    dom = host.create('inside', args='on USR1 reboot , say up , pause',
                      devices="<interface type='bridge'><source bridge='br0'/></interface>",
                      console="<console type='pty'/><console type='pty'/>")
    before = (links(), host.virsh('ttyconsole', 'inside'))
    first = dom.ID()
    console = Console(host.conn, dom)
    console.expect('up')
    events = Events(host.conn, dom)
    dom.sendProcessSignal(1, EV.VIR_DOMAIN_PROCESS_SIGNAL_USR1)
    events.wait('reboot', 'inside')
    dom = host.conn.lookupByName('inside')
    if not host.stock:
        console.expect('up')
        equal((links(), host.virsh('ttyconsole', 'inside')), before, 'links and console after the reboot')
        assert dom.ID() != first
    console.close()
    events.close()
    dom.destroy()
    eventually(lambda: links() == before[0] - {name for name in before[0] if name.startswith('vnet')}, 'the links go')
    subprocess.run(['ip', 'link', 'del', 'br0'], check=True)
