# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
#
# With control groups as systemd makes them, v2, v1 or both, an installed daemon defines, starts, shows,
# freezes, limits and destroys a container, and nothing of it is left.
. ./common

systemctl start virtlxcd.socket
define bb
v start bb
equal "$(v domstate bb)" running
equal "$(inside bb 'echo $$')" 1
equal "$(inside bb hostname)" bb

# Where the container is: a group of its own, with the limit; it sees itself as the root of it.
group=$(group bb memory)
limit=$(memory_limit bb)
equal "$(cat "$limit")" $((64 << 20))
equal "$(inside bb 'cut -d: -f3 /proc/self/cgroup | sort -u')" /
v setmem bb 32M --live
equal "$(cat "$limit")" $((32 << 20))
inside bb 'dd if=/dev/zero of=/dev/null bs=48M count=1 2>&1; echo $?' | grep -q 137 || fail "the memory limit was not kept"

# Device rules: /dev/null is usable, memory of the host is not, even through a node made by hand.
equal "$(inside bb 'echo gone > /dev/null && echo written')" written
inside bb 'mknod /tmp/mem c 1 1 2>&1; cat /tmp/mem 2>&1; rm -f /tmp/mem' | grep -q 'not permitted' || fail "a device outside the list can be opened"

# The freezer.
v suspend bb
equal "$(v domstate bb)" paused
if [ "$(version memory)" = 2 ]; then
    grep -q '^frozen 1' "$group/cgroup.events" || fail "not frozen"
else
    equal "$(cat "$(group bb freezer)/freezer.state")" FROZEN
fi
v resume bb
equal "$(v domstate bb)" running
equal "$(inside bb 'echo back')" back

# The end, frozen too: every process is killed.
v suspend bb
v destroy bb
equal "$(v domstate bb)" 'shut off'
eventually test ! -e "$group"
! pgrep -f virtlxc-controller && ! pgrep -f virtlxc-monitor || fail "a controller is left"
