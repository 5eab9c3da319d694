/* SPDX-License-Identifier: Apache-2.0 */
/* Taking a project down: containers by the supervisor, then networks and volumes. */
#include "client.h"
#include "info.h"
#include "network/network.h"
#include "order.h"
#include "orphan.h"
#include "project.h"
#include "volumes.h"

static void tell(const struct stack_down_options *opt, const char *kind, const char *name,
		 const char *what, bool done)
{
	if (opt->progress && opt->progress->event)
		opt->progress->event(opt->progress->ctx, kind, name, what, done);
}

static int down_one(const struct engine *e, struct container_info *c,
		    const struct stack_down_options *opt, struct error **err)
{
	const char *name = c->service.container_name;
	bool was_running = c->state.is_orphan;
	int r = orphan_stop(e, c, opt->timeout_ns, err);

	if (r == 0 && was_running)
		tell(opt, "Container", name, "Stopped", opt->stop_only);
	if (r < 0 || opt->stop_only)
		return r;
	r = info_remove(e, c, opt->volumes, err);
	if (r == 0)
		tell(opt, "Container", name, "Removed", true);
	return r;
}

/* No supervisor: the containers ended, or are orphans. Those that depend on others go first. */
static int down_without(const struct engine *e, const char *project,
			const struct stack_down_options *opt, struct error **err)
{
	CLEANUP(error) struct error *circle = NULL; /* between generations of the model */
	struct container_info **list = NULL;
	size_t count = 0;
	int r = stack_list(e, project, &list, &count, err);
	CLEANUP_FREE struct order_node *nodes = x_alloc(count * sizeof(*nodes));
	CLEANUP_FREE size_t *order = x_alloc(count * sizeof(*order));

	for (size_t i = 0; i < count; i++)
		nodes[i] = (struct order_node){ list[i]->service.service,
						list[i]->service.dependencies,
						list[i]->service.dependency_count };
	if (r == 0 && order_sort(nodes, count, order, &circle) < 0) {
		for (size_t i = 0; i < count; i++)
			order[i] = count - 1 - i; /* then the newest goes first */
	}
	for (size_t i = count; r == 0 && i-- > 0;) {
		struct container_info *c = list[order[i]];
		const char *service = c->service.service;

		if (!opt->services || !opt->services->count ||
		    (service && strv_has(opt->services, service)))
			r = down_one(e, c, opt, err);
	}
	stack_list_free(list, count);
	return r;
}

static int remove_networks(const struct engine *e, const char *project,
			   const struct stack_down_options *opt, struct error **err)
{
	struct strv names CLEANUP_STRV = STRV_INIT;
	CLEANUP_FD int dir_fd = project_open_existing(e, project);
	int r = dir_fd < 0 ? 0 : project_load_networks(dir_fd, &names, err);

	for (size_t i = 0; r == 0 && i < names.count; i++) {
		r = network_remove(e->networks_fd, names.items[i], err);
		if (r == 0)
			tell(opt, "Network", names.items[i], "Removed", true);
	}
	strv_fini(&names);
	if (r == 0 && dir_fd >= 0)
		r = project_save_networks(dir_fd, &names, err);
	if (r == 0 && dir_fd >= 0 && !project_is_supervised(e, project))
		project_close(e, project, dir_fd);
	return r;
}

static int remove_volumes(const struct engine *e, const char *project,
			  const struct stack_down_options *opt, struct error **err)
{
	struct strv names CLEANUP_STRV = STRV_INIT;
	int r = volumes_list(e, project, &names, err);

	for (size_t i = 0; r == 0 && i < names.count; i++) {
		r = stack_volume_remove(e, names.items[i], err);
		if (r == 0)
			tell(opt, "Volume", names.items[i], "Removed", true);
	}
	return r;
}

int stack_down(const struct engine *e, const char *project, const struct stack_down_options *opt,
	       struct error **err)
{
	CLEANUP_JSON json_t *request = client_request("down");
	bool is_whole = !opt->services || !opt->services->count;
	struct client_call call = { .project = project,
				    .request = request,
				    .await_end = is_whole,
				    .progress = opt->progress };

	json_set_true(request, "stop_only", opt->stop_only);
	json_set_true(request, "volumes", opt->volumes);
	json_set_int(request, "timeout_ns", opt->timeout_ns);
	if (!is_whole)
		json_set_strv(request, "services", opt->services);
	int r = client_call(e, &call, err);

	if (r == CLIENT_NOBODY)
		r = down_without(e, project, opt, err);
	if (r < 0 || opt->stop_only || !is_whole)
		return r;
	r = remove_networks(e, project, opt, err);
	return r == 0 && opt->volumes ? remove_volumes(e, project, opt, err) : r;
}
