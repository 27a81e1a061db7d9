#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""What is to be seen inside, with and without an id map and a network of its own, is what is written here: every mount, every device node, every name in /proc and /sys, and what is hidden and read-only of them."""
import os

from harness import Instance, equal, skip

IDMAP = "<idmap><uid start='0' target='100000' count='65536'/><gid start='0' target='100000' count='65536'/></idmap>"
HIDE, READ = {'ro', 'nosuid', 'noexec'}, {'ro', 'nosuid', 'nodev', 'noexec'}
ALWAYS = {(False, False), (False, True), (True, False), (True, True)}  # (id map, network of its own)
OWN_NETWORK = {(False, True), (True, True)}
HOST_USERS = {(False, False), (False, True)}
# Target: type and root of what is mounted there, the options that it has of those below, when; a * where the host has it.
OPTIONS = {'ro', 'nosuid', 'nodev', 'noexec'}
MOUNTS = {
    '/': (None, None, set(), ALWAYS),
    '/report': (None, None, set(), ALWAYS),  # the test's own
    '/proc': ('proc', '/', {'nosuid', 'nodev', 'noexec'}, ALWAYS),
    '/proc/sys': ('proc', '/sys', READ, ALWAYS),
    '/proc/sys/net': ('proc', '/sys/net', {'nosuid', 'nodev', 'noexec'}, OWN_NETWORK),
    '/proc/bus*': ('proc', '/bus', READ, ALWAYS),
    '/proc/fs*': ('proc', '/fs', READ, ALWAYS),
    '/proc/irq*': ('proc', '/irq', READ, ALWAYS),
    '/proc/sysrq-trigger*': ('devtmpfs', '/null', HIDE, ALWAYS),
    '/proc/kcore*': ('devtmpfs', '/null', HIDE, ALWAYS),
    '/proc/keys*': ('devtmpfs', '/null', HIDE, ALWAYS),
    '/proc/latency_stats*': ('devtmpfs', '/null', HIDE, ALWAYS),
    '/proc/timer_list*': ('devtmpfs', '/null', HIDE, ALWAYS),
    '/proc/timer_stats*': ('devtmpfs', '/null', HIDE, ALWAYS),
    '/proc/sched_debug*': ('devtmpfs', '/null', HIDE, ALWAYS),
    '/proc/scsi*': ('tmpfs', '/', HIDE, ALWAYS),
    '/proc/acpi*': ('tmpfs', '/', HIDE, ALWAYS),
    '/proc/asound*': ('tmpfs', '/', HIDE, ALWAYS),
    '/proc/kmsg*': ('tmpfs', '/refused', READ, HOST_USERS),
    '/proc/kallsyms*': ('devtmpfs', '/null', HIDE, HOST_USERS),
    '/proc/kpagecgroup*': ('devtmpfs', '/null', HIDE, HOST_USERS),
    '/proc/kpagecount*': ('devtmpfs', '/null', HIDE, HOST_USERS),
    '/proc/kpageflags*': ('devtmpfs', '/null', HIDE, HOST_USERS),
    '/proc/mtrr*': ('devtmpfs', '/null', HIDE, HOST_USERS),
    '/proc/dynamic_debug*': ('tmpfs', '/', HIDE, HOST_USERS),
    '/sys': ('sysfs', '/', READ, ALWAYS),
    '/sys/firmware*': ('tmpfs', '/', HIDE, ALWAYS),
    '/sys/devices/virtual/powercap*': ('tmpfs', '/', HIDE, ALWAYS),
    '/sys/fs/selinux*': ('tmpfs', '/', HIDE, ALWAYS),
    '/dev': ('tmpfs', '/', {'nosuid'}, ALWAYS),
    '/dev/console': ('devpts', None, None, ALWAYS),  # it is one of the host's terminals, with what that mount has
    '/dev/pts': ('devpts', '/', {'nosuid', 'noexec'}, ALWAYS),
    '/dev/shm': ('tmpfs', '/', {'nosuid', 'nodev'}, ALWAYS),
    '/dev/mqueue': ('mqueue', '/', {'nosuid', 'nodev', 'noexec'}, ALWAYS),
    **{f'/proc/{name}*': ('fuse.virtlxc', '/' + name, READ, ALWAYS)
       for name in ('meminfo', 'vmstat', 'swaps', 'stat', 'uptime', 'loadavg', 'diskstats', 'pressure')},
}
# Those of the host's control groups, each by its own place, each read-only and from the container's own group.
LINKS = {'fd': '/proc/self/fd', 'stdin': '/proc/self/fd/0', 'stdout': '/proc/self/fd/1', 'stderr': '/proc/self/fd/2', 'ptmx': 'pts/ptmx', 'tty1': 'console'}
NODES = {'null': '1:3', 'zero': '1:5', 'full': '1:7', 'random': '1:8', 'urandom': '1:9', 'tty': '5:0'}
# Names in /proc that are not a process: those of the kernel at large say nothing that root of a container could use
# against the host, or are hidden above. A name that is new to us is looked at before it is written here.
PROC = set('''self thread-self net mounts sysvipc sys pressure cpuinfo meminfo vmstat swaps stat uptime loadavg diskstats
    acpi asound bus dynamic_debug fs irq kallsyms kcore keys kmsg kpagecgroup kpagecount kpageflags latency_stats mtrr sched_debug
    scsi sysrq-trigger timer_list timer_stats
    allocinfo bootconfig buddyinfo cgroups cmdline config.gz consoles crypto devices dma driver execdomains fb filesystems interrupts
    iomem ioports key-users loadavg locks mdstat misc modules pagetypeinfo partitions schedstat slabinfo softirqs tty version
    vmallocinfo zoneinfo'''.split())
SYS = set('block bus class dev devices firmware fs hypervisor kernel module power'.split())


def mount_table(lines):
    """[(target, type, root, options)] of mountinfo."""
    table = []
    for line in lines:
        left, right = line.split(' - ')
        words = left.split()
        table.append((words[4], right.split()[0], words[3], set(words[5].split(',')) & OPTIONS))
    return table


def terminals():
    with open('/proc/self/mountinfo', encoding='utf-8') as file:
        return {target: options for target, _, _, options in mount_table(file.read().splitlines())}.get('/dev/pts', set())


def hierarchies():
    with open('/proc/self/mountinfo', encoding='utf-8') as file:
        table = mount_table(file.read().splitlines())
    return {target: kind for target, kind, _, _ in table if kind in ('cgroup', 'cgroup2')}


def wanted_mounts(variant):
    wanted = {}
    for target, (kind, root, options, when) in MOUNTS.items():
        path = target.rstrip('*')
        if variant in when and (path == target or (os.path.exists(path) and (path != '/sys/fs/selinux' or os.listdir(path)))):
            wanted[path] = (kind, root, options if options is not None else terminals())
    if hierarchies().keys() != {'/sys/fs/cgroup'}:
        wanted['/sys/fs/cgroup'] = ('tmpfs', '/', READ)
    for path, kind in hierarchies().items():
        wanted[path] = (kind, '/', READ)
    return wanted


def check_mounts(variant, lines):
    table = mount_table(lines)
    seen = {target: (kind, root, options) for target, kind, root, options in table}
    equal(len(seen), len(table), f'{variant}: a mount on a mount')
    wanted = wanted_mounts(variant)
    equal(sorted(seen), sorted(wanted), f'{variant}: mounts')
    for target, (kind, root, options) in wanted.items():
        equal(seen[target], (kind or seen[target][0], root or seen[target][1], options), f'{variant}: {target}')


def check_dev(variant, lines):
    seen = {}
    for line in lines:
        path, kind, mode, owner, number, *target = line.split(' ')
        seen[path.removeprefix('/dev/')] = (kind, mode, owner, number, ' '.join(target))
    number = seen['console'][3]
    assert number.startswith('136:'), number
    wanted = {name: ('c', '0666', '0:0', device, '') for name, device in NODES.items()}
    wanted.update({name: ('l', '0777', '0:0', '0:0', target) for name, target in LINKS.items()})
    wanted.update({'console': ('c', '0620', '0:0', number, ''), 'pts': ('d', '0755', '0:0', '0:0', ''),
                   'shm': ('d', '1777', '0:0', '0:0', ''), 'mqueue': ('d', '1777', '0:0', '0:0', '')})
    equal(seen, wanted, f'{variant}: /dev')


def check_names(variant, lines):
    """Of /proc, then of /sys, with a line between them."""
    between = lines.index('--')
    for names, known, top in ((lines[:between], PROC, '/proc'), (lines[between + 1:-1], SYS, '/sys')):
        unknown = {name for name in set(names) - known if not name.isdigit()}
        assert names and not unknown, f'{variant}: what are these in {top}: {unknown}?'


def covered(variant):
    return [path for path, (_, root, options) in wanted_mounts(variant).items() if options == HIDE or root == '/refused']


def check_covers(variant, ask):
    """Nothing comes out of what is hidden, and nothing goes in; what is read-only stays as it is."""
    for path in covered(variant):
        said = {'cat errno EISDIR', 'cat errno ENXIO', 'cat errno EACCES'}
        lines = ask(f'cat {path}', f'tree {path}')
        assert set(lines) <= said, f'{variant}: {path} says {lines}'
    may_not = ('write /proc/sys/kernel/core_pattern |/bin/false', 'write /proc/sys/kernel/hostname x', 'write /proc/sys/vm/drop_caches 3',
               'write /proc/irq/default_smp_affinity 1', 'write /sys/kernel/uevent_helper /bin/false', 'mkdir /sys/fs/cgroup/more', 'open /dev/kmsg',
               'write /proc/acpi/made x', 'mkdir /sys/firmware/made')
    for command, line in zip(may_not, ask(*may_not), strict=True):
        assert line.split()[1] == 'errno' and line.split()[2] in ('EROFS', 'EACCES', 'EPERM', 'ENOENT'), f'{variant}: {command}: {line}'


with Instance() as host:
    if host.stock:
        skip('the stock driver shows more')
    with open(host.tree() + '/names', 'w', encoding='utf-8') as file:
        file.write('ls -1 /proc; echo --; ls -1 /sys')
    os.chown(host.report('bb')[0], 100000, 100000)
    for variant in sorted(ALWAYS):
        def ask(*commands):
            return host.ask('bb', *(word for command in commands for word in (*command.split(), ',')), 'say', 'end', extra=IDMAP if variant[0] else '',
                            features='<privnet/>' if variant[1] else '').splitlines()[:-1]

        check_mounts(variant, ask('cat /proc/self/mountinfo'))
        check_dev(variant, ask('tree /dev'))
        check_names(variant, ask('run /names'))
        check_covers(variant, ask)
