#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""A domain that is written as a configuration of LXC runs there as it runs here."""
import contextlib
import os
import shutil
import subprocess

from harness import PATIENCE, SCRATCH, Instance, contains, equal, eventually, reap, skip
from sandbox import hierarchies

LXC_START = shutil.which('lxc-start')
NAME = 'exported'
# Control groups of its own, all with this in their names, so that they can be found and removed.
GROUP = f'virtlxcd-{os.path.basename(SCRATCH)}'
GROUPS = f"""\
lxc.cgroup.dir.container = {GROUP}
lxc.cgroup.dir.monitor = {GROUP}-monitor
lxc.cgroup.dir.monitor.pivot = {GROUP}-pivot
"""
# LXC looks for bridges below /sys, so it has to be that of this network; and it writes below /run.
ROOM = """\
mkdir -p {scratch}/lxc-sys
mount --rbind /sys {scratch}/lxc-sys
mount -t sysfs sysfs /sys
mount --rbind {scratch}/lxc-sys/fs/cgroup /sys/fs/cgroup
mount -t tmpfs tmpfs /run
exec {lxc_start} -F -P {scratch}/lxc-path -n {name} -f {config} -o {scratch}/lxc-log -l INFO
"""

SHOWN = ('env', 'cat /proc/self/status', 'cat /proc/self/mountinfo', 'cat /proc/sys/kernel/hostname', 'cat /proc/net/fib_trie',
         'cat /sys/class/net/lan0/address', 'cat /proc/self/limits', 'cwd', 'ids', 'cat /proc/self/cgroup')
DEVICES = """\
<filesystem><source dir='{report}'/><target dir='/report'/></filesystem>
<filesystem><source dir='{shared}'/><target dir='/srv/two words'/><readonly/></filesystem>
<filesystem type='ram'><source usage='1' units='MiB'/><target dir='/tmp'/></filesystem>
<interface type='bridge'><mac address='52:54:00:01:02:03'/><source bridge='br0'/>
  <ip address='10.9.0.2' family='ipv4' prefix='24'/><guest dev='lan0'/><link state='up'/></interface>"""
EXTENSION = """\
<virtlxcd:container xmlns:virtlxcd='urn:virtlxcd:domain:1.0'>
  <virtlxcd:rlimit name='nofile' soft='100' hard='200'/>
  <virtlxcd:privileges noNew='yes'/>
</virtlxcd:container>"""


def remove_groups():
    """True when there are none any more; LXC's own process may still be on its way out."""
    reap()
    left = [os.path.join(folder, name) for hierarchy in hierarchies() for folder, names, _ in os.walk(hierarchy, topdown=False)
            for name in names if GROUP in os.path.join(folder, name)]
    for group in left:
        with contextlib.suppress(OSError):
            os.rmdir(group)
    return not left


def run_lxc(config):
    path = os.path.join(SCRATCH, 'lxc-config')
    with open(path, 'w', encoding='utf-8') as file:
        file.write(config + GROUPS)
    os.makedirs(os.path.join(SCRATCH, 'lxc-path'), exist_ok=True)
    room = ROOM.format(scratch=SCRATCH, lxc_start=LXC_START, name=NAME, config=path)
    try:
        done = subprocess.run(['unshare', '--mount', '--propagation', 'private', 'sh', '-ec', room], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60 * PATIENCE, check=False)
    finally:
        eventually(remove_groups, 'the control groups go')
    if done.returncode:
        with open(os.path.join(SCRATCH, 'lxc-log'), encoding='utf-8') as file:
            raise AssertionError(f'lxc-start: {done.stdout}\n{file.read()[-8000:]}\n{config}')


def line(text, start):
    """The words behind `start` in the line that begins with it."""
    return next(found for found in text.splitlines() if found.startswith(start))[len(start):].split()


def check(shown):
    contains(shown, 'GREETING=good morning')
    contains(shown, '\nexported.example\n')
    dropped = 1 << 16 | 1 << 25 | 1 << 27  # sys_module, sys_time, mknod
    equal(int(line(shown, 'CapBnd:')[0], 16) & dropped, 0, 'capabilities')
    assert int(line(shown, 'CapBnd:')[0], 16) & 1 << 21, 'sys_admin is gone as well'
    equal(line(shown, 'NoNewPrivs:'), ['1'])
    equal(line(shown, 'Max open files'), ['100', '200', 'files'])
    mounts = {words[4]: words for words in map(str.split, shown.splitlines()) if len(words) > 8 and '-' in words}
    contains(mounts['/srv/two\\040words'][5], 'ro')
    contains(mounts['/tmp'][-1], 'size=1024k')
    contains(shown, '10.9.0.2')
    contains(shown, '52:54:00:01:02:03')
    contains(shown, '\n/etc\n')


if LXC_START is None:
    skip('lxc-start is not installed')
with Instance() as host:
    subprocess.run('ip link add br0 type bridge; ip link set br0 up', shell=True, check=True)
    report, shared = (host.path(name) for name in ('report', 'shared'))
    for folder in (report, shared, os.path.join(host.tree(), 'srv/two words')):
        os.makedirs(folder, exist_ok=True)
    commands = 'to /report/shown , ' + ' , '.join(SHOWN)
    xml = host.xml(NAME, args=commands, devices=DEVICES.format(report=report, shared=shared),
                   os_extra="<initenv name='GREETING'>good morning</initenv><initdir>/etc</initdir>")
    xml = xml.replace('</domain>', EXTENSION.replace('</virtlxcd:container>', "<virtlxcd:hostname name='exported.example'/></virtlxcd:container>") + '</domain>')
    run_lxc(host.conn.domainXMLToNative('lxc-tools', xml, 0))
    with open(os.path.join(report, 'shown'), encoding='utf-8') as file:
        check(file.read())
    subprocess.run(['ip', 'link', 'del', 'br0'], check=True)
