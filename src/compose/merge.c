/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A later compose file over an earlier one.
 *
 * Without a rule: mappings are merged key by key, lists are appended, scalars replaced, and null
 * keeps what was there. The table below names the paths with another rule.
 */
#include "merge.h"

#include "merge_list.h"
#include "tree.h"

enum {
	PATH_MAX_SEGMENTS = 2 * YAML_DEPTH_MAX,
	MERGE_LIST_MAX = 1000, /* items; finding equal ones is quadratic */
};

struct merge {
	struct arena *arena;
	str path[PATH_MAX_SEGMENTS]; /* keys from the top */
	size_t depth;
	struct error **err;
};

enum rule {
	RULE_DEFAULT,
	RULE_REPLACE,
	RULE_PAIRS,	/* KEY=VALUE as list or mapping */
	RULE_UNIQUE,	/* text or list of texts */
	RULE_BY_TARGET, /* unique by the path inside the container */
	RULE_BY_SUBNET,
	RULE_NAMES, /* list of names or mapping by name */
	RULE_BUILD, /* a text is the context */
	RULE_LOGGING,
};

static const struct {
	const char *path;
	enum rule rule;
} rules[] = {
	{ "networks.*.ipam.config", RULE_BY_SUBNET },
	{ "networks.*.labels", RULE_PAIRS },
	{ "secrets.*.labels", RULE_PAIRS },
	{ "configs.*.labels", RULE_PAIRS },
	{ "volumes.*.labels", RULE_PAIRS },
	{ "services.*.annotations", RULE_PAIRS },
	{ "services.*.build", RULE_BUILD },
	{ "services.*.build.additional_contexts", RULE_PAIRS },
	{ "services.*.build.args", RULE_PAIRS },
	{ "services.*.build.labels", RULE_PAIRS },
	{ "services.*.build.tags", RULE_UNIQUE },
	{ "services.*.cap_add", RULE_UNIQUE },
	{ "services.*.cap_drop", RULE_UNIQUE },
	{ "services.*.command", RULE_REPLACE },
	{ "services.*.configs", RULE_BY_TARGET },
	{ "services.*.depends_on", RULE_NAMES },
	{ "services.*.deploy.labels", RULE_PAIRS },
	{ "services.*.devices", RULE_BY_TARGET },
	{ "services.*.dns", RULE_UNIQUE },
	{ "services.*.dns_opt", RULE_UNIQUE },
	{ "services.*.dns_search", RULE_UNIQUE },
	{ "services.*.entrypoint", RULE_REPLACE },
	{ "services.*.env_file", RULE_UNIQUE },
	{ "services.*.environment", RULE_PAIRS },
	{ "services.*.expose", RULE_UNIQUE },
	{ "services.*.external_links", RULE_UNIQUE },
	{ "services.*.extra_hosts", RULE_UNIQUE },
	{ "services.*.healthcheck.test", RULE_REPLACE },
	{ "services.*.label_file", RULE_UNIQUE },
	{ "services.*.labels", RULE_PAIRS },
	{ "services.*.links", RULE_UNIQUE },
	{ "services.*.logging", RULE_LOGGING },
	{ "services.*.models", RULE_NAMES },
	{ "services.*.networks", RULE_NAMES },
	{ "services.*.profiles", RULE_UNIQUE },
	{ "services.*.secrets", RULE_BY_TARGET },
	{ "services.*.sysctls", RULE_PAIRS },
	{ "services.*.tmpfs", RULE_UNIQUE },
	{ "services.*.ulimits.*", RULE_REPLACE },
	{ "services.*.volumes", RULE_BY_TARGET },
};

static bool matches(const struct merge *m, const char *pattern)
{
	str rest = str_from(pattern), piece = { NULL, 0 };
	size_t i = 0;

	while (str_cut(&rest, '.', &piece)) {
		if (i == m->depth)
			return false;
		if (!str_is(piece, "*") && !str_is_equal(piece, m->path[i]))
			return false;
		i++;
	}
	return i == m->depth;
}

static enum rule find_rule(const struct merge *m)
{
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		if (matches(m, rules[i].path))
			return rules[i].rule;
	}
	return RULE_DEFAULT;
}

static bool is_reset(const struct yaml_node *node)
{
	return str_is(node->tag, "!reset");
}

static bool is_override(const struct yaml_node *node)
{
	return str_is(node->tag, "!override");
}

static int check_tag(struct merge *m, const struct yaml_node *node)
{
	if (node->tag.len == 0 || is_reset(node) || is_override(node))
		return 0;
	return compose_error(node->place, m->err, "unknown tag '%.*s'", STR_ARG(node->tag));
}

/* Copy of a tree that has nothing below it: values to be reset are left out, tags dropped. */
static int clean(struct merge *m, const struct yaml_node *node, struct yaml_node **ret)
{
	struct yaml_node *copy = compose_clone(m->arena, node);
	size_t kept = 0;
	int r = check_tag(m, node);

	copy->tag = (str){ NULL, 0 };
	for (size_t i = 0; r == 0 && i < node->count; i++) {
		if (node->kind == YAML_SEQUENCE) {
			if (is_reset(node->items[i]))
				return compose_error(node->items[i]->place, m->err,
						     "!reset cannot remove one item of a list");
			r = clean(m, node->items[i], &copy->items[kept++]);
		} else if (!is_reset(node->pairs[i].value)) {
			copy->pairs[kept] = node->pairs[i];
			r = clean(m, node->pairs[i].value, &copy->pairs[kept++].value);
		}
	}
	copy->count = kept;
	*ret = copy;
	return r;
}

static int merge_node(struct merge *m, const struct yaml_node *base, const struct yaml_node *over,
		      struct yaml_node **ret);

static int merge_pair(struct merge *m, struct yaml_node *into, const struct yaml_pair *over)
{
	struct yaml_pair *base = yaml_find_str(into, over->key);
	struct yaml_node *value = NULL;
	int r;

	if (is_reset(over->value)) {
		compose_remove(into, over->key.ptr);
		return 0;
	}
	r = check_tag(m, over->value);
	if (r < 0)
		return r;
	m->path[m->depth++] = over->key;
	if (base && !is_override(over->value))
		r = merge_node(m, base->value, over->value, &value);
	else
		r = clean(m, over->value, &value);
	m->depth--;
	if (r == 0)
		compose_set(m->arena, into, over->key, over->place, value);
	return r;
}

static int merge_mapping(struct merge *m, const struct yaml_node *base,
			 const struct yaml_node *over, struct yaml_node **ret)
{
	struct yaml_node *into = compose_clone(m->arena, base);
	int r = 0;

	for (size_t i = 0; r == 0 && i < over->count; i++)
		r = merge_pair(m, into, &over->pairs[i]);
	*ret = into;
	return r;
}

/* Options belong to a driver: they survive only a change that leaves the driver alone. */
static int merge_logging(struct merge *m, const struct yaml_node *base,
			 const struct yaml_node *over, struct yaml_node **ret)
{
	const struct yaml_pair *old = yaml_find(base, "driver"), *new = yaml_find(over, "driver");

	if (old && new && !str_is_equal(old->value->text, new->value->text))
		return clean(m, over, ret);
	return merge_mapping(m, base, over, ret);
}

static int merge_subnets(struct merge *m, const struct yaml_node *base,
			 const struct yaml_node *over, struct yaml_node **ret)
{
	struct yaml_node *into = compose_clone(m->arena, base);
	int r = 0;

	for (size_t i = 0; r == 0 && i < over->count; i++) {
		size_t at = compose_find_subnet(into, over->items[i]);
		struct yaml_node *item = NULL;

		if (at == into->count) {
			r = clean(m, over->items[i], &item);
			compose_append(m->arena, into, item);
		} else {
			r = merge_mapping(m, into->items[at], over->items[i], &item);
			into->items[at] = item;
		}
	}
	*ret = into;
	return r;
}

/* Both sides in the shape that the rule merges; shapes it does not know are left to the checks. */
static struct yaml_node *lift(struct merge *m, enum rule rule, const struct yaml_node *node)
{
	switch (rule) {
	case RULE_PAIRS:
		return compose_lift_pairs(m->arena, node);
	case RULE_NAMES:
		return compose_lift_names(m->arena, node,
					  str_is(m->path[m->depth - 1], "depends_on"));
	case RULE_BUILD:
		return compose_lift_build(m->arena, node);
	case RULE_UNIQUE:
		return compose_lift_list(m->arena, node);
	case RULE_DEFAULT:
	case RULE_REPLACE:
	case RULE_BY_TARGET:
	case RULE_BY_SUBNET:
	case RULE_LOGGING:
		break;
	}
	return compose_clone(m->arena, node);
}

static int fail_clash(struct merge *m, const struct yaml_node *base, const struct yaml_node *over)
{
	(void)compose_error(over->place, m->err, "cannot merge %s over %s",
			    yaml_kind_name(over->kind), yaml_kind_name(base->kind));
	return error_hint(m->err, "the earlier value is in %s:%u; use !override to replace it",
			  base->place.source->file, base->place.line);
}

static int merge_sequence(struct merge *m, enum rule rule, const struct yaml_node *base,
			  const struct yaml_node *over, struct yaml_node **ret)
{
	struct yaml_node *cleaned = NULL, *into = compose_clone(m->arena, base);
	int r = clean(m, over, &cleaned);

	if (base->count + over->count > MERGE_LIST_MAX)
		return compose_limit(over->place, m->err, "too many items in a merged list",
				     MERGE_LIST_MAX);
	for (size_t i = 0; r == 0 && i < cleaned->count; i++) {
		struct yaml_node *item = cleaned->items[i];
		size_t at = into->count;

		if (rule == RULE_BY_TARGET)
			at = compose_find_target(m->path[m->depth - 1], into, item);
		else if (rule == RULE_UNIQUE)
			at = compose_find_text(into, item);
		if (at < into->count)
			into->items[at] = item;
		else
			compose_append(m->arena, into, item);
	}
	*ret = into;
	return r;
}

static int merge_node(struct merge *m, const struct yaml_node *base, const struct yaml_node *over,
		      struct yaml_node **ret)
{
	enum rule rule = find_rule(m);

	if (rule == RULE_REPLACE || base->kind == YAML_NULL)
		return clean(m, over, ret);
	if (over->kind == YAML_NULL) {
		*ret = compose_clone(m->arena, base);
		return 0;
	}
	base = lift(m, rule, base);
	over = lift(m, rule, over);
	if (yaml_is_scalar(base) && yaml_is_scalar(over))
		return clean(m, over, ret);
	if (base->kind != over->kind)
		return fail_clash(m, base, over);
	if (rule == RULE_PAIRS)
		return compose_merge_pairs(m->arena, base, over, ret, m->err);
	if (rule == RULE_LOGGING)
		return merge_logging(m, base, over, ret);
	if (rule == RULE_BY_SUBNET && base->kind == YAML_SEQUENCE)
		return merge_subnets(m, base, over, ret);
	if (base->kind == YAML_MAPPING)
		return merge_mapping(m, base, over, ret);
	return merge_sequence(m, rule, base, over, ret);
}

int compose_merge(struct arena *a, const struct yaml_node *base, const struct yaml_node *over,
		  struct yaml_node **ret_node, struct error **err)
{
	struct merge m = { .arena = a, .err = err };

	return base ? merge_node(&m, base, over, ret_node) : clean(&m, over, ret_node);
}

int compose_merge_service(struct arena *a, const struct yaml_node *base,
			  const struct yaml_node *over, struct yaml_node **ret_node,
			  struct error **err)
{
	struct merge m = { .arena = a, .err = err };

	m.path[m.depth++] = STR("services");
	m.path[m.depth++] = STR("");
	return merge_node(&m, base, over, ret_node);
}
