#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""A connection tells who it is, what the host has, and survives every question of the connection group."""
import os
import xml.etree.ElementTree as ET

import libvirt

from harness import Instance, contains, equal, refused

with Instance() as host:
    conn = host.conn
    equal(conn.getType(), 'LXC')
    contains(conn.getURI(), '///system')  # the client's own; the daemon is asked by the URI-less only
    numbers = [int(word) for word in os.uname().release.split('-')[0].split('.')]
    equal(conn.getVersion(), numbers[0] * 1000000 + numbers[1] * 1000 + numbers[2])
    assert conn.getLibVersion() >= 9000000
    assert os.uname().nodename.split('.')[0] in conn.getHostname()
    equal((conn.isSecure(), conn.isEncrypted(), conn.isAlive()), (1, 0, 1))

    capabilities = ET.fromstring(conn.getCapabilities())
    equal(capabilities.tag, 'capabilities')
    equal(capabilities.findtext('host/cpu/arch'), os.uname().machine)
    equal([guest.findtext('os_type') for guest in capabilities.findall('guest')][0], 'exe')
    assert capabilities.find(f"guest/arch[@name='{os.uname().machine}']/domain[@type='lxc']") is not None
    assert capabilities.find('host/uuid') is not None
    assert capabilities.find('host/topology/cells/cell/cpus/cpu') is not None

    model, memory, cpus, mhz, nodes, sockets, cores, threads = conn.getInfo()
    equal(model, os.uname().machine)
    # The binding gives MiB; what the kernel reserves for itself differs by a little.
    total = os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') // 1048576
    if not host.stock:  # which reads sysfs, where this machine's differs
        assert abs(memory - total) <= total // 50, (memory, total)
    equal(cpus, os.cpu_count())
    assert nodes >= 1 and sockets >= 1 and cores >= 1 and threads >= 1 and mhz >= 0

    equal(sorted(conn.getCPUStats(libvirt.VIR_NODE_CPU_STATS_ALL_CPUS)), ['idle', 'iowait', 'kernel', 'user'])
    equal(sorted(conn.getCPUStats(0)), ['idle', 'iowait', 'kernel', 'user'])
    with refused('INVALID_ARG'):
        conn.getCPUStats(100000)
    with refused('INVALID_ARG'):
        conn.getCPUStats(-2)
    stats = conn.getMemoryStats(libvirt.VIR_NODE_MEMORY_STATS_ALL_CELLS)
    equal(sorted(stats), ['buffers', 'cached', 'free', 'total'])
    assert stats['free'] < stats['total']
    assert 0 < conn.getFreeMemory() <= memory * 1048576
    assert conn.getCellsFreeMemory(0, 1)[0] > 0
    with refused('INTERNAL_ERROR'):
        conn.getCellsFreeMemory(1000, 1)
    count, bits, online = conn.getCPUMap()
    equal(sum(bits[:count]), online)
    equal(online, len(os.sched_getaffinity(0)) if online < count else count)
    label = conn.getSecurityModel()
    assert label[0] in ('none', 'selinux', 'apparmor'), label

    # What no container host can do is refused by name, not ignored.
    with refused('NO_SUPPORT', text='virConnectGetCPUModelNames|getCPUModelNames|'):
        conn.getCPUModelNames('x86_64')

    closed = []
    conn.registerCloseCallback(lambda c, reason, opaque: closed.append(reason), None)
    conn.unregisterCloseCallback()
    contains(host.virsh('uri'), '///system')
    contains(host.virsh('nodeinfo'), os.uname().machine)
    contains(host.virsh('version', '--daemon'), 'LXC')
    for uri in ('', '/', '/system'):
        libvirt.open(f'lxc+unix://{uri}?socket={host.socket()}').close()
    with refused('INTERNAL_ERROR'):
        libvirt.open(f'lxc+unix:///session?socket={host.socket()}')
