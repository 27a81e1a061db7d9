// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See error.h for the idea. Origin and errno are kept in GLib's private part of the error, which is
 * never NULL for an error of ours; the tests for it only tell the compiler so.
 */
#include "base/error.h"

#include <string.h>

typedef struct VirtErrorPrivate {
    int from;             /* VIR_FROM_* */
    int errnum;           /* errno of a system error, else 0 */
    const char *function; /* of fail_argument; static */
    const char *argument;
} VirtErrorPrivate;

static void virt_error_private_init(VirtErrorPrivate *priv)
{
    if (priv)
        priv->from = VIR_FROM_LXC;
}

static void virt_error_private_copy(const VirtErrorPrivate *from, VirtErrorPrivate *to)
{
    if (from && to)
        *to = *from;
}

static void virt_error_private_clear(VirtErrorPrivate *priv)
{
    (void)priv; /* owns nothing */
}

/* Defines virt_error_quark and virt_error_get_private. */
G_DEFINE_EXTENDED_ERROR(VirtError, virt_error)

static void set_error(GError **err, int from, int code, int errnum, const char *message)
{
    GError *made;
    VirtErrorPrivate *priv;

    if (!err)
        return;
    g_return_if_fail(!*err);
    made = g_error_new_literal(VIRT_ERROR, code, message);
    priv = virt_error_get_private(made);
    if (priv)
        *priv = (VirtErrorPrivate){ .from = from, .errnum = errnum };
    *err = made;
}

bool fail(GError **err, unsigned origin_and_code, const char *format, ...)
{
    g_autofree char *message = NULL;
    va_list args;

    va_start(args, format);
    message = g_strdup_vprintf(format, args);
    va_end(args);
    set_error(err, (int)(origin_and_code >> 16), (int)(origin_and_code & 0xffff), 0, message);
    return false;
}

/*
 * strerror, not g_strerror: that one converts from the locale's charset, for which the C library
 * loads modules, by files of whatever tree the process sees. In a container's init that is not
 * ours.
 */
bool fail_errno(GError **err, int errnum, const char *format, ...)
{
    g_autofree char *what = NULL;
    g_autofree char *message = NULL;
    va_list args;

    va_start(args, format);
    what = g_strdup_vprintf(format, args);
    va_end(args);
    message = g_strdup_printf("%s: %s", what, strerror(errnum));
    set_error(err, VIR_FROM_LXC, VIR_ERR_SYSTEM_ERROR, errnum, message);
    return false;
}

bool fail_argument(GError **err, const char *function, const char *argument, const char *format,
                   ...)
{
    g_autofree char *message = NULL;
    VirtErrorPrivate *priv;
    va_list args;

    va_start(args, format);
    message = g_strdup_vprintf(format, args);
    va_end(args);
    set_error(err, VIR_FROM_LXC, VIR_ERR_INVALID_ARG, 0, message);
    priv = err ? virt_error_get_private(*err) : NULL;
    if (priv) {
        priv->function = function;
        priv->argument = argument;
    }
    return false;
}

bool fail_remote(GError **err, int from, int code, int errnum, const char *message)
{
    set_error(err, from, code, errnum, message);
    return false;
}

bool fail_while(GError **err, const char *format, ...)
{
    g_autofree char *context = NULL;
    va_list args;

    if (!err || !*err)
        return false;
    va_start(args, format);
    context = g_strdup_vprintf(format, args);
    va_end(args);
    g_prefix_error(err, "%s: ", context);
    return false;
}

int error_code(const GError *err)
{
    return err->domain == VIRT_ERROR ? err->code : VIR_ERR_INTERNAL_ERROR;
}

int error_from(const GError *err)
{
    const VirtErrorPrivate *priv = err->domain == VIRT_ERROR ? virt_error_get_private(err) : NULL;

    return priv ? priv->from : VIR_FROM_LXC;
}

int error_errno(const GError *err)
{
    const VirtErrorPrivate *priv = err->domain == VIRT_ERROR ? virt_error_get_private(err) : NULL;

    return priv ? priv->errnum : 0;
}

const char *error_function(const GError *err)
{
    const VirtErrorPrivate *priv = err->domain == VIRT_ERROR ? virt_error_get_private(err) : NULL;

    return priv ? priv->function : NULL;
}

const char *error_argument(const GError *err)
{
    const VirtErrorPrivate *priv = err->domain == VIRT_ERROR ? virt_error_get_private(err) : NULL;

    return priv ? priv->argument : NULL;
}

bool error_is(const GError *err, int code)
{
    return err && err->domain == VIRT_ERROR && err->code == code;
}
