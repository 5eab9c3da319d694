/* SPDX-License-Identifier: Apache-2.0 */
/*
 * References in Docker's grammar:
 *
 *   reference = [domain "/"] path [":" tag] ["@" digest]
 *   domain    = (label *("." label) | "[" ipv6 "]") [":" port]
 *   path      = component *("/" component)
 *   component = alnum *(("." | "_" | "__" | 1*"-") alnum)     in lower case
 *   tag       = word *127(word | "." | "-")
 *
 * The first component is a domain only when it holds "." or ":" or an upper-case letter, or is
 * "localhost"; otherwise the domain is docker.io.
 */
#include "image/image.h"

#include <ctype.h>

#define DEFAULT_DOMAIN "docker.io"
#define DEFAULT_TAG "latest"

enum { NAME_MAX_LENGTH = 255, TAG_MAX_LENGTH = 128 };

static bool is_lower_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_alnum(char c)
{
	return is_lower_alnum(c) || (c >= 'A' && c <= 'Z');
}

static bool component_is_valid(str c)
{
	size_t i = 0;

	if (!c.len || !is_lower_alnum(c.ptr[0]) || !is_lower_alnum(c.ptr[c.len - 1]))
		return false;
	while (i < c.len) {
		size_t start = i;

		while (i < c.len && is_lower_alnum(c.ptr[i]))
			i++;
		if (i == start)
			return false;
		/* One separator: ".", "_", "__" or any number of "-". */
		if (i < c.len && c.ptr[i] == '.')
			i++;
		else if (i < c.len && c.ptr[i] == '_')
			i += i + 1 < c.len && c.ptr[i + 1] == '_' ? 2 : 1;
		else
			while (i < c.len && c.ptr[i] == '-')
				i++;
	}
	return true;
}

static bool path_is_valid(str path)
{
	str rest = path, component;
	bool valid = path.len > 0;

	while (valid && str_cut(&rest, '/', &component))
		valid = component_is_valid(component);
	return valid;
}

static bool label_is_valid(str label)
{
	if (!label.len || label.ptr[0] == '-' || label.ptr[label.len - 1] == '-')
		return false;
	for (size_t i = 0; i < label.len; i++) {
		if (!is_alnum(label.ptr[i]) && label.ptr[i] != '-')
			return false;
	}
	return true;
}

static bool ipv6_is_valid(str address)
{
	for (size_t i = 0; i < address.len; i++) {
		if (!isxdigit((unsigned char)address.ptr[i]) && address.ptr[i] != ':')
			return false;
	}
	return address.len > 0;
}

static bool domain_is_valid(str domain)
{
	str host = domain, port, label;
	ptrdiff_t close = domain.len && domain.ptr[0] == '[' ? str_find(domain, ']') : -1;
	ptrdiff_t colon = str_find(str_skip(domain, (size_t)(close + 1)), ':');
	uint64_t number;

	if (colon >= 0) {
		port = str_skip(domain, (size_t)(close + 1 + colon) + 1);
		host = str_head(domain, (size_t)(close + 1 + colon));
		if (!str_to_u64(port, 65535, &number))
			return false;
	}
	if (close >= 0)
		return host.len == (size_t)close + 1 &&
		       ipv6_is_valid(str_skip(str_head(host, (size_t)close), 1));
	bool valid = host.len > 0;

	while (valid && str_cut(&host, '.', &label))
		valid = label_is_valid(label);
	return valid;
}

static bool tag_is_valid(str tag)
{
	if (!tag.len || tag.len > TAG_MAX_LENGTH || tag.ptr[0] == '.' || tag.ptr[0] == '-')
		return false;
	for (size_t i = 0; i < tag.len; i++) {
		char c = tag.ptr[i];

		if (!is_alnum(c) && c != '_' && c != '.' && c != '-')
			return false;
	}
	return true;
}

static bool is_domain(str first)
{
	if (str_is(first, "localhost"))
		return true;
	for (size_t i = 0; i < first.len; i++) {
		if (first.ptr[i] == '.' || first.ptr[i] == ':' ||
		    (first.ptr[i] >= 'A' && first.ptr[i] <= 'Z'))
			return true;
	}
	return false;
}

/* "name" in front of tag and digest, as domain and path; views into @name or literals. */
static bool split_domain(str name, str *ret_domain, str *ret_path)
{
	str first, rest;

	*ret_domain = STR(DEFAULT_DOMAIN);
	*ret_path = name;
	if (str_split_once(name, '/', &first, &rest) && is_domain(first)) {
		*ret_domain = str_is(first, "index.docker.io") ? STR(DEFAULT_DOMAIN) : first;
		*ret_path = rest;
	}
	return str_is(*ret_domain, DEFAULT_DOMAIN) && str_find(*ret_path, '/') < 0;
}

static int explain_path(str path, str text, struct error **err)
{
	for (size_t i = 0; i < path.len; i++) {
		if (path.ptr[i] >= 'A' && path.ptr[i] <= 'Z')
			return error_new(err, ERR_PARSE,
					 "invalid reference '%.*s': repository name "
					 "must be lowercase",
					 STR_ARG(text));
	}
	return error_new(err, ERR_PARSE,
			 "invalid reference '%.*s': '%.*s' is not a repository name", STR_ARG(text),
			 STR_ARG(path));
}

/* Cut tag and digest off the end of @name. */
static int cut_suffixes(str text, str *name, str *ret_tag, str *ret_digest, struct error **err)
{
	ptrdiff_t at = str_find(*name, '@');

	*ret_tag = *ret_digest = (str){0};
	if (at >= 0) {
		str digest = str_skip(*name, (size_t)at + 1);

		*name = str_head(*name, (size_t)at);
		*ret_digest = str_skip(digest, strlen("sha256:"));
		if (!str_has_prefix(digest, "sha256:") || !sha256_is_hex(*ret_digest))
			return error_new(err, ERR_PARSE,
					 "invalid reference '%.*s': digest must be "
					 "sha256: and 64 lower-case hex digits",
					 STR_ARG(text));
	}
	ptrdiff_t slash = str_find_last(*name, '/');
	ptrdiff_t colon = str_find_last(*name, ':');

	if (colon > slash) {
		*ret_tag = str_skip(*name, (size_t)colon + 1);
		*name = str_head(*name, (size_t)colon);
		if (!tag_is_valid(*ret_tag))
			return error_new(err, ERR_PARSE,
					 "invalid reference '%.*s': '%.*s' is not a tag",
					 STR_ARG(text), STR_ARG(*ret_tag));
	}
	return 0;
}

int reference_parse(str text, struct reference *ret_ref, struct error **err)
{
	str name = text, tag, digest, domain, path;

	if (!text.len)
		return error_new(err, ERR_PARSE, "invalid reference: it is empty");
	if (text.len > REFERENCE_MAX)
		return error_new(err, ERR_LIMIT,
				 "invalid reference '%.80s...': longer than %d bytes", text.ptr,
				 REFERENCE_MAX);
	int r = cut_suffixes(text, &name, &tag, &digest, err);

	if (r < 0)
		return r;
	if (sha256_is_hex(name))
		return error_new(err, ERR_PARSE,
				 "invalid reference '%.*s': 64 hex digits are an id, "
				 "not a name",
				 STR_ARG(text));
	bool is_official = split_domain(name, &domain, &path);

	if (!domain_is_valid(domain))
		return error_new(err, ERR_PARSE,
				 "invalid reference '%.*s': '%.*s' is not a host name",
				 STR_ARG(text), STR_ARG(domain));
	if (!path_is_valid(path))
		return explain_path(path, text, err);
	if (domain.len + 1 + (is_official ? strlen("library/") : 0) + path.len > NAME_MAX_LENGTH)
		return error_new(err, ERR_LIMIT,
				 "invalid reference '%.*s': name is longer than %d bytes",
				 STR_ARG(text), NAME_MAX_LENGTH);
	*ret_ref = (struct reference){
		.domain = str_dup(domain),
		.path = x_asprintf("%s%.*s", is_official ? "library/" : "", STR_ARG(path)),
		.tag = tag.len	    ? str_dup(tag)
		       : digest.len ? NULL
				    : x_strdup(DEFAULT_TAG),
		.digest = digest.len ? str_dup(digest) : NULL,
	};
	return 0;
}

void reference_fini(struct reference *ref)
{
	free(ref->domain);
	free(ref->path);
	free(ref->tag);
	free(ref->digest);
	*ref = (struct reference){0};
}

static char *format(const struct reference *ref, const char *domain, const char *path)
{
	return x_asprintf("%s%s%s%s%s%s%s", domain, *domain ? "/" : "", path, ref->tag ? ":" : "",
			  ref->tag ? ref->tag : "", ref->digest ? "@sha256:" : "",
			  ref->digest ? ref->digest : "");
}

char *reference_canonical(const struct reference *ref)
{
	return format(ref, ref->domain, ref->path);
}

/* Whether @path without "docker.io/" is read back as the same. */
static bool may_drop_domain(const char *path)
{
	str first, rest;

	return !str_split_once(str_from(path), '/', &first, &rest) || !is_domain(first);
}

char *reference_familiar(const struct reference *ref)
{
	const char *path = ref->path;

	if (strcmp(ref->domain, DEFAULT_DOMAIN) != 0 || !may_drop_domain(path))
		return format(ref, ref->domain, path);
	if (strncmp(path, "library/", 8) == 0 && !strchr(path + 8, '/') &&
	    !sha256_is_hex(str_from(path + 8)))
		path += 8;
	return format(ref, "", path);
}
