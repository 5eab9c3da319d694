/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as YAML: a tree within its limits, or an error with a message. */
#include <stdlib.h>

#include "codec/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The stated limits must hold, since everybody who walks the tree relies on them. */
static void check(const struct yaml_node *node, unsigned depth)
{
	if (depth > YAML_DEPTH_MAX || node->size > YAML_NODES_MAX)
		abort();
	for (size_t i = 0; i < node->count; i++)
		check(node->kind == YAML_SEQUENCE ? node->items[i] : node->pairs[i].value,
		      depth + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena) struct arena *a = arena_new();
	CLEANUP(error) struct error *err = NULL;
	CLEANUP_STRBUF struct strbuf message = STRBUF_INIT(0);
	struct yaml_file *file = NULL;
	int r = yaml_parse(a, "fuzz.yml", str_make((const char *)data, size), &file, &err);

	if ((r < 0) != (err != NULL))
		abort();
	if (err)
		error_format(err, &message);
	for (size_t i = 0; r == 0 && i < file->count; i++)
		check(file->documents[i], 0);
	return 0;
}
