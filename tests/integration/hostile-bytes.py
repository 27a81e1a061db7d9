#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""Whatever bytes a client sends, the daemon answers as libvirt's does, holds up nobody and loses nothing.

    hostile-bytes.py                    against a private daemon
    hostile-bytes.py --server PROGRAM   against rpc-test-server, which knows a few procedures more
    hostile-bytes.py SOCKET PID         against a daemon that runs
"""
import contextlib
import os
import random
import resource
import select
import socket
import struct
import subprocess
import sys
import tempfile
import time

from rpc import (CALL, CALL_WITH_FDS, CONTINUE, ERR_INTERNAL, ERR_RPC, ERROR, HEADER, KEEPALIVE, MESSAGE, OK, REMOTE,
                 REPLY, STREAM, STREAM_HOLE, Peer, optional_text)

OPEN, CLOSE, GET_TYPE, FEATURE, AUTH_LIST, IDENTITY = 1, 2, 3, 60, 66, 419
EVENTS, FLOOD = 9009, 9011  # of rpc-test-server
MANY = 1000
MEGABYTE = 1 << 20
# An instrumented build keeps what was freed for a while, and is slower.
PATIENCE = float(os.environ.get('VIRTLXCD_PATIENCE', '1'))
KEPT = 0 if PATIENCE == 1 else 400 * MEGABYTE


class Server:
    """The daemon under test: its socket, and what the kernel says about its process."""

    def __init__(self, path, pid, own):
        self.path, self.pid, self.own = path, pid, own

    def peer(self):
        return Peer(self.path)

    def opened(self):
        peer = self.peer()
        peer.open()
        return peer

    def memory(self):
        with open(f'/proc/{self.pid}/status', encoding='utf-8') as file:
            return int(next(line for line in file if line.startswith('VmRSS')).split()[1]) * 1024

    def grew_less(self, before, limit):
        grown = self.memory() - before
        assert grown < limit + KEPT, f'{grown // 1024} KiB more than before'

    def descriptors(self):
        return len(os.listdir(f'/proc/{self.pid}/fd'))

    def answers(self, within=2):
        """A new client is served, and quickly."""
        start = time.monotonic()
        peer = self.opened()
        type_of(peer)
        peer.close()
        took = time.monotonic() - start
        assert took < within * PATIENCE, f'took {took:.1f} s'


def type_of(peer):
    packet = peer.call(GET_TYPE)
    assert packet.status == OK and packet.body == b'\0\0\0\3LXC\0', packet.body


def refused(packet, code, start=''):
    assert packet.type == REPLY and packet.status == ERROR, (packet.type, packet.status)
    found, _, message = packet.error()
    assert found == code and message.startswith(start), (found, message)


def silent(peer):
    """Nothing was answered to what came before: the next answer is to the next call."""
    assert not select.select([peer.socket], [], [], 0)[0]
    type_of(peer)


def header(length, proc=GET_TYPE, kind=CALL, serial=0, status=OK, prog=REMOTE, vers=1):
    return HEADER.pack(length, prog, vers, proc, kind, serial, status)


def eventually_closed(server, descriptors):
    """What is closed is closed after the answer."""
    end = time.monotonic() + 10 * PATIENCE
    while server.descriptors() > descriptors:
        assert time.monotonic() < end, f'{server.descriptors()} descriptors, {descriptors} before'
        server.answers()


# ---- answers to what makes no sense --------------------------------------------------------------

def unknown_procedures(server):
    """Numbers of no procedure, and of events, are refused by a text that clients know."""
    peer = server.opened()
    for proc in (0, -1, 999, 318, 2**31 - 1, -2**31):
        refused(peer.call(proc), ERR_RPC, f'unknown procedure: {proc}')
    type_of(peer)


def unknown_programs(server):
    """A call to no program of ours, or another version, is refused with its own words echoed."""
    peer = server.opened()
    for prog, vers in ((0, 1), (0xffffffff, 1), (REMOTE, 0), (REMOTE, 2), (KEEPALIVE, 1)):
        packet = peer.call(7, prog=prog, vers=vers, serial=4711)
        refused(packet, ERR_RPC)
        assert (packet.prog, packet.vers, packet.proc, packet.serial) == (prog, vers, 7, 4711)
    type_of(peer)


def status_of_a_call(server):
    """A call says OK or is refused."""
    peer = server.opened()
    for status in (ERROR, CONTINUE, 3, -1):
        refused(peer.call(GET_TYPE, status=status), ERR_RPC)
    type_of(peer)


def before_open(server):
    """What needs a connection is refused before it is opened."""
    peer = server.peer()
    refused(peer.call(GET_TYPE), ERR_INTERNAL)
    peer.open()
    type_of(peer)


def no_answer(server):
    """Replies, messages, stream packets of no stream and unknown types are dropped."""
    peer = server.opened()
    for kind in (REPLY, MESSAGE, STREAM, STREAM_HOLE, 7, -1, 2**31 - 1):
        for status in (OK, ERROR, CONTINUE, -1):
            peer.send(201, b'data', kind=kind, status=status, serial=3)
    silent(peer)
    for proc in (0, 3, -1):
        peer.send(proc, prog=KEEPALIVE, kind=MESSAGE)
    silent(peer)


def short_arguments(server):
    """Arguments that end too soon, or hold impossible words, fail the call and nothing else."""
    peer = server.peer()
    assert peer.call(AUTH_LIST).status == OK
    good = optional_text('lxc:///system') + struct.pack('>I', 0)
    for size in range(0, len(good), 4):
        refused(peer.call(OPEN, good[:size]), ERR_RPC)
    for word in (2, 0x80000000, 0xffffffff):
        refused(peer.call(OPEN, struct.pack('>I', word) + good[4:]), ERR_RPC)
    for length in (14, 4194305, 0x7fffffff, 0x80000000, 0xffffffff):
        refused(peer.call(OPEN, struct.pack('>II', 1, length)), ERR_RPC)
    assert peer.call(OPEN, good).status == OK
    type_of(peer)


def array_counts(server):
    """A count over the limit, or over what is there, takes no memory."""
    peer = server.opened()
    before = server.memory()
    for count in (1, 20, 21, 0x7fffffff, 0x80000000, 0xffffffff):
        refused(peer.call(IDENTITY, struct.pack('>I', count)), ERR_RPC)
    server.grew_less(before, MEGABYTE)
    type_of(peer)


def surplus(server):
    """More bytes than the arguments need are ignored."""
    peer = server.opened()
    packet = peer.call(GET_TYPE, b'surplus' * 1000)
    assert packet.status == OK
    type_of(peer)


# ---- broken frames -------------------------------------------------------------------------------

def lengths(server):
    """A packet that is shorter than its header, or longer than any may be, ends the connection."""
    for length in (0, 1, 3, 4, 8, 27, 32 * MEGABYTE + 5, 0x7fffffff, 0x80000000, 0xffffffff):
        peer = server.opened()
        peer.socket.sendall(header(length))
        assert peer.hung_up(), length


def cut_anywhere(server):
    """A client may go away after any byte of a packet."""
    whole = header(28 + 24, OPEN) + optional_text('lxc:///system') + struct.pack('>I', 0)
    for size in range(len(whole)):
        peer = server.peer()
        peer.socket.sendall(whole[:size])
        peer.close()


def announced_memory(server):
    """Announcing the largest packet costs nothing until it comes."""
    before = server.memory()
    peers = [server.opened() for _ in range(200)]
    for peer in peers:
        peer.socket.sendall(header(32 * MEGABYTE + 4) + b'x' * 1000)
    server.answers()
    server.grew_less(before, 16 * MEGABYTE)
    for peer in peers:
        peer.close()


def largest_packet(server):
    """The largest packet is taken, refused for its content, and its memory given back."""
    peer = server.opened()
    before = server.memory()
    peer.socket.sendall(header(32 * MEGABYTE + 4, OPEN, serial=9) + b'\xff' * (MEGABYTE - 24))
    for _ in range(31):
        peer.socket.sendall(b'\xff' * MEGABYTE)
    refused(peer.receive(), ERR_RPC)
    peer.close()
    server.answers()
    server.grew_less(before, 4 * MEGABYTE)


def single_bytes(server):
    """A packet may come byte by byte."""
    peer = server.opened()
    for byte in header(28, serial=77):
        peer.socket.sendall(bytes([byte]))
    assert peer.receive().serial == 77


def random_bytes(server):
    """Noise, and sound packets with flipped bits, do no harm."""
    chance = random.Random(4711)
    whole = header(28 + 24, OPEN) + optional_text('lxc:///system') + struct.pack('>I', 0)
    for round_ in range(400):
        data = bytearray(whole * 3)
        if round_ % 2:
            data = bytearray(chance.randbytes(chance.randrange(1, 2000)))
        for _ in range(chance.randrange(1, 6)):
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        peer = server.peer()
        with contextlib.suppress(ConnectionError):
            peer.socket.sendall(data)
        peer.close()
    server.answers()


# ---- descriptors ---------------------------------------------------------------------------------

def send_fds(peer, fds, data=b'\0'):
    packed = struct.pack(f'{len(fds)}i', *fds)
    peer.socket.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, packed)])


def descriptor_counts(server):
    """Up to 32 descriptors may come with a call; a higher number ends the connection."""
    with open('/dev/null', encoding='utf-8') as file:
        for count in (0, 1, 32):
            peer = server.opened()
            before = server.descriptors()
            peer.socket.sendall(header(32, kind=CALL_WITH_FDS, serial=5) + struct.pack('>I', count))
            for _ in range(count):
                send_fds(peer, [file.fileno()])
            assert peer.receive().serial == 5
            type_of(peer)
            eventually_closed(server, before)
    for count in (33, 0x7fffffff, 0xffffffff):
        peer = server.opened()
        peer.socket.sendall(header(32, kind=CALL_WITH_FDS) + struct.pack('>I', count))
        assert peer.hung_up()
    peer = server.opened()
    peer.socket.sendall(header(28, kind=CALL_WITH_FDS))  # without a count
    assert peer.hung_up()


def missing_descriptors(server):
    """A byte without its descriptor ends the connection; a client may also go away in between."""
    peer = server.opened()
    peer.socket.sendall(header(32, kind=CALL_WITH_FDS) + struct.pack('>I', 2) + b'\0\0')
    assert peer.hung_up()
    peer = server.opened()
    peer.socket.sendall(header(32, kind=CALL_WITH_FDS) + struct.pack('>I', 2))
    send_fds(peer, [0])
    peer.close()


def stray_descriptors(server):
    """Descriptors on any byte, in any number, are not kept."""
    with open('/dev/null', encoding='utf-8') as file:
        before = server.descriptors()
        peer = server.opened()
        for number in (1, 8, 32):
            send_fds(peer, [file.fileno()] * number, header(28, serial=number))
            assert peer.receive().serial == number
        eventually_closed(server, before + 1)
        send_fds(peer, [file.fileno()] * 200, header(28))
        assert peer.hung_up()
        half = server.opened()
        for byte in header(28)[:20]:
            with contextlib.suppress(ConnectionError):
                send_fds(half, [file.fileno()] * 30, bytes([byte]))
        server.answers()
        eventually_closed(server, before + 40)


# ---- floods --------------------------------------------------------------------------------------

def push(peer, data, limit, seconds=3):
    """Sends as long as the daemon takes it, and returns how much it took."""
    peer.socket.setblocking(False)
    sent = 0
    end = time.monotonic() + seconds
    while sent < limit and time.monotonic() < end:
        if not select.select([], [peer.socket], [], 0.3)[1]:
            break
        try:
            sent += peer.socket.send(data)
        except BlockingIOError:
            break
        except ConnectionError:
            break
    return sent


def ping_flood(server):
    """A client that pings and never reads is held or cut off; others are served meanwhile."""
    before = server.memory()
    peer = server.opened()
    push(peer, header(28, 1, MESSAGE, prog=KEEPALIVE) * 2000, 64 * MEGABYTE)
    server.answers()
    server.grew_less(before, 32 * MEGABYTE)
    peer.close()


def call_flood(server):
    """A client that calls and never reads its replies is not read either."""
    before = server.memory()
    peer = server.opened()
    sent = push(peer, header(28) * 2000, 64 * MEGABYTE)
    assert sent < 64 * MEGABYTE, 'all of it was taken'
    server.answers()
    server.grew_less(before, 8 * MEGABYTE)
    peer.close()


def stray_stream_flood(server):
    """Stream data that belongs to no stream is dropped as it comes."""
    before = server.memory()
    peer = server.opened()
    data = header(28 + 65536, 201, STREAM, status=CONTINUE) + b'x' * 65536
    for _ in range(500):
        peer.socket.sendall(data)
    type_of(peer)
    server.grew_less(before, 4 * MEGABYTE)


def many_connections(server):
    """A thousand clients at once are served, and leave nothing behind."""
    descriptors, memory = server.descriptors(), server.memory()
    peers = [server.opened() for _ in range(MANY)]
    for peer in peers:
        type_of(peer)
    assert server.descriptors() >= descriptors + MANY - 10
    server.grew_less(memory, 16 * MEGABYTE)
    for peer in peers:
        peer.close()
    eventually_closed(server, descriptors)


def silent_connections(server):
    """Clients that never say a word hold up nobody."""
    peers = [server.peer() for _ in range(300)]
    server.answers()
    for peer in peers:
        peer.close()


def events_pile_up(server):
    """A client that does not read its events is cut off before they fill the memory."""
    if not server.own:
        return
    before = server.memory()
    peer = server.opened()
    peer.send(EVENTS, optional_text('x' * 200) + struct.pack('>I', 300000))
    server.answers(within=10)
    server.grew_less(before, 48 * MEGABYTE)
    assert peer.hung_up()


def stream_piles_up(server):
    """A stream is read no faster than its client reads, and its client's calls go on."""
    if not server.own:
        return
    before = server.memory()
    peer = server.opened()
    peer.send(FLOOD)
    time_to_fill = time.monotonic() + 1
    while time.monotonic() < time_to_fill:
        server.answers()
    server.grew_less(before, 4 * MEGABYTE)
    peer.close()


# ---- the run -------------------------------------------------------------------------------------

CASES = [unknown_procedures, unknown_programs, status_of_a_call, before_open, no_answer, short_arguments, array_counts,
         surplus, lengths, cut_anywhere, announced_memory, largest_packet, single_bytes, random_bytes,
         descriptor_counts, missing_descriptors, stray_descriptors, ping_flood, call_flood, stray_stream_flood,
         many_connections, silent_connections, events_pile_up, stream_piles_up]


def run(server):
    server.answers()
    descriptors, memory = server.descriptors(), server.memory()
    for case in CASES:
        case(server)
        server.answers()
        print(f'ok: {case.__name__}: {case.__doc__}', flush=True)
    eventually_closed(server, descriptors)
    print(f'memory {memory // 1024} KiB, afterwards {server.memory() // 1024} KiB')
    server.grew_less(memory, 48 * MEGABYTE)


@contextlib.contextmanager
def test_server(program):
    with tempfile.TemporaryDirectory() as scratch:
        path = os.path.join(scratch, 'sock')
        with subprocess.Popen([program, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            assert process.stdout.readline() == b'ready\n'
            yield Server(path, process.pid, True)
            process.stdin.close()
            assert process.wait() == 0


def main():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if sys.argv[1:2] == ['--server']:
        with test_server(sys.argv[2]) as server:
            run(server)
    elif len(sys.argv) == 3:
        run(Server(sys.argv[1], int(sys.argv[2]), False))
    else:
        from harness import Instance
        with Instance() as host:
            run(Server(host.socket(), host.daemon.pid, False))


main()
