/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stepping into another network namespace and back, and the settings under /proc/sys/net there.
 *
 * Only the calling thread moves. Between the two calls nothing may run that belongs to the host's
 * namespace; sockets made there stay there.
 */
#ifndef NETWORK_NAMESPACE_H
#define NETWORK_NAMESPACE_H

#include "base/error.h"

/** network_namespace_open() - Descriptor of the calling thread's network namespace */
int network_namespace_open(struct error **err);

int network_namespace_enter(int netns_fd, struct error **err);

/** network_namespace_leave() - Back to @home_fd; aborts when that fails: nothing is right then */
void network_namespace_leave(int home_fd);

/** network_sysctl_set() - Write @value to /proc/sys/net/@path; -ERR_IO and so on */
int network_sysctl_set(const char *path, const char *value, struct error **err);

/** network_sysctl_enable_forwarding() - ip_forward=1, written only when it is 0 */
int network_sysctl_enable_forwarding(struct error **err);

/**
 * network_sysctl_no_ipv6() - No IPv6 on @interface, and no router advertisement ever believed
 * (CVE-2020-13401). Success when the kernel has no IPv6.
 */
int network_sysctl_no_ipv6(const char *interface, struct error **err);

#endif
