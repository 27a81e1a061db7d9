#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""When a controller is killed its container goes with it: state, event and everything it had, with and without a daemon."""
import os
import signal
import subprocess

import libvirt

import sandbox
from harness import Events, Instance, equal, eventually, is_alive, links, skip

EV = libvirt

with Instance() as host:
    if host.stock:
        skip('the stock driver leaves processes behind')
    subprocess.run(['ip', 'link', 'add', 'br0', 'type', 'bridge'], check=True)
    nic = "<interface type='bridge'><source bridge='br0'/></interface>"

    def gone(init):
        eventually(lambda: not is_alive(init), 'init ends')
        eventually(lambda: not any(name.startswith('vnet') for name in links()), 'the links go')

    events = Events(host.conn)
    dom = host.start('bb', devices=nic, args='on TERM ignore , forks 20 , pause')
    events.wait('lifecycle', 'bb', EV.VIR_DOMAIN_EVENT_DEFINED)
    events.wait('lifecycle', 'bb', EV.VIR_DOMAIN_EVENT_STARTED)
    init = host.init_pid(dom)
    os.kill(host.controller_pid(dom), signal.SIGKILL)
    events.wait('lifecycle', 'bb', EV.VIR_DOMAIN_EVENT_STOPPED, EV.VIR_DOMAIN_EVENT_STOPPED_FAILED)
    equal(dom.state()[0], EV.VIR_DOMAIN_SHUTOFF)
    gone(init)
    events.expect_none()
    eventually(lambda: not [group for group in sandbox.groups_below(sandbox.partition_of(host.root)) if '/bb.libvirt-lxc' in group],
               'its groups go')
    dom.create()
    events.wait('lifecycle', 'bb', EV.VIR_DOMAIN_EVENT_STARTED)

    # No daemon: the next one cleans up.
    init, controller = host.init_pid(dom), host.controller_pid(dom)
    host.forget_connections()
    host.stop_daemon(signal.SIGKILL)
    os.kill(controller, signal.SIGKILL)
    host.start_daemon()
    dom = host.conn.lookupByName('bb')
    eventually(lambda: dom.state()[0] == EV.VIR_DOMAIN_SHUTOFF, 'the domain is shut off')
    gone(init)
    dom.create()
    dom.destroy()
    gone(init)
    subprocess.run(['ip', 'link', 'del', 'br0'], check=True)
