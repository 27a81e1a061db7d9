#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""A suspended container stands still, and the kernel's file says so; frozen it outlives its daemon, is destroyed, and goes with its controller."""
import os
import signal

import libvirt

import groups
from harness import Instance, contains, equal, eventually, is_alive, skip

IDMAP = "<idmap><uid start='0' target='100000' count='65536'/><gid start='0' target='100000' count='65536'/></idmap>"
V1 = groups.version('freezer') == 1
# Writes as fast as it can, beside others that only wait.
WORK = '<initarg>for i in 1 2 3 4 5; do sleep 1000 &amp; done; while :; do echo; done > /report/lines</initarg>'


def frozen(host, name):
    if V1:
        return groups.read(host, name, 'freezer', 'freezer.state') == 'FROZEN'
    return 'frozen 1' in groups.read(host, name, 'pids', 'cgroup.events').splitlines()


class Worker:
    def __init__(self, host, name, **words):
        folder, device = host.report(name)
        os.chmod(folder, 0o777)
        self.path = os.path.join(folder, 'lines')
        self.host, self.name = host, name
        self.dom = host.create(name, init='/bin/sh', args=['-c'], os_extra=WORK, devices=device, **words)
        eventually(self.lines, 'it works')

    def lines(self):
        return os.path.exists(self.path) and os.path.getsize(self.path)

    def works(self):
        before = self.lines()
        eventually(lambda: self.lines() > before, 'it works on')

    def suspend(self):
        self.dom.suspend()
        equal(self.dom.state(), [libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_USER])
        assert frozen(self.host, self.name)
        before = self.lines()
        self.host.conn.getLibVersion()
        self.host.virsh('dominfo', self.name)
        equal(self.lines(), before, 'nobody writes')

    def resume(self):
        self.dom.resume()
        equal(self.dom.state()[0], libvirt.VIR_DOMAIN_RUNNING)
        assert not frozen(self.host, self.name)
        self.works()


with Instance() as host:
    if host.stock:
        skip('its freezer needs a hierarchy that a private libvirtd does not see here')
    for kind, words in (('plain', {}), ('mapped', {'extra': IDMAP, 'tree': host.tree('mapped')})):
        worker = Worker(host, kind, **words)
        worker.suspend()
        worker.resume()

        # A new daemon knows that it is frozen.
        worker.suspend()
        host.restart_daemon(signal.SIGKILL)
        worker.dom = host.conn.lookupByName(kind)
        equal(worker.dom.state()[0], libvirt.VIR_DOMAIN_PAUSED)
        contains(host.virsh('domstate', kind), 'paused')
        worker.resume()

        # The end, while it is frozen.
        worker.suspend()
        init = worker.dom.ID()
        worker.dom.destroy()
        assert not is_alive(init)

        worker = Worker(host, kind, **words)
        worker.suspend()
        init, controller = worker.dom.ID(), host.controller_pid(worker.dom)
        os.kill(controller, signal.SIGKILL)
        eventually(lambda: not is_alive(init), 'it goes with its controller')
        eventually(lambda: not host.conn.listAllDomains(), 'and is known to be gone')

    # Root inside that freezes itself is destroyed all the same.
    if V1:
        dom = host.create('self', args='mount cgroup freezer /tmp , write /tmp/freezer.state FROZEN , pause')
        eventually(lambda: frozen(host, 'self'), 'it has frozen itself')
        dom.destroy()
