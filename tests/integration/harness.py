# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""What every integration script uses: a private daemon, root trees, domains, virsh, events, leaks.

A script says what it promises in its first line and then does it:

    with Instance() as host:
        dom = host.start('bb', args=['pause'])
        ...

Instance starts a daemon of the build directory below a scratch directory and, at the end, stops it
and proves that nothing is left: no process, mount, link, control group or state file. With --stock (or
VIRTLXCD_STOCK=1) it is Debian's libvirtd with its LXC driver instead, so that the same script
measures parity; where the two are meant to differ, scripts ask host.stock.
"""
import collections
import contextlib
import os
import queue
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import sandbox
from sandbox import skip

SCRATCH = sandbox.enter()

try:
    import libvirt
except ImportError:
    skip('python3-libvirt is not installed')

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.environ.get('VIRTLXCD_BUILD', os.path.join(HERE, '../../build'))
STOCK = '--stock' in sys.argv or os.environ.get('VIRTLXCD_STOCK') == '1'
# Instrumented builds and emulated machines are slower; deadlines stretch by this.
PATIENCE = float(os.environ.get('VIRTLXCD_PATIENCE', '1'))
DAEMON = os.environ.get('VIRTLXCD', os.path.join(BUILD, 'src/lxc_driver/virtlxcd'))
PAYLOAD = os.environ.get('VIRTLXCD_PAYLOAD', os.path.join(BUILD, 'tests/payload'))
BUSYBOX = shutil.which('busybox')
CONSOLE = "<console type='pty'/>"

libvirt.registerErrorHandler(lambda *_: None, None)


# ---- waiting -------------------------------------------------------------------------------------

def eventually(check, what, seconds=10):
    """Waits until check() is true and returns its value. For things that send no event."""
    deadline = time.monotonic() + seconds * PATIENCE
    while True:
        value = check()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f'not within {seconds} s: {what}')
        select.select([], [], [], 0.005)


class EventLoop:
    """libvirt's own event loop in a thread; one for the process, started before any connection."""
    started = False

    @classmethod
    def start(cls):
        if not cls.started:
            cls.started = True
            libvirt.virEventRegisterDefaultImpl()
            threading.Thread(target=cls.run, daemon=True).start()

    @staticmethod
    def run():
        while True:
            libvirt.virEventRunDefaultImpl()


class Events:
    """Collects a connection's domain events as tuples; wait() takes them in order."""

    def __init__(self, conn, dom=None):
        self.conn = conn
        self.queue = queue.Queue()
        put = self.queue.put
        self.ids = [
            conn.domainEventRegisterAny(dom, libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE,
                                        lambda c, d, event, detail, o: put(('lifecycle', d.name(), event, detail, d.ID())), None),
            conn.domainEventRegisterAny(dom, libvirt.VIR_DOMAIN_EVENT_ID_REBOOT,
                                        lambda c, d, o: put(('reboot', d.name())), None),
            conn.domainEventRegisterAny(dom, libvirt.VIR_DOMAIN_EVENT_ID_METADATA_CHANGE,
                                        lambda c, d, kind, uri, o: put(('metadata', d.name(), kind, uri)), None)]

    def wait(self, *expected, seconds=10):
        """The next event must begin with `expected`."""
        try:
            event = self.queue.get(timeout=seconds * PATIENCE)
        except queue.Empty:
            raise AssertionError(f'no event within {seconds} s, expected {expected}') from None
        if event[:len(expected)] != expected:
            raise AssertionError(f'event {event}, expected {expected}')
        return event

    def expect_none(self):
        """Nothing more has come, once a call that came after everything has been answered."""
        self.conn.getLibVersion()
        with contextlib.suppress(queue.Empty):
            raise AssertionError(f'unexpected event {self.queue.get(timeout=0.05)}')

    def close(self):
        for number in self.ids:
            self.conn.domainEventDeregisterAny(number)


# ---- assertions ----------------------------------------------------------------------------------

@contextlib.contextmanager
def refused(code=None, domain=None, text=None):
    """The block must raise this libvirt error; code and domain as names: 'OPERATION_INVALID', 'LXC'."""
    try:
        yield
    except libvirt.libvirtError as error:
        got = (error.get_error_code(), error.get_error_domain(), error.get_error_message())
        if code is not None:
            codes = [getattr(libvirt, 'VIR_ERR_' + name) for name in code.split('|')]
            assert got[0] in codes, f'error {got}, expected {code}'
        if domain is not None:
            domains = [getattr(libvirt, 'VIR_FROM_' + name) for name in domain.split('|')]
            assert got[1] in domains, f'error {got}, expected from {domain}'
        if text is not None:
            assert re.search(text, got[2]), f'error {got}, expected text {text!r}'
        return
    raise AssertionError(f'not refused, expected {code}/{domain}')


def equal(got, wanted, what=''):
    assert got == wanted, f'{what}: got {got!r}, wanted {wanted!r}'


def contains(text, part):
    assert part in text, f'{part!r} is not in {text!r}'


# ---- what the machine has ------------------------------------------------------------------------

def descendants():
    """Living processes of this pid namespace, this one and its threads apart."""
    found = {}
    for name in os.listdir('/proc'):
        if not name.isdigit() or int(name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            with open(f'/proc/{name}/stat', encoding='utf-8', errors='replace') as file:
                state = file.read().rpartition(')')[2].split()[0]
            with open(f'/proc/{name}/cmdline', encoding='utf-8', errors='replace') as file:
                line = file.read().replace('\0', ' ').strip()
            if state not in 'ZX':
                found[int(name)] = line
    return found


def reap():
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def process_state(pid):
    """The letter of /proc/PID/stat, or None when it is gone."""
    try:
        with open(f'/proc/{pid}/stat', encoding='utf-8', errors='replace') as file:
            return file.read().rpartition(')')[2].split()[0]
    except OSError:
        return None


def is_alive(pid):
    return process_state(pid) not in (None, 'Z', 'X')


def links():
    return set(os.path.basename(line.split(': ')[1].split('@')[0]) for line in
               subprocess.run(['ip', '-o', 'link'], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines())


def mounts():
    with open('/proc/self/mountinfo', encoding='utf-8') as file:
        return collections.Counter(line.split()[4] for line in file)


def loops():
    done = subprocess.run(['losetup', '-nO', 'NAME,BACK-FILE'], stdout=subprocess.PIPE, text=True, check=False)
    return {line for line in done.stdout.splitlines() if SCRATCH in line}


def profiles():
    """AppArmor's of containers, where the host has that. Other scripts may have theirs."""
    try:
        with open('/sys/kernel/security/apparmor/profiles', encoding='utf-8') as file:
            return sorted(line for line in file if line.startswith('libvirt-'))
    except OSError:
        return []


def files_below(*folders):
    return sorted(os.path.join(top, name) for folder in folders
                  for top, _, names in os.walk(folder) for name in names)


# ---- the daemon ----------------------------------------------------------------------------------

class Instance:
    """A private daemon below one directory."""

    def __init__(self, name='root', config='', driver_config='', environment=None, network=False):
        self.stock = STOCK
        self.root = os.path.join(SCRATCH, name)
        self.environment = environment or {}
        self.network = network
        self.daemon = None
        self.connections = []
        self.trees = {}
        self.networks = None
        for folder in ('etc/libvirt', 'run/libvirt', 'trees', 'reports'):
            os.makedirs(os.path.join(self.root, folder), exist_ok=True)
        self.configure(config, driver_config)

    def path(self, *parts):
        return os.path.join(self.root, *parts)

    def configure(self, config, driver_config=''):
        name = 'libvirtd.conf' if self.stock else 'virtlxcd.conf'
        with open(self.path('etc/libvirt', name), 'w', encoding='utf-8') as file:
            file.write(config)
        with open(self.path('etc/libvirt/lxc.conf'), 'w', encoding='utf-8') as file:
            file.write(driver_config)

    def __enter__(self):
        EventLoop.start()
        self.before = (links(), mounts(), loops())
        if self.network and not self.stock:
            from stock import NetworkDaemon
            self.networks = NetworkDaemon(self)
            self.networks.start()
        try:
            self.start_daemon()
        except BaseException:
            self.show_logs()
            raise
        return self

    def __exit__(self, kind, value, trace):
        try:
            self.clean_up()
        except Exception as error:  # the script's own failure comes first
            if kind is None:
                self.show_logs()
                raise
            print('while cleaning up:', error)
        if kind is not None:
            self.show_logs()
        return False

    # -- start and stop

    def command(self, *extra):
        return [DAEMON, '--root', self.root, *extra]

    def start_daemon(self, *extra, wait=True):
        log = open(self.path('daemon.log'), 'ab')
        if self.stock:
            from stock import stock_command
            command = stock_command(self)
        else:
            command = self.command(*extra)
        with log:
            self.daemon = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                           env={**os.environ, **self.environment}, start_new_session=True)
        if wait:
            self.wait_for_daemon()
        return self.daemon

    def wait_for_daemon(self):
        def answers():
            if self.daemon.poll() is not None:
                raise AssertionError(f'the daemon ended with {self.daemon.returncode}')
            with contextlib.suppress(libvirt.libvirtError):
                libvirt.openReadOnly(self.uri(readonly=True)).close()
                return True
            return False
        eventually(answers, 'the daemon answers', 30)

    def stop_daemon(self, how=signal.SIGTERM):
        if self.daemon is None:
            return
        self.daemon.send_signal(how)
        status = self.daemon.wait(20 * PATIENCE)
        self.daemon = None
        if how == signal.SIGTERM and not self.stock:  # which crashes at its end now and then
            equal(status, 0, 'exit status of the daemon')

    def restart_daemon(self, how=signal.SIGTERM):
        """The connections of this instance end; containers live on."""
        self.forget_connections()
        self.stop_daemon(how)
        self.start_daemon()

    def forget_connections(self):
        for conn in self.connections:
            with contextlib.suppress(libvirt.libvirtError):
                conn.close()
        self.connections = []

    def show_logs(self):
        for name in ['daemon.log'] + [os.path.relpath(path, self.root) for path in files_below(self.path('var/log'))]:
            with contextlib.suppress(OSError):
                with open(self.path(name), encoding='utf-8', errors='replace') as file:
                    print(f'---- {name}\n{file.read()[-6000:]}')
        for console in Console.opened:
            print(f"---- a console\n{console.said.decode(errors='replace')}")

    # -- connections

    def socket(self, readonly=False):
        name = ('libvirt-sock' if self.stock else 'virtlxcd-sock') + ('-ro' if readonly else '')
        return self.path('run/libvirt', name)

    def uri(self, readonly=False):
        return f'lxc+unix:///system?socket={self.socket(readonly)}'

    def connect(self, readonly=False):
        conn = libvirt.openReadOnly(self.uri(True)) if readonly else libvirt.open(self.uri())
        self.connections.append(conn)
        return conn

    @property
    def conn(self):
        return self.connections[0] if self.connections else self.connect()

    def virsh(self, *words, check=True, text_in=None, readonly=False):
        done = subprocess.run(['virsh', '-q', '-c', self.uri(readonly), *(['-r'] if readonly else []), *words],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, input=text_in,
                              env={**os.environ, 'LC_ALL': 'C.UTF-8'}, timeout=60 * PATIENCE, check=False)
        if check and done.returncode:
            raise AssertionError(f'virsh {" ".join(words)}: {done.stdout}')
        return done.stdout if check else done

    # -- root trees and domains

    def tree(self, name='tree'):
        """A root tree with busybox and the payload, made once per name."""
        if name not in self.trees:
            self.trees[name] = make_tree(self.path('trees', name))
        return self.trees[name]

    def xml(self, name, init='/payload', args=('pause',), tree=None, devices='', extra='', os_extra='',
            features='', console=CONSOLE, uuid=None, memory=65536):
        root = '' if tree is False else f"<filesystem><source dir='{tree or self.tree()}'/><target dir='/'/></filesystem>"
        words = ''.join(f'<initarg>{word}</initarg>' for word in flatten(args))
        return (f"<domain type='lxc'><name>{name}</name>{f'<uuid>{uuid}</uuid>' if uuid else ''}"
                f'<memory>{memory}</memory><os><type>exe</type><init>{init}</init>{words}{os_extra}</os>'
                f'{f"<features>{features}</features>" if features else ""}{extra}'
                f'<devices>{root}{devices}{console}</devices></domain>')

    def define(self, name, **words):
        return self.conn.defineXML(self.xml(name, **words))

    def start(self, name, **words):
        dom = self.define(name, **words)
        dom.create()
        return dom

    def create(self, name, flags=0, **words):
        return self.conn.createXML(self.xml(name, **words), flags)

    def report(self, name):
        """A directory that the container sees as /report, and the device that shows it."""
        folder = self.path('reports', name)
        os.makedirs(folder, exist_ok=True)
        return folder, f"<filesystem><source dir='{folder}'/><target dir='/report'/></filesystem>"

    def ask(self, name, *args, seconds=10, **words):
        """Runs a container whose payload shows something, and returns what it wrote."""
        folder, device = self.report(name)
        for part in os.listdir(folder):
            os.unlink(os.path.join(folder, part))
        words['devices'] = words.get('devices', '') + device
        dom = self.create(name, args=['to', '/report/part', ',', *args, ',', 'mark', '/report/done', ',', 'pause'], **words)
        eventually(lambda: os.path.exists(os.path.join(folder, 'done')), f'{name} reports', seconds)
        with open(os.path.join(folder, 'part'), encoding='utf-8', errors='replace') as file:
            text = file.read()
        dom.destroy()
        return text

    def init_pid(self, dom):
        """Init's pid on the host: the domain id; in the stock driver the controller's first child."""
        if not self.stock:
            return dom.ID()
        with open(f'/proc/{dom.ID()}/task/{dom.ID()}/children', encoding='utf-8') as file:
            return int(file.read().split()[0])

    def send_signal(self, dom, number):
        """Sends it to a payload that was told `on` it, once that has nothing else to do."""
        dom = self.conn.lookupByName(dom.name())  # its id may be another since
        eventually(lambda: process_state(self.init_pid(dom)) == 'S', f'{dom.name()} waits for signals')
        dom.sendProcessSignal(1, number)

    def restart(self, dom):
        """Has a payload that was told `on USR1 reboot` do so; waits for the next one."""
        before = self.conn.lookupByName(dom.name()).ID()
        self.send_signal(dom, signal.SIGUSR1)
        eventually(lambda: self.conn.lookupByName(dom.name()).ID() not in (-1, before), f'{dom.name()} is restarted')

    def controller_pid(self, dom):
        with open(self.path('run/libvirt/lxc' if not self.stock else 'run/libvirt/lxc', dom.name() + '.pid'), encoding='utf-8') as file:
            return int(file.read())

    # -- the end

    def clean_up(self):
        if self.daemon is not None and self.daemon.poll() is None:
            conn = libvirt.open(self.uri())
            for dom in conn.listAllDomains():
                with contextlib.suppress(libvirt.libvirtError):
                    if dom.isActive():
                        dom.destroy()
                with contextlib.suppress(libvirt.libvirtError):
                    dom.undefine()
            equal([d.name() for d in conn.listAllDomains()], [], 'domains that will not go')
            conn.close()
        self.forget_connections()
        self.stop_daemon()
        if self.networks:
            self.networks.stop()
        self.check_nothing_left()

    def check_nothing_left(self):
        def gone():
            reap()
            return not descendants()
        try:
            eventually(gone, 'every process ends', 5)
        except AssertionError:
            raise AssertionError(f'processes left behind: {descendants()}') from None
        eventually(lambda: links() == self.before[0], f'links left behind: {links() - self.before[0]}', 5)
        equal(mounts() - self.before[1], collections.Counter(), 'mounts left behind')
        equal(loops(), self.before[2], 'loop devices left behind')
        if not self.stock:
            equal(sandbox.groups_below(sandbox.partition_of(self.root)), [], 'control groups left behind')
            self.check_files()
        self.check_sanitizers()

    def check_files(self):
        left = files_below(self.path('run'), self.path('etc/libvirt/lxc'))
        # The once-per-boot mark of autostart stays; so do the configuration files, which are ours.
        left = [path for path in left if os.path.basename(path) not in ('autostarted',)]
        equal(left, [], 'files left behind')

    def check_sanitizers(self):
        with open(self.path('daemon.log'), encoding='utf-8', errors='replace') as file:
            text = file.read()
        for word in ('AddressSanitizer', 'LeakSanitizer', 'runtime error:', 'CRITICAL', 'assertion'):
            assert word not in text, f'the daemon said:\n{text[max(0, text.index(word) - 500):][:4000]}'


def flatten(args):
    return args.split() if isinstance(args, str) else args


def make_tree(top):
    if BUSYBOX is None:
        skip('busybox is not installed')
    for folder in ('bin', 'sbin', 'dev', 'proc', 'sys', 'tmp', 'run', 'etc', 'root', 'usr', 'var', 'report'):
        os.makedirs(os.path.join(top, folder), exist_ok=True)
    os.chmod(os.path.join(top, 'tmp'), 0o1777)
    shutil.copy(BUSYBOX, os.path.join(top, 'bin/busybox'))
    for name in subprocess.run([BUSYBOX, '--list'], stdout=subprocess.PIPE, text=True, check=True).stdout.split():
        link = os.path.join(top, 'bin', name)
        if not os.path.lexists(link):
            os.symlink('busybox', link)
    os.symlink('../bin/busybox', os.path.join(top, 'sbin/init'))
    shutil.copy(PAYLOAD, os.path.join(top, 'payload'))
    with open(os.path.join(top, 'etc/passwd'), 'w', encoding='utf-8') as file:
        file.write('root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1001:user:/tmp:/bin/sh\n')
    with open(os.path.join(top, 'etc/group'), 'w', encoding='utf-8') as file:
        file.write('root:x:0:\nuser:x:1001:\nextra:x:1002:user\n')
    return top


# ---- consoles ------------------------------------------------------------------------------------

class Console:
    """A console stream that the event loop reads; expect() waits for text.

    Not a thread that blocks in recv: libvirt's client may then miss what comes, and go on only with the
    next keepalive.
    """
    opened = []  # all that are not closed yet

    def __init__(self, conn, dom, alias=None):
        Console.opened.append(self)
        self.said = b''  # the last of all that came
        self.stream = conn.newStream(libvirt.VIR_STREAM_NONBLOCK)
        dom.openConsole(alias, self.stream)
        self.data = b''
        self.ended = False
        self.news = threading.Condition()
        self.stream.eventAddCallback(libvirt.VIR_STREAM_EVENT_READABLE | libvirt.VIR_STREAM_EVENT_ERROR | libvirt.VIR_STREAM_EVENT_HANGUP,
                                     self.read, None)

    def read(self, stream, _events, _opaque):
        try:
            part = stream.recv(65536)
        except libvirt.libvirtError:
            part = b''
        if part == -2:  # nothing there
            return
        with self.news:
            self.data += part
            self.said = (self.said + part)[-2000:]
            self.ended = not part
            self.news.notify_all()
        if not part:
            stream.eventRemoveCallback()

    def send(self, text):
        data = text.encode() if isinstance(text, str) else text
        while data:
            sent = self.stream.send(data)
            if sent == -2:  # it is full
                select.select([], [], [], 0.001)
            else:
                data = data[sent:]

    def expect(self, text, seconds=10):
        """Waits for the text and returns everything up to its end, taking it away."""
        wanted = text.encode() if isinstance(text, str) else text
        with self.news:
            if not self.news.wait_for(lambda: wanted in self.data or self.ended, seconds * PATIENCE) or wanted not in self.data:
                raise AssertionError(f'{wanted!r} did not come, only {self.data[-2000:]!r}')
            before, _, self.data = self.data.partition(wanted)
            return before + wanted

    def wait_end(self, seconds=10):
        with self.news:
            assert self.news.wait_for(lambda: self.ended, seconds * PATIENCE), 'the console does not end'
            return self.data

    def shell(self, command, seconds=10):
        """Runs a command in the shell on this console; returns its output."""
        # In the echo of the line the words have quotes inside, in what it prints they have not.
        self.send(f'echo "<be""gin>"; {command}; echo "<e""nd>"\n')
        self.expect('<begin>', seconds)
        text = self.expect('<end>', seconds)
        return text[:-len('<end>')].decode(errors='replace').replace('\r', '').strip()

    def close(self):
        if self in Console.opened:
            Console.opened.remove(self)
        with contextlib.suppress(libvirt.libvirtError):  # the first when it has ended
            self.stream.eventRemoveCallback()
        with contextlib.suppress(libvirt.libvirtError):
            self.stream.abort()


def scratch_file(text=''):
    handle, path = tempfile.mkstemp(dir=SCRATCH)
    with os.fdopen(handle, 'w') as file:
        file.write(text)
    return path
