# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
#
# Containers outlive their daemon: stopped by systemd, restarted, and its unit killed. They keep their
# limits and device rules when systemd reads its units again, and the unit holds nothing of theirs.
. ./common

systemctl start virtlxcd.service
define keeper
v start keeper
init=$(v domid keeper)
inside keeper 'touch /tmp/was-here; export MARK=kept' >/dev/null

group=$(group keeper memory)
units=/sys/fs/cgroup
[ -e $units/cgroup.controllers ] || units=$units/systemd
equal "$(cat "$units$(systemctl show -P ControlGroup virtlxcd.service)/cgroup.procs")" "$(systemctl show -P MainPID virtlxcd.service)"
for how in 'systemctl daemon-reload' 'systemctl daemon-reexec'; do
    $how
    equal "$(cat "$(memory_limit keeper)")" $((64 << 20))
    find "$group" -name cgroup.procs -exec cat {} + | grep -qx "$init" || fail "$how moved the container"
    equal "$(inside keeper 'echo gone > /dev/null && echo written')" written
    inside keeper 'mknod /tmp/mem c 1 1 2>&1; cat /tmp/mem 2>&1; rm -f /tmp/mem' | grep -q 'not permitted' || fail "device rules are gone after $how"
done

for how in 'systemctl restart virtlxcd.service' 'systemctl kill -s KILL virtlxcd.service'; do
    before=$(systemctl show -P MainPID virtlxcd.service)
    $how
    eventually v uri
    eventually test "$before" != "$(systemctl show -P MainPID virtlxcd.service)"
    equal "$(v domstate keeper)" running
    equal "$(v domid keeper)" "$init"
    equal "$(inside keeper 'echo $MARK')" kept
done

systemctl stop virtlxcd.service virtlxcd.socket virtlxcd-ro.socket virtlxcd-admin.socket
test -d "/proc/$init" || fail "the container died with the daemon"
systemctl start virtlxcd.socket
v destroy keeper
test ! -d "/proc/$init" || fail "destroyed, and still there"
