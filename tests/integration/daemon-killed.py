#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""A daemon killed in the midst of starts and stops is followed by one that knows every container, and nothing is left half made."""
import signal
import subprocess
import sys

import libvirt

from harness import PATIENCE, Instance, equal, eventually, is_alive, links, skip

# Starts and destroys in an endless round, until the connection breaks.
CLIENT = """
import libvirt, sys
libvirt.registerErrorHandler(lambda *_: None, None)
conn = libvirt.open(sys.argv[1])
dom = conn.lookupByName(sys.argv[2])
print('ready', flush=True)
try:
    while True:
        if dom.isActive():
            dom.destroy()
        dom.create()
except libvirt.libvirtError as error:
    if conn.isAlive() and 'socket' not in str(error) and 'closed' not in str(error):
        print(error, flush=True)
        raise
"""

with Instance() as host:
    if host.stock:
        skip('the stock driver leaves things behind')
    subprocess.run(['ip', 'link', 'add', 'br0', 'type', 'bridge'], check=True)
    names = [f'c{number}' for number in range(4)]
    for name in names:
        host.define(name, devices="<interface type='bridge'><source bridge='br0'/></interface>")
    for round in range(8):
        clients = [subprocess.Popen([sys.executable, '-c', CLIENT, host.uri(), name], stdout=subprocess.PIPE, text=True) for name in names]
        for client in clients:
            equal(client.stdout.readline(), 'ready\n')
        # A little later each time, so that the kill meets every stage.
        try:
            clients[0].wait(0.02 + 0.017 * round)
        except subprocess.TimeoutExpired:
            pass
        host.restart_daemon(signal.SIGKILL)
        for client in clients:
            client.wait(20 * PATIENCE)
        domains = {d.name(): d for d in host.conn.listAllDomains()}
        equal(sorted(domains), names)

        def settled():
            running = [d for d in domains.values() if d.isActive()]
            return len([name for name in links() if name.startswith('vnet')]) == len(running) and all(is_alive(d.ID()) for d in running)
        eventually(settled, f'one link for each running container, round {round}')
        for dom in domains.values():
            equal(dom.state()[0] in (libvirt.VIR_DOMAIN_RUNNING, libvirt.VIR_DOMAIN_SHUTOFF), True)
    for dom in domains.values():
        if not dom.isActive():
            dom.create()
        dom.destroy()
    eventually(lambda: not any(name.startswith('vnet') for name in links()), 'the links go')
    subprocess.run(['ip', 'link', 'del', 'br0'], check=True)
