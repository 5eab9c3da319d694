/* SPDX-License-Identifier: Apache-2.0 */
/* run: one container from an image and Docker's flags. */
#include <fcntl.h>
#include <stdio.h>

#include "command.h"
#include "run_flags.h"

enum { ENV_FILE_MAX = 1 << 20 };

static const struct option run_options[] = {
	{ 'd', "detach", NULL, "Run in the background and print the container's id", false },
	{ 'i', "interactive", NULL, "Keep standard input attached", false },
	{ 't', "tty", NULL, "Give it a terminal", false },
	{ 0, "rm", NULL, "Remove the container when it ends", false },
	{ 0, "name", "NAME", "Name of the container", false },
	{ 'e', "env", "KEY[=VALUE]", "Set a variable; without a value: pass ours on", true },
	{ 0, "env-file", "FILE", "Read variables from a file", true },
	{ 'v', "volume", "[SRC:]DST[:ro]", "Mount a host path or a named volume", true },
	{ 0, "tmpfs", "PATH[:OPTIONS]", "Mount a temporary file system", true },
	{ 'p', "publish", "[IP:][HOST:]PORT", "Publish a port on the host", true },
	{ 'u', "user", "USER[:GROUP]", "Run as this user", false },
	{ 'w', "workdir", "DIR", "Working directory", false },
	{ 0, "entrypoint", "PROGRAM", "Instead of the image's entrypoint; \"\" for none", false },
	{ 0, "network", "none|host|NAME", "Network (default: bridge)", false },
	{ 'h', "hostname", "NAME", "Host name inside", false },
	{ 'l', "label", "KEY=VALUE", "Set a label", true },
	{ 0, "add-host", "NAME:IP", "One more line in /etc/hosts", true },
	{ 0, "restart", "POLICY", "no, always, unless-stopped, on-failure[:N]", false },
	{ 0, "stop-signal", "SIGNAL", "Signal to stop it with", false },
	{ 0, "stop-timeout", "SECONDS", "Grace period before it is killed", false },
	{ 'm', "memory", "BYTES", "Memory limit, e.g. 512m", false },
	{ 0, "cpus", "N", "CPU limit, e.g. 1.5", false },
	{ 0, "pids-limit", "N", "Limit of processes, -1 for none", false },
	{ 0, "shm-size", "BYTES", "Size of /dev/shm", false },
	{ 0, "read-only", NULL, "Mount the root file system read-only", false },
	{ 0, "cap-add", "CAP", "Add a capability, ALL for every", true },
	{ 0, "cap-drop", "CAP", "Drop a capability, ALL for every", true },
	{ 0, "security-opt", "OPTION", "no-new-privileges, seccomp=unconfined", true },
	{ 0, "privileged", NULL, "All capabilities and devices, no filter", false },
	{ 0, "group-add", "GROUP", "Additional group", true },
	{ 0, "init", NULL, "Run firkin-init as PID 1 (the default); --init=false for none", false },
	{ 0, "health-cmd", "COMMAND", "Health check", false },
	{ 0, "health-interval", "DURATION", "Time between checks", false },
	{ 0, "health-timeout", "DURATION", "Time one check may take", false },
	{ 0, "health-start-period", "DURATION", "Time in which failures do not count", false },
	{ 0, "health-retries", "N", "Failures in a row that make it unhealthy", false },
	{ 0, "no-healthcheck", NULL, "Ignore the image's health check", false },
	{ 0, NULL, NULL, NULL, false },
};

static void replace(char **field, const char *value)
{
	if (value) {
		free(*field);
		*field = x_strdup(value);
	}
}

static void set_env(struct stack_service *s, str item)
{
	str name = item, value = { NULL, 0 };

	if (str_split_once(item, '=', &name, &value)) {
		strv_set_variable(&s->env, name, value);
		return;
	}
	CLEANUP_FREE char *key = str_dup(name);
	const char *ours = getenv(key);

	if (ours)
		strv_set_variable(&s->env, name, str_from(ours));
}

static int read_env_file(struct stack_service *s, const char *path, struct error **err)
{
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);
	int r = fs_read_at(AT_FDCWD, path, ENV_FILE_MAX, &text, err);
	str rest = strbuf_str(&text), line;

	while (r == 0 && str_cut(&rest, '\n', &line)) {
		line = str_trim_left(line);
		if (line.len && line.ptr[line.len - 1] == '\r')
			line.len--;
		if (line.len && line.ptr[0] != '#')
			set_env(s, line);
	}
	return r;
}

static int apply_each(const struct arguments *args, const char *option, struct stack_service *s,
		      int (*apply)(const char *, struct stack_service *, struct error **),
		      struct error **err)
{
	const struct strv *v = args_values(args, option);

	for (size_t i = 0; i < v->count; i++) {
		int r = apply(v->items[i], s, err);

		if (r < 0)
			return r;
	}
	return 0;
}

static int set_capability(const char *name, bool add, struct stack_service *s, struct error **err)
{
	int cap = container_capability(str_from(name));
	uint64_t bits = str_is_nocase(str_from(name), "ALL") ? UINT64_MAX >> (63 - 40)
			: cap >= 0			     ? UINT64_C(1) << cap
							     : 0;

	if (!bits)
		return error_new(err, ERR_USAGE, "unknown capability '%s'", name);
	s->capabilities = add ? s->capabilities | bits : s->capabilities & ~bits;
	return 0;
}

static int add_capability(const char *name, struct stack_service *s, struct error **err)
{
	return set_capability(name, true, s, err);
}

static int drop_capability(const char *name, struct stack_service *s, struct error **err)
{
	return set_capability(name, false, s, err);
}

static int set_security_option(const char *text, struct stack_service *s, struct error **err)
{
	if (strcmp(text, "no-new-privileges") == 0 || strcmp(text, "no-new-privileges:true") == 0 ||
	    strcmp(text, "no-new-privileges=true") == 0)
		s->no_new_privileges = true;
	else if (strcmp(text, "seccomp=unconfined") == 0 || strcmp(text, "seccomp:unconfined") == 0)
		s->seccomp_unconfined = true;
	else
		return error_new(err, ERR_UNSUPPORTED, "--security-opt '%s' is not supported by this version",
				 text);
	return 0;
}

static int set_restart(const char *text, struct stack_service *s, struct error **err)
{
	str name = str_from(text), count = { NULL, 0 };
	uint64_t max = 0;

	(void)str_split_once(name, ':', &name, &count); /* the count is optional */
	if (str_is(name, "no") && !count.ptr)
		s->restart = STACK_RESTART_NO;
	else if (str_is(name, "always") && !count.ptr)
		s->restart = STACK_RESTART_ALWAYS;
	else if (str_is(name, "unless-stopped") && !count.ptr)
		s->restart = STACK_RESTART_UNLESS_STOPPED;
	else if (str_is(name, "on-failure") && (!count.ptr || str_to_u64(count, UINT32_MAX, &max)))
		s->restart = STACK_RESTART_ON_FAILURE;
	else
		return error_new(err, ERR_USAGE,
				 "restart policy '%s' is not no, always, unless-stopped, on-failure[:N]", text);
	s->restart_max = (unsigned)max;
	return 0;
}

static int take_duration(const struct arguments *args, const char *option, int64_t *ret,
			 struct error **err)
{
	const char *text = args_value(args, option);

	if (text && !duration_parse(str_from(text), ret))
		return error_new(err, ERR_USAGE, "--%s '%s' is not a duration like 30s or 1m30s", option,
				 text);
	return 0;
}

static int take_number(const struct arguments *args, const char *option, uint64_t max, uint64_t *ret,
		       struct error **err)
{
	const char *text = args_value(args, option);

	if (text && !str_to_u64(str_from(text), max, ret))
		return error_new(err, ERR_USAGE, "--%s '%s' is not a number", option, text);
	return 0;
}

static int take_bytes(const struct arguments *args, const char *option, uint64_t *ret,
		      struct error **err)
{
	const char *text = args_value(args, option);

	if (text && !run_flag_bytes(str_from(text), ret))
		return error_new(err, ERR_USAGE, "--%s '%s' is not a size like 512m", option, text);
	return 0;
}

static int set_limits(const struct arguments *args, struct stack_service *s, struct error **err)
{
	const char *cpus = args_value(args, "cpus"), *pids = args_value(args, "pids-limit");
	uint64_t number = 0;
	int r = take_bytes(args, "memory", &s->limits.memory_max_bytes, err);

	if (r == 0)
		r = take_bytes(args, "shm-size", &s->shm_size_bytes, err);
	if (r == 0 && cpus) {
		char *end = NULL;
		double value = strtod(cpus, &end);

		if (!end || *end || !(value > 0) || value > 1024)
			return error_new(err, ERR_USAGE, "--cpus '%s' is not a number like 1.5", cpus);
		s->limits.cpu_quota_us_per_100ms = (uint64_t)(value * 100000 + 0.5);
	}
	if (r == 0 && pids && strcmp(pids, "-1") == 0)
		s->limits.pids_max = -1;
	else if (r == 0 && pids) {
		r = take_number(args, "pids-limit", 1 << 22, &number, err);
		s->limits.pids_max = (int64_t)number;
	}
	return r;
}

static int set_health(const struct arguments *args, struct stack_service *s, struct error **err)
{
	uint64_t retries = s->health.retries;
	int r = take_duration(args, "health-interval", &s->health.interval_ns, err);

	if (r == 0)
		r = take_duration(args, "health-timeout", &s->health.timeout_ns, err);
	if (r == 0)
		r = take_duration(args, "health-start-period", &s->health.start_period_ns, err);
	if (r == 0)
		r = take_number(args, "health-retries", 1000, &retries, err);
	s->health.retries = (unsigned)retries;
	if (args_has(args, "health-cmd")) {
		strv_fini(&s->health.test);
		strv_add(&s->health.test, "CMD-SHELL");
		strv_add(&s->health.test, args_value(args, "health-cmd"));
	}
	if (args_switch(args, "no-healthcheck"))
		strv_fini(&s->health.test);
	return r;
}

static void set_network(const struct arguments *args, struct stack_service *s)
{
	const char *network = args_value(args, "network");

	if (network && (strcmp(network, "none") == 0 || strcmp(network, "host") == 0)) {
		replace(&s->network_mode, network);
		return;
	}
	s->attachments = x_alloc(sizeof(*s->attachments));
	s->attachment_count = 1;
	s->attachments[0].network = x_strdup(network && strcmp(network, "default") != 0 ? network
										       : "bridge");
}

static void set_program(const struct arguments *args, struct stack_service *s)
{
	const char *entrypoint = args_value(args, "entrypoint");

	if (entrypoint) {
		strv_fini(&s->entrypoint);
		strv_fini(&s->command); /* the image's command belongs to its own entrypoint */
		if (*entrypoint)
			strv_add(&s->entrypoint, entrypoint);
	}
	if (args->positional.count > 1) {
		strv_fini(&s->command);
		for (size_t i = 1; i < args->positional.count; i++)
			strv_add(&s->command, args->positional.items[i]);
	}
}

static int set_simple(const struct arguments *args, struct stack_service *s, struct error **err)
{
	uint64_t seconds = (uint64_t)(s->stop_timeout_ns / 1000000000);
	const struct strv *env = args_values(args, "env");
	int r = 0;

	replace(&s->container_name, args_value(args, "name"));
	replace(&s->user, args_value(args, "user"));
	replace(&s->working_dir, args_value(args, "workdir"));
	replace(&s->hostname, args_value(args, "hostname"));
	replace(&s->stop_signal, args_value(args, "stop-signal"));
	for (size_t i = 0; i < env->count; i++)
		set_env(s, str_from(env->items[i]));
	strv_add_all(&s->labels, args_values(args, "label"));
	strv_add_all(&s->extra_hosts, args_values(args, "add-host"));
	strv_add_all(&s->groups, args_values(args, "group-add"));
	s->tty = args_switch(args, "tty");
	s->open_stdin = args_switch(args, "interactive");
	s->read_only = args_switch(args, "read-only");
	s->auto_remove = args_switch(args, "rm");
	s->privileged = args_switch(args, "privileged");
	if (args_has(args, "init"))
		s->init = args_switch(args, "init");
	if (r == 0 && args_has(args, "restart"))
		r = set_restart(args_value(args, "restart"), s, err);
	if (r == 0)
		r = take_number(args, "stop-timeout", 1 << 20, &seconds, err);
	s->stop_timeout_ns = (int64_t)seconds * 1000000000;
	return r;
}

static int set_lists(const struct arguments *args, struct stack_service *s, struct error **err)
{
	static const struct {
		const char *option;
		int (*apply)(const char *, struct stack_service *, struct error **);
	} rows[] = {
		{ "volume", run_flag_volume },	    { "tmpfs", run_flag_tmpfs },
		{ "publish", run_flag_port },	    { "cap-drop", drop_capability },
		{ "cap-add", add_capability },	    { "security-opt", set_security_option },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int r = apply_each(args, rows[i].option, s, rows[i].apply, err);

		if (r < 0)
			return r;
	}
	return 0;
}

static int fill_service(const struct arguments *args, struct stack_service *s, struct error **err)
{
	const struct strv *env_files = args_values(args, "env-file");
	int r = 0;

	for (size_t i = 0; r == 0 && i < env_files->count; i++)
		r = read_env_file(s, env_files->items[i], err);
	if (r == 0)
		r = set_simple(args, s, err);
	if (r == 0)
		r = set_lists(args, s, err);
	if (r == 0)
		r = set_limits(args, s, err);
	if (r == 0)
		r = set_health(args, s, err);
	set_network(args, s);
	set_program(args, s);
	if (r == 0 && s->entrypoint.count + s->command.count == 0) {
		(void)error_new(err, ERR_USAGE, "image '%s' has neither entrypoint nor command", s->image);
		return error_hint(err, "name a program: firkin run %s PROGRAM", s->image);
	}
	return r;
}

static int run_run(struct cli *cli, const struct arguments *args, struct error **err)
{
	const char *image_name = args->positional.items[0];
	struct stack_run_options opt = { .detach = args_switch(args, "detach"),
					 .stdin_attached = args_switch(args, "interactive") };
	CLEANUP(image) struct image *img = NULL;
	struct stack_service service = { 0 };
	struct engine *engine;
	char id[65];
	int status = 0, r = cli_engine(cli, &engine, err);

	if (r == 0)
		r = image_find(engine->store, image_name, &img, err);
	if (r < 0)
		return r;
	stack_service_from_image(img, image_name, &service);
	r = fill_service(args, &service, err);
	if (r == 0)
		r = stack_run(engine, &service, &opt, id, &status, err);
	stack_service_fini(&service);
	if (r < 0)
		return r;
	if (opt.detach)
		(void)printf("%s\n", id);
	return opt.detach ? 0 : status;
}

const struct command command_run = {
	.name = "run", .usage = "[OPTIONS] IMAGE [PROGRAM] [ARGUMENT...]",
	.summary = "Run a program in a new container", .options = run_options, .min_args = 1,
	.max_args = -1, .stop_at_positional = true, .failure_status = 125, .run = run_run,
};
