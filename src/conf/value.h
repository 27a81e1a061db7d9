// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* The small languages inside of XML values: numbers, units, UUIDs, MACs, addresses. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "conf/def-values.h"

/* A decimal number with nothing but white space around it. */
bool value_parse_number(const char *text, int64_t *ret_number);
/* Up to 64 bits as C writes them (base 0), or in hexadecimal with or without 0x (base 16). */
bool value_parse_bits(const char *text, unsigned base, int64_t *ret_number);

/* `number` of `unit` (NULL: `scale` bytes) in `scale` bytes, rounded up. */
bool value_scale(uint64_t number, const char *unit, unsigned scale, uint64_t *ret_value,
                 GError **err);

/* For a number with its unit in a row of its own, `usual` when there is none: puts the pair into
 * the unit `printed`, or NULL for the largest that it is a multiple of. The number is not negative.
 */
bool value_scale_pair(OptNumber *number, char **unit, const char *usual, const char *printed,
                      GError **err);

bool value_parse_uuid(const char *text, uint8_t uuid[16]);
char *value_format_uuid(const uint8_t uuid[16]);

bool value_parse_mac(const char *text, uint8_t mac[6]);
char *value_format_mac(const uint8_t mac[6]);

bool value_has_dotdot(const char *path);
/* Letters, digits, '-' and '.', at most 64 of them: what sethostname(2) takes and hosts(5) says. */
bool value_is_hostname(const char *text);
/* A dotted name below /proc/sys without a way out of it. */
bool value_is_sysctl(const char *name);
/* "TERM", "SIGTERM", "SIGRTMIN+3" or "15"; -1 when there is no such signal. */
int value_parse_signal(const char *text);

/* `ret_family` gets AF_INET or AF_INET6; IPv4 fills the first 4 bytes, the others are zero. */
bool value_parse_address(const char *text, uint8_t ret_address[16], int *ret_family);
char *value_format_address(const uint8_t address[16], int family);
/* The prefix length of a netmask, or -1 when it is none. */
int value_netmask_prefix(const char *text, int *ret_family);
