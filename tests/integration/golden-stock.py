#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""Every golden definition is printed, or refused with the same code, as by the stock driver, but for the cases that say why not."""
import importlib.util
import os

import libvirt

os.environ['VIRTLXCD_STOCK'] = '1'

from harness import Instance, eventually, skip  # noqa: E402: after it is told whom to start

PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../golden/compare-stock.py')
spec = importlib.util.spec_from_file_location('compare_stock', PATH)
compare_stock = importlib.util.module_from_spec(spec)
spec.loader.exec_module(compare_stock)

with Instance() as host:
    version = host.conn.getLibVersion()
    if version // 1000 != 9000:
        skip(f'the cases are compared with libvirt 9.0, not {version}')
    host.forget_connections()

    def open_again():
        if host.daemon.poll() is not None:
            print(f'the stock daemon has died of signal {-host.daemon.returncode}')
            host.daemon = None
            host.start_daemon()
        try:
            return libvirt.open(host.uri())
        except libvirt.libvirtError:  # it is dying
            return None

    def connect():
        return eventually(open_again, 'a stock daemon answers', 30)

    assert compare_stock.compare(connect, []), 'differences without a reason'
