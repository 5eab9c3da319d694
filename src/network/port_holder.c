/* SPDX-License-Identifier: Apache-2.0 */
/* From a port to the socket's inode, and from there to the process that has it open. */
#include "port_holder.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/fs.h"
#include "network/network.h"

enum { TABLE_BYTES_MAX = 64 << 20, LISTENERS_MAX = 64, COMM_BYTES_MAX = 64 };

/* Columns of a line: "0: 0100007F:1F90 00000000:0000 0A tx:rx tr:when retr uid timeout inode" */
enum { COLUMN_LOCAL = 1, COLUMN_STATE = 3, COLUMN_INODE = 9, COLUMN_COUNT };

/* As the kernel numbers socket states; an unconnected UDP socket is "closed" */
#define STATE_LISTEN "0A"
#define STATE_UDP_UNCONNECTED "07"

bool network_host_address_parse(const char *text, struct network_host_address *ret_address)
{
	struct network_host_address address = { .family = AF_UNSPEC };
	char bare[INET6_ADDRSTRLEN];
	str s = str_from(text);

	if (text && s.len >= 2 && s.ptr[0] == '[' && s.ptr[s.len - 1] == ']')
		s = str_make(s.ptr + 1, s.len - 2);
	if (s.len >= sizeof(bare))
		return false;
	(void)snprintf(bare, sizeof(bare), "%.*s", STR_ARG(s));
	if (text && inet_pton(AF_INET, bare, &address.ipv4) == 1)
		address.family = AF_INET;
	else if (text && inet_pton(AF_INET6, bare, &address.ipv6) == 1)
		address.family = AF_INET6;
	else if (text)
		return false;
	*ret_address = address;
	return true;
}

static bool hex_to_u32(str digits, uint32_t *ret_value)
{
	uint32_t value = 0;

	if (digits.len == 0 || digits.len > 8)
		return false;
	for (size_t i = 0; i < digits.len; i++) {
		unsigned char c = (unsigned char)digits.ptr[i];

		if (!isxdigit(c))
			return false;
		value = value << 4 | (uint32_t)(isdigit(c) ? c - '0' : (c | 32) - 'a' + 10);
	}
	*ret_value = value;
	return true;
}

/* The kernel prints addresses word by word, each as a number of the machine's byte order. */
static bool parse_words(str digits, uint32_t *words, size_t count)
{
	if (digits.len != 8 * count)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!hex_to_u32(str_make(digits.ptr + 8 * i, 8), &words[i]))
			return false;
	}
	return true;
}

static bool is_address_match(str digits, const struct network_host_address *wanted)
{
	static const struct in6_addr any6 = IN6ADDR_ANY_INIT;
	uint32_t words[4];
	struct in6_addr found6;

	if (digits.len == 8) {
		if (!parse_words(digits, words, 1))
			return false;
		return wanted->family == AF_UNSPEC ||
		       (wanted->family == AF_INET &&
			(words[0] == 0 || wanted->ipv4.s_addr == 0 ||
			 words[0] == wanted->ipv4.s_addr));
	}
	if (!parse_words(digits, words, 4))
		return false;
	memcpy(&found6, words, sizeof(found6));
	if (wanted->family == AF_UNSPEC || memcmp(&found6, &any6, sizeof(any6)) == 0)
		return true;
	if (wanted->family == AF_INET)
		return IN6_IS_ADDR_V4MAPPED(&found6) &&
		       (wanted->ipv4.s_addr == 0 || words[3] == wanted->ipv4.s_addr);
	return memcmp(&wanted->ipv6, &any6, sizeof(any6)) == 0 ||
	       memcmp(&wanted->ipv6, &found6, sizeof(found6)) == 0;
}

bool network_socket_matches(str line, const struct network_host_address *address, uint16_t port,
			    bool udp, uint64_t *ret_inode)
{
	str columns[COLUMN_COUNT], piece, digits, port_digits;
	size_t count = 0;
	uint32_t found_port;

	while (count < COLUMN_COUNT && str_cut(&line, ' ', &piece)) {
		if (piece.len)
			columns[count++] = piece;
	}
	return count == COLUMN_COUNT &&
	       str_is(columns[COLUMN_STATE], udp ? STATE_UDP_UNCONNECTED : STATE_LISTEN) &&
	       str_split_once(columns[COLUMN_LOCAL], ':', &digits, &port_digits) &&
	       hex_to_u32(port_digits, &found_port) && found_port == port &&
	       is_address_match(digits, address) &&
	       str_to_u64(columns[COLUMN_INODE], UINT64_MAX, ret_inode);
}

struct listeners {
	uint64_t inodes[LISTENERS_MAX];
	size_t count;
};

static void find_listeners(const struct network_host_address *address, uint16_t port, bool udp,
			   struct listeners *found)
{
	static const char *const tables[2][2] = { { "/proc/net/tcp", "/proc/net/tcp6" },
						  { "/proc/net/udp", "/proc/net/udp6" } };

	for (size_t i = 0; i < 2; i++) {
		struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(TABLE_BYTES_MAX);
		CLEANUP(error) struct error *ignored = NULL;
		str line;

		if (fs_read_at(AT_FDCWD, tables[udp][i], TABLE_BYTES_MAX, &text, &ignored) < 0)
			continue;
		for (str rest = strbuf_str(&text); str_cut(&rest, '\n', &line);) {
			uint64_t inode;

			if (found->count < LISTENERS_MAX &&
			    network_socket_matches(line, address, port, udp, &inode))
				found->inodes[found->count++] = inode;
		}
	}
}

static bool is_listener(const char *link, const struct listeners *found)
{
	str digits = str_from(link);
	uint64_t inode;

	if (!str_has_prefix(digits, "socket:[") || !str_has_suffix(digits, "]"))
		return false;
	digits = str_make(digits.ptr + 8, digits.len - 9);
	if (!str_to_u64(digits, UINT64_MAX, &inode))
		return false;
	for (size_t i = 0; i < found->count; i++) {
		if (found->inodes[i] == inode)
			return true;
	}
	return false;
}

/* Does process @pid ("self", "123") have one of the sockets open? */
static bool has_listener(const char *pid, const struct listeners *found)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%.20s/fd", pid);
	DIR *d = opendir(path);
	bool has = false;

	if (!d)
		return false;
	for (struct dirent *e; !has && (e = readdir(d));) {
		char link[64];
		ssize_t n = readlinkat(dirfd(d), e->d_name, link, sizeof(link) - 1);

		if (n > 0) {
			link[n] = '\0';
			has = is_listener(link, found);
		}
	}
	(void)closedir(d);
	return has;
}

bool network_port_is_ours(const struct network_host_address *address, uint16_t port, bool udp)
{
	struct listeners found = { 0 };

	find_listeners(address, port, udp, &found);
	return found.count && has_listener("self", &found);
}

/* "pid 123 (nginx)"; a program chooses its name itself, so only plain characters are shown */
static char *describe(const char *pid)
{
	struct strbuf comm CLEANUP_STRBUF = STRBUF_INIT(COMM_BYTES_MAX);
	CLEANUP(error) struct error *ignored = NULL;
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%.20s/comm", pid);
	if (fs_read_at(AT_FDCWD, path, COMM_BYTES_MAX, &comm, &ignored) < 0)
		return x_asprintf("pid %.20s", pid);
	str name = str_trim(strbuf_str(&comm));

	for (size_t i = 0; i < name.len; i++) {
		if (!isprint((unsigned char)comm.ptr[i]))
			comm.ptr[i] = '?';
	}
	return x_asprintf("pid %.20s (%.*s)", pid, STR_ARG(name));
}

char *network_port_holder(const char *host_ip, uint16_t port, bool udp)
{
	struct network_host_address address;
	struct listeners found = { 0 };
	char *holder = NULL;

	if (!network_host_address_parse(host_ip, &address))
		return NULL;
	find_listeners(&address, port, udp, &found);
	DIR *d = found.count ? opendir("/proc") : NULL;

	if (!d)
		return NULL;
	for (struct dirent *e; !holder && (e = readdir(d));) {
		if (isdigit((unsigned char)e->d_name[0]) && has_listener(e->d_name, &found))
			holder = describe(e->d_name);
	}
	(void)closedir(d);
	return holder;
}
