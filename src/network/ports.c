/* SPDX-License-Identifier: Apache-2.0 */
/* Published ports: reserved on the host, checked against other networks, put into a lease. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

#include "base/strv.h"
#include "port_holder.h"
#include "session.h"

enum { ATTEMPTS_FOR_BOTH_FAMILIES = 16 };

static socklen_t socket_address(const struct network_host_address *address, int family,
				uint16_t port, struct sockaddr_storage *ret)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)ret;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;

	*ret = (struct sockaddr_storage){ .ss_family = (sa_family_t)family };
	if (family == AF_INET) {
		v4->sin_addr = address->ipv4;
		v4->sin_port = htons(port);
		return sizeof(*v4);
	}
	v6->sin6_addr = address->ipv6;
	v6->sin6_port = htons(port);
	return sizeof(*v6);
}

/* A socket that holds the port, or -1 with errno; *port is the one that was got */
static int hold_port(const struct network_host_address *address, int family, bool udp,
		     uint16_t *port)
{
	CLEANUP_FD int fd =
		socket(family, (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_storage name;
	const int on = 1;

	if (fd < 0)
		return -1;
	socklen_t len = socket_address(address, family, *port, &name);

	if (family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0)
		return -1;
	/* Past connections in TIME_WAIT are not in the way; two listeners still are. */
	if (!udp && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
		return -1;
	if (bind(fd, (struct sockaddr *)&name, len) < 0 || (!udp && listen(fd, SOMAXCONN) < 0) ||
	    getsockname(fd, (struct sockaddr *)&name, &len) < 0)
		return -1;
	*port = ntohs(family == AF_INET ? ((struct sockaddr_in *)&name)->sin_port :
					  ((struct sockaddr_in6 *)&name)->sin6_port);
	return STEAL_FD(&fd);
}

static void format_port(const struct network_port *port, char *text, size_t size)
{
	bool v6 = port->host_ip && strchr(port->host_ip, ':') && port->host_ip[0] != '[';

	(void)snprintf(text, size, "%s%.64s%s:%u%s", v6 ? "[" : "",
		       port->host_ip ? port->host_ip : "0.0.0.0", v6 ? "]" : "", port->host_port,
		       port->udp ? "/udp" : "");
}

static int hold_failed(const struct network_port *port, struct error **err)
{
	char text[96];

	format_port(port, text, sizeof(text));
	if (errno != EADDRINUSE)
		return error_errno(err, "host port %s", text);
	CLEANUP_FREE char *holder = network_port_holder(port->host_ip, port->host_port, port->udp);

	(void)error_new(err, ERR_BUSY, "host port %s is already in use%s%s", text,
			holder ? " by " : "", holder ? holder : "");
	return error_hint(err, "stop that process, or publish on another host port");
}

static int parse_host_ip(const struct network_port *port, struct network_host_address *ret_address,
			 struct error **err)
{
	if (network_host_address_parse(port->host_ip, ret_address))
		return 0;
	return error_new(err, ERR_USAGE, "'%.64s' is not an address to publish a port on",
			 port->host_ip);
}

/* IPv6 beside IPv4: a machine without it is fine */
static int hold_ipv6(const struct network_host_address *address, bool udp, uint16_t port,
		     int *ret_fd)
{
	*ret_fd = hold_port(address, AF_INET6, udp, &port);
	return *ret_fd < 0 && errno == EADDRINUSE ? -1 : 0;
}

int network_reserve_port(struct network_port *port, int ret_fds[2], struct error **err)
{
	struct network_host_address address;
	bool any_port = port->host_port == 0;
	int r = parse_host_ip(port, &address, err);

	if (r < 0)
		return r;
	for (int attempt = 1;; attempt++) {
		int family = address.family == AF_UNSPEC ? AF_INET : address.family;
		CLEANUP_FD int first = hold_port(&address, family, port->udp, &port->host_port);
		int second = -1;

		if (first < 0)
			return hold_failed(port, err);
		if (address.family != AF_UNSPEC ||
		    hold_ipv6(&address, port->udp, port->host_port, &second) == 0) {
			ret_fds[0] = STEAL_FD(&first);
			ret_fds[1] = second;
			return 0;
		}
		/* Free for IPv4, taken for IPv6: another one, if we may choose. */
		if (!any_port || attempt == ATTEMPTS_FOR_BOTH_FAMILIES)
			return hold_failed(port, err);
		port->host_port = 0;
	}
}

static bool is_conflict(const struct network_lease_port *a, const struct network_lease_port *b)
{
	return a->udp == b->udp && a->host_port == b->host_port &&
	       (a->host_address == b->host_address || !a->host_address || !b->host_address);
}

static const struct network_lease *find_publisher(const struct network_state *state,
						  const struct network_lease_port *port)
{
	for (size_t i = 0; i < state->lease_count; i++) {
		const struct network_lease *lease = &state->leases[i];

		if (!network_owner_is_alive(lease->owner))
			continue;
		for (size_t k = 0; k < lease->port_count; k++) {
			if (is_conflict(&lease->ports[k], port))
				return lease;
		}
	}
	return NULL;
}

/* As a lease holds it; false: IPv6, which is not translated but served by the caller */
static bool lease_port(const struct network_port *port, struct network_lease_port *ret_port)
{
	struct network_host_address address;

	if (!network_host_address_parse(port->host_ip, &address) || address.family == AF_INET6)
		return false;
	*ret_port = (struct network_lease_port){ ntohl(address.ipv4.s_addr), port->host_port,
						 port->container_port, port->udp };
	return true;
}

/* The first of @ports that a network publishes already: who does, NULL: none */
static char *find_conflict(int networks_fd, const struct network_port *ports, size_t count,
			   size_t *ret_index)
{
	struct strv names CLEANUP_STRV = STRV_INIT;
	CLEANUP(error) struct error *ignored = NULL;

	if (network_state_names(networks_fd, &names, &ignored) < 0)
		return NULL;
	for (size_t i = 0; i < names.count; i++) {
		CLEANUP(network_state) struct network_state *state = NULL;
		CLEANUP(error) struct error *unreadable = NULL;

		if (network_state_load(networks_fd, names.items[i], &state, &unreadable) < 0)
			continue;
		for (size_t k = 0; k < count; k++) {
			struct network_lease_port wanted;
			const struct network_lease *lease =
				lease_port(&ports[k], &wanted) ? find_publisher(state, &wanted) :
								 NULL;

			if (!lease)
				continue;
			*ret_index = k;
			return x_asprintf("container %.12s of network '%s'", lease->container,
					  state->name);
		}
	}
	return NULL;
}

char *network_port_publisher(int networks_fd, const struct network_port *port)
{
	size_t ignored;

	return find_conflict(networks_fd, port, 1, &ignored);
}

/* A port that the caller has reserved itself is as good as a free one. */
static int check_host(const struct network_port *port, struct error **err)
{
	struct network_host_address address;
	uint16_t number = port->host_port;
	int r = parse_host_ip(port, &address, err);

	if (r < 0)
		return r;
	if (address.family == AF_INET6)
		return 0;
	CLEANUP_FD int fd = hold_port(&address, AF_INET, port->udp, &number);

	if (fd >= 0)
		return 0;
	int saved = errno;

	if (saved == EADDRINUSE && network_port_is_ours(&address, number, port->udp))
		return 0;
	errno = saved;
	return hold_failed(port, err);
}

static int claim_one(const struct network_port *port, struct network_lease *lease,
		     struct error **err)
{
	struct network_lease_port claimed;
	char text[96];
	int r = check_host(port, err);

	if (r < 0)
		return r;
	format_port(port, text, sizeof(text));
	if (port->container_port == 0)
		return error_new(err, ERR_USAGE, "host port %s: container port 0", text);
	if (!lease_port(port, &claimed))
		return 0;
	for (size_t i = 0; i < lease->port_count; i++) {
		if (is_conflict(&lease->ports[i], &claimed))
			return error_new(err, ERR_USAGE, "host port %s is published twice", text);
	}
	lease->ports[lease->port_count++] = claimed;
	return 0;
}

static int choose_free_port(struct network_port *port, struct error **err)
{
	int fds[2] = { -1, -1 };
	int r = network_reserve_port(port, fds, err);

	close_fd(fds[0]);
	close_fd(fds[1]);
	return r;
}

int network_claim_ports(int networks_fd, struct network_port *ports, size_t count,
			struct network_lease *lease, struct error **err)
{
	size_t conflict = 0;
	char text[96];
	int r = 0;

	if (count == 0)
		return 0;
	for (size_t i = 0; r == 0 && i < count; i++)
		r = ports[i].host_port ? 0 : choose_free_port(&ports[i], err);
	if (r < 0)
		return r;
	CLEANUP_FREE char *publisher = find_conflict(networks_fd, ports, count, &conflict);

	if (publisher) {
		format_port(&ports[conflict], text, sizeof(text));
		return error_new(err, ERR_BUSY, "host port %s is already published by %s", text,
				 publisher);
	}
	lease->ports = x_alloc(count * sizeof(*lease->ports));
	for (size_t i = 0; r == 0 && i < count; i++)
		r = claim_one(&ports[i], lease, err);
	return r;
}
