/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256: the standard's vectors, pieces, framing. */
#include "fixture.h"

#include "codec/sha256.h"

static const struct {
	const char *text, *hex;
} vectors[] = {
	{"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
	{"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	 "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
};

START_TEST(test_vectors)
{
	str text = str_from(vectors[_i].text);
	char hex[SHA256_HEX_SIZE];
	struct sha256 h;

	sha256_hex(text, hex);
	ck_assert_str_eq(hex, vectors[_i].hex);
	/* Byte by byte, twice: finishing resets. */
	sha256_start(&h);
	for (int n = 0; n < 2; n++) {
		for (size_t i = 0; i < text.len; i++)
			sha256_add(&h, text.ptr + i, 1);
		sha256_add(&h, NULL, 0);
		sha256_finish(&h, hex);
		ck_assert_str_eq(hex, vectors[_i].hex);
	}
	ck_assert(sha256_is_hex(str_from(hex)));
}
END_TEST

START_TEST(test_million)
{
	char a[1000], hex[SHA256_HEX_SIZE];
	struct sha256 h;

	memset(a, 'a', sizeof(a));
	sha256_start(&h);
	for (int i = 0; i < 1000; i++)
		sha256_add(&h, a, sizeof(a));
	sha256_finish(&h, hex);
	ck_assert_str_eq(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}
END_TEST

static void hash_list(const char *words, char hex[SHA256_HEX_SIZE])
{
	str rest = str_from(words), word;
	struct sha256 h;

	sha256_start(&h);
	while (str_cut(&rest, ',', &word))
		sha256_add_framed(&h, word);
	sha256_finish(&h, hex);
}

START_TEST(test_framed)
{
	static const char *const lists[] = {"",	   ",",	    "ab,c", "a,bc",
					    "abc", "a,b,c", "abc,", ",abc"};
	char hex[ARRAY_SIZE(lists)][SHA256_HEX_SIZE], expected[SHA256_HEX_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		hash_list(lists[i], hex[i]);
		for (size_t j = 0; j < i; j++)
			ck_assert_str_ne(hex[i], hex[j]);
	}
	/* Eight bytes of length, little endian. */
	sha256_hex(STR("\2\0\0\0\0\0\0\0ab\1\0\0\0\0\0\0\0c"), expected);
	ck_assert_str_eq(hex[2], expected);
}
END_TEST

static const struct {
	const char *text;
	bool is_hex;
} texts[] = {
	{"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", true},
	{"0000000000000000000000000000000000000000000000000000000000000000", true},
	{"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85", false},
	{"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b8555", false},
	{"E3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", false},
	{"g3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", false},
	{"../../../../../../../../../../../../../../../../../../etc/passwd0", false},
	{"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85/", false},
	{"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85:", false},
	{"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85`", false},
	{"", false},
};

START_TEST(test_is_hex)
{
	ck_assert(sha256_is_hex(str_from(texts[_i].text)) == texts[_i].is_hex);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sha256");
	TCase *tests = tcase_create("sha256");

	tcase_add_loop_test(tests, test_vectors, 0, (int)ARRAY_SIZE(vectors));
	tcase_add_test(tests, test_million);
	tcase_add_test(tests, test_framed);
	tcase_add_loop_test(tests, test_is_hex, 0, (int)ARRAY_SIZE(texts));
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
