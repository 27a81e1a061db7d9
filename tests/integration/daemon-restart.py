#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""Containers, their states, consoles, links and definitions outlive a stop and a kill of the daemon."""
import signal
import subprocess
import xml.etree.ElementTree as ET

import libvirt

from harness import Console, Events, Instance, equal, eventually, is_alive, links

EV = libvirt

with Instance() as host:
    subprocess.run(['ip', 'link', 'add', 'br0', 'type', 'bridge'], check=True)
    host.start('kept', args='on USR1 say , say ready , pause', devices="<interface type='bridge'><source bridge='br0'/></interface>")
    host.create('transient')
    host.define('shut', extra='<title>still here</title>')
    if not host.stock:
        host.start('paused').suspend()
    for how in (signal.SIGTERM, signal.SIGKILL, signal.SIGKILL):
        before = {d.name(): (d.ID(), d.XMLDesc(0), host.init_pid(d)) for d in host.conn.listAllDomains() if d.isActive()}
        shown = links()
        host.restart_daemon(how)
        after = {d.name(): (d.ID(), d.XMLDesc(0)) for d in host.conn.listAllDomains() if d.isActive()}
        equal(set(after), set(before))
        for name, (number, text, pid) in before.items():
            assert is_alive(pid), name
            equal(after[name], (number, text), name)
        equal(links(), shown)
        equal(host.conn.lookupByName('transient').isPersistent(), 0)
        equal(host.conn.lookupByName('kept').state()[0], EV.VIR_DOMAIN_RUNNING)
        equal(host.conn.lookupByName('shut').metadata(EV.VIR_DOMAIN_METADATA_TITLE, None), 'still here')
        if not host.stock:  # which forgets that it is paused
            equal(host.conn.lookupByName('paused').state()[0], EV.VIR_DOMAIN_PAUSED)

    # They are as manageable as before.
    dom = host.conn.lookupByName('kept')
    console = Console(host.conn, dom)
    dom.sendProcessSignal(1, EV.VIR_DOMAIN_PROCESS_SIGNAL_USR1)
    console.expect('signal 10')
    console.close()
    dom.setMemory(32768)
    events = Events(host.conn)
    if not host.stock:
        host.conn.lookupByName('paused').resume()
        events.wait('lifecycle', 'paused', EV.VIR_DOMAIN_EVENT_RESUMED)
    dom.shutdownFlags(EV.VIR_DOMAIN_SHUTDOWN_SIGNAL)
    events.wait('lifecycle', 'kept', EV.VIR_DOMAIN_EVENT_STOPPED, EV.VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN)
    host.conn.lookupByName('transient').destroy()
    events.wait('lifecycle', 'transient', EV.VIR_DOMAIN_EVENT_STOPPED)
    eventually(lambda: not any(name.startswith('vnet') for name in links()), 'the links go')
    subprocess.run(['ip', 'link', 'del', 'br0'], check=True)
