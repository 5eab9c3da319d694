/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Users and groups, from the files of a hostile root.
 *
 * Digits are an id and are never looked up as a name (CVE-2016-3697); ids beyond 2^31-1 are refused
 * rather than wrapped (CVE-2024-40635); lines that are not well formed do not exist. The files must
 * be regular, are opened without blocking and read up to a fixed size (CVE-2024-9676,
 * CVE-2026-47262). Nothing here allocates: it runs in a bare clone.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "launch.h"

#define ID_MAX UINT64_C(0x7fffffff)

enum { ID_FILE_MAX = 1024 * 1024 };

/** struct id_file - A file's content in memory of its own; empty when there is no such file */
struct id_file {
	const char *path;
	char *data;
	size_t size, mapped;
};

static void id_file_close(struct id_file *file)
{
	if (file->mapped)
		(void)munmap(file->data, file->mapped);
}

#define CLEANUP_ID_FILE __attribute__((cleanup(id_file_close)))

/* Looked at before it is opened: opening a FIFO blocks, opening a device may do anything. */
static int open_regular(int root_fd, const char *path, struct stat *ret_stat)
{
	CLEANUP_FD int found = fs_open_in_root(root_fd, path, O_PATH, 0);

	if (found < 0)
		return found;
	if (fstat(found, ret_stat) < 0)
		return -errno;
	if (!S_ISREG(ret_stat->st_mode))
		return -EINVAL;
	int fd = fs_open_in_root(root_fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);

	if (fd >= 0 && (fstat(fd, ret_stat) < 0 || !S_ISREG(ret_stat->st_mode))) {
		close_fd(fd);
		return -EINVAL;
	}
	return fd;
}

static int read_content(struct id_file *file, int fd, struct launch_failure *f)
{
	size_t room = file->mapped - 1; /* one more than the limit would show a file that grew */

	while (file->size < room) {
		ssize_t n = read(fd, file->data + file->size, room - file->size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return launch_fail(f, 0, "read '%s' of the container", file->path);
		if (n == 0)
			return 0;
		file->size += (size_t)n;
	}
	return 0;
}

static int id_file_open(struct id_file *file, int root_fd, const char *path,
			struct launch_failure *f)
{
	struct stat st;

	*file = (struct id_file){.path = path};
	CLEANUP_FD int fd = open_regular(root_fd, path, &st);

	if (fd == -ENOENT || fd == -ENOTDIR)
		return 0;
	if (fd == -EINVAL)
		return launch_fail(f, ERR_PARSE, "'%s' of the container is not a regular file",
				   path);
	if (fd < 0) {
		errno = -fd;
		return launch_fail(f, 0, "open '%s' of the container", path);
	}
	if (st.st_size > ID_FILE_MAX)
		return launch_fail(f, ERR_LIMIT,
				   "'%s' of the container is larger than the limit of %d bytes",
				   path, ID_FILE_MAX);
	void *data = mmap(NULL, (size_t)st.st_size + 2, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (data == MAP_FAILED)
		return launch_fail(f, 0, "read '%s' of the container", path);
	file->data = data;
	file->mapped = (size_t)st.st_size + 2;
	return read_content(file, fd, f);
}

static bool is_number(str text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return false;
	}
	return text.len > 0;
}

static int parse_id(str text, uint32_t *ret_id, struct launch_failure *f)
{
	uint64_t value;

	if (!str_to_u64(text, ID_MAX, &value))
		return launch_fail(f, ERR_PARSE, "id %.*s is out of range (0 to 2147483647)",
				   (int)(text.len > 40 ? 40 : text.len), text.ptr);
	*ret_id = (uint32_t)value;
	return 0;
}

/** struct entry - A line of either file */
struct entry {
	str name;
	uint32_t id;
	uint32_t gid; /* passwd */
	str home;     /* passwd */
	str members;  /* group */
};

static bool parse_entry(str line, bool is_passwd, struct entry *ret)
{
	str fields[7] = {0};
	size_t count = 0;
	uint64_t id, gid = 0;

	while (count < ARRAY_SIZE(fields) && str_cut(&line, ':', &fields[count]))
		count++;
	if (count < 3 || fields[0].len == 0 || !str_to_u64(fields[2], ID_MAX, &id))
		return false;
	if (is_passwd && !str_to_u64(fields[3], ID_MAX, &gid))
		return false;
	*ret = (struct entry){
		.name = fields[0],
		.id = (uint32_t)id,
		.gid = (uint32_t)gid,
		.home = fields[5],
		.members = fields[3],
	};
	return true;
}

/* First line with that name or, when @name is empty, with that id. */
static bool find(const struct id_file *file, bool is_passwd, str name, uint32_t id,
		 struct entry *ret)
{
	str rest = str_make(file->data, file->size), line;

	while (str_cut(&rest, '\n', &line)) {
		if (parse_entry(line, is_passwd, ret) &&
		    (name.len ? str_is_equal(ret->name, name) : ret->id == id))
			return true;
	}
	return false;
}

static int find_group(const struct id_file *file, str text, uint32_t *ret_gid,
		      struct launch_failure *f)
{
	struct entry e;

	if (is_number(text))
		return parse_id(text, ret_gid, f);
	if (!find(file, false, text, 0, &e))
		return launch_fail(f, ERR_NOT_FOUND, "group '%.*s' is not in '%s' of the container",
				   STR_ARG(str_head(text, 100)), file->path);
	*ret_gid = e.id;
	return 0;
}

static int add_group(struct container_user *u, gid_t gid, struct launch_failure *f)
{
	for (size_t i = 0; i < u->group_count; i++) {
		if (u->groups[i] == gid)
			return 0;
	}
	if (u->group_count == ARRAY_SIZE(u->groups))
		return launch_fail(f, ERR_LIMIT, "user '%s' is in more than %zu groups", u->name,
				   ARRAY_SIZE(u->groups));
	u->groups[u->group_count++] = gid;
	return 0;
}

static bool lists(str members, const char *name)
{
	str member;

	while (str_cut(&members, ',', &member)) {
		if (str_is(member, name))
			return true;
	}
	return false;
}

static int add_memberships(const struct id_file *file, struct container_user *u,
			   struct launch_failure *f)
{
	str rest = str_make(file->data, file->size), line;
	struct entry e;

	while (u->name[0] && str_cut(&rest, '\n', &line)) {
		if (parse_entry(line, false, &e) && lists(e.members, u->name) &&
		    add_group(u, e.id, f) < 0)
			return -1;
	}
	return 0;
}

static int look_up_user(int root_fd, str text, struct container_user *u, struct launch_failure *f)
{
	CLEANUP_ID_FILE struct id_file file = {0};
	str name = is_number(text) ? STR("") : text;
	struct entry e = {.home = STR("/")};

	if (is_number(text) && parse_id(text, &e.id, f) < 0)
		return -1;
	if (id_file_open(&file, root_fd, "/etc/passwd", f) < 0)
		return -1;
	u->uid = e.id;
	memcpy(u->home, "/", 2);
	if (!find(&file, true, name, u->uid, &e)) {
		if (name.len == 0)
			return 0; /* an id needs no entry */
		return launch_fail(f, ERR_NOT_FOUND,
				   "user '%.*s' is not in '/etc/passwd' of the container",
				   STR_ARG(str_head(text, 100)));
	}
	u->uid = e.id;
	u->gid = e.gid;
	if (e.home.len >= sizeof(u->home) || e.name.len >= sizeof(u->name))
		return launch_fail(f, ERR_LIMIT,
				   "name or home directory of user '%.*s' is too long",
				   STR_ARG(str_head(text, 100)));
	memcpy(u->name, e.name.ptr, e.name.len);
	if (e.home.len) {
		memcpy(u->home, e.home.ptr, e.home.len);
		u->home[e.home.len] = '\0';
	}
	return 0;
}

int user_resolve(int root_fd, const char *text, const struct strv *extra_groups,
		 struct container_user *ret_user, struct launch_failure *f)
{
	CLEANUP_ID_FILE struct id_file groups = {0};
	struct container_user u = {.uid = 0};
	str user = str_from(text ? text : ""), group = STR("");
	uint32_t gid;

	(void)str_split_once(user, ':', &user, &group);
	if (str_find(group, ':') >= 0)
		return launch_fail(f, ERR_PARSE, "user '%.100s' has more than one ':'", text);
	if (look_up_user(root_fd, user.len ? user : STR("0"), &u, f) < 0 ||
	    id_file_open(&groups, root_fd, "/etc/group", f) < 0)
		return -1;
	if (group.len) {
		if (find_group(&groups, group, &gid, f) < 0)
			return -1;
		u.gid = gid;
	}
	/* With the primary group, or a file could be closed to it alone (CVE-2022-36109). */
	if (add_group(&u, u.gid, f) < 0 || (group.len == 0 && add_memberships(&groups, &u, f) < 0))
		return -1;
	for (size_t i = 0; extra_groups && i < extra_groups->count; i++) {
		if (find_group(&groups, str_from(extra_groups->items[i]), &gid, f) < 0 ||
		    add_group(&u, gid, f) < 0)
			return -1;
	}
	*ret_user = u;
	return 0;
}

int container_resolve_user(int root_fd, const char *text, const struct strv *extra_groups,
			   struct container_user *ret_user, struct error **err)
{
	struct launch_failure failure = {.code = 0};

	if (user_resolve(root_fd, text, extra_groups, ret_user, &failure) < 0)
		return launch_report(&failure, err);
	return 0;
}
