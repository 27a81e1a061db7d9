#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""Title, description and metadata elements are set, read, kept, removed, and told of by one event each."""
import libvirt

from harness import Events, Instance, contains, equal, refused

DESC, TITLE, ELEMENT = (libvirt.VIR_DOMAIN_METADATA_DESCRIPTION, libvirt.VIR_DOMAIN_METADATA_TITLE, libvirt.VIR_DOMAIN_METADATA_ELEMENT)
LIVE, CONFIG = libvirt.VIR_DOMAIN_AFFECT_LIVE, libvirt.VIR_DOMAIN_AFFECT_CONFIG

with Instance() as host:
    dom = host.define('bb')
    events = Events(host.conn, dom)
    for kind in (DESC, TITLE):
        with refused('NO_DOMAIN_METADATA', 'DOMAIN'):
            dom.metadata(kind, None)
    dom.setMetadata(TITLE, 'A title', None, None)
    events.wait('metadata', 'bb', TITLE, None)
    dom.setMetadata(DESC, 'More <words>', None, None)
    events.wait('metadata', 'bb', DESC, None)
    dom.setMetadata(ELEMENT, '<app><part a="1"/></app>', 'k', 'urn:one')
    events.wait('metadata', 'bb', ELEMENT, 'urn:one')
    dom.setMetadata(ELEMENT, '<other/>', 'o', 'urn:two')
    events.wait('metadata', 'bb', ELEMENT, 'urn:two')
    equal(dom.metadata(TITLE, None), 'A title')
    equal(dom.metadata(DESC, None), 'More <words>')
    contains(dom.metadata(ELEMENT, 'urn:one').replace('"', "'"), "<part a='1'/>")
    contains(dom.XMLDesc(0).replace('"', "'"), "<k:app xmlns:k='urn:one'>")
    with refused('XML_DETAIL'):
        dom.setMetadata(ELEMENT, '<app>', 'k', 'urn:one')
    with refused('NO_DOMAIN_METADATA', 'DOMAIN'):
        dom.metadata(ELEMENT, 'urn:none')
    with refused('INVALID_ARG'):
        dom.setMetadata(TITLE, 'two\nlines', None, None)
    events.expect_none()

    # Live and definition are apart while it runs.
    dom.create()
    events.wait('lifecycle', 'bb', libvirt.VIR_DOMAIN_EVENT_STARTED)
    dom.setMetadata(TITLE, 'live', None, None, LIVE)
    events.wait('metadata', 'bb', TITLE, None)
    equal((dom.metadata(TITLE, None, LIVE), dom.metadata(TITLE, None, CONFIG)), ('live', 'A title'))
    dom.setMetadata(TITLE, 'both', None, None, LIVE | CONFIG)
    events.wait('metadata', 'bb', TITLE, None)
    equal((dom.metadata(TITLE, None, LIVE), dom.metadata(TITLE, None, CONFIG)), ('both', 'both'))
    with refused('INVALID_ARG', 'DOMAIN'):
        dom.metadata(TITLE, None, LIVE | CONFIG)
    dom.destroy()
    events.wait('lifecycle', 'bb', libvirt.VIR_DOMAIN_EVENT_STOPPED)
    with refused('OPERATION_INVALID', 'DOMAIN'):
        dom.metadata(TITLE, None, LIVE)

    # What was set is on disk.
    events.close()
    host.restart_daemon()
    dom = host.conn.lookupByName('bb')
    equal(dom.metadata(TITLE, None), 'both')
    dom.setMetadata(TITLE, None, None, None)
    dom.setMetadata(DESC, '', None, None)
    dom.setMetadata(ELEMENT, None, None, 'urn:one')
    for kind, uri in ((TITLE, None), (DESC, None), (ELEMENT, 'urn:one')):
        with refused('NO_DOMAIN_METADATA'):
            dom.metadata(kind, uri)
    contains(dom.metadata(ELEMENT, 'urn:two'), '<other')
