#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""Debian with systemd boots to a login on its console, runs without failed units, has a network, reboots and shuts down when asked, with and without an id map."""
import os

import debian
from harness import Events, Instance, equal, eventually, libvirt
from links import ip, make_bridge
from systems import MAPS, Login, container, memory_limit

EV = libvirt
UUID = '5f8a1c6e-0b1d-4a57-9f0e-3f6a8f3f0c11'
BRIDGE = """<interface type='bridge'><source bridge='sysbr0'/><ip address='192.0.2.2' family='ipv4' prefix='24'/>
<link state='up'/></interface>"""


def be_quick(root):
    """A unit that does not stop holds the others up for 90 s or more, which is no matter of ours."""
    for path, text in (('system.conf.d/quick.conf', '[Manager]\nDefaultTimeoutStopSec=15s\n'),
                       ('system/user@.service.d/quick.conf', '[Service]\nTimeoutStopSec=15s\n')):
        os.makedirs(os.path.dirname(f'{root}/etc/systemd/{path}'), exist_ok=True)
        with open(f'{root}/etc/systemd/{path}', 'w', encoding='utf-8') as file:
            file.write(text)


def check_interface(login):
    """What systemd wants of a container: https://systemd.io/CONTAINER_INTERFACE."""
    equal(login.shell('systemd-detect-virt'), 'lxc-libvirt')
    equal(login.shell('cat /run/host/container-manager'), 'lxc-libvirt')
    equal(login.shell('cat /run/host/container-uuid'), UUID)
    equal(login.shell('cat /etc/machine-id'), UUID.replace('-', ''))
    assert 'NAME=' in login.shell('cat /run/host/os-release')
    equal(login.shell('touch /run/host/x 2>/dev/null || echo no'), 'no')
    equal(login.shell('findmnt -no FSTYPE /run'), 'tmpfs')
    for place in ('/sys', '/proc/sys', '/run/host'):
        assert login.shell(f'findmnt -no OPTIONS {place}').startswith('ro,'), place
    # Nothing of the host's kernel was mounted by systemd.
    equal(login.shell('findmnt -lno TARGET -t debugfs,tracefs,fusectl,configfs,bpf,pstore,securityfs'), '')
    equal(login.shell('stat -c %F:%a /run/host/notify'), 'socket:600')
    equal(login.shell('systemd-creds --system cat greeting'), 'hello')
    equal(login.shell('stat -c %a /run/host/credentials/greeting'), '400')


def check_services(login):
    assert login.shell('systemctl is-system-running --wait', 60) == 'running', login.shell('systemctl --failed --no-legend --plain')
    equal(login.shell('systemctl --failed --no-legend --plain'), '')
    equal(login.shell('systemctl is-active systemd-journald systemd-logind dbus console-getty').split(), ['active'] * 4)
    assert login.shell('journalctl -qn1 --no-pager | wc -l') == '1'
    assert 'root' in login.shell('loginctl --no-legend list-sessions')
    equal(login.shell('systemd-run -q --wait -p MemoryMax=50M -p DynamicUser=yes true && echo ran', 30), 'ran')
    assert '.scope' in login.shell('cat /proc/self/cgroup')


def wait_ready(dom):
    eventually(lambda: "<virtlxcd:init ready='yes'/>" in dom.XMLDesc(), 'systemd says that it is ready', 60)


def check_groups(login):
    """It divides its own groups, and cannot lift what limits all of them."""
    equal(login.shell('cat /proc/1/cgroup | sed -n s/^0:://p'), '/init.scope')
    equal(login.shell('top=/sys/fs/cgroup; [ -d $top/unified ] && top=$top/unified; mkdir $top/mine && rmdir $top/mine && echo made'), 'made')
    for file in ('memory.limit_in_bytes', 'memory.max'):
        found = login.shell(f'find /sys/fs/cgroup -maxdepth 2 -name {file} | head -n1')
        if found and file == 'memory.limit_in_bytes':
            equal(login.shell(f'echo -1 2>/dev/null > {found} || echo no'), 'no')


with Instance() as host:
    root = debian.tree(host, 'debian')
    be_quick(root)
    make_bridge('sysbr0', '192.0.2.1/24')
    for name, id_map in MAPS.items():
        open(root + '/etc/machine-id', 'w', encoding='utf-8').close()
        dom = host.define('deb', init='/sbin/init', args=[], tree=root, memory=512 * 1024, uuid=UUID, devices=BRIDGE,
                          extra=container("<virtlxcd:credential name='greeting' value='hello'/>", id_map))
        events = Events(host.conn, dom)
        dom.create()
        events.wait('lifecycle', 'deb', EV.VIR_DOMAIN_EVENT_STARTED)
        login = Login(host, dom)
        check_interface(login)
        check_services(login)
        wait_ready(dom)
        check_groups(login)
        equal(login.shell('ping -qc1 -W5 192.0.2.1 >/dev/null && echo answered', 10), 'answered')
        equal(memory_limit(dom), 512 << 20)
        with open(f'/proc/{dom.ID()}/uid_map', encoding='ascii') as file:
            equal(file.read().split()[1] != '0', bool(id_map), name)
        # Asked from outside, and from inside, it starts again, with its limits; init is another process.
        for restart in (dom.reboot, lambda: login.send('systemctl reboot\n')):
            before = dom.ID()
            restart()
            events.wait('reboot', 'deb', seconds=60)
            login.enter()
            dom = host.conn.lookupByName('deb')  # which knows its id
            wait_ready(dom)
            assert dom.ID() != before
        equal(memory_limit(dom), 512 << 20)
        equal(login.shell('cat /etc/machine-id'), UUID.replace('-', ''))

        dom.shutdown()
        events.wait('lifecycle', 'deb', EV.VIR_DOMAIN_EVENT_STOPPED, EV.VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN, seconds=60)
        equal(dom.state(), [EV.VIR_DOMAIN_SHUTOFF, EV.VIR_DOMAIN_SHUTOFF_SHUTDOWN])
        said = login.data.decode(errors='replace') if login.ended else login.wait_end().decode(errors='replace')
        assert 'Reached target' in said, said[-1000:]
        login.close()
        events.expect_none()
        events.close()
        dom.undefine()
    ip('link', 'del', 'sysbr0')
