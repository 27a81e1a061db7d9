# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""For scripts about file systems: their elements, a shell that looks at them from inside, and proof that a tree is as it was."""
import hashlib
import html
import os
import stat

from harness import eventually

IDMAP = "<idmap><uid start='0' target='100000' count='65536'/><gid start='0' target='100000' count='65536'/></idmap>"
OURS = "xmlns:virtlxcd='urn:virtlxcd:domain:1.0'"


def filesystem(source, target, *more, kind='mount', key='dir', access=''):
    """One <filesystem>; `more` are its other children."""
    access = f" accessmode='{access}'" if access else ''
    return f"<filesystem type='{kind}'{access}><source {key}='{html.escape(source)}'/><target dir='{target}'/>{''.join(more)}</filesystem>"


def overlay(lowers=(), upper=None, work=None, ephemeral=False):
    parts = ''.join(f"<virtlxcd:lower path='{html.escape(path)}'/>" for path in lowers)
    if upper:
        parts += f"<virtlxcd:upper path='{upper}'/><virtlxcd:work path='{work}'/>"
    return f"<virtlxcd:overlay {OURS}{' ephemeral=' + repr('yes') if ephemeral else ''}>{parts}</virtlxcd:overlay>"


def shell(host, name, script, **words):
    """Starts a container whose init is a shell with this script; returns what that wrote, and destroys it."""
    folder, device = host.report(name)
    os.chmod(folder, 0o777)
    for part in os.listdir(folder):
        os.unlink(os.path.join(folder, part))
    words['devices'] = words.get('devices', '') + device
    script = f'umask 022; exec > /report/part 2>&1; {script}; echo > /report/done; exec sleep 1000'
    dom = host.create(name, init='/bin/sh', args=['-c', html.escape(script)], **words)
    try:
        eventually(lambda: os.path.exists(os.path.join(folder, 'done')), f'{name} reports')
    finally:
        dom.destroy()
    with open(os.path.join(folder, 'part'), encoding='utf-8', errors='replace') as file:
        return file.read()


def fingerprint(top):
    """All that is in a tree: names, owners, modes, times of change, content."""
    found = []
    for folder, names, files in os.walk(top):
        for name in ['.', *names, *files]:
            path = os.path.join(folder, name)
            info = os.lstat(path)
            content = ''
            if stat.S_ISREG(info.st_mode):
                with open(path, 'rb') as file:
                    content = hashlib.sha256(file.read()).hexdigest()
            found.append((path, info.st_uid, info.st_gid, info.st_mode, info.st_mtime_ns, info.st_ctime_ns, content))
    return sorted(found)
