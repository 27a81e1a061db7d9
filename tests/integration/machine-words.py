#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""A container starts with a definition full of words for machines, and gives them back, passwords to those who may see them."""
import libvirt

from harness import Instance, contains, equal, refused

EXTRA = """
<memoryBacking><hugepages/></memoryBacking>
<vcpu>2</vcpu>
<cputune><vcpupin vcpu='0' cpuset='0'/><emulatorpin cpuset='0'/></cputune>
<sysinfo type='smbios'><system><entry name='product'>box</entry></system></sysinfo>
<cpu mode='host-model'><topology sockets='1' cores='2' threads='1'/></cpu>
<clock offset='utc'><timer name='rtc' tickpolicy='catchup'/><timer name='pit' tickpolicy='delay'/></clock>
<pm><suspend-to-mem enabled='no'/></pm>
<perf><event name='cpu_cycles' enabled='yes'/></perf>
"""
DEVICES = """
<graphics type='vnc' port='-1' passwd='secret'/><video><model type='vga'/></video>
<watchdog model='i6300esb'/><memballoon model='none'/>
"""
SECURE = libvirt.VIR_DOMAIN_XML_SECURE

with Instance() as host:
    dom = host.start('bb', extra=EXTRA, devices=DEVICES, features='<acpi/><apic/><kvm><hidden state="on"/></kvm>')
    shown, secret = dom.XMLDesc(0), dom.XMLDesc(SECURE)
    for part in ("<clock offset='utc'>", "<timer name='rtc' tickpolicy='catchup'/>", "<vcpupin vcpu='0' cpuset='0'/>",
                 "<graphics type='vnc' port='-1' autoport='yes'>", "<watchdog model='i6300esb' action='reset'/>"):
        contains(shown, part)
    assert 'secret' not in shown
    contains(secret, "passwd='secret'")
    with refused('OPERATION_DENIED'):
        host.connect(readonly=True).lookupByName('bb').XMLDesc(SECURE)

    if not host.stock:
        host.restart_daemon()
        dom = host.conn.lookupByName('bb')
        equal((dom.XMLDesc(0), dom.XMLDesc(SECURE)), (shown, secret))
        # What this host has not is said when it is asked for, not when it is needed.
        with refused('CONFIG_UNSUPPORTED', text='names the CPU 4000, but the last CPU of this host is [0-9]+$'):
            host.define('far', extra="<vcpu cpuset='4000'>1</vcpu>")
    dom.destroy()
    contains(dom.XMLDesc(SECURE), "passwd='secret'")
