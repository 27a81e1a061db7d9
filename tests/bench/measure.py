# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""Clocks, processes and the table: what measuring needs and no peer knows."""
import math
import os
import re
import select
import statistics
import struct
import subprocess
import time

clock = time.time_ns  # inits compare it with theirs, and containers may have monotonic clocks of their own


class Sample(list):
    """Values of one thing, one peer; printed as median (min..max)."""

    @property
    def median(self):
        return statistics.median(self) if self else None

    def text(self):
        if not self:
            return '-'
        if len(self) == 1:
            return figure(self[0])
        return f'{figure(self.median)} ({figure(min(self))}..{figure(max(self))})'


def figure(value):
    if math.isinf(value):
        return 'never'
    return f'{value:,.0f}' if abs(value) >= 100 else f'{value:.1f}' if abs(value) >= 10 else f'{value:.2f}'


class Table:
    """Rows are what was measured, columns are peers."""

    def __init__(self, peers):
        self.peers = peers
        self.rows = {}

    def add(self, row, peer, *values):
        self.rows.setdefault(row, {}).setdefault(peer, Sample()).extend(values)

    def ratio(self, row, peer):
        """How many times better the first peer is than this one; the row says what is better."""
        ours, theirs = (self.rows[row].get(name) for name in (self.peers[0], peer))
        if not ours or not theirs or not ours.median or not theirs.median or math.isinf(theirs.median):
            return '-'
        better = ours.median / theirs.median if '/s' in row else theirs.median / ours.median
        return f'{better:.1f}x'

    def markdown(self):
        others = self.peers[1:]
        head = ['', *self.peers, *(f'{name} : {self.peers[0]}' for name in others)]
        lines = ['| ' + ' | '.join(head) + ' |', '|' + ' --- |' * len(head)]
        for row, cells in self.rows.items():
            words = [row] + [cells.get(name, Sample()).text() for name in self.peers]
            lines.append('| ' + ' | '.join(words + [self.ratio(row, name) for name in others]) + ' |')
        return '\n'.join(lines)


class Stamps:
    """The reading end of the fifo through which every init tells its time."""

    def __init__(self, tree):
        self.fd = os.open(os.path.join(tree, 'stamp'), os.O_RDWR | os.O_NONBLOCK)

    def drain(self):
        try:
            while os.read(self.fd, 4096):
                pass
        except BlockingIOError:
            pass

    def wait(self, seconds=20):
        """(number, nanoseconds) of the next init."""
        if not select.select([self.fd], [], [], seconds)[0]:
            raise TimeoutError('an init did not report')
        return struct.unpack('QQ', os.read(self.fd, 16))

    def close(self):
        os.close(self.fd)


def run(*command):
    """A command as a person's shell would run it: no pipes; its words only if it fails."""
    log = os.path.join(os.environ['BENCH_SCRATCH'], 'stderr')
    actions = [(os.POSIX_SPAWN_OPEN, 0, '/dev/null', os.O_RDONLY, 0),
               (os.POSIX_SPAWN_OPEN, 1, '/dev/null', os.O_WRONLY, 0),
               (os.POSIX_SPAWN_OPEN, 2, log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)]
    pid = os.posix_spawnp(command[0], command, os.environ, file_actions=actions)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if status:
        with open(log, encoding='utf-8', errors='replace') as file:
            raise RuntimeError(f'{" ".join(command)}: {status}: {file.read()[-300:]}')


def memory(pid):
    """KiB of a process: rss, pss, dirty."""
    found = {}
    with open(f'/proc/{pid}/smaps_rollup', encoding='ascii') as file:
        for line in file:
            words = re.match(r'(\w+): +(\d+) kB', line)
            if words:
                found[words[1]] = int(words[2])
    return {'rss': found['Rss'], 'pss': found['Pss'], 'dirty': found['Private_Dirty']}


def parent(pid):
    with open(f'/proc/{pid}/stat', encoding='utf-8', errors='replace') as file:
        return int(file.read().rpartition(')')[2].split()[1])


def cpu_seconds(pid):
    total = 0
    for thread in os.listdir(f'/proc/{pid}/task'):
        with open(f'/proc/{pid}/task/{thread}/schedstat', encoding='ascii') as file:
            total += int(file.read().split()[0])
    return total / 1e9


def inits():
    """Every init of ours in a container, seen from outside."""
    found = []
    for name in os.listdir('/proc'):
        try:
            with open(f'/proc/{name}/cmdline', 'rb') as file:
                command = file.read()
            if not command.startswith(b'/bench-init\0'):
                continue
            with open(f'/proc/{name}/status', encoding='ascii', errors='replace') as file:
                inside = re.search(r'^NSpid:(.*)$', file.read(), re.MULTILINE)[1].split()
            if inside[-1] == '1' and len(inside) > 1:
                found.append(int(name))
        except (OSError, ValueError, TypeError):
            continue
    return found


def version(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    words = re.search(r'\d+(\.\d+)+', done.stdout)
    return words[0] if words else '?'
