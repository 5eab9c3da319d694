/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cycles in depends_on: a depth-first walk with an explicit stack, since the depth is the writer's
 * choice. The stack is the way from the start to here, so a service met again closes the cycle.
 */
#include "consistency.h"

enum mark { UNSEEN, ON_STACK, DONE };

struct step {
	size_t service;
	size_t next; /* dependency to look at */
};

static size_t index_of(const struct compose_project *p, const char *name)
{
	return (size_t)(compose_find_service(p, name) - p->services);
}

static int fail_cycle(struct decoder *d, const struct step *stack, size_t count, size_t again)
{
	const struct compose_project *p = d->project;
	CLEANUP_STRBUF struct strbuf names = STRBUF_INIT(4096), where = STRBUF_INIT(4096);
	size_t from = 0;

	while (stack[from].service != again)
		from++;
	for (size_t i = from; i < count; i++) {
		const struct compose_service *s = &p->services[stack[i].service];
		const struct compose_dependency *dep = &s->depends_on[stack[i].next - 1];

		strbuf_addf(&names, "%s -> ", s->name);
		strbuf_addf(&where, "%s%s on %s in line %u", i > from ? ", " : "", s->name,
			    dep->service, dep->place.line);
	}
	const struct compose_service *first = &p->services[again];

	(void)compose_check_error(d, first->depends_on[stack[from].next - 1].place,
				  "dependency cycle: %s%s", strbuf_text(&names), first->name);
	return error_hint(d->err, "remove one of them: %s", strbuf_text(&where));
}

static int walk(struct decoder *d, size_t start, char *marks, struct step *stack)
{
	const struct compose_project *p = d->project;
	size_t count = 0;

	stack[count++] = (struct step){ start, 0 };
	marks[start] = ON_STACK;
	while (count) {
		struct step *top = &stack[count - 1];
		const struct compose_service *s = &p->services[top->service];

		if (top->next == s->depends_on_count) {
			marks[top->service] = DONE;
			count--;
			continue;
		}
		size_t next = index_of(p, s->depends_on[top->next++].service);

		if (marks[next] == ON_STACK)
			return fail_cycle(d, stack, count, next);
		if (marks[next] == UNSEEN) {
			marks[next] = ON_STACK;
			stack[count++] = (struct step){ next, 0 };
		}
	}
	return 0;
}

int compose_check_cycles(struct decoder *d)
{
	const struct compose_project *p = d->project;
	char *marks = arena_alloc(d->arena, p->service_count + 1);
	struct step *stack = arena_alloc(d->arena, (p->service_count + 1) * sizeof(*stack));
	int r = 0;

	for (size_t i = 0; r == 0 && i < p->service_count; i++) {
		if (marks[i] == UNSEEN)
			r = walk(d, i, marks, stack);
	}
	return r;
}
