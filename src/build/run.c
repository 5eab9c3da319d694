/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RUN: from the instruction to a container on the stage's layers.
 *
 * What the engine itself puts into the root (/etc/hosts, /etc/resolv.conf, mount targets) stands in
 * directories of stubs that are the lowest layers of the overlay: the image's own files win, and
 * nothing is created in the upper directory, so nothing leaks into the layer.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/statvfs.h>

#include "base/process.h"
#include "step.h"

enum { TAIL_LINES = 20 };

/* Programs of one language each look into one of these; none of them reaches key or config. */
static const char *const ca_variables[] = { "SSL_CERT_FILE",	  "CURL_CA_BUNDLE",
					    "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE",
					    "PIP_CERT",		   "GIT_SSL_CAINFO",
					    "AWS_CA_BUNDLE" };

/* Is the command nothing but the heredoc word: "RUN <<EOF"? */
static bool is_only_heredoc(const struct instruction *in)
{
	return in->heredoc_count == 1 && in->arg_count == 1 &&
	       str_is_equal(str_trim(in->args[0]), in->heredocs[0].word);
}

/* Text for the shell: the body, or the command with its documents behind it as the shell reads them. */
static void shell_text(const struct instruction *in, struct strbuf *out)
{
	if (is_only_heredoc(in)) {
		strbuf_add_str(out, in->heredocs[0].body);
		return;
	}
	if (in->arg_count)
		strbuf_add_str(out, in->args[0]);
	for (size_t i = 0; i < in->heredoc_count; i++) {
		strbuf_addf(out, "\n%.*s", STR_ARG(in->heredocs[i].body));
		if (in->heredocs[i].body.len == 0 || out->ptr[out->len - 1] != '\n')
			strbuf_add_char(out, '\n');
		strbuf_add_str(out, in->heredocs[i].name);
	}
}

/* A body that begins with "#!" is a program of its own. */
static int add_script(struct step *step, struct strv *argv, struct error **err)
{
	const struct heredoc *h = &step->in->heredocs[0];
	CLEANUP_FREE char *file = x_asprintf("script.%u", step->number);
	CLEANUP_FREE char *target = x_asprintf("/dev/pipes/%.*s", STR_ARG(h->name));
	int r = fs_write_atomic_at(step->builder->scratch->dir_fd, file, h->body, 0755, FS_VOLATILE, err);

	step->script = x_asprintf("%s/%s", step->builder->scratch->path, file);
	strv_add(argv, target);
	return r;
}

static int set_argv(struct step *step, struct error **err)
{
	const struct instruction *in = step->in;
	struct strv *argv = &step->spec.process.argv;
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);

	if (in->json) {
		for (size_t i = 0; i < in->arg_count; i++)
			strv_add_str(argv, in->args[i]);
		return 0;
	}
	if (is_only_heredoc(in) && str_has_prefix(in->heredocs[0].body, "#!"))
		return add_script(step, argv, err);
	shell_text(in, &text);
	stage_state_shell(&step->stage->state, argv);
	strv_add(argv, strbuf_text(&text));
	return 0;
}

static int set_network(struct step *step, struct error **err)
{
	const struct instruction_flag *flag = instruction_flag(step->in, "network");
	const struct build_options *opt = step->builder->opt;
	enum build_network network = opt->network;

	if (flag && str_is(flag->value, "none"))
		network = BUILD_NETWORK_NONE;
	else if (flag && str_is(flag->value, "host"))
		network = BUILD_NETWORK_HOST;
	else if (flag && !str_is(flag->value, "default"))
		return run_unsupported(step, "this value of RUN --network", err);
	step->spec.network = network == BUILD_NETWORK_NONE   ? CONTAINER_NETWORK_NONE
			     : network == BUILD_NETWORK_HOST ? CONTAINER_NETWORK_HOST
							     : CONTAINER_NETWORK_JOIN;
	step_key_add(&step->key, "network",
		     str_from(network == BUILD_NETWORK_NONE   ? "none"
			      : network == BUILD_NETWORK_HOST ? "host"
							      : "default"));
	return 0;
}

/* Each variable is a component of its own, so that a miss names the one that changed. */
static void add_environment(struct step *step)
{
	const struct scope *scope = &step->stage->state.scope;
	struct strv sorted CLEANUP_STRV = STRV_INIT;

	strv_add_all(&sorted, &scope->variables);
	strv_sort(&sorted);
	for (size_t i = 0; i < sorted.count; i++) {
		str name, value;

		if (!str_split_once(str_from(sorted.items[i]), '=', &name, &value))
			continue;
		CLEANUP_FREE char *plain = str_dup(name);
		CLEANUP_FREE char *label = x_asprintf("%s %s", strv_has(&scope->args, plain) ? "ARG" : "ENV",
						      plain);

		step_key_add(&step->key, label, value);
	}
}

int run_prepare(struct step *step, struct error **err)
{
	struct container_process *p = &step->spec.process;
	const struct image_config *c = &step->stage->state.config;
	struct strbuf argv CLEANUP_STRBUF = STRBUF_INIT(0);
	const struct instruction_flag *security = instruction_flag(step->in, "security");
	int r;

	if (security && !str_is(security->value, "sandbox"))
		return run_unsupported(step, "RUN --security=insecure", err);
	if (instruction_flag(step->in, "device"))
		return run_unsupported(step, "RUN --device", err);
	r = set_argv(step, err);
	for (size_t i = 0; i < p->argv.count; i++)
		strbuf_add(&argv, p->argv.items[i], strlen(p->argv.items[i]) + 1);
	if (step->script)
		strbuf_add_str(&argv, step->in->heredocs[0].body);
	step_key_add(&step->key, "command", strbuf_str(&argv));
	p->cwd = c->working_dir && *c->working_dir ? c->working_dir : "/";
	p->user = c->user ? c->user : "";
	step_key_add(&step->key, "working directory", str_from(p->cwd));
	step_key_add(&step->key, "user", str_from(p->user));
	add_environment(step);
	run_add_mount_keys(step);
	for (size_t i = 0; i < step->builder->opt->add_hosts.count; i++)
		step_key_add(&step->key, "--add-host", str_from(step->builder->opt->add_hosts.items[i]));
	if (r == 0)
		r = set_network(step, err);
	if (r == 0)
		r = run_set_mounts(step, err);
	return r;
}

static void take_tail(struct step *step, str text)
{
	if (step->tail.len + text.len > BUILD_TAIL_MAX) {
		size_t keep = text.len < BUILD_TAIL_MAX / 2 ? BUILD_TAIL_MAX / 2 - text.len : 0;

		if (keep < step->tail.len) {
			memmove(step->tail.ptr, step->tail.ptr + step->tail.len - keep, keep);
			step->tail.len = keep;
		}
	}
	strbuf_add_str(&step->tail, text);
}

static bool read_output(struct step *step)
{
	char buf[16384];
	ssize_t n = read(step->output_fd, buf, sizeof(buf));

	if (n <= 0)
		return n < 0 && errno == EINTR;
	take_tail(step, str_make(buf, (size_t)n));
	builder_emit(step->builder, BUILD_STEP_OUTPUT, step, str_make(buf, (size_t)n));
	return true;
}

static void on_output(void *ctx, int fd, uint32_t events)
{
	struct step *step = ctx;

	(void)fd, (void)events;
	if (read_output(step))
		return;
	if (errno != EAGAIN) {
		loop_remove(step->output_source);
		step->output_source = NULL;
	}
}

/* The last lines of the output, as one frame of the error. */
static const char *last_lines(struct step *step)
{
	str text = str_trim_right(strbuf_str(&step->tail));
	size_t lines = 0, at = text.len;

	while (at > 0 && lines < TAIL_LINES) {
		at--;
		lines += text.ptr[at] == '\n';
	}
	if (at > 0 || lines == TAIL_LINES)
		at++;
	if (step->tail.ptr)
		step->tail.ptr[text.len] = '\0';
	return step->tail.ptr ? step->tail.ptr + at : "";
}

static int program_failed(struct step *step, int status, struct error **err)
{
	struct error_position pos = dockerfile_position(step->builder->df, step->in);
	struct strbuf argv CLEANUP_STRBUF = STRBUF_INIT(300);
	struct statvfs disk;

	for (size_t i = 0; i < step->spec.process.argv.count; i++)
		strbuf_addf(&argv, "%s%s", i ? " " : "", step->spec.process.argv.items[i]);
	(void)error_new(err, ERR_FAILED,
			"process '%s' did not complete successfully: exit code %d%s\n%s",
			strbuf_text(&argv), status, status == 137 ? " (killed)" : "", last_lines(step));
	error_set_position(err, &pos);
	error_set_status(err, status);
	if (statvfs(step->builder->opt->store->path, &disk) == 0 &&
	    disk.f_bavail * disk.f_frsize < (1 << 20))
		(void)error_hint(err, "the disk of the store '%s' is full: %llu kB free",
				 step->builder->opt->store->path,
				 (unsigned long long)(disk.f_bavail * disk.f_frsize / 1024));
	return -ERR_FAILED;
}

static void on_exit_of_program(void *ctx, int fd, uint32_t events)
{
	struct step *step = ctx;
	CLEANUP(error) struct error *err = NULL, *ignored = NULL;
	int status = process_wait(fd);

	(void)events;
	while (step->output_source && read_output(step))
		;
	(void)container_cleanup(&step->spec, &ignored); /* its cgroup; PID 1's end killed the rest */
	run_remove_secrets(step);
	if (status != 0)
		(void)program_failed(step, status, &err);
	loop_remove(step->exit_source);
	loop_remove(step->output_source);
	step->exit_source = step->output_source = NULL;
	close_fd(step->running.pidfd);
	step->running.pidfd = -1;
	step_finished(step, &err);
}

static void set_environment(struct step *step)
{
	const struct scope *scope = &step->stage->state.scope;
	struct strv *env = &step->spec.process.env;

	strv_add_all(env, &scope->variables);
	strv_add_all(env, &scope->proxies);
	if (!strv_find_variable(env, STR("PATH")))
		strv_add(env, "PATH=" STATE_DEFAULT_PATH);
	for (size_t i = 0; step->builder->opt->host_ca && i < ARRAY_SIZE(ca_variables); i++) {
		if (!strv_find_variable(env, str_from(ca_variables[i])))
			strv_addf(env, "%s=%s", ca_variables[i], HOST_CA_PATH);
	}
}

static int launch(struct step *step, int output, struct error **err)
{
	struct builder *b = step->builder;
	struct container_spec *spec = &step->spec;
	int r = 0;

	spec->hostname = "buildkitsandbox";
	spec->hosts = b->hosts;
	spec->resolv_conf = spec->network == CONTAINER_NETWORK_HOST ? b->host_resolv_conf : b->resolv_conf;
	spec->process.fds[0] = -1;
	spec->process.fds[1] = spec->process.fds[2] = output;
	spec->process.capabilities = CONTAINER_CAPABILITIES_DEFAULT;
	spec->process.die_with_parent = true;
	r = run_add_secrets(step, err);
	for (size_t i = 0; i < step->secret_env.count; i++) {
		str name, value;

		if (str_split_once(str_from(step->secret_env.items[i]), '=', &name, &value))
			strv_set_variable(&spec->process.env, name, value);
	}
	spec->mounts = step->mounts;
	spec->mount_count = step->mount_count;
	if (r == 0)
		r = run_make_mount_stubs(step, err);
	if (r == 0 && spec->network == CONTAINER_NETWORK_JOIN)
		r = build_network_prepare(b, err);
	spec->netns_fd = b->netns_fd;
	if (r == 0)
		r = step_root(step, true, &spec->root, err);
	return r < 0 ? r : container_start(spec, -1, NULL, &step->running, err);
}

int run_start(struct step *step, struct error **err)
{
	struct error_position pos = dockerfile_position(step->builder->df, step->in);
	int fds[2], r;

	step->spec.id = x_asprintf("%s-%u", step->builder->id, step->number);
	set_environment(step);
	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_errno(err, "make pipe");
	step->output_fd = fds[0];
	(void)fcntl(fds[0], F_SETFL, O_NONBLOCK); /* a fresh pipe takes it */
	r = launch(step, fds[1], err);
	close_fd(fds[1]);
	if (r < 0) {
		error_set_position(err, &pos);
		return r;
	}
	step->output_source = loop_add_fd(step->builder->loop, step->output_fd, EPOLLIN, on_output, step);
	step->exit_source =
		loop_add_fd(step->builder->loop, step->running.pidfd, EPOLLIN, on_exit_of_program, step);
	return 0;
}

void run_fini(struct step *step)
{
	CLEANUP(error) struct error *ignored = NULL;
	struct container_process *p = &step->spec.process;

	if (step->running.pidfd >= 0) { /* cancelled while it runs */
		(void)process_signal(step->running.pidfd, SIGKILL); /* it may just have ended */
		(void)process_wait(step->running.pidfd);
		(void)container_cleanup(&step->spec, &ignored); /* best effort; we are giving up */
	}
	loop_remove(step->exit_source);
	loop_remove(step->output_source);
	close_fd(step->running.pidfd);
	close_fd(step->output_fd);
	strbuf_fini(&step->tail);
	run_remove_secrets(step);
	strv_fini(&p->argv);
	strv_fini(&p->env);
	strv_fini(&step->mount_paths);
	strv_fini(&step->spec.root.lowers);
	free((void *)(uintptr_t)step->spec.id);
	free(step->mounts);
	free(step->mount_stubs_lower);
	free(step->script);
}
