#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""Each namespace keeps its part of the kernel apart: what one container does in it neither the host sees nor a second container, with and without an id map."""
import os
import re

from harness import Instance, contains, equal, eventually, skip

IDMAP = "<idmap><uid start='0' target='100000' count='65536'/><gid start='0' target='100000' count='65536'/></idmap>"
KEY = 0x4711  # of a message queue
# What is done in one of them, and shown by both.
ACT = f'''hostname changed
ip link set lo up; ip addr add 192.0.2.77/32 dev lo
mkdir -p /tmp/mnt; mount -t tmpfs kept-apart /tmp/mnt
echo run > /report/whose
'''
SHOW = '''hostname
cat /proc/mounts
ip addr
for pid in /proc/[0-9]*; do echo process ${pid#/proc/}; done
cat /proc/sysvipc/msg
cat /proc/self/cgroup
cut -d. -f1 /proc/uptime
'''


def shown(name, extra, *commands):
    """A container that goes on running, and what it shows after the commands."""
    folder, device = host.report(name)
    os.chown(folder, 100000, 100000)
    dom = host.create(name, extra=extra, features='<privnet/>', devices=device,
                      args=['to', '/report/part', *(word for command in commands for word in (',', *command.split())), ',', 'run', '/show', ',', 'mark', '/report/done', ',', 'pause'])
    eventually(lambda: os.path.exists(folder + '/done'), f'{name} reports')
    with open(folder + '/part', encoding='utf-8') as file:
        return dom, file.read()


def outside(path):
    with open(path, encoding='utf-8') as file:
        return file.read()


with Instance() as host:
    if host.stock:
        skip('the stock driver has fewer of them')
    for name, text in (('act', ACT), ('show', SHOW)):
        with open(os.path.join(host.tree(), name), 'w', encoding='utf-8') as file:
            file.write(text)
    uptime = float(outside('/proc/uptime').split()[0])
    for number, extra in enumerate(('', IDMAP)):
        one, acted = shown(f'one{number}', extra, 'run /act', f'syscall 68 {KEY} 0x380 0')  # msgget, made anew
        two, other = shown(f'two{number}', extra)
        marks = {'uts': r'^changed$', 'mnt': r'^kept-apart /tmp/mnt tmpfs', 'net': r'inet 192\.0\.2\.77/32', 'ipc': rf'^\s*{KEY} '}
        for space, mark in marks.items():
            assert re.search(mark, acted, re.MULTILINE), f'{space}: nothing was done: {acted}'
            assert not re.search(mark, other, re.MULTILINE), f'{space} is shared by containers'
            hosts = os.uname().nodename + '\n' + outside('/proc/self/mounts') + outside('/proc/net/fib_trie').replace('|-- ', 'inet ') + outside('/proc/sysvipc/msg')
            assert not re.search(mark.replace('/32', ''), hosts, re.MULTILINE), f'{space} is shared with the host'
        # Processes are numbered from 1: init, and who looks. Nobody else is to be seen, nor could be signalled.
        for text in (acted, other):
            pids = [int(pid) for pid in re.findall(r'^process (\d+)$', text, re.MULTILINE)]
            assert 1 in pids and len(pids) <= 3, pids
            # The root of the groups is the container's own; the clock began when it started.
            equal({line.split(':', 2)[2] for line in re.findall(r'^\d+:.*:/.*$', text, re.MULTILINE)}, {'/'})
            seconds = int(re.search(r'^(\d+)$', text, re.MULTILINE)[1])
            assert seconds < uptime, f'up for {seconds} s, and the host for {uptime}'
        # Root inside is root on the host only without an id map.
        info = os.stat(host.report(f'one{number}')[0] + '/whose')
        equal((info.st_uid, info.st_gid), (100000, 100000) if extra else (0, 0))
        with open(f'/proc/{one.ID()}/uid_map', encoding='ascii') as file:
            equal(file.read().split()[1], '100000' if extra else '0')
        links = {space: [os.readlink(f'/proc/{pid}/ns/{space}') for pid in ('self', one.ID(), two.ID())] for space in ('mnt', 'pid', 'uts', 'ipc', 'net', 'user', 'cgroup', 'time')}
        for space, three in links.items():
            equal(len(set(three)), 1 if space == 'user' and not extra else 3, space)
        one.destroy()
        two.destroy()
