#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""Containers on one bridge reach each other, isolated ones only the host, one with its link down nobody; counters and addresses tell."""
import subprocess

import libvirt

from harness import Instance, contains, equal, eventually


def nic(last, extra=''):
    return (f"<interface type='bridge'><mac address='52:54:00:00:00:{last:02x}'/><source bridge='br0'/>{extra}"
            f"<ip address='10.9.0.{last}' prefix='24'/></interface>")


def ping(name, last):
    """Whether the container gets an answer from 10.9.0.LAST."""
    done = host.virsh('lxc-enter-namespace', name, '--noseclabel', '/bin/ping', '-c', '3', '-i', '0.05', '-W', '1', '-A', f'10.9.0.{last}', check=False)
    return ' 0% packet loss' in done.stdout


with Instance() as host:
    for words in ('link add br0 type bridge', 'addr add 10.9.0.1/24 dev br0', 'link set br0 up'):
        subprocess.run(['ip', *words.split()], check=True)
    isolated = '' if host.stock else "<port isolated='yes'/>"  # which fails to set it
    one = host.start('one', devices=nic(11))
    host.start('two', devices=nic(12))
    host.start('three', devices=nic(13, isolated))
    host.start('four', devices=nic(14, isolated))
    host.start('five', devices=nic(15, "<link state='down'/>"))
    equal([ping('one', 12), ping('two', 11), ping('one', 1)], [True] * 3, 'open ports')
    equal([ping('three', 1), ping('three', 11)], [True] * 2, 'an isolated port reaches open ones')
    if not host.stock:
        equal(ping('three', 14), False, 'an isolated port reaches another')
    if not host.stock:  # which takes a link that is down for one that is up
        equal(ping('five', 1), False, 'a link that is down')
        contains(host.virsh('lxc-enter-namespace', 'five', '--noseclabel', '/bin/ip', 'link', 'show', 'eth0'), 'NO-CARRIER')

    # All of them seen from outside and from inside.
    if not host.stock:  # which can neither read this kernel's table nor look inside
        found = eventually(lambda: one.interfaceAddresses(libvirt.VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_ARP), 'the neighbour is known')
        equal([entry['addrs'][0]['addr'] for entry in found.values()], ['10.9.0.11'])
        inside = one.interfaceAddresses(libvirt.VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT)
        equal(inside['eth0']['hwaddr'], '52:54:00:00:00:0b')
        contains([(entry['addr'], entry['prefix']) for entry in inside['eth0']['addrs']], ('10.9.0.11', 24))
        equal(inside['lo']['addrs'][0]['addr'], '127.0.0.1')
    for name in ('one', 'two', 'three', 'four', 'five'):
        host.conn.lookupByName(name).destroy()
    subprocess.run(['ip', 'link', 'del', 'br0'], check=True)
