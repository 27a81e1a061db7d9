# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""For scripts about control groups: where the host has a controller, and a container's files there, seen from outside."""
import os

import sandbox

V2_NAMES = {'blkio': 'io'}


def hierarchies():
    """[(mount, version, controllers)]"""
    found = []
    with open('/proc/self/mountinfo', encoding='utf-8') as table:
        for line in table:
            left, right = line.rstrip().split(' - ')
            kind, _, options = right.split()
            top = left.split()[4]
            if kind == 'cgroup2':
                with open(os.path.join(top, 'cgroup.controllers'), encoding='ascii') as file:
                    found.append((top, 2, file.read().split()))
            elif kind == 'cgroup':
                found.append((top, 1, options.split(',')))
    return found


def find(controller):
    """(mount, version) of a controller by its name on v1, v1 before v2; (None, 0) when the host has none."""
    for version in (1, 2):
        name = V2_NAMES.get(controller, controller) if version == 2 else controller
        for top, kind, controllers in hierarchies():
            if kind == version and name in controllers:
                return top, version
    return None, 0


def version(controller):
    return find(controller)[1]


def group(host, name, controller):
    """The directory of a container's group where the controller is."""
    return os.path.join(find(controller)[0], sandbox.partition_of(host.root), f'{name}.libvirt-lxc')


def read(host, name, controller, file):
    with open(os.path.join(group(host, name, controller), file), encoding='ascii') as stream:
        return stream.read().strip()
