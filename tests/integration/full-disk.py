#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""With no space for definitions a change fails, says so, and what was there before stays as it was; without room for a log a start does."""
import os
import subprocess

import libvirt

from harness import Instance, equal, refused, skip

with Instance() as host:
    if host.stock:
        skip('the stock driver leaves an empty file')
    host.forget_connections()
    host.stop_daemon()
    folder = host.path('etc/libvirt/lxc')
    os.makedirs(folder, exist_ok=True)
    subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder], check=True)
    host.start_daemon()
    dom = host.define('bb')
    old = open(os.path.join(folder, 'bb.xml'), encoding='utf-8').read()
    with open(os.path.join(folder, 'filler'), 'wb', buffering=0) as file:
        try:
            while True:
                file.write(b'x' * 4096)
        except OSError:
            pass
    with refused('SYSTEM_ERROR', text='No space left'):
        host.define('other')
    with refused('SYSTEM_ERROR', text='No space left'):
        host.define('bb', uuid=dom.UUIDString(), memory=131072, extra=f'<description>{"long " * 2000}</description>')
    with refused('SYSTEM_ERROR', text='No space left'):
        dom.setMetadata(libvirt.VIR_DOMAIN_METADATA_TITLE, 'long ' * 2000, None, None)
    equal([d.name() for d in host.conn.listAllDomains()], ['bb'])
    equal(dom.maxMemory(), 65536)
    equal(open(os.path.join(folder, 'bb.xml'), encoding='utf-8').read(), old)
    equal(sorted(name for name in os.listdir(folder) if name not in ('autostart', 'filler')), ['bb.xml'])
    # Starting needs no space there.
    dom.create()
    dom.destroy()
    os.unlink(os.path.join(folder, 'filler'))
    host.define('other').undefine()
    logs = host.path('var/log/libvirt/lxc')
    subprocess.run(['mount', '-t', 'tmpfs', '-o', 'nr_inodes=1', 'tmpfs', logs], check=True)
    with refused('SYSTEM_ERROR', text="cannot open log '.*bb.log': No space left"):
        dom.create()
    subprocess.run(['umount', logs], check=True)
    dom.create()
    dom.destroy()
    dom.undefine()
    host.forget_connections()
    host.stop_daemon()
    subprocess.run(['umount', folder], check=True)
