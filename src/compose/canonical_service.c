/* SPDX-License-Identifier: Apache-2.0 */
/* One service in canonical form; the order of the keys is Docker's. */
#include <stdio.h>

#include "canonical.h"
#include "decode.h"

static json_t *build(const struct compose_build *b)
{
	json_t *o = json_object();

	compose_json_set_text(o, "context", b->context);
	if (b->dockerfile || !b->dockerfile_inline)
		compose_json_set_text(o, "dockerfile",
				      b->dockerfile ? b->dockerfile : "Dockerfile");
	compose_json_set_text(o, "dockerfile_inline", b->dockerfile_inline);
	compose_json_set_pairs(o, "args", &b->args);
	compose_json_set_pairs(o, "labels", &b->labels);
	compose_json_set_true(o, "no_cache", b->no_cache);
	compose_json_set_true(o, "pull", b->pull);
	compose_json_set_text(o, "network", b->network);
	compose_json_set_text(o, "target", b->target);
	return o;
}

static json_t *dependencies(const struct compose_service *s)
{
	static const char *const conditions[] = {
		[CONDITION_STARTED] = "service_started",
		[CONDITION_HEALTHY] = "service_healthy",
		[CONDITION_COMPLETED] = "service_completed_successfully",
	};
	json_t *all = json_object();

	for (size_t i = 0; i < s->depends_on_count; i++) {
		const struct compose_dependency *dep = &s->depends_on[i];
		json_t *o = json_object();

		compose_json_set_text(o, "condition", conditions[dep->condition]);
		compose_json_set_true(o, "restart", dep->restart);
		compose_json_set(o, "required", json_boolean(dep->required));
		compose_json_set(all, dep->service, o);
	}
	return all;
}

static json_t *deploy(const struct compose_deploy *d, bool json)
{
	json_t *o = json_object(), *limits = json_object();

	if (d->has_replicas)
		compose_json_set(o, "replicas", json_integer(1));
	if (d->cpus > 0)
		compose_json_set(limits, "cpus", compose_json_number(d->cpus));
	if (d->memory_bytes)
		compose_json_set(limits, "memory", compose_json_size(d->memory_bytes));
	if (d->pids)
		compose_json_set(limits, "pids", json_integer(d->pids));
	if (json_object_size(limits))
		compose_json_set(o, "resources", json_pack("{s:O}", "limits", limits));
	else if (json && d->given)
		compose_json_set(o, "resources", json_object());
	json_decref(limits);
	if (d->has_restart) {
		json_t *policy = json_object();

		compose_json_set_text(policy, "condition",
				      d->restart == RESTART_NO		 ? "none"
				      : d->restart == RESTART_ON_FAILURE ? "on-failure"
									 : "any");
		if (d->restart_max_attempts)
			compose_json_set(policy, "max_attempts",
					 json_integer(d->restart_max_attempts));
		compose_json_set(o, "restart_policy", policy);
	}
	if (json && d->given)
		compose_json_set(o, "placement", json_object());
	return o;
}

static json_t *healthcheck(const struct compose_healthcheck *h)
{
	json_t *o = json_object();

	compose_json_set_list(o, "test", &h->test);
	if (h->has_timeout)
		compose_json_set(o, "timeout", compose_json_duration(h->timeout_ns));
	if (h->has_interval)
		compose_json_set(o, "interval", compose_json_duration(h->interval_ns));
	if (h->has_retries)
		compose_json_set(o, "retries", json_integer(h->retries));
	if (h->has_start_period)
		compose_json_set(o, "start_period", compose_json_duration(h->start_period_ns));
	if (h->has_start_interval)
		compose_json_set(o, "start_interval", compose_json_duration(h->start_interval_ns));
	compose_json_set_true(o, "disable", h->disable);
	return o;
}

static json_t *networks(const struct compose_service *s)
{
	json_t *all = json_object();

	for (size_t i = 0; i < s->network_count; i++) {
		const struct compose_attachment *a = &s->networks[i];
		json_t *o = json_object();

		compose_json_set_list(o, "aliases", &a->aliases);
		compose_json_set_text(o, "ipv4_address", a->ipv4_address);
		compose_json_set(all, a->network,
				 json_object_size(o) ? json_incref(o) : json_null());
		json_decref(o);
	}
	return all;
}

static json_t *ports(const struct compose_service *s)
{
	json_t *all = json_array();

	for (size_t i = 0; i < s->port_count; i++) {
		const struct compose_port *p = &s->ports[i];
		json_t *o = json_object();
		char published[32];

		compose_json_set_text(o, "name", p->name);
		compose_json_set_text(o, "mode", p->mode);
		compose_json_set_text(o, "host_ip", p->host_ip);
		compose_json_set(o, "target", json_integer(p->target));
		(void)snprintf(published, sizeof(published), "%u", p->published_first);
		if (p->published_last > p->published_first)
			(void)snprintf(published, sizeof(published), "%u-%u", p->published_first,
				       p->published_last);
		compose_json_set_text(o, "published", p->published_last ? published : NULL);
		compose_json_set_text(o, "protocol", p->protocol);
		compose_json_set_text(o, "app_protocol", p->app_protocol);
		(void)json_array_append_new(all, o);
	}
	return all;
}

static json_t *files(const struct compose_file_mount *uses, size_t count)
{
	json_t *all = json_array();

	for (size_t i = 0; i < count; i++) {
		const struct compose_file_mount *use = &uses[i];
		json_t *o = json_object();

		compose_json_set_text(o, "source", use->source);
		compose_json_set_text(o, "target", use->target);
		if (use->uid)
			compose_json_set(o, "uid", compose_json_size(use->uid));
		if (use->gid)
			compose_json_set(o, "gid", compose_json_size(use->gid));
		if (use->has_mode)
			compose_json_set(o, "mode", json_integer(use->mode));
		(void)json_array_append_new(all, o);
	}
	return all;
}

static json_t *ulimits(const struct compose_service *s)
{
	json_t *all = json_object();

	for (size_t i = 0; i < s->ulimit_count; i++) {
		const struct compose_ulimit *u = &s->ulimits[i];

		if (u->soft == u->hard)
			compose_json_set(all, u->name, json_integer(u->soft));
		else
			compose_json_set(all, u->name,
					 json_pack("{s:I, s:I}", "soft", (json_int_t)u->soft,
						   "hard", (json_int_t)u->hard));
	}
	return all;
}

static json_t *mount_details(const struct compose_mount *m)
{
	json_t *o = json_object();

	switch (m->type) {
	case COMPOSE_MOUNT_BIND:
		compose_json_set_text(o, "selinux", m->selinux);
		compose_json_set_text(o, "propagation", m->propagation);
		compose_json_set(o, "create_host_path", json_boolean(m->create_host_path));
		break;
	case COMPOSE_MOUNT_VOLUME:
		compose_json_set_true(o, "nocopy", m->no_copy);
		break;
	case COMPOSE_MOUNT_TMPFS:
		if (m->tmpfs_size_bytes)
			compose_json_set(o, "size", compose_json_size(m->tmpfs_size_bytes));
		if (m->tmpfs_mode)
			compose_json_set(o, "mode", json_integer(m->tmpfs_mode));
		break;
	}
	return o;
}

static json_t *volumes(const struct compose_service *s)
{
	static const char *const types[] = {
		[COMPOSE_MOUNT_BIND] = "bind",
		[COMPOSE_MOUNT_VOLUME] = "volume",
		[COMPOSE_MOUNT_TMPFS] = "tmpfs",
	};
	json_t *all = json_array();

	for (size_t i = 0; i < s->mount_count; i++) {
		const struct compose_mount *m = &s->mounts[i];
		json_t *o;

		if (m->tmpfs_options)
			continue;
		o = json_object();
		compose_json_set_text(o, "type", types[m->type]);
		compose_json_set_text(o, "source", m->source);
		compose_json_set_text(o, "target", m->target);
		compose_json_set_true(o, "read_only", m->read_only);
		compose_json_set(o, types[m->type], mount_details(m));
		(void)json_array_append_new(all, o);
	}
	return all;
}

static json_t *tmpfs(const struct compose_service *s)
{
	json_t *all = json_array();

	for (size_t i = 0; i < s->mount_count; i++) {
		const struct compose_mount *m = &s->mounts[i];

		if (m->tmpfs_options && m->tmpfs_options[0])
			(void)json_array_append_new(
				all, json_sprintf("%s:%s", m->target, m->tmpfs_options));
		else if (m->tmpfs_options)
			(void)json_array_append_new(all, compose_json_text(m->target));
	}
	return all;
}

/* Keep a list or mapping only when it holds something. */
static void set_filled(json_t *object, const char *key, json_t *value)
{
	if (json_array_size(value) || json_object_size(value))
		compose_json_set(object, key, value);
	else
		json_decref(value);
}

static void set_command(json_t *object, const char *key, const struct compose_command *command,
			bool json)
{
	if (command->given)
		compose_json_set(object, key, compose_json_list(&command->argv));
	else if (json)
		compose_json_set(object, key, json_null());
}

static void set_restart(json_t *object, const struct compose_service *s)
{
	const char *name = compose_restart_names[s->restart];

	if (s->restart == RESTART_NO || s->deploy.has_restart)
		return;
	if (s->restart_max_attempts)
		compose_json_set(object, "restart",
				 json_sprintf("%s:%u", name, s->restart_max_attempts));
	else
		compose_json_set_text(object, "restart", name);
}

static void set_first_half(json_t *o, const struct compose_service *s, bool json)
{
	compose_json_set_list(o, "profiles", &s->profiles);
	compose_json_set_pairs(o, "annotations", &s->annotations);
	if (s->build.given)
		compose_json_set(o, "build", build(&s->build));
	compose_json_set_list(o, "cap_add", &s->cap_add);
	compose_json_set_list(o, "cap_drop", &s->cap_drop);
	if (s->cpus > 0 && s->deploy.cpus <= 0)
		compose_json_set(o, "cpus", compose_json_number(s->cpus));
	set_command(o, "command", &s->command, json);
	set_filled(o, "configs", files(s->configs, s->config_count));
	compose_json_set_text(o, "container_name", s->container_name);
	set_filled(o, "depends_on", dependencies(s));
	set_filled(o, "deploy", deploy(&s->deploy, json));
	compose_json_set_list(o, "dns", &s->dns);
	compose_json_set_text(o, "domainname", s->domainname);
	set_command(o, "entrypoint", &s->entrypoint, json);
	compose_json_set_pairs(o, "environment", &s->environment);
	compose_json_set_list(o, "expose", &s->expose);
	compose_json_set_list(o, "extra_hosts", &s->extra_hosts);
	compose_json_set_list(o, "group_add", &s->group_add);
	compose_json_set_text(o, "hostname", s->hostname);
	if (s->healthcheck.given)
		set_filled(o, "healthcheck", healthcheck(&s->healthcheck));
	compose_json_set_text(o, "image", s->image);
	if (s->has_init)
		compose_json_set(o, "init", json_boolean(s->init));
	compose_json_set_pairs(o, "labels", &s->labels);
}

static void set_logging(json_t *o, const struct compose_service *s)
{
	json_t *logging = json_object();

	compose_json_set_text(logging, "driver", s->log_driver);
	compose_json_set_pairs(logging, "options", &s->log_options);
	set_filled(o, "logging", logging);
}

static void set_second_half(json_t *o, const struct compose_service *s)
{
	set_logging(o, s);
	if (s->memory_max_bytes && !s->deploy.memory_bytes)
		compose_json_set(o, "mem_limit", compose_json_size(s->memory_max_bytes));
	compose_json_set_text(o, "network_mode", s->network_mode);
	set_filled(o, "networks", networks(s));
	if (s->has_oom_score_adj)
		compose_json_set(o, "oom_score_adj", json_integer(s->oom_score_adj));
	if (s->pids_limit && !s->deploy.pids)
		compose_json_set(o, "pids_limit", json_integer(s->pids_limit));
	compose_json_set_text(o, "platform", s->platform);
	set_filled(o, "ports", ports(s));
	compose_json_set_true(o, "privileged", s->privileged);
	compose_json_set_text(o, "pull_policy", s->pull_policy);
	compose_json_set_true(o, "read_only", s->read_only);
	set_restart(o, s);
	set_filled(o, "secrets", files(s->secrets, s->secret_count));
	compose_json_set_list(o, "security_opt", &s->security_opt);
	if (s->shm_size_bytes)
		compose_json_set(o, "shm_size", compose_json_size(s->shm_size_bytes));
	compose_json_set_true(o, "stdin_open", s->stdin_open);
	if (s->has_stop_grace_period)
		compose_json_set(o, "stop_grace_period",
				 compose_json_duration(s->stop_grace_period_ns));
	compose_json_set_text(o, "stop_signal", s->stop_signal);
	compose_json_set_pairs(o, "sysctls", &s->sysctls);
	set_filled(o, "tmpfs", tmpfs(s));
	compose_json_set_true(o, "tty", s->tty);
	set_filled(o, "ulimits", ulimits(s));
	compose_json_set_text(o, "user", s->user);
	set_filled(o, "volumes", volumes(s));
	compose_json_set_text(o, "working_dir", s->working_dir);
}

json_t *compose_canonical_service(const struct compose_service *s, bool json)
{
	json_t *o = json_object();

	set_first_half(o, s, json);
	set_second_half(o, s);
	compose_canonical_extensions(o, s->extensions);
	return o;
}
