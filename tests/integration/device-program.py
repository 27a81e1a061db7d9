#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""Root inside cannot take the device program off its group of v2, not even one that is on the group which it sees as "/": without an id map the filter of system calls denies it, with one the kernel does, whatever the filter."""
import ctypes
import os
import platform
import struct

from evil import IDMAP, container
from harness import Instance, equal, eventually, skip

if platform.machine() != 'x86_64':
    skip('the number of bpf(2) here is that of x86_64')
LIBC = ctypes.CDLL(None, use_errno=True)
BPF, LOAD, ATTACH, QUERY, DEVICE_PROGRAM, ON_GROUP, SEVERAL = 321, 5, 8, 16, 15, 6, 2


def bpf(command, words, size=128):
    attr = ctypes.create_string_buffer(words, size)
    done = LIBC.syscall(BPF, command, attr, size)
    if done < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return done, attr.raw


def load():
    """A program that allows everything; a group is to have it still, that is all."""
    code = ctypes.create_string_buffer(struct.pack('<BBhiBBhi', 0xb7, 0, 0, 1, 0x95, 0, 0, 0))
    words = ctypes.create_string_buffer(b'GPL')
    fd = bpf(LOAD, struct.pack('<IIQQ', DEVICE_PROGRAM, 2, ctypes.addressof(code), ctypes.addressof(words)))[0]
    with open(f'/proc/self/fdinfo/{fd}', encoding='ascii') as file:
        return fd, int(next(line.split()[1] for line in file if line.startswith('prog_id:')))


def programs_on(group):
    ids = (ctypes.c_uint32 * 8)()
    attr = bpf(QUERY, struct.pack('<IIIIQI', group, ON_GROUP, 0, 0, ctypes.addressof(ids), 8))[1]
    return list(ids)[:struct.unpack_from('<I', attr, 24)[0]]


def unified():
    with open('/proc/self/mountinfo', encoding='utf-8') as file:
        for line in file:
            if ' - cgroup2 ' in line:
                return line.split()[4]
    return skip('no cgroup v2 is mounted')


with Instance() as host:
    if host.stock:
        skip('the stock driver has no filter')
    top = unified()
    try:
        program, number = load()
    except OSError as error:
        skip(f'no device programs here: {error}')
    profiles = {name: container(f"<seccomp profile='{name}'/>") for name in ('default', 'nesting', 'none')}
    for name, extra in (('default', profiles['default']), ('nesting', profiles['nesting']), ('mapped', IDMAP), ('mapped-none', IDMAP + profiles['none'])):
        folder, device = host.report(name)
        os.chmod(folder, 0o777)
        dom = host.create(name, devices=device, extra=extra, tree=host.tree(name),
                          args=f'wait /report/go , to /report/part , device-program {top} {number} , mark /report/done , pause')
        with open(f'/proc/{dom.ID()}/cgroup', encoding='utf-8') as file:
            own = next(line.strip().split('::')[1] for line in file if line.startswith('0::'))
        group = os.open(top + own, os.O_RDONLY | os.O_DIRECTORY)
        bpf(ATTACH, struct.pack('<IIII', group, program, ON_GROUP, SEVERAL))
        before = programs_on(group)
        assert number in before, before
        open(f'{folder}/go', 'w', encoding='ascii').close()
        eventually(lambda: os.path.exists(f'{folder}/done'), f'{name} has tried')
        with open(f'{folder}/part', encoding='ascii') as file:
            found = dict(line.split(' ', 1) for line in file.read().splitlines())
        equal(found.pop('group'), 'ok', name)
        assert not [word for word, said in found.items() if said == 'ok'] and len(found) == 6, f'{name}: {found}'
        equal((found['query'], found['named']), ('errno EPERM', 'errno EPERM'), name)
        equal(programs_on(group), before, name)
        os.close(group)
        dom.destroy()
