#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""Volumes of libvirt's storage pools are directories, images and block devices of containers, found at start by the storage daemon; what that does not have is refused by name."""
import os
import signal
import subprocess
import threading

import libvirt

from harness import PATIENCE, Instance, contains, equal, eventually, loops, mounts, refused, skip
from imagefiles import MIB, SECTOR, make_image, make_mbr
from trees import IDMAP, OURS, fingerprint, shell

if os.environ.get('VIRTLXCD_STOCK') == '1':
    skip('the stock driver has no volumes')


OPTIONAL = f"<virtlxcd:mount {OURS} optional='yes'/>"


def volume(name, target, *more, pool='pool', access=''):
    access = f" accessmode='{access}'" if access else ''
    return f"<filesystem type='volume'{access}><source pool='{pool}' volume='{name}'/><target dir='{target}'/>{''.join(more)}</filesystem>"


def disk(name, target, *more, pool='pool'):
    return f"<disk type='volume'><source pool='{pool}' volume='{name}'/><target dev='{target}'/>{''.join(more)}</disk>"


def define_pool(storage, name, folder, kind='dir', source=''):
    pool = storage.storagePoolDefineXML(f"<pool type='{kind}'><name>{name}</name>{source}<target><path>{folder}</path></target></pool>")
    pool.create()
    return pool


def put(path, text):
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)


def fill(host, folder):
    """A tree, a directory, and images of two formats, one of which only looks like it."""
    os.makedirs(folder)
    subprocess.run(['cp', '-a', host.tree(), f'{folder}/tree'], check=True)
    os.makedirs(f'{folder}/data')
    put(f'{folder}/data/file', 'of the volume\n')
    make_image(f'{folder}/image', 'ext4', f'{folder}/data')
    with open(f'{folder}/cow', 'wb') as file:  # a header is enough to look like one
        file.write(b'QFI\xfb' + bytes([0, 0, 0, 3]) + bytes(MIB))


def make_partitions(host):
    """A disk with one partition, whether or not the kernel can read its table; both as devices of the host."""
    part = make_image(host.path('part'), 'ext4', host.path('pool/data'))
    made = make_mbr(host.path('disk'), (part, 0x83))
    loop = subprocess.run(['losetup', '--show', '-P', '-f', made], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    if not os.path.exists(loop + 'p1'):
        subprocess.run(['addpart', loop, '1', str(MIB // SECTOR), str(os.path.getsize(part) // SECTOR)], check=True)
    return loop


def directories_and_images(host, folder):
    for extra in ('', IDMAP):
        mapped = {'access': 'mapped'} if extra else {}
        before = fingerprint(f'{folder}/tree')
        text = shell(host, 'bb', 'cat /data/file /image/file /ro/file; echo x > /data/new; echo x > /ro/new; echo x > /image/new; stat -c %u /image/new /data/new',
                     tree=False, extra=extra,
                     devices=volume('tree', '/') + volume('data', '/data', **mapped) + volume('image', '/image', **mapped) + volume('data', '/ro', '<readonly/>'))
        equal(text.splitlines(), ['of the volume'] * 3 + ["/bin/sh: can't create /ro/new: Read-only file system", '0', '0'])
        equal(os.stat(f'{folder}/data/new').st_uid, 0)
        os.unlink(f'{folder}/data/new')
        # The targets were made in the tree.
        for name in ('data', 'image', 'ro'):
            os.rmdir(f'{folder}/tree/{name}')
        equal([row[0:4] for row in fingerprint(f'{folder}/tree')], [row[0:4] for row in before])


def devices(host, storage, loop):
    pool = define_pool(storage, 'disk', '/dev', 'disk', f"<source><device path='{loop}'/><format type='dos'/></source>")
    part = os.path.basename(loop) + 'p1'
    text = shell(host, 'bb', 'cat /block/file; dd if=/dev/vda bs=1 skip=1080 count=2 2> /dev/null | od -An -tx1; '
                 'dd if=/dev/vdb bs=1 skip=1080 count=2 2> /dev/null | od -An -tx1; dd if=/dev/zero of=/dev/vdb count=1 2>&1 | tail -n 1',
                 devices=volume(part, '/block', '<readonly/>', pool='disk') + disk('image', 'vda') + disk(part, 'vdb', '<readonly/>', pool='disk'))
    equal([line.strip() for line in text.splitlines()[:3]], ['of the volume', '53 ef', '53 ef'])  # ext4's magic number
    assert 'denied' in text or 'permitted' in text, text
    pool.destroy()
    pool.undefine()


def live_definition(host, folder):
    dom = host.start('bb', devices=volume('data', '/data') + volume('image', '/image') + disk('image2', 'vda'))
    text = dom.XMLDesc()
    contains(text, "<source pool='pool' volume='data'/>")
    for part in (f"type='dir' path='{folder}/data'", f"type='file' path='{folder}/image' format='raw'", f"type='file' path='{folder}/image2' format='raw'"):
        contains(text, f'<virtlxcd:volume {part}/>')
    assert 'virtlxcd:volume' not in dom.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
    host.restart_daemon()
    dom = host.conn.lookupByName('bb')
    contains(dom.XMLDesc(), f"path='{folder}/data'")
    dom.destroy()
    assert 'virtlxcd:volume' not in dom.XMLDesc()
    dom.undefine()


def what_is_not_there(host, storage, folder):
    def fails(code, text, device, domain=None):
        dom = host.define('bb', devices=device)
        with refused(code, domain, text):
            dom.create()
        equal(dom.isActive(), 0)
        dom.undefine()
    fails('NO_STORAGE_VOL', "'none' of pool 'pool'", volume('none', '/data'), 'STORAGE')
    fails('NO_STORAGE_POOL', "'data' of pool 'none'", volume('data', '/data', pool='none'), 'STORAGE')
    dom = host.start('bb', devices=volume('none', '/data', OPTIONAL) + volume('data', '/other', OPTIONAL, pool='none') + volume('data', '/there', OPTIONAL))
    equal(dom.XMLDesc().count("<virtlxcd:volume type='missing'/>"), 2)
    with open(f'/proc/{host.init_pid(dom)}/mountinfo', encoding='utf-8') as file:
        equal([line.split()[4] for line in file if line.split()[4] in ('/data', '/other', '/there')], ['/there'])
    dom.destroy()
    dom.undefine()
    # So are disks.
    missing = disk('none', 'vdb').replace("volume='none'", "volume='none' startupPolicy='optional'")
    fails('NO_STORAGE_VOL', "'none' of pool 'pool'", missing.replace('optional', 'requisite'), 'STORAGE')
    dom = host.start('bb', devices=missing + disk('image2', 'vda').replace("volume='", "startupPolicy='optional' volume='"))
    equal([name for name in os.listdir(os.path.join(f'/proc/{host.init_pid(dom)}', 'root', 'dev')) if name.startswith('vd')], ['vda'])
    equal([target in dom.XMLDesc() for target in ('vda', 'vdb')], [True, False])
    dom.destroy()
    dom.undefine()
    fails('CONFIG_UNSUPPORTED', "'vda'.*'data' of pool 'pool'.*directory", disk('data', 'vda'))
    for device in (volume('cow', '/data'), disk('cow', 'vda')):
        fails('CONFIG_UNSUPPORTED', "'cow' of pool 'pool' looks like the format 'qcow2'.*<driver format='qcow2'/>", device)
    # By the time of the start the directory has become something else.
    os.rename(f'{folder}/data', f'{folder}/moved')
    os.symlink('/etc', f'{folder}/data')
    fails('OPERATION_FAILED', f'{folder}/data.*a symbolic link on the way', volume('data', '/data'))
    os.unlink(f'{folder}/data')
    fails('NO_STORAGE_VOL', f'{folder}/data', volume('data', '/data'))
    os.rename(f'{folder}/moved', f'{folder}/data')
    pool = storage.storagePoolLookupByName('pool')
    pool.destroy()
    fails('OPERATION_INVALID', "'data' of pool 'pool'.*not active.*pool-start", volume('data', '/data'), 'STORAGE')
    pool.create()


def waits_alone(host):
    """While the storage daemon does not answer, only the start that asks it waits."""
    dom = host.define('bb', devices=volume('data', '/data'))
    done = []
    other = host.connect()
    host.networks.process.send_signal(signal.SIGSTOP)
    try:
        asking = threading.Thread(target=lambda: done.append(other.lookupByName('bb').create()))
        asking.start()
        host.create('other').destroy()
        equal([d.name() for d in host.conn.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_INACTIVE)], ['bb'])
        equal(done, [])
    finally:
        host.networks.process.send_signal(signal.SIGCONT)
    asking.join(20 * PATIENCE)
    equal((done, dom.isActive()), ([0], 1))
    dom.destroy()
    dom.undefine()


def fails_in_between(host):
    """A start that ends after the volumes were found gives back all that was made of them."""
    before = (loops(), mounts())
    for step in ('volumes', 'images', 'sources', 'go'):
        host.environment['VIRTLXCD_FAIL_STEP'] = step
        host.restart_daemon()
        with refused(text=f'{step}.*(on purpose|for a test)'):
            host.create('bb', devices=volume('data', '/data') + volume('image', '/image') + disk('image2', 'vda'))
        eventually(lambda: (loops(), mounts()) == before, f'nothing is left after {step}')
    del host.environment['VIRTLXCD_FAIL_STEP']
    host.restart_daemon()


with Instance(network=True) as host:
    folder = host.path('pool')
    fill(host, folder)
    loop = make_partitions(host)
    try:
        make_image(f'{folder}/image2', 'ext4')
        storage = libvirt.open(host.networks.uri().replace('network+', 'storage+'))
        pool = define_pool(storage, 'pool', folder)
        directories_and_images(host, folder)
        devices(host, storage, loop)
        live_definition(host, folder)
        waits_alone(host)
        fails_in_between(host)
        what_is_not_there(host, storage, folder)
        pool.destroy()
        pool.undefine()
        storage.close()
        # Nobody to ask.
        host.networks.stop()
        dom = host.define('bb', devices=volume('data', '/data'))
        with refused('SYSTEM_ERROR', text="storage daemon for the volume 'data' of pool 'pool'.*libvirt-sock"):
            dom.create()
        equal(dom.isActive(), 0)
    finally:
        subprocess.run(['losetup', '-d', loop], check=True)
