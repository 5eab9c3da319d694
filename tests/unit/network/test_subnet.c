/* SPDX-License-Identifier: Apache-2.0 */
/* Subnets as text, their overlap, the choice from the pool, and the choice of an address. */
#include <check.h>
#include <stdio.h>

#include "session.h"

static const struct {
	const char *text;
	bool is_valid;
} texts[] = {
	{ "172.20.3.0/24", true },  { "10.0.0.0/8", true },	{ "192.168.1.4/30", true },
	{ "10.0.0.1/24", false },   { "10.0.0.0", false },	{ "10.0.0.0/31", false },
	{ "10.0.0.0/0", false },    { "10.0.0.0/-1", false },	{ "10.0.0/24", false },
	{ "10.0.0.0/ 24", false },  { "010.0.0.0/24", false },	{ "", false },
	{ "/24", false },	    { "10.0.0.0/024x", false }, { "fd00::/64", false },
};

START_TEST(test_parse)
{
	CLEANUP(error) struct error *err = NULL;
	struct network_subnet subnet;
	char text[NETWORK_SUBNET_TEXT];
	int r = network_subnet_parse(texts[_i].text, &subnet, &err);

	ck_assert_msg((r == 0) == texts[_i].is_valid, "%s", texts[_i].text);
	if (r < 0) {
		ck_assert_int_eq(r, -ERR_USAGE);
		return;
	}
	network_subnet_format(subnet, text);
	ck_assert_str_eq(text, texts[_i].text);
}
END_TEST

static struct network_subnet subnet_of(const char *text)
{
	CLEANUP(error) struct error *err = NULL;
	struct network_subnet subnet = { 0 };

	ck_assert_int_eq(network_subnet_parse(text, &subnet, &err), 0);
	return subnet;
}

static const struct {
	const char *a, *b;
	bool is_overlapping;
} pairs[] = {
	{ "10.0.0.0/24", "10.0.0.0/24", true },	   { "10.0.0.0/24", "10.0.1.0/24", false },
	{ "10.0.0.0/8", "10.255.255.252/30", true }, { "128.0.0.0/1", "10.0.0.0/8", false },
	{ "10.0.0.128/25", "10.0.0.0/24", true },  { "10.0.0.128/25", "10.0.0.0/25", false },
};

START_TEST(test_overlap)
{
	struct network_subnet a = subnet_of(pairs[_i].a), b = subnet_of(pairs[_i].b);

	ck_assert_int_eq(network_subnet_is_overlapping(a, b), pairs[_i].is_overlapping);
	ck_assert_int_eq(network_subnet_is_overlapping(b, a), pairs[_i].is_overlapping);
}
END_TEST

static const struct {
	const char *used[4];
	const char *chosen; /* NULL: none */
} choices[] = {
	{ { NULL }, "172.20.0.0/24" },
	{ { "172.20.0.0/24" }, "172.20.1.0/24" },
	{ { "172.20.0.128/30" }, "172.20.1.0/24" },
	{ { "172.16.0.0/12" }, "192.168.128.0/24" },
	{ { "172.16.0.0/12", "192.168.0.0/16" }, NULL },
	{ { "128.0.0.0/1" }, NULL },
	{ { "172.20.0.0/16", "172.22.0.0/16" }, "172.21.0.0/24" },
	{ { "10.0.0.0/8", "192.168.0.0/17" }, "172.20.0.0/24" },
	{ { "172.16.0.0/12", "192.168.128.0/18", "192.168.192.0/19" }, "192.168.224.0/24" },
};

START_TEST(test_choose)
{
	struct network_subnet used[5] = { { 0, 0 } }, chosen; /* the first: a default route */
	char text[NETWORK_SUBNET_TEXT];
	size_t count = 1;

	for (size_t i = 0; i < 4 && choices[_i].used[i]; i++)
		used[count++] = subnet_of(choices[_i].used[i]);
	if (!network_subnet_choose(used, count, &chosen)) {
		ck_assert_ptr_null(choices[_i].chosen);
		return;
	}
	network_subnet_format(chosen, text);
	ck_assert_str_eq(text, choices[_i].chosen);
}
END_TEST

static void add_lease(struct network_state *state, const char *container, uint32_t ipv4)
{
	state->leases =
		x_realloc(state->leases, state->lease_count + 1, sizeof(*state->leases));
	struct network_lease *lease = &state->leases[state->lease_count++];

	*lease = (struct network_lease){ .ipv4 = ipv4, .owner = { 1, 1 } };
	(void)snprintf(lease->container, sizeof(lease->container), "%s", container);
	(void)snprintf(lease->interface, sizeof(lease->interface), "fkv%08x", ipv4);
}

static uint32_t choose(struct network_state *state, const char *container, uint32_t wanted,
		       int expected)
{
	CLEANUP(error) struct error *err = NULL;
	uint32_t address = 0;

	ck_assert_int_eq(network_lease_choose_address(state, container, wanted, &address, &err),
			 expected);
	return address;
}

START_TEST(test_addresses)
{
	CLEANUP(network_state) struct network_state *state = x_alloc(sizeof(*state));
	const uint32_t net = 0xac140000;
	struct network_lease lease;

	(void)snprintf(state->name, sizeof(state->name), "n");
	state->subnet = (struct network_subnet){ net, 29 };
	state->gateway = net + 1;
	ck_assert_uint_eq(choose(state, "a", 0, 0), net + 2);
	add_lease(state, "a", net + 2);
	add_lease(state, "b", net + 3);
	ck_assert_uint_eq(choose(state, "c", 0, 0), net + 4);
	(void)choose(state, "c", net + 3, -ERR_BUSY);
	(void)choose(state, "c", net + 1, -ERR_BUSY);
	(void)choose(state, "c", net, -ERR_USAGE);
	(void)choose(state, "c", net + 7, -ERR_USAGE);
	(void)choose(state, "c", net + 8, -ERR_USAGE);
	ck_assert_uint_eq(choose(state, "c", net + 6, 0), net + 6);
	/* One that comes back gets what it had, unless somebody else took it meanwhile. */
	network_lease_take(state, 1, &lease);
	network_lease_fini(&lease);
	network_lease_take(state, 0, &lease);
	network_lease_fini(&lease);
	ck_assert_uint_eq(choose(state, "b", 0, 0), net + 3);
	add_lease(state, "c", net + 3);
	ck_assert_uint_eq(choose(state, "b", 0, 0), net + 2);
	for (uint32_t i = 2; i < 7; i++) {
		if (i != 3)
			add_lease(state, "x", net + i);
	}
	(void)choose(state, "d", 0, -ERR_LIMIT);
}
END_TEST

START_TEST(test_state_round_trip)
{
	CLEANUP(network_state) struct network_state *state = x_alloc(sizeof(*state)), *copy = NULL;
	CLEANUP(error) struct error *err = NULL;
	struct network_lease lease;

	(void)snprintf(state->name, sizeof(state->name), "shop_default");
	(void)snprintf(state->bridge, sizeof(state->bridge), "fk-8c0ffee1");
	state->subnet = (struct network_subnet){ 0xac140000, 24 };
	state->gateway = 0xac140001;
	state->mtu = 1400;
	state->owner = (struct network_owner){ 4711, 123456789012 };
	add_lease(state, "gone", 0xac140003);
	network_lease_take(state, 0, &lease);
	add_lease(state, "abc", 0xac140002);
	state->leases[0].ports = x_alloc(sizeof(*state->leases[0].ports));
	state->leases[0].ports[0] = (struct network_lease_port){ 0x7f000001, 3000, 80, true };
	state->leases[0].port_count = 1;
	CLEANUP_FREE char *text = network_state_format(state);

	ck_assert_int_eq(network_state_parse(str_from(text), "shop_default", &copy, &err), 0);
	CLEANUP_FREE char *again = network_state_format(copy);

	ck_assert_str_eq(text, again);
	/* Every cut of it is refused and leaks nothing. */
	for (size_t i = 0; i < strlen(text); i += 7) {
		struct network_state *none = NULL;

		int r = network_state_parse(str_make(text, i), "shop_default", &none, &err);

		ck_assert_int_eq(r, -ERR_PARSE);
	}
	ck_assert_int_eq(network_state_parse(str_from(text), "other", &copy, &err), -ERR_PARSE);
}
END_TEST

static const struct {
	const char *name;
	int expected;
} names[] = {
	{ "bridge", 0 },	 { "shop_default", 0 }, { "a.b-c", 0 },
	{ "", -ERR_USAGE },	 { "..", -ERR_USAGE },	{ "a/b", -ERR_USAGE },
	{ "-x", -ERR_USAGE },	 { "a b", -ERR_USAGE }, { "\xc3\xa4", -ERR_USAGE },
	{ "a\nb", -ERR_USAGE },
};

START_TEST(test_names)
{
	CLEANUP(error) struct error *err = NULL;

	ck_assert_int_eq(network_name_check(names[_i].name, &err), names[_i].expected);
}
END_TEST

static Suite *subnet_suite(void)
{
	Suite *suite = suite_create("network/subnet");
	TCase *tcase = tcase_create("subnet");

	tcase_add_loop_test(tcase, test_parse, 0, ARRAY_SIZE(texts));
	tcase_add_loop_test(tcase, test_overlap, 0, ARRAY_SIZE(pairs));
	tcase_add_loop_test(tcase, test_choose, 0, ARRAY_SIZE(choices));
	tcase_add_test(tcase, test_addresses);
	tcase_add_test(tcase, test_state_round_trip);
	tcase_add_loop_test(tcase, test_names, 0, ARRAY_SIZE(names));
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	SRunner *runner = srunner_create(subnet_suite());

	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);

	srunner_free(runner);
	return failed ? 1 : 0;
}
