# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""Images for the scripts about them: file systems made without mounting anything, and partition tables by hand."""
import os
import shutil
import struct
import subprocess
import uuid
import zlib

MIB = 1 << 20
SECTOR = 512
LINUX_ROOT = '4f68bce3-e8cd-4db1-96e7-fbcaf984b709'  # of x86-64
LINUX_DATA = '0fc63daf-8483-4772-8e79-3d69d8477de4'
EFI = 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b'

# How each type is made, and what it takes besides the file: {path}, {tree} with what is to be in it. The size in
# MiB is what the type needs at least; None: the tool finds it.
MAKERS = {
    'ext2': (8, ['mke2fs', '-q', '-t', 'ext2', '-F', '-d', '{tree}', '{path}']),
    'ext4': (16, ['mke2fs', '-q', '-t', 'ext4', '-F', '-d', '{tree}', '{path}']),
    'xfs': (320, ['mkfs.xfs', '-q', '-f', '{path}']),
    'btrfs': (128, ['mkfs.btrfs', '-q', '-f', '--rootdir', '{tree}', '{path}']),
    'vfat': (16, ['mkfs.vfat', '{path}']),
    'squashfs': (None, ['mksquashfs', '{tree}', '{path}', '-noappend', '-quiet', '-no-progress']),
    'erofs': (None, ['mkfs.erofs', '--quiet', '{path}', '{tree}']),
}


def kernel_has(kind):
    with open('/proc/filesystems', encoding='utf-8') as file:
        if kind in file.read().split():
            return True
    return subprocess.run(['modprobe', '-q', kind], check=False).returncode == 0 if shutil.which('modprobe') else False


def can_make(kind):
    return shutil.which(MAKERS[kind][1][0]) is not None


def make_image(path, kind='ext4', tree=None, size=None):
    """A file with a file system of this kind; what is in the folder `tree` is in it, where the tool can do that."""
    least, command = MAKERS[kind]
    empty = path + '.empty'
    os.makedirs(empty, exist_ok=True)
    if os.path.exists(path):
        os.unlink(path)
    if least:
        with open(path, 'wb') as file:
            file.truncate(size or least * MIB)
    subprocess.run([word.format(path=path, tree=tree or empty) for word in command],
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    os.rmdir(empty)
    return path


def append(disk, parts):
    """The parts from 1 MiB on, one after the other; returns (first sector, sectors) of each."""
    places = []
    at = MIB
    for part in parts:
        size = os.path.getsize(part) if part else MIB
        if part:
            with open(part, 'rb') as source, open(disk, 'r+b') as file:
                file.seek(at)
                shutil.copyfileobj(source, file)
        places.append((at // SECTOR, (size + SECTOR - 1) // SECTOR))
        at += (size + MIB - 1) // MIB * MIB
    with open(disk, 'r+b') as file:
        file.truncate(at + MIB)
    return places


def make_mbr(disk, *parts):
    """A disk with an old partition table; each part is (file or None, type)."""
    with open(disk, 'wb') as file:
        file.truncate(MIB)
    places = append(disk, [part for part, _ in parts])
    entries = b''.join(struct.pack('<B3sB3sII', 0, b'\0\0\0', kind, b'\0\0\0', start, count)
                       for (_, kind), (start, count) in zip(parts, places))
    with open(disk, 'r+b') as file:
        file.seek(446)
        file.write(entries.ljust(64, b'\0') + b'\x55\xaa')
    return disk


def gpt_header(total, mine, other, table, checksum):
    def pack(crc):
        return struct.pack('<8sIIIIQQQQ16sQIII', b'EFI PART', 0x10000, 92, crc, 0, mine, other, 34, total - 34,
                           uuid.uuid4().bytes_le, table, 128, 128, checksum)
    # The random id must be the same in both: it is packed once.
    raw = bytearray(pack(0))
    raw[16:20] = struct.pack('<I', zlib.crc32(bytes(raw)))
    return bytes(raw)


def make_gpt(disk, *parts):
    """A disk with a GPT; each part is (file or None, type GUID)."""
    with open(disk, 'wb') as file:
        file.truncate(MIB)
    places = append(disk, [part for part, _ in parts])
    total = os.path.getsize(disk) // SECTOR
    table = b''.join(struct.pack('<16s16sQQQ72s', uuid.UUID(kind).bytes_le, uuid.uuid4().bytes_le, start,
                                 start + count - 1, 0, f'part{number}'.encode('utf-16-le'))
                     for number, ((_, kind), (start, count)) in enumerate(zip(parts, places), 1)).ljust(128 * 128, b'\0')
    checksum = zlib.crc32(table)
    protective = struct.pack('<B3sB3sII', 0, b'\0\2\0', 0xee, b'\xff\xff\xff', 1, total - 1).ljust(64, b'\0')
    with open(disk, 'r+b') as file:
        file.seek(446)
        file.write(protective + b'\x55\xaa')
        file.write(gpt_header(total, 1, total - 1, 2, checksum).ljust(SECTOR, b'\0') + table)
        file.seek((total - 33) * SECTOR)
        file.write(table + gpt_header(total, total - 1, 1, total - 33, checksum).ljust(SECTOR, b'\0'))
    return disk


def filesystem(kind, source, target, inside=''):
    """kind: file or block."""
    word = 'file' if kind == 'file' else 'dev'
    return f"<filesystem type='{kind}'><source {word}='{source}'/><target dir='{target}'/>{inside}</filesystem>"
