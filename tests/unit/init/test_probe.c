/* SPDX-License-Identifier: Apache-2.0 */
/* What each probe makes of what a server says: a scripted server on loopback says it. */
#include <check.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "duration.h"
#include "probe.h"

#define TRY_US	(300 * USEC_PER_MSEC)

/* Says everything at once, as soon as the first bytes of the client have arrived */
static const struct probe_case {
	const char *url;		/* "%d" is the port */
	const char *answer;
	size_t answer_size;
	enum probe_result result;
	const char *cause;		/* a part of it; NULL when ready */
} probes[] = {
#define ANSWER(bytes)	bytes, sizeof(bytes) - 1
	{ "http://127.0.0.1:%d/", ANSWER("HTTP/1.1 200 OK\r\n\r\n"), PROBE_READY, NULL },
	{ "http://127.0.0.1:%d/", ANSWER("HTTP/1.0 204\r\n\r\n"), PROBE_READY, NULL },
	{ "http://127.0.0.1:%d/", ANSWER("HTTP/1.1 302 Found\n"), PROBE_READY, NULL },
	{ "http://127.0.0.1:%d/", ANSWER("HTTP/1.1 399 \r\n"), PROBE_READY, NULL },
	{ "http://127.0.0.1:%d/", ANSWER("HTTP/1.1 400 No\r\n"), PROBE_NOT_READY, "status 400" },
	{ "http://127.0.0.1:%d/", ANSWER("HTTP/1.1 503 No\r\n"), PROBE_NOT_READY, "status 503" },
	{ "http://127.0.0.1:%d/", ANSWER("HTTP/1.1 100 Go\r\n"), PROBE_NOT_READY, "status 100" },
	{ "http://127.0.0.1:%d/", ANSWER("HTTP/1.1 2000\r\n"), PROBE_NOT_READY, "not HTTP" },
	{ "http://127.0.0.1:%d/", ANSWER("HTTP/1.1 20\r\n"), PROBE_NOT_READY, "not HTTP" },
	{ "http://127.0.0.1:%d/", ANSWER("HTTP/1.\r\n"), PROBE_NOT_READY, "not HTTP" },
	{ "http://127.0.0.1:%d/", ANSWER("\r\n"), PROBE_NOT_READY, "not HTTP" },
	{ "http://127.0.0.1:%d/", ANSWER("HTTP/1.1 200"), PROBE_NOT_READY, "closed" },
	{ "redis://127.0.0.1:%d", ANSWER("+PONG\r\n"), PROBE_READY, NULL },
	{ "redis://127.0.0.1:%d", ANSWER("-LOADING data\r\n"), PROBE_NOT_READY, "loading" },
	{ "redis://127.0.0.1:%d", ANSWER("-BUSY script\r\n"), PROBE_NOT_READY, "BUSY" },
	{ "redis://127.0.0.1:%d", ANSWER("-NOAUTH x\r\n"), PROBE_REFUSED, "wants a password" },
	{ "redis://127.0.0.1:%d", ANSWER("-NOPERM x\r\n"), PROBE_REFUSED, "not allowed" },
	{ "redis://127.0.0.1:%d", ANSWER("-ERR no\r\n"), PROBE_NOT_READY, "an error" },
	{ "redis://127.0.0.1:%d", ANSWER("HTTP/1.1 400\r\n"), PROBE_NOT_READY, "not one of" },
	{ "redis://:SECRET@127.0.0.1:%d", ANSWER("+OK\r\n+PONG\r\n"), PROBE_READY, NULL },
	{ "redis://u:SECRET@127.0.0.1:%d", ANSWER("-WRONGPASS x\r\n"), PROBE_REFUSED, "is wrong" },
	{ "redis://:SECRET@127.0.0.1:%d", ANSWER("-ERR no password set\r\n+PONG\r\n"),
	  PROBE_READY, NULL },
	{ "redis://:SECRET@127.0.0.1:%d", ANSWER("-ERR unknown 'SECRET'\r\n-SECRET\r\n"),
	  PROBE_NOT_READY, "an error" },
	{ "redis://:SECRET@127.0.0.1:%d", ANSWER("-ERR invalid password\r\n-NOAUTH x\r\n"),
	  PROBE_REFUSED, "NOAUTH" },
	{ "postgres://127.0.0.1:%d", ANSWER("R\0\0\0\x0c\0\0\0\x05salt"), PROBE_READY, NULL },
	{ "postgres://127.0.0.1:%d", ANSWER("R\0\0\0\x17\0\0\0\x0aSCRAM-SHA-256\0\0"), PROBE_READY,
	  NULL },
	{ "postgres://127.0.0.1:%d",
	  ANSWER("R\0\0\0\x08\0\0\0\0S\0\0\0\x08" "a\0b\0Z\0\0\0\x05I"), PROBE_READY, NULL },
	{ "postgres://127.0.0.1:%d",
	  ANSWER("R\0\0\0\x08\0\0\0\0E\0\0\0\x12" "C53300\0Mfull\0\0"), PROBE_NOT_READY,
	  "full (SQLSTATE 53300)" },
	{ "postgres://127.0.0.1:%d",
	  ANSWER("E\0\0\0\x1dSFATAL\0C57P03\0Mstarting\0\0"), PROBE_NOT_READY,
	  "starting (SQLSTATE 57P03)" },
	{ "postgres://127.0.0.1:%d", ANSWER("E\0\0\0\x0c" "C57P01\0\0"), PROBE_NOT_READY, "57P01" },
	{ "postgres://127.0.0.1:%d", ANSWER("E\0\0\0\x0c" "C3D000\0\0"), PROBE_READY, NULL },
	{ "postgres://127.0.0.1:%d", ANSWER("E\0\0\0\x0c" "C28000\0\0"), PROBE_READY, NULL },
	{ "postgres://127.0.0.1:%d", ANSWER("E\0\0\0\x09" "Mno\33\0"), PROBE_NOT_READY, "no?" },
	{ "postgres://127.0.0.1:%d", ANSWER("E\0\0\0\x04"), PROBE_NOT_READY, "SQLSTATE none" },
	{ "postgres://127.0.0.1:%d", ANSWER("Ecould not fork"), PROBE_NOT_READY, "not one of" },
	{ "postgres://127.0.0.1:%d", ANSWER("HTTP/1.1 400"), PROBE_NOT_READY, "not one of" },
	{ "postgres://127.0.0.1:%d", ANSWER("Z\0\0\0\x05I"), PROBE_NOT_READY, "not one of" },
	{ "postgres://127.0.0.1:%d", ANSWER("R\0\0\0\x03"), PROBE_NOT_READY, "not one of" },
	{ "postgres://127.0.0.1:%d", ANSWER("R\0\0\0\x0c\0"), PROBE_NOT_READY, "closed" },
	{ "postgres://127.0.0.1:%d", ANSWER("R\0\0"), PROBE_NOT_READY, "closed" },
	{ "postgres://127.0.0.1:%d", ANSWER(""), PROBE_NOT_READY, "closed" },
	{ "tcp://127.0.0.1:%d", ANSWER(""), PROBE_READY, NULL },
#undef ANSWER
};

/* A socket that is bound to a free port of loopback */
static int bind_loopback(int *ret_port)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t size = sizeof(address);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, size), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	*ret_port = ntohs(address.sin_port);
	return fd;
}

static pid_t start_server(int listener, const struct probe_case *c)
{
	pid_t pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid)
		return pid;
	char request[4096];
	int fd = accept(listener, NULL, NULL);
	if (c->answer_size && (recv(fd, request, sizeof(request), 0) <= 0 ||
			       send(fd, c->answer, c->answer_size, 0) < 0))
		_exit(1);
	/* until the client hangs up: data unread at close would reset the connection */
	(void)shutdown(fd, SHUT_WR);
	while (recv(fd, request, sizeof(request), 0) > 0)
		;
	_exit(0);
}

static enum probe_result ask(const char *format, int port, struct cause *cause)
{
	char text[128];
	struct url url;
	(void)snprintf(text, sizeof(text), "%.*s%d%s", (int)strcspn(format, "%"), format, port,
		       strchr(format, '%') + 2);
	ck_assert(init_url_parse(&url, text, cause));
	return init_probe(&url, init_clock_us() + TRY_US, cause);
}

START_TEST(answer_is_judged)
{
	const struct probe_case *c = &probes[_i];
	int port = 0;
	int status = 0;
	struct cause cause = { "" };
	int listener = bind_loopback(&port);
	ck_assert_int_eq(listen(listener, 1), 0);
	pid_t server = start_server(listener, c);
	enum probe_result result = ask(c->url, port, &cause);
	ck_assert_int_eq(waitpid(server, &status, 0), server);
	(void)close(listener);
	ck_assert_msg(result == c->result, "case %d: %d: %s", _i, result, cause.text);
	if (c->cause)
		ck_assert_msg(strstr(cause.text, c->cause) != NULL, "case %d: %s", _i, cause.text);
	ck_assert_ptr_null(strstr(cause.text, "SECRET"));
}
END_TEST

static const char *const all_kinds[] = {
	"tcp://127.0.0.1:%d", "http://127.0.0.1:%d/", "postgres://127.0.0.1:%d",
	"redis://127.0.0.1:%d",
};

START_TEST(nobody_listening_is_connection_refused)
{
	int port = 0;
	struct cause cause = { "" };
	int fd = bind_loopback(&port);	/* bound, so that nobody else gets the port */
	ck_assert_int_eq(ask(all_kinds[_i], port, &cause), PROBE_NOT_READY);
	ck_assert_str_eq(cause.text, "Connection refused");
	(void)close(fd);
}
END_TEST

START_TEST(silent_server_costs_no_more_than_the_try)
{
	int port = 0;
	struct cause cause = { "" };
	int fd = bind_loopback(&port);
	ck_assert_int_eq(listen(fd, 1), 0);	/* accepted by the kernel, answered by nobody */
	int64_t start_us = init_clock_us();
	ck_assert_int_eq(ask(all_kinds[_i], port, &cause), PROBE_NOT_READY);
	ck_assert_int_ge(init_clock_us() - start_us, TRY_US);
	ck_assert_str_eq(cause.text, "no answer");
	(void)close(fd);
}
END_TEST

START_TEST(longest_login_fits)
{
	char text[URL_LENGTH_MAX + 1];
	int port = 0;
	struct cause cause = { "" };
	struct url url;
	const struct probe_case c = { .answer = "R\0\0\0\x08\0\0\0\x03", .answer_size = 9 };
	int listener = bind_loopback(&port);
	ck_assert_int_eq(listen(listener, 1), 0);
	pid_t server = start_server(listener, &c);
	char tail[32];
	int tail_size = snprintf(tail, sizeof(tail), "@127.0.0.1:%d", port);
	memset(text, 'u', sizeof(text));
	memcpy(text, "postgres://", 11);
	memcpy(text + URL_LENGTH_MAX - tail_size, tail, (size_t)tail_size + 1);
	ck_assert(init_url_parse(&url, text, &cause));
	ck_assert_int_eq(init_probe(&url, init_clock_us() + TRY_US, &cause), PROBE_READY);
	ck_assert_int_eq(waitpid(server, NULL, 0), server);
	(void)close(listener);
}
END_TEST

static Suite *probe_suite(void)
{
	Suite *suite = suite_create("init probe");
	TCase *tcase = tcase_create("answers");
	int kinds = sizeof(all_kinds) / sizeof(all_kinds[0]);
	tcase_add_loop_test(tcase, answer_is_judged, 0, sizeof(probes) / sizeof(probes[0]));
	tcase_add_loop_test(tcase, nobody_listening_is_connection_refused, 0, kinds);
	tcase_add_loop_test(tcase, silent_server_costs_no_more_than_the_try, 1, kinds);
	tcase_add_test(tcase, longest_login_fits);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	SRunner *runner = srunner_create(probe_suite());
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
