#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""Inside, /proc and /sys say what the limits are, whole and consistently, from a server that is there while somebody looks."""
import concurrent.futures
import errno
import os
import shutil
import signal
import subprocess
import time

from harness import Instance, contains, equal, eventually, skip

IDMAP = "<idmap><uid start='0' target='100000' count='65536'/><gid start='0' target='100000' count='65536'/></idmap>"
FILES = ('meminfo', 'vmstat', 'swaps', 'stat', 'uptime', 'loadavg', 'diskstats')
UNLIMITED = 1 << 40


def read(path):
    with open(path, encoding='ascii') as file:
        return file.read()


def number(text, key):
    return next(int(line.split()[1]) for line in text.splitlines() if line.split()[:1] == [key])


HOST_MEMORY = number(read('/proc/meminfo'), 'MemTotal:')


class Inside:
    """A running container, looked at through its own root, which is as good as from inside."""

    def __init__(self, host, dom):
        self.host = host
        self.dom = dom
        self.root = f'/proc/{host.init_pid(dom)}/root'

    def path(self, name):
        return f'{self.root}/proc/{name}'

    def read(self, name):
        return read(self.path(name))

    def memory(self, key='MemTotal'):
        return number(self.read('meminfo'), key + ':')

    def server(self):
        """The server's pid, or None."""
        controller = self.host.controller_pid(self.dom)
        for pid in read(f'/proc/{controller}/task/{controller}/children').split():
            try:
                if read(f'/proc/{pid}/comm').strip() == 'virtlxc-view':
                    return int(pid)
            except OSError:
                pass
        return None

    def kill_server(self):
        """Starts it when it is not there; comes back when it is gone."""
        self.memory()
        pid = self.server()
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: self.server() != pid, 'the server is reaped')


def check_files(inside):
    """Every file has what programs look for in it, and no number of the host."""
    text = inside.read('meminfo')
    equal(inside.memory(), 65536)
    kib = {line.split(':')[0]: int(line.split()[1]) for line in text.splitlines()}
    assert 0 < kib['MemFree'] <= kib['MemAvailable'] <= kib['MemTotal'], text
    assert kib['Cached'] <= kib['MemTotal'] - kib['MemFree'], text
    equal(kib['Slab'], kib['SReclaimable'] + kib['SUnreclaim'])
    assert kib['SwapTotal'] <= number(read('/proc/meminfo'), 'SwapTotal:'), text
    equal(number(inside.read('vmstat'), 'nr_free_pages') * os.sysconf('SC_PAGESIZE') // 1024 <= 65536, True)
    equal(inside.read('swaps').splitlines()[0].split(), ['Filename', 'Type', 'Size', 'Used', 'Priority'])
    load = inside.read('loadavg').split()
    equal((len(load), all(float(word) < 3 for word in load[:3])), (5, True), str(load))
    if os.path.isdir('/proc/pressure'):
        contains(inside.read('pressure/memory'), 'some avg10=')


def check_clock(inside):
    """Uptime, the start of the machine and those of processes are of one clock, that began with the container."""
    uptime, idle = (float(word) for word in inside.read('uptime').split())
    assert 0 <= uptime < 60, uptime
    assert 0 <= idle <= (uptime + 1) * os.cpu_count(), idle
    born = number(inside.read('stat'), 'btime')
    assert abs(time.time() - uptime - born) < 3, (born, uptime)
    fields = inside.host.ask('clock', 'cat', '/proc/self/stat', ',', 'cat', '/proc/uptime').replace(')', ' ').split()
    started, uptime = int(fields[21]) / os.sysconf('SC_CLK_TCK'), float(fields[-2])
    assert 0 <= started <= uptime + 0.02, (started, uptime)


def check_parts(inside):
    """Read in parts a file is one text, until it is read from its start again."""
    for size in (1, 7, 100, 4096):
        fd = os.open(inside.path('meminfo'), os.O_RDONLY)
        parts = list(iter(lambda: os.read(fd, size), b''))
        os.close(fd)
        lines = b''.join(parts).decode().splitlines()
        equal([lines[0].split()[:2], lines[1].split()[0]], [['MemTotal:', '65536'], 'MemFree:'])
        equal(len({line.split(':')[0] for line in lines}), len(lines))
        equal([part for part in parts[:-1] if len(part) != size], [])
    fd = os.open(inside.path('meminfo'), os.O_RDONLY)
    whole = os.read(fd, 65536)
    inside.dom.setMemory(32768)
    equal((os.pread(fd, 20, 10), os.pread(fd, 10, 1 << 20)), (whole[10:30], b''))
    os.lseek(fd, 0, os.SEEK_SET)
    contains(os.read(fd, 65536).decode(), 'MemTotal:          32768 kB')
    os.close(fd)
    equal(inside.memory(), 32768)
    inside.dom.setMemory(65536)
    equal(inside.memory(), 65536)


def check_copied(inside):
    """The kernel copies them whole as well, as it does for busybox's cat and for cp, each time anew."""
    for name in FILES * 20:
        fd = os.open(inside.path(name), os.O_RDONLY)
        ours, theirs = os.pipe()
        text = b''
        while os.sendfile(theirs, fd, None, 1 << 16):
            text += os.read(ours, 1 << 20)
        equal((text.count(b'\0'), text[-1:]), (0, b'\n' if text else b''), name)
        assert text or name == 'diskstats', name
        equal([line.split()[0] for line in text.decode().splitlines()] if name in ('meminfo', 'vmstat') else [],
              [line.split()[0] for line in inside.read(name).splitlines()] if name in ('meminfo', 'vmstat') else [])
        for end in (fd, ours, theirs):
            os.close(end)


def check_read_only(inside):
    for name in FILES:
        try:
            os.open(inside.path(name), os.O_WRONLY)
        except OSError:
            continue
        raise AssertionError(f'{name} can be written')


def check_server(inside):
    """It is outside of the container, and may do nothing."""
    inside.memory()
    pid = inside.server()
    status = dict(line.split(':\t', 1) for line in read(f'/proc/{pid}/status').splitlines())
    equal((status['Uid'].split()[0], status['NoNewPrivs'], status['CapPrm'], status['CapEff']), ('65534', '1', '0' * 16, '0' * 16))
    init = read(f'/proc/{inside.host.init_pid(inside.dom)}/cgroup')
    for line in read(f'/proc/{pid}/cgroup').splitlines():
        assert line not in init.splitlines() or line.endswith(':/'), f'the server is in {line}'


def check_killed(inside):
    """Who asks next gets another, also in the middle of a file."""
    fd = os.open(inside.path('meminfo'), os.O_RDONLY)
    first = os.read(fd, 20)
    inside.kill_server()
    contains((first + os.read(fd, 65536)).decode(), 'MemTotal:          65536 kB\nMemFree:')
    os.close(fd)
    equal(inside.memory(), 65536)


def check_idle(inside):
    """It ends when nobody asks, and nobody has to know."""
    with open(inside.path('uptime'), encoding='ascii') as file:
        before = float(file.read().split()[0])
        eventually(lambda: inside.server() is None, 'the server ends', 20)
        file.seek(0)
        assert float(file.read().split()[0]) > before + 4
    assert inside.server()


def check_hoard(inside):
    """However many files are held open in the middle, the server stays small, and each is read on."""
    held = [os.open(inside.path('meminfo'), os.O_RDONLY) for _ in range(1000)]
    for fd in held:
        equal(os.read(fd, 9), b'MemTotal:')
    rss = number(read(f'/proc/{inside.server()}/status'), 'VmRSS:')
    assert rss < 16384 * (4 if os.environ.get('VIRTLXCD_PATIENCE', '1') != '1' else 1), f'{rss} KiB'
    for fd in held:
        contains(os.read(fd, 65536).decode(), 'MemFree:')
        os.close(fd)


def check_reboot(host, words):
    dom = host.create('again', args='on USR1 reboot , pause', **words)
    inside = Inside(host, dom)
    time.sleep(1.2)
    first = host.init_pid(dom)
    assert float(inside.read('uptime').split()[0]) >= 1
    dom.sendProcessSignal(1, 10)
    inside.dom = eventually(lambda: (host.conn.lookupByName('again').ID() not in (first, -1)) and host.conn.lookupByName('again'), 'it reboots')
    inside = Inside(host, inside.dom)
    eventually(lambda: os.path.exists(inside.path('uptime')), 'its tree stands')
    assert float(inside.read('uptime').split()[0]) < 1.2 * 20
    equal(inside.memory(), 65536)
    inside.dom.destroy()


def check_fallback(inside, other):
    """A server that cannot stay leaves the kernel's own files, in that container only, and nobody who opens one sees it fail."""
    held = os.open(inside.path('meminfo'), os.O_RDONLY)
    for _ in range(4):
        inside.kill_server()
    inside.memory()
    # The monitor learns of the last one's end when they wait already.
    monitor = inside.host.controller_pid(inside.dom)
    with concurrent.futures.ThreadPoolExecutor(len(FILES)) as pool:
        os.kill(monitor, signal.SIGSTOP)
        os.kill(inside.server(), signal.SIGKILL)
        waiting = {name: pool.submit(inside.read, name) for name in FILES}
        time.sleep(0.2)
        os.kill(monitor, signal.SIGCONT)
        texts = {name: text.result() for name, text in waiting.items()}
    equal(number(texts['meminfo'], 'MemTotal:'), HOST_MEMORY)
    expect_host(inside)
    try:
        os.read(held, 100)
        raise AssertionError('a dead file can be read')
    except OSError as error:
        equal(error.errno in (errno.ENOTCONN, errno.ECONNABORTED, errno.ESTALE), True, str(error))
    os.close(held)
    equal(other.memory(), 65536)


def check_cut_off(inside):
    """So does a connection that somebody on the host cuts off."""
    control = '/sys/fs/fuse/connections'
    connection = os.minor(os.stat(inside.path('meminfo')).st_dev)
    mounted = os.path.ismount(control)
    if not mounted:
        subprocess.run(['mount', '-t', 'fusectl', 'none', control], check=True)
    with open(f'{control}/{connection}/abort', 'w', encoding='ascii') as file:
        file.write('1')
    if not mounted:
        subprocess.run(['umount', control], check=True)
    expect_host(inside)


def expect_host(inside):
    def covered():
        try:
            for name in FILES:
                inside.read(name)
            return inside.memory() == HOST_MEMORY
        except OSError:
            return False
    eventually(covered, 'the host is seen again')
    equal(inside.server(), None)


def check_processors(host):
    """Processors are those of the set or the quota, wherever one looks."""
    def shown(name, extra):
        dom = host.create(name, extra=extra)
        inside = Inside(host, dom)
        processors = f'{inside.root}/sys/devices/system/cpu'
        counts = [sum(line.startswith('processor') for line in inside.read('cpuinfo').splitlines()),
                  sum(line[:3] == 'cpu' and line[3].isdigit() for line in inside.read('stat').splitlines()),
                  sum(entry[3:].isdigit() for entry in os.listdir(processors)),
                  *(int(read(f'{processors}/{name}').strip().split('-')[-1]) + 1 for name in ('online', 'possible', 'present'))]
        equal(read(f'{processors}/cpu0/topology/thread_siblings_list').strip(), '0')
        assert not os.path.exists(f'{processors}/cpu{counts[0]}')
        dom.destroy()
        equal(len(set(counts)), 1, f'{name}: {counts}')
        return counts[0]

    last = os.cpu_count() - 1
    equal(shown('set', f"<vcpu cpuset='{last}'>1</vcpu>"), 1)
    equal(shown('quota', '<cputune><period>100000</period><quota>50000</quota></cputune>'), 1)
    equal(shown('much', f'<cputune><period>100000</period><quota>{(last + 2) * 100000}</quota></cputune>'), last + 1)
    if last:
        equal(shown('rounded', '<cputune><period>100000</period><quota>110000</quota></cputune>'), 2)


def check_programs(host):
    """The usual programs give the expected answers, in a container that has the host's root tree."""
    asked = {'free': 'free -k', 'uptime': 'uptime -s', 'top': 'top -b -n 1', 'ps': 'ps -o etimes= -p 1', 'nproc': 'nproc',
             'lscpu': 'lscpu -p=cpu', 'vmstat': 'vmstat -s -S K', 'tail': 'tail -n 1 /proc/stat', 'wc': 'wc -c /proc/meminfo',
             'cp': 'cp /proc/meminfo /dev/stdout', 'busybox': 'busybox cat /proc/meminfo', 'dd': 'dd if=/proc/meminfo bs=64 status=none'}
    asked = {name: words for name, words in asked.items() if shutil.which(name)}
    folder = host.report('programs')[0]
    script = ''.join(f'LC_ALL=C {words} > {folder}/{name} 2>&1; ' for name, words in asked.items())
    dom = host.create('programs', tree=False, init='/bin/sh', args=['-c'], devices='', extra="<vcpu cpuset='0'>1</vcpu>",
                      os_extra=f"<initarg>{script.replace('>', '&gt;').replace('&1', '&amp;1')} mkdir {folder}/done; sleep 60</initarg>")
    eventually(lambda: os.path.exists(f'{folder}/done'), 'the programs have run', 30)
    said = {name: read(f'{folder}/{name}') for name in asked}
    dom.destroy()
    if 'free' in said:
        equal(said['free'].splitlines()[1].split()[1], '65536')
    if 'ps' in said:
        assert int(said['ps']) < 30, said['ps']
    if 'nproc' in said:
        equal(said['nproc'].strip(), '1')
    if 'lscpu' in said:
        equal([line for line in said['lscpu'].splitlines() if line[0] != '#'], ['0'])
    if 'uptime' in said:
        started = time.mktime(time.strptime(said['uptime'].strip(), '%Y-%m-%d %H:%M:%S'))
        assert abs(time.time() - started) < 60, said['uptime']
    if 'top' in said:
        contains(said['top'], '64.0 total')
    equal(said['tail'].split()[0], 'procs_blocked')
    assert 100 < int(said['wc'].split()[0]) < 4096, said['wc']
    for name in ('cp', 'busybox', 'dd'):
        equal([line.split()[0] for line in said.get(name, said['dd']).splitlines()][-1:], [line.split()[0] for line in said['dd'].splitlines()][-1:])
        contains(said.get(name, said['dd']), 'MemTotal:          65536 kB')
    if 'vmstat' in said:
        contains(said['vmstat'], '65536 K total memory')


with Instance() as host:
    if host.stock:
        skip('the stock driver shows /proc/meminfo only')
    if not os.path.exists('/dev/fuse'):
        skip('no FUSE on this machine')
    for kind, words in (('plain', {}), ('mapped', {'extra': IDMAP})):
        inside, other = (Inside(host, host.create(f'{kind}-{name}', **words)) for name in ('one', 'other'))
        # On a busy machine the last request of the tree's making may have been left to it.
        eventually(lambda: inside.server() is None, 'nobody looks', 20)
        check_files(inside)
        check_clock(inside)
        check_parts(inside)
        check_copied(inside)
        check_read_only(inside)
        check_server(inside)
        check_killed(inside)
        check_hoard(inside)
        host.restart_daemon(signal.SIGKILL)
        for one in (inside, other):
            one.dom = host.conn.lookupByName(one.dom.name())
        equal(inside.memory(), 65536)
        check_idle(inside)
        check_fallback(inside, other)
        check_cut_off(other)
        inside.dom.destroy()
        other.dom.destroy()
        check_reboot(host, words)
        os.chmod(host.report(f'{kind}-user')[0], 0o777)
        equal(number(host.ask(f'{kind}-user', 'cat', '/proc/meminfo', os_extra='<inituser>user</inituser>', **words), 'MemTotal:'), 65536)
        # With nothing to show nothing is mounted.
        assert 'fuse.virtlxc' not in host.ask(f'{kind}-user', 'cat', '/proc/self/mountinfo', memory=UNLIMITED, **words)
    check_processors(host)
    check_programs(host)
