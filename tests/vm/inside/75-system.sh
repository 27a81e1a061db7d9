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
GROUP="$(systemd_tree)/machine.slice/machine-lxc\x2ddeb.scope/deb.libvirt-lxc"
[ "$(version memory)" = 1 ] || GROUP=$GROUP/inner

is_up() { [ -d "$GROUP/system.slice/systemd-logind.service" ] && [ -d "$GROUP/init.scope" ]; }
is_ready() { v dumpxml deb | grep -qF "<virtlxcd:init ready='yes'/>"; }
is_off() { [ "$(v domstate --reason deb)" = 'shut off (shutdown)' ]; }

v define /tmp/deb.xml
v start deb
eventually is_up
equal "$(cat "$(memory_limit deb)")" $((256 << 20))
[ "$(version memory)" = 1 ] || grep -q memory "$GROUP/cgroup.subtree_control"
eventually machinectl show lxc-deb
eventually is_ready
v shutdown deb
eventually is_off
