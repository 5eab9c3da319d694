/* SPDX-License-Identifier: Apache-2.0 */
/* A host and its containers, played by namespaces. */
#include "stage.h"

#include <arpa/inet.h>
#include <check.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/fs.h"
#include "link.h"
#include "namespace.h"

enum { REACH_TIMEOUT_MS = 1500, GONE_TIMEOUT_S = 5 };

void stage_check(int r, const struct error *err, const char *what)
{
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);

	if (err)
		error_format(err, &text);
	ck_assert_msg(r == 0, "%s: %d: %s", what, r, strbuf_text(&text));
}

int stage_begin(void)
{
	CLEANUP(error) struct error *err = NULL;
	struct network_batch b CLEANUP_BATCH;
	uint32_t address = 0x0a630001;

	network_batch_init(&b);
	ck_assert_int_eq(unshare(CLONE_NEWNET | CLONE_NEWNS), 0);
	STAGE_OK(network_sysctl_set("ipv4/ip_forward", "0", &err)); /* it is inherited */
	ck_assert_int_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	ck_assert_int_eq(mount("stage", "/mnt", "tmpfs", 0, NULL), 0);
	CLEANUP_FD int home_fd = network_namespace_open(&err);
	CLEANUP_FD int fd = network_netlink_open(NETLINK_ROUTE, &err);

	STAGE_OK(network_loopback_up(home_fd, &err));
	network_link_add_bridge(&b, &(struct network_bridge){ "host0", 1, address, 1400 });
	STAGE_OK(network_batch_send(&b, fd, &err));
	unsigned index = network_link_index(fd, "host0");

	network_link_add_address(&b, index, address, 24);
	network_link_add_up(&b, index);
	STAGE_OK(network_batch_send(&b, fd, &err));
	/* Its own MTU is what networks take over */
	network_link_add_default_route(&b, index, address + 1);
	STAGE_OK(network_batch_send(&b, fd, &err));
	return fs_open_dir_at(AT_FDCWD, "/mnt", &err);
}

void stage_container_start(struct stage_container *c)
{
	int ready[2];
	char path[64], byte;

	ck_assert_int_eq(pipe2(ready, O_CLOEXEC), 0);
	c->pid = fork();
	if (c->pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (unshare(CLONE_NEWNET) == 0 && write(ready[1], "", 1) == 1)
			for (;;)
				(void)pause();
		_exit(1);
	}
	close_fd(ready[1]);
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	close_fd(ready[0]);
	c->start_time = process_start_time(c->pid);
	(void)snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)c->pid);
	c->netns_fd = open(path, O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(c->netns_fd, 0);
}

static int open_in(int netns_fd)
{
	CLEANUP(error) struct error *err = NULL;
	CLEANUP_FD int home_fd = network_namespace_open(&err);

	STAGE_OK(network_namespace_enter(netns_fd, &err));
	/* 127.0.0.0/8 may come in and go out here, as on a machine that means no good. */
	STAGE_OK(network_sysctl_set("ipv4/conf/all/route_localnet", "1", &err));
	int fd = network_netlink_open(NETLINK_ROUTE, &err);

	network_namespace_leave(home_fd);
	return fd;
}

void stage_neighbour_start(struct stage_container *c)
{
	CLEANUP(error) struct error *err = NULL;
	struct network_batch b CLEANUP_BATCH;

	stage_container_start(c);
	CLEANUP_FD int fd = network_netlink_open(NETLINK_ROUTE, &err);
	CLEANUP_FD int inside = open_in(c->netns_fd);

	network_batch_init(&b);
	network_link_add_veth(&b, &(struct network_veth){ "nbr0", "eth0", 1, 0x0a630002, 1400,
							  c->netns_fd });
	STAGE_OK(network_batch_send(&b, fd, &err));
	network_link_add_port(&b, network_link_index(fd, "nbr0"), network_link_index(fd, "host0"));
	STAGE_OK(network_batch_send(&b, fd, &err));
	unsigned index = network_link_index(inside, "eth0");

	network_link_add_address(&b, index, 0x0a630002, 24);
	network_link_add_up(&b, index);
	network_link_add_default_route(&b, index, 0x0a630001);
	STAGE_OK(network_batch_send(&b, inside, &err));
}

void stage_container_kill(struct stage_container *c)
{
	ck_assert_int_eq(kill(c->pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(c->pid, NULL, 0), c->pid);
	close_fd(c->netns_fd);
}

int stage_run_in(int netns_fd, int (*fn)(void *ctx), void *ctx)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		if (netns_fd >= 0 && setns(netns_fd, CLONE_NEWNET) < 0)
			_exit(100);
		_exit(fn(ctx));
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static struct sockaddr_in name_of(const char *address, uint16_t port)
{
	struct sockaddr_in name = { .sin_family = AF_INET, .sin_port = htons(port) };

	ck_assert_int_eq(inet_pton(AF_INET, address, &name.sin_addr), 1);
	return name;
}

int stage_listen(int netns_fd, const char *address, uint16_t port, bool udp)
{
	CLEANUP(error) struct error *err = NULL;
	const struct sockaddr_in name = name_of(address, port);
	CLEANUP_FD int home_fd = network_namespace_open(&err);

	if (netns_fd >= 0)
		STAGE_OK(network_namespace_enter(netns_fd, &err));
	int fd = socket(AF_INET, (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(bind(fd, (const struct sockaddr *)&name, sizeof(name)), 0);
	if (!udp)
		ck_assert_int_eq(listen(fd, 8), 0);
	network_namespace_leave(home_fd);
	return fd;
}

struct target {
	struct sockaddr_in name;
	bool udp;
};

static int reach(void *ctx)
{
	const struct target *t = ctx;
	int fd = socket(AF_INET, (t->udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);
	const struct timeval timeout = { .tv_sec = REACH_TIMEOUT_MS / 1000,
					 .tv_usec = REACH_TIMEOUT_MS % 1000 * 1000 };
	char answer[4];

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	if (connect(fd, (const struct sockaddr *)&t->name, sizeof(t->name)) < 0 ||
	    send(fd, "ping", 4, MSG_NOSIGNAL) != 4)
		return 1;
	return recv(fd, answer, 4, MSG_WAITALL) == 4 && memcmp(answer, "pong", 4) == 0 ? 0 : 1;
}

/* One visitor, as long as the child that visits may take */
static void serve(int listener_fd, bool udp)
{
	struct pollfd waiting = { .fd = listener_fd, .events = POLLIN };
	struct sockaddr_in client;
	socklen_t len = sizeof(client);
	char query[4];

	if (poll(&waiting, 1, REACH_TIMEOUT_MS) != 1)
		return;
	if (udp) {
		(void)recvfrom(listener_fd, query, 4, 0, (struct sockaddr *)&client, &len);
		(void)sendto(listener_fd, "pong", 4, 0, (struct sockaddr *)&client, len);
		return;
	}
	CLEANUP_FD int fd = accept4(listener_fd, NULL, NULL, SOCK_CLOEXEC);

	(void)send(fd, "pong", 4, MSG_NOSIGNAL);
	(void)recv(fd, query, 4, MSG_WAITALL);
}

bool stage_can_reach(int netns_fd, const char *address, uint16_t port, bool udp, int listener_fd)
{
	struct target target = { name_of(address, port), udp };
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		if (netns_fd >= 0 && setns(netns_fd, CLONE_NEWNET) < 0)
			_exit(100);
		_exit(reach(&target));
	}
	serve(listener_fd, udp);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status == 0;
}

static bool has_interface(const char *prefix)
{
	struct if_nameindex *all = if_nameindex();
	bool found = false;

	for (struct if_nameindex *i = all; i && i->if_index; i++)
		found = found || strncmp(i->if_name, prefix, strlen(prefix)) == 0;
	if_freenameindex(all);
	return found;
}

bool stage_wait_gone(const char *prefix)
{
	usec_t end = clock_monotonic() + GONE_TIMEOUT_S * USEC_PER_SEC;

	while (has_interface(prefix)) {
		if (clock_monotonic() > end)
			return false;
		(void)poll(NULL, 0, 5);
	}
	return true;
}
