/* SPDX-License-Identifier: Apache-2.0 */
#include "control/ct_sample.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "control/ct_fake_rules.h"
#include "control/ct_reply.h"
#include "reassembly/facts/rs_exe.h"
#include "reassembly/mime/rs_mime.h"

#define BLOCKS 256

const struct ct_input sample_inputs[2] = { { "capture.pcap", true }, { "eth0", false } };

static struct rs_pool pool;

void sample_init(void)
{
	_Alignas(64) static char mem[RS_POOL_BYTES(sizeof(struct ct_block), BLOCKS)];
	rs_pool_init(&pool, mem, sizeof(struct ct_block), BLOCKS);
}

struct rs_pool *sample_pool(void)
{
	return &pool;
}

void sample_note(struct ct_record *r, enum ct_note_kind kind, uint8_t sub, uint16_t index, const void *p, size_t n)
{
	if (!ct_note_put(&r->notes, &pool, BLOCKS, kind, sub, index, p, n))
		abort();
}

void sample_text(struct ct_record *r, enum ct_note_kind kind, uint8_t sub, uint16_t index, const char *text)
{
	sample_note(r, kind, sub, index, text, strlen(text));
}

void sample_name(struct ct_record *r, enum ct_note_kind kind, const char *charset, const char *name)
{
	sample_text(r, kind, charset ? RS_NAME_EXTENDED : RS_NAME_PLAIN, 0, charset ? charset : "");
	if (!ct_note_more(&r->notes, &pool, BLOCKS, "", 1) ||
	    !ct_note_more(&r->notes, &pool, BLOCKS, name, strlen(name)))
		abort();
}

void sample_mark(struct ct_record *r, uint32_t rule, uint32_t line, uint64_t offset)
{
	struct ct_mark m;
	memset(&m, 0, sizeof m);
	m.rule = rule;
	m.line = line;
	m.offset = offset;
	sample_note(r, CT_NOTE_MARK, 0, 0, &m, sizeof m);
}

void sample_hit(struct ct_record *r, uint16_t criterion, uint32_t line, uint64_t offset, const char *text)
{
	uint8_t all[sizeof(struct ct_hit) + 64];
	struct ct_hit h;
	size_t n = strlen(text);
	memset(&h, 0, sizeof h);
	h.offset = offset;
	h.line = line;
	h.criterion = criterion;
	h.buffer = MT_FILE_DATA;
	memcpy(all, &h, sizeof h);
	memcpy(all + sizeof h, text, n);
	sample_note(r, CT_NOTE_MARK_HIT, 0, 0, all, sizeof h + n);
}

static void base(struct ct_record *r, enum ct_kind kind)
{
	static const uint8_t client[16] = { [10] = 0xff, 0xff, 10, 0, 0, 1 },
			     server[16] = { [10] = 0xff, 0xff, 10, 0, 0, 2 };
	memset(r, 0, sizeof *r);
	r->kind = kind;
	r->n = 3;
	r->seq = 123;
	r->time = UINT64_C(1795320278123456789);
	r->pcap_cnt = 123;
	r->tx_id = 1;
	memcpy(r->flow.src, client, 16);
	memcpy(r->flow.dst, server, 16);
	r->flow.sport = 40001;
	r->flow.dport = 25;
	r->flow.ip_version = 4;
	r->flow.id = UINT64_C(0xffff123456789abc);
	r->flow.first_seq = 100;
}

static void envelope(struct ct_record *r)
{
	sample_text(r, CT_NOTE_HELO, 0, 0, "client.example.org");
	sample_text(r, CT_NOTE_MAIL_FROM, 0, 0, "alice@example.org");
	sample_text(r, CT_NOTE_RCPT_TO, 0, 0, "bob@example.com");
	sample_text(r, CT_NOTE_RCPT_REPLY, 0, 0, "250 2.1.5 Ok");
	sample_text(r, CT_NOTE_RCPT_TO, 0, 1, "carol@example.com");
	r->u.message.rcpts = 2;
}

/* All but what became of it. */
static void infected(struct ct_record *r)
{
	base(r, CT_MESSAGE);
	r->u.message.verdict = CT_INFECTED;
	r->u.message.complete = true;
	r->u.message.attachments_seen = 2;
	r->u.message.attachments_opened = 1;
	r->u.message.attachments_matched = 1;
	r->u.message.bytes = 31337;
	r->u.message.incident = UINT64_C(0x73d1f3a6e5b4c2a1);
	envelope(r);
	sample_text(r, CT_NOTE_HEADER, RS_HDR_FROM, 0, "=?utf-8?Q?Alice_=E7=8C=AB?= <alice@example.org>");
	sample_text(r, CT_NOTE_HEADER, RS_HDR_TO, 0, "\"Bob, B.\" <bob@example.com>, carol@example.com");
	sample_text(r, CT_NOTE_HEADER, RS_HDR_CC, 0, "undisclosed-recipients:;");
	sample_text(r, CT_NOTE_HEADER, RS_HDR_SUBJECT, 0, "=?iso-8859-1?Q?Your_details,_gr=FC=DFe?=");
	sample_text(r, CT_NOTE_HEADER, RS_HDR_SUBJECT, 0, "a second subject");
	sample_text(r, CT_NOTE_HEADER, RS_HDR_DATE, 0, "Sun, 22 Nov 2026 04:04:38 +0000");
	sample_text(r, CT_NOTE_HEADER, RS_HDR_MESSAGE_ID, 0, "<1@example.org>");
	sample_name(r, CT_NOTE_ATTACHMENT, NULL, "details.zip");
	sample_name(r, CT_NOTE_ATTACHMENT, "iso-8859-1",
		    "gr\xfc\xdf"
		    "e.txt");
	sample_mark(r, FAKE_LOADER, 20, 1000);
	sample_text(r, CT_NOTE_MARK_PART, 0, 0, "2");
	sample_name(r, CT_NOTE_MARK_FILE, NULL, "details.zip");
	sample_name(r, CT_NOTE_MARK_PATH, NULL, "details.zip");
	sample_name(r, CT_NOTE_MARK_PATH, "", "details.scr");
	sample_hit(r, FAKE_KERNEL32, 20, 1000, "KERNEL32.dll");
	sample_hit(r, FAKE_ADVAPI32, 24, 1200, "ADVAPI32.dll");
}

void sample_infected(struct ct_record *r)
{
	infected(r);
	r->u.message.action = CT_ACT_ALERT;
	r->u.message.would = CT_ACT_REJECT;
	r->u.message.delivered = CT_DELIVERED_YES;
	r->u.message.reply_code = 250;
	sample_text(r, CT_NOTE_REPLY, 0, 0, "2.0.0 Ok: queued as 4CDEB4BA92F9");
}

/* What the client was told, without code and line end, as ct_reply_text makes it of the default configuration. */
static void told(struct ct_record *r, enum ct_action action)
{
	char line[CT_REPLY_MAX];
	struct ct_config c;
	if (ct_config_defaults(&c))
		abort();
	size_t n = ct_reply_text(line, sizeof line, &c, action, r->u.message.incident);
	sample_note(r, CT_NOTE_REPLY, 0, 0, line + 4, n - 6);
	ct_config_free(&c);
	r->input = 1;
	r->u.message.action = (uint8_t)action;
	r->u.message.reply_code = (uint16_t)atoi(line);
	r->u.message.delivered = CT_DELIVERED_NO;
}

void sample_refused(struct ct_record *r)
{
	infected(r);
	r->u.message.direction = CT_DIR_INBOUND;
	told(r, CT_ACT_REJECT);
}

void sample_deferred(struct ct_record *r)
{
	base(r, CT_MESSAGE);
	r->u.message.verdict = CT_UNSCANNED;
	r->u.message.reason = CT_REASON_GAP;
	r->u.message.direction = CT_DIR_OUTBOUND;
	r->u.message.incident = 1;
	envelope(r);
	told(r, CT_ACT_TEMPFAIL);
}

void sample_clean(struct ct_record *r)
{
	base(r, CT_MESSAGE);
	r->input = 1;
	r->flow.nvlan = 2;
	r->flow.vlan[0] = 100;
	r->flow.vlan[1] = 200;
	r->flow.tunnel = (struct ct_tunnel){ .src = { [10] = 0xff, 0xff, 10, 9, 0, 1 }, .dst = { [10] = 0xff, 0xff, 10, 9, 0, 2 },
					     .sport = 50000, .dport = 4789, .proto = 17, .depth = 1 };
	r->flow.ip_version = 6;
	memset(r->flow.src, 0, 16);
	memset(r->flow.dst, 0, 16);
	r->flow.src[0] = r->flow.dst[0] = 0x20;
	r->flow.src[1] = r->flow.dst[1] = 0x01;
	r->flow.src[15] = 1;
	r->flow.dst[15] = 2;
	r->flow.id = 0;
	r->u.message.complete = true;
	r->u.message.direction = CT_DIR_INBOUND;
	r->u.message.delivered = CT_DELIVERED_NO;
	r->u.message.reply_code = 550;
	envelope(r);
	sample_text(r, CT_NOTE_REPLY, 0, 0, "5.7.1 no, queued as X");
}

void sample_tls(struct ct_record *r)
{
	base(r, CT_MESSAGE);
	r->u.message.verdict = CT_UNSCANNED;
	r->u.message.reason = CT_REASON_TLS;
	r->u.message.tls = true;
}

void sample_hostile(struct ct_record *r)
{
	base(r, CT_MESSAGE);
	r->u.message.verdict = CT_SUSPICIOUS;
	r->u.message.reason = CT_REASON_GAP;
	r->u.message.action = CT_ACT_REJECT;
	r->u.message.direction = CT_DIR_OUTBOUND;
	r->u.message.incident = UINT64_MAX;
	r->u.message.rcpts = 5;
	r->input = 1;
	sample_text(r, CT_NOTE_MAIL_FROM, 0, 0, "");
	sample_text(r, CT_NOTE_RCPT_TO, 0, 4, "\xff\x1b[31m@x");
	sample_text(r, CT_NOTE_RCPT_REPLY, 0, 4, "550 5.1.1 no such user");
	sample_text(r, CT_NOTE_RCPT_REPLY, 0, 9, "250 of nobody");
	sample_text(r, CT_NOTE_HEADER, RS_HDR_SUBJECT, 0, "\xe3\x81\x82\xe3\x81\x82 \"\\\x01");
	sample_text(r, CT_NOTE_ERROR, 0, 0, "smtp.end_bare_lf");
	sample_text(r, CT_NOTE_ERROR, 0, 0, "mime.duplicate_field");
	sample_mark(r, FAKE_ALERT, 0, 77);
	sample_text(r, CT_NOTE_MARK_PART, 0, 0, "1.2");
	sample_hit(r, FAKE_KERNEL32, 0, 77, "");
	sample_mark(r, FAKE_ALERT, 3, 78);
	sample_name(r, CT_NOTE_MARK_FILE, "utf-8", "exe.\xe2\x80\xaegpj");
	sample_mark(r, FAKE_NOALERT, 0, 79);
	sample_mark(r, FAKE_BAD_TEXT, 0, 80);
	sample_mark(r, FAKE_RULES, 0, 81); /* no such rule: left out, with what belongs to it */
	sample_text(r, CT_NOTE_MARK_PART, 0, 0, "9");
	sample_hit(r, 99, 0, 0, "x");
	r->notes.lost = 2;
}

void sample_file(struct ct_record *r)
{
	static const uint8_t head[] = "hello, world\n";
	base(r, CT_FILE);
	r->u.file.size = 4096;
	r->u.file.has_sha256 = true;
	for (unsigned i = 0; i < 32; i++)
		r->u.file.sha256[i] = (uint8_t)(i * 8);
	sample_name(r, CT_NOTE_FILE_NAME, NULL, "a.pdf");
	sample_name(r, CT_NOTE_FILE_PATH, NULL, "a.zip");
	sample_name(r, CT_NOTE_FILE_PATH, NULL, "a.pdf");
	sample_text(r, CT_NOTE_FILE_TYPE, 0, 0, "application/zip");
	sample_note(r, CT_NOTE_FILE_HEAD, 0, 0, head, sizeof head - 1);
}

void sample_program(struct ct_record *r)
{
	static const char *const sections[] = { "UPX0", "UPX1" }, *const imports[] = { "KERNEL32.DLL", "USER32.dll" };
	struct rs_exe_facts f;
	memset(&f, 0, sizeof f);
	f.format = RS_EXE_PE32;
	f.type = RS_EXE_PROGRAM;
	f.machine[f.machines++] = 0x14c;
	f.machine[f.machines++] = 0x4711;
	f.subsystem = 2;
	f.sections = 3;
	f.unread = 1;
	f.dotnet = f.cut = true;
	f.packer = "UPX";
	base(r, CT_FILE);
	r->u.file.size = 4096;
	sample_name(r, CT_NOTE_FILE_NAME, "utf-8", "photo.jpg   .\xe2\x80\xaescr");
	sample_name(r, CT_NOTE_FILE_OTHER_NAME, NULL, "=?utf-8?Q?gr=C3=BC=C3=9Fe=2Etxt?=");
	sample_text(r, CT_NOTE_FILE_PART, 0, 0, "1.2");
	sample_note(r, CT_NOTE_FILE_EXE, 0, 0, &f, sizeof f);
	for (unsigned i = 0; i < 2; i++)
		sample_text(r, CT_NOTE_FILE_SECTION, 0, 0, sections[i]);
	for (unsigned i = 0; i < 2; i++)
		sample_text(r, CT_NOTE_FILE_IMPORT, 0, 0, imports[i]);
}

void sample_anomaly(struct ct_record *r)
{
	base(r, CT_ANOMALY);
	r->u.anomaly = (struct ct_anomaly){ .event = "smtp.end_bare_lf", .layer = "proto_parser", .type = "applayer" };
}

void sample_free(struct ct_record *r)
{
	ct_notes_free(&r->notes, &pool);
	assert(pool.used == 0);
}
