/* SPDX-License-Identifier: Apache-2.0 */
/* Starting a container's program and cleaning up after it. */
#include "unit_run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <strings.h>

#include "base/process.h"
#include "state.h"
#include "supervisor.h"

int unit_stop_signal(const struct stack_service *s)
{
	const char *text = s->stop_signal;
	uint64_t number;

	if (!text)
		return SIGTERM;
	if (str_to_u64(str_from(text), SIGRTMAX, &number))
		return number ? (int)number : SIGTERM;
	if (strncasecmp(text, "SIG", 3) == 0)
		text += 3;
	for (int i = 1; i < NSIG; i++) {
		const char *name = sigabbrev_np(i);

		if (name && strcasecmp(name, text) == 0)
			return i;
	}
	/* The kernel's numbers, not those that the C library leaves over. */
	if (strncasecmp(text, "RTMIN+", 6) == 0 && str_to_u64(str_from(text + 6), 30, &number))
		return 34 + (int)number;
	return SIGTERM;
}

static int open_run_dir(struct unit *u, struct error **err)
{
	struct supervisor *s = u->supervisor;

	if (mkdirat(s->dir_fd, u->info->id, 0700) < 0) {
		int r = errno == EEXIST ? fs_remove_tree_at(s->dir_fd, u->info->id, err)
					: error_errno(err, "make a run directory");

		if (r == 0 && mkdirat(s->dir_fd, u->info->id, 0700) < 0)
			r = error_errno(err, "make a run directory");
		if (r < 0)
			return r;
	}
	u->run_fd = fs_open_dir_at(s->dir_fd, u->info->id, err);
	return u->run_fd < 0 ? u->run_fd : 0;
}

static void close_run_dir(struct unit *u)
{
	CLEANUP(error) struct error *ignored = NULL; /* the next run removes it */

	if (u->run_fd < 0)
		return;
	close_fd(STEAL_FD(&u->run_fd));
	(void)fs_remove_tree_at(u->supervisor->dir_fd, u->info->id, &ignored);
}

static int prepare(struct unit *u, struct error **err)
{
	struct supervisor *s = u->supervisor;
	struct strbuf resolv_conf CLEANUP_STRBUF = STRBUF_INIT(0);
	CLEANUP_FREE char *dir =
		x_asprintf("%s/containers/%s", s->engine->store->path, u->info->id);
	CLEANUP_FREE char *run = x_asprintf("%s/%s", s->run_path, u->info->id);

	unit_network_resolv_conf(u, &resolv_conf);
	struct runtime_place place = { .id = u->info->id,
				       .dir_path = dir,
				       .dir_fd = u->dir_fd,
				       .run_path = run,
				       .run_fd = u->run_fd,
				       .layers = &u->layers,
				       .resolv_conf = strbuf_str(&resolv_conf) };

	return runtime_prepare(s->engine, &place, &u->info->service, &u->runtime, err);
}

static int on_created(void *ctx, const struct container_running *running, int netns_fd,
		      struct error **err)
{
	return unit_network_connect(ctx, running, netns_fd, err);
}

static int open_init(struct supervisor *s, struct error **err)
{
	if (s->init_fd < 0)
		s->init_fd = container_init_fd(s->engine->init_binary, s->engine->init_size, err);
	return s->init_fd;
}

static int launch(struct unit *u, struct error **err)
{
	struct container_hooks hooks = { .on_created = on_created, .ctx = u };
	struct container_spec *spec = &u->runtime->spec;
	bool wants_init = spec->init && !container_is_init(&spec->process.argv);
	int init_fd = wants_init ? open_init(u->supervisor, err) : -1;
	int fds[3];

	if (wants_init && init_fd < 0)
		return init_fd;
	int r = unit_output_open(u, fds, err);

	if (r == 0) {
		memcpy(spec->process.fds, fds, sizeof(fds));
		r = container_start(spec, init_fd, &hooks, &u->info->state.process, err);
	}
	for (int i = 0; i < 3; i++) {
		if (fds[i] != u->output.stdin_fd && (i == 0 || fds[i] != fds[0]))
			close_fd(fds[i]);
	}
	spec->process.fds[0] = spec->process.fds[1] = spec->process.fds[2] = -1;
	return r;
}

/* In reverse order of unit_run(); also after half a start. */
static void release(struct unit *u)
{
	unit_output_close(u);
	unit_network_release(u);
	close_run_dir(u);
	runtime_free(STEAL_PTR(&u->runtime));
}

static int fail(struct unit *u, struct error **err)
{
	struct container_state *s = &u->info->state;
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);

	release(u);
	state_clear_run(s);
	for (size_t i = 0; i < error_frame_count(*err); i++)
		strbuf_addf(&text, "%s%s", i ? ": " : "", error_frame(*err, i));
	s->error = strbuf_steal(&text);
	s->exit_code = error_status(*err) ? error_status(*err) : 128;
	return error_context(err, "container '%s'", unit_name(u));
}

int unit_run(struct unit *u, struct error **err)
{
	struct container_state *s = &u->info->state;
	int r = 0;

	if (s->is_abandoned)
		r = unit_clean_up(u->supervisor->engine, u->info, err);
	state_clear_run(s);
	if (r == 0)
		r = open_run_dir(u, err);
	if (r == 0)
		r = unit_network_reserve(u, err);
	if (r == 0)
		r = prepare(u, err);
	if (r == 0)
		r = launch(u, err);
	if (r < 0)
		return fail(u, err);
	u->pidfd = s->process.pidfd;
	s->process.pidfd = -1;
	s->started = clock_wall();
	s->finished = (struct timespec){ 0 };
	s->exit_code = 0;
	u->started_at = clock_monotonic();
	return 0;
}

static bool was_out_of_memory(const struct unit *u)
{
	CLEANUP(error) struct error *ignored = NULL; /* without counters nobody can tell */
	struct cgroup_stats stats = { 0 };

	return u->info->service.limits.memory_max_bytes &&
	       u->info->state.exit_code == 128 + SIGKILL &&
	       cgroup_read_stats(u->info->id, &stats, &ignored) == 0 && stats.oom_kills > 0;
}

void unit_end_run(struct unit *u)
{
	CLEANUP(error) struct error *ignored = NULL; /* what is left is removed by the next start */
	struct container_state *s = &u->info->state;

	unit_probe_stop(u);
	health_stop(&u->health);
	s->exit_code = process_wait(u->pidfd);
	s->finished = clock_wall();
	s->oom_killed = was_out_of_memory(u);
	close_fd(STEAL_FD(&u->pidfd));
	(void)container_cleanup(&u->runtime->spec, &ignored);
	release(u);
	state_end_run(s);
}

int unit_clean_up(const struct engine *e, struct container_info *c, struct error **err)
{
	struct container_spec spec = { .id = c->id };
	int r = cgroup_kill(c->id, err);

	if (r == 0)
		r = container_cleanup(&spec, err);
	if (r == 0)
		r = network_detach(e->networks_fd, NULL, c->id, err);
	if (r < 0)
		return error_context(err, "clean up after the supervisor of '%s'",
				     c->service.container_name);
	c->state.is_abandoned = c->state.is_orphan = false;
	return 0;
}
