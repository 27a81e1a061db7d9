# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
#
# On a host with cgroup v2 alone an installed daemon defines, starts, shows, freezes, limits and destroys
# a container, and nothing of it is left.
. ./common

systemctl start virtlxcd.socket
define bb
v start bb
equal "$(v domstate bb)" running
equal "$(inside bb 'echo $$')" 1
equal "$(inside bb hostname)" bb

# Where the container is: a group of its own, with the limit; it sees itself as the root of it.
group=$(group bb)
equal "$(cat "$group/memory.max")" $((64 << 20))
equal "$(inside bb 'cat /proc/self/cgroup')" 0::/
v setmem bb 32M --live
equal "$(cat "$group/memory.max")" $((32 << 20))
inside bb 'dd if=/dev/zero of=/dev/null bs=48M count=1 2>&1; echo $?' | grep -q 137 || fail "the memory limit was not kept"

# Device rules: /dev/null is usable, memory of the host is not, even through a node made by hand.
equal "$(inside bb 'echo gone > /dev/null && echo written')" written
inside bb 'mknod /tmp/mem c 1 1 2>&1; cat /tmp/mem 2>&1; rm -f /tmp/mem' | grep -q 'not permitted' || fail "a device outside the list can be opened"

# The freezer.
v suspend bb
equal "$(v domstate bb)" paused
grep -q '^frozen 1' "$group/cgroup.events" || grep -qs '^frozen 1' "$group/../cgroup.events" || fail "not frozen"
v resume bb
equal "$(v domstate bb)" running
equal "$(inside bb 'echo back')" back

# The end, frozen too: every process is killed.
v suspend bb
v destroy bb
equal "$(v domstate bb)" 'shut off'
eventually test ! -e "$group"
! pgrep -f virtlxc-controller && ! pgrep -f virtlxc-monitor || fail "a controller is left"
