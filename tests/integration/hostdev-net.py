#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""A network device of the host moves into the container with its addresses and routes, and is back as it was afterwards: after an end of any kind, with or without a daemon, and whatever the container did to it."""
import contextlib
import os
import signal
import subprocess

from harness import Instance, contains, descendants, equal, eventually, is_alive, mounts, refused, skip
from links import device, inside, ip, looks, make_bridge, make_card, reaches

MAC = '02:00:00:00:00:10'
GIVEN = """<hostdev mode='capabilities' type='net'><source><interface>nic0</interface></source>
    <ip address='10.9.0.2' family='ipv4' prefix='24'/><route address='192.0.2.0' family='ipv4' prefix='24' gateway='10.9.0.1'/></hostdev>"""
QUIET = "<hostdev mode='capabilities' type='net'><source><interface>nic0</interface></source></hostdev>"
IDMAP = "<idmap><uid start='0' target='100000' count='65536'/><gid start='0' target='100000' count='65536'/></idmap>"


def is_back(what):
    eventually(lambda: looks('nic0') == before and state() == whole, f'the device is back {what}: {looks("nic0")}')
    eventually(lambda: mounts() == mounted, f'nothing is held {what}')


def state():
    """Its flags and its alias, which somebody gave it."""
    found = device('nic0')
    return found and (sorted(set(found['flags']) - {'LOWER_UP', 'NO-CARRIER'}), found.get('ifalias'))


def ended(domain):
    """Asks init to end, again until it listens."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(host.init_pid(domain), signal.SIGTERM)
    return not domain.isActive()


with Instance() as host:
    if host.stock:
        skip('the stock driver destroys virtual devices that it lent')
    make_card('nic0', 'nic1', MAC, '10.9.0.1/24')
    ip('link', 'set', 'nic0', 'alias', 'of the host: 100% \u00fc')
    before, mounted, whole = looks('nic0'), mounts(), state()

    # Inside it has its own name, and what the definition says; without addresses it is as it came: down.
    dom = host.start('bb', devices=GIVEN, args='on USR1 reboot , on TERM exit , pause')
    equal(device('nic0'), None)
    shown = inside(host, 'bb', '/bin/ip', 'addr', 'show', 'nic0')
    contains(shown, MAC)
    contains(shown, 'inet 10.9.0.2/24')
    contains(shown, 'mtu 1480')
    contains(inside(host, 'bb', '/bin/ip', 'route'), '192.0.2.0/24 via 10.9.0.1')
    assert reaches(host, 'bb', '10.9.0.1')
    with refused('OPERATION_INVALID', 'LXC', "'nic0' is in use by domain 'bb'"):
        host.create('other', devices=QUIET)

    # A reboot keeps it.
    first = dom.ID()
    dom.sendProcessSignal(1, signal.SIGUSR1)
    eventually(lambda: dom.isActive() and host.conn.lookupByName('bb').ID() not in (-1, first), 'it is restarted')
    assert reaches(host, 'bb', '10.9.0.1')
    dom.destroy()
    is_back('after destroy')
    quiet = host.create('quiet', devices=QUIET)
    assert 'UP' not in inside(host, 'quiet', '/bin/ip', 'link', 'show', 'nic0').split('<')[1].split('>')[0].split(','), 'it is down'
    quiet.destroy()
    is_back('again')

    # Whatever the container does to it.
    dom.create()
    for words in ('link set nic0 down', 'link set nic0 name mine', 'link set mine address 02:00:00:00:00:66', 'link set mine mtu 900',
                  'link set mine up'):
        inside(host, 'bb', '/bin/ip', *words.split())
    for words in (('promisc', 'on'), ('allmulticast', 'on'), ('multicast', 'off'), ('arp', 'off'), ('alias', 'of the container')):
        subprocess.run(['nsenter', f'--net=/proc/{host.init_pid(dom)}/ns/net', 'ip', 'link', 'set', 'mine', *words], check=True)
    dom.destroy()
    is_back('after it was changed')

    # Ends that nobody here asked for.
    dom.create()
    eventually(lambda: ended(dom), 'init ends')
    is_back('after the end of init')
    dom.create()
    os.kill(host.controller_pid(dom), signal.SIGKILL)
    eventually(lambda: not dom.isActive(), 'the crash is seen')
    is_back('after the controller was killed')

    # Ends that no daemon sees: the next one takes it back.
    for kill in (host.init_pid, host.controller_pid):
        dom.create()
        pid, controller = kill(dom), host.controller_pid(dom)
        host.forget_connections()
        host.stop_daemon(signal.SIGKILL)
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: not is_alive(controller) and not descendants(), 'everything of the container ends')
        equal(device('nic0'), None, 'it waits for the next daemon')
        host.start_daemon()
        dom = host.conn.lookupByName('bb')
        is_back('after a time without a daemon')
    dom.create()
    host.restart_daemon(signal.SIGKILL)
    dom = host.conn.lookupByName('bb')
    equal(dom.isActive(), 1)
    assert reaches(host, 'bb', '10.9.0.1')
    dom.destroy()
    is_back('after another daemon stopped it')

    # Starts that fail, before, in and after the links.
    make_bridge('br0')
    for devices, more in ((GIVEN, {'init': '/no/such/init'}),
                          ("<interface type='bridge'><source bridge='br0'/><guest dev='nic0'/></interface>" + GIVEN, {}),
                          ("<interface type='direct'><source dev='nic1'/></interface>" + GIVEN +
                           "<hostdev mode='capabilities' type='net'><source><interface>nowhere0</interface></source></hostdev>", {})):
        with refused():
            host.create('bad', devices=devices, **more)
        is_back('after a start that failed')
    with refused('CONFIG_UNSUPPORTED'):
        host.create('shared', devices=GIVEN, extra="<lxc:namespace xmlns:lxc='http://libvirt.org/schemas/domain/lxc/1.0'>"
                    "<lxc:sharenet type='pid' value='1'/></lxc:namespace>")

    # With an id map, between other interfaces, and two at once.
    make_card('nic2', 'nic3', '02:00:00:00:00:20')
    subprocess.run(['chown', '-hR', '100000:100000', host.tree('idmap')], check=True)
    both = host.create('both', tree=host.tree('idmap'), extra=IDMAP, devices=GIVEN + QUIET.replace('nic0', 'nic2') +
                       "<interface type='bridge'><source bridge='br0'/></interface>")
    shown = inside(host, 'both', '/bin/ip', 'link')
    for name in ('nic0', 'nic2', 'eth0'):
        contains(shown, f' {name}@')
    subprocess.run(['busybox', 'ping', '-c', '1', '-W', '5', '-q', '10.9.0.2'], check=True, stdout=subprocess.DEVNULL)
    both.destroy()
    is_back('from a user namespace')
    equal(looks('nic2'), ('02:00:00:00:00:20', 1480, True))
    for name in ('nic1', 'nic3', 'br0'):
        ip('link', 'del', name)
