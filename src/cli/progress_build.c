/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The view of a running build.
 *
 * Plain: every line carries the step's number, output lines also the second in which they came, so
 * that the lines of stages that run side by side can be told apart. Terminal: finished steps scroll
 * up, running ones are redrawn below with the last line of their output.
 */
#include <stdio.h>
#include <sys/ioctl.h>

#include "codec/json.h"
#include "progress.h"

bool progress_mode_parse(const char *text, enum progress_mode *ret)
{
	static const char *const names[] = { "auto", "plain", "tty", "quiet", "rawjson" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(text, names[i]) == 0) {
			*ret = (enum progress_mode)i;
			return true;
		}
	}
	return false;
}

static struct progress_step *find_step(struct build_view *v, unsigned number)
{
	for (size_t i = 0; i < v->active_count; i++) {
		if (v->active[i].number == number)
			return &v->active[i];
	}
	return NULL;
}

static struct progress_step *add_step(struct build_view *v, const struct build_event *e)
{
	if (v->active_count == PROGRESS_ACTIVE_MAX)
		return NULL;
	struct progress_step *s = &v->active[v->active_count++];

	*s = (struct progress_step){ .number = e->step,
				     .name = x_strdup(e->name),
				     .line = STRBUF_INIT(1 << 20),
				     .started = e->at };
	return s;
}

static void remove_step(struct build_view *v, struct progress_step *s)
{
	free(s->name);
	free(s->last);
	strbuf_fini(&s->line);
	*s = v->active[--v->active_count];
}

/* Control characters of a program's output must not act on our terminal. */
static void add_printable(struct strbuf *out, str line, size_t max)
{
	for (size_t i = 0; i < line.len && i < max; i++) {
		unsigned char c = (unsigned char)line.ptr[i];

		strbuf_add_char(out, c < 0x20 || c == 0x7f ? ' ' : (char)c);
	}
}

static unsigned terminal_width(void)
{
	struct winsize ws = { 0 };

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &ws) == 0 && ws.ws_col > 20 ? ws.ws_col : 80;
}

static void erase_drawn(struct build_view *v)
{
	if (v->drawn)
		(void)fprintf(stderr, "\033[%uA\033[J", v->drawn);
	v->drawn = 0;
}

static void draw_active(struct build_view *v, usec_t now)
{
	unsigned width = terminal_width();

	for (size_t i = 0; i < v->active_count; i++) {
		const struct progress_step *s = &v->active[i];
		struct strbuf line CLEANUP_STRBUF = STRBUF_INIT(0);

		strbuf_addf(&line, " => %s %.1fs", s->name, (double)(now - s->started) / 1e6);
		(void)fprintf(stderr, "%.*s\n", (int)width - 1, strbuf_text(&line));
		v->drawn++;
		if (s->last) {
			struct strbuf last CLEANUP_STRBUF = STRBUF_INIT(0);

			add_printable(&last, str_from(s->last), width - 8);
			(void)fprintf(stderr, "\033[2m    # %s\033[0m\n", strbuf_text(&last));
			v->drawn++;
		}
	}
}

static void print_finished(struct build_view *v, const struct build_event *e, const char *what)
{
	char took[24];

	duration_format_short(e->elapsed, took);
	if (v->mode == PROGRESS_TTY)
		(void)fprintf(stderr, " \033[%sm=> %s%.*s\033[0m %s\n",
			      e->kind == BUILD_STEP_FAILED ? "31" : "34",
			      e->kind == BUILD_STEP_CACHED ? "CACHED " : "",
			      (int)terminal_width() - 20, e->name,
			      e->kind == BUILD_STEP_CACHED ? "" : took);
	else if (e->kind == BUILD_STEP_CACHED)
		(void)fprintf(stderr, "#%u %s\n#%u CACHED\n", e->step, e->name, e->step);
	else
		(void)fprintf(stderr, "#%u %s %s\n", e->step, what, took);
}

/* Complete lines go out (plain) or are remembered (terminal); the rest waits. */
static void take_output(struct build_view *v, struct progress_step *s, const struct build_event *e)
{
	str rest = e->text, piece;

	while (rest.len && str_cut(&rest, '\n', &piece)) {
		strbuf_add_str(&s->line, piece);
		if (!rest.ptr)
			break;
		if (v->mode == PROGRESS_PLAIN)
			(void)fprintf(stderr, "#%u %.3f %.*s\n", s->number,
				      (double)(e->at - s->started) / 1e6, (int)s->line.len,
				      strbuf_text(&s->line));
		free(s->last);
		s->last = x_strdup(strbuf_text(&s->line));
		strbuf_clear(&s->line);
	}
}

static void print_rawjson(const struct build_event *e)
{
	static const char *const kinds[] = {
		[BUILD_STEP_STARTED] = "started", [BUILD_STEP_CACHED] = "cached",
		[BUILD_STEP_OUTPUT] = "output",	  [BUILD_STEP_DONE] = "done",
		[BUILD_STEP_FAILED] = "failed",
	};
	CLEANUP_JSON json_t *j = json_object();
	struct strbuf out CLEANUP_STRBUF = STRBUF_INIT(0);

	json_set_text(j, "event", kinds[e->kind]);
	json_set_int(j, "step", e->step);
	json_set_text(j, "name", e->name);
	if (e->text.ptr)
		(void)json_object_set_new(j, "text", json_text(e->text)); /* fails on OOM only */
	json_set_text(j, "miss", e->miss);
	json_set_int(j, "elapsed_us", e->elapsed);
	json_set_int(j, "at_us", e->at);
	json_write(j, &out);
	(void)fprintf(stderr, "%s\n", strbuf_text(&out));
}

static void show(struct build_view *v, const struct build_event *e)
{
	struct progress_step *s = find_step(v, e->step);

	switch (e->kind) {
	case BUILD_STEP_STARTED:
		s = add_step(v, e);
		if (v->mode == PROGRESS_PLAIN)
			(void)fprintf(stderr, "#%u %s\n%s%s%s", e->step, e->name,
				      e->miss ? "   because: " : "", e->miss ? e->miss : "",
				      e->miss ? "\n" : "");
		break;
	case BUILD_STEP_OUTPUT:
		if (s)
			take_output(v, s, e);
		break;
	case BUILD_STEP_CACHED:
		print_finished(v, e, "CACHED");
		break;
	case BUILD_STEP_DONE:
	case BUILD_STEP_FAILED:
		if (s && s->line.len && v->mode == PROGRESS_PLAIN)
			(void)fprintf(stderr, "#%u %s\n", e->step, strbuf_text(&s->line));
		if (s)
			remove_step(v, s);
		print_finished(v, e, e->kind == BUILD_STEP_DONE ? "DONE" : "FAILED");
		break;
	}
}

static void on_event(void *ctx, const struct build_event *e)
{
	struct build_view *v = ctx;

	if (v->mode == PROGRESS_QUIET)
		return;
	if (v->mode == PROGRESS_RAWJSON) {
		print_rawjson(e);
		return;
	}
	if (v->mode == PROGRESS_TTY)
		erase_drawn(v);
	show(v, e);
	if (v->mode == PROGRESS_TTY)
		draw_active(v, e->at);
	(void)fflush(stderr);
}

void build_view_init(struct build_view *v, enum progress_mode mode)
{
	*v = (struct build_view){ .mode = mode };
	if (mode == PROGRESS_AUTO)
		v->mode = isatty(STDERR_FILENO) == 1 ? PROGRESS_TTY : PROGRESS_PLAIN;
	v->progress = (struct build_progress){ on_event, v };
}

void build_view_fini(struct build_view *v)
{
	if (v->mode == PROGRESS_TTY)
		erase_drawn(v);
	while (v->active_count)
		remove_step(v, &v->active[0]);
}
