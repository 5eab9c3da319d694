/* SPDX-License-Identifier: Apache-2.0 */
/* Bringing a project up: asking the supervisor, or seeing that there is nothing to ask for. */
#include "client.h"
#include "converge.h"

int stack_up(const struct engine *e, const struct stack_model *m,
	     const struct stack_up_options *opt, struct error **err)
{
	CLEANUP_JSON json_t *request = client_request("up");
	struct client_call call = { .project = m->project,
				    .request = request,
				    .spawn = true,
				    .timeout = opt->wait_timeout,
				    .progress = opt->progress };

	(void)json_object_set_new(request, "model", stack_model_to_json(m)); /* fails on OOM only */
	json_set_true(request, "wait", opt->wait);
	json_set_true(request, "force_recreate", opt->force_recreate);
	json_set_true(request, "no_recreate", opt->no_recreate);
	json_set_true(request, "remove_orphans", opt->remove_orphans);
	if (opt->services && opt->services->count)
		json_set_strv(request, "services", opt->services);
	int r = client_call(e, &call, err);

	if (r == -ERR_TIMEOUT)
		return error_context(err, "not all services of '%s' are healthy", m->project);
	return r;
}

static const struct container_info *find_service(struct container_info *const *list, size_t count,
						 const char *service)
{
	for (size_t i = 0; i < count; i++) {
		if (list[i]->service.service && strcmp(list[i]->service.service, service) == 0)
			return list[i];
	}
	return NULL;
}

bool stack_is_converged(const struct engine *e, const struct stack_model *m)
{
	CLEANUP(error) struct error *ignored = NULL; /* then "up" will say it */
	struct container_info **list = NULL;
	size_t count = 0;
	bool settled = stack_list(e, m->project, &list, &count, &ignored) == 0;

	for (size_t i = 0; settled && i < m->service_count; i++) {
		const struct stack_service *s = &m->services[i];
		const struct container_info *c = find_service(list, count, s->service);

		settled = c && converge_is_settled(
				       converge_judge(s, c, converge_is_job(m, s->service)), c);
	}
	stack_list_free(list, count);
	return settled;
}
