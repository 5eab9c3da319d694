/* SPDX-License-Identifier: Apache-2.0 */
/* From a request on the control socket to a job. */
#include "control.h"
#include "job.h"

typedef int (*request_fn)(struct job *j, const json_t *request, struct error **err);

static int find_unit(struct job *j, const json_t *request, struct unit **ret, struct error **err)
{
	const char *id = json_get_text(request, "id");
	struct unit *u = id ? supervisor_find(j->supervisor, id) : NULL;

	if (!u)
		return error_new(err, ERR_NOT_FOUND, "the supervisor has no container %.12s",
				 id ? id : "(none named)");
	*ret = u;
	return 0;
}

static int add_single(struct job *j, const json_t *request, struct step **ret, struct error **err)
{
	struct unit *u = NULL;
	int r = find_unit(j, request, &u, err);

	if (r < 0)
		return r;
	*ret = job_add_step(j);
	(*ret)->unit = u;
	return 0;
}

static int request_stop(struct job *j, const json_t *request, struct error **err)
{
	struct step *t = NULL;
	int r = add_single(j, request, &t, err);

	if (r == 0)
		t->stop = true;
	return r;
}

static int request_start(struct job *j, const json_t *request, struct error **err)
{
	struct step *t = NULL;
	int r = add_single(j, request, &t, err);

	if (r == 0)
		t->start = true;
	return r;
}

static int request_restart(struct job *j, const json_t *request, struct error **err)
{
	struct step *t = NULL;
	int r = add_single(j, request, &t, err);

	if (r == 0)
		t->stop = t->start = true;
	return r;
}

static int request_remove(struct job *j, const json_t *request, struct error **err)
{
	struct step *t = NULL;
	int r = add_single(j, request, &t, err);

	if (r < 0)
		return r;
	if (t->unit->fsm != UNIT_IDLE && !json_get_bool(request, "force")) {
		(void)error_new(err, ERR_BUSY, "container '%s' is running", unit_name(t->unit));
		return error_hint(err, "stop it first, or use --force");
	}
	t->stop = t->remove = true;
	t->remove_volumes = json_get_bool(request, "volumes");
	j->timeout_ns = 0;
	return 0;
}

static int handle_now(struct job *j, const json_t *request, enum unit_event event,
		      struct error **err)
{
	struct unit_request arguments = { .timeout_ns = -1,
					  .signo = (int)json_get_int(request, "signal", 0) };
	struct unit *u = NULL;
	int r = find_unit(j, request, &u, err);

	return r < 0 ? r : unit_handle(u, event, &arguments, err);
}

static int request_kill(struct job *j, const json_t *request, struct error **err)
{
	int64_t signo = json_get_int(request, "signal", 0);

	if (signo < 1 || signo > 64)
		return error_new(err, ERR_USAGE, "%lld is not a signal", (long long)signo);
	return handle_now(j, request, UNIT_KILL, err);
}

static int request_pause(struct job *j, const json_t *request, struct error **err)
{
	return handle_now(j, request, UNIT_PAUSE, err);
}

static int request_unpause(struct job *j, const json_t *request, struct error **err)
{
	return handle_now(j, request, UNIT_UNPAUSE, err);
}

static int request_up(struct job *j, const json_t *request, struct error **err)
{
	j->kind = JOB_UP;
	j->wait = json_get_bool(request, "wait");
	j->force_recreate = json_get_bool(request, "force_recreate");
	j->no_recreate = json_get_bool(request, "no_recreate");
	j->remove_orphans = json_get_bool(request, "remove_orphans");
	json_get_strv(request, "services", &j->services);
	return stack_model_from_json(json_object_get(request, "model"), &j->model, err);
}

static int request_down(struct job *j, const json_t *request, struct error **err)
{
	(void)err;
	j->kind = JOB_DOWN;
	j->stop_only = json_get_bool(request, "stop_only");
	j->remove_volumes = json_get_bool(request, "volumes");
	json_get_strv(request, "services", &j->services);
	return 0;
}

static int request_run(struct job *j, const json_t *request, struct error **err)
{
	const char *id = json_get_text(request, "id");

	if (!id || !sha256_is_hex(str_from(id)))
		return error_new(err, ERR_USAGE, "a run needs an id of 64 digits");
	j->kind = JOB_RUN;
	j->model = x_alloc(sizeof(*j->model));
	j->model->services = x_alloc(sizeof(*j->model->services));
	int r = stack_service_from_json(json_object_get(request, "service"), j->model->services,
					err);

	if (r < 0)
		return r;
	j->model->service_count = 1;
	struct step *t = job_add_step(j);

	t->service = j->model->services;
	memcpy(t->id, id, sizeof(t->id));
	t->create = t->start = true;
	return 0;
}

static const struct {
	const char *name;
	request_fn fn;
} requests[] = {
	{ "up", request_up },		{ "reload", request_up },     { "down", request_down },
	{ "run", request_run },		{ "stop", request_stop },     { "start", request_start },
	{ "restart", request_restart }, { "kill", request_kill },     { "pause", request_pause },
	{ "unpause", request_unpause }, { "remove", request_remove },
};

int job_new(struct supervisor *s, struct client *client, const json_t *request, struct job **ret,
	    struct error **err)
{
	CLEANUP(job) struct job *j = x_alloc(sizeof(*j));
	const char *name = json_get_text(request, "request");
	size_t i = 0;

	*ret = NULL;
	j->supervisor = s;
	j->client = client;
	j->timeout_ns = json_get_int(request, "timeout_ns", -1);
	while (i < ARRAY_SIZE(requests) && !(name && strcmp(name, requests[i].name) == 0))
		i++;
	if (i == ARRAY_SIZE(requests))
		return error_new(err, ERR_USAGE, "unknown request '%s'", name ? name : "");
	int r = requests[i].fn(j, request, err);

	if (r < 0)
		return r;
	if (j->step_count || job_is_exclusive(j))
		*ret = STEAL_PTR(&j);
	return 0;
}

static void plan_down(struct job *j)
{
	for (size_t i = 0; i < j->supervisor->unit_count; i++) {
		struct unit *u = j->supervisor->units[i];
		const char *service = u->info->service.service;

		if (j->services.count && (!service || !strv_has(&j->services, service)))
			continue;
		struct step *t = job_add_step(j);

		t->unit = u;
		t->stop = true;
		t->remove = !j->stop_only;
		t->remove_volumes = j->remove_volumes;
	}
}

int job_begin(struct job *j, struct error **err)
{
	j->is_begun = true;
	if (j->kind == JOB_DOWN)
		plan_down(j);
	return j->kind == JOB_UP ? job_plan_up(j, err) : 0;
}
