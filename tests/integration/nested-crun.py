#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""In an id-mapped container with the nesting profile, crun runs a container of its own, in a group of its own, and that has no more rights than the outer one."""
import json
import os
import shutil

import debian
from harness import BUSYBOX, Console, Instance, equal
from systems import MAPS, container

NESTING = "<virtlxcd:seccomp profile='nesting'/>"
CONFIG = {
    'ociVersion': '1.0.0',
    'process': {'terminal': False, 'user': {'uid': 0, 'gid': 0}, 'cwd': '/', 'env': ['PATH=/bin'], 'args': ['/bin/sh', '-c', 'true'],
                'capabilities': {kind: ['CAP_KILL', 'CAP_CHOWN'] for kind in ('bounding', 'effective', 'permitted')}},
    'root': {'path': 'rootfs'},
    'hostname': 'nested',
    'mounts': [
        {'destination': '/proc', 'type': 'proc', 'source': 'proc'},
        {'destination': '/dev', 'type': 'tmpfs', 'source': 'tmpfs', 'options': ['nosuid', 'mode=755', 'size=64k']},
        {'destination': '/dev/pts', 'type': 'devpts', 'source': 'devpts', 'options': ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620']},
        {'destination': '/sys', 'type': 'sysfs', 'source': 'sysfs', 'options': ['nosuid', 'noexec', 'nodev', 'ro']},
    ],
    'linux': {'namespaces': [{'type': kind} for kind in ('pid', 'network', 'ipc', 'uts', 'mount', 'cgroup')],
              'maskedPaths': ['/proc/kcore', '/proc/keys'], 'readonlyPaths': ['/proc/sys']},
}


def make_bundle(root, script):
    folder = os.path.join(root, 'root/bundle')
    os.makedirs(folder + '/rootfs/bin', exist_ok=True)
    shutil.copy(BUSYBOX, folder + '/rootfs/bin/busybox')
    if not os.path.lexists(folder + '/rootfs/bin/sh'):
        os.symlink('busybox', folder + '/rootfs/bin/sh')
    CONFIG['process']['args'] = ['/bin/sh', '-c', script]
    with open(folder + '/config.json', 'w', encoding='utf-8') as file:
        json.dump(CONFIG, file)


# What the inner one says of itself; the last is refused to the outer one's root as well.
ASK = """busybox echo $$ $(busybox hostname) $(busybox id -u); busybox grep CapEff /proc/self/status; busybox cat /proc/self/uid_map
busybox mkdir /x; busybox mount -t debugfs none /x 2>/dev/null && busybox echo mounted; busybox mknod /x/sda b 8 0 2>/dev/null && busybox echo made
busybox touch /ready; exec busybox sleep 1000"""

with Instance() as host:
    root = debian.tree(host, 'debian')
    make_bundle(root, ASK)
    for name in ('map', 'automatic map'):
        dom = host.create('outer', init='/bin/bash', args=[], tree=root, features='<privnet/>', memory=262144,
                          devices="<filesystem type='ram'><source usage='16' units='MiB'/><target dir='/run'/></filesystem>", extra=container(NESTING, MAPS[name]))
        console = Console(host.conn, dom)
        console.shell('stty -echo; PS1=; export PATH=/usr/sbin:/usr/bin TERM=dumb; cd /root/bundle; rm -rf rootfs/ready rootfs/x')
        equal(console.shell('crun --cgroup-manager=cgroupfs run -d --pid-file /run/pid inner >said 2>&1; echo $?', 20), '0', console.shell('cat said'))
        console.shell('until [ -e rootfs/ready ]; do sleep 0.1; done')
        said = console.shell('cat said').split('\n')
        equal(said[0], '1 nested 0')
        equal(int(said[1].split()[1], 16), 1 << 0 | 1 << 5)
        with open(f'/proc/{dom.ID()}/uid_map', encoding='ascii') as file:
            equal(said[2].split()[2], file.read().split()[2])
        equal(said[3:], [], 'what it must not be able to do')
        # A group of its own, below that of the outer one.
        is_v2 = console.shell('[ -e /sys/fs/cgroup/cgroup.controllers ] && echo v2')
        equal(console.shell(f'grep -x "{"0:" if is_v2 else ".*name=systemd"}:/inner" /proc/$(cat /run/pid)/cgroup | wc -l'), '1')
        equal(console.shell('crun exec inner /bin/sh -c "busybox cat /proc/1/comm"', 20), 'busybox')
        # On v2 alone it can be limited as well; v1 groups with controllers are read-only.
        if is_v2:
            equal(console.shell('crun update --pids-limit 7 inner; cat /sys/fs/cgroup/inner/pids.max'), '7')
        equal(console.shell('crun list | grep -c running'), '1')
        equal(console.shell('crun delete -f inner; crun list | grep -c inner', 20), '0')
        console.close()
        dom.destroy()
