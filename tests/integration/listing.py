#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""Domains are found by name, UUID and id and listed by every call and every group of filters, old and new."""
import uuid

import libvirt

from harness import Instance, equal, refused

UUID = '6b0b0a1c-7a2e-4d0e-9a70-2f3dc3a5a001'

with Instance() as host:
    conn = host.conn
    shut = host.define('shut', uuid=UUID)
    run = host.start('run')
    transient = host.create('transient')
    marked = host.define('marked')
    marked.setAutostart(1)

    equal(sorted(conn.listDefinedDomains()), ['marked', 'shut'])
    equal(conn.numOfDefinedDomains(), 2)
    equal(sorted(conn.listDomainsID()), sorted([run.ID(), transient.ID()]))
    equal(conn.numOfDomains(), 2)

    def names(flags):
        return sorted(d.name() for d in conn.listAllDomains(flags))

    L = libvirt
    equal(names(0), ['marked', 'run', 'shut', 'transient'])
    for flags, wanted in (
            (L.VIR_CONNECT_LIST_DOMAINS_ACTIVE, ['run', 'transient']),
            (L.VIR_CONNECT_LIST_DOMAINS_INACTIVE, ['marked', 'shut']),
            (L.VIR_CONNECT_LIST_DOMAINS_ACTIVE | L.VIR_CONNECT_LIST_DOMAINS_INACTIVE, ['marked', 'run', 'shut', 'transient']),
            (L.VIR_CONNECT_LIST_DOMAINS_PERSISTENT, ['marked', 'run', 'shut']),
            (L.VIR_CONNECT_LIST_DOMAINS_TRANSIENT, ['transient']),
            (L.VIR_CONNECT_LIST_DOMAINS_ACTIVE | L.VIR_CONNECT_LIST_DOMAINS_PERSISTENT, ['run']),
            (L.VIR_CONNECT_LIST_DOMAINS_RUNNING, ['run', 'transient']),
            (L.VIR_CONNECT_LIST_DOMAINS_PAUSED, []),
            (L.VIR_CONNECT_LIST_DOMAINS_SHUTOFF, ['marked', 'shut']),
            (L.VIR_CONNECT_LIST_DOMAINS_RUNNING | L.VIR_CONNECT_LIST_DOMAINS_SHUTOFF, ['marked', 'run', 'shut', 'transient']),
            (L.VIR_CONNECT_LIST_DOMAINS_OTHER, []),
            (L.VIR_CONNECT_LIST_DOMAINS_MANAGEDSAVE, []),
            (L.VIR_CONNECT_LIST_DOMAINS_NO_MANAGEDSAVE, ['marked', 'run', 'shut', 'transient']),
            (L.VIR_CONNECT_LIST_DOMAINS_AUTOSTART, ['marked']),
            (L.VIR_CONNECT_LIST_DOMAINS_NO_AUTOSTART, ['run', 'shut', 'transient']),
            (L.VIR_CONNECT_LIST_DOMAINS_HAS_SNAPSHOT, []),
            (L.VIR_CONNECT_LIST_DOMAINS_NO_SNAPSHOT, ['marked', 'run', 'shut', 'transient']),
            (L.VIR_CONNECT_LIST_DOMAINS_HAS_CHECKPOINT, []),
            (L.VIR_CONNECT_LIST_DOMAINS_NO_CHECKPOINT, ['marked', 'run', 'shut', 'transient'])):
        equal(names(flags), wanted, f'flags {flags:#x}')
    with refused('INVALID_ARG', 'LXC'):
        names(1 << 20)

    equal(conn.lookupByName('shut').UUIDString(), UUID)
    equal(conn.lookupByUUIDString(UUID.upper()).name(), 'shut')
    equal(conn.lookupByUUID(uuid.UUID(UUID).bytes).ID(), -1)
    equal(conn.lookupByID(run.ID()).name(), 'run')
    for missing in (lambda: conn.lookupByName('none'), lambda: conn.lookupByUUIDString(str(uuid.uuid4())),
                    lambda: conn.lookupByID(99999999)):
        with refused('NO_DOMAIN', 'LXC'):
            missing()
    with refused('INVALID_ARG'):
        conn.lookupByID(-1)

    equal((run.isActive(), shut.isActive()), (1, 0))
    equal((run.isPersistent(), transient.isPersistent()), (1, 0))
    equal(run.isUpdated(), 0)
    equal(run.hasManagedSaveImage(), 0)
    with refused('NO_DOMAIN', 'LXC'):
        transient.destroy()
        transient.info()
