/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known about a network between two commands: one JSON file each, `<name>.json`.
 *
 *   { "version": 1, "name": "shop_default", "bridge": "fk-8c0ffee1", "subnet": "172.20.0.0/24",
 *     "gateway": "172.20.0.1", "mtu": 1500, "internal": false, "persistent": true,
 *     "publishing": true, "kept": false, "owner": { "pid": 4711, "start_time": 123456 },
 *     "leases": [ { "container": "<id>", "pid": 4712, "start_time": 123460,
 *         "ipv4": "172.20.0.2", "interface": "fkv1a2b3c4d",
 *         "ports": [ { "host_ip": "0.0.0.0", "host_port": 3000, "container_port": 3000,
 *                      "protocol": "tcp" } ] } ],
 *     "recent": [ { "container": "<id>", "ipv4": "172.20.0.3" } ] }
 *
 * The file is written before the kernel is told: whatever a crash leaves behind is named in it.
 */
#ifndef NETWORK_STATE_H
#define NETWORK_STATE_H

#include "network/network.h"
#include "subnet.h"

enum {
	NETWORK_CONTAINER_MAX = 128, /* length of a container's id */
	NETWORK_LEASES_MAX = 4096,
	NETWORK_PORTS_MAX = 4096,    /* per lease */
	NETWORK_RECENT_MAX = 64,     /* remembered addresses of containers that left */
	NETWORK_STATE_BYTES_MAX = 8 << 20,
	NETWORK_FILE_NAME_MAX = 200, /* of a network's name: suffixes must fit behind it */
};

/** struct network_owner - A process: pids are reused, pids with their start times are not */
struct network_owner {
	pid_t pid;
	uint64_t start_time;
};

struct network_lease_port {
	uint32_t host_address; /* 0: all */
	uint16_t host_port, container_port;
	bool udp;
};

struct network_lease {
	char container[NETWORK_CONTAINER_MAX + 1];
	struct network_owner owner;
	uint32_t ipv4;
	char interface[16]; /* the host's end */
	struct network_lease_port *ports;
	size_t port_count;
};

struct network_recent {
	char container[NETWORK_CONTAINER_MAX + 1];
	uint32_t ipv4;
};

struct network_state {
	char name[NETWORK_NAME_MAX + 1];
	char bridge[16];
	struct network_subnet subnet;
	uint32_t gateway;
	unsigned mtu;
	bool internal, persistent;
	bool publishing;	    /* the table has the maps and rules for published ports */
	struct network_owner owner; /* who made it: a network without leases lives as long */
	bool kept;		    /* the owner is a keeper, see keeper.c */
	struct network_lease *leases;
	size_t lease_count;
	struct network_recent recent[NETWORK_RECENT_MAX]; /* oldest first */
	size_t recent_count;
};

void network_state_free(struct network_state *state);
DEFINE_CLEANUP(network_state, network_state_free);

void network_lease_fini(struct network_lease *lease);

/** network_name_check() - 0, -ERR_USAGE or -ERR_LIMIT; a name is also a file name */
int network_name_check(const char *name, struct error **err);

/** network_state_parse() - @name: for messages; -ERR_PARSE */
int network_state_parse(str text, const char *name, struct network_state **ret_state,
			struct error **err);
char *network_state_format(const struct network_state *state);

/** network_state_load() - -ERR_NOT_FOUND when there is no such network */
int network_state_load(int networks_fd, const char *name, struct network_state **ret_state,
		       struct error **err);
int network_state_save(int networks_fd, const struct network_state *state, struct error **err);
int network_state_delete(int networks_fd, const char *name, struct error **err);

/** network_state_names() - Names of all networks, sorted; caller: strv_fini() */
struct strv;
int network_state_names(int networks_fd, struct strv *names, struct error **err);

/** network_state_group() - Interface group of bridge and host ends; its top bit is set */
uint32_t network_state_group(const struct network_state *state);

void network_state_info(const struct network_state *state, struct network_info *ret_info);

#endif
