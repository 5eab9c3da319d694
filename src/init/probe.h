/* SPDX-License-Identifier: Apache-2.0 */
/* One try: does the server behind a URL answer as a ready one does? */
#ifndef INIT_PROBE_H
#define INIT_PROBE_H

#include <stdint.h>

#include "connection.h"
#include "url.h"

enum probe_result {
	PROBE_READY,
	PROBE_NOT_READY,	/* another try may find it ready */
	PROBE_REFUSED,		/* another try will hear the same: wrong password and the like */
};

/**
 * init_probe() - Ask once
 * @deadline_us: of init_clock_us(); holds for all but the look-up of the host's name
 * @cause:       unless ready, why not
 */
enum probe_result init_probe(const struct url *url, int64_t deadline_us, struct cause *cause);

/* One for each kind; the connection is open, and closed by the caller */
enum probe_result init_probe_http(struct connection *connection, const struct url *url);
enum probe_result init_probe_postgres(struct connection *connection, const struct url *url);
enum probe_result init_probe_redis(struct connection *connection, const struct url *url);
enum probe_result init_probe_tcp(struct connection *connection, const struct url *url);

#endif
