// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The tables say of a text only that it is one. Where checks want more, an entry here says what
 * they like; the rest gets words, some of them strange.
 */
#include "random-values.h"

#include <string.h>

#define SAMPLES_MAX 6

typedef struct Samples {
    const char *element; /* NULL: any */
    const char *path;
    const char *samples[SAMPLES_MAX];
} Samples;

static const Samples known[] = {
    {NULL,                   "uuid",                                  { "c0ffee00-1234-4abc-8def-0123456789ab" }    },
    { "cputune",             "period",                                { "100000" }                                  },
    { "cputune",             "quota",                                 { "-1", "0", "50000" }                        },
    { "cputune",             "global_period",                         { "100000" }                                  },
    { "cputune",             "global_quota",                          { "-1", "0", "50000" }                        },
    { "cputune",             "emulator_period",                       { "0", "1000" }                               },
    { "cputune",             "emulator_quota",                        { "-1", "50000" }                             },
    { "cputune",             "iothread_period",                       { "1000000" }                                 },
    { "cputune",             "iothread_quota",                        { "-1", "50000" }                             },
    { "cputune",             "shares",                                { "0", "1024" }                               },
    { "domain",              "vcpu",                                  { "4", "8" }                                  },
    { "domain",              "vcpu/@current",                         { "1", "4" }                                  },
    { "domain",              "iothreads",                             { "4", "0" }                                  },
    { "vcpupin",             "@vcpu",                                 { "0", "1", "9" }                             },
    { "iothread",            "@id",                                   { "1", "2", "7" }                             },
    { "iothreadpin",         "@iothread",                             { "1", "2" }                                  },
    { "iothreadsched",       "@iothreads",                            { "1", "2" }                                  },
    { "monitor",             "@level",                                { "3" }                                       },
    { "memnode",             "@cellid",                               { "0", "1" }                                  },
    { "page",                "@size",                                 { "2048", "1" }                               },
    { "page",                "@nodeset",                              { "0" }                                       },
    { "address",             "@unit",                                 { "0", "1" }                                  },
    { NULL,                  "@unit",                                 { "KiB", "MiB", "b" }                         },
    { "smm",                 "tseg/@unit",                            { "MiB", "KiB" }                              },
    { "cache",               "@level",                                { "1", "2", "3" }                             },
    { "line",                "@value",                                { "64", "8" }                                 },
    { "range",               "@start",                                { "80", "1024" }                              },
    { "range",               "@end",                                  { "1024", "65535" }                           },
    { "range",               "@to",                                   { "8080" }                                    },
    { "iommu",               "driver/@aw_bits",                       { "39", "48" }                                },
    { "rom",                 "@file",                                 { "/srv/rom.bin" }                            },
    { "cell",                "@id",                                   { "0", "1" }                                  },
    { "cell",                "@cpus",                                 { "0", "1", "2-3" }                           },
    { "sibling",             "@id",                                   { "0" }                                       },
    { "sibling",             "@value",                                { "10" }                                      },
    { "latency",             "@initiator",                            { "0" }                                       },
    { "latency",             "@target",                               { "0" }                                       },
    { "latency",             "@cache",                                { "0", "1" }                                  },
    { "bandwidth",           "@initiator",                            { "0" }                                       },
    { "bandwidth",           "@target",                               { "0" }                                       },
    { "bandwidth",           "@cache",                                { "0", "1" }                                  },
    { "cpu",                 "model/@vendor_id",                      { "KVMKVMKVMKVM" }                            },
    { "clock",               "@adjustment",                           { "reset", "-5", "120" }                      },
    { "clock",               "@timezone",                             { "Europe/Berlin" }                           },
    { "timer",               "@name",                                 { "rtc", "tsc", "platform", "hpet" }          },
    { "timer",               "@tickpolicy",                           { "catchup", "delay" }                        },
    { "timer",               "@frequency",                            { "0", "1000" }                               },
    { "spinlocks",           "@retries",                              { "8191" }                                    },
    { "vendor_id",           "@value",                                { "KVM Hv" }                                  },
    { "dirty-ring",          "@size",                                 { "4096" }                                    },
    { "entry",               "@name",                                 { "vendor", "serial", "manufacturer", "sku" } },
    { "resource",            "partition",                             { "/machine", "/machine/a.partition" }        },
    { "resource",            "fibrechannel/@appid",                   { "userapp1" }                                },
    { "graphics",            "@passwdValidTo",                        { "2030-04-09T15:51:00" }                     },
    { "graphics",            "audio/@id",                             { "1" }                                       },
    { "graphics",            "@connected",                            { "keep" }                                    },
    { "graphics",            "@socket",                               { "/run/vnc.sock" }                           },
    { "graphics",            "@listen",                               { "127.0.0.1" }                               },
    { "graphics",            "listen/@address",                       { "127.0.0.1" }                               },
    { "listen",              "@address",                              { "127.0.0.1" }                               },
    { "video",               "model/@ram",                            { "0", "64" }                                 },
    { "video",               "model/@vram64",                         { "0", "64" }                                 },
    { "video",               "model/@vgamem",                         { "0", "64" }                                 },
    { "video",               "model/resolution/@x",                   { "1920" }                                    },
    { "video",               "model/resolution/@y",                   { "1080" }                                    },
    { "seclabel",            "@model",                                { "selinux", "none" }                         },
    { "domain",              "name",                                  { "golden", "with space", "Ä" }              },
    { "domain",              "@id",                                   { "-1", "7" }                                 },
    { "domain",              "currentMemory",                         { "1000", "5000" }                            },
    { "domain",              "vcpu/@placement",                       { "static" }                                  },
    { "uid",                 "@start",                                { "0" }                                       },
    { "uid",                 "@count",                                { "1000", "65536" }                           },
    { "gid",                 "@start",                                { "0" }                                       },
    { "gid",                 "@count",                                { "1000", "65536" }                           },
    { "domain",              "genid",                                 { "", "c0ffee00-1234-4abc-8def-0123456789ac" }},
    { "domain",              "title",                                 { "a title" }                                 },
    { NULL,                  "@cpuset",                               { "0-3", "1,3", "0-7,^2" }                    },
    { NULL,                  "@cpus",                                 { "0-3", "1,3" }                              },
    { NULL,                  "@vcpus",                                { "0-3", "1,3" }                              },
    { NULL,                  "@nodeset",                              { "0", "0-1" }                                },
    { NULL,                  "vcpu/@cpuset",                          { "0-3", "1,3", "0-7,^2" }                    },
    { NULL,                  "source/@file",                          { "/srv/image.img" }                          },
    { NULL,                  "source/@path",                          { "/run/a", "/srv/b" }                        },
    { NULL,                  "source/@master",                        { "/dev/nmdm0A" }                             },
    { NULL,                  "source/@slave",                         { "/dev/nmdm0B" }                             },
    { NULL,                  "source/@channel",                       { "org.example.port.0" }                      },
    { NULL,                  "source/@socket",                        { "/run/virtiofs.sock" }                      },
    { NULL,                  "source/char",                           { "/dev/net/tun" }                            },
    { NULL,                  "source/block",                          { "/dev/sdz" }                                },
    { "backend",             "@logFile",                              { "/var/log/b.log" }                          },
    { "backend",             "@tap",                                  { "/dev/net/tun" }                            },
    { "backend",             "@vhost",                                { "/dev/vhost-net" }                          },
    { "listen",              "@socket",                               { "/run/vnc.sock" }                           },
    { NULL,                  "log/@file",                             { "/var/log/a.log" }                          },
    { NULL,                  "backend/@logFile",                      { "/var/log/b.log" }                          },
    { NULL,                  "backend/@tap",                          { "/dev/net/tun" }                            },
    { NULL,                  "backend/@vhost",                        { "/dev/vhost-net" }                          },
    { NULL,                  "gl/@rendernode",                        { "/dev/dri/renderD128" }                     },
    { NULL,                  "source/vendor/@id",                     { "0x1234" }                                  },
    { NULL,                  "source/product/@id",                    { "0x5678" }                                  },
    { NULL,                  "source/address/@bus",                   { "1", "3" }                                  },
    { NULL,                  "source/address/@device",                { "2", "14" }                                 },
    { "graphics",            "@port",                                 { "5900", "-1" }                              },
    { "graphics",            "@tlsPort",                              { "5901" }                                    },
    { "graphics",            "@websocket",                            { "5700", "-1" }                              },
    { "domain",              "blkiotune/weight",                      { "100", "1000" }                             },
    { "blkiotune",           "weight",                                { "100", "1000" }                             },
    { "device",              "weight",                                { "100", "1000" }                             },
    { "device",              "path",                                  { "/dev/sda", "/dev/sdb" }                    },
    { NULL,                  "emulatorsched/@priority",               { "1", "99" }                                 },
    { NULL,                  "@priority",                             { "1", "99" }                                 },
    { "channel",             "target/@type",                          { "virtio", "xen" }                           },
    { "lxc:shareipc",        "@type",                                 { "name", "pid" }                             },
    { "lxc:shareuts",        "@type",                                 { "name", "pid" }                             },
    { NULL,                  "rom/@file",                             { "/srv/rom.bin" }                            },
    { "os",                  "initdir",                               { "/tmp", "/var/lib" }                        },
    { "os",                  "type",                                  { "exe" }                                     },
    { "os",                  "type/@arch",                            { "x86_64", "i686" }                          },
    { "os",                  "type/@machine",                         { "pc" }                                      },
    { "os",                  "init",                                  { "/sbin/init", "/bin/sh" }                   },
    { "initenv",             "@name",                                 { "PATH", "A_B" }                             },
    { "filesystem",          "source/@dir",                           { "/srv/a", "/srv/b c" }                      },
    { "filesystem",          "source/@dev",                           { "/dev/sda1" }                               },
    { "filesystem",          "source/@file",                          { "/srv/image.img" }                          },
    { "filesystem",          "target/@dir",                           { "/data", "/", "rel/a", "/a/./b" }           },
    { NULL,                  "mac/@address",                          { "52:54:00:12:34:56", "02:00:00:00:00:01" }  },
    { "ip",                  "@address",                              { "192.0.2.1", "2001:db8::1" }                },
    { "ip",                  "@family",                               { "ipv4", "ipv6" }                            },
    { "ip",                  "@peer",                                 { "192.0.2.2", "2001:db8::2" }                },
    { "route",               "@address",                              { "0.0.0.0", "198.51.100.0", "::" }           },
    { "route",               "@prefix",                               { "24", "28" }                                },
    { "route",               "@family",                               { "ipv4", "ipv4", "ipv6" }                    },
    { "route",               "@gateway",                              { "192.0.2.254", "192.0.2.254", "fe80::1" }   },
    { "virtualport",         "parameters/@instanceid",                { "c0ffee00-1234-4abc-8def-0123456789ad" }    },
    { "virtualport",         "parameters/@interfaceid",               { "c0ffee00-1234-4abc-8def-0123456789ae" }    },
    { "parameter",           "@name",                                 { "IP", "MAC" }                               },
    { "parameter",           "@value",                                { "10.0.0.1", "::1" }                         },
    { "portForward",         "@address",                              { "192.0.2.1", "::1" }                        },
    { "interface",           "model/@type",                           { "virtio", "e1000" }                         },
    { "route",               "@netmask",                              { "255.255.255.0" }                           },
    { "disk",                "target/@dev",                           { "sda", "vdb", "hdc", "xvdd", "vde1" }       },
    { "disk",                "target/@bus",                           { "virtio", "usb" }                           },
    { "disk",                "@device",                               { "disk", "cdrom" }                           },
    { "disk",                "source/@name",                          { "pool/image" }                              },
    { "filesystem",          "@fmode",                                { "0640" }                                    },
    { "filesystem",          "@dmode",                                { "755" }                                     },
    { "filesystem",          "driver/@type",                          { "virtiofs", "loop", "path" }                },
    { "filesystem",          "virtlxcd:mount/@idmapped",              { "no" }                                      },
    { "filesystem",          "virtlxcd:overlay/@ephemeral",           { "no" }                                      },
    { "filesystem",          "virtlxcd:overlay/virtlxcd:upper/@path", { "/srv/upper" }                              },
    { "filesystem",          "virtlxcd:overlay/virtlxcd:work/@path",  { "/srv/work" }                               },
    { "reservations",        "@managed",                              { "yes" }                                     },
    { "host",                "@transport",                            { "tcp" }                                     },
    { "slice",               "@offset",                               { "0", "4096" }                               },
    { "slice",               "@size",                                 { "4096" }                                    },
    { "disk",                "wwn",                                   { "50014ee2599a26ab" }                        },
    { "disk",                "vendor",                                { "vendor" }                                  },
    { "disk",                "product",                               { "product" }                                 },
    { "driver",              "@type",                                 { "raw", "qcow2", "aio" }                     },
    { "driver",              "@name",                                 { "loop", "nbd" }                             },
    { "secret",              "@uuid",                                 { "c0ffee00-1234-4abc-8def-0123456789ab" }    },
    { "secret",              "@type",                                 { "passphrase", "ceph", "iscsi" }             },
    { NULL,                  "target/@dev",                           { "veth0", "vnet3", "sda", "vdb", "hdc" }     },
    { NULL,                  "guest/@dev",                            { "eth0", "lan" }                             },
    { NULL,                  "source/@bridge",                        { "br0" }                                     },
    { "virtlxcd:hugepages",  "@size",                                 { "2048", "1", "64" }                         },
    { "virtlxcd:hugepages",  "@limit",                                { "0", "16" }                                 },
    { "virtlxcd:rlimit",     "@soft",                                 { "5", "1024", "unlimited" }                  },
    { "virtlxcd:rlimit",     "@hard",                                 { "2048", "unlimited" }                       },
    { "virtlxcd:sysctl",     "@name",                                 { "kernel.shmmax", "net.ipv4.ip_forward" }    },
    { "virtlxcd:container",  "virtlxcd:hostname/@name",               { "db1.example.org" }                         },
    { "virtlxcd:container",  "virtlxcd:seccomp/@file",                { "/etc/profile.json" }                       },
    { "virtlxcd:credential", "@name",                                 { "ssh.key", "greeting" }                     },
    { "virtlxcd:credential", "@value",                                { "hello", "" }                               },
    { "virtlxcd:container",  "virtlxcd:stop/@signal",                 { "SIGRTMIN+3", "15", "TERM" }                },
    { NULL,                  "@path",                                 { "/a", "/proc/b" }                           },
    { "virtlxcd:device",     "@access",                               { "rwm", "r" }                                },
    { "blkiotune",           "path",                                  { "/dev/sda" }                                },
    { "address",             "@bus",                                  { "0", "2" }                                  },
    { "address",             "@slot",                                 { "3", "0" }                                  },
    { "address",             "@function",                             { "0", "7" }                                  },
    { "address",             "@port",                                 { "1" }                                       },
    { "address",             "@cssid",                                { "1", "0xfe" }                               },
    { "address",             "@ssid",                                 { "0", "3" }                                  },
    { "address",             "@devno",                                { "1", "0xffff" }                             },
    { "boot",                "@loadparm",                             { "AB.C 1" }                                  },
    { "target",              "@address",                              { "10.0.2.1" }                                },
    { "backend",             "@version",                              { "2.0" }                                     },
    { "backend",             "encryption/@secret",                    { "c0ffee00-1234-4abc-8def-0123456789ab" }    },
    { "backend",             "source/@type",                          { "unix" }                                    },
    { "usbdev",              "@class",                                { "0x08", "-1" }                              },
    { "usbdev",              "@vendor",                               { "0x1234", "-1" }                            },
    { "usbdev",              "@product",                              { "4660", "-1" }                              },
    { "usbdev",              "@version",                              { "2.5", "-1" }                               },
    { "smartcard",           "database",                              { "/etc/pki/nssdb" }                          },
    { "audio",               "@id",                                   { "1", "2" }                                  },
    { "audio",               "@dspPolicy",                            { "0", "3" }                                  },
    { "audio",               "input/@mixingEngine",                   { "yes" }                                     },
    { "audio",               "input/@fixedSettings",                  { "yes" }                                     },
    { "audio",               "output/@mixingEngine",                  { "yes" }                                     },
    { "audio",               "output/@fixedSettings",                 { "yes" }                                     },
};

/*
 * What the schema of libvirt 9.0 has not, or not in every company; everything below a path counts.
 * A golden case that is not in the schema has a file `off-schema`.
 */
static const char *const off_schema[] = {
    "devices/graphics/@sharePolicy", /* not beside socket= */
    "devices/graphics/@powerControl",
    "os/type/@machine",
    "os/cmdline",
    "os/smbios",
    "os/inituser", /* neither it nor <initgroup> is alone there */
    "os/initgroup",
    "bootloader",
    "bootloader_args",
    "+",
    "features/ras",
    "features/ps2",
    "features/aia",
    "features/async-teardown",
    "features/hyperv/vendor_id", /* not without a value, even when off */
    "devices/crypto",
    "devices/pstore",
    "devices/filesystem/source/@pool",
    "devices/filesystem/source/@volume",
    "devices/filesystem/source/@socket", /* not beside dir */
    "devices/filesystem/binary",         /* not of RAM */
    "devices/filesystem/driver/@format", /* of images alone */
    "devices/disk/iotune",               /* no length without its maximum */
    "devices/channel/target/@type",
    "devices/interface/target/@managed", /* not without dev */
    "devices/disk/source/auth",
    "devices/disk/auth",
    "devices/video/model/@type",
};

/* What has to come, or come together; the element NULL: any. */
static const char *const needed[][2] = {
    {"domain",      "os"                       },
    { "filesystem", "source/@dir"              },
    { "filesystem", "source/@dev"              },
    { "filesystem", "source/@file"             },
    { "filesystem", "source/@name"             },
    { "filesystem", "source/@pool"             },
    { "filesystem", "source/@volume"           },
    { "host",       "@name"                    },
    { "disk",       "source/@file"             },
    { "disk",       "source/@dev"              },
    { "disk",       "source/@dir"              },
    { "disk",       "source/@protocol"         },
    { "disk",       "source/@pool"             },
    { "disk",       "source/@volume"           },
    { "disk",       "source/@type"             },
    { "disk",       "source/@path"             },
    { "disk",       "source/@namespace"        },
    { "disk",       "source/address"           },
    { "disk",       "source/@name"             },
    { "os",         "type"                     },
    { "idmap",      "uid"                      },
    { "idmap",      "gid"                      },
    { "address",    "@cssid"                   },
    { "address",    "@ssid"                    },
    { "address",    "@devno"                   },
    { "address",    "zpci/@fid"                },
    { "audio",      "input/@mixingEngine"      },
    { "audio",      "input/@fixedSettings"     },
    { "audio",      "output/@mixingEngine"     },
    { "audio",      "output/@fixedSettings"    },
    { NULL,         "source/@master"           },
    { NULL,         "source/@slave"            },
    { NULL,         "source/reconnect/@timeout"},
    { "source",     "@service"                 },
    { "hostdev",    "@mode"                    },
    { "hostdev",    "source/vendor/@id"        },
    { "hostdev",    "source/product/@id"       },
    { "video",      "model/resolution/@x"      },
    { "video",      "model/resolution/@y"      },
    { "graphics",   "@passwd"                  },
    { "controller", "@model"                   },
    { "range",      "@start"                   },
    { "graphics",   "gl/@enable"               },
    { "graphics",   "image/@compression"       },
    { NULL,         "@priority"                },
    { "cache",      "size"                     },
    { "cache",      "line"                     },
    { "spinlocks",  "@retries"                 },
    { "vendor_id",  "@value"                   },
    { "dirty-ring", "@size"                    },
    { "resource",   "partition"                },
    { "numatune",   "memory/@nodeset"          },
    { "seclabel",   "@model"                   },
    { "seclabel",   "label"                    },
    { "numa",       "cell"                     },
    { "distances",  "sibling"                  },
};

/* Devices that others cannot do without. */
static const char *const companions[][2] = {
    {"redirdev",  "<controller type='usb'/>"                                     },
    { "sound",    "<audio id='1' type='none'/>"                                  },
    { "graphics", "<audio id='1' type='none'/><video><model type='vga'/></video>"},
};

static const char *const words[] = {
    "alpha", "b-2", "/some/where", "10", "with space", "<&'\">", "\xc3\xa4", "line\nline",
};

static const Samples *find(const char *element, const char *path)
{
    for (size_t i = 0; i < G_N_ELEMENTS(known); i++)
        if (strcmp(known[i].path, path) == 0 &&
            (!known[i].element || strcmp(known[i].element, element) == 0))
            return &known[i];
    return NULL;
}

bool random_needs(const char *element, const char *path)
{
    for (size_t i = 0; i < G_N_ELEMENTS(needed); i++)
        if ((!needed[i][0] || strcmp(needed[i][0], element) == 0) &&
            strcmp(needed[i][1], path) == 0)
            return true;
    return false;
}

const char *random_companion(const char *element)
{
    for (size_t i = 0; i < G_N_ELEMENTS(companions); i++)
        if (strcmp(companions[i][0], element) == 0)
            return companions[i][1];
    return "";
}

bool random_is_off_schema(const char *path)
{
    for (size_t i = 0; i < G_N_ELEMENTS(off_schema); i++) {
        size_t length = strlen(off_schema[i]);

        if (strncmp(path, off_schema[i], length) == 0 && (!path[length] || path[length] == '/'))
            return true;
    }
    return strstr(path, "/acpi/") != NULL;
}

bool random_knows(const char *element, const char *path)
{
    return find(element, path);
}

char *random_text(GRand *random, const char *element, const char *path, bool tame)
{
    const Samples *samples = find(element, path);
    int n = 0;

    if (!samples && tame)
        return g_strdup("alpha");
    if (!samples)
        return g_strdup(words[g_rand_int_range(random, 0, G_N_ELEMENTS(words))]);
    while (n < SAMPLES_MAX && samples->samples[n])
        n++;
    return g_strdup(samples->samples[g_rand_int_range(random, 0, n)]);
}

void random_custom(GString *out, const char *element)
{
    if (strcmp(element, "capabilities") == 0)
        g_string_append(out,
                        "<capabilities policy='deny'><mknod/><chown state='off'/></capabilities>");
    else if (strcmp(element, "*") == 0)
        g_string_append(out, "<app:thing xmlns:app='urn:app'><app:part>one</app:part></app:thing>");
    else
        g_string_append_printf(out, "<%s kind='some'><part>one</part></%s>", element, element);
}
