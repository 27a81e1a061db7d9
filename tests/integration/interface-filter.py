#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""A network filter guards an interface from its start to its end, over restarts of both daemons, and a container whose filter cannot be had does not start."""
import os
import signal

import libvirt

from harness import Instance, contains, equal, eventually, links, refused, skip
from links import inside, ip, make_bridge, reaches

MAC = '52:54:00:11:22:33'
FILTER = """<filter name='own-address' chain='mac'><rule action='drop' direction='out' priority='500'>
  <mac match='no' srcmacaddr='$MAC'/></rule></filter>"""
GUARDED = f"""<interface type='bridge'><mac address='{MAC}'/><source bridge='br0'/>
  <ip address='10.9.0.2' family='ipv4' prefix='24'/><filterref filter='own-address'><parameter name='IP' value='10.9.0.2'/></filterref></interface>"""


def filters():
    return libvirt.open(host.networks.uri().replace('network+', 'nwfilter+'))


def bindings():
    conn = filters()
    try:
        return {binding.portDev(): binding.filterName() for binding in conn.listAllNWFilterBindings()}
    finally:
        conn.close()


def change_address(mac):
    for words in ('down', f'address {mac}', 'up'):
        inside(host, 'bb', '/bin/ip', 'link', 'set', 'eth0', *words.split())


with Instance(network=True) as host:
    if host.stock:
        skip('the stock daemon is its own filter daemon')
    make_bridge('br0', '10.9.0.1/24')
    conn = filters()
    try:
        conn.nwfilterDefineXML(FILTER)
    except libvirt.libvirtError as error:
        host.networks.stop()
        skip(f'network filters do not work here: {error}')
    with refused('INTERNAL_ERROR', 'NWFILTER', "links: interface 'eth0': cannot apply the filter 'no-such'"):
        host.create('bad', devices=GUARDED.replace('own-address', 'no-such'))
    eventually(lambda: not any(name.startswith('vnet') for name in links()), 'the link goes')

    # It is in force: packets with another address do not leave the container.
    dom = host.start('bb', devices=GUARDED)
    equal(bindings(), {'vnet0': 'own-address'})
    binding = conn.nwfilterBindingLookupByPortDev('vnet0').XMLDesc()
    contains(binding, f"<mac address='{MAC}'/>")
    contains(binding, "<parameter name='IP' value='10.9.0.2'/>")
    contains(binding, f'<uuid>{dom.UUIDString()}</uuid>')
    assert reaches(host, 'bb', '10.9.0.1')
    change_address('52:54:00:11:22:99')
    assert not reaches(host, 'bb', '10.9.0.1', seconds=1)
    change_address(MAC)
    assert reaches(host, 'bb', '10.9.0.1')

    # Both daemons restart, and the filter daemon has forgotten it meanwhile.
    host.restart_daemon()
    dom = host.conn.lookupByName('bb')
    equal(bindings(), {'vnet0': 'own-address'})
    for _ in range(10):  # and end while they are still asking for it
        host.restart_daemon()
    host.forget_connections()
    host.stop_daemon()
    conn.nwfilterBindingLookupByPortDev('vnet0').delete()
    conn.close()
    host.networks.stop()
    host.networks.start()
    host.start_daemon()
    dom = host.conn.lookupByName('bb')
    eventually(lambda: bindings() == {'vnet0': 'own-address'}, 'it is bound again')
    change_address('52:54:00:11:22:99')
    assert not reaches(host, 'bb', '10.9.0.1', seconds=1)
    dom.destroy()
    equal(bindings(), {})

    # What is left of another link of the name is not taken for this one's.
    ip('link', 'add', 'vnet0', 'type', 'veth', 'peer', 'name', 'other0')
    conn = filters()
    conn.nwfilterDefineXML("<filter name='nothing'/>")
    conn.nwfilterBindingCreateXML("<filterbinding><owner><name>x</name><uuid>f69b10e2-c6e3-4b34-96ef-a971b227ff2c</uuid></owner>"
                                  "<portdev name='vnet0'/><mac address='52:54:00:00:00:01'/><filterref filter='nothing'/></filterbinding>")
    ip('link', 'del', 'vnet0')
    dom.create()
    equal(bindings(), {'vnet0': 'own-address'})

    # Ends of other kinds.
    os.kill(host.controller_pid(dom), signal.SIGKILL)
    eventually(lambda: bindings() == {}, 'a crash unbinds it')
    eventually(lambda: not dom.isActive(), 'the crash is seen')
    with refused(text='^exec: '):
        host.create('bad', devices=GUARDED, init='/no/such/init')
    eventually(lambda: bindings() == {}, 'a start that failed unbinds it')

    # Without a filter daemon there is no guarded container; one that runs can be stopped.
    dom.create()
    conn.close()
    host.networks.stop()
    dom.destroy()
    with refused('SYSTEM_ERROR', 'RPC', "cannot apply the filter 'own-address'.*libvirt-sock"):
        dom.create()
    host.networks.start()
    eventually(lambda: not any(name.startswith('vnet') for name in links()), 'the link goes')
    ip('link', 'del', 'br0')
