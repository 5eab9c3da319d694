/* SPDX-License-Identifier: Apache-2.0 */
/* Reading what a group has used. */
#include <fcntl.h>
#include <sys/param.h>

#include "cgroup_tree.h"
#include "container/cgroup.h"

/* v1 shows "no limit" as the largest page-aligned number. */
#define NO_LIMIT (UINT64_C(1) << 62)

static bool read_number(int fd, const char *file, uint64_t *ret_value)
{
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);

	return fd >= 0 && cgroup_read(fd, file, &text) == 0 &&
	       str_to_u64(str_trim(strbuf_str(&text)), UINT64_MAX, ret_value);
}

/* The number behind @key in a file of "key number" lines */
static bool read_key(int fd, const char *file, const char *key, uint64_t *ret_value)
{
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);

	if (fd < 0 || cgroup_read(fd, file, &text) < 0)
		return false;
	str rest = strbuf_str(&text), line, name, number;

	while (str_cut(&rest, '\n', &line)) {
		if (str_split_once(line, ' ', &name, &number) && str_is(name, key))
			return str_to_u64(number, UINT64_MAX, ret_value);
	}
	return false;
}

/* Files of one kind of hierarchy */
struct memory_files {
	const char *current, *peak, *limit, *reclaimable_key, *oom_file;
};

static const struct memory_files memory_v1 = {
	"memory.usage_in_bytes", "memory.max_usage_in_bytes", "memory.limit_in_bytes",
	"total_inactive_file",	 "memory.oom_control",
};
static const struct memory_files memory_v2 = {
	"memory.current", "memory.peak", "memory.max", "inactive_file", "memory.events",
};

static void read_memory(int fd, const struct memory_files *files, struct cgroup_stats *stats)
{
	uint64_t reclaimable = 0, limit = 0;

	if (!read_number(fd, files->current, &stats->memory_bytes))
		return;
	stats->has_memory = true;
	(void)read_number(fd, files->peak, &stats->memory_peak_bytes); /* v2: since 5.19 */
	if (read_number(fd, files->limit, &limit) && limit < NO_LIMIT)
		stats->memory_limit_bytes = limit;
	(void)read_key(fd, files->oom_file, "oom_kill", &stats->oom_kills);
	/* Page cache that the kernel drops at once when memory is needed is not usage. */
	if (read_key(fd, "memory.stat", files->reclaimable_key, &reclaimable))
		stats->memory_bytes -= MIN(reclaimable, stats->memory_bytes);
}

/* Sum over all devices of io.stat: "8:0 rbytes=1 wbytes=2 rios=3 ..." */
static void read_io(int fd, struct cgroup_stats *stats)
{
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);

	if (fd < 0 || cgroup_read(fd, "io.stat", &text) < 0)
		return;
	str rest = strbuf_str(&text), line, word, name, number;
	uint64_t value;

	stats->has_io = true;
	while (str_cut(&rest, '\n', &line)) {
		while (str_cut(&line, ' ', &word)) {
			if (!str_split_once(word, '=', &name, &number) ||
			    !str_to_u64(number, UINT64_MAX, &value))
				continue;
			if (str_is(name, "rbytes"))
				stats->io_read_bytes += value;
			else if (str_is(name, "wbytes"))
				stats->io_write_bytes += value;
		}
	}
}

static bool read_cpu(int unified_fd, const char *id, uint64_t *ret_usec)
{
	uint64_t nsec;

	/* Kept for every group, with or without the cpu controller. */
	if (read_key(unified_fd, "cpu.stat", "usage_usec", ret_usec))
		return true;
	CLEANUP_FD int v1 = cgroup_open_group(CGROUP_CPUACCT, id);

	if (!read_number(v1, "cpuacct.usage", &nsec))
		return false;
	*ret_usec = nsec / 1000;
	return true;
}

static bool count_lines(int fd, const char *file, uint64_t *ret_count)
{
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);

	if (fd < 0 || cgroup_read(fd, file, &text) < 0)
		return false;
	*ret_count = 0;
	for (size_t i = 0; i < text.len; i++)
		*ret_count += text.ptr[i] == '\n';
	return true;
}

static bool read_pids(int unified_fd, const char *id, uint64_t *ret_count)
{
	if (read_number(unified_fd, "pids.current", ret_count))
		return true;
	CLEANUP_FD int v1 = cgroup_open_group(CGROUP_PIDS, id);

	/* Without a controller that counts: as many as are listed. */
	return read_number(v1, "pids.current", ret_count) ||
	       count_lines(unified_fd, "cgroup.threads", ret_count);
}

int cgroup_read_stats(const char *id, struct cgroup_stats *ret_stats, struct error **err)
{
	struct cgroup_stats stats = { 0 };
	CLEANUP_FD int fd = cgroup_open_group(CGROUP_UNIFIED, id);
	CLEANUP_FD int v1_memory = cgroup_open_group(CGROUP_MEMORY, id);

	read_memory(fd, &memory_v2, &stats);
	if (!stats.has_memory)
		read_memory(v1_memory, &memory_v1, &stats);
	read_io(fd, &stats);
	stats.has_cpu = read_cpu(fd, id, &stats.cpu_usec);
	stats.has_pids = read_pids(fd, id, &stats.pids);
	if (!stats.has_cpu && !stats.has_pids && !stats.has_memory)
		return error_new(err, ERR_NOT_FOUND, "container %s has no cgroup to read from", id);
	*ret_stats = stats;
	return 0;
}
