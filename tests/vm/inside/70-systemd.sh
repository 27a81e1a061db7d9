# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
#
# On a host of systemd a container is a scope in machine.slice that delegates, with its controller beside it,
# and a machine of machined's: over reloads, a new daemon and reboots. Terminated, it is shut off; stopped, it
# is neither. Without machined it starts all the same, and a bus that hangs is an error in time.
. ./common

systemctl start virtlxcd.socket
SCOPE='machine-lxc\x2dbb.scope'
CGROUP=$(systemd_tree)/machine.slice/$SCOPE

of_scope() { systemctl show -P "$1" "$SCOPE"; }
of_machine() { machinectl show --value -p "$1" lxc-bb; }
has_machine() { machinectl list --no-legend | grep -q '^lxc-bb '; }
has_no_machine() { ! has_machine; }
is_off() { [ "$(v domstate bb)" = 'shut off' ]; }

# check_scope: everything is where it should be
check_scope() {
    equal "$(of_scope ActiveState) $(of_scope Delegate) $(of_scope Slice)" 'active yes machine.slice'
    equal "$(of_scope ControlGroup)" "/machine.slice/$SCOPE"
    case $(systemd_group "$(v domid bb)") in
    "/machine.slice/$SCOPE/bb.libvirt-lxc" | "/machine.slice/$SCOPE/bb.libvirt-lxc/"*) ;;
    *) fail "init is in $(cat "/proc/$(v domid bb)/cgroup")" ;;
    esac
    equal "$(systemd_group "$(cat /run/libvirt/lxc/bb.pid)")" "/machine.slice/$SCOPE/bb.libvirt-lxc.controller"
    equal "$(cat "$(memory_limit bb)")" $((64 << 20))
    equal "$(cat "$CGROUP/cgroup.procs")" ''
}

define bb
v start bb
check_scope
v dumpxml bb | grep -qF "<virtlxcd:scope path='/machine.slice/$SCOPE'/>"
refused sh -c 'virsh -q -c lxc:///system dumpxml --inactive bb | grep virtlxcd:scope'
eventually has_machine
equal "$(of_machine Class) $(of_machine Service) $(of_machine Unit)" "container libvirt-lxc $SCOPE"
equal "$(of_machine Leader)" "$(v domid bb)"
equal "$(of_machine Id)" "$(v domuuid bb | tr -d -)"
machinectl status --no-pager lxc-bb | grep -qF "$SCOPE"

# systemd writes its own settings anew, and ours stay.
systemctl daemon-reload
check_scope
inside bb 'cat /dev/vda' | grep -q "can't open\|not permitted\|No such" || fail 'the disk of the host can be read'
systemctl restart virtlxcd
v list --name | grep -qx bb
check_scope
has_machine
v suspend bb
equal "$(v domstate bb)" paused
v resume bb

# Stopped and started at once.
v destroy bb
eventually has_no_machine
equal "$(systemctl show -P LoadState "$SCOPE") $(ls -d "$CGROUP" 2>/dev/null)" 'not-found '
v start bb
v destroy bb
v start bb
check_scope
eventually has_machine
machinectl terminate lxc-bb
eventually is_off
eventually has_no_machine
equal "$(v domstate --reason bb)" 'shut off (shutdown)'

# A slice for a partition.
sed -i "s|<os>|<resource><partition>/machine/web</partition></resource><os>|" /tmp/bb.xml
v undefine bb
v define /tmp/bb.xml
v start bb
equal "$(of_scope Slice) $(of_scope ControlGroup)" "machine-web.slice /machine.slice/machine-web.slice/$SCOPE"
v destroy bb

# machined is not needed.
systemctl mask --runtime --now systemd-machined.service 2>/dev/null
v start bb
equal "$(of_scope ActiveState)" active
v destroy bb
systemctl unmask --runtime systemd-machined.service 2>/dev/null

# A bus that does not answer: an error in time, and nothing left.
bus=$(systemctl show -P MainPID dbus.service)
kill -STOP "$bus"
begun=$SECONDS
said=$(v start bb 2>&1) && result=started || result=refused
kill -CONT "$bus"
[ $((SECONDS - begun)) -lt 60 ] || fail "it took $((SECONDS - begun)) s"
equal "$result" refused
case $said in *"systemd does not carry out"*) ;; *) fail "it said: $said" ;; esac
equal "$(v domstate bb)" 'shut off'
eventually v start bb
v destroy bb

# An instance of its own leaves systemd alone, and without a bus groups are made as elsewhere.
mkdir -p /tmp/own
for how in '' --systemd; do
    DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nowhere virtlxcd --root /tmp/own $how >/tmp/own.log 2>&1 &
    own=$!
    eventually test -S /tmp/own/run/libvirt/virtlxcd-sock
    virsh -q -c 'lxc+unix:///system?socket=/tmp/own/run/libvirt/virtlxcd-sock' create /tmp/bb.xml
    equal "$(systemctl show -P LoadState "$SCOPE")" not-found
    virsh -q -c 'lxc+unix:///system?socket=/tmp/own/run/libvirt/virtlxcd-sock' destroy bb
    kill $own
    wait $own
done
grep -q 'gets no scope of systemd' /tmp/own.log
