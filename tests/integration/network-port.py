#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""Ports on libvirt networks are made, kept, taken back and released by libvirt's public API, and its errors arrive unchanged."""
import os
import shutil
import subprocess
import sys

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
DIRECT = "<forward mode='bridge'><interface dev='nic0'/></forward>"


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


libvirt.registerErrorHandler(lambda *_: None, None)
if not shutil.which('dnsmasq'):
    skip('dnsmasq is not installed')
room = Room()
os.makedirs(room.path('run/libvirt'), exist_ok=True)
subprocess.run(['ip', 'link', 'add', 'nic0', 'type', 'veth', 'peer', 'name', 'nic1'], check=True)

# Nobody there: the connection's own error.
refused('SYSTEM_ERROR', 'RPC', 'libvirt-sock', 'create', 'lab', '', 'open')

daemon = stock.NetworkDaemon(room)
daemon.start()
try:
    conn = libvirt.open(daemon.uri())
    refused('NO_NETWORK', 'NETWORK', "no network with matching name 'lab'", 'create', 'lab', '', 'open')
    net = conn.networkDefineXML(NETWORK.format('lab', OPEN))
    refused('OPERATION_INVALID', 'NETWORK', 'not active', 'create', 'lab', '', 'open')
    net.create()

    # A port is made, seen by the network daemon with its owner and options, and found again.
    first, bridge, manager, isolated = tool('create', 'lab', 'slow', 'isolated').split()
    equal((bridge, isolated), ('virbr7', 'isolated'))
    equal(ports(), [first])
    xml = net.portLookupByUUIDString(first).XMLDesc()
    for part in ("<name>a&lt;b&gt;&amp;&apos;c&apos;</name>", '<uuid>01020300-0000-0000-0000-000000000000</uuid>',
                 '<group>slow</group>', "<mac address='52:54:00:aa:bb:cc'/>", "<port isolated='yes'/>", "bridge='virbr7'"):
        assert part in xml, f'no {part} in {xml}'

    # It outlives the network daemon's restart, and is taken back when that has forgotten it.
    equal(tool('reclaim', 'lab', first, 'virbr7'), 'done')
    conn.close()
    daemon.stop()
    daemon.start()
    conn = libvirt.open(daemon.uri())
    net = conn.networkLookupByName('lab')
    equal(ports(), [first], 'after a restart')
    net.portLookupByUUIDString(first).delete()
    equal(tool('reclaim', 'lab', first, 'virbr7'), 'done')
    equal(ports(), [first], 'reclaimed')

    # Releasing is final and may be repeated, also when the whole network is gone.
    equal(tool('release', 'lab', first), 'done')
    equal(ports(), [])
    equal(tool('release', 'lab', first), 'done')
    equal(tool('release', 'no-such-network', first), 'done')

    # What the network says counts; what cannot be used is refused by name and its port given back.
    apart = conn.networkCreateXML(NETWORK.format('apart', APART))
    equal(tool('create', 'apart', '', 'open').split()[1:], ['virbr8', manager, 'isolated'])
    bridged = conn.networkCreateXML(NETWORK.format('bridged', BRIDGED))
    equal(tool('create', 'bridged', '', 'open').split()[1], 'br7')
    direct = conn.networkCreateXML(NETWORK.format('direct', DIRECT))
    refused('CONFIG_UNSUPPORTED', 'LXC', "'direct' connects interfaces by 'direct'", 'create', 'direct', '', 'open')
    equal(direct.listAllPorts(), [])

    # Leases: none yet, then the pinned one, with the index of the query it answers.
    equal(tool('leases', 'lab', 'apart'), '')
    refused('NO_NETWORK', 'NETWORK', 'nowhere', 'leases', 'lab', 'nowhere')
    for words in ('link add guest0 address 52:54:00:aa:bb:cc type veth peer name guest1', 'link set guest1 master virbr7 up', 'link set guest0 up'):
        subprocess.run(['ip', *words.split()], check=True)
    subprocess.run(['busybox', 'udhcpc', '-i', 'guest0', '-n', '-q', '-f', '-s', '/bin/true'], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    equal(tool('leases', 'apart', 'lab'), '1 10.67.0.15/24 pinned')

    for network in (net, apart, bridged, direct):
        network.destroy()
    conn.close()
finally:
    daemon.stop()
