#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""Twenty containers are started and stopped from eight threads at once, and queries are answered meanwhile."""
import os
import threading

import libvirt

import sandbox
from harness import Events, Instance, equal, eventually

with Instance() as host:
    # The first of them makes the partition, and may be no further than this when the next is there.
    for top in sandbox.hierarchies():
        if os.path.exists(os.path.join(top, 'cpuset.sched_load_balance')):  # of v1 alone
            os.mkdir(os.path.join(top, sandbox.partition_of(host.root)))
            host.create('early').destroy()
    names = [f'c{number}' for number in range(20)]
    events = Events(host.conn)
    for name in names:
        host.define(name)
        events.wait('lifecycle', name, libvirt.VIR_DOMAIN_EVENT_DEFINED)
    failures = []

    def each(mine, action):
        conn = libvirt.open(host.uri())
        try:
            for name in mine:
                getattr(conn.lookupByName(name), action)()
        except libvirt.libvirtError as error:
            failures.append(str(error))
        conn.close()

    for action, state, kind in (('create', libvirt.VIR_DOMAIN_RUNNING, libvirt.VIR_DOMAIN_EVENT_STARTED),
                                ('destroy', libvirt.VIR_DOMAIN_SHUTOFF, libvirt.VIR_DOMAIN_EVENT_STOPPED)):
        threads = [threading.Thread(target=each, args=(names[number::8], action)) for number in range(8)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            equal(len(host.conn.listAllDomains()), 20)
        for thread in threads:
            thread.join()
        equal(failures, [])
        equal({d.state()[0] for d in host.conn.listAllDomains()}, {state})
        if not host.stock:  # which sends some twice
            equal(sorted(events.wait('lifecycle')[1:3] for _ in names), sorted((name, kind) for name in names))
            events.expect_none()

    # Eight threads at one domain: one start wins, the others are told.
    won = []

    def race():
        conn = libvirt.open(host.uri())
        try:
            conn.lookupByName('c0').create()
            won.append(1)
        except libvirt.libvirtError as error:
            equal(error.get_error_code(), libvirt.VIR_ERR_OPERATION_INVALID)
        conn.close()

    threads = [threading.Thread(target=race) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    equal(len(won), 1)
