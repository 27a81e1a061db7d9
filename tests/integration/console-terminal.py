#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""Ends of file and hang-ups on a console are what they are on a terminal: programs inside see them, who looks from outside goes on looking; FORCE is the last one's alone, and a reboot makes a terminal plain again."""
import contextlib
import fcntl
import os
import signal
import struct
import termios
import threading
import tty
import xml.etree.ElementTree as ET

import libvirt

from harness import Console, Instance, contains, equal, eventually, process_state, refused, skip

N_NULL = 27  # a line discipline that takes and gives nothing
IDMAP = "<idmap><uid start='0' target='100000' count='65536'/><gid start='0' target='100000' count='65536'/></idmap>"

with Instance() as host:
    if host.stock:
        skip('the stock driver hangs its clients up')
    logged = f"<console type='pty'><log file='{host.path('log')}'/></console>"

    for number, console in enumerate(("<console type='pty'/>", logged)):
        # ctrl-d is the end of a line's file, not of the terminal: a login that comes again is on the same stream.
        login = 'while :; do echo "login:"; read name || { echo END; continue; }; echo "hello $name"; done'
        dom = host.create(f'login{number}', init='/bin/sh', args=['-c', login.replace('&', '&amp;')], console=console)
        client = Console(host.conn, dom)
        client.expect('login:')
        for _ in range(3):
            client.send('\x04')
            client.expect('END')
            client.expect('login:')
        client.send('me\n')
        client.expect('hello me')
        client.close()
        dom.destroy()

        # A getty hangs the terminal up before each login; what nobody has read by then is lost, as on any terminal.
        folder, device = host.report(f'getty{number}')
        dom = host.create(f'getty{number}', console=console, devices=device,
                          args='say before , wait /report/1 , hangup /dev/console , say between , wait /report/2 , hangup /dev/console , say after , echo')
        client = Console(host.conn, dom)
        for name, word in enumerate(('before', 'between', 'after'), 1):
            contains(client.expect(word), b'hangup ok' if name > 1 else b'before')
            open(f'{folder}/{name}', 'w', encoding='utf-8').close()
        client.send('still there\n')
        client.expect('still there\r\nstill there')  # typed, and given back
        client.close()
        dom.destroy()

        # Nobody has it open: it is no end, and input goes nowhere.
        folder, device = host.report(f'closed{number}')
        dom = host.create(f'closed{number}', init='/bin/sh', console=console, devices=device,
                          args=['-c', 'exec <&- >&- 2>&-; while [ ! -e /report/go ]; do sleep 0.1; done; exec 0<>/dev/console 1>&0; echo open; sleep 1000'.replace('&', '&amp;').replace('<', '&lt;')])
        client = Console(host.conn, dom)
        client.send('lost\n')
        open(folder + '/go', 'w', encoding='utf-8').close()
        client.expect('open')
        client.close()
        dom.destroy()

    # Each byte goes to one of several clients; SAFE is refused then, FORCE sends the others away.
    dom = host.create('shared', args='echo', extra=IDMAP, tree=host.tree('mapped'))
    other = host.connect()
    one, two = Console(host.conn, dom), Console(other, other.lookupByName('shared'))
    one.send('x' * 100 + '\n')
    eventually(lambda: (one.data + two.data).count(b'x') == 200, 'all is read once')
    with refused('OPERATION_FAILED', 'LXC', 'in use'):
        dom.openConsole(None, host.conn.newStream(), libvirt.VIR_DOMAIN_CONSOLE_SAFE)
    two.close()
    stream = host.conn.newStream(libvirt.VIR_STREAM_NONBLOCK)
    dom.openConsole(None, stream, libvirt.VIR_DOMAIN_CONSOLE_FORCE)
    one.wait_end()
    stream.abort()
    Console(host.conn, dom).close()

    # Of several that ask at once only the last has it.
    streams = []
    connections = [host.connect() for _ in range(4)]

    def take(conn):
        with contextlib.suppress(libvirt.libvirtError):  # it was taken before it was there
            stream = conn.newStream(libvirt.VIR_STREAM_NONBLOCK)
            conn.lookupByName('shared').openConsole(None, stream, libvirt.VIR_DOMAIN_CONSOLE_FORCE)
            streams.append(stream)

    def is_open(stream):
        try:
            return stream.recv(1) == -2 or is_open(stream)
        except libvirt.libvirtError:
            return False
    for _ in range(10):
        takers = [threading.Thread(target=take, args=(conn,)) for conn in connections]
        for taker in takers:
            taker.start()
        for taker in takers:
            taker.join()
        eventually(lambda: sum(map(is_open, streams)) == 1, 'one is left')
        for stream in streams:
            with contextlib.suppress(libvirt.libvirtError):
                stream.abort()
        streams.clear()
    for conn in connections:
        host.connections.remove(conn)
        conn.close()

    # What root inside makes of a terminal is over with the next boot; a slave of the host's is the same terminal.
    for name, id_map in (('plain', ''), ('mapped', IDMAP)):
        dom = host.create(name, init='/bin/sh', extra=id_map, console="<console type='pty'/>" * 2, tree=host.tree(name),
                          args=['-c', 'echo up > /dev/tty2; read line; reboot -f'.replace('>', '&gt;')])
        first, second = Console(host.conn, dom), Console(host.conn, dom, 'console1')
        second.expect('up')
        path = ET.fromstring(dom.XMLDesc()).findall('devices/console')[1].find('source').get('path')
        slave = os.open(path, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(slave)
        fcntl.ioctl(slave, termios.TIOCEXCL)
        fcntl.ioctl(slave, termios.TIOCSETD, struct.pack('i', N_NULL))
        os.close(slave)
        first.send('go\n')
        equal(second.expect('up\r\n'), b'\r\nup\r\n')
        first.close()
        second.close()
        host.conn.lookupByName(name).destroy()
    dom = host.conn.lookupByName('shared')

    # What a client that is gone had not read is there for the next.
    dom.destroy()
    folder, device = host.report('left')
    dom = host.create('left', args='wait /report/go , flood 16384 , mark /report/done , say THE-END , echo', devices=device)
    client = Console(host.conn, dom)
    host.daemon.send_signal(signal.SIGSTOP)
    eventually(lambda: process_state(host.daemon.pid) == 'T', 'the daemon reads nothing more')
    open(folder + '/go', 'w', encoding='utf-8').close()
    eventually(lambda: os.path.exists(folder + '/done'), 'it is printed')
    host.restart_daemon(signal.SIGKILL)
    client = Console(host.conn, host.conn.lookupByName('left'))
    equal(client.expect('THE-END').replace(b'\r', b''), b''.join(b'%015d\n' % n for n in range(1024)) + b'THE-END')
    client.close()

    # The monitor's end is the container's, and the stream's.
    dom = host.conn.lookupByName('left')
    client = Console(host.conn, dom)
    os.kill(host.controller_pid(dom), signal.SIGKILL)
    client.wait_end()
    eventually(lambda: not host.conn.listDomainsID(), 'the container ends')
