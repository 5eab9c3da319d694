/* SPDX-License-Identifier: Apache-2.0 */
/* The stage of the tests with real containers. */
#include "stage.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>

#include "codec/inflate.h"
#include "codec/tar.h"
#include "container/cgroup.h"
#include "network/network.h"

enum { PROGRAM_MAX = 16 << 20, LOOK_AGAIN_MS = 5, LIMIT_S = 10 };

static struct engine *engine;
static char directory[64];
static char manifest[SHA256_HEX_SIZE];
static bool has_init;
static struct strbuf init_program;

static const char *const applets[] = { "sh",	   "sleep", "echo",    "cat",  "test",	"touch",
				       "kill",	   "wget",  "httpd",   "true", "false", "ls",
				       "nslookup", "mkdir", "id",      "stat", "yes",	"head",
				       "trap",	   "seq",   "hostname" };

struct engine *stage_engine(void)
{
	return engine;
}

static int add_to_text(void *ctx, const void *data, size_t len, struct error **err)
{
	(void)err;
	strbuf_add(ctx, data, len);
	return 0;
}

static ssize_t read_text(void *ctx, void *buf, size_t len, struct error **err)
{
	str *rest = ctx;
	size_t n = len < rest->len ? len : rest->len;

	(void)err;
	memcpy(buf, rest->ptr, n);
	*rest = str_skip(*rest, n);
	return (ssize_t)n;
}

static void add_entry(struct tar_writer *w, enum tar_type type, const char *path, const char *link,
		      mode_t mode, str content)
{
	CLEANUP(error) struct error *err = NULL;
	CLEANUP_FREE char *name = x_strdup(path), *target = link ? x_strdup(link) : NULL;
	struct tar_entry entry = {
		.type = type, .path = name, .link = target, .mode = mode, .size = content.len
	};

	if (tar_write_entry(w, &entry, &err) < 0 ||
	    (content.len && tar_write(w, content.ptr, content.len, &err) < 0))
		abort();
}

static void make_image_tar(str program, struct strbuf *out)
{
	CLEANUP(error) struct error *err = NULL;
	struct byte_sink sink = { add_to_text, out };
	CLEANUP(tar_writer) struct tar_writer *w = tar_writer_new(sink);
	static const char *const dirs[] = { "bin", "etc", "proc", "sys", "dev" };

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		add_entry(w, TAR_DIR, dirs[i], NULL, 0755, (str){ NULL, 0 });
	add_entry(w, TAR_DIR, "tmp", NULL, 01777, (str){ NULL, 0 });
	add_entry(w, TAR_FILE, "bin/busybox", NULL, 0755, program);
	for (size_t i = 0; i < ARRAY_SIZE(applets); i++) {
		CLEANUP_FREE char *path = x_asprintf("bin/%s", applets[i]);

		add_entry(w, TAR_SYMLINK, path, "busybox", 0777, (str){ NULL, 0 });
	}
	add_entry(w, TAR_FILE, "etc/passwd", NULL, 0644, STR("root:x:0:0:root:/:/bin/sh\n"));
	add_entry(w, TAR_FILE, "bin/data", NULL, 0644, STR("not a program\n"));
	if (tar_finish(w, &err) < 0)
		abort();
}

static bool import_image(struct error **err)
{
	struct strbuf program CLEANUP_STRBUF = STRBUF_INIT(0), tar CLEANUP_STRBUF = STRBUF_INIT(0);
	CLEANUP(image) struct image *img = NULL;
	char config[SHA256_HEX_SIZE];

	if (fs_read_at(AT_FDCWD, "/bin/busybox", PROGRAM_MAX, &program, err) < 0)
		return false;
	make_image_tar(strbuf_str(&program), &tar);
	str rest = strbuf_str(&tar);

	if (image_import(engine->store, (struct byte_source){ read_text, &rest }, "busybox", "test",
			 config, err) < 0 ||
	    image_find(engine->store, "busybox", &img, err) < 0)
		return false;
	memcpy(manifest, img->manifest_digest, sizeof(manifest));
	return true;
}

static bool raise_loopback(void)
{
	CLEANUP_FD int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq r = { .ifr_name = "lo", .ifr_flags = IFF_UP };

	return fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &r) == 0;
}

struct engine *stage_set_up(void)
{
	CLEANUP(error) struct error *err = NULL;
	const char *init = getenv("FIRKIN_INIT");

	/* The host's network is never touched. */
	if (geteuid() != 0 || unshare(CLONE_NEWNET) < 0 || !raise_loopback())
		return NULL;
	(void)snprintf(directory, sizeof(directory), "/tmp/stack-stage-XXXXXX");
	if (!mkdtemp(directory))
		return NULL;
	CLEANUP_FREE char *store = x_asprintf("%s/store", directory);
	CLEANUP_FREE char *run = x_asprintf("%s/run", directory);

	if (engine_open(store, run, &engine, &err) < 0 || !import_image(&err))
		abort();
	init_program = STRBUF_INIT(0);
	has_init = init && fs_read_at(AT_FDCWD, init, PROGRAM_MAX, &init_program, &err) == 0;
	engine->init_binary = init_program.ptr;
	engine->init_size = init_program.len;
	return engine;
}

void stage_tear_down(struct engine *e)
{
	CLEANUP(error) struct error *err = NULL;
	struct container_info **list = NULL;
	size_t count = 0;

	(void)stack_list(e, NULL, &list, &count, &err);
	for (size_t i = 0; i < count; i++) {
		CLEANUP(error) struct error *ignored = NULL, *also_ignored = NULL;
		struct stack_down_options opt = { .volumes = true, .timeout_ns = 0 };

		(void)stack_remove(e, list[i], true, true, &ignored);
		(void)stack_down(e, list[i]->project, &opt, &also_ignored);
	}
	stack_list_free(list, count);
	engine_close(e);
	strbuf_fini(&init_program);
	(void)fs_remove_tree_at(AT_FDCWD, directory, &err);
}

static char *copy(const char *text)
{
	return text ? x_strdup(text) : NULL;
}

struct stack_service stage_service(const char *project, const char *name, const char *script)
{
	struct stack_service s = { .service = project ? x_strdup(name) : NULL,
				   .container_name = project ? x_asprintf("%s-%s-1", project, name)
							     : copy(name),
				   .image = x_strdup("busybox"),
				   .image_manifest = x_strdup(manifest),
				   .config_hash = x_strdup("first"),
				   .stop_timeout_ns = INT64_C(10000000000),
				   .init = has_init,
				   .capabilities = CONTAINER_CAPABILITIES_DEFAULT,
				   .log_max_bytes = 10000000,
				   .log_max_files = 3 };

	strv_add(&s.entrypoint, "sh");
	strv_add(&s.entrypoint, "-c");
	strv_add(&s.command, script);
	strv_add(&s.env, "PATH=/bin");
	return s;
}

void stage_check(struct stack_service *s, const char *script, int64_t interval_ms, unsigned retries)
{
	strv_add(&s->health.test, "CMD-SHELL");
	strv_add(&s->health.test, script);
	s->health.interval_ns = interval_ms * 1000000;
	s->health.timeout_ns = INT64_C(3000000000);
	s->health.start_interval_ns = INT64_C(5000000000);
	s->health.retries = retries;
}

void stage_depend(struct stack_service *s, const char *on, enum stack_condition condition)
{
	s->dependencies =
		x_realloc(s->dependencies, s->dependency_count + 1, sizeof(*s->dependencies));
	s->dependencies[s->dependency_count++] =
		(struct stack_dependency){ x_strdup(on), condition, true };
}

void stage_attach(struct stack_service *s, const char *network)
{
	s->attachments =
		x_realloc(s->attachments, s->attachment_count + 1, sizeof(*s->attachments));
	s->attachments[s->attachment_count++] =
		(struct stack_attachment){ .network = x_strdup(network) };
}

void stage_publish(struct stack_service *s, unsigned host_port, unsigned container_port)
{
	s->ports = x_realloc(s->ports, s->port_count + 1, sizeof(*s->ports));
	s->ports[s->port_count++] =
		(struct stack_port){ .host_port = host_port, .container_port = container_port };
}

struct stack_model *stage_model(const char *project, const struct stack_service *services,
				size_t count)
{
	struct stack_model *m = x_alloc(sizeof(*m));

	m->project = x_strdup(project);
	m->networks = x_alloc(sizeof(*m->networks));
	m->network_count = 1;
	m->networks[0].name = x_asprintf("%s_default", project);
	m->services = x_alloc(count * sizeof(*m->services));
	m->service_count = count;
	for (size_t i = 0; i < count; i++) {
		m->services[i] = services[i];
		stage_attach(&m->services[i], m->networks[0].name);
	}
	return m;
}

struct container_info *stage_find(const char *name)
{
	CLEANUP(error) struct error *err = NULL;
	struct container_info *c = NULL;

	if (stack_find(engine, name, &c, &err) < 0)
		ck_abort_msg("%s", error_frame(err, 0));
	return c;
}

void stage_await(bool (*is_so)(const struct container_info *c, void *ctx), void *ctx,
		 const char *name)
{
	usec_t limit = clock_monotonic() + LIMIT_S * USEC_PER_SEC;

	for (;;) {
		CLEANUP(container_info) struct container_info *c = stage_find(name);

		if (is_so(c, ctx))
			return;
		if (clock_monotonic() > limit)
			ck_abort_msg("container '%s' is %s, %s, exit status %d, after %d s", name,
				     container_status_name(c->state.status),
				     health_status_name(c->state.health), c->state.exit_code,
				     LIMIT_S);
		(void)poll(NULL, 0, LOOK_AGAIN_MS);
	}
}

static bool has_status(const struct container_info *c, void *ctx)
{
	return c->state.status == *(enum container_status *)ctx;
}

static bool has_health(const struct container_info *c, void *ctx)
{
	return c->state.health == *(enum health_status *)ctx;
}

void stage_await_status(const char *name, enum container_status status)
{
	stage_await(has_status, &status, name);
}

void stage_await_health(const char *name, enum health_status health)
{
	stage_await(has_health, &health, name);
}

static void add_line(void *ctx, const struct container_info *c, struct timespec at, bool is_stderr,
		     str text)
{
	(void)c;
	(void)at;
	if (is_stderr)
		strbuf_add_text(ctx, "E:");
	strbuf_add_str(ctx, text);
}

char *stage_logs(const char *name)
{
	CLEANUP(container_info) struct container_info *c = stage_find(name);
	CLEANUP(error) struct error *err = NULL;
	struct stack_log_options opt = { .tail = -1 };
	struct strbuf out = STRBUF_INIT(0);

	ck_assert_int_eq(stack_logs(engine, &c, 1, &opt, add_line, &out, &err), 0);
	return strbuf_steal(&out);
}

/* A supervisor that was told to end removes its directory with its last breath. */
static unsigned count_entries(int dir_fd)
{
	CLEANUP(error) struct error *err = NULL;
	int fd = fs_open_dir_at(dir_fd, ".", &err);
	DIR *d = fdopendir(fd);
	unsigned count = 0;

	ck_assert_ptr_nonnull(d);
	for (struct dirent *e; (e = readdir(d));)
		count += e->d_name[0] != '.';
	(void)closedir(d);
	return count;
}

static void await_empty(int dir_fd, const char *what)
{
	usec_t limit = clock_monotonic() + LIMIT_S * USEC_PER_SEC;

	while (count_entries(dir_fd)) {
		if (clock_monotonic() > limit)
			ck_abort_msg("%s are left", what);
		(void)poll(NULL, 0, LOOK_AGAIN_MS);
	}
}

static unsigned count_interfaces(void)
{
	struct if_nameindex *list = if_nameindex();
	unsigned count = 0;

	for (const struct if_nameindex *i = list; i && i->if_index; i++)
		count++;
	if_freenameindex(list);
	return count;
}

static void check_mounts(void)
{
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);
	CLEANUP(error) struct error *err = NULL;
	CLEANUP_FD int fd = open("/proc/self/mounts", O_RDONLY | O_CLOEXEC);

	ck_assert_int_eq(fs_read_fd(fd, 16 << 20, &text, &err), 0);
	ck_assert_ptr_null(strstr(strbuf_text(&text), directory));
}

void stage_is_clean(void)
{
	usec_t limit = clock_monotonic() + LIMIT_S * USEC_PER_SEC;

	await_empty(engine->store->containers_fd, "containers");
	await_empty(engine->projects_fd, "projects");
	await_empty(engine->networks_fd, "networks");
	while (count_interfaces() > 1 && clock_monotonic() < limit)
		(void)poll(NULL, 0, LOOK_AGAIN_MS);
	ck_assert_uint_eq(count_interfaces(), 1);
	check_mounts();
}

void stage_down(const char *project)
{
	CLEANUP(error) struct error *err = NULL;
	struct container_info **list = NULL;
	size_t count = 0;
	struct stack_down_options opt = { .volumes = true, .timeout_ns = -1 };

	ck_assert_int_eq(stack_list(engine, project, &list, &count, &err), 0);
	if (stack_down(engine, project, &opt, &err) < 0)
		ck_abort_msg("down: %s", error_frame(err, 0));
	for (size_t i = 0; i < count; i++) {
		CLEANUP_FREE char *group =
			x_asprintf("/sys/fs/cgroup/unified/firkin/%s", list[i]->id);
		CLEANUP_FREE char *pure = x_asprintf("/sys/fs/cgroup/firkin/%s", list[i]->id);

		ck_assert(access(group, F_OK) < 0 && access(pure, F_OK) < 0);
	}
	stack_list_free(list, count);
	stage_is_clean();
}

char *stage_said(const struct error *err)
{
	struct strbuf out = STRBUF_INIT(0);

	error_format(err, &out);
	return strbuf_steal(&out);
}
