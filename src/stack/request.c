/* SPDX-License-Identifier: Apache-2.0 */
/* Requests about one container: by its supervisor, or directly when there is none. */
#include <signal.h>

#include "client.h"
#include "info.h"
#include "orphan.h"
#include "project.h"

static const char *const verb_names[] = {
	[STACK_STOP] = "stop", [STACK_START] = "start", [STACK_RESTART] = "restart",
	[STACK_KILL] = "kill", [STACK_PAUSE] = "pause", [STACK_UNPAUSE] = "unpause",
};

/* Removes the run directory that a supervisor left when it was killed. */
static void tidy_project(const struct engine *e, const char *project)
{
	CLEANUP_FD int fd =
		project_is_supervised(e, project) ? -1 : project_open_existing(e, project);

	if (fd >= 0)
		project_close(e, project, fd);
}

static int request_without(const struct engine *e, const struct container_info *c,
			   enum stack_verb verb, int64_t timeout_ns, int signo, struct error **err)
{
	CLEANUP(container_info) struct container_info *now = NULL;
	const char *name = c->service.container_name;
	int r = info_load(e, c->id, NULL, &now, err);

	if (r < 0)
		return r;
	switch (verb) {
	case STACK_STOP:
		return orphan_stop(e, now, timeout_ns, err);
	case STACK_KILL:
		return signo == SIGKILL && now->state.is_orphan ? orphan_stop(e, now, 0, err)
								: orphan_signal(now, signo, err);
	case STACK_PAUSE:
	case STACK_UNPAUSE:
		if (now->state.is_orphan)
			(void)error_new(err, ERR_UNSUPPORTED,
					"the supervisor of container '%s' is gone", name);
		else
			(void)error_new(err, ERR_USAGE, "container '%s' is not running", name);
		return error_hint(err, "'restart %s' starts it again", name);
	case STACK_START:
	case STACK_RESTART:
		break; /* those start a supervisor */
	}
	return 0;
}

int stack_request(const struct engine *e, const struct container_info *c, enum stack_verb verb,
		  int64_t timeout_ns, int signo, struct error **err)
{
	CLEANUP_JSON json_t *request = client_request(verb_names[verb]);
	struct client_call call = { .project = c->project,
				    .request = request,
				    .spawn = verb == STACK_START || verb == STACK_RESTART };

	json_set_text(request, "id", c->id);
	json_set_int(request, "timeout_ns", timeout_ns);
	if (signo)
		json_set_int(request, "signal", signo);
	int r = client_call(e, &call, err);

	return r == CLIENT_NOBODY ? request_without(e, c, verb, timeout_ns, signo, err) : r;
}

static int remove_without(const struct engine *e, const struct container_info *c, bool force,
			  bool volumes, struct error **err)
{
	CLEANUP(container_info) struct container_info *now = NULL;
	int r = info_load(e, c->id, NULL, &now, err);

	if (r < 0)
		return r;
	if (now->state.is_orphan && !force) {
		(void)error_new(err, ERR_BUSY, "container '%s' is running (its supervisor is gone)",
				now->service.container_name);
		return error_hint(err, "stop it first, or use --force");
	}
	r = orphan_stop(e, now, 0, err);
	if (r == 0)
		r = info_remove(e, now, volumes, err);
	tidy_project(e, now->project);
	return r;
}

int stack_remove(const struct engine *e, const struct container_info *c, bool force, bool volumes,
		 struct error **err)
{
	CLEANUP_JSON json_t *request = client_request("remove");
	struct client_call call = { .project = c->project, .request = request };

	json_set_text(request, "id", c->id);
	json_set_true(request, "force", force);
	json_set_true(request, "volumes", volumes);
	int r = client_call(e, &call, err);

	return r == CLIENT_NOBODY ? remove_without(e, c, force, volumes, err) : r;
}
