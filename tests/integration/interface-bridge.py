#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""Interfaces on a bridge and on their own have the name, address, route and state that the definition says, and go with the container."""
import subprocess
import xml.etree.ElementTree as ET

from harness import Instance, contains, equal, eventually, links, refused


def ip(*words, check=True):
    return subprocess.run(['ip', *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=check).stdout


with Instance() as host:
    ip('link', 'add', 'br0', 'type', 'bridge')
    ip('addr', 'add', '10.9.0.1/24', 'dev', 'br0')
    ip('link', 'set', 'br0', 'up')
    before = links()
    devices = """
        <interface type='bridge'><mac address='52:54:00:11:22:33'/><source bridge='br0'/>
          <ip address='10.9.0.2' family='ipv4' prefix='24'/><ip address='fd00:9::2' family='ipv6' prefix='64'/>
          <route address='0.0.0.0' prefix='0' gateway='10.9.0.1'/></interface>
        <interface type='bridge'><source bridge='br0'/><target dev='named0'/><guest dev='lan'/></interface>
        <interface type='bridge'><source bridge='br0'/><link state='up'/></interface>
        <interface type='ethernet'><source><ip address='10.8.0.1' family='ipv4' prefix='30'/></source>
          <ip address='10.8.0.2' family='ipv4' prefix='30'/></interface>"""
    dom = host.start('bb', devices=devices)

    def inside(*words):
        return host.virsh('lxc-enter-namespace', 'bb', '--noseclabel', *words)

    shown = inside('/bin/ip', 'addr')
    contains(shown, 'link/ether 52:54:00:11:22:33')
    contains(shown, 'inet 10.9.0.2/24')
    contains(shown, 'inet6 fd00:9::2/64')
    names = [line.split(': ')[1].split('@')[0] for line in shown.splitlines() if line[0].isdigit()]
    equal(sorted(names), ['eth0', 'eth1', 'eth2', 'lan', 'lo'])
    state = {line.split(': ')[1].split('@')[0]: line for line in shown.splitlines() if line[0].isdigit()}
    for name, up in (('lo', True), ('eth0', True), ('lan', False), ('eth1', True), ('eth2', True)):
        equal('UP' in state[name].split('<')[1].split('>')[0].split(','), up, state[name])
    contains(inside('/bin/ip', 'route'), 'default via 10.9.0.1 dev eth0')
    contains(inside('/bin/ping', '-c', '1', '-W', '5', '10.9.0.1'), '1 packets received')
    contains(inside('/bin/ping', '-c', '1', '-W', '5', '10.8.0.1'), '1 packets received')

    # The host's side is what the live XML shows.
    live = ET.fromstring(dom.XMLDesc(0)).findall('devices/interface')
    hosts = [nic.find('target').get('dev') for nic in live]
    equal(hosts[1], 'named0')
    equal([name for name in hosts if name not in links()], [])
    equal([nic.find('guest').get('dev') for nic in live], ['eth0', 'lan', 'eth1', 'eth2'])
    for name in hosts[:3]:
        contains(ip('-o', 'link', 'show', name), 'master br0')
    equal(len(links() - before), 4)
    inactive = ET.fromstring(dom.XMLDesc(2)).findall('devices/interface')
    equal([nic.find('target') is not None for nic in inactive], [False, True, False, False])

    dom.destroy()
    eventually(lambda: links() == before, 'the links go')

    if not host.stock:  # which forgets the first link
        # A bridge that is not there fails the start by name and leaves nothing.
        bad = host.define('bad', devices="<interface type='bridge'><source bridge='br0'/></interface><interface type='bridge'><source bridge='nobr'/></interface>")
        with refused(text='nobr'):
            bad.create()
        eventually(lambda: links() == before, 'the links go')
        equal(bad.isActive(), 0)
    ip('link', 'del', 'br0')
