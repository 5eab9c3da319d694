/* SPDX-License-Identifier: Apache-2.0 */
/* Connects and hands the connection to the one who speaks the server's protocol. */
#include "probe.h"

#include <assert.h>

typedef enum probe_result (*probe_fn)(struct connection *connection, const struct url *url);

static const probe_fn probes[] = {
	[URL_TCP] = init_probe_tcp,
	[URL_HTTP] = init_probe_http,
	[URL_POSTGRES] = init_probe_postgres,
	[URL_REDIS] = init_probe_redis,
};
static_assert(sizeof(probes) / sizeof(probes[0]) == URL_KIND_COUNT, "one probe for each kind");

/* That a server accepts is all that can be asked of it without knowing what it speaks */
enum probe_result init_probe_tcp(struct connection *connection, const struct url *url)
{
	(void)connection;
	(void)url;
	return PROBE_READY;
}

enum probe_result init_probe(const struct url *url, int64_t deadline_us, struct cause *cause)
{
	struct connection connection = { .fd = -1, .deadline_us = deadline_us, .cause = cause };
	if (!init_connection_open(&connection, url))
		return PROBE_NOT_READY;
	enum probe_result result = probes[url->kind](&connection, url);
	init_connection_close(&connection);
	return result;
}
