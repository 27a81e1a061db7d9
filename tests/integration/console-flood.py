#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""Megabytes pass a console without loss or disorder, nobody listening blocks nobody, and a stuck reader holds up no other call."""
import html
import os

import libvirt

from harness import PATIENCE, Console, Events, Instance, equal, eventually

SIZE = 4 << 20

with Instance() as host:
    folder, device = host.report('flood')
    dom = host.create('flood', args=f'wait /report/go , flood {SIZE} , say THE-END , pause', devices=device)
    console = Console(host.conn, dom)
    open(folder + '/go', 'w', encoding='utf-8').close()
    data = console.expect('THE-END', 60)
    lines = data.replace(b'\r', b'').split(b'\n')[:-1]
    equal(len(lines), SIZE // 16)
    equal([n for n, line in enumerate(lines) if int(line) != n], [], 'lines out of place')
    console.close()
    dom.destroy()

    # Bytes typed come back whole, too: echo in raw mode.
    dom = host.create('echo', init='/bin/sh', args=['-c', 'stty raw -echo; echo READY; exec cat'])
    console = Console(host.conn, dom)
    console.expect('READY')
    console.expect('\n')
    typed = b''.join(b'%015d\n' % n for n in range(64 << 10))
    console.send(typed + b'END-OF-IT')
    equal(console.expect('END-OF-IT', 60), typed + b'END-OF-IT')
    console.close()
    dom.destroy()

    if not host.stock:  # whose writer blocks for ever
        dom = host.create('alone', args=f'flood {SIZE} , mark /report/done , pause', devices=device)
        eventually(lambda: 'done' in __import__('os').listdir(folder), 'an unattached console does not block', 30)
        # What was printed last is still to be had.
        console = Console(host.conn, dom)
        console.expect(b'%015d' % (SIZE // 16 - 1))
        console.close()
        dom.destroy()

        # What was typed arrives though its client has gone, and the next client is not kept waiting.
        folder, device = host.report('typed')
        dom = host.create('typed', init='/bin/sh', args=['-c', html.escape('stty raw -echo; : >/report/ready; until [ -e /report/go ]; do sleep 0.01; done; exec cat >/report/got')], devices=device)
        eventually(lambda: os.path.exists(folder + '/ready'), 'it is ready')
        stream = host.conn.newStream()
        dom.openConsole(None, stream, 0)
        typed = b''.join(b'%07d\n' % n for n in range(7000))
        sent = 0
        while sent < len(typed):
            sent += stream.send(typed[sent:])
        stream.finish()
        open(folder + '/go', 'w', encoding='utf-8').close()
        eventually(lambda: os.path.getsize(folder + '/got') >= len(typed) if os.path.exists(folder + '/got') else False, 'all of it arrives')
        with open(folder + '/got', 'rb') as file:
            equal(file.read(), typed)
        dom.destroy()
        dom = host.create('deaf', args='say ready , pause')
        for _ in range(3):
            console = Console(host.conn, dom)
            console.send(typed)
            console.close()
        dom.destroy()

        # A client opens the console and never reads: everybody else, and its own calls, go on.
        dom = host.create('stuck', args=f'flood {SIZE} , flood {SIZE} , flood {SIZE} , mark /report/stuck , pause', devices=device)
        stream = host.conn.newStream()
        dom.openConsole(None, stream)
        for _ in range(200):
            equal(dom.state()[0], libvirt.VIR_DOMAIN_RUNNING)
        other = host.connect()
        equal(other.lookupByName('stuck').isActive(), 1)
        dom.destroy()
        equal(host.conn.listAllDomains(), [])
        stream.abort()
