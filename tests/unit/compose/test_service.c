/* SPDX-License-Identifier: Apache-2.0 */
/* One key of a service at a time: what it decodes to, and how it fails. */
#include <check.h>
#include <stdlib.h>

#include "canonical.h"
#include "decode.h"

/* Decodes {KEY: VALUE} as a service; returns the canonical value of KEY, or NULL and an error. */
static char *decode(const char *key, const char *value, struct error **err)
{
	CLEANUP(arena) struct arena *a = arena_new();
	CLEANUP_FREE char *text = x_asprintf("%s: %s\n", key, value);
	struct compose_environment env = { STRV_INIT };
	struct compose_project project = { .arena = a, .name = "p", .directory = "/dir" };
	struct compose_service service = { .name = NULL };
	struct compose_sources sources = { NULL, 0 };
	struct decoder d = { .arena = a, .project = &project, .env = &env, .home = "/home/user",
			     .sources = &sources, .err = err };
	struct yaml_file *file = NULL;

	strv_add(&env.variables, "KNOWN=known value");
	if (yaml_parse(a, "t.yml", str_from(text), &file, err) < 0)
		ck_abort_msg("%s: %s", text, error_frame(*err, 0));
	file->source.directory = "/dir";
	const struct yaml_pair pair = { STR("web"), file->documents[0]->place,
					file->documents[0] };
	int r = compose_decode_service(&d, &pair, &service);

	if (r == 0)
		r = compose_resolve_environment(&d, &service);
	compose_environment_fini(&env);
	if (r < 0)
		return NULL;
	json_t *all = compose_canonical_service(&service, false);
	json_t *one = json_object_get(all, key);
	char *out = one ? json_dumps(one, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(9))
			: x_strdup("none");

	json_decref(all);
	return out;
}

#define PORT(rest) "{\"mode\":\"ingress\"," rest "}"

START_TEST(values)
{
	static const struct {
		const char *key, *value, *want;
	} rows[] = {
		{ "ports", "[80]", "[" PORT("\"target\":80,\"protocol\":\"tcp\"") "]" },
		{ "ports", "['8080:80']",
		  "[" PORT("\"target\":80,\"published\":\"8080\",\"protocol\":\"tcp\"") "]" },
		{ "ports", "['127.0.0.1:53:53/udp']",
		  "[" PORT("\"host_ip\":\"127.0.0.1\",\"target\":53,\"published\":\"53\","
			   "\"protocol\":\"udp\"") "]" },
		{ "ports", "['127.0.0.1::80']",
		  "[" PORT("\"host_ip\":\"127.0.0.1\",\"target\":80,\"protocol\":\"tcp\"") "]" },
		{ "ports", "['[::1]:1:2']",
		  "[" PORT("\"host_ip\":\"::1\",\"target\":2,\"published\":\"1\",\"protocol\":"
			   "\"tcp\"") "]" },
		{ "ports", "['::1:1:2']",
		  "[" PORT("\"host_ip\":\"::1\",\"target\":2,\"published\":\"1\",\"protocol\":"
			   "\"tcp\"") "]" },
		{ "ports", "['90-91:80-81']",
		  "[" PORT("\"target\":80,\"published\":\"90\",\"protocol\":\"tcp\"") ","
		  PORT("\"target\":81,\"published\":\"91\",\"protocol\":\"tcp\"") "]" },
		{ "ports", "['90-95:80']",
		  "[" PORT("\"target\":80,\"published\":\"90-95\",\"protocol\":\"tcp\"") "]" },
		{ "ports", "[22:22, '22:22']",
		  "[" PORT("\"target\":22,\"published\":\"22\",\"protocol\":\"tcp\"") "]" },
		{ "ports", "[{target: 80, published: '8080', name: web, app_protocol: http}]",
		  "[{\"name\":\"web\",\"mode\":\"ingress\",\"target\":80,\"published\":\"8080\","
		  "\"protocol\":\"tcp\",\"app_protocol\":\"http\"}]" },
		{ "volumes", "[/data]",
		  "[{\"type\":\"volume\",\"target\":\"/data\",\"volume\":{}}]" },
		{ "volumes", "['v:/a//b/../c:ro,nocopy']",
		  "[{\"type\":\"volume\",\"source\":\"v\",\"target\":\"/a/c\",\"read_only\":true,"
		  "\"volume\":{\"nocopy\":true}}]" },
		{ "volumes", "['./x/..:/a', '~/y:/b:rshared', '../z:/c:z']",
		  "[{\"type\":\"bind\",\"source\":\"/dir\",\"target\":\"/a\",\"bind\":"
		  "{\"create_host_path\":true}},"
		  "{\"type\":\"bind\",\"source\":\"/home/user/y\",\"target\":\"/b\",\"bind\":"
		  "{\"propagation\":\"rshared\",\"create_host_path\":true}},"
		  "{\"type\":\"bind\",\"source\":\"/z\",\"target\":\"/c\",\"bind\":"
		  "{\"selinux\":\"z\",\"create_host_path\":true}}]" },
		{ "volumes", "[{type: tmpfs, target: /t, tmpfs: {size: 1g, mode: 0700}}]",
		  "[{\"type\":\"tmpfs\",\"target\":\"/t\",\"tmpfs\":{\"size\":\"1073741824\","
		  "\"mode\":448}}]" },
		{ "tmpfs", "/run:size=64m,mode=1770,uid=10,noexec",
		  "[\"/run:size=64m,mode=1770,uid=10,noexec\"]" },
		{ "environment", "{A: 0123, B: 1.0, C: True, D: yes, E: 1e30, KNOWN: , NOT: }",
		  "{\"A\":\"83\",\"B\":\"1\",\"C\":\"true\",\"D\":\"yes\",\"E\":\"1e+30\","
		  "\"KNOWN\":\"known value\",\"NOT\":null}" },
		{ "environment", "[KNOWN, 'A=b=c', A=2]",
		  "{\"A\":\"2\",\"KNOWN\":\"known value\"}" },
		{ "labels", "{a: , b: 1.50}", "{\"a\":\"\",\"b\":\"1.5\"}" },
		{ "command", "a 'b c' \"d\\\"e\" f\\ g ''",
		  "[\"a\",\"b c\",\"d\\\"e\",\"f g\",\"\"]" },
		{ "command", "''", "[]" },
		{ "command", "null", "none" },
		{ "entrypoint", "[]", "[]" },
		{ "healthcheck", "{test: curl x, interval: 90s, timeout: 1500ms, retries: 3}",
		  "{\"test\":[\"CMD-SHELL\",\"curl x\"],\"timeout\":\"1.5s\",\"interval\":"
		  "\"1m30s\",\"retries\":3}" },
		{ "healthcheck", "{test: [NONE]}", "{\"test\":[\"NONE\"]}" },
		{ "stop_grace_period", "1h", "\"1h0m0s\"" },
		{ "restart", "on-failure:3", "\"on-failure:3\"" },
		{ "restart", "\"no\"", "none" },
		{ "mem_limit", "1.5g", "\"1610612736\"" },
		{ "mem_limit", "512", "\"512\"" },
		{ "mem_limit", "64MiB", "\"67108864\"" },
		{ "cpus", "'0.5'", "0.5" },
		{ "cpus", "2", "2" },
		{ "pids_limit", "-1", "-1" },
		{ "depends_on", "[b, a]",
		  "{\"a\":{\"condition\":\"service_started\",\"required\":true},"
		  "\"b\":{\"condition\":\"service_started\",\"required\":true}}" },
		{ "depends_on",
		  "{a: {condition: service_completed_successfully, required: false, restart: on}}",
		  "{\"a\":{\"condition\":\"service_completed_successfully\",\"restart\":true,"
		  "\"required\":false}}" },
		{ "deploy", "{replicas: 1, resources: {limits: {cpus: '0.25', memory: 10M}}}",
		  "{\"replicas\":1,\"resources\":{\"limits\":{\"cpus\":0.25,\"memory\":"
		  "\"10485760\"}}}" },
		{ "build", "sub", "{\"context\":\"/dir/sub\",\"dockerfile\":\"Dockerfile\"}" },
		{ "build", "{args: [A=1, KNOWN, NOT], target: t}",
		  "{\"context\":\"/dir\",\"dockerfile\":\"Dockerfile\",\"args\":{\"A\":\"1\","
		  "\"KNOWN\":\"known value\"},\"target\":\"t\"}" },
		{ "extra_hosts", "['a:1.2.3.4', 'b=::1', 'c:host-gateway']",
		  "[\"a=1.2.3.4\",\"b=::1\",\"c=host-gateway\"]" },
		{ "ulimits", "{nproc: 5, nofile: {soft: 1, hard: -1}}",
		  "{\"nofile\":{\"soft\":1,\"hard\":-1},\"nproc\":5}" },
		{ "secrets", "[a, {source: b, target: c, mode: 0440, uid: '10'}]",
		  "[{\"source\":\"a\",\"target\":\"/run/secrets/a\"},{\"source\":\"b\",\"target\":"
		  "\"/run/secrets/c\",\"uid\":\"10\",\"mode\":288}]" },
		{ "configs", "[{source: a, mode: '0400'}]",
		  "[{\"source\":\"a\",\"target\":\"/a\",\"mode\":256}]" },
		{ "logging", "{driver: json-file, options: {max-size: 10m, max-file: 3}}",
		  "{\"driver\":\"json-file\",\"options\":{\"max-file\":\"3\",\"max-size\":"
		  "\"10m\"}}" },
		{ "init", "false", "false" },
		{ "pull_policy", "if_not_present", "\"missing\"" },
		{ "user", "1000", "\"1000\"" },
		{ "x-any", "{b: [1, ~], a: 1.5}", "{\"a\":1.5,\"b\":[1,null]}" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(error) struct error *err = NULL;
		CLEANUP_FREE char *got = decode(rows[i].key, rows[i].value, &err);

		ck_assert_msg(got != NULL, "%s: %s: %s", rows[i].key, rows[i].value,
			      err ? error_frame(err, error_frame_count(err) - 1) : "");
		ck_assert_str_eq(got, rows[i].want);
	}
}
END_TEST

START_TEST(errors)
{
	static const struct {
		const char *key, *value, *message;
		enum error_code code;
	} rows[] = {
		{ "ports", "['a:80']", "the host's port is not a number or range", ERR_PARSE },
		{ "ports", "['80:']", "the container's port is not a number or range", ERR_PARSE },
		{ "ports", "[':80']", "the host's port is missing", ERR_PARSE },
		{ "ports", "['1.2.3:80:80']", "no IP address", ERR_PARSE },
		{ "ports", "['80/sctp']", "the protocol is tcp or udp", ERR_PARSE },
		{ "ports", "['70000']", "not a number or range", ERR_PARSE },
		{ "ports", "['0']", "from 1 to 65535", ERR_PARSE },
		{ "ports", "['1-3:1-2']", "equally long", ERR_PARSE },
		{ "ports", "[{published: 80}]", "'target' is missing", ERR_PARSE },
		{ "ports", "80", "must be a list, not an integer", ERR_PARSE },
		{ "volumes", "['a:b:c:d']", "too many", ERR_PARSE },
		{ "volumes", "['a:b']", "must be an absolute path", ERR_PARSE },
		{ "volumes", "['a:/b:rx']", "unknown mount option 'rx'", ERR_PARSE },
		{ "volumes", "['a:/']", "cannot be mounted over", ERR_PARSE },
		{ "volumes", "['a:/b', 'c:/b/']", "/b is already mounted", ERR_PARSE },
		{ "volumes", "[{type: image, target: /a}]", "not supported", ERR_UNSUPPORTED },
		{ "volumes", "[{target: /a}]", "'type' is missing", ERR_PARSE },
		{ "volumes", "[{type: bind, target: /a}]", "needs 'source'", ERR_PARSE },
		{ "volumes", "[{type: volume, source: ./a, target: /a}]", "its type is bind",
		  ERR_PARSE },
		{ "tmpfs", "/a:sise=1m", "wrong tmpfs option 'sise=1m'", ERR_PARSE },
		{ "command", "a && b", "no shell runs this command", ERR_PARSE },
		{ "command", "\"it's\"", "a quote is never closed", ERR_PARSE },
		{ "healthcheck", "{interval: 30}", "'30' is not a duration", ERR_PARSE },
		{ "healthcheck", "{test: [a]}", "the list must begin with CMD", ERR_PARSE },
		{ "healthcheck", "{test: [CMD-SHELL, a, b]}", "takes one text", ERR_PARSE },
		{ "healthcheck", "{retrys: 1}", "unknown key 'retrys'", ERR_PARSE },
		{ "restart", "always:3", "not a restart policy", ERR_PARSE },
		{ "restart", "false", "not a restart policy", ERR_PARSE },
		{ "mem_limit", "10x", "'10x' is not a size", ERR_PARSE },
		{ "cpus", "-1", "number of processors", ERR_PARSE },
		{ "deploy", "{replicas: 2}", "2 replicas are not supported", ERR_UNSUPPORTED },
		{ "scale", "3", "not supported", ERR_UNSUPPORTED },
		{ "network_mode", "service:db", "not supported", ERR_UNSUPPORTED },
		{ "security_opt", "[seccomp=profile.json]", "not supported", ERR_UNSUPPORTED },
		{ "logging", "{driver: syslog}", "not supported", ERR_UNSUPPORTED },
		{ "logging", "{options: {max-size: lots}}", "must be a size", ERR_PARSE },
		{ "build", "https://example.org/x.git", "remote contexts", ERR_UNSUPPORTED },
		{ "devices", "[/dev/null]", "'devices' is valid compose but not supported",
		  ERR_UNSUPPORTED },
		{ "imgae", "x", "unknown key 'imgae'", ERR_PARSE },
		{ "image", "", "'image' has no value", ERR_PARSE },
		{ "image", "[a]", "must be a string, not a list", ERR_PARSE },
		{ "privileged", "maybe", "must be true or false", ERR_PARSE },
		{ "environment", "text", "must be a mapping or a list", ERR_PARSE },
		{ "environment", "{A: [1]}", "A: must be a string", ERR_PARSE },
		{ "environment", "['=x']", "has no key", ERR_PARSE },
		{ "depends_on", "{a: {condition: ready}}", "unknown condition 'ready'", ERR_PARSE },
		{ "depends_on", "[a, a]", "'a' is listed twice", ERR_PARSE },
		{ "extra_hosts", "[a]", "must be HOST=ADDRESS", ERR_PARSE },
		{ "extra_hosts", "['a:b']", "not a host and its address", ERR_PARSE },
		{ "ulimits", "{files: 1}", "unknown limit 'files'", ERR_PARSE },
		{ "ulimits", "{nofile: {soft: 1}}", "needs both", ERR_PARSE },
		{ "secrets", "[a, {source: b, target: a}]", "given twice", ERR_PARSE },
		{ "secrets", "[{source: a, mode: 0999}]", "must be a file mode", ERR_PARSE },
		{ "container_name", "'a b'", "is not a name", ERR_PARSE },
		{ "env_file", "missing.env", "No such file", ERR_NOT_FOUND },
		{ "oom_score_adj", "2000", "between -1000 and 1000", ERR_PARSE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(error) struct error *err = NULL;
		CLEANUP_FREE char *got = decode(rows[i].key, rows[i].value, &err);

		ck_assert_msg(got == NULL, "%s: %s gives %s", rows[i].key, rows[i].value, got);
		const char *message = error_frame(err, error_frame_count(err) - 1);

		ck_assert_msg(strstr(message, rows[i].message) != NULL, "%s: %s: %s", rows[i].key,
			      rows[i].value, message);
		ck_assert_int_eq(error_code(err), rows[i].code);
		ck_assert_ptr_nonnull(error_position(err));
	}
}
END_TEST

/* Also proves that the table is sorted: the search would miss what is out of place. */
START_TEST(every_key_of_a_service_is_known)
{
	static const char keys[] =
		"annotations attach blkio_config build cap_add cap_drop cgroup cgroup_parent "
		"command configs container_name cpu_count cpu_percent cpu_period cpu_quota "
		"cpu_rt_period cpu_rt_runtime cpu_shares cpus cpuset credential_spec depends_on "
		"deploy develop device_cgroup_rules devices dns dns_opt dns_search domainname "
		"entrypoint env_file environment expose extends external_links extra_hosts gpus "
		"group_add healthcheck hostname image init ipc isolation label_file labels links "
		"logging mac_address mem_limit mem_reservation mem_swappiness memswap_limit models "
		"network_mode networks oom_kill_disable oom_score_adj pid pids_limit platform ports "
		"post_start pre_start pre_stop privileged profiles provider pull_policy "
		"pull_refresh_after read_only restart runtime scale secrets security_opt shm_size "
		"stdin_open stop_grace_period stop_signal storage_opt sysctls tmpfs tty ulimits "
		"use_api_socket user userns_mode uts volumes volumes_from working_dir";
	str rest = STR(keys), key = { NULL, 0 };

	while (str_cut(&rest, ' ', &key)) {
		CLEANUP(error) struct error *err = NULL;
		CLEANUP_FREE char *name = str_dup(key);
		CLEANUP_FREE char *got = decode(name, "", &err);

		ck_assert_msg(!err || !strstr(error_frame(err, error_frame_count(err) - 1),
					      "unknown key"),
			      "%s", name);
	}
}
END_TEST

START_TEST(env_files_may_be_optional)
{
	CLEANUP(error) struct error *err = NULL;
	CLEANUP_FREE char *got = decode("env_file", "[{path: missing.env, required: false}]", &err);

	ck_assert_str_eq(got, "none");
	ck_assert_ptr_null(err);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("compose/service");
	TCase *tests = tcase_create("service");
	SRunner *runner = srunner_create(suite);

	tcase_add_test(tests, values);
	tcase_add_test(tests, errors);
	tcase_add_test(tests, every_key_of_a_service_is_known);
	tcase_add_test(tests, env_files_may_be_optional);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);

	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
