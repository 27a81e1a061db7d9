#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""Ports on libvirt networks are claimed again after both daemons restart, and given back by failed starts, by the end of init and by crashes."""
import contextlib
import os
import select
import shutil
import signal
import threading
import xml.etree.ElementTree as ET

import libvirt

from harness import Instance, equal, eventually, refused, skip

NETWORK = """<network><name>lab</name><bridge name='virbr9' stp='off'/><ip address='10.66.0.1' netmask='255.255.255.0'/>
  <portgroup name='fast'/></network>"""
LAN = "<interface type='network'><source network='lab'/></interface>"
FAST = "<interface type='network'><source network='lab' portgroup='fast'/></interface>"
NOWHERE = "<interface type='network'><source network='nowhere'/></interface>"
NO_BRIDGE = "<interface type='bridge'><source bridge='nobr'/></interface>"

if not shutil.which('dnsmasq'):
    skip('dnsmasq is not installed')


def ports():
    conn = libvirt.open(host.networks.uri())
    try:
        return sorted(port.UUIDString() for port in conn.networkLookupByName('lab').listAllPorts())
    finally:
        conn.close()


def shown(dom):
    return sorted(source.get('portid') for source in ET.fromstring(dom.XMLDesc(0)).findall('devices/interface/source'))


with Instance(network=True) as host:
    if host.stock:
        skip('the stock daemon is its own network daemon')
    networks = libvirt.open(host.networks.uri())
    net = networks.networkCreateXML(NETWORK)

    # A start that fails, early or late, leaves no port.
    for bad in (LAN + NOWHERE, LAN + NO_BRIDGE):
        with refused():
            host.create('bad', devices=bad)
        eventually(lambda: ports() == [], 'the port goes')

    dom = host.start('bb', devices=LAN + FAST)
    kept = ports()
    equal((len(kept), shown(dom)), (2, kept))
    groups = [ET.fromstring(port.XMLDesc()).findtext('group') for port in net.listAllPorts()]
    equal(sorted(group or '' for group in groups), ['', 'fast'])

    # Both daemons restart, and the network daemon has forgotten one port meanwhile.
    host.forget_connections()
    host.stop_daemon()
    net.portLookupByUUIDString(kept[0]).delete()
    networks.close()
    host.networks.stop()
    host.networks.start()
    host.start_daemon()
    dom = host.conn.lookupByName('bb')
    eventually(lambda: ports() == kept, 'both ports are claimed again')
    equal(shown(dom), kept)

    # The network daemon alone is away while the container stops: the stop succeeds all the same.
    host.networks.stop()
    dom.destroy()
    host.networks.start()
    for port in ports():
        conn = libvirt.open(host.networks.uri())
        conn.networkLookupByName('lab').portLookupByUUIDString(port).delete()
        conn.close()

    # Init ends by itself; the controller is killed: the ports come back.
    dom = host.create('ends', args=['exit', '0'], devices=LAN)
    eventually(lambda: ports() == [], 'the port of a container that ended')
    dom = host.start('crashes', devices=LAN)
    equal(len(ports()), 1)
    os.kill(host.controller_pid(dom), signal.SIGKILL)
    eventually(lambda: not dom.isActive(), 'the crash is seen')
    eventually(lambda: ports() == [], 'the port of a container that crashed')

    # Our daemon is killed somewhere in a start: the next one knows of every port.
    def attempt():
        with contextlib.suppress(libvirt.libvirtError):  # a connection that the script does not go on with
            libvirt.open(host.uri()).lookupByName('bb').create()

    for moment in range(8):
        starter = threading.Thread(target=attempt)
        starter.start()
        select.select([], [], [], 0.002 * moment)
        host.restart_daemon(signal.SIGKILL)
        starter.join()
        for dom in host.conn.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE):
            equal(len(ports()), 2)
            dom.destroy()
        eventually(lambda: ports() == [], f'the ports of a start that was cut short after {2 * moment} ms')

    networks = libvirt.open(host.networks.uri())
    networks.networkLookupByName('lab').destroy()
    networks.close()
