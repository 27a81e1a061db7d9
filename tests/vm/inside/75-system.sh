# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
#
# A Debian with systemd boots in a scope of the host's systemd, divides its groups, and powers off when asked.
. ./common

systemctl start virtlxcd.socket
cat >/tmp/deb.xml <<XML
<domain type='lxc'>
  <name>deb</name>
  <memory unit='MiB'>256</memory>
  <os><type>exe</type><init>/sbin/init</init></os>
  <features><privnet/></features>
  <devices>
    <filesystem><source dir='/srv/systems/debian'/><target dir='/'/></filesystem>
    <console type='pty'/>
  </devices>
</domain>
XML
GROUP='/sys/fs/cgroup/machine.slice/machine-lxc\x2ddeb.scope/deb.libvirt-lxc/inner'

is_up() { [ -d "$GROUP/system.slice/systemd-logind.service" ] && [ -d "$GROUP/init.scope" ]; }
is_off() { [ "$(v domstate --reason deb)" = 'shut off (shutdown)' ]; }

v define /tmp/deb.xml
v start deb
eventually is_up
equal "$(cat "$GROUP/../memory.max")" $((256 << 20))
grep -q memory "$GROUP/cgroup.subtree_control"
eventually machinectl show lxc-deb
v shutdown deb
eventually is_off
