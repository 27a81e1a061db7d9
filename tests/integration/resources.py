#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""Every limit of a definition is in the kernel's file, alone and with all others; what is out of range or not to be had is refused by name, and nothing is left."""
import contextlib
import os
import re
import subprocess
import time

import libvirt

import groups
import sandbox
from harness import Instance, contains, equal, eventually, refused, skip

IDMAP = "<idmap><uid start='0' target='100000' count='65536'/><gid start='0' target='100000' count='65536'/></idmap>"
MIB = 1 << 20
CPUS = os.cpu_count()
LAST = CPUS - 1


def ours(text):
    return f"<virtlxcd:container xmlns:virtlxcd='urn:virtlxcd:domain:1.0'>{text.replace('<', '<virtlxcd:')}</virtlxcd:container>"


def a_disk():
    """A block device of the host, and its number."""
    for name in sorted(os.listdir('/sys/block')):
        if not name.startswith(('loop', 'ram', 'nbd', 'zram')) and os.path.exists(f'/dev/{name}'):
            with open(f'/sys/block/{name}/dev', encoding='ascii') as file:
                return f'/dev/{name}', file.read().strip()
    return None, None


DISK, NUMBER = a_disk()


def use_scheduler(path, scheduler):
    with open(f'/sys/block/{os.path.basename(path)}/queue/scheduler', 'w', encoding='ascii') as file:
        file.write(scheduler)


@contextlib.contextmanager
def a_loop(host, scheduler):
    """A block device that is under a given I/O scheduler, and its number."""
    image = host.path('image')
    with open(image, 'wb') as file:
        file.truncate(MIB)
    path = subprocess.run(['losetup', '-f', '--show', image], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    try:
        use_scheduler(path, scheduler)
        with open(f'/sys/block/{os.path.basename(path)}/dev', encoding='ascii') as file:
            yield path, file.read().strip()
    finally:
        subprocess.run(['losetup', '-d', path], check=True)
        os.unlink(image)


def throttle(element, number):
    return f'<blkiotune><device><path>{DISK}</path><{element}>{number}</{element}></device></blkiotune>'


# What is said, by which controller, and what its files have then: on v1, and on v2. None: refused there, with this text.
KNOBS = [
    ('hard limit', '<memtune><hard_limit unit="MiB">48</hard_limit></memtune>', 'memory',
     {'memory.limit_in_bytes': str(48 * MIB)}, {'memory.max': str(48 * MIB), 'memory.swap.max': 'max'}),
    ('soft limit', '<memtune><soft_limit unit="MiB">40</soft_limit></memtune>', 'memory',
     {'memory.soft_limit_in_bytes': str(40 * MIB)}, {'memory.max': str(64 * MIB), 'memory.high': str(40 * MIB)}),
    ('memory and swap', '<memtune><swap_hard_limit unit="MiB">100</swap_hard_limit></memtune>', 'memory',
     {'memory.limit_in_bytes': str(64 * MIB), 'memory.memsw.limit_in_bytes': str(100 * MIB)}, {'memory.max': str(64 * MIB), 'memory.swap.max': str(36 * MIB)}),
    ('no swap', '<memtune><swap_hard_limit unit="MiB">64</swap_hard_limit></memtune>', 'memory',
     {'memory.memsw.limit_in_bytes': str(64 * MIB)}, {'memory.swap.max': '0'}),
    ('guarantee', '<memtune><min_guarantee unit="MiB">16</min_guarantee></memtune>', 'memory',
     'resources: cgroup v1, which this host has, has no memory guarantee', {'memory.min': str(16 * MIB)}),
    ('no guarantee', '<memtune><min_guarantee>0</min_guarantee></memtune>', 'memory', {'memory.limit_in_bytes': str(64 * MIB)}, {'memory.min': '0'}),
    ('end all', ours("<oom group='yes'/>"), 'memory',
     'cgroup v1, which this host has, has no choice to end all processes at once', {'memory.oom.group': '1'}),
    ('shares', '<cputune><shares>512</shares></cputune>', 'cpu', {'cpu.shares': '512'}, {'cpu.weight': '512'}),
    ('least shares', '<cputune><shares>0</shares></cputune>', 'cpu', {'cpu.shares': '2'}, {'cpu.weight': '1'}),
    ('most shares', '<cputune><shares>262144</shares></cputune>', 'cpu', {'cpu.shares': '262144'},
     'cannot set the CPU shares: cgroup v2, which this host has, takes 0 to 10000, and not 262144'),
    ('quota', '<cputune><period>50000</period><quota>20000</quota></cputune>', 'cpu',
     {'cpu.cfs_period_us': '50000', 'cpu.cfs_quota_us': '20000'}, {'cpu.max': '20000 50000'}),
    ('quota alone', '<cputune><quota>20000</quota></cputune>', 'cpu', {'cpu.cfs_quota_us': '20000'}, {'cpu.max': '20000 100000'}),
    ('period alone', '<cputune><period>20000</period></cputune>', 'cpu', {'cpu.cfs_period_us': '20000', 'cpu.cfs_quota_us': '-1'}, {'cpu.max': 'max 20000'}),
    ('no quota', '<cputune><quota>-1</quota></cputune>', 'cpu', {'cpu.cfs_quota_us': '-1'}, {'cpu.max': 'max 100000'}),
    ('global quota', '<cputune><global_period>10000</global_period><global_quota>5000</global_quota></cputune>', 'cpu',
     {'cpu.cfs_period_us': '10000', 'cpu.cfs_quota_us': '5000'}, {'cpu.max': '5000 10000'}),
    ('the least of them', '<cputune><period>100000</period><quota>60000</quota><global_period>10000</global_period><global_quota>5000</global_quota></cputune>', 'cpu',
     {'cpu.cfs_period_us': '10000', 'cpu.cfs_quota_us': '5000'}, {'cpu.max': '5000 10000'}),
    ('vcpus as a quota', '<vcpu>3</vcpu>' + ours("<vcpus limit='quota'/>"), 'cpu', {'cpu.cfs_quota_us': '300000'}, {'cpu.max': '300000 100000'}),
    ('current vcpus', "<vcpu current='1'>3</vcpu>" + ours("<vcpus limit='quota'/>"), 'cpu', {'cpu.cfs_quota_us': '100000'}, {'cpu.max': '100000 100000'}),
    ('vcpus as a set', '<vcpu>1</vcpu>' + ours("<vcpus limit='cpuset'/>"), 'cpuset', {'cpuset.cpus': '[0-9]+'}, {'cpuset.cpus': '[0-9]+'}),
    ('more vcpus than there are', '<vcpu>1000</vcpu>' + ours("<vcpus limit='cpuset'/>"), 'cpuset', {'cpuset.effective_cpus': '0.*'}, {'cpuset.cpus.effective': '0.*'}),
    ('only a count of vcpus', '<vcpu>3</vcpu>', 'cpu', {'cpu.cfs_quota_us': '-1'}, {'cpu.max': 'max 100000'}),
    ('cpuset', f"<vcpu cpuset='{LAST}'>1</vcpu>", 'cpuset', {'cpuset.cpus': str(LAST)}, {'cpuset.cpus': str(LAST)}),
    ('vcpupin', f"<vcpu>1</vcpu><cputune><vcpupin vcpu='0' cpuset='{LAST}'/></cputune>", 'cpuset', {'cpuset.cpus': str(LAST)}, {'cpuset.cpus': str(LAST)}),
    ('vcpupin of some', f"<vcpu cpuset='0'>2</vcpu><cputune><vcpupin vcpu='1' cpuset='{LAST}'/></cputune>", 'cpuset',
     {'cpuset.cpus': f'0[,-]{LAST}' if LAST else '0'}, {'cpuset.cpus': f'0[,-]{LAST}' if LAST else '0'}),
    ('strict nodes', "<numatune><memory mode='strict' nodeset='0'/></numatune>", 'cpuset', {'cpuset.mems': '0'}, {'cpuset.mems': '0'}),
    ('restricted nodes', "<numatune><memory mode='restrictive' nodeset='0'/></numatune>", 'cpuset', {'cpuset.mems': '0'}, {'cpuset.mems': '0'}),
    ('preferred node', "<numatune><memory mode='preferred' nodeset='0'/></numatune>", 'cpuset', {'cpuset.effective_mems': '0.*'}, {'cpuset.mems': ''}),
    ('interleaved nodes', "<numatune><memory mode='interleave' nodeset='0'/></numatune>", 'cpuset', {'cpuset.effective_mems': '0.*'}, {'cpuset.mems': ''}),
    ('processes', ours("<pids limit='77'/>"), 'pids', {'pids.max': '77'}, {'pids.max': '77'}),
    ('most processes', ours("<pids limit='4194304'/>"), 'pids', {'pids.max': '4194304'}, {'pids.max': '4194304'}),
    ('huge pages', ours("<hugepages size='2' unit='MiB' limit='8'/>"), 'hugetlb',
     {'hugetlb.2MB.limit_in_bytes': str(16 * MIB)}, {'hugetlb.2MB.max': str(16 * MIB), 'hugetlb.2MB.rsvd.max': str(16 * MIB)}),
]
DISKS = [
    ('read rate', throttle('read_bytes_sec', 1048576), {'blkio.throttle.read_bps_device': f'{NUMBER} 1048576'},
     {'io.max': f'{NUMBER} rbps=1048576 wbps=max riops=max wiops=max'}),
    ('write rate', throttle('write_bytes_sec', 2097152), {'blkio.throttle.write_bps_device': f'{NUMBER} 2097152'},
     {'io.max': f'{NUMBER} rbps=max wbps=2097152 riops=max wiops=max'}),
    ('reads', throttle('read_iops_sec', 100), {'blkio.throttle.read_iops_device': f'{NUMBER} 100'}, {'io.max': f'{NUMBER} rbps=max wbps=max riops=100 wiops=max'}),
    ('writes', throttle('write_iops_sec', 200), {'blkio.throttle.write_iops_device': f'{NUMBER} 200'}, {'io.max': f'{NUMBER} rbps=max wbps=max riops=max wiops=200'}),
]

# Refused when it is defined: the error names what is wrong.
REFUSED = [
    ('<memtune><soft_limit>65537</soft_limit></memtune>', 'soft_limit'),
    ('<memtune><min_guarantee>65537</min_guarantee></memtune>', 'min_guarantee'),
    ('<memtune><swap_hard_limit>65535</swap_hard_limit></memtune>', 'swap_hard_limit'),
    ('<memtune><hard_limit>-1</hard_limit></memtune>', 'hard_limit'),
    ('<cputune><shares>1</shares></cputune>', 'shares'),
    ('<cputune><shares>262145</shares></cputune>', 'shares'),
    ('<cputune><shares>-1</shares></cputune>', 'shares'),
    *((f'<cputune><{name}>{number}</{name}></cputune>', name) for name in ('period', 'global_period', 'emulator_period') for number in (999, 1000001, -1)),
    *((f'<cputune><{name}>{number}</{name}></cputune>', name) for name in ('quota', 'global_quota', 'emulator_quota') for number in (999, 17592186044416, -2)),
    ('<blkiotune><weight>-5</weight></blkiotune>', 'weight'),
    ('<blkiotune><weight>9</weight></blkiotune>', 'weight'),
    ('<blkiotune><weight>1001</weight></blkiotune>', 'weight'),
    ('<blkiotune><device><path>/dev/vda</path><weight>9</weight></device></blkiotune>', "weight.*'/dev/vda'"),
    ('<blkiotune><device><path>/dev/vda</path><weight>-1</weight></device></blkiotune>', 'weight'),
    ('<blkiotune><device><path>/dev/vda</path><read_bytes_sec>-1</read_bytes_sec></device></blkiotune>', 'read_bytes_sec'),
    ('<blkiotune><device><path>/dev/vda</path><write_iops_sec>4294967296</write_iops_sec></device></blkiotune>', 'write_iops_sec'),
    ("<vcpu>0</vcpu>", 'vcpu'),
    ("<vcpu cpuset='16000'>1</vcpu>", 'CPU 16000'),
    ("<vcpu>1</vcpu><cputune><vcpupin vcpu='0' cpuset='16000'/></cputune>", 'CPU 16000'),
    ("<cputune><emulatorpin cpuset='16000'/></cputune>", 'emulatorpin.* CPU 16000'),
    ("<vcpu current='2'>1</vcpu>", 'vcpu'),
    ("<numatune><memory mode='strict' nodeset='1000'/></numatune>", 'node 1000'),
    ("<numatune><memory mode='interleave' nodeset='1000'/></numatune>", 'node 1000'),
    ("<numatune><memory mode='preferred' nodeset='0-1'/></numatune>", "preferred.*'0-1'"),
    ("<numatune><memory mode='strict'/></numatune>", 'nodeset'),
    (ours("<pids limit='0'/>"), 'pids'),
    (ours("<pids limit='4194305'/>"), 'pids'),
    (ours("<hugepages size='0' limit='1'/>"), 'hugepages'),
    (ours("<hugepages size='2048' limit='-1'/>"), 'hugepages'),
    (ours("<oom score='1001'/>"), 'oom'),
]

# Refused when it starts.
NOT_THERE = [
    ('<blkiotune><device><path>/dev/no-such</path><read_bytes_sec>5</read_bytes_sec></device></blkiotune>', "cannot set the read rate of a device: cannot find device '/dev/no-such'"),
    ('<blkiotune><device><path>/dev/null</path><read_iops_sec>5</read_iops_sec></device></blkiotune>', "read operations of a device: '/dev/null' is not a block device"),
]


def check(host, name, controller, files):
    for file, wanted in files.items():
        found = groups.read(host, name, controller, file)
        assert re.fullmatch(wanted, found), f'{name}: {file} has {found!r}, wanted {wanted!r}'


def check_knob(host, number, row, idmap):
    label, xml, controller, *wanted = row
    version = groups.version(controller)
    name = f'knob{number}'
    if not version:
        with refused(text=f"controller '{controller}'"):
            host.create(name, extra=xml + idmap)
        return
    files = wanted[version - 1]
    if isinstance(files, str):
        with refused(text=files):
            host.create(name, extra=xml + idmap)
        return
    try:
        dom = host.create(name, extra=xml + idmap)
    except Exception as error:
        raise AssertionError(f'{label}: {error}') from error
    check(host, name, controller, files)
    dom.destroy()


def check_rate(host):
    """v1 keeps a rate for each group by itself: it has to be on the one that the processes are in, and holds them back."""
    with a_loop(host, 'none') as (path, number):
        xml = f'<blkiotune><device><path>{path}</path><write_bytes_sec>{MIB}</write_bytes_sec></device></blkiotune>'
        dom = host.create('rate', extra=xml)
        version = groups.version('blkio')
        file = 'blkio.throttle.write_bps_device' if version == 1 else 'io.max'
        with open(f'/proc/{dom.ID()}/cgroup', encoding='ascii') as table:
            line = next(line.rstrip() for line in table if ('blkio' in line.split(':')[1].split(',') if version == 1 else line.startswith('0:')))
        with open(groups.find('blkio')[0] + line.split(':', 2)[2] + '/cgroup.procs', 'r', encoding='ascii') as members:
            contains(members.read().split(), str(dom.ID()))
        if version == 1:
            with open(groups.find('blkio')[0] + line.split(':', 2)[2] + '/' + file, encoding='ascii') as limits:
                equal(limits.read().strip(), f'{number} {MIB}')
        # Who joins that group writes no faster. It has opened the device before: on v2 the group's device rules come with it.
        began = time.monotonic()
        join = f"echo 0 > {groups.find('blkio')[0]}{line.split(':', 2)[2]}/cgroup.procs; exec dd if=/dev/zero bs=256k count=4 oflag=direct"
        with open(path, 'wb') as device:
            subprocess.run(['sh', '-c', join], check=True, stdout=device, stderr=subprocess.DEVNULL)
        assert time.monotonic() - began > 0.5, 'it was not held back'
        dom.destroy()


def check_weights(host):
    """The weight goes to the I/O scheduler that the host has; without one with weights the start is refused."""
    top, version = groups.find('blkio')
    plain = host.start('plain')
    names = ('blkio.weight', 'blkio.bfq.weight') if version == 1 else ('io.weight', 'io.bfq.weight')
    file = next((name for name in names if os.path.exists(os.path.join(groups.group(host, 'plain', 'blkio'), name))), None)
    plain.destroy()
    xml = '<blkiotune><weight>500</weight></blkiotune>'
    if not file:
        with refused(text=f"cannot set the I/O weight: the kernel of this host has no '{names[1]}'"):
            host.create('weight', extra=xml)
        return
    dom = host.create('weight', extra=xml)
    equal(groups.read(host, 'weight', 'blkio', file).split()[-1], '500')
    dom.destroy()
    xml = '<blkiotune><device><path>{}</path><weight>300</weight></device></blkiotune>'
    with a_loop(host, 'none') as (path, number):
        # A device that is not under what has weights.
        with refused(text='cannot set the I/O weight of a device: '):
            host.create('weight', extra=xml.format(path))
        if file == 'io.weight':
            with open(os.path.join(top, 'io.cost.qos'), 'w', encoding='ascii') as qos:
                qos.write(f'{number} enable=1')
        else:
            use_scheduler(path, 'bfq')
        dom = host.create('weight', extra=xml.format(path))
        contains(groups.read(host, 'weight', 'blkio', file if version == 2 else file + '_device'), f'{number} 300')
        dom.destroy()


def check_guarantee(host):
    """A guarantee needs one of all groups above; it goes with the container."""
    if groups.version('memory') != 2:
        return
    partition = os.path.join(groups.find('memory')[0], sandbox.partition_of(host.root), 'memory.min')

    def promised():
        with open(partition, encoding='ascii') as file:
            return int(file.read()) // MIB
    xml = '<memtune><min_guarantee unit="MiB">{}</min_guarantee></memtune>'
    one, other = (host.create(f'promised{size}', extra=xml.format(size)) for size in (16, 8))
    equal(promised(), 24)
    one.destroy()
    equal(promised(), 8)
    with open(partition, 'w', encoding='ascii') as file:
        file.write(str(32 * MIB))
    host.create('promised4', extra=xml.format(4)).destroy()
    other.destroy()
    equal(promised(), 32, 'what somebody else has promised stays')


def check_inside(host):
    """What is asked for has its effect."""
    def status(text, key):
        return re.search(f'^{key}:\t(.*)$', text, re.MULTILINE)[1]
    text = host.ask('where', 'cat', '/proc/self/status', extra=f"<vcpu cpuset='{LAST}'>1</vcpu><numatune><memory mode='strict' nodeset='0'/></numatune>")
    equal((status(text, 'Cpus_allowed_list'), status(text, 'Mems_allowed_list')), (str(LAST), '0'))
    for mode, policy in (('strict', 'bind:0'), ('preferred', 'prefer:0'), ('interleave', 'interleave:0'), ('restrictive', 'default')):
        text = host.ask('policy', 'cat', '/proc/self/numa_maps', extra=f"<numatune><memory mode='{mode}' nodeset='0'/></numatune>")
        equal(text.split()[1].replace(' (many)', ''), policy, mode)
    contains(host.ask('few', 'forks', '50', extra=ours("<pids limit='20'/>")), 'stopped')
    # Nobody is without a limit of processes: the host's, or systemd's for containers.
    dom = host.create('bomb')
    most = int(groups.read(host, 'bomb', 'pids', 'pids.max'))
    with open('/proc/sys/kernel/pid_max', encoding='ascii') as file:
        assert 500 < most <= 16384 and most < int(file.read()) / 5, most
    dom.destroy()
    # A container with half a processor is held back.
    dom = host.create('slow', init='/bin/sh', args=['-c'], os_extra='<initarg>while :; do :; done</initarg>', extra='<cputune><period>10000</period><quota>5000</quota></cputune>')
    eventually(lambda: int(re.search(r'nr_throttled (\d+)', groups.read(host, 'slow', 'cpu', 'cpu.stat'))[1]) > 3, 'it is held back')
    dom.destroy()
    # What is limited outside is what programs inside read.
    file, wanted = ('memory/memory.limit_in_bytes', str(64 * MIB)) if groups.version('memory') == 1 else ('memory.max', str(64 * MIB))
    if os.path.exists('/sys/fs/cgroup/' + file) or groups.version('memory') == 2:
        equal(host.ask('seen', 'cat', '/sys/fs/cgroup/' + file).strip(), wanted)


def check_pages(host):
    """Who asks for more huge pages than the limit has is refused them, by the kernel's promise and not at the first touch."""
    number = {'x86_64': 29, 'aarch64': 194}.get(os.uname().machine)  # shmget
    path = '/proc/sys/vm/nr_hugepages'
    with open(path, encoding='ascii') as file:
        before = file.read()
    try:
        with open(path, 'w', encoding='ascii') as file:
            file.write('2')
        with open(path, encoding='ascii') as file:
            there = int(file.read())
        for limit in (1, 2) if number and there >= 2 and groups.version('hugetlb') else ():
            # IPC_CREAT, SHM_HUGETLB and 0600: two pages.
            said = host.ask('pages', 'syscall', str(number), '0', str(4 * MIB), str(0o5600), extra=ours(f"<hugepages size='2' unit='MiB' limit='{limit}'/>"))
            contains(said, 'errno ENOMEM' if limit == 1 else 'ok')
    finally:
        with open(path, 'w', encoding='ascii') as file:
            file.write(before)


def check_servants(host):
    """<emulatorpin> and the emulator's quota are for the processes that serve the container, and not for it."""
    folder, device = host.report('served')
    dom = host.create('served', args='on HUP reboot , mark /report/ready , pause', devices=device, extra=f"<vcpu>1</vcpu><cputune><emulator_period>20000</emulator_period><emulator_quota>10000</emulator_quota><emulatorpin cpuset='{LAST}'/></cputune>")

    def allowed(pid):
        with open(f'/proc/{pid}/status', encoding='ascii') as file:
            return re.search('^Cpus_allowed_list:\t(.*)$', file.read(), re.MULTILINE)[1]
    beside = groups.group(host, 'served', 'cpu') + '.controller'
    name, wanted = ('cpu.cfs_quota_us', '10000') if groups.version('cpu') == 1 else ('cpu.max', '10000 20000')
    with open(os.path.join(beside, name), encoding='ascii') as file:
        equal(file.read().strip(), wanted)
    controller = host.controller_pid(dom)
    contains(sandbox.processes_in(beside), controller)
    equal(allowed(controller), str(LAST))
    equal(allowed(dom.ID()), allowed('self'))
    check(host, 'served', 'cpu', {'cpu.cfs_quota_us': '-1'} if groups.version('cpu') == 1 else {'cpu.max': 'max .*'})
    first = dom.ID()
    eventually(lambda: os.path.exists(os.path.join(folder, 'ready')), 'it waits')
    dom.reboot(libvirt.VIR_DOMAIN_REBOOT_SIGNAL)
    eventually(lambda: host.conn.lookupByName('served').ID() not in (first, -1), 'it is up again')
    dom = host.conn.lookupByName('served')
    controller = host.controller_pid(dom)
    contains(sandbox.processes_in(beside), controller)
    equal((allowed(controller), allowed(dom.ID())), (str(LAST), allowed('self')))
    dom.destroy()
    eventually(lambda: not os.path.exists(beside), 'the group of those that served it goes')


def check_reboot(host, name, id_map):
    """The group that the processes are in is a new one after a reboot, with the limits that there are by then."""
    texts = {}
    files = [(controller, file) for knob in KNOBS for controller, file in ((knob[2], file) for said in knob[3:] if isinstance(said, dict) for file in said)]
    files += [('blkio', file) for _, _, *both in DISKS for said in both for file in said]
    limits = ('<memtune><hard_limit unit="MiB">48</hard_limit></memtune><cputune><shares>512</shares><period>50000</period><quota>20000</quota></cputune>'
              + (throttle('write_bytes_sec', 2097152) if DISK and groups.version('blkio') else '') + ours("<pids limit='77'/>"))
    dom = host.create(name, args='on USR1 reboot , pause', extra=id_map + limits)
    dom.setMemoryFlags(40 * 1024, libvirt.VIR_DOMAIN_AFFECT_LIVE)
    for when in ('before', 'after'):
        for controller, file in files:
            path = os.path.join(groups.group(host, name, controller), 'inner', file) if groups.version(controller) else ''
            if os.path.exists(path):
                with open(path, encoding='ascii') as stream:
                    texts.setdefault(path, {})[when] = stream.read()
        if when == 'before':
            host.restart(dom)
    equal({path: text for path, text in texts.items() if text['before'] != text.get('after')}, {})
    assert groups.version('memory') == 2 or str(40 * MIB) + '\n' in [text['after'] for text in texts.values()], texts
    host.conn.lookupByName(name).destroy()


def check_partition(host):
    """The group is where <partition> says, in every hierarchy, with its limits; partitions are the administrator's and stay."""
    own = sandbox.partition_of(host.root)
    where = '/' + own.removesuffix('.partition') + '/prod'
    dom = host.create('placed', extra=f'<resource><partition>{where}</partition></resource>')
    for top in sandbox.hierarchies():
        assert os.path.isdir(os.path.join(top, own, 'prod.partition', 'placed.libvirt-lxc')), top
    with open(f'/proc/{dom.ID()}/cgroup', encoding='ascii') as file:
        contains(file.read(), f'/{own}/prod.partition/placed.libvirt-lxc')
    limit = 'memory.limit_in_bytes' if groups.version('memory') == 1 else 'memory.max'
    with open(os.path.join(groups.find('memory')[0], own, 'prod.partition/placed.libvirt-lxc', limit), encoding='ascii') as file:
        equal(file.read().strip(), str(64 * MIB))
    dom.destroy()
    equal([group for group in sandbox.groups_below(own) if 'placed' in group], [])
    for top in sandbox.hierarchies():
        os.rmdir(os.path.join(top, own, 'prod.partition'))


def everything():
    """All that works on this host, in one definition."""
    v2 = groups.version('memory') == 2
    guarantee = '<min_guarantee unit="MiB">8</min_guarantee>' if v2 else ''
    pages = "<hugepages size='2' unit='MiB' limit='8'/>" if groups.version('hugetlb') else ''
    disk = (f'<blkiotune><device><path>{DISK}</path><read_iops_sec>100</read_iops_sec><write_iops_sec>200</write_iops_sec>'
            '<read_bytes_sec>1048576</read_bytes_sec><write_bytes_sec>2097152</write_bytes_sec></device></blkiotune>') if DISK else ''
    return (f'<memtune><hard_limit unit="MiB">48</hard_limit><soft_limit unit="MiB">40</soft_limit>{guarantee}<swap_hard_limit unit="MiB">56</swap_hard_limit></memtune>{disk}'
            f"<vcpu cpuset='0-{LAST}' current='1'>2</vcpu><cputune><shares>512</shares><period>100000</period><quota>90000</quota><global_period>100000</global_period>"
            f"<global_quota>80000</global_quota><emulator_quota>50000</emulator_quota><vcpupin vcpu='0' cpuset='{LAST}'/><emulatorpin cpuset='0'/></cputune>"
            "<numatune><memory mode='strict' nodeset='0'/></numatune>"
            + ours("<vcpus limit='cpuset'/><pids limit='99'/>" + ("<oom group='yes' score='10'/>" if v2 else "<oom score='10'/>") + pages))


def check_everything(host, name, idmap):
    dom = host.create(name, extra=everything() + idmap)
    v2 = groups.version('memory') == 2
    check(host, name, 'memory', {'memory.max': str(48 * MIB), 'memory.high': str(40 * MIB), 'memory.min': str(8 * MIB), 'memory.swap.max': str(8 * MIB), 'memory.oom.group': '1'} if v2 else
          {'memory.limit_in_bytes': str(48 * MIB), 'memory.soft_limit_in_bytes': str(40 * MIB), 'memory.memsw.limit_in_bytes': str(56 * MIB)})
    check(host, name, 'cpu', {'cpu.weight': '512', 'cpu.max': '80000 100000'} if groups.version('cpu') == 2 else {'cpu.shares': '512', 'cpu.cfs_quota_us': '80000'})
    check(host, name, 'cpuset', {'cpuset.cpus': str(LAST), 'cpuset.mems': '0'})
    check(host, name, 'pids', {'pids.max': '99'})
    if DISK and groups.version('blkio') == 2:
        check(host, name, 'blkio', {'io.max': f'{NUMBER} rbps=1048576 wbps=2097152 riops=100 wiops=200'})
    dom.destroy()


with Instance() as host:
    if host.stock:
        skip('the stock driver knows fewer')
    for idmap in ('', IDMAP):
        for number, row in enumerate(KNOBS):
            check_knob(host, number, row, idmap)
        check_everything(host, 'everything', idmap)
    for number, (label, xml, *wanted) in enumerate(DISKS if DISK else []):
        check_knob(host, number, (label, xml, 'blkio', *wanted), '')
    if groups.version('blkio'):
        check_rate(host)
        check_weights(host)
    check_guarantee(host)
    check_servants(host)
    check_reboot(host, 'again', '')
    check_reboot(host, 'mapped', IDMAP)
    check_partition(host)
    check_inside(host)
    check_pages(host)
    for xml, text in REFUSED:
        with refused(text=text):
            host.define('refused', extra=xml)
    for xml, text in NOT_THERE:
        with refused(text=text):
            host.create('not-there', extra=xml)
    if groups.version('hugetlb'):
        with refused(text='cannot set the limit of huge pages: the kernel of this host has no huge pages of 3MB'):
            host.create('not-there', extra=ours("<hugepages size='3' unit='MiB' limit='1'/>"))
