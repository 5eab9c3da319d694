/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets at 127.0.0.11:53 inside a namespace, and the queries that come as datagrams. */
#include "dns_responder.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "dns_message.h"
#include "namespace.h"

enum { DNS_PORT = 53, DATAGRAMS_PER_WAKE = 64, RESPONDER_ADDRESS = 0x7f00000b };

/* Of all that may be on their way: one container shall not use up the descriptors of the others. */
enum { FORWARDED_PER_CLIENT_MAX = DNS_IN_FLIGHT_MAX / 4 };

struct dns_datagram {
	struct dns_responder *responder;
	struct dns_datagram *previous, *next;
	struct sockaddr_in client;
	struct dns_forward *forward;
	size_t max; /* of the answer */
	size_t len;
	uint8_t query[]; /* for an answer of our own when nobody has one */
};

/* The order of addresses is the whole of our load balancing: a fresh one for each answer. */
static int lookup_shuffled(void *ctx, const char *name, struct in_addr *ret, size_t max)
{
	struct dns_responder *r = ctx;
	int count = r->zone.lookup(r->zone.ctx, name, ret, max);
	uint32_t random[DNS_ADDRESSES_MAX];

	if (count < 2)
		return count;
	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		abort(); /* cannot happen for so few bytes once the pool is ready */
	for (uint32_t i = (uint32_t)count - 1; i > 0; i--) {
		uint32_t k = random[i] % (i + 1);
		struct in_addr kept = ret[i];

		ret[i] = ret[k];
		ret[k] = kept;
	}
	return count;
}

static bool reverse(void *ctx, struct in_addr addr, char *ret_name, size_t size)
{
	struct dns_responder *r = ctx;

	return r->zone.reverse && r->zone.reverse(r->zone.ctx, addr, ret_name, size);
}

static void remove_datagram(struct dns_datagram *d)
{
	dns_forward_cancel(d->forward);
	if (d->previous)
		d->previous->next = d->next;
	else
		d->responder->datagrams = d->next;
	if (d->next)
		d->next->previous = d->previous;
	d->responder->datagram_count--;
	free(d);
}

static void send_answer(const struct dns_responder *r, const struct sockaddr_in *client,
			const void *answer, size_t len)
{
	/* Datagrams get lost: a client whose queue is full asks again. */
	(void)sendto(r->udp_fd, answer, len, MSG_DONTWAIT, (const struct sockaddr *)client,
		     sizeof(*client));
}

static void send_error(const struct dns_responder *r, const struct sockaddr_in *client,
		       const uint8_t *query, size_t len, int rcode)
{
	struct strbuf out CLEANUP_STRBUF = STRBUF_INIT(DNS_MESSAGE_MAX);

	dns_error_answer(query, len, rcode, &out);
	send_answer(r, client, out.ptr, out.len);
}

/* Too long for the client: the header with TC, so that it comes back over TCP */
static void send_truncated(const struct dns_datagram *d, const uint8_t *answer)
{
	struct strbuf out CLEANUP_STRBUF = STRBUF_INIT(DNS_MESSAGE_MAX);

	dns_error_answer(d->query, d->len, answer[3] & 0x0f, &out);
	out.ptr[2] = (char)(out.ptr[2] | 0x02);
	send_answer(d->responder, &d->client, out.ptr, out.len);
}

static void on_forwarded(void *ctx, const uint8_t *answer, size_t len)
{
	struct dns_datagram *d = ctx;

	d->forward = NULL;
	if (len == 0)
		send_error(d->responder, &d->client, d->query, d->len, DNS_RCODE_SERVFAIL);
	else if (len > d->max)
		send_truncated(d, answer);
	else
		send_answer(d->responder, &d->client, answer, len);
	remove_datagram(d);
}

static void forward(struct dns_responder *r, const struct sockaddr_in *client,
		    const uint8_t *query, size_t len, size_t max)
{
	struct dns_datagram *d = x_alloc(sizeof(*d) + len);

	d->responder = r;
	d->client = *client;
	d->max = max;
	d->len = len;
	memcpy(d->query, query, len);
	d->next = r->datagrams;
	if (r->datagrams)
		r->datagrams->previous = d;
	r->datagrams = d;
	if (++r->datagram_count <= FORWARDED_PER_CLIENT_MAX)
		d->forward = dns_forward_start(r->forwarder, query, len, false, on_forwarded, d);
	if (!d->forward) {
		send_error(r, client, query, len, DNS_RCODE_REFUSED);
		remove_datagram(d);
	}
}

static void answer_datagram(struct dns_responder *r, const struct sockaddr_in *client,
			    const uint8_t *query, size_t len)
{
	struct strbuf out CLEANUP_STRBUF = STRBUF_INIT(DNS_MESSAGE_MAX);
	struct dns_query parsed;
	size_t max = dns_query_parse(query, len, &parsed) == DNS_RCODE_NOERROR ? parsed.udp_size :
										 DNS_UDP_SIZE;

	switch (dns_answer(&r->shuffled, query, len, max, &out)) {
	case DNS_ANSWERED:
		send_answer(r, client, out.ptr, out.len);
		break;
	case DNS_FORWARD:
		forward(r, client, query, len, max);
		break;
	case DNS_DROP:
		break;
	}
}

static void on_datagram(void *ctx, int fd, uint32_t events)
{
	struct dns_responder *r = ctx;

	(void)events;
	/* Not without end: one busy container must not keep the others waiting. */
	for (int i = 0; i < DATAGRAMS_PER_WAKE; i++) {
		uint8_t query[DNS_MESSAGE_MAX];
		struct sockaddr_in client;
		socklen_t client_len = sizeof(client);
		ssize_t n = recvfrom(fd, query, sizeof(query), MSG_TRUNC,
				     (struct sockaddr *)&client, &client_len);

		if (n < 0)
			return;
		if ((size_t)n <= sizeof(query) && client_len == sizeof(client))
			answer_datagram(r, &client, query, (size_t)n);
	}
}

static int open_socket(int type, struct error **err)
{
	const struct sockaddr_in name = { .sin_family = AF_INET,
					  .sin_port = htons(DNS_PORT),
					  .sin_addr.s_addr = htonl(RESPONDER_ADDRESS) };
	CLEANUP_FD int fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	const int on = 1;

	if (fd < 0)
		return error_errno(err, "make the name server's socket");
	/* A responder that is replaced leaves connections in TIME_WAIT behind. */
	if (type == SOCK_STREAM && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
		return error_errno(err, "make the name server's socket");
	if (bind(fd, (const struct sockaddr *)&name, sizeof(name)) < 0 ||
	    (type == SOCK_STREAM && listen(fd, SOMAXCONN) < 0))
		return error_errno(err, "name server at 127.0.0.11:53 in the container");
	return STEAL_FD(&fd);
}

static int open_sockets(int netns_fd, int *ret_udp, int *ret_tcp, struct error **err)
{
	CLEANUP_FD int home_fd = network_namespace_open(err);
	int r = home_fd < 0 ? home_fd : network_namespace_enter(netns_fd, err);

	if (r < 0)
		return r;
	CLEANUP_FD int udp = open_socket(SOCK_DGRAM, err);
	CLEANUP_FD int tcp = udp < 0 ? udp : open_socket(SOCK_STREAM, err);

	network_namespace_leave(home_fd);
	if (tcp < 0)
		return tcp;
	*ret_udp = STEAL_FD(&udp);
	*ret_tcp = STEAL_FD(&tcp);
	return 0;
}

int dns_responder_open(struct loop *loop, struct dns_forwarder *forwarder, int netns_fd,
		       const struct dns_zone *zone, struct dns_responder **ret, struct error **err)
{
	int udp_fd, tcp_fd;
	int r = open_sockets(netns_fd, &udp_fd, &tcp_fd, err);

	if (r < 0)
		return r;
	struct dns_responder *responder = x_alloc(sizeof(*responder));

	responder->loop = loop;
	responder->forwarder = forwarder;
	responder->zone = *zone;
	responder->shuffled = (struct dns_zone){ lookup_shuffled, reverse, responder,
						 zone->forward && forwarder };
	responder->udp_fd = udp_fd;
	responder->tcp_fd = tcp_fd;
	responder->udp_source = loop_add_fd(loop, udp_fd, EPOLLIN, on_datagram, responder);
	responder->tcp_source = loop_add_fd(loop, tcp_fd, EPOLLIN, dns_stream_accept, responder);
	*ret = responder;
	return 0;
}

void dns_responder_close(struct dns_responder *r)
{
	if (!r)
		return;
	loop_remove(r->udp_source);
	loop_remove(r->tcp_source);
	while (r->datagrams)
		remove_datagram(r->datagrams);
	dns_stream_close_all(r);
	close_fd(r->udp_fd);
	close_fd(r->tcp_fd);
	free(r);
}
