// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See xml-scan.h. This is no parser: it knows where a tag begins and ends and what a quote is, and
 * leaves every mistake to the one that follows.
 */
#include "conf/xml-scan.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"

/* Far beyond what any document has, and nothing for the parser. */
#define ATTRIBUTES_MAX 512
#define NAMESPACES_MAX 256

typedef struct Scan {
    const char *text;
    const char *end;
    const char *what;
    unsigned namespaces;
} Scan;

static unsigned line_of(const Scan *scan, const char *at)
{
    unsigned line = 1;

    for (const char *c = scan->text; c < at; c++)
        line += *c == '\n';
    return line;
}

/* The next `c`, or NULL; looked for within the text, whose end is known. */
static const char *find(const Scan *scan, const char *at, char c)
{
    return memchr(at, c, (size_t)(scan->end - at));
}

/* Behind the next `mark`, or NULL. */
static const char *skip(const Scan *scan, const char *at, const char *mark)
{
    at = memmem(at, (size_t)(scan->end - at), mark, strlen(mark));
    return at ? at + strlen(mark) : NULL;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool check_tag(const Scan *scan, const char *tag, unsigned attributes, GError **err)
{
    if (attributes > ATTRIBUTES_MAX)
        return fail(err, ERR(DOMAIN, XML_DETAIL),
                    _("(%s):%u: an element has more than %d attributes"), scan->what,
                    line_of(scan, tag), ATTRIBUTES_MAX);
    if (scan->namespaces > NAMESPACES_MAX)
        return fail(err, ERR(DOMAIN, XML_DETAIL), _("(%s):%u: there are more than %d namespaces"),
                    scan->what, line_of(scan, tag), NAMESPACES_MAX);
    return true;
}

/* `tag` is behind the '<'; *ret_next gets where the tag ends, NULL when it does not. */
static bool scan_tag(Scan *scan, const char *tag, const char **ret_next, GError **err)
{
    unsigned attributes = 0;
    const char *at = tag;

    while (at && *at && *at != '>' && *at != '<') {
        if (is_blank(*at) && strncmp(at + 1, "xmlns", 5) == 0)
            scan->namespaces++;
        if (*at == '\'' || *at == '"') {
            attributes++;
            at = find(scan, at + 1, *at);
        }
        at = at ? at + 1 : NULL;
    }
    *ret_next = at;
    return check_tag(scan, tag, attributes, err);
}

static bool scan_tags(Scan *scan, GError **err)
{
    const char *at = find(scan, scan->text, '<');

    while (at) {
        if (g_str_has_prefix(at, "<!--"))
            at = skip(scan, at, "-->");
        else if (g_str_has_prefix(at, "<![CDATA["))
            at = skip(scan, at, "]]>");
        else if (g_str_has_prefix(at, "<?"))
            at = skip(scan, at, "?>");
        else if (!scan_tag(scan, at + 1, &at, err))
            return false;
        at = at ? find(scan, at, '<') : NULL;
    }
    return true;
}

/* ---- encodings ------------------------------------------------------------------------------- */

static bool looks_like_ascii(const char *encoding)
{
    static const char *const names[] = { "utf-8", "utf8", "us-ascii", "ascii" };
    static const char *const families[] = { "iso-8859-", "windows-125", "koi8-" };

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        if (g_ascii_strcasecmp(encoding, names[i]) == 0)
            return true;
    for (size_t i = 0; i < G_N_ELEMENTS(families); i++)
        if (g_ascii_strncasecmp(encoding, families[i], strlen(families[i])) == 0)
            return true;
    return false;
}

/* The word behind encoding= in an XML declaration; NULL when there is none. */
static char *declared_encoding(const char *text)
{
    const char *end = g_str_has_prefix(text, "<?xml") ? strstr(text, "?>") : NULL;
    g_autofree char *declaration = end ? g_strndup(text, (gsize)(end - text)) : NULL;
    const char *word = declaration ? strstr(declaration, "encoding") : NULL;
    size_t length;

    word = word ? strpbrk(word, "'\"") : NULL;
    if (!word)
        return NULL;
    length = strcspn(word + 1, "'\"");
    return g_strndup(word + 1, length);
}

bool xml_scan(const char *text, const char *what, char **ret_encoding, GError **err)
{
    Scan scan = { .text = text, .end = text + strlen(text), .what = what };
    g_autofree char *encoding = declared_encoding(text);

    if (encoding && !looks_like_ascii(encoding))
        return fail(err, ERR(DOMAIN, XML_DETAIL), _("(%s):1: the encoding '%s' is not supported"),
                    what, encoding);
    if (!scan_tags(&scan, err))
        return false;
    *ret_encoding = encoding ? g_steal_pointer(&encoding) : g_strdup("UTF-8");
    return true;
}
