# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""Who is measured: ours, the stock driver, lxc-start, crun. Each makes, starts and stops containers of
the same isolation: mount, pid, uts, ipc and network namespaces, the same root tree, 64 MiB of memory,
a device list, and for the variant `veth` one interface on the bridge."""
import glob
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import time

import libvirt

from measure import run, version

libvirt.registerErrorHandler(lambda *_: None, None)

SCRATCH = os.environ['BENCH_SCRATCH']
BUILD = os.path.abspath(os.environ['BENCH_BUILD'])
BRIDGE = 'benchbr0'
INIT = '/bench-init'
DEVICES = ('c 1:3 rwm', 'c 1:5 rwm', 'c 1:7 rwm', 'c 1:8 rwm', 'c 1:9 rwm', 'c 5:0 rwm', 'c 5:2 rwm', 'c 136:* rwm')


MAPPED = ('idmap', 'mounts')  # variants with a user namespace; the second has ten directories of the host as well
MOUNTS = [(os.path.join(SCRATCH, 'share', str(i)), f'/mnt/{i}') for i in range(10)]
MAP = {'containerID': 0, 'hostID': 100000, 'size': 65536}


def tree(variant=''):
    return os.path.join(SCRATCH, 'tree-idmap' if variant in MAPPED else 'tree')


def shares(variant):
    return MOUNTS if variant == 'mounts' else []


def domain_xml(name, variant='', args=('hold', '0'), log='', extra=''):
    words = ''.join(f'<initarg>{word}</initarg>' for word in args)
    idmap = ("<idmap><uid start='0' target='100000' count='65536'/><gid start='0' target='100000' count='65536'/></idmap>"
             if variant in MAPPED else '')
    filesystems = ''.join(f"<filesystem type='mount'><source dir='{source}'/><target dir='{target}'/></filesystem>"
                          for source, target in shares(variant))
    network = (f"<interface type='bridge'><source bridge='{BRIDGE}'/></interface>" if variant == 'veth' else '')
    features = '' if variant == 'veth' else '<features><privnet/></features>'
    return (f"<domain type='lxc'><name>{name}</name><memory unit='MiB'>64</memory><vcpu>1</vcpu>"
            f'<os><type>exe</type><init>{INIT}</init>{words}</os>{idmap}{features}{extra}<devices>'
            f"<filesystem><source dir='{tree(variant)}'/><target dir='/'/></filesystem>{filesystems}"
            f"{network}<console type='pty'>{log}</console></devices></domain>")


class Libvirt:
    """A daemon that speaks libvirt's protocol, in a private instance; subclasses say how it is started."""
    variants = ('', 'veth', 'idmap', 'mounts')
    name = socket_path = None
    has_logs = answers_calls = False

    def __init__(self):
        self.log = open(os.path.join(SCRATCH, self.name + '.log'), 'ab')
        self.daemon = None
        self.boot()
        self.conn = libvirt.open(self.uri)
        self.domains = {}

    def command(self):
        raise NotImplementedError

    def boot(self):
        self.daemon = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                                       start_new_session=True)
        for _ in range(30000):
            if self.daemon.poll() is not None:
                raise RuntimeError(f'{self.name}: the daemon ended with {self.daemon.returncode}; see {self.log.name}')
            try:
                libvirt.open(self.uri).close()
                return
            except libvirt.libvirtError:
                time.sleep(0.001)
        raise RuntimeError(f'{self.name}: the daemon does not answer')

    @property
    def uri(self):
        return f'lxc+unix:///system?socket={self.socket_path}'

    @property
    def pid(self):
        """Of the daemon itself, whatever shell it was started through."""
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(self.socket_path)
            return struct.unpack('iII', probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]

    def reboot(self):
        """Seconds until a new daemon in the place of this one answers."""
        self.conn.close()
        os.kill(self.pid, signal.SIGTERM)
        self.daemon.wait(20)
        begun = time.monotonic()
        self.boot()
        took = time.monotonic() - begun
        self.conn = libvirt.open(self.uri)
        self.domains = {name: self.conn.lookupByName(name) for name in self.domains}
        return took

    def prepare(self, name, variant='', args=('hold', '0')):
        self.domains[name] = self.conn.defineXML(domain_xml(name, variant, args))

    def start(self, name):
        self.domains[name].create()

    def stop(self, name):
        self.domains[name].destroy()

    def forget(self, name):
        domain = self.domains.pop(name)
        if domain.isActive():
            domain.destroy()
        domain.undefine()

    def close(self):
        for name in list(self.domains):
            self.forget(name)
        self.conn.close()
        os.kill(self.pid, signal.SIGTERM)
        self.daemon.wait(20)


class Ours(Libvirt):
    name = 'virtlxcd'
    has_logs = answers_calls = True
    binary = os.path.join(BUILD, 'src/lxc_driver/virtlxcd')
    root = os.path.join(SCRATCH, 'virtlxcd')
    socket_path = os.path.join(root, 'run/libvirt/virtlxcd-sock')

    @classmethod
    def missing(cls):
        return None if os.path.exists(cls.binary) else f'{cls.binary} is not built'

    def command(self):
        # The room has no cgroup v2 because the others cannot stand it; ours gets what the machine has.
        os.makedirs(self.root, exist_ok=True)
        mount = 'mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified' if os.environ.get('BENCH_HYBRID') else ':'
        return ['unshare', '--mount', '--propagation', 'private', 'sh', '-c',
                f'{mount} && exec {self.binary} --root {self.root}']

    def label(self):
        return f'virtlxcd {version(self.binary, "-V")}'


class Stock(Libvirt):
    name = 'stock'
    binary = shutil.which('libvirtd') or '/usr/sbin/libvirtd'
    root = os.path.join(SCRATCH, 'stock')
    socket_path = os.path.join(root, 'run/libvirt-sock')

    @classmethod
    def missing(cls):
        if not os.path.exists(cls.binary):
            return 'libvirtd is not installed'
        return None if cls.drivers() else "libvirtd's LXC driver is not installed"

    @staticmethod
    def drivers():
        return glob.glob('/usr/lib/*/libvirt/connection-driver/libvirt_driver_lxc.so')

    def command(self):
        covered = []
        for folder, place in (('etc', '/etc/libvirt'), ('run', '/run/libvirt'), ('lib', '/var/lib/libvirt'),
                              ('log', '/var/log/libvirt'), ('cache', '/var/cache/libvirt')):
            os.makedirs(os.path.join(self.root, folder), exist_ok=True)
            os.makedirs(place, exist_ok=True)
            covered.append(f'mount --bind {self.root}/{folder} {place}')
        modules = os.path.join(self.root, 'modules')  # only the LXC driver: nothing else's memory counts
        os.makedirs(modules, exist_ok=True)
        for driver in self.drivers():
            link = os.path.join(modules, os.path.basename(driver))
            if not os.path.islink(link):
                os.symlink(driver, link)
        with open(os.path.join(self.root, 'etc/libvirtd.conf'), 'w', encoding='ascii') as file:
            file.write('auth_unix_rw = "none"\n')
        script = ' && '.join(covered) + f' && LIBVIRT_DRIVER_DIR={modules} exec {self.binary} -p {self.root}/pid'
        return ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script]

    def label(self):
        return f'stock libvirt {version(self.binary, "-V")}'


class Lxc:
    name = 'lxc'
    variants = ('', 'veth', 'idmap', 'mounts')
    path = os.path.join(SCRATCH, 'lxc')

    @staticmethod
    def missing():
        return None if shutil.which('lxc-start') else 'lxc-start is not installed'

    def label(self):
        return f'lxc-start {version("lxc-start", "--version")}'

    def prepare(self, name, variant='', args=('hold', '0')):
        folder = os.path.join(self.path, name)
        os.makedirs(folder, exist_ok=True)
        lines = [f'lxc.rootfs.path = dir:{tree(variant)}', f'lxc.uts.name = {name}', f'lxc.init.cmd = {INIT} {" ".join(args)}',
                 'lxc.pty.max = 1', 'lxc.tty.max = 0', 'lxc.mount.auto = proc:mixed sys:ro', 'lxc.autodev = 1',
                 'lxc.apparmor.profile = unconfined', 'lxc.cap.drop = sys_module mac_admin mac_override sys_time audit_control',
                 'lxc.cgroup.devices.deny = a', *(f'lxc.cgroup.devices.allow = {rule}' for rule in DEVICES),
                 'lxc.cgroup.memory.limit_in_bytes = 64M']
        if variant in MAPPED:
            lines += ['lxc.idmap = u 0 100000 65536', 'lxc.idmap = g 0 100000 65536']
        lines += [f'lxc.mount.entry = {source} {target[1:]} none bind 0 0' for source, target in shares(variant)]
        if variant == 'veth':
            lines += ['lxc.net.0.type = veth', f'lxc.net.0.link = {BRIDGE}', 'lxc.net.0.flags = up']
        else:
            lines += ['lxc.net.0.type = empty']
        with open(os.path.join(folder, 'config'), 'w', encoding='ascii') as file:
            file.write('\n'.join(lines) + '\n')

    def start(self, name):
        run('lxc-start', '-d', '-P', self.path, '-n', name)

    def stop(self, name):
        run('lxc-stop', '-k', '-P', self.path, '-n', name)

    def forget(self, name):
        shutil.rmtree(os.path.join(self.path, name))

    def close(self):
        pass


class Crun:
    name = 'crun'
    variants = ('', 'veth', 'idmap', 'mounts')
    call = ('crun', '--cgroup-manager=cgroupfs', '--root', os.path.join(SCRATCH, 'crun-state'))

    @staticmethod
    def missing():
        return None if shutil.which('crun') else 'crun is not installed'

    def __init__(self):
        self.variant = {}

    def label(self):
        return f'crun {version("crun", "--version")}'

    def bundle(self, name):
        return os.path.join(SCRATCH, 'crun', name)

    def prepare(self, name, variant='', args=('hold', '0')):
        caps = ['CAP_' + cap for cap in ('CHOWN DAC_OVERRIDE FOWNER KILL SETGID SETUID NET_ADMIN NET_RAW SYS_ADMIN SYS_CHROOT'.split())]
        rules = [{'allow': False, 'access': 'rwm'}]
        mounts = [('/proc', 'proc', []), ('/dev', 'tmpfs', ['mode=755']), ('/sys', 'sysfs', ['ro']),
                  ('/dev/pts', 'devpts', ['newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'])]
        spec = {'ociVersion': '1.0.2', 'hostname': name, 'root': {'path': tree(variant)},
                'process': {'terminal': False, 'user': {'uid': 0, 'gid': 0}, 'args': [INIT, *args], 'env': ['PATH=/bin'], 'cwd': '/',
                            'capabilities': {kind: caps for kind in ('bounding', 'effective', 'permitted')}},
                'mounts': [{'destination': to, 'type': kind, 'source': kind, 'options': options} for to, kind, options in mounts],
                'linux': {'cgroupsPath': '/virtlxcd-bench-' + name, 'resources': {'memory': {'limit': 64 << 20}, 'devices': rules},
                          'namespaces': [{'type': kind} for kind in ('pid', 'ipc', 'uts', 'mount', 'network')]}}
        spec['mounts'] += [{'destination': target, 'type': 'bind', 'source': source, 'options': ['bind']} for source, target in shares(variant)]
        if variant in MAPPED:
            spec['linux']['namespaces'].append({'type': 'user'})
            spec['linux'].update({'uidMappings': [MAP], 'gidMappings': [MAP]})
        os.makedirs(self.bundle(name), exist_ok=True)
        with open(os.path.join(self.bundle(name), 'config.json'), 'w', encoding='ascii') as file:
            json.dump(spec, file)
        self.variant[name] = variant

    def start(self, name):
        if self.variant[name] != 'veth':
            run(*self.call, 'run', '-d', '-b', self.bundle(name), name)
            return
        pid_file = os.path.join(self.bundle(name), 'pid')
        run(*self.call, 'create', '--pid-file', pid_file, '-b', self.bundle(name), name)
        with open(pid_file, encoding='ascii') as file:
            pid = file.read().strip()
        host = 'bench' + pid
        run('ip', 'link', 'add', host, 'up', 'master', BRIDGE, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', pid)
        run('nsenter', '-t', pid, '-n', 'ip', 'link', 'set', 'eth0', 'up')
        run(*self.call, 'start', name)

    def stop(self, name):
        run(*self.call, 'delete', '-f', name)

    def forget(self, name):
        shutil.rmtree(self.bundle(name))

    def close(self):
        pass


ALL = (Ours, Stock, Lxc, Crun)
