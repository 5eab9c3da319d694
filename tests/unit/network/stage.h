/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests with a kernel have in common: a network namespace that plays the host, others that
 * play containers, and code run inside them. All of it dies with the test's process.
 */
#ifndef TEST_NETWORK_STAGE_H
#define TEST_NETWORK_STAGE_H

#include "network/network.h"

#define STAGE_HOST_ADDRESS "10.99.0.1" /* on an interface of the playing host */

/** struct stage_container - A process in a namespace of its own */
struct stage_container {
	pid_t pid;
	uint64_t start_time;
	int netns_fd;
};

/** stage_begin() - New network and mount namespaces; the descriptor of an empty directory */
int stage_begin(void);

void stage_container_start(struct stage_container *c);

/** stage_neighbour_start() - Another machine beside the host: 10.99.0.2, all else via the host */
void stage_neighbour_start(struct stage_container *c);
void stage_container_kill(struct stage_container *c);

/** stage_check() - Fail with the text of the error unless @r is 0 */
void stage_check(int r, const struct error *err, const char *what);
#define STAGE_OK(call) stage_check((call), err, #call)

/** stage_listen() - Socket in the namespace (-1: the host's) that accepts or receives */
int stage_listen(int netns_fd, const char *address, uint16_t port, bool udp);

/**
 * stage_can_reach() - From the namespace (-1: the host's): connect, or send and be answered
 * Somebody has to serve @listener_fd: that is done here, by sending "pong" to whoever comes.
 */
bool stage_can_reach(int netns_fd, const char *address, uint16_t port, bool udp, int listener_fd);

/** stage_run_in() - @fn in a forked child inside the namespace; its exit status */
int stage_run_in(int netns_fd, int (*fn)(void *ctx), void *ctx);

/** stage_wait_gone() - Until no interface has a name with @prefix; false after 5 s */
bool stage_wait_gone(const char *prefix);

#endif
