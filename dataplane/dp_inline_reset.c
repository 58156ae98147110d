/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_inline_reset.h"

#include <string.h>

#include "dataplane/dp_reset.h"

void dp_inline_speak(struct dp_worker *w, struct dp_flow *f, unsigned dir, struct dp_craft *what)
{
	struct dp_voice *as = &f->inl->voice[dir], *toward = &f->inl->voice[!dir];
	unsigned end = dir == 0 ? f->key_of_first : !f->key_of_first;
	if (!as->known)
		dp_voice_reverse(as, dp_inline_far_of(f->inl, dir), toward);
	what->ends.sport = f->key.port[end];
	what->ends.dport = f->key.port[!end];
	memcpy(what->ends.src, f->key.addr[end], sizeof what->ends.src);
	memcpy(what->ends.dst, f->key.addr[!end], sizeof what->ends.dst);
	dp_reset_send(w, as, toward, what, dp_flow_port(f, !dir));
}

static void reset_at(struct dp_worker *w, struct dp_flow *f, unsigned dir, uint32_t seq, uint32_t ack)
{
	struct dp_craft what = { .seq = seq, .ack = ack, .flags = RS_TCP_RST | RS_TCP_ACK, .alone = true, .now = w->inspect.now.time };
	dp_inline_speak(w, f, dir, &what);
}

uint32_t dp_inline_server_next(const struct dp_flow *f)
{
	const struct rs_stream *server = &f->tcp.dir[!f->client];
	return f->inl->state == DP_INLINE_RESET ? f->inl->server_next : server->isn + 1 + (uint32_t)server->next;
}

void dp_inline_reset_server(struct dp_worker *w, struct dp_flow *f)
{
	const struct dp_inline *in = f->inl;
	uint32_t ack = dp_inline_server_next(f);
	uint64_t acked = in->replies ? in->replies->reset_acked : in->hold.acked, edge = in->replies ? in->replies->reset_edge : in->hold.edge;
	reset_at(w, f, f->client, in->isn + 1 + (uint32_t)acked, ack);
	if (edge != acked)
		reset_at(w, f, f->client, in->isn + 1 + (uint32_t)edge, ack);
}

void dp_inline_reset_both(struct dp_worker *w, struct dp_flow *f)
{
	const struct dp_inline *in = f->inl;
	const struct rs_stream *server = &f->tcp.dir[!f->client];
	bool client_known = f->tcp.started & (1u << f->client), server_known = f->tcp.started & (1u << !f->client);
	if (in->state != DP_INLINE_ANSWERING && client_known)
		dp_inline_reset_server(w, f);
	if (!server_known)
		return;
	uint32_t seq = in->replies ? in->replies->una + in->replies->sent : server->isn + 1 + (uint32_t)rs_tcp_acked(&f->tcp, !f->client);
	reset_at(w, f, !f->client, seq, in->isn + 1 + (uint32_t)in->hold.read);
}
