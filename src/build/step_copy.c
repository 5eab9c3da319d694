/* SPDX-License-Identifier: Apache-2.0 */
/*
 * COPY, ADD, WORKDIR as steps: expansion, keys, and handing over to copy.h in a child.
 *
 * From the context the key covers the content of the selected paths. From another stage or image the
 * content cannot change once its layers exist, so the hash is remembered per layers and paths
 * (cache/from/), and only computed, in a child, when it is not there.
 */
#include <stdio.h>

#include "schedule.h"

static void at_instruction(struct step *step, struct error **err)
{
	struct error_position pos = dockerfile_position(step->builder->df, step->in);

	error_set_position(err, &pos);
}

/* Flags that the parser knows and that are not executed yet, each with its name in the message. */
static int refuse_flags(struct step *step, struct error **err)
{
	static const char *const flags[] = { "parents", "exclude", "keep-git-dir", "checksum", "unpack" };

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		const struct instruction_flag *f = instruction_flag(step->in, flags[i]);
		struct error_position pos;

		if (!f)
			continue;
		pos = dockerfile_position_at(step->builder->df, f->line, f->column);
		(void)error_new(err, ERR_UNSUPPORTED, "%s --%s is not supported by this version",
				instruction_name(step->in->kind), flags[i]);
		error_set_position(err, &pos);
		return -ERR_UNSUPPORTED;
	}
	return 0;
}

static bool is_remote(str source)
{
	return str_has_prefix(source, "http://") || str_has_prefix(source, "https://") ||
	       str_has_prefix(source, "git@") || str_has_prefix(source, "git://") ||
	       str_has_prefix(source, "ssh://");
}

static int add_heredoc(struct step *step, const struct heredoc *h, struct error **err)
{
	const struct scope *scope = &step->stage->state.scope;
	struct expand_env env = scope_expand_env(scope, step->builder->df->escape);
	str body = h->body;
	int r = 0;

	env.raw_quotes = true;
	if (h->expand)
		r = expand_word(step->builder->df->arena, body, &env, &body, err);
	step->inlines = x_realloc(step->inlines, step->copy.inline_count + 1, sizeof(*step->inlines));
	step->inlines[step->copy.inline_count++] = (struct copy_inline){ h->name, body };
	step->copy.inlines = step->inlines;
	return r;
}

static int expand_sources(struct step *step, struct error **err)
{
	const struct instruction *in = step->in;
	int r = 0;

	for (size_t i = 0; r == 0 && i + 1 < in->arg_count; i++) {
		const struct heredoc *h = instruction_heredoc(in, i);
		str source;

		if (h) {
			r = add_heredoc(step, h, err);
			continue;
		}
		r = scope_expand(&step->stage->state.scope, step->builder->df, in, in->args[i], &source, err);
		if (r == 0 && in->kind == INSTRUCTION_ADD && is_remote(source)) {
			(void)error_new(err, ERR_UNSUPPORTED, "ADD of '%.*s': remote sources are not supported by this version",
					STR_ARG(source));
			r = -ERR_UNSUPPORTED;
		} else if (r == 0) {
			strv_add_str(&step->copy.sources, source);
		}
	}
	return r;
}

/* The destination as an absolute path; a trailing slash keeps its meaning "a directory". */
static int expand_dest(struct step *step, struct error **err)
{
	const struct instruction *in = step->in;
	str dest;
	int r = scope_expand(&step->stage->state.scope, step->builder->df, in, in->args[in->arg_count - 1],
			     &dest, err);

	if (r < 0)
		return r;
	CLEANUP_FREE char *joined = stage_state_join_path(&step->stage->state, dest);
	bool slash = str_has_suffix(dest, "/") || str_has_suffix(dest, "/.") || str_is(dest, ".");

	step->dest = x_asprintf("%s%s", joined, slash && joined[1] ? "/" : "");
	step->copy.dest = step->dest;
	return 0;
}

static int expand_flags(struct step *step, struct error **err)
{
	const struct scope *scope = &step->stage->state.scope;
	const struct instruction_flag *chown = instruction_flag(step->in, "chown");
	const struct instruction_flag *chmod = instruction_flag(step->in, "chmod");
	struct dockerfile *df = step->builder->df;
	uint64_t mode;
	str text;
	int r = 0;

	if (chown) {
		r = scope_expand(scope, df, step->in, chown->value, &text, err);
		if (r == 0)
			step->copy.chown = step->chown = str_dup(text);
	}
	if (r == 0 && chmod) {
		r = scope_expand(scope, df, step->in, chmod->value, &text, err);
		if (r == 0 && !str_to_octal(text, 07777, &mode)) {
			struct error_position pos = dockerfile_position_at(df, chmod->line, chmod->column);

			(void)error_new(err, ERR_UNSUPPORTED,
					"--chmod=%.*s: only octal modes are supported by this version",
					STR_ARG(text));
			error_set_position(err, &pos);
			return -ERR_UNSUPPORTED;
		}
		step->copy.has_chmod = true;
		step->copy.chmod = r == 0 ? (mode_t)mode : 0;
	}
	return r;
}

/* Lower directories of a finished stage or an image, for mounting it read-only. */
static void set_source_root(struct step *step, const struct layer *layers, size_t count)
{
	struct container_root *root = &step->source_root;
	struct builder *b = step->builder;

	*root = (struct container_root){ .layers_dir = b->opt->store->layers_path };
	for (size_t i = count; i-- > 0;) {
		char lower[LAYER_ID_SIZE + 4];

		layer_lower(&layers[i], lower);
		strv_add(&root->lowers, lower);
	}
	if (count == 0)
		strv_addf(&root->lowers, "../tmp/%s/empty", b->scratch->name);
}

/* 1: the stage it comes from is not built yet. */
static int find_source(struct step *step, str from, struct error **err)
{
	struct builder *b = step->builder;
	CLEANUP(image) struct image *img = NULL;
	struct graph_source source;
	int r = graph_source(&b->graph, step->stage->plan, step->in, from, &source, err);

	if (r < 0)
		return r;
	if (source.kind == BASE_STAGE) {
		const struct stage *other = &b->stages[source.stage];

		if (other->status != STAGE_DONE)
			return 1;
		set_source_root(step, other->layers, other->layer_count);
		return 0;
	}
	CLEANUP_FREE char *name = str_dup(source.image);

	r = b->opt->images ? b->opt->images->ensure(b->opt->images->ctx, name, err) : 0;
	if (r == 0)
		r = image_find(b->opt->store, name, &img, err);
	if (r == 0)
		set_source_root(step, img->layers, img->layer_count);
	return r;
}

static void add_common_keys(struct step *step)
{
	const struct copy_spec *c = &step->copy;
	char mode[16];

	step_key_add(&step->key, "destination", str_from(step->dest));
	step_key_add(&step->key, "--chown", str_from(c->chown ? c->chown : ""));
	(void)snprintf(mode, sizeof(mode), c->has_chmod ? "%o" : "-", (unsigned)c->chmod);
	step_key_add(&step->key, "--chmod", str_from(mode));
	step_key_add(&step->key, "unpack", c->unpack ? STR("yes") : STR("no"));
	for (size_t i = 0; i < c->inline_count; i++) {
		CLEANUP_FREE char *name = x_asprintf("text of <<%.*s", STR_ARG(c->inlines[i].name));

		step_key_add(&step->key, name, c->inlines[i].body);
	}
}

static int add_context_keys(struct step *step, struct error **err)
{
	struct builder *b = step->builder;
	const struct ignore *ignore = b->context ? context_ignore(b->context) : NULL;
	struct selection sel = { 0 };
	int r = 0;

	if (step->copy.sources.count && !b->context)
		return error_new(err, ERR_NOT_FOUND, "there is no build context to copy '%s' from",
				 step->copy.sources.items[0]);
	step->copy.context_fd = b->context ? context_fd(b->context) : -1;
	step->copy.ignore = ignore;
	if (step->copy.sources.count)
		r = select_paths(step->copy.context_fd, ignore, &step->copy.sources, &sel, err);
	for (size_t i = 0; r == 0 && i < sel.count; i++) {
		char hex[SHA256_HEX_SIZE];
		CLEANUP_FREE char *name = x_asprintf("content of %s", sel.entries[i].path);

		r = content_hash(b->context, step->copy.context_fd, ignore, &sel, i, hex, err);
		if (r == 0)
			step_key_add(&step->key, name, str_from(hex));
	}
	selection_fini(&sel);
	return r;
}

/* What the remembered hash of a copy out of other layers is found by. */
static char *memory_path(const struct step *step)
{
	char hex[SHA256_HEX_SIZE];
	struct sha256 h;

	sha256_start(&h);
	for (size_t i = 0; i < step->source_root.lowers.count; i++)
		sha256_add_framed(&h, str_from(step->source_root.lowers.items[i]));
	sha256_add_framed(&h, STR("paths"));
	for (size_t i = 0; i < step->copy.sources.count; i++)
		sha256_add_framed(&h, str_from(step->copy.sources.items[i]));
	sha256_finish(&h, hex);
	return x_asprintf("from/%s", hex);
}

static void add_source_key(struct step *step, const char *hex)
{
	for (size_t i = 0; i < step->copy.sources.count; i++)
		step_key_add(&step->key, "source", str_from(step->copy.sources.items[i]));
	step_key_add(&step->key, "content of the source", str_from(hex));
}

static int hash_in_child(void *ctx, struct strbuf *out, struct error **err)
{
	struct step *step = ctx;
	char hex[SHA256_HEX_SIZE];
	int r = copy_hash_source(&step->source_root, &step->copy.sources, hex, err);

	if (r == 0)
		strbuf_add_text(out, hex);
	return r;
}

static void on_hashed(void *ctx, int fd, uint32_t events)
{
	struct step *step = ctx;
	struct builder *b = step->builder;
	const struct store *s = b->opt->store;
	struct strbuf hex CLEANUP_STRBUF = STRBUF_INIT(0);
	CLEANUP(error) struct error *err = NULL, *ignored = NULL;
	CLEANUP_FREE char *path = memory_path(step);
	int r = child_finish(&step->child, &hex, &err);

	(void)fd, (void)events;
	if (r == 0) {
		add_source_key(step, strbuf_text(&hex));
		if (fs_mkdirs_at(s->cache_fd, "from", 0700, &ignored) == 0)
			(void)fs_write_atomic_at(s->cache_fd, path, strbuf_str(&hex), 0600, FS_VOLATILE,
						 &ignored); /* not remembered: hashed again next time */
		r = step_keyed(step, &err);
	}
	if (r == 0) {
		builder_advance(b); /* it was cached: the step is gone and its stage can go on */
		return;
	}
	at_instruction(step, &err);
	step_finished(step, &err);
}

/* 1: a child is hashing. */
static int add_source_keys(struct step *step, struct error **err)
{
	struct builder *b = step->builder;
	struct strbuf hex CLEANUP_STRBUF = STRBUF_INIT(0);
	CLEANUP(error) struct error *absent = NULL;
	CLEANUP_FREE char *path = memory_path(step);
	int r;

	step->copy.context_fd = -1;
	if (fs_read_at(b->opt->store->cache_fd, path, SHA256_HEX_SIZE, &hex, &absent) == 0 &&
	    sha256_is_hex(strbuf_str(&hex))) {
		add_source_key(step, strbuf_text(&hex));
		return 0;
	}
	step->source_root.mountpoint = b->scratch_mountpoint;
	r = child_start(&step->child, b->loop, hash_in_child, step, on_hashed, step, err);
	return r < 0 ? r : 1;
}

static int prepare_workdir(struct step *step)
{
	const struct image_config *c = &step->stage->state.config;

	step->dest = x_strdup(c->working_dir);
	step->chown = x_strdup(c->user ? c->user : "");
	step_key_add(&step->key, "path", str_from(step->dest));
	step_key_add(&step->key, "user", str_from(step->chown));
	return 0;
}

int copy_prepare(struct step *step, struct error **err)
{
	const struct instruction_flag *from = instruction_flag(step->in, "from");
	int r;

	if (step->in->kind == INSTRUCTION_WORKDIR)
		return prepare_workdir(step);
	step->copy.clamp_s = step->builder->opt->source_date_epoch;
	step->copy.unpack = step->in->kind == INSTRUCTION_ADD;
	r = refuse_flags(step, err);
	if (r == 0 && from)
		r = find_source(step, from->value, err);
	if (r != 0)
		goto out;
	r = expand_sources(step, err);
	if (r == 0)
		r = expand_dest(step, err);
	if (r == 0)
		r = expand_flags(step, err);
	if (r == 0)
		add_common_keys(step);
	if (r == 0)
		r = from ? add_source_keys(step, err) : add_context_keys(step, err);
out:
	if (r < 0)
		at_instruction(step, err);
	return r;
}

static int copy_in_child(void *ctx, struct strbuf *out, struct error **err)
{
	struct step *step = ctx;

	(void)out;
	if (step->in->kind == INSTRUCTION_WORKDIR)
		return copy_make_workdir(&step->copy.root, step->dest, step->chown, err);
	return copy_run(&step->copy, err);
}

static void on_copied(void *ctx, int fd, uint32_t events)
{
	struct step *step = ctx;
	struct strbuf nothing CLEANUP_STRBUF = STRBUF_INIT(0);
	CLEANUP(error) struct error *err = NULL;

	(void)fd, (void)events;
	if (child_finish(&step->child, &nothing, &err) < 0)
		at_instruction(step, &err);
	step_finished(step, &err);
}

int copy_start(struct step *step, struct error **err)
{
	struct builder *b = step->builder;
	int r = step_root(step, false, &step->copy.root, err);

	if (r < 0)
		return r;
	step->source_root.mountpoint = b->scratch_mountpoint;
	step->copy.source_root = step->source_root;
	return child_start(&step->child, b->loop, copy_in_child, step, on_copied, step, err);
}

void copy_fini(struct step *step)
{
	child_kill(&step->child);
	strv_fini(&step->copy.root.lowers);
	strv_fini(&step->source_root.lowers);
	strv_fini(&step->copy.sources);
	free(step->inlines);
	free(step->dest);
	free(step->chown);
}
