#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""A container on a libvirt network of any forward mode is plugged in where the network says, shows it, reaches the host, and gives its port back."""
import shutil
import xml.etree.ElementTree as ET

import libvirt

from harness import Instance, equal, eventually, links, refused, skip
from links import ip, looks, make_bridge, make_card, reaches

MAC = '52:54:00:aa:bb:cc'
OWN = "{forward}<bridge name='virbr9' stp='off'/><ip address='10.66.0.1' netmask='255.255.255.0'/>"
# Forward mode, the rest of the network, the type and the source that a running domain shows.
NETWORKS = (
    ('', OWN, 'network', {'bridge': 'virbr9'}),
    ("<forward mode='nat'/>", OWN, 'network', {'bridge': 'virbr9'}),
    ("<forward mode='route'/>", OWN, 'network', {'bridge': 'virbr9'}),
    ("<forward mode='open'/>", OWN, 'network', {'bridge': 'virbr9'}),
    ("<forward mode='bridge'/>", "{forward}<bridge name='br0'/>", 'bridge', {'bridge': 'br0'}),
    ("<forward mode='bridge'><interface dev='nic0'/></forward>", '{forward}', 'direct', {'dev': 'nic0', 'mode': 'bridge'}),
    ("<forward mode='private'><interface dev='nic0'/></forward>", '{forward}', 'direct', {'dev': 'nic0', 'mode': 'private'}),
    ("<forward mode='vepa'><interface dev='nic0'/></forward>", '{forward}', 'direct', {'dev': 'nic0', 'mode': 'vepa'}),
    ("<forward mode='passthrough'><interface dev='nic0'/></forward>", '{forward}', 'direct', {'dev': 'nic0', 'mode': 'passthrough'}),
)
DEVICE = f"""<interface type='network'><mac address='{MAC}'/><source network='lab'/>{{}}
    <ip address='10.66.0.2' family='ipv4' prefix='24'/></interface>"""


def shown(dom):
    nic = ET.fromstring(dom.XMLDesc(0)).find('devices/interface')
    return nic.get('type'), dict(nic.find('source').attrib)


if not shutil.which('dnsmasq'):
    skip('dnsmasq is not installed')

with Instance(network=True) as host:
    if host.stock:
        skip('the stock daemon forgets what it lent')
    networks = libvirt.open(host.networks.uri())
    make_bridge('br0', '10.66.0.1/24')
    make_card('nic0', 'nic1', '02:00:00:00:00:10', '10.66.0.1/24')
    before = looks('nic0')
    for forward, rest, kind, source in NETWORKS:
        # One network at a time has the address, so that answers find the way back.
        for name in ('br0', 'nic1'):
            ip('addr', 'flush', 'dev', name, 'scope', 'global')
        if kind != 'network':
            ip('addr', 'add', '10.66.0.1/24', 'dev', 'br0' if kind == 'bridge' else 'nic1')
        net = networks.networkCreateXML(f'<network><name>lab</name>{rest.format(forward=forward)}</network>')
        dom = host.start('bb', devices=DEVICE.format(''))
        port = net.listAllPorts()[0].UUIDString()
        wanted = (kind, {'network': 'lab', 'portid': port, **source})
        equal(shown(dom), wanted, forward)
        assert reaches(host, 'bb', '10.66.0.1'), forward
        inactive = ET.fromstring(dom.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)).find('devices/interface')
        equal((inactive.get('type'), inactive.find('source').attrib), ('network', {'network': 'lab'}))
        host.restart_daemon()
        dom = host.conn.lookupByName('bb')
        equal(shown(dom), wanted, 'after a restart')
        dom.destroy()
        dom.undefine()
        equal(net.listAllPorts(), [], forward)
        equal(looks('nic0'), before, forward)
        if kind == 'direct':
            for text in ("<bandwidth><inbound average='1'/></bandwidth>", "<filterref filter='f'/>"):
                with refused('CONFIG_UNSUPPORTED', 'LXC', 'network-ports: '):
                    host.create('bad', devices=DEVICE.format(text))
                equal(net.listAllPorts(), [], 'a port of no use is given back')
        net.destroy()
    eventually(lambda: not any(name.startswith('vnet') for name in links()), 'the links go')
    networks.close()
    ip('link', 'del', 'nic1')
    ip('link', 'del', 'br0')
