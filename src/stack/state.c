/* SPDX-License-Identifier: Apache-2.0 */
/* state.json: written by the supervisor, read by everybody. */
#include "state.h"

#include "codec/json.h"

static const char *const status_names[] = {
	[CONTAINER_CREATED] = "created", [CONTAINER_RUNNING] = "running",
	[CONTAINER_PAUSED] = "paused",	 [CONTAINER_RESTARTING] = "restarting",
	[CONTAINER_EXITED] = "exited",	 [CONTAINER_DEAD] = "dead",
};
static const char *const health_names[] = {
	[HEALTH_NONE] = "none",
	[HEALTH_STARTING] = "starting",
	[HEALTH_HEALTHY] = "healthy",
	[HEALTH_UNHEALTHY] = "unhealthy",
};

const char *container_status_name(enum container_status s)
{
	return status_names[s];
}

const char *health_status_name(enum health_status s)
{
	return health_names[s];
}

/* Unknown names come from another version: the first one of the table is the safe reading. */
static unsigned find_name(const char *const *names, size_t count, const char *text)
{
	for (size_t i = 0; text && i < count; i++) {
		if (strcmp(names[i], text) == 0)
			return (unsigned)i;
	}
	return 0;
}

static void free_probe(struct health_probe *p)
{
	free(p->start);
	free(p->end);
	free(p->output);
	*p = (struct health_probe){ 0 };
}

void state_end_run(struct container_state *s)
{
	for (size_t i = 0; i < s->address_count; i++) {
		free(s->addresses[i].network);
		free(s->addresses[i].ipv4);
		free(s->addresses[i].gateway);
		free(s->addresses[i].mac);
	}
	for (size_t i = 0; i < s->port_count; i++)
		free(s->ports[i].host_ip);
	free(STEAL_PTR(&s->addresses));
	free(STEAL_PTR(&s->ports));
	s->address_count = s->port_count = 0;
	s->process = (struct container_running){ .pidfd = -1 };
	s->health = HEALTH_NONE;
	s->failing_streak = 0;
}

void state_clear_run(struct container_state *s)
{
	state_end_run(s);
	for (size_t i = 0; i < s->log_count; i++)
		free_probe(&s->log[i]);
	s->log_count = 0;
	free(STEAL_PTR(&s->error));
	s->oom_killed = false;
}

void state_fini(struct container_state *s)
{
	state_clear_run(s);
}

void state_add_probe(struct container_state *s, struct health_probe p)
{
	if (s->log_count == HEALTH_LOG_SIZE) {
		free_probe(&s->log[0]);
		memmove(&s->log[0], &s->log[1], (HEALTH_LOG_SIZE - 1) * sizeof(s->log[0]));
		s->log_count--;
	}
	s->log[s->log_count++] = p;
}

bool state_is_active(const struct container_state *s)
{
	return s->status == CONTAINER_RUNNING || s->status == CONTAINER_PAUSED ||
	       s->status == CONTAINER_RESTARTING;
}

static void set_time(json_t *j, const char *key, struct timespec ts)
{
	char text[36];

	if (ts.tv_sec == 0)
		return;
	clock_format_rfc3339(ts, text);
	json_set_text(j, key, text);
}

static struct timespec get_time(const json_t *j, const char *key)
{
	struct timespec ts = { 0 };

	(void)clock_parse_rfc3339(str_from(json_get_text(j, key)), &ts); /* absent: zero */
	return ts;
}

static void set_list(json_t *j, const char *key, json_t *list)
{
	if (json_array_size(list))
		(void)json_object_set(j, key, list); /* fails on OOM only */
	json_decref(list);
}

static json_t *add_object(json_t *list)
{
	json_t *item = json_object();

	(void)json_array_append_new(list, item); /* fails on OOM only */
	return item;
}

static void write_log(json_t *j, const struct container_state *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->log_count; i++) {
		json_t *item = add_object(list);

		json_set_text(item, "start", s->log[i].start);
		json_set_text(item, "end", s->log[i].end);
		json_set_int(item, "exit_code", s->log[i].exit_code);
		json_set_text(item, "output", s->log[i].output);
	}
	set_list(j, "log", list);
}

static void write_network(json_t *j, const struct container_state *s)
{
	json_t *addresses = json_array(), *ports = json_array();

	for (size_t i = 0; i < s->address_count; i++) {
		json_t *item = add_object(addresses);

		json_set_text(item, "network", s->addresses[i].network);
		json_set_text(item, "ipv4", s->addresses[i].ipv4);
		json_set_text(item, "gateway", s->addresses[i].gateway);
		json_set_text(item, "mac", s->addresses[i].mac);
		json_set_int(item, "prefix_length", s->addresses[i].prefix_length);
	}
	set_list(j, "addresses", addresses);
	for (size_t i = 0; i < s->port_count; i++) {
		json_t *item = add_object(ports);

		json_set_text(item, "host_ip", s->ports[i].host_ip);
		json_set_int(item, "host_port", s->ports[i].host_port);
		json_set_int(item, "container_port", s->ports[i].container_port);
		json_set_true(item, "udp", s->ports[i].udp);
	}
	set_list(j, "ports", ports);
}

int state_save(int dir_fd, const struct container_state *s, struct error **err)
{
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);
	CLEANUP_JSON json_t *j = json_object();

	json_set_text(j, "status", status_names[s->status]);
	if (s->process.pid) {
		json_set_int(j, "pid", s->process.pid);
		json_set_int(j, "start_time", (int64_t)s->process.start_time);
	}
	set_time(j, "started", s->started);
	set_time(j, "finished", s->finished);
	json_set_int(j, "exit_code", s->exit_code);
	json_set_true(j, "oom_killed", s->oom_killed);
	json_set_true(j, "stopped_by_hand", s->stopped_by_hand);
	json_set_text(j, "error", s->error);
	json_set_int(j, "restart_count", s->restart_count);
	if (s->health != HEALTH_NONE) {
		json_set_text(j, "health", health_names[s->health]);
		json_set_int(j, "failing_streak", s->failing_streak);
	}
	write_log(j, s);
	write_network(j, s);
	json_write(j, &text);
	return fs_write_atomic_at(dir_fd, "state.json", strbuf_str(&text), 0600, FS_VOLATILE, err);
}

static char *get_copy(const json_t *j, const char *key)
{
	const char *text = json_get_text(j, key);

	return text ? x_strdup(text) : NULL;
}

static void read_log(const json_t *list, struct container_state *s)
{
	for (size_t i = 0; i < json_array_size(list) && i < HEALTH_LOG_SIZE; i++) {
		const json_t *item = json_array_get(list, i);

		state_add_probe(s, (struct health_probe){
					   .start = get_copy(item, "start"),
					   .end = get_copy(item, "end"),
					   .exit_code = (int)json_get_int(item, "exit_code", 0),
					   .output = get_copy(item, "output"),
				   });
	}
}

static void read_network(const json_t *j, struct container_state *s)
{
	const json_t *addresses = json_object_get(j, "addresses"),
		     *ports = json_object_get(j, "ports");

	s->addresses = x_alloc(json_array_size(addresses) * sizeof(*s->addresses));
	for (size_t i = 0; i < json_array_size(addresses); i++) {
		const json_t *item = json_array_get(addresses, i);

		s->addresses[s->address_count++] = (struct container_address){
			.network = get_copy(item, "network"),
			.ipv4 = get_copy(item, "ipv4"),
			.gateway = get_copy(item, "gateway"),
			.mac = get_copy(item, "mac"),
			.prefix_length = (unsigned)json_get_int(item, "prefix_length", 0),
		};
	}
	s->ports = x_alloc(json_array_size(ports) * sizeof(*s->ports));
	for (size_t i = 0; i < json_array_size(ports); i++) {
		const json_t *item = json_array_get(ports, i);

		s->ports[s->port_count++] = (struct stack_port){
			.host_ip = get_copy(item, "host_ip"),
			.host_port = (unsigned)json_get_int(item, "host_port", 0),
			.container_port = (unsigned)json_get_int(item, "container_port", 0),
			.udp = json_get_bool(item, "udp"),
		};
	}
}

int state_load(int dir_fd, struct container_state *s, struct error **err)
{
	CLEANUP_JSON json_t *j = NULL;
	int r = json_read_file_at(dir_fd, "state.json", STATE_FILE_MAX, &j, err);

	*s = (struct container_state){ .process.pidfd = -1 };
	if (r == -ERR_NOT_FOUND) {
		error_free(STEAL_PTR(err));
		return 0;
	}
	if (r < 0)
		return r;
	s->status = (enum container_status)find_name(status_names, ARRAY_SIZE(status_names),
						     json_get_text(j, "status"));
	s->process.pid = (pid_t)json_get_int(j, "pid", 0);
	s->process.start_time = (uint64_t)json_get_int(j, "start_time", 0);
	s->started = get_time(j, "started");
	s->finished = get_time(j, "finished");
	s->exit_code = (int)json_get_int(j, "exit_code", 0);
	s->oom_killed = json_get_bool(j, "oom_killed");
	s->stopped_by_hand = json_get_bool(j, "stopped_by_hand");
	s->error = get_copy(j, "error");
	s->restart_count = (unsigned)json_get_int(j, "restart_count", 0);
	s->health = (enum health_status)find_name(health_names, ARRAY_SIZE(health_names),
						  json_get_text(j, "health"));
	s->failing_streak = (unsigned)json_get_int(j, "failing_streak", 0);
	read_log(json_object_get(j, "log"), s);
	read_network(j, s);
	return 0;
}
