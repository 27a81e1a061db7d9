# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""What is measured. Each function takes the table, the peers by name, and whether to be quick."""
import glob
import itertools
import math
import os
import subprocess
import sys
import threading
import time

import libvirt

from measure import Stamps, clock, cpu_seconds, inits, memory, parent, run
from peers import BUILD, Libvirt, domain_xml, tree

SCRATCH = os.environ['BENCH_SCRATCH']
VARIANT_NAMES = {'': 'no network device', 'veth': 'one veth', 'idmap': 'id map', 'mounts': 'id map and ten mounts'}


def libvirts(peers):
    return {name: peer for name, peer in peers.items() if isinstance(peer, Libvirt)}


def complain(name, what, error):
    print(f'bench: {name}: {what}: {error}', file=sys.stderr)


# ---- start and stop ------------------------------------------------------------------------------

def one_start(peer, name, stamps):
    """Milliseconds until init runs, until the call returned, and of the stop."""
    stamps.drain()
    asked = clock()
    peer.start(name)
    returned = clock()
    ran = stamps.wait()[1]
    before = clock()
    peer.stop(name)
    return (ran - asked) / 1e6, (returned - asked) / 1e6, (clock() - before) / 1e6


def start(table, peers, quick):
    for variant, words in VARIANT_NAMES.items():
        stamps = Stamps(tree(variant))
        name = f'bench-{variant or "plain"}'
        able = {key: peer for key, peer in peers.items() if variant in peer.variants}
        for key, peer in list(able.items()):
            peer.prepare(name, variant)
            try:
                one_start(peer, name, stamps)  # the first is not counted
            except (RuntimeError, TimeoutError, libvirt.libvirtError) as error:
                complain(key, words, error)
                peer.forget(able.pop(key) and name)
        for _ in range(5 if quick else 30):
            for key, peer in able.items():
                ran, returned, stopped = one_start(peer, name, stamps)
                table.add(f'start until init runs, {words} (ms)', key, ran)
                table.add(f'start call, {words} (ms)', key, returned)
                table.add(f'stop, {words} (ms)', key, stopped)
        for peer in able.values():
            peer.forget(name)
        stamps.close()


# ---- throughput ----------------------------------------------------------------------------------

def cycles(peer, seconds):
    peer.prepare('bench-cycle')
    count, begun = 0, time.monotonic()
    while time.monotonic() - begun < seconds:
        peer.start('bench-cycle')
        peer.stop('bench-cycle')
        count += 1
    rate = count / (time.monotonic() - begun)
    peer.forget('bench-cycle')
    return rate


def many_starts(peer, count, clients):
    names = [f'bench-many-{i}' for i in range(count)]
    for name in names:
        peer.prepare(name)
    turns = itertools.count()

    def client():
        conn = libvirt.open(peer.uri) if isinstance(peer, Libvirt) else None
        while (turn := next(turns)) < count:
            if conn:
                conn.lookupByName(names[turn]).create()
            else:
                peer.start(names[turn])

    threads = [threading.Thread(target=client) for _ in range(clients)]
    begun = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.monotonic() - begun
    for name in names:
        peer.stop(name)
        peer.forget(name)
    return took


def throughput(table, peers, quick):
    count = 20 if quick else 100
    for key, peer in peers.items():
        for _ in range(1 if quick else 3):
            table.add('start and stop, one client (/s)', key, cycles(peer, 2 if quick else 5))
            table.add(f'{count} starts by 8 clients (s)', key, many_starts(peer, count, 8))


# ---- memory --------------------------------------------------------------------------------------

def memory_of_daemon(table, key, peer, definitions):
    """KiB at rest and per definition; the definitions stay."""
    peer.conn.listAllDomains()
    idle = memory(peer.pid)
    table.add('daemon, idle: RSS (KiB)', key, idle['rss'])
    table.add('daemon, idle: PSS (KiB)', key, idle['pss'])
    for i in range(definitions):
        peer.prepare(f'bench-def-{i}')
    table.add('daemon: per definition (KiB)', key, (memory(peer.pid)['dirty'] - idle['dirty']) / definitions)


def memory_of_containers(table, key, peer, count, stamps):
    names = [f'bench-mem-{i}' for i in range(count)]
    daemon = peer.pid if isinstance(peer, Libvirt) else 0
    for name in names:
        peer.prepare(name)
    before = memory(daemon)['dirty'] if daemon else 0
    for name in names:
        peer.start(name)
        stamps.wait()
    if daemon:
        table.add('daemon: per running domain (KiB)', key, (memory(daemon)['dirty'] - before) / count)
    keepers = {parent(pid) for pid in inits()} - {daemon, 1, os.getpid()}
    sizes = [memory(pid) for pid in keepers]
    if sizes:
        table.add(f'per-container process at {count}: PSS (KiB)', key, *(size['pss'] for size in sizes))
        table.add(f'per-container process at {count}: private dirty (KiB)', key, *(size['dirty'] for size in sizes))
        table.add('per-container process: threads', key, *(len(os.listdir(f'/proc/{pid}/task')) for pid in keepers))
    for name in names:
        peer.stop(name)
        peer.forget(name)


def memory_part(table, peers, quick):
    stamps = Stamps(tree())
    definitions = 200 if quick else 1000
    for key, peer in peers.items():
        stamps.drain()
        if isinstance(peer, Libvirt):
            memory_of_daemon(table, key, peer, definitions)
        memory_of_containers(table, key, peer, 10 if quick else 100, stamps)
        if isinstance(peer, Libvirt):
            rounds = 3 if quick else 10
            table.add(f'virsh list --all, {definitions} definitions (ms)', key, *list_times(peer, rounds))
            table.add(f'list of {definitions}, python (ms)', key, *call_times(peer.conn.listAllDomains, rounds))
            for i in range(definitions):
                peer.forget(f'bench-def-{i}')
    stamps.close()


# ---- the view of limits --------------------------------------------------------------------------

def keepers_and_servers(inits_now):
    """Processes outside of containers that are there for them: an init's parent, and what else that started."""
    keepers = {parent(pid) for pid in inits_now}
    found = set(keepers)
    for keeper in keepers:
        with open(f'/proc/{keeper}/task/{keeper}/children', encoding='ascii') as file:
            found |= {int(pid) for pid in file.read().split()} - set(inits_now)
    return found


def look(init):
    """Microseconds for the memory in /proc as that container sees it; it has to be its own."""
    inside = f'/proc/{init}/root'
    begun = clock()
    with open(f'{inside}/proc/meminfo', encoding='ascii') as file:
        text = file.read()
    took = (clock() - begun) / 1e3
    if text.split()[1] != '65536':
        raise RuntimeError('it shows the memory of the host')
    return took


def watched(table, key, peer, count, stamps):
    for i in range(count):
        peer.prepare(f'bench-view-{i}')
        peer.start(f'bench-view-{i}')
        stamps.wait()
    there = inits()
    sizes = {'nobody looks': [memory(pid)['pss'] for pid in keepers_and_servers(there)]}
    table.add('meminfo inside, the first look (us)', key, *(look(init) for init in there))
    sizes['all look'] = [memory(pid)['pss'] for pid in keepers_and_servers(there)]
    table.add('meminfo inside (us)', key, *(look(there[0]) for _ in range(200)))
    for when, each in sizes.items():
        table.add(f'per container with the view, {count}, {when}: PSS (KiB)', key, sum(each) / count)


def asked(table, key, peer, stamps):
    """Ours alone answers sysinfo(2) by the limits."""
    times = 2000
    extra = ("<virtlxcd:container xmlns:virtlxcd='urn:virtlxcd:domain:1.0'><virtlxcd:view sysinfo='yes'/></virtlxcd:container>")
    stamps.drain()
    domain = peer.conn.createXML(domain_xml('bench-asks', '', ('ask', '0', str(times)), '', extra), 0)
    begun = stamps.wait()[1]
    table.add('sysinfo(2) by the limits (us)', key, (stamps.wait()[1] - begun) / times / 1e3)
    domain.destroy()


def view(table, peers, quick):
    stamps = Stamps(tree())
    count = 10 if quick else 100
    for key, peer in libvirts(peers).items():
        stamps.drain()
        try:
            watched(table, key, peer, count, stamps)
            if peer.answers_calls:
                asked(table, key, peer, stamps)
        except (RuntimeError, OSError, TimeoutError, libvirt.libvirtError) as error:
            complain(key, 'the view of limits', error)
        for name in [name for name in peer.domains if name.startswith('bench-view-')]:
            peer.forget(name)
    stamps.close()


def call_times(call, rounds):
    took = []
    for _ in range(rounds):
        begun = clock()
        call()
        took.append((clock() - begun) / 1e6)
    return took


def list_times(peer, rounds):
    return call_times(lambda: run('virsh', '-q', '-c', peer.uri, 'list', '--all'), rounds)


# ---- calls ---------------------------------------------------------------------------------------

def rate(call, seconds):
    count, begun = 0, time.monotonic()
    while time.monotonic() - begun < seconds:
        call()
        count += 1
    return count, count / (time.monotonic() - begun)


def calls_of(peer, domain):
    return {'minimal call, python': peer.conn.getLibVersion, 'GetInfo, python': domain.info,
            'XML of a running domain, python': domain.XMLDesc, 'open and close, python': lambda: libvirt.open(peer.uri).close()}


def rpc(table, peers, quick):
    able = libvirts(peers)
    seconds = 0.3 if quick else 1
    for peer in able.values():
        peer.prepare('bench-rpc')
        peer.start('bench-rpc')
    for _ in range(1 if quick else 5):
        for key, peer in able.items():
            domain = peer.conn.lookupByName('bench-rpc')
            for what, call in calls_of(peer, domain).items():
                before = cpu_seconds(peer.pid)
                count, per_second = rate(call, seconds)
                table.add(f'{what} (/s)', key, per_second)
                table.add(f'{what}: CPU of the daemon (us)', key, (cpu_seconds(peer.pid) - before) / count * 1e6)
            for connections in (1, 16):
                done = subprocess.run([f'{SCRATCH}/getinfo', peer.uri, 'bench-rpc', str(connections), str(int(seconds * 1000))],
                                      stdout=subprocess.PIPE, text=True, check=True)
                table.add(f'GetInfo, C, {connections} connection{"s" * (connections > 1)} (/s)', key, float(done.stdout))
    for peer in able.values():
        peer.stop('bench-rpc')
        peer.forget('bench-rpc')


# ---- console -------------------------------------------------------------------------------------

def through_console(peer, mode, amount, log=''):
    """Megabytes per second from init's write to the client's hands."""
    domain = peer.conn.createXML(domain_xml('bench-console', '', (mode, '0', str(amount)), log), 0)
    stream = peer.conn.newStream(0)
    domain.openConsole(None, stream, 0)
    stream.send(b'\n')
    size, tail, begun = 0, b'', time.monotonic()
    while b'END' not in tail and time.monotonic() - begun < 60:
        data = stream.recv(262120)
        size, tail = size + len(data), (tail + data)[-16:]
        if not data:
            break
    took = time.monotonic() - begun
    stream.abort()
    domain.destroy()
    if b'END' not in tail:
        raise RuntimeError(f'the console ended after {size} bytes')
    return size / took / 1e6


def into_log(peer, amount):
    """The same with a log of all of it."""
    if not peer.has_logs:
        return []
    path = os.path.join(SCRATCH, 'console.log')
    rate = through_console(peer, 'burst', amount, f"<log file='{path}'/>")
    for name in glob.glob(path + '*'):
        os.unlink(name)
    return [rate]


def echo_times(peer, count):
    domain = peer.conn.createXML(domain_xml('bench-console'), 0)
    stream = peer.conn.newStream(0)
    domain.openConsole(None, stream, 0)
    took = []
    for _ in range(count):
        begun = clock()
        stream.send(b'k')
        stream.recv(16)
        took.append((clock() - begun) / 1e6)
    stream.abort()
    domain.destroy()
    return took


def unattached(peer, stamps):
    """Seconds that init needs to print 4 MiB that nobody reads; infinite when it stops half-way."""
    stamps.drain()
    domain = peer.conn.createXML(domain_xml('bench-console', '', ('flood', '0', '4')), 0)
    try:
        begun = stamps.wait()[1]
        try:
            return (stamps.wait(8)[1] - begun) / 1e9
        except TimeoutError:
            return math.inf
    finally:
        domain.destroy()


def console(table, peers, quick):
    stamps = Stamps(tree())
    for _ in range(1 if quick else 3):
        for key, peer in libvirts(peers).items():
            for row, measure in (
                    ('console, large writes (MB/s)', lambda peer=peer: [through_console(peer, 'burst', 10 if quick else 50)]),
                    ('console with a log, large writes (MB/s)', lambda peer=peer: into_log(peer, 10 if quick else 50)),
                    ('console, two bytes a write (MB/s)', lambda peer=peer: [through_console(peer, 'lines', 256 if quick else 1024)]),
                    ('console, echo of a key (ms)', lambda peer=peer: echo_times(peer, 50)),
                    ('console, 4 MiB that nobody reads (s)', lambda peer=peer: [unattached(peer, stamps)])):
                try:
                    table.add(row, key, *measure())
                except (RuntimeError, TimeoutError, libvirt.libvirtError) as error:
                    complain(key, row, error)
    stamps.close()


# ---- definitions ---------------------------------------------------------------------------------

def steps_of_a_definition(table, rounds):
    """Ours alone: what one typical definition costs without a daemon around it."""
    program = os.path.join(BUILD, 'tests/bench/definition')
    file = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../golden/client-nova/in.xml')
    if not os.path.exists(program):
        return
    for _ in range(5):
        done = subprocess.run([program, file, str(rounds)], stdout=subprocess.PIPE, text=True, check=True)
        for step, took in zip(('parse', 'format', 'compile'), done.stdout.split()):
            table.add(f'{step} a definition (us)', 'virtlxcd', float(took))


def definitions(table, peers, quick):
    able = libvirts(peers)
    count = 200 if quick else 1000
    if 'virtlxcd' in peers:
        steps_of_a_definition(table, 200 if quick else 5000)
    for key, peer in able.items():
        begun = clock()
        for i in range(count):
            peer.prepare(f'bench-def-{i}')
        table.add('define (ms)', key, (clock() - begun) / 1e6 / count)
        domain = peer.conn.lookupByName('bench-def-0')
        table.add('inactive XML, python (ms)', key, *call_times(domain.XMLDesc, 50))
    for _ in range(1 if quick else 5):
        for key, peer in able.items():
            table.add(f'start of a daemon with {count} definitions (s)', key, peer.reboot())
    for peer in able.values():
        for i in range(count):
            peer.forget(f'bench-def-{i}')


ALL = {'start': start, 'throughput': throughput, 'memory': memory_part, 'view': view, 'rpc': rpc, 'console': console, 'definitions': definitions}
