/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The network of RUN steps: one namespace for the whole build, on the default bridge, with a resolver
 * in it that asks the host's servers. Made when the first RUN is executed: a build that is all cached
 * never touches the network.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>

#include "base/process.h"
#include "network/dns.h"
#include "network/network.h"
#include "step.h"

enum { RESOLV_CONF_MAX = 1 << 16 };

static int new_namespace(struct error **err)
{
	CLEANUP_FD int ours = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int theirs = -1;

	if (ours < 0 || unshare(CLONE_NEWNET) < 0)
		return error_errno(err, "make network namespace");
	theirs = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (setns(ours, CLONE_NEWNET) < 0)
		abort(); /* going on in the wrong namespace would be worse */
	return theirs < 0 ? error_errno(err, "open network namespace") : theirs;
}

static int unknown_name(void *ctx, const char *name, struct in_addr *ret, size_t max)
{
	(void)ctx, (void)name, (void)ret, (void)max;
	return -1;
}

static int write_resolv_conf(struct builder *b, struct error **err)
{
	struct strbuf host CLEANUP_STRBUF = STRBUF_INIT(0), own CLEANUP_STRBUF = STRBUF_INIT(0);
	const struct dns_zone zone = { .lookup = unknown_name, .forward = true };
	CLEANUP(error) struct error *none = NULL;
	int r;

	(void)fs_read_at(AT_FDCWD, "/etc/resolv.conf", RESOLV_CONF_MAX, &host, &none); /* none: no names */
	b->dns_forwarder = dns_forwarder_new(b->loop, strbuf_str(&host));
	r = dns_responder_open(b->loop, b->dns_forwarder, b->netns_fd, &zone, &b->dns, err);
	if (r < 0)
		return r;
	dns_resolv_conf(strbuf_str(&host), &own);
	return fs_write_atomic_at(b->scratch->dir_fd, "resolv.conf", strbuf_str(&own), 0644, FS_VOLATILE, err);
}

int build_network_prepare(struct builder *b, struct error **err)
{
	const struct network_spec network = { .name = "bridge" };
	struct network_endpoint endpoint;
	int r;

	if (b->attached)
		return 0;
	b->netns_fd = new_namespace(err);
	if (b->netns_fd < 0)
		return b->netns_fd;
	const struct network_attach_spec spec = { .network = &network,
						  .container = b->id,
						  .pid = getpid(),
						  .pid_start_time = process_start_time(getpid()),
						  .netns_fd = b->netns_fd,
						  .interface = "eth0",
						  .default_route = true };
	r = network_attach(b->opt->networks_fd, &spec, &endpoint, err);
	if (r < 0)
		return error_context(err, "network of the build");
	b->attached = true;
	return write_resolv_conf(b, err);
}

void build_network_release(struct builder *b)
{
	CLEANUP(error) struct error *ignored = NULL; /* the next network command sweeps what stays */

	dns_responder_close(b->dns);
	dns_forwarder_free(b->dns_forwarder);
	if (b->attached)
		(void)network_detach(b->opt->networks_fd, "bridge", b->id, &ignored);
	close_fd(b->netns_fd);
}
