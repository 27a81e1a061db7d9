# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""What the scripts about network devices share: ip(8), cards with a cable, and what a container has."""
import json
import subprocess


def ip(*words, check=True):
    return subprocess.run(['ip', *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=check).stdout


def device(name):
    """What ip(8) knows of a device of the host, or None."""
    done = subprocess.run(['ip', '-json', '-details', 'link', 'show', 'dev', name], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    return json.loads(done.stdout)[0] if done.returncode == 0 else None


def looks(name):
    """How a device of the host looks to whoever used it before: address, MTU, up or not."""
    found = device(name)
    return found and (found['address'], found['mtu'], 'UP' in found['flags'])


def make_bridge(name, address=None):
    ip('link', 'add', name, 'type', 'bridge')
    if address:
        ip('addr', 'add', address, 'dev', name)
    ip('link', 'set', name, 'up')


def make_card(name, far_end, mac, address=None):
    """A card `name` with a cable to `far_end`, which has the address."""
    ip('link', 'add', name, 'address', mac, 'mtu', '1480', 'type', 'veth', 'peer', 'name', far_end)
    ip('link', 'set', name, 'up')
    ip('link', 'set', far_end, 'up')
    if address:
        ip('addr', 'add', address, 'dev', far_end)


def inside(host, name, *words, check=True):
    """Runs a command in the container with the tools of its tree."""
    done = host.virsh('lxc-enter-namespace', name, '--noseclabel', *words, check=False)
    if check and done.returncode:
        raise AssertionError(f'{words}: {done.stdout}')
    return done.stdout


def reaches(host, name, address, seconds=5):
    return '1 packets received' in inside(host, name, '/bin/ping', '-c', '1', '-W', str(seconds), address, check=False)
