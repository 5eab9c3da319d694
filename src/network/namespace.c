/* SPDX-License-Identifier: Apache-2.0 */
/* setns() there and back, and /proc/sys/net. */
#include "namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>

#include "base/fs.h"

int network_namespace_open(struct error **err)
{
	int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? error_errno(err, "open the network namespace") : fd;
}

int network_namespace_enter(int netns_fd, struct error **err)
{
	if (setns(netns_fd, CLONE_NEWNET) < 0)
		return error_errno(err, "enter the container's network namespace");
	return 0;
}

void network_namespace_leave(int home_fd)
{
	if (setns(home_fd, CLONE_NEWNET) < 0)
		abort(); /* the next call would configure a container's network as the host's */
}

int network_sysctl_set(const char *path, const char *value, struct error **err)
{
	char full[128];

	if (snprintf(full, sizeof(full), "/proc/sys/net/%s", path) >= (int)sizeof(full))
		return error_new(err, ERR_LIMIT, "name of setting '%s' is too long", path);
	CLEANUP_FD int fd = open(full, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return error_errno(err, "open '%s'", full);
	if (fs_write_all(fd, value, strlen(value)) < 0)
		return error_errno(err, "write '%s'", full);
	return 0;
}

int network_sysctl_enable_forwarding(struct error **err)
{
	CLEANUP_FD int fd = open("/proc/sys/net/ipv4/ip_forward", O_RDONLY | O_CLOEXEC);
	char value = '0';

	if (fd < 0 || read(fd, &value, 1) != 1)
		return error_errno(err, "read '/proc/sys/net/ipv4/ip_forward'");
	return value == '0' ? network_sysctl_set("ipv4/ip_forward", "1", err) : 0;
}

int network_sysctl_no_ipv6(const char *interface, struct error **err)
{
	static const struct {
		const char *name, *value;
	} settings[] = { { "accept_ra", "0" }, { "disable_ipv6", "1" } };

	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		char path[64];

		(void)snprintf(path, sizeof(path), "ipv6/conf/%.15s/%s", interface,
			       settings[i].name);
		int r = network_sysctl_set(path, settings[i].value, err);

		if (r == -ERR_NOT_FOUND) {
			/* No IPv6 in this kernel (ipv6.disable=1): nothing to switch off. */
			error_free(STEAL_PTR(err));
			return 0;
		}
		if (r < 0)
			return r;
	}
	return 0;
}
