#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""A shell on the console works as a terminal does, several consoles are apart, and virsh console leaves with ctrl-]."""
import os
import pty
import select
import termios
import time

import libvirt

from harness import PATIENCE, Console, Instance, contains, descendants, equal, eventually, refused

with Instance() as host:
    dom = host.start('bb', init='/bin/sh', args=[], console="<console type='pty'/>" * 3)
    console = Console(host.conn, dom)
    console.send('\n')
    console.expect('# ')
    equal(console.shell('echo $((6 * 7))'), '42')
    contains(console.shell('tty'), '/dev/')
    contains(console.shell('ps'), '/bin/sh' if not host.stock else 'sh')
    if not host.stock:  # whose shell has no terminal of its own
        # Job control: the terminal is the session's, ctrl-c reaches what runs.
        console.send('echo $((100 + 1)) begins; sleep 1000\n')
        console.expect('101 begins')
        eventually(lambda: 'sleep 1000' in descendants().values(), 'it runs')
        console.send('\x03')
        console.expect('# ')

    # The second console carries its own bytes both ways.
    second = Console(host.conn, dom, 'console1')
    equal(console.shell('ls /dev/tty1 /dev/tty2 /dev/tty3 /dev/console | wc -l'), '4')
    console.send('echo from-inside > /dev/tty2\n')
    second.expect('from-inside')
    console.send('head -n 1 /dev/tty2\n')
    console.expect('head -n 1 /dev/tty2')
    second.send('typed here\n')
    console.expect('typed here')
    second.close()
    with refused('INTERNAL_ERROR', 'LXC'):
        Console(host.conn, dom, 'console9')
    with refused('INVALID_ARG', 'LXC'):
        dom.openConsole(None, host.conn.newStream(), libvirt.VIR_DOMAIN_CONSOLE_FORCE) if host.stock else dom.openConsole(None, host.conn.newStream(), 1 << 10)
    console.close()

    # virsh in a terminal of its own.
    pid, fd = pty.fork()
    if pid == 0:
        os.execvp('virsh', ['virsh', '-c', host.uri(), 'console', 'bb'])

    def read_until(word):
        data, deadline = b'', time.monotonic() + 10 * PATIENCE
        while word not in data:
            assert time.monotonic() < deadline, data
            if select.select([fd], [], [], 0.1)[0]:
                data += os.read(fd, 4096)
        return data

    read_until(b'Connected to domain')
    eventually(lambda: not termios.tcgetattr(fd)[3] & termios.ECHO, 'virsh takes every key')
    os.write(fd, b'\necho $((40 + 2)) answer\n')
    read_until(b'42 answer')
    os.write(fd, b'\x1d')
    equal(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 0)
    os.close(fd)

    # The end of the container is the end of the stream.
    console = Console(host.conn, dom)
    console.send('\n')
    console.expect('# ')
    dom.destroy()
    console.wait_end()
    with refused('OPERATION_INVALID', 'DOMAIN'):
        Console(host.conn, dom)
