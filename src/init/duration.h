/* SPDX-License-Identifier: Apache-2.0 */
/* Durations as Docker and Go write them, the monotonic clock, and small numbers. */
#ifndef INIT_DURATION_H
#define INIT_DURATION_H

#include <stdbool.h>
#include <stdint.h>

#define USEC_PER_MSEC	INT64_C(1000)
#define USEC_PER_SEC	INT64_C(1000000)
#define DURATION_MAX_US	(INT64_C(7) * 24 * 3600 * USEC_PER_SEC)	/* a week; more is a mistake */

/**
 * init_duration_parse() - Read a duration such as "30s", "1m30s", "1.5h" or "500ms"
 * @text:   decimal numbers, each with its unit: ns, us, ms, s, m, h
 * @ret_us: on success microseconds, 1 to DURATION_MAX_US; untouched on failure
 * Return: whether text is such a duration
 */
bool init_duration_parse(const char *text, int64_t *ret_us);

/**
 * init_number_parse() - Read a plain decimal number
 * @max:       the largest that is allowed
 * @ret_value: on success 0 to max; untouched on failure
 * Return: whether text is all digits and in range
 */
bool init_number_parse(const char *text, int max, int *ret_value);

/** init_clock_us() - Microseconds of the monotonic clock */
int64_t init_clock_us(void);

#endif
