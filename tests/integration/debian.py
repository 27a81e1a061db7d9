# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""Root trees of whole systems, made by tests/system-tree when this is imported.

Imported before harness, which leaves the network that they may have to be fetched from. In the guest of
tests/vm they are there already: VIRTLXCD_SYSTEMS names them, and they may be written to.
"""
import os
import subprocess

from sandbox import SKIP, skip

HERE = os.path.dirname(os.path.abspath(__file__))


def make_trees():
    """The folder with debian/ and sysvinit/; ends the test where it cannot be had."""
    if 'VIRTLXCD_SYSTEMS' not in os.environ:
        done = subprocess.run([os.path.join(HERE, '../system-tree')], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode == SKIP:
            skip(done.stderr.strip())
        if done.returncode:
            raise AssertionError(f'tests/system-tree: {done.stderr}')
        os.environ['VIRTLXCD_SYSTEMS'] = done.stdout.strip()
        os.environ['VIRTLXCD_SYSTEMS_COPY'] = 'yes'
    return os.environ['VIRTLXCD_SYSTEMS']


TREES = make_trees()


def tree(host, kind):
    """A tree for this instance alone: debian, sysvinit."""
    source = os.path.join(TREES, kind)
    if 'VIRTLXCD_SYSTEMS_COPY' not in os.environ:
        return source
    copy = host.path('trees', kind)
    if not os.path.isdir(copy):
        subprocess.run(['cp', '-a', '--reflink=auto', source, copy], check=True)
    return copy
