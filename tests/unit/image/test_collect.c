/* SPDX-License-Identifier: Apache-2.0 */
/* The collector removes what nothing refers to, and nothing else. */
#include "fixture.h"

#include <sys/wait.h>

#include "image/image.h"

static void write_at(int dir_fd, const char *path, const char *content)
{
	CLEANUP(error) struct error *err = NULL;

	ck_assert_msg(
		fs_write_atomic_at(dir_fd, path, str_from(content), 0600, FS_VOLATILE, &err) == 0,
		"%s", error_text(err));
}

static void add_layer(const struct store *s, const char *content, struct layer *ret_layer)
{
	CLEANUP(error) struct error *err = NULL;
	CLEANUP(layer_draft) struct layer_draft *draft = NULL;
	char hex[SHA256_HEX_SIZE];
	uint64_t size = 0;

	ck_assert_int_eq(layer_draft_new(s, &draft, &err), 0);
	write_at(draft->fs_fd, "f", content);
	ck_assert_int_eq(layer_digest(draft->fs_fd, 0, hex, &size, &err), 0);
	ck_assert_msg(layer_commit(draft, hex, size, ret_layer, &err) == 0, "%s", error_text(err));
}

/* Everything in the store is from an hour ago, made by a process that is gone. */
static void make_old(struct store *s, struct store **ret_reopened)
{
	const char *const dirs[] = {"blobs/sha256", "layers", "tmp"};
	const struct timespec now[2] = {{.tv_sec = time(NULL) - 3600},
					{.tv_sec = time(NULL) - 3600}};
	CLEANUP(error) struct error *err = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		int fd = openat(s->root_fd, dirs[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		DIR *d = fdopendir(fd);

		for (struct dirent *e; (e = readdir(d));) {
			CLEANUP_FREE char *record = x_asprintf("%s/record.json", e->d_name);

			if (e->d_name[0] == '.')
				continue;
			(void)utimensat(dirfd(d), record, now, 0);
			ck_assert_int_eq(utimensat(dirfd(d), e->d_name, now, 0), 0);
		}
		(void)closedir(d);
	}
	CLEANUP_FREE char *path = x_strdup(s->path);

	store_close(s);
	ck_assert_int_eq(store_open(path, ret_reopened, &err), 0);
}

static void collect(const struct store *s)
{
	CLEANUP(error) struct error *err = NULL;
	uint64_t freed = 0;

	ck_assert_msg(store_collect(s, &freed, &err) == 0, "%s", error_text(err));
}

static bool is_there(const struct store *s, const struct layer *layer)
{
	CLEANUP(error) struct error *err = NULL;
	struct layer found;

	return layer_find(s, layer->id, &found, &err) == 0;
}

static void commit(const struct store *s, const struct layer *layer, const char *tag,
		   char ret_manifest[SHA256_HEX_SIZE])
{
	CLEANUP(error) struct error *err = NULL;
	struct strv tags CLEANUP_STRV = STRV_INIT;
	struct image_config config = {.os = x_strdup("linux")};
	char hex[SHA256_HEX_SIZE];

	strv_add(&tags, tag);
	ck_assert_int_eq(image_commit(s, &config, layer, 1, &tags, hex, ret_manifest, &err), 0);
	image_config_fini(&config);
}

START_TEST(test_references)
{
	struct store *s = scratch_store();
	CLEANUP(error) struct error *err = NULL;
	struct layer tagged, contained, cached, loose;
	char manifest[SHA256_HEX_SIZE], blob[SHA256_HEX_SIZE];
	CLEANUP(image) struct image *img = NULL;

	add_layer(s, "tagged", &tagged);
	add_layer(s, "contained", &contained);
	add_layer(s, "cached", &cached);
	add_layer(s, "loose", &loose);
	commit(s, &tagged, "app", manifest);
	ck_assert_int_eq(blob_write(s, STR("loose"), blob, &err), 0);
	CLEANUP_FREE char *container =
		x_asprintf("{\"image\":\"%s\",\"layers\":[\"%s\"]}", manifest, contained.id);
	CLEANUP_FREE char *record = x_asprintf("{\"layer\":\"%s\"}", cached.id);

	ck_assert_int_eq(mkdirat(s->containers_fd, "c1", 0700), 0);
	ck_assert_int_eq(mkdirat(s->containers_fd, "being-made", 0700), 0);
	write_at(s->containers_fd, "c1/container.json", container);
	ck_assert_int_eq(mkdirat(s->cache_fd, "ab", 0700), 0);
	write_at(s->cache_fd, "ab/abcd", record);
	write_at(s->cache_fd, "ab/damaged", "");

	collect(s); /* all of it is new */
	ck_assert(is_there(s, &loose) && blob_exists(s, blob, NULL));

	make_old(s, &s);
	uint64_t freed = 0;

	ck_assert_int_eq(store_collect(s, &freed, &err), 0);
	ck_assert_uint_ge(freed, 8192);
	ck_assert(is_there(s, &tagged) && is_there(s, &contained) && is_there(s, &cached));
	ck_assert(!is_there(s, &loose) && !blob_exists(s, blob, NULL));
	ck_assert_int_eq(image_find(s, "app", &img, &err), 0);

	/* Untagged, the image is still the container's. */
	ck_assert_int_eq(image_untag(s, "app", &err), 0);
	make_old(s, &s);
	collect(s);
	ck_assert(is_there(s, &tagged) && blob_exists(s, manifest, NULL));
	ck_assert_int_eq(fs_remove_tree_at(s->containers_fd, "c1", &err), 0);
	make_old(s, &s);
	collect(s);
	ck_assert(!is_there(s, &tagged) && !blob_exists(s, manifest, NULL));
	ck_assert(!is_there(s, &contained) && is_there(s, &cached));
	struct stat st;
	CLEANUP_FREE char *by_diff = x_asprintf("by-diff/%s", contained.diff_id);

	ck_assert_int_eq(fstatat(s->layers_fd, by_diff, &st, 0), -1);
	store_close(s);
}
END_TEST

/* A container whose record cannot be read may use anything. */
START_TEST(test_damaged_container)
{
	struct store *s = scratch_store();
	CLEANUP(error) struct error *err = NULL;
	struct layer layer;

	add_layer(s, "x", &layer);
	ck_assert_int_eq(mkdirat(s->containers_fd, "c", 0700), 0);
	write_at(s->containers_fd, "c/container.json", "{");
	make_old(s, &s);
	ck_assert_int_eq(store_collect(s, NULL, &err), -ERR_PARSE);
	ck_assert(is_there(s, &layer));
	store_close(s);
}
END_TEST

/* What this process looked up is not kept by that alone, or rmi could not free it. */
START_TEST(test_own_finds)
{
	struct store *s = scratch_store();
	CLEANUP(error) struct error *err = NULL;
	struct layer layer;
	char manifest[SHA256_HEX_SIZE];

	add_layer(s, "x", &layer);
	commit(s, &layer, "app", manifest);
	make_old(s, &s);
	ck_assert(is_there(s, &layer));
	ck_assert_int_eq(image_untag(s, "app", &err), 0);
	collect(s);
	ck_assert(!is_there(s, &layer) && !blob_exists(s, manifest, NULL));
	store_close(s);
}
END_TEST

/* What another living process found stays; when it dies, its lease ends. */
START_TEST(test_lease_of_another_process)
{
	struct store *s = scratch_store();
	struct layer layer;
	int to_child[2], to_parent[2];
	char byte = 0;

	add_layer(s, "x", &layer);
	make_old(s, &s);
	ck_assert_int_eq(pipe2(to_child, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(to_parent, O_CLOEXEC), 0);
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		struct store *own = NULL;
		struct error *err = NULL;
		bool ok = store_open(s->path, &own, &err) == 0 && is_there(own, &layer);

		ok = ok && write(to_parent[1], "x", 1) == 1;
		(void)close(to_child[1]);
		ok = ok && read(to_child[0], &byte, 1) >= 0; /* until the parent is done */
		_exit(ok ? 0 : 1);			     /* without closing the store */
	}
	ck_assert_int_eq(read(to_parent[0], &byte, 1), 1);
	collect(s);
	ck_assert_int_eq(faccessat(s->layers_fd, layer.id, F_OK, 0), 0);
	(void)close(to_child[1]);
	int status = 0;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	make_old(s, &s);
	collect(s);
	ck_assert_int_lt(faccessat(s->layers_fd, layer.id, F_OK, 0), 0);
	store_close(s);
}
END_TEST

START_TEST(test_drafts)
{
	struct store *s = scratch_store();
	CLEANUP(error) struct error *err = NULL;
	CLEANUP(layer_draft) struct layer_draft *draft = NULL;

	ck_assert_int_eq(layer_draft_new(s, &draft, &err), 0);
	CLEANUP_FREE char *orphan = x_strdup("0123456789abcdef");

	ck_assert_int_eq(mkdirat(s->tmp_fd, orphan, 0700), 0);
	write_at(s->tmp_fd, "0123456789abcdef/lease", "");
	write_at(s->tmp_fd, "download", "");
	ck_assert_int_eq(mkdirat(s->tmp_fd, "trash-of-the-dead", 0700), 0);
	collect(s);
	/* The lease is free: its maker died, however recently. */
	ck_assert_int_lt(faccessat(s->tmp_fd, orphan, F_OK, 0), 0);
	ck_assert_int_lt(faccessat(s->tmp_fd, "trash-of-the-dead", F_OK, 0), 0);
	ck_assert_int_eq(faccessat(s->tmp_fd, draft->name, F_OK, 0), 0);
	ck_assert_int_eq(faccessat(s->tmp_fd, "download", F_OK, 0), 0);
	make_old(s, &s);
	draft->store = s;
	collect(s);
	ck_assert_int_eq(faccessat(s->tmp_fd, draft->name, F_OK, 0), 0);
	ck_assert_int_lt(faccessat(s->tmp_fd, "download", F_OK, 0), 0);
	layer_draft_free(STEAL_PTR(&draft));
	store_close(s);
}
END_TEST

/* Leases of processes that died without closing the store are removed. */
START_TEST(test_stale_leases)
{
	CLEANUP(store) struct store *s = scratch_store();

	write_at(s->locks_fd, "lease-0123456789abcdef", "");
	collect(s);
	ck_assert_int_lt(faccessat(s->locks_fd, "lease-0123456789abcdef", F_OK, 0), 0);
}
END_TEST

static Suite *collect_suite(void)
{
	Suite *s = suite_create("collect");
	TCase *t = tcase_create("collect");

	tcase_add_unchecked_fixture(t, scratch_setup, scratch_teardown);
	tcase_add_test(t, test_references);
	tcase_add_test(t, test_damaged_container);
	tcase_add_test(t, test_own_finds);
	tcase_add_test(t, test_lease_of_another_process);
	tcase_add_test(t, test_drafts);
	tcase_add_test(t, test_stale_leases);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return run_suite(collect_suite());
}
