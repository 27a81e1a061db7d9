#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""A console's log has all that was printed, in order, who ever looks; it is rotated, private, and lasts over reboots and new daemons."""
import os
import pty
import re
import signal
import stat
import subprocess
import termios

from harness import Console, Instance, contains, equal, eventually, refused, skip

SIZE = 4 << 20


def read(path):
    with open(path, 'rb') as file:
        return file.read()


def check_lines(data, count):
    lines = data.replace(b'\r', b'').split(b'\n')[:-1]
    equal([n for n, line in enumerate(lines) if not line.isdigit() or int(line) != n][:3], [], 'lines out of place')
    equal(len(lines), count)


def ends():
    eventually(lambda: not host.conn.listDomainsID(), 'it ends', 60)


with Instance(config='console_log_max_size = 65536\nconsole_log_max_backups = 99\n') as host:
    if host.stock:
        skip('the stock driver writes no logs')
    logs = host.path('logs')
    os.makedirs(logs)

    def console(name, more=''):
        return f"<console type='pty'><log file='{logs}/{name}.log' {more}/></console>"

    def log(name, *numbers):
        return b''.join(read(f'{logs}/{name}.log{f".{number}" if number is not None else ""}') for number in numbers or (None,))

    def whole(name):
        numbers = sorted((int(part.rpartition('.')[2]) for part in os.listdir(logs) if re.fullmatch(rf'{name}\.log\.\d+', part)), reverse=True)
        try:
            return log(name, *numbers, None)
        except FileNotFoundError:  # it is being rotated
            return b''

    # Nobody looks, and a client looks: both get all of it, and the log as well.
    folder, device = host.report('flood')
    dom = host.create('flood', console=console('flood'), devices=device,
                      args=f'flood {SIZE // 4} , mark /report/alone , wait /report/go , flood {SIZE} , say THE-END , pause')
    eventually(lambda: os.path.exists(folder + '/alone'), 'nobody needs to look', 30)
    eventually(lambda: whole('flood').endswith(b'%015d\r\n' % (SIZE // 64 - 1)), 'all is in the log')
    check_lines(whole('flood'), SIZE // 64)
    client = Console(host.conn, dom)
    contains(client.expect(b'%015d' % (SIZE // 64 - 1)), b'%015d\r\n' % (SIZE // 64 - 65536 // 17 + 10))  # the last 64 KiB
    open(folder + '/go', 'w', encoding='utf-8').close()
    data = client.expect('THE-END', 60)
    check_lines(data.split(b'THE-END')[0].lstrip(b'\r\n'), SIZE // 16)
    eventually(lambda: log('flood').endswith(b'THE-END\r\n'), 'all is in the log')
    check_lines(whole('flood').split(b'THE-END')[0][SIZE // 64 * 17:], SIZE // 16)
    for part in os.listdir(logs):
        assert part == 'flood.log' or 65536 - 17 <= os.stat(f'{logs}/{part}').st_size <= 65536, part
        equal(stat.S_IMODE(os.stat(f'{logs}/{part}').st_mode), 0o600)
    client.close()
    dom.destroy()

    # The next start begins a new one, or goes on, as it says. Owner and mode of what is there stay.
    os.chown(f'{logs}/flood.log', 1000, 1001)
    os.chmod(f'{logs}/flood.log', 0o640)
    dom = host.create('flood', console=console('flood'), args='say once , flood 131072 , exit 0')
    ends()
    check_lines(whole('flood').removeprefix(b'once\r\n'), 8192)
    equal(sorted(os.listdir(logs)), ['flood.log', 'flood.log.0', 'flood.log.1'])
    for part in os.listdir(logs):
        info = os.stat(f'{logs}/{part}')
        equal((info.st_uid, info.st_gid, stat.S_IMODE(info.st_mode)), (1000, 1001, 0o640))
    before = log('flood')
    host.create('flood', console=console('flood', "append='on'"), args='say twice , exit 0')
    ends()
    equal(log('flood'), before + b'twice\r\n')
    equal(len(os.listdir(logs)), 3)
    host.create('flood', console=console('flood', "append='off'"), args='say last-words , exit 0')
    ends()
    equal((log('flood'), os.listdir(logs)), (b'last-words\r\n', ['flood.log']))

    # Reboots, new daemons and clients that come and go leave no gap.
    dom = host.start('bb', init='/bin/sh', args=['-c', 'echo up; while read line; do echo "($line)"; [ "$line" != again ] || reboot -f; done'],
                     console=console('bb'))
    client = Console(host.conn, dom)
    client.expect('up')
    client.send('one\n')
    client.expect('(one)')
    client.send('again\n')
    client.expect('(again)')
    client.expect('up')
    client.send('two\n')
    client.expect('(two)')
    client.close()
    host.restart_daemon(signal.SIGKILL)
    dom = host.conn.lookupByName('bb')
    client = Console(host.conn, dom)
    client.send('three\n')
    client.expect('(three)')
    equal(log('bb').replace(b'\r', b''), b'up\none\n(one)\nagain\n(again)\nup\ntwo\n(two)\nthree\n(three)\n')
    contains(dom.XMLDesc(), f"<log file='{logs}/bb.log'/>")

    # What one client did not read is there for the next; nothing is there twice. A client that does not read stops the
    # container's output, and no memory grows.
    client.close()
    dom.destroy()
    def monitor_size():
        with open(f'/proc/{host.controller_pid(dom)}/smaps_rollup', encoding='utf-8') as file:
            return int(next(line.split()[1] for line in file if line.startswith('Anonymous:')))

    folder, device = host.report('stuck')
    dom = host.create('stuck', console=console('stuck'), devices=device, args=f'wait /report/go , flood {SIZE} , mark /report/done , pause')
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp('virsh', ['virsh', '-c', host.uri(), 'console', 'stuck'])
    os.read(terminal, 1)
    eventually(lambda: not termios.tcgetattr(terminal)[3] & termios.ECHO, 'virsh takes every key')
    size = monitor_size()
    os.kill(pid, signal.SIGSTOP)
    open(folder + '/go', 'w', encoding='utf-8').close()
    eventually(lambda: len(whole('stuck')) > 65536, 'it begins')
    sizes = []
    eventually(lambda: sizes.append(len(whole('stuck'))) or sizes[-100:] == sizes[-1:] * 100, 'it stops', 30)
    assert not os.path.exists(folder + '/done') and sizes[-1] < SIZE
    assert monitor_size() < size + 2048, (size, monitor_size())
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    os.close(terminal)
    eventually(lambda: os.path.exists(folder + '/done'), 'it goes on', 30)
    eventually(lambda: whole('stuck').endswith(b'%015d\r\n' % (SIZE // 16 - 1)), 'all is in the log')
    check_lines(whole('stuck'), SIZE // 16)
    dom.destroy()

    # The end of the container ends the stream, after its last words.
    dom = host.define('last', args=f'wait /report/go , flood {SIZE // 4} , say THE-END , exit 0', devices=device, console=console('end'))
    os.unlink(folder + '/go')
    dom.create()
    client = Console(host.conn, dom)
    open(folder + '/go', 'w', encoding='utf-8').close()
    data = client.wait_end(30)
    assert data.endswith(b'THE-END\r\n'), data[-100:]
    check_lines(data.split(b'THE-END')[0], SIZE // 64)
    check_lines(whole('end').split(b'THE-END')[0], SIZE // 64)

    # Several consoles have logs of their own.
    dom = host.create('several', init='/bin/sh', console=console('first') + "<console type='pty'/>" + console('third'),
                      args=['-c', 'echo eins; echo zwei > /dev/tty2; echo drei > /dev/tty3; sleep 1000'])
    eventually(lambda: log('third') and log('first'), 'both are written')
    equal((log('first'), log('third')), (b'eins\r\n', b'drei\r\n'))
    client = Console(host.conn, dom, 'console2')
    client.expect('drei')
    client.close()
    dom.destroy()

    # ---- faults ----

    def fails(text, path, **words):
        with refused('SYSTEM_ERROR|OPERATION_FAILED|CONFIG_UNSUPPORTED', 'LXC|NONE', text):
            host.create('bad', console=f"<console type='pty'><log file='{path}'/></console>", **words)
        assert 'bad' not in [dom.name() for dom in host.conn.listAllDomains()]

    canary = host.path('canary')
    tree = host.tree('own')
    os.symlink(canary, f'{logs}/link.log')
    os.symlink(logs, host.path('to-logs'))
    os.makedirs(host.path('strange'))
    os.symlink(logs, host.path('strange/to-logs'))
    os.lchown(host.path('strange/to-logs'), 1000, 1000)
    os.symlink(host.root, f'{tree}/var/escape')
    os.mkfifo(f'{logs}/fifo')
    fails('No such file or directory', f'{logs}/missing/x.log')
    fails('symbolic link', f'{logs}/link.log')
    fails('symbolic link', host.path('strange/to-logs/x.log'))
    fails('Not a directory', f'{logs}/flood.log/x.log')
    fails('not a regular file', logs)
    fails('not a regular file', f'{logs}/fifo')
    fails('not a regular file', '/dev/null')
    # CVE-2026-48750: a directory of the container's is a symlink by the time that the log is opened.
    fails('a container can change', f'{tree}/var/log/x.log', tree=tree)
    fails('a container can change', f'{tree}/var/escape/canary', tree=tree)
    fails('a container can change', f'{tree}/../own/../canary', tree=tree)
    shared = f"<filesystem><source dir='{host.path('strange')}'/><target dir='/report'/></filesystem>"
    fails('a container can change', host.path('strange/x.log'), devices=shared)
    assert not os.path.exists(canary)
    # Its own symlinks and what cannot be written to are fine.
    shared = shared.replace('</filesystem>', '<readonly/></filesystem>')
    for path in (host.path('to-logs/x.log'), host.path('strange/x.log'), f'{logs}/../logs//x.log'):
        host.create('good', console=f"<console type='pty'><log file='{path}'/></console>", devices=shared, args='say seen , exit 0')
        ends()
        equal(read(path), b'seen\r\n')
        os.unlink(path)

    # A disk that is full stops nobody; when it has room again the log goes on.
    small = host.path('small')
    os.makedirs(small)
    subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=32k', 'tmpfs', small], check=True)
    dom = host.create('full', devices=host.report('full')[1], args=f'flood {SIZE} , mark /report/done , wait /report/go , say again , pause',
                      console=f"<console type='pty'><log file='{small}/full.log'/></console>")
    eventually(lambda: os.path.exists(host.path('reports/full/done')), 'the container goes on', 30)
    contains(read(host.path('var/log/libvirt/lxc/full.log')), b"output of a console is lost: cannot write to 'full.log': No space left on device\n")
    os.truncate(f'{small}/full.log', 0)
    open(host.path('reports/full/go'), 'w', encoding='utf-8').close()
    eventually(lambda: read(f'{small}/full.log').endswith(b'again\r\n'), 'the log goes on')
    client = Console(host.conn, dom)
    client.expect('again')
    client.close()
    dom.destroy()

    # One that cannot be rotated grows until the disk is full; that is said once.
    subprocess.run(['umount', small], check=True)
    subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=96k,nr_inodes=2', 'tmpfs', small], check=True)
    dom = host.create('crammed', devices=host.report('crammed')[1], args=f'flood {SIZE} , mark /report/done , pause', console=f"<console type='pty'><log file='{small}/log'/></console>")
    eventually(lambda: os.path.exists(host.path('reports/crammed/done')), 'the container goes on', 30)
    eventually(lambda: os.stat(f'{small}/log').st_size >= 65536, 'it grows')
    equal(read(host.path('var/log/libvirt/lxc/crammed.log')).count(b'is lost'), 1)
    dom.destroy()

    # Nor does a directory that is gone.
    os.makedirs(f'{logs}/gone')
    dom = host.create('gone', console=console('gone/x'), devices=host.report('gone')[1], args=f'wait /report/go , flood {SIZE} , mark /report/done , pause')
    os.rename(f'{logs}/gone', f'{logs}/moved')
    open(host.path('reports/gone/go'), 'w', encoding='utf-8').close()
    eventually(lambda: os.path.exists(host.path('reports/gone/done')), 'the container goes on', 30)
    # The directory, wherever it is now. What the terminal holds may still be on its way.
    eventually(lambda: len(os.listdir(f'{logs}/moved')) == 69, 'all of the log is there')
    dom.destroy()
    subprocess.run(['umount', small], check=True)

with Instance('plain') as host:
    # Without settings: 2 MiB and three backups.
    dom = host.create('plain', args='flood 12582912 , exit 0', console=f"<console type='pty'><log file='{host.path('plain.log')}'/></console>")
    ends()
    names = sorted(name for name in os.listdir(host.root) if name.startswith('plain.log'))
    equal(names, ['plain.log', 'plain.log.0', 'plain.log.1', 'plain.log.2'])
    data = b''.join(read(host.path(name)) for name in reversed(names[1:])) + read(host.path('plain.log'))
    lines = data.replace(b'\r', b'').split(b'\n')[:-1]
    assert [int(line) for line in lines] == list(range(12582912 // 16 - len(lines), 12582912 // 16))
    assert 3 * (2 << 20) - 51 <= sum(os.stat(host.path(name)).st_size for name in names[1:]) <= 3 * (2 << 20)

with Instance('much', config='console_log_max_size = 0\n') as host:
    # 50 MB, to a client alone, and to a client and to a log that is never rotated.
    folder, device = host.report('much')
    with open(folder + '/text', 'wb') as file:
        file.write(b''.join(b'%015d\n' % n for n in range(50000000 // 16)))
    wanted = read(folder + '/text').replace(b'\n', b'\r\n') + b'THE-END\r\n'
    for inner in ('', f"<log file='{host.path('much.log')}'/>"):
        dom = host.create('much', init='/bin/sh', args=['-c', 'read go; cat /report/text; echo THE-END; sleep 1000'], devices=device,
                          console=f"<console type='pty'>{inner}</console>")
        stream = host.conn.newStream()
        dom.openConsole(None, stream)
        stream.send(b'\n')
        parts = [b'']
        while b'THE-END' not in (parts[-2:][0] + parts[-1])[-100:]:
            parts.append(stream.recv(262120))
        assert b''.join(parts).removeprefix(b'\r\n').rstrip(b'\r\n') == wanted.rstrip(b'\r\n')
        if inner:
            eventually(lambda: os.stat(host.path('much.log')).st_size == len(wanted) + 2, 'the log has all of it')
            assert read(host.path('much.log')) == b'\r\n' + wanted
        stream.abort()
        dom.destroy()
    equal([name for name in os.listdir(host.root) if name.startswith('much.log')], ['much.log'])
