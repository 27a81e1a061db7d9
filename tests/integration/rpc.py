# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""libvirt's RPC by hand: for what the client library would never send.

    peer = Peer(host.socket())
    peer.open()
    status, body = peer.call(7)
"""
import array
import socket
import struct

REMOTE, LXC, KEEPALIVE = 0x20008086, 0x00068000, 0x6b656570
CALL, REPLY, MESSAGE, STREAM, CALL_WITH_FDS, REPLY_WITH_FDS, STREAM_HOLE = range(7)
OK, ERROR, CONTINUE = range(3)
HEADER = struct.Struct('>IIIiiIi')

ERR_INTERNAL, ERR_INVALID_ARG, ERR_NO_SUPPORT, ERR_OPERATION_DENIED, ERR_RPC = 1, 8, 3, 29, 39


def text(value):
    data = value.encode()
    return struct.pack('>I', len(data)) + data + b'\0' * (-len(data) % 4)


def optional_text(value):
    return struct.pack('>I', 0) if value is None else struct.pack('>I', 1) + text(value)


class Packet:
    def __init__(self, data):
        (self.length, self.prog, self.vers, self.proc, self.type, self.serial, self.status) = HEADER.unpack(data[:28])
        self.body = data[28:]
        self.fds = []

    def error(self):
        """(code, domain, message) of an error body."""
        code, domain, present = struct.unpack('>iiI', self.body[:12])
        if not present:
            return code, domain, None
        size = struct.unpack('>I', self.body[12:16])[0]
        return code, domain, self.body[16:16 + size].decode(errors='replace')


class Peer:
    def __init__(self, path, timeout=20):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(timeout)
        self.socket.connect(path)
        self.serial = 0

    def close(self):
        self.socket.close()

    def send(self, proc, body=b'', prog=REMOTE, vers=1, kind=CALL, serial=None, status=OK):
        if serial is None:
            serial, self.serial = self.serial, self.serial + 1
        self.socket.sendall(HEADER.pack(28 + len(body), prog, vers, proc, kind, serial, status) + body)
        return serial

    def exactly(self, size):
        data = b''
        while len(data) < size:
            part = self.socket.recv(size - len(data))
            if not part:
                raise EOFError('the daemon hung up')
            data += part
        return data

    def receive(self):
        head = self.exactly(4)
        packet = Packet(head + self.exactly(struct.unpack('>I', head)[0] - 4))
        if packet.type == REPLY_WITH_FDS:
            count = struct.unpack('>I', packet.body[:4])[0]
            packet.body = packet.body[4:]
            for _ in range(count):
                fds = array.array('i')
                _, control, _, _ = self.socket.recvmsg(1, socket.CMSG_SPACE(4))
                for _, _, data in control:
                    fds.frombytes(data)
                packet.fds += fds
        return packet

    def call(self, proc, body=b'', **words):
        """Sends a call and returns its reply; events in between are dropped."""
        serial = self.send(proc, body, **words)
        while True:
            packet = self.receive()
            if packet.type in (REPLY, REPLY_WITH_FDS) and packet.serial == serial:
                return packet

    def open(self, uri='lxc:///system', flags=0):
        """As a client begins: the list of authentications, then the connection."""
        equal = self.call(66)
        assert equal.status == OK, equal.error()
        packet = self.call(1, optional_text(uri) + struct.pack('>I', flags))
        assert packet.status == OK, packet.error()

    def hung_up(self):
        """Whether the daemon closes the connection, whatever it says before."""
        try:
            while self.socket.recv(65536):
                pass
            return True
        except ConnectionError:
            return True
        except socket.timeout:
            return False
