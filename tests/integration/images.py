#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""File systems in images and on block devices are mounted, as the root and elsewhere, with an id map and without; of a partition table the right partition is; what is no file system of the list, or might be two things, is refused by name."""
import os
import re
import subprocess

from harness import Console, Instance, contains, equal, loops, refused, skip
from imagefiles import EFI, LINUX_DATA, LINUX_ROOT, MIB, can_make, filesystem, kernel_has, make_gpt, make_image, make_mbr

READONLY = ('squashfs', 'erofs')
IDMAP = "<idmap><uid start='0' target='200000' count='65536'/><gid start='0' target='300000' count='65536'/></idmap>"

with Instance() as host:
    if host.stock:
        skip('the stock driver leaves loop devices behind')
    folder, data = host.path('images'), host.path('data')
    os.makedirs(folder)
    os.makedirs(data)
    with open(os.path.join(data, 'here'), 'w', encoding='utf-8') as file:
        file.write('from the image\n')

    def path(name):
        return os.path.join(folder, name)

    def ask(source, *args, kind='file', inside='', **words):
        return host.ask('bb', *args, devices=filesystem(kind, source, '/data', inside), **words).splitlines()

    def mount_of(lines):
        [line] = [line for line in lines if line.split()[4] == '/data']
        return line

    def fails(text, source, kind='file', **words):
        domain = host.define('bad', devices=filesystem(kind, source, '/data', **words))
        with refused('CONFIG_UNSUPPORTED|OPERATION_INVALID|OPERATION_FAILED|SYSTEM_ERROR', 'LXC', text):
            domain.create()
        domain.undefine()
        equal(loops(), before, f'loop devices after {text}')

    before = loops()

    # ---- every type, if it can be made here
    tested = []
    for kind in ('ext2', 'ext4', 'xfs', 'btrfs', 'vfat', 'squashfs', 'erofs'):
        if not can_make(kind):
            print(f'not tested: {kind}, which nothing here can make')
            continue
        made = make_image(path(kind), kind, data)
        if not kernel_has(kind):
            fails(f"this host's kernel does not have its file system '{kind}'", made)
            continue
        lines = ask(made, 'write', '/data/new', 'x', ',', 'cat', '/proc/self/mountinfo')
        equal(lines[0], 'write errno EROFS' if kind in READONLY else 'write ok', kind)
        contains(mount_of(lines[1:]), f' - {kind} /dev/loop')
        if kind in READONLY:
            equal(ask(made, 'cat', '/data/here'), ['from the image'], kind)
        else:
            equal(ask(made, 'cat', '/data/new'), ['x'], kind)
        equal(ask(made, 'write', '/data/again', 'x', inside='<readonly/>'), ['write errno EROFS'], kind)
        tested.append(kind)
    assert 'ext4' in tested, 'the machine cannot mount ext4'
    plain = make_image(path('plain'), 'ext4', data)

    # What an image says that the host should do about errors in it counts for nothing.
    subprocess.run(['tune2fs', '-e', 'panic', plain], stdout=subprocess.DEVNULL, check=True)
    contains(mount_of(ask(plain, 'cat', '/proc/self/mountinfo')), 'errors=remount-ro')

    # A journal that is still to be replayed takes writing.
    unclean = make_image(path('unclean'), 'ext4', data)
    subprocess.run(['debugfs', '-w', '-R', 'feature needs_recovery', unclean], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    fails("its file system 'ext4' was not unmounted cleanly", unclean, inside='<readonly/>')
    equal(ask(unclean, 'cat', '/data/here'), ['from the image'])
    equal(ask(unclean, 'cat', '/data/here', inside='<readonly/>'), ['from the image'])

    # ---- partitions
    other = make_image(path('other'), 'ext4')
    boot = make_image(path('boot'), 'vfat') if can_make('vfat') else None
    disk = path('disk')
    make_mbr(disk, (None, 0x82), (plain, 0x83))
    equal(ask(disk, 'cat', '/data/here', ',', 'write', '/data/kept', 'x'), ['from the image', 'write ok'])
    equal(ask(disk, 'cat', '/data/kept'), ['x'])
    make_gpt(disk, (boot, EFI), (plain, LINUX_DATA))
    equal(ask(disk, 'cat', '/data/here'), ['from the image'])
    make_gpt(disk, (other, LINUX_DATA), (plain, LINUX_ROOT), (other, LINUX_DATA))
    equal(ask(disk, 'cat', '/data/here'), ['from the image'])
    make_gpt(disk, (other, LINUX_DATA), (None, LINUX_DATA), (plain, LINUX_DATA))
    fails(r'disk.*more than one partition of it could be meant: 1,3', disk)
    make_mbr(disk, (None, 0x82), (None, 0x83))
    fails('no partition of it has a file system', disk)

    # ---- block devices
    def device_of(file):
        return subprocess.run(['losetup', '--show', '-f', file], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    device = device_of(plain)
    link = path('by-name')
    os.symlink(device, link)
    try:
        equal(ask(device, 'cat', '/data/here', kind='block'), ['from the image'])
        equal(ask(link, 'write', '/data/again', 'x', kind='block', inside='<readonly/>'), ['write errno EROFS'])
        domain = host.define('bad', devices=filesystem('file', device, '/data'))
        with refused('CONFIG_UNSUPPORTED', 'LXC', "is a block device.*type='block'"):
            domain.create()
        domain.undefine()
    finally:
        subprocess.run(['losetup', '-d', device], check=True)
    device = device_of(make_mbr(disk, (plain, 0x83)))
    try:
        domain = host.define('bad', devices=filesystem('block', device, '/data'))
        with refused('CONFIG_UNSUPPORTED', 'LXC', f'{device}.*partition table; name one of its partitions'):
            domain.create()
        domain.undefine()
    finally:
        subprocess.run(['losetup', '-d', device], check=True)
    fails('is not a block device', plain, 'block')

    # ---- as the root, read-only as well, and with an id map
    root = make_image(path('root'), 'ext4', host.tree(), 64 * MIB)
    for extra in ('', IDMAP):
        for inside in ('', '<readonly/>'):
            dom = host.create('root', tree=False, devices=filesystem('file', root, '/', inside), extra=extra, args='ids , write /etc/made x , say finished , pause')
            console = Console(host.conn, dom)
            said = console.expect('finished').decode()
            contains(said, 'uid 0 gid 0')
            contains(said, 'write errno EROFS' if inside else 'write ok')
            console.close()
            dom.destroy()
    stat = subprocess.run(['debugfs', '-R', 'stat /etc/made', root], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True).stdout
    assert re.search(r'User: +0 +Group: +0', stat), stat

    # ---- who uses an image has it alone, unless nobody writes
    first = host.create('first', devices=filesystem('file', plain, '/data'))
    before = loops()
    fails(f"image '{plain}' is in use", plain)
    fails(f"image '{plain}' is in use", plain, inside='<readonly/>')
    first.destroy()
    before = loops()
    two = [host.create(name, devices=filesystem('file', plain, '/data', '<readonly/>')) for name in ('first', 'second')]
    for dom in two:
        dom.destroy()
    equal(loops(), before)

    # ---- what may be missing, and what is not an image at all
    fails('No such file', path('missing'))
    ask(path('missing'), 'ids', inside="<virtlxcd:mount xmlns:virtlxcd='urn:virtlxcd:domain:1.0' optional='yes'/>")
    os.mkfifo(path('pipe'))
    os.mkdir(path('folder'))
    for name in ('pipe', 'folder'):
        fails('is not a regular file|Is a directory', path(name))
    os.symlink(plain, path('link'))
    equal(ask(path('link'), 'cat', '/data/here'), ['from the image'])

    # Formats that the kernel cannot read itself take network block devices.
    if not os.path.exists('/sys/block/nbd0') and not os.path.exists(f'/lib/modules/{os.uname().release}'):
        with refused('CONFIG_UNSUPPORTED', None, f"image '{plain}' needs network block devices, which this host's kernel lacks"):
            host.create('bad', devices=f"<filesystem type='file'><driver type='nbd' format='qcow2'/><source file='{plain}'/><target dir='/data'/></filesystem>")
        with refused('CONFIG_UNSUPPORTED', None, f"image '{plain}' needs network block devices, which this host's kernel lacks"):
            host.create('bad', devices=f"<disk type='file'><driver name='nbd' type='qcow2'/><source file='{plain}'/><target dev='vda'/></disk>")

    # A place that a container can change is no way to an image: it could lead to any file of the host.
    shared = host.path('shared')
    os.makedirs(shared)
    make_image(os.path.join(shared, 'own'), 'ext4')
    domain = host.define('bad', devices=filesystem('file', shared + '/own', '/data') + f"<filesystem><source dir='{shared}'/><target dir='/shared'/></filesystem>")
    with refused('CONFIG_UNSUPPORTED', 'LXC', 'a container can change a directory on the way'):
        domain.create()
    domain.undefine()
    equal(loops(), before)
    print('tested:', *tested)
