#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
#
# Installs what is missing of the Debian packages that building, the demo and the tests need:
#
#     install-deps.sh demo|test
#
# Nothing happens when all is there. No service is started or enabled on the way. Ends with 1 and a
# plain sentence when the machine lacks something that cannot be installed.
set -eu

# package: why
build_packages='
meson:                      the build
ninja-build:                the build
gcc:                        the compiler
libc6-dev:                  the C library, static too: the per-container programs need no library
pkg-config:                 finds the libraries
gettext:                    message catalogues
python3:                    writes the XDR tables
libglib2.0-dev:             event loop, containers of data, D-Bus
libxml2-dev:                domain XML
libnl-3-dev:                network devices
libnl-route-3-dev:          network devices
libjson-glib-dev:           system call profiles and configurations in JSON
libseccomp-dev:             system call filters
libblkid-dev:               what is in images
libselinux1-dev:            labels of SELinux
libapparmor-dev:            profiles of AppArmor
libvirt-dev:                error numbers and flags; networks through the public API
'
demo_packages='
busybox-static:             the root tree of containers
libvirt-clients:            virsh
iproute2:                   bridges
util-linux:                 unshare, setpriv
'
test_packages='
clang-format:               the structure tests
git:                        the structure tests
libasan8:                   the sanitizer build
libubsan1:                  the sanitizer build
mount:                      small file systems for the full-disk test
python3-libvirt:            the integration tests speak through it
libvirt-daemon:             network daemon of the network tests
libvirt-daemon-driver-lxc:  the same scripts against the stock driver
dnsmasq-base:               libvirt networks
lxc:                        runs what domxml-to-native writes
iptables:                   libvirt networks
openvswitch-switch:         interfaces that are plugged into it
crun:                       runs exported OCI bundles
mmdebstrap:                 the trees of whole systems that are booted
systemd-container:          systemd-nspawn runs exported settings
dbus:                       the polkit tests
polkitd:                    the polkit tests
qemu-utils:                 images of other formats than raw
e2fsprogs:                  images with file systems, made without mounting any
xfsprogs:                   the same
btrfs-progs:                the same
dosfstools:                 the same
squashfs-tools:             the same
erofs-utils:                the same
apparmor:                   its parser reads the profile of containers
'

# Parts of libvirt-daemon in Debian 12, packages of their own after it.
split_packages='
libvirt-daemon-driver-interface:  the relay tests
libvirt-daemon-driver-network:    network daemon of the network tests
libvirt-daemon-driver-nodedev:    the relay tests
libvirt-daemon-driver-nwfilter:   the relay tests
libvirt-daemon-driver-secret:     the relay tests
libvirt-daemon-driver-storage:    the relay tests
'

say() {
    echo "install-deps: $*" >&2
}

names() {
    echo "$1" | sed -n 's/^\([a-z0-9.+-]*\): .*/\1/p'
}

missing() {
    for package in $(names "$1"); do
        dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null | grep -q ' installed$' || echo "$package"
    done
}

# Of what is missing, that which this release has.
missing_here() {
    for package in $(missing "$1"); do
        apt-cache show "$package" > /dev/null 2>&1 && echo "$package"
    done
    true
}

# While packages are installed, no service may start: policy-rc.d is Debian's word for that. They also
# enable their services for the next boot; whatever is new of these links is taken away again.
policy=/usr/sbin/policy-rc.d
enabled() {
    find /etc/systemd/system /etc/rc[0-6S].d -type l 2> /dev/null || true
}

forbid_services() {
    enabled_before=$(enabled)
    trap 'allow_services' EXIT
    trap 'exit 130' INT TERM HUP
    if [ -e "$policy" ] && [ ! -e "$policy.virtlxcd" ]; then
        mv "$policy" "$policy.virtlxcd"
    fi
    printf '#!/bin/sh\n# virtlxcd: no service starts while packages are installed\nexit 101\n' > "$policy"
    chmod 755 "$policy"
}

allow_services() {
    enabled | grep -vxF "$enabled_before" | while read -r link; do
        rm -f "$link"
    done
    if [ -e "$policy.virtlxcd" ]; then
        mv "$policy.virtlxcd" "$policy"
    elif grep -q virtlxcd "$policy" 2>/dev/null; then
        rm -f "$policy"
    fi
}

install() {
    DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0 \
        -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold \
        install --no-install-recommends "$@"
}

check_kernel() {
    python3 "$(dirname "$0")/check-kernel.py"
}

install_missing() {
    [ -n "$1" ] || return 0
    if [ "$(id -u)" -ne 0 ]; then
        say "not root, and these packages are missing: $1"
        exit 1
    fi
    if ! command -v apt-get > /dev/null; then
        say "no apt-get here; install by other means: $1"
        exit 1
    fi
    say "installing: $1"
    forbid_services
    # Lists that are there may be good enough; else fetch them. One source that fails is no harm
    # as long as the packages come.
    if ! install $1 > /dev/null 2>&1; then
        apt-get -q update >&2 || true
        install $1 >&2 || {
            say "no package source has all of: $1"
            say "is there a network, and does /etc/apt name a Debian mirror?"
            exit 1
        }
    fi
}

main() {
    case "$1" in
    demo) packages=$build_packages$demo_packages ;;
    test) packages=$build_packages$demo_packages$test_packages ;;
    *) say "say demo or test" && exit 2 ;;
    esac
    # No need to install anything on a machine that could not go on.
    if command -v python3 > /dev/null; then
        check_kernel || exit 1
    fi
    install_missing "$(echo $(missing "$packages"))"
    if [ "$1" = test ]; then
        install_missing "$(echo $(missing_here "$split_packages"))"
    fi
    check_kernel
}

main "${1:-test}"
