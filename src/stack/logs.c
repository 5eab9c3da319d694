/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "logs": the messages of several containers in the order of their times, followed until the last
 * container has ended.
 */
#include <errno.h>
#include <poll.h>
#include <sys/inotify.h>

#include "info.h"
#include "log.h"
#include "state.h"

/* Changes are told by the kernel; a look now and then finds a supervisor that was killed. */
enum { LOOK_AGAIN_MS = 2000, EVENTS_SIZE = 4096 };

/** struct source - One container's log */
struct source {
	struct container_info *info; /* the caller's */
	struct log_reader *reader;
	struct log_message next;
	bool has_next, is_over, is_active;
};

struct view {
	const struct engine *engine;
	const struct stack_log_options *opt;
	struct source *sources;
	size_t count;
	int inotify_fd;
	bool is_state_new; /* some container may have ended */
};

static bool is_before(struct timespec a, struct timespec b)
{
	return a.tv_sec != b.tv_sec ? a.tv_sec < b.tv_sec : a.tv_nsec < b.tv_nsec;
}

static bool is_set(struct timespec ts)
{
	return ts.tv_sec || ts.tv_nsec;
}

static bool is_active(const struct engine *e, const struct source *s)
{
	CLEANUP(container_info) struct container_info *now = NULL;
	CLEANUP(error) struct error *removed = NULL;

	return info_load(e, s->info->id, NULL, &now, &removed) == 0 && state_is_active(&now->state);
}

static int open_source(struct view *v, struct source *s, struct error **err)
{
	const struct engine *e = v->engine;
	CLEANUP_FREE char *name = x_asprintf("%s-json.log", s->info->id);
	CLEANUP_FREE char *path = x_asprintf("%s/containers/%s", e->store->path, s->info->id);
	CLEANUP_FD int dir_fd = info_open(e, s->info->id, err);

	if (dir_fd < 0)
		return dir_fd;
	if (v->inotify_fd >= 0 &&
	    inotify_add_watch(v->inotify_fd, path,
			      IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_DELETE_SELF) < 0)
		return error_errno(err, "watch the log of '%s'", s->info->service.container_name);
	int r = log_reader_open(dir_fd, name, &s->reader, err);

	if (r == 0 && v->opt->tail >= 0)
		r = log_reader_skip_to_last(s->reader, (uint64_t)v->opt->tail, err);
	return r;
}

/* The next message that is late enough. */
static int fill(struct view *v, struct source *s, struct error **err)
{
	while (!s->has_next) {
		int r = log_reader_next(s->reader, &s->next, err);

		if (r <= 0)
			return r;
		s->has_next = !is_set(v->opt->since) || !is_before(s->next.at, v->opt->since);
		if (is_set(v->opt->until) && is_before(v->opt->until, s->next.at)) {
			s->has_next = false;
			s->is_over = true;
			return 0;
		}
	}
	return 0;
}

static int find_earliest(struct view *v, struct source **ret, struct error **err)
{
	*ret = NULL;
	for (size_t i = 0; i < v->count; i++) {
		struct source *s = &v->sources[i];
		int r = s->is_over ? 0 : fill(v, s, err);

		if (r < 0)
			return r;
		if (s->has_next && (!*ret || is_before(s->next.at, (*ret)->next.at)))
			*ret = s;
	}
	return 0;
}

typedef void (*line_fn)(void *ctx, const struct container_info *c, struct timespec at,
			bool is_stderr, str text);

static int show_all(struct view *v, line_fn line, void *ctx, struct error **err)
{
	for (;;) {
		struct source *s;
		int r = find_earliest(v, &s, err);

		if (r < 0 || !s)
			return r;
		line(ctx, s->info, s->next.at, s->next.stream == LOG_STDERR, s->next.text);
		s->has_next = false;
	}
}

/* Anything but a log that grew: a state that was replaced, a directory that went. */
static bool tells_of_state(const char *events, size_t len)
{
	for (size_t at = 0; at < len;) {
		struct inotify_event head;

		memcpy(&head, events + at, sizeof(head));
		if (head.mask != IN_MODIFY)
			return true;
		at += sizeof(head) + head.len;
	}
	return false;
}

static int wait_for_change(struct view *v, struct error **err)
{
	struct pollfd p = { .fd = v->inotify_fd, .events = POLLIN };
	char events[EVENTS_SIZE];
	ssize_t n;
	int ready = poll(&p, 1, LOOK_AGAIN_MS);

	if (ready < 0 && errno != EINTR)
		return error_errno(err, "wait for logs");
	v->is_state_new = ready == 0;
	while ((n = read(v->inotify_fd, events, sizeof(events))) > 0)
		v->is_state_new |= tells_of_state(events, (size_t)n);
	return 0;
}

/*
 * States before logs: what a container wrote last is in its log before its state says that it
 * ended, so whoever is found ended here has nothing more to say after this look.
 */
static int look_again(struct view *v, bool *ret_any_active, struct error **err)
{
	int r = 0;

	*ret_any_active = false;
	for (size_t i = 0; r == 0 && i < v->count; i++) {
		struct source *s = &v->sources[i];

		if (s->is_over)
			continue;
		if (v->is_state_new)
			s->is_active = is_active(v->engine, s);
		*ret_any_active |= s->is_active;
		if (v->is_state_new)
			r = log_reader_refresh(s->reader, err);
	}
	return r;
}

static int follow(struct view *v, line_fn line, void *ctx, struct error **err)
{
	for (;;) {
		bool any_active = false;
		int r = look_again(v, &any_active, err);

		if (r == 0)
			r = show_all(v, line, ctx, err);
		if (r < 0 || !any_active)
			return r;
		r = wait_for_change(v, err);
		if (r < 0)
			return r;
	}
}

int stack_logs(const struct engine *e, struct container_info *const *containers, size_t count,
	       const struct stack_log_options *opt, line_fn line, void *ctx, struct error **err)
{
	CLEANUP_FD int inotify_fd = opt->follow ? inotify_init1(IN_CLOEXEC | IN_NONBLOCK) : -1;
	struct view v = { .engine = e,
			  .opt = opt,
			  .count = count,
			  .inotify_fd = inotify_fd,
			  .is_state_new = true };
	int r = 0;

	if (opt->follow && inotify_fd < 0)
		return error_errno(err, "watch logs");
	v.sources = x_alloc(count * sizeof(*v.sources));
	for (size_t i = 0; r == 0 && i < count; i++) {
		v.sources[i].info = containers[i];
		r = open_source(&v, &v.sources[i], err);
	}
	if (r == 0)
		r = show_all(&v, line, ctx, err);
	if (r == 0 && opt->follow)
		r = follow(&v, line, ctx, err);
	for (size_t i = 0; i < count; i++)
		log_reader_close(v.sources[i].reader);
	free(v.sources);
	return r;
}
