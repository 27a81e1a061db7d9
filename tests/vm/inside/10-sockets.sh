# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
#
# The installed units are sound; the sockets start the daemon on the first connection, again after it
# was stopped, and the read-only socket does as well.
. ./common

systemd-analyze verify /usr/lib/systemd/system/virtlxcd*.s* 2>&1 | grep virtlxcd && fail "systemd complains about the units"
systemctl stop virtlxcd.service 2>/dev/null || true
systemctl enable --now virtlxcd.socket virtlxcd-ro.socket virtlxcd-admin.socket
equal "$(systemctl is-active virtlxcd.service)" inactive
equal "$(v uri)" "$URI"
equal "$(systemctl is-active virtlxcd.service)" active

first=$(systemctl show -P MainPID virtlxcd.service)
systemctl stop virtlxcd.service
equal "$(systemctl is-active virtlxcd.socket)" active
virsh -q -r -c $URI list --all
equal "$(systemctl is-active virtlxcd.service)" active
[ "$first" != "$(systemctl show -P MainPID virtlxcd.service)" ] || fail "the daemon was not started again"
refused virsh -q -r -c $URI define /dev/null
