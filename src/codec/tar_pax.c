/* SPDX-License-Identifier: Apache-2.0 */
/* PAX records to fields (POSIX.1-2017 "pax Extended Header"; GNU sparse formats in PAX). */
#include "tar_pax.h"

void tar_fields_fini(struct tar_fields *f)
{
	free(f->path);
	free(f->link);
	free(f->sparse_path);
	free(f->chunks);
	for (size_t i = 0; i < f->xattr_count; i++) {
		free(f->xattrs[i].name);
		free(f->xattrs[i].value);
	}
	*f = (struct tar_fields){0};
}

int tar_fields_add_chunk(struct tar_fields *f, uint64_t offset, uint64_t size, struct error **err)
{
	const struct tar_chunk *last = f->chunk_count ? &f->chunks[f->chunk_count - 1] : NULL;
	uint64_t end;

	if (f->chunk_count >= TAR_SPARSE_MAX)
		return error_new(err, ERR_LIMIT, "sparse file with more than %d pieces",
				 TAR_SPARSE_MAX);
	if (__builtin_add_overflow(offset, size, &end) ||
	    (last && offset < last->offset + last->size))
		return error_new(err, ERR_PARSE, "sparse map is not in order");
	if ((f->chunk_count & (f->chunk_count - 1)) == 0)
		f->chunks = x_realloc(f->chunks, f->chunk_count ? 2 * f->chunk_count : 1,
				      sizeof(*f->chunks));
	f->chunks[f->chunk_count++] = (struct tar_chunk){offset, size};
	return 0;
}

static bool parse_time(str value, struct timespec *ret)
{
	bool negative = value.len && value.ptr[0] == '-';
	str whole = negative ? str_skip(value, 1) : value, fraction = {NULL, 0};
	uint64_t s;
	long ns = 0, scale = 100000000;

	(void)str_split_once(whole, '.', &whole, &fraction); /* no fraction is fine */
	if (!str_to_u64(whole, INT64_MAX / 2, &s))
		return false;
	for (size_t i = 0; i < fraction.len; i++, scale /= 10) {
		if (fraction.ptr[i] < '0' || fraction.ptr[i] > '9')
			return false;
		ns += scale * (fraction.ptr[i] - '0');
	}
	ret->tv_sec = negative ? -(time_t)s : (time_t)s;
	if (negative && ns) {
		ret->tv_sec -= 1;
		ns = 1000000000 - ns;
	}
	ret->tv_nsec = ns;
	return true;
}

static int add_xattr(struct tar_fields *f, str name, str value, struct error **err)
{
	struct tar_xattr *x = NULL;

	for (size_t i = 0; i < f->xattr_count && !x; i++) {
		if (str_is(name, f->xattrs[i].name))
			x = &f->xattrs[i];
	}
	if (!x) {
		if (f->xattr_count >= TAR_XATTRS_MAX)
			return error_new(err, ERR_LIMIT, "more than %d extended attributes",
					 TAR_XATTRS_MAX);
		x = &f->xattrs[f->xattr_count++];
		x->name = str_dup(name);
	}
	free(x->value);
	x->value = x_alloc(value.len + 1);
	x->size = value.len;
	if (value.len)
		memcpy(x->value, value.ptr, value.len);
	return 0;
}

/* "offset,size,offset,size..." of sparse format 0.1. */
static int parse_sparse_map(struct tar_fields *f, str value, struct error **err)
{
	str offset_text, size_text;
	uint64_t offset, size;

	while (str_cut(&value, ',', &offset_text)) {
		if (!str_cut(&value, ',', &size_text) ||
		    !str_to_u64(offset_text, INT64_MAX, &offset) ||
		    !str_to_u64(size_text, INT64_MAX, &size))
			return error_new(err, ERR_PARSE, "bad sparse map");
		int r = tar_fields_add_chunk(f, offset, size, err);

		if (r < 0)
			return r;
	}
	return 0;
}

static int set_sparse(struct tar_fields *f, str key, str value, struct error **err)
{
	uint64_t n = 0;
	bool number = str_to_u64(value, INT64_MAX, &n);

	f->sparse = true;
	if (str_is(key, "GNU.sparse.name")) {
		free(f->sparse_path);
		f->sparse_path = str_dup(value);
	} else if (str_is(key, "GNU.sparse.map")) {
		return parse_sparse_map(f, value, err);
	} else if (!number) {
		return error_new(err, ERR_PARSE, "bad number in %.*s", STR_ARG(key));
	} else if (str_is(key, "GNU.sparse.size") || str_is(key, "GNU.sparse.realsize")) {
		f->sparse_size = n;
	} else if (str_is(key, "GNU.sparse.major")) {
		f->sparse_map_in_data = n == 1;
	} else if (str_is(key, "GNU.sparse.offset")) {
		return tar_fields_add_chunk(f, n, 0, err);
	} else if (str_is(key, "GNU.sparse.numbytes") && f->chunk_count) {
		f->chunks[f->chunk_count - 1].size = n;
	}
	return 0;
}

/* An empty value takes back what an earlier record said. */
static void set_text(char **field, str value)
{
	free(*field);
	*field = value.len ? str_dup(value) : NULL;
}

/* As set_text(); false: malformed. */
static bool set_number(bool *has, uint64_t *field, str value, uint64_t max)
{
	*has = value.len > 0;
	return !*has || str_to_u64(value, max, field);
}

static int set_field(struct tar_fields *f, str key, str value, struct error **err)
{
	const char *xattr = "SCHILY.xattr.";
	bool ok = true;

	if (str_is(key, "path"))
		set_text(&f->path, value);
	else if (str_is(key, "linkpath"))
		set_text(&f->link, value);
	else if (str_is(key, "size"))
		ok = set_number(&f->has_size, &f->size, value, INT64_MAX);
	else if (str_is(key, "uid"))
		ok = set_number(&f->has_uid, &f->uid, value, UINT32_MAX - 1);
	else if (str_is(key, "gid"))
		ok = set_number(&f->has_gid, &f->gid, value, UINT32_MAX - 1);
	else if (str_is(key, "mtime"))
		ok = !(f->has_mtime = value.len > 0) || parse_time(value, &f->mtime);
	else if (str_has_prefix(key, xattr))
		return add_xattr(f, str_skip(key, strlen(xattr)), value, err);
	else if (str_has_prefix(key, "GNU.sparse."))
		return set_sparse(f, key, value, err);
	/* Guessing here is how two readers come to see different archives. */
	return ok ? 0
		  : error_new(err, ERR_PARSE, "bad value '%.*s' of '%.*s' in a PAX header",
			      STR_ARG(str_head(value, 40)), STR_ARG(key));
}

/* Names end at a NUL for the kernel, not for PAX: what stands behind it would be lost unseen. */
static bool is_name_cut(str key, str value)
{
	return str_find(key, '\0') >= 0 ||
	       (str_find(value, '\0') >= 0 &&
		(str_is(key, "path") || str_is(key, "linkpath") || str_is(key, "GNU.sparse.name")));
}

int tar_fields_parse(struct tar_fields *f, str records, struct error **err)
{
	while (records.len) {
		ptrdiff_t space = str_find(records, ' ');
		uint64_t len;
		str key, value;

		if (space <= 0 ||
		    !str_to_u64(str_head(records, (size_t)space), records.len, &len) ||
		    len < (size_t)space + 2 || records.ptr[len - 1] != '\n' ||
		    !str_split_once(str_make(records.ptr + space + 1, len - (size_t)space - 2), '=',
				    &key, &value) ||
		    is_name_cut(key, value))
			return error_new(err, ERR_PARSE, "malformed PAX record");
		int r = set_field(f, key, value, err);

		if (r < 0)
			return r;
		records = str_skip(records, len);
	}
	return 0;
}
