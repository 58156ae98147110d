/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "control/ct_config.h"
#include "control/ct_config_keys.h"

static int parse(struct ct_config *c, const char *text, size_t n, char *err, size_t err_size)
{
	char *exact = malloc(n ? n : 1);
	memcpy(exact, text, n);
	int r = ct_config_parse(c, exact, n, "f", err, err_size);
	free(exact);
	return r;
}

static void refused(const char *text, const char *expected)
{
	struct ct_config c;
	char err[512];
	assert_int_equal(parse(&c, text, strlen(text), err, sizeof err), -EINVAL);
	assert_string_equal(err, expected);
	ct_config_free(&c);
}

static void accepted(struct ct_config *c, const char *text)
{
	char err[512];
	int r = parse(c, text, strlen(text), err, sizeof err);
	assert_string_equal(err, "");
	assert_int_equal(r, 0);
}

static void same(const struct ct_config *a, const struct ct_config *b)
{
	for (size_t i = 0; i < ct_nkeys; i++) {
		const struct ct_key *k = &ct_keys[i];
		const char *x = (const char *)a + k->at, *y = (const char *)b + k->at;
		switch (k->type) {
		case CT_KEY_NUMBER:
		case CT_KEY_SIZE:
		case CT_KEY_SECONDS:
		case CT_KEY_ENUM:
			assert_memory_equal(x, y, sizeof(uint32_t));
			break;
		case CT_KEY_BOOL:
			assert_memory_equal(x, y, sizeof(bool));
			break;
		case CT_KEY_TEXT:
		case CT_KEY_ASCII:
		case CT_KEY_STATUS:
			assert_string_equal(*(char *const *)(const void *)x, *(char *const *)(const void *)y);
			break;
		case CT_KEY_PORTS:
		case CT_KEY_TEXTS:
		case CT_KEY_PREFIXES:
			break;
		}
	}
	assert_int_equal(a->smtp.nports, b->smtp.nports);
	assert_memory_equal(a->smtp.ports, b->smtp.ports, a->smtp.nports * sizeof(*a->smtp.ports));
	assert_int_equal(a->rules.files.n, b->rules.files.n);
	assert_int_equal(a->receivers.n, b->receivers.n);
}

static void has_defaults(void **state)
{
	(void)state;
	struct ct_config c;
	assert_int_equal(setenv("XDG_CACHE_HOME", "/var/tmp/cache", 1), 0);
	assert_int_equal(ct_config_defaults(&c), 0);
	assert_true(c.sensor_name[0] != '\0');
	assert_string_equal(c.rules.cache_dir, "/var/tmp/cache/mailweir");
	assert_int_equal(c.workers.count, 1);
	assert_int_equal(c.capture.checksums, CT_CHECKSUMS_AUTO);
	assert_int_equal(c.tcp.window, 1 << 20);
	assert_int_equal(c.tcp.timeout_established, 900);
	assert_int_equal(c.smtp.nports, 4);
	assert_int_equal(c.smtp.ports[0], 24);
	assert_int_equal(c.smtp.ports[1], 25);
	assert_int_equal(c.smtp.ports[3], 2525);
	assert_int_equal(c.smtp.turn, CT_TURN_REFUSE);
	assert_true(c.smtp.detect);
	assert_int_equal(c.files.sha256, CT_SHA256_ALL);
	assert_int_equal(c.rules.files.n, 0);
	assert_string_equal(c.output.directory, "");
	assert_int_equal(c.output.stats_interval, 60);
	ct_config_free(&c);
	ct_config_free(&c); /* no harm */
}

static void has_defaults_for_run(void **state)
{
	(void)state;
	static const enum ct_policy policy[CT_POLICY_FOR_MAX] = {
		[CT_REASON_NONE] = CT_POLICY_PASS,	     [CT_REASON_TLS] = CT_POLICY_PASS,
		[CT_REASON_OVERLOAD] = CT_POLICY_TEMPFAIL,   [CT_REASON_TIMEOUT] = CT_POLICY_TEMPFAIL,
		[CT_REASON_GAP] = CT_POLICY_TEMPFAIL,	     [CT_REASON_MIDSTREAM] = CT_POLICY_PASS,
		[CT_REASON_LIMIT] = CT_POLICY_PASS,	     [CT_REASON_MALFORMED] = CT_POLICY_PASS,
		[CT_REASON_UNSUPPORTED] = CT_POLICY_PASS,    [CT_REASON_ENCRYPTED_FILE] = CT_POLICY_PASS,
		[CT_POLICY_SMUGGLING] = CT_POLICY_REJECT,
	};
	struct ct_config c;
	assert_int_equal(ct_config_defaults(&c), 0);
	assert_string_equal(c.ports.inside, "");
	assert_string_equal(c.ports.outside, "");
	assert_string_equal(c.ports.mirror, "");
	assert_string_equal(c.ports.reset, "");
	assert_false(c.inline_.observe);
	assert_int_equal(c.inline_.pickup, 0);
	assert_int_equal(c.inline_.reply_wait, 300);
	assert_int_equal(c.inline_.hold, 2048);
	assert_int_equal(c.inline_.stall, CT_STALL_CLOSED);
	assert_int_equal(c.inline_.stall_after, 5);
	assert_memory_equal(c.policy, policy, sizeof policy);
	assert_int_equal(c.reject.code, 554);
	assert_string_equal(c.reject.enhanced, "5.7.1");
	assert_non_null(strstr(c.reject.text, CT_REPLY_INCIDENT));
	assert_non_null(strstr(c.reject.tempfail_text, CT_REPLY_INCIDENT));
	ct_config_free(&c);
}

/* The cache of someone without a home is nowhere; root's is the system's. */
static void finds_a_cache_directory(void **state)
{
	(void)state;
	struct ct_config c;
	assert_int_equal(unsetenv("XDG_CACHE_HOME"), 0);
	assert_int_equal(setenv("HOME", "/home/a", 1), 0);
	assert_int_equal(ct_config_defaults(&c), 0);
	assert_string_equal(c.rules.cache_dir, geteuid() ? "/home/a/.cache/mailweir" : "/var/cache/mailweir");
	ct_config_free(&c);
	assert_int_equal(setenv("XDG_CACHE_HOME", "relative", 1), 0); /* the specification says: ignore it */
	assert_int_equal(ct_config_defaults(&c), 0);
	assert_string_equal(c.rules.cache_dir, geteuid() ? "/home/a/.cache/mailweir" : "/var/cache/mailweir");
	ct_config_free(&c);
	assert_int_equal(unsetenv("XDG_CACHE_HOME"), 0);
}

static void reads_every_kind_of_value(void **state)
{
	(void)state;
	struct ct_config c;
	accepted(&c, "sensor: {name: \"mx \\u732b\"}\n"
		     "workers:\n  count: 64\n"
		     "capture:\n  checksums: trust\n  vlan_in_flow: no\n"
		     "tcp:\n  window: 512K\n  timeout_new: 90\n  timeout_established: 1h\n  timeout_closed: 2m\n"
		     "smtp:\n  ports: [10025]\n  detect: off\n"
		     "files:\n  sha256: none\n  magic: false\n  head: 4096\n"
		     "rules:\n  files:\n    - a.rules\n    - \"b c.rules\"\n  cache_dir: \"\"\n"
		     "output:\n  directory: /var/log/mailweir\n  community_id_seed: 7\n");
	assert_string_equal(c.sensor_name, "mx 猫");
	assert_int_equal(c.workers.count, 64);
	assert_int_equal(c.capture.checksums, CT_CHECKSUMS_TRUST);
	assert_false(c.capture.vlan_in_flow);
	assert_int_equal(c.tcp.window, 512 * 1024);
	assert_int_equal(c.tcp.timeout_new, 90);
	assert_int_equal(c.tcp.timeout_established, 3600);
	assert_int_equal(c.tcp.timeout_closed, 120);
	assert_int_equal(c.smtp.nports, 1);
	assert_int_equal(c.smtp.ports[0], 10025);
	assert_false(c.smtp.detect);
	assert_int_equal(c.files.sha256, CT_SHA256_NONE);
	assert_false(c.files.magic);
	assert_int_equal(c.files.head, 4096);
	assert_int_equal(c.rules.files.n, 2);
	assert_string_equal(c.rules.files.v[0], "a.rules");
	assert_string_equal(c.rules.files.v[1], "b c.rules");
	assert_string_equal(c.rules.cache_dir, "");
	assert_string_equal(c.output.directory, "/var/log/mailweir");
	assert_int_equal(c.output.community_id_seed, 7);
	ct_config_free(&c);
}

static void reads_what_run_needs(void **state)
{
	(void)state;
	struct ct_config c;
	accepted(&c, "ports:\n  inside: eth1\n  outside: net_memif0,role=client\n"
		     "inline: {observe: true, pickup: 2m, reply_wait: 10s, hold: 4096, stall: open, stall_after: 9}\n"
		     "policy:\n  overload: pass\n  timeout: reject\n  gap: drop\n  limit: reject\n  malformed: tempfail\n"
		     "  unsupported: reject\n  encrypted_file: drop\n  midstream: reject\n  smuggling: pass\n"
		     "reject: {code: 550, enhanced: \"\", text: \"No: {incident}\", tempfail_text: Later.}\n"
		     "output: {stats_interval: 0}\n");
	assert_string_equal(c.ports.inside, "eth1");
	assert_string_equal(c.ports.outside, "net_memif0,role=client");
	assert_true(c.inline_.observe);
	assert_int_equal(c.inline_.pickup, 120);
	assert_int_equal(c.inline_.reply_wait, 10);
	assert_int_equal(c.inline_.hold, 4096);
	assert_int_equal(c.inline_.stall, CT_STALL_OPEN);
	assert_int_equal(c.inline_.stall_after, 9);
	assert_int_equal(c.policy[CT_REASON_OVERLOAD], CT_POLICY_PASS);
	assert_int_equal(c.policy[CT_REASON_TIMEOUT], CT_POLICY_REJECT);
	assert_int_equal(c.policy[CT_REASON_GAP], CT_POLICY_DROP);
	assert_int_equal(c.policy[CT_REASON_LIMIT], CT_POLICY_REJECT);
	assert_int_equal(c.policy[CT_REASON_MALFORMED], CT_POLICY_TEMPFAIL);
	assert_int_equal(c.policy[CT_REASON_UNSUPPORTED], CT_POLICY_REJECT);
	assert_int_equal(c.policy[CT_REASON_ENCRYPTED_FILE], CT_POLICY_DROP);
	assert_int_equal(c.policy[CT_REASON_MIDSTREAM], CT_POLICY_REJECT);
	assert_int_equal(c.policy[CT_POLICY_SMUGGLING], CT_POLICY_PASS);
	assert_int_equal(c.policy[CT_REASON_TLS], CT_POLICY_PASS);
	assert_int_equal(c.reject.code, 550);
	assert_string_equal(c.reject.enhanced, "");
	assert_string_equal(c.reject.text, "No: {incident}");
	assert_string_equal(c.reject.tempfail_text, "Later.");
	assert_int_equal(c.output.stats_interval, 0);
	ct_config_free(&c);
	accepted(&c, "ports: {mirror: eth2, reset: eth3}\n");
	assert_string_equal(c.ports.mirror, "eth2");
	assert_string_equal(c.ports.reset, "eth3");
	ct_config_free(&c);
}

static enum rs_overlap_policy receiver(const struct ct_config *c, const char *text)
{
	uint8_t addr[16] = { [10] = 0xff, [11] = 0xff };
	bool v4 = !strchr(text, ':');
	assert_int_equal(inet_pton(v4 ? AF_INET : AF_INET6, text, v4 ? addr + 12 : addr), 1);
	return ct_config_receiver(c, addr);
}

static void the_longest_prefix_says_how_a_receiver_reads(void **state)
{
	(void)state;
	struct ct_config c;
	assert_int_equal(ct_config_defaults(&c), 0);
	assert_int_equal(receiver(&c, "192.0.2.1"), RS_OVERLAP_LINUX);
	assert_int_equal(receiver(&c, "2001:db8::1"), RS_OVERLAP_LINUX);
	ct_config_free(&c);
	accepted(&c, "receivers:\n  default: bsd-right\n  windows: [10.0.0.0/8, \"2001:db8::/32\"]\n"
		     "  vista: [10.1.2.3, 10.1.2.128/25, 10.1.0.0/16]\n  last: [\"2001:db8:0:8000::/49\", \"::/0\"]\n");
	assert_int_equal(receiver(&c, "10.2.0.1"), RS_OVERLAP_WINDOWS);
	assert_int_equal(receiver(&c, "10.1.2.3"), RS_OVERLAP_VISTA);
	assert_int_equal(receiver(&c, "10.1.2.127"), RS_OVERLAP_VISTA);
	assert_int_equal(receiver(&c, "2001:db8::1"), RS_OVERLAP_WINDOWS);
	assert_int_equal(receiver(&c, "2001:db8:0:7fff::1"), RS_OVERLAP_WINDOWS);
	assert_int_equal(receiver(&c, "2001:db8:0:8000::1"), RS_OVERLAP_LAST);
	assert_int_equal(receiver(&c, "2001:db9::1"), RS_OVERLAP_LAST);
	assert_int_equal(receiver(&c, "11.0.0.1"), RS_OVERLAP_LAST); /* ::/0 holds ::ffff:0:0/96 */
	ct_config_free(&c);
	accepted(&c, "receivers: {solaris: [0.0.0.0/0, 192.0.2.0/24], irix: [192.0.2.1/32]}\n");
	assert_int_equal(receiver(&c, "192.0.2.1"), RS_OVERLAP_IRIX);
	assert_int_equal(receiver(&c, "192.0.2.2"), RS_OVERLAP_SOLARIS);
	assert_int_equal(receiver(&c, "255.255.255.255"), RS_OVERLAP_SOLARIS);
	assert_int_equal(receiver(&c, "::1"), RS_OVERLAP_LINUX);
	ct_config_free(&c);
	/* Every policy has a key of its name. */
	for (int p = 0; p < RS_OVERLAP_MAX; p++) {
		char text[64];
		snprintf(text, sizeof text, "receivers: {%s: [192.0.2.1]}\n", rs_overlap_name(p));
		accepted(&c, text);
		assert_int_equal(receiver(&c, "192.0.2.1"), p);
		ct_config_free(&c);
	}
}

static void refuses_receivers_that_contradict(void **state)
{
	(void)state;
	static const char *const wrong[] = { "10.0.0.0/33", "10.0.0/8", "::/129", "10.0.0.0/", "/8", "10.0.0.0/ 8", "a", "1.2.3.4/8x",
					     "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc:dddd" };
	char text[256], expected[512];
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		snprintf(text, sizeof text, "receivers: {bsd: [\"%s\"]}\n", wrong[i]);
		snprintf(expected, sizeof expected, "f:1:19: receivers.bsd is \"%.60s\", expected a list of address prefixes, such as "
			 "[192.0.2.0/24, \"2001:db8::/32\"]", wrong[i]);
		refused(text, expected);
	}
	refused("receivers:\n  windows: [10.0.0.0/8, 10.1.2.3/16]\n",
		"f:2:25: receivers.windows is \"10.1.2.3/16\", which has bits behind its prefix, expected an address of which only the "
		"prefix is not 0");
	refused("receivers:\n  windows: [10.0.0.0/8]\n  linux: [192.0.2.1, 10.0.0.0/8]\n",
		"f:3:22: receivers.linux is \"10.0.0.0/8\" a second time, expected once: it stands in \"windows\" already");
	refused("receivers:\n  windows: [192.0.2.1, \"::ffff:192.0.2.1\"]\n",
		"f:2:24: receivers.windows is \"::ffff:192.0.2.1\" a second time, expected once: it stands in \"windows\" already");
}

static void refuses_ports_that_do_not_go_together(void **state)
{
	(void)state;
	refused("ports: {inside: a}\n", "f:1:1: an inside port without an outside port, expected both");
	refused("tcp:\nports: {outside: a}\n", "f:2:1: an outside port without an inside port, expected both");
	refused("ports: {reset: a}\n", "f:1:1: a reset port without a mirror port, expected both");
	refused("ports: {inside: a, outside: b, mirror: c}\n",
		"f:1:1: inside and outside ports beside a mirror port, expected the two or the one");
	refused("ports: {inside: a, outside: b, reset: c}\n", "f:1:1: a reset port without a mirror port, expected both");
	refused("ports: {mirror: a, reset: a}\n", "f:1:1: one port as mirror and reset, expected two");
	refused("ports: {inside: a, outside: a}\n", "f:1:1: one port as inside and outside, expected two");
}

/* A reply is one line of at most 512 bytes, whatever is configured. */
static void refuses_what_is_no_reply(void **state)
{
	(void)state;
	static const char *const status[] = { "4.7.1", "5",	   "5.7",   "5.7.",    "5.7.1.",
					      "5..1",  "5.7.1234", "5.7.x", "5.7.1 x", " 5.7.1" };
	static const char *const texts[] = { "", "a\\tb", "a\\r\\nb", "caf\\u00e9", "a\\x7f" };
	char text[CT_REPLY_TEXT_MAX + 100], expected[256];
	for (size_t i = 0; i < sizeof status / sizeof *status; i++) {
		snprintf(text, sizeof text, "reject: {enhanced: \"%s\"}\n", status[i]);
		snprintf(expected, sizeof expected,
			 "f:1:20: reject.enhanced is \"%s\", expected a code such as 5.7.1, or \"\"", status[i]);
		refused(text, expected);
	}
	refused("reject: {code: 451}\n", "f:1:16: reject.code is \"451\", expected a number from 500 to 599");
	refused("reject: {code: 600}\n", "f:1:16: reject.code is \"600\", expected a number from 500 to 599");
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct ct_config c;
		char err[512];
		snprintf(text, sizeof text, "reject: {text: \"%s\"}\n", texts[i]);
		assert_int_equal(parse(&c, text, strlen(text), err, sizeof err), -EINVAL);
		assert_non_null(strstr(err, "expected printable ASCII of 1 to 320 characters"));
		assert_null(strpbrk(err, "\r\n\t"));
	}
	struct ct_config c;
	int n = snprintf(text, sizeof text, "reject:\n  tempfail_text: ");
	memset(text + n, 'x', CT_REPLY_TEXT_MAX);
	strcpy(text + n + CT_REPLY_TEXT_MAX, "\n");
	accepted(&c, text);
	ct_config_free(&c);
	strcpy(text + n + CT_REPLY_TEXT_MAX, "x\n");
	char err[512];
	assert_int_equal(parse(&c, text, strlen(text), err, sizeof err), -EINVAL);
}

static void nothing_said_is_the_defaults(void **state)
{
	(void)state;
	static const char *const texts[] = { "",          "# nothing\n", "---\n...\n",           "tcp:\n",
					     "tcp: {}\n", "~\n",         "\xef\xbb\xbf# a BOM\n" };
	struct ct_config c, d;
	assert_int_equal(ct_config_defaults(&d), 0);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		accepted(&c, texts[i]);
		same(&c, &d);
		ct_config_free(&c);
	}
	ct_config_free(&d);
}

static void says_where_what_and_what_was_expected(void **state)
{
	(void)state;
	refused("tcp:\n  windw: 1M\n", "f:2:3: unknown key \"tcp.windw\", did you mean \"tcp.window\"?");
	refused("tpc:\n  window: 1M\n", "f:1:1: unknown key \"tpc\", did you mean \"tcp\"?");
	refused("window: 1M\n", "f:1:1: unknown key \"window\", did you mean \"window\" in \"tcp\"?");
	refused("tcp:\n  mbufs: 5\n", "f:2:3: unknown key \"tcp.mbufs\", did you mean \"memory.mbufs\"?");
	refused("smtp:\n  something_else: 1\n",
		"f:2:3: unknown key \"smtp.something_else\", expected one of ports, detect, turn");
	refused("elephant: 1\n",
		"f:1:1: unknown key \"elephant\", expected sensor, workers, ports, inline, policy, reject, memory, capture, "
		"tcp, ip, receivers, smtp, limits, files, rules or output");
	refused("tcp:\n  window: lots\n", "f:2:11: tcp.window is \"lots\", expected a size from 4k to 1G, such as 64k");
	refused("tcp:\n  window: 2G\n", "f:2:11: tcp.window is \"2G\", expected a size from 4k to 1G, such as 64k");
	refused("tcp:\n  window: 99999999999\n",
		"f:2:11: tcp.window is \"99999999999\", expected a size from 4k to 1G, such as 64k");
	refused("tcp:\n  window: -5\n", "f:2:11: tcp.window is \"-5\", expected a size from 4k to 1G, such as 64k");
	refused("tcp:\n  window:\n", "f:2:10: tcp.window is empty, expected a size from 4k to 1G, such as 64k");
	refused("tcp:\n  window: [1M]\n", "f:2:11: tcp.window is a list, expected a size from 4k to 1G, such as 64k");
	refused("tcp:\n  timeout_new: 5x\n",
		"f:2:16: tcp.timeout_new is \"5x\", expected a time from 1s to 1d, such as 30s, 5m or 1h");
	refused("tcp:\n  timeout_new: 5ms\n",
		"f:2:16: tcp.timeout_new is \"5ms\", expected a time from 1s to 1d, such as 30s, 5m or 1h");
	refused("workers:\n  count: 0\n", "f:2:10: workers.count is \"0\", expected a number from 1 to 64");
	refused("workers:\n  count: 4k\n", "f:2:10: workers.count is \"4k\", expected a number from 1 to 64");
	refused("smtp:\n  detect: maybe\n", "f:2:11: smtp.detect is \"maybe\", expected true or false");
	refused("capture:\n  checksums: Auto\n",
		"f:2:14: capture.checksums is \"Auto\", expected auto, verify or trust");
	refused("smtp:\n  ports: 25\n",
		"f:2:10: smtp.ports is a single value, expected a list of ports from 1 to 65535, such as [25, 587]");
	refused("smtp:\n  ports: [25, 65536]\n",
		"f:2:15: smtp.ports is \"65536\", expected a list of ports from 1 to 65535, such as [25, 587]");
	refused("smtp:\n  ports: [25, [26]]\n",
		"f:2:15: smtp.ports is a list, expected a list of ports from 1 to 65535, such as [25, 587]");
	refused("rules:\n  files: [\"\"]\n",
		"f:2:11: rules.files is \"\", expected a list of files, such as [a.rules, b.rules]");
	refused("sensor:\n  name: \"\"\n", "f:2:9: sensor.name is \"\", expected text of 1 to 255 characters");
	refused("sensor:\n  name: \"a\\0b\"\n",
		"f:2:9: sensor.name is text with a NUL, expected text of 1 to 255 characters");
	refused("tcp:\n  held: 1\n  held: 2\n", "f:3:3: tcp.held a second time, expected once: it stands in line 2");
	refused("tcp:\n  held: 1\nsmtp:\ntcp:\n", "f:4:1: tcp a second time, expected once: it stands in line 1");
	refused("tcp: 5\n", "f:1:6: tcp is a single value, expected its keys, indented, each \"key: value\"");
	refused("tcp: [5]\n", "f:1:6: tcp is a list, expected its keys, indented, each \"key: value\"");
	refused("- tcp\n", "f:1:1: a list, expected sections, each \"section:\" and its keys");
	refused("tcp\n", "f:1:1: a single value, expected sections, each \"section:\" and its keys");
	refused("? [a]\n: b\n", "f:1:3: a list where a section belongs, expected a name");
	refused("tcp:\n  ? {a: b}\n  : c\n", "f:2:5: a mapping where a key of \"tcp\" belongs, expected a name");
	refused("tcp:\n  window: *a\n", "f:2:11: an alias, which is not supported, expected the value itself");
	refused("tcp: {}\n---\nsmtp: {}\n", "f:2:1: a second document, expected one");
	refused("tcp:\n\twindow: 1M\n",
		"f:2:1: not valid YAML: while scanning for the next token, found character that cannot start any "
		"token, expected \"section:\" and, indented, \"key: value\"");
	refused("tcp:\n  window: \"1M\n",
		"f:3:1: not valid YAML: while scanning a quoted scalar, found unexpected end of stream, "
		"expected \"section:\" and, indented, \"key: value\"");
	refused("tcp: {\n",
		"f:2:1: not valid YAML: while parsing a flow node, did not find expected node content, expected "
		"\"section:\" and, indented, \"key: value\"");
	refused("tcp:\n  window: \"a\xff\"\n",
		"f:2:13: not valid YAML: invalid leading UTF-8 octet, expected UTF-8 text");
	/* Nothing of the file breaks the line, or the terminal. */
	refused("\"a\\e[31m\\nb\": 1\n",
		"f:1:1: unknown key \"a␛[31m␊b\", expected sensor, workers, ports, inline, policy, reject, memory, capture, "
		"tcp, ip, receivers, smtp, limits, files, rules or output");
}

static void refuses_what_is_no_file(void **state)
{
	(void)state;
	struct ct_config c;
	char err[256];
	assert_int_equal(ct_config_load(&c, "/nonexistent/mailweir.yaml", err, sizeof err), -ENOENT);
	assert_string_equal(
		err,
		"/nonexistent/mailweir.yaml: cannot be read: No such file or directory, expected a configuration file");
	ct_config_free(&c);
	assert_int_equal(ct_config_load(&c, "/", err, sizeof err), -EISDIR);
	assert_string_equal(err, "/: cannot be read: Is a directory, expected a configuration file");
	ct_config_free(&c);
	static char big[1024 * 1024 + 1];
	memset(big, '#', sizeof big);
	assert_int_equal(parse(&c, big, sizeof big, err, sizeof err), -EINVAL);
	assert_string_equal(err, "f: larger than 1 MB, expected a configuration");
	ct_config_free(&c);
}

static void loads_a_file(void **state)
{
	(void)state;
	char path[] = "/tmp/ct_config_test.XXXXXX", err[256];
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "workers: {count: 3}\n", 20), 20);
	close(fd);
	struct ct_config c;
	assert_int_equal(ct_config_load(&c, path, err, sizeof err), 0);
	assert_int_equal(c.workers.count, 3);
	ct_config_free(&c);
	unlink(path);
}

/* What is printed can be read, and says what is so without it; every key stands in it once. */
static void reference_is_a_configuration(void **state)
{
	(void)state;
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);
	ct_config_print_reference(f);
	fclose(f);
	struct ct_config c, d;
	accepted(&c, text);
	assert_int_equal(ct_config_defaults(&d), 0);
	same(&c, &d);
	ct_config_free(&c);
	ct_config_free(&d);
	for (size_t i = 0; i < ct_nkeys; i++) {
		char line[64];
		snprintf(line, sizeof line, "  %s%s:", ct_keys[i].value ? "" : "# ", ct_keys[i].name);
		assert_non_null(strstr(text, line));
		assert_non_null(strstr(text, ct_keys[i].section));
	}
	assert_non_null(strstr(text, "\n  # Expected: a size from 4k to 1G, such as 64k.\n  window: 1M\n"));
	assert_non_null(strstr(text, "\n  ports: [24, 25, 587, 2525]\n"));
	/* A value that is longer than a line goes on in the next one. */
	assert_non_null(strstr(text, "\n  text: \"Message refused: its content is a program or looks like one. Incident\n"
				     "    {incident}\"\n"));
	free(text);
}

/* Each section has keys, and each key a section. */
static void sections_and_keys_agree(void **state)
{
	(void)state;
	size_t in_order = 0;
	for (size_t i = 0; i < ct_nkeys; i++) {
		while (in_order < ct_nsections && strcmp(ct_sections[in_order].name, ct_keys[i].section) != 0)
			in_order++;
		assert_true(in_order < ct_nsections);
		assert_non_null(ct_keys[i].value ? ct_keys[i].value : ct_keys[i].default_is);
		assert_true(ct_keys[i].meaning[strlen(ct_keys[i].meaning) - 1] == '.' ||
			    strchr(ct_keys[i].meaning, ';') || strchr(ct_keys[i].meaning, ':'));
	}
	assert_int_equal(in_order, ct_nsections - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_defaults),
		cmocka_unit_test(has_defaults_for_run),
		cmocka_unit_test(finds_a_cache_directory),
		cmocka_unit_test(reads_every_kind_of_value),
		cmocka_unit_test(reads_what_run_needs),
		cmocka_unit_test(refuses_ports_that_do_not_go_together),
		cmocka_unit_test(the_longest_prefix_says_how_a_receiver_reads),
		cmocka_unit_test(refuses_receivers_that_contradict),
		cmocka_unit_test(refuses_what_is_no_reply),
		cmocka_unit_test(nothing_said_is_the_defaults),
		cmocka_unit_test(says_where_what_and_what_was_expected),
		cmocka_unit_test(refuses_what_is_no_file),
		cmocka_unit_test(loads_a_file),
		cmocka_unit_test(reference_is_a_configuration),
		cmocka_unit_test(sections_and_keys_agree),
	};
	return cmocka_run_group_tests_name("ct_config", tests, NULL, NULL);
}
