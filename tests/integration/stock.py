# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""Debian's own libvirtd in a script's room: as the daemon under test (--stock), or as the network
daemon next to ours. Its fixed directories are covered by private ones; only this script's mount
namespace sees that.
"""
import glob
import os
import shutil
import signal
import socket
import subprocess

from harness import eventually, skip

LIBVIRTD = shutil.which('libvirtd') or '/usr/sbin/libvirtd'
COVERED = {'etc': '/etc/libvirt', 'run': '/run/libvirt', 'lib': '/var/lib/libvirt',
           'log': '/var/log/libvirt', 'cache': '/var/cache/libvirt'}


def require():
    if not os.path.exists(LIBVIRTD):
        skip('libvirtd is not installed')


def drivers(mine):
    """A directory with every driver but QEMU's, which would end the daemon for want of its user."""
    folder = os.path.join(mine, 'drivers')
    os.makedirs(folder, exist_ok=True)
    for path in glob.glob('/usr/lib/*/libvirt/connection-driver/libvirt_driver_*.so'):
        link = os.path.join(folder, os.path.basename(path))
        if not path.endswith('_qemu.so') and not os.path.lexists(link):
            os.symlink(path, link)
    return folder


def shell_to_run(mine, sock_dir, etc, conf):
    """A shell line that covers libvirtd's directories by private ones and becomes libvirtd."""
    lines = ['umount /sys/fs/cgroup/unified 2>/dev/null']
    for name, place in COVERED.items():
        source = {'etc': etc, 'run': sock_dir}.get(name) or os.path.join(mine, name)
        os.makedirs(source, exist_ok=True)
        os.makedirs(place, exist_ok=True)
        lines.append(f'mount --bind {source} {place}')
    lines.append(f'LIBVIRT_DRIVER_DIR={drivers(mine)} exec {LIBVIRTD} -f {conf} -p {mine}/pid')
    return ' ; '.join(lines)


def stock_command(host):
    require()
    mine = host.path('stock')
    os.makedirs(mine, exist_ok=True)
    shell = shell_to_run(mine, host.path('run/libvirt'), host.path('etc/libvirt'), host.path('etc/libvirt/libvirtd.conf'))
    return ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', shell]


class NetworkDaemon:
    """A libvirtd whose socket is where our daemon looks for the network daemon."""

    def __init__(self, host):
        require()
        self.mine = host.path('networks')
        self.sock_dir = host.path('run/libvirt')
        self.process = None

    def start(self):
        for folder in ('etc', 'run'):
            os.makedirs(os.path.join(self.mine, folder), exist_ok=True)
        conf = os.path.join(self.mine, 'libvirtd.conf')
        with open(conf, 'w', encoding='utf-8') as file:
            file.write(f'unix_sock_dir = "{self.sock_dir}"\nauth_unix_ro = "none"\nauth_unix_rw = "none"\n')
        shell = shell_to_run(self.mine, os.path.join(self.mine, 'run'), os.path.join(self.mine, 'etc'), conf)
        with open(os.path.join(self.mine, 'log.txt'), 'ab') as log:
            self.process = subprocess.Popen(['unshare', '--mount', '--propagation', 'private', 'sh', '-c', shell],
                                            stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
        eventually(self.listens, 'the network daemon listens', 20)

    def listens(self):
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(os.path.join(self.sock_dir, 'libvirt-sock')) == 0

    def uri(self):
        return f'network+unix:///system?socket={self.sock_dir}/libvirt-sock'

    def stop(self):
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(20)
            self.process = None
        for name in ('libvirt-sock', 'libvirt-sock-ro', 'libvirt-admin-sock'):
            if os.path.exists(os.path.join(self.sock_dir, name)):
                os.unlink(os.path.join(self.sock_dir, name))
