#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""A limit of bandwidth holds as the container sees it, inbound and outbound, in the definition or in the network's group of ports, and leaves nothing on the host."""
import os
import shutil
import signal
import socket
import subprocess
import time
import xml.etree.ElementTree as ET

import libvirt

from harness import Instance, equal, eventually, links, refused, skip
from links import ip, make_bridge, reaches

KILOBYTES = 600
LIMIT = 300  # kilobytes a second
NETWORK = """<network><name>lab</name><forward mode='bridge'/><bridge name='br0'/>
  <portgroup name='slow'><bandwidth><outbound average='{}'/></bandwidth></portgroup></network>"""


def interface(source, limits='', kind='bridge', number=2):
    return f"""<interface type='{kind}'><mac address='52:54:00:11:22:{number:02}'/><source {source}/>{limits}
        <ip address='10.9.0.{number}' family='ipv4' prefix='24'/></interface>"""


def queues():
    return {name for name in links() if name.startswith('ifb5254')}


def command(host, name, text):
    return ['virsh', '-q', '-c', host.uri(), 'lxc-enter-namespace', name, '--noseclabel', '/bin/sh', '-c', text]


def sent_by(host, name):
    """Seconds until the host has all that the container sends."""
    with socket.create_server(('10.9.0.1', 7777)) as listener:
        sender = subprocess.Popen(command(host, name, f'dd if=/dev/zero bs=1000 count={KILOBYTES} 2>/dev/null | nc 10.9.0.1 7777'),
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        peer, _ = listener.accept()
        begun, size = time.monotonic(), 0
        with peer:
            while part := peer.recv(65536):
                size += len(part)
        seconds = time.monotonic() - begun
        sender.wait()
    equal(size, KILOBYTES * 1000)
    return seconds


def received_by(host, name):
    """Seconds until the container has all that the host sends."""
    receiver = subprocess.Popen(command(host, name, 'nc -l -p 7778 | wc -c'), stdout=subprocess.PIPE, text=True)
    sock = eventually(lambda: connected(f'10.9.0.2', 7778), 'the container listens')
    begun = time.monotonic()
    with sock:
        sock.sendall(bytes(KILOBYTES * 1000))
        sock.shutdown(socket.SHUT_WR)
        got = int(receiver.communicate()[0])
    equal(got, KILOBYTES * 1000)
    return time.monotonic() - begun


def connected(address, port):
    sock = socket.socket()
    try:
        sock.connect((address, port))
        return sock
    except OSError:
        sock.close()
        return None


def check(host, inbound, outbound):
    """What is limited takes at least nearly as long as the limit says; the rest much less."""
    at_least = 0.7 * KILOBYTES / LIMIT
    assert reaches(host, 'bb', '10.9.0.1')
    for limited, seconds in ((outbound, sent_by(host, 'bb')), (inbound, received_by(host, 'bb'))):
        print('limited' if limited else 'free', round(seconds, 2), 's')
        assert (seconds > at_least) == limited, f'{seconds} s, at least {at_least} s with the limit'


with Instance(network=True) as host:
    if host.stock:
        skip('the stock driver needs parts of the kernel that are not always there')
    make_bridge('br0', '10.9.0.1/24')
    for limits, inbound, outbound in ((f"<bandwidth><inbound average='{LIMIT}'/></bandwidth>", True, False),
                                      (f"<bandwidth><outbound average='{LIMIT}'/></bandwidth>", False, True)):
        dom = host.start('bb', devices=interface("bridge='br0'", limits))
        check(host, inbound, outbound)
        dom.destroy()
        dom.undefine()
        equal(queues(), set())

    # What is made for a limit survives a restart of the daemon, and goes after crashes of all.
    dom = host.start('bb', devices=interface("bridge='br0'", limits))
    equal(len(queues()), 1)
    host.restart_daemon()
    dom = host.conn.lookupByName('bb')
    dom.destroy()
    equal(queues(), set())
    dom.create()
    os.kill(host.controller_pid(dom), signal.SIGKILL)
    eventually(lambda: not queues(), 'the queue goes after a crash of the controller')
    eventually(lambda: not dom.isActive(), 'the crash is seen')
    dom.create()
    controller = host.controller_pid(dom)
    host.forget_connections()
    host.stop_daemon(signal.SIGKILL)
    os.kill(controller, signal.SIGKILL)
    host.start_daemon()
    eventually(lambda: not queues(), 'the queue goes with the next daemon')
    dom = host.conn.lookupByName('bb')
    dom.undefine()

    # The limit of a group of ports is shown and holds; a floor is the network's, and has to have a network.
    networks = libvirt.open(host.networks.uri())
    net = networks.networkCreateXML(NETWORK.format(LIMIT))
    dom = host.start('bb', devices=interface("network='lab' portgroup='slow'", kind='network'))
    nic = ET.fromstring(dom.XMLDesc(0)).find('devices/interface')
    equal(nic.find('bandwidth/outbound').get('average'), str(LIMIT))
    check(host, False, True)
    dom.destroy()
    equal(queues(), set())
    with refused('CONFIG_UNSUPPORTED'):
        host.define('floor', devices=interface("bridge='br0'", "<bandwidth><inbound average='9' floor='9'/></bandwidth>"))
    with refused():
        host.create('floor', devices=interface("network='lab'", "<bandwidth><inbound average='9' floor='9'/></bandwidth>", kind='network'))
    equal(net.listAllPorts(), [])
    net.destroy()
    networks.close()
    ip('link', 'del', 'br0')
