/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of a service about its life: order, health, restarts, limits, logs. */
#include "decode.h"
#include "scalar.h"

static int decode_condition(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	static const char *const names[] = {
		[CONDITION_STARTED] = "service_started",
		[CONDITION_HEALTHY] = "service_healthy",
		[CONDITION_COMPLETED] = "service_completed_successfully",
	};
	const char *name = NULL;
	int r = compose_decode_string(d, pair, &name);

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(names); i++) {
		if (strcmp(name, names[i]) == 0) {
			*(enum compose_condition *)to = (enum compose_condition)i;
			return 0;
		}
	}
	if (r < 0)
		return r;
	(void)compose_error(pair->value->place, d->err, "unknown condition '%s'", name);
	return error_hint(d->err, "it is service_started, service_healthy or "
				  "service_completed_successfully");
}

static const struct compose_key dependency_keys[] = {
	{ "condition", decode_condition, offsetof(struct compose_dependency, condition), false },
	{ "required", compose_decode_bool, offsetof(struct compose_dependency, required), false },
	{ "restart", compose_decode_bool, offsetof(struct compose_dependency, restart), false },
};
static const struct compose_keys dependency = COMPOSE_KEYS("a dependency", dependency_keys);

static int add_dependency(struct decoder *d, struct compose_service *s,
			  const struct yaml_pair *pair)
{
	for (size_t i = 0; i < s->depends_on_count; i++) {
		if (strcmp(s->depends_on[i].service, pair->key.ptr) == 0)
			return compose_error(pair->place, d->err, "'%s' is listed twice",
					     pair->key.ptr);
	}
	s->depends_on = arena_grow(d->arena, s->depends_on, s->depends_on_count,
				   sizeof(*s->depends_on));
	struct compose_dependency *dep = &s->depends_on[s->depends_on_count++];

	*dep = (struct compose_dependency){ .service = pair->key.ptr,
					    .required = true,
					    .place = compose_place(pair->place) };
	if (!pair->value)
		return 0;
	if (compose_decode_mapping(d, pair, &dependency, dep) < 0)
		return error_context(d->err, "%s", pair->key.ptr);
	return 0;
}

static int compare_dependencies(const void *a, const void *b)
{
	const struct compose_dependency *left = a, *right = b;

	return strcmp(left->service, right->service);
}

int compose_decode_dependencies(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	const struct yaml_node *value = pair->value;
	struct compose_service *s = to;
	int r = 0;

	if (yaml_is_scalar(value))
		return compose_error(value->place, d->err,
				     "must be a list or mapping of services, not %s",
				     yaml_kind_name(value->kind));
	if (value->count > COMPOSE_SERVICES_MAX)
		return compose_limit(value->place, d->err, "too many dependencies",
				     COMPOSE_SERVICES_MAX);
	for (size_t i = 0; r == 0 && i < value->count; i++) {
		if (value->kind == YAML_MAPPING) {
			r = add_dependency(d, s, &value->pairs[i]);
		} else if (yaml_is_scalar(value->items[i])) {
			const struct yaml_node *item = value->items[i];
			const struct yaml_pair name = { item->text, item->place, NULL };

			r = add_dependency(d, s, &name);
		} else {
			r = compose_error(value->items[i]->place, d->err,
					  "items must be names of services");
		}
	}
	if (s->depends_on_count > 1)
		qsort(s->depends_on, s->depends_on_count, sizeof(*s->depends_on),
		      compare_dependencies);
	return r;
}

#define HEALTH(member) offsetof(struct compose_healthcheck, member)

static int decode_test(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	static const char *const kinds[] = { "CMD", "CMD-SHELL", "NONE" };
	struct compose_list *list = to;
	const struct yaml_node *value = pair->value;

	if (value->kind == YAML_STRING) {
		compose_add_text(d->arena, list, "CMD-SHELL");
		compose_add_text(d->arena, list, value->text.ptr);
		return 0;
	}
	int r = compose_decode_list(d, pair, to);

	if (r < 0 || list->count == 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (strcmp(list->items[0], kinds[i]) != 0)
			continue;
		size_t wanted = i == 2 ? 1 : 2;

		if (list->count < wanted || (i > 0 && list->count > wanted))
			return compose_error(value->place, d->err, "%s takes %s", kinds[i],
					     i == 0   ? "a command"
					     : i == 1 ? "one text"
						      : "nothing");
		return 0;
	}
	(void)compose_error(value->items[0]->place, d->err, "the list must begin with %s", "CMD");
	return error_hint(d->err, "write [\"CMD\", \"program\", ...], [\"CMD-SHELL\", \"text\"], "
				  "[\"NONE\"] or one string");
}

static int decode_interval(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	struct compose_healthcheck *h = to;

	h->has_interval = true;
	return compose_decode_duration(d, pair, &h->interval_ns);
}

static int decode_timeout(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	struct compose_healthcheck *h = to;

	h->has_timeout = true;
	return compose_decode_duration(d, pair, &h->timeout_ns);
}

static int decode_start_period(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	struct compose_healthcheck *h = to;

	h->has_start_period = true;
	return compose_decode_duration(d, pair, &h->start_period_ns);
}

static int decode_start_interval(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	struct compose_healthcheck *h = to;

	h->has_start_interval = true;
	return compose_decode_duration(d, pair, &h->start_interval_ns);
}

static int decode_retries(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	struct compose_healthcheck *h = to;
	int64_t value = 0;
	int r = compose_decode_integer(d, pair, 0, INT32_MAX, &value);

	h->has_retries = true;
	h->retries = (unsigned)value;
	return r;
}

static const struct compose_key healthcheck_keys[] = {
	{ "disable", compose_decode_bool, HEALTH(disable), false },
	{ "interval", decode_interval, 0, false },
	{ "retries", decode_retries, 0, false },
	{ "start_interval", decode_start_interval, 0, false },
	{ "start_period", decode_start_period, 0, false },
	{ "test", decode_test, HEALTH(test), false },
	{ "timeout", decode_timeout, 0, false },
};
static const struct compose_keys healthcheck = COMPOSE_KEYS("a health check", healthcheck_keys);

int compose_decode_healthcheck(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	struct compose_healthcheck *h = to;

	h->given = true;
	return compose_decode_mapping(d, pair, &healthcheck, h);
}

int compose_decode_restart(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	struct compose_service *s = to;
	const struct yaml_node *value = pair->value;
	str kind = value->text, count = { NULL, 0 };
	uint64_t attempts = 0;

	if (value->kind == YAML_STRING) {
		bool counted = str_split_once(value->text, ':', &kind, &count);

		for (size_t i = 0; i < COMPOSE_RESTART_COUNT; i++) {
			if (!str_is(kind, compose_restart_names[i]))
				continue;
			if (counted && (i != RESTART_ON_FAILURE ||
					!str_to_u64(count, INT32_MAX, &attempts)))
				break;
			s->restart = (enum compose_restart)i;
			s->restart_max_attempts = (unsigned)attempts;
			return 0;
		}
	}
	(void)compose_error(value->place, d->err, "'%s' is not a restart policy",
			    yaml_is_scalar(value) ? value->text.ptr : yaml_kind_name(value->kind));
	return error_hint(d->err, "it is \"no\", always, unless-stopped, on-failure or "
				  "on-failure:N");
}

const char *const compose_restart_names[COMPOSE_RESTART_COUNT] = {
	[RESTART_NO] = "no",
	[RESTART_ALWAYS] = "always",
	[RESTART_ON_FAILURE] = "on-failure",
	[RESTART_UNLESS_STOPPED] = "unless-stopped",
};
