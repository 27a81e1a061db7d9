#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""Whatever root inside does to control groups, the container's limits and everybody else's stay as they were, and it stays in its groups.

It writes every file that it can reach, mounts hierarchies anew and writable, takes another namespace of groups, names programs
for the kernel to run, and moves itself up. With and without an id map, with and without a filter of system calls."""
import contextlib
import fnmatch
import os

import groups
import sandbox
from harness import Instance, contains, equal, eventually, skip

IDMAP = "<idmap><uid start='0' target='100000' count='65536'/><gid start='0' target='100000' count='65536'/></idmap>"
DIVIDES = "<virtlxcd:seccomp profile='nesting'/>"  # that one has groups of its own to divide
NO_FILTER = "<virtlxcd:seccomp profile='none'/>"

# What nobody inside may change, of any group but one that was made inside.
LIMITS = ('memory.limit_in_bytes', 'memory.soft_limit_in_bytes', 'memory.memsw.limit_in_bytes', 'memory.max', 'memory.high', 'memory.min', 'memory.low',
          'memory.swap.max', 'memory.oom.group', 'memory.oom_control', 'memory.swappiness', 'cpu.shares', 'cpu.cfs_*', 'cpu.weight', 'cpu.max', 'cpu.idle', 'cpuset.cpus', 'cpuset.mems',
          'cpuset.cpu_exclusive', 'pids.max', 'blkio.throttle.*_device', 'blkio.bfq.weight', 'io.max', 'io.weight', 'io.bfq.weight', 'devices.list',
          'hugetlb.*.max', 'hugetlb.*.limit_in_bytes', 'release_agent', 'cgroup.max.*')

SCRIPT = r"""
exec 2>/dev/null
say() { echo "$*"; }
# Values that lift a limit, and for what is no limit some that do nothing bad to us ourselves.
lift() {
    case ${1##*/} in
    cgroup.kill | cgroup.freeze | freezer.state | *force_empty | *event_control | *pressure | *procs | *threads | tasks | cgroup.type) return ;;
    *shares | *weight) words='262144 10000 1000 default' ;;
    *weight_device) words='MAJOR:MINOR' ;;
    *period_us) words='1000 1000000' ;;
    *quota_us | *limit_in_bytes) words='-1 9223372036854771712' ;;
    *.cpus | *.mems) words='0-LAST 0' ;;
    *.allow) words='a c b' ;;
    *_device) words='DEVICE' ;;
    *subtree_control) words='+memory +pids +cpu +io +cpuset +hugetlb' ;;
    *agent) words='/payload' ;;
    io.max) words='DEVICE2' ;;
    *.max | *.high | *.min | *.low) words='max' ;;
    *) words='max -1 1 0' ;;
    esac
    for word in $words; do
        case $word in
        DEVICE) echo '7:0 0' > $1 ;;
        DEVICE2) echo '7:0 rbps=max wbps=max riops=max wiops=max' > $1 ;;
        a) echo a > $1 ;;
        [bc]) echo "$word *:* rwm" > $1 ;;
        *) echo $word > $1 ;;
        esac
        [ $? = 0 ] && say wrote $1
    done
}
attack() { find "$1" -type f | while read -r file; do lift $file; done; }
climb() {
    find "$1" -name cgroup.procs -o -name tasks | while read -r file; do
        for up in .. ../.. ../../.. ../../../..; do
            [ -e ${file%/*}/$up/${file##*/} ] && echo $$ > ${file%/*}/$up/${file##*/} && say at $(cut -d: -f3 /proc/$$/cgroup)
        done
    done
}
attack /sys/fs/cgroup
for place in /sys/fs/cgroup /sys/fs/cgroup/*; do
    mount -o remount,rw $place
    mount -o remount,rw,bind $place && say remounted $place
done
attack /sys/fs/cgroup
mkdir -p /tmp/groups
mount -t tmpfs none /tmp/groups
anew() { mkdir -p /tmp/groups/$1 && mount -t $2 -o $3 none /tmp/groups/$1 && say mounted $1; }
anew v2 cgroup2 rw
for kind in memory cpu cpuacct cpu,cpuacct cpuset blkio pids devices freezer hugetlb net_cls net_prio net_cls,net_prio perf_event rdma misc none,name=systemd none,name=evil; do
    anew $kind cgroup $kind
done
for top in /tmp/groups/*; do
    attack $top
    climb $top
    [ -e $top/cgroup.procs ] && mkdir $top/nested && say made $top/nested
    attack $top/nested
    if [ -e $top/nested/cgroup.procs ]; then
        echo $$ > $top/nested/cgroup.procs && say moved $top
        climb $top/nested
        echo 1 > $top/nested/notify_on_release
        echo $$ > $top/cgroup.procs
    fi
done
climb /sys/fs/cgroup
"""


def settings(text):
    return f"<virtlxcd:container xmlns:virtlxcd='urn:virtlxcd:domain:1.0'>{text}</virtlxcd:container>"


def is_limit(name):
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in LIMITS)


def limits_of(group):
    found = {}
    for name in os.listdir(group):
        if is_limit(name):
            with contextlib.suppress(OSError):
                with open(os.path.join(group, name), encoding='utf-8') as file:
                    found[os.path.join(group, name)] = file.read()
    return found


def ours(host):
    """Every group of this instance, and the roots: but not what was made inside the attacker's."""
    partition = sandbox.partition_of(host.root)
    found = [group for group in sandbox.groups_below(partition)
              if '/nested' not in group and not group.endswith('/evil.libvirt-lxc/inner')]
    return found + sandbox.hierarchies()


def snapshot(host):
    return {path: text for group in ours(host) for path, text in limits_of(group).items()}


def members(host, name):
    """Where the processes of a container are, in every hierarchy."""
    top = os.path.join(sandbox.partition_of(host.root), f'{name}.libvirt-lxc')
    return {pid for group in sandbox.groups_below(top) for pid in sandbox.processes_in(group)}


def stays(host, dom):
    group = f'/{sandbox.partition_of(host.root)}/{dom.name()}.libvirt-lxc'
    for pid in members(host, dom.name()):
        with contextlib.suppress(FileNotFoundError):
            with open(f'/proc/{pid}/cgroup', encoding='utf-8') as file:
                for line in file:
                    _, controllers, path = line.rstrip('\n').split(':', 2)
                    assert path == group or path.startswith(group + '/') or not mounted(controllers), f'{pid} is in {line}'


def mounted(controllers):
    """Whether a hierarchy is, by its name in /proc/PID/cgroup."""
    return any(kind == 2 if not controllers else set(controllers.split(',')) <= set(names) for _, kind, names in groups.hierarchies())


def attack(host, label, extra, more, features, tree):
    folder, device = host.report(label)
    os.chmod(folder, 0o777)
    with open(os.path.join(tree, 'attack'), 'w', encoding='ascii') as file:
        file.write(SCRIPT.replace('LAST', str(os.cpu_count() - 1)))
    for name in os.listdir(folder):
        os.unlink(os.path.join(folder, name))
    limits = ('<memtune><hard_limit unit="MiB">64</hard_limit><soft_limit unit="MiB">48</soft_limit><swap_hard_limit unit="MiB">64</swap_hard_limit></memtune>'
              "<vcpu cpuset='0'>1</vcpu><cputune><shares>64</shares><period>100000</period><quota>50000</quota></cputune>")
    dom = host.create('evil', args=['to', '/report/part', ',', 'wait', '/report/go', ',', 'run', '/attack', ',', 'new-groups', ',', 'run', '/attack', ',',
                                    'open', '/dev/full', ',', 'mknod', '/tmp/disk', 'b', '7', '0', ',', 'open', '/tmp/disk', ',', 'eat', '300', ',',
                                    'forks', '300', ',', 'mark', '/report/done', ',', 'pause'],
                      devices=device, extra=limits + extra + settings("<virtlxcd:pids limit='100'/>" + more), features=features, tree=tree)
    before = snapshot(host)
    assert sum('/evil.libvirt-lxc' in path for path in before) >= 6, before
    open(os.path.join(folder, 'go'), 'w').close()
    eventually(lambda: os.path.exists(os.path.join(folder, 'done')), f'{label}: the attack is over', 60)
    with open(os.path.join(folder, 'part'), encoding='utf-8', errors='replace') as file:
        said = file.read()
    contains(said, 'run ok')
    after = snapshot(host)
    for path in sorted(before.keys() | after.keys()):
        equal(after.get(path), before.get(path), f'{label}: {path}')
    stays(host, dom)
    lines = said.splitlines()
    equal([line for line in lines if line.startswith('at') and '..' in line], [])
    equal([line for line in lines if line.startswith('mounted') and 'name=evil' in line], [])
    equal([line for line in lines if line.startswith('open')][:1], ['open ok'])
    contains([line for line in lines if line.startswith('open')][1], 'errno')
    contains(lines, 'eat signal 9')
    forked = next(int(line.split()[1]) for line in lines if line.startswith('forks'))
    assert forked < 100, f'{label}: {forked} processes'
    dom.destroy()
    os.unlink(os.path.join(tree, 'attack'))
    return said


with Instance() as host:
    if host.stock:
        skip('the stock driver does not claim it')
    neighbour = host.start('neighbour', extra="<cputune><shares>100</shares></cputune>")
    everything = "<capabilities policy='allow'/>"
    plain = attack(host, 'plain', '', '', '', host.tree())
    mapped = attack(host, 'mapped', IDMAP, '', '<privnet/>', host.tree('mapped'))
    attack(host, 'unfiltered', '', NO_FILTER, everything, host.tree())
    attack(host, 'mapped-unfiltered', IDMAP, NO_FILTER, everything + '<privnet/>', host.tree('mapped'))
    divided = attack(host, 'divided', '', DIVIDES, everything, host.tree())
    attack(host, 'mapped-divided', IDMAP, DIVIDES, '<privnet/>', host.tree('mapped'))
    assert any('/nested' in line for line in divided.splitlines() if line.startswith('made')), divided
    # It was a real attack: without an id map root may mount, and write what is its own.
    assert any(line.startswith('mounted') for line in plain.splitlines()), plain
    assert any(line.startswith('wrote /tmp/groups') for line in plain.splitlines()), plain
    assert not any(line.startswith('wrote') for line in mapped.splitlines()), mapped
    neighbour.destroy()
