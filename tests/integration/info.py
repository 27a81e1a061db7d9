#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""Info, state, XML, OS type and limits of a domain are right shut off, running and afterwards."""
import xml.etree.ElementTree as ET

import libvirt

from harness import Instance, equal, refused

with Instance() as host:
    dom = host.define('bb', extra='<vcpu>3</vcpu><description>text &amp; more</description>')
    equal(dom.info(), [libvirt.VIR_DOMAIN_SHUTOFF, 65536, 65536, 3, 0])
    equal((dom.OSType(), dom.maxMemory(), dom.ID(), dom.name()), ('exe', 65536, -1, 'bb'))
    dom.create()
    state, maximum, used, cpus, time = dom.info()
    equal((state, maximum, cpus), (libvirt.VIR_DOMAIN_RUNNING, 65536, 3))
    assert 0 < used < 65536 and time > 0, (used, time)

    live = ET.fromstring(dom.XMLDesc(0))
    equal(live.get('id'), str(dom.ID()))
    console = live.find('devices/console')
    assert console.get('tty').startswith('/dev/pts/'), ET.tostring(console)
    equal(console.find('source').get('path'), console.get('tty'))
    equal(console.find('target').attrib, {'type': 'lxc', 'port': '0'})
    equal(console.find('alias').get('name'), 'console0')
    equal(live.findtext('description'), 'text & more')

    inactive = ET.fromstring(dom.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE))
    equal(inactive.get('id'), None)
    equal(inactive.find('devices/console').get('tty'), None)
    equal(inactive.find('devices/console/alias'), None)
    with refused('INVALID_ARG'):
        dom.XMLDesc(libvirt.VIR_DOMAIN_XML_UPDATE_CPU)
    with refused('INVALID_ARG', 'LXC'):
        dom.state(1)
    readonly = host.connect(readonly=True).lookupByName('bb')
    equal(readonly.XMLDesc(0), dom.XMLDesc(0))
    with refused('OPERATION_DENIED'):
        readonly.XMLDesc(libvirt.VIR_DOMAIN_XML_SECURE)
    dom.destroy()
    equal(dom.info()[0], libvirt.VIR_DOMAIN_SHUTOFF)
    equal(ET.fromstring(dom.XMLDesc(0)).find('devices/console').get('tty'), None)
