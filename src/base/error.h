// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Errors are values: a GError that carries what a libvirt client will see.
 *
 * A libvirt error is a code (VIR_ERR_*), the part of libvirt it comes from (VIR_FROM_*), and a
 * sentence; a system error adds errno. All four ride in one GError of the domain VIRT_ERROR, so
 * they pass unchanged from the controller to the daemon and from the daemon to the client.
 *
 * Every fallible function returns bool and takes GError ** last; it reports with
 *
 *     return fail(err, ERR(DOMAIN, XML_ERROR), _("invalid domain name '%s'"), name);
 *
 * The sentence says what could not be done, to which named thing, and why. The per-code template
 * that libvirt puts in front of it ("XML error: %s") is added where the error leaves the daemon,
 * and nowhere else.
 */
#pragma once

#include <errno.h>
#include <glib.h>
#include <libvirt/virterror.h>
#include <stdbool.h>

#define VIRT_ERROR (virt_error_quark())
GQuark virt_error_quark(void);

/* A libvirt code and its origin as one word: ERR(DOMAIN, XML_ERROR). */
#define ERR(from, code) (((unsigned)VIR_FROM_##from << 16) | (unsigned)VIR_ERR_##code)

/* Sets *err and returns false, always. The text is translated by the caller with _(). */
bool fail(GError **err, unsigned origin_and_code, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* Like fail with SYSTEM_ERROR of VIR_FROM_LXC; appends ": " and the text of `errnum`. */
bool fail_errno(GError **err, int errnum, const char *format, ...) G_GNUC_PRINTF(3, 4);

/*
 * INVALID_ARG of VIR_FROM_LXC about one named argument of one function of libvirt's API; both names
 * are static strings and travel beside the text, which gets no template.
 */
bool fail_argument(GError **err, const char *function, const char *argument, const char *format,
                   ...) G_GNUC_PRINTF(4, 5);

/* Rebuilds an error that arrived from another process; takes nothing. */
bool fail_remote(GError **err, int from, int code, int errnum, const char *message);

/* Puts "text: " in front of an error that is set; returns false. Does nothing when err is NULL. */
bool fail_while(GError **err, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Parts of an error. For one that is not ours (GIO's, say): INTERNAL_ERROR, VIR_FROM_LXC, 0. */
int error_code(const GError *err);
int error_from(const GError *err);
int error_errno(const GError *err);
const char *error_function(const GError *err); /* of fail_argument, else NULL */
const char *error_argument(const GError *err);
bool error_is(const GError *err, int code);
