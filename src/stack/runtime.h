/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a description to what the launcher takes: directories and files are made, paths found, and
 * everything put into one spec.
 */
#ifndef STACK_RUNTIME_H
#define STACK_RUNTIME_H

#include "base/arena.h"
#include "stack/stack.h"

/** struct runtime - Everything that one run of a container stands on; the arena owns all text */
struct runtime {
	struct arena *arena;
	struct container_spec spec;
	const char *hosts_path;
	bool has_own_network;
};

/** struct runtime_place - Where a container's files are, and what it is made from; borrowed */
struct runtime_place {
	const char *id;
	const char *dir_path; /* absolute: containers/<id> */
	int dir_fd;
	const char *run_path; /* absolute: projects/<name>/<id> */
	int run_fd;
	const struct strv *layers; /* ids, lowest first */
	str resolv_conf;	   /* text for /etc/resolv.conf */
};

/** runtime_prepare() - Make what is missing on disk, fill the spec (all but the streams) */
int runtime_prepare(const struct engine *e, const struct runtime_place *place,
		    const struct stack_service *s, struct runtime **ret, struct error **err);
void runtime_free(struct runtime *rt);
DEFINE_CLEANUP(runtime, runtime_free);

/**
 * runtime_add_hosts() - Append what is known once the network is there
 * @ipv4: own address, NULL: none; @gateway: what "host-gateway" means, NULL: 127.0.0.1
 */
int runtime_add_hosts(const struct runtime *rt, const struct stack_service *s, const char *ipv4,
		      const char *gateway, struct error **err);

/** runtime_mounts() - The mounts of a description, with their sources made or checked */
int runtime_mounts(const struct engine *e, const struct runtime_place *place,
		   const struct stack_service *s, struct runtime *rt, struct error **err);

#endif
