// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* A uuid as text: lower case with hyphens. */
#pragma once

#include <stdint.h>

#define UUID_TEXT_SIZE 37

void uuid_print(const uint8_t uuid[16], char ret_text[UUID_TEXT_SIZE]);
