/* SPDX-License-Identifier: Apache-2.0 */
/* Planning "up": networks, volumes, and a step for every service that is to be looked at. */
#include "control.h"
#include "converge.h"
#include "job.h"
#include "network/network.h"
#include "order.h"
#include "project.h"
#include "volumes.h"

static int make_network(struct job *j, const struct stack_network *n, struct error **err)
{
	int networks_fd = j->supervisor->engine->networks_fd;
	struct network_spec spec = { .name = n->name,
				     .subnet = n->subnet,
				     .gateway = n->gateway,
				     .internal = n->internal,
				     .persistent = true };
	struct network_info info;
	CLEANUP(error) struct error *missing = NULL;
	bool is_there = network_find(networks_fd, n->name, &info, &missing) == 0;

	if (n->external && !is_there) {
		(void)error_new(err, ERR_NOT_FOUND, "external network '%s' does not exist",
				n->name);
		return error_hint(err, "the project that makes it has to be up first");
	}
	if (n->external)
		return 0;
	int r = network_create(networks_fd, &spec, NULL, err);

	if (r == 0 && !is_there)
		control_progress(j->client, "Network", n->name, "Created", true);
	return r;
}

static void copy_network(const struct stack_network *from, struct stack_network *to)
{
	*to = (struct stack_network){ .name = x_strdup(from->name),
				      .subnet = from->subnet ? x_strdup(from->subnet) : NULL,
				      .gateway = from->gateway ? x_strdup(from->gateway) : NULL,
				      .internal = from->internal,
				      .external = from->external };
}

/* What an earlier model had stays known: its containers may still be there. */
static void learn_network(struct supervisor *s, const struct stack_network *n)
{
	if (supervisor_find_network(s, n->name))
		return;
	s->networks = x_realloc(s->networks, s->network_count + 1, sizeof(*s->networks));
	copy_network(n, &s->networks[s->network_count++]);
}

static int make_networks(struct job *j, struct error **err)
{
	struct supervisor *s = j->supervisor;
	struct strv names CLEANUP_STRV = STRV_INIT;
	int r = project_load_networks(s->dir_fd, &names, err);
	size_t known = names.count;

	for (size_t i = 0; r == 0 && i < j->model->network_count; i++) {
		const struct stack_network *n = &j->model->networks[i];

		learn_network(s, n);
		r = make_network(j, n, err);
		if (r == 0 && !n->external && !strv_has(&names, n->name))
			strv_add(&names, n->name);
	}
	if (names.count > known) {
		CLEANUP(error) struct error *ignored = NULL; /* when there is an earlier error */
		int saved = project_save_networks(s->dir_fd, &names, *err ? &ignored : err);

		r = r < 0 ? r : saved;
	}
	return r;
}

static int make_volumes(struct job *j, struct error **err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < j->model->volumes.count; i++) {
		const char *name = j->model->volumes.items[i];
		bool made = false;

		r = volumes_make(j->supervisor->engine, name, j->supervisor->project, &made, err);
		if (r == 0 && made)
			control_progress(j->client, "Volume", name, "Created", true);
	}
	return r;
}

/* A recreated container goes on with the anonymous volumes of the earlier one. */
static void keep_volumes(const struct stack_service *old, struct stack_service *new)
{
	for (size_t i = 0; i < new->mount_count; i++) {
		struct stack_mount *m = &new->mounts[i];

		for (size_t k = 0;
		     m->kind == STACK_MOUNT_VOLUME && !m->source && k < old->mount_count; k++) {
			const struct stack_mount *o = &old->mounts[k];

			if (o->kind == STACK_MOUNT_VOLUME && o->anonymous && o->source &&
			    strcmp(o->target, m->target) == 0) {
				m->source = x_strdup(o->source);
				m->anonymous = true;
			}
		}
	}
}

static void plan_service(struct job *j, struct stack_service *s)
{
	struct unit *u = supervisor_find_service(j->supervisor, s->service);
	struct step *t = job_add_step(j);
	enum converge_verdict verdict;

	t->unit = u;
	t->service = s;
	t->ready = j->wait;
	t->start = true;
	t->is_job = converge_is_job(j->model, s->service);
	verdict = u ? converge_judge(s, u->info, t->is_job) : CONVERGE_RECREATE;
	if (u && j->force_recreate)
		verdict = CONVERGE_RECREATE;
	if (u && j->no_recreate && verdict == CONVERGE_RECREATE)
		verdict = CONVERGE_START;
	if (verdict == CONVERGE_ENDED)
		t->start = false;
	if (verdict != CONVERGE_RECREATE)
		return;
	t->create = true;
	t->stop = t->remove = u;
	if (u)
		keep_volumes(&u->info->service, s);
}

static void plan_orphans(struct job *j, const struct order_node *nodes)
{
	struct supervisor *s = j->supervisor;

	for (size_t i = 0; i < s->unit_count; i++) {
		const char *service = s->units[i]->info->service.service;

		if (!service || order_find(nodes, j->model->service_count, service) >= 0)
			continue;
		struct step *t = job_add_step(j);

		t->unit = s->units[i];
		t->stop = t->remove = true;
	}
}

/* The services asked for and, again and again, what they depend on. */
static void select_services(const struct job *j, const struct order_node *nodes, bool *selected)
{
	size_t count = j->model->service_count;
	bool grown = true;

	for (size_t i = 0; i < count; i++)
		selected[i] = !j->services.count || strv_has(&j->services, nodes[i].service);
	while (grown) {
		grown = false;
		for (size_t i = 0; i < count; i++) {
			for (size_t k = 0; selected[i] && k < nodes[i].dependency_count; k++) {
				ptrdiff_t d =
					order_find(nodes, count, nodes[i].dependencies[k].service);

				if (d < 0 || selected[d])
					continue;
				selected[d] = grown = true;
			}
		}
	}
}

int job_plan_up(struct job *j, struct error **err)
{
	struct stack_model *m = j->model;
	CLEANUP_FREE struct order_node *nodes = x_alloc(m->service_count * sizeof(*nodes));
	CLEANUP_FREE size_t *order = x_alloc(m->service_count * sizeof(*order));
	CLEANUP_FREE bool *selected = x_alloc(m->service_count * sizeof(*selected));

	for (size_t i = 0; i < m->service_count; i++) {
		const struct stack_service *s = &m->services[i];

		if (!s->service)
			return error_new(err, ERR_USAGE, "a service of the model has no name");
		nodes[i] = (struct order_node){ s->service, s->dependencies, s->dependency_count };
	}
	int r = order_sort(nodes, m->service_count, order, err);

	if (r == 0)
		r = make_networks(j, err);
	if (r == 0)
		r = make_volumes(j, err);
	if (r < 0)
		return r;
	select_services(j, nodes, selected);
	if (j->remove_orphans)
		plan_orphans(j, nodes);
	for (size_t i = 0; i < m->service_count; i++) {
		if (selected[order[i]])
			plan_service(j, &m->services[order[i]]);
	}
	return 0;
}
