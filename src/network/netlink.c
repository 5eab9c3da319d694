/* SPDX-License-Identifier: Apache-2.0 */
/* Batches of netlink messages over libmnl. */
#include "netlink.h"

#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <sys/socket.h>

enum { ANSWER_MAX = 65536, SEND_BUFFER = 8 << 20 };

int network_netlink_open(int protocol, struct error **err)
{
	CLEANUP_FD int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
	const int on = 1, size = SEND_BUFFER;

	if (fd < 0)
		return error_errno(err, "open netlink socket");
	/* Comforts: the kernel's own words in errors; room for thousands of published ports. */
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	return STEAL_FD(&fd);
}

void network_batch_init(struct network_batch *b)
{
	*b = (struct network_batch){ .bytes = STRBUF_INIT(0) };
}

void network_batch_fini(struct network_batch *b)
{
	strbuf_fini(&b->bytes);
	free(b->steps);
	b->steps = NULL;
	b->open = NULL;
	b->count = 0;
}

static void finish_open(struct network_batch *b)
{
	if (b->open)
		b->bytes.len += MNL_ALIGN(b->open->nlmsg_len);
	b->open = NULL;
}

struct nlmsghdr *network_batch_add(struct network_batch *b, uint16_t type, uint16_t flags,
				   const char *what)
{
	finish_open(b);
	char *to = strbuf_reserve(&b->bytes, NETWORK_MESSAGE_MAX);

	b->steps = x_realloc(b->steps, b->count + 1, sizeof(*b->steps));
	b->steps[b->count] = (struct network_batch_step){ .what = what };
	b->open = mnl_nlmsg_put_header(to);
	b->open->nlmsg_type = type;
	b->open->nlmsg_flags = NLM_F_REQUEST | flags;
	b->open->nlmsg_seq = (uint32_t)b->count++;
	return b->open;
}

void network_batch_tolerate(struct network_batch *b, int tolerated)
{
	b->steps[b->count - 1].tolerated = tolerated;
}

/*
 * Message whose answer is the end of all answers. nfnetlink brackets its messages, and only those
 * between the brackets are acknowledged.
 */
static uint32_t ask_for_answer(struct network_batch *b)
{
	struct nlmsghdr *nlh = b->open;
	size_t before = 0;

	if (nlh->nlmsg_type == NFNL_MSG_BATCH_END) {
		for (size_t at = 0; at < b->bytes.len; at += MNL_ALIGN(nlh->nlmsg_len)) {
			nlh = (struct nlmsghdr *)(void *)(b->bytes.ptr + at);
			before = nlh->nlmsg_type == NFNL_MSG_BATCH_END ? before : at;
		}
		nlh = (struct nlmsghdr *)(void *)(b->bytes.ptr + before);
	}
	nlh->nlmsg_flags |= NLM_F_ACK;
	return nlh->nlmsg_seq;
}

/* The kernel's explanation behind an error answer, or NULL */
static const char *kernel_words(const struct nlmsghdr *nlh)
{
	const struct nlattr *attr;

	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return NULL;
	mnl_attr_for_each(attr, nlh, sizeof(struct nlmsgerr)) {
		if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG &&
		    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) == 0)
			return mnl_attr_get_str(attr);
	}
	return NULL;
}

static int answer_error(const struct nlmsghdr *nlh, const char *what, struct error **err)
{
	const struct nlmsgerr *answer = mnl_nlmsg_get_payload(nlh);
	const char *words = kernel_words(nlh);

	errno = -answer->error;
	return words ? error_errno(err, "%s: %s", what, words) : error_errno(err, "%s", what);
}

/* Judge one answer; true when it was the last one. */
static bool take_answer(const struct network_batch *b, const struct nlmsghdr *nlh, uint32_t last,
			struct error **err)
{
	const struct nlmsgerr *answer = mnl_nlmsg_get_payload(nlh);

	if (nlh->nlmsg_type != NLMSG_ERROR || mnl_nlmsg_get_payload_len(nlh) < sizeof(*answer) ||
	    nlh->nlmsg_seq >= b->count)
		return false;
	const struct network_batch_step *step = &b->steps[nlh->nlmsg_seq];

	if (answer->error != 0 && answer->error != -step->tolerated && !*err)
		(void)answer_error(nlh, step->what, err);
	return nlh->nlmsg_seq == last;
}

static int read_answers(const struct network_batch *b, int fd, uint32_t last, struct error **err)
{
	CLEANUP_FREE char *buffer = x_alloc(ANSWER_MAX);

	for (bool done = false; !done;) {
		/* All answers are queued already: none left means that the kernel gave up early. */
		ssize_t n = recv(fd, buffer, ANSWER_MAX, MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && *err)
			break;
		if (n < 0)
			return error_errno(err, "%s: no answer", b->steps[last].what);
		const struct nlmsghdr *nlh = (const struct nlmsghdr *)(const void *)buffer;

		for (int left = (int)n; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left))
			done = take_answer(b, nlh, last, err) || done;
	}
	return *err ? -(int)error_code(*err) : 0;
}

int network_batch_send(struct network_batch *b, int fd, struct error **err)
{
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	int r = 0;

	if (b->count == 0)
		return 0;
	size_t end = (size_t)((char *)b->open - b->bytes.ptr) + MNL_ALIGN(b->open->nlmsg_len);

	b->bytes.len = end;
	uint32_t last = ask_for_answer(b);

	if (sendto(fd, b->bytes.ptr, end, 0, (const struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		r = error_errno(err, "%s", b->steps[last].what);
	else
		r = read_answers(b, fd, last, err);
	network_batch_fini(b);
	return r;
}

/* Hand the messages of one portion on; 1: more may come, 0: that was all, negative: failed */
static int take_portion(const char *buffer, ssize_t size, mnl_cb_t fn, void *ctx,
			struct error **err)
{
	const struct nlmsghdr *nlh = (const struct nlmsghdr *)(const void *)buffer;

	for (int left = (int)size; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		if (nlh->nlmsg_type == NLMSG_DONE)
			return 0;
		if (nlh->nlmsg_type == NLMSG_ERROR)
			return answer_error(nlh, "ask the kernel about its network", err);
		if (nlh->nlmsg_type >= NLMSG_MIN_TYPE && fn(nlh, ctx) < 0)
			return error_new(err, ERR_NETWORK, "unexpected answer of the kernel");
	}
	return 1;
}

int network_netlink_query(int fd, struct nlmsghdr *request, mnl_cb_t fn, void *ctx,
			  struct error **err)
{
	CLEANUP_FREE char *buffer = x_alloc(ANSWER_MAX);
	int more = 1;

	request->nlmsg_flags |= NLM_F_REQUEST;
	if (send(fd, request, request->nlmsg_len, 0) < 0)
		return error_errno(err, "ask the kernel about its network");
	while (more > 0) {
		/* A dump comes in portions, each made when the one before it is read. */
		ssize_t n = recv(fd, buffer, ANSWER_MAX, MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(err, "ask the kernel about its network");
		more = take_portion(buffer, n, fn, ctx, err);
		if (more > 0 && !(request->nlmsg_flags & NLM_F_DUMP))
			break;
	}
	return more < 0 ? more : 0;
}
