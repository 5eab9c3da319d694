/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bridge networks: one bridge, one subnet, one nftables table each; veth pairs into network
 * namespaces; published ports.
 *
 * State lives in a directory of the run state: `networks/<name>.json` holds the bridge's name, the
 * subnet and the leases; see docs/formats/run-state.md. Every call that changes something holds a
 * lock on the network namespace itself (flock on /proc/self/ns/net), so that engines with different
 * run states cannot choose the same subnet or port. A lease belongs to a process (pid and start
 * time); leases of processes that are gone are swept whenever the network is looked at. A network
 * that is not persistent disappears with its last lease (or with its maker, when it never had one).
 *
 * Firewall: each network has a table of its own, and no other table is ever touched. A packet must
 * be accepted by every table, so a FORWARD chain of somebody else whose policy is drop (ufw,
 * firewalld, another engine) stops the containers' traffic whatever ours says: let `fk-+` through
 * there.
 *
 * Removed interfaces vanish from the kernel a few milliseconds after the call has returned; their
 * addresses and ports are free at once. Detaching is fastest when the lease's process has ended.
 * The calls are for single-threaded programs: they step into other network namespaces and fork.
 */
#ifndef NETWORK_NETWORK_H
#define NETWORK_NETWORK_H

#include <netinet/in.h>
#include <stdint.h>

#include "base/error.h"
#include "base/process.h"

enum { NETWORK_NAME_MAX = 255, NETWORK_ADDRESS_TEXT = 16 };

/** struct network_spec - What a network should be when it has to be made */
struct network_spec {
	const char *name;	/* "bridge" for the default one, "<project>_default", ...: letters,
				   digits, "_.-", at most 200 bytes since it names a file */
	const char *subnet;	/* "172.20.3.0/24", NULL: the first free one of the pool */
	const char *gateway;	/* NULL: the first address of the subnet */
	bool internal;		/* no route out, no masquerade */
	bool persistent;	/* stays when the last lease goes; removed by network_remove() */
};

/** struct network_info - What a network is */
struct network_info {
	char name[NETWORK_NAME_MAX + 1];
	char bridge[16];
	char subnet[20];  /* with prefix length */
	char gateway[NETWORK_ADDRESS_TEXT];
	bool internal, persistent;
	size_t lease_count;
};

/**
 * network_create() - Make the network (bridge up, addresses, nftables table, forwarding) or find it
 * @networks_fd: directory of the state files (made by the caller)
 * @ret_info: may be NULL
 * Return: 0; -ERR_EXISTS when it is there with another subnet or internal flag; -ERR_NETWORK
 */
int network_create(int networks_fd, const struct network_spec *spec, struct network_info *ret_info,
		   struct error **err);

/** network_remove() - Bridge, table and state; -ERR_BUSY while leased; absent is success */
int network_remove(int networks_fd, const char *name, struct error **err);

/** network_find() - -ERR_NOT_FOUND when there is none */
int network_find(int networks_fd, const char *name, struct network_info *ret_info,
		 struct error **err);

/** network_list() - Calls @fn for each; stops when it returns non-zero and returns that */
int network_list(int networks_fd, int (*fn)(void *ctx, const struct network_info *info), void *ctx,
		 struct error **err);

/** struct network_port - A published port */
struct network_port {
	const char *host_ip;	 /* NULL: all addresses of the host */
	uint16_t host_port;	 /* 0: any free one (filled in on success) */
	uint16_t container_port;
	bool udp;
};

/** struct network_attach_spec - One end of a network in a network namespace */
struct network_attach_spec {
	const struct network_spec *network; /* made when it is not there */
	const char *container; /* id: names the lease */
	pid_t pid;		       /* of a process in the namespace: owner of the lease */
	uint64_t pid_start_time;
	int netns_fd;	       /* where the interface goes */
	const char *interface;	       /* "eth0", "eth1" ... */
	const char *ipv4;	       /* wanted address, NULL: any free one; a container that
					  comes back soon gets its earlier address when that is
					  still free */
	bool default_route;
	struct network_port *ports;    /* published ports to add; those with an IPv6 host_ip are
					  left to the caller, who serves the reserved socket */
	size_t port_count;
};

/** struct network_endpoint - The result of attaching */
struct network_endpoint {
	char ipv4[NETWORK_ADDRESS_TEXT];
	unsigned prefix_length;
	char gateway[NETWORK_ADDRESS_TEXT]; /* empty on an internal network */
	char mac[18];
	char host_interface[16];
};

/**
 * network_attach() - Lease an address, make the veth pair, configure it, publish the ports
 * Brings `lo` up in the namespace as well. All or nothing.
 * Return: 0; -ERR_BUSY when an address or host port is taken (the message says by whom: container
 *         of this engine, or pid and program of a host process)
 */
int network_attach(int networks_fd, const struct network_attach_spec *spec,
		   struct network_endpoint *ret_endpoint, struct error **err);

/**
 * network_detach() - Give up all leases and ports of @container in network @name (NULL: in all)
 * Removes networks that are not persistent and now have no lease. Absent is success.
 */
int network_detach(int networks_fd, const char *name, const char *container, struct error **err);

/** network_loopback_up() - Bring `lo` up in a namespace that gets no other interface */
int network_loopback_up(int netns_fd, struct error **err);

/**
 * network_reserve_port() - Bind (and for TCP listen on) the host port so that nobody else takes it
 * The engine's supervisor keeps the descriptor while the port is published. @port->host_port 0 is
 * replaced by the port the kernel chose. IPv4 only when host_ip is IPv4; with NULL both families.
 * Return: 0 with up to two descriptors (-1 where none), or -ERR_BUSY saying who holds the port
 */
int network_reserve_port(struct network_port *port, int ret_fds[2], struct error **err);

/**
 * network_port_publisher() - "container 0123456789ab of network 'x'" that has the port, or NULL
 * For the message when network_reserve_port() finds a supervisor of this engine; caller frees.
 */
char *network_port_publisher(int networks_fd, const struct network_port *port);

/** network_port_holder() - "pid 123 (nginx)" for a listening host port, or NULL; caller frees */
char *network_port_holder(const char *host_ip, uint16_t port, bool udp);

#endif
