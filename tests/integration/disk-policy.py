#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""startupPolicy of a disk: a start without its source fails, or with 'optional' leaves the disk out, of /dev, the rules and the live definition, and an event tells so; at a reboot too."""
import os
import queue
import subprocess

import libvirt

from harness import Console, Instance, contains, equal, eventually, refused, scratch_file, skip
from imagefiles import MIB

IDMAP = "<idmap><uid start='0' target='100000' count='65536'/><gid start='0' target='100000' count='65536'/></idmap>"


def disk(kind, path, target, policy):
    policy = f" startupPolicy='{policy}'" if policy else ''
    driver = "<driver name='loop' type='raw'/>" if kind == 'file' else ''
    return f"<disk type='{kind}'>{driver}<source {'file' if kind == 'file' else 'dev'}='{path}'{policy}/><target dev='{target}'/></disk>"


def block(name, path):
    """A block device at this name, as udev would make it."""
    done = subprocess.run(['losetup', '--find', '--show', path], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        skip('no loop device can be set up here')
    os.symlink(done.stdout.strip(), name)
    return done.stdout.strip()


with Instance() as host:
    if host.stock:
        skip('the stock driver knows the word and does nothing about it')
    image = host.path('image')
    with open(image, 'wb') as file:
        file.truncate(MIB)
    loop = block(host.path('device'), scratch_file('x' * 4096))
    told = queue.Queue()
    number = host.conn.domainEventRegisterAny(None, libvirt.VIR_DOMAIN_EVENT_ID_DISK_CHANGE,
                                              lambda c, d, *words: told.put((d.name(), *words[:-1])), None)
    for extra in ('', IDMAP):
        for kind, there, gone in (('file', image, host.path('no-image')), ('block', host.path('device'), host.path('no-device')),
                                  ('block', host.path('device'), image + '/below')):
            for policy in ('', 'mandatory', 'requisite'):
                with refused('SYSTEM_ERROR', 'LXC', f'{gone}.*(No such file|Not a directory)'):
                    host.create('bb', devices=disk(kind, gone, 'vdb', policy), extra=extra)
            dom = host.define('bb', devices=disk(kind, there, 'vda', 'optional') + disk(kind, gone, 'vdb', 'optional') + disk('file', gone, 'vdc', 'optional'), extra=extra)
            dom.create()
            equal([told.get(timeout=10) for _ in range(2)],
                  [('bb', gone, None, target, libvirt.VIR_DOMAIN_EVENT_DISK_DROP_MISSING_ON_START) for target in ('vdb', 'vdc')])
            dev = os.path.join(f'/proc/{dom.ID()}', 'root', 'dev')
            equal([name for name in sorted(os.listdir(dev)) if name.startswith('vd')], ['vda'])
            equal([target in dom.XMLDesc() for target in ('vda', 'vdb', 'vdc')], [True, False, False])
            contains(dom.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE), 'vdb')
            host.restart_daemon()
            number = host.conn.domainEventRegisterAny(None, libvirt.VIR_DOMAIN_EVENT_ID_DISK_CHANGE,
                                                      lambda c, d, *words: told.put((d.name(), *words[:-1])), None)
            dom = host.conn.lookupByName('bb')
            assert 'vdb' not in dom.XMLDesc()
            dom.destroy()
            contains(dom.XMLDesc(), 'vdb')
            dom.undefine()
        # What goes while it runs is left out of the reboot, and is one that fails it otherwise.
        for policy, stays in (('optional', True), ('mandatory', False)):
            dom = host.start('bb', args='on USR1 reboot , say up , pause', devices=disk('block', host.path('device'), 'vda', policy), extra=extra)
            first, console = dom.ID(), Console(host.conn, dom)
            console.expect('up')
            os.unlink(host.path('device'))
            dom.sendProcessSignal(1, libvirt.VIR_DOMAIN_PROCESS_SIGNAL_USR1)
            eventually(lambda: host.conn.lookupByName('bb').ID() != first, 'it reboots')
            if stays:
                dom = host.conn.lookupByName('bb')
                assert 'vda' not in os.listdir(os.path.join(f'/proc/{dom.ID()}', 'root', 'dev'))
                dom.destroy()
            else:
                eventually(lambda: not dom.isActive(), 'it does not come back')
            console.close()
            dom.undefine()
            os.symlink(loop, host.path('device'))
    host.conn.domainEventDeregisterAny(number)
    subprocess.run(['losetup', '--detach', loop], check=True)
