# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
#
# libvirt's network `default`, run by the guest's own network daemon: started through our connection, used
# by a container, which gets an address and reaches the host, and free again afterwards.
. ./common

command -v libvirtd >/dev/null || command -v virtnetworkd >/dev/null || {
    echo "no network daemon"
    exit 77
}
systemctl start libvirtd.socket 2>/dev/null || systemctl start virtnetworkd.socket
systemctl start virtlxcd.socket
v net-list --all | grep -q default || fail "no network 'default' through our connection"
v net-start default 2>/dev/null || true
v net-info default | grep -q 'Active: *yes'

define netted "<interface type='network'><source network='default'/></interface>"
v start netted
link=$(v domiflist netted | awk '{print $1; exit}')
ip -o link show "$link" | grep -q 'master virbr0' || fail "$link is no port of virbr0"
inside netted 'ip link set eth0 up; udhcpc -i eth0 -q -n -s /bin/true >/dev/null 2>&1; echo' >/dev/null
inside netted 'ip addr add 192.168.122.77/24 dev eth0; ping -c 1 -W 20 192.168.122.1' | grep -q ' 0% packet loss' ||
    fail "the host does not answer"
v net-port-list default | grep -q . || fail "no port on the network"

systemctl restart virtlxcd.service
eventually v uri
v net-port-list default | grep -q . || fail "the port is gone after a restart"
v destroy netted
[ -z "$(v net-port-list default | grep -v '^ *$')" ] || fail "the port is left"
eventually test ! -e "/sys/class/net/$link"
