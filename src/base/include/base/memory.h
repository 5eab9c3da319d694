/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Allocation that never fails, scope-bound cleanup, explicit ownership transfer.
 *
 * Memory exhaustion aborts: an engine that cannot allocate a few kilobytes cannot clean up either.
 * Whatever an outsider can make large is bounded before it is allocated (ERR_LIMIT).
 */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

/* The result is never NULL and is freed with free(); only gcc knows the second half. */
#ifdef __clang__
#define OWNED_BY_CALLER __attribute__((malloc, returns_nonnull))
#else
#define OWNED_BY_CALLER __attribute__((malloc, malloc(free, 1), returns_nonnull))
#endif

/** x_alloc() - Zeroed memory of @size bytes (at least 1); aborts when there is none */
void *x_alloc(size_t size) OWNED_BY_CALLER;

/** x_realloc() - Resize to @count * @size bytes; aborts on overflow or exhaustion */
void *x_realloc(void *p, size_t count, size_t size) __attribute__((returns_nonnull));

/** x_strdup() - Copy of a C string; caller frees */
char *x_strdup(const char *s) OWNED_BY_CALLER;

/** x_strndup() - Copy of at most @len bytes, NUL-terminated; caller frees */
char *x_strndup(const char *s, size_t len) OWNED_BY_CALLER;

/** x_asprintf() - Formatted string; caller frees */
char *x_asprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2))) OWNED_BY_CALLER;

/** close_fd() - close() keeping errno; negative descriptors are ignored */
void close_fd(int fd);

static inline void cleanup_free_p(void *p)
{
	free(*(void **)p);
}

static inline void cleanup_close_p(const int *fd)
{
	close_fd(*fd);
}

static inline int steal_fd_p(int *fd)
{
	int stolen = *fd;

	*fd = -1;
	return stolen;
}

/* A heap string or buffer, freed at the end of the scope. */
#define CLEANUP_FREE __attribute__((cleanup(cleanup_free_p)))

/* A file descriptor, closed at the end of the scope when it is not negative. */
#define CLEANUP_FD __attribute__((cleanup(cleanup_close_p)))

/* An owned `struct name *`; DEFINE_CLEANUP(name, name_free) stands beside the type's header. */
#define CLEANUP(name) __attribute__((cleanup(cleanup_##name##_p)))

#define DEFINE_CLEANUP(name, free_fn)                                                              \
	static inline void cleanup_##name##_p(struct name **p)                                     \
	{                                                                                          \
		free_fn(*p);                                                                       \
	}                                                                                          \
	struct name

/* Take the value out of an owning variable, leaving NULL or -1 behind. */
#define STEAL_PTR(p)                                                                               \
	({                                                                                         \
		__typeof__(*(p)) stolen_ = *(p);                                                   \
		*(p) = NULL;                                                                       \
		stolen_;                                                                           \
	})
#define STEAL_FD(fd) steal_fd_p(fd)

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
