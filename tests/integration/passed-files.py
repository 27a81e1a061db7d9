#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""Descriptors given to a start become 3, 4, ... of init in the order sent, and init has no others."""
import os

from harness import Instance, equal, eventually

with Instance() as host:
    folder, device = host.report('fds')
    fds = []
    for text in ('first', 'second'):
        path = os.path.join(host.root, text)
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)
        fds.append(os.open(path, os.O_RDONLY))

    def shown(start):
        start(host.xml('fds', args='to /report/part , fdread 3 , fdread 4 , fds , mark /report/done , pause', devices=device))
        eventually(lambda: os.path.exists(os.path.join(folder, 'done')), 'the report')
        os.unlink(os.path.join(folder, 'done'))
        with open(os.path.join(folder, 'part'), encoding='utf-8') as file:
            lines = file.read().splitlines()
        host.conn.lookupByName('fds').destroy()
        for fd in fds:
            os.lseek(fd, 0, os.SEEK_SET)
        return lines

    def check(lines):
        equal(lines[:2], ['fdread first', 'fdread second'])
        # 0 and 2 are the console, 1 is the payload's report.
        equal([line.split()[0] for line in lines[2:]], ['0', '1', '2', '3', '4'])

    check(shown(lambda xml: host.conn.createXMLWithFiles(xml, fds, 0)))
    check(shown(lambda xml: host.conn.defineXML(xml).createWithFiles(fds, 0)))
    for fd in fds:
        os.close(fd)
    equal(host.ask('none', 'fds').splitlines()[0].split()[0], '0')
    equal(len(host.ask('none', 'fds').splitlines()), 3)
