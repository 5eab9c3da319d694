/* SPDX-License-Identifier: Apache-2.0 */
/* From files to one merged tree. */
#include "loader.h"

#include <fcntl.h>

#include "base/fs.h"
#include "interpolate.h"
#include "merge.h"

/* Messages name files as seen from the working directory where that is shorter. */
static const char *display_name(const struct loader *l, const char *path)
{
	size_t len = strlen(l->working_directory);

	if (strcmp(path, "-") == 0)
		return "(standard input)";
	if (len > 1 && strncmp(path, l->working_directory, len) == 0 && path[len] == '/')
		return path + len + 1;
	return path;
}

static int read_text(struct loader *l, const char *path, struct strbuf *text)
{
	int r;

	if (strcmp(path, "-") == 0)
		r = fs_read_fd(STDIN_FILENO, COMPOSE_FILE_MAX, text, l->err);
	else
		r = fs_read_at(AT_FDCWD, path, COMPOSE_FILE_MAX, text, l->err);
	return r < 0 ? error_context(l->err, "compose file") : 0;
}

int compose_loader_parse(struct loader *l, const char *path, const char *directory,
			 struct yaml_file **ret_file)
{
	CLEANUP_STRBUF struct strbuf text = STRBUF_INIT(0);
	struct yaml_file *file = NULL;

	if (l->read_count++ == LOADER_FILES_MAX)
		return error_new(l->err, ERR_LIMIT, "%s: more than %d compose files",
				 display_name(l, path), LOADER_FILES_MAX);
	int r = read_text(l, path, &text);

	if (r == 0)
		r = yaml_parse(l->arena, display_name(l, path), strbuf_str(&text), &file, l->err);
	if (r < 0)
		return r;
	file->source.directory = directory;
	l->sources.items = arena_grow(l->arena, l->sources.items, l->sources.count,
				      sizeof(*l->sources.items));
	l->sources.items[l->sources.count++] = &file->source;
	*ret_file = file;
	return 0;
}

static const char *lookup(void *ctx, str name)
{
	const struct loader *l = ctx;

	return compose_environment_get(l->env, name);
}

int compose_loader_count(struct loader *l, const struct yaml_node *node)
{
	int r = 0;

	if (++l->node_count > LOADER_NODES_MAX)
		return compose_limit(node->place, l->err, "too many values in all files",
				     LOADER_NODES_MAX);
	for (size_t i = 0; r == 0 && i < node->count; i++)
		r = compose_loader_count(l, node->kind == YAML_SEQUENCE ? node->items[i]
									: node->pairs[i].value);
	return r;
}

int compose_loader_interpolate(struct loader *l, const struct yaml_node *document,
			       struct yaml_node **ret_node)
{
	const struct interpolation in = { lookup, NULL, l };

	if (document->kind != YAML_MAPPING)
		return compose_error(document->place, l->err,
				     "a compose file must be a mapping, not %s",
				     yaml_kind_name(document->kind));
	int r = compose_loader_count(l, document);

	if (r < 0)
		return r;
	if (l->interpolate)
		return compose_interpolate(l->arena, &in, l->warnings, document, ret_node, l->err);

	/* Nothing is set, nothing is replaced: a dollar stays what it is. */
	*ret_node = compose_copy(l->arena, document);
	return 0;
}

static int merge_document(struct loader *l, const struct yaml_node *document,
			  struct yaml_node **root)
{
	struct yaml_node *node = NULL;
	int r = 0;

	if (document->kind == YAML_NULL)
		return 0;
	r = compose_loader_interpolate(l, document, &node);
	if (r == 0)
		r = compose_loader_include(l, node, &node);
	if (r == 0)
		r = compose_loader_extend(l, node, *root);
	return r < 0 ? r : compose_merge(l->arena, *root, node, root, l->err);
}

int compose_loader_merge(struct loader *l, struct yaml_file *const *files, size_t count,
			 struct yaml_node **ret_root)
{
	struct yaml_node *root = NULL;
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++) {
		for (size_t j = 0; r == 0 && j < files[i]->count; j++)
			r = merge_document(l, files[i]->documents[j], &root);
	}
	if (r == 0)
		*ret_root = root;
	return r;
}
