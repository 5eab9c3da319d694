/* SPDX-License-Identifier: Apache-2.0 */
/* Tries again until a server is ready, and tries once for a health check. */
#ifndef INIT_WAIT_H
#define INIT_WAIT_H

#include <stdint.h>

#include "url.h"

#define WAIT_TIMEOUT_DEFAULT	"30s"
#define PROBE_TIMEOUT_DEFAULT	"5s"

struct wait_limits {
	const char *timeout_text;	/* as given, for messages */
	int64_t timeout_us;
	int tries_max;			/* 0: as many as the time allows */
};

/**
 * init_wait() - Try until the server is ready, the time is up, or trying makes no sense
 *
 * Says on stderr how it ended. To be called once per process and in one that may be ended from
 * here: a look-up of the name that hangs is cut short by leaving the process.
 * Return: exit status
 */
int init_wait(const struct url *url, const struct wait_limits *limits);

/**
 * init_wait_probe() - Try once, silently when the server is ready; otherwise like init_wait()
 */
int init_wait_probe(const struct url *url, const struct wait_limits *limits);

#endif
