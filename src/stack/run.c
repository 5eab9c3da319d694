/* SPDX-License-Identifier: Apache-2.0 */
/* "run": one container, with this process as its supervisor or with one that is forked for it. */
#include <fcntl.h>
#include <stdio.h>

#include "attach.h"
#include "client.h"
#include "control.h"
#include "project.h"

enum { SHORT_ID = 12, NAME_DIGITS = 6, IMAGE_PART_MAX = 40 };

/** struct run - One container and the project that is made for it */
struct run {
	const struct engine *engine;
	struct stack_service *service;
	const char *id;
	char project[sizeof("run.") + SHORT_ID];
};

/* "registry/path/node:20" -> "node-3f9a2c". */
static char *make_name(const char *image, const char *id)
{
	const char *slash = strrchr(image, '/');
	const char *base = slash ? slash + 1 : image;
	int len = (int)strcspn(base, ":@");

	if (len == 0 || len > IMAGE_PART_MAX)
		return x_asprintf("container-%.*s", NAME_DIGITS, id);
	return x_asprintf("%.*s-%.*s", len, base, NAME_DIGITS, id);
}

static int run_detached(const struct run *run, struct error **err)
{
	CLEANUP_JSON json_t *request = client_request("run");
	struct client_call call = { .project = run->project, .request = request, .spawn = true };

	json_set_text(request, "id", run->id);
	(void)json_object_set_new(request, "service",
				  stack_service_to_json(run->service)); /* OOM only */
	return client_call(run->engine, &call, err);
}

/* The project with this process as its supervisor. */
static int become_supervisor(const struct engine *e, const char *project, struct supervisor **ret,
			     struct error **err)
{
	CLEANUP_FD int start = -1;
	CLEANUP_FD int dir_fd = project_open(e, project, &start, err);
	CLEANUP_FD int lock =
		dir_fd < 0 ? -1 : fs_lock_at(dir_fd, "lock", FS_LOCK_EXCLUSIVE, true, err);
	CLEANUP_FD int listener = lock < 0 ? -1 : control_listen(dir_fd, err);

	if (listener < 0)
		return -(int)error_code(*err);
	int r = supervisor_new(e, project, STEAL_FD(&dir_fd), STEAL_FD(&lock), ret, err);

	if (r == 0)
		(*ret)->control = control_new(*ret, STEAL_FD(&listener), -1);
	return r;
}

static int run_until_end(struct supervisor *s, struct unit *u, struct attach *a, int *ret_status,
			 struct error **err)
{
	int r = unit_handle(u, UNIT_START, NULL, err);

	attach_started(a);
	while (r == 0 && u->fsm != UNIT_IDLE)
		r = supervisor_turn(s, err);
	*ret_status = u->info->state.exit_code;
	return r;
}

static int run_attached(const struct run *run, bool with_stdin, int *ret_status, struct error **err)
{
	CLEANUP(supervisor) struct supervisor *s = NULL;
	CLEANUP(attach) struct attach *a = NULL;
	struct unit *u = NULL;
	int r = become_supervisor(run->engine, run->project, &s, err);

	if (r == 0)
		r = supervisor_create(s, run->service, run->id, &u, err);
	if (r < 0)
		return r;
	u->is_held = true; /* its exit status is wanted also when it is removed at once */
	r = attach_new(s, u, with_stdin, &a, err);
	if (r == 0)
		r = run_until_end(s, u, a, ret_status, err);
	if (r < 0 && !u->was_started) {
		CLEANUP(error) struct error *ignored = NULL; /* the first error is the news */

		(void)supervisor_remove(u, true, &ignored);
	}
	return r;
}

int stack_run(const struct engine *e, struct stack_service *service,
	      const struct stack_run_options *opt, char ret_id[65], int *ret_status,
	      struct error **err)
{
	struct run run = { .engine = e, .service = service, .id = ret_id };

	fs_random_id(ret_id);
	/* A dot is in no compose project's name: they never meet. */
	(void)snprintf(run.project, sizeof(run.project), "run.%.*s", SHORT_ID, ret_id);
	if (!service->container_name)
		service->container_name = make_name(service->image, ret_id);
	return opt->detach ? run_detached(&run, err)
			   : run_attached(&run, opt->stdin_attached, ret_status, err);
}
