#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""Networks, pools, node devices, interfaces, secrets and filters work over our connection as if they were ours."""
import os
import signal
import threading
import time

import libvirt

from harness import PATIENCE, STOCK, Instance, contains, equal, eventually, links, refused, skip

if STOCK:
    skip('the stock daemon has nothing to relay')

MEGABYTE = 1 << 20
# An instrumented build keeps what was freed for a while.
MEMORY = (16 if PATIENCE == 1 else 400) * MEGABYTE
NETWORK = """<network><name>relayed</name><bridge name='vlxrelay0'/>
  <ip address='10.251.7.1' netmask='255.255.255.0'/></network>"""


def memory_of(process):
    with open(f'/proc/{process.pid}/status', encoding='utf-8') as file:
        return int(next(line for line in file if line.startswith('VmRSS')).split()[1]) * 1024


def answers_quickly(host):
    start = time.monotonic()
    host.conn.getLibVersion()
    assert time.monotonic() - start < 1


def networks(host):
    conn = host.conn
    seen = []
    number = conn.networkEventRegisterAny(None, libvirt.VIR_NETWORK_EVENT_ID_LIFECYCLE,
                                          lambda c, net, event, detail, o: seen.append((net.name(), event)), None)
    net = conn.networkDefineXML(NETWORK)
    net.create()
    assert 'vlxrelay0' in links()
    net.update(libvirt.VIR_NETWORK_UPDATE_COMMAND_ADD_LAST, libvirt.VIR_NETWORK_SECTION_PORTGROUP, -1,
               "<portgroup name='staff'/>", libvirt.VIR_NETWORK_UPDATE_AFFECT_LIVE)
    contains(net.XMLDesc(), 'staff')
    contains(host.virsh('net-list'), 'relayed')
    equal([n.name() for n in host.connect(readonly=True).listAllNetworks()], ['relayed'])
    net.destroy()
    net.undefine()
    eventually(lambda: len(seen) == 4, 'four events')
    equal(seen, [('relayed', event) for event in (0, 2, 3, 1)])  # defined, started, stopped, undefined
    conn.networkEventDeregisterAny(number)
    with refused('NO_NETWORK', 'NETWORK'):
        conn.networkLookupByName('relayed')


def readonly(host):
    """The read-only socket shows everything and changes nothing."""
    conn = host.connect(readonly=True)
    equal(conn.listAllStoragePools(), [])
    with refused('OPERATION_DENIED'):
        conn.networkDefineXML(NETWORK)
    with refused('OPERATION_DENIED'):
        conn.storagePoolCreateXML('<pool/>')
    contains(host.virsh('nodedev-list', readonly=True), 'computer')


def others(host):
    conn = host.conn
    contains('\n'.join(dev.name() for dev in conn.listAllDevices()), 'computer')
    equal(conn.listAllNWFilters(), [])
    secret = conn.secretDefineXML("<secret ephemeral='yes' private='no'><description>d</description></secret>")
    secret.setValue(b'open sesame')
    equal(secret.value(), b'open sesame')
    secret.undefine()
    host.virsh('iface-list', '--all')
    # Of the hypervisor, though they are called after a node device.
    with refused('NO_SUPPORT'):
        conn.nodeDeviceLookupByName('computer').dettach()


def make_volume(host, name, size):
    pool = host.conn.storagePoolLookupByName('relayed')
    return pool.createXML(f"<volume><name>{name}</name><capacity>{size}</capacity><allocation>0</allocation></volume>")


def volumes(host):
    """What goes up comes down, whole and sparse."""
    given, got = host.path('given'), host.path('got')
    make_volume(host, 'whole', 20 * MEGABYTE)
    with open(given, 'wb') as file:
        file.write(os.urandom(20 * MEGABYTE))
    for extra in ([], ['--sparse']):
        host.virsh('vol-upload', 'whole', given, '--pool', 'relayed', *extra)
        host.virsh('vol-download', 'whole', got, '--pool', 'relayed', *extra)
        assert open(given, 'rb').read() == open(got, 'rb').read()
    with open(given, 'wb') as file:
        file.truncate(20 * MEGABYTE)
        os.pwrite(file.fileno(), b'here', 11 * MEGABYTE)
    make_volume(host, 'holes', 20 * MEGABYTE)
    host.virsh('vol-upload', 'holes', given, '--pool', 'relayed', '--sparse')
    host.virsh('vol-download', 'holes', got, '--pool', 'relayed', '--sparse')
    assert open(given, 'rb').read() == open(got, 'rb').read()
    assert os.stat(got).st_blocks < 1000, 'the hole came through as data'
    with refused('NO_STORAGE_VOL', 'STORAGE'):
        host.conn.storageVolLookupByPath('/nowhere')


def slow_reader(host):
    """A client that does not read its download costs next to nothing and holds up nobody."""
    size = 200 * MEGABYTE
    volume = make_volume(host, 'big', size)
    before = memory_of(host.daemon)
    idle = libvirt.open(host.uri())
    stream = idle.newStream(0)
    idle.storageVolLookupByPath(volume.path()).download(stream, 0, size, 0)
    for _ in range(10):
        answers_quickly(host)
        time.sleep(0.05)
    assert memory_of(host.daemon) - before < MEMORY, 'the download was stored in the daemon'
    left = size
    while left:
        left -= len(stream.recv(MEGABYTE))
    equal(stream.recv(1), b'')
    stream.finish()
    idle.close()


def slow_writer(host):
    """An upload to a daemon that does not read is held back in the client, and goes on when that reads again."""
    size = 100 * MEGABYTE
    volume = make_volume(host, 'slow', size)
    data = os.urandom(MEGABYTE)
    conn = libvirt.open(host.uri())
    stream = conn.newStream(0)
    conn.storageVolLookupByPath(volume.path()).upload(stream, 0, size, 0)

    def send():
        for _ in range(size // MEGABYTE):
            at = 0
            while at < MEGABYTE:
                at += stream.send(data[at:at + 262120])

    before = memory_of(host.daemon)
    os.kill(host.networks.process.pid, signal.SIGSTOP)
    thread = threading.Thread(target=send)
    thread.start()
    for _ in range(10):
        answers_quickly(host)
        time.sleep(0.05)
    grown = memory_of(host.daemon) - before
    os.kill(host.networks.process.pid, signal.SIGCONT)
    thread.join(30)
    assert not thread.is_alive(), 'the upload hangs'
    stream.finish()
    conn.close()
    assert grown < MEMORY, f'{grown} bytes of the upload were stored in the daemon'
    with open(volume.path(), 'rb') as file:
        assert all(file.read(MEGABYTE) == data for _ in range(size // MEGABYTE))


def broken_upstream(host):
    """When the other daemon dies, calls and streams fail, the client stays, and the next one is found again."""
    conn = libvirt.open(host.uri())
    volume = conn.storageVolLookupByPath(host.path('pool/big'))
    stream = conn.newStream(0)
    volume.download(stream, 0, 0, 0)
    stream.recv(1)
    host.networks.process.send_signal(signal.SIGKILL)
    host.networks.stop()
    with refused(text='.'):
        while stream.recv(MEGABYTE):
            pass
    equal(conn.getType(), 'LXC')
    with refused('SYSTEM_ERROR', 'RPC', text='cannot connect to .*: No such file'):
        conn.listAllNetworks()
    equal(conn.isAlive(), 1)
    host.networks.start()
    equal(conn.listAllNetworks(), [])
    conn.close()


with Instance(network=True) as daemon:
    networks(daemon)
    readonly(daemon)
    others(daemon)
    os.mkdir(daemon.path('pool'))
    daemon.conn.storagePoolCreateXML(f"<pool type='dir'><name>relayed</name><target><path>{daemon.path('pool')}</path></target></pool>")
    volumes(daemon)
    slow_reader(daemon)
    slow_writer(daemon)
    broken_upstream(daemon)
