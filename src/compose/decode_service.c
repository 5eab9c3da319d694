/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of a service. */
#include "decode.h"

#define FIELD(member) offsetof(struct compose_service, member)

static int decode_command(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	struct compose_command *command = to;

	if (pair->value->kind == YAML_NULL)
		return 0; /* the image's */
	command->given = true;
	return compose_decode_argv(d, pair, &command->argv);
}

static int decode_init(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	struct compose_service *s = to;

	s->has_init = true;
	return compose_decode_bool(d, pair, &s->init);
}

static int decode_stop_grace_period(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	struct compose_service *s = to;

	s->has_stop_grace_period = true;
	return compose_decode_duration(d, pair, &s->stop_grace_period_ns);
}

static int decode_oom_score_adj(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	struct compose_service *s = to;
	int64_t value = 0;
	int r = compose_decode_integer(d, pair, -1000, 1000, &value);

	s->has_oom_score_adj = true;
	s->oom_score_adj = (int)value;
	return r;
}

static int decode_pids_limit(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	return compose_decode_integer(d, pair, -1, 1 << 22, to);
}

static int decode_scale(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	int64_t value = 0;
	int r = compose_decode_integer(d, pair, 0, INT32_MAX, &value);

	(void)to;
	if (r == 0 && value != 1)
		return compose_refuse(pair->value->place, d->err,
				      "%lld containers for one service are not supported by this "
				      "version",
				      (long long)value);
	return r;
}

static int decode_network_mode(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	static const char *const modes[] = { "bridge", "host", "none" };
	const char *mode = NULL;
	int r = compose_decode_string(d, pair, &mode);

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(modes); i++) {
		if (strcmp(mode, modes[i]) == 0) {
			*(const char **)to = modes[i];
			return 0;
		}
	}
	if (r < 0)
		return r;
	(void)compose_refuse(pair->value->place, d->err, "'%s' is not supported by this version",
			     mode);
	return error_hint(d->err, "use none, host or bridge, or 'networks'");
}

static int decode_pull_policy(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	static const char *const policies[][2] = {
		{ "always", "always" }, { "build", "build" }, { "if_not_present", "missing" },
		{ "missing", "missing" }, { "never", "never" },
	};
	const char *policy = NULL;
	int r = compose_decode_string(d, pair, &policy);

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(policies); i++) {
		if (strcmp(policy, policies[i][0]) == 0) {
			*(const char **)to = policies[i][1];
			return 0;
		}
	}
	if (r < 0)
		return r;
	if (strcmp(policy, "daily") == 0 || strcmp(policy, "weekly") == 0 ||
	    str_has_prefix(str_from(policy), "every_"))
		return compose_refuse(pair->value->place, d->err,
				      "'%s' is valid compose but not supported by this version",
				      policy);
	(void)compose_error(pair->value->place, d->err, "unknown policy '%s'", policy);
	return error_hint(d->err, "it is one of always, build, missing, never");
}

static int decode_security_opt(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	/* Labels and AppArmor switched off: there are none here to begin with. */
	static const char *const known[] = {
		"no-new-privileges", "no-new-privileges:true", "no-new-privileges:false",
		"no-new-privileges=true", "no-new-privileges=false", "seccomp:unconfined",
		"seccomp=unconfined", "label:disable", "label=disable", "apparmor:unconfined",
		"apparmor=unconfined",
	};
	const struct compose_list *list = to;
	int r = compose_decode_list(d, pair, to);

	for (size_t i = 0; r == 0 && i < list->count; i++) {
		size_t k = 0;

		while (k < ARRAY_SIZE(known) && strcmp(list->items[i], known[k]) != 0)
			k++;
		if (k < ARRAY_SIZE(known))
			continue;
		(void)compose_refuse(pair->value->items[i]->place, d->err,
				     "'%s' is not supported by this version", list->items[i]);
		return error_hint(d->err,
				  "known are no-new-privileges:true and seccomp=unconfined");
	}
	return r;
}

static int decode_profiles(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	int r = compose_decode_list(d, pair, to);

	for (size_t i = 0; r == 0 && i < pair->value->count; i++) {
		const struct yaml_node *item = pair->value->items[i];
		const struct yaml_pair name = { item->text, item->place, NULL };

		r = compose_check_name(d, "a profile", &name);
	}
	return r;
}

static int decode_on_unhealthy(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	const char *action = NULL;
	int r = compose_decode_string(d, pair, &action);

	if (r < 0)
		return r;
	*(bool *)to = strcmp(action, "restart") == 0;
	if (!*(bool *)to && strcmp(action, "none") != 0)
		return compose_error(pair->value->place, d->err,
				     "must be 'restart' or 'none', not '%s'", action);
	return 0;
}

static const struct compose_key service_keys[] = {
	{ "annotations", compose_decode_pairs, FIELD(annotations), false },
	{ "attach", NULL, 0, false },
	{ "blkio_config", NULL, 0, false },
	{ "build", compose_decode_build, FIELD(build), false },
	{ "cap_add", compose_decode_list, FIELD(cap_add), false },
	{ "cap_drop", compose_decode_list, FIELD(cap_drop), false },
	{ "cgroup", NULL, 0, false },
	{ "cgroup_parent", NULL, 0, false },
	{ "command", decode_command, FIELD(command), true },
	{ "configs", compose_decode_configs, 0, false },
	{ "container_name", compose_decode_resource_name, FIELD(container_name), false },
	{ "cpu_count", NULL, 0, false },
	{ "cpu_percent", NULL, 0, false },
	{ "cpu_period", NULL, 0, false },
	{ "cpu_quota", NULL, 0, false },
	{ "cpu_rt_period", NULL, 0, false },
	{ "cpu_rt_runtime", NULL, 0, false },
	{ "cpu_shares", NULL, 0, false },
	{ "cpus", compose_decode_cpus, FIELD(cpus), false },
	{ "cpuset", NULL, 0, false },
	{ "credential_spec", NULL, 0, false },
	{ "depends_on", compose_decode_dependencies, 0, false },
	{ "deploy", compose_decode_deploy, FIELD(deploy), false },
	{ "develop", NULL, 0, false },
	{ "device_cgroup_rules", NULL, 0, false },
	{ "devices", NULL, 0, false },
	{ "dns", compose_decode_texts, FIELD(dns), false },
	{ "dns_opt", NULL, 0, false },
	{ "dns_search", NULL, 0, false },
	{ "domainname", compose_decode_string, FIELD(domainname), false },
	{ "entrypoint", decode_command, FIELD(entrypoint), true },
	{ "env_file", compose_decode_env_file, FIELD(env_files), false },
	{ "environment", compose_decode_variables, FIELD(environment), false },
	{ "expose", compose_decode_list, FIELD(expose), false },
	{ "extends", NULL, 0, false }, /* gone before decoding */
	{ "external_links", NULL, 0, false },
	{ "extra_hosts", compose_decode_extra_hosts, FIELD(extra_hosts), false },
	{ "gpus", NULL, 0, false },
	{ "group_add", compose_decode_list, FIELD(group_add), false },
	{ "healthcheck", compose_decode_healthcheck, FIELD(healthcheck), false },
	{ "hostname", compose_decode_resource_name, FIELD(hostname), false },
	{ "image", compose_decode_string, FIELD(image), false },
	{ "init", decode_init, 0, false },
	{ "ipc", NULL, 0, false },
	{ "isolation", NULL, 0, false },
	{ "label_file", NULL, 0, false },
	{ "labels", compose_decode_pairs, FIELD(labels), false },
	{ "links", NULL, 0, false },
	{ "logging", compose_decode_logging, 0, false },
	{ "mac_address", NULL, 0, false },
	{ "mem_limit", compose_decode_bytes, FIELD(memory_max_bytes), false },
	{ "mem_reservation", NULL, 0, false },
	{ "mem_swappiness", NULL, 0, false },
	{ "memswap_limit", NULL, 0, false },
	{ "models", NULL, 0, false },
	{ "network_mode", decode_network_mode, FIELD(network_mode), false },
	{ "networks", compose_decode_attachments, 0, false },
	{ "oom_kill_disable", NULL, 0, false },
	{ "oom_score_adj", decode_oom_score_adj, 0, false },
	{ "pid", NULL, 0, false },
	{ "pids_limit", decode_pids_limit, FIELD(pids_limit), false },
	{ "platform", compose_decode_string, FIELD(platform), false },
	{ "ports", compose_decode_ports, 0, false },
	{ "post_start", NULL, 0, false },
	{ "pre_start", NULL, 0, false },
	{ "pre_stop", NULL, 0, false },
	{ "privileged", compose_decode_bool, FIELD(privileged), false },
	{ "profiles", decode_profiles, FIELD(profiles), false },
	{ "provider", NULL, 0, false },
	{ "pull_policy", decode_pull_policy, FIELD(pull_policy), false },
	{ "pull_refresh_after", NULL, 0, false },
	{ "read_only", compose_decode_bool, FIELD(read_only), false },
	{ "restart", compose_decode_restart, 0, false },
	{ "runtime", NULL, 0, false },
	{ "scale", decode_scale, 0, false },
	{ "secrets", compose_decode_secrets, 0, false },
	{ "security_opt", decode_security_opt, FIELD(security_opt), false },
	{ "shm_size", compose_decode_bytes, FIELD(shm_size_bytes), false },
	{ "stdin_open", compose_decode_bool, FIELD(stdin_open), false },
	{ "stop_grace_period", decode_stop_grace_period, 0, false },
	{ "stop_signal", compose_decode_string, FIELD(stop_signal), false },
	{ "storage_opt", NULL, 0, false },
	{ "sysctls", compose_decode_pairs, FIELD(sysctls), false },
	{ "tmpfs", compose_decode_tmpfs, 0, false },
	{ "tty", compose_decode_bool, FIELD(tty), false },
	{ "ulimits", compose_decode_ulimits, 0, false },
	{ "use_api_socket", NULL, 0, false },
	{ "user", compose_decode_string, FIELD(user), false },
	{ "userns_mode", NULL, 0, false },
	{ "uts", NULL, 0, false },
	{ "volumes", compose_decode_volumes, 0, false },
	{ "volumes_from", NULL, 0, false },
	{ "working_dir", compose_decode_string, FIELD(working_dir), false },
	{ "x-firkin-on-unhealthy", decode_on_unhealthy, FIELD(restart_on_unhealthy), false },
};
static const struct compose_keys service = COMPOSE_KEYS("a service", service_keys);

int compose_decode_service(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	struct compose_service *s = to;
	int r = compose_check_name(d, "a service", pair);

	if (r < 0)
		return r;
	s->name = pair->key.ptr;
	s->place = compose_place(pair->place);
	if (pair->value->kind == YAML_NULL) {
		(void)compose_error(pair->place, d->err, "service '%s' is empty", s->name);
		return error_hint(d->err, "indent its keys by more spaces than its name");
	}
	s->extensions = compose_extensions(d->arena, pair->value);
	if (compose_decode_mapping(d, pair, &service, s) < 0)
		return error_context(d->err, "service '%s'", s->name);
	return 0;
}
