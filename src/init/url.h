/* SPDX-License-Identifier: Apache-2.0 */
/* The addresses that can be waited for, taken apart; nothing is looked up or connected here. */
#ifndef INIT_URL_H
#define INIT_URL_H

#include <stdbool.h>

#include "message.h"

#define URL_LENGTH_MAX	1024
#define HOST_LENGTH_MAX	253	/* RFC 1035, without the final dot */

enum url_kind {
	URL_TCP,
	URL_HTTP,
	URL_POSTGRES,
	URL_REDIS,
	URL_KIND_COUNT,
};

/* Everything points into the struct itself, which therefore must not be copied */
struct url {
	enum url_kind kind;
	char *user;		/* percent-decoded, or NULL */
	char *password;		/* percent-decoded, or NULL; never printed */
	char *host;		/* name or address, without brackets */
	char port[6];
	char *path;		/* http: as written, with the query; else decoded, no slash; or NULL */
	char display[URL_LENGTH_MAX + 16];	/* scheme, host, port and http path: may be printed */
	char storage[URL_LENGTH_MAX + 1];
};

/**
 * init_url_parse() - Read a URL, or "@VAR" for the URL in that environment variable
 * @url:   caller's storage
 * @text:  the argument as given
 * @cause: on failure why; it quotes no part of the URL that could belong to a password
 * Return: whether text is a URL that can be asked
 */
bool init_url_parse(struct url *url, const char *text, struct cause *cause);

#endif
