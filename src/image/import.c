/* SPDX-License-Identifier: Apache-2.0 */
/* A tar stream as an image of one layer. */
#include <sys/utsname.h>

#include "base/clock.h"
#include "codec/inflate.h"
#include "image/image.h"
#include "tags.h"

/* Go's names of architectures, as images carry them. */
static const struct architecture {
	const char *machine, *name, *variant;
} architectures[] = {
	{"x86_64", "amd64", NULL},    {"aarch64", "arm64", "v8"},   {"armv7l", "arm", "v7"},
	{"riscv64", "riscv64", NULL}, {"ppc64le", "ppc64le", NULL}, {"s390x", "s390x", NULL},
};

static void set_platform(struct image_config *c)
{
	struct utsname host;

	c->os = x_strdup("linux");
	if (uname(&host) < 0)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(architectures); i++) {
		if (strcmp(architectures[i].machine, host.machine) != 0)
			continue;
		c->architecture = x_strdup(architectures[i].name);
		if (architectures[i].variant)
			c->variant = x_strdup(architectures[i].variant);
	}
}

static int import_layer(const struct store *s, struct byte_source source, struct layer *ret_layer,
			struct error **err)
{
	CLEANUP(inflater) struct inflater *plain = NULL;
	CLEANUP(layer_draft) struct layer_draft *draft = NULL;
	char diff_id[SHA256_HEX_SIZE];
	uint64_t size = 0;
	int r = inflater_new(source, &plain, err);

	if (r == 0)
		r = layer_draft_new(s, &draft, err);
	if (r == 0)
		r = layer_apply(draft->fs_fd, inflater_source(plain), diff_id, &size, err);
	return r < 0 ? r : layer_commit(draft, diff_id, size, ret_layer, err);
}

int image_import(const struct store *s, struct byte_source source, const char *reference,
		 const char *comment, char ret_config[SHA256_HEX_SIZE], struct error **err)
{
	struct strv tags CLEANUP_STRV = STRV_INIT;
	struct image_config config = {0};
	struct layer layer;
	CLEANUP_FREE char *canonical = NULL;
	char created[36];
	/* A wrong name should not cost the unpacking of a large archive. */
	int r = reference ? image_canonical_reference(reference, &canonical, err) : 0;

	if (r == 0)
		r = import_layer(s, source, &layer, err);
	if (r < 0)
		return error_context(err, "import");
	if (canonical)
		strv_add(&tags, canonical);
	clock_format_rfc3339(clock_wall(), created);
	config.created = x_strdup(created);
	set_platform(&config);
	image_config_add_history(&config, created, NULL, comment ? comment : "Imported from -",
				 false);
	r = image_commit(s, &config, &layer, 1, &tags, ret_config, NULL, err);
	image_config_fini(&config);
	return r;
}
