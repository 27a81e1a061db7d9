// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Every row of THE table agrees with the protocol, as tests/wire/procedures.tsv has it, and is
 * complete in itself: what is ours has a handler, what is a domain's has a domain in its arguments.
 */
#include "lxc_driver/procedures.h"

#include <glib.h>
#include <string.h>

typedef struct Table {
    const char *program;
    const RpcProcedure *rows;
    size_t n_rows;
} Table;

static const Table *tables(void)
{
    static Table all[4];

    all[0] = (Table){ "remote", remote_procedures, n_remote_procedures };
    all[1] = (Table){ "lxc", lxc_procedures, n_lxc_procedures };
    all[2] = (Table){ "qemu", qemu_procedures, n_qemu_procedures };
    return all;
}

static const char *facts_path;

static const char *name_of(const XdrType *type)
{
    return type ? xdr_name(type) : "-";
}

static const char *owner_of(const RpcProcedure *row)
{
    static const char *const owners[RPC_ROUTE_LAST] = {
        [RPC_NONE] = "here",       [RPC_OURS] = "here",           [RPC_EVENT] = "event",
        [RPC_NETWORK] = "network", [RPC_STORAGE] = "storage",     [RPC_NODEDEV] = "nodedev",
        [RPC_SECRET] = "secret",   [RPC_INTERFACE] = "interface", [RPC_NWFILTER] = "nwfilter",
    };

    return owners[row->route];
}

static const RpcProcedure *find(const char *program, int32_t number)
{
    for (const Table *table = tables(); table->program; table++) {
        for (size_t i = 0; i < table->n_rows && strcmp(table->program, program) == 0; i++) {
            if (table->rows[i].number == number)
                return &table->rows[i];
        }
    }
    return NULL;
}

/* Events come from us: read-only and authentication say nothing about them. */
static void compare_call(const RpcProcedure *row, char **fact)
{
    const char *readonly = !row->readonly ? "no" : row->readonly_denied ? "if" : "yes";

    g_assert_cmpstr(row->priority ? "high" : "low", ==, fact[5]);
    /* The one condition that is not on flags is in the handler. */
    if (strcmp(row->name, "DOMAIN_INTERFACE_ADDRESSES") != 0)
        g_assert_cmpstr(readonly, ==, fact[6]);
    g_assert_cmpstr(row->target == RPC_TARGET_AUTH ? "yes" : "no", ==, fact[7]);
    g_assert_cmpstr(row->stream ? "stream" : "-", ==, fact[8]);
    g_assert_true(row->route == RPC_OURS || row->api);
}

static void compare(char **fact)
{
    const RpcProcedure *row = find(fact[0], (int32_t)g_ascii_strtoll(fact[1], NULL, 10));

    g_test_message("%s %s", fact[0], fact[2]);
    if (!row)
        g_error("no row for %s %s", fact[0], fact[2]);
    g_assert_cmpstr(row->name, ==, fact[2]);
    g_assert_cmpstr(name_of(row->args), ==, fact[3]);
    g_assert_cmpstr(name_of(row->ret), ==, fact[4]);
    g_assert_cmpstr(owner_of(row), ==, fact[9]);
    if (row->route != RPC_EVENT)
        compare_call(row, fact);
}

static void test_facts(void)
{
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;
    size_t n_facts = 0, n_rows = 0;

    g_assert_true(g_file_get_contents(facts_path, &text, NULL, NULL));
    lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        g_auto(GStrv) fact = g_strsplit(*line, "\t", -1);

        if (**line == '#' || **line == '\0')
            continue;
        g_assert_cmpuint(g_strv_length(fact), ==, 10);
        compare(fact);
        n_facts++;
    }
    for (const Table *table = tables(); table->program; table++)
        n_rows += table->n_rows;
    g_assert_cmpuint(n_facts, ==, n_rows);
    g_assert_cmpuint(n_facts, >, 450);
}

/* The dispatcher finds rows by halves. */
static void test_sorted(void)
{
    for (const Table *table = tables(); table->program; table++) {
        for (size_t i = 1; i < table->n_rows; i++)
            g_assert_cmpint(table->rows[i - 1].number, <, table->rows[i].number);
    }
}

static void check_row(const RpcProcedure *row)
{
    const XdrType *args = row->args;

    g_test_message("%s", row->name);
    g_assert_true((row->handler != NULL) == (row->route == RPC_OURS));
    if (row->target == RPC_TARGET_DOMAIN)
        g_assert_cmpint(xdr_field_offset(args, "dom"), >=, 0);
    if (row->state != RPC_STATE_ANY)
        g_assert_cmpint(row->target, ==, RPC_TARGET_DOMAIN);
    if (row->flags || row->readonly_denied)
        g_assert_cmpint(xdr_field_offset(args, "flags"), >=, 0);
    if (row->readonly_denied)
        g_assert_true(row->readonly);
    if (row->route == RPC_OURS && row->flags != RPC_FLAGS_ANY)
        g_assert_cmpuint(row->readonly_denied & ~row->flags, ==, 0);
}

static void test_complete(void)
{
    for (const Table *table = tables(); table->program; table++) {
        for (size_t i = 0; i < table->n_rows; i++)
            check_row(&table->rows[i]);
    }
}

/* No two rows were given the same handler by mistake. */
static void test_handlers(void)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);

    for (const Table *table = tables(); table->program; table++) {
        for (size_t i = 0; i < table->n_rows; i++) {
            RpcHandler *handler = table->rows[i].handler;

            if (handler)
                g_assert_true(g_hash_table_add(seen, (gpointer)(uintptr_t)handler));
        }
    }
    g_assert_cmpuint(g_hash_table_size(seen), >, 70);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    facts_path = argv[1];
    g_test_add_func("/procedures/facts", test_facts);
    g_test_add_func("/procedures/sorted", test_sorted);
    g_test_add_func("/procedures/complete", test_complete);
    g_test_add_func("/procedures/handlers", test_handlers);
    return g_test_run();
}
