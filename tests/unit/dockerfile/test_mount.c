/* SPDX-License-Identifier: Apache-2.0 */
/* The options of RUN --mount. */
#include "dump.h"

#include "dockerfile/mount.h"

static const char *const type_names[] = {"bind", "cache", "tmpfs", "secret", "ssh"};
static const char *const sharing_names[] = {"shared", "private", "locked"};

static void add_text(struct strbuf *out, const char *name, str value)
{
	if (value.len)
		strbuf_addf(out, " %s=%.*s", name, STR_ARG(value));
}

static void dump_mount(const struct run_mount *m, struct strbuf *out)
{
	strbuf_addf(out, "%s %s", type_names[m->type], m->readonly ? "ro" : "rw");
	add_text(out, "source", m->source);
	add_text(out, "target", m->target);
	add_text(out, "from", m->from);
	add_text(out, "id", m->id);
	add_text(out, "env", m->env);
	if (m->sharing != SHARING_SHARED)
		strbuf_addf(out, " %s", sharing_names[m->sharing]);
	if (m->required)
		strbuf_add_text(out, " required");
	if (m->has_mode)
		strbuf_addf(out, " mode=%o", m->mode);
	if (m->has_uid)
		strbuf_addf(out, " uid=%u", m->uid);
	if (m->has_gid)
		strbuf_addf(out, " gid=%u", m->gid);
	if (m->size_bytes)
		strbuf_addf(out, " size=%llu", (unsigned long long)m->size_bytes);
}

static const struct parse_row rows[] = {
	/* types and what they begin with */
	{"target=/a", "bind ro target=/a"},
	{"type=bind,target=/a", "bind ro target=/a"},
	{"type=bind,target=a", "bind ro target=a"},
	{"type=cache,target=/a", "cache rw target=/a"},
	{"type=tmpfs,target=/a", "tmpfs rw target=/a"},
	{"type=secret,id=a", "secret ro id=a"},
	{"type=ssh", "ssh ro"},
	{"TYPE=CACHE,Target=/a", "cache rw target=/a"},
	{"target=/a,type=cache", "cache rw target=/a"},
	/* other names of options */
	{"src=b,dst=/a", "bind ro source=b target=/a"},
	{"source=b,destination=/a", "bind ro source=b target=/a"},
	{"target=/a,from=build,source=/x/y", "bind ro source=/x/y target=/a from=build"},
	{"target=/a,target=/b", "bind ro target=/b"},
	/* read only or not */
	{"target=/a,rw", "bind rw target=/a"},
	{"target=/a,readwrite", "bind rw target=/a"},
	{"target=/a,rw=true", "bind rw target=/a"},
	{"target=/a,rw=false", "bind ro target=/a"},
	{"target=/a,ro", "bind ro target=/a"},
	{"target=/a,ro=0", "bind rw target=/a"},
	{"type=cache,target=/a,readonly", "cache ro target=/a"},
	{"type=cache,target=/a,ro=T", "cache ro target=/a"},
	{"type=tmpfs,target=/a,ro", "tmpfs ro target=/a"},
	/* cache */
	{"type=cache,target=/a,id=b,sharing=locked", "cache rw target=/a id=b locked"},
	{"type=cache,target=/a,sharing=PRIVATE", "cache rw target=/a private"},
	{"type=cache,target=/a,sharing=shared", "cache rw target=/a"},
	{"type=cache,target=/a,mode=0755,uid=1000,gid=0",
	 "cache rw target=/a mode=755 uid=1000 gid=0"},
	{"type=cache,target=/a,mode=7777", "cache rw target=/a mode=7777"},
	{"type=cache,target=/a,uid=4294967294", "cache rw target=/a uid=4294967294"},
	{"type=cache,target=/a,from=b,source=c", "cache rw source=c target=/a from=b"},
	/* tmpfs */
	{"type=tmpfs,target=/a,size=1024", "tmpfs rw target=/a size=1024"},
	{"type=tmpfs,target=/a,size=64m", "tmpfs rw target=/a size=67108864"},
	{"type=tmpfs,target=/a,size=64M", "tmpfs rw target=/a size=67108864"},
	{"type=tmpfs,target=/a,size=1GiB", "tmpfs rw target=/a size=1073741824"},
	{"type=tmpfs,target=/a,size=2kb", "tmpfs rw target=/a size=2048"},
	{"type=tmpfs,target=/a,size=1.5k", "tmpfs rw target=/a size=1536"},
	{"type=tmpfs,target=/a,size=3 b", "tmpfs rw target=/a size=3"},
	/* secret, ssh */
	{"type=secret,target=/x/y", "secret ro target=/x/y id=y"},
	{"type=secret,target=y/", "secret ro target=y/ id=y"},
	{"type=secret,source=a", "secret ro source=a id=a"},
	{"type=secret,id=a,target=/b,required,mode=0400,uid=1,gid=2",
	 "secret ro target=/b id=a required mode=400 uid=1 gid=2"},
	{"type=secret,id=a,required=false", "secret ro id=a"},
	{"type=secret,id=a,env=TOKEN", "secret ro id=a env=TOKEN"},
	{"required,type=secret,id=a", "secret ro id=a required"},
	{"type=ssh,id=a,required=true,target=/s,mode=0600",
	 "ssh ro target=/s id=a required mode=600"},
	/* quoting */
	{"\"target=/a,b\"", "bind ro target=/a,b"},
	{"type=bind,\"target=/a\"\"b\",rw", "bind rw target=/a\"b"},
	{"target=/a=b", "bind ro target=/a=b"},
	/* errors */
	{"", "a mount needs options: type=cache,target=/path"},
	{"type=bind", "type=bind needs a target"},
	{"type=cache,target=", "type=cache needs a target"},
	{"type=tmpfs", "type=tmpfs needs a target"},
	{"type=secret", "type=secret needs an id or a target"},
	{"type=secret,id=", "type=secret needs an id or a target"},
	{"target=/", "target cannot be the root '/'"},
	{"target=//", "target cannot be the root '//'"},
	{"target=/a/..", "target cannot be the root '/a/..'"},
	{"type=secret,id=a,target=/", "target cannot be the root '/'"},
	{"type=volume,target=/a", "type takes bind, cache, tmpfs, secret or ssh, not 'volume'"},
	{"type=tmpf,target=/a",
	 "type takes bind, cache, tmpfs, secret or ssh, not 'tmpf'; did you mean type=tmpfs?"},
	{"type,target=/a", "type needs a value: type=..."},
	{"target", "target needs a value: target=..."},
	{"targte=/a", "there is no option 'targte'; did you mean target?"},
	{"target=/a,", "there is no option ''"},
	{"target=/a,frobnicate=1", "there is no option 'frobnicate'"},
	{"target=/a,ro=yes", "ro takes true or false, not 'yes'"},
	{"target=/a,rw=", "rw takes true or false, not ''"},
	{"target=/a,sharing=locked", "sharing does not go with type=bind"},
	{"type=cache,target=/a,sharing=lock",
	 "sharing takes shared, private or locked, not 'lock'; did you mean sharing=locked?"},
	{"target=/a,mode=0755", "mode does not go with type=bind"},
	{"type=tmpfs,target=/a,uid=1", "uid does not go with type=tmpfs"},
	{"target=/a,gid=1", "gid does not go with type=bind"},
	{"type=cache,target=/a,size=1", "size does not go with type=cache"},
	{"type=cache,target=/a,required", "required does not go with type=cache"},
	{"type=ssh,env=A", "env does not go with type=ssh"},
	{"type=secret,id=a,from=b", "from does not go with type=secret"},
	{"type=secret,id=a,source=b", "source and id of a secret mean the same"},
	{"type=cache,target=/a,mode=0800", "mode takes an octal mode, not '0800'"},
	{"type=cache,target=/a,mode=10000", "mode takes an octal mode, not '10000'"},
	{"type=cache,target=/a,mode=u+x", "mode takes an octal mode, not 'u+x'"},
	{"type=cache,target=/a,uid=root", "uid takes a number, not 'root'"},
	{"type=cache,target=/a,gid=-1", "gid takes a number, not '-1'"},
	{"type=cache,target=/a,uid=4294967295", "uid takes a number, not '4294967295'"},
	{"type=tmpfs,target=/a,size=big", "size takes a size such as 64m, not 'big'"},
	{"type=tmpfs,target=/a,size=1x", "size takes a size such as 64m, not '1x'"},
	{"type=tmpfs,target=/a,size=-1", "size takes a size such as 64m, not '-1'"},
	{"type=tmpfs,target=/a,size=9999999p", "size takes a size such as 64m, not '9999999p'"},
	{"target=/a,from=$b",
	 "from does not take variables; name a stage: FROM ...$VARIABLE AS name, then from=name"},
	{"target=\"/a\"", "'target=\"/a\"': quote the whole of key=value, or nothing"},
	{"\"target=/a", "a quote is not closed"},
	{"\"", "a quote is not closed"},
	{"\"target=/a\"b", "text behind a closing quote"},
};

START_TEST(test_parse)
{
	CLEANUP(arena) struct arena *a = arena_new();
	CLEANUP(error) struct error *err = NULL;
	CLEANUP_STRBUF struct strbuf out = STRBUF_INIT(0);
	struct run_mount mount;

	if (run_mount_parse(a, str_from(rows[_i].text), &mount, &err) < 0)
		dump_error(err, &out);
	else
		dump_mount(&mount, &out);
	ck_assert_str_eq(strbuf_text(&out), rows[_i].expected);
}
END_TEST

static bool get(void *ctx, str name, str *ret_value)
{
	(void)ctx;
	if (str_is(name, "dir"))
		*ret_value = STR("/a,rw,from=evil");
	else if (str_is(name, "type"))
		*ret_value = STR("cache");
	else if (str_is(name, "uid"))
		*ret_value = STR("7");
	else
		return false;
	return true;
}

static const struct parse_row expanded[] = {
	{"target=$dir", "bind ro target=/a,rw,from=evil"},
	{"type=$type,target=/x,uid=${uid},gid=${gid:-8}", "cache rw target=/x uid=7 gid=8"},
	{"type=cache,target=/x,id=\\$type", "cache rw target=/x id=$type"},
	{"target=/x,from=${stage}",
	 "from does not take variables; name a stage: FROM ...$VARIABLE AS name, then from=name"},
	{"target=$none", "type=bind needs a target"},
	{"target=${none:?set it}", "expand '${none:?set it}': none: set it"},
};

START_TEST(test_expand)
{
	CLEANUP(arena) struct arena *a = arena_new();
	CLEANUP(error) struct error *err = NULL;
	CLEANUP_STRBUF struct strbuf out = STRBUF_INIT(0);
	const struct expand_env env = {.get = get, .escape = '\\'};
	struct run_mount mount;

	if (run_mount_expand(a, str_from(expanded[_i].text), &env, &mount, &err) < 0)
		dump_error(err, &out);
	else
		dump_mount(&mount, &out);
	ck_assert_str_eq(strbuf_text(&out), expanded[_i].expected);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("mount");
	TCase *tests = tcase_create("mount");

	tcase_add_loop_test(tests, test_parse, 0, (int)ARRAY_SIZE(rows));
	tcase_add_loop_test(tests, test_expand, 0, (int)ARRAY_SIZE(expanded));
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
