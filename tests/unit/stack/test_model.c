/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptions and states as JSON and back; errors over the control socket. */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>

#include "codec/json.h"
#include "message.h"
#include "state.h"

/* Goes also when a test fails. */
static char base_path[64];

/* Every member that the description has, with a value that is not its default. */
static const char whole_model[] =
	"{\"project\":\"demo\",\"directory\":\"/srv/demo\",\"files\":[\"/srv/demo/compose.yml\"],"
	"\"volumes\":[\"demo_data\"],\"networks\":[{\"name\":\"demo_default\",\"subnet\":\"172.20."
	"3.0/24\","
	"\"gateway\":\"172.20.3.1\",\"internal\":true,\"external\":true}],\"services\":[{"
	"\"service\":\"api\",\"container_name\":\"demo-api-1\",\"image\":\"node:20\",\"image_"
	"manifest\":\"ab\","
	"\"config_hash\":\"cd\",\"entrypoint\":[\"tini\",\"--\"],\"command\":[\"node\",\"\"],"
	"\"env\":[\"A=1\",\"B=\"],\"labels\":[\"x=y\"],\"working_dir\":\"/app\",\"user\":\"1001\","
	"\"hostname\":\"h\",\"domainname\":\"d\",\"stop_signal\":\"SIGQUIT\",\"stop_timeout_ns\":-"
	"1,"
	"\"init\":true,\"tty\":true,\"open_stdin\":true,\"read_only\":true,\"privileged\":true,"
	"\"no_new_privileges\":true,\"seccomp_unconfined\":true,\"auto_remove\":true,"
	"\"capabilities\":3,"
	"\"groups\":[\"g\"],\"sysctls\":[\"net.core.somaxconn=1\"],\"extra_hosts\":[\"a:1.2.3.4\"],"
	"\"dns\":[\"9.9.9.9\"],\"limits.memory_max_bytes\":1,\"limits.memory_swap_bytes\":2,"
	"\"limits.memory_low_bytes\":3,\"limits.cpu_quota_us_per_100ms\":50000,\"limits.cpu_"
	"shares\":4,"
	"\"limits.pids_max\":-1,\"shm_size_bytes\":5,\"has_oom_score_adj\":true,\"oom_score_adj\":-"
	"500,"
	"\"health.test\":[\"CMD\",\"true\"],\"health.interval_ns\":6,\"health.timeout_ns\":7,"
	"\"health.start_period_ns\":8,\"health.start_interval_ns\":9,\"health.retries\":10,"
	"\"restart_max\":11,\"restart_on_unhealthy\":true,\"log_none\":true,\"log_max_bytes\":12,"
	"\"log_max_files\":13,\"restart\":\"on-failure\",\"attachments\":[{\"network\":\"demo_"
	"default\","
	"\"aliases\":[\"api\"],\"ipv4\":\"172.20.3.9\"}],\"ports\":[{\"host_ip\":\"127.0.0.1\","
	"\"host_port\":80,\"container_port\":8080,\"udp\":true}],\"mounts\":[{\"source\":\"demo_"
	"data\","
	"\"target\":\"/"
	"data\",\"read_only\":true,\"no_copy\":true,\"anonymous\":true,\"create_source\":true,"
	"\"size_bytes\":14,\"mode\":15,\"uid\":16,\"gid\":17,\"kind\":\"volume\"},{\"source\":"
	"\"top\","
	"\"target\":\"/run/secrets/"
	"s\",\"kind\":\"content\"}],\"ulimits\":[{\"name\":\"nofile\",\"soft\":18,"
	"\"hard\":-1}],\"dependencies\":[{\"service\":\"db\",\"required\":true,"
	"\"condition\":\"service_healthy\"}]}]}";

static json_t *read_text(const char *text)
{
	CLEANUP(error) struct error *err = NULL;
	json_t *j = NULL;

	ck_assert_int_eq(json_read(str_from(text), "test", &j, &err), 0);
	return j;
}

static char *write_text(json_t *j)
{
	struct strbuf out = STRBUF_INIT(0);

	json_write(j, &out);
	json_decref(j);
	return strbuf_steal(&out);
}

START_TEST(model_survives_the_round_trip)
{
	CLEANUP_JSON json_t *j = read_text(whole_model);
	CLEANUP(stack_model) struct stack_model *m = NULL;
	CLEANUP(error) struct error *err = NULL;

	ck_assert_int_eq(stack_model_from_json(j, &m, &err), 0);
	ck_assert_uint_eq(m->service_count, 1);
	ck_assert_int_eq(m->services[0].restart, STACK_RESTART_ON_FAILURE);
	ck_assert_int_eq(m->services[0].oom_score_adj, -500);
	ck_assert_int_eq(m->services[0].limits.pids_max, -1);
	ck_assert_int_eq(m->services[0].mounts[1].kind, STACK_MOUNT_CONTENT);
	CLEANUP_JSON json_t *again = stack_model_to_json(m);

	ck_assert(json_equal(j, again));
}
END_TEST

/* Descriptions that no writer of ours makes. */
static const char *const bad_services[] = {
	"{}",
	"{\"restart\":\"sometimes\"}",
	"{\"restart\":\"no\",\"mounts\":[{\"target\":\"/x\"}]}",
	"{\"restart\":\"no\",\"mounts\":[7]}",
	"{\"restart\":\"no\",\"dependencies\":[{\"service\":\"a\",\"condition\":\"maybe\"}]}",
	"[]",
	"null",
};

START_TEST(bad_description_is_refused)
{
	CLEANUP_FREE char *text = x_asprintf("{\"s\":%s}", bad_services[_i]);
	CLEANUP_JSON json_t *j = read_text(text);
	CLEANUP(error) struct error *err = NULL;
	struct stack_service s;

	ck_assert_int_eq(stack_service_from_json(json_object_get(j, "s"), &s, &err), -ERR_PARSE);
}
END_TEST

START_TEST(description_without_members_is_empty)
{
	CLEANUP_JSON json_t *j = read_text("{\"restart\":\"no\"}");
	CLEANUP(error) struct error *err = NULL;
	struct stack_service s;

	ck_assert_int_eq(stack_service_from_json(j, &s, &err), 0);
	ck_assert_ptr_null(s.service);
	ck_assert_uint_eq(s.mount_count + s.port_count + s.env.count, 0);
	CLEANUP_FREE char *text = write_text(stack_service_to_json(&s));

	ck_assert_ptr_nonnull(strstr(text, "\"restart\":\"no\""));
	stack_service_fini(&s);
}
END_TEST

static int open_dir(void)
{
	int fd = open(base_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	return fd;
}

static void fill_state(struct container_state *s)
{
	*s = (struct container_state){ .status = CONTAINER_RUNNING,
				       .process = { 42, 4711, -1 },
				       .started = { 1700000000, 123456789 },
				       .exit_code = 3,
				       .oom_killed = true,
				       .restart_count = 2,
				       .health = HEALTH_UNHEALTHY,
				       .failing_streak = 5 };
	s->error = x_strdup("no reason");
	s->addresses = x_alloc(sizeof(*s->addresses));
	s->address_count = 1;
	s->addresses[0] = (struct container_address){ x_strdup("net"), x_strdup("172.20.0.2"),
						      x_strdup(""), x_strdup("02:42"), 24 };
	s->ports = x_alloc(sizeof(*s->ports));
	s->port_count = 1;
	s->ports[0] = (struct stack_port){ x_strdup("127.0.0.1"), 8080, 80, true };
	for (int i = 0; i < 7; i++)
		state_add_probe(s, (struct health_probe){ x_strdup("2026-11-20T10:00:00Z"),
							  x_strdup("2026-11-20T10:00:01Z"), i,
							  x_strdup("out \xff put") });
}

START_TEST(state_survives_the_round_trip)
{
	CLEANUP_FD int fd = open_dir();
	CLEANUP(error) struct error *err = NULL;
	struct container_state s, t;

	fill_state(&s);
	ck_assert_int_eq(state_save(fd, &s, &err), 0);
	ck_assert_int_eq(state_load(fd, &t, &err), 0);
	ck_assert_int_eq(t.status, CONTAINER_RUNNING);
	ck_assert_int_eq(t.process.pid, 42);
	ck_assert_uint_eq(t.process.start_time, 4711);
	ck_assert_int_eq(t.process.pidfd, -1);
	ck_assert_int_eq(t.started.tv_sec, 1700000000);
	ck_assert_int_eq(t.started.tv_nsec, 123456789);
	ck_assert_int_eq(t.finished.tv_sec, 0);
	ck_assert(t.oom_killed && !t.stopped_by_hand);
	ck_assert_str_eq(t.error, "no reason");
	ck_assert_int_eq(t.health, HEALTH_UNHEALTHY);
	ck_assert_uint_eq(t.log_count, HEALTH_LOG_SIZE);
	ck_assert_int_eq(t.log[0].exit_code, 2); /* the oldest two were dropped */
	ck_assert_str_eq(t.log[4].output, "out \xef\xbf\xbd put");
	ck_assert_uint_eq(t.address_count, 1);
	ck_assert_str_eq(t.addresses[0].ipv4, "172.20.0.2");
	ck_assert_uint_eq(t.port_count, 1);
	ck_assert(t.ports[0].udp && t.ports[0].host_port == 8080);
	state_fini(&s);
	state_fini(&t);
}
END_TEST

START_TEST(no_state_file_means_created)
{
	CLEANUP_FD int fd = open_dir();
	CLEANUP(error) struct error *err = NULL;
	struct container_state s;

	(void)unlinkat(fd, "state.json", 0);
	ck_assert_int_eq(state_load(fd, &s, &err), 0);
	ck_assert_int_eq(s.status, CONTAINER_CREATED);
	ck_assert(!state_is_active(&s));
	state_fini(&s);
}
END_TEST

START_TEST(error_travels_whole)
{
	CLEANUP(error) struct error *sent = NULL, *got = NULL;

	(void)error_new(&sent, ERR_BUSY, "port 80 is taken");
	(void)error_context(&sent, "container 'a'");
	(void)error_context(&sent, "service 'b'");
	(void)error_hint(&sent, "take another");
	error_set_status(&sent, 127);
	CLEANUP_JSON json_t *j = message_from_error(sent);

	ck_assert_int_eq(message_to_error(j, &got), -ERR_BUSY);
	ck_assert_uint_eq(error_frame_count(got), 3);
	for (size_t i = 0; i < 3; i++)
		ck_assert_str_eq(error_frame(got, i), error_frame(sent, i));
	ck_assert_str_eq(error_hint_text(got), "take another");
	ck_assert_int_eq(error_status(got), 127);
}
END_TEST

START_TEST(lines_are_cut_one_by_one)
{
	struct strbuf in CLEANUP_STRBUF = STRBUF_INIT(0);
	CLEANUP(error) struct error *err = NULL;
	json_t *j = NULL;

	strbuf_add_text(&in, "{\"a\":1}\n{\"b\"");
	ck_assert_int_eq(message_take_line(&in, &j, &err), 1);
	ck_assert_int_eq(json_get_int(j, "a", 0), 1);
	json_decref(j);
	ck_assert_int_eq(message_take_line(&in, &j, &err), 0);
	strbuf_add_text(&in, ":2}\nrubbish\n");
	ck_assert_int_eq(message_take_line(&in, &j, &err), 1);
	ck_assert_int_eq(json_get_int(j, "b", 0), 2);
	json_decref(j);
	ck_assert_int_eq(message_take_line(&in, &j, &err), -ERR_PARSE);
}
END_TEST

int main(void)
{
	CLEANUP(error) struct error *err = NULL;
	Suite *s = suite_create("model");
	TCase *c = tcase_create("model");

	tcase_add_test(c, model_survives_the_round_trip);
	tcase_add_loop_test(c, bad_description_is_refused, 0, (int)ARRAY_SIZE(bad_services));
	tcase_add_test(c, description_without_members_is_empty);
	tcase_add_test(c, state_survives_the_round_trip);
	tcase_add_test(c, no_state_file_means_created);
	tcase_add_test(c, error_travels_whole);
	tcase_add_test(c, lines_are_cut_one_by_one);
	suite_add_tcase(s, c);
	(void)snprintf(base_path, sizeof(base_path), "/tmp/stack-model-XXXXXX");
	if (!mkdtemp(base_path))
		return 1;
	SRunner *r = srunner_create(s);

	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);

	srunner_free(r);
	(void)fs_remove_tree_at(AT_FDCWD, base_path, &err); /* nothing to do about it */
	return failed != 0;
}
