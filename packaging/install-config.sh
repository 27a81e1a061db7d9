#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
#
# Run by meson install: settings that somebody may have changed are left as they are.
#
#     install-config.sh DIRECTORY FILE...
set -eu
directory=${DESTDIR:-}$1
shift
mkdir -p "$directory"
for file in "$@"; do
    if [ -e "$directory/$(basename "$file")" ]; then
        echo "Keeping $directory/$(basename "$file")"
    else
        echo "Installing $(basename "$file") to $directory"
        install -m 644 "$file" "$directory"
    fi
done
