#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""A USB device of the host is a node in one container, by its address or by what it is; plugged in again it is found again after a reboot.

The devices are made up, see plugs.py."""
import os
import signal

from harness import Instance, contains, equal, eventually, refused, skip
from plugs import TUN, at, make_bus, plug, unplug, usb

IDMAP = "<idmap><uid start='0' target='100000' count='65536'/><gid start='0' target='100000' count='65536'/></idmap>"
STICK, CLOCK = "<vendor id='0x0951'/><product id='0x1666'/>", "<vendor id='0xabcd'/><product id='0x0001'/>"


def nodes(name):
    """What is below /dev/bus/usb of a running container."""
    top = os.path.join(f'/proc/{host.conn.lookupByName(name).ID()}/root', 'dev/bus/usb')
    return sorted(os.path.join(os.path.basename(folder), name) for folder, _, names in os.walk(top) for name in names)


make_bus()
with Instance() as host:
    if host.stock:
        skip('the stock driver asks udev')
    with refused('OPERATION_FAILED', 'LXC', "the host has no USB device '0951:1666'"):
        host.create('bb', devices=usb(STICK))
    plug('1-1', 1, 4, '0951:1666')
    plug('2-3', 2, 15, 'abcd:0001')

    # The node is root's, can be used, and is the only one; the live definition says which one it is.
    os.chown(host.report('bb')[0], 100000, 100000)
    for extra in ('', IDMAP):
        for source in (at(1, 4), STICK, STICK + at(1, 4)):
            lines = host.ask('bb', *'tree /dev/bus , open /dev/bus/usb/001/004'.split(), devices=usb(source), extra=extra).splitlines()
            equal([line.split()[:5] for line in lines],
                  [['/dev/bus/usb', 'd', '0755', '0:0', '0:0'], ['/dev/bus/usb/001', 'd', '0755', '0:0', '0:0'],
                   ['/dev/bus/usb/001/004', 'c', '0700', '0:0', TUN], ['open', 'ok']])
    dom = host.start('bb', devices=usb(CLOCK) + usb(at(1, 4)), args='on USR1 reboot , pause')
    equal(nodes('bb'), ['001/004', '002/015'])
    contains(dom.XMLDesc(), at(2, 15).replace('/>', ''))
    assert 'address bus' not in dom.XMLDesc(2).partition('0xabcd')[2].partition('</source>')[0], 'it is of the running domain only'

    # Nobody else gets them meanwhile, whatever they are called; an optional one neither. So it is with a new daemon.
    for _ in range(2):
        for source in (at(2, 15), CLOCK, STICK, at(1, 4)):
            for policy in ('', "startupPolicy='optional'"):
                with refused('OPERATION_INVALID', 'LXC', "the USB device .* is in use by domain 'bb'"):
                    host.create('other', devices=usb(source, policy))
        host.restart_daemon(signal.SIGKILL)

    # Plugged in again, the device has another number: it is still this container's, which finds it when it restarts.
    unplug('2-3')
    plug('2-3', 2, 16, 'abcd:0001')
    with refused('OPERATION_INVALID', 'LXC', "the USB device 16 on bus 2 is in use by domain 'bb'"):
        host.create('other', devices=usb(at(2, 16)))
    dom = host.conn.lookupByName('bb')
    host.restart(dom)
    equal(nodes('bb'), ['001/004', '002/016'])
    contains(dom.XMLDesc(), at(2, 16).replace('/>', ''))
    # Without it there is no restart, and the container ends.
    unplug('2-3')
    host.send_signal(dom, signal.SIGUSR1)
    eventually(lambda: not dom.isActive(), 'it ended')
    with refused('OPERATION_FAILED', 'LXC', "the host has no USB device 'abcd:0001'"):
        dom.create()
    dom.undefine()
    host.create('other', devices=usb(at(1, 4))).destroy()  # nobody has it any more
    # A start that fails, and a container whose controller was killed, do not have it either.
    with refused(text='/none'):
        host.create('broken', devices=usb(at(1, 4)), init='/none')
    dom = host.create('killed', devices=usb(at(1, 4)))
    os.kill(host.controller_pid(dom), signal.SIGKILL)
    eventually(lambda: not host.conn.listAllDomains(), 'it is gone')
    host.create('other', devices=usb(at(1, 4))).destroy()

    # What is optional may be missing, and then stays so until the container starts anew.
    dom = host.start('bb', devices=usb(CLOCK, "startupPolicy='optional'") + usb(STICK, "startupPolicy='optional'"), args='on USR1 reboot , pause')
    equal(nodes('bb'), ['001/004'])
    contains(dom.XMLDesc(), "startupPolicy='optional' missing='yes'")
    assert 'missing' not in dom.XMLDesc(2)
    plug('2-3', 2, 17, 'abcd:0001')
    host.create('other', devices=usb(CLOCK))
    host.restart(dom)
    equal((nodes('bb'), nodes('other')), (['001/004'], ['002/017']))
    contains(dom.XMLDesc(), "startupPolicy='optional' missing='yes'")
    host.conn.lookupByName('other').destroy()
    dom.destroy()
    dom.create()
    equal(nodes('bb'), ['001/004', '002/017'])
    dom.destroy()
    dom.undefine()

    # What fits two devices is no definition of one; nor are two definitions of one.
    plug('1-2', 1, 5, '0951:1666')
    with refused('OPERATION_FAILED', 'LXC', "several USB devices '0951:1666', number 4 on bus 1 and number 5 on bus 1: <address> says which one"):
        host.create('bb', devices=usb(STICK))
    with refused('CONFIG_UNSUPPORTED', 'LXC', 'the USB device 17 on bus 2 is given twice'):
        host.create('bb', devices=usb(CLOCK) + usb(at(2, 17)))
    with refused('OPERATION_FAILED', 'LXC', "the host's USB device 17 on bus 2 is not there, or not '0951:1666'"):
        host.create('bb', devices=usb(STICK + at(2, 17)))
    one, two = host.create('one', devices=usb(STICK + at(1, 4))), host.create('two', devices=usb(at(1, 5)))
    equal((nodes('one'), nodes('two')), (['001/004'], ['001/005']))
    one.destroy()
    two.destroy()
