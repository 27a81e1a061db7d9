#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""Checks the shape of the source: check-structure.py CHECK ROOT.

One check per run, so that a failing test names what is wrong. It reads sources that clang-format has
laid out (a function's braces stand alone in column 0), which makes a scanner of a few lines exact.
"""
import os
import re
import subprocess
import sys
import tempfile

# Who may include whom; every folder may include itself.
ALLOWED = {
    'base': set(),
    'plan': {'base'},
    'conf': {'base', 'plan'},
    'kernel': {'base', 'plan'},
    'net': {'base', 'plan'},
    'rpc': {'base'},
    'view': {'base', 'plan'},
    'image': {'base', 'plan', 'kernel'},
    'controller': {'base', 'plan', 'kernel', 'view'},
    'lxc_driver': {'base', 'plan', 'conf', 'kernel', 'net', 'rpc'},
    'virt-lxc': {'base', 'plan', 'conf'},
}
# Generated headers are included by their name alone.
GENERATED = {'plan-xdr.h': 'plan', 'control-xdr.h': 'plan', 'remote-xdr.h': 'rpc', 'admin-xdr.h': 'rpc'}
ONLY_USER = {r'^libxml/': {'conf'}, r'^netlink/': {'net'}, r'^libvirt/libvirt': {'lxc_driver', 'net'}}

# Each clang-format lays out a little differently; this is Debian 12's.
FORMAT_VERSION = '14'
FILE_LINES = 600
FUNCTION_LINES = 60
PARAMETERS = 5
# A callback whose prototype is a library's.
FOREIGN = re.compile('GMarkupParseContext')
TABLES = {'src/lxc_driver/procedures.c', 'src/rpc/remote.x'}

# Process-wide state: the log's threshold, and what each main.c keeps for its signal handlers.
MUTABLE_ALLOWED = {('src/base/log.c', 'threshold')}

root = ''
complaints = []


def complain(path, line, text):
    complaints.append(f'{os.path.relpath(path, root)}:{line}: {text}')


def files(*suffixes, below=('src', 'tests')):
    for top in below:
        for folder, folders, names in os.walk(os.path.join(root, top)):
            folders[:] = [f for f in folders if f != '__pycache__']
            for name in sorted(names):
                if name.endswith(suffixes):
                    yield os.path.join(folder, name)


def read(path):
    with open(path, encoding='utf-8') as file:
        return file.read()


def without_comments(text):
    """Comments become blanks and string contents x, lines stay where they are."""
    def blank(match):
        word = match.group(0)
        if word.startswith('/'):
            return re.sub(r'[^\n]', ' ', word)
        return word[0] + 'x' * (len(word) - 2) + word[-1]
    return re.sub(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, text, flags=re.S)


# ---- includes ------------------------------------------------------------------------------------

def check_includes():
    for path in files('.c', '.h', below=('src',)):
        mine = os.path.relpath(path, os.path.join(root, 'src')).split(os.sep)[0]
        if mine not in ALLOWED:
            complain(path, 1, f"folder '{mine}' has no row in ALLOWED")
            continue
        for number, line in enumerate(read(path).splitlines(), 1):
            match = re.match(r'#\s*include\s+(["<])([^">]+)[">]', line)
            if not match:
                continue
            name = match.group(2)
            if match.group(1) == '<':
                for pattern, users in ONLY_USER.items():
                    if re.match(pattern, name) and mine not in users:
                        complain(path, number, f"<{name}> is for {', '.join(sorted(users))} only")
                continue
            other = GENERATED.get(name) or (name.split('/')[0] if '/' in name else None)
            if name == 'config.h':
                continue
            if other is None:
                complain(path, number, f'"{name}" does not name its folder')
            elif other != mine and other not in ALLOWED[mine]:
                complain(path, number, f"'{mine}' may not include \"{name}\"")


# ---- budget --------------------------------------------------------------------------------------

def functions(text):
    """Yields (first line, last line, name, number of parameters) of each function definition."""
    lines = without_comments(text).splitlines()
    start = None
    for number, line in enumerate(lines, 1):
        if line == '{' and start is None:
            first = number
            while first > 1 and re.match(r'[^\s#}{]|\s+\S', lines[first - 2]) \
                    and not lines[first - 2].rstrip().endswith((';', '}')):
                first -= 1
            start = (first, ' '.join(lines[first - 1:number - 1]))
        elif line == '}' and start is not None:
            first, header = start
            start = None
            match = re.search(r'([A-Za-z_]\w*)\s*\((.*)\)\s*$', header)
            if match and not FOREIGN.search(header):
                yield first, number, match.group(1), count_parameters(match.group(2))


def count_parameters(text):
    depth = commas = 0
    for char in text:
        depth += (char == '(') - (char == ')')
        commas += char == ',' and depth == 0
    return 0 if text.strip() in ('', 'void') else commas + 1


def check_budget():
    for path in files('.c', '.h', '.x', '.py'):
        text = read(path)
        count = text.count('\n')
        if os.path.relpath(path, root) not in TABLES and count >= FILE_LINES:
            complain(path, count, f'{count} lines, the limit is {FILE_LINES - 1}')
        if not path.endswith('.c'):
            continue
        for first, last, name, parameters in functions(text):
            if last - first + 1 >= FUNCTION_LINES:
                complain(path, first, f'{name} has {last - first + 1} lines, the limit is {FUNCTION_LINES - 1}')
            if parameters > PARAMETERS:
                complain(path, first, f'{name} has {parameters} parameters, the limit is {PARAMETERS}')


# ---- mutable data --------------------------------------------------------------------------------

def declarations(text):
    """Yields (line, text) of what stands outside functions, up to its semicolon, without what is in braces."""
    lines = without_comments(text).splitlines()
    in_function, depth, current, first = False, 0, '', 0
    for number, line in enumerate(lines, 1):
        if line.startswith('#') or not line.strip() or line.endswith('\\'):
            continue
        if in_function:
            in_function = line != '}'
            continue
        if line == '{' and depth == 0:
            in_function, current = True, ''
            continue
        for char in line + ' ':
            depth += (char == '{') - (char == '}')
            first = first if current.strip() else number
            if depth == 0 and char != '}':
                current += char
            if char == ';' and depth == 0:
                yield first, ' '.join(current.split())
                current = ''


def is_mutable(text):
    text = text.split('=')[0]
    text = re.sub(r'__attribute__\s*\(\(.*?\)\)|\b(static|G_GNUC_\w+|autofd)\b|g_auto\w+(\(\w+\))?', ' ', text)
    text = re.sub(r'\[[^]]*\]', '', text).strip(' ;{')
    return 'const' not in (text.rpartition('*')[2] if '*' in text else text).split()


def check_mutable():
    for path in files('.c', '.h', below=('src',)):
        relative = os.path.relpath(path, root)
        if relative.endswith('/main.c'):
            continue
        text = read(path)
        for number, declaration in declarations(text):
            head = declaration.split('=')[0]
            if re.match(r'(typedef|extern|enum|_Static_assert|G_\w+)\b', declaration):
                continue
            if re.match(r'(struct|union)\b', declaration) and '=' not in declaration:
                continue
            # `Handler on_this;` in a header declares a function: data would need extern there.
            if path.endswith('.h') and not declaration.startswith('static'):
                continue
            if '(' in re.sub(r'__attribute__\s*\(\(.*?\)\)', '', head):
                continue
            report_mutable(path, relative, number, declaration)
        for number, line in enumerate(without_comments(text).splitlines(), 1):
            if re.match(r'\s+static\s', line) and '(' not in line.split('=')[0]:
                report_mutable(path, relative, number, line.strip())


def report_mutable(path, relative, number, declaration):
    name = re.search(r'([A-Za-z_]\w*)\s*(\[[^]]*\]\s*)*[=;{]', declaration)
    name = name.group(1) if name else declaration
    # Nobody writes a GSourceFuncs, but GLib's prototypes want it without const.
    if is_mutable(declaration) and 'GSourceFuncs' not in declaration and (relative, name) not in MUTABLE_ALLOWED:
        complain(path, number, f"'{name}' is mutable static data")


# ---- form ----------------------------------------------------------------------------------------

def check_format():
    version = re.search(r'version (\d+)', subprocess.run(['clang-format', '--version'], stdout=subprocess.PIPE, text=True).stdout)[1]
    if version != FORMAT_VERSION:
        print(f'skipped: the sources are laid out by clang-format {FORMAT_VERSION}, this is {version}')
        sys.exit(77)
    sources = list(files('.c', '.h'))
    done = subprocess.run(['clang-format', '--dry-run', '-Werror', *sources], cwd=root,
                          stderr=subprocess.PIPE, text=True)
    if done.returncode:
        complaints.extend(line for line in done.stderr.splitlines() if 'error:' in line)


def check_heads():
    for path in files('.c', '.h', '.x', '.py', '.sh', 'meson.build', below=('src', 'tests', 'tools', 'po', 'packaging')):
        head = read(path)[:400]
        for word in ('SPDX-License-Identifier: LGPL-2.1-or-later', 'SPDX-FileCopyrightText: The virtlxcd authors'):
            if word not in head:
                complain(path, 1, f"'{word}' is missing from the head")
    for path in files('.c', '.h', '.x', below=('src', 'tests')):
        if not re.search(r'/\*.{8,}?\*/', read(path)[:6000], flags=re.S):
            complain(path, 1, 'no comment at the top says what this file is for')


def tracked():
    done = subprocess.run(['git', '-C', root, 'ls-files', '-z'], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    if done.returncode == 0 and done.stdout:
        return [os.path.join(root, name) for name in done.stdout.decode().split('\0') if name]
    return list(files('', below=('src', 'tests', 'tools', 'docs', 'po', 'packaging')))


def check_paths():
    """A path that only one developer's machine has does not belong in the source."""
    private = re.compile(r'(?<![\w./-])/(home/\w+|root/\w+|work|farm|workspace|Users)/')
    for path in tracked():
        if not os.path.isfile(path) or path.endswith('check-structure.py'):
            continue
        try:
            text = read(path)
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            if private.search(line):
                complain(path, number, f"a developer's path: {line.strip()[:80]}")


# ---- documentation -------------------------------------------------------------------------------

def cited(text):
    """Names of files in backticks; those with a word in capitals stand for many, and some are made by the build."""
    return [name for name in re.findall(r'`([\w./-]+\.(?:py|sh|c|h|x|md|xml|rng))`', text) if not re.search(r'[A-Z]{2}|-xdr\.h$', name)]


def without_test(path):
    """Rows of tables whose last cell names no test."""
    for number, line in enumerate(read(path).splitlines(), 1):
        cells = [cell.strip() for cell in line.strip('|').split('|')] if line.startswith('| ') else []
        if cells and set(cells[-1]) != {'-'} and cells[-1] != 'shown by' and not re.search(r'\.(py|sh)`', cells[-1]):
            yield number, cells[0]


def check_cites():
    """What the documents name is there, isolation.md has all namespaces and mounts of every container, and security.md all attacks."""
    known = [os.path.relpath(path, root) for path in tracked()]
    for path in [name for name in tracked() if name.endswith('.md')]:
        for number, line in enumerate(read(path).splitlines(), 1):
            for name in cited(line):
                if not any(other == name or other.endswith('/' + name) for other in known):
                    complain(path, number, f"there is no '{name}'")
            for target in re.findall(r'\]\(([\w./-]+)\)', line):
                if not os.path.exists(os.path.join(os.path.dirname(path), target)):
                    complain(path, number, f"the link to '{target}' leads nowhere")
    document = os.path.join(root, 'docs/isolation.md')
    text = read(document)
    for number, what in without_test(document):
        complain(document, number, f"no test shows '{what}'")
    wanted = re.findall(r'^const (PLAN_NS_\w+)', read(os.path.join(root, 'src/plan/plan.x')), re.M)
    wanted += re.findall(r'\{ ?"(/[\w/]+)", +PLAN_MOUNT_', read(os.path.join(root, 'src/conf/compile-base.c')))
    for name in wanted:
        if f'`{name}`' not in text:
            complain(document, 1, f"'{name}' has no row")
    document = os.path.join(root, 'docs/security.md')
    text = read(document)
    for name in [os.path.basename(path) for path in known if re.search(r'/cve-[\d-]+\.py$', path)]:
        if f'`{name}`' not in text:
            complain(document, 1, f"'{name}' is in no row")


# ---- translations --------------------------------------------------------------------------------

def run(*command):
    return subprocess.run(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          env={**os.environ, 'LC_ALL': 'C'})


def check_catalogue():
    """Every message is translated in every catalogue of po/LINGUAS, and every source is in POTFILES."""
    listed = {line for line in read(os.path.join(root, 'po/POTFILES')).split('\n') if line and line[0] != '#'}
    wanted = {os.path.relpath(path, root) for path in files('.c', '.h', below=('src',))
              if re.search(r'(?<![A-Za-z0-9_])N?_\(\s*"', read(path))}
    for name in sorted(listed ^ wanted):
        complain(os.path.join(root, 'po/POTFILES'), 1,
                 f"'{name}' has {'no' if name in listed else 'unlisted'} messages (tools/update-po mends it)")
    with tempfile.TemporaryDirectory() as folder:
        pot = os.path.join(folder, 'virtlxcd.pot')
        done = run('xgettext', '--from-code=UTF-8', '--keyword=_', '--keyword=N_', '--force-po',
                   '--flag=_:1:pass-c-format', '--flag=N_:1:pass-c-format', '-o', pot, *sorted(wanted & listed))
        if done.returncode:
            complaints.append(done.stdout)
        for message in re.findall(r'^msgid "(.*[^%]%)"$', run('msgcat', '--no-wrap', pot).stdout, re.M):
            complain(pot, 1, f"'{message}' is cut off: xgettext follows PRIu64, but not G_GUINT64_FORMAT")
        for language in read(os.path.join(root, 'po/LINGUAS')).split():
            check_language(os.path.join(root, 'po', language + '.po'), pot, folder)


def check_language(catalogue, pot, folder):
    done = run('msgfmt', '--check', '-o', '/dev/null', catalogue)
    if done.returncode:
        complaints.append(done.stdout)
    merged = os.path.join(folder, 'merged.po')
    done = run('msgmerge', '--quiet', '--no-fuzzy-matching', '-o', merged, catalogue, pot)
    if done.returncode:
        complaints.append(done.stdout)
        return
    for choice in ('--untranslated', '--only-fuzzy'):
        for message in re.findall(r'^msgid (.*)$', run('msgattrib', choice, '--no-wrap', '--no-obsolete', merged).stdout, re.M):
            if message != '""':
                complain(catalogue, 1, f'{choice[2:]}: {message}')


def main():
    global root
    check = globals().get('check_' + sys.argv[1])
    if check is None or len(sys.argv) != 3:
        sys.exit(__doc__)
    root = os.path.abspath(sys.argv[2])
    check()
    print('\n'.join(complaints))
    sys.exit(1 if complaints else 0)


main()
