#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""Containers that ask for an automatic id map get ranges that overlap nobody's, keep them over restarts of all kinds, and give them back when undefined."""
import os
import xml.etree.ElementTree as ET

from harness import Instance, equal, refused


def auto(count=''):
    return f"<virtlxcd:container xmlns:virtlxcd='urn:virtlxcd:domain:1.0'><virtlxcd:idmap auto='yes'{count}/></virtlxcd:container>"


def ranges(dom):
    found = [(int(entry.get('start')), int(entry.get('target')), int(entry.get('count'))) for entry in ET.fromstring(dom.XMLDesc()).find('idmap')]
    equal(found[0], found[1], 'users and groups alike')
    return found[0]


with Instance() as host:
    a, b = host.start('a', extra=auto()), host.start('b', extra=auto(" count='1000'"))
    first, second = ranges(a), ranges(b)
    equal((first[0], first[2], second[0], second[2]), (0, 65536, 0, 1000))
    assert first[1] >= 1000000 and (second[1] >= first[1] + 65536 or first[1] >= second[1] + 1000), (first, second)
    with open(f'/proc/{a.ID()}/uid_map', encoding='ascii') as file:
        equal([int(word) for word in file.read().split()], list(first))
    equal(os.stat(f'/proc/{a.ID()}').st_uid, first[1])
    assert 'idmap' not in ET.fromstring(a.XMLDesc(2)).find('devices').tag and ET.fromstring(a.XMLDesc(2)).find('idmap') is None

    # A range somebody else has by hand is left alone.
    host.define('manual', extra=f"<idmap><uid start='0' target='{second[1] + 1000}' count='5000'/><gid start='0' target='{second[1] + 1000}' count='5000'/></idmap>")
    c = host.start('c', extra=auto(" count='3000'"))
    third = ranges(c)
    assert third[1] + 3000 <= second[1] + 1000 or third[1] >= second[1] + 6000, third

    # The same again after a stop, a new daemon, a killed daemon.
    a.destroy()
    a.create()
    equal(ranges(a), first)
    host.restart_daemon()
    a, b = (host.conn.lookupByName(name) for name in 'ab')
    equal((ranges(a), ranges(b)), (first, second))
    a.destroy()
    a.create()
    equal(ranges(a), first)

    # Undefined: somebody else's from now on.
    b.destroy()
    b.undefine()
    d = host.start('d', extra=auto(" count='1000'"))
    equal(ranges(d), second)
    with refused('CONFIG_UNSUPPORTED', 'LXC', "no 4294967294 free ids in a row for 'greedy'"):
        host.create('greedy', extra=auto(" count='4294967294'"))
