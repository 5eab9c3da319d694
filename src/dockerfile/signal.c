/* SPDX-License-Identifier: Apache-2.0 */
/* Names of signals, as STOPSIGNAL takes them. */
#include "dockerfile/dockerfile.h"

enum {
	SIGNAL_MAX = 64,
	REALTIME_SPAN = 15, /* RTMIN+1 .. RTMIN+15 and RTMAX-1 .. RTMAX-14 */
};

static const char *const names[] = {
	"ABRT", "ALRM", "BUS",	 "CHLD",  "CLD",    "CONT",  "FPE",    "HUP",  "ILL",  "INT",
	"IO",	"IOT",	"KILL",	 "PIPE",  "POLL",   "PROF",  "PWR",    "QUIT", "SEGV", "STKFLT",
	"STOP", "SYS",	"TERM",	 "TRAP",  "TSTP",   "TTIN",  "TTOU",   "URG",  "USR1", "USR2",
	"XCPU", "XFSZ", "RTMIN", "RTMAX", "VTALRM", "WINCH", "UNUSED",
};

bool dockerfile_is_signal(str text)
{
	uint64_t number;

	if (str_to_u64(text, SIGNAL_MAX, &number))
		return number != 0;
	if (str_is_nocase(str_head(text, 3), "SIG"))
		text = str_skip(text, 3);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (str_is_nocase(text, names[i]))
			return true;
	}
	bool from_min = str_is_nocase(str_head(text, 6), "RTMIN+");

	if (!from_min && !str_is_nocase(str_head(text, 6), "RTMAX-"))
		return false;
	unsigned max = from_min ? REALTIME_SPAN : REALTIME_SPAN - 1;

	return str_to_u64(str_skip(text, 6), max, &number) && number != 0;
}
