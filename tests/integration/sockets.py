#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""The read-write socket is root's, the read-only one everybody's, and everything else on disk is closed to others."""
import os
import stat
import subprocess
import sys

from harness import Instance, contains, equal, skip

CLIENT = """
import libvirt, sys
libvirt.registerErrorHandler(lambda *_: None, None)
try:
    conn = (libvirt.openReadOnly if sys.argv[2] == 'ro' else libvirt.open)(sys.argv[1])
    print([d.name() for d in conn.listAllDomains()])
    print(conn.lookupByName('bb').XMLDesc(0)[:7])
    conn.lookupByName('bb').destroy()
except libvirt.libvirtError as error:
    print(error)
"""


def as_nobody(uri, mode):
    return subprocess.run(['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups', sys.executable, '-c', CLIENT, uri, mode],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True, cwd='/').stdout


with Instance() as host:
    if host.stock:
        skip('its private instance asks polkit')
    dom = host.start('bb')
    for name, mode in (('virtlxcd-sock', 0o700), ('virtlxcd-sock-ro', 0o777)):
        found = os.stat(host.path('run/libvirt', name))
        equal((stat.S_ISSOCK(found.st_mode), stat.S_IMODE(found.st_mode), found.st_uid), (True, mode, 0), name)
    contains(as_nobody(host.uri(), 'rw'), 'Permission denied')
    answer = as_nobody(host.uri(True), 'ro').splitlines()
    equal(answer[:2], ["['bb']", '<domain'])
    contains(answer[2], 'read only access prevents')
    equal(dom.isActive(), 1)

    # Nothing else of the instance can be read or entered by others.
    for top, folders, names in os.walk(host.path('run')):
        for name in names:
            path = os.path.join(top, name)
            if stat.S_ISREG(os.lstat(path).st_mode) or name not in ('virtlxcd-sock', 'virtlxcd-sock-ro'):
                parents_closed = any(stat.S_IMODE(os.stat(os.path.join(host.root, part)).st_mode) & 0o5 == 0
                                     for part in ('run/libvirt/lxc',) if path.startswith(host.path('run/libvirt/lxc')))
                assert parents_closed or not stat.S_IMODE(os.lstat(path).st_mode) & 0o022, path
    for top, _, names in os.walk(host.path('etc/libvirt/lxc')):
        for name in names:
            equal(stat.S_IMODE(os.lstat(os.path.join(top, name)).st_mode) & 0o077 if not os.path.islink(os.path.join(top, name)) else 0, 0, name)

    # The group of the read-write socket may use it, where the configuration says so.
    host.forget_connections()
    host.stop_daemon()
    host.configure('unix_sock_group = "nogroup"\nunix_sock_rw_perms = "0770"\n')
    host.start_daemon()
    found = os.stat(host.path('run/libvirt/virtlxcd-sock'))
    equal((stat.S_IMODE(found.st_mode), found.st_gid), (0o770, 65534))
    contains(as_nobody(host.uri(), 'rw'), "['bb']")
    equal(host.conn.lookupByName('bb').isActive(), 0)
