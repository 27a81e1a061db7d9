#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""Each procedure is allowed or denied on the read-only socket as the table of libvirt's procedures says."""
import os

import rpc
from harness import HERE, Instance, equal

UUID = '6b0b0a1c-7a2e-4d0e-9a70-2f3dc3a5a00a'
CONNECT_OPEN, CONNECT_CLOSE, AUTH = 1, 2, (66, 67, 68, 69, 70)

def is_other_order(code, name, text):
    """Stock looks at some arguments first, is older than a few rows, and changed its mind on one."""
    return (text or '').startswith('unknown procedure') or code in (rpc.ERR_INTERNAL, rpc.ERR_INVALID_ARG) \
        or name == 'NODE_DEVICE_GET_AUTOSTART'


with Instance() as host:
    host.define('bb', uuid=UUID)
    wrong, denied, allowed = [], 0, 0
    with open(os.path.join(HERE, 'readonly.tsv'), encoding='utf-8') as table:
        rows = [line.rstrip('\n').split('\t') for line in table if not line.startswith('#')]
    for flags, socket in ((0, host.socket(readonly=True)), (1, host.socket())):
        peer = rpc.Peer(socket)
        peer.open(flags=flags)
        for prog, number, name, answer, args in rows:
            if int(prog, 16) == rpc.REMOTE and int(number) in (CONNECT_OPEN, CONNECT_CLOSE, *AUTH):
                continue
            try:
                packet = peer.call(int(number), b'' if args == '-' else bytes.fromhex(args), prog=int(prog, 16))
            except (EOFError, OSError) as error:
                raise AssertionError(f'{name}: {error}') from None
            code, _, text = packet.error() if packet.status == rpc.ERROR else (0, 0, '')
            if host.stock and is_other_order(code, name, text):
                continue
            if (code == rpc.ERR_OPERATION_DENIED) != (answer == 'no'):
                wrong.append(f'{name} is {"allowed" if answer == "yes" else "denied"} in the table, the daemon says {code} {text}')
            denied += answer == 'no'
            allowed += answer == 'yes'
            for fd in packet.fds:
                os.close(fd)
        peer.close()
    equal(wrong, [], 'rows that differ')
    assert denied > 300 and allowed > 300, (denied, allowed)
    equal(host.conn.lookupByUUIDString(UUID).name(), 'bb')
