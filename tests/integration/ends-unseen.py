#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""A container that ends while no daemon runs takes everything of its own down; the next daemon knows that it is gone."""
import signal
import subprocess

import libvirt

import sandbox
from harness import Instance, equal, eventually, is_alive, links, process_state, refused, skip
import os

with Instance() as host:
    if host.stock:
        skip('the stock driver leaves that to the next daemon')
    subprocess.run(['ip', 'link', 'add', 'br0', 'type', 'bridge'], check=True)
    kept = host.start('kept', devices="<interface type='bridge'><source bridge='br0'/></interface>")
    transient = host.create('transient')
    folder, device = host.report('again')
    again = host.start('again', args='on USR1 reboot , mark /report/ready , pause', devices=device)
    eventually(lambda: os.path.exists(folder + '/ready'), 'the payload listens')
    pids = {d.name(): (host.init_pid(d), host.controller_pid(d)) for d in (kept, transient, again)}
    host.forget_connections()
    host.stop_daemon(signal.SIGKILL)

    for name in ('kept', 'transient'):
        os.kill(pids[name][0], signal.SIGTERM)
    eventually(lambda: not any(is_alive(pid) for name in ('kept', 'transient') for pid in pids[name]), 'init and controller end')
    eventually(lambda: not any(name.startswith('vnet') for name in links()), 'the links go')
    left = [group for group in sandbox.groups_below(sandbox.partition_of(host.root)) if 'kept' in group or 'transient' in group]
    equal(left, [], 'control groups of what has ended')
    # A reboot from inside is carried out all the same.
    os.kill(pids['again'][0], signal.SIGUSR1)
    eventually(lambda: not is_alive(pids['again'][0]), 'the first init ends')

    host.start_daemon()
    equal(host.conn.lookupByName('kept').state()[0], libvirt.VIR_DOMAIN_SHUTOFF)
    with refused('NO_DOMAIN'):
        host.conn.lookupByName('transient')
    again = host.conn.lookupByName('again')
    equal(again.state()[0], libvirt.VIR_DOMAIN_RUNNING)
    assert again.ID() != pids['again'][0]
    assert is_alive(again.ID())
    equal(process_state(pids['again'][1]) not in (None, 'Z'), True, 'the controller is the same')
    host.conn.lookupByName('kept').create()
    subprocess.run(['ip', 'link', 'del', 'br0'], check=True)
