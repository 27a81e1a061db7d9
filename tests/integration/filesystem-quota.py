#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""<space_hard_limit> keeps a container's directory within its size by the project quotas of ext4 and xfs and the groups of btrfs, until the container has ended; where that cannot be, the start says what to do."""
import contextlib
import os
import re
import shutil
import signal
import subprocess

from harness import Instance, contains, equal, eventually, is_alive, mounts, refused, skip
from imagefiles import MIB, can_make, make_image
from trees import IDMAP, OURS, filesystem, overlay, shell

if os.environ.get('VIRTLXCD_STOCK') == '1':
    skip('the stock driver does not look at limits')

LIMIT = "<space_hard_limit unit='MiB'>8</space_hard_limit>"
FILL = 'dd if=/dev/zero of=/data/big bs=64k count=256 2>&1 | grep -o "quota exceeded\\|No space left\\|256+0 records out" | tail -n 1; rm -f /data/big'
TUNE = {'ext4': ['tune2fs', '-O', 'quota,project', '-Q', 'prjquota']}
OPTIONS = {'ext4': ['-o', 'loop,prjquota'], 'xfs': ['-o', 'loop,prjquota'], 'btrfs': ['-o', 'loop']}
LOOP = ['-o', 'loop']
FULL = {'ext4': 'quota exceeded', 'xfs': 'No space left', 'btrfs': 'quota exceeded'}


def run(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)


@contextlib.contextmanager
def mounted(host, kind, limits=True):
    """A file system of this kind; None where the kernel does not do it with limits."""
    place = host.path(f'on-{kind}-{limits}')
    os.makedirs(place, exist_ok=True)
    image = make_image(place + '.image', kind, size=64 * MIB if kind == 'ext4' else None)
    if limits and kind in TUNE:
        subprocess.run([*TUNE[kind], image], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    if run('mount', *(OPTIONS[kind] if limits else LOOP), image, place).returncode:
        yield None
        return
    try:
        if limits and kind == 'btrfs':
            subprocess.run(['btrfs', 'quota', 'enable', place], check=True)
        yield place
    finally:
        subprocess.run(['umount', place], check=True)


def make_directory(kind, path):
    if kind == 'btrfs':
        subprocess.run(['btrfs', 'subvolume', 'create', path], stdout=subprocess.DEVNULL, check=True)
    else:
        os.makedirs(path)
    os.makedirs(path + '/deep/er')
    os.symlink('/etc', path + '/deep/link')
    os.mkfifo(path + '/deep/pipe')
    with open(path + '/deep/er/file', 'wb') as file:
        file.write(os.urandom(4 * MIB))
    return path


def fill(host, device, extra=IDMAP):
    return shell(host, 'bb', 'cat /data/deep/er/file > /dev/null || ls /data; ' + FILL, devices=device, extra=extra).strip()


def is_limited(host, kind, place):
    tree = make_directory(kind, f'{place}/tree')
    free = make_directory(kind, f'{place}/free')
    limited, unlimited = filesystem(tree, '/data', LIMIT, access='mapped'), filesystem(tree, '/data', access='mapped')
    for _ in range(2):
        equal(fill(host, limited), FULL[kind], kind)
        equal(fill(host, unlimited), '256+0 records out', f'{kind} after the limit')
    equal(fill(host, filesystem(free, '/data', access='mapped')), '256+0 records out', f'{kind} beside it')
    # A limit on a limit: each has its own.
    if kind != 'btrfs':
        os.makedirs(f'{tree}/inner')
        both = limited + filesystem(f'{tree}/inner', '/inner', "<space_hard_limit unit='MiB'>2</space_hard_limit>", access='mapped')
        text = shell(host, 'bb', 'dd if=/dev/zero of=/inner/x bs=64k count=64; rm /inner/x; ' + FILL, devices=both, extra=IDMAP)
        assert re.search(f"'/inner/x': .*{FULL[kind]}", text), text
        contains(text.splitlines()[-1], FULL[kind])
    # Root inside cannot take a file out of what is counted.
    if kind != 'btrfs':
        said = host.ask('bb', 'project', '/data/deep/er/file', devices=limited, extra=IDMAP)
        assert re.fullmatch('project errno (EINVAL|EPERM)\n', said), said
    # For one container at a time.
    first = host.create('first', devices=limited, extra=IDMAP)
    with refused('OPERATION_INVALID', 'LXC', f"'{tree}' is in use by domain 'first'"):
        host.create('second', devices=limited, extra=IDMAP)
    first.destroy()
    # Read-only, nothing is written: not even a mark.
    readonly = make_directory(kind, f'{place}/readonly')
    host.create('bb', devices=filesystem(readonly, '/data', LIMIT, '<readonly/>', access='mapped'), extra=IDMAP).destroy()
    if kind == 'ext4':
        equal(run('lsattr', '-dp', readonly).stdout.split()[0], '0')
    return tree


def no_subvolume_gets_out(host, tree):
    """What is in a subvolume of its own would not be counted: with a limit none can be made, whatever the profile."""
    for seccomp in ('', "<virtlxcd:seccomp profile='none'/>"):
        def ask(*children):
            return host.ask('bb', 'subvolume', '/data', devices=filesystem(tree, '/data', *children, access='mapped'),
                            extra=IDMAP + f'<virtlxcd:container {OURS}>{seccomp}</virtlxcd:container>').splitlines()
        equal(ask(LIMIT), ['subvolume errno ENOTTY'] * 4)
        equal(ask()[0], 'subvolume ok')
        for name in os.listdir(tree):
            if name.startswith('sub'):
                subprocess.run(['btrfs', 'subvolume', 'delete', f'{tree}/{name}'], stdout=subprocess.DEVNULL, check=True)


def overlay_is_limited(host, kind, place):
    upper, work = f'{place}/upper', f'{place}/work'
    make_directory(kind, upper)
    if kind == 'btrfs':  # both in one subvolume
        work, upper = f'{upper}/w', f'{upper}/u'
        os.makedirs(upper)
    os.makedirs(work)
    device = filesystem(host.tree(), '/data', LIMIT, overlay(upper=upper, work=work), access='mapped')
    if kind == 'btrfs':
        with refused('CONFIG_UNSUPPORTED', 'LXC', f'{upper}.*btrfs subvolume create'):
            host.create('bb', devices=device, extra=IDMAP)
        return
    text = shell(host, 'bb', 'mkdir /data/new; mv /data/etc/passwd /data/new/; cat /data/new/passwd; ' + FILL, devices=device, extra=IDMAP)
    contains(text, 'root:x:0:0')
    equal(text.split('\n')[-2], FULL[kind])


def no_way_through_the_container(host, tree):
    """A limit is put on no directory that the container could have led us to."""
    upper, work = f'{tree}/deep/upper', f'{tree}/deep/work'
    os.makedirs(upper)
    os.makedirs(work)
    devices = filesystem(tree, '/shared') + filesystem(host.tree(), '/data', LIMIT, overlay(upper=upper, work=work), access='mapped')
    with refused('CONFIG_UNSUPPORTED', 'LXC', f'quotas.*{upper}.*a container can change a directory on the way'):
        host.create('bb', devices=devices, extra=IDMAP)
    # Nor on one that a link in its own tree leads to.
    os.symlink(f'{tree}/deep', f'{tree}/led')
    devices = filesystem(tree, '/shared') + filesystem(f'{tree}/led', '/data', LIMIT, access='mapped')
    with refused('SYSTEM_ERROR', 'LXC', f"quotas: cannot limit the space of '{tree}/led': .*symbolic link"):
        host.create('bb', devices=devices, extra=IDMAP)


def is_lifted_after_a_crash(host, tree):
    """Nobody of ours is there when the container ends; who comes next lifts it."""
    dom = host.create('bb', devices=filesystem(tree, '/data', LIMIT, access='mapped'), extra=IDMAP)
    init = dom.ID()
    host.forget_connections()
    host.stop_daemon(signal.SIGKILL)
    os.kill(init, signal.SIGKILL)
    eventually(lambda: not is_alive(init), 'init ends')
    host.start_daemon()
    eventually(lambda: not host.conn.listAllDomains(), 'the container is found gone')
    equal(fill(host, filesystem(tree, '/data', access='mapped')), '256+0 records out', 'after a crash')


def start_fails_in_between(host, tree):
    for step in ('quotas', 'controller', 'go'):
        host.environment['VIRTLXCD_FAIL_STEP'] = step
        host.restart_daemon()
        with refused(text='on purpose|for a test'):
            host.create('bb', devices=filesystem(tree, '/data', LIMIT, access='mapped'), extra=IDMAP)
        del host.environment['VIRTLXCD_FAIL_STEP']
        host.restart_daemon()
        equal(fill(host, filesystem(tree, '/data', access='mapped')), '256+0 records out', f'after {step} failed')


def refused_because(host, text, device, extra=IDMAP):
    with refused('CONFIG_UNSUPPORTED', 'LXC', text):
        host.create('bb', devices=device, extra=extra)


def others_are_left_alone(host, place):
    """A project that somebody else has chosen stays theirs."""
    theirs = f'{place}/theirs'
    os.makedirs(theirs)
    subprocess.run(['chattr', '-p', '42', theirs], check=True)
    refused_because(host, f'{theirs}.*project 42.*chattr', filesystem(theirs, '/data', LIMIT, access='mapped'))
    equal(run('lsattr', '-dp', theirs).stdout.split()[0], '42')


def what_cannot_be_limited(host):
    folder = host.path('plain')
    os.makedirs(folder)
    mapped = filesystem(folder, '/data', LIMIT, access='mapped')
    refused_because(host, "'/data' is limited, which a container without <idmap> could undo", mapped, extra='')
    for device in (filesystem('/tmp', '/data', LIMIT, kind='bind'), filesystem('/x', '/data', LIMIT, kind='file', key='file'),
                   filesystem('/dev/loop0', '/data', LIMIT, kind='block', key='dev')):
        refused_because(host, "'/data' cannot be limited: it is as large as what it is on", device)
    subprocess.run(['mount', '-t', 'tmpfs', 'none', folder], check=True)
    refused_because(host, f'{folder}.*no limits for directories; ext4, xfs and btrfs have', mapped)
    subprocess.run(['umount', folder], check=True)
    optional = filesystem(host.path('missing'), '/data', LIMIT, f"<virtlxcd:mount {OURS} optional='yes'/>", access='mapped')
    host.create('bb', devices=optional, extra=IDMAP).destroy()
    for kind, advice in (('ext4', 'prjquota.*tune2fs'), ('xfs', 'prjquota'), ('btrfs', 'btrfs quota enable')):
        if not can_make(kind):
            continue
        with mounted(host, kind, limits=False) as place:
            if place:
                tree = make_directory(kind, f'{place}/tree')
                refused_because(host, f'{tree}.*{advice}', filesystem(tree, '/data', LIMIT, access='mapped'))
    # Memory has its size from the start.
    for device in (filesystem('65536', '/data', LIMIT, kind='ram', key='usage'), filesystem(host.tree(), '/data', LIMIT, overlay(ephemeral=True))):
        equal(shell(host, 'bb', FILL, devices=device).strip(), 'No space left')


with Instance() as host:
    tested = []
    what_cannot_be_limited(host)
    for kind in ('ext4', 'xfs', 'btrfs'):
        if not can_make(kind) or (kind == 'btrfs' and not shutil.which('btrfs')):
            print('not tested:', kind, 'which nothing here can make')
            continue
        with mounted(host, kind) as place:
            if place is None:
                print(f"not tested: {kind}, which this kernel does not mount with limits")
                continue
            before = mounts()
            tree = is_limited(host, kind, place)
            overlay_is_limited(host, kind, place)
            no_way_through_the_container(host, tree)
            is_lifted_after_a_crash(host, tree)
            start_fails_in_between(host, tree)
            if kind == 'btrfs':
                no_subvolume_gets_out(host, tree)
            if kind == 'ext4':
                others_are_left_alone(host, place)
            equal(mounts(), before)
            tested.append(kind)
    print('limited:', *tested)
