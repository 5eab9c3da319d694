/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Published TCP ports over IPv6: connections to the reserved socket are carried to the container
 * over IPv4, since the kernel does not translate between the two.
 */
#ifndef STACK_PROXY_H
#define STACK_PROXY_H

#include "base/loop.h"
#include "stack/stack.h"

struct proxy;

/**
 * proxy_open() - Serve a reserved socket if it is one for IPv6 and TCP
 * @listen_fd: of network_reserve_port(); stays the caller's, must outlive the proxy
 * @s: where the container is and what it publishes; borrowed likewise
 * Return: NULL when there is nothing to serve
 */
struct proxy *proxy_open(struct loop *loop, int listen_fd, const struct container_state *s);

/** proxy_close() - Its connections are closed as well; NULL is ignored */
void proxy_close(struct proxy *p);

#endif
