/* SPDX-License-Identifier: Apache-2.0 */
/* Docker's short syntaxes for volumes, ports, tmpfs, sizes. */
#include "run_flags.h"

#include <arpa/inet.h>
#include <errno.h>

bool run_flag_bytes(str text, uint64_t *ret)
{
	static const char units[] = "bkmgt";
	uint64_t value, scale = 1;

	if (text.len && (text.ptr[text.len - 1] | 0x20) == 'b')
		text.len--;
	if (text.len) {
		const char *unit = strchr(units, text.ptr[text.len - 1] | 0x20);

		if (unit && *unit && unit != units) {
			scale = UINT64_C(1) << (10 * (unit - units));
			text.len--;
		}
	}
	return str_to_u64(text, UINT64_MAX / scale, &value) && ((*ret = value * scale), true);
}

static struct stack_mount *add_mount(struct stack_service *s, enum stack_mount_kind kind, str target)
{
	s->mounts = x_realloc(s->mounts, s->mount_count + 1, sizeof(*s->mounts));
	struct stack_mount *m = &s->mounts[s->mount_count++];

	*m = (struct stack_mount){ .kind = kind, .target = str_dup(target) };
	return m;
}

static bool is_volume_name(str name)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];
		bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

		if (!alnum && (i == 0 || !strchr("_.-", c)))
			return false;
	}
	return name.len > 1 && name.len <= 255;
}

static int set_volume_options(struct stack_mount *m, const char *text, str options,
			      struct error **err)
{
	str option;

	while (str_cut(&options, ',', &option)) {
		if (str_is(option, "ro"))
			m->read_only = true;
		else if (str_is(option, "nocopy"))
			m->no_copy = true;
		else if (!str_is(option, "rw") && !str_is(option, "z") && !str_is(option, "Z"))
			return error_new(err, ERR_USAGE, "volume '%s': unknown option '%.*s' (ro, rw, nocopy)",
					 text, STR_ARG(option));
	}
	return 0;
}

/* Source of a bind as an absolute path; relative ones count from where the user stands. */
static char *absolute(str path)
{
	CLEANUP_FREE char *given = str_dup(path);

	if (given[0] == '/')
		return STEAL_PTR(&given);
	CLEANUP_FREE char *cwd = getcwd(NULL, 0);

	return x_asprintf("%s/%s", cwd ? cwd : "", given);
}

int run_flag_volume(const char *text, struct stack_service *s, struct error **err)
{
	str rest = str_from(text), first, second = { NULL, 0 }, options = { NULL, 0 };
	struct stack_mount *m;

	(void)str_cut(&rest, ':', &first); /* there is always a first piece */
	bool has_source = str_cut(&rest, ':', &second);

	if (rest.ptr)
		options = rest;
	str target = has_source ? second : first;

	if (target.len == 0 || target.ptr[0] != '/') {
		(void)error_new(err, ERR_USAGE, "volume '%s': the path in the container must be absolute",
				text);
		return error_hint(err, "-v HOST-PATH:/path, -v NAME:/path or -v /path");
	}
	if (!has_source) {
		m = add_mount(s, STACK_MOUNT_VOLUME, target);
		m->anonymous = true;
	} else if (first.len && (first.ptr[0] == '/' || first.ptr[0] == '.' || first.ptr[0] == '~')) {
		m = add_mount(s, STACK_MOUNT_BIND, target);
		m->source = absolute(first);
		m->create_source = true;
	} else if (is_volume_name(first)) {
		m = add_mount(s, STACK_MOUNT_VOLUME, target);
		m->source = str_dup(first);
	} else {
		return error_new(err, ERR_USAGE, "volume '%s': '%.*s' is neither a path nor a volume name",
				 text, STR_ARG(first));
	}
	return set_volume_options(m, text, options, err);
}

int run_flag_tmpfs(const char *text, struct stack_service *s, struct error **err)
{
	str target = str_from(text), options = { NULL, 0 }, option, key, value;
	uint64_t number;

	(void)str_split_once(target, ':', &target, &options); /* options are optional */
	if (target.len == 0 || target.ptr[0] != '/')
		return error_new(err, ERR_USAGE, "tmpfs '%s': the path must be absolute", text);
	struct stack_mount *m = add_mount(s, STACK_MOUNT_TMPFS, target);

	while (options.ptr && str_cut(&options, ',', &option)) {
		if (str_is(option, "ro")) {
			m->read_only = true;
		} else if (str_split_once(option, '=', &key, &value) && str_is(key, "size") &&
			   run_flag_bytes(value, &number)) {
			m->size_bytes = number;
		} else if (key.ptr && str_is(key, "mode") && str_to_octal(value, 07777, &number)) {
			m->mode = (unsigned)number;
		} else if (!str_is(option, "rw") && !str_has_prefix(option, "no") && option.len) {
			return error_new(err, ERR_USAGE, "tmpfs '%s': unknown option '%.*s'", text,
					 STR_ARG(option));
		}
	}
	return 0;
}

static bool parse_range(str text, unsigned *ret_first, unsigned *ret_last)
{
	str first = text, last = text;
	uint64_t a, b;

	(void)str_split_once(text, '-', &first, &last); /* a single port is a range of one */
	if (!str_to_u64(first, 65535, &a) || !str_to_u64(last, 65535, &b) || a > b)
		return false;
	*ret_first = (unsigned)a;
	*ret_last = (unsigned)b;
	return true;
}

static int bad_port(const char *text, struct error **err)
{
	(void)error_new(err, ERR_USAGE, "published port '%s' is malformed", text);
	return error_hint(err, "-p 8080:80, -p 127.0.0.1:8080:80, -p 53:53/udp, -p 80");
}

int run_flag_port(const char *text, struct stack_service *s, struct error **err)
{
	str rest = str_from(text), proto = STR("tcp"), ip = { NULL, 0 }, host = { NULL, 0 };
	unsigned first, last, host_first = 0, host_last = 0;
	struct in_addr ignored;

	(void)str_split_once(rest, '/', &rest, &proto); /* tcp unless it says otherwise */
	ptrdiff_t colon = str_find_last(rest, ':');
	str container = colon < 0 ? rest : str_skip(rest, (size_t)colon + 1);

	if (colon >= 0) {
		host = str_head(rest, (size_t)colon);
		colon = str_find_last(host, ':');
		if (colon >= 0) {
			ip = str_head(host, (size_t)colon);
			host = str_skip(host, (size_t)colon + 1);
		}
	}
	CLEANUP_FREE char *ip_text = ip.ptr ? str_dup(ip) : NULL;

	if (!parse_range(container, &first, &last) || first == 0 ||
	    (host.len && !parse_range(host, &host_first, &host_last)) ||
	    (host.len && host_last - host_first != last - first) ||
	    (ip_text && inet_pton(AF_INET, ip_text, &ignored) != 1) ||
	    (!str_is(proto, "tcp") && !str_is(proto, "udp")))
		return bad_port(text, err);
	for (unsigned i = 0; i <= last - first; i++) {
		s->ports = x_realloc(s->ports, s->port_count + 1, sizeof(*s->ports));
		s->ports[s->port_count++] = (struct stack_port){
			.host_ip = ip_text ? x_strdup(ip_text) : NULL,
			.host_port = host.len ? host_first + i : 0,
			.container_port = first + i,
			.udp = str_is(proto, "udp"),
		};
	}
	return 0;
}
