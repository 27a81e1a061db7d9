#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""What <virtlxcd:container> asks for is so inside: limits of init, sysctls, clocks, generated files; and stays so after a reboot."""
import os

from harness import Instance, contains, equal, eventually, refused

IDMAP = "<idmap><uid start='0' target='100000' count='65536'/><gid start='0' target='100000' count='65536'/></idmap>"


def settings(text):
    return f"<virtlxcd:container xmlns:virtlxcd='urn:virtlxcd:domain:1.0'>{text.replace('<', '<virtlxcd:')}</virtlxcd:container>"


def fields(text):
    return dict(line.split(':', 1) for line in text.splitlines() if ':' in line)


def limits(text):
    return {line[:26].strip(): line[26:].split()[:2] for line in text.splitlines()[1:]}


with Instance() as host:
    with open('/proc/uptime', encoding='ascii') as file:
        uptime = float(file.read().split()[0])
    for idmap, words in (('plain', {}), ('mapped', {'tree': host.tree('mapped')})):
        if idmap == 'mapped':
            words['extra'] = IDMAP
            os.chmod(host.report(f'{idmap}-limits')[0], 0o777)

        def ask(name, what, *args, features='<privnet/>'):
            os.chmod(host.report(f'{idmap}-{name}')[0], 0o777)
            more = {**words, 'extra': words.get('extra', '') + settings(what)}
            return host.ask(f'{idmap}-{name}', *args, features=features, **more)

        # Limits of the process.
        found = limits(ask('limits', "<rlimit name='nofile' soft='100' hard='200'/><rlimit name='core' soft='unlimited'/>"
                           "<rlimit name='nproc' hard='50'/><rlimit name='stack' soft='1048576' hard='unlimited'/>",
                           'cat', '/proc/self/limits'))
        equal(found['Max open files'], ['100', '200'])
        equal(found['Max core file size'], ['unlimited', 'unlimited'])
        equal(found['Max processes'], ['50', '50'])
        equal(found['Max stack size'], ['1048576', 'unlimited'])
        equal(ask('score', "<oom score='300'/>", 'cat', '/proc/self/oom_score_adj').strip(), '300')
        equal(fields(ask('nnp', "<privileges noNew='yes'/>", 'cat', '/proc/self/status'))['NoNewPrivs'].strip(), '1')

        # Sysctls of its namespaces, and no other.
        text = ask('sysctl', "<sysctl name='net.ipv4.ip_forward' value='1'/><sysctl name='kernel.shmmax' value='1048576'/>"
                   "<sysctl name='net.ipv4.conf.all.forwarding' value='1'/><sysctl name='kernel.domainname' value='inner'/>",
                   'cat', '/proc/sys/net/ipv4/ip_forward', ',', 'cat', '/proc/sys/kernel/shmmax', ',', 'cat', '/proc/sys/kernel/domainname')
        equal(text.split(), ['1', '1048576', 'inner'])
        with refused('SYSTEM_ERROR', text="sysctls: cannot set the sysctl 'net.no.such' to '1': No such file"):
            host.create(f'{idmap}-bad', features='<privnet/>', **{**words, 'extra': words.get('extra', '') + settings("<sysctl name='net.no.such' value='1'/>")})
        if idmap == 'mapped':
            equal(ask('users', "<sysctl name='user.max_net_namespaces' value='7'/>", 'cat', '/proc/sys/user/max_net_namespaces').strip(), '7')

        # Clocks.
        inner = float(ask('clock', "<time boottime='864000'/>", 'cat', '/proc/uptime').split()[0])
        assert uptime + 864000 <= inner < uptime + 864000 + 600, inner

        # Files that nobody has to write into the tree.
        text = ask('files', "<hostname name='db1.example.org'/><generate hostname='yes' hosts='yes'/>", 'cat', '/etc/hostname', ',', 'cat', '/etc/hosts', ',',
                   'tree', '/etc', ',', 'host', ',', 'cat', '/proc/self/mountinfo')
        equal([line.split()[4] for line in text.splitlines() if ' - ' in line].count('/'), 1, 'the old root is gone')
        contains(text, 'db1.example.org\n127.0.0.1 localhost\n')
        contains(text, '127.0.1.1 db1.example.org\n')
        contains(text, '/etc/hosts - 0644 0:0')
        tree = os.path.join(words.get('tree') or host.tree(), 'etc')
        equal([os.path.getsize(os.path.join(tree, name)) for name in ('hostname', 'hosts')], [0, 0])

        # Hidden and read-only paths.
        equal(ask('mask', "<mask path='/proc/interrupts'/><mask path='/no/such'/>", 'cat', '/proc/interrupts'), '')

    # A time namespace, its offsets and the sysctls are there after a reboot from inside too.
    folder, device = host.report('again')
    back = min(int(uptime), 1000)  # a clock cannot be before its 0
    dom = host.start('again', args=['to', '/report/part', ',', 'cat', '/proc/uptime', ',', 'cat', '/proc/sys/kernel/shmmax', ',', 'on', 'HUP', 'reboot', ',', 'pause'],
                     devices=device, extra=settings(f"<time boottime='{-back}'/><sysctl name='kernel.shmmax' value='4096'/><rlimit name='nofile' soft='77'/>"))
    part = os.path.join(folder, 'part')

    def said():
        with open(part, encoding='ascii') as file:
            return file.read().split()

    eventually(lambda: os.path.exists(part) and len(said()) == 3, 'the first run reports')
    equal(said()[2], '4096')
    os.unlink(part)
    first = dom.ID()
    os.kill(first, 1)
    eventually(lambda: os.path.exists(part) and len(said()) == 3, 'the second run reports')
    assert abs(float(said()[0]) - uptime + back) < 600, said()
    equal(said()[2], '4096')
    dom.destroy()
