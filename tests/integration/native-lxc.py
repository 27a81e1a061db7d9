#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""A configuration of LXC becomes a domain as it stands, which is defined and starts; what a domain cannot say is said."""
import contextlib
import os
import subprocess
import xml.etree.ElementTree as ET

from harness import BUILD, SCRATCH, Instance, contains, equal, eventually, refused, scratch_file
from sandbox import skip

# From a talk about containers: no root file system, so the host's is shared, and with it /sbin/init.
TALK = """\
lxc.utsname = OST01
lxc.network.type = veth
lxc.network.flags = up
lxc.network.link = virbr1
lxc.network.name = eth0
lxc.network.ipv4 = 192.168.122.22/24
lxc.mount.entry = /home /home none bind 0 0
lxc.cgroup.devices.allow = c 1:3 rwm
lxc.cgroup.devices.allow = c 1:5 rwm
lxc.cgroup.devices.allow = c 5:1 rwm
lxc.cgroup.devices.allow = c 5:0 rwm
"""
FORMAT = 'lxc-tools'
VIRT_LXC = os.path.join(BUILD, 'src/virt-lxc/virt-lxc')
INIT = os.path.realpath('/sbin/init')
# What this host has as its init must not run here.
STAND_IN = '#!/bin/sh\nsleep 1000\nexit\n'


@contextlib.contextmanager
def stand_in_for_init():
    script = os.path.join(SCRATCH, 'init')
    with open(script, 'w', encoding='utf-8') as file:
        file.write(STAND_IN)
    os.chmod(script, 0o755)
    subprocess.run(['mount', '--bind', script, INIT], check=True)
    yield
    subprocess.run(['umount', INIT], check=True)


def ip(*words):
    return subprocess.run(['ip', *words], stdout=subprocess.PIPE, text=True, check=True).stdout


def talk(host):
    ip('link', 'add', 'virbr1', 'type', 'bridge')
    ip('addr', 'add', '192.168.122.1/24', 'dev', 'virbr1')
    ip('link', 'set', 'virbr1', 'up')
    xml = host.virsh('domxml-from-native', FORMAT, scratch_file(TALK))
    host.virsh('define', scratch_file(xml))
    host.virsh('start', 'OST01')

    def inside(*words):
        return host.virsh('lxc-enter-namespace', 'OST01', '--noseclabel', *words)

    equal(inside('/bin/hostname').strip(), 'OST01')
    addresses = inside('/bin/ip', '-o', 'addr')
    contains(addresses, 'eth0    inet 192.168.122.22/24')
    contains(inside('/bin/ip', '-o', 'link', 'show', 'eth0'), 'LOWER_UP')
    contains(inside('/bin/cat', '/proc/self/mountinfo'), ' /home ')
    equal(inside('/bin/cat', '/proc/1/cmdline').split('\0')[-2], '/sbin/init')
    host.virsh('destroy', 'OST01')
    host.virsh('undefine', 'OST01')


def notes(host):
    text = 'lxc.uts.name = a\nlxc.rootfs.path = /srv/a\nlxc.hook.start = /bin/x --yes\nlxc.include = /etc/passwd\n'
    xml = host.conn.domainXMLFromNative(FORMAT, text, 0)
    comment = xml[:xml.index('<domain')]
    contains(comment, 'line 3: lxc.hook.start = /bin/x - -yes')
    contains(comment, 'line 4: lxc.include = /etc/passwd')
    assert 'root:' not in xml, 'a file was read'
    ET.fromstring(xml)
    with open(host.path('daemon.log'), encoding='utf-8') as file:
        contains(file.read(), 'lxc.hook.start = /bin/x --yes')


def back(host):
    """What is written is what was read, but for what has been filled in."""
    xml = host.conn.domainXMLFromNative(FORMAT, TALK, 0)
    text = host.conn.domainXMLToNative(FORMAT, xml, 0)
    again = host.conn.domainXMLToNative(FORMAT, host.conn.domainXMLFromNative(FORMAT, text, 0), 0)
    equal(again, text)
    contains(text, 'lxc.net.0.link = virbr1')
    contains(text, 'lxc.cgroup.devices.allow = c 5:1 rwm')
    dom = host.define('bb')
    contains(host.virsh('domxml-to-native', FORMAT, '--domain', 'bb'), 'lxc.init.cmd = /payload pause')
    dom.undefine()


def without_daemon(host):
    def virt_lxc(*words):
        return subprocess.run([VIRT_LXC, *words], stdout=subprocess.PIPE, text=True, check=True).stdout

    xml = virt_lxc('import', FORMAT, scratch_file(TALK))
    equal(virt_lxc('export', FORMAT, scratch_file(xml)), host.conn.domainXMLToNative(FORMAT, xml, 0))


def errors(host):
    conn = host.conn
    with refused('INVALID_ARG', 'LXC'):
        conn.domainXMLFromNative('qemu-argv', TALK, 0)
    with refused('INVALID_ARG', 'LXC'):
        conn.domainXMLToNative('qemu-argv', host.xml('a'), 0)
    with refused('INTERNAL_ERROR', 'NONE', 'lxc.uts.name'):
        conn.domainXMLFromNative(FORMAT, '', 0)
    with refused('INTERNAL_ERROR', 'LXC', "line 2: 'lxc.idmap'"):
        conn.domainXMLFromNative(FORMAT, 'lxc.uts.name = a\nlxc.idmap = u x y z\n', 0)
    with refused('INVALID_ARG', 'LXC', 'lines'):
        conn.domainXMLFromNative(FORMAT, 'lxc.uts.name = a\n' * 5000, 0)
    with refused('INVALID_ARG', 'LXC', 'bytes'):
        conn.domainXMLFromNative(FORMAT, '#' * (2 << 20), 0)
    with refused('XML_DETAIL', 'DOMAIN'):
        conn.domainXMLToNative(FORMAT, 'no XML', 0)
    with refused('INVALID_ARG'):
        conn.domainXMLFromNative(FORMAT, TALK, 1)
    with refused('OPERATION_DENIED'):
        host.connect(readonly=True).domainXMLFromNative(FORMAT, TALK, 0)


if not os.path.exists(INIT):
    skip('there is no /sbin/init on this host')
with stand_in_for_init():
    with Instance() as host:
        talk(host)
        notes(host)
        back(host)
        without_daemon(host)
        errors(host)
        ip('link', 'del', 'virbr1')
