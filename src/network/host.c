/* SPDX-License-Identifier: Apache-2.0 */
/* What the host's interfaces and routes take: netlink dumps of addresses and routes. */
#include <arpa/inet.h>
#include <linux/rtnetlink.h>
#include <sys/ioctl.h>

#include "link.h"

struct survey {
	struct network_host *host;
	unsigned default_index, default_metric;
};

void network_host_fini(struct network_host *h)
{
	free(h->used);
	h->used = NULL;
	h->used_count = 0;
}

static void add_used(struct network_host *h, uint32_t address, unsigned length)
{
	if (length == 0 || length > 32)
		return;
	h->used = x_realloc(h->used, h->used_count + 1, sizeof(*h->used));
	h->used[h->used_count++] =
		(struct network_subnet){ address & network_subnet_mask(length), length };
}

/* Value of a 32-bit attribute behind a header of @header_size, or @fallback */
static uint32_t attr_u32(const struct nlmsghdr *nlh, size_t header_size, uint16_t type,
			 uint32_t fallback)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, (unsigned)header_size) {
		if (mnl_attr_get_type(attr) == type && mnl_attr_validate(attr, MNL_TYPE_U32) == 0)
			return mnl_attr_get_u32(attr);
	}
	return fallback;
}

static int take_address(const struct nlmsghdr *nlh, void *ctx)
{
	const struct ifaddrmsg *info = mnl_nlmsg_get_payload(nlh);
	struct survey *s = ctx;

	if (nlh->nlmsg_type == RTM_NEWADDR && info->ifa_family == AF_INET)
		add_used(s->host, ntohl(attr_u32(nlh, sizeof(*info), IFA_ADDRESS, 0)),
			 info->ifa_prefixlen);
	return MNL_CB_OK;
}

static int take_route(const struct nlmsghdr *nlh, void *ctx)
{
	const struct rtmsg *info = mnl_nlmsg_get_payload(nlh);
	struct survey *s = ctx;

	if (nlh->nlmsg_type != RTM_NEWROUTE || info->rtm_family != AF_INET)
		return MNL_CB_OK;
	add_used(s->host, ntohl(attr_u32(nlh, sizeof(*info), RTA_DST, 0)), info->rtm_dst_len);
	if (info->rtm_dst_len == 0 && info->rtm_type == RTN_UNICAST) {
		unsigned metric = attr_u32(nlh, sizeof(*info), RTA_PRIORITY, 0);

		if (s->default_index == 0 || metric < s->default_metric) {
			s->default_index = attr_u32(nlh, sizeof(*info), RTA_OIF, 0);
			s->default_metric = metric;
		}
	}
	return MNL_CB_OK;
}

static int dump(int fd, uint16_t type, mnl_cb_t fn, struct survey *s, struct error **err)
{
	char buffer[MNL_NLMSG_HDRLEN + MNL_ALIGN(sizeof(struct rtmsg))];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
	struct rtgenmsg *info = mnl_nlmsg_put_extra_header(nlh, sizeof(*info));

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_DUMP;
	info->rtgen_family = AF_INET;
	return network_netlink_query(fd, nlh, fn, s, err);
}

static unsigned mtu_of(int fd, unsigned index)
{
	struct ifreq request = { .ifr_ifindex = (int)index };

	if (index == 0 || ioctl(fd, SIOCGIFNAME, &request) < 0 ||
	    ioctl(fd, SIOCGIFMTU, &request) < 0 || request.ifr_mtu < 576)
		return NETWORK_MTU_DEFAULT;
	return request.ifr_mtu < 65535 ? (unsigned)request.ifr_mtu : 65535;
}

int network_host_load(int fd, struct network_host *host, struct error **err)
{
	struct survey s = { .host = host };
	int r = dump(fd, RTM_GETADDR, take_address, &s, err);

	if (r == 0)
		r = dump(fd, RTM_GETROUTE, take_route, &s, err);
	if (r == 0)
		host->mtu = mtu_of(fd, s.default_index);
	return r;
}
