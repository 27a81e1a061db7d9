#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""An interface on a libvirt network gets a port, an address by DHCP and a lease, keeps the port across restarts, and gives it back."""
import os
import shutil
import xml.etree.ElementTree as ET

import libvirt

from harness import Instance, contains, equal, eventually, refused, skip

NETWORK = """<network><name>lab</name><bridge name='virbr9' stp='off'/>
  <ip address='10.66.0.1' netmask='255.255.255.0'><dhcp><range start='10.66.0.10' end='10.66.0.20'/></dhcp></ip></network>"""
DEVICE = "<interface type='network'><mac address='52:54:00:aa:bb:cc'/><source network='lab'/><link state='up'/></interface>"
SCRIPT = """#!/bin/sh
[ "$1" = bound ] && ip addr add $ip/24 dev $interface
exit 0
"""

if not shutil.which('dnsmasq'):
    skip('dnsmasq is not installed')

with Instance(network=True) as host:
    if host.stock:
        networks = host.conn
    else:
        networks = libvirt.open(host.networks.uri())
    script = os.path.join(host.tree(), 'lease.sh')
    with open(script, 'w', encoding='utf-8') as file:
        file.write(SCRIPT)
    os.chmod(script, 0o755)
    bad = host.define('bad', devices=DEVICE)
    with refused('NO_NETWORK', 'NETWORK'):
        bad.create()
    net = networks.networkDefineXML(NETWORK)
    with refused('OPERATION_INVALID', 'NETWORK'):
        bad.create()
    net.create()
    bad.undefine()

    dom = host.start('bb', devices=DEVICE)
    nic = ET.fromstring(dom.XMLDesc(0)).find('devices/interface')
    equal((nic.get('type'), nic.find('source').get('network'), nic.find('source').get('bridge')), ('network', 'lab', 'virbr9'))
    port = nic.find('source').get('portid')
    equal([p.UUIDString() for p in net.listAllPorts()], [port])
    got = host.virsh('lxc-enter-namespace', 'bb', '--noseclabel', '/bin/udhcpc', '-i', 'eth0', '-n', '-q', '-f', '-s', '/lease.sh', check=False)
    contains(got.stdout, 'lease of 10.66.0.')
    source = libvirt.VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_LEASE  # the network daemon hears of it a little later
    leases = eventually(lambda: dom.interfaceAddresses(source), 'the lease is known')
    equal([entry['hwaddr'] for entry in leases.values()], ['52:54:00:aa:bb:cc'])

    host.restart_daemon()
    dom = host.conn.lookupByName('bb')
    if host.stock:
        net = host.conn.networkLookupByName('lab')
    equal([p.UUIDString() for p in net.listAllPorts()], [port], 'the port after our restart')
    nic = ET.fromstring(dom.XMLDesc(0)).find('devices/interface')
    equal(nic.find('source').get('portid'), port)
    dom.destroy()
    equal(net.listAllPorts(), [])
    net.destroy()
    net.undefine()
    if not host.stock:
        networks.close()
