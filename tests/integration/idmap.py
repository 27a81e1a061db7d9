#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""With an id map the container's root is nobody special on the host, and its tree needs no change of owner."""
import os
import re

from harness import Console, Instance, contains, equal, eventually, refused, skip

IDMAP = "<idmap><uid start='0' target='200000' count='65536'/><gid start='0' target='300000' count='65536'/></idmap>"

with Instance() as host:
    folder, device = host.report('bb')
    if host.stock:
        skip('the stock driver cannot on a host with several control group hierarchies')
    os.chown(folder, 200000, 300000)  # only the root tree and what says accessmode='mapped' is mapped
    before = sorted((name, os.lstat(os.path.join(host.tree(), name)).st_uid) for name in os.listdir(host.tree()))
    dom = host.create('bb', devices=device, extra=IDMAP, args='to /report/part , ids , cat /proc/self/uid_map , cat /proc/self/gid_map , '
                      'write /tmp/made-inside x , mknod /tmp/null c 1 3 , open /dev/null , cat /proc/self/mountinfo , mark /report/done , pause')
    eventually(lambda: os.path.exists(folder + '/done'), 'the report')
    with open(folder + '/part', encoding='utf-8') as file:
        lines = file.read().splitlines()
    contains(lines[0], 'uid 0 gid 0')
    equal(lines[2].split(), ['0', '200000', '65536'])
    equal(lines[3].split(), ['0', '300000', '65536'])
    equal(lines[4:7], ['write ok', 'mknod errno EPERM', 'open ok'])

    status = open(f'/proc/{host.init_pid(dom)}/status', encoding='utf-8').read()
    contains(status, 'Uid:\t200000\t200000\t200000\t200000')
    contains(status, 'Gid:\t300000\t300000\t300000\t300000')
    made = os.stat(os.path.join(host.tree(), 'tmp/made-inside'))
    # The tree is mapped, not changed: root's file inside is root's file on the disk.
    equal((made.st_uid, made.st_gid), (0, 0))
    equal(sorted((name, os.lstat(os.path.join(host.tree(), name)).st_uid) for name in os.listdir(host.tree())), before)
    dom.destroy()

    def ask(*commands, **words):
        """Each command is one verb with its arguments."""
        args = [word for command in commands for word in (*command.split(), ',')][:-1]
        return host.ask('bb', *args, extra=IDMAP, **words).splitlines()

    def may_not(*commands, **words):
        for command, line in zip(commands, ask(*commands, **words), strict=True):
            assert re.match(r'\S+ errno (EPERM|EINVAL|EROFS|EACCES)$', line), f'{command}: {line}'

    # Whoever is root inside takes nothing away that protects the host, makes nothing of it writable, and gets no
    # whole view of the kernel by mounting it anew.
    source = host.path('source')
    os.makedirs(source)
    os.chmod(source, 0o777)
    shared = f"<filesystem><source dir='{source}'/><target dir='/shared'/><readonly/></filesystem>"
    root = f"<filesystem accessmode='mapped'><source dir='{host.tree()}'/><target dir='/'/><readonly/></filesystem>"
    os.makedirs(host.tree() + '/shared', exist_ok=True)
    os.makedirs(host.tree() + '/report', exist_ok=True)
    kept = ['/proc/sys', '/sys', '/sys/fs/cgroup', '/sys/fs/cgroup/memory', '/sys/fs/cgroup/devices', '/shared',
            *(path for path in ('/proc/kcore', '/proc/sysrq-trigger', '/proc/keys', '/proc/timer_list', '/sys/firmware') if os.path.exists(path))]
    kept = [path for path in kept if path == '/shared' or os.path.exists(path)]
    for features in ('', '<privnet/>'):
        may_not(*(f'umount {path}' for path in (*kept, '/proc', '/dev')), features=features, devices=shared)
        may_not(*(f'remount-rw {path}' for path in kept), 'write /shared/made x', 'write /proc/sys/kernel/core_pattern |/bin/false',
                'write /proc/sys/kernel/hostname x', features=features, devices=shared)
        may_not('mount proc hidepid=0 /tmp', 'bind /proc /tmp', 'bind /sys /tmp', features=features, devices=shared)
    # With a read-only root all else is read-only too: the report is on the console.
    dom = host.create('ro', tree=False, devices=root + shared, extra=IDMAP,
                      args='remount-rw / , write /etc/made x , remount-rw /shared , umount /shared , say finished , pause')
    console = Console(host.conn, dom)
    said = console.expect('finished')
    equal(re.findall(r'\S+ errno \S+', said.decode()),
          ['remount-rw errno EPERM', 'write errno EROFS', 'remount-rw errno EPERM', 'umount errno EINVAL'])
    console.close()
    dom.destroy()
    equal(os.listdir(source), [])
    # A view of control groups of one's own is one of the same groups, and no more is allowed in it.
    if os.path.exists('/sys/fs/cgroup/devices/devices.allow'):
        equal(ask('mount cgroup devices /tmp', 'write /tmp/devices.allow a', 'write /tmp/cgroup.procs 0'),
              ['mount ok', 'write errno EACCES', 'write errno EACCES'])
    # What does no harm works.
    equal(ask('mount tmpfs size=64k /tmp', 'write /tmp/x x', 'umount /tmp'), ['mount ok', 'write ok', 'umount ok'])

    # A map with root of the host in it: what only that one may look at is hidden as without a map.
    for words, owner in (("<uid start='0' target='0' count='1'/><uid start='1' target='200001' count='1000'/>", 0),
                         ("<uid start='0' target='200000' count='7'/><uid start='7' target='0' count='1'/>", 7)):
        both = f"<idmap>{words}{words.replace('uid', 'gid')}</idmap>"
        pages = [f'/proc/{name}' for name in ('kpagecount', 'kpageflags', 'kpagecgroup') if os.path.exists(f'/proc/{name}')]
        os.chmod(folder, 0o777)
        found = host.ask('bb', *(word for path in pages for word in ('cat', path, ',')), 'say', 'end', extra=both, os_extra=f'<inituser>{owner}</inituser>')
        # Hidden; or AppArmor's profile denies to read it.
        equal([line for line in found.splitlines() if line != 'cat errno EACCES'], ['end'], owner)
        equal(sum(line.split()[4] in pages for line in open('/proc/self/mountinfo', encoding='utf-8')), 0, 'the host is as it was')

    # Nor is there an open /proc for containers inside, in which it could set what is the host's.
    nesting = "<virtlxcd:container xmlns:virtlxcd='urn:virtlxcd:domain:1.0'><virtlxcd:seccomp profile='nesting'/></virtlxcd:container>"
    for extra, there in ((IDMAP, True), (both, False), (IDMAP.replace('200000', '0').replace('300000', '0'), False)):
        dom = host.create('bb', extra=extra + nesting, features='<privnet/>')
        equal('.nesting' in os.listdir(os.path.join(f'/proc/{host.init_pid(dom)}', 'root', 'dev')), there, extra)
        dom.destroy()

    # What a map cannot do is told.
    with refused('CONFIG_UNSUPPORTED', 'LXC', 'capabilities: user 65536 is not in the container'):
        host.create('bb', extra=IDMAP, os_extra='<inituser>65536</inituser>')
    with refused('CONFIG_UNSUPPORTED', 'LXC', 'capabilities: group 70000 is not in the container'):
        host.create('bb', extra=IDMAP, os_extra='<inituser>1000</inituser><initgroup>70000</initgroup>')
    many = ''.join(f"<uid start='{i * 10}' target='{1000000000 + i * 10}' count='5'/>" for i in range(340))
    if os.sysconf('SC_PAGESIZE') == 4096:
        with refused('CONFIG_UNSUPPORTED', 'LXC', 'idmap: cannot write the uid_map: its 340 entries are [0-9]+ bytes of text'):
            host.create('bb', extra=f"<idmap>{many}{many.replace('uid', 'gid')}</idmap>")
