/* SPDX-License-Identifier: Apache-2.0 */
/* The supervisor: a project's containers, one loop, one socket. */
#include "supervisor.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>

#include "control.h"
#include "info.h"
#include "project.h"
#include "state.h"
#include "unit_run.h"

enum { RESOLV_CONF_MAX = 65536 };

static void add_unit(struct supervisor *s, struct unit *u)
{
	s->units = x_realloc(s->units, s->unit_count + 1, sizeof(struct unit *));
	s->units[s->unit_count++] = u;
}

static int load_unit(struct supervisor *s, struct container_info *info, struct error **err)
{
	struct strv layers = STRV_INIT;

	info_check_process(
		info); /* it was loaded with us as its supervisor, but it is not ours yet */
	CLEANUP_FD int fd = info_open(s->engine, info->id, err);
	int r = fd < 0 ? fd : info_load_layers(fd, &layers, err);

	if (r < 0) {
		container_info_free(info);
		return r;
	}
	struct unit *u = unit_new(s, info, layers, err);

	if (!u)
		return -(int)error_code(*err);
	add_unit(s, u);
	return 0;
}

int supervisor_load(struct supervisor *s, struct error **err)
{
	struct container_info **list = NULL;
	size_t count = 0;
	int r = stack_list(s->engine, s->project, &list, &count, err);

	for (size_t i = 0; r == 0 && i < count; i++)
		r = load_unit(s, STEAL_PTR(&list[i]), err);
	stack_list_free(list, count);
	return r;
}

int supervisor_new(const struct engine *e, const char *project, int dir_fd, int lock_fd,
		   struct supervisor **ret, struct error **err)
{
	CLEANUP(supervisor) struct supervisor *s = x_alloc(sizeof(*s));
	CLEANUP(error) struct error *ignored = NULL; /* a machine without it has no names */

	s->engine = e;
	s->project = x_strdup(project);
	s->dir_fd = dir_fd;
	s->lock_fd = lock_fd;
	s->init_fd = -1;
	s->run_path = x_asprintf("%s/projects/%s", e->run_path, project);
	s->resolv_conf = STRBUF_INIT(RESOLV_CONF_MAX);
	(void)fs_read_at(AT_FDCWD, "/etc/resolv.conf", RESOLV_CONF_MAX, &s->resolv_conf, &ignored);
	s->loop = loop_new(err);
	if (!s->loop)
		return -(int)error_code(*err);
	*ret = STEAL_PTR(&s);
	return 0;
}

void supervisor_free(struct supervisor *s)
{
	if (!s)
		return;
	/* The socket comes last: whoever waits for our end finds everything tidy. */
	if (s->dir_fd >= 0)
		project_close(s->engine, s->project, s->dir_fd);
	close_fd(s->lock_fd);
	control_free(s->control);
	for (size_t i = 0; i < s->unit_count; i++)
		unit_free(s->units[i]);
	for (size_t i = 0; i < s->network_count; i++) {
		free(s->networks[i].name);
		free(s->networks[i].subnet);
		free(s->networks[i].gateway);
	}
	if (s->forwarder)
		dns_forwarder_free(s->forwarder);
	loop_free(s->loop);
	close_fd(s->init_fd);
	close_fd(s->dir_fd);
	strbuf_fini(&s->resolv_conf);
	free(s->units);
	free(s->networks);
	free(s->run_path);
	free(s->project);
	free(s);
}

struct unit *supervisor_find(const struct supervisor *s, const char *id)
{
	for (size_t i = 0; i < s->unit_count; i++) {
		if (!s->units[i]->is_gone && strcmp(s->units[i]->info->id, id) == 0)
			return s->units[i];
	}
	return NULL;
}

struct unit *supervisor_find_service(const struct supervisor *s, const char *service)
{
	for (size_t i = 0; i < s->unit_count; i++) {
		const char *name = s->units[i]->info->service.service;

		if (!s->units[i]->is_gone && name && strcmp(name, service) == 0)
			return s->units[i];
	}
	return NULL;
}

const struct stack_network *supervisor_find_network(const struct supervisor *s, const char *name)
{
	for (size_t i = 0; i < s->network_count; i++) {
		if (strcmp(s->networks[i].name, name) == 0)
			return &s->networks[i];
	}
	return NULL;
}

static int find_layers(const struct engine *e, struct stack_service *service, struct strv *out,
		       struct error **err)
{
	CLEANUP_FREE char *by_digest = x_asprintf(
		"image@sha256:%s", service->image_manifest ? service->image_manifest : "");
	CLEANUP(image) struct image *img = NULL;
	int r = image_find(e->store, service->image_manifest ? by_digest : service->image, &img,
			   err);

	if (r < 0)
		return error_context(err, "image '%s'", service->image);
	if (!service->image_manifest)
		service->image_manifest = x_strdup(img->manifest_digest);
	for (size_t i = 0; i < img->layer_count; i++)
		strv_add(out, img->layers[i].id);
	return 0;
}

int supervisor_create(struct supervisor *s, struct stack_service *service, const char *id,
		      struct unit **ret, struct error **err)
{
	CLEANUP(container_info) struct container_info *info = x_alloc(sizeof(*info));
	struct strv layers = STRV_INIT;

	info->service = *service;
	*service = (struct stack_service){ 0 };
	info->project = x_strdup(s->project);
	info->state.process.pidfd = -1;
	if (id && *id)
		(void)snprintf(info->id, sizeof(info->id), "%s", id);
	else
		fs_random_id(info->id);
	int r = find_layers(s->engine, &info->service, &layers, err);
	CLEANUP_FD int dir_fd = r < 0 ? -1 : info_create(s->engine, info, &layers, err);

	if (dir_fd < 0) {
		strv_fini(&layers);
		return -(int)error_code(*err);
	}
	*ret = unit_new(s, STEAL_PTR(&info), layers, err);
	if (!*ret)
		return -(int)error_code(*err);
	add_unit(s, *ret);
	supervisor_report(*ret, "create");
	return 0;
}

int supervisor_remove(struct unit *u, bool volumes, struct error **err)
{
	struct supervisor *s = u->supervisor;
	int r = u->info->state.is_abandoned ? unit_clean_up(s->engine, u->info, err) : 0;

	if (r == 0)
		r = info_remove(s->engine, u->info, volumes, err);
	if (r < 0)
		return r;
	supervisor_report(u, "destroy");
	u->is_gone = true;
	u->is_dirty = false;
	s->is_dirty = true;
	return 0;
}

void supervisor_note(struct unit *u)
{
	u->is_dirty = true;
	u->supervisor->is_dirty = true;
}

void supervisor_report(struct unit *u, const char *action)
{
	CLEANUP_JSON json_t *message = json_object();
	json_t *event = json_object();
	char now[36];

	supervisor_note(u);
	if (!u->supervisor->control)
		return;
	clock_format_rfc3339(clock_wall(), now);
	json_set_text(event, "type", "container");
	json_set_text(event, "action", action);
	json_set_text(event, "id", u->info->id);
	json_set_text(event, "name", unit_name(u));
	json_set_text(event, "service", u->info->service.service);
	json_set_text(event, "time", now);
	if (strcmp(action, "die") == 0)
		json_set_int(event, "exit_code", u->info->state.exit_code);
	(void)json_object_set_new(message, "event", event); /* fails on OOM only */
	control_broadcast(u->supervisor->control, message);
}

/* "--rm": gone when it has ended and no job waits to see how. */
static void remove_ended(struct supervisor *s)
{
	for (size_t i = 0; i < s->unit_count; i++) {
		CLEANUP(error) struct error *ignored = NULL; /* to be removed by hand then */
		struct unit *u = s->units[i];

		if (u->fsm == UNIT_IDLE && u->was_started && u->info->service.auto_remove &&
		    !u->is_gone && !(s->control && control_uses(s->control, u)))
			(void)supervisor_remove(u, true, &ignored);
	}
}

static void save_states(struct supervisor *s)
{
	for (size_t i = 0; i < s->unit_count; i++) {
		CLEANUP(error) struct error *full = NULL; /* tried again at the next change */
		struct unit *u = s->units[i];

		if (u->is_dirty && !u->is_gone &&
		    state_save(u->dir_fd, &u->info->state, &full) == 0)
			u->is_dirty = false;
	}
}

static void free_gone(struct supervisor *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->unit_count; i++) {
		struct unit *u = s->units[i];

		if (u->is_gone && !u->is_held && !(s->control && control_uses(s->control, u)))
			unit_free(u);
		else
			s->units[kept++] = u;
	}
	s->unit_count = kept;
}

int supervisor_turn(struct supervisor *s, struct error **err)
{
	int r = loop_run_once(s->loop, s->is_dirty ? 0 : -1, err);

	if (r < 0 || !s->is_dirty)
		return r;
	s->is_dirty = false;
	if (s->control)
		control_advance(s->control);
	remove_ended(s);
	save_states(s);
	if (s->control)
		control_answer(s->control);
	free_gone(s);
	return 0;
}

bool supervisor_is_idle(const struct supervisor *s)
{
	for (size_t i = 0; i < s->unit_count; i++) {
		if (s->units[i]->fsm != UNIT_IDLE)
			return false;
	}
	return !s->is_dirty && !(s->control && control_is_busy(s->control));
}

static void set_title(const char *project)
{
	char title[16];

	(void)snprintf(title, sizeof(title), "firkin: %s", project);
	(void)prctl(PR_SET_NAME, title, 0, 0, 0);
}

void supervisor_main(struct supervisor *s)
{
	CLEANUP(error) struct error *err = NULL;
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	set_title(s->project);
	(void)sigaction(SIGPIPE, &ignore, NULL);
	(void)sigaction(SIGHUP, &ignore, NULL);
	while (!supervisor_is_idle(s)) {
		if (supervisor_turn(s, &err) < 0)
			break;
	}
	supervisor_free(s);
	_exit(0);
}
