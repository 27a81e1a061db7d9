#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""A second daemon on the same directories refuses to run, says why, and does not disturb the first."""
import subprocess

from harness import PATIENCE, Instance, contains, equal, skip

with Instance() as host:
    if host.stock:
        skip('this is about our own')
    dom = host.start('bb')
    namesake = host.start('driver')  # whose pid file would be the lock
    for _ in range(2):
        done = subprocess.run(host.command(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=20 * PATIENCE, check=False)
        assert done.returncode not in (0, None), done.stdout
        contains(done.stdout, f'is held by process {host.daemon.pid} (virtlxcd)')
        if namesake.isActive():
            namesake.destroy()
    equal(dom.isActive(), 1)
    equal(host.connect().lookupByName('bb').isActive(), 1)
    host.restart_daemon()
    equal(host.conn.lookupByName('bb').isActive(), 1)
