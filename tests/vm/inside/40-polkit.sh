# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
#
# With auth_unix_rw = "polkit" the real polkit decides: a user its rules grant manages containers, another
# does not get past opening the connection, and both may look.
. ./common

[ -e /usr/share/polkit-1/actions/org.libvirt.unix.policy ] || {
    echo "libvirt's polkit actions are not installed"
    exit 77
}
config=/etc/libvirt/virtlxcd.conf
rules=/etc/polkit-1/rules.d/10-virtlxcd-test.rules
mkdir -p /etc/polkit-1/rules.d
saved=$(cat $config 2>/dev/null || true)
trap 'clean_up; printf "%s\n" "$saved" > $config; rm -f $rules; systemctl restart virtlxcd.socket virtlxcd-ro.socket; systemctl stop virtlxcd.service' EXIT
printf 'auth_unix_rw = "polkit"\nauth_unix_ro = "none"\nunix_sock_rw_perms = "0777"\n' >$config
cat >$rules <<'RULE'
polkit.addRule(function(action, subject) {
    if (action.id == "org.libvirt.unix.manage" && subject.user == "granted")
        return polkit.Result.YES;
});
RULE
systemctl restart polkit.service
systemctl stop virtlxcd.service
systemctl restart virtlxcd.socket virtlxcd-ro.socket

as() {
    local user=$1
    shift
    runuser -u "$user" -- env LC_ALL=C.UTF-8 "$@"
}

define seen
as granted virsh -q -c $URI list --all | grep -q seen || fail "the granted user does not see the container"
as granted virsh -q -c $URI desc seen --new-desc 'by the granted user'
refused as refused virsh -q -c $URI list --all >/tmp/refused 2>&1
grep -qi 'auth' /tmp/refused || fail "refused for another reason: $(cat /tmp/refused)"
as refused virsh -q -r -c $URI list --all | grep -q seen || fail "reading is refused"
