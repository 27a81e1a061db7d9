# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""What the scripts about published attacks share: containers with and without an id map, things of the
host that must stay as they are, root inside who means harm, and an eye on who opens which file when."""
import contextlib
import ctypes
import hashlib
import os
import shutil
import stat
import struct
import threading

from harness import PAYLOAD, PATIENCE, SCRATCH, eventually, skip

FIRST_ID = 100000
IDMAP = (f"<idmap><uid start='0' target='{FIRST_ID}' count='65536'/><gid start='0' target='{FIRST_ID}' count='65536'/></idmap>")
# How many times races are run; a hundred thousand and more by hand.
RACES = int(os.environ.get('VIRTLXCD_RACES', '0'))


def container(text):
    """The element of our own namespace."""
    return f"<virtlxcd:container xmlns:virtlxcd='urn:virtlxcd:domain:1.0'>{text.replace('<', '<virtlxcd:').replace('<virtlxcd:/', '</virtlxcd:')}</virtlxcd:container>"


def kinds():
    """Without and with an id map: a name, and what is added to the definition."""
    return (('plain', ''), ('mapped', IDMAP))


def small_tree(host, name):
    """A root tree with the payload and the folders that are mounted on, and nothing else."""
    top = host.path('trees', name)
    for folder in ('dev', 'etc', 'proc', 'report', 'run', 'sys', 'tmp'):
        os.makedirs(os.path.join(top, folder), exist_ok=True)
    os.chmod(os.path.join(top, 'tmp'), 0o1777)
    shutil.copy(PAYLOAD, os.path.join(top, 'payload'))
    with open(os.path.join(top, 'etc/passwd'), 'w', encoding='ascii') as file:
        file.write('root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1001:user:/tmp:/bin/sh\n')
    with open(os.path.join(top, 'etc/group'), 'w', encoding='ascii') as file:
        file.write('root:x:0:\nuser:x:1001:\n')
    return top


def report(host, name):
    """As host.report, for writers of any user."""
    folder, device = host.report(name)
    os.chmod(folder, 0o777)
    return folder, device


def ask(host, name, *args, **words):
    """As host.ask, for any user inside."""
    report(host, name)
    return host.ask(name, *args, **words)


class Shell:
    """Root inside runs a script of busybox's shell and stays; `text` is what it said."""

    def __init__(self, host, name, script, seconds=20, **words):
        folder, device = report(host, name)
        for part in os.listdir(folder):
            os.unlink(os.path.join(folder, part))
        words['devices'] = words.get('devices', '') + device
        line = f'exec >/report/part 2>&1 </dev/null; {script}\n : >/report/done; while :; do sleep 1000; done'
        line = line.replace('&', '&amp;').replace('<', '&lt;').replace('>', '&gt;')
        self.dom = host.create(name, init='/bin/sh', args=['-c', line], **words)
        eventually(lambda: os.path.exists(os.path.join(folder, 'done')), f'{name} reports', seconds)
        with open(os.path.join(folder, 'part'), encoding='utf-8', errors='replace') as file:
            self.text = file.read()


# ---- the host ------------------------------------------------------------------------------------

def describe(path):
    """All that a change of the file would change, the times of access apart."""
    info = os.lstat(path)
    entry = (stat.filemode(info.st_mode), info.st_uid, info.st_gid, info.st_nlink, info.st_rdev, info.st_size, info.st_mtime_ns, info.st_ctime_ns)
    if stat.S_ISLNK(info.st_mode):
        return (*entry, os.readlink(path))
    if stat.S_ISREG(info.st_mode):
        with open(path, 'rb') as file:
            return (*entry, hashlib.sha256(file.read()).hexdigest())
    return entry


def digest(top):
    """Every file of a tree, described."""
    found = {top: describe(top)}
    for folder, folders, names in os.walk(top):
        for name in folders + names:
            path = os.path.join(folder, name)
            found[path] = describe(path)
    return found


def difference(before, after):
    return [path for path in sorted(before.keys() | after.keys()) if before.get(path) != after.get(path)]


class Canary:
    """A folder of the host that nobody may touch, and what is mounted on the host."""

    def __init__(self, host, name='canary'):
        self.path = host.path(name)
        os.makedirs(os.path.join(self.path, 'deep/deeper'))
        for part in ('secret', 'deep/file', 'initctl'):
            with open(os.path.join(self.path, part), 'w', encoding='ascii') as file:
                file.write(part)
        self.before = digest(self.path)
        self.mounts = self.look()

    @staticmethod
    def look():
        with open('/proc/self/mountinfo', encoding='utf-8') as file:
            return file.read()

    def check(self, what):
        changed = difference(self.before, digest(self.path))
        assert not changed, f'{what}: these of the host have changed: {changed}'
        assert self.look() == self.mounts, f'{what}: the mounts of the host have changed'


# ---- who opens which file ------------------------------------------------------------------------

class Watch:
    """Hears of every file of a tree that anybody opens, in whatever namespace, until init is executed.

    `paths` are executed only when `allow` says so: between `wait_held` and that, init is just about to become
    the container's. Needs fanotify(7).
    """
    OPEN, CHILD, DIRECTORY, EXEC = 0x20, 0x08000000, 0x40000000, 0x00040000

    def __init__(self, top, held=()):
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.fd = self.libc.fanotify_init(0x1 | 0x4, os.O_RDONLY | os.O_CLOEXEC)
        if self.fd < 0:
            skip(f'fanotify does not work here: {os.strerror(ctypes.get_errno())}')
        self.top = top
        self.names, self.opened, self.waiting, self.own = {}, [], None, 0
        self.news = threading.Condition()
        for folder, _, names in os.walk(top):
            self.mark(self.OPEN | self.CHILD | self.DIRECTORY, folder)
            for path in (folder, *(os.path.join(folder, name) for name in names)):
                info = os.lstat(path)
                self.names[(info.st_dev, info.st_ino)] = os.path.relpath(path, top)
        for path in held:
            self.mark(self.EXEC, path)
        threading.Thread(target=self.read, daemon=True).start()

    def mark(self, mask, path):
        if self.libc.fanotify_mark(self.fd, 1, ctypes.c_uint64(mask), -100, path.encode()) < 0:
            skip(f'fanotify cannot watch {path}: {os.strerror(ctypes.get_errno())}')

    def read(self):
        with contextlib.suppress(OSError):
            while True:
                data = os.read(self.fd, 4096)
                while data:
                    size, _, _, _, mask, fd, pid = struct.unpack_from('=IBBHQii', data)
                    data = data[size:]
                    self.take(mask, fd, pid)

    def take(self, mask, fd, pid):
        info = os.fstat(fd)
        with self.news:
            if mask & self.EXEC:
                self.waiting = (pid, fd)
            else:
                os.close(fd)
                if pid == os.getpid():
                    self.own += 1
                else:
                    self.opened.append((pid, self.names.get((info.st_dev, info.st_ino), 'something')))
            self.news.notify_all()

    def wait_held(self, seconds=10):
        """The pid of who is about to execute a held file."""
        with self.news:
            assert self.news.wait_for(lambda: self.waiting, seconds * PATIENCE), 'nobody executes it'
            return self.waiting[0]

    def allow(self):
        with self.news:
            fd = self.waiting[1]
            self.waiting = None
        os.write(self.fd, struct.pack('=iI', fd, 1))
        os.close(fd)

    def take_opened(self):
        """All that were opened until now: events come in order, and one of our own is the last."""
        with self.news:
            self.own = 0
            os.close(os.open(self.top, os.O_RDONLY))
            assert self.news.wait_for(lambda: self.own, 10 * PATIENCE), 'no event comes'
            opened, self.opened = self.opened, []
        return opened

    def close(self):
        os.close(self.fd)


def in_thread(call):
    """Runs the call beside; returns a function that waits for it and gives its result or raises its error."""
    outcome = []

    def run():
        try:
            outcome.append((call(), None))
        except Exception as error:  # pylint: disable=broad-except
            outcome.append((None, error))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()

    def join(seconds=30):
        thread.join(seconds * PATIENCE)
        assert outcome, 'it does not come back'
        if outcome[0][1]:
            raise outcome[0][1]
        return outcome[0][0]
    return join


def scratch_folder(name):
    path = os.path.join(SCRATCH, name)
    os.makedirs(path)
    return path
