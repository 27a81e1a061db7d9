#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""The daemon's options do what libvirt's daemons' do: version, help, a file for its pid, the background, idle exit, reload."""
import os
import signal
import subprocess

import libvirt

from harness import PATIENCE, Events, Instance, contains, equal, eventually, is_alive, scratch_file, skip

with Instance(config='log_outputs = "1:stderr"\nhost_uuid = "zzz"\n') as host:
    if host.stock:
        skip('this is about our own')

    # What it was told in vain is in its log.
    with open(host.path('daemon.log'), encoding='utf-8') as file:
        text = file.read()
    contains(text, "'log_outputs' has no effect")
    contains(text, "'zzz' is no good uuid")

    def run(*words, check=0):
        done = subprocess.run([os.path.abspath(host.command()[0]), *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=20 * PATIENCE, check=False, cwd=host.root)
        equal(done.returncode, check, f'{words}: {done.stdout}')
        return done.stdout

    contains(run('--version'), '0.')
    equal(run('-V'), run('--version'))
    text = run('--help')
    for word in ('--daemon', '--config', '--pid-file', '--timeout', '--verbose', '--version', '--root'):
        contains(text, word)
    equal(run('-h'), text)
    run('--no-such-option', check=1)

    # SIGHUP finds what was put into the directory by hand.
    events = Events(host.conn)
    with open(host.path('etc/libvirt/lxc/byhand.xml'), 'w', encoding='utf-8') as file:
        file.write(host.xml('byhand'))
    host.daemon.send_signal(signal.SIGHUP)
    events.wait('lifecycle', 'byhand', libvirt.VIR_DOMAIN_EVENT_DEFINED, libvirt.VIR_DOMAIN_EVENT_DEFINED_ADDED)
    host.conn.lookupByName('byhand').undefine()

    # In the background, with its own files and an end when nothing is to be done.
    host.forget_connections()
    host.stop_daemon()
    # Their names are seen from where it is started, which it leaves.
    pid_file = os.path.join(host.root, 'my.pid')
    with open(os.path.join(host.root, 'my.conf'), 'w', encoding='utf-8') as file:
        file.write('unix_sock_ro_perms = "0700"\n')
    run('--root', '.', '-d', '-f', 'my.conf', '-p', 'my.pid', '-t', '2')
    with open(pid_file, encoding='utf-8') as file:
        pid = int(file.read())
    conn = libvirt.open(host.uri())
    equal(os.stat(host.socket(True)).st_mode & 0o777, 0o700)
    dom = conn.createXML(host.xml('bb'), 0)
    conn.close()
    # It does not end while a container runs, nor while a client is there.
    conn = libvirt.open(host.uri())
    equal((conn.lookupByName('bb').isActive(), is_alive(pid)), (1, True))
    conn.lookupByName('bb').destroy()
    conn.close()
    del dom
    eventually(lambda: not is_alive(pid), 'the idle daemon ends', 10)
    equal(os.path.exists(pid_file), False)
    for bad in ('no_quotes = abc\n', 'max_clients = "many"\n'):
        contains(run('--root', host.root, '-f', scratch_file(bad), check=1), 'max_clients' if 'max' in bad else ':1:')
    # Half an installation: it says what is missing.
    os.environ['VIRTLXCD_LIBEXEC_DIR'] = '/nonexistent'
    contains(run('--root', host.root, check=1), '/nonexistent/virtlxc-controller')
