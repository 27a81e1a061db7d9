# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
#
# With AppArmor in force every container runs under a profile of its own: loaded as it starts, gone when
# it has ended, whoever stopped it. Root inside, without a user namespace, is denied what is the host's
# though its user id would let it. Static and none labels are what they say, and the settings count.
. ./common

policy=/sys/kernel/security/apparmor/profiles
[ -r $policy ] || {
    echo "AppArmor is not in force"
    exit 77
}
config=/etc/libvirt/lxc.conf

settings() {
    printf '%s\n' "$@" >$config
    systemctl stop virtlxcd.service virtlxcd.socket virtlxcd-ro.socket virtlxcd-admin.socket
    systemctl reset-failed virtlxcd.service 2>/dev/null || true
    systemctl start virtlxcd.socket
}

# labelled NAME SECLABEL
labelled() {
    define "$1"
    v dumpxml "$1" | sed "s#</domain>#$2</domain>#" >"/tmp/$1-label.xml"
    v define "/tmp/$1-label.xml"
}

label_of() { cat "/proc/$(v domid "$1")/attr/current"; }
loaded() { grep -q "^$1 (" $policy; }
not_loaded() { ! loaded "$1"; }
# writes NAME FILE: prints "written" when root inside could
writes() { inside "$1" "echo 7 2>/dev/null > $2 && echo written || echo denied" | tail -n 1; }

saved=$(cat $config 2>/dev/null || true)
trap 'clean_up; printf "%s\n" "$saved" > $config; systemctl stop virtlxcd.service' EXIT
settings '# the values that hold without any'

# ---- a container that says nothing is confined
define bb
v start bb
mine=libvirt-$(v domuuid bb)
equal "$(v domuuid bb | wc -c)" 37
loaded "$mine" || fail "no profile $mine"
equal "$(label_of bb)" "$mine (enforce)"
v dumpxml bb | grep -q "<label>$mine</label>" || fail "no label in the XML: $(v dumpxml bb)"
v dumpxml --inactive bb | grep label && fail "the label is in the inactive XML"
v dominfo bb | grep -q "Security label: *$mine (enforcing)" || fail "dominfo: $(v dominfo bb)"
v dominfo bb | grep -q "Security model: *apparmor" || fail "dominfo: $(v dominfo bb)"
v capabilities | grep -q '<model>apparmor</model>' || fail "no apparmor in the capabilities"

# ---- what none may, the confined may not
labelled free "<seclabel type='none'/>"
v start free
equal "$(label_of free)" unconfined
cat >$TREE/tmp/tries <<'TRIES'
# try FILE COMMAND...: after the command the file is written, or not
try() {
    file=$1
    shift
    "$@" >/dev/null 2>&1
    if test -e "$file" && echo 7 2>/dev/null >"$file"; then echo "$* $file: written"; else echo "$* $file: denied"; fi
    umount /tmp/other 2>/dev/null
    umount /tmp/proc 2>/dev/null
}
bind() { mount --bind "$1" /tmp/other && mount -o remount,bind,rw /tmp/other; }
again() { mount -o remount,rw "$1"; mount -o remount,bind,rw "$1"; }
mkdir -p /tmp/proc /tmp/other
try /tmp/proc/sys/kernel/printk_ratelimit mount -t proc proc /tmp/proc
try /tmp/other/sys/kernel/printk_ratelimit mount -t proc proc /tmp/other
try /proc/sys/kernel/printk_ratelimit again /proc/sys
try /tmp/other/printk_ratelimit bind /proc/sys/kernel
try /tmp/other/module/kernel/parameters/panic mount -t sysfs sysfs /tmp/other
try /sys/module/kernel/parameters/panic again /sys
try /tmp/other/parameters/panic bind /sys/module/kernel
try /tmp/other/sched/verbose mount -t debugfs debugfs /tmp/other
TRIES
inside free 'sh /tmp/tries' >/tmp/free-tries
inside bb 'sh /tmp/tries' >/tmp/bb-tries
[ "$(grep -c ': written$' /tmp/free-tries)" = 8 ] || fail "none may not: $(cat /tmp/free-tries)"
[ "$(grep -c ': denied$' /tmp/bb-tries)" = 8 ] || fail "the confined may: $(cat /tmp/bb-tries)"
# What the kernel keeps for each container stays its own.
equal "$(writes bb /proc/sys/kernel/hostname)" written
equal "$(inside bb hostname)" 7
inside bb 'mkdir -p /tmp/t; mount -t tmpfs none /tmp/t && mount --bind /etc /tmp/t && umount /tmp/t && umount /tmp/t && echo mounted' | grep -q mounted || fail "root inside cannot mount"

# ---- processes of others
nsenter -t "$(v domid bb)" -m -p /bin/sleep 555 &
eventually sh -c "[ -n \"\$(pgrep -f '^/bin/sleep 555')\" ]"
outside=$(awk '/NSpid/ {print $NF}' "/proc/$(pgrep -f '^/bin/sleep 555')/status")
inside bb "kill -9 $outside 2>&1 && echo killed" | grep -q killed && fail "a process outside was killed"
pgrep -f '^/bin/sleep 555' >/dev/null || fail "a process outside is gone"
inside bb "cat /proc/$outside/environ >/dev/null 2>&1 && echo read" | grep -q read && fail "a process outside was looked at"
pkill -f '^/bin/sleep 555' || true

# ---- entering, as clients do
equal "$(v lxc-enter-namespace bb -- /bin/cat /proc/self/attr/current)" "$mine (enforce)"
equal "$(v lxc-enter-namespace --noseclabel bb -- /bin/cat /proc/self/attr/current)" unconfined
equal "$(v lxc-enter-namespace free -- /bin/cat /proc/self/attr/current)" unconfined
v destroy free

# ---- the label outlasts a reboot and the daemon, and goes with the container
before=$(v domid bb)
inside bb 'reboot -f' >/dev/null 2>&1 || true
eventually sh -c "[ \"\$(virsh -q -c $URI domid bb)\" != $before ]"
equal "$(label_of bb)" "$mine (enforce)"
systemctl kill -s KILL virtlxcd.service
eventually v uri
v destroy bb
eventually not_loaded "$mine"
v start bb
systemctl stop virtlxcd.service virtlxcd.socket virtlxcd-ro.socket virtlxcd-admin.socket
kill -9 "$(cat /run/libvirt/lxc/bb.pid)"
loaded "$mine" || fail "the profile went before its container"
systemctl start virtlxcd.socket
equal "$(v domstate bb)" 'shut off'
eventually not_loaded "$mine"

# ---- static: a profile that somebody has loaded
labelled named "<seclabel type='static' model='apparmor'><label>virtlxcd-test-named</label></seclabel>"
refused v start named >/tmp/refused 2>&1
grep -q "no AppArmor profile 'virtlxcd-test-named' is loaded" /tmp/refused || fail "refused otherwise: $(cat /tmp/refused)"
printf 'profile virtlxcd-test-named flags=(attach_disconnected) {\n file,\n capability,\n deny /etc/forbidden w,\n signal (receive) peer=unconfined,\n signal peer=@{profile_name},\n }\n' | apparmor_parser -r
v start named
equal "$(label_of named)" 'virtlxcd-test-named (enforce)'
equal "$(writes named /etc/forbidden)" denied
equal "$(writes named /etc/allowed)" written
v destroy named
loaded virtlxcd-test-named || fail "a profile of somebody else was removed"
printf 'profile virtlxcd-test-named { }' | apparmor_parser -R
v undefine named
labelled based "<seclabel type='dynamic' model='apparmor'><baselabel>x</baselabel></seclabel>"
refused v start based >/tmp/refused 2>&1
grep -q baselabel /tmp/refused || fail "refused otherwise: $(cat /tmp/refused)"
labelled foreign "<seclabel type='none' model='apparmor'/><seclabel type='static' model='selinux'><label>a:b:c:s0</label></seclabel>" >/tmp/refused 2>&1 && fail "a label of SELinux is accepted"
grep -q "'selinux'.*not active" /tmp/refused || fail "refused otherwise: $(cat /tmp/refused)"

# ---- the settings
settings 'security_default_confined = 0'
v start bb
equal "$(label_of bb)" unconfined
v destroy bb
settings 'security_require_confined = 1'
refused v start free >/tmp/refused 2>&1
grep -q "must be confined" /tmp/refused || fail "refused otherwise: $(cat /tmp/refused)"
labelled named "<seclabel type='static' model='apparmor'><label>unconfined</label></seclabel>"
refused v start named >/tmp/refused 2>&1
grep -q "must be confined" /tmp/refused || fail "refused otherwise: $(cat /tmp/refused)"
v start bb
v destroy bb
settings 'security_driver = "none"'
v capabilities | grep -q '<model>none</model>' || fail "a model is shown"
v start bb
equal "$(label_of bb)" unconfined
v destroy bb
settings 'security_driver = "selinux"'
refused v uri >/dev/null 2>&1
journalctl --no-pager -u virtlxcd -n 20 | grep -q "the security driver 'selinux' cannot be used: SELinux is not in force" || fail "no reason in the journal"
