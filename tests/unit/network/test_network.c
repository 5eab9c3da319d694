/* SPDX-License-Identifier: Apache-2.0 */
/* Networks in a namespace of the test's own: made, joined, published, isolated, repaired, gone. */
#include <arpa/inet.h>
#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fs.h"
#include "link.h"
#include "namespace.h"
#include "session.h"
#include "stage.h"

static struct error *err;

static void attach(int dir, const struct network_spec *network, struct stage_container *c,
		   const char *id, struct network_port *ports, size_t port_count,
		   struct network_endpoint *ret)
{
	const struct network_attach_spec spec = { .network = network,
						  .container = id,
						  .pid = c->pid,
						  .pid_start_time = c->start_time,
						  .netns_fd = c->netns_fd,
						  .interface = "eth0",
						  .default_route = true,
						  .ports = ports,
						  .port_count = port_count };

	stage_check(network_attach(dir, &spec, ret, &err), err, id);
}

static int try_attach(int dir, const struct network_spec *network, struct stage_container *c,
		      struct network_port *ports, size_t port_count, const char *ipv4)
{
	const struct network_attach_spec spec = { .network = network,
						  .container = "refused",
						  .pid = c->pid,
						  .pid_start_time = c->start_time,
						  .netns_fd = c->netns_fd,
						  .interface = "eth0",
						  .ipv4 = ipv4,
						  .ports = ports,
						  .port_count = port_count };
	struct network_endpoint endpoint;

	error_free(STEAL_PTR(&err));
	return network_attach(dir, &spec, &endpoint, &err);
}

static bool error_says(const char *words)
{
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);

	error_format(err, &text);
	return strstr(strbuf_text(&text), words) != NULL;
}

static bool is_empty(int dir)
{
	CLEANUP_FD int fd = fs_open_dir_at(dir, ".", &err);
	DIR *d = fdopendir(STEAL_FD(&fd));
	size_t count = 0;

	while (readdir(d))
		count++;
	(void)closedir(d);
	return count == 2;
}

static void check_nothing_left(int dir)
{
	/* First: what a keeper still holds goes with the interface. */
	ck_assert(stage_wait_gone("fk"));
	ck_assert(is_empty(dir));
}

START_TEST(test_two_containers)
{
	CLEANUP_FD int dir = stage_begin();
	const struct network_spec spec = { .name = "net" };
	struct stage_container a, b;
	struct network_endpoint ea, eb;
	struct network_info info;

	stage_container_start(&a);
	stage_container_start(&b);
	STAGE_OK(network_create(dir, &spec, &info, &err));
	ck_assert_str_eq(info.subnet, "172.20.0.0/24");
	ck_assert_str_eq(info.gateway, "172.20.0.1");
	attach(dir, &spec, &a, "aaa", NULL, 0, &ea);
	attach(dir, &spec, &b, "bbb", NULL, 0, &eb);
	ck_assert_str_eq(ea.ipv4, "172.20.0.2");
	ck_assert_str_eq(ea.mac, "66:6b:ac:14:00:02");
	ck_assert_str_eq(eb.ipv4, "172.20.0.3");
	CLEANUP_FD int in_a = stage_listen(a.netns_fd, "0.0.0.0", 80, false);
	CLEANUP_FD int on_host = stage_listen(-1, "0.0.0.0", 81, false);

	ck_assert(stage_can_reach(b.netns_fd, ea.ipv4, 80, false, in_a));
	ck_assert(stage_can_reach(-1, ea.ipv4, 80, false, in_a));
	ck_assert(stage_can_reach(b.netns_fd, STAGE_HOST_ADDRESS, 81, false, on_host));
	STAGE_OK(network_find(dir, "net", &info, &err));
	ck_assert_uint_eq(info.lease_count, 2);
	ck_assert_int_eq(network_remove(dir, "net", &err), -ERR_BUSY);
	error_free(STEAL_PTR(&err));
	STAGE_OK(network_detach(dir, "net", "aaa", &err));
	STAGE_OK(network_detach(dir, "net", "aaa", &err));
	STAGE_OK(network_detach(dir, NULL, "bbb", &err));
	check_nothing_left(dir);
	ck_assert_int_eq(network_find(dir, "net", &info, &err), -ERR_NOT_FOUND);
}
END_TEST

static char read_setting(const char *path)
{
	CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	char value = '?';

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(read(fd, &value, 1), 1);
	return value;
}

static int no_ipv6_inside(void *ctx)
{
	(void)ctx;
	return read_setting("/proc/sys/net/ipv6/conf/eth0/accept_ra") == '0' &&
			       read_setting("/proc/sys/net/ipv6/conf/eth0/disable_ipv6") == '1' ?
		       0 :
		       1;
}

START_TEST(test_cve_2020_13401_router_advertisement)
{
	CLEANUP_FD int dir = stage_begin();
	const struct network_spec spec = { .name = "net" };
	struct stage_container a;
	struct network_endpoint endpoint;
	struct network_info info;
	char path[96];

	stage_container_start(&a);
	attach(dir, &spec, &a, "aaa", NULL, 0, &endpoint);
	STAGE_OK(network_find(dir, "net", &info, &err));
	const char *const interfaces[] = { info.bridge, endpoint.host_interface };

	for (size_t i = 0; i < ARRAY_SIZE(interfaces); i++) {
		(void)snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/accept_ra",
			       interfaces[i]);
		ck_assert_int_eq(read_setting(path), '0');
		(void)snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/disable_ipv6",
			       interfaces[i]);
		ck_assert_int_eq(read_setting(path), '1');
	}
	ck_assert_int_eq(stage_run_in(a.netns_fd, no_ipv6_inside, NULL), 0);
	ck_assert_int_eq(read_setting("/proc/sys/net/ipv4/ip_forward"), '1');
}
END_TEST

/* @_i: whether bridged packets pass the firewall's IP hooks, which is a setting of the host */
START_TEST(test_published)
{
	CLEANUP_FD int dir = stage_begin();
	const struct network_spec one = { .name = "one" }, two = { .name = "two" };
	struct network_port ports[] = { { NULL, 8080, 80, false },
					{ "127.0.0.1", 8081, 80, false },
					{ NULL, 5353, 53, true },
					{ NULL, 0, 80, false } };
	struct stage_container a, b, c;
	struct network_endpoint ea, eb, ec;

	if (access("/proc/sys/net/bridge/bridge-nf-call-iptables", F_OK) == 0)
		STAGE_OK(network_sysctl_set("bridge/bridge-nf-call-iptables", _i ? "1" : "0",
					    &err));
	stage_container_start(&a);
	stage_container_start(&b);
	stage_container_start(&c);
	attach(dir, &one, &a, "aaa", ports, ARRAY_SIZE(ports), &ea);
	attach(dir, &one, &b, "bbb", NULL, 0, &eb);
	attach(dir, &two, &c, "ccc", NULL, 0, &ec);
	CLEANUP_FD int tcp = stage_listen(a.netns_fd, "0.0.0.0", 80, false);
	CLEANUP_FD int udp = stage_listen(a.netns_fd, "0.0.0.0", 53, true);

	ck_assert_uint_ne(ports[3].host_port, 0);
	ck_assert(stage_can_reach(-1, "127.0.0.1", 8080, false, tcp));
	ck_assert(stage_can_reach(-1, STAGE_HOST_ADDRESS, 8080, false, tcp));
	ck_assert(stage_can_reach(-1, "127.0.0.1", 8081, false, tcp));
	ck_assert(stage_can_reach(-1, "127.0.0.1", ports[3].host_port, false, tcp));
	ck_assert(stage_can_reach(-1, "127.0.0.1", 5353, true, udp));
	ck_assert(stage_can_reach(-1, STAGE_HOST_ADDRESS, 5353, true, udp));
	/* From the network itself and from the container itself */
	ck_assert(stage_can_reach(b.netns_fd, STAGE_HOST_ADDRESS, 8080, false, tcp));
	ck_assert(stage_can_reach(b.netns_fd, STAGE_HOST_ADDRESS, 8080, false, tcp));
	ck_assert(stage_can_reach(a.netns_fd, STAGE_HOST_ADDRESS, 8080, false, tcp));
	ck_assert(stage_can_reach(a.netns_fd, "172.20.0.1", 8080, false, tcp));
	/* Another network sees what is published and nothing else */
	ck_assert(stage_can_reach(c.netns_fd, STAGE_HOST_ADDRESS, 8080, false, tcp));
	ck_assert(!stage_can_reach(c.netns_fd, ea.ipv4, 80, false, tcp));
	ck_assert(!stage_can_reach(c.netns_fd, STAGE_HOST_ADDRESS, 8081, false, tcp));
	STAGE_OK(network_detach(dir, "one", "aaa", &err));
	ck_assert(!stage_can_reach(-1, "127.0.0.1", 8080, false, tcp));
}
END_TEST

static int route_loopback_out(void *ctx)
{
	(void)ctx;
	/* What a container with CAP_NET_ADMIN can do: 127.0.0.1 is no longer itself */
	return network_sysctl_set("ipv4/conf/eth0/route_localnet", "1", &err) == 0 ? 0 : 1;
}

START_TEST(test_host_loopback_is_out_of_reach)
{
	CLEANUP_FD int dir = stage_begin();
	const struct network_spec spec = { .name = "net" };
	struct network_port port = { "127.0.0.1", 8080, 80, false };
	struct stage_container a, b;
	struct network_endpoint ea, eb;

	stage_container_start(&a);
	stage_container_start(&b);
	attach(dir, &spec, &a, "aaa", &port, 1, &ea);
	attach(dir, &spec, &b, "bbb", NULL, 0, &eb);
	CLEANUP_FD int secret = stage_listen(-1, "127.0.0.1", 6379, false);
	CLEANUP_FD int tcp = stage_listen(a.netns_fd, "0.0.0.0", 80, false);

	ck_assert(stage_can_reach(-1, "127.0.0.1", 6379, false, secret));
	ck_assert_int_eq(stage_run_in(b.netns_fd, route_loopback_out, NULL), 0);
	/* Without the address on its lo, 127.0.0.0/8 goes the default route, to the host */
	CLEANUP_FD int home_fd = network_namespace_open(&err);
	struct network_batch batch CLEANUP_BATCH;

	network_batch_init(&batch);
	STAGE_OK(network_namespace_enter(b.netns_fd, &err));
	CLEANUP_FD int fd = network_netlink_open(NETLINK_ROUTE, &err);

	network_namespace_leave(home_fd);
	network_link_add_address_removal(&batch, network_link_index(fd, "lo"), 0x7f000001, 8);
	STAGE_OK(network_batch_send(&batch, fd, &err));
	ck_assert(!stage_can_reach(b.netns_fd, "127.0.0.1", 6379, false, secret));
	ck_assert(!stage_can_reach(b.netns_fd, "127.0.0.1", 8080, false, tcp));
}
END_TEST

START_TEST(test_neighbour_of_the_host)
{
	CLEANUP_FD int dir = stage_begin();
	const struct network_spec spec = { .name = "net" };
	struct network_port ports[] = { { "127.0.0.1", 8081, 80, false },
					{ NULL, 8080, 80, false } };
	struct stage_container a, neighbour;
	struct network_endpoint ea;

	stage_container_start(&a);
	stage_neighbour_start(&neighbour);
	attach(dir, &spec, &a, "aaa", ports, ARRAY_SIZE(ports), &ea);
	CLEANUP_FD int tcp = stage_listen(a.netns_fd, "0.0.0.0", 80, false);
	CLEANUP_FD int in_neighbour = stage_listen(neighbour.netns_fd, "0.0.0.0", 90, false);

	ck_assert(stage_can_reach(neighbour.netns_fd, STAGE_HOST_ADDRESS, 8080, false, tcp));
	/* Neither what is published on loopback only nor what is not published at all */
	ck_assert(!stage_can_reach(neighbour.netns_fd, "127.0.0.1", 8081, false, tcp));
	ck_assert(!stage_can_reach(neighbour.netns_fd, ea.ipv4, 80, false, tcp));
	/* The way out: the neighbour knows no route to the container, the host's address answers */
	ck_assert(stage_can_reach(a.netns_fd, "10.99.0.2", 90, false, in_neighbour));
}
END_TEST

START_TEST(test_busy)
{
	CLEANUP_FD int dir = stage_begin();
	const struct network_spec spec = { .name = "net" };
	struct network_port port = { NULL, 9000, 80, false }, twice[2] = { port, port };
	struct network_port taken = { "127.0.0.1", 7000, 80, false };
	struct stage_container a, b;
	struct network_endpoint ea;
	int fds[2];

	stage_container_start(&a);
	stage_container_start(&b);
	attach(dir, &spec, &a, "0123456789abcdef", &port, 1, &ea);
	ck_assert_int_eq(try_attach(dir, &spec, &b, &port, 1, NULL), -ERR_BUSY);
	ck_assert(error_says("host port 0.0.0.0:9000 is already published by container "
			     "0123456789ab of network 'net'"));
	CLEANUP_FREE char *publisher = network_port_publisher(dir, &port);

	ck_assert_str_eq(publisher, "container 0123456789ab of network 'net'");
	twice[0].host_port = twice[1].host_port = 9001;
	ck_assert_int_eq(try_attach(dir, &spec, &b, twice, 2, NULL), -ERR_USAGE);
	ck_assert_int_eq(try_attach(dir, &spec, &b, NULL, 0, ea.ipv4), -ERR_BUSY);
	ck_assert(error_says("in use by container 0123456789ab"));
	/* Another process of the host */
	int listener = stage_listen(-1, "0.0.0.0", 7000, false);
	pid_t pid = fork();

	if (pid == 0) {
		(void)pause();
		_exit(0);
	}
	close_fd(listener);
	char expected[64];

	(void)snprintf(expected, sizeof(expected), "127.0.0.1:7000 is already in use by pid %d (",
		       (int)pid);
	ck_assert_int_eq(try_attach(dir, &spec, &b, &taken, 1, NULL), -ERR_BUSY);
	ck_assert_msg(error_says(expected), "%s", error_frame(err, 1));
	error_free(STEAL_PTR(&err));
	ck_assert_int_eq(network_reserve_port(&taken, fds, &err), -ERR_BUSY);
	ck_assert(error_says(expected));
	error_free(STEAL_PTR(&err));
	(void)kill(pid, SIGKILL);
	/* What the caller has reserved itself is not in its way; all that failed left nothing */
	taken.host_port = 7001;
	STAGE_OK(network_reserve_port(&taken, fds, &err));
	ck_assert_int_eq(try_attach(dir, &spec, &b, &taken, 1, NULL), 0);
	ck_assert_int_eq(fds[1], -1);
	close_fd(fds[0]);
}
END_TEST

START_TEST(test_reserve)
{
	CLEANUP_FD int dir = stage_begin();
	struct network_port any = { NULL, 0, 80, false }, udp = { "127.0.0.1", 0, 53, true };
	struct network_port wrong = { "nowhere", 1, 1, false };
	int fds[2] = { -1, -1 };

	STAGE_OK(network_reserve_port(&any, fds, &err));
	ck_assert_uint_ne(any.host_port, 0);
	ck_assert_int_ge(fds[0], 0);
	ck_assert_int_ge(fds[1], 0);
	CLEANUP_FREE char *holder = network_port_holder(NULL, any.host_port, false);
	CLEANUP_FREE char *nobody = network_port_holder(NULL, any.host_port, true);

	ck_assert_ptr_nonnull(holder);
	ck_assert_ptr_null(nobody);
	close_fd(fds[0]);
	close_fd(fds[1]);
	STAGE_OK(network_reserve_port(&udp, fds, &err));
	ck_assert_int_eq(fds[1], -1);
	close_fd(fds[0]);
	ck_assert_int_eq(network_reserve_port(&wrong, fds, &err), -ERR_USAGE);
}
END_TEST

START_TEST(test_internal)
{
	CLEANUP_FD int dir = stage_begin();
	const struct network_spec inner = { .name = "inner", .internal = true };
	const struct network_spec outer = { .name = "inner" };
	struct network_port port = { NULL, 8080, 80, false };
	struct stage_container a, b;
	struct network_endpoint ea, eb;

	stage_container_start(&a);
	stage_container_start(&b);
	attach(dir, &inner, &a, "aaa", NULL, 0, &ea);
	attach(dir, &inner, &b, "bbb", NULL, 0, &eb);
	ck_assert_str_eq(ea.gateway, "");
	CLEANUP_FD int in_a = stage_listen(a.netns_fd, "0.0.0.0", 80, false);
	CLEANUP_FD int on_host = stage_listen(-1, "0.0.0.0", 81, false);

	ck_assert(stage_can_reach(b.netns_fd, ea.ipv4, 80, false, in_a));
	ck_assert(!stage_can_reach(b.netns_fd, STAGE_HOST_ADDRESS, 81, false, on_host));
	ck_assert_int_eq(read_setting("/proc/sys/net/ipv4/ip_forward"), '0');
	ck_assert_int_eq(try_attach(dir, &inner, &b, &port, 1, NULL), -ERR_USAGE);
	ck_assert_int_eq(try_attach(dir, &outer, &b, NULL, 0, NULL), -ERR_EXISTS);
}
END_TEST

START_TEST(test_sweep)
{
	CLEANUP_FD int dir = stage_begin();
	const struct network_spec kept = { .name = "kept", .persistent = true };
	const struct network_spec gone = { .name = "gone" };
	struct network_port port = { NULL, 8080, 80, false };
	struct stage_container a, b, c;
	struct network_endpoint first, second;
	struct network_info info;

	stage_container_start(&a);
	stage_container_start(&b);
	stage_container_start(&c);
	attach(dir, &kept, &a, "aaa", &port, 1, &first);
	attach(dir, &gone, &b, "bbb", NULL, 0, &second);
	stage_container_kill(&a);
	stage_container_kill(&b);
	STAGE_OK(network_find(dir, "kept", &info, &err));
	ck_assert_uint_eq(info.lease_count, 0);
	ck_assert_int_eq(network_find(dir, "gone", &info, &err), -ERR_NOT_FOUND);
	error_free(STEAL_PTR(&err));
	/* The port is free again, and the address comes back with the container */
	attach(dir, &kept, &c, "ccc", &port, 1, &second);
	STAGE_OK(network_detach(dir, "kept", "ccc", &err));
	attach(dir, &kept, &c, "aaa", &port, 1, &second);
	ck_assert_str_eq(second.ipv4, first.ipv4);
	STAGE_OK(network_detach(dir, "kept", "aaa", &err));
	STAGE_OK(network_remove(dir, "kept", &err));
	STAGE_OK(network_remove(dir, "kept", &err));
	check_nothing_left(dir);
}
END_TEST

/* Containers that come one after the other share the bridge; a moment after the last it is gone. */
START_TEST(test_kept_for_the_next)
{
	CLEANUP_FD int dir = stage_begin();
	const struct network_spec spec = { .name = "bridge" };
	struct stage_container a, b;
	struct network_endpoint endpoint;
	struct network_info first, second;

	stage_container_start(&a);
	stage_container_start(&b);
	attach(dir, &spec, &a, "aaa", NULL, 0, &endpoint);
	STAGE_OK(network_find(dir, "bridge", &first, &err));
	stage_container_kill(&a);
	STAGE_OK(network_detach(dir, "bridge", "aaa", &err));
	attach(dir, &spec, &b, "bbb", NULL, 0, &endpoint);
	STAGE_OK(network_find(dir, "bridge", &second, &err));
	ck_assert_str_eq(first.bridge, second.bridge);
	stage_container_kill(&b);
	STAGE_OK(network_detach(dir, "bridge", "bbb", &err));
	check_nothing_left(dir);
}
END_TEST

/* Whoever deletes the run directory deletes the only note of the bridge: the keeper has its own. */
START_TEST(test_kept_without_its_file)
{
	CLEANUP_FD int dir = stage_begin();
	const struct network_spec spec = { .name = "bridge" };
	struct stage_container a;
	struct network_endpoint endpoint;

	stage_container_start(&a);
	attach(dir, &spec, &a, "aaa", NULL, 0, &endpoint);
	stage_container_kill(&a);
	STAGE_OK(network_detach(dir, "bridge", "aaa", &err));
	ck_assert_int_eq(unlinkat(dir, "bridge.json", 0), 0);
	check_nothing_left(dir);
}
END_TEST

START_TEST(test_repair)
{
	CLEANUP_FD int dir = stage_begin();
	const struct network_spec spec = { .name = "net", .persistent = true };
	struct network_port port = { NULL, 8080, 80, false };
	struct stage_container a, b;
	struct network_endpoint ea, eb;
	struct network_info info;
	struct network_batch batch CLEANUP_BATCH;

	network_batch_init(&batch);
	stage_container_start(&a);
	stage_container_start(&b);
	attach(dir, &spec, &a, "aaa", &port, 1, &ea);
	STAGE_OK(network_find(dir, "net", &info, &err));
	/* Somebody flushes the ruleset and removes the bridge; a reboot does the same. */
	CLEANUP_FD int rtnl_fd = network_netlink_open(NETLINK_ROUTE, &err);
	CLEANUP_FD int nft_fd = network_netlink_open(NETLINK_NETFILTER, &err);

	network_link_add_removal(&batch, info.bridge);
	STAGE_OK(network_batch_send(&batch, rtnl_fd, &err));
	network_nft_begin(&batch);
	network_nft_add_table_removal(&batch, info.bridge);
	network_nft_end(&batch);
	STAGE_OK(network_batch_send(&batch, nft_fd, &err));
	attach(dir, &spec, &b, "bbb", NULL, 0, &eb);
	CLEANUP_FD int in_a = stage_listen(a.netns_fd, "0.0.0.0", 80, false);

	ck_assert(stage_can_reach(b.netns_fd, ea.ipv4, 80, false, in_a));
	ck_assert(stage_can_reach(-1, "127.0.0.1", 8080, false, in_a));
}
END_TEST

static int count_one(void *ctx, const struct network_info *info)
{
	size_t *count = ctx;

	ck_assert_str_ne(info->subnet, "");
	(*count)++;
	return 0;
}

START_TEST(test_names_and_subnets)
{
	CLEANUP_FD int dir = stage_begin();
	const struct network_spec bad[] = {
		{ .name = "../x" },
		{ .name = "a", .subnet = "10.0.0.1/24" },
		{ .name = "a", .subnet = "10.0.0.0/24", .gateway = "10.0.1.1" },
	};
	const struct network_spec first = { .name = "a",
					    .subnet = "10.1.0.0/24",
					    .persistent = true };
	const struct network_spec other = { .name = "a", .subnet = "10.2.0.0/24" };
	const struct network_spec overlap = { .name = "b", .subnet = "10.1.0.128/25" };
	const struct network_spec free_one = { .name = "c", .persistent = true };
	struct network_info info;
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		ck_assert_int_eq(network_create(dir, &bad[i], NULL, &err), -ERR_USAGE);
		error_free(STEAL_PTR(&err));
	}
	STAGE_OK(network_create(dir, &first, NULL, &err));
	STAGE_OK(network_create(dir, &first, NULL, &err));
	ck_assert_int_eq(network_create(dir, &other, NULL, &err), -ERR_EXISTS);
	error_free(STEAL_PTR(&err));
	ck_assert_int_eq(network_create(dir, &overlap, NULL, &err), -ERR_BUSY);
	error_free(STEAL_PTR(&err));
	STAGE_OK(network_create(dir, &free_one, &info, &err));
	ck_assert_str_eq(info.subnet, "172.20.0.0/24");
	STAGE_OK(network_list(dir, count_one, &count, &err));
	ck_assert_uint_eq(count, 2);
	STAGE_OK(network_remove(dir, "a", &err));
	/* Free at once, though the old bridge takes a moment to vanish */
	STAGE_OK(network_create(dir, &first, NULL, &err));
	STAGE_OK(network_remove(dir, "a", &err));
	STAGE_OK(network_remove(dir, "c", &err));
	check_nothing_left(dir);
}
END_TEST

static Suite *network_suite(void)
{
	Suite *suite = suite_create("network/network");
	TCase *tcase = tcase_create("network");

	tcase_set_timeout(tcase, 60);
	if (geteuid() == 0) { /* needs CAP_NET_ADMIN and namespaces */
		tcase_add_test(tcase, test_two_containers);
		tcase_add_test(tcase, test_cve_2020_13401_router_advertisement);
		tcase_add_loop_test(tcase, test_published, 0, 2);
		tcase_add_test(tcase, test_host_loopback_is_out_of_reach);
		tcase_add_test(tcase, test_neighbour_of_the_host);
		tcase_add_test(tcase, test_busy);
		tcase_add_test(tcase, test_reserve);
		tcase_add_test(tcase, test_internal);
		tcase_add_test(tcase, test_sweep);
		tcase_add_test(tcase, test_kept_for_the_next);
		tcase_add_test(tcase, test_kept_without_its_file);
		tcase_add_test(tcase, test_repair);
		tcase_add_test(tcase, test_names_and_subnets);
	}
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	SRunner *runner = srunner_create(network_suite());

	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);

	srunner_free(runner);
	return failed ? 1 : 0;
}
