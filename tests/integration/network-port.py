#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""Ports on libvirt networks are made, kept, taken back and released by libvirt's public API, and its errors arrive unchanged."""
import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET

import sandbox
from sandbox import skip

SCRATCH = sandbox.enter()

import libvirt

import stock

TOOL = os.path.join(os.environ['VIRTLXCD_BUILD'], 'tests/integration/network-port-tool')
NETWORK = """<network><name>{0}</name>{1}</network>"""
OPEN = """<bridge name='virbr7' stp='off'/><ip address='10.67.0.1' netmask='255.255.255.0'><dhcp>
  <range start='10.67.0.10' end='10.67.0.20'/><host mac='52:54:00:aa:bb:cc' name='pinned' ip='10.67.0.15'/></dhcp></ip>
  <portgroup name='slow'/>"""
APART = "<bridge name='virbr8' stp='off'/><port isolated='yes'/>"
BRIDGED = "<forward mode='bridge'/><bridge name='br7'/>"
DIRECT = "<forward mode='private'><interface dev='nic0'/></forward>"
LIMITED = """<forward mode='bridge'/><bridge name='br7'/><portgroup name='slow'><bandwidth>
  <inbound average='1000' peak='2000' burst='64'/><outbound average='100'/></bandwidth></portgroup>"""
SWITCHED = """<forward mode='bridge'/><bridge name='ovs0'/><virtualport type='openvswitch'/><portgroup name='blue'>
  <vlan trunk='yes'><tag id='42' nativeMode='untagged'/><tag id='47'/></vlan></portgroup>"""
MAC = '52:54:00:aa:bb:cc'


class Room:
    """What stock.NetworkDaemon wants of a host."""

    def path(self, below):
        return os.path.join(SCRATCH, below)


def tool(*words, failing=False, run_dir=None):
    done = subprocess.run([TOOL, run_dir or room.path('run/libvirt'), *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert done.returncode == (1 if failing else 0), f'{words}: {done}'
    assert not done.stderr, f'{words}: the library reports to standard error: {done.stderr}'
    return done.stdout.strip()


def refused(code, domain, text, *words, **more):
    _, got_domain, got_code, message = tool(*words, failing=True, **more).split(' ', 3)
    want = (getattr(libvirt, 'VIR_ERR_' + code), getattr(libvirt, 'VIR_FROM_' + domain))
    assert (int(got_code), int(got_domain)) == want, f'{got_domain} {got_code} {message}, wanted {want}'
    assert text in message, message


def equal(got, wanted, what=''):
    assert got == wanted, f'{what}: got {got!r}, wanted {wanted!r}'


def ports():
    return [port.UUIDString() for port in net.listAllPorts()]


def nic(network, rest='', **source):
    words = ' '.join(f"{name}='{value}'" for name, value in source.items())
    return f"<interface type='network'><mac address='{MAC}'/><source network='{network}' {words}/>{rest}</interface>"


def create(*words, **source):
    """The live interface with what the network said."""
    shown = ET.fromstring(tool('create', nic(*words, **source))).find('devices/interface')
    return shown, shown.find('source').attrib


libvirt.registerErrorHandler(lambda *_: None, None)
if not shutil.which('dnsmasq'):
    skip('dnsmasq is not installed')
room = Room()
os.makedirs(room.path('run/libvirt'), exist_ok=True)
subprocess.run(['ip', 'link', 'add', 'nic0', 'type', 'veth', 'peer', 'name', 'nic1'], check=True)

# Nobody there: the connection's own error.
refused('SYSTEM_ERROR', 'RPC', 'libvirt-sock', 'create', nic('lab'))

daemon = stock.NetworkDaemon(room)
daemon.start()
try:
    conn = libvirt.open(daemon.uri())
    refused('NO_NETWORK', 'NETWORK', "no network with matching name 'lab'", 'create', nic('lab'))
    net = conn.networkDefineXML(NETWORK.format('lab', OPEN))
    refused('OPERATION_INVALID', 'NETWORK', 'not active', 'create', nic('lab'))
    net.create()

    # A port is made, seen by the network daemon with its owner and options, and found again.
    shown, source = create('lab', "<port isolated='yes'/>", portgroup='slow')
    first = source['portid']
    equal((shown.get('type'), source['bridge']), ('network', 'virbr7'))
    equal(shown.find('port').get('isolated'), 'yes')
    equal(ports(), [first])
    xml = net.portLookupByUUIDString(first).XMLDesc()
    for part in ("<name>a&lt;b&gt;&amp;&apos;c&apos;</name>", '<uuid>01020300-0000-0000-0000-000000000000</uuid>',
                 '<group>slow</group>', f"<mac address='{MAC}'/>", "<port isolated='yes'/>", "bridge='virbr7'"):
        assert part in xml, f'no {part} in {xml}'

    # It outlives the network daemon's restart, and is taken back when that has forgotten it.
    equal(tool('reclaim', nic('lab', portid=first, bridge='virbr7')), 'done')
    conn.close()
    daemon.stop()
    daemon.start()
    conn = libvirt.open(daemon.uri())
    net = conn.networkLookupByName('lab')
    equal(ports(), [first], 'after a restart')
    net.portLookupByUUIDString(first).delete()
    equal(tool('reclaim', nic('lab', portid=first, bridge='virbr7')), 'done')
    equal(ports(), [first], 'reclaimed')

    # Releasing is final and may be repeated, also when the whole network is gone.
    equal(tool('release', 'lab', first), 'done')
    equal(ports(), [])
    equal(tool('release', 'lab', first), 'done')
    equal(tool('release', 'no-such-network', first), 'done')

    # What the network says counts.
    made = [net]
    for name, text in (('apart', APART), ('bridged', BRIDGED), ('direct', DIRECT), ('limited', LIMITED), ('switched', SWITCHED)):
        made.append(conn.networkCreateXML(NETWORK.format(name, text)))
    equal(create('apart')[0].find('port').get('isolated'), 'yes')
    shown, source = create('bridged')
    equal((shown.get('type'), source['bridge']), ('bridge', 'br7'))
    shown, source = create('direct')
    equal((shown.get('type'), source['dev'], source['mode'], 'bridge' in source), ('direct', 'nic0', 'private', False))
    shown, source = create('limited', portgroup='slow')
    equal(shown.find('bandwidth/inbound').attrib, {'average': '1000', 'peak': '2000', 'burst': '64'})
    equal(shown.find('bandwidth/outbound').attrib, {'average': '100'})
    shown, source = create('limited', "<bandwidth><inbound average='5'/></bandwidth>", portgroup='slow')
    equal(shown.find('bandwidth/inbound').attrib, {'average': '5'}, "the interface's own limit")
    shown, source = create('switched', portgroup='blue')
    equal(shown.find('virtualport').get('type'), 'openvswitch')
    assert shown.find('virtualport/parameters').get('interfaceid'), ET.tostring(shown)
    equal([tag.attrib for tag in shown.findall('vlan/tag')], [{'id': '42', 'nativeMode': 'untagged'}, {'id': '47'}])

    # A network daemon that has forgotten such a port takes it back as it was.
    for network, rest, group in (('direct', '', {}), ('limited', '', {'portgroup': 'slow'}), ('switched', '', {'portgroup': 'blue'})):
        shown, source = create(network, rest, **group)
        port = conn.networkLookupByName(network).portLookupByUUIDString(source['portid'])
        before = port.XMLDesc()
        port.delete()
        equal(tool('reclaim', ET.tostring(shown, encoding='unicode')), 'done')
        equal(conn.networkLookupByName(network).portLookupByUUIDString(source['portid']).XMLDesc(), before)

    # Leases: none yet, then the pinned one, with the index of the query it answers.
    equal(tool('leases', 'lab', 'apart'), '')
    refused('NO_NETWORK', 'NETWORK', 'nowhere', 'leases', 'lab', 'nowhere')
    for words in ('link add guest0 address 52:54:00:aa:bb:cc type veth peer name guest1', 'link set guest1 master virbr7 up', 'link set guest0 up'):
        subprocess.run(['ip', *words.split()], check=True)
    subprocess.run(['busybox', 'udhcpc', '-i', 'guest0', '-n', '-q', '-f', '-s', '/bin/true'], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    # The server has answered before it has written it down.
    stock.eventually(lambda: tool('leases', 'apart', 'lab') == '1 10.67.0.15/24 pinned', 'the lease is there')

    for network in made:
        network.destroy()
    conn.close()
finally:
    daemon.stop()
