# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""What scripts about other container managers share: the same payload shows the same things under both.

SHOW are commands of the payload; facts() makes a dictionary of what they print. How such a manager is run
without touching the machine is in run_beside().
"""
import contextlib
import os
import re
import subprocess

import sandbox
from harness import PATIENCE

SHOW = ['cat', '/proc/self/cmdline', ',', 'say', '', ',', 'cwd', ',', 'ids', ',', 'host', ',',
        'cat', '/proc/self/status', ',', 'cat', '/proc/self/limits', ',', 'cat', '/proc/self/oom_score_adj', ',',
        'cat', '/proc/self/mountinfo', ',', 'cat', '/proc/net/dev', ',', 'cat', '/proc/self/uid_map', ',', 'env']
# In a group of its own, below what a script may leave behind for nobody.
JOIN = 'for group in "$@"; do [ "$group" = -- ] && break; echo $$ > "$group/cgroup.procs"; shift; done; shift; exec "$@"'


def facts(text):
    """The report as a dictionary; mounts by their target."""
    found = {'words': text.split('\n')[0].split('\0')[:-1], 'cwd': text.split('\n')[1],
             'ids': re.search(r'^uid (\d+) gid (\d+)', text, re.M).groups(),
             'host': text.split('\n')[4],
             'files': re.search(r'^Max open files +(\S+) +(\S+)', text, re.M).groups(),
             'core': re.search(r'^Max core file size +(\S+) +(\S+)', text, re.M).groups(),
             'oom': int(re.search(r'^(-?\d+)$', text, re.M).group(1)),
             'links': sorted(re.findall(r'^ *(\w+): +\d', text, re.M)),
             'map': [line.split() for line in re.findall(r'^ +\d+ +\d+ +\d+$', text, re.M)]}
    for name in ('CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'NoNewPrivs'):
        found[name] = re.search(rf'^{name}:\s*(\S+)', text, re.M).group(1)
    found['mounts'] = {line.split()[4]: set(line.split()[5].split(',')) for line in text.split('\n')
                       if re.match(r'\d+ \d+ \d+:\d+ ', line)}
    found['env'] = sorted(line for line in text.split('\n')[-40:] if re.match(r'\w+=', line))
    return found


@contextlib.contextmanager
def group(host):
    """A control group where systemd's tools make theirs, gone afterwards with what was made below it."""
    top = sandbox.partition_of(host.root)
    paths = [os.path.join(hierarchy, top, 'foreign') for hierarchy in sandbox.hierarchies()
             if os.path.basename(hierarchy) in ('systemd', 'unified', 'cgroup')]
    for path in paths:
        os.makedirs(path, exist_ok=True)
    try:
        yield paths
    finally:
        sandbox.remove_groups(top)


def run_beside(command, groups=(), before='true', text_in=subprocess.DEVNULL):
    """Runs a command in a mount namespace of its own, after a line of shell; returns what it prints."""
    script = f'{before}; {JOIN}'
    done = subprocess.run(['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', *groups, '--', *command],
                          stdin=text_in, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=60 * PATIENCE, check=False)
    assert done.returncode == 0, f'{" ".join(command)}: {done.returncode}\n{done.stdout[-3000:]}'
    return done.stdout
