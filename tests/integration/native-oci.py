#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""An exported bundle does under crun what its domain does here, and an imported one here what it does under crun."""
import json
import os
import shutil
import subprocess

import sandbox
from foreign import SHOW, facts, run_beside
from harness import Instance, contains, equal, eventually, skip

if shutil.which('crun') is None:
    skip('crun is not installed')

UUID = 'c7a5fdbd-edaf-9455-926a-d65c16db1809'
# What this machine may not give cannot be asked for: a few that everybody has.
CAPABILITIES = "<capabilities policy='deny'><chown/><dac_override/><kill/><setuid/><setgid/></capabilities>"
SAME = ('cwd', 'ids', 'host', 'files', 'core', 'oom', 'links', 'map', 'CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'NoNewPrivs', 'env')
OWN = """<virtlxcd:container xmlns:virtlxcd='urn:virtlxcd:domain:1.0'>
  <virtlxcd:hostname name='box.example.org'/>
  <virtlxcd:pids limit='50'/>
  <virtlxcd:oom score='200'/>
  <virtlxcd:rlimit name='nofile' soft='100' hard='200'/>
  <virtlxcd:rlimit name='core' soft='0' hard='0'/>
  <virtlxcd:privileges noNew='yes'/>
  <virtlxcd:mask path='/etc/secret'/>
</virtlxcd:container>"""


def report(folder):
    with open(os.path.join(folder, 'part'), encoding='utf-8', errors='replace') as file:
        return facts(file.read())


def remove_group_of_crun(host):
    """cgroupsPath is two names deep; crun removes the last and leaves the first."""
    sandbox.remove_groups(sandbox.instance_name(host.root))


def run_bundle(host, folder):
    """crun does not know hosts with both versions of control groups: in a mount namespace of its own it sees version 1."""
    hide = 'if mountpoint -q /sys/fs/cgroup/unified; then umount /sys/fs/cgroup/unified; fi'
    text = run_beside(['crun', '--root', host.path('crun'), '--cgroup-manager', 'cgroupfs', 'run', '-b', folder, 'box'],
                      before=hide)
    remove_group_of_crun(host)
    return text


def bundle(host, name, config):
    folder = host.path(name)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, 'config.json'), 'w', encoding='utf-8') as file:
        json.dump(config, file)
    return folder


def exported(host):
    """Init, its rights, limits, names, mounts and namespaces."""
    data = host.path('data')
    os.makedirs(data)
    words = {'uuid': UUID, 'features': '<privnet/>' + CAPABILITIES, 'extra': OWN,
             'os_extra': "<initenv name='TWO'>a=b \"c\"</initenv><initdir>/tmp</initdir>",
             'devices': f"<filesystem><source dir='{data}'/><target dir='/data'/><readonly/></filesystem>"
                        "<filesystem type='ram'><source usage='1024'/><target dir='/ram'/></filesystem>"}
    ours = facts(host.ask('box', *SHOW, **words))
    folder, device = host.report('box')
    os.unlink(os.path.join(folder, 'part'))
    words['devices'] += device
    xml = host.xml('box', args=['to', '/report/part', ',', *SHOW], console='', **words)
    config = json.loads(host.conn.domainXMLToNative('oci', xml, 0))
    equal(config['annotations']['io.virtlxcd.uuid'], UUID)
    equal(run_bundle(host, bundle(host, 'exported', config)), '')
    theirs = report(folder)
    for name in SAME:
        equal(theirs[name], ours[name], name)
    equal(theirs['words'][1:4], ['to', '/report/part', ','])
    for target in ('/proc', '/proc/sys', '/sys', '/dev', '/dev/pts', '/dev/shm', '/data', '/ram', '/report'):
        equal('ro' in theirs['mounts'][target], 'ro' in ours['mounts'][target], target)


def on_a_terminal(host):
    """A console is a terminal there as well; script(1) is the one that crun is started on."""
    xml = host.xml('box', args=['tty'], features=CAPABILITIES)
    folder = bundle(host, 'terminal', json.loads(host.conn.domainXMLToNative('oci', xml, 0)))
    hide = 'if mountpoint -q /sys/fs/cgroup/unified; then umount /sys/fs/cgroup/unified; fi'
    crun = f'crun --root {host.path("crun")} --cgroup-manager cgroupfs run -b {folder} box'
    contains(run_beside(['script', '-qec', crun, '/dev/null'], before=hide), 'tty /dev/')
    remove_group_of_crun(host)


def imported(host):
    """The example that crun itself writes, with a root, a command and a place to report to."""
    folder = host.path('imported')
    os.makedirs(folder)
    subprocess.run(['crun', 'spec'], cwd=folder, check=True)
    with open(os.path.join(folder, 'config.json'), encoding='utf-8') as file:
        config = json.load(file)
    place, _ = host.report('spec')
    config['root'] = {'path': host.tree(), 'readonly': False}
    config['hostname'] = 'spec'
    config['process'].update(terminal=False, args=['/payload', 'to', '/report/part', ',', *SHOW], cwd='/tmp', oomScoreAdj=300)
    config['process']['env'] += ['SAID=so']
    config['process']['capabilities'].pop('ambient')
    config['mounts'].append({'destination': '/report', 'type': 'bind', 'source': place, 'options': ['rbind']})
    run_bundle(host, bundle(host, 'imported', config))
    theirs = report(place)
    os.unlink(os.path.join(place, 'part'))

    config['process']['args'] += [',', 'mark', '/report/done', ',', 'pause']
    xml = host.conn.domainXMLFromNative('oci', json.dumps(config), 0)
    contains(xml, "linux.namespaces has no 'cgroup'")
    dom = host.conn.createXML(xml)
    equal(dom.name(), 'spec')
    eventually(lambda: os.path.exists(os.path.join(place, 'done')), 'the imported container reports')
    ours = report(place)
    dom.destroy()
    for name in set(SAME) - {'CapInh', 'env'}:
        equal(ours[name], theirs[name], name)
    said = {word for word in theirs['env'] if not word.startswith('HOME=')}  # which crun looks up
    assert said <= set(ours['env']), (said, ours['env'])


with Instance() as host:
    exported(host)
    on_a_terminal(host)
    imported(host)
