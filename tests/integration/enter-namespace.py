#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""virsh lxc-enter-namespace runs a command inside: the container's processes, root tree, name and network."""
import os

import libvirt

from harness import Instance, contains, equal, refused

with Instance() as host:
    dom = host.start('bb', features='<privnet/>')
    equal(host.virsh('lxc-enter-namespace', 'bb', '--noseclabel', '/bin/sh', '-c', 'echo $((6 * 7)) $(hostname) $(ls /payload)').split(), ['42', 'bb', '/payload'])
    contains(host.virsh('lxc-enter-namespace', 'bb', '--noseclabel', '/bin/ps'), '/payload')
    equal(host.virsh('lxc-enter-namespace', 'bb', '--noseclabel', '/bin/sh', '-c', 'ls /sys/class/net').split(), ['lo'])
    equal(host.virsh('lxc-enter-namespace', 'bb', '--noseclabel', '/bin/readlink', '/proc/self/ns/time').strip(),
          os.readlink(f'/proc/{host.init_pid(dom)}/ns/time'))
    # Also with the label of the security model, which is none here.
    contains(host.virsh('lxc-enter-namespace', 'bb', '/bin/echo', 'labelled'), 'labelled')

    # With an id map as well, and whether the network is the container's or the host's.
    for name, features in (('mapped', ''), ('private', '<privnet/>')):
        host.start(name, features=features, extra="<idmap><uid start='0' target='100000' count='65536'/><gid start='0' target='100000' count='65536'/></idmap>")
        equal(host.virsh('lxc-enter-namespace', name, '--noseclabel', '/bin/sh', '-c', 'cat /proc/self/uid_map; ls -d /payload').split(),
              ['0', '100000', '65536', '/payload'], name)

    # The descriptors are those of init, in the order that setns wants them.
    import libvirt_lxc
    fds = libvirt_lxc.lxcOpenNamespace(dom, 0)
    shown = [os.readlink(f'/proc/self/fd/{fd}').split(':')[0] for fd in fds]
    equal(shown, ['time', 'ipc', 'uts', 'net', 'pid', 'user', 'mnt'])
    for fd, name in zip(fds, shown):
        equal(os.stat(fd).st_ino, os.stat(f'/proc/{host.init_pid(dom)}/ns/{name}').st_ino, name)
        os.close(fd)
    with refused('INVALID_ARG'):
        libvirt_lxc.lxcOpenNamespace(dom, 1)
    with refused('OPERATION_DENIED'):
        libvirt_lxc.lxcOpenNamespace(host.connect(readonly=True).lookupByName('bb'), 0)
    dom.destroy()
    with refused('OPERATION_INVALID'):
        libvirt_lxc.lxcOpenNamespace(dom, 0)
