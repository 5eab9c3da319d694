/* SPDX-License-Identifier: Apache-2.0 */
/*
 * COPY, ADD and WORKDIR on a real overlay: each case makes a base layer, a context and a source
 * image by a script, copies in a forked child, and compares what the upper directory got.
 */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "base/fs.h"
#include "base/process.h"
#include "copy.h"

enum { SKIPPED = 77, TEXT_MAX = 16384 };

static char scratch_path[64];
static char *message; /* of the child: shared memory */

/* Unchecked fixtures: they run in the parent, so that a test that dies leaves nothing behind. */
static void setup(void)
{
	(void)snprintf(scratch_path, sizeof(scratch_path), "/tmp/firkin-copy-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(scratch_path));
	message = mmap(NULL, TEXT_MAX, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(message, MAP_FAILED);
}

static void teardown(void)
{
	CLEANUP(error) struct error *err = NULL;

	(void)fs_remove_tree_at(AT_FDCWD, scratch_path, &err);
}

static void shell(const char *script)
{
	CLEANUP(error) struct error *err = NULL;
	struct strv argv CLEANUP_STRV = STRV_INIT;

	strv_add(&argv, "/bin/sh");
	strv_add(&argv, "-ec");
	strv_addf(&argv, "umask 022; cd %s\n%s", scratch_path, script);
	ck_assert_msg(process_run(&argv, -1, &err) == 0, "%s", script);
}

/* base: the image below; c: the context; image: what COPY --from reads. */
#define SETUP                                                                                      \
	"rm -rf base upper work root image source c\n"                                             \
	"mkdir -p base/etc base/app/sub base/real upper work root image source c\n"                \
	"printf 'root:x:0:0::/root:/bin/sh\\napp:x:1001:1002::/app:/bin/sh\\n' > "                 \
	"base/etc/passwd\n"                                                                        \
	"printf 'root:x:0:\\ngrp:x:77:\\n' > base/etc/group\n"                                     \
	"echo old > base/app/file; chmod 750 base/app; chown 9:9 base/app\n"                       \
	"ln -s /real base/link; ln -s ../../../outside/x base/dangling; ln -s real/f base/flink\n" \
	"ln -s loop base/loop; ln -s /real base/app/reallink\n"

struct copy_case {
	const char *name;
	const char *script;  /* after SETUP */
	const char *sources; /* words separated by blanks */
	const char *dest, *chown;
	int chmod; /* 0: none */
	enum { CONTEXT, IMAGE, ARCHIVE } kind;
	const char *expected; /* "path mode uid:gid what" joined by '|', or part of the error after
				 '!' */
};

#define TREE                                                                                       \
	"mkdir -p c/d/s; echo a > c/d/a; echo b > c/d/s/b; chmod 700 c/d c/d/s; chown -R 5:6 "     \
	"c/d\n"

static const struct copy_case copy_cases[] = {
	{"file to name", "echo x > c/f", "f", "/new", NULL, 0, CONTEXT, "new 644 0:0 x"},
	{"file to directory by slash", "echo x > c/f", "f", "/new/", NULL, 0, CONTEXT,
	 "new/ 755 0:0|new/f 644 0:0 x"},
	{"file to existing directory", "echo x > c/f", "f", "/real", NULL, 0, CONTEXT,
	 "real/ 755 0:0|real/f 644 0:0 x"},
	{"parents are made", "echo x > c/f", "f", "/p/q/r", NULL, 0, CONTEXT,
	 "p/ 755 0:0|p/q/ 755 0:0|p/q/r 644 0:0 x"},
	{"parents get owner and mode", "echo x > c/f", "f", "/p/q", "7:8", 0711, CONTEXT,
	 "p/ 711 7:8|p/q 711 7:8 x"},
	{"existing directory keeps its own", TREE, "d", "/app", NULL, 0, CONTEXT,
	 "app/ 750 9:9|app/a 644 0:0 a|app/s/ 700 0:0|app/s/b 644 0:0 b"},
	{"made destination is 0755", TREE, "d/", "/new", NULL, 0, CONTEXT,
	 "new/ 755 0:0|new/a 644 0:0 a|new/s/ 700 0:0|new/s/b 644 0:0 b"},
	{"existing subdirectory is updated", TREE "mkdir c/d/sub; chmod 711 c/d/sub", "d", "/app",
	 NULL, 0, CONTEXT,
	 "app/ 750 9:9|app/a 644 0:0 a|app/s/ 700 0:0|app/s/b 644 0:0 b|app/sub/ 711 0:0"},
	{"chmod for all", TREE, "d", "/new", NULL, 0600, CONTEXT,
	 "new/ 600 0:0|new/a 600 0:0 a|new/s/ 600 0:0|new/s/b 600 0:0 b"},
	{"owner by name", "echo x > c/f", "f", "/f", "app", 0, CONTEXT, "f 644 1001:1002 x"},
	{"owner and group by name", "echo x > c/f", "f", "/f", "app:grp", 0, CONTEXT,
	 "f 644 1001:77 x"},
	{"number stands for both", "echo x > c/f", "f", "/f", "1001", 0, CONTEXT,
	 "f 644 1001:1001 x"},
	{"numbers need no passwd",
	 "rm base/etc/passwd; ln -s /dev/zero base/etc/passwd; echo x > c/f", "f", "/f", "12:13", 0,
	 CONTEXT, "f 644 12:13 x"},
	{"unknown user", "echo x > c/f", "f", "/f", "nobody", 0, CONTEXT, "!--chown=nobody"},
	{"several sources", "echo x > c/f; echo y > c/g", "f g", "/new/", NULL, 0, CONTEXT,
	 "new/ 755 0:0|new/f 644 0:0 x|new/g 644 0:0 y"},
	{"several sources need a slash", "echo x > c/f; echo y > c/g", "f g", "/new", NULL, 0,
	 CONTEXT, "!end it with a slash: '/new/'"},
	{"wildcard to existing directory", "echo x > c/f1; echo y > c/f2", "f*", "/real", NULL, 0,
	 CONTEXT, "real/ 755 0:0|real/f1 644 0:0 x|real/f2 644 0:0 y"},
	{"wildcard to one name", "echo x > c/f1; echo y > c/f2", "f*", "/new", NULL, 0, CONTEXT,
	 "!'f*' matches 2 paths"},
	{"wildcard that matches nothing", "true", "f*", "/new/", NULL, 0, CONTEXT, ""},
	{"wildcard of directories", "mkdir c/d1 c/d2; echo x > c/d1/x; echo y > c/d2/y", "d*", "/n",
	 NULL, 0, CONTEXT, "n/ 755 0:0|n/x 644 0:0 x|n/y 644 0:0 y"},
	{"missing source", "true", "f", "/new/", NULL, 0, CONTEXT,
	 "!'f' is not in the build context"},
	{"file onto file", "echo x > c/f", "f", "/app/file", NULL, 0, CONTEXT,
	 "app/ 750 9:9|app/file 644 0:0 x"},
	{"file onto directory inside", "echo x > c/sub", "sub", "/app/", NULL, 0, CONTEXT,
	 "!there is a directory of that name"},
	{"file below a file", "echo x > c/f", "f", "/app/file/", NULL, 0, CONTEXT,
	 "!'/app/file' is not a directory"},
	{"directory onto file", TREE, "d", "/app/file", NULL, 0, CONTEXT,
	 "!'/app/file' is not a directory"},
	{"directory onto file inside", "mkdir -p c/d/file", "d", "/app", NULL, 0, CONTEXT,
	 "!which is not a directory"},
	{"directory onto link inside", "mkdir -p c/d/reallink", "d", "/app", NULL, 0, CONTEXT,
	 "!copy into the directory that it leads to"},
	{"destination link to directory", "echo x > c/f", "f", "/link/", NULL, 0, CONTEXT,
	 "real/ 755 0:0|real/f 644 0:0 x"},
	{"destination link to file", "echo x > c/f; echo o > base/real/f", "f", "/flink", NULL, 0,
	 CONTEXT, "real/ 755 0:0|real/f 644 0:0 x"},
	{"dangling destination link stays inside", "echo x > c/f", "f", "/dangling", NULL, 0,
	 CONTEXT, "outside/ 755 0:0|outside/x 644 0:0 x"},
	{"dots of the destination stay inside", "echo x > c/f", "f", "/../../real/../q/f", NULL, 0,
	 CONTEXT, "q/ 755 0:0|q/f 644 0:0 x"},
	{"destination loop", "echo x > c/f", "f", "/loop/x", NULL, 0, CONTEXT, "!/loop/x"},
	{"top link is followed", "echo x > c/f; ln -s f c/l", "l", "/n/", NULL, 0, CONTEXT,
	 "n/ 755 0:0|n/l 644 0:0 x"},
	{"inner links stay", "mkdir c/d; ln -s /etc/passwd c/d/l; chown -h 5:6 c/d/l", "d", "/n",
	 NULL, 0, CONTEXT, "n/ 755 0:0|n/l 777 0:0 -> /etc/passwd"},
	{"links of the context lead nowhere else", "ln -s /etc/passwd c/l", "l", "/n", NULL, 0,
	 CONTEXT, "!not in the build context"},
	{"hard links stay one file", "mkdir c/d c/d/s; echo x > c/d/a; ln c/d/a c/d/s/b", "d", "/n",
	 NULL, 0, CONTEXT, "n/ 755 0:0|n/a 644 0:0 x2 x|n/s/ 755 0:0|n/s/b 644 0:0 x2 x"},
	{"set-id bits survive the owner", "echo x > c/f; chmod 6755 c/f", "f", "/f", "3:4", 0,
	 CONTEXT, "f 6755 3:4 x"},
	{"fifo and device", "mkdir c/d; mkfifo -m 640 c/d/p; mknod -m 600 c/d/z c 1 5", "d", "/n",
	 NULL, 0, CONTEXT, "n/ 755 0:0|n/p 640 0:0 fifo|n/z 600 0:0 char"},
	{"fifo alone", "mkfifo c/p", "p", "/n", NULL, 0, CONTEXT, "n 644 0:0 fifo"},
	{"whiteouts are nothing", "mkdir c/d; mknod c/d/w c 0 0; echo x > c/d/f", "d", "/n", NULL,
	 0, CONTEXT, "n/ 755 0:0|n/f 644 0:0 x"},
	{"strange names", "mkdir c/d; echo x > \"$(printf 'c/d/a\\nb')\"; echo y > 'c/d/*'", "d",
	 "/n", NULL, 0, CONTEXT, "n/ 755 0:0|n/* 644 0:0 y|n/a\nb 644 0:0 x"},
	{"ignored files stay behind",
	 TREE "printf 'd/s\\n!d/s/b\\nd/a\\n' > c/.dockerignore; echo n > c/d/s/n", "d", "/n", NULL,
	 0, CONTEXT, "n/ 755 0:0|n/s/ 700 0:0|n/s/b 644 0:0 b"},
	{"owner of an image is kept", "mkdir image/d; echo x > image/d/f; chown 5:6 image/d/f",
	 "/d", "/n", NULL, 0, IMAGE, "n/ 755 0:0|n/f 644 5:6 x"},
	{"owner of an image is replaced", "mkdir image/d; echo x > image/d/f; chown 5:6 image/d/f",
	 "/d", "/n", "1", 0, IMAGE, "n/ 755 1:1|n/f 644 1:1 x"},
	{"missing in an image", "true", "/d", "/n", NULL, 0, IMAGE, "!stage or image"},
	{"links of an image stay in it",
	 "ln -s ../../etc image/l; mkdir image/etc; echo x > image/etc/q", "/l/q", "/n", NULL, 0,
	 IMAGE, "n 644 0:0 x"},
	{"archive",
	 "mkdir -p t/d; echo x > t/d/f; chown 5:6 t/d/f; tar -C t -cf c/a.txt .; rm -r t", "a.txt",
	 "/n", NULL, 0, ARCHIVE, "n/ 755 0:0|n/d/ 755 0:0|n/d/f 644 5:6 x"},
	{"compressed archive", "mkdir t; echo x > t/f; tar -C t -czf c/a .; rm -r t", "a", "/n/",
	 NULL, 0, ARCHIVE, "n/ 755 0:0|n/f 644 0:0 x"},
	{"archive keeps the destination",
	 "mkdir t; chmod 700 t; echo x > t/f; tar -C t -cf c/a .; rm -r t", "a", "/app", NULL, 0,
	 ARCHIVE, "app/ 750 9:9|app/f 644 0:0 x"},
	{"archive with owner", "mkdir t; echo x > t/f; tar -C t -cf c/a f; rm -r t", "a", "/n", "3",
	 0, ARCHIVE, "n/ 755 3:3|n/f 644 3:3 x"},
	{"archive replaces",
	 "mkdir t t/file; ln t/x t/y 2>/dev/null || echo x > t/sub; "
	 "tar -C t -cf c/a .; rm -r t",
	 "a", "/app", NULL, 0, ARCHIVE, "app/ 750 9:9|app/file/ 755 0:0|app/sub 644 0:0 x"},
	{"archive with hard link and link",
	 "mkdir t; echo x > t/a; ln t/a t/b; ln -s /etc t/l; tar -C t -cf c/a .; rm -r t", "a",
	 "/n", NULL, 0, ARCHIVE,
	 "n/ 755 0:0|n/a 644 0:0 x2 x|n/b 644 0:0 x2 x|n/l 777 0:0 -> /etc"},
	{"archive through a link stays inside",
	 "mkdir t; ln -s ../../.. t/out; tar -C t -cf c/a out; rm t/out; mkdir t/out; echo x > "
	 "t/out/f; "
	 "tar -C t -rf c/a out/f; rm -r t",
	 "a", "/n", NULL, 0, ARCHIVE, "n/ 755 0:0|n/f 644 0:0 x|n/out 777 0:0 -> ../../.."},
	{"archive that leaves",
	 "mkdir -p t/u; echo x > t/f; (cd t/u && tar -cPf ../../c/a ../f); rm -r t", "a", "/n",
	 NULL, 0, ARCHIVE, "!leaves the destination"},
	{"plain file is no archive", "echo x > c/a.tar", "a.tar", "/n", NULL, 0, ARCHIVE,
	 "n 644 0:0 x"},
	{"gzip of no archive", "echo x | gzip > c/g", "g", "/n/", NULL, 0600, ARCHIVE,
	 "n/ 600 0:0|n/g 600 0:0 *"},
	{"COPY does not unpack", "mkdir t; echo x > t/f; tar -b1 -C t -cf c/a f; rm -r t", "a",
	 "/n", NULL, 0, CONTEXT, "n 644 0:0 *"},
};

static void describe(int dir_fd, const char *prefix, struct strbuf *out)
{
	struct strv names CLEANUP_STRV = STRV_INIT;
	DIR *d = fdopendir(openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));

	ck_assert_ptr_nonnull(d);
	for (struct dirent *e; (e = readdir(d));) {
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			strv_add(&names, e->d_name);
	}
	(void)closedir(d);
	strv_sort(&names);
	for (size_t i = 0; i < names.count; i++) {
		const char *name = names.items[i];
		CLEANUP(error) struct error *err = NULL;
		struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);
		struct stat st;
		char link[256];

		ck_assert_int_eq(fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW), 0);
		strbuf_addf(out, "%s%s%s%s %o %u:%u", out->len ? "|" : "", prefix, name,
			    S_ISDIR(st.st_mode) ? "/" : "", (unsigned)st.st_mode & 07777, st.st_uid,
			    st.st_gid);
		if (S_ISREG(st.st_mode)) {
			ck_assert_int_eq(fs_read_at(dir_fd, name, 4096, &text, &err), 0);
			strbuf_addf(out, "%s %.*s", st.st_nlink == 2 ? " x2" : "",
				    STR_ARG(str_trim(strbuf_str(&text))));
		} else if (S_ISLNK(st.st_mode)) {
			ssize_t n = readlinkat(dir_fd, name, link, sizeof(link));

			strbuf_addf(out, " -> %.*s", (int)n, link);
		} else if (!S_ISDIR(st.st_mode)) {
			strbuf_add_text(out, S_ISFIFO(st.st_mode) ? " fifo" : " char");
		} else {
			CLEANUP_FD int fd =
				openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
			CLEANUP_FREE char *below = x_asprintf("%s%s/", prefix, name);

			describe(fd, below, out);
		}
	}
}

/** struct box - Directories of one case as the builder would pass them */
struct box {
	char *upper, *work, *mountpoint, *source_mountpoint;
	struct container_root root, source_root;
};

static void box_init(struct box *b)
{
	*b = (struct box){.upper = x_asprintf("%s/upper", scratch_path),
			  .work = x_asprintf("%s/work", scratch_path),
			  .mountpoint = x_asprintf("%s/root", scratch_path),
			  .source_mountpoint = x_asprintf("%s/source", scratch_path)};
	b->root = (struct container_root){.layers_dir = scratch_path,
					  .upper = b->upper,
					  .work = b->work,
					  .mountpoint = b->mountpoint,
					  .volatile_ = true};
	b->source_root = (struct container_root){.layers_dir = scratch_path,
						 .mountpoint = b->source_mountpoint};
	strv_add(&b->root.lowers, "base");
	strv_add(&b->source_root.lowers, "image");
}

static void box_fini(struct box *b)
{
	strv_fini(&b->root.lowers);
	strv_fini(&b->source_root.lowers);
	free(b->upper);
	free(b->work);
	free(b->mountpoint);
	free(b->source_mountpoint);
}

static struct ignore *read_ignore(int context_fd)
{
	CLEANUP(error) struct error *err = NULL;
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);
	struct ignore *ignore = NULL;

	if (fs_read_at(context_fd, ".dockerignore", 4096, &text, &err) == 0)
		ck_assert_int_eq(ignore_parse(".dockerignore", strbuf_str(&text), &ignore, &err),
				 0);
	return ignore;
}

/* In the child: the error's text into the shared memory. */
static void tell(struct error *err)
{
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(TEXT_MAX - 1);

	if (err)
		error_format(err, &text);
	(void)snprintf(message, TEXT_MAX, "%s", strbuf_text(&text));
	error_free(err);
}

static int run(const struct copy_spec *spec)
{
	int status = 0;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		struct error *err = NULL;
		int r = copy_run(spec, &err);

		tell(err);
		_exit(r < 0 ? 1 : 0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void check_upper(const char *expected)
{
	CLEANUP_FREE char *path = x_asprintf("%s/upper", scratch_path);
	CLEANUP_FD int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct strbuf got CLEANUP_STRBUF = STRBUF_INIT(0);
	size_t len = strlen(expected);

	describe(fd, "", &got);
	if (len && expected[len - 1] == '*') /* whatever the content is */
		ck_assert_msg(strncmp(strbuf_text(&got), expected, len - 1) == 0, "%s",
			      strbuf_text(&got));
	else
		ck_assert_str_eq(strbuf_text(&got), expected);
}

START_TEST(copies)
{
	const struct copy_case *c = &copy_cases[_i];
	struct box b;
	str rest = str_from(c->sources), word;
	CLEANUP_FREE char *script = x_asprintf("%s%s", SETUP, c->script);
	CLEANUP_FREE char *context = x_asprintf("%s/c", scratch_path);

	shell(script);
	box_init(&b);
	CLEANUP_FD int context_fd = open(context, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP(ignore) struct ignore *ignore = read_ignore(context_fd);
	struct copy_spec spec = {.root = b.root,
				 .context_fd = c->kind == IMAGE ? -1 : context_fd,
				 .source_root = b.source_root,
				 .ignore = ignore,
				 .dest = c->dest,
				 .chown = c->chown,
				 .has_chmod = c->chmod != 0,
				 .chmod = (mode_t)c->chmod,
				 .unpack = c->kind == ARCHIVE,
				 .clamp_s = -1};

	while (str_cut(&rest, ' ', &word))
		strv_add_str(&spec.sources, word);
	int status = run(&spec);

	strv_fini(&spec.sources);
	box_fini(&b);
	if (c->expected[0] == '!') {
		ck_assert_msg(status == 1, "%s: no error", c->name);
		ck_assert_msg(strstr(message, c->expected + 1), "%s: %s", c->name, message);
		return;
	}
	ck_assert_msg(status == 0, "%s: %s", c->name, message);
	check_upper(c->expected);
}
END_TEST

START_TEST(heredocs)
{
	const struct copy_inline files[] = {{STR("a.sh"), STR("one")}, {STR("b"), STR("two")}};
	struct box b;

	shell(SETUP);
	box_init(&b);
	struct copy_spec spec = {.root = b.root,
				 .context_fd = -1,
				 .inlines = files,
				 .inline_count = 1,
				 .dest = "/x",
				 .clamp_s = -1};

	ck_assert_int_eq(run(&spec), 0);
	check_upper("x 644 0:0 one");
	spec.inline_count = 2;
	ck_assert_int_eq(run(&spec), 1);
	spec.dest = "/y/";
	spec.chown = "app";
	spec.has_chmod = true;
	spec.chmod = 0755;
	ck_assert_int_eq(run(&spec), 0);
	box_fini(&b);
	check_upper(
		"x 644 0:0 one|y/ 755 1001:1002|y/a.sh 755 1001:1002 one|y/b 755 1001:1002 two");
}
END_TEST

START_TEST(times_attributes_and_holes)
{
	struct box b;
	struct stat st;
	char value[64];
	CLEANUP_FREE char *context = x_asprintf("%s/c", scratch_path);
	CLEANUP_FREE char *file = x_asprintf("%s/c/d/f", scratch_path);
	CLEANUP_FREE char *copy = x_asprintf("%s/upper/n/f", scratch_path);
	CLEANUP_FREE char *late = x_asprintf("%s/upper/n/late", scratch_path);
	CLEANUP_FREE char *sub = x_asprintf("%s/upper/n/s", scratch_path);
	/* cap_net_bind_service+ep, version 2 */
	static const unsigned char capability[20] = {1, 0, 0, 2, 0, 4};

	shell(SETUP "mkdir -p c/d/s; truncate -s 8M c/d/f; echo x >> c/d/f; echo y > c/d/s/y\n"
		    "touch -d '2001-02-03 04:05:06.789' c/d/f c/d/s; touch -d 2030-01-01 c/d/late");
	ck_assert_int_eq(setxattr(file, "user.k", "v", 1, 0), 0);
	ck_assert_int_eq(setxattr(file, "security.capability", capability, sizeof(capability), 0),
			 0);
	box_init(&b);
	CLEANUP_FD int context_fd = open(context, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct copy_spec spec = {.root = b.root,
				 .context_fd = context_fd,
				 .dest = "/n/",
				 .chown = "5:5",
				 .clamp_s = 1700000000};

	strv_add(&spec.sources, "d");
	ck_assert_msg(run(&spec) == 0, "%s", message);
	strv_fini(&spec.sources);
	box_fini(&b);
	ck_assert_int_eq(stat(copy, &st), 0);
	ck_assert_int_eq(st.st_mtim.tv_nsec, 789000000);
	ck_assert_int_eq(st.st_size, (8 << 20) + 2);
	ck_assert_int_le(st.st_blocks, 64);
	ck_assert_int_eq(getxattr(copy, "user.k", value, sizeof(value)), 1);
	ck_assert_int_eq(getxattr(copy, "security.capability", value, sizeof(value)), 20);
	ck_assert_int_eq(stat(sub, &st), 0);
	ck_assert_int_eq(st.st_mtim.tv_nsec, 789000000);
	ck_assert_int_eq(stat(late, &st), 0);
	ck_assert_int_eq(st.st_mtim.tv_sec, 1700000000);
}
END_TEST

/* In the child: an upper directory with room for 64 KiB. */
static int run_full(struct copy_spec *spec, struct error **err)
{
	CLEANUP_FREE char *small = x_asprintf("%s/small", scratch_path);
	CLEANUP_FREE char *upper = x_asprintf("%s/upper", small);
	CLEANUP_FREE char *work = x_asprintf("%s/work", small);

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mkdir(small, 0755) < 0 || mount("tmpfs", small, "tmpfs", 0, "size=64k") < 0 ||
	    mkdir(upper, 0755) < 0 || mkdir(work, 0755) < 0)
		return error_errno(err, "prepare");
	spec->root.upper = upper;
	spec->root.work = work;
	return copy_run(spec, err);
}

START_TEST(full_disk_is_named)
{
	struct box b;
	int status = 0;
	CLEANUP_FREE char *context = x_asprintf("%s/c", scratch_path);

	shell(SETUP "mkdir c/d; head -c 200000 /dev/urandom > c/d/big");
	box_init(&b);
	CLEANUP_FD int context_fd = open(context, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct copy_spec spec = {
		.root = b.root, .context_fd = context_fd, .dest = "/n/", .clamp_s = -1};

	strv_add(&spec.sources, "d");
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		struct error *err = NULL;
		int r = run_full(&spec, &err);

		tell(err);
		_exit(-r);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	strv_fini(&spec.sources);
	box_fini(&b);
	ck_assert_msg(WEXITSTATUS(status) == ERR_NO_SPACE, "%s", message);
	ck_assert_msg(strstr(message, "copy 'd/big'"), "%s", message);
}
END_TEST

static int make_workdir(const char *path, const char *user)
{
	struct box b;
	int status = 0;

	box_init(&b);
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		struct error *err = NULL;
		int r = copy_make_workdir(&b.root, path, user, &err);

		tell(err);
		_exit(r < 0 ? 1 : 0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	box_fini(&b);
	return WEXITSTATUS(status);
}

START_TEST(workdir)
{
	shell(SETUP);
	ck_assert_msg(make_workdir("/srv/deep", "app") == 0, "%s", message);
	ck_assert_int_eq(make_workdir("/app", "app"), 0);
	ck_assert_int_eq(make_workdir("/link/w", ""), 0);
	check_upper("real/ 755 0:0|real/w/ 755 0:0|srv/ 755 1001:1002|srv/deep/ 755 1001:1002");
	ck_assert_int_eq(make_workdir("/app/file", ""), 1);
	ck_assert_msg(strstr(message, "not a directory"), "%s", message);
}
END_TEST

static void hash_source(char hex[SHA256_HEX_SIZE])
{
	struct strv sources CLEANUP_STRV = STRV_INIT;
	struct box b;
	int status = 0;

	strv_add(&sources, "/d");
	box_init(&b);
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		struct error *err = NULL;
		int r = copy_hash_source(&b.source_root, &sources, message, &err);

		if (r < 0)
			tell(err);
		_exit(r < 0 ? 1 : 0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WEXITSTATUS(status) == 0, "%s", message);
	memcpy(hex, message, SHA256_HEX_SIZE);
	box_fini(&b);
}

START_TEST(hash_of_a_source)
{
	char first[SHA256_HEX_SIZE], second[SHA256_HEX_SIZE];

	shell(SETUP "mkdir image/d; echo x > image/d/f");
	hash_source(first);
	shell("touch image/d/f; touch image/other");
	hash_source(second);
	ck_assert_str_eq(first, second);
	shell("chown 7 image/d/f");
	hash_source(second);
	ck_assert_str_ne(first, second);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("copy");
	TCase *tc = tcase_create("copy");

	if (geteuid() != 0) {
		(void)fprintf(stderr, "skipped: only root may mount\n");
		return SKIPPED;
	}
	tcase_add_unchecked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 30);
	tcase_add_loop_test(tc, copies, 0, ARRAY_SIZE(copy_cases));
	tcase_add_test(tc, heredocs);
	tcase_add_test(tc, times_attributes_and_holes);
	tcase_add_test(tc, full_disk_is_named);
	tcase_add_test(tc, workdir);
	tcase_add_test(tc, hash_of_a_source);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);

	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);

	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
