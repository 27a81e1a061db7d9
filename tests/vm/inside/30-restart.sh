# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
#
# Containers outlive their daemon: stopped by systemd, restarted, and killed.
. ./common

systemctl start virtlxcd.service
define keeper
v start keeper
init=$(v domid keeper)
inside keeper 'touch /tmp/was-here; export MARK=kept' >/dev/null

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
