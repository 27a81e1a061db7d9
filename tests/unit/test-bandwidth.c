// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * A limit of bandwidth holds in its direction and not in the other, and what it is made of goes
 * with the link. Time is measured roughly: a limit is there or it is not.
 */
#include "net/link.h"

#include <arpa/inet.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "link-kit.h"

#define PORT 7777
#define KILOBYTES 600
#define LIMIT 300 /* kilobytes a second */

/* ---- a transfer --------------------------------------------------------------------------------
 */

static struct sockaddr_in address_of(const char *text)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(PORT) };

    g_assert_cmpint(inet_pton(AF_INET, text, &address.sin_addr), ==, 1);
    return address;
}

static void receive(int listener)
{
    autofd int sock = accept(listener, NULL, NULL);
    char buffer[65536];
    size_t sum = 0;
    ssize_t got;

    while ((got = read(sock, buffer, sizeof buffer)) > 0)
        sum += (size_t)got;
    if (sum != KILOBYTES * 1000u)
        _exit(1);
}

static void send_all(int netns, const struct sockaddr_in *address)
{
    autofd int sock = -1;
    g_autofree char *data = g_malloc0(KILOBYTES * 1000u);

    if (setns(netns, CLONE_NEWNET) < 0)
        _exit(2);
    sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(sock, (const struct sockaddr *)address, sizeof *address) < 0 ||
        !fd_write_full(sock, data, KILOBYTES * 1000u))
        _exit(3);
}

static int listen_in(int netns, const struct sockaddr_in *address)
{
    autofd int home = current_netns();
    int sock;

    g_assert_cmpint(setns(netns, CLONE_NEWNET), ==, 0);
    sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(setsockopt(sock, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int)), ==, 0);
    g_assert_cmpint(bind(sock, (const struct sockaddr *)address, sizeof *address), ==, 0);
    g_assert_cmpint(listen(sock, 1), ==, 0);
    g_assert_cmpint(setns(home, CLONE_NEWNET), ==, 0);
    return sock;
}

static void await(pid_t pid)
{
    int status = 0;

    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 0);
}

/* Seconds until all has been received at `text`, which is in the namespace `to`. */
static double transfer(int from, int to, const char *text)
{
    const struct sockaddr_in address = address_of(text);
    autofd int listener = listen_in(to, &address);
    gint64 begun = g_get_monotonic_time();
    pid_t receiver = fork();
    pid_t sender;

    if (receiver == 0) {
        receive(listener);
        _exit(0);
    }
    sender = fork();
    if (sender == 0) {
        send_all(from, &address);
        _exit(0);
    }
    await(sender);
    await(receiver);
    return (double)(g_get_monotonic_time() - begun) / G_USEC_PER_SEC;
}

/* ---- tests -------------------------------------------------------------------------------------
 */

typedef struct Limited {
    PlanLink plan;
    PlanAddress address;
    int inside;
    char *name;
} Limited;

static void limited_start(Limited *limited)
{
    g_autoptr(GError) err = NULL;

    limited->address = ipv4("10.77.0.5", 24);
    limited->plan.addresses.items = &limited->address;
    limited->plan.addresses.len = 1;
    limited->inside = new_netns();
    limited->name = create(&limited->plan, limited->inside);
    link_configure_inside(&limited->plan, 1, limited->inside, &err);
    g_assert_no_error(err);
    /* A first packet that nobody takes yet would cost a second, which counts for a limit; and who
     * had the address in the last test is not asked any more. */
    run(HERE, "ip neigh flush dev br0 && busybox ping -c 1 -W 10 -q 10.77.0.5");
}

static void limited_stop(Limited *limited)
{
    remove_link(limited->name, &limited->plan);
    assert_prints_not(HERE, "ip -o link", "ifb5254");
    fd_close(limited->inside);
    g_free(limited->name);
}

/* Most of the sum at the limit: the burst at the beginning is free. */
static void assert_limited(double seconds)
{
    g_assert_cmpfloat(seconds, >, (double)KILOBYTES / LIMIT / 2);
}

static void assert_free(double seconds)
{
    g_assert_cmpfloat(seconds, <, (double)KILOBYTES / LIMIT / 2);
}

static void test_inbound_limits_what_the_container_receives(void)
{
    autofd int host = current_netns();
    Limited limited = { .plan = bridged("br0", "", 1) };

    limited.plan.inbound.average = LIMIT;
    limited_start(&limited);
    assert_limited(transfer(host, limited.inside, "10.77.0.5"));
    assert_free(transfer(limited.inside, host, "10.77.0.1"));
    limited_stop(&limited);
}

static void test_outbound_limits_what_the_container_sends(void)
{
    autofd int host = current_netns();
    Limited limited = { .plan = bridged("br0", "", 2) };

    limited.plan.outbound.average = LIMIT;
    limited_start(&limited);
    assert_limited(transfer(limited.inside, host, "10.77.0.1"));
    assert_free(transfer(host, limited.inside, "10.77.0.5"));
    limited_stop(&limited);
}

/* A burst as large as all of it: nothing is left to limit but the peak. */
static void test_burst_goes_at_the_peak(void)
{
    autofd int host = current_netns();
    Limited limited = { .plan = bridged("br0", "", 3) };

    limited.plan.inbound = (PlanBandwidth){ .average = 10, .peak = LIMIT, .burst = 4096 };
    limited_start(&limited);
    assert_limited(transfer(host, limited.inside, "10.77.0.5"));
    limited_stop(&limited);
    limited.plan.inbound.peak = 0;
    limited_start(&limited);
    assert_free(transfer(host, limited.inside, "10.77.0.5"));
    limited_stop(&limited);
}

/* Packets of the largest size fit into the smallest burst that can be asked for. */
static void test_smallest_burst_lets_packets_through(void)
{
    autofd int host = current_netns();
    Limited limited = { .plan = bridged("br0", "", 4) };

    limited.plan.inbound = (PlanBandwidth){ .average = LIMIT, .burst = 1 };
    limited.plan.outbound =
        (PlanBandwidth){ .average = LIMIT * 10, .peak = LIMIT * 10, .burst = 1 };
    limited.plan.mtu = 9000;
    limited_start(&limited);
    assert_limited(transfer(host, limited.inside, "10.77.0.5"));
    assert_free(transfer(limited.inside, host, "10.77.0.1"));
    limited_stop(&limited);
}

static void test_more_than_can_be_counted_is_no_limit(void)
{
    autofd int host = current_netns();
    Limited limited = { .plan = bridged("br0", "", 5) };
    const PlanBandwidth vast = { .average = UINT64_MAX, .peak = UINT64_MAX, .burst = UINT64_MAX };

    limited.plan.inbound = limited.plan.outbound = vast;
    limited_start(&limited);
    assert_free(transfer(host, limited.inside, "10.77.0.5"));
    assert_free(transfer(limited.inside, host, "10.77.0.1"));
    limited_stop(&limited);
}

/* What another link of the same address has is not taken from it. */
static void test_queue_of_another_link_stays(void)
{
    autofd int inside = new_netns();
    autofd int other = new_netns();
    PlanLink plan = bridged("br0", "", 6);
    g_autofree char *name = NULL;

    plan.outbound.average = LIMIT;
    name = create(&plan, inside);
    expect_failure(&plan, other, "cannot make the queue 'ifb525400112206': *File exists");
    assert_prints(HERE, "ip -o link", "ifb525400112206");
    remove_link(name, &plan);
    assert_prints_not(HERE, "ip -o link", "ifb5254");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    enter_test_host();
    run(HERE, "ip link set lo up && ip link add br0 mtu 9000 type bridge && ip link set br0 up && "
              "ip addr add 10.77.0.1/24 dev br0");
    g_test_add_func("/bandwidth/inbound", test_inbound_limits_what_the_container_receives);
    g_test_add_func("/bandwidth/outbound", test_outbound_limits_what_the_container_sends);
    g_test_add_func("/bandwidth/burst", test_burst_goes_at_the_peak);
    g_test_add_func("/bandwidth/small-burst", test_smallest_burst_lets_packets_through);
    g_test_add_func("/bandwidth/vast", test_more_than_can_be_counted_is_no_limit);
    g_test_add_func("/bandwidth/same-address", test_queue_of_another_link_stays);
    return g_test_run();
}
