#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""Whichever step of a start fails, the error names it, and no process, link, mount, control group or file is left; the next start works.

The names of the steps are read from the tables in the source, so that a new step is tested as well."""
import os
import re
import stat
import subprocess

import sandbox
from harness import Instance, contains, descendants, equal, eventually, files_below, links, loops, mounts, profiles, reap, refused, skip
from imagefiles import make_image
from links import looks, make_card
from plugs import at, make_bus, plug, usb
from trees import filesystem, overlay

SOURCE = os.environ.get('VIRTLXCD_SOURCE', os.path.join(os.path.dirname(os.path.abspath(__file__)), '../..'))
TABLES = ('src/lxc_driver/run.c', 'src/controller/run.c', 'src/controller/tree.c', 'src/controller/init.c')
IDMAP = "<idmap><uid start='0' target='100000' count='65536'/><gid start='0' target='100000' count='65536'/></idmap>"
# Those that serve the container are in a group of their own then.
SERVED = "<cputune><emulator_quota>50000</emulator_quota><emulatorpin cpuset='0'/></cputune>"
DEVICES = """<interface type='bridge'><source bridge='br0'/></interface><console type='pty'/>
    <interface type='bridge'><source bridge='br0'/><bandwidth><outbound average='100'/></bandwidth></interface>
    <interface type='direct'><source dev='nic1' mode='passthrough'/></interface>
    <hostdev mode='capabilities' type='net'><source><interface>nic0</interface></source></hostdev>"""


def devices(host):
    path = host.path('run/libvirt/lxc/console')
    node = host.path('tun')
    if not os.path.exists(node):
        os.mknod(node, stat.S_IFCHR | 0o600, os.makedev(10, 200))
    return DEVICES + usb(at(1, 4)) + f"<hostdev mode='capabilities' type='misc'><source><char>{node}</char></source></hostdev>" + f"<console type='unix'><source mode='bind' path='{path}'/><log file='{host.path('console.log')}'/></console>"


def steps():
    found = []
    for name in TABLES:
        with open(os.path.join(SOURCE, name), encoding='utf-8') as file:
            table = re.search(r'^static const Step \w*steps\[\] = \{\n(.*?)^\};', file.read(), re.MULTILINE | re.DOTALL)
        found += re.findall(r'\{ *"([a-z-]+)"', table[1])
    return list(dict.fromkeys(found))


def what_is_there(host):
    reap()
    run_dir = host.path('run/libvirt/lxc')
    partition = sandbox.partition_of(host.root)
    groups = [group for group in sandbox.groups_below(partition) if os.path.basename(group) != partition]
    return {'processes': {pid: line for pid, line in descendants().items() if pid != host.daemon.pid},
            'links': links(), 'lent': (looks('nic0'), looks('nic1')), 'mounts': mounts(), 'groups': groups,
            'files': files_below(run_dir), 'loops': loops()}


def fails_at(host, step, extra):
    host.environment['VIRTLXCD_FAIL_STEP'] = step
    host.restart_daemon()
    eventually(lambda: what_is_there(host)['processes'] == {} and not any(name.startswith('vnet') for name in links()), 'the last one is gone')
    before = what_is_there(host)
    dom = host.define('bb', devices=devices(host), extra=extra + SERVED, tree=host.tree('idmap' if extra else 'tree'))
    named = '' if step == 'controller' else f'{step}.*'  # that one's real errors come with their own names
    with refused(text=f'{named}(on purpose|for a test)'):
        dom.create()
    equal(dom.isActive(), 0, step)
    contains(host.virsh('domstate', 'bb', '--reason'), 'shut off')
    eventually(lambda: what_is_there(host) == before, f'nothing is left after {step} failed: {what_is_there(host)}, not {before}', 5)
    equal([profile for profile in profiles() if dom.UUIDString() in profile], [], step)
    dom.undefine()


def works(host, extra):
    del host.environment['VIRTLXCD_FAIL_STEP']
    host.restart_daemon()
    dom = host.start('bb', devices=devices(host), extra=extra + SERVED, tree=host.tree('idmap' if extra else 'tree'))
    equal(dom.isActive(), 1)
    dom.destroy()
    dom.undefine()


if os.environ.get('VIRTLXCD_STOCK') == '1':
    skip('the stock driver cannot be told to fail')

subprocess.run(['ip', 'link', 'add', 'br0', 'type', 'bridge'], check=True)
subprocess.run(['ip', 'link', 'set', 'br0', 'up'], check=True)
make_card('nic0', 'nic1', '02:00:00:00:00:10')
make_bus()
plug('1-1', 1, 4, '0951:1666')
with Instance() as host:
    assert len(steps()) >= 15, f'only these steps were found: {steps()}'
    subprocess.run(['chown', '-hR', '100000:100000', host.tree('idmap')], check=True)
    for extra in ('', IDMAP):
        for step in steps():
            fails_at(host, step, extra)
        works(host, extra)
