/* SPDX-License-Identifier: Apache-2.0 */
/* What "up" has to do about a service, pure: wanted against found. */
#ifndef STACK_CONVERGE_H
#define STACK_CONVERGE_H

#include "stack/stack.h"

enum converge_verdict {
	CONVERGE_KEEP,	   /* it runs as wanted */
	CONVERGE_ENDED,	   /* a job that has ended well: nothing to do */
	CONVERGE_START,	   /* as wanted, but it does not run */
	CONVERGE_RECREATE, /* made from another description or image */
};

/**
 * converge_judge() - @found is a container of the service @wanted
 * @is_job: another service waits for its successful end
 */
enum converge_verdict converge_judge(const struct stack_service *wanted,
				     const struct container_info *found, bool is_job);

/** converge_is_job() - Does any service of the model wait for the end of this one? */
bool converge_is_job(const struct stack_model *m, const char *service);

/** converge_is_settled() - Nothing to wait for: healthy, or running where there is no check, or
 * ended well */
bool converge_is_settled(enum converge_verdict verdict, const struct container_info *found);

#endif
