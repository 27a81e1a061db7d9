#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""A controller that hangs keeps nobody waiting for ever: not a destroy, nor the clients of a new daemon."""
import contextlib
import os
import signal
import time

import libvirt

from harness import PATIENCE, Instance, equal, eventually, is_alive, skip

with Instance() as host:
    if host.stock:
        skip('the stock driver has other processes')
    dom = host.start('bb', args='on TERM ignore , pause')
    other = host.start('cc')
    init, controller = host.init_pid(dom), host.controller_pid(dom)
    os.kill(controller, signal.SIGSTOP)
    dom.destroy()
    equal(dom.state(), [libvirt.VIR_DOMAIN_SHUTOFF, libvirt.VIR_DOMAIN_SHUTOFF_DESTROYED])
    eventually(lambda: not is_alive(init) and not is_alive(controller), 'both processes end')

    dom.create()
    init, controller = host.init_pid(dom), host.controller_pid(dom)
    os.kill(controller, signal.SIGSTOP)
    host.restart_daemon()
    equal(host.conn.lookupByName('cc').state()[0], libvirt.VIR_DOMAIN_RUNNING)
    os.kill(controller, signal.SIGCONT)
    dom = host.conn.lookupByName('bb')
    eventually(lambda: dom.state()[0] == libvirt.VIR_DOMAIN_RUNNING, 'the late one is met')
    equal(host.init_pid(host.conn.lookupByName('bb')), init)

    # One that is frozen while it restarts its container hears of a destroy all the same.
    for _ in range(60):
        dom = host.create('dd', args='on HUP reboot , on TERM ignore , pause')
        dom.reboot(libvirt.VIR_DOMAIN_REBOOT_SIGNAL)
        with contextlib.suppress(libvirt.libvirtError):
            dom.suspend()
        before = time.monotonic()
        dom.destroy()
        assert time.monotonic() < before + 5 * PATIENCE, 'the destroy takes long'
