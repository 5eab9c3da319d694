/* SPDX-License-Identifier: Apache-2.0 */
/* A container as "docker inspect" shows it: the members that tools read, under Docker's names. */
#include <stdio.h>

#include "codec/json.h"
#include "stack/stack.h"

static const char *const restart_names[] = {
	[STACK_RESTART_NO] = "no",
	[STACK_RESTART_ALWAYS] = "always",
	[STACK_RESTART_ON_FAILURE] = "on-failure",
	[STACK_RESTART_UNLESS_STOPPED] = "unless-stopped",
};
static const char *const mount_types[] = {
	[STACK_MOUNT_BIND] = "bind",
	[STACK_MOUNT_VOLUME] = "volume",
	[STACK_MOUNT_TMPFS] = "tmpfs",
	[STACK_MOUNT_CONTENT] = "bind",
};

static void set(json_t *j, const char *key, json_t *value)
{
	(void)json_object_set_new(j, key, value); /* fails on OOM only */
}

static void append(json_t *list, json_t *value)
{
	(void)json_array_append_new(list, value); /* fails on OOM only */
}

static void set_bool(json_t *j, const char *key, bool value)
{
	set(j, key, json_boolean(value));
}

static void set_text_or_empty(json_t *j, const char *key, const char *text)
{
	json_set_text(j, key, text ? text : "");
}

/* Docker's zero time stands for "never". */
static void set_time(json_t *j, const char *key, struct timespec ts)
{
	char text[36] = "0001-01-01T00:00:00Z";

	if (ts.tv_sec)
		clock_format_rfc3339(ts, text);
	json_set_text(j, key, text);
}

static json_t *describe_health(const struct container_state *s)
{
	json_t *j = json_object(), *log = json_array();

	json_set_text(j, "Status", health_status_name(s->health));
	json_set_int(j, "FailingStreak", s->failing_streak);
	for (size_t i = 0; i < s->log_count; i++) {
		json_t *item = json_object();

		json_set_text(item, "Start", s->log[i].start);
		json_set_text(item, "End", s->log[i].end);
		json_set_int(item, "ExitCode", s->log[i].exit_code);
		json_set_text(item, "Output", s->log[i].output);
		append(log, item);
	}
	set(j, "Log", log);
	return j;
}

static json_t *describe_state(const struct container_info *c)
{
	const struct container_state *s = &c->state;
	json_t *j = json_object();

	json_set_text(j, "Status", container_status_name(s->status));
	set_bool(j, "Running",
		 s->status == CONTAINER_RUNNING || s->status == CONTAINER_PAUSED ||
			 s->status == CONTAINER_RESTARTING);
	set_bool(j, "Paused", s->status == CONTAINER_PAUSED);
	set_bool(j, "Restarting", s->status == CONTAINER_RESTARTING);
	set_bool(j, "OOMKilled", s->oom_killed);
	set_bool(j, "Dead", s->status == CONTAINER_DEAD);
	json_set_int(j, "Pid",
		     s->status == CONTAINER_RUNNING || s->status == CONTAINER_PAUSED
			     ? s->process.pid
			     : 0);
	json_set_int(j, "ExitCode", s->exit_code);
	set_text_or_empty(j, "Error", s->is_orphan ? "its supervisor is gone" : s->error);
	set_time(j, "StartedAt", s->started);
	set_time(j, "FinishedAt", s->finished);
	if (c->service.health.test.count)
		set(j, "Health", describe_health(s));
	return j;
}

static json_t *describe_labels(const struct strv *labels)
{
	json_t *j = json_object();

	for (size_t i = 0; i < labels->count; i++) {
		str name = str_from(labels->items[i]), value = { "", 0 };

		(void)str_split_once(name, '=', &name, &value); /* without '=': empty value */
		CLEANUP_FREE char *key = str_dup(name);

		set(j, key, json_text(value));
	}
	return j;
}

static json_t *describe_check(const struct stack_health *h)
{
	json_t *j = json_object();

	json_set_strv(j, "Test", &h->test);
	json_set_int(j, "Interval", h->interval_ns);
	json_set_int(j, "Timeout", h->timeout_ns);
	json_set_int(j, "StartPeriod", h->start_period_ns);
	json_set_int(j, "StartInterval", h->start_interval_ns);
	json_set_int(j, "Retries", h->retries);
	return j;
}

static json_t *describe_config(const struct container_info *c)
{
	const struct stack_service *s = &c->service;
	json_t *j = json_object();
	char host[13];

	(void)snprintf(host, sizeof(host), "%.12s", c->id);
	json_set_text(j, "Hostname", s->hostname ? s->hostname : host);
	set_text_or_empty(j, "Domainname", s->domainname);
	set_text_or_empty(j, "User", s->user);
	set_bool(j, "Tty", s->tty);
	set_bool(j, "OpenStdin", s->open_stdin);
	json_set_strv(j, "Env", &s->env);
	json_set_strv(j, "Entrypoint", &s->entrypoint);
	json_set_strv(j, "Cmd", &s->command);
	json_set_text(j, "Image", s->image);
	set_text_or_empty(j, "WorkingDir", s->working_dir);
	set(j, "Labels", describe_labels(&s->labels));
	if (s->stop_signal)
		json_set_text(j, "StopSignal", s->stop_signal);
	json_set_int(j, "StopTimeout", s->stop_timeout_ns / 1000000000);
	if (s->health.test.count)
		set(j, "Healthcheck", describe_check(&s->health));
	return j;
}

static char *port_key(const struct stack_port *p)
{
	return x_asprintf("%u/%s", p->container_port, p->udp ? "udp" : "tcp");
}

static json_t *describe_ports(const struct stack_port *ports, size_t count)
{
	json_t *j = json_object();

	for (size_t i = 0; i < count; i++) {
		CLEANUP_FREE char *key = port_key(&ports[i]);
		CLEANUP_FREE char *number =
			ports[i].host_port ? x_asprintf("%u", ports[i].host_port) : x_strdup("");
		json_t *list = json_object_get(j, key), *item = json_object();

		if (!list) {
			list = json_array();
			set(j, key, list);
		}
		json_set_text(item, "HostIp", ports[i].host_ip ? ports[i].host_ip : "0.0.0.0");
		json_set_text(item, "HostPort", number);
		append(list, item);
	}
	return j;
}

static json_t *describe_host_config(const struct stack_service *s)
{
	json_t *j = json_object(), *restart = json_object(), *log = json_object(),
	       *options = json_object();
	CLEANUP_FREE char *max_size = x_asprintf("%llu", (unsigned long long)s->log_max_bytes);
	CLEANUP_FREE char *max_file = x_asprintf("%u", s->log_max_files);

	json_set_text(restart, "Name", restart_names[s->restart]);
	json_set_int(restart, "MaximumRetryCount", s->restart_max);
	set(j, "RestartPolicy", restart);
	json_set_text(options, "max-size", max_size);
	json_set_text(options, "max-file", max_file);
	json_set_text(log, "Type", s->log_none ? "none" : "json-file");
	set(log, "Config", options);
	set(j, "LogConfig", log);
	json_set_text(j, "NetworkMode",
		      s->network_mode	    ? s->network_mode
		      : s->attachment_count ? s->attachments[0].network
					    : "none");
	set(j, "PortBindings", describe_ports(s->ports, s->port_count));
	set_bool(j, "AutoRemove", s->auto_remove);
	set_bool(j, "Privileged", s->privileged);
	set_bool(j, "ReadonlyRootfs", s->read_only);
	set_bool(j, "Init", s->init);
	json_set_strv(j, "ExtraHosts", &s->extra_hosts);
	json_set_strv(j, "Dns", &s->dns);
	json_set_strv(j, "GroupAdd", &s->groups);
	json_set_int(j, "Memory", (int64_t)s->limits.memory_max_bytes);
	json_set_int(j, "MemorySwap", (int64_t)s->limits.memory_swap_bytes);
	json_set_int(j, "MemoryReservation", (int64_t)s->limits.memory_low_bytes);
	json_set_int(j, "NanoCpus", (int64_t)s->limits.cpu_quota_us_per_100ms * 10000);
	json_set_int(j, "CpuShares", (int64_t)s->limits.cpu_shares);
	json_set_int(j, "PidsLimit", s->limits.pids_max);
	json_set_int(j, "ShmSize", s->shm_size_bytes ? (int64_t)s->shm_size_bytes : 64 << 20);
	json_set_int(j, "OomScoreAdj", s->oom_score_adj);
	return j;
}

static json_t *describe_mounts(const struct engine *e, const struct stack_service *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->mount_count; i++) {
		const struct stack_mount *m = &s->mounts[i];
		json_t *item = json_object();

		json_set_text(item, "Type", mount_types[m->kind]);
		if (m->kind == STACK_MOUNT_VOLUME && m->source) {
			CLEANUP_FREE char *path =
				x_asprintf("%s/volumes/%s/_data", e->store->path, m->source);

			json_set_text(item, "Name", m->source);
			json_set_text(item, "Source", path);
		} else if (m->kind == STACK_MOUNT_BIND) {
			json_set_text(item, "Source", m->source);
		}
		json_set_text(item, "Destination", m->target);
		set_bool(item, "RW", !m->read_only && m->kind != STACK_MOUNT_CONTENT);
		append(list, item);
	}
	return list;
}

static json_t *describe_network(const struct container_state *s, const struct stack_attachment *a)
{
	json_t *j = json_object();

	json_set_strv(j, "Aliases", &a->aliases);
	for (size_t i = 0; i < s->address_count; i++) {
		const struct container_address *address = &s->addresses[i];

		if (strcmp(address->network, a->network) != 0)
			continue;
		set_text_or_empty(j, "IPAddress", address->ipv4);
		set_text_or_empty(j, "Gateway", address->gateway);
		set_text_or_empty(j, "MacAddress", address->mac);
		json_set_int(j, "IPPrefixLen", address->prefix_length);
	}
	return j;
}

static json_t *describe_networks(const struct container_info *c)
{
	json_t *j = json_object(), *networks = json_object();

	for (size_t i = 0; i < c->service.attachment_count; i++)
		set(networks, c->service.attachments[i].network,
		    describe_network(&c->state, &c->service.attachments[i]));
	set(j, "Ports", describe_ports(c->state.ports, c->state.port_count));
	set(j, "Networks", networks);
	return j;
}

static void set_paths(json_t *j, const struct engine *e, const char *id)
{
	static const struct {
		const char *key, *file;
	} paths[] = {
		{ "ResolvConfPath", "resolv.conf" },
		{ "HostnamePath", "hostname" },
		{ "HostsPath", "hosts" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		CLEANUP_FREE char *path =
			x_asprintf("%s/containers/%s/%s", e->store->path, id, paths[i].file);

		json_set_text(j, paths[i].key, path);
	}
	CLEANUP_FREE char *log = x_asprintf("%s/containers/%s/%s-json.log", e->store->path, id, id);

	json_set_text(j, "LogPath", log);
}

/* Path is the program, Args are its arguments. */
static void set_program(json_t *j, const struct stack_service *s)
{
	struct strv argv CLEANUP_STRV = STRV_INIT;

	strv_add_all(&argv, &s->entrypoint);
	strv_add_all(&argv, &s->command);
	set_text_or_empty(j, "Path", argv.count ? argv.items[0] : NULL);
	if (argv.count)
		strv_remove(&argv, 0);
	json_set_strv(j, "Args", &argv);
}

json_t *stack_inspect(const struct engine *e, const struct container_info *c)
{
	const struct stack_service *s = &c->service;
	json_t *j = json_object();
	CLEANUP_FREE char *name = x_asprintf("/%s", s->container_name);
	CLEANUP_FREE char *image =
		x_asprintf("sha256:%s", s->image_manifest ? s->image_manifest : "");

	json_set_text(j, "Id", c->id);
	set_time(j, "Created", c->state.created);
	set_program(j, s);
	set(j, "State", describe_state(c));
	json_set_text(j, "Image", image);
	set_paths(j, e, c->id);
	json_set_text(j, "Name", name);
	json_set_int(j, "RestartCount", c->state.restart_count);
	json_set_text(j, "Driver", "overlay");
	json_set_text(j, "Platform", "linux");
	set(j, "HostConfig", describe_host_config(s));
	set(j, "Mounts", describe_mounts(e, s));
	set(j, "Config", describe_config(c));
	set(j, "NetworkSettings", describe_networks(c));
	return j;
}
