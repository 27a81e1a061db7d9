#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""Consoles that are nothing, a file or a socket are terminals inside all the same, stop no container, and leave no socket behind."""
import contextlib
import os
import select
import signal
import socket
import stat
import subprocess

from harness import PATIENCE, Console, Instance, contains, equal, eventually, is_alive, process_state, refused, skip

SIZE = 1 << 20
SHELL = {'init': '/bin/sh', 'args': ['-c', 'stty -echo; echo up; while read line; do echo "($line)"; [ "$line" != again ] || reboot -f; done; sleep 1000']}


class Peer:
    """One end of a stream socket."""

    def __init__(self, sock):
        self.sock = sock
        self.data = b''

    @classmethod
    def to(cls, path):
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(path)
        return cls(sock)

    def expect(self, text):
        while text not in self.data:
            assert select.select([self.sock], [], [], 10 * PATIENCE)[0], f'{text!r} did not come, only {self.data[-200:]!r}'
            part = self.sock.recv(65536)
            assert part, f'hung up before {text!r}, after {self.data[-200:]!r}'
            self.data += part
        before, _, self.data = self.data.partition(text)
        return before + text

    def rest(self):
        while part := self.sock.recv(65536):
            self.data += part
        return self.data

    def say(self, text):
        self.sock.sendall(text)

    def close(self):
        self.sock.close()


class Listener:
    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.bind(path)
        self.sock.listen()

    def accept(self):
        assert select.select([self.sock], [], [], 10 * PATIENCE)[0], 'nobody connects'
        return Peer(self.sock.accept()[0])

    def close(self):
        self.sock.close()


def read(path):
    with open(path, 'rb') as file:
        return file.read()


def go(folder):
    open(folder + '/go', 'w', encoding='utf-8').close()


with Instance() as host:
    if host.stock:
        skip('the stock driver has pseudo terminals only')

    def ends():
        eventually(lambda: not host.conn.listDomainsID(), 'it ends', 30)

    def no_stream(dom, alias=None):
        with refused('INTERNAL_ERROR', 'LXC', 'is not a terminal'):
            Console(host.conn, dom, alias)

    # ---- nothing ----
    contains(host.ask('none', 'fds', console=''), '0 /dev/null')
    with refused('INTERNAL_ERROR', 'LXC', 'has no console'):
        Console(host.conn, host.create('none', console=''))
    host.conn.lookupByName('none').destroy()

    null = "<console type='null'/>"
    text = host.ask('null', 'tty', console=null)
    contains(text, 'tty /dev/console pgrp 1')
    folder, device = host.report('null')
    dom = host.create('null', devices=device, console=null + "<console type='pty'/>", args=f'flood {SIZE} , mark /report/printed , echo , mark /report/end , pause')
    eventually(lambda: os.path.exists(folder + '/printed'), 'it prints')
    no_stream(dom)
    no_stream(dom, 'console0')
    Console(host.conn, dom, 'console1').close()
    contains(dom.XMLDesc(), "<console type='null'>")
    contains(host.virsh('console', 'null', check=False, text_in='').stdout, 'error')
    assert not os.path.exists(folder + '/end')
    dom.destroy()

    # ---- a file ----
    def to_file(path, more='', inner=''):
        return f"<console type='file'><source path='{path}' {more}/>{inner}</console>"

    path, log = host.path('console.txt'), host.path('console.log')
    contains(host.ask('file', 'tty', console=to_file(path)), 'tty /dev/console pgrp 1')
    equal((read(path), stat.S_IMODE(os.stat(path).st_mode)), (b'', 0o600))
    for more, wanted in (('', b'one\r\n'), ("append='on'", b'one\r\ntwo\r\n'), ("append='off'", b'three\r\n')):
        host.create('file', args=['say', wanted.split()[-1].decode(), ',', 'exit', '0'], console=to_file(path, more, f"<log file='{log}' append='on'/>"))
        ends()
        equal(read(path), wanted)
    equal(read(log), b'one\r\ntwo\r\nthree\r\n')
    dom = host.create('file', args='say up , on USR1 reboot , pause', console=to_file(path))
    eventually(lambda: read(path) == b'up\r\n', 'it runs')
    no_stream(dom)
    host.restart_daemon(signal.SIGKILL)
    dom = host.conn.lookupByName('file')
    dom.sendProcessSignal(1, 10)
    eventually(lambda: read(path) == b'up\r\nup\r\n', 'it runs again')
    dom.destroy()

    small = host.path('small')
    os.makedirs(small)
    subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=32k', 'tmpfs', small], check=True)
    folder, device = host.report('full')
    dom = host.create('full', devices=device, args=f'flood {SIZE} , mark /report/done , pause', console=to_file(small + '/full'))
    eventually(lambda: os.path.exists(folder + '/done'), 'a full disk stops nobody')
    equal(os.stat(small + '/full').st_size, 32768)
    dom.destroy()
    subprocess.run(['umount', small], check=True)

    def fails(console, text, **words):
        with refused('SYSTEM_ERROR|OPERATION_FAILED|CONFIG_UNSUPPORTED', 'LXC|NONE', text):
            host.create('bad', console=console, **words)
        assert 'bad' not in [dom.name() for dom in host.conn.listAllDomains()]

    os.symlink(host.path('canary'), host.path('link'))
    fails(to_file(host.path('link')), 'symbolic link')
    fails(to_file(host.path('missing/file')), 'No such file')
    os.mkfifo(host.path('pipe'))
    for odd in ('/dev/null', host.path('pipe'), host.path('etc')):
        fails(to_file(odd), 'it is not a regular file')
    os.unlink(host.path('pipe'))
    fails(to_file(host.tree() + '/tmp/file'), 'a container can change')
    assert not os.path.exists(host.path('canary'))

    # ---- a socket that we listen at ----
    path = host.path('console.sock')
    bind = f"<console type='unix'><source mode='bind' path='{path}'/><log file='{log}'/></console>"
    contains(host.ask('bind', 'tty', console=bind), 'tty /dev/console pgrp 1')
    assert not os.path.exists(path)
    dom = host.create('bind', console=bind, **SHELL)
    equal((stat.S_ISSOCK(os.stat(path).st_mode), stat.S_IMODE(os.stat(path).st_mode)), (True, 0o600))
    no_stream(dom)
    contains(dom.XMLDesc(), f"<source mode='bind' path='{path}'/>")
    eventually(lambda: read(log) == b'up\r\n', 'it runs')
    first = Peer.to(path)
    equal(first.expect(b'\n'), b'up\r\n')  # what was printed before
    first.say(b'hello\n')
    equal(first.expect(b')\r\n'), b'(hello)\r\n')
    second = Peer.to(path)  # waits for its turn
    second.say(b'from-second\n')
    first.say(b'still first\n')
    equal(first.expect(b')\r\n'), b'(still first)\r\n')
    equal(select.select([second.sock], [], [], 0.1)[0], [])
    dom.suspend()
    first.say(b'after its end\n')
    first.sock.shutdown(socket.SHUT_WR)  # says no more, and still listens
    dom.resume()
    equal(first.expect(b')\r\n'), b'(after its end)\r\n')
    first.close()
    equal(second.expect(b')\r\n'), b'(from-second)\r\n')
    dom.suspend()  # so that the answer does not come before it has left
    second.say(b'last words\n')
    second.close()
    dom.resume()
    third = Peer.to(path)
    equal(third.expect(b')\r\n'), b'(last words)\r\n')
    third.sock.send(b'o', socket.MSG_OOB)
    third.say(b'ut of band\n')
    equal(third.expect(b')\r\n'), b'(out of band)\r\n')
    eventually(lambda: process_state(host.controller_pid(dom)) == 'S', 'the monitor waits')

    # It stays over a new daemon and a reboot; the end of the container is its end.
    host.restart_daemon(signal.SIGKILL)
    dom = host.conn.lookupByName('bind')
    third.say(b'again\n')
    equal(third.expect(b'up\r\n'), b'(again)\r\nup\r\n')
    third.say(b'twice\n')
    third.expect(b'(twice)\r\n')
    dom.destroy()
    equal(third.rest(), b'')
    third.close()
    assert not os.path.exists(path)
    equal(read(log), b'up\r\n(hello)\r\n(still first)\r\n(after its end)\r\n(from-second)\r\n(last words)\r\n(out of band)\r\n(again)\r\nup\r\n(twice)\r\n')

    # A client that does not read stops the output; the next goes on with it.
    folder, device = host.report('stuck')
    dom = host.create('stuck', console=bind, devices=device, args=f'wait /report/go , flood {SIZE} , say THE-END , exit 0')
    stuck = Peer.to(path)
    go(folder)
    sizes = []
    eventually(lambda: sizes.append(os.stat(log).st_size) or sizes[-1] and sizes[-100:] == sizes[-1:] * 100, 'it stops', 30)
    assert sizes[-1] < SIZE, sizes[-1]
    got = stuck.rest()
    equal(got.replace(b'\r', b''), b''.join(b'%015d\n' % n for n in range(SIZE // 16)) + b'THE-END\n', 'all of it, with the end after it')
    equal(read(log), got)
    stuck.close()
    ends()
    os.unlink(folder + '/go')
    dom = host.create('stuck', console=bind, devices=device, args=f'wait /report/go , flood {SIZE} , mark /report/done , pause')
    stuck = Peer.to(path)
    go(folder)
    eventually(lambda: stuck.sock.recv(1, socket.MSG_PEEK), 'it begins')
    stuck.close()
    eventually(lambda: os.path.exists(folder + '/done'), 'it goes on', 30)
    last = Peer.to(path)
    assert len(last.expect(b'%015d\r\n' % (SIZE // 16 - 1))) <= 65536
    last.close()
    dom.destroy()

    # What is at the path already stays when it is anybody's.
    other = Listener(path)
    fails(bind, 'Address already in use')
    Peer.to(path).close()
    other.close()
    dom = host.create('stale', console=bind)  # nobody listens there any more
    Peer.to(path).close()
    fails(bind, 'Address already in use')
    Peer.to(path).close()
    dom.destroy()
    with open(path, 'w', encoding='utf-8') as file:
        file.write('mine')
    fails(bind, 'Address already in use')
    equal(read(path), b'mine')
    os.unlink(path)
    for where, text in ((host.path('missing/sock'), 'No such file'), (host.tree() + '/tmp/sock', 'a container can change')):
        fails(f"<console type='unix'><source mode='bind' path='{where}'/></console>", text)

    # Nobody is left to remove it: the daemon does, or the next one.
    dom = host.start('killed', console=bind)
    os.kill(host.controller_pid(dom), signal.SIGKILL)
    eventually(lambda: not dom.isActive() and not os.path.exists(path), 'the daemon removes it')
    dom.create()
    controller, init = host.controller_pid(dom), host.init_pid(dom)
    host.forget_connections()
    host.stop_daemon(signal.SIGKILL)
    os.kill(controller, signal.SIGKILL)
    eventually(lambda: not is_alive(init), 'init ends')
    assert os.path.exists(path)
    host.start_daemon()
    eventually(lambda: not os.path.exists(path), 'the next one removes it')
    # A failure later in the start does so, too.
    with refused(text='/missing'):
        host.create('bad', console=bind, init='/missing')
    assert not os.path.exists(path)

    # ---- a socket that we connect to ----
    def connect(where, reconnect=''):
        return f"<console type='unix'><source mode='connect' path='{where}'>{reconnect}</source></console>"

    fails(connect(path), 'No such file')
    open(path, 'w', encoding='utf-8').close()
    fails(connect(path), 'Connection refused')
    os.unlink(path)
    server = Listener(path)
    dom = host.create('connect', console=connect(path), **SHELL)
    peer = server.accept()
    peer.expect(b'up\r\n')
    peer.say(b'hello\n')
    peer.expect(b'(hello)\r\n')
    no_stream(dom)
    peer.close()  # which the container does not notice
    equal(select.select([server.sock], [], [], 1.5)[0], [])
    equal(dom.isActive(), 1)
    dom.destroy()
    server.close()
    os.unlink(path)

    where = host.path('peers')
    os.makedirs(where)
    again = "<reconnect enabled='yes' timeout='1'/>"
    fails(connect(host.tree() + '/tmp/sock', again), 'a container can change')
    dom = host.create('connect', console=connect(where + '/sock', again), **SHELL)
    server = Listener(where + '/sock')
    peer = server.accept()
    equal(peer.expect(b'\n'), b'up\r\n')
    dom.suspend()  # as above
    peer.say(b'hello\n')
    peer.close()
    dom.resume()
    peer = server.accept()
    equal(peer.expect(b')\r\n'), b'(hello)\r\n')
    peer.say(b'again\n')
    equal(peer.expect(b'up\r\n'), b'(again)\r\nup\r\n')
    # A directory that a container can change is not gone into later either.
    server.close()
    os.rename(where, host.path('aside'))
    os.symlink(host.tree() + '/tmp', where)
    trap = Listener(where + '/sock')
    peer.close()
    equal(select.select([trap.sock], [], [], 2.5)[0], [])
    trap.close()
    os.unlink(where)
    os.makedirs(where)  # made anew, as services do
    server = Listener(where + '/sock')
    peer = server.accept()
    peer.say(b'back\n')
    peer.expect(b'(back)\r\n')
    dom.destroy()
    equal(peer.rest(), b'')
    with contextlib.closing(peer), contextlib.closing(server):
        assert os.path.exists(where + '/sock')  # it is the server's
