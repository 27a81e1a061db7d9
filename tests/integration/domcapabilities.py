#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""Capabilities of the host and of its domains, free pages, page merging and firmware are as the host
has them; what is asked about another hypervisor is refused; validation uses libvirt's schema.
"""
import glob
import os
import subprocess
import xml.etree.ElementTree as ET

import libvirt

from harness import BUILD, Instance, contains, equal, refused

KSM = '/sys/kernel/mm/ksm'
SCHEMA = '/usr/share/libvirt/schemas/domain.rng'


def host_value(path):
    with open(path, encoding='utf-8') as file:
        return int(file.read())


def capabilities(conn):
    caps = ET.fromstring(conn.getCapabilities())
    machine = os.uname().machine
    equal(caps.findtext('host/cpu/arch'), machine)
    equal(sorted(int(cpu.get('id')) for cpu in caps.iter('cpu') if cpu.get('id')), sorted(os.sched_getaffinity(0)))
    equal(caps.find('guest/arch').get('name'), machine)
    equal({guest.findtext('os_type') for guest in caps.findall('guest')}, {'exe'})
    if machine == 'x86_64':
        equal([guest.find('arch').get('name') for guest in caps.findall('guest')], ['x86_64', 'i686'])
    return caps


def free_pages(conn, caps):
    """Every size that the capabilities name has figures, and no other has."""
    cells = [int(cell.get('id')) for cell in caps.iter('cell')]
    sizes = [int(pages.get('size')) for pages in caps.find('host/topology').iter('cell').__next__().findall('pages')]
    found = conn.getFreePages(sizes, cells[0], len(cells) + 3)
    equal(sorted(found), cells)
    assert 0 < found[cells[0]][sizes[0]], found
    with refused('OPERATION_FAILED', 'NONE'):
        conn.getFreePages([5], cells[0], 1)
    with refused('INTERNAL_ERROR', 'NONE'):
        conn.getFreePages(sizes, cells[-1] + 1, 1)


def merging(conn):
    if not os.path.isdir(KSM):
        with refused('NO_SUPPORT'):
            conn.getMemoryParameters()
        return
    found = conn.getMemoryParameters()
    for name in ('pages_to_scan', 'sleep_millisecs'):
        equal(found['shm_' + name], host_value(f'{KSM}/{name}'))
    equal(found, {'shm_' + name: found['shm_' + name] for name in
                  ('pages_to_scan', 'sleep_millisecs', 'pages_shared', 'pages_sharing', 'pages_unshared',
                   'pages_volatile', 'full_scans', 'merge_across_nodes') if os.path.exists(f'{KSM}/{name}')})
    # This is the machine's; it is set to what it is.
    conn.setMemoryParameters({'shm_pages_to_scan': found['shm_pages_to_scan']})
    equal(conn.getMemoryParameters()['shm_pages_to_scan'], found['shm_pages_to_scan'])
    with refused('ARGUMENT_UNSUPPORTED'):
        conn.setMemoryParameters({'shm_pages_shared': 1})


def firmware(conn):
    if not glob.glob('/sys/class/dmi/id/*_vendor'):
        with refused('CONFIG_UNSUPPORTED', 'LXC'):
            conn.getSysinfo()
        return
    sysinfo = ET.fromstring(conn.getSysinfo())
    equal(sysinfo.get('type'), 'smbios')
    assert sysinfo.findall('*/entry')


def domain_capabilities(conn, caps):
    text = conn.getDomainCapabilities()
    found = ET.fromstring(text)
    equal(found.findtext('domain'), 'lxc')
    equal(found.findtext('path'), caps.findtext('guest/arch/emulator'))
    equal(int(found.find('vcpu').get('max')), conn.getMaxVcpus('lxc'))
    equal(found.find('devices/filesystem').get('supported'), 'yes')
    for device in ('graphics', 'video', 'tpm', 'rng', 'redirdev'):
        equal(found.find('devices/' + device).get('supported'), 'no', device)
    equal(text, conn.getDomainCapabilities(found.findtext('path'), found.findtext('arch'), None, 'lxc'))
    equal(conn.getMaxVcpus(None), conn.getMaxVcpus('lxc'))
    with refused('INVALID_ARG', 'LXC'):
        conn.getMaxVcpus('kvm')
    for wrong in ({'virttype': 'kvm'}, {'arch': 'z80'}, {'emulatorbin': '/usr/bin/qemu-kvm'}):
        with refused('INVALID_ARG', 'LXC'):
            conn.getDomainCapabilities(**wrong)


def readonly(conn):
    conn.getMaxVcpus(None)
    conn.getFreePages([4], 0, 1)
    with refused('OPERATION_DENIED'):
        conn.getDomainCapabilities()
    with refused('OPERATION_DENIED'):
        conn.setMemoryParameters({'shm_pages_to_scan': 100})


def validation(host):
    xml = host.xml('valid')
    flag = libvirt.VIR_DOMAIN_DEFINE_VALIDATE
    host.conn.defineXMLFlags(xml, flag).undefine()
    wrong = xml.replace('<devices>', "<devices><console type='pty' colour='red'/>")
    with refused('XML_INVALID_SCHEMA', 'XML', None if host.stock else "'colour' of <console>"):
        host.conn.defineXMLFlags(wrong, flag)
    if os.path.exists(SCHEMA):
        with refused('XML_INVALID_SCHEMA', 'XML', None if host.stock else 'element <init> in <os>'):
            host.conn.defineXMLFlags(host.xml('valid', init='payload'), flag)
    host.define('valid', init='payload').undefine()


def command_line(host):
    """virt-lxc check says the same without a daemon."""
    tool = os.path.join(BUILD, 'src/virt-lxc/virt-lxc')
    for xml, wrong in ((host.xml('valid'), ''), (host.xml('valid', devices='<foo/>'), '<foo> in <devices>')):
        done = subprocess.run([tool, 'check', '-'], input=xml, text=True, capture_output=True, check=False,
                              env={**os.environ, 'LC_ALL': 'C'})
        equal((done.returncode, done.stdout), (1 if wrong else 0, ''), done.stderr)
        contains(done.stderr, wrong)


with Instance() as host:
    caps = capabilities(host.conn)
    free_pages(host.conn, caps)
    merging(host.conn)
    firmware(host.conn)
    if not host.stock:
        domain_capabilities(host.conn, caps)
        readonly(host.connect(readonly=True))
    validation(host)
    if not host.stock:
        command_line(host)
