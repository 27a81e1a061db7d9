#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""An overlay shows its layers in their order and writes into the upper directory or memory only, with and without an id map; a layer that cannot be used is named."""
import os
import re
import subprocess

from trees import IDMAP, OURS, fingerprint, filesystem, overlay, shell
from harness import Instance, contains, equal, refused, skip

if os.environ.get('VIRTLXCD_STOCK') == '1':
    skip('the stock driver has no overlays')


def folders(host, *names):
    for name in names:
        os.makedirs(host.path(name), exist_ok=True)
    return [host.path(name) for name in names]


def put(path, text):
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)


def root_is_written_above(host, extra, owner):
    """What is written is in the upper directory, in the name of whom the tree belongs to, and there at the next start."""
    upper, work = folders(host, f'upper{owner}{len(extra)}', f'work{owner}{len(extra)}')
    tree = host.tree(f'tree{owner}')
    subprocess.run(['chown', '-hR', f'{owner}:{owner}', tree, upper], check=True)
    before = fingerprint(tree)
    root = filesystem(tree, '/', overlay(upper=upper, work=work))
    text = shell(host, 'bb', 'cat /kept 2>&1; echo new > /kept; rm /etc/group; mkdir -p /tmp/a/b; stat -c "%u %g %a" / /etc/passwd /kept',
                 tree=False, devices=root, extra=extra)
    contains(text, "can't open '/kept'")
    equal(text.splitlines()[1:], ['0 0 755', '0 0 644', '0 0 644'])
    equal(os.stat(f'{upper}/kept').st_uid, owner)
    equal(os.stat(f'{upper}/tmp/a/b').st_uid, owner)
    text = shell(host, 'bb', 'cat /kept; ls /etc', tree=False, devices=root, extra=extra)
    equal(text.split(), ['new', 'passwd'])
    equal(fingerprint(tree), before, 'the lower tree')


def memory_is_forgotten(host, extra):
    tree = host.tree('tree0')
    before = fingerprint(tree)
    root = filesystem(tree, '/', overlay(ephemeral=True), "<space_hard_limit unit='M'>1</space_hard_limit>")
    script = 'ls /mine; mkdir /mine; dd if=/dev/zero of=/mine/big bs=64k count=100 2>&1; stat -c "%u %a" / /mine; rm /mine/big; mv /etc/passwd /moved'
    for _ in range(2):
        text = shell(host, 'bb', script, tree=False, devices=root, extra=extra)
        contains(text, 'ls: /mine: No such file')
        contains(text, 'No space left')
        equal(text.splitlines()[-2:], ['0 755', '0 755'])
    equal(fingerprint(tree), before, 'the lower tree')


def layers_cover_each_other(host):
    first, second, third = folders(host, 'first', 'second', 'third')
    for folder, names in ((first, 'a'), (second, 'ab'), (third, 'abc')):
        for name in names:
            put(f'{folder}/{name}', f'{name} of {os.path.basename(folder)}\n')
    plain = overlay(lowers=(second, third))
    text = shell(host, 'bb', 'cat /data/a /data/b /data/c; echo x > /data/a; echo x > /data/d; echo x > /mem/a; cat /mem/a; grep " /mem " /proc/self/mountinfo',
                 devices=filesystem(first, '/data', plain) + filesystem(first, '/mem', "<virtlxcd:mount xmlns:virtlxcd='urn:virtlxcd:domain:1.0' noexec='yes'/>",
                                                                          overlay(ephemeral=True)))
    equal(text.splitlines()[:3], ['a of first', 'b of second', 'c of third'])
    equal(text.count('Read-only file system'), 2)
    equal(text.splitlines()[5], 'x')
    contains(text.splitlines()[6], 'noexec')
    assert first not in text, f'the name of a layer shows inside: {text}'
    equal(os.listdir(first), ['a'])
    optional = f"<virtlxcd:mount {OURS} optional='yes'/>"
    text = shell(host, 'bb', 'grep -c -E " /(data|mem) " /proc/self/mountinfo; ls /mem',
                 devices=filesystem('/no/such', '/data', optional, plain) + filesystem(first, '/mem', optional, plain))
    equal(text.split(), ['1', 'a', 'b', 'c'])
    # Names that mean something in the kernel's list of layers.
    odd, = folders(host, 'odd:,upperdir=\\x')
    put(f'{odd}/e', 'odd\n')
    equal(shell(host, 'bb', 'cat /data/e', devices=filesystem(first, '/data', overlay(lowers=(odd,)))), 'odd\n')
    # Many of them.
    many = folders(host, *(f'many/{number}' for number in range(40)))
    put(f'{many[-1]}/deep', 'deep\n')
    equal(shell(host, 'bb', 'cat /data/deep', devices=filesystem(first, '/data', overlay(lowers=many))), 'deep\n')
    with refused('CONFIG_UNSUPPORTED', text='/data.*60'):
        host.create('bb', devices=filesystem(first, '/data', overlay(lowers=many * 2)))


def survives_a_reboot(host, extra):
    """What is written on the host is there after a reboot of the container, what is in memory is not."""
    upper, work = folders(host, f'again{len(extra)}', f'again-work{len(extra)}')
    devices = (filesystem(host.tree('tree0'), '/', overlay(upper=upper, work=work))
               + filesystem(host.tree('tree0'), '/tmp', overlay(ephemeral=True), access='mapped' if extra else ''))
    text = shell(host, 'bb', 'if [ ! -e /report/once ]; then echo 1 > /report/once; echo kept > /kept; echo gone > /tmp/gone; reboot -f; exit 1; fi; '
                 'cat /kept; ls /tmp/gone /tmp/payload', tree=False, devices=devices, extra=extra)
    equal(text.splitlines(), ['kept', 'ls: /tmp/gone: No such file or directory', '/tmp/payload'])


def has_the_label(host):
    """With SELinux the container can do with it what it may with its own files."""
    contexts = '/etc/selinux/default/contexts/lxc_contexts'
    if not os.path.exists('/sys/fs/selinux/enforce') or not os.path.exists(contexts):
        return
    # Types that Debian's policy has; this script's mounts are its own.
    put(host.path('contexts'), ''.join(f'{word} = "system_u:{kind}:s0"\n' for word, kind in (
        ('process', 'system_r:initrc_t'), ('content', 'object_r:tmp_t'), ('file', 'object_r:tmp_t'))))
    subprocess.run(['mount', '--bind', host.path('contexts'), contexts], check=True)
    host.restart_daemon()
    first, upper, work = folders(host, 'first', 'labelled', 'labelled-work')
    for extra in ('', IDMAP):
        text = shell(host, 'bb', 'echo x > /data/x; echo x > /mem/x; cat /data/x /mem/x; grep -E " /(data|mem) " /proc/self/mountinfo', extra=extra + "<seclabel type='dynamic' model='selinux'/>",
                     devices=filesystem(first, '/data', overlay(upper=upper, work=work), access='mapped') + filesystem(first, '/mem', overlay(ephemeral=True), access='mapped'))
        equal(text.splitlines()[:2], ['x', 'x'])
        equal(len(re.findall(' - overlay .*context="?[a-z_]+:[a-z_]+:[a-z_]+:s0:c[0-9]+,c[0-9]+', text)), 2, text)
    subprocess.run(['umount', contexts], check=True)
    host.restart_daemon()


def has_its_upper_alone(host):
    """Two that write into one directory would destroy what is in it; any number may read."""
    upper, work, other, first = folders(host, 'alone', 'alone-work', 'alone-other', 'first')
    one = host.start('one', devices=filesystem(first, '/data', overlay(upper=upper, work=work)))
    two = host.define('two', devices=filesystem(first, '/data', overlay(upper=upper, work=other)))
    with refused('OPERATION_INVALID', 'LXC', f"'{upper}' is in use by domain 'one'"):
        two.create()
    with refused('OPERATION_INVALID', 'LXC', f"'{work}' is in use by domain 'one'"):
        host.create('three', devices=filesystem(first, '/data', overlay(upper=other, work=work)))
    host.create('three', devices=filesystem(first, '/data', overlay(ephemeral=True))).destroy()
    for again in (overlay(upper=upper + '/', work=host.path('alone-more')), overlay(upper=host.path('alone-more'), work=other), overlay(upper=other, work=upper)):
        with refused('CONFIG_UNSUPPORTED', 'LXC', 'cannot be written to by an overlay twice'):
            host.create('three', devices=filesystem(first, '/data', overlay(upper=upper, work=other)) + filesystem(first, '/more', again))
    one.destroy()
    two.create()
    two.destroy()


def no_way_through_the_container(host, extra):
    """Where the container could put a link in the way nothing is written."""
    shared, canary, first = folders(host, 'shared/upper', 'canary', 'first')
    os.makedirs(host.path('shared/work'), exist_ok=True)
    shared = host.path('shared')
    given = filesystem(shared, '/shared')
    with refused('CONFIG_UNSUPPORTED', 'LXC', f"{shared}/upper.*a container can change a directory on the way"):
        host.create('bb', devices=given + filesystem(first, '/data', overlay(upper=f'{shared}/upper', work=f'{shared}/work')), extra=extra)
    if not os.path.lexists(f'{host.path()}/theirs'):
        os.symlink(canary, host.path('theirs'))
        os.lchown(host.path('theirs'), 100000, 100000)
    with refused(text='theirs/upper.*symbolic link on the way'):
        host.create('bb', devices=filesystem(first, '/data', overlay(upper=host.path('theirs/upper'), work=host.path('theirs/work'))), extra=extra)
    equal(os.listdir(canary), [])


def bad_layers_are_named(host, extra):
    first, upper, work, mounted, other = folders(host, 'first', 'bad-upper', 'bad-work', 'mounted', 'bad-other')
    put(host.path('file'), '')
    if not os.path.lexists(host.path('link')):
        os.symlink(first, host.path('link'))
        subprocess.run(['mount', '-t', 'tmpfs', 'none', mounted], check=True)
    cases = ((overlay(lowers=('/no/such/lower',)), '/no/such/lower.*No such file'),
             (overlay(lowers=(host.path('file'),)), f"{host.path('file')}.*Not a directory"),
             (overlay(upper='/no/such/upper', work=work), '/no/such/upper.*No such file'),
             (overlay(upper=upper, work='/no/such/work'), '/no/such/work.*No such file'),
             (overlay(upper=host.path('link'), work=work), f"{host.path('link')}.*(Not a directory|symbolic)"),
             (overlay(upper=upper, work=mounted), f'{upper}.*{mounted}.*same mount'),
             (overlay(upper=upper, work=upper), f'{upper}'),
             (overlay(upper=upper, work=f'{upper}/inner'), f'{upper}/inner'),
             (overlay(upper=first, work=other), f'{first}.*two of its directories are the same'),
             (overlay(lowers=(first,)), f'{first}.*two of its directories are the same'))
    os.makedirs(f'{upper}/inner', exist_ok=True)
    for words, text in cases:
        with refused(text=text):
            host.create('bb', devices=filesystem(first, '/data', words), extra=extra)
    with refused(text='/no/such/source.*No such file'):
        host.create('bb', devices=filesystem('/no/such/source', '/data', overlay(ephemeral=True)), extra=extra)
    equal(os.listdir(upper), ['inner'])
    equal(os.listdir(work), [])


with Instance() as host:
    root_is_written_above(host, '', 0)
    root_is_written_above(host, IDMAP, 0)
    root_is_written_above(host, IDMAP, 100000)
    memory_is_forgotten(host, '')
    memory_is_forgotten(host, IDMAP)
    layers_cover_each_other(host)
    has_its_upper_alone(host)
    has_the_label(host)
    for extra in ('', IDMAP):
        survives_a_reboot(host, extra)
        no_way_through_the_container(host, extra)
        bad_layers_are_named(host, extra)
    subprocess.run(['umount', host.path('mounted')], check=True)
