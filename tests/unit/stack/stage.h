/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tests with real containers stand on: a store with one small image, a run state, a network
 * namespace of their own, all of which go when the tests end.
 */
#ifndef TESTS_STACK_STAGE_H
#define TESTS_STACK_STAGE_H

#include "stack/stack.h"

/** stage_set_up() - Before any test: the engine, or NULL when this machine cannot run containers */
struct engine *stage_set_up(void);

/** stage_tear_down() - After all tests: containers that a failed test left, and everything else */
void stage_tear_down(struct engine *e);

/** stage_service() - A container that runs "sh -c @script"; @name: service and part of its name */
struct stack_service stage_service(const char *project, const char *name, const char *script);

/** stage_check() - Give it a health check */
void stage_check(struct stack_service *s, const char *script, int64_t interval_ms,
		 unsigned retries);
void stage_depend(struct stack_service *s, const char *on, enum stack_condition condition);
void stage_attach(struct stack_service *s, const char *network);
void stage_publish(struct stack_service *s, unsigned host_port, unsigned container_port);

/** stage_model() - A project of these services with one network "<project>_default" */
struct stack_model *stage_model(const char *project, const struct stack_service *services,
				size_t count);

/** stage_find() - By container name; fails the test when there is none */
struct container_info *stage_find(const char *name);

/** stage_await() - Until @is_so, looking again every few milliseconds; fails after ten seconds */
void stage_await(bool (*is_so)(const struct container_info *c, void *ctx), void *ctx,
		 const char *name);
void stage_await_status(const char *name, enum container_status status);
void stage_await_health(const char *name, enum health_status health);

/** stage_logs() - All that a container wrote; caller frees */
char *stage_logs(const char *name);

/** stage_is_clean() - No container, project, network, interface, supervisor, cgroup is left */
void stage_is_clean(void);

/** stage_down() - stack_down() that must succeed, and its traces */
void stage_down(const char *project);

/** stage_engine() - The one of stage_set_up() */
struct engine *stage_engine(void);

/** stage_said() - Text of an error, frames and hint; caller frees */
char *stage_said(const struct error *err);

#endif
