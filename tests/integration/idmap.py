#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""With an id map the container's root is nobody special on the host, and its tree needs no change of owner."""
import os

from harness import Instance, contains, equal, eventually, skip

IDMAP = "<idmap><uid start='0' target='200000' count='65536'/><gid start='0' target='300000' count='65536'/></idmap>"

with Instance() as host:
    folder, device = host.report('bb')
    if host.stock:
        skip('the stock driver cannot on a host with several control group hierarchies')
    os.chown(folder, 200000, 300000)  # only the root tree and what says accessmode='mapped' is mapped
    before = sorted((name, os.lstat(os.path.join(host.tree(), name)).st_uid) for name in os.listdir(host.tree()))
    dom = host.create('bb', devices=device, extra=IDMAP, args='to /report/part , ids , cat /proc/self/uid_map , cat /proc/self/gid_map , '
                      'write /tmp/made-inside x , mknod /tmp/null c 1 3 , open /dev/null , cat /proc/self/mountinfo , mark /report/done , pause')
    eventually(lambda: os.path.exists(folder + '/done'), 'the report')
    with open(folder + '/part', encoding='utf-8') as file:
        lines = file.read().splitlines()
    contains(lines[0], 'uid 0 gid 0')
    equal(lines[2].split(), ['0', '200000', '65536'])
    equal(lines[3].split(), ['0', '300000', '65536'])
    equal(lines[4:7], ['write ok', 'mknod errno EPERM', 'open ok'])

    status = open(f'/proc/{host.init_pid(dom)}/status', encoding='utf-8').read()
    contains(status, 'Uid:\t200000\t200000\t200000\t200000')
    contains(status, 'Gid:\t300000\t300000\t300000\t300000')
    made = os.stat(os.path.join(host.tree(), 'tmp/made-inside'))
    # The tree is mapped, not changed: root's file inside is root's file on the disk.
    equal((made.st_uid, made.st_gid), (0, 0))
    equal(sorted((name, os.lstat(os.path.join(host.tree(), name)).st_uid) for name in os.listdir(host.tree())), before)
    dom.destroy()
