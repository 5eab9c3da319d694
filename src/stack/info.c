/* SPDX-License-Identifier: Apache-2.0 */
/* Making, reading, finding, removing containers in the store. */
#include "info.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>

#include "base/process.h"
#include "codec/json.h"
#include "project.h"
#include "state.h"

enum { ID_PREFIX_MIN = 2, NEAR_NAMES = 3, NEAR_DISTANCE = 3, EXIT_UNKNOWN = 137 };

static bool is_name(const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < len; i++) {
		if (!isalnum((unsigned char)name[i]) && (i == 0 || !strchr("_.-", name[i])))
			return false;
	}
	return len > 0 && len <= CONTAINER_NAME_MAX;
}

static bool is_id(const char *text)
{
	return sha256_is_hex(str_from(text));
}

/* The id that a name leads to; false: no such name. */
static bool read_name(const struct engine *e, const char *name, char ret_id[65])
{
	CLEANUP_FREE char *path = x_asprintf(".names/%s", name);
	ssize_t n = readlinkat(e->store->containers_fd, path, ret_id, 64);

	ret_id[n == 64 ? 64 : 0] = '\0';
	return n == 64 && is_id(ret_id);
}

static void drop_name(const struct engine *e, const char *name)
{
	CLEANUP_FREE char *path = x_asprintf(".names/%s", name);

	(void)unlinkat(e->store->containers_fd, path, 0); /* gone already is as good */
}

static int claim_name(const struct engine *e, const char *name, const char *id, struct error **err)
{
	CLEANUP_FREE char *path = x_asprintf(".names/%s", name);
	int fd = e->store->containers_fd;
	char owner[65];

	if (!is_name(name))
		return error_new(
			err, ERR_USAGE,
			"'%.130s' is not a name for a container (letters, digits, '_', '.', '-')",
			name);
	for (int attempt = 0; symlinkat(id, fd, path) < 0; attempt++) {
		if (errno == ENOENT && attempt == 0 && mkdirat(fd, ".names", 0700) == 0)
			continue;
		if (errno != EEXIST)
			return error_errno(err, "name the container '%s'", name);
		if (attempt == 0 && (!read_name(e, name, owner) ||
				     faccessat(fd, owner, F_OK, AT_SYMLINK_NOFOLLOW) < 0)) {
			drop_name(e, name); /* of a container that is not there any more */
			continue;
		}
		(void)error_new(err, ERR_EXISTS, "the name '%s' is in use by container %.12s", name,
				owner);
		return error_hint(err, "remove it with 'rm %s', or choose another name", name);
	}
	return 0;
}

static void choose_volumes(struct stack_service *s)
{
	for (size_t i = 0; i < s->mount_count; i++) {
		struct stack_mount *m = &s->mounts[i];

		if (m->kind != STACK_MOUNT_VOLUME || m->source)
			continue;
		m->source = x_alloc(65);
		m->anonymous = true;
		fs_random_id(m->source);
	}
}

static int write_description(const struct container_info *c, const struct strv *layers, int dir_fd,
			     struct error **err)
{
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);
	CLEANUP_JSON json_t *j = json_object();
	char created[36];

	/* id and project come first: is_of_project() looks at the text. */
	clock_format_rfc3339(c->state.created, created);
	json_set_text(j, "id", c->id);
	json_set_text(j, "project", c->project);
	json_set_text(j, "created", created);
	json_set_text(j, "image", c->service.image_manifest);
	json_set_strv(j, "layers", layers);
	(void)json_object_set_new(j, "description",
				  stack_service_to_json(&c->service)); /* OOM only */
	json_write(j, &text);
	return fs_write_atomic_at(dir_fd, "container.json", strbuf_str(&text), 0600, FS_VOLATILE,
				  err);
}

static int make_directory(const struct engine *e, struct container_info *c,
			  const struct strv *layers, struct error **err)
{
	if (mkdirat(e->store->containers_fd, c->id, 0700) < 0)
		return error_errno(err, "make the directory of container %.12s", c->id);
	CLEANUP_FD int fd = info_open(e, c->id, err);
	int r = fd < 0 ? fd : write_description(c, layers, fd, err);

	return r < 0 ? r : STEAL_FD(&fd);
}

int info_create(const struct engine *e, struct container_info *c, const struct strv *layers,
		struct error **err)
{
	/* Until the directory is there, a second claimer would take the name for a left-over. */
	CLEANUP_FD int lock = fs_lock_at(e->store->locks_fd, "names", FS_LOCK_EXCLUSIVE, true, err);
	int r = lock < 0 ? lock : claim_name(e, c->service.container_name, c->id, err);

	if (r < 0)
		return r;
	choose_volumes(&c->service);
	c->state.created = clock_wall();
	r = make_directory(e, c, layers, err);
	if (r < 0) {
		CLEANUP(error) struct error *ignored = NULL; /* the first error is the news */

		(void)info_remove(e, c, false, &ignored);
	}
	return r;
}

int info_open(const struct engine *e, const char *id, struct error **err)
{
	return fs_open_dir_at(e->store->containers_fd, id, err);
}

/* A process that has ended and that nobody has waited for yet is none. */
static bool is_alive(const struct container_running *p)
{
	CLEANUP_FD int fd = p->pid ? process_open(p->pid, p->start_time) : -1;
	struct pollfd ended = { .fd = fd, .events = POLLIN };

	return fd >= 0 && poll(&ended, 1, 0) == 0;
}

void info_check_process(struct container_info *c)
{
	struct container_state *s = &c->state;

	if (!state_is_active(s))
		return;
	s->is_abandoned = true;
	s->is_orphan = s->status != CONTAINER_RESTARTING && is_alive(&s->process);
	if (s->is_orphan)
		return;
	if (s->status != CONTAINER_RESTARTING)
		s->exit_code = EXIT_UNKNOWN;
	s->status = CONTAINER_EXITED;
	s->health = HEALTH_NONE;
	if (!s->finished.tv_sec)
		s->finished = s->started;
	if (!s->error)
		s->error =
			x_strdup("it ended without its supervisor; the exit status is not known");
}

/* The text that write_description() begins with. */
static bool is_of_project(str text, const char *id, const char *project)
{
	CLEANUP_FREE char *head = x_asprintf("{\"id\":\"%s\",\"project\":\"%s\",", id, project);

	return str_has_prefix(text, head);
}

static int parse_info(const json_t *j, struct container_info *c, struct error **err)
{
	const char *project = json_get_text(j, "project");
	int r = stack_service_from_json(json_object_get(j, "description"), &c->service, err);

	if (r < 0)
		return r;
	if (!project || !c->service.container_name)
		return error_new(err, ERR_PARSE, "project or name is missing");
	c->project = x_strdup(project);
	return 0;
}

int info_load(const struct engine *e, const char *id, const char *project,
	      struct container_info **ret, struct error **err)
{
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);
	CLEANUP(container_info) struct container_info *c = x_alloc(sizeof(*c));
	CLEANUP_JSON json_t *j = NULL;
	CLEANUP_FD int fd = info_open(e, id, err);
	int r = fd < 0 ? fd : fs_read_at(fd, "container.json", CONTAINER_FILE_MAX, &text, err);

	*ret = NULL;
	if (r == 0 && project && !is_of_project(strbuf_str(&text), id, project))
		return 0;
	if (r == 0)
		r = json_read(strbuf_str(&text), "container.json", &j, err);
	if (r == 0)
		r = parse_info(j, c, err);
	if (r == 0)
		r = state_load(fd, &c->state, err);
	if (r < 0)
		return error_context(err, "container %.12s", id);
	memcpy(c->id, id, sizeof(c->id));
	(void)clock_parse_rfc3339(str_from(json_get_text(j, "created")), &c->state.created);
	/* What a living supervisor has written is true; one that is gone writes nothing any more.
	 */
	if (state_is_active(&c->state) && !project_is_supervised(e, c->project))
		info_check_process(c);
	*ret = STEAL_PTR(&c);
	return 0;
}

int info_load_layers(int dir_fd, struct strv *ret_layers, struct error **err)
{
	CLEANUP_JSON json_t *j = NULL;
	int r = json_read_file_at(dir_fd, "container.json", CONTAINER_FILE_MAX, &j, err);

	if (r == 0)
		json_get_strv(j, "layers", ret_layers);
	return r;
}

int info_remove(const struct engine *e, const struct container_info *c, bool volumes,
		struct error **err)
{
	char owner[65];
	int r = fs_remove_tree_at(e->store->containers_fd, c->id, err);

	if (r == 0 && read_name(e, c->service.container_name, owner) && strcmp(owner, c->id) == 0)
		drop_name(e, c->service.container_name);
	for (size_t i = 0; r == 0 && volumes && i < c->service.mount_count; i++) {
		const struct stack_mount *m = &c->service.mounts[i];

		if (m->kind == STACK_MOUNT_VOLUME && m->anonymous && m->source)
			r = stack_volume_remove(e, m->source, err);
	}
	return r < 0 ? error_context(err, "remove container '%s'", c->service.container_name) : 0;
}

void container_info_free(struct container_info *c)
{
	if (!c)
		return;
	free(c->project);
	stack_service_fini(&c->service);
	state_fini(&c->state);
	free(c);
}

void stack_list_free(struct container_info **list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		container_info_free(list[i]);
	free(list);
}

static int compare_age(const void *a, const void *b)
{
	const struct timespec x = (*(struct container_info *const *)a)->state.created;
	const struct timespec y = (*(struct container_info *const *)b)->state.created;

	if (x.tv_sec != y.tv_sec)
		return x.tv_sec < y.tv_sec ? 1 : -1;
	return x.tv_nsec < y.tv_nsec ? 1 : x.tv_nsec > y.tv_nsec ? -1 : 0;
}

/* Ids of all containers. */
static int read_ids(const struct engine *e, struct strv *out, struct error **err)
{
	int fd = fs_open_dir_at(e->store->containers_fd, ".", err);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (!d) {
		close_fd(fd);
		return fd < 0 ? fd : error_errno(err, "read the list of containers");
	}
	for (struct dirent *entry; (entry = readdir(d));) {
		if (is_id(entry->d_name))
			strv_add(out, entry->d_name);
	}
	(void)closedir(d);
	return 0;
}

int stack_list(const struct engine *e, const char *project, struct container_info ***ret_list,
	       size_t *ret_count, struct error **err)
{
	struct strv ids CLEANUP_STRV = STRV_INIT;
	int r = read_ids(e, &ids, err);

	if (r < 0)
		return r;
	struct container_info **list = x_alloc((ids.count + 1) * sizeof(struct container_info *));
	size_t count = 0;

	for (size_t i = 0; i < ids.count; i++) {
		/* Being made or removed at this moment, or damaged: not in the list. */
		CLEANUP(error) struct error *ignored = NULL;

		if (info_load(e, ids.items[i], project, &list[count], &ignored) == 0 && list[count])
			count++;
	}
	qsort(list, count, sizeof(struct container_info *), compare_age);
	*ret_list = list;
	*ret_count = count;
	return 0;
}

static int not_found(const struct engine *e, const char *text, struct error **err)
{
	CLEANUP(error) struct error *ignored = NULL; /* without a list there is no hint */
	struct strbuf near CLEANUP_STRBUF = STRBUF_INIT(0);
	struct container_info **list = NULL;
	size_t count = 0, found = 0;

	(void)stack_list(e, NULL, &list, &count, &ignored);
	for (size_t i = 0; i < count && found < NEAR_NAMES; i++) {
		const char *name = list[i]->service.container_name;

		if (strlen(name) <= 64 && strlen(text) <= 64 &&
		    str_distance(str_from(name), str_from(text)) <= NEAR_DISTANCE)
			strbuf_addf(&near, "%s%s", found++ ? ", " : "", name);
	}
	stack_list_free(list, count);
	(void)error_new(err, ERR_NOT_FOUND, "no container '%s'", text);
	return near.len ? error_hint(err, "did you mean %s?", strbuf_text(&near)) : -ERR_NOT_FOUND;
}

/* 1: *ret_id is the only one; 0: none; -ERR_USAGE: several. */
static int find_prefix(const struct engine *e, const char *text, char ret_id[65],
		       struct error **err)
{
	struct strv ids CLEANUP_STRV = STRV_INIT;
	size_t found = 0;
	int r = strlen(text) < ID_PREFIX_MIN ? 0 : read_ids(e, &ids, err);

	for (size_t i = 0; r == 0 && i < ids.count; i++) {
		if (!str_has_prefix(str_from(ids.items[i]), text))
			continue;
		memcpy(ret_id, ids.items[i], 65);
		found++;
	}
	if (r < 0)
		return r;
	if (found > 1)
		return error_new(err, ERR_USAGE, "'%s' means %zu containers; give more digits",
				 text, found);
	return (int)found;
}

int stack_find(const struct engine *e, const char *text, struct container_info **ret,
	       struct error **err)
{
	char id[65];
	int r = is_name(text) && read_name(e, text, id) ? 1 : find_prefix(e, text, id, err);

	if (r < 0)
		return r;
	if (r == 1 && info_load(e, id, NULL, ret, err) == 0)
		return 0;
	if (r == 1 && error_code(*err) != ERR_NOT_FOUND)
		return -(int)error_code(*err);
	return not_found(e, text, err);
}
