# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""What the scripts that boot whole systems share: id maps, somebody at the console, a look at limits."""
import os
import re

from harness import Console

MAPS = {
    'no map': '',
    'map': "<idmap><uid start='0' target='100000' count='65536'/><gid start='0' target='100000' count='65536'/></idmap>",
    'automatic map': 'auto',
}


def container(words='', id_map=''):
    """Elements of ours for a definition, and an id map."""
    if id_map == 'auto':
        words, id_map = "<virtlxcd:idmap auto='yes'/>" + words, ''
    return f"{id_map}<virtlxcd:container xmlns:virtlxcd='urn:virtlxcd:domain:1.0'>{words}</virtlxcd:container>"


class Login(Console):
    """Somebody who logs in as root; shell() then runs commands."""

    def __init__(self, host, dom, password='secret', alias=None):
        super().__init__(host.conn, dom, alias)
        self.password = password
        self.enter()

    def enter(self):
        """Also after a reboot: consoles last over it."""
        self.expect('login: ', 60)
        self.send('root\n')
        if self.password:
            self.expect('assword: ', 30)
            self.send(f'{self.password}\n')
        self.expect('# ', 30)
        self.shell('stty -echo; PS1= ; export TERM=dumb SYSTEMD_COLORS=0 PAGER=cat')


def memory_limit(dom):
    """What the kernel has, read from outside; v1 or v2."""
    with open(f'/proc/{dom.ID()}/cgroup', encoding='utf-8') as file:
        rows = [line.rstrip().split(':', 2) for line in file]
    for place, file in (('memory', 'memory.limit_in_bytes'), ('', 'memory.max')):
        for _, names, path in rows:
            group = re.match(r'.*\.libvirt-lxc', path)
            limit = group and os.path.join('/sys/fs/cgroup', place, group.group().lstrip('/'), file)
            if names == place and limit and os.path.exists(limit):
                with open(limit, encoding='ascii') as text:
                    return int(text.read())
    raise AssertionError(f'no limit of memory: {rows}')
