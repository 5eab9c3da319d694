/* SPDX-License-Identifier: Apache-2.0 */
/* Selection of sources, the three ways in which one can be missing, content hashes, the stat cache.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/xattr.h>

#include "base/process.h"
#include "context.h"

static char scratch_path[64];
static struct store *store;

/* Unchecked fixtures: they run in the parent, so that a test that dies leaves nothing behind. */
static void setup(void)
{
	struct error *err = NULL;

	(void)snprintf(scratch_path, sizeof(scratch_path), "/tmp/firkin-context-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(scratch_path));
	CLEANUP_FREE char *path = x_asprintf("%s/store", scratch_path);

	ck_assert_int_eq(store_open(path, &store, &err), 0);
}

static void teardown(void)
{
	CLEANUP(error) struct error *err = NULL;

	store_close(store);
	(void)fs_remove_tree_at(AT_FDCWD, scratch_path, &err);
}

static void shell(const char *script)
{
	CLEANUP(error) struct error *err = NULL;
	struct strv argv CLEANUP_STRV = STRV_INIT;

	strv_add(&argv, "/bin/sh");
	strv_add(&argv, "-ec");
	strv_addf(&argv, "cd %s && %s", scratch_path, script);
	ck_assert_msg(process_run(&argv, -1, &err) == 0, "%s", script);
}

static const char *error_text(const struct error *err)
{
	static char text[2048];
	struct strbuf b CLEANUP_STRBUF = STRBUF_INIT(sizeof(text) - 1);

	if (err)
		error_format(err, &b);
	(void)snprintf(text, sizeof(text), "%s", strbuf_text(&b));
	return text;
}

#define TREE                                                                                       \
	"rm -rf c && mkdir -p c/src/deep c/docs c/empty && cd c && echo a > package.json && "      \
	"echo b > package-lock.json && echo c > src/index.js && echo d > src/deep/x.js && "        \
	"echo e > docs/guide.md && echo f > 'a[1].txt' && ln -s src code && ln -s ../.. up && "    \
	"ln -s nowhere dangling && ln -s /src/index.js abs && mkfifo pipe && cd .. && "

static struct context *open_tree(const char *more)
{
	struct error *err = NULL;
	struct context *ctx = NULL;
	CLEANUP_FREE char *script = x_asprintf("%s%s", TREE, more);
	CLEANUP_FREE char *dir = x_asprintf("%s/c", scratch_path);

	shell(script);
	ck_assert_msg(context_open(store, dir, NULL, &ctx, &err) == 0, "%s", error_text(err));
	return ctx;
}

struct select_case {
	const char *ignore, *sources; /* words separated by blanks */
	const char *expected; /* "path/" for directories; or a part of the error after '!' */
};

static const struct select_case select_cases[] = {
	{"", "package.json", "package.json "},
	{"", "/package.json ./src/ ../src", "package.json src/ src/ "},
	{"", ".", "./ "},
	{"", "/", "./ "},
	{"", "package*.json", "package-lock.json package.json "},
	{"", "pack?ge.json", "package.json "},
	{"", "s*/*.js", "src/index.js "},
	{"", "*/*/x.js", "src/deep/x.js "},
	{"", "src/[a-k]*.js", "src/index.js "},
	{"", "a[[]1].txt", "a[1].txt "},
	{"", "*.none", ""},
	{"", "nowhere*/x", ""},
	{"", "code", "code/ "},
	{"", "code/index.js", "code/index.js "},
	{"", "abs", "abs "},
	{"", "up/c/src", "!'up/c/src' is not in the build context"},
	{"", "dangl*", ""},
	{"", "dangling", "!is not in the build context"},
	{"", "pakage.json", "!did you mean 'package.json'?"},
	{"", "src/indx.js", "!did you mean 'src/index.js'?"},
	{"", "scr/index.js", "!did you mean 'src'?"},
	{"", "../package.json", "package.json "},
	{"", "../secret", "!'../secret' is outside the build context"},
	{"", "/etc/passwd", "!'/etc/passwd' is outside the build context"},
	{"", "[", "!malformed pattern"},
	{"docs\\n*.json\\n", "docs", "!'docs' is ignored by .dockerignore:1"},
	{"docs\\n*.json\\n", "package.json", "!'package.json' is ignored by .dockerignore:2"},
	{"docs\\n*.json\\n", "p*", "pipe "},
	{"docs\\n!docs/guide.md\\n", "docs", "docs/ "},
	{"*\\n!src\\n", ".", "./ "},
	{"*\\n!docs/none\\n", "docs", "!ignored"},
	{"src\\n", "code", "!ignored"},
	{"code\\n", "src", "src/ "},
};

START_TEST(select_paths_of_context)
{
	const struct select_case *c = &select_cases[_i];
	CLEANUP(error) struct error *err = NULL;
	struct strv sources CLEANUP_STRV = STRV_INIT;
	struct strbuf got CLEANUP_STRBUF = STRBUF_INIT(0);
	struct selection sel;
	str rest = str_from(c->sources), word;
	CLEANUP_FREE char *ignore = x_asprintf("printf '%s' > c/.dockerignore", c->ignore);
	CLEANUP(context) struct context *ctx = open_tree(*c->ignore ? ignore : "true");

	while (str_cut(&rest, ' ', &word))
		strv_add_str(&sources, word);
	int r = select_paths(context_fd(ctx), context_ignore(ctx), &sources, &sel, &err);

	for (size_t i = 0; r == 0 && i < sel.count; i++)
		strbuf_addf(&got, "%s%s ", sel.entries[i].path, sel.entries[i].is_dir ? "/" : "");
	selection_fini(&sel);
	if (c->expected[0] == '!') {
		ck_assert_int_lt(r, 0);
		ck_assert_msg(strstr(error_text(err), c->expected + 1), "%s: %s", c->sources,
			      error_text(err));
	} else {
		ck_assert_msg(r == 0, "%s", error_text(err));
		ck_assert_str_eq(strbuf_text(&got), c->expected);
	}
}
END_TEST

START_TEST(image_has_its_own_words)
{
	CLEANUP(error) struct error *err = NULL;
	struct strv sources CLEANUP_STRV = STRV_INIT;
	struct selection sel;
	CLEANUP(context) struct context *ctx = open_tree("true");

	strv_add(&sources, "/etc/passwd");
	ck_assert_int_eq(select_paths_in_image(context_fd(ctx), &sources, &sel, &err),
			 -ERR_NOT_FOUND);
	selection_fini(&sel);
	ck_assert_ptr_nonnull(strstr(error_text(err), "stage or image"));
}
END_TEST

START_TEST(ignore_file_of_dockerfile_wins)
{
	CLEANUP(error) struct error *err = NULL;
	CLEANUP_FREE char *dir = x_asprintf("%s/c", scratch_path);
	CLEANUP_FREE char *file = x_asprintf("%s/d/My.file", scratch_path);
	struct context *ctx = NULL;

	shell(TREE "mkdir -p d; echo docs > d/My.file.dockerignore; echo src > c/.dockerignore");
	ck_assert_int_eq(context_open(store, dir, file, &ctx, &err), 0);
	ck_assert(ignore_match(context_ignore(ctx), STR("docs/guide.md"), NULL));
	ck_assert(!ignore_match(context_ignore(ctx), STR("src/index.js"), NULL));
	context_close(ctx);
	shell("rm -r d");
	ck_assert_int_eq(context_open(store, dir, file, &ctx, &err), 0);
	ck_assert(ignore_match(context_ignore(ctx), STR("src/index.js"), NULL));
	context_close(ctx);
	shell("rm c/.dockerignore; mkfifo c/.dockerignore");
	ck_assert_int_eq(context_open(store, dir, NULL, &ctx, &err), -ERR_IO);
	context_close(NULL);
}
END_TEST

static void hash_in(struct context *ctx, const char *path, bool owners, char hex[SHA256_HEX_SIZE])
{
	struct error *err = NULL;
	struct strv sources CLEANUP_STRV = STRV_INIT;
	struct selection sel;
	int fd = context_fd(ctx);

	strv_add(&sources, path);
	int r = select_paths(fd, context_ignore(ctx), &sources, &sel, &err);

	if (r == 0)
		r = content_hash(owners ? NULL : ctx, fd, context_ignore(ctx), &sel, 0, hex, &err);
	ck_assert_msg(r == 0, "%s", error_text(err));
	selection_fini(&sel);
}

/* Hash with a context opened anew, as another build would. */
static void hash_anew(const char *path, bool owners, char hex[SHA256_HEX_SIZE])
{
	struct error *err = NULL;
	CLEANUP(context) struct context *ctx = NULL;
	CLEANUP_FREE char *dir = x_asprintf("%s/c", scratch_path);

	ck_assert_msg(context_open(store, dir, NULL, &ctx, &err) == 0, "%s", error_text(err));
	hash_in(ctx, path, owners, hex);
}

struct change_case {
	const char *path, *change; /* a script; "@file" gets an attribute */
	bool context_differs, owners_differ;
};

static const struct change_case change_cases[] = {
	{".", "true", false, false},
	{".", "touch -d 2001-01-01 c/package.json c/src c", false, false},
	{".", "echo A > c/package.json", true, true},
	{".", "printf 'a\\n' > c/package.json", false, false},
	{".", "chmod 755 c/package.json", true, true},
	{".", "chmod 700 c/src", true, true},
	{".", "chown 1000 c/src/index.js", false, true},
	{".", "mv c/src/deep/x.js c/src/x.js", true, true},
	{".", "mkdir c/new", true, true},
	{".", "ln -sfn docs c/code", true, true},
	{".", "@c/src/index.js", true, true},
	{".", "@c/docs", true, true},
	{".", "rm c/pipe && echo > c/pipe", true, true},
	{"src", "echo A > c/package.json", false, false},
	{"src", "rm -r c/src/deep", true, true},
	{"code", "echo A > c/src/index.js", true, true},
	{"package.json", "echo A > c/package.json", true, true},
	{"package.json", "echo A > c/package-lock.json", false, false},
	{"abs", "echo A > c/src/index.js", true, true},
	{"pipe", "chmod 600 c/pipe", true, true},
};

static void set_attribute(const char *file)
{
	CLEANUP_FREE char *path = x_asprintf("%s/%s", scratch_path, file);

	ck_assert_int_eq(setxattr(path, "user.k", "1", 1, 0), 0);
}

START_TEST(content_hash_sees_changes)
{
	const struct change_case *c = &change_cases[_i];
	char before[SHA256_HEX_SIZE], after[SHA256_HEX_SIZE];
	char owners_before[SHA256_HEX_SIZE], owners_after[SHA256_HEX_SIZE];

	context_close(open_tree("true"));
	hash_anew(c->path, false, before);
	hash_anew(c->path, true, owners_before);
	if (c->change[0] == '@')
		set_attribute(c->change + 1);
	else
		shell(c->change);
	hash_anew(c->path, false, after);
	hash_anew(c->path, true, owners_after);
	ck_assert_int_eq(strcmp(before, after) != 0, c->context_differs);
	ck_assert_int_eq(strcmp(owners_before, owners_after) != 0, c->owners_differ);
}
END_TEST

START_TEST(ignored_files_do_not_count)
{
	char before[SHA256_HEX_SIZE], after[SHA256_HEX_SIZE];

	context_close(
		open_tree("printf 'docs\\nempty\\nsrc\\n!src/deep/x.js\\n' > c/.dockerignore"));
	hash_anew(".", false, before);
	shell("echo z > c/docs/z; echo z > c/src/z; echo z > c/empty/z; chmod 755 c/src/index.js");
	hash_anew(".", false, after);
	ck_assert_str_eq(before, after);
	shell("echo z > c/src/deep/x.js");
	hash_anew(".", false, after);
	ck_assert_str_ne(before, after);
}
END_TEST

/* A name must not be able to play the part of another file's content. */
START_TEST(names_are_framed)
{
	char first[SHA256_HEX_SIZE], second[SHA256_HEX_SIZE];

	shell("rm -rf c; mkdir -p c/a; : > \"$(printf 'c/a/x\\nf')\"");
	hash_anew(".", false, first);
	shell("rm -rf c; mkdir -p c/a; : > c/a/x; : > c/f");
	hash_anew(".", false, second);
	ck_assert_str_ne(first, second);
}
END_TEST

static size_t count_cache_files(void)
{
	CLEANUP(error) struct error *err = NULL;
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);

	shell("ls store/stat 2>/dev/null | wc -l > count || true");
	CLEANUP_FREE char *path = x_asprintf("%s/count", scratch_path);

	ck_assert_int_eq(fs_read_at(AT_FDCWD, path, 100, &text, &err), 0);
	return (size_t)strbuf_text(&text)[0] - '0';
}

START_TEST(stat_cache_trusts_only_old_files)
{
	char first[SHA256_HEX_SIZE], second[SHA256_HEX_SIZE];

	shell("rm -rf c store/stat; mkdir c; echo a > c/f");
	hash_anew(".", false, first);
	ck_assert_uint_eq(count_cache_files(), 0); /* too young to be remembered */
	/* Same size, same second: only reading can tell. */
	shell("echo b > c/f");
	hash_anew(".", false, second);
	ck_assert_str_ne(first, second);
}
END_TEST

/* The change time of a file cannot be set, so one of the machine serves as the old file. */
#define OLD_DIR "/usr/bin"
#define OLD_FILE "env"

static void hash_old_file(char hex[SHA256_HEX_SIZE])
{
	struct error *err = NULL;
	CLEANUP(context) struct context *ctx = NULL;

	ck_assert_msg(context_open(store, OLD_DIR, NULL, &ctx, &err) == 0, "%s", error_text(err));
	hash_in(ctx, OLD_FILE, false, hex);
}

/* A cache that was cut or spoilt is as good as none. */
START_TEST(stat_cache_survives_damage)
{
	static const char *const damages[] = {
		"true",
		"for f in store/stat/*; do : > $f; done",
		"for f in store/stat/*; do printf abc > $f; done",
		"for f in store/stat/*; do truncate -s -1 $f; done",
		"for f in store/stat/*; do head -c 4096 /dev/urandom > $f; done",
	};
	char expected[SHA256_HEX_SIZE], got[SHA256_HEX_SIZE];

	shell("rm -rf store/stat");
	hash_old_file(expected);
	ck_assert_uint_eq(count_cache_files(), 1);
	shell(damages[_i]);
	hash_old_file(got);
	ck_assert_str_eq(expected, got);
}
END_TEST

/* The remembered digest is taken without reading: a wrong one changes the hash. */
START_TEST(stat_cache_is_used)
{
	char expected[SHA256_HEX_SIZE], got[SHA256_HEX_SIZE], name[SHA256_HEX_SIZE];
	CLEANUP(error) struct error *err = NULL;
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);

	shell("rm -rf store/stat");
	hash_old_file(expected);
	sha256_hex(STR(OLD_DIR), name);
	CLEANUP_FREE char *path = x_asprintf("stat/%s", name);

	ck_assert_int_eq(fs_read_at(store->root_fd, path, 1 << 20, &text, &err), 0);
	for (size_t at = 32; at + 80 <= text.len;
	     at += 80) /* header, slots; the digest ends a slot */
		text.ptr[at + 79] ^= 1;
	ck_assert_int_eq(fs_write_atomic_at(store->root_fd, path, strbuf_str(&text), 0600,
					    FS_VOLATILE, &err),
			 0);
	hash_old_file(got);
	ck_assert_str_ne(expected, got);
}
END_TEST

START_TEST(too_deep_is_refused)
{
	CLEANUP(error) struct error *err = NULL;
	CLEANUP_FREE char *dir = x_asprintf("%s/c", scratch_path);
	CLEANUP(context) struct context *ctx = NULL;
	struct strv sources CLEANUP_STRV = STRV_INIT;
	struct selection sel;
	char hex[SHA256_HEX_SIZE];

	shell("rm -rf c; mkdir c; cd c; for i in $(seq 300); do mkdir d; cd d; done");
	ck_assert_int_eq(context_open(store, dir, NULL, &ctx, &err), 0);
	strv_add(&sources, ".");
	ck_assert_int_eq(select_paths(context_fd(ctx), NULL, &sources, &sel, &err), 0);
	ck_assert_int_eq(content_hash(ctx, context_fd(ctx), NULL, &sel, 0, hex, &err), -ERR_LIMIT);
	selection_fini(&sel);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("context");
	TCase *tc = tcase_create("context");

	tcase_add_unchecked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 30);
	tcase_add_loop_test(tc, select_paths_of_context, 0, ARRAY_SIZE(select_cases));
	tcase_add_test(tc, image_has_its_own_words);
	tcase_add_test(tc, ignore_file_of_dockerfile_wins);
	tcase_add_loop_test(tc, content_hash_sees_changes, 0, ARRAY_SIZE(change_cases));
	tcase_add_test(tc, ignored_files_do_not_count);
	tcase_add_test(tc, names_are_framed);
	tcase_add_test(tc, stat_cache_trusts_only_old_files);
	tcase_add_loop_test(tc, stat_cache_survives_damage, 0, 5);
	tcase_add_test(tc, stat_cache_is_used);
	tcase_add_test(tc, too_deep_is_refused);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);

	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);

	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
