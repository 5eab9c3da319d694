/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RUN --mount=...: the comma-separated options as values. Pure.
 */
#ifndef DOCKERFILE_MOUNT_H
#define DOCKERFILE_MOUNT_H

#include "base/arena.h"
#include "base/error.h"
#include "dockerfile/expand.h"

enum run_mount_type {
	RUN_MOUNT_BIND,
	RUN_MOUNT_CACHE,
	RUN_MOUNT_TMPFS,
	RUN_MOUNT_SECRET,
	RUN_MOUNT_SSH,
};
enum run_mount_sharing { SHARING_SHARED, SHARING_PRIVATE, SHARING_LOCKED };

/** struct run_mount - One mount; empty str: not given */
struct run_mount {
	enum run_mount_type type;
	enum run_mount_sharing sharing;
	str source, target, from, id, env;
	bool readonly, required;
	bool has_mode, has_uid, has_gid;
	unsigned mode, uid, gid;
	uint64_t size_bytes; /* tmpfs; 0: kernel's default */
};

/**
 * run_mount_parse() - Parse an option text without variables
 * Checks which options go with which type, required target, target not "/". Of a secret, @id is
 * always set: id=, else source=, else the last part of target=.
 * Return: 0 or -ERR_PARSE naming the option (the caller adds the position)
 */
int run_mount_parse(struct arena *a, str text, struct run_mount *ret_mount, struct error **err);

/**
 * run_mount_expand() - The same with variables: each value is expanded after the commas are split
 * A comma or "=" that comes out of a variable therefore never becomes an option. "from" may not
 * hold variables.
 */
int run_mount_expand(struct arena *a, str text, const struct expand_env *env,
		     struct run_mount *ret_mount, struct error **err);

#endif
