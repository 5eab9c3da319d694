/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptions of containers as JSON and back (docs/formats/container.md).
 *
 * The scalar members stand in one table that both directions walk; lists of records have a writer and
 * a reader each. Members that have their zero value are left out.
 */
#include <stddef.h>

#include "codec/json.h"
#include "stack/model.h"

enum member_type { MEMBER_TEXT, MEMBER_BOOL, MEMBER_INT64, MEMBER_UINT, MEMBER_STRV };

struct member {
	const char *key;
	enum member_type type;
	size_t offset;
};

#define MEMBER(s, type, field) { #field, type, offsetof(struct s, field) }
#define SERVICE(type, field) MEMBER(stack_service, type, field)

static const struct member service_members[] = {
	SERVICE(MEMBER_TEXT, service),
	SERVICE(MEMBER_TEXT, container_name),
	SERVICE(MEMBER_TEXT, image),
	SERVICE(MEMBER_TEXT, image_manifest),
	SERVICE(MEMBER_TEXT, config_hash),
	SERVICE(MEMBER_STRV, entrypoint),
	SERVICE(MEMBER_STRV, command),
	SERVICE(MEMBER_STRV, env),
	SERVICE(MEMBER_STRV, labels),
	SERVICE(MEMBER_TEXT, working_dir),
	SERVICE(MEMBER_TEXT, user),
	SERVICE(MEMBER_TEXT, hostname),
	SERVICE(MEMBER_TEXT, domainname),
	SERVICE(MEMBER_TEXT, stop_signal),
	SERVICE(MEMBER_INT64, stop_timeout_ns),
	SERVICE(MEMBER_BOOL, init),
	SERVICE(MEMBER_BOOL, tty),
	SERVICE(MEMBER_BOOL, open_stdin),
	SERVICE(MEMBER_BOOL, read_only),
	SERVICE(MEMBER_BOOL, privileged),
	SERVICE(MEMBER_BOOL, no_new_privileges),
	SERVICE(MEMBER_BOOL, seccomp_unconfined),
	SERVICE(MEMBER_BOOL, auto_remove),
	SERVICE(MEMBER_INT64, capabilities),
	SERVICE(MEMBER_STRV, groups),
	SERVICE(MEMBER_STRV, sysctls),
	SERVICE(MEMBER_STRV, extra_hosts),
	SERVICE(MEMBER_STRV, dns),
	SERVICE(MEMBER_TEXT, network_mode),
	SERVICE(MEMBER_INT64, limits.memory_max_bytes),
	SERVICE(MEMBER_INT64, limits.memory_swap_bytes),
	SERVICE(MEMBER_INT64, limits.memory_low_bytes),
	SERVICE(MEMBER_INT64, limits.cpu_quota_us_per_100ms),
	SERVICE(MEMBER_INT64, limits.cpu_shares),
	SERVICE(MEMBER_INT64, limits.pids_max),
	SERVICE(MEMBER_INT64, shm_size_bytes),
	SERVICE(MEMBER_BOOL, has_oom_score_adj),
	SERVICE(MEMBER_UINT, oom_score_adj),
	SERVICE(MEMBER_STRV, health.test),
	SERVICE(MEMBER_INT64, health.interval_ns),
	SERVICE(MEMBER_INT64, health.timeout_ns),
	SERVICE(MEMBER_INT64, health.start_period_ns),
	SERVICE(MEMBER_INT64, health.start_interval_ns),
	SERVICE(MEMBER_UINT, health.retries),
	SERVICE(MEMBER_UINT, restart_max),
	SERVICE(MEMBER_BOOL, restart_on_unhealthy),
	SERVICE(MEMBER_BOOL, log_none),
	SERVICE(MEMBER_INT64, log_max_bytes),
	SERVICE(MEMBER_UINT, log_max_files),
};

static const struct member mount_members[] = {
	MEMBER(stack_mount, MEMBER_TEXT, source),
	MEMBER(stack_mount, MEMBER_TEXT, target),
	MEMBER(stack_mount, MEMBER_BOOL, read_only),
	MEMBER(stack_mount, MEMBER_BOOL, no_copy),
	MEMBER(stack_mount, MEMBER_BOOL, anonymous),
	MEMBER(stack_mount, MEMBER_BOOL, create_source),
	MEMBER(stack_mount, MEMBER_INT64, size_bytes),
	MEMBER(stack_mount, MEMBER_UINT, mode),
	MEMBER(stack_mount, MEMBER_UINT, uid),
	MEMBER(stack_mount, MEMBER_UINT, gid),
};

static const struct member port_members[] = {
	MEMBER(stack_port, MEMBER_TEXT, host_ip),
	MEMBER(stack_port, MEMBER_UINT, host_port),
	MEMBER(stack_port, MEMBER_UINT, container_port),
	MEMBER(stack_port, MEMBER_BOOL, udp),
};

static const struct member attachment_members[] = {
	MEMBER(stack_attachment, MEMBER_TEXT, network),
	MEMBER(stack_attachment, MEMBER_STRV, aliases),
	MEMBER(stack_attachment, MEMBER_TEXT, ipv4),
};

static const struct member ulimit_members[] = {
	MEMBER(stack_ulimit, MEMBER_TEXT, name),
	MEMBER(stack_ulimit, MEMBER_INT64, soft),
	MEMBER(stack_ulimit, MEMBER_INT64, hard),
};

static const struct member dependency_members[] = {
	MEMBER(stack_dependency, MEMBER_TEXT, service),
	MEMBER(stack_dependency, MEMBER_BOOL, required),
};

static const struct member network_members[] = {
	MEMBER(stack_network, MEMBER_TEXT, name),
	MEMBER(stack_network, MEMBER_TEXT, subnet),
	MEMBER(stack_network, MEMBER_TEXT, gateway),
	MEMBER(stack_network, MEMBER_BOOL, internal),
	MEMBER(stack_network, MEMBER_BOOL, external),
};

static const struct member model_members[] = {
	MEMBER(stack_model, MEMBER_TEXT, project),
	MEMBER(stack_model, MEMBER_TEXT, directory),
	MEMBER(stack_model, MEMBER_STRV, files),
	MEMBER(stack_model, MEMBER_STRV, volumes),
};

static void write_member(json_t *j, const struct member *m, const void *field)
{
	const struct strv *list = field;
	int64_t number = 0;

	switch (m->type) {
	case MEMBER_TEXT:
		json_set_text(j, m->key, *(char *const *)field);
		return;
	case MEMBER_BOOL:
		json_set_true(j, m->key, *(const bool *)field);
		return;
	case MEMBER_STRV:
		if (list->count)
			json_set_strv(j, m->key, list);
		return;
	case MEMBER_INT64:
		memcpy(&number, field, sizeof(number)); /* uint64_t members share the bits */
		break;
	case MEMBER_UINT:
		number = *(const int *)field;
		break;
	}
	if (number)
		json_set_int(j, m->key, number);
}

static void read_member(const json_t *j, const struct member *m, void *field)
{
	const char *text = json_get_text(j, m->key);
	int64_t number = json_get_int(j, m->key, 0);

	switch (m->type) {
	case MEMBER_TEXT:
		*(char **)field = text ? x_strdup(text) : NULL;
		break;
	case MEMBER_BOOL:
		*(bool *)field = json_get_bool(j, m->key);
		break;
	case MEMBER_STRV:
		json_get_strv(j, m->key, field);
		break;
	case MEMBER_INT64:
		memcpy(field, &number, sizeof(number));
		break;
	case MEMBER_UINT:
		*(int *)field = (int)number;
		break;
	}
}

static void write_members(json_t *j, const struct member *members, size_t count, const void *record)
{
	for (size_t i = 0; i < count; i++)
		write_member(j, &members[i], (const char *)record + members[i].offset);
}

static void read_members(const json_t *j, const struct member *members, size_t count, void *record)
{
	for (size_t i = 0; i < count; i++)
		read_member(j, &members[i], (char *)record + members[i].offset);
}

#define WRITE(j, members, record) write_members(j, members, ARRAY_SIZE(members), record)
#define READ(j, members, record) read_members(j, members, ARRAY_SIZE(members), record)

/* Lists of records: each record is a member table over one element. */
static void write_list(json_t *j, const char *key, const void *records, size_t count, size_t size,
		       const struct member *members, size_t member_count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++) {
		json_t *item = json_object();

		write_members(item, members, member_count, (const char *)records + i * size);
		(void)json_array_append_new(list, item); /* fails on OOM only */
	}
	(void)json_object_set_new(j, key, list); /* fails on OOM only */
}

static void *read_list(const json_t *j, const char *key, size_t *ret_count, size_t size,
		       const struct member *members, size_t member_count)
{
	const json_t *list = json_object_get(j, key);
	size_t count = json_array_size(list);
	char *records = count ? x_alloc(count * size) : NULL;

	for (size_t i = 0; i < count; i++)
		read_members(json_array_get(list, i), members, member_count, records + i * size);
	*ret_count = count;
	return records;
}

#define WRITE_LIST(j, key, records, count, members)                                                \
	write_list(j, key, records, count, sizeof(*(records)), members, ARRAY_SIZE(members))
#define READ_LIST(j, key, records, count, members)                                                 \
	((records) = read_list(j, key, &(count), sizeof(*(records)), members, ARRAY_SIZE(members)))

static const char *const restart_names[] = {
	[STACK_RESTART_NO] = "no",
	[STACK_RESTART_ALWAYS] = "always",
	[STACK_RESTART_ON_FAILURE] = "on-failure",
	[STACK_RESTART_UNLESS_STOPPED] = "unless-stopped",
};
static const char *const mount_names[] = {
	[STACK_MOUNT_BIND] = "bind",
	[STACK_MOUNT_VOLUME] = "volume",
	[STACK_MOUNT_TMPFS] = "tmpfs",
	[STACK_MOUNT_CONTENT] = "content",
};
static const char *const condition_names[] = {
	[STACK_STARTED] = "service_started",
	[STACK_HEALTHY] = "service_healthy",
	[STACK_COMPLETED] = "service_completed_successfully",
};

static int read_name(const json_t *j, const char *key, const char *const *names, size_t count,
		     unsigned *ret, struct error **err)
{
	const char *text = json_get_text(j, key);

	for (size_t i = 0; text && i < count; i++) {
		if (strcmp(text, names[i]) == 0) {
			*ret = (unsigned)i;
			return 0;
		}
	}
	return error_new(err, ERR_PARSE, "container description: bad member '%s'", key);
}

json_t *stack_service_to_json(const struct stack_service *s)
{
	json_t *j = json_object();

	WRITE(j, service_members, s);
	json_set_text(j, "restart", restart_names[s->restart]);
	WRITE_LIST(j, "attachments", s->attachments, s->attachment_count, attachment_members);
	WRITE_LIST(j, "ports", s->ports, s->port_count, port_members);
	WRITE_LIST(j, "mounts", s->mounts, s->mount_count, mount_members);
	WRITE_LIST(j, "ulimits", s->ulimits, s->ulimit_count, ulimit_members);
	WRITE_LIST(j, "dependencies", s->dependencies, s->dependency_count, dependency_members);
	for (size_t i = 0; i < s->mount_count; i++)
		json_set_text(json_array_get(json_object_get(j, "mounts"), i), "kind",
			      mount_names[s->mounts[i].kind]);
	for (size_t i = 0; i < s->dependency_count; i++)
		json_set_text(json_array_get(json_object_get(j, "dependencies"), i), "condition",
			      condition_names[s->dependencies[i].condition]);
	return j;
}

static int read_names(const json_t *j, struct stack_service *s, struct error **err)
{
	unsigned value = 0;
	int r = read_name(j, "restart", restart_names, ARRAY_SIZE(restart_names), &value, err);

	s->restart = (enum stack_restart)value;
	for (size_t i = 0; r == 0 && i < s->mount_count; i++) {
		r = read_name(json_array_get(json_object_get(j, "mounts"), i), "kind", mount_names,
			      ARRAY_SIZE(mount_names), &value, err);
		s->mounts[i].kind = (enum stack_mount_kind)value;
	}
	for (size_t i = 0; r == 0 && i < s->dependency_count; i++) {
		r = read_name(json_array_get(json_object_get(j, "dependencies"), i), "condition",
			      condition_names, ARRAY_SIZE(condition_names), &value, err);
		s->dependencies[i].condition = (enum stack_condition)value;
	}
	return r;
}

int stack_service_from_json(const json_t *j, struct stack_service *s, struct error **err)
{
	*s = (struct stack_service){ 0 };
	READ(j, service_members, s);
	READ_LIST(j, "attachments", s->attachments, s->attachment_count, attachment_members);
	READ_LIST(j, "ports", s->ports, s->port_count, port_members);
	READ_LIST(j, "mounts", s->mounts, s->mount_count, mount_members);
	READ_LIST(j, "ulimits", s->ulimits, s->ulimit_count, ulimit_members);
	READ_LIST(j, "dependencies", s->dependencies, s->dependency_count, dependency_members);
	int r = read_names(j, s, err);

	if (r < 0)
		stack_service_fini(s);
	return r;
}

json_t *stack_model_to_json(const struct stack_model *m)
{
	json_t *j = json_object(), *services = json_array();

	WRITE(j, model_members, m);
	WRITE_LIST(j, "networks", m->networks, m->network_count, network_members);
	for (size_t i = 0; i < m->service_count; i++)
		(void)json_array_append_new(services, stack_service_to_json(&m->services[i])); /* OOM */
	(void)json_object_set_new(j, "services", services); /* fails on OOM only */
	return j;
}

int stack_model_from_json(const json_t *j, struct stack_model **ret, struct error **err)
{
	CLEANUP(stack_model) struct stack_model *m = x_alloc(sizeof(*m));
	const json_t *services = json_object_get(j, "services");

	READ(j, model_members, m);
	READ_LIST(j, "networks", m->networks, m->network_count, network_members);
	m->services = x_alloc(json_array_size(services) * sizeof(*m->services));
	for (size_t i = 0; i < json_array_size(services); i++) {
		int r = stack_service_from_json(json_array_get(services, i), &m->services[i], err);

		if (r < 0)
			return r;
		m->service_count++;
	}
	*ret = STEAL_PTR(&m);
	return 0;
}
