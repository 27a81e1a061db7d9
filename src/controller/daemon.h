// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* Who counts as the daemon at a controller's socket. libc only. */
#pragma once

/*
 * The next one that waits at the listening socket: non-blocking, close-on-exec. -1: nobody, or
 * somebody who is neither root nor who we are.
 */
int accept_daemon(int listen_fd);
