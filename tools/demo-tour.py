#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""The tour of tools/demo, narrated. Its room is the one of the integration tests."""
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(TOP, 'tests/integration'))
import sandbox  # noqa: E402

SCRATCH = sandbox.enter()
ROOT = os.path.join(SCRATCH, 'demo')
DAEMON = os.path.join(TOP, 'build/src/lxc_driver/virtlxcd')
URI = f'lxc:///system?socket={ROOT}/run/libvirt/virtlxcd-sock'
PROMPT = b'/ # '
XML = """\
<domain type='lxc'>
  <name>bb</name>
  <memory unit='MiB'>64</memory>
  <os>
    <type>exe</type>
    <init>/bin/sh</init>
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


def virsh(*words):
    print('$ virsh', *words, flush=True)
    done = subprocess.run(['virsh', '-c', URI, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    print(done.stdout.strip(), flush=True)
    if done.returncode:
        sys.exit(f'the demo stops here: virsh {words[0]} failed')


def wait_for(check, what):
    deadline = time.monotonic() + 20
    while not check():
        if time.monotonic() > deadline:
            sys.exit(f'the demo stops here: {what}')
        select.select([], [], [], 0.02)


def start_daemon():
    log = open(os.path.join(ROOT, 'daemon.log'), 'ab')
    daemon = subprocess.Popen([DAEMON, '--root', ROOT], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    wait_for(lambda: daemon.poll() is not None
             or not subprocess.run(['virsh', '-c', URI, 'uri'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode,
             'the daemon does not answer')
    if daemon.poll() is not None:
        with open(log.name, encoding='utf-8') as file:
            sys.exit(f'the demo stops here: the daemon ended\n{file.read()}')
    return daemon


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
        os.write(self.fd, b'\n')
        self.read(PROMPT)

    def read(self, end):
        data = b''
        deadline = time.monotonic() + 20
        while not data.rstrip(b'\x1b[6n').endswith(end.rstrip()) and time.monotonic() < deadline:
            if select.select([self.fd], [], [], 0.2)[0]:
                data += os.read(self.fd, 65536)
        return re.sub(rb'\x1b\[[0-9;]*[A-Za-z]', b'', data).decode(errors='replace').replace('\r', '')

    def run(self, command):
        os.write(self.fd, command.encode() + b'\n')
        text = self.read(PROMPT)
        lines = [line for line in text.split('\n')[1:] if line.strip() != PROMPT.decode().strip()]
        print(f'    / # {command}', *('    ' + line for line in lines if line.strip()), sep='\n', flush=True)

    def leave(self):
        os.write(self.fd, b'\x1d')  # ctrl-]
        os.waitpid(self.pid, 0)
        os.close(self.fd)


def main():
    tree = os.path.join(ROOT, 'tree')
    os.makedirs(ROOT)
    tell('A root tree with busybox and a bridge, both for this demo only.')
    make_tree(tree)
    for words in (['link', 'add', 'demobr0', 'type', 'bridge'], ['addr', 'add', '10.77.0.1/24', 'dev', 'demobr0'], ['link', 'set', 'demobr0', 'up']):
        print('$ ip', *words)
        subprocess.run(['ip', *words], check=True)
    tell('A private virtlxcd below a directory of its own. An installed one is simply lxc:///system.')
    daemon = start_daemon()
    tell('The container in libvirt XML:')
    definition = os.path.join(ROOT, 'bb.xml')
    with open(definition, 'w', encoding='utf-8') as file:
        file.write(XML.format(tree=tree))
    print(XML.format(tree=tree).rstrip())
    tell('Stock virsh defines and starts it.')
    virsh('define', definition)
    virsh('start', 'bb')
    virsh('list', '--all')
    tell('Looking around inside, through its console.')
    console = Console()
    for command in ('hostname', 'id', 'ps', 'ip addr', 'ping -c 1 10.77.0.1',
                    'cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null', 'ls /dev'):
        console.run(command)
    tell('The memory limit can be changed while it runs.')
    virsh('setmem', 'bb', '32M', '--live')
    console.run('cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null')
    console.leave()
    tell('The daemon dies hard and comes back. The container does not notice.')
    os.kill(daemon.pid, signal.SIGKILL)
    daemon.wait()
    daemon = start_daemon()
    virsh('dominfo', 'bb')
    tell('Stop it and take the definition away.')
    virsh('destroy', 'bb')
    virsh('undefine', 'bb')
    virsh('list', '--all')
    daemon.terminate()
    daemon.wait()
    tell('That was all. Nothing is left on this machine.')


main()
