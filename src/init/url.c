/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes URLs apart: scheme "://" [user [":" password] "@"] host [":" port] ["/" path] ["?" query].
 *
 * A password with an unescaped '/', '?' or '#' ends the host part too early, and what follows would
 * pass for a host or a port and be printed. Hence no error quotes the URL, and an '@' behind the
 * host part is refused.
 */
#include "url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "duration.h"

#define PORT_MAX	65535
#define HOST_CHARS	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_"
#define ADDRESS_CHARS	HOST_CHARS ":%"

static const struct scheme {
	const char *name;
	enum url_kind kind;
	const char *default_port;	/* NULL: must be given */
	bool has_login;
} schemes[] = {
	{ "http", URL_HTTP, "80", false },
	{ "postgres", URL_POSTGRES, "5432", true },
	{ "postgresql", URL_POSTGRES, "5432", true },
	{ "redis", URL_REDIS, "6379", true },
	{ "tcp", URL_TCP, NULL, false },
};

static bool fail(struct cause *cause, const char *text)
{
	init_cause_set(cause, "%s", text);
	return false;
}

/* The text behind "@VAR", or the argument itself */
static const char *resolve_variable(const char *text, struct cause *cause)
{
	if (text[0] != '@')
		return text;
	const char *value = getenv(text + 1);
	if (value && *value)
		return value;
	init_cause_set(cause, "environment variable '%s' is %s", text + 1,
		       value ? "empty" : "not set");
	return NULL;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static bool percent_decode(char *text)
{
	char *out = text;
	for (const char *in = text; *in; in++) {
		if (*in != '%') {
			*out++ = *in;
			continue;
		}
		int high = hex_digit(in[1]);
		int low = high < 0 ? -1 : hex_digit(in[2]);
		if (low < 0 || (high == 0 && low == 0))
			return false;
		*out++ = (char)(high << 4 | low);
		in += 2;
	}
	*out = '\0';
	return true;
}

/* Cuts the scheme off; returns what follows "://" */
static char *split_scheme(char *text, const struct scheme **ret, struct cause *cause)
{
	char *end = strstr(text, "://");
	size_t length = end ? (size_t)(end - text) : 0;
	for (size_t i = 0; end && i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		const char *name = schemes[i].name;
		if (strlen(name) == length && strncmp(text, name, length) == 0) {
			*ret = &schemes[i];
			return end + 3;
		}
	}
	fail(cause, "URL must begin with tcp://, http://, postgres:// or redis:// "
		    "(for a server that speaks TLS use tcp://host:port)");
	return NULL;
}

static bool split_login(struct url *url, const struct scheme *scheme, char *login,
			struct cause *cause)
{
	if (!scheme->has_login)
		return fail(cause, "this kind of URL takes no user or password");
	char *colon = strchr(login, ':');
	if (colon) {
		*colon = '\0';
		url->password = colon + 1;
	}
	url->user = login;
	if (!percent_decode(login) || (colon && !percent_decode(url->password)))
		return fail(cause, "user or password has a '%' that is no percent-encoding");
	if (!*url->user)
		url->user = NULL;
	if (url->password && !*url->password)
		url->password = NULL;
	return true;
}

static bool split_host(struct url *url, const struct scheme *scheme, char *text,
		       struct cause *cause)
{
	const char *allowed = HOST_CHARS;
	char *colon = NULL;
	url->host = text;
	if (*text == '[') {
		char *bracket = strchr(text, ']');
		if (!bracket || (bracket[1] && bracket[1] != ':'))
			return fail(cause, "IPv6 address must be written as [address]:port");
		allowed = ADDRESS_CHARS;
		url->host = text + 1;
		colon = bracket[1] ? bracket + 1 : NULL;
		*bracket = '\0';
	} else {
		colon = strchr(text, ':');
	}
	if (colon)
		*colon = '\0';
	size_t length = strlen(url->host);
	if (!length || length > HOST_LENGTH_MAX || strspn(url->host, allowed) != length)
		return fail(cause, "URL has no valid host name");
	if (!colon && !scheme->default_port)
		return fail(cause, "URL has no port");
	int port = 0;
	if (!init_number_parse(colon ? colon + 1 : scheme->default_port, PORT_MAX, &port) || !port)
		return fail(cause, "port is not a number from 1 to 65535 "
				   "(in a password write / ? # @ as %2F %3F %23 %40)");
	(void)snprintf(url->port, sizeof(url->port), "%d", port);
	return true;
}

/* tail: from the first of "/?#" behind the host on, with that character cut off as separator */
static bool split_tail(struct url *url, char separator, char *tail, struct cause *cause)
{
	if (url->kind == URL_HTTP) {
		tail[strcspn(tail, "#")] = '\0';
		if (separator == '?')
			return fail(cause, "the query needs a '/' before it");
		url->path = separator == '/' ? tail : NULL;
		return true;
	}
	if (url->kind == URL_TCP)
		return *tail ? fail(cause, "tcp:// takes no path") : true;
	if (separator == '#' || strpbrk(tail, "@#"))
		return fail(cause, "'@' or '#' behind the host "
				   "(in a password write / ? # @ as %2F %3F %23 %40)");
	if (separator != '/')
		return true;
	tail[strcspn(tail, "?")] = '\0';
	if (!percent_decode(tail))
		return fail(cause, "database has a '%' that is no percent-encoding");
	url->path = *tail ? tail : NULL;
	return true;
}

/* text: what follows "://" */
static bool split(struct url *url, const struct scheme *scheme, char *text, struct cause *cause)
{
	char *tail = text + strcspn(text, "/?#");
	char separator = *tail;
	if (separator)
		*tail++ = '\0';
	char *host = text;
	char *at = strrchr(text, '@');
	if (at) {
		*at = '\0';
		host = at + 1;
	}
	return split_tail(url, separator, tail, cause) &&
	       (!at || split_login(url, scheme, text, cause)) &&
	       split_host(url, scheme, host, cause);
}

static void format_display(struct url *url, const struct scheme *scheme)
{
	bool address = strchr(url->host, ':') != NULL;
	bool has_path = url->kind == URL_HTTP && url->path;
	/* A query may hold a token: the path is shown without it */
	int path_length = has_path ? (int)strcspn(url->path, "?") : 0;
	(void)snprintf(url->display, sizeof(url->display), "%s://%s%s%s:%s%s%.*s", scheme->name,
		       address ? "[" : "", url->host, address ? "]" : "", url->port,
		       has_path ? "/" : "", path_length, has_path ? url->path : "");
}

bool init_url_parse(struct url *url, const char *text, struct cause *cause)
{
	memset(url, 0, sizeof(*url));
	text = resolve_variable(text, cause);
	if (!text)
		return false;
	size_t length = strlen(text);
	if (length > URL_LENGTH_MAX)
		return fail(cause, "URL is too long");
	for (const char *p = text; *p; p++)
		if ((unsigned char)*p <= ' ' || *p == 0x7f)
			return fail(cause, "URL has a space or control character in it");
	memcpy(url->storage, text, length + 1);

	const struct scheme *scheme = NULL;
	char *rest = split_scheme(url->storage, &scheme, cause);
	if (!rest)
		return false;
	url->kind = scheme->kind;
	if (!split(url, scheme, rest, cause))
		return false;
	format_display(url, scheme);
	return true;
}
