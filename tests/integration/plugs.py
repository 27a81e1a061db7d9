# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""USB devices that are made up: a sysfs of our own stands where the kernel's USB bus would, in the script's own mount namespace."""
import os
import shutil
import subprocess

BUS = '/sys/bus/usb/devices'
TUN = '10:200'  # a node that can be opened, and that not every container may open


def make_bus():
    subprocess.run(['mount', '-t', 'tmpfs', 'none', '/sys/bus'], check=True)


def plug(name, bus, device, what, node=TUN):
    """What is VENDOR:PRODUCT; its node may be any device."""
    folder = os.path.join(BUS, name)
    os.makedirs(folder)
    vendor, product = what.split(':')
    for attribute, text in (('busnum', bus), ('devnum', device), ('idVendor', vendor), ('idProduct', product), ('dev', node)):
        with open(os.path.join(folder, attribute), 'w', encoding='ascii') as file:
            print(text, file=file)


def unplug(name):
    shutil.rmtree(os.path.join(BUS, name))


def usb(source, policy=''):
    return f"<hostdev mode='subsystem' type='usb'><source {policy}>{source}</source></hostdev>"


def at(bus, device):
    return f"<address bus='{bus}' device='{device}'/>"
