/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <cmocka.h>

#include "control/ct_community.h"
#include "control/ct_flow.h"
#include "control/ct_names.h"

static void address(const char *text, uint8_t out[16])
{
	memset(out, 0, 16);
	if (inet_pton(AF_INET6, text, out) == 1)
		return;
	out[10] = out[11] = 0xff;
	assert_int_equal(inet_pton(AF_INET, text, out + 12), 1);
}

/* The first four stand in the specification's own test vectors (baseline, TCP and IPv6). */
static void community_id_is_that_of_the_specification(void **state)
{
	(void)state;
	static const struct {
		const char *src;
		uint16_t sport;
		const char *dst;
		uint16_t dport, seed;
		const char *id;
	} rows[] = {
		{ "128.232.110.120", 34855, "66.35.250.204", 80, 0, "1:LQU9qZlK+B5F3KDmev6m5PMibrg=" },
		{ "66.35.250.204", 80, "128.232.110.120", 34855, 0, "1:LQU9qZlK+B5F3KDmev6m5PMibrg=" },
		{ "128.232.110.120", 34855, "66.35.250.204", 80, 1, "1:3V71V58M3Ksw/yuFALMcW0LAHvc=" },
		{ "2001:470:e5bf:dead:4957:2174:e82c:4887", 63943, "2607:f8b0:400c:c03::1a", 25, 0,
		  "1:/qFaeAR+gFe1KYjMzVDsMv+wgU4=" },
		{ "10.0.0.1", 40001, "10.0.0.2", 25, 0, "1:fTIt67Mf2AW9yVixMm4bnpSg3Sg=" },
		{ "10.0.0.1", 2, "10.0.0.1", 1, 0, NULL },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct ct_flow f = { .sport = rows[i].sport, .dport = rows[i].dport };
		char id[CT_COMMUNITY_SIZE];
		address(rows[i].src, f.src);
		address(rows[i].dst, f.dst);
		ct_community_id(&f, rows[i].seed, id);
		if (rows[i].id)
			assert_string_equal(id, rows[i].id);
		/* The other direction has the same. */
		struct ct_flow back = { .sport = f.dport, .dport = f.sport };
		char other[CT_COMMUNITY_SIZE];
		memcpy(back.src, f.dst, 16);
		memcpy(back.dst, f.src, 16);
		ct_community_id(&back, rows[i].seed, other);
		assert_string_equal(id, other);
	}
}

static void addresses_are_written_as_people_do(void **state)
{
	(void)state;
	static const struct {
		const char *address, *endpoint;
	} rows[] = {
		{ "10.0.0.1", "10.0.0.1:25" },
		{ "::ffff:10.0.0.1", "10.0.0.1:25" },
		{ "2001:db8::1", "[2001:db8::1]:25" },
		{ "::", "[::]:25" },
		{ "2001:db8:1111:2222:3333:4444:5555:6666", "[2001:db8:1111:2222:3333:4444:5555:6666]:25" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint8_t a[16];
		char endpoint[CT_ENDPOINT_SIZE];
		address(rows[i].address, a);
		ct_flow_endpoint(a, 25, endpoint);
		assert_string_equal(endpoint, rows[i].endpoint);
	}
}

static void incidents_have_thirteen_digits(void **state)
{
	(void)state;
	char name[CT_INCIDENT_SIZE];
	ct_incident_name(0, name);
	assert_string_equal(name, "0000-0000-00000");
	ct_incident_name(1, name);
	assert_string_equal(name, "0000-0000-00001");
	ct_incident_name(UINT64_MAX, name);
	assert_string_equal(name, "FZZZ-ZZZZ-ZZZZZ");
	ct_incident_name(UINT64_C(1) << 60, name);
	assert_string_equal(name, "1000-0000-00000");
	ct_incident_name(UINT64_C(1234567890123456789), name);
	assert_string_equal(name, "128G-GYHY-YK08N");
}

/* Replies as servers write them. */
static void queue_ids_are_found(void **state)
{
	(void)state;
	static const struct {
		const char *reply, *id;
	} rows[] = {
		{ "2.0.0 Ok: queued as 4CDEB4BA92F9", "4CDEB4BA92F9" },
		{ "2.0.0 Ok: queued as 4Zk1yz3b0Xz9sPx", "4Zk1yz3b0Xz9sPx" },
		{ "Ok: queued as 12345.", "12345" },
		{ "2.6.0 Ok, id=12345-01, from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 1A2B3C", "1A2B3C" },
		{ "OK id=1rYb2x-0003Kd-2P", "1rYb2x-0003Kd-2P" },
		{ "2.0.0 42N7fGh1012345 Message accepted for delivery", "42N7fGh1012345" },
		{ "2.0.0: 9d2f1b3a Message accepted for delivery", "9d2f1b3a" },
		{ "2.0.0 9d2f1b3a Message accepted for delivery", "9d2f1b3a" },
		{ "ok 1206125712 qp 21317", "1206125712 qp 21317" },
		{ "2.0.0 OK  1700000000 x12-20020a05.123 - gsmtp", "x12-20020a05.123" },
		{ "2.6.0 <abc@def> [InternalId=4711, Hostname=ex.example.com] 12 bytes in 0.1, Queued mail for "
		  "delivery",
		  "4711" },
		{ "2.6.0 <abc@def> [InternalId=4711] Queued mail for delivery", "4711" },
		{ "QUEUED AS <X1>", "X1" },
		{ "2.0.0 Message accepted for delivery", NULL },
		{ "Message accepted for delivery", NULL },
		{ "Ok: Message accepted", NULL },
		{ "OK", NULL },
		{ "", NULL },
		{ "Ok: queued as ", NULL },
		{ "Ok: queued as ...", NULL },
		{ "OK id=", NULL },
		{ "ok 12 qp ", NULL },
		{ "ok qp 5", NULL },
		{ "[InternalId=]", NULL },
		{ "- gsmtp", NULL },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char *id = ct_queue_id(rows[i].reply);
		if (rows[i].id) {
			assert_non_null(id);
			assert_string_equal(id, rows[i].id);
		} else {
			assert_null(id);
		}
		free(id);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(community_id_is_that_of_the_specification),
		cmocka_unit_test(addresses_are_written_as_people_do),
		cmocka_unit_test(incidents_have_thirteen_digits),
		cmocka_unit_test(queue_ids_are_found),
	};
	return cmocka_run_group_tests_name("ct_names", tests, NULL, NULL);
}
