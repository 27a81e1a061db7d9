# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
#
# With SELinux in force (VM_LSM=selinux; it permits, since the guest's files have no labels) a container has the
# type that the policy names and a pair of categories of its own, its file systems have the label of files,
# static labels are what they say, and nothing of a tree is relabelled.
. ./common

selinuxenabled || {
    echo "SELinux is not in force"
    exit 77
}
systemctl start virtlxcd.socket

# labelled NAME SECLABEL [DEVICES]
labelled() {
    define "$1" "${3:-}"
    v dumpxml "$1" | sed "s#</domain>#$2</domain>#" >"/tmp/$1-label.xml"
    v define "/tmp/$1-label.xml"
}

label_of() { tr -d '\0' <"/proc/$(v domid "$1")/attr/current"; }

# file_label PATH: as the kernel has it
file_label() { stat -c %C "$1"; }

v capabilities | grep -q '<model>selinux</model>' || fail "no selinux in the capabilities"
v capabilities | grep -q "<baselabel type='lxc'>system_u:system_r:container_t:s0</baselabel>" || fail "no base: $(v capabilities)"

# ---- who says nothing has none: the policy wants labelled trees
define plain
v start plain
label_of plain | grep -q container_t && fail "labelled unasked"
v destroy plain

# ---- dynamic
tree_before=$(file_label $TREE)
dynamic="<seclabel type='dynamic' model='selinux'/>"
labelled bb "$dynamic" "<filesystem type='ram'><source usage='1024'/><target dir='/tmp'/></filesystem>"
v start bb
label=$(label_of bb)
echo "$label" | grep -Eqx 'system_u:system_r:container_t:s0:c[0-9]+,c[0-9]+' || fail "the label is '$label'"
files="system_u:object_r:container_file_t:${label#*:*:*:}"
v dumpxml bb | grep -q "<label>$label</label>" || fail "no label: $(v dumpxml bb)"
v dumpxml bb | grep -q "<imagelabel>$files</imagelabel>" || fail "no label of files: $(v dumpxml bb)"
v dumpxml --inactive bb | grep '<label>' && fail "the label is in the inactive XML"
v dominfo bb | grep -q "Security label: *$label (permissive)" || fail "dominfo: $(v dominfo bb)"
init=$(v domid bb)
# Not mqueue: kernels such as 6.1 take no label for it, and it has the one of the policy.
for place in dev dev/null dev/pts dev/shm tmp; do
    equal "$place $(file_label "/proc/$init/root/$place")" "$place $files"
done
equal "$(file_label "$(v ttyconsole bb)")" "$files"
equal "$(inside bb 'echo in >/tmp/in; cat /tmp/in')" in
equal "$(file_label $TREE)" "$tree_before"

# ---- entering, a reboot, a second one
equal "$(v lxc-enter-namespace bb -- /bin/cat /proc/self/attr/current | tr -d '\0')" "$label"
labelled other "$dynamic"
v start other
[ "$(label_of other)" != "$label" ] || fail "two have the label $label"
inside bb 'reboot -f' >/dev/null 2>&1 || true
eventually sh -c "[ \"\$(virsh -q -c $URI domid bb)\" != $init ]"
equal "$(label_of bb)" "$label"
v destroy bb
v destroy other

# ---- another base, static, and what the policy does not know
labelled based "<seclabel type='dynamic' model='selinux'><baselabel>system_u:system_r:unconfined_t:s0</baselabel></seclabel>"
v start based
label_of based | grep -Eqx 'system_u:system_r:unconfined_t:s0:c[0-9]+,c[0-9]+' || fail "the label is '$(label_of based)'"
v destroy based
fixed=system_u:system_r:container_t:s0:c1,c2
labelled fixed "<seclabel type='static' model='selinux'><label>$fixed</label></seclabel>"
v start fixed
equal "$(label_of fixed)" $fixed
grep context= "/proc/$(v domid fixed)/mountinfo" && fail "relabelled, and nobody asked for that"
v destroy fixed
labelled again "<seclabel type='static' model='selinux' relabel='yes'><label>$fixed</label></seclabel>"
v start again
equal "$(file_label "/proc/$(v domid again)/root/dev")" system_u:object_r:container_file_t:s0:c1,c2
v destroy again
labelled wrong "<seclabel type='static' model='selinux'><label>system_u:system_r:nobody_t:s0</label></seclabel>"
refused v start wrong >/tmp/refused 2>&1
grep -q "knows no label 'system_u:system_r:nobody_t:s0'" /tmp/refused || fail "refused otherwise: $(cat /tmp/refused)"
