#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""A start that fails says which thing could not be done and why, leaves nothing, and can be tried again."""
import os
import shutil

import libvirt

from harness import Instance, equal, refused, skip

with Instance() as host:
    if host.stock:
        skip('the stock driver reports less')
    tree = host.tree()
    os.makedirs(os.path.join(tree, 'dir'))
    with open(os.path.join(tree, 'plain'), 'w', encoding='utf-8') as file:
        file.write('no program')
    with open(os.path.join(tree, 'script'), 'w', encoding='utf-8') as file:
        file.write('#!/no/such/interpreter\n')
    os.chmod(os.path.join(tree, 'script'), 0o755)
    odd = host.tree('odd')
    shutil.rmtree(os.path.join(odd, 'dev'))
    with open(os.path.join(odd, 'dev'), 'w', encoding='utf-8'):
        pass
    for name, words, text in (
            ('odd', {'tree': odd}, "cannot mount anything on '/dev': .*directory"),
            ('missing', {'init': '/no/such/init'}, '/no/such/init.*No such file'),
            ('plain', {'init': '/plain'}, '/plain.*Permission denied'),
            ('dir', {'init': '/dir'}, '/dir.*(Permission denied|directory)'),
            ('script', {'init': '/script'}, '/script.*No such file'),
            ('tree', {'tree': '/no/such/tree'}, '/no/such/tree.*No such file'),
            ('user', {'os_extra': '<inituser>nobodyhere</inituser>'}, 'nobodyhere'),
            ('bridge', {'devices': "<interface type='bridge'><source bridge='nosuch'/></interface>"}, "^links: interface 'eth0': .*nosuch"),
            ('workdir', {'os_extra': '<initdir>/no/such/dir</initdir>'}, '/no/such/dir')):
        dom = host.define(name, **words)
        for _ in range(2):
            with refused('INTERNAL_ERROR|SYSTEM_ERROR|CONFIG_UNSUPPORTED|OPERATION_FAILED|INVALID_ARG', text=text):
                dom.create()
            equal(dom.isActive(), 0)
        equal(dom.state(), [libvirt.VIR_DOMAIN_SHUTOFF, libvirt.VIR_DOMAIN_SHUTOFF_FAILED], name)
    # Mended, the same domain starts.
    dom = host.define('missing', uuid=host.conn.lookupByName('missing').UUIDString())
    dom.create()
    equal(dom.isActive(), 1)
    # A console is nothing that a container must have.
    equal(host.create('mute', console='').isActive(), 1)
