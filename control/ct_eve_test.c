/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <jansson.h>

#include "control/ct_fake_rules.h"
#include "control/ct_sample.h"
#include "reassembly/mime/rs_mime.h"

static struct ct_config config;
static struct ct_render *render;

static int setup(void **state)
{
	(void)state;
	sample_init();
	if (ct_config_defaults(&config))
		return 1;
	free(config.sensor_name);
	config.sensor_name = strdup("mx1");
	return ct_render_create(&config, fake_rules, sample_inputs, &render);
}

static int teardown(void **state)
{
	(void)state;
	ct_render_free(render);
	ct_config_free(&config);
	return 0;
}

/* The lines of a record, which is given back. */
static char *lines(struct ct_record *rec)
{
	struct ct_item *i = ct_render_record(render, rec);
	assert_non_null(i);
	assert_int_equal(i->seq, rec->seq);
	assert_int_equal(i->first_seq, rec->flow.first_seq);
	assert_int_equal(i->n, rec->n);
	char *eve = i->eve;
	i->eve = NULL;
	ct_item_free(i);
	sample_free(rec);
	return eve;
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;
	for (const char *p = text; (p = strstr(p, what)); p++)
		n++;
	return n;
}

#define COMMON                                                                                                         \
	"{\"timestamp\":\"2026-11-22T04:04:38.123456+0000\",\"flow_id\":8745740276374204,\"pcap_cnt\":123,"            \
	"\"pcap_filename\":\"capture.pcap\",\"event_type\":"
#define ENDS                                                                                                           \
	",\"src_ip\":\"10.0.0.1\",\"src_port\":40001,\"dest_ip\":\"10.0.0.2\",\"dest_port\":25,\"proto\":\"TCP\","     \
	"\"app_proto\":\"smtp\",\"tx_id\":1,\"community_id\":\"1:fTIt67Mf2AW9yVixMm4bnpSg3Sg=\",\"host\":\"mx1\","
#define SMTP                                                                                                           \
	"\"smtp\":{\"helo\":\"client.example.org\",\"mail_from\":\"<alice@example.org>\",\"rcpt_to\":["                \
	"\"<bob@example.com>\",\"<carol@example.com>\"]}"
#define EMAIL                                                                                                          \
	"\"email\":{\"status\":\"PARSE_DONE\",\"from\":\"Alice 猫 <alice@example.org>\",\"to\":["                     \
	"\"\\\"Bob, B.\\\" <bob@example.com>\",\"carol@example.com\"],\"cc\":[\"undisclosed-recipients:;\"],"          \
	"\"subject\":\"Your details, grüße\",\"message_id\":\"<1@example.org>\","                                    \
	"\"date\":\"Sun, 22 Nov 2026 04:04:38 +0000\",\"attachment\":[\"details.zip\",\"grüße.txt\"]}"
#define MARKS                                                                                                          \
	"\"marks\":[{\"sid\":9000020,\"msg\":\"Windows loader names in an attachment\",\"class\":\"loadertype\","      \
	"\"part\":\"2\",\"file\":\"details.zip\",\"path\":[\"details.zip\",\"details.scr\"],\"offset\":1000,\"line\":" \
	"20,"                                                                                                          \
	"\"criteria\":[{\"criterion\":\"KERNEL32.DLL\",\"text\":\"KERNEL32.dll\",\"offset\":1000,\"line\":20},"        \
	"{\"criterion\":\"ADVAPI32.DLL\",\"text\":\"ADVAPI32.dll\",\"offset\":1200,\"line\":24}]}]"
#define SOURCE "\"sensor\":\"mx1\",\"ruleset\":\"0123abcd\"}}\n"

static void writes_a_message_and_its_alert(void **state)
{
	(void)state;
	struct ct_record rec;
	sample_infected(&rec);
	char *text = lines(&rec);
	assert_string_equal(
		text, COMMON
		"\"smtp\"" ENDS SMTP "," EMAIL ",\"mailweir\":{\"incident\":\"77MF-KMVJ-V9GN1\","
		"\"verdict\":\"infected\",\"class\":\"loadertype\",\"action\":\"alert\",\"would\":\"reject\","
		"\"complete\":true,\"bytes\":31337,\"direction\":\"unknown\",\"delivered\":\"yes\","
		"\"reply\":{\"code\":250,\"text\":\"2.0.0 Ok: queued as 4CDEB4BA92F9\"},"
		"\"rcpt_reply\":[\"250 2.1.5 Ok\",null],\"queue_id\":\"4CDEB4BA92F9\","
		"\"attachments\":{\"seen\":2,\"opened\":1,\"matched\":1},\"errors\":[]," MARKS "," SOURCE COMMON
		"\"alert\"" ENDS "\"alert\":{\"action\":\"allowed\",\"gid\":1,\"signature_id\":9000020,"
		"\"rev\":3,\"signature\":\"Windows loader names in an attachment\","
		"\"category\":\"A Network Trojan was detected\",\"severity\":1,"
		"\"metadata\":{\"mailweir_class\":[\"loadertype\"],\"tag\":[\"slides\",\"2004\"]}}," SMTP "," EMAIL
		",\"mailweir\":{\"incident\":\"77MF-KMVJ-V9GN1\",\"verdict\":\"infected\",\"class\":\"loadertype\","
		"\"action\":\"alert\",\"would\":\"reject\",\"direction\":\"unknown\",\"delivered\":\"yes\","
		"\"queue_id\":\"4CDEB4BA92F9\"," MARKS "," SOURCE);
	free(text);
}

static void writes_files_and_anomalies(void **state)
{
	(void)state;
	struct ct_record rec;
	sample_file(&rec);
	char *text = lines(&rec);
	assert_string_equal(
		text, COMMON
		"\"fileinfo\"" ENDS "\"fileinfo\":{\"filename\":\"a.pdf\",\"magic\":\"ASCII text\",\"gaps\":false,"
		"\"state\":\"CLOSED\",\"sha256\":\"0008101820283038404850586068707880889098a0a8b0b8c0c8d0d8e0e8f0f8\","
		"\"stored\":false,\"size\":4096,\"tx_id\":1},\"mailweir\":{\"path\":[\"a.zip\",\"a.pdf\"],"
		"\"type\":\"application/zip\",\"extension\":\"pdf\",\"encrypted\":false,\"sensor\":\"mx1\"}}\n");
	free(text);
	sample_file(&rec);
	rec.u.file.has_sha256 = false;
	rec.u.file.gaps = true;
	rec.u.file.encoded = (struct ct_extent){ 711, 5600, 1460 };
	text = lines(&rec);
	assert_non_null(strstr(text, "\"gaps\":true,\"state\":\"CLOSED\",\"stored\":false,\"size\":4096,"));
	assert_null(strstr(text, "sha256"));
	assert_non_null(strstr(text, "\"encrypted\":false,\"size_estimated\":true,"
				     "\"encoded\":{\"offset\":711,\"length\":5600,\"lost\":1460},\"sensor\""));
	free(text);
	sample_anomaly(&rec);
	text = lines(&rec);
	assert_string_equal(text, COMMON "\"anomaly\"" ENDS "\"anomaly\":{\"app_proto\":\"smtp\",\"type\":\"applayer\","
					 "\"event\":\"smtp.end_bare_lf\",\"layer\":\"proto_parser\"}}\n");
	free(text);
}

static void writes_what_is_known_of_a_file(void **state)
{
	(void)state;
	struct ct_record rec;
	sample_program(&rec);
	char *text = lines(&rec);
	assert_non_null(strstr(text, "\"filename\":\"photo.jpg   .<U+202E>scr\""));
	assert_non_null(strstr(text, "\"mailweir\":{\"path\":[],\"part\":\"1.2\","
				     "\"names\":[\"photo.jpg   .<U+202E>scr\",\"grüße.txt\"],\"extension\":\"scr\","
				     "\"double_extension\":true,\"padded_extension\":true,\"direction_override\":true,"
				     "\"executable\":{\"format\":\"PE32\",\"type\":\"program\",\"machine\":\"i386\","
				     "\"machines\":[\"i386\",\"0x4711\"],\"subsystem\":\"windows\",\"dotnet\":true,\"packer\":\"UPX\","
				     "\"sections\":[\"UPX0\",\"UPX1\"],\"sections_more\":1,"
				     "\"imports\":[\"KERNEL32.DLL\",\"USER32.dll\"],\"imports_unread\":1,\"truncated\":true},"
				     "\"encrypted\":false,"));
	free(text);
}

/* One alert a rule, whatever the number of its marks; none for noalert. */
static void alerts_once_a_rule(void **state)
{
	(void)state;
	struct ct_record rec;
	sample_hostile(&rec);
	char *text = lines(&rec);
	assert_int_equal(count(text, "\n"), 3);
	assert_int_equal(count(text, "\"alert\":{"), 2);
	assert_int_equal(count(text, "\"signature_id\":9000030"), 1);
	assert_int_equal(count(text, "\"signature_id\":9000031"), 0);
	assert_int_equal(count(text, "\"action\":\"blocked\""), 2);
	assert_int_equal(count(text, "\"signature\":\"Frösche\""), 1);
	free(text);
}

static void pass_takes_out_the_alerts_and_keeps_the_marks(void **state)
{
	(void)state;
	struct ct_record rec;
	sample_infected(&rec);
	rec.u.message.verdict = CT_CLEAN;
	rec.u.message.action = CT_ACT_PASS;
	sample_mark(&rec, FAKE_PASS, 0, 0);
	char *text = lines(&rec);
	assert_int_equal(count(text, "\n"), 1);
	assert_int_equal(count(text, "\"sid\":"), 2);
	free(text);
}

/* pass, drop, reject, alert: the first one gives the message its class. */
static void class_is_that_of_the_deciding_mark(void **state)
{
	(void)state;
	struct ct_record rec;
	sample_infected(&rec);
	sample_mark(&rec, FAKE_ALERT, 0, 0);
	sample_mark(&rec, FAKE_PREFIX, 0, 0);
	char *text = lines(&rec);
	assert_int_equal(count(text, "\"verdict\":\"infected\",\"class\":\"mimetype\""),
			 2); /* the message, and that rule's alert */
	assert_int_equal(count(text, "\n"), 4);
	free(text);
}

/* A message that the server took was not stopped, whatever was tried. */
static void blocked_means_stopped(void **state)
{
	(void)state;
	static const struct {
		enum ct_action action;
		enum ct_delivered delivered;
		bool blocked;
	} rows[] = {
		{ CT_ACT_NONE, CT_DELIVERED_NO, false },    { CT_ACT_ALERT, CT_DELIVERED_UNKNOWN, false },
		{ CT_ACT_REJECT, CT_DELIVERED_NO, true },   { CT_ACT_DROP, CT_DELIVERED_UNKNOWN, true },
		{ CT_ACT_TEMPFAIL, CT_DELIVERED_NO, true }, { CT_ACT_RESET, CT_DELIVERED_UNKNOWN, true },
		{ CT_ACT_RESET, CT_DELIVERED_YES, false },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct ct_record rec;
		sample_infected(&rec);
		rec.u.message.action = (uint8_t)rows[i].action;
		rec.u.message.delivered = (uint8_t)rows[i].delivered;
		char *text = lines(&rec);
		assert_int_equal(count(text, "\"action\":\"blocked\""), rows[i].blocked);
		free(text);
	}
}

/* The reply is what we told the client, and names the incident by which a person finds the record. */
static void says_what_was_refused(void **state)
{
	(void)state;
	struct ct_record rec;
	sample_refused(&rec);
	char *text = lines(&rec);
	assert_int_equal(count(text, "\n"), 2);
	assert_int_equal(count(text, "\"in_iface\":\"eth0\""), 2);
	assert_int_equal(count(text, "\"incident\":\"77MF-KMVJ-V9GN1\",\"verdict\":\"infected\",\"class\":\"loadertype\","
				     "\"action\":\"reject\","),
			 2);
	assert_int_equal(count(text, "\"direction\":\"inbound\",\"delivered\":\"no\""), 2);
	assert_int_equal(count(text, "\"reply\":{\"code\":554,\"text\":\"5.7.1 Message refused: its content is a program or looks "
				     "like one. Incident 77MF-KMVJ-V9GN1\"}"),
			 1);
	assert_int_equal(count(text, "\"alert\":{\"action\":\"blocked\""), 1);
	assert_null(strstr(text, "\"queue_id\""));
	assert_null(strstr(text, "\"would\""));
	free(text);
}

/* Nothing matched, and still it has an incident: it was not let through. */
static void says_what_is_to_come_again(void **state)
{
	(void)state;
	struct ct_record rec;
	sample_deferred(&rec);
	char *text = lines(&rec);
	assert_int_equal(count(text, "\n"), 1);
	assert_non_null(strstr(text, "\"mailweir\":{\"incident\":\"0000-0000-00001\",\"verdict\":\"unscanned\",\"reason\":\"gap\","
				     "\"action\":\"tempfail\",\"complete\":false,\"bytes\":0,\"direction\":\"outbound\","
				     "\"delivered\":\"no\",\"reply\":{\"code\":451,\"text\":\"4.7.1 Message could not be checked, "
				     "try again later. Incident 0000-0000-00001\"}"));
	free(text);
}

static void leaves_out_what_was_not_seen(void **state)
{
	(void)state;
	struct ct_record rec;
	sample_tls(&rec);
	char *text = lines(&rec);
	assert_non_null(strstr(
		text, "\"smtp\":{},\"mailweir\":{\"verdict\":\"unscanned\",\"reason\":\"tls\",\"action\":\"none\","));
	assert_null(strstr(text, "\"email\""));
	assert_null(strstr(text, "\"incident\""));
	assert_null(strstr(text, "\"reply\""));
	assert_null(strstr(text, "\"queue_id\""));
	free(text);
	/* A refusal has no queue id, whatever it says; IPv6, VLANs and a port are named; a flow id is never 0. */
	sample_clean(&rec);
	text = lines(&rec);
	assert_null(strstr(text, "\"queue_id\""));
	assert_non_null(strstr(text, "\"proto\":\"TCP\",\"tunnel\":{\"src_ip\":\"10.9.0.1\",\"src_port\":50000,\"dest_ip\":\"10.9.0.2\","
				     "\"dest_port\":4789,\"proto\":\"UDP\",\"depth\":1},"));
	assert_non_null(strstr(text, "\"flow_id\":1,\"in_iface\":\"eth0\",\"event_type\":\"smtp\",\"vlan\":[100,200],"
				     "\"src_ip\":\"2001:0000:0000:0000:0000:0000:0000:0001\""));
	assert_null(strstr(text, "pcap_"));
	free(text);
}

/* Counted, not named: among others, and alone. */
static void an_attachment_without_a_name_is_not_named(void **state)
{
	(void)state;
	struct ct_record rec;
	sample_infected(&rec);
	sample_name(&rec, CT_NOTE_ATTACHMENT, NULL, "");
	sample_name(&rec, CT_NOTE_ATTACHMENT, NULL, "last.txt");
	char *text = lines(&rec);
	assert_non_null(strstr(text, "\"attachment\":[\"details.zip\",\"grüße.txt\",\"last.txt\"]}"));
	free(text);
	sample_clean(&rec);
	sample_text(&rec, CT_NOTE_HEADER, RS_HDR_SUBJECT, 0, "no name");
	sample_name(&rec, CT_NOTE_ATTACHMENT, NULL, "");
	text = lines(&rec);
	assert_non_null(strstr(text, "\"subject\":\"no name\""));
	assert_null(strstr(text, "\"attachment\""));
	free(text);
}

/* Any bytes in any note: each line is JSON (so, UTF-8) and holds no control character. */
static void hostile_bytes_make_json_all_the_same(void **state)
{
	(void)state;
	uint32_t seed = 12345;
	for (int round = 0; round < 2000; round++) {
		struct ct_record rec;
		sample_infected(&rec);
		for (int i = 0; i < 12; i++) {
			uint8_t bytes[40];
			for (size_t j = 0; j < sizeof bytes; j++)
				bytes[j] = (uint8_t)((seed = seed * 1664525 + 1013904223) >> 24);
			seed = seed * 1664525 + 1013904223;
			sample_note(&rec, (enum ct_note_kind)(1 + (seed >> 20) % CT_NOTE_FILE_HEAD),
				    (uint8_t)(seed >> 8 & 7), (uint16_t)(seed >> 12 & 3), bytes,
				    (seed >> 4) % sizeof bytes);
		}
		char *text = lines(&rec);
		for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
			*end = '\0';
			for (const char *p = line; *p; p++)
				assert_true((uint8_t)*p >= ' ' && *p != 0x7f);
			json_t *o = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
			assert_non_null(o);
			json_decref(o);
		}
		free(text);
	}
}

/* 1,000 recipients, each named, each with its reply. */
static void names_every_recipient(void **state)
{
	(void)state;
	struct ct_record rec;
	sample_tls(&rec);
	rec.u.message.tls = false;
	for (uint16_t i = 0; i < 1000; i++) {
		char text[32];
		snprintf(text, sizeof text, "r%u@x", i);
		sample_text(&rec, CT_NOTE_RCPT_TO, 0, i, text);
	}
	for (uint16_t i = 0; i < 1000; i += 3) {
		char text[32];
		snprintf(text, sizeof text, "250 r%u", i);
		sample_text(&rec, CT_NOTE_RCPT_REPLY, 0, i, text);
	}
	char *text = lines(&rec);
	json_t *o = json_loads(text, 0, NULL);
	json_t *to = json_object_get(json_object_get(o, "smtp"), "rcpt_to");
	json_t *reply = json_object_get(json_object_get(o, "mailweir"), "rcpt_reply");
	assert_int_equal(json_array_size(to), 1000);
	assert_int_equal(json_array_size(reply), 1000);
	for (unsigned i = 0; i < 1000; i++) {
		char expected[32];
		snprintf(expected, sizeof expected, "<r%u@x>", i);
		assert_string_equal(json_string_value(json_array_get(to, i)), expected);
		snprintf(expected, sizeof expected, "250 r%u", i);
		if (i % 3)
			assert_true(json_is_null(json_array_get(reply, i)));
		else
			assert_string_equal(json_string_value(json_array_get(reply, i)), expected);
	}
	json_decref(o);
	free(text);
}

static void writes_the_account(void **state)
{
	(void)state;
	static const char *const drops[] = { "fragment", "truncated" };
	const struct ct_counter counters[] = { { "flows", "new", 12 },
					       { "smtp", "end_bare_lf", 0 },
					       { "flows", "expired", 3 } };
	struct ct_stats s = { .account = { .received = 1234, .consumed = 1200, .bytes = 99, .seen = 4 }, .drop_names = drops,
			      .ndrops = 2, .counters = counters, .ncounters = 3, .time = UINT64_C(1706702400123456789) };
	s.account.dropped[0] = 30;
	s.account.dropped[1] = 4;
	s.account.verdict[CT_CLEAN] = 2;
	s.account.unscanned[CT_REASON_TLS] = 2;
	char *text = ct_render_stats(render, &s);
	assert_string_equal(
		text,
		"{\"timestamp\":\"2024-01-31T12:00:00.123456+0000\",\"event_type\":\"stats\",\"host\":\"mx1\","
		"\"stats\":{\"decoder\":{\"pkts\":1234,\"bytes\":99}},\"mailweir\":{\"packets\":{\"received\":1234,"
		"\"forwarded\":0,\"dropped\":{\"fragment\":30,\"truncated\":4},\"consumed\":1200,\"held\":0,\"sent\":0,"
		"\"injected\":0,\"bytes\":99},\"messages\":{\"seen\":4,\"clean\":2,\"infected\":0,\"suspicious\":0,"
		"\"unscanned\":{\"tls\":2,\"overload\":0,\"timeout\":0,\"gap\":0,\"midstream\":0,\"limit\":0,"
		"\"malformed\":0,\"unsupported\":0,\"encrypted-file\":0}},\"balanced\":true,"
		"\"counters\":{\"flows\":{\"new\":12,\"expired\":3},\"smtp\":{\"end_bare_lf\":0}}," SOURCE);
	free(text);
	s.account.seen = 5;
	text = ct_render_stats(render, &s);
	assert_non_null(strstr(text, "\"balanced\":false"));
	free(text);
}

/* Of live ports: each one's part, what was lost, and messages in progress beside those whose outcome is known. */
static void writes_the_account_of_ports(void **state)
{
	(void)state;
	static const char *const drops[] = { "full" };
	const uint64_t queues[] = { 7, 3 };
	struct ct_port_stats ports[] = { { .name = "eth1", .missed = 5, .up = true, .queues = queues, .nqueues = 2 }, { .name = "eth2" } };
	struct ct_stats s = { .drop_names = drops, .ndrops = 1, .ports = ports, .nports = 2, .uptime = 61, .records_lost = 9,
			      .time = UINT64_C(1706702400123456789) };
	ports[0].account = (struct ct_account){ .received = 10, .forwarded = 7, .held = 2, .bytes = 800, .sent = 4, .injected = 1 };
	ports[0].account.dropped[0] = 1;
	ports[1].account = (struct ct_account){ .received = 3, .forwarded = 3, .bytes = 100, .sent = 7 };
	ct_account_add(&s.account, &ports[0].account);
	ct_account_add(&s.account, &ports[1].account);
	s.account.seen = 6;
	s.account.open = 2;
	s.account.verdict[CT_CLEAN] = 4;
	char *text = ct_render_stats(render, &s);
	assert_non_null(strstr(text, "\"stats\":{\"uptime\":61,\"capture\":{\"kernel_packets\":18,\"kernel_drops\":5},"
				     "\"decoder\":{\"pkts\":13,\"bytes\":900}}"));
	assert_non_null(strstr(text, "\"packets\":{\"received\":13,\"forwarded\":10,\"dropped\":{\"full\":1},"
				     "\"consumed\":0,\"held\":2,\"sent\":11,\"injected\":1,\"bytes\":900,\"ports\":{"
				     "\"eth1\":{\"received\":10,\"forwarded\":7,\"dropped\":{\"full\":1},\"consumed\":0,\"held\":2,"
				     "\"sent\":4,\"injected\":1,\"bytes\":800,\"missed\":5,\"rx_queues\":[7,3],\"link\":\"up\"},"
				     "\"eth2\":{\"received\":3,\"forwarded\":3,\"dropped\":{\"full\":0},\"consumed\":0,\"held\":0,"
				     "\"sent\":7,\"injected\":0,\"bytes\":100,\"missed\":0,\"link\":\"down\"}}},"
				     "\"messages\":{\"seen\":4,\"clean\":4,"));
	assert_non_null(strstr(text, "\"open\":2},\"balanced\":true,"));
	assert_non_null(strstr(text, "\"records_lost\":9,"));
	free(text);
	/* One port's error is not made good by the other's. */
	ports[0].account.received--;
	ports[1].account.received++;
	assert_true(ct_account_balanced(&s.account));
	text = ct_render_stats(render, &s);
	assert_non_null(strstr(text, "\"balanced\":false"));
	free(text);
	/* Copies of two workers' accounts, the later one's step being known only. */
	s.account.held = (uint64_t)-1;
	text = ct_render_stats(render, &s);
	assert_non_null(strstr(text, "\"held\":-1,"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_a_message_and_its_alert),
		cmocka_unit_test(writes_files_and_anomalies),
		cmocka_unit_test(writes_what_is_known_of_a_file),
		cmocka_unit_test(alerts_once_a_rule),
		cmocka_unit_test(pass_takes_out_the_alerts_and_keeps_the_marks),
		cmocka_unit_test(class_is_that_of_the_deciding_mark),
		cmocka_unit_test(blocked_means_stopped),
		cmocka_unit_test(says_what_was_refused),
		cmocka_unit_test(says_what_is_to_come_again),
		cmocka_unit_test(leaves_out_what_was_not_seen),
		cmocka_unit_test(an_attachment_without_a_name_is_not_named),
		cmocka_unit_test(hostile_bytes_make_json_all_the_same),
		cmocka_unit_test(names_every_recipient),
		cmocka_unit_test(writes_the_account),
		cmocka_unit_test(writes_the_account_of_ports),
	};
	return cmocka_run_group_tests_name("ct_eve", tests, setup, teardown);
}
