#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""A definition file that was cut, emptied or is no XML is passed over with a word in the log, and harms no other."""
import os

from harness import Instance, contains, equal, refused

with Instance() as host:
    for name in ('good', 'cut', 'empty', 'strange'):
        host.define(name)
    host.forget_connections()
    host.stop_daemon()
    folder = host.path('etc/libvirt/lxc')
    text = open(os.path.join(folder, 'cut.xml'), encoding='utf-8').read()
    for name, content in (('cut', text[:len(text) // 2]), ('empty', ''), ('strange', '\0\1\2<<<')):
        with open(os.path.join(folder, name + '.xml'), 'w', encoding='utf-8') as file:
            file.write(content)
    # What a crash between writing and renaming could leave.
    with open(os.path.join(folder, 'good.xml.new'), 'w', encoding='utf-8') as file:
        file.write(text[:100])
    os.makedirs(os.path.join(folder, 'folder.xml'))
    host.start_daemon()
    equal([d.name() for d in host.conn.listAllDomains()], ['good'])
    with open(host.path('daemon.log'), encoding='utf-8', errors='replace') as file:
        log = file.read()
    for name in ('cut', 'empty', 'strange'):
        contains(log, f'{name}')
    # The file is the user's: it is not taken away. Defining the name again mends it.
    equal(os.path.exists(os.path.join(folder, 'cut.xml')), True)
    host.define('cut').undefine()
    host.forget_connections()
    host.stop_daemon()
    os.rmdir(os.path.join(folder, 'folder.xml'))
    for name in ('empty.xml', 'strange.xml', 'good.xml.new'):
        if os.path.exists(os.path.join(folder, name)):
            os.unlink(os.path.join(folder, name))
    host.start_daemon()
    host.conn.lookupByName('good').undefine()
