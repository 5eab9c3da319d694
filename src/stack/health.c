/* SPDX-License-Identifier: Apache-2.0 */
/* The health state machine and the schedule of probes. */
#include "health.h"

enum { EARLY_LIFE_S = 30, PAUSE_FIRST_MS = 50, PAUSE_EARLY_MAX_MS = 500 };

enum health_event {
	EVENT_START,
	EVENT_STOP,
	EVENT_SUCCESS,
	EVENT_FAILURE, /* of a regular probe, outside the start period */
	EVENT_EXCUSED, /* a failure that does not count */
	EVENT_COUNT,
};

enum { STATUS_COUNT = HEALTH_UNHEALTHY + 1 };

typedef void (*transition_fn)(struct health *h, const struct stack_health *check);

static void to_none(struct health *h, const struct stack_health *check)
{
	(void)check;
	h->status = HEALTH_NONE;
	h->failing_streak = 0;
}

static void to_starting(struct health *h, const struct stack_health *check)
{
	h->status = check->test.count ? HEALTH_STARTING : HEALTH_NONE;
	h->failing_streak = 0;
}

static void to_healthy(struct health *h, const struct stack_health *check)
{
	(void)check;
	h->status = HEALTH_HEALTHY;
	h->failing_streak = 0;
}

static void count_failure(struct health *h, const struct stack_health *check)
{
	h->failing_streak++;
	if (h->failing_streak >= check->retries)
		h->status = HEALTH_UNHEALTHY;
}

static void stay(struct health *h, const struct stack_health *check)
{
	(void)h;
	(void)check;
}

static const transition_fn table[STATUS_COUNT][EVENT_COUNT] = {
	[HEALTH_NONE] = { [EVENT_START] = to_starting,
			  [EVENT_STOP] = stay,
			  [EVENT_SUCCESS] = stay,
			  [EVENT_FAILURE] = stay,
			  [EVENT_EXCUSED] = stay },
	[HEALTH_STARTING] = { [EVENT_START] = to_starting,
			      [EVENT_STOP] = to_none,
			      [EVENT_SUCCESS] = to_healthy,
			      [EVENT_FAILURE] = count_failure,
			      [EVENT_EXCUSED] = stay },
	[HEALTH_HEALTHY] = { [EVENT_START] = to_starting,
			     [EVENT_STOP] = to_none,
			     [EVENT_SUCCESS] = to_healthy,
			     [EVENT_FAILURE] = count_failure,
			     [EVENT_EXCUSED] = stay },
	[HEALTH_UNHEALTHY] = { [EVENT_START] = to_starting,
			       [EVENT_STOP] = to_none,
			       [EVENT_SUCCESS] = to_healthy,
			       [EVENT_FAILURE] = count_failure,
			       [EVENT_EXCUSED] = stay },
};

static void handle(struct health *h, const struct stack_health *check, enum health_event event)
{
	table[h->status][event](h, check);
}

static bool is_in_start_period(const struct health *h, const struct stack_health *check, usec_t at)
{
	return h->status == HEALTH_STARTING && at - h->started < check->start_period_ns / 1000;
}

/* Docker's pause between the end of a probe and the start of the next. */
static usec_t regular_pause(const struct health *h, const struct stack_health *check, usec_t now)
{
	return (is_in_start_period(h, check, now) ? check->start_interval_ns : check->interval_ns) /
	       1000;
}

static usec_t extra_pause_max(const struct health *h, const struct stack_health *check, usec_t now)
{
	usec_t max = regular_pause(h, check, now);
	usec_t early_max = PAUSE_EARLY_MAX_MS * USEC_PER_MSEC;

	return now - h->started < EARLY_LIFE_S * USEC_PER_SEC && early_max < max ? early_max : max;
}

static void schedule(struct health *h, const struct stack_health *check, usec_t now)
{
	h->probing = false;
	h->next_regular = now + regular_pause(h, check, now);
	h->next_extra = now;
	h->extra_pause = PAUSE_FIRST_MS * USEC_PER_MSEC;
}

void health_start(struct health *h, const struct stack_health *check, usec_t now)
{
	handle(h, check, EVENT_START);
	h->started = now;
	schedule(h, check, now);
}

void health_resume(struct health *h, const struct stack_health *check, usec_t now)
{
	schedule(h, check, now);
}

void health_stop(struct health *h)
{
	h->probing = false;
	handle(h, NULL, EVENT_STOP);
}

bool health_next(const struct health *h, usec_t *ret_at)
{
	if (h->status == HEALTH_NONE || h->probing)
		return false;
	*ret_at = h->status == HEALTH_STARTING && h->next_extra < h->next_regular ? h->next_extra
										  : h->next_regular;
	return true;
}

usec_t health_begin(struct health *h, const struct stack_health *check, usec_t now)
{
	usec_t deadline = now + check->timeout_ns / 1000;

	h->probing = true;
	h->probe_started = now;
	h->probe_is_extra = now < h->next_regular;
	return h->probe_is_extra && h->next_regular < deadline ? h->next_regular : deadline;
}

/* A quarter longer each time: some twenty probes in the first five seconds, two a second later. */
static void schedule_extra(struct health *h, const struct stack_health *check, usec_t now)
{
	usec_t max = extra_pause_max(h, check, now);

	if (h->extra_pause > max)
		h->extra_pause = max;
	h->next_extra = now + h->extra_pause;
	h->extra_pause += h->extra_pause / 4;
}

bool health_end(struct health *h, const struct stack_health *check, bool success, usec_t now)
{
	bool excused = h->probe_is_extra || is_in_start_period(h, check, h->probe_started);

	h->probing = false;
	handle(h, check, success ? EVENT_SUCCESS : excused ? EVENT_EXCUSED : EVENT_FAILURE);
	if (!h->probe_is_extra || success)
		h->next_regular = now + regular_pause(h, check, now);
	schedule_extra(h, check, now);
	return success || !h->probe_is_extra;
}
