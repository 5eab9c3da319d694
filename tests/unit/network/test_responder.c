/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The responder in a namespace, end to end: the C library's resolver and a client of our own ask it
 * over UDP and TCP; name servers that behave, fail and lie stand behind it.
 */
#include <arpa/inet.h>
#include <check.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/fs.h"
#include "base/process.h"
#include "dns_message.h"
#include "network/dns.h"
#include "stage.h"

enum { ANSWER_MAX = 65535, BIG_ANSWER = 900 };

static struct error *err;

static int lookup(void *ctx, const char *name, struct in_addr *ret, size_t max)
{
	(void)ctx;
	if (strcmp(name, "db") == 0) {
		ret[0].s_addr = inet_addr("172.20.0.2");
		return 1;
	}
	for (uint32_t i = 0; i < 40 && i < max && strcmp(name, "many") == 0; i++)
		ret[i].s_addr = htonl(0xac140002 + i);
	return strcmp(name, "many") == 0 ? 40 : -1;
}

static bool reverse(void *ctx, struct in_addr addr, char *ret_name, size_t size)
{
	(void)ctx;
	return addr.s_addr == inet_addr("172.20.0.2") && snprintf(ret_name, size, "db.shop") > 0;
}

/* How a name server of the test answers */
enum manner { MANNER_GOOD, MANNER_SERVFAIL, MANNER_SILENT, MANNER_LYING };

static void make_answer(struct strbuf *out, const uint8_t *query, size_t len, int rcode)
{
	static const uint8_t record[] = { 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 192, 0, 2, 1 };

	dns_error_answer(query, len, rcode, out);
	if (rcode != DNS_RCODE_NOERROR)
		return;
	out->ptr[7] = 1;
	strbuf_add(out, record, sizeof(record));
	/* "big" is too much for a client without EDNS */
	while (query[DNS_HEADER_SIZE] == 3 && out->len < BIG_ANSWER)
		strbuf_add_char(out, 0);
}

static void answer_udp(int fd, enum manner manner)
{
	struct strbuf out CLEANUP_STRBUF = STRBUF_INIT(ANSWER_MAX);
	struct sockaddr_in client;
	socklen_t client_len = sizeof(client);
	uint8_t query[DNS_MESSAGE_MAX];
	ssize_t n = recvfrom(fd, query, sizeof(query), 0, (struct sockaddr *)&client, &client_len);

	if (n < DNS_HEADER_SIZE || manner == MANNER_SILENT)
		return;
	if (manner == MANNER_LYING) {
		/* Another id, then another name: both must be passed over */
		make_answer(&out, query, (size_t)n, DNS_RCODE_NXDOMAIN);
		out.ptr[0] = (char)~out.ptr[0];
		(void)sendto(fd, out.ptr, out.len, 0, (struct sockaddr *)&client, client_len);
		out.ptr[0] = (char)~out.ptr[0];
		out.ptr[DNS_HEADER_SIZE + 1] ^= 1;
		(void)sendto(fd, out.ptr, out.len, 0, (struct sockaddr *)&client, client_len);
		strbuf_clear(&out);
	}
	make_answer(&out, query, (size_t)n,
		    manner == MANNER_SERVFAIL ? DNS_RCODE_SERVFAIL : DNS_RCODE_NOERROR);
	(void)sendto(fd, out.ptr, out.len, 0, (struct sockaddr *)&client, client_len);
}

static void answer_tcp(int listener)
{
	struct strbuf out CLEANUP_STRBUF = STRBUF_INIT(ANSWER_MAX);
	CLEANUP_FD int fd = accept(listener, NULL, NULL);
	uint8_t query[2 + DNS_MESSAGE_MAX];
	ssize_t n = recv(fd, query, sizeof(query), 0);

	if (n < 2 + DNS_HEADER_SIZE)
		return;
	make_answer(&out, query + 2, (size_t)n - 2, DNS_RCODE_NOERROR);
	const uint8_t prefix[2] = { (uint8_t)(out.len >> 8), (uint8_t)out.len };

	/* In pieces: a stream has no edges */
	(void)send(fd, prefix, 1, MSG_NOSIGNAL);
	(void)send(fd, prefix + 1, 1, MSG_NOSIGNAL);
	(void)send(fd, out.ptr, out.len, MSG_NOSIGNAL);
}

static void start_server(const char *address, enum manner manner)
{
	int udp = stage_listen(-1, address, 53, true), tcp = stage_listen(-1, address, 53, false);
	pid_t pid = fork();

	if (pid == 0) {
		bool is_tcp = fork() == 0; /* one process for each of the two sockets */

		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;) {
			if (is_tcp)
				answer_tcp(tcp);
			else
				answer_udp(udp, manner);
		}
	}
	close_fd(udp);
	close_fd(tcp);
}

static size_t make_query(uint8_t *to, const char *name, uint16_t type)
{
	const uint8_t header[12] = { 0xab, 0xcd, 1, 0, 0, 1 };
	const uint8_t end[] = { 0, 0, (uint8_t)type, 0, 1 };
	size_t len = strlen(name);

	memcpy(to, header, 12);
	to[12] = (uint8_t)len;
	memcpy(to + 13, name, len);
	memcpy(to + 13 + len, end, sizeof(end));
	return 13 + len + sizeof(end);
}

struct question {
	const char *name;
	bool tcp;
	int rcode, answers;
	bool truncated;
};

/* In the container: ask, and compare; 0: as expected */
static int ask(void *ctx)
{
	const struct question *q = ctx;
	const struct sockaddr_in name = { .sin_family = AF_INET,
					  .sin_port = htons(53),
					  .sin_addr.s_addr = inet_addr("127.0.0.11") };
	const struct timeval timeout = { .tv_sec = 10 };
	uint8_t query[2 + 300], answer[2 + 4096];
	size_t skip = q->tcp ? 2 : 0, got = 0;
	int fd = socket(AF_INET, q->tcp ? SOCK_STREAM : SOCK_DGRAM, 0);
	size_t len = make_query(query + 2, q->name, 1);

	query[0] = 0;
	query[1] = (uint8_t)len;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	if (connect(fd, (const struct sockaddr *)&name, sizeof(name)) < 0 ||
	    send(fd, query + 2 - skip, len + skip, 0) < 0)
		return 2;
	do {
		ssize_t n = recv(fd, answer + got, sizeof(answer) - got, 0);

		if (n <= 0)
			return 3;
		got += (size_t)n;
	} while (q->tcp && (got < 2 || got < 2U + dns_u16(answer)));
	const uint8_t *m = answer + skip;

	if (!dns_is_answer_to(m, got - skip, query + 2, len))
		return 4;
	if ((m[3] & 15) != q->rcode || dns_u16(m + 6) != q->answers ||
	    ((m[2] & 2) != 0) != q->truncated)
		return 5;
	return 0;
}

static void on_child_end(void *ctx, int fd, uint32_t events)
{
	(void)fd;
	(void)events;
	loop_stop(ctx);
}

/* @fn in the container while the loop serves it; its exit status */
static int serve_while(struct loop *loop, const struct stage_container *c, int (*fn)(void *ctx),
		       void *ctx)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(stage_run_in(c->netns_fd, fn, ctx));
	CLEANUP_FD int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct loop_source *source = loop_add_fd(loop, pidfd, EPOLLIN, on_child_end, loop);

	STAGE_OK(loop_run(loop, &err));
	loop_remove(source);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void check_questions(const char *resolv_conf, bool forward, const struct question *questions,
			    size_t count)
{
	const struct dns_zone zone = { lookup, reverse, NULL, forward };
	CLEANUP_FD int dir = stage_begin();
	CLEANUP(loop) struct loop *loop = loop_new(&err);
	struct dns_forwarder *forwarder = dns_forwarder_new(loop, str_from(resolv_conf));
	struct dns_responder *responder = NULL;
	struct stage_container c;

	start_server("127.0.0.2", MANNER_GOOD);
	start_server("127.0.0.3", MANNER_SERVFAIL);
	start_server("127.0.0.4", MANNER_SILENT);
	start_server("127.0.0.5", MANNER_LYING);
	stage_container_start(&c);
	STAGE_OK(network_loopback_up(c.netns_fd, &err));
	STAGE_OK(dns_responder_open(loop, forwarder, c.netns_fd, &zone, &responder, &err));
	for (size_t i = 0; i < count; i++) {
		struct question q = questions[i];

		ck_assert_msg(serve_while(loop, &c, ask, &q) == 0, "%s", q.name);
	}
	/* Closed with a question on its way */
	dns_responder_close(responder);
	dns_forwarder_free(forwarder);
}

START_TEST(test_known_names)
{
	static const struct question questions[] = {
		{ "db", false, DNS_RCODE_NOERROR, 1, false },
		{ "DB", true, DNS_RCODE_NOERROR, 1, false },
		{ "many", false, DNS_RCODE_NOERROR, (512 - 22) / 16, true },
		{ "many", true, DNS_RCODE_NOERROR, 40, false },
	};

	check_questions("nameserver 127.0.0.2\n", true, questions, ARRAY_SIZE(questions));
}
END_TEST

START_TEST(test_cve_2024_29018_internal_never_forwards)
{
	static const struct question questions[] = {
		{ "example", false, DNS_RCODE_NXDOMAIN, 0, false },
		{ "example", true, DNS_RCODE_NXDOMAIN, 0, false },
	};

	check_questions("nameserver 127.0.0.2\n", false, questions, ARRAY_SIZE(questions));
}
END_TEST

START_TEST(test_forwarded)
{
	static const struct question questions[] = {
		{ "example", false, DNS_RCODE_NOERROR, 1, false },
		{ "example", true, DNS_RCODE_NOERROR, 1, false },
		{ "big", false, DNS_RCODE_NOERROR, 0, true },
		{ "big", true, DNS_RCODE_NOERROR, 1, false },
	};

	check_questions("# none\nnameserver 127.0.0.2\n", true, questions, ARRAY_SIZE(questions));
}
END_TEST

START_TEST(test_next_server)
{
	static const struct question good[] = {
		{ "example", false, DNS_RCODE_NOERROR, 1, false },
	};
	static const struct question bad[] = {
		{ "example", false, DNS_RCODE_SERVFAIL, 0, false },
	};

	/* Fails; has no one listening; lies before it tells the truth */
	check_questions("nameserver 127.0.0.3\nnameserver 127.0.0.9\nnameserver 127.0.0.5 # x\n",
			true, good, 1);
	/* The fourth is never asked */
	check_questions("nameserver 127.0.0.3\nnameserver 127.0.0.9\nnameserver 127.0.0.3\n"
			"nameserver 127.0.0.2\n",
			true, bad, 1);
}
END_TEST

START_TEST(test_silent_server)
{
	static const struct question question[] = {
		{ "example", false, DNS_RCODE_NOERROR, 1, false },
	};

	check_questions("nameserver 127.0.0.4\nnameserver 127.0.0.2\n", true, question, 1);
}
END_TEST

/* With the C library's own resolver and the resolv.conf that containers get */
static int resolve(void *ctx)
{
	const struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM };
	const struct sockaddr_in db = { .sin_family = AF_INET,
					.sin_addr.s_addr = inet_addr("172.20.0.2") };
	struct addrinfo *found = NULL;
	char name[NI_MAXHOST];

	(void)ctx;
	if (getaddrinfo("db", NULL, &hints, &found) != 0 || found->ai_next ||
	    ((struct sockaddr_in *)found->ai_addr)->sin_addr.s_addr != db.sin_addr.s_addr)
		return 1;
	freeaddrinfo(found);
	if (getnameinfo((const struct sockaddr *)&db, sizeof(db), name, sizeof(name), NULL, 0,
			NI_NAMEREQD) != 0 ||
	    strcmp(name, "db.shop") != 0)
		return 2;
	return getaddrinfo("nobody", NULL, &hints, &found) == EAI_NONAME ? 0 : 3;
}

START_TEST(test_libc)
{
	const struct dns_zone zone = { lookup, reverse, NULL, false };
	struct strbuf conf CLEANUP_STRBUF = STRBUF_INIT(0);
	CLEANUP_FD int dir = stage_begin();
	CLEANUP(loop) struct loop *loop = loop_new(&err);
	struct dns_responder *responder = NULL;
	struct stage_container c;

	dns_resolv_conf(STR("nameserver 10.0.0.1\n"), &conf);
	STAGE_OK(fs_write_atomic_at(dir, "resolv.conf", strbuf_str(&conf), 0644, FS_VOLATILE,
				    &err));
	ck_assert_int_eq(mount("/mnt/resolv.conf", "/etc/resolv.conf", NULL, MS_BIND, NULL), 0);
	stage_container_start(&c);
	STAGE_OK(network_loopback_up(c.netns_fd, &err));
	STAGE_OK(dns_responder_open(loop, NULL, c.netns_fd, &zone, &responder, &err));
	ck_assert_int_eq(serve_while(loop, &c, resolve, NULL), 0);
	dns_responder_close(responder);
}
END_TEST

static Suite *responder_suite(void)
{
	Suite *suite = suite_create("network/responder");
	TCase *tcase = tcase_create("responder");

	tcase_set_timeout(tcase, 60);
	if (geteuid() == 0) { /* needs namespaces and port 53 */
		tcase_add_test(tcase, test_known_names);
		tcase_add_test(tcase, test_cve_2024_29018_internal_never_forwards);
		tcase_add_test(tcase, test_forwarded);
		tcase_add_test(tcase, test_next_server);
		tcase_add_test(tcase, test_silent_server);
		tcase_add_test(tcase, test_libc);
	}
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	SRunner *runner = srunner_create(responder_suite());

	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);

	srunner_free(runner);
	return failed ? 1 : 0;
}
