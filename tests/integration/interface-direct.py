#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""An interface of type direct is a macvlan in the mode that was asked for, and the device below is as before when the container has ended, however that came about."""
import os
import signal
import xml.etree.ElementTree as ET

from harness import Instance, contains, equal, eventually, files_below, refused, skip
from links import inside, ip, looks, make_card, reaches

MAC = '52:54:00:11:22:33'
MODES = (('vepa', 'vepa'), ('bridge', 'bridge'), ('private', 'private'), ('passthrough', 'passthru'))


def direct(mode, mac=MAC, address='10.9.0.2'):
    return f"""<interface type='direct'><mac address='{mac}'/><source dev='nic0' mode='{mode}'/>
        <ip address='{address}' family='ipv4' prefix='24'/></interface>"""


with Instance() as host:
    make_card('nic0', 'nic1', '02:00:00:00:00:10', '10.9.0.1/24')
    before = looks('nic0')
    for mode, shown in MODES:
        dom = host.start('bb', devices=direct(mode))
        contains(inside(host, 'bb', '/bin/ip', 'link'), MAC)
        assert reaches(host, 'bb', '10.9.0.1'), mode
        nic = ET.fromstring(dom.XMLDesc(0)).find('devices/interface')
        equal((nic.get('type'), nic.find('source').attrib), ('direct', {'dev': 'nic0', 'mode': mode}))
        equal(nic.find('target'), None, 'there is no end on the host')
        equal(nic.find('guest').get('dev'), 'eth0')
        if mode == 'passthrough':
            equal(looks('nic0'), (MAC, 1480, True), 'the device has the address of the interface')
        dom.destroy()
        dom.undefine()
        if host.stock and mode == 'passthrough':
            eventually(lambda: True, 'the stock driver leaves the address')
            ip('link', 'set', 'nic0', 'address', before[0])
    equal(looks('nic0'), before)
    if host.stock:
        ip('link', 'del', 'nic1')
        skip('the rest is not what the stock driver does')

    # A start may follow at once, and a device has one container to itself at a time.
    dom = host.start('bb', devices=direct('passthrough'))
    for _ in range(5):
        dom.destroy()
        dom.create()
    for mode in ('passthrough', 'bridge'):
        with refused('OPERATION_INVALID', 'LXC', "links: the network device 'nic0' is in use by domain 'bb'"):
            host.create('other', devices=direct(mode, mac='52:54:00:11:22:44'))
    equal(looks('nic0'), (MAC, 1480, True), 'the other one has changed nothing')

    # A reboot keeps it; so does a restart of the daemon, which then knows what to put right.
    host.restart_daemon()
    dom = host.conn.lookupByName('bb')
    equal(looks('nic0'), (MAC, 1480, True))
    assert reaches(host, 'bb', '10.9.0.1')
    dom.destroy()
    equal(looks('nic0'), before)

    # The controller is killed, with and without a daemon.
    dom.create()
    os.kill(host.controller_pid(dom), signal.SIGKILL)
    eventually(lambda: not dom.isActive(), 'the crash is seen')
    eventually(lambda: looks('nic0') == before, 'the device is put right')
    dom.create()
    controller = host.controller_pid(dom)
    host.forget_connections()
    host.stop_daemon(signal.SIGKILL)
    os.kill(controller, signal.SIGKILL)
    host.start_daemon()
    dom = host.conn.lookupByName('bb')
    eventually(lambda: looks('nic0') == before, 'the next daemon puts it right')

    # Two of them share a device in mode bridge and hear each other.
    dom.undefine()
    one = host.start('one', devices=direct('bridge'))
    two = host.start('two', devices=direct('bridge', mac='52:54:00:11:22:44', address='10.9.0.3'))
    assert reaches(host, 'one', '10.9.0.3')
    with refused('OPERATION_INVALID', 'LXC', "'nic0' is in use by domain 'one'"):
        host.create('whole', devices="<hostdev mode='capabilities' type='net'><source><interface>nic0</interface></source></hostdev>")
    one.destroy()
    two.destroy()
    ip('link', 'del', 'nic1')
    with refused(text="cannot find the device 'nic0' on the host"):
        one.create()
    equal([path for path in files_below(host.path('run')) if path.endswith(('.lent', '.netns'))], [])
