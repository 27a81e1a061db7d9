#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""The init of a system is heard when it says that it is ready, by nobody else and whatever else is said, over new daemons and until it reboots; with and without an id map."""
import os
import signal

from harness import Console, Instance, contains, equal, eventually, libvirt, skip
from systems import MAPS, container

READY = "<virtlxcd:init system='yes' ready='yes'/>"
SYSTEM = "<virtlxcd:init system='yes'/>"
# Each begins when its file is there. What is longer than a message of systemd is cut off.
PARTS = (
    'notify STATUS=starting , notify READY=0 , notify XREADY=1;NOTREADY=1;READY=11 , notify-after 70000 , notify-after 5000 , run /report/script , say others-are-through',
    'notify STATUS=up;READY=1;MAINPID=1 , say it-is-up',
    'notify READY=1 , say it-was-up',
)


def is_ready():
    return READY in dom.XMLDesc()


def go(part):
    with open(f'{folder}/{part}', 'w', encoding='utf-8'):
        pass


def n_files():
    return len(os.listdir(f'/proc/{host.controller_pid(dom)}/fd'))


def expect(text):
    """Once the monitor has given this back, it has heard all that was said before."""
    said = console.expect(text).decode()
    console.send('x\n')
    console.expect('x\r\n')
    return said.replace('\r', '')


with Instance() as host:
    if host.stock:
        skip('the stock driver hears nothing')
    folder, device = host.report('ready')
    with open(f'{folder}/script', 'w', encoding='utf-8') as file:
        file.write('/payload notify READY=1 , notify-much 500 , notify-after 3\nsu user -c "/payload notify READY=1"\nls -ln /run/host/notify\n')
    for name, id_map in MAPS.items():
        for part in range(len(PARTS)):
            go(part)
            os.unlink(f'{folder}/{part}')
        steps = ' , '.join(f'wait /report/{number} , {part}' for number, part in enumerate(PARTS))
        dom = host.start('system', args=f'say begin , {steps} , wait /report/again , reboot', devices=device, extra=container(SYSTEM, id_map))
        console = Console(host.conn, dom)
        expect('begin')
        files = n_files()
        go(0)
        said = expect('others-are-through')
        contains(said, 'notify ok\n' * 3 + 'notify-after ok\n' * 2 + 'notify ok\nnotify-much ok\nnotify-after ok\nnotify errno EACCES\nsrw------- ')
        contains(said, ' 0        0 ')
        assert not is_ready(), name
        equal(n_files(), files, 'no descriptor that was sent is kept')
        go(1)
        expect('it-is-up')
        eventually(is_ready, 'it is ready')
        assert READY not in dom.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE), name
        equal(n_files(), files - 1, 'nobody listens any more')
        go(2)
        contains(expect('it-was-up'), 'notify errno ECONNREFUSED')
        assert is_ready()
        console.close()

        # New daemons know it; what is said while there is none is not lost.
        host.restart_daemon(signal.SIGKILL)
        dom = host.conn.lookupByName('system')
        assert is_ready()
        os.unlink(f'{folder}/0')
        os.unlink(f'{folder}/1')
        go('again')
        eventually(lambda: not is_ready(), 'it starts again')
        dom = host.conn.lookupByName('system')
        console = Console(host.conn, dom)
        assert not is_ready()
        go(0)
        expect('others-are-through')
        console.close()
        os.unlink(f'{folder}/again')
        host.forget_connections()
        host.stop_daemon()
        go(1)
        host.start_daemon()
        dom = host.conn.lookupByName('system')
        eventually(is_ready, 'it is ready', 10)
        dom.destroy()
        assert not is_ready()
        dom.create()
        assert not is_ready()
        dom.destroy()
        dom.undefine()

    # A socket of the user's own comes instead, and who is no system has none.
    own = "<initenv name='NOTIFY_SOCKET'>/run/mine</initenv>"
    for words, wanted in (({'os_extra': own, 'extra': container(SYSTEM)}, 'NOTIFY_SOCKET=/run/mine\n'), ({}, '')):
        said = host.ask('other', 'env', 'tree', '/run', **words)
        equal(''.join(line + '\n' for line in said.splitlines() if line.startswith('NOTIFY_SOCKET')), wanted)
        assert 'host/notify' not in said, said
