/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "reassembly/archive/rs_cms.h"
#include "reassembly/archive/rs_unwrap_log.h"

static uint8_t file[4096];
static size_t len;
static struct unwrap_log whole, split;
static struct rs_cms cms;

static const uint8_t data[] = "\6\11\x2a\x86\x48\x86\xf7\x0d\1\7\1", holds[] = "\6\11\x2a\x86\x48\x86\xf7\x0d\1\7\2",
		     enveloped[] = "\6\11\x2a\x86\x48\x86\xf7\x0d\1\7\3", packed[] = "\6\13\x2a\x86\x48\x86\xf7\x0d\1\11\20\1\11";

static void put(const void *p, size_t n)
{
	assert_true(len + n <= sizeof file);
	memcpy(file + len, p, n);
	len += n;
}

static void put_oid(const uint8_t *oid)
{
	put(oid, 2u + oid[1]);
}

static bool indefinite; /* how what holds others is written */

static size_t begin(uint8_t tag)
{
	put(&tag, 1);
	put("\x80", 1);
	return len;
}

static void end(size_t from)
{
	const size_t n = len - from;
	if (indefinite) {
		put("\0", 2);
		return;
	}
	put("\0\0", 2);
	memmove(file + from + 2, file + from, n);
	file[from - 1] = 0x82;
	file[from] = (uint8_t)(n >> 8);
	file[from + 1] = (uint8_t)n;
}

static void primitive(uint8_t tag, const void *p, size_t n)
{
	const uint8_t head[2] = { tag, (uint8_t)n };
	put(head, 2);
	put(p, n);
}

/* Of each outer type: what stands before the content and behind it. */
static void make(const uint8_t *type, const uint8_t *inner, const char *const *pieces, unsigned n)
{
	len = 0;
	const size_t info = begin(0x30);
	put_oid(type);
	const size_t content = begin(0xa0), body = begin(0x30);
	primitive(2, "\1", 1);
	const size_t algorithms = begin(type == holds ? 0x31 : 0x30);
	primitive(6, "\x2b\x0e\3\2\x1a", 5);
	end(algorithms);
	const size_t encap = begin(0x30);
	put_oid(inner);
	if (n) {
		const size_t econtent = begin(0xa0);
		const size_t octets = n > 1 ? begin(0x24) : 0;
		for (unsigned i = 0; i < n; i++)
			primitive(4, pieces[i], strlen(pieces[i]));
		if (octets)
			end(octets);
		end(econtent);
	}
	end(encap);
	const size_t certificates = begin(0xa0);
	put("\x1f\1\0", 3); /* a number above 30 */
	end(certificates);
	end(body);
	end(content);
	end(info);
}

static void expect(uint32_t flags, const char *layer, const char *content)
{
	unwrap_log_run(&whole, &rs_cms_reader, &cms, file, len, NULL, NULL);
	assert_int_equal(whole.flags, flags);
	assert_int_equal(whole.members, content != NULL);
	if (content) {
		assert_string_equal(whole.member[0].name, layer);
		assert_int_equal(whole.member[0].n, strlen(content));
		if (*content)
			assert_memory_equal(whole.data, content, strlen(content));
	}
	assert_true(unwrap_log_every_cut(&split, &whole, 1));
}

static void contents(void **state)
{
	static const char *const one[] = { "Content-Type: text/plain\r\n\r\na text\r\n" };
	static const char *const three[] = { "Content-Type: text", "/plain\r\n\r\n", "a text\r\n" }, *const nothing[] = { "" };
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		indefinite = i;
		make(holds, data, one, 1);
		assert_true(rs_cms_is(file, 32));
		expect(0, "signed-data", one[0]);
		assert_int_equal(whole.member[0].said, strlen(one[0]));
		make(holds, data, three, 3);
		expect(0, "signed-data", one[0]);
		make(holds, data, nothing, 1);
		expect(0, "signed-data", "");
		make(holds, data, NULL, 0); /* a signature alone */
		expect(0, NULL, NULL);
		make(packed, data, one, 1);
		assert_true(rs_cms_is(file, 32));
		expect(RS_UNWRAP_UNSUPPORTED, "compressed-data", one[0]);
		make(holds, holds, one, 1);
		expect(RS_UNWRAP_UNSUPPORTED, "signed-data", one[0]);
		make(enveloped, data, one, 1);
		assert_true(rs_cms_is(file, 32));
		expect(RS_UNWRAP_ENCRYPTED, NULL, NULL);
		/* What stands behind it is nobody's. */
		make(holds, data, one, 1);
		put("trailing", 8);
		expect(0, "signed-data", one[0]);
	}
}

static void bare_data(void **state)
{
	(void)state;
	indefinite = false;
	len = 0;
	const size_t info = begin(0x30);
	put_oid(data);
	const size_t content = begin(0xa0);
	primitive(4, "a text", 6);
	end(content);
	end(info);
	assert_true(rs_cms_is(file, len));
	expect(0, "signed-data", "a text");
}

static void what_is_none(void **state)
{
	(void)state;
	assert_false(rs_cms_is((const uint8_t *)"0 is how a text may begin, too.", 32));
	assert_false(rs_cms_is((const uint8_t *)"\x30\x82\1\1\2\1\3\x30\x82\1\0\6\11\x2a\x86\x48\x86\xf7\x0d\1\7\1", 22)); /* PKCS #12 */
	assert_false(rs_cms_is((const uint8_t *)"\x30\x88\xff\xff\xff\xff\xff\xff\xff\xff", 10));
	assert_true(rs_cms_is((const uint8_t *)"\x30\x80\6\x81\11\x2a\x86\x48\x86\xf7\x0d\1\7\2", 14)); /* BER allows it */
	memcpy(file, "\x31\x05xxxxx", 7);
	len = 7;
	expect(RS_UNWRAP_NOT, NULL, NULL);
}

static void broken(void **state)
{
	static const char *const one[] = { "a text" }, *const two[] = { "a ", "text" };
	(void)state;
	indefinite = false;
	make(holds, data, one, 1);
	const size_t all = len;
	for (len = 1; len < all; len++) {
		unwrap_log_run(&whole, &rs_cms_reader, &cms, file, len, NULL, NULL);
		assert_int_equal(whole.flags, RS_UNWRAP_CUT);
	}
	len = all;
	uint8_t *text = memmem(file, len, "a text", 6);
	text[-1] = 77; /* longer than what holds it */
	expect(RS_UNWRAP_WRONG, NULL, NULL);
	indefinite = true;
	make(holds, data, two, 2);
	text = memmem(file, len, "text", 4);
	text[-2] = 0x44;
	text[-1] = 0x80; /* nothing in it to say where it ends */
	expect(RS_UNWRAP_WRONG, "signed-data", "a ");
	assert_int_equal(whole.member[0].flags, RS_UNWRAP_CUT);
	/* Pieces in pieces. */
	make(holds, data, NULL, 0);
	len -= 2 + 7 + 3 * 2; /* what is behind the inner type */
	begin(0xa0);
	for (unsigned i = 0; i < RS_CMS_DEPTH; i++)
		begin(0x24);
	expect(RS_UNWRAP_LIMIT, "signed-data", "");
}

static void lose(size_t at, size_t n)
{
	unwrap_log_lose(&whole, &rs_cms_reader, &cms, file, len, at, n);
}

static void missing_bytes(void **state)
{
	static const char *const one[] = { "a text that goes on" };
	(void)state;
	indefinite = false;
	make(holds, data, one, 1);
	const size_t at = (size_t)((uint8_t *)memmem(file, len, one[0], 19) - file);
	lose(at + 3, 4);
	assert_int_equal(whole.flags, 0);
	assert_int_equal(whole.member[0].missing, 4);
	assert_int_equal(whole.member[0].flags, RS_UNWRAP_GAP);
	lose(at + 17, 4);
	assert_int_equal(whole.flags, RS_UNWRAP_CUT);
	for (size_t from = 0; from < len; from++)
		for (size_t n = 1; from + n <= len; n++)
			lose(from, n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(contents), cmocka_unit_test(bare_data), cmocka_unit_test(what_is_none),
		cmocka_unit_test(broken),   cmocka_unit_test(missing_bytes),
	};
	return cmocka_run_group_tests_name("rs_cms", tests, NULL, NULL);
}
