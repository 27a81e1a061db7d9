#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""Without a security driver labels of none are had by all, a static one is refused by its model, and settings that confine are kept."""
import subprocess

from harness import DAEMON, PATIENCE, Instance, contains, equal, refused

# On a host that has a driver it is turned off: what is promised is the same.
with Instance(driver_config='security_driver = "none"\n') as host:
    equal(host.conn.getSecurityModel(), ['none', '0'])
    contains(host.conn.getCapabilities(), '<model>none</model>')
    for extra in ('', "<seclabel type='none'/>", "<seclabel type='dynamic'/>", "<seclabel type='none' model='none'/>",
                  "<seclabel type='none' model='selinux'/><seclabel type='none' model='apparmor'/>"):
        dom = host.create('bb', extra=extra)
        equal(dom.securityLabel(), ['', False], extra)
        equal(dom.securityLabelList(), [], extra)
        assert '<label>' not in dom.XMLDesc(), dom.XMLDesc()
        contains(host.virsh('lxc-enter-namespace', 'bb', '/bin/echo', 'inside'), 'inside')
        dom.destroy()
    for model in ('apparmor', 'selinux', 'smack'):
        for label in (f"<seclabel type='static' model='{model}'><label>a</label></seclabel>",
                      f"<seclabel type='dynamic' model='{model}'/>",
                      f"<seclabel type='none' model='none'/><seclabel type='static' model='{model}'><label>a</label></seclabel>"):
            with refused('CONFIG_UNSUPPORTED', 'SECURITY', f"security driver '{model}' .* not active"):
                host.create('bb', extra=label)

    dom = host.define('bb')
    equal(dom.securityLabel(), ['', False])
    equal(dom.securityLabelList(), [])

    host.configure('', 'security_driver = "none"\nsecurity_require_confined = 1\n')
    host.restart_daemon()
    dom = host.conn.lookupByName('bb')
    with refused('CONFIG_UNSUPPORTED', 'SECURITY', 'bb.*security_require_confined.*no security driver'):
        dom.create()
    equal(dom.isActive(), 0)

    # Who confines unasked where there is nothing to confine with has what there is.
    host.configure('', 'security_driver = "none"\nsecurity_default_confined = 1\n')
    host.restart_daemon()
    dom = host.conn.lookupByName('bb')
    dom.create()
    equal(dom.securityLabel(), ['', False])

# A driver that is asked for and not there ends the daemon, with the reason.
other = Instance('other')
for model in ('apparmor', 'selinux'):
    other.configure('', f'security_driver = "{model}"\n')
    probe = subprocess.Popen([DAEMON, '--root', other.root, '--timeout', '1'], stderr=subprocess.PIPE, text=True)
    said = probe.communicate(timeout=30 * PATIENCE)[1]
    if probe.returncode == 0:  # this host has it
        continue
    contains(said, f"the security driver '{model}' cannot be used: ")
