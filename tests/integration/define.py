#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""A definition is kept on disk before its define succeeds, is replaced, refused when it clashes, and goes with undefine."""
import os
import select
import signal
import threading
import xml.etree.ElementTree as ET

import libvirt

from harness import Events, Instance, contains, equal, refused

A = '6b0b0a1c-7a2e-4d0e-9a70-2f3dc3a5a00a'
B = '6b0b0a1c-7a2e-4d0e-9a70-2f3dc3a5a00b'

with Instance() as host:
    conn = host.conn
    events = Events(conn)
    file = host.path('etc/libvirt/lxc/bb.xml')
    dom = host.define('bb', uuid=A)
    with open(file, encoding='utf-8') as text:
        contains(text.read(), A)
    events.wait('lifecycle', 'bb', libvirt.VIR_DOMAIN_EVENT_DEFINED, libvirt.VIR_DOMAIN_EVENT_DEFINED_ADDED)

    # What comes back can be defined again and comes back the same.
    first = dom.XMLDesc(0)
    equal(conn.defineXML(first).XMLDesc(0), first)
    events.wait('lifecycle', 'bb', libvirt.VIR_DOMAIN_EVENT_DEFINED, libvirt.VIR_DOMAIN_EVENT_DEFINED_UPDATED)
    root = ET.fromstring(first)
    equal(root.get('type'), 'lxc')
    equal([root.findtext(word) for word in ('name', 'uuid', 'memory', 'currentMemory', 'vcpu')], ['bb', A, '65536', '65536', '1'])
    equal([root.findtext('on_' + word) for word in ('poweroff', 'reboot', 'crash')], ['destroy', 'restart', 'destroy'])
    equal([child.tag for child in root.find('devices')], ['emulator', 'filesystem', 'console'])

    with refused('OPERATION_FAILED', 'DOMAIN'):
        host.define('bb', uuid=B)
    with refused('OPERATION_FAILED', 'DOMAIN'):
        host.define('other', uuid=A)
    for bad, code, domain in (('', 'NO_NAME', 'DOMAIN'), ('a/b', 'XML_ERROR', 'DOMAIN'), ('a\nb', 'XML_DETAIL', 'XML|DOMAIN')):
        with refused(code, domain):
            host.define(bad)
    with refused('XML_DETAIL', 'DOMAIN'):
        conn.defineXML('<domain type="lxc"><name>x</name>')
    with refused('XML_ERROR', 'XML'):
        conn.defineXML('<network><name>x</name></network>')
    with refused('XML_ERROR', 'DOMAIN'):
        conn.defineXML("<domain type='lxc'><name>x</name><memory>1</memory><os><type>exe</type></os></domain>")
    with refused('XML_INVALID_SCHEMA', 'XML'):
        conn.defineXMLFlags(host.xml('bb', extra='<nonsense/>'), libvirt.VIR_DOMAIN_DEFINE_VALIDATE)
    with refused('INVALID_ARG', 'LXC'):
        conn.defineXMLFlags(host.xml('bb'), 1 << 10)
    equal([d.name() for d in conn.listAllDomains()], ['bb'])
    events.expect_none()

    # Without validation a definition goes without what nobody knows, and says so.
    if not host.stock:
        odd = conn.defineXML(host.xml('odd', extra='<nonsense/>'))
        message, = odd.messages()
        contains(message, 'tainted: element <nonsense> in <domain> is not known')
        equal(odd.messages(libvirt.VIR_DOMAIN_MESSAGE_DEPRECATION), [])
        equal(dom.messages(), [])
        odd.undefine()
        for kind in (libvirt.VIR_DOMAIN_EVENT_DEFINED, libvirt.VIR_DOMAIN_EVENT_UNDEFINED):
            events.wait('lifecycle', 'odd', kind, 0)

    with refused('INVALID_ARG', 'LXC'):
        dom.undefineFlags(1 << 20)
    if host.stock:
        with refused('INVALID_ARG', 'LXC'):
            dom.undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_NVRAM)
        dom.undefine()
    else:  # a container has no NVRAM, so nothing stands in the way
        dom.undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_NVRAM)
    assert not os.path.exists(file)
    events.wait('lifecycle', 'bb', libvirt.VIR_DOMAIN_EVENT_UNDEFINED, libvirt.VIR_DOMAIN_EVENT_UNDEFINED_REMOVED)

    # Defined while it runs: the new definition is for the next start.
    dom = host.start('bb', uuid=A)
    host.define('bb', uuid=A, memory=131072)
    equal(ET.fromstring(dom.XMLDesc(0)).findtext('memory'), '65536')
    equal(ET.fromstring(dom.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)).findtext('memory'), '131072')
    dom.destroy()
    equal(ET.fromstring(dom.XMLDesc(0)).findtext('memory'), '131072')

    # Undefined while it runs: it lives on as a transient domain, and can be made persistent again.
    dom.create()
    dom.undefine()
    equal((dom.isActive(), dom.isPersistent()), (1, 0))
    with refused('OPERATION_INVALID', 'LXC'):
        dom.undefine()
    host.define('bb', uuid=A)
    equal((dom.isActive(), dom.isPersistent()), (1, 1))
    dom.undefine()
    dom.destroy()
    equal(conn.listAllDomains(), [])

    # What waits for its turn is done to the domain that is there then, though it be another.
    if not host.stock:
        xml = host.xml('brief', uuid=B, args='on TERM ignore , pause')
        for repeat in (lambda: host.connect().defineXML(xml), lambda: host.connect().createXML(xml)):
            dom = conn.createXML(xml)
            done = []
            stop = threading.Thread(target=lambda: dom.destroyFlags(libvirt.VIR_DOMAIN_DESTROY_GRACEFUL))
            again = threading.Thread(target=lambda: done.append(repeat().isPersistent()))
            stop.start()
            select.select([], [], [], 0.2)
            again.start()
            select.select([], [], [], 0.2)
            os.kill(dom.ID(), signal.SIGKILL)
            stop.join()
            again.join()
            equal(len(done), 1)
            dom = conn.lookupByName('brief')
            if done[0]:
                dom.undefine()
            else:
                dom.destroy()
