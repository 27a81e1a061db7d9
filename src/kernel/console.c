// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See console.h. Masters do not block: the daemon and the monitor read them from their loops.
 */
#include "kernel/console.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/ttydefaults.h>
#include <sys/vfs.h>
#include <termios.h>

bool console_open(int *ret_master, unsigned *ret_number, GError **err)
{
    autofd int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    unsigned number;
    int locked = 0;

    if (master < 0)
        return fail_errno(err, errno, _("cannot open a pseudo terminal by '%s'"), "/dev/ptmx");
    if (ioctl(master, TIOCSPTLCK, &locked) < 0 || ioctl(master, TIOCGPTN, &number) < 0)
        return fail_errno(err, errno, _("cannot unlock a pseudo terminal"));
    *ret_number = number;
    *ret_master = fd_steal(&master);
    return true;
}

bool console_open_slave(int master, int *ret_slave, GError **err)
{
    autofd int slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    struct statfs info;

    if (slave < 0 || fstatfs(slave, &info) < 0)
        return fail_errno(err, errno, _("cannot open the other end of a pseudo terminal"));
    if (info.f_type != DEVPTS_SUPER_MAGIC)
        return fail(err, ERR(LXC, INTERNAL_ERROR), _("a pseudo terminal is not on devpts"));
    *ret_slave = fd_steal(&slave);
    return true;
}

/* As the kernel has a new one; see tty_std_termios. */
bool console_reset(int slave, GError **err)
{
    const int discipline = N_TTY;
    struct termios settings = {
        .c_iflag = ICRNL | IXON,
        .c_oflag = OPOST | ONLCR,
        .c_cflag = CS8 | CREAD,
        .c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
        .c_cc = {
            [VINTR] = CTRL('C'), [VQUIT] = CTRL('\\'), [VERASE] = 0177,
            [VKILL] = CTRL('U'), [VEOF] = CTRL('D'), [VMIN] = 1,
            [VSTART] = CTRL('Q'), [VSTOP] = CTRL('S'), [VSUSP] = CTRL('Z'),
            [VREPRINT] = CTRL('R'), [VDISCARD] = CTRL('O'), [VWERASE] = CTRL('W'),
            [VLNEXT] = CTRL('V'),
        },
    };

    (void)cfsetspeed(&settings, B38400); /* fails for other speeds only */
    return (ioctl(slave, TIOCNXCL) == 0 && ioctl(slave, TIOCSETD, &discipline) == 0 &&
            tcsetattr(slave, TCSANOW, &settings) == 0) ||
           fail_errno(err, errno, _("cannot make a pseudo terminal a plain one again"));
}

char *console_device(unsigned index)
{
    return index == 0 ? g_strdup("console") : g_strdup_printf("tty%u", index + 1);
}
