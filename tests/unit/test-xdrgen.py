#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""The generator refuses what it cannot say in C, and says where.

    test-xdrgen.py XDRGEN
"""
import os
import subprocess
import sys
import tempfile

MISTAKES = [  # source, part of the message
    ('struct a { b c; };', "unknown type 'b'"),
    ('struct a { int x; };\nstruct a { int y; };', "line 2: 'a' is defined twice"),
    ('struct a { a *next; };', "unknown type 'a'"),  # no type contains itself
    ('struct a { };', "struct 'a' is empty"),
    ('struct a { int *x; };', "'x' cannot be optional"),
    ('struct a { int default; };', "'default' cannot be a name"),
    ('struct a { int x<MAX>; };', "'MAX' is neither a number nor a constant"),
    ('struct a { int x };', "expected ';' before '}'"),
    ('typedef int list<4>;\nstruct a { list x<4>; };', "line 2: 'x': wrap the inner list in a struct"),
    ('typedef opaque id[4];\nstruct a { id x<4>; };', "'x': wrap the inner list in a struct"),
    ('union a switch (double d) { case 1: int i; };', "union 'a' switches on an int or an enum only"),
    ('program x { };', "'program' does not begin a definition"),
    ('struct a { int x; }; $', "line 1: unexpected '$'"),
]
GOOD = [
    '/* nothing */', 'const A = 0x10; struct a { opaque x<A>; unsigned y; };',
    'enum e { A = -1, B = 2 }; union u switch (e kind) { case A: int i; case B: bool b; };',
]


def run(source):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'in.x')
        with open(path, 'w', encoding='utf-8') as file:
            file.write(source)
        outputs = [os.path.join(folder, name) for name in ('out.h', 'out.c', 'list.c')]
        done = subprocess.run([sys.executable, sys.argv[1], path, *outputs], stderr=subprocess.PIPE, text=True, check=False)
        return done.returncode, done.stderr


for text, message in MISTAKES:
    status, error = run(text)
    assert status == 1 and message in error, (text, status, error)
for text in GOOD:
    assert run(text) == (0, ''), (text, run(text))
