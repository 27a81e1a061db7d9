# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""The room a test script runs in.

enter() runs the script again in mount, network and pid namespaces of its own, below an outer process
that lives on to look at what is left. Nothing a script does can touch the machine's network or
mounts, whatever it starts dies with it, and scripts run side by side. Control groups are the one
thing that a namespace does not take along: the outer process looks for them, reports them as a leak
and removes them.
"""
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile

SKIP = 77


def skip(reason):
    print('skipped:', reason)
    sys.exit(SKIP)


def instance_name(root):
    """What tells a private instance from others, as the daemon derives it."""
    return 'virtlxcd-' + hashlib.sha256(os.path.realpath(root).encode()).hexdigest()[:12]


def partition_of(root):
    """The control group directory of a private instance."""
    return instance_name(root) + '.partition'


def hierarchies():
    """Where control group hierarchies are mounted."""
    found = []
    with open('/proc/self/mountinfo', encoding='utf-8') as mounts:
        for line in mounts:
            left, right = line.rstrip().split(' - ')
            if right.split()[0] in ('cgroup', 'cgroup2'):
                found.append(left.split()[4])
    return found


def groups_below(top):
    """Every control group directory of this partition, deepest first."""
    found = []
    for hierarchy in hierarchies():
        for folder, _, _ in os.walk(os.path.join(hierarchy, top), topdown=False):
            found.append(folder)
    return found


def processes_in(group):
    try:
        with open(os.path.join(group, 'cgroup.procs'), encoding='utf-8') as file:
            return [int(word) for word in file.read().split()]
    except (OSError, ValueError):
        return []


def remove_groups(top):
    """Takes a partition down by force; returns what was there."""
    found = groups_below(top)
    for group in found:
        for pid in processes_in(group):
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
    for _ in range(500):
        left = 0
        for group in groups_below(top):
            try:
                os.rmdir(group)
            except OSError:
                left += 1
        if not left:
            break
        signal.sigtimedwait([], 0.01)
    return found


def run_inside(scratch):
    """The script once more, as pid 1 of its own namespaces."""
    command = ['unshare', '--mount', '--propagation', 'private', '--net', '--pid', '--fork',
               '--kill-child', '--mount-proc', sys.executable, '-u', *sys.argv]
    inner = subprocess.Popen(command, env={**os.environ, 'VIRTLXCD_SCRATCH': scratch})
    signal.signal(signal.SIGTERM, lambda *_: inner.kill())
    signal.signal(signal.SIGINT, lambda *_: inner.kill())
    status = inner.wait()
    return status if status >= 0 else 128 - status


def enter():
    """Returns the scratch directory, inside. Outside it does not return."""
    if 'VIRTLXCD_SCRATCH' in os.environ:
        subprocess.run(['ip', 'link', 'set', 'lo', 'up'], check=True)
        return os.environ['VIRTLXCD_SCRATCH']
    if os.geteuid() != 0:
        skip('not root')
    scratch = tempfile.mkdtemp(prefix='virtlxcd-room-', dir='/tmp')
    os.chmod(scratch, 0o755)
    status = run_inside(scratch)
    for name in ('root', *os.listdir(scratch)):
        root = os.path.join(scratch, name)
        left = remove_groups(partition_of(root)) + remove_groups(instance_name(root))
        if left:
            print('left behind, and removed now:', *left, sep='\n    ')
            status = status or 1
    shutil.rmtree(scratch, ignore_errors=True)
    sys.exit(status)
