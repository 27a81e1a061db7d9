// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * <filterref>: the network filter that guards an interface, with values for the filter's variables.
 * libvirt forgets a parameter that no filter could make sense of; a guard with a hole is worse than
 * none, so here it is an error.
 */
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/interface-parts.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

static bool check_parameter(void *object, const Reader *reader, GError **err);
static bool check_filterref(void *object, const Reader *reader, GError **err);

/* clang-format off */
static const Row parameter_rows[] = {
    { "@name",  ROW_STRING, offsetof(FilterParameter, name),  .missing = ERR(XML, XML_ERROR) },
    { "@value", ROW_STRING, offsetof(FilterParameter, value), .missing = ERR(XML, XML_ERROR) },
    { NULL },
};

static const Record parameter_record = { "parameter", sizeof(FilterParameter), parameter_rows,
                                         .check = check_parameter };

static const Row filterref_rows[] = {
    { "@filter",   ROW_STRING, offsetof(FilterRef, filter),     ROW_NOT_EMPTY,
                   .missing = ERR(XML, XML_ERROR) },
    { "parameter", ROW_LIST,   offsetof(FilterRef, parameters), .record = &parameter_record },
    { NULL },
};
/* clang-format on */

const Record filterref_record = { "filterref", sizeof(FilterRef), filterref_rows,
                                  .check = check_filterref };

static bool is_made_of(const char *text, const char *letters)
{
    return *text && !text[strspn(text, letters)];
}

static bool check_parameter(void *object, const Reader *reader, GError **err)
{
    const FilterParameter *parameter = object;

    if (!is_made_of(parameter->name, LETTERS DIGITS "_"))
        return fail(err, ERR(XML, XML_ERROR), _("'%s' cannot be the name of a filter's parameter"),
                    parameter->name);
    if (!is_made_of(parameter->value, LETTERS DIGITS "_.:"))
        return fail(err, ERR(XML, XML_ERROR), _("the filter's parameter '%s' cannot be '%s'"),
                    parameter->name, parameter->value);
    return true;
}

static int compare_names(const void *a, const void *b, void *data)
{
    const FilterParameter *const *one = a;
    const FilterParameter *const *other = b;

    return strcmp((*one)->name, (*other)->name);
}

/* Values of one name keep their order: the sort is stable. */
static bool check_filterref(void *object, const Reader *reader, GError **err)
{
    FilterParameterList *list = &((FilterRef *)object)->parameters;

    if (list->n)
        g_qsort_with_data(list->items, (int)list->n, sizeof(*list->items), compare_names, NULL);
    return true;
}

bool filterref_plan(const Interface *interface, PlanLink *link, GError **err)
{
    const FilterRef *filter = interface->filter;
    g_autofree char *title = NULL;

    if (!filter)
        return true;
    if (interface_actual_type(interface) == INTERFACE_DIRECT) {
        title = interface_title(interface);
        return fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                    _("%s cannot have the filter '%s': network '%s' leaves no end on the host"),
                    title, filter->filter, interface->network);
    }
    link->filter = g_strdup(filter->filter);
    for (size_t i = 0; i < filter->parameters.n; i++) {
        PlanParameter *parameter = PLAN_ADD(&link->filter_parameters);

        parameter->name = g_strdup(filter->parameters.items[i]->name);
        parameter->value = g_strdup(filter->parameters.items[i]->value);
    }
    return true;
}
