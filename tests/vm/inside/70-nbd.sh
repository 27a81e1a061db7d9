# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
#
# Images in qcow2 are file systems and disks by way of qemu-nbd, which sees nothing of the host but the
# one image; what is made of other files is refused; no device and no server is left, whatever ends first.
. ./common

systemctl start virtlxcd.socket
images=/srv/images
mkdir -p $images/data
echo 'from the image' >$images/data/here

# make NAME MIB: NAME.raw with an ext4 that holds the folder data, and NAME.qcow2
make() {
    rm -f $images/"$1".*
    truncate -s "$2"M $images/"$1".raw
    mke2fs -q -t ext4 -F -d $images/data $images/"$1".raw
    qemu-img convert -f raw -O qcow2 $images/"$1".raw $images/"$1".qcow2
}

filesystem() {
    echo "<filesystem type='file'><driver type='nbd' format='${3:-qcow2}'/><source file='$images/$1'/><target dir='$2'/>${4:-}</filesystem>"
}

disk() {
    echo "<disk type='file'><driver name='nbd' type='qcow2'/><source file='$images/$1'/><target dev='$2'/>${3:-}</disk>"
}

connected() { cat /sys/block/nbd*/pid 2>/dev/null; }
nothing_left() { ! pgrep -x qemu-nbd && [ -z "$(connected)" ] && [ -z "$(losetup -n -l -O BACK-FILE | grep nbd)" ]; }

refused_with() {
    local text=$1 said
    shift
    define bad "$*"
    if said=$(v start bad 2>&1); then fail "was not refused: $*"; fi
    case $said in *$text*) ;; *) fail "refused, but with: $said" ;; esac
    v undefine bad
}

# ---- a file system, written by one start, read by the next
make plain 32
define fs "$(filesystem plain.qcow2 /data)"
v start fs
inside fs 'cat /data/here; echo new >/data/new; sync' | grep -q 'from the image' || fail "the file in the image is not there"
v destroy fs
nothing_left || fail "a server is left when the stop has come back"
qemu-img check -q $images/plain.qcow2
v start fs
inside fs 'cat /data/new; grep /data /proc/self/mountinfo' >/tmp/said
grep -q '^new' /tmp/said || fail "what was written is not there: $(cat /tmp/said)"
grep -q 'ext4 /dev/nbd' /tmp/said || fail "it is not on a network block device: $(cat /tmp/said)"

# ---- who serves it
server=$(pgrep -x qemu-nbd)
grep -q '^CapEff:.0000000000000000$' /proc/"$server"/status || fail "qemu-nbd has capabilities"
grep -q '^CapBnd:.0000000000000000$' /proc/"$server"/status || fail "qemu-nbd can get capabilities"
grep -q '^NoNewPrivs:.1$' /proc/"$server"/status || fail "qemu-nbd may get new privileges"
grep -q '^Seccomp:.2$' /proc/"$server"/status || fail "qemu-nbd has no filter"
equal "$(ls /proc/"$server"/root/etc)" ld.so.cache
[ ! -e /proc/"$server"/root$images ] || fail "qemu-nbd sees other images"
for space in mnt net pid ipc; do
    [ "$(readlink /proc/self/ns/$space)" != "$(readlink /proc/"$server"/ns/$space)" ] || fail "qemu-nbd is in the host's $space namespace"
done

# ---- one writer at a time
refused_with 'another process using the image' "$(filesystem plain.qcow2 /data)"
[ "$(pgrep -x qemu-nbd)" = "$server" ] || fail "the server of the first changed"

# ---- killed, in any order
kill -9 "$(cat /run/libvirt/lxc/fs.pid)"
eventually nothing_left
v start fs
systemctl kill -s KILL virtlxcd.service
eventually v domstate fs
[ "$(v domstate fs)" = running ] || fail "the next daemon does not know the container"
v destroy fs
eventually nothing_left
qemu-img check -q $images/plain.qcow2

# ---- whichever step fails
for step in images device-rules sources init go exec controller; do
    systemctl set-environment VIRTLXCD_FAIL_STEP=$step
    systemctl restart virtlxcd.service
    refused v start fs
    eventually nothing_left
done
systemctl unset-environment VIRTLXCD_FAIL_STEP
systemctl restart virtlxcd.service
for i in 1 2 3; do
    v start fs
    v destroy fs
done
nothing_left || fail "a server is left after starts and stops"

# ---- a reboot keeps the server
define again "$(filesystem plain.qcow2 /data)"
sed -i 's|<init>.*</init>|<init>/bin/sh</init><initarg>-c</initarg><initarg>trap "busybox reboot -f" USR1; while :; do sleep 0.2; done</initarg>|' /tmp/again.xml
v undefine again
v define /tmp/again.xml
v start again
server=$(pgrep -x qemu-nbd)
first=$(v domid again)
v send-process-signal again 1 usr1
another() { [ "$(v domid again)" != "$first" ] && [ "$(v domstate again)" = running ]; }
eventually another
equal "$(pgrep -x qemu-nbd)" "$server"
grep -q '/data .* ext4 /dev/nbd' /proc/"$(v domid again)"/mountinfo || fail "the image is not mounted after a reboot"
v destroy again
nothing_left || fail "a server is left after a reboot"

# ---- read-only
define ro "$(filesystem plain.qcow2 /data qcow2 '<readonly/>')"
v start ro
inside ro 'touch /data/x || echo refused' | grep -q refused || fail "a read-only image is written"
v destroy ro
nothing_left

# ---- a partition
python3 -c "
import sys
sys.path.insert(0, '../tests/integration')
import imagefiles
imagefiles.make_mbr('$images/disk.raw', (None, 0x82), ('$images/plain.raw', 0x83))"
qemu-img convert -f raw -O qcow2 $images/disk.raw $images/disk.qcow2
define part "$(filesystem disk.qcow2 /data)"
v start part
inside part 'cat /data/here' | grep -q 'from the image' || fail "the partition is not found"
v destroy part
eventually nothing_left

# ---- a disk
define disk "$(disk plain.qcow2 vda) $(disk disk.qcow2 vdb '<readonly/>')"
v start disk
inside disk 'dd if=/dev/vda bs=1 skip=1080 count=2 2>/dev/null | hexdump; (: >/dev/vdb) 2>/dev/null || echo refused' >/tmp/said
grep -q 'ef53' /tmp/said || fail "the disk does not show what is in the image: $(cat /tmp/said)"
grep -q 'refused' /tmp/said || fail "the read-only disk is written: $(cat /tmp/said)"
[ "$(pgrep -c -x qemu-nbd)" = 2 ] || fail "not one server for each disk"
v destroy disk
eventually nothing_left

# ---- what is made of other files, what is not what it was said to be, and what nobody serves
qemu-img create -q -f qcow2 -b /etc/shadow -F raw $images/backed.qcow2
refused_with 'backing file' "$(filesystem backed.qcow2 /data)"
refused_with 'not in qcow2 format' "$(filesystem plain.raw /data)"
refused_with 'there is no file system' "$(filesystem plain.qcow2 /data raw)"
refused_with "format 'fat'" "$(filesystem plain.qcow2 /data fat)"
mv /usr/bin/qemu-nbd /usr/bin/qemu-nbd.away
refused_with 'qemu-nbd is not installed' "$(filesystem plain.qcow2 /data)"
mv /usr/bin/qemu-nbd.away /usr/bin/qemu-nbd
eventually nothing_left
