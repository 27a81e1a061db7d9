#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""on_poweroff, on_reboot and on_crash decide what a container's end is answered with."""
import os

import libvirt

from harness import Events, Instance, equal, eventually, skip

EV = libvirt

with Instance() as host:
    if host.stock:
        skip('the stock driver never looks at them')

    def ends(name, verb, actions, *expected, ends_alone=True):
        events = Events(host.conn)
        extra = ''.join(f'<on_{word}>{action}</on_{word}>' for word, action in actions.items())
        dom = host.create(name, args=f'on USR1 {verb} , mark /report/ready , pause' if verb != 'abort' else 'wait /report/go , abort',
                          extra=extra, devices=host.report(name)[1])
        events.wait('lifecycle', name, EV.VIR_DOMAIN_EVENT_STARTED)
        if verb == 'abort':
            open(host.report(name)[0] + '/go', 'w', encoding='utf-8').close()
        else:
            eventually(lambda: os.path.exists(host.report(name)[0] + '/ready'), f'{name} listens')
            dom.sendProcessSignal(1, EV.VIR_DOMAIN_PROCESS_SIGNAL_USR1)
        events.wait(*expected)
        if not ends_alone:
            dom = host.conn.lookupByName(name)
            equal(dom.state()[0], EV.VIR_DOMAIN_RUNNING)
            dom.destroy()
            events.wait('lifecycle', name, EV.VIR_DOMAIN_EVENT_STOPPED, EV.VIR_DOMAIN_EVENT_STOPPED_DESTROYED)
        events.expect_none()
        events.close()

    stopped = ('lifecycle', None, EV.VIR_DOMAIN_EVENT_STOPPED)

    def stop(name, detail):
        return ('lifecycle', name, EV.VIR_DOMAIN_EVENT_STOPPED, detail)

    shutdown = EV.VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN
    ends('poweroff', 'poweroff', {}, *stop('poweroff', shutdown))
    ends('halt', 'halt', {}, *stop('halt', shutdown))
    ends('exit', '0', {}, *stop('exit', shutdown))
    ends('reboot', 'reboot', {}, 'reboot', 'reboot', ends_alone=False)
    ends('no-reboot', 'reboot', {'reboot': 'destroy'}, *stop('no-reboot', shutdown))
    ends('again', 'poweroff', {'poweroff': 'restart'}, 'reboot', 'again', ends_alone=False)
    ends('exit-again', '0', {'poweroff': 'restart'}, 'reboot', 'exit-again', ends_alone=False)
    ends('crash', 'abort', {}, 'lifecycle', 'crash', EV.VIR_DOMAIN_EVENT_STOPPED)
    # The payload waits for a file that is there by then: it would crash for ever, so destroy it.
