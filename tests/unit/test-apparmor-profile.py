#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""The abstraction of containers' AppArmor profiles is understood by AppArmor's parser without a warning."""
import os
import subprocess
import sys

POLICY = sys.argv[1]
PARSERS = [path for path in ('/usr/sbin/apparmor_parser', '/sbin/apparmor_parser') if os.access(path, os.X_OK)]
FEATURES = '/etc/apparmor.d/abi/3.0'

if not PARSERS or not os.path.exists(FEATURES):
    print('apparmor_parser is not installed')
    sys.exit(77)


def compiled(body):
    """The translated profile of a kernel that has all that the features name; nothing is loaded."""
    text = f'abi <abi/3.0>,\nprofile "libvirt-test" flags=(attach_disconnected, mediate_deleted) {{\n{body}\n}}\n'
    done = subprocess.run([PARSERS[0], '--skip-kernel-load', '--skip-cache', '--kernel-features', FEATURES, '--stdout',
                           '--warn', 'all', '--Include', POLICY], input=text.encode(), stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False)
    # Without AppArmor in the kernel there is no cache either, which is not about the profile.
    said = [line for line in done.stderr.decode().splitlines() if 'ache' not in line]
    return done.returncode, len(done.stdout), said


status, size, said = compiled('  include <abstractions/virtlxcd-container>')
assert status == 0 and size > 10000, (status, size, said)
assert not said, said
# The same with nothing in it is smaller, and nonsense is refused: the parser has looked.
assert compiled('')[1] < size
assert compiled('  nonsense,')[0] != 0
