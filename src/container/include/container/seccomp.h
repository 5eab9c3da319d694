/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System call filters: the default profile is compiled when firkin is built and embedded; nothing
 * is compiled at start-up.
 */
#ifndef CONTAINER_SECCOMP_H
#define CONTAINER_SECCOMP_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>

/**
 * seccomp_default_filter() - The default program for a container
 * @capabilities: bounding set; some calls are only allowed with CAP_SYS_ADMIN etc. Exact for every
 *                combination: there is one program whose refusals are patched
 * @ret_prog: borrowed, static storage, valid until the next call
 */
void seccomp_default_filter(uint64_t capabilities, struct sock_fprog *ret_prog);

/**
 * seccomp_install() - In the child, as late as possible; 0 or negative errno
 * Needs no_new_privs or CAP_SYS_ADMIN. Allocates nothing, so it may be called after clone().
 */
int seccomp_install(const struct sock_fprog *prog);

#endif
