/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/tcp/rs_valid.h"

#define NO_FIN UINT64_MAX
#define SECOND UINT64_C(1000000000)
/* RFC 7323 5.5: after so long a timestamp that was kept says nothing any more. */
#define STALE (UINT32_C(24) * 86400)
/* A window's field, and how far it is scaled at most (RFC 7323 2.3). */
#define WINDOW_MAX UINT64_C(65535)
#define WSCALE_MAX 14

static unsigned bit(unsigned dir)
{
	return 1u << dir;
}

static uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static bool both(uint8_t bits)
{
	return bits == (bit(0) | bit(1));
}

/* RFC 7323 1.3: both SYNs must have offered it. */
static bool scales(const struct rs_valid *v)
{
	return both(v->syns) && both(v->scales);
}

static bool is_old(const struct rs_valid *v, unsigned dir, uint32_t tsval, uint64_t now)
{
	if (!(v->has_newest & bit(dir)))
		return false;
	if ((uint32_t)(now / SECOND) - v->newest_at[dir] > STALE)
		return false;
	/* Linux takes one tick for no difference. */
	return (int32_t)(v->newest[dir] - tsval) > 1;
}

/* The highest number that the sender of direction d may have used. */
static uint64_t sent_up_to(const struct rs_tcp *c, unsigned d, uint64_t waiting)
{
	const struct rs_stream *s = &c->dir[d];
	uint64_t end = max_u64(s->end, waiting);
	return s->fin != NO_FIN ? max_u64(end, s->fin + 1) : end;
}

/* RFC 5961 5.2; and like Linux, that no byte before the first can be acknowledged again. */
static enum rs_doubt check_ack(const struct rs_valid *v, const struct rs_tcp *c, unsigned dir, uint32_t ack, uint64_t waiting)
{
	unsigned o = 1 - dir;
	if (!(c->seen & bit(o)) || !(c->known & bit(o)) || !both(c->started))
		return RS_DOUBT_NONE;
	int64_t off = rs_stream_offset(&c->dir[o], ack);
	/* As nearly all do: of what was seen, and nothing less than before. */
	if (off >= (int64_t)rs_tcp_acked(c, o) && off <= (int64_t)c->dir[o].end)
		return RS_DOUBT_NONE;
	if (off < 0)
		return RS_DOUBT_ACK_OLD;
	if ((uint64_t)off > sent_up_to(c, o, waiting))
		return RS_DOUBT_ACK;
	uint64_t window = WINDOW_MAX << (scales(v) ? v->wscale[dir] : both(v->syns) ? 0 : WSCALE_MAX);
	return rs_tcp_acked(c, o) > window && (uint64_t)off < rs_tcp_acked(c, o) - window ? RS_DOUBT_ACK : RS_DOUBT_NONE;
}

enum rs_doubt rs_valid_check(const struct rs_valid *v, const struct rs_tcp *c, unsigned dir, const struct rs_tcp_segment *seg,
			     const struct rs_options *o, const uint64_t waiting[2], uint64_t now)
{
	const struct rs_stream *s = &c->dir[dir];
	bool rst = seg->flags & RS_TCP_RST;
	if ((seg->flags & RS_TCP_SYN) || (!rst && !seg->len && !(seg->flags & RS_TCP_FIN)))
		return RS_DOUBT_NONE;
	if (o->authenticated && !(v->authenticated & bit(dir)) && (v->syns & bit(dir)))
		return RS_DOUBT_SIGNED;
	if (rst)
		return RS_DOUBT_NONE;
	if (!(seg->flags & RS_TCP_ACK))
		return RS_DOUBT_NO_ACK;
	if (both(v->timestamps) && o->timestamps && is_old(v, dir, o->tsval, now))
		return RS_DOUBT_TIMESTAMP;
	/* What else a FIN says counts when it is acknowledged. */
	if (!(c->started & bit(dir)) || !seg->len)
		return RS_DOUBT_NONE;
	if (c->state == RS_TCP_RESET && !rs_tcp_is_before_reset(c, dir, seg))
		return RS_DOUBT_RESET;
	if (both(v->timestamps) && !o->timestamps)
		return RS_DOUBT_NO_TIMESTAMP;
	int64_t off = rs_stream_offset(s, seg->seq);
	/* A FIN takes a number: a keep-alive behind it stands in its place, and is acknowledged already. */
	if ((c->fin_taken & bit(dir)) && off + (int64_t)seg->len > (int64_t)s->fin + 1)
		return RS_DOUBT_FIN;
	enum rs_doubt ack = check_ack(v, c, dir, seg->ack, waiting[1 - dir]);
	if (ack != RS_DOUBT_NONE)
		return ack;
	/* Receivers differ in what they keep of one that begins in the window and ends beyond it. */
	if (v->right[dir] && off >= (int64_t)v->right[dir])
		return RS_DOUBT_WINDOW;
	return RS_DOUBT_NONE;
}

static void note_syn(struct rs_valid *v, unsigned dir, const struct rs_options *o)
{
	uint8_t b = (uint8_t)bit(dir), rest = (uint8_t)~b;
	v->syns |= b;
	v->timestamps = (uint8_t)((v->timestamps & rest) | (o->timestamps ? b : 0));
	v->scales = (uint8_t)((v->scales & rest) | (o->window_scale ? b : 0));
	v->authenticated = (uint8_t)((v->authenticated & rest) | (o->authenticated ? b : 0));
	v->wscale[dir] = o->wscale;
}

static void note_window(struct rs_valid *v, const struct rs_tcp *c, unsigned dir, const struct rs_tcp_segment *seg)
{
	unsigned o = 1 - dir;
	if (!both(v->syns) || !(seg->flags & RS_TCP_ACK) || !(c->started & bit(o)))
		return;
	/* RFC 7323 2.2: the window of a SYN is never scaled. */
	unsigned scale = !(seg->flags & RS_TCP_SYN) && scales(v) ? v->wscale[dir] : 0;
	int64_t edge = rs_stream_offset(&c->dir[o], seg->ack) + ((int64_t)seg->window << scale);
	if (edge > (int64_t)v->right[o])
		v->right[o] = (uint64_t)edge;
}

/* What the receiver of dir[d] has accepted last, it says. Of what was not seen to be sent, or of a forged echo, nothing is known.
 * reached: all that it acknowledges was read. */
static void note_echo(struct rs_valid *v, unsigned d, uint32_t tsecr, bool reached, uint64_t now)
{
	if (!(v->has_sent & bit(d)))
		return;
	uint32_t echoed = (int32_t)(tsecr - v->sent[d]) > 0 ? v->sent[d] : tsecr;
	if (reached && (!(v->has_edge & bit(d)) || (int32_t)(echoed - v->edge[d]) > 0)) {
		v->edge[d] = echoed;
		v->has_edge |= (uint8_t)bit(d);
	}
	bool stale = (uint32_t)(now / SECOND) - v->newest_at[d] > STALE;
	if ((v->has_newest & bit(d)) && !stale && (int32_t)(echoed - v->newest[d]) < 0)
		return;
	v->newest[d] = echoed;
	v->newest_at[d] = (uint32_t)(now / SECOND);
	v->has_newest |= (uint8_t)bit(d);
}

bool rs_valid_was_old(const struct rs_valid *v, unsigned dir, const struct rs_options *o)
{
	return (v->has_edge & bit(dir)) && (int32_t)(v->edge[dir] - o->tsval) > 1;
}

void rs_valid_note(struct rs_valid *v, const struct rs_tcp *c, unsigned dir, const struct rs_tcp_segment *seg,
		   const struct rs_options *o, uint64_t now)
{
	if (seg->flags & RS_TCP_RST)
		return;
	if (seg->flags & RS_TCP_SYN) {
		/* Another number than the one that counts, or one that comes again: a receiver takes no options from it. */
		if (c->state > RS_TCP_SYN_SENT || !(c->started & bit(dir)) || c->dir[dir].isn != seg->seq)
			return;
		note_syn(v, dir, o);
	}
	note_window(v, c, dir, seg);
	if (!o->timestamps || !(c->started & bit(dir)))
		return;
	if (seg->flags & RS_TCP_ACK)
		note_echo(v, 1 - dir, o->tsecr, rs_stream_offset(&c->dir[1 - dir], seg->ack) <= (int64_t)c->dir[1 - dir].next, now);
	if ((v->has_sent & bit(dir)) && (int32_t)(o->tsval - v->sent[dir]) < 0)
		return;
	v->sent[dir] = o->tsval;
	v->has_sent |= (uint8_t)bit(dir);
}

bool rs_doubt_is_deliberate(enum rs_doubt d)
{
	return d == RS_DOUBT_TIMESTAMP || d == RS_DOUBT_NO_ACK || d == RS_DOUBT_SIGNED || d == RS_DOUBT_ACK_OLD;
}

const char *rs_doubt_name(enum rs_doubt d)
{
	static const char *const names[RS_DOUBT_MAX] = { "none", "checksum", "timestamp", "no_timestamp", "no_ack", "acknowledgement",
							 "old_acknowledgement", "window", "signature", "behind_fin", "behind_reset",
							 "ahead" };
	return names[d];
}
