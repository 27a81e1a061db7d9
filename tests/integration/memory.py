#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""Memory is limited as defined, and changed live and in the definition as asked."""
import xml.etree.ElementTree as ET

import libvirt

from harness import Instance, contains, equal, refused

LIVE, CONFIG, MAXIMUM = libvirt.VIR_DOMAIN_AFFECT_LIVE, libvirt.VIR_DOMAIN_AFFECT_CONFIG, libvirt.VIR_DOMAIN_MEM_MAXIMUM

with Instance() as host:
    def current(dom, flags=0):
        return int(ET.fromstring(dom.XMLDesc(flags)).findtext('currentMemory'))

    dom = host.define('bb', memory=65536)
    with refused('OPERATION_INVALID', 'DOMAIN'):
        dom.setMemory(32768)
    dom.setMemoryFlags(32768, CONFIG)
    equal((dom.maxMemory(), current(dom)), (65536, 32768))
    with refused('INVALID_ARG', 'LXC'):
        dom.setMemoryFlags(131072, CONFIG)
    with refused('INVALID_ARG'):
        dom.setMemoryFlags(0, CONFIG)
    dom.setMaxMemory(131072)
    equal((dom.maxMemory(), current(dom)), (131072, 32768))
    dom.setMemoryFlags(16384, CONFIG | MAXIMUM)
    equal((dom.maxMemory(), current(dom)), (16384, 16384))
    dom.setMemoryFlags(65536, CONFIG | MAXIMUM)

    dom.create()
    dom.setMemory(32768)
    equal((current(dom), current(dom, libvirt.VIR_DOMAIN_XML_INACTIVE)), (32768, 16384))
    dom.setMemoryFlags(49152, LIVE | CONFIG)
    equal((current(dom), current(dom, libvirt.VIR_DOMAIN_XML_INACTIVE)), (49152, 49152))
    with refused('OPERATION_INVALID', 'LXC'):
        dom.setMaxMemory(131072)
    with refused('INVALID_ARG', 'LXC'):
        dom.setMemory(131072)
    contains(host.virsh('dominfo', 'bb'), 'Max memory:     65536 KiB')
    dom.destroy()

    # The limit is real: what is over it is killed.
    contains(host.ask('small', 'eat', '16', memory=65536), 'eat exit 0')
    if not host.stock:
        contains(host.ask('large', 'eat', '400', memory=65536, extra='<memtune><swap_hard_limit>65536</swap_hard_limit></memtune>'), 'eat signal 9')
