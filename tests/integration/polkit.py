#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""With authentication by polkit, root gets in unasked and everybody else gets what a real polkit allows him."""
import os
import pwd
import shutil
import signal
import socket
import struct
import subprocess

from harness import BUILD, SCRATCH, STOCK, Instance, equal, eventually, skip
from rpc import ERROR, OK, Peer

SOURCE = os.environ.get('VIRTLXCD_SOURCE', os.path.join(os.path.dirname(os.path.abspath(__file__)), '../..'))
POLKITD = '/usr/lib/polkit-1/polkitd'
ERR_INTERNAL, ERR_OPERATION_DENIED, ERR_AUTH_FAILED, ERR_AUTH_UNAVAILABLE = 1, 29, 45, 94
AUTH_LIST, AUTH_POLKIT, AUTH_SASL_INIT = 66, 70, 67
POLKIT = 2

BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
  "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path={path}</listen><auth>EXTERNAL</auth>
  <policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/>
  </policy></busconfig>"""
# The friend may do anything, the other user what everybody may.
RULE = """polkit.addRule(function(action, subject) {
    if (action.id == 'org.libvirt.unix.manage' && subject.user == '%s') return polkit.Result.YES;
});"""

if STOCK:
    skip('nothing of this is ours there')
for program in (POLKITD, shutil.which('dbus-daemon') or 'dbus-daemon'):
    if not os.path.exists(program):
        skip(f'{program} is not installed')


def users():
    """Two users without any rights, and polkit's own."""
    plain = [user for user in pwd.getpwall() if user.pw_uid and user.pw_name in ('daemon', 'nobody', 'bin')]
    if len(plain) < 2 or not any(user.pw_name == 'polkitd' for user in pwd.getpwall()):
        skip('users are missing')
    return plain[0], plain[1]


FRIEND, OTHER = users()


class Bus:
    """A system bus of our own with a real polkitd on it, which reads our rules and our actions."""

    def __init__(self):
        self.path = os.path.join(SCRATCH, 'bus')
        self.address = 'unix:path=' + self.path
        self.processes = []

    def cover(self, folder, name, text):
        subprocess.run(['mount', '-t', 'tmpfs', '-o', 'mode=755', 'rules', folder], check=True)
        with open(os.path.join(folder, name), 'w', encoding='utf-8') as file:
            file.write(text)

    def start(self):
        with open(os.path.join(SOURCE, 'packaging/polkit/virtlxcd.policy'), encoding='utf-8') as file:
            self.cover('/usr/share/polkit-1/actions', 'virtlxcd.policy', file.read())
        self.cover('/etc/polkit-1/rules.d', '10-test.rules', RULE % FRIEND.pw_name)
        conf = os.path.join(SCRATCH, 'bus.conf')
        with open(conf, 'w', encoding='utf-8') as file:
            file.write(BUS.format(path=self.path))
        self.run('dbus-daemon', '--nofork', '--nosyslog', '--config-file', conf)
        eventually(lambda: os.path.exists(self.path), 'the bus')
        self.run(POLKITD, '--no-debug')
        eventually(self.has_polkit, 'polkit on the bus')

    def run(self, *command):
        # G_DEBUG makes complaints of GLib fatal: for our programs, not for other people's.
        environment = {name: value for name, value in os.environ.items() if name != 'G_DEBUG'}
        environment['DBUS_SYSTEM_BUS_ADDRESS'] = self.address
        self.processes.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=environment))

    def has_polkit(self):
        """It has its name a moment before it answers."""
        answer = subprocess.run(['dbus-send', '--print-reply', '--bus=' + self.address, '--dest=org.freedesktop.PolicyKit1',
                                 '/org/freedesktop/PolicyKit1/Authority', 'org.freedesktop.DBus.Properties.Get',
                                 'string:org.freedesktop.PolicyKit1.Authority', 'string:BackendName'],
                                capture_output=True, text=True, check=False)
        return answer.returncode == 0

    def stop(self):
        for process in reversed(self.processes):
            process.terminate()
            process.wait()

    def uncover(self):
        for folder in ('/usr/share/polkit-1/actions', '/etc/polkit-1/rules.d'):
            subprocess.run(['umount', folder], check=True)


def connect_as(user, path):
    """A connection that `user` made, and the living process it belongs to."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setresgid(user.pw_gid, user.pw_gid, user.pw_gid)
            os.setresuid(user.pw_uid, user.pw_uid, user.pw_uid)
            conn = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            conn.connect(path)
            socket.send_fds(theirs, [b'x'], [conn.fileno()])
            conn.close()
            ours.close()
            theirs.recv(1)
        finally:
            os._exit(0)
    theirs.close()
    _, fds, _, _ = socket.recv_fds(ours, 1, 1)
    peer = Peer.__new__(Peer)
    peer.socket, peer.serial = socket.socket(fileno=fds[0]), 0
    peer.socket.settimeout(20)
    peer.owner, peer.hold = child, ours
    return peer


def leave(peer):
    peer.close()
    end_owner(peer)


def end_owner(peer):
    peer.hold.close()
    os.waitpid(peer.owner, 0)


def offered(peer):
    packet = peer.call(AUTH_LIST)
    equal(packet.status, OK)
    return struct.unpack('>II', packet.body)


def asked(peer):
    """The code polkit's refusal comes as; 0: let in."""
    packet = peer.call(AUTH_POLKIT)
    if packet.status == ERROR:
        return packet.error()[0]
    equal(packet.body, struct.pack('>i', 1))
    return 0


def is_in(peer):
    """Whether a call other than authentication is answered."""
    packet = peer.call(1, struct.pack('>II', 0, 0))
    return packet.status == OK


def root(host):
    """Root is not asked, and may not ask."""
    peer = Peer(host.socket())
    equal(offered(peer), (1, 0))
    equal(asked(peer), ERR_AUTH_FAILED)
    assert is_in(peer)
    peer.close()


def friend(host):
    """A rule lets a user manage."""
    peer = connect_as(FRIEND, host.socket())
    assert not is_in(peer)
    equal(offered(peer), (1, POLKIT))
    assert not is_in(peer)
    equal(asked(peer), 0)
    assert is_in(peer)
    equal(offered(peer), (1, 0))
    leave(peer)


def other(host):
    """Without a rule and an agent nobody gets in, however often he asks."""
    peer = connect_as(OTHER, host.socket())
    equal(offered(peer), (1, POLKIT))
    for _ in range(3):
        equal(asked(peer), ERR_AUTH_UNAVAILABLE)
        assert not is_in(peer)
    equal(peer.call(AUTH_SASL_INIT).error()[0], ERR_AUTH_FAILED)
    leave(peer)


def looking(host):
    """Everybody may look; looking is not managing."""
    peer = connect_as(OTHER, host.socket(readonly=True))
    equal(offered(peer), (1, POLKIT))
    equal(asked(peer), 0)
    assert is_in(peer)
    equal(peer.call(11, struct.pack('>I', 0)).error()[0], ERR_OPERATION_DENIED)  # define
    leave(peer)


def dead_owner(host):
    """A connection whose process is gone is nobody's: its pid may be another's by now."""
    peer = connect_as(FRIEND, host.socket())
    equal(offered(peer), (1, POLKIT))
    end_owner(peer)
    assert asked(peer) != 0
    assert not is_in(peer)
    peer.close()


def hang_up(host):
    """Going away while polkit thinks harms nothing."""
    for _ in range(20):
        peer = connect_as(OTHER, host.socket())
        peer.send(AUTH_POLKIT)
        leave(peer)
    root(host)


def real_client(host):
    """libvirt's own library goes through all this by itself."""
    code = f'import libvirt; print(libvirt.open({host.uri()!r}).getType())'
    for user, status, output in ((FRIEND, 0, 'LXC\n'), (OTHER, 1, '')):
        result = subprocess.run(['/usr/bin/python3', '-c', code], capture_output=True, text=True, check=False,
                                user=user.pw_uid, group=user.pw_gid, extra_groups=[],
                                env={'PATH': '/usr/bin:/bin', 'DBUS_SYSTEM_BUS_ADDRESS': 'unix:path=/nonexistent'})
        equal((result.returncode, result.stdout), (status, output), result.stderr)


def without_polkit(host):
    """No polkit, no entry, and root is as before."""
    peer = connect_as(FRIEND, host.socket())
    equal(asked(peer), ERR_INTERNAL)
    leave(peer)
    root(host)


CONFIG = 'auth_unix_rw = "polkit"\nauth_unix_ro = "polkit"\nunix_sock_rw_perms = "0777"\n'


def main():
    bus = Bus()
    bus.start()
    with Instance(config=CONFIG, environment={'DBUS_SYSTEM_BUS_ADDRESS': bus.address}) as host:
        for case in (root, friend, other, looking, dead_owner, hang_up, real_client):
            case(host)
            print(f'ok: {case.__name__}: {case.__doc__}', flush=True)
        bus.stop()
        without_polkit(host)
        print(f'ok: without_polkit: {without_polkit.__doc__}')
    bus.uncover()


main()
