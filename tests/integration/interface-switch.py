#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""What an interface is plugged into: a port of Open vSwitch with its ids and VLANs, which goes with the container, or nothing at all."""
import os
import shutil
import signal
import subprocess
import xml.etree.ElementTree as ET

import libvirt

from harness import SCRATCH, Instance, contains, equal, eventually, refused, skip
from links import device, inside, ip, make_bridge, reaches

RUN = '/run/openvswitch'
ID = 'c0ffee00-1111-2222-3333-444444444444'
NETWORK = """<network><name>switched</name><forward mode='bridge'/><bridge name='ovs0'/><virtualport type='openvswitch'/>
  <portgroup name='blue'><vlan><tag id='42'/></vlan></portgroup></network>"""


def vsctl(*words):
    return subprocess.run(['ovs-vsctl', '--timeout=10', *words], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def ports():
    return vsctl('list-ports', 'ovs0').split()


def interface(number, rest='', source="<source bridge='ovs0'/>", kind='bridge'):
    port = f"<virtualport type='openvswitch'><parameters interfaceid='{ID}'/></virtualport>" if kind == 'bridge' else ''
    return f"""<interface type='{kind}'><mac address='52:54:00:11:22:{number:02}'/>{source}{rest}{port}
        <ip address='10.9.0.{number}' family='ipv4' prefix='24'/></interface>"""


def start_switch():
    """A switch of this script alone, in user space: its directory is covered by an empty one."""
    os.makedirs(RUN, exist_ok=True)
    subprocess.run(['mount', '-t', 'tmpfs', 'none', RUN], check=True)
    shell = f"""ovsdb-tool create {SCRATCH}/ovs.db /usr/share/openvswitch/vswitch.ovsschema &&
        ovsdb-server {SCRATCH}/ovs.db --remote=punix:{RUN}/db.sock --pidfile={RUN}/1.pid --detach --no-chdir --log-file=/dev/null &&
        ovs-vsctl --no-wait init && ovs-vswitchd --pidfile={RUN}/2.pid --detach --no-chdir --log-file=/dev/null"""
    subprocess.run(['sh', '-c', shell], check=True, stderr=subprocess.DEVNULL)


def stop_switch():
    for name in ('2.pid', '1.pid'):
        with open(os.path.join(RUN, name), encoding='utf-8') as file:
            os.kill(int(file.read()), signal.SIGTERM)
    eventually(lambda: not os.path.exists(f'{RUN}/1.pid'), 'the switch ends')


def unplugged(host):
    dom = host.start('loose', devices="<interface type='null'><ip address='10.9.0.9' family='ipv4' prefix='24'/></interface>")
    shown = inside(host, 'loose', '/bin/ip', 'link', 'show', 'eth0')
    equal(('UP' in shown, 'LOWER_UP' in shown), (True, False), shown)
    name = ET.fromstring(dom.XMLDesc(0)).find('devices/interface/target').get('dev')
    found = device(name)
    equal(('UP' in found['flags'], 'master' in found), (False, False))
    dom.destroy()
    eventually(lambda: device(name) is None, 'it goes with the container')


def without_switch(host):
    """A bridge that is none, and a host that has no Open vSwitch."""
    make_bridge('br0')
    with refused(text="cannot plug the interface 'vnet0' into the Open vSwitch bridge 'br0': .*(no command 'ovs-vsctl'|database connection failed)"):
        host.create('bad', devices=interface(2, source="<source bridge='br0'/>"))
    ip('link', 'del', 'br0')


def plugged(host):
    one = host.start('one', devices=interface(2))
    name = ET.fromstring(one.XMLDesc(0)).find('devices/interface/target').get('dev')
    equal(ports(), [name])
    ids = vsctl('get', 'interface', name, 'external-ids')
    for part in (f'iface-id="{ID}"', 'attached-mac="52:54:00:11:22:02"', f'vm-id="{one.UUIDString()}"', 'iface-status=active'):
        contains(ids, part)
    two = host.start('two', devices=interface(3, "<vlan><tag id='42'/></vlan>"))
    three = host.start('three', devices=interface(4, "<vlan><tag id='42'/></vlan>"))
    assert reaches(host, 'two', '10.9.0.4'), 'in one VLAN they hear each other'
    assert not reaches(host, 'two', '10.9.0.2', seconds=1), 'in two VLANs they do not'
    for dom in (one, two, three):
        dom.destroy()
    equal(ports(), [])
    with refused(text='no bridge named ovs9'):
        host.create('bad', devices=interface(5, source="<source bridge='ovs9'/>"))
    return one


def ends(host, dom):
    dom.create()
    os.kill(host.controller_pid(dom), signal.SIGKILL)
    eventually(lambda: ports() == [], 'a crash unplugs it')
    eventually(lambda: not dom.isActive(), 'the crash is seen')
    with refused(text='^exec: '):
        host.create('bad', devices=interface(5), init='/no/such/init')
    eventually(lambda: ports() == [], 'a start that failed unplugs it')
    dom.create()
    controller = host.controller_pid(dom)
    host.forget_connections()
    host.stop_daemon(signal.SIGKILL)
    os.kill(controller, signal.SIGKILL)
    host.start_daemon()
    eventually(lambda: ports() == [], 'the next daemon unplugs it')


def by_network(host):
    networks = libvirt.open(host.networks.uri())
    net = networks.networkCreateXML(NETWORK)
    dom = host.create('blue', devices=interface(6, source="<source network='switched' portgroup='blue'/>", kind='network'))
    nic = ET.fromstring(dom.XMLDesc(0)).find('devices/interface')
    equal((nic.get('type'), nic.find('virtualport').get('type'), nic.find('vlan/tag').get('id')), ('bridge', 'openvswitch', '42'))
    equal(vsctl('get', 'port', nic.find('target').get('dev'), 'tag'), '42')
    dom.destroy()
    equal((ports(), net.listAllPorts()), ([], []))
    net.destroy()
    networks.close()


with Instance(network=True) as host:
    if host.stock:
        skip('the stock driver wants the switch of the system')
    unplugged(host)
    without_switch(host)
have_switch = all(shutil.which(name) for name in ('ovs-vsctl', 'ovsdb-server', 'ovs-vswitchd'))
if not have_switch:
    skip('Open vSwitch is not installed')
start_switch()
with Instance('switched', network=True) as host:
    try:
        vsctl('add-br', 'ovs0', '--', 'set', 'bridge', 'ovs0', 'datapath_type=netdev')
        ends(host, plugged(host))
        by_network(host)
    finally:
        vsctl('--if-exists', 'del-br', 'ovs0')
        stop_switch()
