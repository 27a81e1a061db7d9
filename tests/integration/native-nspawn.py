#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""An exported .nspawn file does under systemd-nspawn what its domain does here."""
import os
import shutil
import subprocess

from foreign import SHOW, facts, group, run_beside
from harness import Instance, contains, equal, eventually, skip

if shutil.which('systemd-nspawn') is None:
    skip('systemd-nspawn is not installed')

CAPABILITIES = ("<capabilities policy='deny'><chown/><dac_override/><kill/><setuid/><setgid/><sys_admin/><sys_chroot/>"
                "<net_admin/></capabilities>")
SAME = ('cwd', 'ids', 'host', 'files', 'core', 'oom', 'links', 'CapPrm', 'CapEff', 'CapBnd', 'NoNewPrivs')
OWN = """<virtlxcd:container xmlns:virtlxcd='urn:virtlxcd:domain:1.0'>
  <virtlxcd:hostname name='box.example.org'/>
  <virtlxcd:oom score='200'/>
  <virtlxcd:rlimit name='nofile' soft='100' hard='200'/>
  <virtlxcd:rlimit name='core' soft='0' hard='0'/>
  <virtlxcd:privileges noNew='yes'/>
</virtlxcd:container>"""
# Settings are trusted in /run/systemd/nspawn; nothing of the machine's /run is touched.
PLACE = 'mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/nspawn && cp {file} /run/systemd/nspawn/{name}.nspawn'


def nspawn(host, name, text, tree):
    path = host.path(name + '.nspawn')
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)
    with group(host) as groups:
        return run_beside(['systemd-nspawn', '--quiet', '--register=no', '--keep-unit', '--settings=yes', '--console=pipe',
                           '-D', tree, '-M', name], groups, PLACE.format(file=path, name=name))


def tree_for_nspawn(host):
    """It wants to see an operating system."""
    tree = host.tree('nspawn')
    os.makedirs(os.path.join(tree, 'usr/lib'), exist_ok=True)
    with open(os.path.join(tree, 'usr/lib/os-release'), 'w', encoding='utf-8') as file:
        file.write('ID=test\n')
    return tree


def works_here(host, tree):
    """Whether systemd-nspawn can run anything on this machine; the reason when not."""
    try:
        return 'fine' in nspawn(host, 'probe', '[Exec]\nBoot=no\nParameters=/payload say fine\n', tree)
    except (AssertionError, subprocess.TimeoutExpired) as error:
        print(error)
        return False


def exported(host, tree):
    data = host.path('data')
    os.makedirs(data)
    words = {'tree': tree, 'features': '<privnet/>' + CAPABILITIES, 'extra': OWN,
             'os_extra': "<initenv name='TWO'>a=b \"c\" it's\\</initenv><initdir>/tmp</initdir>",
             'devices': f"<filesystem><source dir='{data}'/><target dir='/data'/><readonly/></filesystem>"
                        "<filesystem type='ram'><source usage='1024'/><target dir='/ram'/></filesystem>"}
    ours = facts(host.ask('box', *SHOW, **words))
    folder, device = host.report('box')
    os.unlink(os.path.join(folder, 'part'))
    words['devices'] += device
    xml = host.xml('box', args=['to', '/report/part', ',', *SHOW], console='', **words)
    text = host.conn.domainXMLToNative('nspawn', xml, 0)
    equal(nspawn(host, 'box', text, tree), '')
    with open(os.path.join(folder, 'part'), encoding='utf-8', errors='replace') as file:
        theirs = facts(file.read())
    for name in SAME:
        equal(theirs[name], ours[name], name)
    equal(theirs['words'][1:4], ['to', '/report/part', ','])
    contains(theirs['env'], 'TWO=a=b "c" it\'s\\')
    for target in ('/data', '/ram', '/report'):
        equal('ro' in theirs['mounts'][target], 'ro' in ours['mounts'][target], target)


def with_ids(host, tree):
    """A range of ids, and the tree mapped to it."""
    folder, device = host.report('ids')
    os.chmod(folder, 0o777)
    xml = host.xml('ids', args=['to', '/report/part', ',', *SHOW], tree=tree, devices=device, console='',
                   features='<privnet/>',
                   extra="<idmap><uid start='0' target='165536' count='65536'/><gid start='0' target='165536' count='65536'/></idmap>")
    text = host.conn.domainXMLToNative('nspawn', xml, 0)
    contains(text, 'PrivateUsers=165536:65536\n')
    nspawn(host, 'ids', text, tree)
    with open(os.path.join(folder, 'part'), encoding='utf-8', errors='replace') as file:
        theirs = facts(file.read())
    equal((theirs['map'], theirs['ids']), ([['0', '165536', '65536']], ('0', '0')))


def imported(host, tree):
    """A settings file becomes a domain that starts."""
    folder, _ = host.report('web')
    text = f"""[X-virtlxcd]
Directory={tree}
[Exec]
Hostname=web
Boot=no
Parameters=/payload to /report/part , say 'it is' , host , mark /report/done , pause
[Files]
Bind={folder}:/report
[Network]
VirtualEthernet=yes
"""
    dom = host.conn.createXML(host.conn.domainXMLFromNative('nspawn', text, 0))
    eventually(lambda: os.path.exists(os.path.join(folder, 'done')), 'the imported container reports')
    with open(os.path.join(folder, 'part'), encoding='utf-8') as file:
        equal(file.read().split('\n')[:2], ['it is', 'web ' + os.uname().machine])
    contains(dom.XMLDesc(0), "<guest dev='host0'/>")
    dom.destroy()


with Instance() as host:
    tree = tree_for_nspawn(host)
    imported(host, tree)
    if works_here(host, tree):
        exported(host, tree)
        with_ids(host, tree)
    else:
        skip('systemd-nspawn does not run here')
