/* SPDX-License-Identifier: Apache-2.0 */
/* The store: blobs, layers, tags, images, and what is left of them after a power cut. */
#include "fixture.h"

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
	ck_assert_int_eq(mkdirat(draft->dir_fd, "work", 0700), 0);
	ck_assert_int_eq(layer_digest(draft->fs_fd, 0, hex, &size, &err), 0);
	ck_assert_msg(layer_commit(draft, hex, size, ret_layer, &err) == 0, "%s", error_text(err));
}

static void add_image(const struct store *s, const char *content, const char *tag,
		      char ret_config[SHA256_HEX_SIZE], char ret_manifest[SHA256_HEX_SIZE])
{
	CLEANUP(error) struct error *err = NULL;
	struct strv tags CLEANUP_STRV = STRV_INIT;
	struct image_config config = {.os = x_strdup("linux"), .author = x_strdup(content)};
	struct layer layer;

	add_layer(s, content, &layer);
	if (tag)
		strv_add(&tags, tag);
	ck_assert_msg(image_commit(s, &config, &layer, 1, &tags, ret_config, ret_manifest, &err) ==
			      0,
		      "%s", error_text(err));
	image_config_fini(&config);
}

START_TEST(test_open)
{
	struct store *s = scratch_store();
	CLEANUP(error) struct error *err = NULL;
	struct store *again = NULL;
	struct stat st;

	for (const char *const *d = (const char *const[]){"blobs/sha256", "layers", "tmp", NULL};
	     *d; d++) {
		ck_assert_int_eq(fstatat(s->root_fd, *d, &st, 0), 0);
		ck_assert_uint_eq(st.st_mode & 07777, 0700); /* CVE-2021-41091 */
	}
	ck_assert_int_eq(store_open(s->path, &again, &err), 0);
	ck_assert_str_eq(again->layers_path, s->layers_path);
	store_close(again);
	write_at(s->root_fd, "version", "2\n");
	ck_assert_int_eq(store_open(s->path, &again, &err), -ERR_UNSUPPORTED);
	store_close(s);
}
END_TEST

START_TEST(test_blob)
{
	CLEANUP(store) struct store *s = scratch_store();
	CLEANUP(error) struct error *err = NULL;
	struct strbuf out CLEANUP_STRBUF = STRBUF_INIT(0);
	char hex[SHA256_HEX_SIZE];
	uint64_t size = 0;

	ck_assert_int_eq(blob_write(s, STR("hello"), hex, &err), 0);
	ck_assert_int_eq(blob_write(s, STR("hello"), hex, &err), 0);
	ck_assert(blob_exists(s, hex, &size));
	ck_assert_uint_eq(size, 5);
	ck_assert_int_eq(blob_read(s, hex, 5, &out, &err), 0);
	ck_assert_str_eq(strbuf_text(&out), "hello");
	ck_assert_int_eq(blob_read(s, hex, 4, &out, &err), -ERR_LIMIT);
	hex[0] = hex[0] == '0' ? '1' : '0';
	ck_assert_int_eq(blob_read(s, hex, 5, &out, &err), -ERR_NOT_FOUND);
	ck_assert(!blob_exists(s, hex, NULL));
}
END_TEST

START_TEST(test_cve_2024_3727_digest_grammar)
{
	CLEANUP(store) struct store *s = scratch_store();
	struct strbuf out CLEANUP_STRBUF = STRBUF_INIT(0);
	static const char *const bad[] = {
		"",
		".",
		"..",
		"../../version",
		"../../images/x",
		"0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef",
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde/",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		CLEANUP(error) struct error *err = NULL, *err2 = NULL;
		struct layer layer;

		ck_assert_int_eq(blob_read(s, bad[i], 100, &out, &err), -ERR_PARSE);
		ck_assert(!blob_exists(s, bad[i], NULL));
		ck_assert_int_eq(layer_find_by_diff(s, bad[i], &layer, &err2), -ERR_NOT_FOUND);
	}
}
END_TEST

/* The name survives a power cut, the content does not; writing again must repair it. */
START_TEST(test_empty_blob_is_replaced)
{
	CLEANUP(store) struct store *s = scratch_store();
	CLEANUP(error) struct error *err = NULL;
	struct strbuf out CLEANUP_STRBUF = STRBUF_INIT(0);
	char hex[SHA256_HEX_SIZE];

	sha256_hex(STR("hello"), hex);
	write_at(s->blobs_fd, hex, "");
	ck_assert_int_eq(blob_read(s, hex, 100, &out, &err), -ERR_DIGEST);
	ck_assert_int_eq(blob_write(s, STR("hello"), hex, &err), 0);
	ck_assert_int_eq(blob_read(s, hex, 100, &out, &err), 0);
}
END_TEST

START_TEST(test_layer)
{
	CLEANUP(store) struct store *s = scratch_store();
	CLEANUP(error) struct error *err = NULL;
	struct layer layer, found, twin;
	char lower[LAYER_ID_SIZE + 4];

	add_layer(s, "x", &layer);
	ck_assert_uint_eq(layer.file_count, 1);
	ck_assert_int_eq(layer_find(s, layer.id, &found, &err), 0);
	ck_assert_str_eq(found.diff_id, layer.diff_id);
	ck_assert_uint_eq(found.tar_size, layer.tar_size);
	ck_assert_int_eq(layer_find_by_diff(s, layer.diff_id, &found, &err), 0);
	ck_assert_str_eq(found.id, layer.id);
	layer_lower(&layer, lower);
	CLEANUP_FREE char *work = x_asprintf("%s/work", layer.id);
	struct stat st;

	ck_assert_int_eq(fstatat(s->layers_fd, lower, &st, 0), 0);
	ck_assert_int_eq(fstatat(s->layers_fd, work, &st, 0), -1);
	add_layer(s, "x", &twin); /* the same content again: no second copy */
	ck_assert_str_eq(twin.id, layer.id);
	ck_assert_int_eq(layer_find(s, "../../../etc", &found, &err), -ERR_NOT_FOUND);
}
END_TEST

START_TEST(test_layer_with_later_digest)
{
	CLEANUP(store) struct store *s = scratch_store();
	CLEANUP(error) struct error *err = NULL;
	CLEANUP(layer_draft) struct layer_draft *draft = NULL;
	char hex[SHA256_HEX_SIZE];
	uint64_t size = 0;
	struct layer layer, found;

	ck_assert_int_eq(layer_draft_new(s, &draft, &err), 0);
	write_at(draft->fs_fd, "f", "later");
	ck_assert_int_eq(layer_commit(draft, NULL, 0, &layer, &err), 0);
	ck_assert_int_eq(layer_find(s, layer.id, &found, &err), 0);
	ck_assert_str_eq(found.diff_id, "");
	ck_assert_int_eq(layer_digest(draft->fs_fd, 0, hex, &size, &err), 0);
	ck_assert_int_eq(layer_set_diff_id(s, &layer, hex, size, &err), 0);
	ck_assert_int_eq(layer_find_by_diff(s, hex, &found, &err), 0);
	ck_assert_str_eq(found.id, layer.id);
	ck_assert_uint_eq(found.file_count, 1);
}
END_TEST

START_TEST(test_draft_that_is_given_up)
{
	CLEANUP(store) struct store *s = scratch_store();
	CLEANUP(error) struct error *err = NULL;
	struct layer_draft *draft = NULL;
	struct stat st;

	ck_assert_int_eq(layer_draft_new(s, &draft, &err), 0);
	CLEANUP_FREE char *path = x_strdup(draft->path);

	ck_assert_int_eq(fstat(draft->fs_fd, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0755);
	ck_assert_int_eq(fstatat(AT_FDCWD, path, &st, 0), 0);
	layer_draft_free(draft);
	ck_assert_int_eq(fstatat(AT_FDCWD, path, &st, 0), -1);
}
END_TEST

/* As if the machine had stopped since: the record's boot is another one. */
static void age_boot(const struct store *s, const struct layer *layer)
{
	CLEANUP_FREE char *path = x_asprintf("%s/record.json", layer->id);
	CLEANUP_FREE char *text =
		x_asprintf("{\"diffId\":\"%s\",\"size\":%llu,\"boot\":\"before\"}", layer->diff_id,
			   (unsigned long long)layer->tar_size);

	write_at(s->layers_fd, path, text);
}

START_TEST(test_power_cut)
{
	CLEANUP(store) struct store *s = scratch_store();
	CLEANUP(error) struct error *err = NULL, *err2 = NULL;
	struct layer lost, kept, found;

	add_layer(s, "kept", &kept);
	ck_assert_msg(store_sync(s, &err) == 0, "%s", error_text(err));
	add_layer(s, "lost", &lost);
	age_boot(s, &kept);
	age_boot(s, &lost);
	ck_assert_int_eq(layer_find(s, kept.id, &found, &err), 0);
	ck_assert_int_eq(layer_find(s, lost.id, &found, &err), -ERR_NOT_FOUND);
	/* Too late to vouch for it. */
	ck_assert_int_eq(store_sync(s, &err2), 0);
	ck_assert_int_eq(layer_find_by_diff(s, lost.diff_id, &found, &err), -ERR_NOT_FOUND);
	/* Made again, it takes the place of the lost one. */
	add_layer(s, "lost", &found);
	ck_assert_str_ne(found.id, lost.id);
	ck_assert_int_eq(layer_find_by_diff(s, lost.diff_id, &found, &err2), 0);
	CLEANUP_FREE char *path = x_asprintf("%s/record.json", found.id);

	write_at(s->layers_fd, path, ""); /* a torn record is no record */
	ck_assert_int_eq(layer_find(s, found.id, &found, &err), -ERR_NOT_FOUND);
}
END_TEST

START_TEST(test_image)
{
	CLEANUP(store) struct store *s = scratch_store();
	char config[SHA256_HEX_SIZE], manifest[SHA256_HEX_SIZE], prefix[13] = "";
	const char *const names[] = {"app",  "app:latest", "docker.io/library/app",
				     prefix, config,	   manifest};

	add_image(s, "one", "app", config, manifest);
	memcpy(prefix, config, 12);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		CLEANUP(error) struct error *err = NULL;
		CLEANUP(image) struct image *img = NULL;

		ck_assert_msg(image_find(s, names[i], &img, &err) == 0, "%s: %s", names[i],
			      error_text(err));
		ck_assert_str_eq(img->config_digest, config);
		ck_assert_str_eq(img->manifest_digest, manifest);
		ck_assert_uint_eq(img->layer_count, 1);
		ck_assert_str_eq(img->config.author, "one");
		ck_assert_uint_gt(img->size_bytes, 0);
	}
}
END_TEST

START_TEST(test_image_without_tag)
{
	CLEANUP(store) struct store *s = scratch_store();
	CLEANUP(error) struct error *err = NULL;
	CLEANUP(image) struct image *img = NULL, *by_digest = NULL;
	char config[SHA256_HEX_SIZE], manifest[SHA256_HEX_SIZE];

	add_image(s, "one", NULL, config, manifest);
	CLEANUP_FREE char *id = x_asprintf("sha256:%.8s", config);
	CLEANUP_FREE char *pinned = x_asprintf("app:1@sha256:%s", manifest);

	ck_assert_msg(image_find(s, id, &img, &err) == 0, "%s", error_text(err));
	ck_assert_str_eq(img->manifest_digest, manifest);
	ck_assert_msg(image_find(s, pinned, &by_digest, &err) == 0, "%s", error_text(err));
}
END_TEST

START_TEST(test_short_id)
{
	CLEANUP(store) struct store *s = scratch_store();
	char config[SHA256_HEX_SIZE], first[SHA256_HEX_SIZE], manifest[SHA256_HEX_SIZE];
	CLEANUP(error) struct error *err = NULL;
	CLEANUP(image) struct image *img = NULL;
	char prefix[5] = "";

	add_image(s, "0", "i:0", first, manifest);
	for (int i = 1; i < 4; i++) {
		CLEANUP_FREE char *content = x_asprintf("%d", i);
		CLEANUP_FREE char *tag = x_asprintf("i:%d", i);

		add_image(s, content, tag, config, manifest);
	}
	memcpy(prefix, first, 4);
	ck_assert_int_eq(image_find(s, prefix, &img, &err), 0);
	ck_assert_str_eq(img->config_digest, first);
}
END_TEST

static int collect_tag(void *ctx, const struct image_tag_info *info, struct error **err)
{
	(void)err;
	strbuf_addf(ctx, "%s ", info->reference);
	return 0;
}

START_TEST(test_tags)
{
	CLEANUP(store) struct store *s = scratch_store();
	CLEANUP(error) struct error *err = NULL;
	struct strbuf list CLEANUP_STRBUF = STRBUF_INIT(0);
	char config[SHA256_HEX_SIZE], manifest[SHA256_HEX_SIZE];
	CLEANUP(image) struct image *img = NULL;

	add_image(s, "one", "app:1", config, manifest);
	ck_assert_int_eq(image_tag(s, "localhost:5000/a/b:2", manifest, &err), 0);
	ck_assert_int_eq(image_tag(s, "x", config, &err), -ERR_UNSUPPORTED); /* no manifest */
	ck_assert_int_eq(image_list_tags(s, collect_tag, &list, &err), 0);
	ck_assert_str_eq(strbuf_text(&list), "docker.io/library/app:1 localhost:5000/a/b:2 ");
	ck_assert_int_eq(image_untag(s, "app:1", &err), 0);
	ck_assert_int_eq(image_untag(s, "app:1", &err), -ERR_NOT_FOUND);
	ck_assert_int_eq(image_find(s, "app:1", &img, &err), -ERR_NOT_FOUND);
	ck_assert_int_eq(image_find(s, "localhost:5000/a/c:2", &img, &err), -ERR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(error_hint_text(err), "localhost:5000/a/b:2"));
}
END_TEST

START_TEST(test_aliases)
{
	CLEANUP(store) struct store *s = scratch_store();
	CLEANUP(error) struct error *err = NULL;
	CLEANUP_FREE char *one = NULL, *two = NULL, *three = NULL;

	write_at(s->root_fd, "aliases", "# comment\n\nnode:20-slim\tfirkin.local/node:20\n");
	ck_assert_msg(image_resolve_alias(s, "docker.io/library/node:20-slim", &one, &err) == 0,
		      "%s", error_text(err));
	ck_assert_str_eq(one, "firkin.local/node:20");
	ck_assert_int_eq(image_add_alias("node:20-slim", "mine", &err), 0);
	ck_assert_int_eq(image_resolve_alias(s, "node:20-slim", &two, &err), 0);
	ck_assert_str_eq(two, "docker.io/library/mine:latest");
	write_at(s->root_fd, "aliases", "\nnode\n");
	ck_assert_int_eq(image_resolve_alias(s, "other", &three, &err), -ERR_PARSE);
	ck_assert_uint_eq(error_position(err)->line, 2);
}
END_TEST

/* The same bytes must not be a manifest to one reader and an index to another. */
START_TEST(test_cve_2021_41190_manifest_or_index)
{
	CLEANUP(store) struct store *s = scratch_store();
	static const char *const bad[] = {
		"{\"schemaVersion\":2,\"config\":{},\"layers\":[],\"manifests\":[]}",
		"{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\","
		"\"config\":{},\"layers\":[]}",
		"{\"schemaVersion\":2,\"config\":{\"digest\":\"sha256:..\"},\"layers\":[]}",
		"{\"schemaVersion\":2}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		CLEANUP(error) struct error *err = NULL;
		char hex[SHA256_HEX_SIZE];

		ck_assert_int_eq(blob_write(s, str_from(bad[i]), hex, &err), 0);
		ck_assert_msg(image_tag(s, "x", hex, &err) == -ERR_PARSE, "%s", bad[i]);
	}
}
END_TEST

START_TEST(test_import)
{
	static const struct spec members[] = {{TAR_FILE, "etc/os-release", "ID=x"}, {0}};
	CLEANUP(store) struct store *s = scratch_store();
	CLEANUP(error) struct error *err = NULL;
	CLEANUP(image) struct image *img = NULL;
	struct strbuf archive CLEANUP_STRBUF = STRBUF_INIT(0);
	char config[SHA256_HEX_SIZE];

	make_archive(members, &archive);
	struct memory_source m = {strbuf_str(&archive)};

	ck_assert_msg(image_import(s, (struct byte_source){from_memory, &m}, "debian:bookworm",
				   NULL, config, &err) == 0,
		      "%s", error_text(err));
	ck_assert_int_eq(image_find(s, "debian:bookworm", &img, &err), 0);
	ck_assert_str_eq(img->config_digest, config);
	ck_assert_str_eq(img->config.os, "linux");
	ck_assert_uint_eq(img->config.history_count, 1);
}
END_TEST

static Suite *store_suite(void)
{
	Suite *s = suite_create("store");
	TCase *t = tcase_create("store");

	tcase_add_unchecked_fixture(t, scratch_setup, scratch_teardown);
	tcase_add_test(t, test_open);
	tcase_add_test(t, test_blob);
	tcase_add_test(t, test_cve_2024_3727_digest_grammar);
	tcase_add_test(t, test_empty_blob_is_replaced);
	tcase_add_test(t, test_layer);
	tcase_add_test(t, test_layer_with_later_digest);
	tcase_add_test(t, test_draft_that_is_given_up);
	tcase_add_test(t, test_power_cut);
	tcase_add_test(t, test_image);
	tcase_add_test(t, test_image_without_tag);
	tcase_add_test(t, test_short_id);
	tcase_add_test(t, test_tags);
	tcase_add_test(t, test_aliases);
	tcase_add_test(t, test_cve_2021_41190_manifest_or_index);
	tcase_add_test(t, test_import);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return run_suite(store_suite());
}
