/* SPDX-License-Identifier: Apache-2.0 */
/* URLs taken apart; and that no message about one shows a piece of its password. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "url.h"

static const struct url_case {
	const char *text;
	enum url_kind kind;
	const char *user, *password, *host, *port, *path;
	const char *display;
} good[] = {
	{ "tcp://db:5432", URL_TCP, NULL, NULL, "db", "5432", NULL, "tcp://db:5432" },
	{ "tcp://db:5432/", URL_TCP, NULL, NULL, "db", "5432", NULL, "tcp://db:5432" },
	{ "tcp://[::1]:80", URL_TCP, NULL, NULL, "::1", "80", NULL, "tcp://[::1]:80" },
	{ "tcp://[fe80::1%eth0]:80", URL_TCP, NULL, NULL, "fe80::1%eth0", "80", NULL,
	  "tcp://[fe80::1%eth0]:80" },
	{ "http://web", URL_HTTP, NULL, NULL, "web", "80", NULL, "http://web:80" },
	{ "http://web/", URL_HTTP, NULL, NULL, "web", "80", "", "http://web:80/" },
	{ "http://web:8080/a/b?token=x#top", URL_HTTP, NULL, NULL, "web", "8080", "a/b?token=x",
	  "http://web:8080/a/b" },
	{ "http://web/@a", URL_HTTP, NULL, NULL, "web", "80", "@a", "http://web:80/@a" },
	{ "http://web#top", URL_HTTP, NULL, NULL, "web", "80", NULL, "http://web:80" },
	{ "http://[::1]/", URL_HTTP, NULL, NULL, "::1", "80", "", "http://[::1]:80/" },
	{ "postgres://db", URL_POSTGRES, NULL, NULL, "db", "5432", NULL, "postgres://db:5432" },
	{ "postgres://db?sslmode=disable", URL_POSTGRES, NULL, NULL, "db", "5432", NULL,
	  "postgres://db:5432" },
	{ "postgresql://u:p@db:6000/app?schema=public", URL_POSTGRES, "u", "p", "db", "6000", "app",
	  "postgresql://db:6000" },
	{ "postgres://u%40x:p%2F%3f%23%40%3A@db/a%20b", URL_POSTGRES, "u@x", "p/?#@:", "db", "5432",
	  "a b", "postgres://db:5432" },
	{ "postgres://u:p@ss@db/", URL_POSTGRES, "u", "p@ss", "db", "5432", NULL,
	  "postgres://db:5432" },
	{ "postgres://u:a:b@db", URL_POSTGRES, "u", "a:b", "db", "5432", NULL,
	  "postgres://db:5432" },
	{ "postgres://@db", URL_POSTGRES, NULL, NULL, "db", "5432", NULL, "postgres://db:5432" },
	{ "redis://cache", URL_REDIS, NULL, NULL, "cache", "6379", NULL, "redis://cache:6379" },
	{ "redis://:pw@cache/0", URL_REDIS, NULL, "pw", "cache", "6379", "0",
	  "redis://cache:6379" },
	{ "redis://user:@[::1]:7000", URL_REDIS, "user", NULL, "::1", "7000", NULL,
	  "redis://[::1]:7000" },
	{ "redis://cache:07", URL_REDIS, NULL, NULL, "cache", "7", NULL, "redis://cache:7" },
	{ "@TEST_URL", URL_TCP, NULL, NULL, "from-env", "1", NULL, "tcp://from-env:1" },
};

static const char *shown(const char *text)
{
	return text ? text : "(none)";
}

START_TEST(url_is_taken_apart)
{
	const struct url_case *c = &good[_i];
	struct url url;
	struct cause cause = { "" };
	ck_assert_int_eq(setenv("TEST_URL", "tcp://from-env:1", 1), 0);
	ck_assert_msg(init_url_parse(&url, c->text, &cause), "%s: %s", c->text, cause.text);
	ck_assert_int_eq(url.kind, c->kind);
	ck_assert_str_eq(shown(url.user), shown(c->user));
	ck_assert_str_eq(shown(url.password), shown(c->password));
	ck_assert_str_eq(url.host, c->host);
	ck_assert_str_eq(url.port, c->port);
	ck_assert_str_eq(shown(url.path), shown(c->path));
	ck_assert_str_eq(url.display, c->display);
}
END_TEST

static const struct bad_case {
	const char *text;
	const char *cause;	/* a part of it */
} bad[] = {
	{ "", "must begin with" },
	{ "db:5432", "must begin with" },
	{ "://db", "must begin with" },
	{ "https://web", "TLS" },
	{ "rediss://:SECRET@cache", "TLS" },
	{ "TCP://db:1", "must begin with" },
	{ "tcp://db", "no port" },
	{ "tcp://[::1]", "no port" },
	{ "tcp://db:1/x", "no path" },
	{ "tcp://:1", "host" },
	{ "tcp://d b:1", "space" },
	{ "http://web/a\r\nX: y", "space or control" },
	{ "http://web/a\tb", "space or control" },
	{ "http://u:SECRET@web/", "no user or password" },
	{ "tcp://u:SECRET@db:1", "no user or password" },
	{ "http://web?x", "'/' before" },
	{ "tcp://db:0", "port" },
	{ "tcp://db:65536", "port" },
	{ "tcp://db:", "port" },
	{ "tcp://db:+1", "port" },
	{ "tcp://[::1:80", "IPv6" },
	{ "tcp://[::1]80", "IPv6" },
	{ "tcp://::1:80", "host" },
	{ "tcp://d/b:1", "no path" },
	{ "tcp://d$b:1", "host" },
	{ "tcp://d\xc3\xa4:1", "host" },
	{ "postgres:///app", "host" },
	{ "postgres://u:SECRET%zz@db", "percent" },
	{ "postgres://u:SECRET%00@db", "percent" },
	{ "postgres://u:SECRET%2@db", "percent" },
	{ "postgres://db/a%", "percent" },
	{ "postgres://u:SECRET/x@db", "%2F" },
	{ "postgres://u:SECRET?x@db", "%2F" },
	{ "postgres://u:SECRET#x@db", "%2F" },
	{ "postgres://u:1/SECRET@db", "%2F" },
	{ "postgres://u:1?SECRET@db", "%2F" },
	{ "postgres://u:1#SECRET@db", "%2F" },
	{ "postgres://u:p@SECRET/x@db", "%2F" },
	{ "redis://u:p@SECRET?x@db", "%2F" },
	{ "@", "''" },
	{ "@TEST_UNSET", "'TEST_UNSET' is not set" },
	{ "@TEST_EMPTY", "'TEST_EMPTY' is empty" },
};

START_TEST(bad_url_is_refused_without_showing_its_password)
{
	const struct bad_case *c = &bad[_i];
	struct url url;
	struct cause cause = { "" };
	ck_assert_int_eq(setenv("TEST_EMPTY", "", 1), 0);
	ck_assert_msg(!init_url_parse(&url, c->text, &cause), "%s", c->text);
	ck_assert_msg(strstr(cause.text, c->cause) != NULL, "%s: %s", c->text, cause.text);
	ck_assert_ptr_null(strstr(cause.text, "SECRET"));
}
END_TEST

START_TEST(sizes_are_bounded)
{
	char text[URL_LENGTH_MAX + 2];
	struct url url;
	struct cause cause;
	memset(text, 'a', sizeof(text));
	memcpy(text, "http://web/", 11);
	text[URL_LENGTH_MAX] = '\0';
	ck_assert(init_url_parse(&url, text, &cause));
	ck_assert_uint_eq(strlen(url.display), URL_LENGTH_MAX + 3);	/* ":80" */
	text[URL_LENGTH_MAX] = 'a';
	text[URL_LENGTH_MAX + 1] = '\0';
	ck_assert(!init_url_parse(&url, text, &cause));
	text[11 + HOST_LENGTH_MAX + 1] = '\0';
	memcpy(text, "http://aaaa", 11);
	ck_assert(!init_url_parse(&url, text, &cause));
	text[7 + HOST_LENGTH_MAX] = '\0';
	ck_assert(init_url_parse(&url, text, &cause));
}
END_TEST

static Suite *url_suite(void)
{
	Suite *suite = suite_create("init url");
	TCase *tcase = tcase_create("parse");
	tcase_add_loop_test(tcase, url_is_taken_apart, 0, sizeof(good) / sizeof(good[0]));
	tcase_add_loop_test(tcase, bad_url_is_refused_without_showing_its_password, 0,
			    sizeof(bad) / sizeof(bad[0]));
	tcase_add_test(tcase, sizes_are_bounded);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	SRunner *runner = srunner_create(url_suite());
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
