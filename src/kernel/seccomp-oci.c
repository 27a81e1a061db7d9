// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* OCI's format: linux.seccomp of a runtime configuration, alone or in the whole of it. */
#include <errno.h>
#include <json-glib/json-glib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "kernel/seccomp-rules.h"

#define UNSUPPORTED ERR(LXC, CONFIG_UNSUPPORTED)

static bool fail_json(const SeccompRules *rules, const char *what, GError **err)
{
    return fail(err, UNSUPPORTED, _("%s: '%s' is missing or not understood"), rules->path, what);
}

static const char *json_text(JsonObject *object, const char *name)
{
    JsonNode *node = json_object_get_member(object, name);

    return node && JSON_NODE_HOLDS_VALUE(node) ? json_node_get_string(node) : NULL;
}

static uint64_t json_number(JsonObject *object, const char *name)
{
    JsonNode *node = json_object_get_member(object, name);

    return node && JSON_NODE_HOLDS_VALUE(node) ? (uint64_t)json_node_get_int(node) : 0;
}

static JsonArray *json_list(JsonObject *object, const char *name)
{
    JsonNode *node = json_object_get_member(object, name);

    return node && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
}

static bool json_action(const SeccompRules *rules, JsonObject *object, const char *names[2],
                        uint32_t *ret_action, GError **err)
{
    const SeccompWord *word = seccomp_find_action(json_text(object, names[0]));

    if (!word)
        return fail_json(rules, names[0], err);
    *ret_action = word->value;
    if (word->value == SCMP_ACT_ERRNO(EPERM) && json_object_has_member(object, names[1]))
        *ret_action = SCMP_ACT_ERRNO((uint32_t)json_number(object, names[1]) & 0xfff);
    return true;
}

static bool json_arguments(const SeccompRules *rules, JsonObject *object, SeccompRule *rule,
                           GError **err)
{
    JsonArray *list = json_list(object, "args");
    guint n = list ? json_array_get_length(list) : 0;

    for (guint i = 0; i < n; i++) {
        JsonNode *node = json_array_get_element(list, i);
        JsonObject *arg = JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
        const SeccompWord *word = arg ? seccomp_find_comparison(json_text(arg, "op")) : NULL;

        if (!word || i == SECCOMP_ARGS_MAX || json_number(arg, "index") >= SECCOMP_ARGS_MAX)
            return fail_json(rules, "args", err);
        rule->args[rule->n_args++] =
            (struct scmp_arg_cmp){ (unsigned)json_number(arg, "index"),
                                   (enum scmp_compare)word->value, json_number(arg, "value"),
                                   json_number(arg, "valueTwo") };
    }
    return true;
}

/* One object names several calls. */
static bool json_calls(SeccompRules *rules, JsonObject *object, GError **err)
{
    JsonArray *names = json_list(object, "names");
    SeccompRule rule = { 0 };

    if (!names)
        return fail_json(rules, "names", err);
    if (!json_action(rules, object, (const char *[]){ "action", "errnoRet" }, &rule.action, err) ||
        !json_arguments(rules, object, &rule, err))
        return false;
    for (guint i = 0; i < json_array_get_length(names); i++) {
        JsonNode *node = json_array_get_element(names, i);

        if (!JSON_NODE_HOLDS_VALUE(node) || !json_node_get_string(node))
            return fail_json(rules, "names", err);
        rule.call = g_strdup(json_node_get_string(node));
        g_array_append_val(rules->rules, rule);
    }
    return true;
}

/* The whole configuration may be given as well as the object in it. */
static JsonObject *find_profile(JsonNode *root)
{
    JsonObject *object = root && JSON_NODE_HOLDS_OBJECT(root) ? json_node_get_object(root) : NULL;

    for (int i = 0; object && i < 2; i++) {
        JsonNode *inner = json_object_get_member(object, i == 0 ? "linux" : "seccomp");

        if (inner && JSON_NODE_HOLDS_OBJECT(inner))
            object = json_node_get_object(inner);
    }
    return object;
}

bool seccomp_read_oci(const char *text, SeccompRules *rules, GError **err)
{
    g_autoptr(JsonParser) parser = json_parser_new();
    g_autoptr(GError) why = NULL;
    JsonObject *profile = NULL;
    JsonArray *calls = NULL;

    if (!json_parser_load_from_data(parser, text, -1, &why))
        return fail(err, UNSUPPORTED, "%s: %s", rules->path, why->message);
    profile = find_profile(json_parser_get_root(parser));
    if (!profile)
        return fail_json(rules, "seccomp", err);
    if (!json_action(rules, profile, (const char *[]){ "defaultAction", "defaultErrnoRet" },
                     &rules->by_default, err))
        return false;
    calls = json_list(profile, "syscalls");
    for (guint i = 0; calls && i < json_array_get_length(calls); i++) {
        JsonNode *node = json_array_get_element(calls, i);

        if (!JSON_NODE_HOLDS_OBJECT(node))
            return fail_json(rules, "syscalls", err);
        if (!json_calls(rules, json_node_get_object(node), err))
            return false;
    }
    return true;
}
