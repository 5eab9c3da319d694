/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line of firkin-init, for the modules that start it inside a container.
 *
 * A container is started as
 *
 *	firkin-init [-g] [-s] ... -- CMD ARG...
 *
 * Always pass INIT_END_OF_OPTIONS: without it a command called "probe", or one that begins with a
 * dash, would be taken for firkin-init's own.
 */
#ifndef INIT_CONSTANTS_H
#define INIT_CONSTANTS_H

#define INIT_PROGRAM			"firkin-init"

/* Options; those of one letter are tini's */
#define INIT_OPTION_GROUP		"-g"
#define INIT_OPTION_SUBREAPER		"-s"
#define INIT_OPTION_PARENT_DEATH	"-p"
#define INIT_OPTION_EXPECT		"-e"
#define INIT_OPTION_VERBOSE		"-v"
#define INIT_OPTION_WARN_REAPED		"-w"
#define INIT_OPTION_WAIT		"--wait"
#define INIT_OPTION_WAIT_TIMEOUT	"--wait-timeout"
#define INIT_OPTION_WAIT_TRIES		"--wait-tries"
#define INIT_OPTION_RUN_IF		"--run-if"
#define INIT_OPTION_STEP		"--step"
#define INIT_OPTION_END_STEP		"--end-step"
#define INIT_OPTION_HELP		"--help"
#define INIT_OPTION_VERSION		"--version"
#define INIT_END_OF_OPTIONS		"--"

/* `firkin-init probe URL [--timeout DURATION]` */
#define INIT_PROBE			"probe"
#define INIT_PROBE_OPTION_TIMEOUT	"--timeout"

/* Exit statuses that are firkin-init's own; all others are the command's */
#define INIT_EXIT_FAILURE		1	/* usage, a wait or a probe that failed */
#define INIT_EXIT_NOT_EXECUTABLE	126
#define INIT_EXIT_NOT_FOUND		127
#define INIT_EXIT_SIGNAL_BASE		128	/* plus the number of the signal */

/* Environment that tini reads, and firkin-init as well */
#define INIT_ENV_GROUP			"TINI_KILL_PROCESS_GROUP"
#define INIT_ENV_SUBREAPER		"TINI_SUBREAPER"
#define INIT_ENV_VERBOSITY		"TINI_VERBOSITY"

#endif
