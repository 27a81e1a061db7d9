#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""What is done to the unit that systemd runs the daemon as is not done to containers: their controllers are in groups of their own, which go with them."""
import os
import signal

import libvirt

import sandbox
from harness import Console, Instance, contains, equal, eventually, is_alive, refused, skip

IDMAP = "<idmap><uid start='0' target='100000' count='65536'/><gid start='0' target='100000' count='65536'/></idmap>"


with open('/proc/self/mountinfo', encoding='utf-8') as table:
    HAS_V2 = ' - cgroup2 ' in table.read()


def write(path, text):
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)


def inherit_cpuset(folder):
    for name in ('cpuset.cpus', 'cpuset.mems'):
        with open(os.path.join(os.path.dirname(folder), name), encoding='utf-8') as file:
            write(os.path.join(folder, name), file.read())


class Unit:
    """Groups as systemd makes them for a service, here in every hierarchy."""

    def __init__(self, host):
        self.partition = sandbox.partition_of(host.root)
        self.folders = []
        for top in sandbox.hierarchies():
            for folder in (os.path.join(top, self.partition), os.path.join(top, self.partition, 'virtlxcd.service')):
                os.makedirs(folder, exist_ok=True)
                if os.path.exists(os.path.join(top, 'cpuset.sched_load_balance')):  # of v1 alone
                    inherit_cpuset(folder)
            self.folders.append(os.path.join(top, self.partition, 'virtlxcd.service'))

    def take(self, pid):
        for folder in self.folders:
            write(os.path.join(folder, 'cgroup.procs'), str(pid))

    def members(self):
        return {pid for folder in self.folders for pid in sandbox.processes_in(folder)}

    def others(self):
        """Groups of the partition that are not the unit's."""
        return [group for group in sandbox.groups_below(self.partition) if os.path.basename(group) not in (self.partition, 'virtlxcd.service')]


def groups_of(pid):
    with open(f'/proc/{pid}/cgroup', encoding='utf-8') as file:
        # Of v2 there is always a line, mounted or not.
        return {line.rstrip('\n').split(':', 2)[2] for line in file if HAS_V2 or not line.startswith('0:')}


with Instance() as host:
    if host.stock:
        skip('the stock driver has its own ways')
    unit = Unit(host)
    unit.take(host.daemon.pid)
    equal(unit.members(), {host.daemon.pid})

    def aside(name):
        return {f'/{unit.partition}/{name}.libvirt-lxc.controller'}

    dom = host.start('bb', args='on HUP reboot , say ready , pause')
    equal(groups_of(host.controller_pid(dom)), aside('bb'))
    # Of devices it is in one below, so that root inside cannot widen the rules.
    equal({group.removesuffix('/inner') for group in groups_of(dom.ID())}, {f'/{unit.partition}/bb.libvirt-lxc'})
    mapped = host.create('mapped', tree=host.tree('mapped'), extra=IDMAP)
    equal(groups_of(host.controller_pid(mapped)), aside('mapped'))
    equal(unit.members(), {host.daemon.pid})
    mapped.destroy()

    # It stays there over a reboot, and is not counted to the container.
    console = Console(host.conn, dom)
    console.expect('ready')
    dom.reboot(libvirt.VIR_DOMAIN_REBOOT_SIGNAL)
    console.expect('ready')
    console.close()
    equal(groups_of(host.controller_pid(dom)), aside('bb'))

    # Frozen, destroyed, ended, killed, failed: nothing is left.
    dom.suspend()
    dom.resume()
    dom.destroy()
    host.create('ends', args='exit 0')
    eventually(lambda: not unit.others(), 'the groups of what ended go')
    dom.create()
    os.kill(host.controller_pid(dom), signal.SIGKILL)
    eventually(lambda: not unit.others() and not dom.isActive(), 'the groups go when the controller was killed')
    done = host.virsh('create', '/dev/stdin', text_in=host.xml('bad', init='/nothing'), check=False)
    contains(done.stdout, '/nothing')
    equal(unit.others(), [])

    host.environment['VIRTLXCD_FAIL_STEP'] = 'controller'  # when it runs already: it and the daemon both clean up
    host.restart_daemon()
    unit.take(host.daemon.pid)
    dom = host.conn.lookupByName('bb')
    for _ in range(20):
        with refused(text='on purpose'):
            dom.create()
        eventually(lambda: not unit.others(), 'the groups of a start that failed late go')
    del host.environment['VIRTLXCD_FAIL_STEP']
    host.restart_daemon()
    unit.take(host.daemon.pid)
    dom = host.conn.lookupByName('bb')

    # The unit is killed, as `systemctl kill` does: containers live, and the next daemon has them.
    dom.create()
    init, controller = dom.ID(), host.controller_pid(dom)
    host.forget_connections()
    for pid in unit.members():
        os.kill(pid, signal.SIGKILL)
    host.daemon.wait()
    host.daemon = None
    eventually(lambda: not unit.members(), 'the unit is empty')
    host.start_daemon()
    assert is_alive(init) and is_alive(controller)
    host.conn.lookupByName('bb').destroy()
    equal(unit.others(), [])
    for folder in unit.folders:
        os.rmdir(folder)
