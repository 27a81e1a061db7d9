#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""The tour of tools/demo, narrated. Its room is the one of the integration tests: namespaces of its
own, a scratch directory, and a process outside that takes away what is left, whatever ends the tour."""
import contextlib
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(TOP, 'tests/integration'))
import sandbox  # noqa: E402

SCRATCH = sandbox.enter()
ROOT = os.path.join(SCRATCH, 'demo')
BUILD = os.environ.get('VIRTLXCD_BUILD', os.path.join(TOP, 'build'))
DAEMON = os.path.join(BUILD, 'src/lxc_driver/virtlxcd')
URI = f'lxc:///system?socket={ROOT}/run/libvirt/virtlxcd-sock'
PROMPT = 'bb # '
XML = """\
<domain type='lxc'>
  <name>bb</name>
  <memory unit='MiB'>64</memory>
  <os>
    <type>exe</type>
    <init>/bin/sh</init>
    <initenv name='PS1'>{prompt}</initenv>
  </os>
  <devices>
    <filesystem type='mount'>
      <source dir='{tree}'/>
      <target dir='/'/>
    </filesystem>
    <interface type='bridge'>
      <source bridge='demobr0'/>
      <ip address='10.77.0.2' prefix='24'/>
      <route address='0.0.0.0' prefix='0' gateway='10.77.0.1'/>
    </interface>
    <console type='pty'/>
  </devices>
</domain>
"""


def tell(text):
    print(f'\n\033[1m{text}\033[0m' if sys.stdout.isatty() else f'\n{text}', flush=True)


def stop_here(why):
    print(f'\nThe demo stops here: {why}', file=sys.stderr)
    with contextlib.suppress(OSError):
        with open(os.path.join(ROOT, 'daemon.log'), encoding='utf-8', errors='replace') as log:
            print('What the daemon said:', log.read()[-2000:] or 'nothing', file=sys.stderr)
    sys.exit(1)


def run(*words):
    print('$', *words, flush=True)
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.stdout.strip():
        print(done.stdout.strip(), flush=True)
    return done.returncode == 0


def virsh(*words):
    print('$ virsh', *words, flush=True)
    done = subprocess.run(['virsh', '-c', URI, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.stdout.strip():
        print(done.stdout.strip(), flush=True)
    if done.returncode:
        stop_here(f'virsh {words[0]} failed')


def wait_for(check, what):
    deadline = time.monotonic() + 20
    while not check():
        if time.monotonic() > deadline:
            stop_here(what)
        select.select([], [], [], 0.02)


def answers():
    return subprocess.run(['virsh', '-c', URI, 'uri'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0


def start_daemon():
    with open(os.path.join(ROOT, 'daemon.log'), 'ab') as log:
        daemon = subprocess.Popen([DAEMON, '--root', ROOT], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    wait_for(lambda: daemon.poll() is not None or answers(), 'the daemon does not answer')
    if daemon.poll() is not None:
        stop_here('the daemon ended')
    return daemon


def make_bridge():
    for words in ('link add demobr0 type bridge', 'addr add 10.77.0.1/24 dev demobr0', 'link set demobr0 up'):
        if not run('ip', *words.split()):
            stop_here('this kernel makes no bridge (CONFIG_BRIDGE)')


def limit_file():
    """Where a container finds its memory limit: the controller is on v1 or on v2."""
    v1 = '/sys/fs/cgroup/memory/memory.limit_in_bytes'
    return v1 if os.path.exists(v1) else '/sys/fs/cgroup/memory.max'


def make_tree(tree):
    busybox = shutil.which('busybox')
    for folder in ('bin', 'dev', 'proc', 'sys', 'tmp', 'etc'):
        os.makedirs(os.path.join(tree, folder))
    shutil.copy(busybox, os.path.join(tree, 'bin/busybox'))
    for name in subprocess.run([busybox, '--list'], stdout=subprocess.PIPE, text=True, check=True).stdout.split():
        if name != 'busybox':
            os.symlink('busybox', os.path.join(tree, 'bin', name))
    with open(os.path.join(tree, 'etc/passwd'), 'w', encoding='utf-8') as file:
        file.write('root:x:0:0:root:/:/bin/sh\n')


class Console:
    """virsh console in a terminal of its own, as a person would use it."""

    def __init__(self):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvp('virsh', ['virsh', '-q', '-c', URI, 'console', 'bb'])
        print('$ virsh console bb', flush=True)
        self.read()  # what the shell has said so far was kept for us

    def read(self):
        """What comes until the next prompt, without it."""
        text = ''
        deadline = time.monotonic() + 20
        while not text.endswith(PROMPT):
            if not select.select([self.fd], [], [], max(0, deadline - time.monotonic()))[0]:
                stop_here(f'the console says nothing more after {text!r}')
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                stop_here(f'the console ended with {text!r}')
            text = re.sub(r'\x1b\[[0-9;?]*[A-Za-z]', '', text + data.decode(errors='replace').replace('\r', ''))
        return text[:-len(PROMPT)]

    def run(self, command):
        os.write(self.fd, command.encode() + b'\n')
        lines = self.read().split('\n')[1:]  # the first is what we typed
        print(f'    {PROMPT}{command}', *('    ' + line for line in lines if line.strip()), sep='\n', flush=True)

    def leave(self):
        os.write(self.fd, b'\x1d')  # ctrl-]
        os.waitpid(self.pid, 0)
        os.close(self.fd)


def look_around(console):
    for command in ('hostname', 'id', 'ps', 'ip addr', 'ping -c 1 10.77.0.1', 'ls /dev', f'cat {limit_file()}'):
        console.run(command)


def main():
    begin = time.monotonic()
    tree = os.path.join(ROOT, 'tree')
    definition = os.path.join(ROOT, 'bb.xml')
    os.makedirs(ROOT)
    tell('A root tree with busybox, and a bridge. Both are in a room of this demo and go with it.')
    make_tree(tree)
    make_bridge()
    tell('A private virtlxcd with all its files below one directory. (Of an installed one the URI is lxc:///system.)')
    print(f'$ virtlxcd --root {ROOT} &')
    daemon = start_daemon()
    print(f'$ export LIBVIRT_DEFAULT_URI={URI}')
    tell('The container in the XML that libvirt users know: bb.xml')
    with open(definition, 'w', encoding='utf-8') as file:
        file.write(XML.format(tree=tree, prompt=PROMPT))
    print(XML.format(tree=tree, prompt=PROMPT).rstrip())
    tell('Stock virsh defines and starts it.')
    virsh('define', definition)
    virsh('start', 'bb')
    virsh('list', '--all')
    tell('We are root inside, alone, with an address on the bridge, a small /dev, and 64 MiB.')
    console = Console()
    look_around(console)
    tell('The memory limit changes while it runs.')
    virsh('setmem', 'bb', '32M', '--live')
    console.run(f'cat {limit_file()}')
    console.leave()
    tell('The daemon is killed and comes back. The container does not notice: the same id, still running.')
    print(f'$ kill -9 {daemon.pid}; virtlxcd --root {ROOT} &')
    daemon.kill()
    daemon.wait()
    daemon = start_daemon()
    virsh('list', '--all')
    tell('It stops, and its definition goes.')
    virsh('destroy', 'bb')
    virsh('undefine', 'bb')
    virsh('list', '--all')
    daemon.terminate()
    daemon.wait()
    tell(f'That was all, in {time.monotonic() - begin:.1f} s. Nothing of it is left on this machine.')
    print('README.md says how to install virtlxcd.')


main()
