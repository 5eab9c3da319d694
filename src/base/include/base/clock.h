/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time: microseconds everywhere, Go-style durations, RFC 3339.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/str.h"

typedef int64_t usec_t;

#define USEC_PER_SEC ((usec_t)1000000)
#define USEC_PER_MSEC ((usec_t)1000)

/** clock_monotonic() - Since boot; for intervals */
usec_t clock_monotonic(void);

/** clock_wall() - Since 1970, UTC; for people and files */
struct timespec clock_wall(void);

/** clock_format_rfc3339() - "2026-11-20T10:11:12.123456789Z" (no fraction when @ts has none) */
void clock_format_rfc3339(struct timespec ts, char ret_text[36]);

/** clock_parse_rfc3339() - "Z" or numeric offset, optional fraction; false on anything else */
bool clock_parse_rfc3339(str text, struct timespec *ret_ts);

/**
 * duration_parse() - Go's time.ParseDuration: "1h5m30.5s", "300ms", "0"; units ns us ms s m h
 * @ret_ns: nanoseconds, never negative: "+1s" is taken, "-1s" is not; false on overflow too
 */
bool duration_parse(str text, int64_t *ret_ns);

/** duration_format() - As Go prints it: "1m30s", "300ms", "0s" */
void duration_format(int64_t ns, char ret_text[40]);

/** duration_format_short() - For people: "0.412s", "12.3s", "2m05s"; ages: clock_format_age() */
void duration_format_short(usec_t usec, char ret_text[24]);

/** clock_format_age() - Docker's words: "5 seconds", "About a minute", "3 hours", "2 weeks" */
void clock_format_age(usec_t usec, char ret_text[32]);

#endif
