/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a compose file. What loads must print, and what was printed must load again and
 * print the same: that is what "canonical" means.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "compose/project.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int memory_file(const char *name)
{
	int fd = memfd_create(name, MFD_CLOEXEC);

	if (fd < 0)
		abort();
	return fd;
}

static void refill(int fd, const void *data, size_t size)
{
	if (ftruncate(fd, 0) < 0 || (size && pwrite(fd, data, size, 0) != (ssize_t)size))
		abort();
}

static struct compose_project *load(int fd, struct error **err)
{
	CLEANUP_STRV struct strv environment = STRV_INIT;
	struct compose_options opt = { .project_name = "fuzz",
				       .project_directory = "/nonexistent",
				       .working_directory = "/nonexistent",
				       .environment = &environment };
	struct compose_project *p = NULL;

	strv_add(&environment, "A=value");
	strv_add(&environment, "HOME=/nonexistent");
	strv_addf(&opt.files, "/proc/self/fd/%d", fd);
	strv_add(&opt.profiles, "*");
	int r = compose_load(&opt, NULL, &p, err);

	if ((r < 0) != (*err != NULL) || (r < 0) != (p == NULL))
		abort();
	strv_fini(&opt.files);
	strv_fini(&opt.profiles);
	return p;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int first = -1, second = -1;
	CLEANUP(error) struct error *err = NULL;
	CLEANUP_STRBUF struct strbuf yaml = STRBUF_INIT(0), json = STRBUF_INIT(0),
				     again = STRBUF_INIT(0), message = STRBUF_INIT(0);

	if (first < 0) {
		first = memory_file("first");
		second = memory_file("second");
	}
	refill(first, data, size);
	CLEANUP(compose_project) struct compose_project *p = load(first, &err);

	if (!p) {
		error_format(err, &message);
		return 0;
	}
	compose_to_json(p, &json);
	compose_to_yaml(p, &yaml);
	refill(second, yaml.ptr, yaml.len);
	CLEANUP(compose_project) struct compose_project *q = load(second, &err);

	if (!q) {
		error_format(err, &message);
		(void)fprintf(stderr, "%s\n%s\n", yaml.ptr, message.ptr);
		abort();
	}
	compose_to_yaml(q, &again);
	if (!str_is_equal(strbuf_str(&yaml), strbuf_str(&again))) {
		(void)fprintf(stderr, "%s\n%s\n", yaml.ptr, again.ptr);
		abort();
	}
	return 0;
}
