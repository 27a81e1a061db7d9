#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""Mounts of every kind together, below each other, with what is mounted below them, read-only, with an id map and owned by others; owners on the disk stay, and what cannot be mapped is named with a way out."""
import contextlib
import html
import os
import subprocess

from harness import Instance, contains, equal, eventually, mounts, refused, skip
from imagefiles import make_image
from trees import IDMAP, OURS, filesystem, fingerprint, overlay, shell

if os.environ.get('VIRTLXCD_STOCK') == '1':
    skip('the stock driver has none of these words')


def put(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)


def words(**attributes):
    return f'<virtlxcd:mount {OURS}' + ''.join(f" {name}='{value}'" for name, value in attributes.items()) + '/>'


@contextlib.contextmanager
def mounted(kind, place, *options):
    os.makedirs(place, exist_ok=True)
    subprocess.run(['mount', '-t', kind, *options, 'none', place], check=True)
    try:
        yield place
    finally:
        subprocess.run(['umount', place], check=True)


def all_kinds_at_once(host, extra):
    """One of each, and each inside the one before: nothing of it is there afterwards."""
    source = host.path('source')
    put(f'{source}/file', 'of the host\n')
    image = make_image(host.path('image'), 'ext4')
    before = mounts()
    devices = (filesystem(source, '/all', words(idmapped='yes') if extra else '')
               + filesystem('1024', '/all/ram', kind='ram', key='usage')
               + filesystem(source, '/all/ram/over', overlay(ephemeral=True), access='mapped' if extra else '')
               + filesystem(image, '/all/ram/over/image', kind='file', key='file', access='mapped' if extra else '')
               + filesystem('/all', '/all/ram/over/image/bind', kind='bind'))
    text = shell(host, 'bb', 'cd /all/ram/over/image/bind; cat file ram/over/file; for place in . ram ram/over ram/over/image; do echo made > $place/made; done; '
                 'stat -c %u made ram/made ram/over/made ram/over/image/made', devices=devices, extra=extra)
    equal(text.split('\n'), ['of the host'] * 2 + ['0'] * 4 + [''])
    equal(os.stat(f'{source}/made').st_uid, 0)
    equal(sorted(os.listdir(source)), ['file', 'made', 'ram'])
    equal(os.listdir(f'{source}/ram'), [])
    equal(mounts(), before)
    os.unlink(f'{source}/made')


def what_is_mounted_below(host, extra):
    top = host.path('top')
    put(f'{top}/file', 'top\n')
    mapped = {'access': 'mapped'} if extra else {}
    with mounted('tmpfs', f'{top}/below'):
        put(f'{top}/below/deep', 'deep\n')
        os.makedirs(f'{top}/below/further', exist_ok=True)
        with mounted('tmpfs', f'{top}/below/further'):
            devices = (filesystem(top, '/all', **mapped) + filesystem(top, '/alone', words(recursive='no'), **mapped)
                       + filesystem(top, '/kept', '<readonly/>', **mapped))
            text = shell(host, 'bb', 'cat /all/below/deep; ls /alone/below; for place in file below/file below/further/file; do '
                         'echo x > /kept/$place; done; echo x > /all/below/further/new; stat -c %u /all/below/further/new', devices=devices, extra=extra)
            lines = text.splitlines()
            equal((lines[0], lines[-1]), ('deep', '0'))
            equal(text.count('Read-only file system'), 3)
            assert os.path.exists(f'{top}/below/further/new')


def what_is_mounted_later(host, extra):
    """Private: nothing comes; slave: what the host mounts; shared: also what the container mounts, unless it has other users."""
    top = host.path('later')
    with mounted('tmpfs', top):
        subprocess.run(['mount', '--make-shared', top], check=True)
        for name in ('host', 'own'):
            os.makedirs(f'{top}/{name}')
        for propagation, comes, goes in (('private', False, False), ('slave', True, False), ('shared', True, not extra)):
            folder, device = host.report('bb')
            os.chmod(folder, 0o777)
            for name in os.listdir(folder):
                os.unlink(os.path.join(folder, name))
            script = ('while [ ! -e /report/now ]; do sleep 0.02; done; ls /data/host > /report/seen; '
                      'mount -t tmpfs none /data/own; echo x > /data/own/x; echo > /report/done; sleep 1000')
            dom = host.create('bb', init='/bin/sh', args=['-c', html.escape(script)], extra=extra,
                              devices=device + filesystem(top, '/data', words(propagation=propagation)))
            with mounted('tmpfs', f'{top}/host'):
                put(f'{top}/host/late', '')
                put(f'{folder}/now', '')
                eventually(lambda: os.path.exists(f'{folder}/done'), 'the container has looked')
                with open(f'{folder}/seen', encoding='utf-8') as file:
                    equal(file.read().split(), ['late'] if comes else [], propagation)
                equal(os.listdir(f'{top}/own'), ['x'] if goes else [], propagation)
                dom.destroy()
                if goes:
                    subprocess.run(['umount', f'{top}/own'], check=True)


def owners_stay(host):
    """Owners are shown as the container's when mapped, as nobody when not, and are on the disk what they were."""
    tree = host.path('foreign')
    for number in (0, 1000, 5000, 70000):
        put(f'{tree}/of{number}', '')
        os.chown(f'{tree}/of{number}', number, number)
    before = fingerprint(tree)
    look = 'stat -c %u /data/of0 /data/of1000 /data/of5000 /data/of70000; chown 7 /data/of70000 2> /dev/null || echo no'
    for device, owners in ((filesystem(tree, '/data'), '65534 65534 65534 65534 no'),
                           (filesystem(tree, '/data', '<readonly/>', access='mapped'), '0 1000 5000 65534 no'),
                           (filesystem(tree, '/data', '<readonly/>', words(idmapped='yes')), '0 1000 5000 65534 no')):
        equal(' '.join(shell(host, 'bb', look, devices=device, extra=IDMAP).split()), owners)
    equal(fingerprint(tree), before, 'a foreign tree')
    # A root tree, read-only and of others.
    before = fingerprint(host.tree())
    root = filesystem(host.tree(), '/', '<readonly/>')
    dom = host.create('ro', tree=False, devices=root, extra=IDMAP)
    equal(dom.isActive(), 1)
    dom.destroy()
    equal(fingerprint(host.tree()), before, 'a read-only root')


def what_cannot_be_mapped(host):
    """The start says what is at fault and how to go on, and both ways work."""
    place = host.path('unmapped')
    before = fingerprint(host.tree())
    with mounted('ramfs', place):
        subprocess.run(['cp', '-a', host.tree() + '/.', place], check=True)
        inside = fingerprint(place)
        with refused('CONFIG_UNSUPPORTED', 'LXC', f"{place}.*'/'.*does not do idmapped mounts.*idmapped='no'"):
            host.create('bb', tree=place, extra=IDMAP)
        equal(fingerprint(place), inside, 'what cannot be mapped')
        equal(shell(host, 'bb', 'id -u; stat -c %u /etc/passwd', tree=False, devices=filesystem(place, '/', words(idmapped='no')), extra=IDMAP).split(), ['0', '65534'])
    # One mount below is at fault.
    tree = host.tree('nested')
    with mounted('ramfs', f'{tree}/var'):
        with refused('CONFIG_UNSUPPORTED', 'LXC', f"{tree}'.*'{tree}/var'.*recursive='no'"):
            host.create('bb', tree=tree, extra=IDMAP)
        equal(shell(host, 'bb', 'id -u', tree=False, devices=filesystem(tree, '/', words(recursive='no')), extra=IDMAP).split(), ['0'])
    # An overlay of the host, and a layer that cannot be mapped.
    upper, work, merged = (host.path(name) for name in ('u', 'w', 'merged'))
    for name in (upper, work, merged):
        os.makedirs(name)
    subprocess.run(['mount', '-t', 'overlay', '-o', f'lowerdir={tree},upperdir={upper},workdir={work}', 'none', merged], check=True)
    for device in (filesystem(merged, '/'), filesystem(tree, '/', overlay(lowers=(merged,)))):
        with refused('CONFIG_UNSUPPORTED', 'LXC', f'{merged}.*does not do idmapped mounts'):
            host.create('bb', tree=False, devices=device, extra=IDMAP)
    subprocess.run(['umount', merged], check=True)
    equal(fingerprint(host.tree()), before, 'the tree')


def file_or_directory(host, extra):
    """What is mounted on something of the other kind is refused in words that tell so."""
    put(f'{host.path("some")}/file', '')
    for source, target, words in (('some/file', '/etc', 'Is a directory'), ('some', '/etc/passwd', 'Not a directory'), ('some', '/dev/null', 'Not a directory')):
        with refused('SYSTEM_ERROR', 'LXC', f"mounts: cannot mount '{host.path(source)}' on '{target}': {words}"):
            host.create('bb', devices=filesystem(host.path(source), target), extra=extra)
    with refused('SYSTEM_ERROR', 'LXC', f"root: cannot mount '{host.path('some/file')}' on '/': Is a directory"):
        host.create('bb', tree=host.path('some/file'), extra=extra)


with Instance() as host:
    for extra in ('', IDMAP):
        file_or_directory(host, extra)
        what_is_mounted_later(host, extra)
        all_kinds_at_once(host, extra)
        what_is_mounted_below(host, extra)
    owners_stay(host)
    what_cannot_be_mapped(host)
