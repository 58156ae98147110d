/* SPDX-License-Identifier: Apache-2.0 */
/* Prints EVE lines of every kind, for ct_eve_schema.py. */
#include <stdio.h>
#include <stdlib.h>

#include "control/ct_fake_rules.h"
#include "control/ct_sample.h"

static void print(struct ct_render *r, void (*make)(struct ct_record *), void (*change)(struct ct_record *))
{
	struct ct_record rec;
	make(&rec);
	if (change)
		change(&rec);
	struct ct_item *i = ct_render_record(r, &rec);
	if (!i)
		abort();
	fputs(i->eve, stdout);
	ct_item_free(i);
	sample_free(&rec);
}

static void print_stats(struct ct_render *r, const struct ct_stats *s)
{
	char *stats = ct_render_stats(r, s);
	if (!stats)
		abort();
	fputs(stats, stdout);
	free(stats);
}

static void passed(struct ct_record *r)
{
	sample_mark(r, FAKE_PASS, 0, 0);
}

static void observed(struct ct_record *r)
{
	r->u.message.would = r->u.message.action;
	r->u.message.action = r->u.message.verdict == CT_INFECTED ? CT_ACT_ALERT : CT_ACT_NONE;
}

static void ended_by_reset(struct ct_record *r)
{
	r->u.message.action = CT_ACT_RESET;
	r->u.message.complete = false;
	r->u.message.reply_code = 0;
}

static void dropped(struct ct_record *r)
{
	ended_by_reset(r);
	r->u.message.action = CT_ACT_DROP;
}

static void stream(struct ct_record *r)
{
	r->u.anomaly = (struct ct_anomaly){ .event = "stream.reassembly_overlap_different_data", .type = "stream", .contradicts = true,
					 .to_server = true, .at = 1012, .offset = 1000, .seen_offset = 500, .length = 900, .seen_length = 600 };
}

static void bare(struct ct_record *r)
{
	ct_notes_free(&r->notes, sample_pool());
	r->u.file.has_sha256 = false;
	r->u.file.state = CT_FILE_TRUNCATED;
	r->u.file.gaps = r->u.file.encrypted = true;
	r->u.file.size = UINT64_MAX;
	r->u.file.encoded = (struct ct_extent){ 711, 90000, 1460 };
}

int main(void)
{
	static const char *const drops[] = { "fragment", "truncated" };
	const struct ct_counter counters[] = { { "flows", "new", 12 },
					       { "flows", "expired", 0 },
					       { "smtp", "end_bare_lf", 1 } };
	struct ct_config c;
	struct ct_render *r;
	const uint64_t queues[] = { 2, 0 };
	const struct ct_port_stats ports[] = { { "eth1", { .received = 2, .forwarded = 1, .held = 1 }, 4, true, queues, 2 },
					       { "net_memif0,role=client", { .sent = 1 }, 0, false, NULL, 0 } };
	struct ct_stats s = { .account = { .received = 3, .consumed = 3 }, .drop_names = drops, .ndrops = 2,
			      .counters = counters, .ncounters = 3, .time = 1 };
	sample_init();
	if (ct_config_defaults(&c) || ct_render_create(&c, fake_rules, sample_inputs, &r))
		abort();
	print(r, sample_infected, NULL);
	print(r, sample_infected, passed);
	print(r, sample_clean, NULL);
	print(r, sample_tls, NULL);
	print(r, sample_hostile, NULL);
	print(r, sample_refused, NULL);
	print(r, sample_refused, observed);
	print(r, sample_refused, ended_by_reset);
	print(r, sample_refused, dropped);
	print(r, sample_deferred, NULL);
	print(r, sample_deferred, observed);
	print(r, sample_deferred, dropped);
	print(r, sample_file, NULL);
	print(r, sample_file, bare);
	print(r, sample_program, NULL);
	print(r, sample_anomaly, NULL);
	print(r, sample_anomaly, stream);
	print_stats(r, &s);
	s.account = (struct ct_account){ .received = 2, .forwarded = 1, .held = 1, .sent = 1, .seen = 1, .open = 1 };
	s.ports = ports;
	s.nports = 2;
	s.uptime = 60;
	print_stats(r, &s);
	ct_render_free(r);
	ct_config_free(&c);
	return 0;
}
