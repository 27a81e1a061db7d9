#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""A container that divides its groups may make them deeper than any path is long, and many beside each other: it ends all the same, at once, also when its controller has gone."""
import html
import os
import signal
import time

from harness import PATIENCE, Console, Instance, equal, eventually, is_alive, skip
from evil import container, kinds

DEEP = '''for top in /sys/fs/cgroup /sys/fs/cgroup/unified /sys/fs/cgroup/systemd; do cd $top 2>/dev/null && mkdir own 2>/dev/null || continue
    i=0; while [ $i -lt 100 ]; do mkdir own/wide$i || break; i=$((i+1)); done
    i=0; while [ $i -lt 3000 ]; do mkdir ddd && cd ddd || break; i=$((i+1)); done
done 2>/dev/null; echo made > /dev/console; while :; do sleep 1000; done'''

with Instance() as host:
    if host.stock:
        skip('the stock driver gives containers no groups')
    for (name, extra), crash in zip(kinds(), (True, False)):
        dom = host.create(name, init='/bin/sh', args=['-c', html.escape(DEEP)], extra=extra + container("<init system='yes'/>"))
        console = Console(host.conn, dom)
        console.expect('made', 60)
        console.close()
        init = host.init_pid(dom)
        with open(f'/proc/{init}/cgroup', encoding='utf-8') as file:
            group = next(line.rstrip().split('::', 1)[1] for line in file if line.startswith('0::'))
        for top in filter(lambda top: os.path.exists(f'{top}/cgroup.controllers'), ('/sys/fs/cgroup', '/sys/fs/cgroup/unified')):
            with open(f'{top}{group.partition(".libvirt-lxc")[0]}.libvirt-lxc/cgroup.max.descendants', encoding='ascii') as file:
                equal(file.read(), '16384\n')
        before = time.monotonic()
        if crash:
            os.kill(host.controller_pid(dom), signal.SIGKILL)
        else:
            dom.destroy()
        eventually(lambda: not host.conn.listDomainsID(), 'it ends')
        assert time.monotonic() < before + 5 * PATIENCE, 'that takes long'
        eventually(lambda: not is_alive(init), 'its init ends')
