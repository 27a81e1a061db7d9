// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The daemon's small parsers: its configuration files, uuids, the table of signals that the kinds
 * of init understand, names of units.
 */
#include "base/error.h"
#include "lxc_driver/daemon-config.h"
#include "lxc_driver/init-control.h"
#include "lxc_driver/systemd.h"
#include "lxc_driver/uuid.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

static void test_values_of_every_kind(void)
{
    g_autoptr(Config) config = config_new();
    g_autoptr(GError) err = NULL;
    const char *text = "# a comment\n"
                       "  max_clients = 7 # and one behind a value\n"
                       "unix_sock_group = \"libvirt\"\n"
                       "unix_sock_ro_perms='0770'\n"
                       "access_drivers = [ \"none\", # inside\n"
                       "                   'none', ]\n"
                       "log_filters = \"\"\"1:a\n2:b\"\"\"\n"
                       "keepalive_interval = -1";

    g_assert_true(config_parse(config, "f", text, &err));
    g_assert_no_error(err);
    g_assert_cmpint(config->max_clients, ==, 7);
    g_assert_cmpint(config->keepalive_interval, ==, -1);
    g_assert_cmpstr(config->unix_sock_group, ==, "libvirt");
    g_assert_cmpstr(config->unix_sock_ro_perms, ==, "0770");
    g_assert_cmpstr(config->access_drivers[0], ==, "none");
    g_assert_cmpstr(config->access_drivers[1], ==, "none");
    g_assert_null(config->access_drivers[2]);
    g_assert_cmpstr(config->log_filters, ==, "1:a\n2:b");
}

static void test_last_value_wins_and_unknown_keys_are_ignored(void)
{
    g_autoptr(Config) config = config_new();

    g_assert_true(config_parse(config, "f",
                               "tls_port = \"1\"\nmax_clients = 3\nnew_key = [ \"x\" ]\n"
                               "max_clients = 4\n\n",
                               NULL));
    g_assert_cmpint(config->max_clients, ==, 4);
    g_assert_cmpint(config->max_client_requests, ==, 5);
}

typedef struct Wrong {
    const char *text;
    const char *message;
} Wrong;

static void test_errors_name_file_line_and_key(void)
{
    static const Wrong wrong[] = {
        {"\nmax_clients = \"x\"",             "f:2: 'max_clients' must be a number"                },
        { "unix_sock_group = 1",              "f:1: 'unix_sock_group' must be a text"              },
        { "access_drivers = \"polkit\"",      "f:1: 'access_drivers' must be a list of texts"      },
        { "max_clients = 0",                  "f:1: 'max_clients' must be between 1 and 2147483647"},
        { "auth_unix_rw = \"sesame\"",        "f:1: 'auth_unix_rw' cannot be 'sesame'"             },
        { "access_drivers = [ \"polkit\" ]",  "f:1: 'access_drivers' cannot be 'polkit'"           },
        { "security_driver = \"smack\"",      "f:1: 'security_driver' cannot be 'smack'"           },
        { "max_clients",                      "f:1: expecting 'key = value'"                       },
        { "= 5",                              "f:1: expecting 'key = value'"                       },
        { "max_clients =",                    "f:1: expecting a value"                             },
        { "max_clients = 5 6",                "f:1: nothing may follow the value of 'max_clients'" },
        { "log_filters = \"a",                "f:1: text without a closing quote"                  },
        { "log_filters = \"a\nb\"",           "f:1: text without a closing quote"                  },
        { "access_drivers = [ \"a\" \"b\" ]", "f:1: expecting ',' or ']' in a list"                },
        { "access_drivers = [ \"a\",\n 5 ]",  "f:2: expecting a text or ']' in a list"             },
        { "access_drivers = [",               "f:1: expecting a text or ']' in a list"             },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(Config) config = config_new();
        g_autoptr(GError) err = NULL;
        g_assert_false(config_parse(config, "f", wrong[i].text, &err));
        g_assert_cmpstr(err->message, ==, wrong[i].message);
        g_assert_true(error_is(err, VIR_ERR_CONF_SYNTAX));
    }
}

static void test_missing_file_is_no_error(void)
{
    g_autoptr(Config) config = config_new();

    g_assert_true(config_read(config, "/nonexistent/virtlxcd.conf", NULL));
    g_assert_cmpint(config->max_clients, ==, 5000);
}

static void test_uuid_as_text(void)
{
    const uint8_t uuid[16] = { 0x01, 0x23, 0xab, 0xcd, 0x45, 0x67, 0x89, 0xef,
                               0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef };
    char text[UUID_TEXT_SIZE];

    uuid_print(uuid, text);
    g_assert_cmpstr(text, ==, "0123abcd-4567-89ef-0123-456789abcdef");
}

static void test_init_gets_the_signal_it_documents(void)
{
    g_assert_cmpint(init_control_signal_for("systemd", INIT_POWEROFF), ==, 37);
    g_assert_cmpint(init_control_signal_for("systemd", INIT_REBOOT), ==, 39);
    g_assert_cmpint(init_control_signal_for("busybox init", INIT_POWEROFF), ==, SIGUSR2);
    g_assert_cmpint(init_control_signal_for("busybox init", INIT_REBOOT), ==, SIGTERM);
    g_assert_cmpint(init_control_signal_for("busybox sh", INIT_POWEROFF), ==, SIGTERM);
    g_assert_cmpint(init_control_signal_for("payload", INIT_POWEROFF), ==, SIGTERM);
    g_assert_cmpint(init_control_signal_for("", INIT_REBOOT), ==, SIGHUP);
}

/* A number that is another's by now is not taken for a container's init. */
static void test_init_is_told_by_its_groups(void)
{
    int own = init_process_open_in(getpid(), ":/");
    const InitProcess self = { getpid(), own };

    g_assert_cmpint(own, >=, 0);
    g_assert_true(init_process_is_there(&self, NULL));
    g_assert_cmpint(init_process_open_in(getpid(), "/machine/none.libvirt-lxc"), ==, -1);
    g_assert_cmpint(init_process_open_in(0, ":/"), ==, -1);
    g_assert_cmpint(init_process_open_in(-1, ":/"), ==, -1);
    (void)close(own);
}

static void check_name(char *name, const char *wanted)
{
    g_assert_cmpstr(name, ==, wanted);
    g_free(name);
}

static void test_units_are_named_as_systemd_wants(void)
{
    const uint8_t uuid[16] = { 0x01, 0x23, 0xab, 0xcd };
    g_autofree char *longest = g_strnfill(60, 'x');
    g_autofree char *too_long = g_strnfill(61, 'x');
    g_autofree char *whole = g_strconcat("lxc-", longest, NULL);
    g_autofree char *cut = g_strdup_printf("lxc-%.51s-0123abcd", too_long);

    check_name(systemd_machine_name("bb", uuid), "lxc-bb");
    check_name(systemd_machine_name("web.1-a", uuid), "lxc-web.1-a");
    check_name(systemd_machine_name("a_b", uuid), "lxc-ab-0123abcd");
    check_name(systemd_machine_name("..", uuid), "lxc--0123abcd");
    check_name(systemd_machine_name("a-", uuid), "lxc-a-0123abcd");
    check_name(systemd_machine_name(too_long, uuid), cut);
    check_name(systemd_machine_name(longest, uuid), whole);
    check_name(systemd_scope_name("lxc-bb"), "machine-lxc\\x2dbb.scope");
    check_name(systemd_slice_name("/machine"), "machine.slice");
    check_name(systemd_slice_name("/machine/web-1"), "machine-web\\x2d1.slice");
    check_name(systemd_slice_name("/"), "-.slice");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/daemon-config/values", test_values_of_every_kind);
    g_test_add_func("/daemon-config/last-wins", test_last_value_wins_and_unknown_keys_are_ignored);
    g_test_add_func("/daemon-config/errors", test_errors_name_file_line_and_key);
    g_test_add_func("/daemon-config/missing", test_missing_file_is_no_error);
    g_test_add_func("/uuid/as-text", test_uuid_as_text);
    g_test_add_func("/init-control/signals", test_init_gets_the_signal_it_documents);
    g_test_add_func("/init-process/groups", test_init_is_told_by_its_groups);
    g_test_add_func("/systemd/names", test_units_are_named_as_systemd_wants);
    return g_test_run();
}
