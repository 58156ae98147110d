/* SPDX-License-Identifier: Apache-2.0 */
/* The workers' counters outside the sums, added up under the names that the account and the stats event show. */
#include <string.h>

#include "dataplane/dp_anomaly.h"
#include "dataplane/dp_frags.h"

struct list {
	struct ct_counter *to;
	size_t n, max;
};

static void add(struct list *l, const char *group, const char *name, uint64_t value)
{
	if (value == 0)
		return;
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->to[i].group, group) == 0 && strcmp(l->to[i].name, name) == 0) {
			l->to[i].value += value;
			return;
		}
	if (l->n < l->max)
		l->to[l->n++] = (struct ct_counter){ group, name, value };
}

static void add_worker(struct list *l, const struct dp_worker *w)
{
	const struct dp_worker_stats *s = &w->stats;
	const struct dp_inspect_stats *i = &w->inspect.stats;
	const struct dp_inspect *in = &w->inspect;
	struct mt_worker_stats matcher = { 0 };
	if (in->matcher)
		mt_worker_stats(in->matcher, &matcher);

	for (unsigned c = 0; c < DP_CLASS_MAX; c++)
		add(l, "packets", dp_class_name(c), s->class_packets[c]);
	add(l, "packets", "cut_by_capture", s->cut_packets);
	add(l, "packets", "checksum_by_port", s->checksum_by_port);
	add(l, "packets", "checksum_trusted", s->checksum_trusted);
	for (unsigned d = RS_DOUBT_SUM; d < RS_DOUBT_MAX; d++)
		add(l, "doubted", rs_doubt_name((enum rs_doubt)d), s->doubts[d]);
	add(l, "inline", "connections_reset", s->connections_reset);
	add(l, "inline", "midstream_reset", s->midstream_reset);
	add(l, "inline", "not_watched", s->inlines_refused);
	add(l, "inline", "not_answered", s->answers_refused);
	add(l, "inline", "bypassed", s->bypassed);
	add(l, "inline", "reply_timeouts", s->reply_timeouts);
	add(l, "inline", "reversed", s->reversed);
	add(l, "inline", "turned", s->turned);
	add(l, "inline", "forwarded_unjudged", s->forwarded_unjudged);
	for (unsigned d = 0; d < DP_DROP_MAX; d++)
		add(l, "unread", dp_drop_names[d], s->unread[d]);
	add(l, "packets", "injected_lost", s->injected_lost);
	add(l, "workers", "handed_frames", s->handed_frames);
	add(l, "workers", "handed_datagrams", s->handed_datagrams);
	add(l, "workers", "handed_sends", s->handed_sends);
	add(l, "workers", "handed_lost", s->handed_lost);
	add(l, "connections", "seen", s->flows);
	add(l, "connections", "smtp", i->sessions);
	add(l, "connections", "repeated", s->flows_repeated);
	add(l, "connections", "expired", s->flows_expired);
	static const char *const evicted[DP_FLOWS_LISTS] = { "evicted_closed", "evicted_half_open", "evicted_one_sided", "evicted_other",
							     "evicted_mail",   "evicted_reset" };
	for (unsigned list = 0; list < DP_FLOWS_LISTS; list++) {
		add(l, "connections", "evicted", s->flows_evicted[list]);
		add(l, "connections", evicted[list], s->flows_evicted[list]);
	}
	add(l, "connections", "refused", s->flows_refused);
	add(l, "connections", "reset_ignored", s->resets_ignored);
	add(l, "connections", "mptcp", s->mptcp_seen);
	add(l, "inline", "mptcp_removed", s->mptcp_removed);
	add(l, "connections", "smtp_refused", i->sessions_refused);
	add(l, "connections", "unproven_refused", s->unproven_refused);
	add(l, "tcp", "duplicate", s->tcp_duplicate);
	add(l, "tcp", "held", s->tcp_held);
	add(l, "tcp", "held_limit", s->tcp_limit);
	add(l, "tcp", "held_gave_way", s->tcp_gave_way);
	add(l, "tcp", "window", s->tcp_window);
	add(l, "tcp", "contradictions", s->contradictions);
	add(l, "tcp", "forgotten", w->streams.forgotten);
	add(l, "tcp", "not_compared", s->not_compared);
	add(l, "tcp", "gaps", s->tcp_gaps);
	add(l, "tcp", "gap_bytes", s->tcp_gap_bytes);
	add(l, "bytes", "received", w->account[0].bytes + w->account[1].bytes);
	add(l, "bytes", "content", i->content_bytes);
	add(l, "bytes", "decoded", i->file_bytes);
	add(l, "bytes", "matched", i->matched_bytes);
	add(l, "files", "seen", i->files);
	add(l, "files", "matched_pieces", i->matched_pieces);
	add(l, "files", "store_too_long", i->store_too_long);
	add(l, "files", "store_no_room", i->store_no_room);
	add(l, "faults", "scan_failed", i->scan_failed);
	add(l, "limits", "archive_depth", i->archive_limit);
	add(l, "limits", "archive_members", i->member_limit);
	add(l, "limits", "inflate_bytes", i->inflate_limit);
	add(l, "limits", "inflate_file", i->inflate_file_limit);
	add(l, "limits", "inflate_ratio", i->inflate_ratio_limit);
	add(l, "limits", "views", i->view_limit);
	add(l, "limits", "archive_work", i->work_limit);
	add(l, "limits", "mail_depth", i->mail_limit);
	add(l, "limits", "record_text", i->note_limit);
	add(l, "pool_empty", "files", i->no_file);
	add(l, "pool_empty", "zips", i->no_zip);
	add(l, "pool_empty", "executables", i->no_executable);
	add(l, "pool_empty", "inflates", i->no_inflate);
	add(l, "pool_empty", "streams", i->no_stream);
	add(l, "pool_empty", "contents", i->no_content);
	add(l, "pool_empty", "records", i->no_record);
	add(l, "pool_empty", "segments", w->segments.failed);
	add(l, "pool_empty", "wrapped", w->fars.failed);
	add(l, "pool_empty", "tunnelled", in->tunnels.failed);
	add(l, "pool_empty", "messages", in->messages.failed);
	add(l, "pool_empty", "lines", in->lines.failed);
	add(l, "pool_empty", "headers", in->headers.failed);
	add(l, "pool_empty", "blocks", in->blocks.failed);
	add(l, "matcher", "scan_errors", matcher.scan_errors);
	for (unsigned a = 0; a < DP_ANOMALY_MAX; a++)
		add(l, "anomalies", dp_anomaly_name((enum dp_anomaly)a), s->anomalies[a]);
	for (unsigned a = 0; a < RS_SMTP_ANOMALY_MAX; a++)
		add(l, "anomalies", rs_smtp_anomaly_name(a), i->smtp_anomaly[a]);
	for (unsigned a = 0; a < RS_MIME_ANOMALY_MAX; a++)
		add(l, "anomalies", rs_mime_anomaly_name(a), i->mime_anomaly[a]);
	for (unsigned f = 0; f < RS_ZIP_FAULTS; f++)
		if (f != RS_ZIP_TORN)
			add(l, "anomalies", rs_zip_fault_name(f), i->zip_anomaly[f]);
}

static void add_frags(struct list *l, const struct dp_frags *f)
{
	const struct dp_frags_stats *s = &f->stats;
	add(l, "fragments", "seen", s->fragments);
	add(l, "fragments", "datagrams", s->datagrams);
	add(l, "fragments", "tiny", s->tiny);
	add(l, "fragments", "contradictions", s->contradictions);
	add(l, "fragments", "evicted", s->evicted);
	add(l, "fragments", "timeouts", s->timeouts);
	for (unsigned i = RS_FRAG_NO_FAULT + 1; i < RS_FRAG_FAULTS; i++)
		add(l, "fragments", rs_frag_fault_name(i), s->faults[i]);
}

size_t dp_frags_counters(const struct dp_frags *f, struct ct_counter *to, size_t n, size_t max)
{
	struct list l = { to, n, max };
	add_frags(&l, f);
	return l.n;
}

size_t dp_worker_counters(struct dp_worker *const *w, unsigned n, struct ct_counter *to, size_t max)
{
	struct list l = { to, 0, max };
	for (unsigned i = 0; i < n; i++)
		add_worker(&l, w[i]);
	for (unsigned i = 0; i < n; i++)
		if (w[i]->frags)
			add_frags(&l, w[i]->frags);
	return l.n;
}
