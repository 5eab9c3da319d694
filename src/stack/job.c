/* SPDX-License-Identifier: Apache-2.0 */
/* Carrying out jobs, phase by phase. */
#include "job.h"

#include "control.h"
#include "order.h"

/* Return: the next phase; the same: it has to wait; on failure *err is set. */
typedef enum phase (*phase_fn)(struct job *j, struct step *t, struct error **err);

static void tell(struct job *j, const struct step *t, const char *what, bool done)
{
	const struct stack_service *s = t->unit ? &t->unit->info->service : t->service;

	control_progress(j->client, "Container", s->container_name, what, done);
}

static const struct stack_service *service_of(const struct step *t)
{
	return t->service ? t->service : t->unit ? &t->unit->info->service : NULL;
}

static struct order_node node_of(const struct stack_service *s)
{
	return (struct order_node){ s->service, s->dependencies, s->dependency_count };
}

static enum phase hold_stop(struct job *j, struct step *t, struct error **err)
{
	const struct stack_service *mine = service_of(t);

	(void)err;
	if (!t->unit || !t->stop)
		return PHASE_REMOVE;
	for (size_t i = 0; i < j->step_count; i++) {
		const struct step *other = &j->steps[i];
		const struct stack_service *s = service_of(other);
		struct order_node node = s ? node_of(s) : (struct order_node){ 0 };

		if (other != t && other->stop && other->phase <= PHASE_STOPPING && other->unit &&
		    order_needs(&node, mine->service))
			return PHASE_STOP_HOLD;
	}
	return PHASE_STOP;
}

static enum phase stop(struct job *j, struct step *t, struct error **err)
{
	struct unit_request request = { .timeout_ns = j->timeout_ns };

	if (unit_has_process(t->unit))
		tell(j, t, "Stopping", false);
	(void)unit_handle(t->unit, UNIT_STOP, &request, err);
	return PHASE_STOPPING;
}

static enum phase stopping(struct job *j, struct step *t, struct error **err)
{
	(void)err;
	if (t->unit->fsm != UNIT_IDLE)
		return PHASE_STOPPING;
	if (!t->remove)
		tell(j, t, "Stopped", !t->start);
	return PHASE_REMOVE;
}

static enum phase remove_unit(struct job *j, struct step *t, struct error **err)
{
	if (t->unit && t->remove) {
		tell(j, t, "Removing", false);
		if (supervisor_remove(t->unit, t->remove_volumes, err) == 0)
			tell(j, t, "Removed", !t->create);
		t->unit = NULL;
	}
	return PHASE_CREATE;
}

static enum phase create(struct job *j, struct step *t, struct error **err)
{
	if (t->create && supervisor_create(j->supervisor, t->service, t->id, &t->unit, err) == 0) {
		tell(j, t, "Created", false);
		t->service = NULL; /* the unit has it now */
	}
	return PHASE_START_HOLD;
}

static struct order_facts facts_of(const struct job *j, const char *service)
{
	const struct unit *u = supervisor_find_service(j->supervisor, service);
	struct order_facts f = { .is_there = u, .was_started = true };

	for (size_t i = 0; i < j->step_count; i++) {
		const struct stack_service *s = service_of(&j->steps[i]);

		if (!s || !s->service || strcmp(s->service, service) != 0)
			continue;
		f.is_there = true;
		f.was_started = j->steps[i].phase > PHASE_START;
	}
	if (!u)
		return f;
	f.status = u->info->state.status;
	f.health = u->info->state.health;
	f.exit_code = u->info->state.exit_code;
	f.has_check = u->info->service.health.test.count > 0;
	if (f.status == CONTAINER_CREATED)
		f.was_started = false;
	return f;
}

static const char *last_output(const struct unit *u)
{
	const struct container_state *s = &u->info->state;

	return s->log_count ? s->log[s->log_count - 1].output : NULL;
}

static int add_output(const struct unit *u, struct error **err)
{
	const char *output = u ? last_output(u) : NULL;
	str text = str_trim(str_from(output));

	if (text.len)
		(void)error_hint(err, "its last health check said: %.*s",
				 STR_ARG(str_head(text, 300)));
	return -(int)error_code(*err);
}

static enum phase hold_start(struct job *j, struct step *t, struct error **err)
{
	/* What the model says now, not what it said when the container was made. */
	const struct stack_service *s = service_of(t);

	if (!t->unit || !t->start || unit_has_process(t->unit))
		return PHASE_START;
	for (size_t i = 0; j->kind == JOB_UP && i < s->dependency_count; i++) {
		const struct stack_dependency *d = &s->dependencies[i];
		struct order_facts facts = facts_of(j, d->service);
		char why[64] = "";
		enum order_verdict verdict = order_judge(d->condition, &facts, why);

		if (verdict == ORDER_WAIT) {
			if (!t->is_announced)
				tell(j, t, "Waiting", false);
			t->is_announced = true;
			return PHASE_START_HOLD;
		}
		if (verdict == ORDER_READY || !d->required)
			continue;
		(void)error_new(err, ERR_FAILED, "service '%s': dependency '%s' %s",
				s->service ? s->service : s->container_name, d->service, why);
		(void)add_output(supervisor_find_service(j->supervisor, d->service), err);
		break;
	}
	return PHASE_START;
}

static enum phase start(struct job *j, struct step *t, struct error **err)
{
	if (!t->unit || !t->start)
		return PHASE_READY;
	if (t->unit->fsm == UNIT_UP) {
		tell(j, t, "Running", true);
		return PHASE_READY;
	}
	if (t->unit->fsm == UNIT_STOPPING)
		return PHASE_START; /* somebody stops it at this moment */
	tell(j, t, "Starting", false);
	if (unit_handle(t->unit, UNIT_START, NULL, err) < 0) {
		if (t->unit->info->service.service)
			(void)error_context(err, "service '%s'", t->unit->info->service.service);
		return PHASE_READY;
	}
	tell(j, t, "Started", !t->ready);
	return PHASE_READY;
}

static void fail_ready(const struct step *t, const char *how, struct error **err)
{
	const struct stack_service *s = &t->unit->info->service;

	(void)error_new(err, ERR_FAILED, "%s '%s' %s", s->service ? "service" : "container",
			s->service ? s->service : s->container_name, how);
	(void)add_output(t->unit, err);
}

static enum phase ready(struct job *j, struct step *t, struct error **err)
{
	const struct container_state *s = t->unit ? &t->unit->info->state : NULL;

	if (!s || !t->ready)
		return PHASE_DONE;
	if (s->status == CONTAINER_EXITED || s->status == CONTAINER_DEAD) {
		if (s->exit_code != 0) {
			CLEANUP_FREE char *how = x_asprintf("exited with status %d", s->exit_code);

			fail_ready(t, how, err);
		} else {
			tell(j, t, "Exited", true);
		}
		return PHASE_DONE;
	}
	if (s->health == HEALTH_UNHEALTHY)
		fail_ready(t, "is unhealthy", err);
	else if (s->health == HEALTH_STARTING || s->status == CONTAINER_RESTARTING)
		return PHASE_READY;
	else if (s->health == HEALTH_HEALTHY)
		tell(j, t, "Healthy", true);
	return PHASE_DONE;
}

static const phase_fn phases[PHASE_DONE] = {
	[PHASE_STOP_HOLD] = hold_stop, [PHASE_STOP] = stop,	[PHASE_STOPPING] = stopping,
	[PHASE_REMOVE] = remove_unit,  [PHASE_CREATE] = create, [PHASE_START_HOLD] = hold_start,
	[PHASE_START] = start,	       [PHASE_READY] = ready,
};

/* A container that "run" made and that does not start is of no use to anybody. */
static void undo_run(struct job *j)
{
	CLEANUP(error) struct error *ignored = NULL; /* the first error is the news */

	if (j->kind == JOB_RUN && j->steps[0].unit && !j->steps[0].unit->was_started)
		(void)supervisor_remove(STEAL_PTR(&j->steps[0].unit), true, &ignored);
}

static bool advance_step(struct job *j, struct step *t)
{
	bool moved = false;

	if (t->unit && t->unit->is_gone) { /* another job has removed it */
		t->unit = NULL;
		t->phase = PHASE_DONE;
	}
	while (t->phase != PHASE_DONE && !j->err) {
		enum phase next = phases[t->phase](j, t, &j->err);

		if (next == t->phase)
			break;
		t->phase = next;
		moved = true;
	}
	return moved;
}

/*
 * Containers of different generations of the model may wait for each other in a circle: when all
 * that are left hold and nobody is just stopping, one has to go first.
 */
static bool break_circle(struct job *j)
{
	struct step *held = NULL;

	for (size_t i = 0; i < j->step_count; i++) {
		if (j->steps[i].phase == PHASE_STOP || j->steps[i].phase == PHASE_STOPPING)
			return false;
		if (j->steps[i].phase == PHASE_STOP_HOLD && !held)
			held = &j->steps[i];
	}
	if (held)
		held->phase = PHASE_STOP;
	return held;
}

void job_advance(struct job *j)
{
	bool moved = true;

	while (moved && !j->err) {
		moved = false;
		for (size_t i = 0; i < j->step_count; i++)
			moved |= advance_step(j, &j->steps[i]);
		moved |= !moved && break_circle(j);
	}
	j->is_done = true;
	for (size_t i = 0; i < j->step_count; i++)
		j->is_done &= j->steps[i].phase == PHASE_DONE;
	if (j->err) {
		undo_run(j);
		j->is_done = true;
	}
}

void job_free(struct job *j)
{
	if (!j)
		return;
	stack_model_free(j->model);
	strv_fini(&j->services);
	free(j->steps);
	error_free(j->err);
	free(j);
}

struct step *job_add_step(struct job *j)
{
	j->steps = x_realloc(j->steps, j->step_count + 1, sizeof(*j->steps));
	j->steps[j->step_count] = (struct step){ 0 };
	return &j->steps[j->step_count++];
}

bool job_is_exclusive(const struct job *j)
{
	return j->kind == JOB_UP || j->kind == JOB_DOWN;
}
