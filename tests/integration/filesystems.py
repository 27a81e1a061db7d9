#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""Host directories, files and memory appear at their targets, read-only where asked, and never outside the root tree."""
import os

from harness import Console, Instance, contains, equal, refused

with Instance() as host:
    source = host.path('source')
    os.makedirs(source + '/deep')
    for name in ('plain', 'deep/file'):
        with open(os.path.join(source, name), 'w', encoding='utf-8') as file:
            file.write(name + '\n')

    def fs(kind, inner, target, readonly=False):
        return f"<filesystem type='{kind}'><source {inner}/><target dir='{target}'/>{'<readonly/>' if readonly else ''}</filesystem>"

    text = host.ask('bb', 'cat', '/data/plain', ',', 'write', '/data/new', 'x', ',', 'cat', '/ro/deep/file', ',', 
                    'write', '/ro/new', 'x', ',', 'cat', '/onefile', ',', 'write', '/mem/x', 'x', ',', 'cat', '/again/deep/file', ',', 
                    'cat', '/proc/self/mountinfo',
                    devices=fs('mount', f"dir='{source}'", '/data') + fs('mount', f"dir='{source}'", '/ro', True)
                    + fs('mount', f"dir='{source}/plain'", '/onefile') + fs('ram', "usage='1024' units='KiB'", '/mem')
                    + fs('bind', "dir='/data'", '/again'))
    lines = text.splitlines()
    equal(lines[:7], ['plain', 'write ok', 'deep/file', 'write errno EROFS', 'plain', 'write ok', 'deep/file'])
    mounts = {line.split()[4]: line for line in lines[7:]}
    contains(mounts['/mem'], 'size=1024k')
    for word in ('nosuid', 'nodev'):
        contains(mounts['/mem'], word)
    assert os.path.exists(source + '/new')

    # A root tree of one's own that is read-only.
    root = f"<filesystem><source dir='{host.tree()}'/><target dir='/'/><readonly/></filesystem>"
    dom = host.create('rootro', args='write /etc/new x , pause', tree=False, devices=root)
    console = Console(host.conn, dom)
    console.expect('write errno EROFS')
    console.close()
    dom.destroy()

    # Targets that are links out of the tree: refused, or inside all the same; the host stays as it is.
    canary = host.path('canary')
    os.makedirs(canary)
    evil = host.tree('evil')
    for number, link in enumerate((canary, '../' * 20 + canary.lstrip('/'), '/proc/1/root' + canary)):
        os.symlink(link, os.path.join(evil, f'out{number}'))
        try:
            host.ask('evil', 'ids', tree=evil, devices=fs('mount', f"dir='{source}'", f'/out{number}/deeper'))
        except Exception as error:
            contains(str(error), f'out{number}' if not host.stock else '')
        equal(os.listdir(canary), [], f'something was made through {link}')
    missing = host.define('missing', devices=fs('mount', "dir='/no/such/source'", '/data'))
    with refused(text='/no/such/source'):
        missing.create()
