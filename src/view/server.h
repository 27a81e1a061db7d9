// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Answers the view's requests until none has come for a while.
 *
 * A file's content is made when it is first read after it was opened, and again whenever it is read
 * from the start, as the kernel's own files do it: programs like top(1) open a file once and rewind
 * it. In between every read is a part of the same text.
 */
#pragma once

#include "view/gather.h"

/* `fd` is the server's own end of the connection. Comes back when it is not needed any more. */
void server_run(int fd, Gatherer *gatherer);
