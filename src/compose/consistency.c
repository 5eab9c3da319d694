/* SPDX-License-Identifier: Apache-2.0 */
/* What no single key can know: references between the parts of a project. */
#include "consistency.h"

#include <stdarg.h>
#include <stdio.h>

static struct yaml_place find_place(const struct decoder *d, struct source_place place)
{
	static const struct yaml_source nowhere = { "", { "", 0 }, NULL };
	struct yaml_place found = { &nowhere, place.line, place.column };

	for (size_t i = 0; i < d->sources->count; i++) {
		if (d->sources->items[i]->file == place.file)
			found.source = d->sources->items[i];
	}
	return found;
}

int compose_check_error(struct decoder *d, struct source_place place, const char *fmt, ...)
{
	CLEANUP_FREE char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	va_end(ap);
	return compose_error(find_place(d, place), d->err, "%s", text);
}

static int compare_services(const void *a, const void *b)
{
	const struct compose_service *left = a, *right = b;

	return strcmp(left->name, right->name);
}

static bool is_active(const struct compose_service *s, const struct strv *profiles)
{
	if (s->profiles.count == 0 || strv_has(profiles, "*"))
		return true;
	for (size_t i = 0; i < s->profiles.count; i++) {
		if (strv_has(profiles, s->profiles.items[i]))
			return true;
	}
	return false;
}

static const struct compose_service *find_any(const struct compose_service *services, size_t count,
					      const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(services[i].name, name) == 0)
			return &services[i];
	}
	return NULL;
}

/* Dependencies on what is not there: dropped when they are optional, else an error. */
static int resolve_dependencies(struct decoder *d, struct compose_service *s,
				const struct compose_service *all, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->depends_on_count; i++) {
		const struct compose_dependency dep = s->depends_on[i];
		const struct compose_service *other =
			find_any(d->project->services, d->project->service_count, dep.service);

		if (other) {
			s->depends_on[kept++] = dep;
			continue;
		}
		if (!dep.required)
			continue;
		other = find_any(all, count, dep.service);
		(void)compose_check_error(d, dep.place,
					  other ? "service '%s' depends on '%s', whose profile is "
						  "not active"
						: "service '%s' depends on '%s', which is not "
						  "defined",
					  s->name, dep.service);
		return error_hint(d->err,
				  other ? "activate its profile '%s', or set required: false"
					: "define it under 'services', or remove it here%s",
				  other ? other->profiles.items[0] : "");
	}
	s->depends_on_count = kept;
	return 0;
}

int compose_select_profiles(struct decoder *d, const struct strv *profiles)
{
	struct compose_project *p = d->project;
	struct compose_service *all = p->services;
	size_t count = p->service_count;
	int r = 0;

	p->services = arena_alloc(d->arena, (count + 1) * sizeof(*all));
	p->service_count = 0;
	for (size_t i = 0; i < count; i++) {
		if (is_active(&all[i], profiles))
			p->services[p->service_count++] = all[i];
	}
	if (p->service_count > 1)
		qsort(p->services, p->service_count, sizeof(*all), compare_services);
	for (size_t i = 0; i < profiles->count; i++)
		compose_add_text(d->arena, &p->profiles,
				 arena_strdup(d->arena, str_from(profiles->items[i])));
	for (size_t i = 0; r == 0 && i < p->service_count; i++)
		r = resolve_dependencies(d, &p->services[i], all, count);
	return r;
}

/* Limits may be set by a service's own keys or by "deploy", or by both to the same. */
static bool has_limit_clash(const struct compose_service *s)
{
	const struct compose_deploy *deploy = &s->deploy;

	if (deploy->memory_bytes && s->memory_max_bytes &&
	    deploy->memory_bytes != s->memory_max_bytes)
		return true;
	if (deploy->cpus > 0 && s->cpus > 0 &&
	    (deploy->cpus < s->cpus || deploy->cpus > s->cpus))
		return true;
	return deploy->pids && s->pids_limit && deploy->pids != s->pids_limit;
}

static int check_limits(struct decoder *d, struct compose_service *s)
{
	const struct compose_deploy *deploy = &s->deploy;

	if (has_limit_clash(s)) {
		(void)compose_check_error(d, s->place,
					  "service '%s' sets a limit twice, differently", s->name);
		return error_hint(d->err, "keep the one in deploy.resources.limits");
	}
	if (deploy->memory_bytes)
		s->memory_max_bytes = deploy->memory_bytes;
	if (deploy->cpus > 0)
		s->cpus = deploy->cpus;
	if (deploy->pids)
		s->pids_limit = deploy->pids;
	if (deploy->has_restart) {
		s->restart = deploy->restart;
		s->restart_max_attempts = deploy->restart_max_attempts;
	}
	return 0;
}

static int check_service(struct decoder *d, struct compose_service *s)
{
	const struct compose_healthcheck *h = &s->healthcheck;

	if (!s->image && !s->build.given) {
		(void)compose_check_error(d, s->place, "service '%s' has neither image nor build",
					  s->name);
		return error_hint(d->err, "name an 'image', or a 'build' context to make one from");
	}
	if (s->network_mode && s->network_count)
		return compose_check_error(d, s->networks[0].place,
					   "service '%s': 'networks' and 'network_mode' exclude "
					   "each other",
					   s->name);
	if (s->network_mode && strcmp(s->network_mode, "host") == 0 && s->port_count) {
		struct error_position pos = yaml_position(find_place(d, s->ports[0].place));

		report_warn(d->warnings, &pos, "no-effect",
			    "service '%s': ports are not published with network_mode: host",
			    s->name);
	}
	if (h->has_start_interval && !h->has_start_period) {
		(void)compose_check_error(d, s->place,
					  "service '%s': start_interval has no effect without "
					  "start_period",
					  s->name);
		return error_hint(d->err, "set start_period as well");
	}
	if (!s->network_mode && s->network_count == 0) {
		s->networks = arena_alloc(d->arena, sizeof(*s->networks));
		s->networks[s->network_count++] =
			(struct compose_attachment){ .network = "default", .place = s->place };
	}
	return check_limits(d, s);
}

static int check_container_names(struct decoder *d)
{
	const struct compose_project *p = d->project;

	for (size_t i = 0; i < p->service_count; i++) {
		for (size_t j = 0; p->services[i].container_name && j < i; j++) {
			if (p->services[j].container_name &&
			    strcmp(p->services[i].container_name, p->services[j].container_name) ==
				    0)
				return compose_check_error(
					d, p->services[i].place,
					"services '%s' and '%s' have the same container_name '%s'",
					p->services[j].name, p->services[i].name,
					p->services[i].container_name);
		}
	}
	return 0;
}

/* A reference from a service to a key of a top-level section. */
struct reference {
	const char *what, *section;
	const char *key;
	struct source_place place;
};

static int fail_undefined(struct decoder *d, const struct compose_service *s,
			  const struct reference *ref)
{
	(void)compose_check_error(d, ref->place, "service '%s' refers to undefined %s '%s'",
				  s->name, ref->what, ref->key);
	return error_hint(d->err, "define it under the top-level '%s'", ref->section);
}

#define FIND(items, count, wanted)                                                                 \
	({                                                                                         \
		__typeof__(&(items)[0]) found_ = NULL;                                             \
		for (size_t f_ = 0; f_ < (count); f_++) {                                          \
			if (strcmp((items)[f_].key, (wanted)) == 0)                                \
				found_ = &(items)[f_];                                             \
		}                                                                                  \
		found_;                                                                            \
	})

static int check_networks(struct decoder *d, const struct compose_service *s, bool *used)
{
	struct compose_project *p = d->project;

	for (size_t i = 0; i < s->network_count; i++) {
		const struct compose_attachment *a = &s->networks[i];
		const struct compose_network *n = FIND(p->networks, p->network_count, a->network);

		if (!n)
			return fail_undefined(d, s, &(struct reference){ "network", "networks",
									 a->network, a->place });
		used[n - p->networks] = true;
	}
	return 0;
}

static int check_volumes(struct decoder *d, const struct compose_service *s, bool *used)
{
	struct compose_project *p = d->project;

	for (size_t i = 0; i < s->mount_count; i++) {
		const struct compose_mount *m = &s->mounts[i];

		if (m->type != COMPOSE_MOUNT_VOLUME || !m->source)
			continue;
		const struct compose_volume *v = FIND(p->volumes, p->volume_count, m->source);

		if (!v)
			return fail_undefined(d, s, &(struct reference){ "volume", "volumes",
									 m->source, m->place });
		used[v - p->volumes] = true;
	}
	return 0;
}

static int check_uses(struct decoder *d, const struct compose_service *s, bool secrets, bool *used)
{
	const struct compose_project *p = d->project;
	const struct compose_file_mount *uses = secrets ? s->secrets : s->configs;
	size_t count = secrets ? s->secret_count : s->config_count;
	const struct compose_file_source *sources = secrets ? p->secrets : p->configs;
	size_t source_count = secrets ? p->secret_count : p->config_count;

	for (size_t i = 0; i < count; i++) {
		const struct compose_file_source *f = FIND(sources, source_count, uses[i].source);

		if (!f)
			return fail_undefined(d, s,
					      &(struct reference){ secrets ? "secret" : "config",
								   secrets ? "secrets" : "configs",
								   uses[i].source, uses[i].place });
		if (f->environment && !f->content)
			return compose_check_error(d, f->place,
						   "%s '%s': variable %s is not set",
						   secrets ? "secret" : "config", f->key,
						   f->environment);
		used[f - sources] = true;
	}
	return 0;
}

#define COMPARE(name, type)                                                                        \
	static int name(const void *a, const void *b)                                              \
	{                                                                                          \
		const struct type *left = a, *right = b;                                           \
		return strcmp(left->key, right->key);                                              \
	}

COMPARE(compare_networks, compose_network)
COMPARE(compare_volumes, compose_volume)
COMPARE(compare_sources, compose_file_source)

#define KEEP_USED(items, count, used, compare)                                                     \
	do {                                                                                       \
		size_t kept_ = 0;                                                                  \
		for (size_t k_ = 0; k_ < (count); k_++) {                                          \
			if ((used)[k_])                                                            \
				(items)[kept_++] = (items)[k_];                                    \
		}                                                                                  \
		(count) = kept_;                                                                   \
		if ((count) > 1)                                                                   \
			qsort((items), (count), sizeof((items)[0]), (compare));                    \
	} while (0)

static void add_default_network(struct decoder *d)
{
	struct compose_project *p = d->project;

	if (FIND(p->networks, p->network_count, "default"))
		return;
	struct compose_network *all =
		arena_alloc(d->arena, (p->network_count + 1) * sizeof(*all));

	if (p->network_count)
		memcpy(all, p->networks, p->network_count * sizeof(*all));
	all[p->network_count++] = (struct compose_network){
		.key = "default",
		.name = arena_printf(d->arena, "%s_default", p->name),
	};
	p->networks = all;
}

static int check_references(struct decoder *d)
{
	struct compose_project *p = d->project;
	bool *networks = arena_alloc(d->arena, p->network_count + 1);
	bool *volumes = arena_alloc(d->arena, p->volume_count + 1);
	bool *secrets = arena_alloc(d->arena, p->secret_count + 1);
	bool *configs = arena_alloc(d->arena, p->config_count + 1);
	int r = 0;

	for (size_t i = 0; r == 0 && i < p->service_count; i++) {
		const struct compose_service *s = &p->services[i];

		r = check_networks(d, s, networks);
		if (r == 0)
			r = check_volumes(d, s, volumes);
		if (r == 0)
			r = check_uses(d, s, true, secrets);
		if (r == 0)
			r = check_uses(d, s, false, configs);
	}
	if (r < 0)
		return r;
	KEEP_USED(p->networks, p->network_count, networks, compare_networks);
	KEEP_USED(p->volumes, p->volume_count, volumes, compare_volumes);
	KEEP_USED(p->secrets, p->secret_count, secrets, compare_sources);
	KEEP_USED(p->configs, p->config_count, configs, compare_sources);
	return 0;
}

int compose_check(struct decoder *d)
{
	struct compose_project *p = d->project;
	int r = 0;

	for (size_t i = 0; r == 0 && i < p->service_count; i++)
		r = check_service(d, &p->services[i]);
	add_default_network(d);
	if (r == 0)
		r = check_references(d);
	if (r == 0)
		r = check_container_names(d);
	return r == 0 ? compose_check_cycles(d) : r;
}
