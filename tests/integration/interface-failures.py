#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""A start that fails between its links, of whatever kinds they are, says which it was, leaves nothing of those before it, and the next start works."""
from harness import Instance, equal, eventually, files_below, links, mounts, refused, skip
from links import ip, looks, make_bridge, make_card

GOOD = (
    "<interface type='bridge'><source bridge='br0'/></interface>",
    "<interface type='bridge'><source bridge='br0'/><bandwidth><inbound average='100'/><outbound average='100'/></bandwidth><target dev='named0'/></interface>",
    "<interface type='ethernet'><source><ip address='10.8.0.1' family='ipv4' prefix='30'/></source></interface>",
    "<interface type='null'/>",
    "<interface type='direct'><source dev='nic1' mode='passthrough'/></interface>",
    "<interface type='direct'><source dev='nic2' mode='bridge'/></interface>",
)
# They are carried out after all interfaces.
LENT = "<hostdev mode='capabilities' type='net'><source><interface>nic0</interface></source></hostdev>"
GONE = "<hostdev mode='capabilities' type='net'><source><interface>gone0</interface></source></hostdev>"
BAD = (
    ("<interface type='bridge'><source bridge='nobr'/><guest dev='bad'/></interface>", "interface 'bad': cannot find bridge 'nobr'"),
    ("<interface type='bridge'><source bridge='br0'/><guest dev='bad'/><filterref filter='x'/></interface>", "interface 'bad': cannot apply the filter"),
    ("<interface type='direct'><source dev='gone0'/><guest dev='bad'/></interface>", "interface 'bad': cannot find the device 'gone0'"),
    ("<interface type='bridge'><source bridge='br0'/><guest dev='bad'/><ip address='10.7.0.1' prefix='24'/><ip address='10.7.0.1' prefix='24'/></interface>",
     "cannot give 'bad' the address"),
)


def state():
    return links(), mounts(), looks('nic0'), looks('nic1'), looks('nic2'), files_below(host.path('run/libvirt/lxc'))


with Instance() as host:
    if host.stock:
        skip('the stock driver leaves links behind')
    make_bridge('br0')
    make_card('nic0', 'nic1', '02:00:00:00:00:10')
    make_card('nic2', 'nic3', '02:00:00:00:00:20')
    before = state()
    for place in range(len(GOOD) + 1):
        for bad, text in BAD:
            devices = ''.join([*GOOD[:place], bad, *GOOD[place:], LENT])
            with refused(text=text):
                host.create('bad', devices=devices)
            eventually(lambda: state() == before, f'nothing is left of {place} links before {bad}: {state()}, not {before}')
    with refused(text="interface 'gone0': cannot find the device 'gone0'"):
        host.create('bad', devices=''.join([*GOOD, LENT, GONE]))
    eventually(lambda: state() == before, f'nothing is left of what is lent: {state()}, not {before}')
    dom = host.create('good', devices=''.join([*GOOD, LENT]))
    equal(dom.isActive(), 1)
    dom.destroy()
    eventually(lambda: state() == before, f'nothing is left of the good one: {state()}, not {before}')
    for name in ('nic1', 'nic3', 'br0'):
        ip('link', 'del', name)
