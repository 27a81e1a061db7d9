#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""Definitions made to hurt are refused fast and in words, whichever call they come by, and the daemon serves others meanwhile."""
import contextlib
import os
import time

import libvirt

from harness import Instance, equal, refused

PATIENCE = int(os.environ.get('VIRTLXCD_PATIENCE', '1'))
LIMIT = 4 << 20  # what a string of the protocol may have


def domain(head='', devices='', attributes='', start=''):
    return (f"{start}<domain type='lxc'{attributes}><name>hurt</name><memory>65536</memory>{head}"
            f'<os><type>exe</type><init>/sbin/init</init></os><devices>{devices}</devices></domain>')


def many(text, room=3 << 20):
    return ''.join(text % i for i in range(room // (len(text) + 5)))


BOMB = '<!DOCTYPE d [<!ENTITY a0 "ha">' + ''.join(f'<!ENTITY a{i} "&a{i - 1};&a{i - 1};">' for i in range(1, 40)) + ']>'
HURTING = {
    'an entity bomb': (domain('<title>&a39;</title>', start=BOMB), 'XML_DETAIL'),
    'an entity from a file': (domain('<title>&e;</title>', start='<!DOCTYPE d [<!ENTITY e SYSTEM "file:///etc/passwd">]>'), 'XML_DETAIL'),
    'an entity from the network': (domain('<title>&e;</title>', start='<!DOCTYPE d [<!ENTITY e SYSTEM "http://127.0.0.1:1/">]>'), 'XML_DETAIL'),
    'a document type from a device': (domain(start='<!DOCTYPE d SYSTEM "/dev/zero">'), 'XML_DETAIL'),
    'deep nesting': (domain('<a>' * 400000), 'XML_DETAIL'),
    'deep metadata': (domain('<metadata>' + "<x:a xmlns:x='u'>" * 100000), 'XML_DETAIL'),
    'a long name': (domain().replace('hurt', 'x' * (LIMIT - 4096)), 'XML_ERROR'),
    'many devices': (domain(devices=many("<filesystem><source dir='/x'/><target dir='/%d'/></filesystem>")), 'CONFIG_UNSUPPORTED'),
    'many consoles': (domain(devices=many('<console><target port="%d"/></console>')), 'CONFIG_UNSUPPORTED'),
    'a number beyond 64 bit': (domain().replace('65536', '184467440737095516160'), 'XML_ERROR'),
    'a number that overflows with its unit': (domain().replace('<memory>65536', "<memory unit='EiB'>9223372036854775807"), 'OVERFLOW'),
    'a negative size': (domain().replace('65536', '-1'), 'XML_ERROR'),
    'many attributes': (domain(attributes=many(" a%d='x'")), 'XML_DETAIL'),
    'many namespaces': (domain(many("<a xmlns:n%d='u'/>")), 'XML_DETAIL'),
    'markup in disguise': ("<?xml version='1.0' encoding='UTF-7'?>" + domain(), 'XML_DETAIL'),
}
HARMLESS = {
    'many unknown elements': domain(many('<a%d/>')),
    'many unknown devices': domain(devices=many('<flux%d/>')),
}


def resident(pid):
    with open(f'/proc/{pid}/statm', encoding='ascii') as file:
        return int(file.read().split()[1]) * os.sysconf('SC_PAGE_SIZE')


with Instance() as host:
    conn = host.conn
    other = host.connect()
    before = resident(host.daemon.pid)
    calls = (conn.defineXML, lambda xml: conn.createXML(xml, libvirt.VIR_DOMAIN_START_VALIDATE))
    for what, (xml, code) in HURTING.items():
        for call in calls:
            begun = time.monotonic()
            with refused(f'{code}|XML_INVALID_SCHEMA'):
                call(xml)
            assert time.monotonic() - begun < 10 * PATIENCE, f'{what} took long'
            equal(other.numOfDomains(), 0, what)
    for what, xml in HARMLESS.items():
        begun = time.monotonic()
        dom = conn.defineXML(xml)
        assert 0 < len(dom.messages()) <= 64, what
        dom.undefine()
        assert time.monotonic() - begun < 10 * PATIENCE, f'{what} took long'
    # An element with all the attributes there are costs libvirt's schema minutes; see src/conf/schema.c.
    begun = time.monotonic()
    words = ' '.join(f"{name}='{value}'" for name, value in (
        ('name', 'qemu'), ('type', 'raw'), ('cache', 'none'), ('error_policy', 'stop'), ('rerror_policy', 'stop'), ('io', 'threads'),
        ('ioeventfd', 'on'), ('event_idx', 'on'), ('copy_on_read', 'on'), ('discard', 'unmap'), ('iothread', '1'), ('detect_zeroes', 'on'),
        ('queues', '2'), ('queue_size', '256'), ('iommu', 'on'), ('ats', 'on'), ('packed', 'on'), ('page_per_vq', 'on')))
    disk = f"<disk type='block'><driver {words}/><source dev='/dev/sda'/><target dev='vda' bus='virtio'/></disk>"
    few = disk.replace(words, ' '.join(words.split()[:11]))
    for devices in (disk, ''.join(few.replace('vda', f'vd{letter}') for letter in 'abcdefghijklmnopqrstuvwxyz')):
        with contextlib.suppress(libvirt.libvirtError):
            conn.defineXMLFlags(domain(devices=devices), libvirt.VIR_DOMAIN_DEFINE_VALIDATE).undefine()
    assert time.monotonic() - begun < 10 * PATIENCE, 'many attributes took long with validation'
    grown = resident(host.daemon.pid) - before
    assert grown < (256 << 20) * PATIENCE, f'the daemon has grown by {grown} bytes'
    equal(host.define('bb').name(), 'bb')
