/* SPDX-License-Identifier: Apache-2.0 */
/* Projects, really run: order, health, names, ports, convergence, and that nothing is left. */
#include <arpa/inet.h>
#include <check.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "project.h"
#include "stage.h"

#define OBEDIENT "trap 'exit 0' TERM; while :; do sleep 0.05; done"

/** struct notes - What a progress listener heard */
struct notes {
	struct strbuf text;
};

static void note(void *ctx, const char *kind, const char *name, const char *what, bool done)
{
	struct notes *n = ctx;

	(void)done;
	strbuf_addf(&n->text, "%s %s %s\n", kind, name, what);
}

static int bring_up(struct stack_model *m, struct stack_up_options opt, struct notes *n,
		    struct error **err)
{
	struct stack_progress progress = { note, n };

	opt.progress = &progress;
	return stack_up(stage_engine(), m, &opt, err);
}

static void must_come_up(struct stack_model *m, struct stack_up_options opt, struct notes *n)
{
	CLEANUP(error) struct error *err = NULL;

	if (bring_up(m, opt, n, &err) < 0) {
		CLEANUP_FREE char *said = stage_said(err);

		ck_abort_msg("up: %s", said);
	}
}

/* Position of a line among the notes; fails when it is not there. */
static size_t place_of(const struct notes *n, const char *line)
{
	const char *at = n->text.ptr ? strstr(n->text.ptr, line) : NULL;

	ck_assert_msg(at != NULL, "'%s' is not in:\n%s", line, strbuf_text(&n->text));
	return (size_t)(at - n->text.ptr);
}

static bool has_note(const struct notes *n, const char *line)
{
	return n->text.ptr && strstr(n->text.ptr, line);
}

static pid_t pid_of(const char *name)
{
	CLEANUP(container_info) struct container_info *c = stage_find(name);

	return c->state.process.pid;
}

/* One GET over IPv4 or IPv6 loopback; the body or "" */
static char *fetch(int family, uint16_t port)
{
	CLEANUP_FD int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in v4 = { .sin_family = AF_INET,
				  .sin_port = htons(port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6,
				   .sin6_port = htons(port),
				   .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	static const char get[] = "GET / HTTP/1.0\r\n\r\n";
	struct timeval limit = { .tv_sec = 5 };
	char buf[4096];
	size_t len = 0;
	ssize_t n;

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(fd, family == AF_INET ? (void *)&v4 : (void *)&v6,
		    family == AF_INET ? sizeof(v4) : sizeof(v6)) < 0 ||
	    write(fd, get, sizeof(get) - 1) < 0)
		return x_strdup("");
	while (len < sizeof(buf) - 1 && (n = read(fd, buf + len, sizeof(buf) - 1 - len)) > 0)
		len += (size_t)n;
	buf[len] = '\0';
	const char *body = strstr(buf, "\r\n\r\n");

	return x_strdup(body ? body + 4 : "");
}

static bool has_all_lines(const struct container_info *c, void *ctx)
{
	CLEANUP_FREE char *logs = stage_logs(c->service.container_name);

	return strcmp(logs, ctx) == 0;
}

/* What the client of the shop says when it has seen everything. */
static void await_client(const char *secret)
{
	CLEANUP_FREE char *want = x_asprintf("hello\nhello\nhello\n%s440 7 8\n", secret);

	stage_await(has_all_lines, want, "shop-client-1");
}

static struct stack_model *make_shop(const char *data)
{
	struct stack_service s[] = {
		stage_service("shop", "web",
			      "trap 'exit 0' TERM; mkdir /www; echo hello > /www/index.html; httpd "
			      "-f -p 80 -h /www & wait $!"),
		stage_service(
			"shop", "client",
			"trap 'exit 0' TERM; wget -qO- http://web/; wget -qO- http://shop-web-1/; "
			"wget -qO- http://store.shop_default/;"
			" cat /run/secrets/key; stat -c '%a %u %g' /run/secrets/key; " OBEDIENT),
		stage_service("shop", "seed", "sleep 0.2; echo seeded"),
	};

	stage_check(&s[0], "wget -qO- http://127.0.0.1/", 30000, 3);
	stage_publish(&s[0], 18080, 80);
	stage_depend(&s[0], "seed", STACK_COMPLETED);
	stage_depend(&s[1], "web", STACK_HEALTHY);
	s[1].mounts = x_alloc(sizeof(*s[1].mounts));
	s[1].mount_count = 1;
	s[1].mounts[0] = (struct stack_mount){ .kind = STACK_MOUNT_CONTENT,
					       .source = x_strdup(data),
					       .target = x_strdup("/run/secrets/key"),
					       .mode = 0440,
					       .uid = 7,
					       .gid = 8 };
	struct stack_model *m = stage_model("shop", s, ARRAY_SIZE(s));

	strv_add(&m->services[0].attachments[0].aliases, "store");
	strv_add(&m->volumes, "shop_data");
	return m;
}

START_TEST(whole_project_comes_up_in_order)
{
	CLEANUP(stack_model) struct stack_model *m = make_shop("secret\n");
	struct notes n = { 0 }, again = { 0 };
	usec_t begun = clock_monotonic();

	ck_assert(!stack_is_converged(stage_engine(), m));
	must_come_up(m, (struct stack_up_options){ .wait = true }, &n);
	ck_assert_int_lt(clock_monotonic() - begun, 5 * USEC_PER_SEC);
	ck_assert_uint_lt(place_of(&n, "Network shop_default Created"),
			  place_of(&n, "seed-1 Started"));
	ck_assert_uint_lt(place_of(&n, "Volume shop_data Created"), place_of(&n, "seed-1 Started"));
	ck_assert_uint_lt(place_of(&n, "seed-1 Started"), place_of(&n, "web-1 Started"));
	ck_assert_uint_lt(place_of(&n, "web-1 Healthy"), place_of(&n, "client-1 Started"));
	ck_assert(stack_is_converged(stage_engine(), m));
	pid_t web = pid_of("shop-web-1");

	must_come_up(m, (struct stack_up_options){ .wait = true }, &again);
	ck_assert(!has_note(&again, "Started"));
	ck_assert_int_eq(pid_of("shop-web-1"), web);
	CLEANUP_FREE char *v4 = fetch(AF_INET, 18080), *v6 = fetch(AF_INET6, 18080);

	ck_assert_str_eq(v4, "hello\n");
	ck_assert_str_eq(v6, "hello\n");
	strbuf_fini(&n.text);
	strbuf_fini(&again.text);
	stage_down("shop");
}
END_TEST

START_TEST(names_and_secrets_are_there)
{
	CLEANUP(stack_model) struct stack_model *m = make_shop("very secret\n");
	struct notes n = { 0 };

	must_come_up(m, (struct stack_up_options){ .wait = true }, &n);
	await_client("very secret\n");
	strbuf_fini(&n.text);
	stage_down("shop");
}
END_TEST

START_TEST(only_what_changed_is_recreated)
{
	CLEANUP(stack_model) struct stack_model *m = make_shop("secret\n");
	struct notes n = { 0 }, again = { 0 };

	must_come_up(m, (struct stack_up_options){ .wait = true }, &n);
	pid_t web = pid_of("shop-web-1"), client = pid_of("shop-client-1");

	free(m->services[1].config_hash);
	m->services[1].config_hash = x_strdup("second");
	ck_assert(!stack_is_converged(stage_engine(), m));
	must_come_up(m, (struct stack_up_options){ .wait = true }, &again);
	ck_assert_int_eq(pid_of("shop-web-1"), web);
	ck_assert_int_ne(pid_of("shop-client-1"), client);
	ck_assert(has_note(&again, "shop-client-1 Removed"));
	ck_assert(!has_note(&again, "shop-seed-1 Started")); /* a job that ended well */
	strbuf_fini(&n.text);
	strbuf_fini(&again.text);
	stage_down("shop");
}
END_TEST

START_TEST(stop_keeps_and_up_starts_again)
{
	CLEANUP(stack_model) struct stack_model *m = make_shop("secret\n");
	CLEANUP(error) struct error *err = NULL;
	struct notes n = { 0 };
	struct stack_down_options stop = { .stop_only = true, .timeout_ns = -1 };
	usec_t begun;

	must_come_up(m, (struct stack_up_options){ .wait = true }, &n);
	await_client("secret\n"); /* a shell as PID 1 without a trap yet would not hear of it */
	begun = clock_monotonic();
	ck_assert_int_eq(stack_down(stage_engine(), "shop", &stop, &err), 0);
	ck_assert_int_lt(clock_monotonic() - begun, 2 * USEC_PER_SEC);
	CLEANUP(container_info) struct container_info *web = stage_find("shop-web-1");

	ck_assert_int_eq(web->state.status, CONTAINER_EXITED);
	ck_assert(!project_is_supervised(stage_engine(), "shop"));
	strbuf_clear(&n.text);
	must_come_up(m, (struct stack_up_options){ .wait = true }, &n);
	ck_assert(!has_note(&n, "Created"));
	ck_assert(has_note(&n, "shop-web-1 Started"));
	strbuf_fini(&n.text);
	stage_down("shop");
}
END_TEST

START_TEST(dependents_stop_first)
{
	CLEANUP(stack_model) struct stack_model *m = make_shop("secret\n");
	CLEANUP(error) struct error *err = NULL;
	struct notes n = { 0 };
	struct stack_progress progress = { note, &n };
	struct stack_down_options opt = { .volumes = true,
					  .timeout_ns = -1,
					  .progress = &progress };

	must_come_up(m, (struct stack_up_options){ .wait = true }, &n);
	strbuf_clear(&n.text);
	ck_assert_int_eq(stack_down(stage_engine(), "shop", &opt, &err), 0);
	ck_assert_uint_lt(place_of(&n, "client-1 Removing"), place_of(&n, "web-1 Stopping"));
	ck_assert(has_note(&n, "Network shop_default Removed"));
	ck_assert(has_note(&n, "Volume shop_data Removed"));
	strbuf_fini(&n.text);
	stage_is_clean();
}
END_TEST

static const struct failure_case {
	const char *script, *check; /* of the dependency */
	enum stack_condition condition;
	const char *said; /* in the message */
} failures[] = {
	{ "exit 3", NULL, STACK_COMPLETED, "service 'app': dependency 'base' exited (3)" },
	{ "exit 3", "true", STACK_HEALTHY, "service 'app': dependency 'base' exited (3)" },
	{ OBEDIENT, "echo broken; false", STACK_HEALTHY,
	  "service 'app': dependency 'base' is unhealthy" },
	{ OBEDIENT, NULL, STACK_HEALTHY, "dependency 'base' has no health check to wait for" },
};

START_TEST(failed_dependency_is_named)
{
	const struct failure_case *f = &failures[_i];
	struct stack_service s[] = { stage_service("bad", "base", f->script),
				     stage_service("bad", "app", OBEDIENT) };
	CLEANUP(error) struct error *err = NULL;
	struct notes n = { 0 };

	if (f->check)
		stage_check(&s[0], f->check, 100, 1);
	stage_depend(&s[1], "base", f->condition);
	CLEANUP(stack_model) struct stack_model *m = stage_model("bad", s, 2);

	ck_assert_int_lt(bring_up(m, (struct stack_up_options){ 0 }, &n, &err), 0);
	CLEANUP_FREE char *said = stage_said(err);

	ck_assert_msg(strstr(said, f->said) != NULL, "%s", said);
	ck_assert(!has_note(&n, "bad-app-1 Started"));
	strbuf_fini(&n.text);
	stage_down("bad");
}
END_TEST

START_TEST(optional_dependency_may_fail)
{
	struct stack_service s[] = { stage_service("opt", "base", "exit 3"),
				     stage_service("opt", "app", OBEDIENT) };
	struct notes n = { 0 };

	stage_depend(&s[1], "base", STACK_COMPLETED);
	stage_depend(&s[1], "absent", STACK_STARTED);
	s[1].dependencies[0].required = s[1].dependencies[1].required = false;
	CLEANUP(stack_model) struct stack_model *m = stage_model("opt", s, 2);

	must_come_up(m, (struct stack_up_options){ 0 }, &n);
	strbuf_fini(&n.text);
	stage_down("opt");
}
END_TEST

START_TEST(unhealthy_fails_the_wait_with_its_output)
{
	struct stack_service s[] = { stage_service("ill", "app", OBEDIENT) };
	CLEANUP(error) struct error *err = NULL;
	struct notes n = { 0 };

	stage_check(&s[0], "echo the reason; false", 100, 2);
	CLEANUP(stack_model) struct stack_model *m = stage_model("ill", s, 1);

	ck_assert_int_lt(bring_up(m, (struct stack_up_options){ .wait = true }, &n, &err), 0);
	CLEANUP_FREE char *said = stage_said(err);

	ck_assert_msg(strstr(said, "service 'app' is unhealthy") && strstr(said, "the reason"),
		      "%s", said);
	strbuf_fini(&n.text);
	stage_down("ill");
}
END_TEST

START_TEST(wait_has_a_limit)
{
	struct stack_service s[] = { stage_service("late", "app", OBEDIENT) };
	CLEANUP(error) struct error *err = NULL;
	struct notes n = { 0 };

	stage_check(&s[0], "false", 30000, 3);
	CLEANUP(stack_model) struct stack_model *m = stage_model("late", s, 1);
	struct stack_up_options opt = { .wait = true, .wait_timeout = 300 * USEC_PER_MSEC };

	ck_assert_int_eq(bring_up(m, opt, &n, &err), -ERR_TIMEOUT);
	strbuf_fini(&n.text);
	stage_down("late");
}
END_TEST

START_TEST(busy_port_names_its_holder)
{
	struct stack_service a[] = { stage_service("one", "app", OBEDIENT) };
	struct stack_service b[] = { stage_service("two", "app", OBEDIENT) };
	CLEANUP(error) struct error *err = NULL;
	struct notes n = { 0 };

	stage_publish(&a[0], 18081, 80);
	stage_publish(&b[0], 18081, 80);
	CLEANUP(stack_model) struct stack_model *first = stage_model("one", a, 1);
	CLEANUP(stack_model) struct stack_model *second = stage_model("two", b, 1);

	must_come_up(first, (struct stack_up_options){ 0 }, &n);
	ck_assert_int_eq(bring_up(second, (struct stack_up_options){ 0 }, &n, &err), -ERR_BUSY);
	CLEANUP_FREE char *said = stage_said(err);

	ck_assert_msg(strstr(said, "service 'app'") && strstr(said, "18081") &&
			      strstr(said, "by container"),
		      "%s", said);
	strbuf_fini(&n.text);
	struct stack_down_options opt = { .volumes = true, .timeout_ns = -1 };
	CLEANUP(error) struct error *ignored = NULL;

	ck_assert_int_eq(stack_down(stage_engine(), "two", &opt, &ignored), 0);
	stage_down("one");
}
END_TEST

START_TEST(missing_program_fails_with_its_status)
{
	struct stack_service s[] = { stage_service("miss", "app", "") };
	CLEANUP(error) struct error *err = NULL;
	struct notes n = { 0 };

	strv_fini(&s[0].entrypoint);
	strv_add(&s[0].entrypoint, "nosuchprogram");
	CLEANUP(stack_model) struct stack_model *m = stage_model("miss", s, 1);

	ck_assert_int_eq(bring_up(m, (struct stack_up_options){ 0 }, &n, &err), -ERR_FAILED);
	ck_assert_int_eq(error_status(err), 127);
	strbuf_fini(&n.text);
	stage_down("miss");
}
END_TEST

START_TEST(two_ups_at_once_make_one_project)
{
	CLEANUP(stack_model) struct stack_model *m = make_shop("secret\n");
	struct notes n = { 0 };
	pid_t children[3];

	for (size_t i = 0; i < ARRAY_SIZE(children); i++) {
		children[i] = fork();
		if (children[i] == 0) {
			struct error *err = NULL;

			_exit(bring_up(m, (struct stack_up_options){ .wait = true }, &n, &err) < 0);
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(children); i++) {
		int status = -1;

		ck_assert_int_eq(waitpid(children[i], &status, 0), children[i]);
		ck_assert_int_eq(status, 0);
	}
	CLEANUP(error) struct error *err = NULL;
	struct container_info **list = NULL;
	size_t count = 0;

	ck_assert_int_eq(stack_list(stage_engine(), "shop", &list, &count, &err), 0);
	ck_assert_uint_eq(count, 3);
	stack_list_free(list, count);
	stage_down("shop");
}
END_TEST

START_TEST(orphans_go_when_asked_for)
{
	struct stack_service a[] = { stage_service("orph", "old", OBEDIENT),
				     stage_service("orph", "app", OBEDIENT) };
	struct stack_service b[] = { stage_service("orph", "app", OBEDIENT) };
	CLEANUP(stack_model) struct stack_model *both = stage_model("orph", a, 2);
	CLEANUP(stack_model) struct stack_model *one = stage_model("orph", b, 1);
	struct notes n = { 0 };

	must_come_up(both, (struct stack_up_options){ 0 }, &n);
	pid_t app = pid_of("orph-app-1");

	must_come_up(one, (struct stack_up_options){ 0 }, &n);
	ck_assert_int_gt(pid_of("orph-old-1"), 0);
	must_come_up(one, (struct stack_up_options){ .remove_orphans = true }, &n);
	ck_assert(has_note(&n, "orph-old-1 Removed"));
	ck_assert_int_eq(pid_of("orph-app-1"), app);
	strbuf_fini(&n.text);
	stage_down("orph");
}
END_TEST

START_TEST(chosen_services_bring_their_dependencies)
{
	CLEANUP(stack_model) struct stack_model *m = make_shop("secret\n");
	struct strv only CLEANUP_STRV = STRV_INIT;
	struct notes n = { 0 };

	strv_add(&only, "web");
	must_come_up(m, (struct stack_up_options){ .services = &only }, &n);
	ck_assert(has_note(&n, "seed-1 Started"));
	ck_assert(has_note(&n, "web-1 Started"));
	ck_assert(!has_note(&n, "client-1"));
	strbuf_fini(&n.text);
	stage_down("shop");
}
END_TEST

/* What is in a volume that nobody named outlives the container that it was made for. */
START_TEST(anonymous_volume_is_carried_over)
{
	struct stack_service s[] = { stage_service(
		"anon", "app", "trap 'exit 0' TERM; cat /data/x; echo kept > /data/x; " OBEDIENT) };
	static char want[] = "kept\n";
	struct notes n = { 0 };

	s[0].mounts = x_alloc(sizeof(*s[0].mounts));
	s[0].mount_count = 1;
	s[0].mounts[0] = (struct stack_mount){ .kind = STACK_MOUNT_VOLUME,
					       .anonymous = true,
					       .target = x_strdup("/data") };
	CLEANUP(stack_model) struct stack_model *m = stage_model("anon", s, 1);
	static char first[] = "E:cat: can't open '/data/x': No such file or directory\n";

	must_come_up(m, (struct stack_up_options){ 0 }, &n);
	stage_await(has_all_lines, first, "anon-app-1");
	must_come_up(m, (struct stack_up_options){ .force_recreate = true }, &n);
	stage_await(has_all_lines, want, "anon-app-1");
	strbuf_fini(&n.text);
	stage_down("anon");
}
END_TEST

START_TEST(killed_supervisor_is_cleaned_up_after)
{
	CLEANUP(stack_model) struct stack_model *m = make_shop("secret\n");
	struct notes n = { 0 };

	must_come_up(m, (struct stack_up_options){ .wait = true }, &n);
	CLEANUP(container_info) struct container_info *web = stage_find("shop-web-1");
	CLEANUP_FREE char *stat_path = x_asprintf("/proc/%d/stat", (int)web->state.process.pid);
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);
	CLEANUP(error) struct error *err = NULL;
	int parent = 0;

	ck_assert_int_eq(fs_read_at(AT_FDCWD, stat_path, 4096, &text, &err), 0);
	ck_assert_int_eq(sscanf(strrchr(strbuf_text(&text), ')'), ") %*c %d", &parent), 1);
	ck_assert_int_eq(kill(parent, SIGKILL), 0);
	while (project_is_supervised(stage_engine(), "shop"))
		(void)poll(NULL, 0, 5);
	ck_assert(!stack_is_converged(stage_engine(), m));
	/* "up" gives them a supervisor again... */
	must_come_up(m, (struct stack_up_options){ .wait = true }, &n);
	ck_assert_int_ne(pid_of("shop-web-1"), web->state.process.pid);
	ck_assert(stack_is_converged(stage_engine(), m));
	strbuf_fini(&n.text);
	stage_down("shop");
}
END_TEST

static void add_tests(TCase *c)
{
	tcase_add_test(c, whole_project_comes_up_in_order);
	tcase_add_test(c, names_and_secrets_are_there);
	tcase_add_test(c, only_what_changed_is_recreated);
	tcase_add_test(c, stop_keeps_and_up_starts_again);
	tcase_add_test(c, dependents_stop_first);
	tcase_add_loop_test(c, failed_dependency_is_named, 0, (int)ARRAY_SIZE(failures));
	tcase_add_test(c, optional_dependency_may_fail);
	tcase_add_test(c, unhealthy_fails_the_wait_with_its_output);
	tcase_add_test(c, wait_has_a_limit);
	tcase_add_test(c, busy_port_names_its_holder);
	tcase_add_test(c, missing_program_fails_with_its_status);
	tcase_add_test(c, two_ups_at_once_make_one_project);
	tcase_add_test(c, orphans_go_when_asked_for);
	tcase_add_test(c, chosen_services_bring_their_dependencies);
	tcase_add_test(c, anonymous_volume_is_carried_over);
	tcase_add_test(c, killed_supervisor_is_cleaned_up_after);
}

int main(void)
{
	struct engine *e = stage_set_up();

	if (!e) {
		(void)fprintf(stderr, "needs root and namespaces: skipped\n");
		return 77;
	}
	Suite *s = suite_create("project");
	TCase *c = tcase_create("project");

	tcase_set_timeout(c, 60);
	add_tests(c);
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);

	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);

	srunner_free(r);
	stage_tear_down(e);
	return failed != 0;
}
