/* SPDX-License-Identifier: Apache-2.0 */
/* import: any root file system; bootstrap: a Debian base image from the machine's own mirror. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>

#include "base/process.h"
#include "codec/inflate.h"
#include "command.h"

static int import_fd(struct cli *cli, int fd, const char *reference, const char *comment,
		     struct error **err)
{
	char id[SHA256_HEX_SIZE];
	struct engine *engine;
	int r = cli_engine(cli, &engine, err);

	if (r == 0)
		r = image_import(engine->store, fd_source(&fd), reference, comment, id, err);
	if (r == 0)
		(void)printf("sha256:%s\n", id);
	return r;
}

static int run_import(struct cli *cli, const struct arguments *args, struct error **err)
{
	const char *path = args->positional.items[0];
	bool is_stdin = strcmp(path, "-") == 0;
	CLEANUP_FD int fd = is_stdin ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return error_errno(err, "open '%s'", path);
	int r = import_fd(cli, fd, args->positional.items[1], args_value(args, "message"), err);

	return r < 0 ? error_context(err, "import '%s'", is_stdin ? "standard input" : path) : r;
}

static const struct option import_options[] = {
	{ 'm', "message", "TEXT", "Comment in the image's history", false },
	{ 0, NULL, NULL, NULL, false },
};

const struct command command_import = {
	.name = "import", .usage = "[OPTIONS] FILE|- REFERENCE",
	.summary = "Make an image of one layer from a root file system (tar, also compressed)",
	.options = import_options, .min_args = 2, .max_args = 2, .run = run_import,
};

/* Mirror of the machine's own apt configuration: deb822 "URIs:" or the classic "deb URI suite ...". */
static char *mirror_from(str text, bool deb822)
{
	str line;

	while (str_cut(&text, '\n', &line)) {
		line = str_trim(line);
		if (deb822 && str_has_prefix(line, "URIs:"))
			line = str_trim(str_skip(line, 5));
		else if (!deb822 && str_has_prefix(line, "deb http"))
			line = str_skip(line, 4);
		else
			continue;
		ptrdiff_t end = str_find(line, ' ');

		return str_dup(end < 0 ? line : str_head(line, (size_t)end));
	}
	return NULL;
}

static char *find_mirror(void)
{
	static const struct {
		const char *path;
		bool deb822;
	} files[] = {
		{ "/etc/apt/sources.list.d/debian.sources", true },
		{ "/etc/apt/sources.list", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);
		CLEANUP(error) struct error *ignored = NULL;

		if (fs_read_at(AT_FDCWD, files[i].path, 1 << 20, &text, &ignored) < 0)
			continue;
		char *mirror = mirror_from(strbuf_str(&text), files[i].deb822);

		if (mirror)
			return mirror;
	}
	return NULL;
}

/* mmdebstrap writes a tar on its standard output while we unpack it. */
static int bootstrap(struct cli *cli, const char *suite, const char *mirror, const char *reference,
		     struct error **err)
{
	struct strv argv CLEANUP_STRV = STRV_INIT;
	CLEANUP(error) struct error *import_error = NULL;
	int pipe_fds[2], status = 0, r;

	strv_add(&argv, "mmdebstrap");
	strv_add(&argv, "--variant=minbase");
	strv_add(&argv, "--quiet");
	strv_add(&argv, "--include=ca-certificates");
	strv_add(&argv, "--dpkgopt=path-exclude=/usr/share/man/*");
	strv_add(&argv, "--dpkgopt=path-exclude=/usr/share/doc/*");
	strv_add(&argv, "--dpkgopt=path-include=/usr/share/doc/*/copyright");
	strv_add(&argv, "--dpkgopt=path-exclude=/usr/share/locale/*");
	strv_add(&argv, suite);
	strv_add(&argv, "-");
	strv_add(&argv, mirror);
	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return error_errno(err, "make pipe");
	pid_t pid = fork();

	if (pid == 0) {
		CLEANUP(error) struct error *child_error = NULL;

		close_fd(pipe_fds[0]);
		r = process_run(&argv, pipe_fds[1], &child_error);
		if (error_code(child_error) == ERR_NOT_FOUND)
			(void)fprintf(stderr, "mmdebstrap is not installed: apt-get install mmdebstrap\n");
		_exit(r < 0 ? 1 : 0);
	}
	close_fd(pipe_fds[1]);
	if (pid < 0) {
		close_fd(pipe_fds[0]);
		return error_errno(err, "fork");
	}
	r = import_fd(cli, pipe_fds[0], reference, "firkin bootstrap", &import_error);
	close_fd(pipe_fds[0]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		CLEANUP(error) struct error *ignored = NULL;

		if (r == 0) /* half a system is no image */
			(void)image_untag(cli->engine->store, reference, &ignored);
		return error_new(err, ERR_FAILED, "mmdebstrap could not make '%s' from %s", suite, mirror);
	}
	return r < 0 ? error_move(err, &import_error) : 0;
}

static int run_bootstrap(struct cli *cli, const struct arguments *args, struct error **err)
{
	struct reference ref = { 0 };
	const char *reference = args->positional.items[0];
	int r = reference_parse(str_from(reference), &ref, err);

	if (r < 0)
		return r;
	CLEANUP_FREE char *path = x_strdup(ref.path), *suite = x_strdup(ref.tag ? ref.tag : "");

	reference_fini(&ref);
	if (strcmp(path, "library/debian") != 0 || strcmp(suite, "latest") == 0 || !*suite) {
		(void)error_new(err, ERR_USAGE, "cannot bootstrap '%s'", reference);
		return error_hint(err, "name a Debian release: firkin bootstrap debian:bookworm");
	}
	ptrdiff_t dash = str_find(str_from(suite), '-'); /* bookworm-slim is the same thing here */

	if (dash > 0)
		suite[dash] = '\0';
	CLEANUP_FREE char *found = args_has(args, "mirror") ? NULL : find_mirror();
	const char *mirror = args_has(args, "mirror") ? args_value(args, "mirror") : found;

	if (!mirror) {
		(void)error_new(err, ERR_NOT_FOUND, "no Debian mirror in this machine's apt sources");
		return error_hint(err, "give one with --mirror URL");
	}
	r = bootstrap(cli, suite, mirror, reference, err);
	return r < 0 ? error_context(err, "bootstrap %s", reference) : r;
}

static const struct option bootstrap_options[] = {
	{ 0, "mirror", "URL", "Debian mirror (default: the one of this machine's apt sources)", false },
	{ 0, NULL, NULL, NULL, false },
};

const struct command command_bootstrap = {
	.name = "bootstrap", .usage = "[OPTIONS] debian:SUITE",
	.summary = "Make a Debian base image from the machine's own mirror (needs mmdebstrap)",
	.options = bootstrap_options, .min_args = 1, .max_args = 1, .run = run_bootstrap,
};
