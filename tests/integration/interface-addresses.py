#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""Addresses of a container's interfaces are found in the host's neighbour table and inside; sources that are not there are refused."""
import subprocess

import libvirt

from harness import Instance, equal, eventually, refused

ARP, LEASE, AGENT = (libvirt.VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_ARP, libvirt.VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_LEASE,
                     libvirt.VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT)

with Instance() as host:
    for words in ('link add br0 type bridge', 'addr add 10.9.0.1/24 dev br0', 'link set br0 up'):
        subprocess.run(['ip', *words.split()], check=True)
    dom = host.start('bb', devices="<interface type='bridge'><mac address='52:54:00:11:22:33'/><source bridge='br0'/><ip address='10.9.0.2' prefix='24'/></interface>")
    if not host.stock:  # which cannot read this kernel's table
        host.virsh('lxc-enter-namespace', 'bb', '--noseclabel', '/bin/ping', '-c', '1', '10.9.0.1')
        found = eventually(lambda: dom.interfaceAddresses(ARP), 'the neighbour is known')
        equal([(entry['hwaddr'], entry['addrs'][0]['addr']) for entry in found.values()], [('52:54:00:11:22:33', '10.9.0.2')])
        equal(list(found.values())[0]['addrs'][0]['type'], libvirt.VIR_IP_ADDR_TYPE_IPV4)
    equal(dom.interfaceAddresses(LEASE), {})
    with refused('ARGUMENT_UNSUPPORTED', 'LXC'):
        dom.interfaceAddresses(AGENT if host.stock else 99)
    if not host.stock:  # where nobody would answer; ours looks inside itself
        inside = dom.interfaceAddresses(AGENT)
        equal(sorted(inside), ['eth0', 'lo'])
        equal(inside['eth0']['hwaddr'], '52:54:00:11:22:33')
        equal([(entry['addr'], entry['prefix']) for entry in inside['eth0']['addrs'] if entry['type'] == libvirt.VIR_IP_ADDR_TYPE_IPV4], [('10.9.0.2', 24)])
        # Root inside keeps nobody busy by having very many.
        subprocess.run(['nsenter', '-t', str(host.init_pid(dom)), '-n', 'ip', '-batch', '-'], check=True, text=True,
                       input=''.join(f'addr add 10.8.{number // 256}.{number % 256}/32 dev lo\n' for number in range(2100)))
        with refused('OPERATION_FAILED', 'LXC', 'more than 2048 interfaces'):
            dom.interfaceAddresses(AGENT)
    with refused('OPERATION_DENIED'):
        host.connect(readonly=True).lookupByName('bb').interfaceAddresses(AGENT)
    dom.destroy()
    with refused('OPERATION_INVALID'):
        dom.interfaceAddresses(LEASE)
    subprocess.run(['ip', 'link', 'del', 'br0'], check=True)
