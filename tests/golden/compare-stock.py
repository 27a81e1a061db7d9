#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""Defines every golden in.xml on a stock libvirt LXC daemon and compares what it prints, or the code
and domain of its error, with ours. tests/integration/golden-stock.py does so in every test run; by hand:

    compare-stock.py 'lxc+unix:///system?socket=/run/libvirt/libvirt-sock' [CASE...]

A case that differs on purpose says why in a file called `differs`; it is then listed, not counted. A case
with both out.xml and error.txt is understood alike and refused by us, since no container can be made of it.
Use a daemon of your own: domains called as in the cases are defined and undefined again. Libvirt 9.0 dies of
some definitions, not always at once: a case with which the connection breaks is tried again with a new daemon.
"""
import difflib
import os
import re
import sys

import libvirt

HERE = os.path.dirname(os.path.abspath(__file__))


def constants(prefix):
    return {value: name[len(prefix):] for name, value in vars(libvirt).items() if name.startswith(prefix)}


REFUSED = 'understood alike, but refused'

CODES, ORIGINS = constants('VIR_ERR_'), constants('VIR_FROM_')


def read(case, name):
    path = os.path.join(HERE, case, name)
    if not os.path.exists(path):
        return None
    with open(path, 'rb') as file:
        return file.read().decode('utf-8', 'surrogateescape')


def stock(conn, case):
    """(printed definition, None) or (None, 'CODE/DOMAIN: text')."""
    xml = read(case, 'in.xml')
    try:
        flags = libvirt.VIR_DOMAIN_DEFINE_VALIDATE if case.startswith('validate-') else 0
        domain = conn.defineXMLFlags(xml, flags)
    except UnicodeEncodeError:
        return None, 'not sent'
    except libvirt.libvirtError as e:
        return None, f'{CODES.get(e.get_error_code())}/{ORIGINS.get(e.get_error_domain())}: {e.get_error_message()}'
    try:
        printed = domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE | libvirt.VIR_DOMAIN_XML_SECURE)
        domain.undefine()
    except libvirt.libvirtError as e:  # the daemon dies, which ask() sees
        return None, f'does not stay: {e}'
    return printed, None


def neutral(text):
    """The two daemons have different default emulators, and libvirt prints some empty elements in two lines."""
    text = re.sub(r'<(\w+)([^<>]*)>\n\s*</\1>', r'<\1\2/>', text)
    return '\n'.join(line for line in text.splitlines() if '<emulator>/usr/lib' not in line)


def difference(case, printed, error):
    ours, our_error = read(case, 'out.xml'), read(case, 'error.txt')
    if error is not None and our_error is not None:
        return None if error.split(':')[0] == our_error.split(':')[0] else f'  ours:  {our_error.strip()}\n  stock: {error}'
    if error is None and ours is not None and neutral(printed) != neutral(ours):
        return '\n'.join(difflib.unified_diff(neutral(ours).splitlines(), neutral(printed).splitlines(),
                                              'ours', 'stock', lineterm='', n=1))
    if error is None and ours is not None:
        return REFUSED if our_error else None
    return f'  ours:  {(our_error or "accepted").strip()}\n  stock: {error or "accepted"}'


def ask(connect, conn, case):
    """(what stock says, the connection it is said on); twice when the daemon dies."""
    said = stock(conn, case)
    if conn.isAlive():
        return said, conn
    conn = connect()
    said = stock(conn, case)
    return (said, conn) if conn.isAlive() else ((None, 'died'), connect())


def compare(connect, cases):
    """`connect` gives a connection to a daemon that lives, a new one if need be. False: differences without a reason."""
    libvirt.registerErrorHandler(lambda *_: None, None)
    conn = connect()
    count = {'same': 0, 'refused': 0, 'known': 0, 'different': 0}
    for case in cases or sorted(name for name in os.listdir(HERE) if os.path.exists(os.path.join(HERE, name, 'in.xml'))):
        said, conn = ask(connect, conn, case)
        found = difference(case, *said)
        known = read(case, 'differs')
        kind = 'same' if not found else 'known' if known else 'refused' if found == REFUSED else 'different'
        count[kind] += 1
        if kind == 'known':
            print(f'known: {case}: {known.strip()}')
        elif kind == 'different':
            print(f'DIFFERENT: {case}\n{found}')
        elif known:
            print(f'{case} has a file called differs, but does not')
    print(', '.join(f'{number} {word}' for word, number in count.items()))
    return not count['different']


if __name__ == '__main__':
    sys.exit(not compare(lambda: libvirt.open(sys.argv[1]), sys.argv[2:]))
