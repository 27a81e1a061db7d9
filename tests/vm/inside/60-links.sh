# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
#
# What needs parts of the kernel that not every machine has: VLANs on a bridge and on a device that is
# passed through. The tests of src/net skip none of them here, and a container's port is in its VLAN.
. ./common

modprobe 8021q
for name in link link-lending link-switch; do
    output=$("$VIRTLXCD_BUILD/tests/unit/test-$name" 2>&1) || fail "$output"
    echo "$output" | grep '# SKIP' | grep -v 'Open vSwitch' && fail "test-$name skips these"
done

systemctl start virtlxcd.socket
ip link add brv0 type bridge vlan_filtering 1
ip link set brv0 up
for number in 1 2 3; do
    tag=$((number == 3 ? 43 : 42))
    define "vlan$number" "<interface type='bridge'><source bridge='brv0'/><vlan><tag id='$tag'/></vlan>
        <ip address='10.71.0.$number' prefix='24'/></interface>"
    v start "vlan$number"
done
link=$(v domiflist vlan1 | awk '{print $1; exit}')
bridge vlan show dev "$link" | grep -q '42 PVID Egress Untagged' || fail "$link is not in VLAN 42"
inside vlan1 'ping -c 1 -W 20 10.71.0.2' | grep -q ' 0% packet loss' || fail "no way within a VLAN"
if inside vlan1 'ping -c 1 -W 3 10.71.0.3' | grep -q ' 0% packet loss'; then fail "a way between VLANs"; fi
for number in 1 2 3; do v destroy "vlan$number"; done
ip link del brv0
