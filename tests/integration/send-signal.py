#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""A signal sent to process 1 reaches init; other processes, unknown signals and readers are refused."""
import libvirt

from harness import Console, Instance, equal, refused

with Instance() as host:
    dom = host.start('bb', args='on USR1 say , on RTMIN+0 say , say ready , pause')
    console = Console(host.conn, dom)
    console.expect('ready')
    dom.sendProcessSignal(1, libvirt.VIR_DOMAIN_PROCESS_SIGNAL_USR1)
    console.expect('signal 10')
    if not host.stock:
        dom.sendProcessSignal(1, libvirt.VIR_DOMAIN_PROCESS_SIGNAL_RT2)
        console.expect('signal 3')
    with refused('ARGUMENT_UNSUPPORTED', 'LXC'):
        dom.sendProcessSignal(2, 1)
    with refused('INVALID_ARG', 'LXC'):
        dom.sendProcessSignal(1, 200)
    with refused('INVALID_ARG', 'LXC'):
        dom.sendProcessSignal(1, 10, 1)
    with refused('OPERATION_DENIED'):
        host.connect(readonly=True).lookupByName('bb').sendProcessSignal(1, 10)
    console.close()
    dom.destroy()
    with refused('OPERATION_INVALID', 'DOMAIN'):
        dom.sendProcessSignal(1, 10)
