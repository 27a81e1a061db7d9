#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""The part of tools/test after the packages: build twice, test twice, sum up, look for what was left."""
import argparse
import glob
import json
import os
import subprocess
import sys
import time

BUILDS = {
    'build': ['-Dtests=true', '-Dwerror=true'],
    'build-asan': ['-Dtests=true', '-Dwerror=true', '-Dstatic_controller=false',
                   '-Db_sanitize=address,undefined', '-Db_lundef=false'],
}
# Stack traces for humans, and an error for every finding. Children that exec without a clean-up of
# their own are not leaks of ours.
SANITIZERS = {
    'ASAN_OPTIONS': 'abort_on_error=0:exitcode=86:detect_leaks=1:strict_string_checks=1',
    'UBSAN_OPTIONS': 'print_stacktrace=1:halt_on_error=1:exitcode=86',
}

PASSED = ('OK', 'EXPECTEDFAIL')
LAST_WORDS = 1500


def build(folder, options):
    if not os.path.exists(os.path.join(folder, 'build.ninja')):
        subprocess.run(['meson', 'setup', folder, *options], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(['ninja', '-C', folder, '--quiet'], check=True)


def make_trees():
    """The trees of whole systems take a while, and the network; without them their tests say why."""
    return subprocess.Popen(['tests/system-tree'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def test(folder, suites):
    log = os.path.join(folder, 'meson-logs/testlog.json')
    if os.path.exists(log):
        os.unlink(log)
    command = ['meson', 'test', '-C', folder, '--no-rebuild', '--print-errorlogs']
    for suite in suites:
        command += ['--suite', suite]
    subprocess.run(command, check=False, env={**os.environ, **SANITIZERS})
    with open(log, encoding='utf-8') as file:
        return [(f"{folder}: {row['name']}", row['result'], row.get('stdout', '') + row.get('stderr', '')) for row in map(json.loads, file)]


def left_overs():
    """What tests could leave on a machine, each as a line."""
    found = set()
    for pattern in ('/sys/fs/cgroup/virtlxcd-*', '/sys/fs/cgroup/*/virtlxcd-*', '/tmp/virtlxcd-*'):
        found.update('file or group ' + path for path in glob.glob(pattern))
    with open('/proc/self/mountinfo', encoding='utf-8') as file:
        found.update('mount ' + line.split()[4] for line in file)
    found.update('link ' + name for name in os.listdir('/sys/class/net'))
    for path in glob.glob('/proc/[0-9]*/comm'):
        try:
            with open(path, encoding='utf-8') as file:
                name = file.read().strip()
        except OSError:
            continue
        if name.startswith(('virtlxc', 'payload')):
            found.add(f"process {path.split('/')[2]} {name}")
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('-s', '--suite', action='append', default=[], help='only this suite')
    parser.add_argument('-b', '--build', action='append', choices=list(BUILDS), help='only this build')
    options = parser.parse_args()
    begin = time.monotonic()
    before = left_overs()
    results = []
    trees = make_trees()
    for folder in options.build or BUILDS:
        print(f'==== {folder}', flush=True)
        build(folder, BUILDS[folder])
        trees.wait()
        results += test(folder, options.suite)
    results += [(f'left behind: {thing}', 'FAIL', '') for thing in sorted(left_overs() - before)]
    good = [name for name, result, _ in results if result in PASSED]
    skipped = [name for name, result, _ in results if result == 'SKIP']
    failed = [f'{name} ({result})' for name, result, _ in results if result not in (*PASSED, 'SKIP')]
    for name, result, said in results:
        if result not in (*PASSED, 'SKIP') and said:
            print(f'\n==== the last words of {name}\n{said[-LAST_WORDS:].strip()}')
    print(f'\n==== {time.monotonic() - begin:.0f} s')
    for word, names in (('skipped', skipped), ('failed', failed)):
        for name in names:
            print(f'{word}: {name}')
    print(f'{len(good)} passed, {len(failed)} failed, {len(skipped)} skipped')
    sys.exit(1 if failed or not good else 0)


main()
