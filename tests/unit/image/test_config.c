/* SPDX-License-Identifier: Apache-2.0 */
/* Image configs: BuildKit's bytes, round trips, hostile members. */
#include "fixture.h"

#include "image/image.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define ROOTFS "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:" HEX "\"]}"

/* As BuildKit writes it, all members in use. */
static const char full[] =
	"{\"architecture\":\"arm64\",\"author\":\"me\",\"config\":{\"User\":\"1001:1001\","
	"\"ExposedPorts\":{\"3000/tcp\":{},\"9229/udp\":{}},"
	"\"Env\":[\"PATH=/usr/"
	"bin\",\"NODE_ENV=production\"],\"Entrypoint\":[\"docker-entrypoint.sh\"],"
	"\"Cmd\":[\"node\",\"a \\u003c b \\u0026\\u0026 c \\u003e d\"],\"Volumes\":{\"/data\":{}},"
	"\"WorkingDir\":\"/app\",\"Labels\":{\"a\":\"1\",\"a.b\":\"x=y\",\"empty\":\"\"},"
	"\"StopSignal\":\"SIGINT\",\"ArgsEscaped\":true,"
	"\"Healthcheck\":{\"Test\":[\"CMD-SHELL\",\"curl -f http://localhost/\"],"
	"\"Interval\":30000000000,\"Timeout\":5000000000,\"StartPeriod\":40000000000,"
	"\"StartInterval\":1000000000,\"Retries\":3},\"OnBuild\":[\"RUN true\"],"
	"\"Shell\":[\"/bin/bash\",\"-c\"]},\"created\":\"2026-11-20T10:11:12.5Z\","
	"\"history\":[{\"created\":\"2026-11-20T10:11:12Z\","
	"\"created_by\":\"RUN /bin/sh -c printf '\\u001b[0m\\\\n' # buildkit\",\"author\":\"me\","
	"\"comment\":\"buildkit.dockerfile.v0\"},{\"created_by\":\"ENV "
	"a=b\",\"empty_layer\":true}],"
	"\"os\":\"linux\",\"os.version\":\"1\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":["
	"\"sha256:" HEX "\"]},\"variant\":\"v8\"}";

START_TEST(test_bytes_of_buildkit)
{
	CLEANUP(error) struct error *err = NULL;
	struct image_config c = {0}, copy = {0};
	struct strbuf out CLEANUP_STRBUF = STRBUF_INIT(0);

	ck_assert_msg(image_config_parse(STR(full), &c, &err) == 0, "%s", error_text(err));
	image_config_copy(&copy, &c);
	image_config_fini(&c);
	image_config_format(&copy, &out);
	image_config_fini(&copy);
	ck_assert_str_eq(strbuf_text(&out), full);
}
END_TEST

START_TEST(test_empty_members_are_left_out)
{
	static const char text[] =
		"{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{\"Cmd\":null,\"User\":"
		"\"\","
		"\"Labels\":null,\"OnBuild\":[],\"Unknown\":{\"x\":[1]}},\"history\":null," ROOTFS
		"}";
	CLEANUP(error) struct error *err = NULL;
	struct image_config c = {0};
	struct strbuf out CLEANUP_STRBUF = STRBUF_INIT(0);

	ck_assert_msg(image_config_parse(STR(text), &c, &err) == 0, "%s", error_text(err));
	ck_assert(!c.has_cmd && !c.has_entrypoint && !c.healthcheck.given);
	image_config_format(&c, &out);
	image_config_fini(&c);
	ck_assert_str_eq(strbuf_text(&out),
			 "{\"architecture\":\"amd64\",\"config\":{},\"os\":\"linux\"," ROOTFS "}");
}
END_TEST

START_TEST(test_history)
{
	struct image_config c = {0};

	for (int i = 0; i < 10; i++)
		image_config_add_history(&c, "2026-01-01T00:00:00Z", "RUN x", NULL, i % 2);
	ck_assert_uint_eq(c.history_count, 10);
	ck_assert_str_eq(c.history[9].created_by, "RUN x");
	ck_assert(c.history[9].empty_layer && !c.history[8].empty_layer);
	image_config_fini(&c);
}
END_TEST

static const struct bad_case {
	const char *json, *why;
} bad[] = {
	{"", "invalid JSON"},
	{"[]", "not a JSON object"},
	{"{}", "rootfs"},
	{"{\"rootfs\":{\"type\":\"other\",\"diff_ids\":[]}}", "rootfs"},
	{"{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":\"x\"}}", "not a list"},
	{"{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:../../etc/passwd\"]}}",
	 "not a SHA-256 digest"}, /* CVE-2024-3727 */
	{"{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"" HEX "\"]}}", "not a SHA-256 digest"},
	{"{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[1]}}", "list of strings"},
	{"{\"config\":[]," ROOTFS "}", "\"config\" is not an object"},
	{"{\"config\":{\"Env\":\"PATH=x\"}," ROOTFS "}", "\"Env\" is not a list"},
	{"{\"config\":{\"Entrypoint\":\"sh\"}," ROOTFS "}", "\"Entrypoint\" is not a list"},
	{"{\"config\":{\"User\":0}," ROOTFS "}", "\"User\" is not a string"},
	{"{\"config\":{\"Labels\":{\"a\":1}}," ROOTFS "}", "Labels"},
	{"{\"config\":{\"Labels\":{\"a=b\":\"\"}}," ROOTFS "}", "label key"},
	{"{\"config\":{\"Healthcheck\":{\"Interval\":\"30s\"}}," ROOTFS "}", "not an integer"},
	{"{\"config\":{\"Healthcheck\":{\"Interval\":-1}}," ROOTFS "}", "negative"},
	{"{\"config\":{\"Healthcheck\":{\"Retries\":4294967296}}," ROOTFS "}", "out of range"},
	{"{\"config\":{\"User\":\"a\\u0000b\"}," ROOTFS "}", "invalid JSON"},
	{"{\"os\":\"a\",\"os\":\"b\"," ROOTFS "}", "duplicate"},
	{"{\"history\":[1]," ROOTFS "}", "history"},
};

START_TEST(test_bad)
{
	CLEANUP(error) struct error *err = NULL;
	struct image_config c = {0};
	int r = image_config_parse(str_from(bad[_i].json), &c, &err);

	ck_assert_msg(r == -ERR_PARSE && strstr(error_text(err), bad[_i].why), "%s: %d %s",
		      bad[_i].json, r, error_text(err));
}
END_TEST

static void check_limit(const struct strbuf *json)
{
	CLEANUP(error) struct error *err = NULL;
	struct image_config c = {0};

	ck_assert_int_eq(image_config_parse(strbuf_str(json), &c, &err), -ERR_LIMIT);
}

START_TEST(test_cve_2023_25153_caps)
{
	struct strbuf json CLEANUP_STRBUF = STRBUF_INIT(0);

	strbuf_add_text(&json, "{\"config\":{\"Env\":[\"\"");
	for (int i = 0; i < 20000; i++)
		strbuf_add_text(&json, ",\"\"");
	strbuf_add_text(&json, "]}," ROOTFS "}");
	check_limit(&json);
	strbuf_clear(&json);
	strbuf_add_text(&json, "{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"\"");
	for (int i = 0; i < LAYERS_PER_IMAGE_MAX; i++)
		strbuf_add_text(&json, ",\"\"");
	strbuf_add_text(&json, "]}}");
	check_limit(&json);
	strbuf_clear(&json);
	strbuf_add_text(&json, "{\"author\":\"");
	for (int i = 0; i < STORE_JSON_MAX / 8; i++)
		strbuf_add_text(&json, "xxxxxxxx");
	strbuf_add_text(&json, "\"}");
	check_limit(&json);
}
END_TEST

static Suite *config_suite(void)
{
	Suite *s = suite_create("config");
	TCase *t = tcase_create("config");

	tcase_add_test(t, test_bytes_of_buildkit);
	tcase_add_test(t, test_empty_members_are_left_out);
	tcase_add_test(t, test_history);
	tcase_add_loop_test(t, test_bad, 0, (int)ARRAY_SIZE(bad));
	tcase_add_test(t, test_cve_2023_25153_caps);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return run_suite(config_suite());
}
