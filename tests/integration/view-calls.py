#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""Where the definition asks for it, sysinfo(2) and sched_getaffinity(2) say what /proc says, and nobody ever waits for an answer that does not come."""
import os
import platform
import signal

from harness import Console, Instance, contains, descendants, equal, eventually, process_state, skip

IDMAP = "<idmap><uid start='0' target='100000' count='65536'/><gid start='0' target='100000' count='65536'/></idmap>"
HALF = '<cputune><period>100000</period><quota>50000</quota></cputune>'
UNLIMITED = 1 << 40
SHELL = {'init': '/bin/sh', 'args': []}
CAN_WRITE_MEMORY = 1 << 1 | 1 << 19  # CAP_DAC_OVERRIDE, CAP_SYS_PTRACE


def ours(more='', calls="sysinfo='yes' affinity='yes'"):
    return f"<virtlxcd:container xmlns:virtlxcd='urn:virtlxcd:domain:1.0'>{more}<virtlxcd:view {calls}/></virtlxcd:container>"


def read(path):
    with open(path, encoding='ascii') as file:
        return file.read()


def numbers(text):
    """The words of the payload's 'sysinfo ...' line, the numbers behind each."""
    found, word = {}, None
    for part in text.split()[1:]:
        if part.isdigit():
            found[word].append(int(part))
        else:
            word = part
            found[word] = []
    return {word: values if len(values) > 1 else values[0] for word, values in found.items()}


HOST_MEMORY = int(read('/proc/meminfo').split()[1]) * 1024
HOST_PROCESSORS = len(os.sched_getaffinity(0))


def server(host, dom, what='calls'):
    """The pid of who answers, or None."""
    controller = host.controller_pid(dom)
    for pid in read(f'/proc/{controller}/task/{controller}/children').split():
        try:
            if read(f'/proc/{pid}/cmdline').split('\0')[1:2] == [what]:
                return int(pid)
        except OSError:
            pass
    return None


def check_agreement(host, name, **words):
    """Both ways of asking have one answer, for whoever asks; what is wrong with a call fails as ever."""
    os.chmod(host.report(name)[0], 0o777)
    text = host.ask(name, *'cat /proc/meminfo , cat /proc/uptime , cat /proc/loadavg , sysinfo plain , affinity , cat /proc/self/status'.split(), **words)
    lines = text.splitlines()
    memory = {line.split(':')[0]: int(line.split()[1]) * 1024 for line in lines if line.endswith(' kB')}
    said = numbers(next(line for line in lines if line.startswith('sysinfo')))
    uptime, load = (next(line.split() for line in lines if len(line.split()) == n and line[0].isdigit()) for n in (2, 5))
    equal((said['total'], said['unit'], said['swap'][0]), (65536 * 1024, 1, memory['SwapTotal']))
    assert abs(said['free'] - memory['MemFree']) < 8 << 20, (said, memory['MemFree'])
    assert abs(said['uptime'] - float(uptime[0])) < 3, (said, uptime)
    assert abs(said['loads'][0] / 65536 - float(load[0])) < 1, (said, load)
    equal(said['procs'], int(load[3].split('/')[1]))
    equal(len(next(line for line in lines if line.startswith('affinity')).split()), 2)
    equal(host.ask(name, *'sysinfo null , sysinfo readonly , sysinfo straddle , sysinfo fits , sysinfo storm'.split(), **words).splitlines(),
          ['sysinfo errno EFAULT'] * 3 + ['sysinfo ok', 'sysinfo storm 200 signals'])
    if platform.machine() == 'x86_64':
        contains(host.ask(name, *'sysinfo narrow'.split(), **words), f'narrow 0 total {65536 * 1024} ')


def check_left_alone(host):
    """Nothing is answered that was not asked for, or that has no limit to show; a profile's word counts first."""
    def filters(name, **words):
        text = host.ask(name, *'sysinfo plain , affinity , cat /proc/self/status'.split(), **words)
        lines = text.splitlines()
        return (next(line.split()[1] for line in lines if line.startswith('Seccomp_filters:')), numbers(lines[0])['total'], len(lines[1].split()) - 1)

    equal(filters('default', extra=HALF), ('1', HOST_MEMORY, HOST_PROCESSORS))
    equal(filters('no', extra=ours(calls="sysinfo='no'") + HALF), ('1', HOST_MEMORY, HOST_PROCESSORS))
    equal(filters('unlimited', extra=ours(), memory=UNLIMITED), ('1', HOST_MEMORY, HOST_PROCESSORS))
    equal(filters('one', extra=ours(calls="sysinfo='yes'") + HALF), ('2', 65536 * 1024, HOST_PROCESSORS))
    equal(filters('other', extra=ours(calls="affinity='yes'") + HALF), ('2', HOST_MEMORY, 1))
    with open(host.path('deny'), 'w', encoding='ascii') as file:
        file.write('2\ndenylist errno 7\nsysinfo\n')
    equal(host.ask('denied', 'sysinfo', 'plain', extra=ours(f"<virtlxcd:seccomp file='{host.path('deny')}'/>")), 'sysinfo errno E2BIG\n')


def check_programs(console):
    """busybox's free and uptime, which ask the kernel, agree with the files."""
    equal(console.shell('busybox free -k').splitlines()[1].split()[1], '65536')
    load = console.shell('cat /proc/loadavg').split()[0]
    contains(console.shell('busybox uptime'), 'up 0 min')
    assert abs(float(console.shell('busybox uptime').split('average:')[1].split(',')[0]) - float(load)) < 1
    equal(console.shell('busybox nproc'), '1')


def total(console):
    return numbers(next(line for line in console.shell('/payload sysinfo plain').splitlines() if line.startswith('sysinfo ')))['total']


def check_rights(host, dom, mapped):
    pid = server(host, dom)
    status = dict(line.split(':\t', 1) for line in read(f'/proc/{pid}/status').splitlines())
    equal((status['Uid'].split(), status['NoNewPrivs'], int(status['CapPrm'], 16), int(status['CapEff'], 16)),
          (['65534'] * 4, '1', CAN_WRITE_MEMORY, CAN_WRITE_MEMORY))
    users = [os.readlink(f'/proc/{who}/ns/user') for who in (pid, host.init_pid(dom), 'self')]
    equal((users[0] == users[1], users[0] == users[2]), (True, not mapped))


def ask_in_vain(host, dom, console):
    """Somebody waits for the server, which is stopped. Its pid."""
    pid = server(host, dom)
    os.kill(pid, signal.SIGSTOP)
    eventually(lambda: process_state(pid) == 'T', 'it answers nobody')
    console.send('/payload sysinfo plain; echo "<e""nd>"\n')

    def waits():
        for asking, line in descendants().items():
            if line == '/payload sysinfo plain' and 'seccomp' in read(f'/proc/{asking}/wchan'):
                return True
        return False
    eventually(waits, 'somebody waits')
    # The monitor was woken before that one slept; it sleeps again once the server has the question.
    eventually(lambda: process_state(host.controller_pid(dom)) == 'S', 'the server is asked')
    return pid


def check_deaths(host, dom, console):
    """The end of the server, whenever it comes, makes nobody wait: the kernel answers then."""
    equal(total(console), 65536 * 1024)
    pid = server(host, dom)
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: not os.path.exists(f'/proc/{pid}'), 'it is reaped')
    equal(total(console), 65536 * 1024)

    # In the middle of an answer.
    os.kill(ask_in_vain(host, dom, console), signal.SIGKILL)
    contains(console.expect('<end>').decode(), f'total {HOST_MEMORY}')
    equal(total(console), 65536 * 1024)

    # It ends when nobody asks, and nobody has to know.
    eventually(lambda: server(host, dom) is None, 'it ends', 20)
    equal(total(console), 65536 * 1024)


def check_ends(host, dom, console):
    """One that cannot stay is given up, in that container."""
    for _ in range(5):
        total(console)
        pid = server(host, dom)
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: not os.path.exists(f'/proc/{pid}'), 'it is reaped')
    equal(total(console), HOST_MEMORY)
    contains(read(host.path(f'var/log/libvirt/lxc/{dom.name()}.log')), 'virtlxc-view does not stay')


def check_no_files(host, dom, console):
    """When the files are the kernel's again, so are the answers."""
    root = f'/proc/{host.init_pid(dom)}/root'
    for _ in range(5):
        read(f'{root}/proc/uptime')
        pid = server(host, dom, 'files')
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: not os.path.exists(f'/proc/{pid}'), 'it is reaped')
    eventually(lambda: total(console) == HOST_MEMORY, 'the kernel answers')


def check_life(host, name, mapped, **words):
    """New daemons, reboots and the end are nothing to who asks."""
    script = 'while read -r line; do eval "$line"; done'
    dom = host.create(name, init='/bin/sh', args=['-c', script], **words)
    console = Console(host.conn, dom)
    check_programs(console)
    equal(total(console), 65536 * 1024)
    check_rights(host, dom, mapped)
    check_deaths(host, dom, console)
    console.close()
    host.restart_daemon(signal.SIGKILL)
    dom = host.conn.lookupByName(name)
    console = Console(host.conn, dom)
    equal(total(console), 65536 * 1024)
    first = host.init_pid(dom)
    console.send('reboot -f\n')
    eventually(lambda: host.conn.lookupByName(name).ID() not in (first, -1), 'it reboots')
    dom = host.conn.lookupByName(name)
    equal(total(console), 65536 * 1024)
    check_ends(host, dom, console)
    console.close()
    dom.destroy()

    # The container's end while somebody waits.
    dom = host.create(name, **SHELL, **words)
    console = Console(host.conn, dom)
    equal(total(console), 65536 * 1024)
    ask_in_vain(host, dom, console)
    dom.destroy()
    console.close()
    dom = host.create(name, **SHELL, **words)
    console = Console(host.conn, dom)
    equal(total(console), 65536 * 1024)
    check_no_files(host, dom, console)
    console.close()
    dom.destroy()


with Instance() as host:
    if host.stock:
        skip('the stock driver answers no system calls')
    if not os.path.exists('/dev/fuse'):
        skip('no FUSE on this machine')
    for name, extra, more in (
            ('plain', ours(), {}), ('mapped', ours() + IDMAP, {'tree': host.tree('mapped')}),
            ('user', ours(), {'os_extra': '<inituser>user</inituser>'}),
            ('bare', ours("<virtlxcd:seccomp profile='none'/>"), {}),
            ('nesting', ours("<virtlxcd:seccomp profile='nesting'/><virtlxcd:privileges noNew='yes'/>") + IDMAP, {'tree': host.tree('mapped')})):
        check_agreement(host, name, extra=extra + HALF, **more)
    check_left_alone(host)
    check_life(host, 'life', False, extra=ours() + HALF)
    check_life(host, 'mapped-life', True, extra=ours() + HALF + IDMAP, tree=host.tree('mapped'))
