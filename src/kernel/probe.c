// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See probe.h. */
#include "kernel/probe.h"

#include "kernel/image-helper.h"

#include <fcntl.h>

/* "found TYPE OFFSET SIZE"; false: it is not that. */
static bool take_found(char **words, const FileSystemType **ret_type, LoopPart *ret_part)
{
    if (g_strv_length(words) != 4)
        return false;
    *ret_type = file_system_find(words[1]);
    return *ret_type &&
           g_ascii_string_to_unsigned(words[2], 10, 0, G_MAXINT64, &ret_part->offset, NULL) &&
           g_ascii_string_to_unsigned(words[3], 10, 0, G_MAXINT64, &ret_part->size, NULL);
}

bool probe_run(const ProbeRequest *request, const FileSystemType **ret_type, LoopPart *ret_part,
               GError **err)
{
    const char *argv[] = { "virtlxc-image",
                           request->depth == PROBE_PARTITIONS ? "probe-partitions" : "probe",
                           NULL };
    ImageHelper helper = { .program_fd = request->program_fd,
                           .argv = argv,
                           .input = request->fd,
                           .input_flags = O_RDONLY, /* whatever we may do */
                           .name = request->name };
    g_auto(GStrv) words = NULL;

    if (!image_helper_ask(&helper, &words, NULL, 0, err))
        return false;
    return take_found(words, ret_type, ret_part) || image_helper_fail(&helper, err);
}
