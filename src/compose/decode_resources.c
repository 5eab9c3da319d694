/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of a service about what it may use: deploy, ulimits, logging. */
#include "decode.h"

/* Mappings whose keys mean something only in a cluster are let through with one warning. */
static const struct compose_key device_keys[] = {
	{ "cpus", compose_decode_ignored, 0, false },
	{ "devices", NULL, 0, false },
	{ "generic_resources", NULL, 0, false },
	{ "memory", compose_decode_ignored, 0, false },
};
static const struct compose_keys reservations = COMPOSE_KEYS("reservations", device_keys);

#define DEPLOY(member) offsetof(struct compose_deploy, member)

static int decode_deploy_pids(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	return compose_decode_integer(d, pair, -1, 1 << 22, to);
}

static const struct compose_key limit_keys[] = {
	{ "cpus", compose_decode_cpus, DEPLOY(cpus), false },
	{ "memory", compose_decode_bytes, DEPLOY(memory_bytes), false },
	{ "pids", decode_deploy_pids, DEPLOY(pids), false },
};
static const struct compose_keys limits = COMPOSE_KEYS("limits", limit_keys);

static int decode_limits(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	return compose_decode_mapping(d, pair, &limits, to);
}

static int decode_reservations(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	return compose_decode_mapping(d, pair, &reservations, to);
}

static const struct compose_key resource_keys[] = {
	{ "limits", decode_limits, 0, false },
	{ "reservations", decode_reservations, 0, false },
};
static const struct compose_keys resources = COMPOSE_KEYS("resources", resource_keys);

static int decode_resources(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	return compose_decode_mapping(d, pair, &resources, to);
}

static int decode_condition(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	static const struct {
		const char *name;
		enum compose_restart restart;
	} conditions[] = {
		{ "any", RESTART_UNLESS_STOPPED },
		{ "none", RESTART_NO },
		{ "on-failure", RESTART_ON_FAILURE },
	};
	const char *name = NULL;
	int r = compose_decode_string(d, pair, &name);

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(conditions); i++) {
		if (strcmp(name, conditions[i].name) == 0) {
			*(enum compose_restart *)to = conditions[i].restart;
			return 0;
		}
	}
	if (r < 0)
		return r;
	(void)compose_error(pair->value->place, d->err, "unknown condition '%s'", name);
	return error_hint(d->err, "it is none, on-failure or any");
}

static int decode_max_attempts(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	int64_t value = 0;
	int r = compose_decode_integer(d, pair, 0, INT32_MAX, &value);

	*(unsigned *)to = (unsigned)value;
	return r;
}

static const struct compose_key restart_policy_keys[] = {
	{ "condition", decode_condition, DEPLOY(restart), false },
	{ "delay", compose_decode_ignored, 0, false },
	{ "max_attempts", decode_max_attempts, DEPLOY(restart_max_attempts), false },
	{ "window", compose_decode_ignored, 0, false },
};
static const struct compose_keys restart_policy =
	COMPOSE_KEYS("a restart policy", restart_policy_keys);

static int decode_restart_policy(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	struct compose_deploy *deploy = to;

	deploy->has_restart = true;
	deploy->restart = RESTART_UNLESS_STOPPED; /* "any" is the default */
	return compose_decode_mapping(d, pair, &restart_policy, deploy);
}

static int decode_replicas(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	struct compose_deploy *deploy = to;
	int64_t value = 0;
	int r = compose_decode_integer(d, pair, 0, INT32_MAX, &value);

	deploy->has_replicas = true;
	if (r == 0 && value != 1)
		return compose_refuse(pair->value->place, d->err,
				      "%lld replicas are not supported by this version",
				      (long long)value);
	return r;
}

static int decode_mode(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	(void)to;
	if (str_is(pair->value->text, "replicated"))
		return 0;
	return compose_refuse(pair->value->place, d->err,
			      "only 'replicated' is supported by this version");
}

static const struct compose_key deploy_keys[] = {
	{ "endpoint_mode", compose_decode_ignored, 0, false },
	{ "labels", compose_decode_ignored, 0, false },
	{ "mode", decode_mode, 0, false },
	{ "placement", compose_decode_ignored, 0, false },
	{ "replicas", decode_replicas, 0, false },
	{ "resources", decode_resources, 0, false },
	{ "restart_policy", decode_restart_policy, 0, false },
	{ "rollback_config", compose_decode_ignored, 0, false },
	{ "update_config", compose_decode_ignored, 0, false },
};
static const struct compose_keys deploy_table = COMPOSE_KEYS("deploy", deploy_keys);

int compose_decode_deploy(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	struct compose_deploy *deploy = to;

	deploy->given = true;
	return compose_decode_mapping(d, pair, &deploy_table, deploy);
}

static int decode_ulimit_value(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	return compose_decode_integer(d, pair, -1, INT64_MAX, to);
}

static const struct compose_key ulimit_keys[] = {
	{ "hard", decode_ulimit_value, offsetof(struct compose_ulimit, hard), false },
	{ "soft", decode_ulimit_value, offsetof(struct compose_ulimit, soft), false },
};
static const struct compose_keys ulimit_table = COMPOSE_KEYS("a limit", ulimit_keys);

static int decode_ulimit(struct decoder *d, const struct yaml_pair *pair,
			 struct compose_ulimit *limit)
{
	int r = yaml_is_scalar(pair->value)
			? compose_decode_integer(d, pair, -1, INT64_MAX, &limit->soft)
			: compose_decode_mapping(d, pair, &ulimit_table, limit);

	if (r < 0)
		return error_context(d->err, "%s", pair->key.ptr);
	if (yaml_is_scalar(pair->value)) {
		limit->hard = limit->soft;
		return 0;
	}
	if (!yaml_find(pair->value, "soft") || !yaml_find(pair->value, "hard"))
		return compose_error(pair->place, d->err, "%s needs both 'soft' and 'hard'",
				     pair->key.ptr);
	return 0;
}

static int compare_ulimits(const void *a, const void *b)
{
	const struct compose_ulimit *left = a, *right = b;

	return strcmp(left->name, right->name);
}

int compose_decode_ulimits(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	static const char *const names[] = {
		"as",	 "core",       "cpu",	 "data",       "fsize",	 "locks",
		"memlock", "msgqueue", "nice",	 "nofile",     "nproc",	 "rss",
		"rtprio", "rttime",    "sigpending", "stack",
	};
	const struct yaml_node *value = pair->value;
	struct compose_service *s = to;

	if (value->kind != YAML_MAPPING)
		return compose_error(value->place, d->err, "must be a mapping, not %s",
				     yaml_kind_name(value->kind));
	for (size_t i = 0; i < value->count; i++) {
		const struct yaml_pair *entry = &value->pairs[i];
		size_t known = 0;

		while (known < ARRAY_SIZE(names) && !str_is(entry->key, names[known]))
			known++;
		if (known == ARRAY_SIZE(names))
			return compose_error(entry->place, d->err, "unknown limit '%s'",
					     entry->key.ptr);
		s->ulimits = arena_grow(d->arena, s->ulimits, s->ulimit_count,
					sizeof(*s->ulimits));
		struct compose_ulimit *limit = &s->ulimits[s->ulimit_count++];

		limit->name = names[known];
		int r = decode_ulimit(d, entry, limit);

		if (r < 0)
			return r;
	}
	if (s->ulimit_count > 1)
		qsort(s->ulimits, s->ulimit_count, sizeof(*s->ulimits), compare_ulimits);
	return 0;
}

#define LOG(member) offsetof(struct compose_service, member)

static int decode_log_driver(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	const char *driver = NULL;
	int r = compose_decode_string(d, pair, &driver);

	if (r < 0)
		return r;
	if (strcmp(driver, "json-file") != 0 && strcmp(driver, "none") != 0)
		return compose_refuse(pair->value->place, d->err,
				      "driver '%s' is not supported by this version; json-file "
				      "and none are",
				      driver);
	*(const char **)to = driver;
	return 0;
}

static int decode_log_options(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	const struct yaml_node *value = pair->value;

	for (size_t i = 0; value->kind == YAML_MAPPING && i < value->count; i++) {
		const struct yaml_pair *option = &value->pairs[i];
		uint64_t number = 0;
		bool size = str_is(option->key, "max-size");

		if (!size && !str_is(option->key, "max-file"))
			return compose_refuse(option->place, d->err,
					      "option '%s' is not supported by this version",
					      option->key.ptr);
		if (!yaml_is_scalar(option->value) ||
		    !(size ? compose_parse_bytes(option->value->text, &number)
			   : str_to_u64(option->value->text, 1000, &number)) ||
		    number == 0)
			return compose_error(option->value->place, d->err, "%s must be a %s",
					     option->key.ptr,
					     size ? "size, as 10m" : "number from 1 to 1000");
	}
	if (value->kind != YAML_MAPPING)
		return compose_error(value->place, d->err, "must be a mapping, not %s",
				     yaml_kind_name(value->kind));
	return compose_decode_pairs(d, pair, to);
}

static const struct compose_key logging_keys[] = {
	{ "driver", decode_log_driver, LOG(log_driver), false },
	{ "options", decode_log_options, LOG(log_options), false },
};
static const struct compose_keys logging = COMPOSE_KEYS("logging", logging_keys);

int compose_decode_logging(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	return compose_decode_mapping(d, pair, &logging, to);
}
