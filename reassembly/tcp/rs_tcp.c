/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/tcp/rs_tcp.h"

#include <string.h>

#define NO_FIN UINT64_MAX

struct pass { /* what one call carries around */
	struct rs_tcp *c;
	struct rs_stream_mem *mem;
	const struct rs_tcp_ops *ops;
	void *arg;
};

static unsigned bit(unsigned dir)
{
	return 1u << dir;
}

static unsigned ack_bit(unsigned dir)
{
	return RS_TCP_SYN_ACK(dir);
}

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

void rs_tcp_init(struct rs_tcp *c)
{
	memset(c, 0, sizeof *c);
	for (unsigned d = 0; d < 2; d++)
		rs_stream_init(&c->dir[d], 0, RS_OVERLAP_FIRST, 0);
}

void rs_tcp_wait(struct rs_tcp *c)
{
	c->waits = c->dir[0].waits = c->dir[1].waits = true;
}

void rs_tcp_overlaps(struct rs_tcp *c, struct rs_stream_mem *mem, unsigned dir, enum rs_overlap_policy policy, uint16_t remember)
{
	c->dir[dir].policy = (uint8_t)policy;
	c->dir[dir].remember = remember;
	if (!remember)
		rs_stream_forget(&c->dir[dir], mem);
}

/* Payload into the streams. */

static void drain(struct pass *p, unsigned d)
{
	struct rs_seg seg;
	while (rs_stream_pop(&p->c->dir[d], p->mem, &seg)) {
		p->ops->data(p->arg, d, seg.ref, seg.skip, seg.len);
		rs_stream_keep(&p->c->dir[d], p->mem, seg.off, seg.len, seg.ref, seg.skip, seg.cost);
		p->mem->ref_put(seg.ref);
	}
}

static void give_up(struct pass *p, unsigned d, uint64_t n)
{
	p->ops->gap(p->arg, d, n);
	rs_stream_skip(&p->c->dir[d], n);
	drain(p, d);
}

static void give_up_to(struct pass *p, unsigned d, uint64_t to)
{
	for (uint64_t n; (n = rs_stream_hole(&p->c->dir[d], to));)
		give_up(p, d, n);
}

/* The receiver has the bytes, and the sender went on: they will not come again. The number of a FIN is none of them, whatever was seen
 * behind it. */
static void give_up_acked(struct pass *p, unsigned d)
{
	const struct rs_stream *s = &p->c->dir[d];
	uint64_t to = min_u64(s->acked, s->end);
	if (s->fin != NO_FIN && s->acked == s->fin + 1)
		to = min_u64(to, s->fin);
	give_up_to(p, d, to);
}

static void lose_acked(struct pass *p, unsigned d)
{
	if (!p->c->waits)
		give_up_acked(p, d);
}

/* len bytes at off; they are bytes base and following of ref's payload. */
static enum rs_verdict add(struct pass *p, unsigned d, uint64_t off, uint32_t len, void *ref, uint32_t base,
			   uint32_t cost)
{
	struct rs_stream *s = &p->c->dir[d];
	enum rs_verdict result = RS_DUP;
	do {
		uint32_t skip;
		enum rs_verdict v = rs_stream_add(s, p->mem, off, len, ref, cost, &skip);
		if (v != RS_INORDER)
			return result == RS_INORDER ? result : v;
		result = v;
		uint32_t n = (uint32_t)(s->next - (off + skip));
		p->ops->data(p->arg, d, ref, base + skip, n);
		rs_stream_keep(s, p->mem, off + skip, n, ref, base + skip, cost);
		drain(p, d);
	} while (s->next < off + len);
	return result;
}

/* A side of which nothing was ever seen does not acknowledge: what stops this reader are its own limits. */
static enum rs_verdict add_oneway(struct pass *p, unsigned d, uint64_t off, uint32_t len, void *ref, uint32_t cost)
{
	for (;;) {
		enum rs_verdict v = add(p, d, off, len, ref, 0, cost);
		if (v != RS_LIMIT && v != RS_WINDOW)
			return v;
		uint64_t n = rs_stream_hole(&p->c->dir[d], off);
		if (!n)
			return v;
		give_up(p, d, n);
	}
}

/* Whether a segment says other than what was seen. Where only one direction is seen nobody acknowledges: there is no edge below which
 * its receiver could be said to have taken what was read. */
static bool contradicts(struct pass *p, unsigned d, const struct rs_tcp_segment *seg, const void *ref)
{
	const struct rs_tcp *c = p->c;
	const struct rs_stream *s = &c->dir[d];
	if (!seg->len || !(c->started & bit(d)))
		return false;
	int64_t off = rs_stream_offset(s, seg->seq);
	uint32_t before = off < 0 ? (uint32_t)min_u64((uint64_t)-off, seg->len) : 0;
	struct rs_seen seen;
	rs_stream_compare(s, p->mem, (uint64_t)(off + before), seg->len - before, ref, before, &seen);
	if (seen.unknown_len)
		p->ops->unknown(p->arg, d, seen.unknown_off, seen.unknown_len);
	if (seen.contradicts)
		p->ops->contradiction(p->arg, d, &seen.contradiction);
	return seen.contradicts;
}

/* Both sides went on, by more than a window, without this reader. */
static bool catch_up(struct pass *p, unsigned d)
{
	struct rs_stream *s = &p->c->dir[d];
	struct rs_tcp_far *far = &p->c->side[d].far;
	uint64_t seq = far->seq, ack = far->ack;
	if (!seq || !ack || (seq > ack ? seq - ack : ack - seq) > p->mem->window)
		return false;
	*far = (struct rs_tcp_far){ 0 };
	rs_stream_acked(s, p->mem, ack);
	s->end = max_u64(s->end, seq);
	give_up_acked(p, d);
	return true;
}

static enum rs_verdict add_payload(struct pass *p, unsigned d, int64_t off, const struct rs_tcp_segment *seg, void *ref,
				   uint32_t cost)
{
	struct rs_tcp *c = p->c;
	uint32_t len = seg->len;
	if (c->fin_taken & bit(d))
		return RS_DUP;
	if (off < 0) {
		/* Before ISN+1: what is left starts at 0, never above next, and so is never held. */
		uint64_t before = (uint64_t)-off;
		if (len <= before)
			return RS_DUP;
		return add(p, d, 0, len - (uint32_t)before, ref, (uint32_t)before, cost);
	}
	if (!(c->seen & bit(1 - d)))
		return add_oneway(p, d, (uint64_t)off, len, ref, cost);
	enum rs_verdict v = add(p, d, (uint64_t)off, len, ref, 0, cost);
	/* Who waits for a hole to be filled waits only as long as there is room. */
	if ((v == RS_LIMIT || v == RS_WINDOW) && c->waits && rs_tcp_lacks(c, d)) {
		give_up_acked(p, d);
		v = add(p, d, (uint64_t)off, len, ref, 0, cost);
	}
	if (v == RS_WINDOW) {
		c->side[d].far.seq = (uint64_t)off;
		if (catch_up(p, d))
			v = add(p, d, (uint64_t)off, len, ref, 0, cost);
	}
	return v;
}

/* Data of a SYN. */

static void drop_syn_data(struct pass *p, unsigned d)
{
	struct rs_tcp *c = p->c;
	if (!(c->has_syn_data & bit(d)))
		return;
	struct rs_tcp_syn_data sd = c->side[d].syn_data;
	c->has_syn_data &= (uint8_t)~bit(d);
	c->side[d].far = (struct rs_tcp_far){ 0 };
	p->mem->held -= sd.cost;
	p->mem->ref_put(sd.ref);
}

/* The receiver has taken everything up to `taken`, and no more of what came with the SYN. */
static void settle_syn_data(struct pass *p, unsigned d, uint64_t taken)
{
	if (!(p->c->has_syn_data & bit(d)))
		return;
	struct rs_tcp_syn_data sd = p->c->side[d].syn_data;
	uint32_t len = (uint32_t)min_u64(sd.len, taken);
	/* At offset 0: in order, or known already; never held. */
	if (len)
		add(p, d, 0, len, sd.ref, 0, sd.cost);
	drop_syn_data(p, d);
}

/* A SYN that is repeated with other bytes: which of them its receiver takes, if any, nobody knows yet. */
static void compare_syn_data(struct pass *p, unsigned d, uint32_t len, const void *ref)
{
	const struct rs_tcp_syn_data *sd = &p->c->side[d].syn_data;
	uint32_t first;
	if (!(p->c->has_syn_data & bit(d)) || !p->mem->same || p->mem->same(sd->ref, 0, ref, 0, (uint32_t)min_u64(len, sd->len), &first))
		return;
	p->ops->contradiction(p->arg, d, &(struct rs_contradiction){ .at = first, .len = len, .seen_len = sd->len });
}

static enum rs_verdict hold_syn_data(struct pass *p, unsigned d, uint32_t len, void *ref, uint32_t cost)
{
	struct rs_tcp *c = p->c;
	compare_syn_data(p, d, len, ref);
	if ((c->has_syn_data & bit(d)) || c->dir[d].next || c->state > RS_TCP_SYN_SENT)
		return RS_DUP;
	c->syn_len[d] = (uint16_t)min_u64(len, UINT16_MAX);
	if (p->mem->held + (uint64_t)cost + p->mem->denied > p->mem->held_max)
		return RS_LIMIT;
	p->mem->ref_get(ref);
	p->mem->held += cost;
	c->has_syn_data |= (uint8_t)bit(d);
	c->side[d].syn_data = (struct rs_tcp_syn_data){ .ref = ref, .len = len, .cost = cost };
	if (c->syn & ack_bit(1 - d)) {
		/* The SYN-ACK was captured before the SYN that it answers. */
		uint64_t acked = c->dir[d].acked;
		settle_syn_data(p, d, acked);
		return acked ? RS_INORDER : RS_DUP;
	}
	return RS_HELD;
}

/* The handshake. */

static void start(struct pass *p, unsigned d, uint32_t isn)
{
	struct rs_tcp *c = p->c;
	drop_syn_data(p, d);
	rs_stream_clear(&c->dir[d], p->mem);
	uint8_t group = c->dir[d].group;
	rs_stream_init(&c->dir[d], isn, c->dir[d].policy, c->dir[d].remember);
	c->dir[d].group = group;
	c->dir[d].waits = c->waits;
	c->syn_len[d] = 0;
	c->side[d].far = (struct rs_tcp_far){ 0 };
	c->agreed &= (uint8_t)~bit(d);
	c->started |= bit(d);
}

static bool untouched(const struct rs_tcp *c, unsigned d)
{
	return !c->dir[d].next && !c->dir[d].head;
}

/* A SYN says where its own direction begins. False: it contradicts what is known better. */
static bool take_isn(struct pass *p, unsigned d, const struct rs_tcp_segment *seg)
{
	struct rs_tcp *c = p->c;
	unsigned o = 1 - d;
	if (!(c->started & bit(d))) {
		start(p, d, seg->seq);
		return true;
	}
	uint32_t isn = c->dir[d].isn;
	if (isn == seg->seq)
		return true;
	if (!untouched(c, d))
		return false;
	if (!(c->syn & ack_bit(o)) && (c->state <= RS_TCP_SYN_SENT || !(c->known & bit(d)))) {
		/* Nobody answered the SYN seen before; or the ISN was guessed from a FIN. */
		start(p, d, seg->seq);
		return true;
	}
	if (c->syn & bit(d))
		return false;
	/* The ISN is only what the other side's SYN-ACK says: it may have acknowledged data of this SYN, too ... */
	uint32_t taken = isn - seg->seq;
	if (taken <= seg->len) {
		start(p, d, seg->seq);
		rs_stream_acked(&c->dir[d], p->mem, taken);
		return true;
	}
	/* ... or it was no answer to anything, where this SYN is one. */
	if ((seg->flags & RS_TCP_ACK) && (c->syn & bit(o)) && seg->ack == c->dir[o].isn + 1) {
		start(p, d, seg->seq);
		return true;
	}
	return false;
}

/* A SYN-ACK for dir[o]: its SYN, and at most the data with it. */
static bool acks_syn(const struct rs_tcp *c, unsigned o, uint32_t ack)
{
	return ack - (c->dir[o].isn + 1) <= c->syn_len[o];
}

/* Another connection's handshake, of which dir's SYN-ACK, of number isn, is the answer to peer_isn. */
static void replace(struct rs_tcp *c, unsigned dir, uint32_t isn, uint32_t peer_isn)
{
	/* An open connection answers no SYN; the one before is over, then, whatever its reset was. */
	if (!c->aside || c->state == RS_TCP_RESET) {
		c->replaced = true;
		c->reset = false;
		c->state = RS_TCP_CLOSED;
		return;
	}
	c->anew = (uint8_t)(1 + (1 - dir));
	c->anew_open = false;
	c->anew_isn[dir] = isn;
	c->anew_isn[1 - dir] = peer_isn;
}

static bool unread(const struct rs_tcp *c)
{
	return untouched(c, 0) && untouched(c, 1);
}

static bool is_within(int64_t off, uint32_t window)
{
	return off >= -(int64_t)window && off <= (int64_t)window;
}

/* Both numbers as they may be in the connection at hand; no SYN. Nothing comes before its first byte, and where the other handshake's
 * first byte stands, there is that. */
static bool is_of_this(const struct rs_tcp *c, unsigned dir, const struct rs_tcp_segment *seg, uint32_t window)
{
	const struct rs_stream *s = &c->dir[dir], *o = &c->dir[1 - dir];
	int64_t off = rs_stream_offset(s, seg->seq), ack = rs_stream_offset(o, seg->ack);
	/* What it acknowledges may be seen later, or wait. */
	if (off == (int64_t)s->next && ack >= 0 && ack <= (int64_t)(o->end + window))
		return true;
	if (unread(c) && (off <= 0 || seg->seq == c->anew_isn[dir] + 1))
		return false;
	return off >= -(int64_t)window && off <= (int64_t)(s->end + window) && ack >= 0 && ack <= (int64_t)o->end + (o->fin != NO_FIN);
}

static bool is_of_other(const struct rs_tcp *c, unsigned dir, const struct rs_tcp_segment *seg, uint32_t window)
{
	uint32_t off = seg->seq - (c->anew_isn[dir] + 1), ack = seg->ack - (c->anew_isn[1 - dir] + 1);
	return off <= window && ack <= window;
}

bool rs_tcp_is_anew(const struct rs_tcp *c, unsigned dir, const struct rs_tcp_segment *seg, uint32_t window)
{
	if (!c->anew || (seg->flags & (RS_TCP_SYN | RS_TCP_RST | RS_TCP_ACK)) != RS_TCP_ACK || !seg->len)
		return false;
	return is_of_other(c, dir, seg, window) && !is_of_this(c, dir, seg, window);
}

struct rs_tcp_other rs_tcp_as_other(const struct rs_tcp *c, unsigned dir)
{
	struct rs_tcp_other other = { .anew = c->syn & ack_bit(dir) ? 2 : 1, .open = !unread(c) || c->known != 3 };
	for (unsigned d = 0; d < 2; d++)
		other.isn[d ^ dir] = c->dir[d].isn + (uint32_t)c->dir[d].next;
	return other;
}

void rs_tcp_set_other(struct rs_tcp *c, const struct rs_tcp_other *other)
{
	c->anew = other->anew;
	c->anew_open = other->open;
	c->anew_isn[0] = other->isn[0];
	c->anew_isn[1] = other->isn[1];
}

/* The handshake's last segment says nothing of the connection at hand. */
static bool completes_anew(const struct rs_tcp *c, unsigned dir, const struct rs_tcp_segment *seg)
{
	return c->anew && seg->flags == RS_TCP_ACK && !seg->len && seg->seq == c->anew_isn[dir] + 1 &&
	       seg->ack == c->anew_isn[1 - dir] + 1;
}

/* Where two handshakes were answered, a third may have been, and what is seen of it is that somebody acknowledges. True: it says nothing
 * of the connection at hand. */
static bool names_another(struct rs_tcp *c, unsigned dir, const struct rs_tcp_segment *seg, uint32_t window)
{
	if (!c->anew || seg->flags != RS_TCP_ACK || seg->len || c->started != 3 || is_of_this(c, dir, seg, window))
		return false;
	bool near = is_within(rs_stream_offset(&c->dir[dir], seg->seq), window) &&
		    is_within(rs_stream_offset(&c->dir[1 - dir], seg->ack), window);
	if (near && !unread(c))
		return false;
	/* Of what nobody said a byte yet, one number at least is the handshake's. */
	bool begins = seg->seq == c->anew_isn[dir] + 1 || seg->ack == c->anew_isn[1 - dir] + 1;
	if (unread(c) ? !begins : !is_of_other(c, dir, seg, window)) {
		c->anew_isn[dir] = seg->seq - 1;
		c->anew_isn[1 - dir] = seg->ack - 1;
		c->anew_open = true;
	}
	return !near;
}

/* A SYN-ACK says where the other direction begins: it decides between SYNs. */
static void take_peer_isn(struct pass *p, unsigned d, uint32_t isn, uint32_t ack)
{
	struct rs_tcp *c = p->c;
	unsigned o = 1 - d;
	if (!(c->started & bit(o))) {
		start(p, o, ack - 1);
		c->known |= bit(o);
		return;
	}
	bool asked = (c->refused & bit(o)) && ack == c->refused_isn[o] + 1;
	/* After a reset even the numbers that were used before are another connection's: an open one answers no SYN. */
	if (asked && c->state == RS_TCP_RESET) {
		replace(c, d, isn, ack - 1);
		return;
	}
	if (acks_syn(c, o, ack))
		return;
	if (asked) {
		if (!unread(c) || c->state > RS_TCP_SYN_SENT) {
			replace(c, d, isn, ack - 1);
			return;
		}
		/* Another answer, which named another number, came first: nobody went on with that yet. */
		c->refused &= (uint8_t)~bit(o);
		c->odd[d] |= RS_TCP_ODD_SYN_ACK_NUMBER;
		start(p, o, ack - 1);
		return;
	}
	/* Only an initiator's number is the responder's to name. */
	if (c->syn & (ack_bit(o) | ack_bit(d)))
		return;
	if (untouched(c, o)) {
		if (c->syn & bit(o)) {
			c->refused |= bit(o);
			c->refused_isn[o] = c->dir[o].isn;
		}
		start(p, o, ack - 1);
		c->known |= bit(o);
	} else if (c->syn & bit(o)) {
		replace(c, d, isn, ack - 1);
	}
}

/* A SYN-ACK of d took the place of another, of these numbers; which of the two is gone on with, is not known yet. */
static void keep_answered(struct rs_tcp *c, unsigned d, const uint32_t isn[2])
{
	if (!c->aside || c->replaced || (c->dir[0].isn == isn[0] && c->dir[1].isn == isn[1]))
		return;
	replace(c, d, isn[d], isn[1 - d]);
}

/* The SYN that was answered by what was seen of the other direction: nothing of its own was, until now. */
static bool is_shown_late(const struct rs_tcp *c, unsigned d, uint32_t number)
{
	return c->waits && (c->syn & ack_bit(1 - d)) && !(c->syn & bit(d)) && untouched(c, d) && number == c->dir[d].isn;
}

static bool synchronize(struct pass *p, unsigned d, const struct rs_tcp_segment *seg)
{
	struct rs_tcp *c = p->c;
	bool known = c->syn & bit(d);
	bool answered = c->started == 3 && (c->syn & (ack_bit(0) | ack_bit(1))) && c->state != RS_TCP_RESET;
	const uint32_t isn[2] = { c->dir[0].isn, c->dir[1].isn }, before = isn[d];
	bool ask_anew = c->state == RS_TCP_RESET && !(seg->flags & RS_TCP_ACK) && !is_shown_late(c, d, seg->seq);
	bool fits = !ask_anew && take_isn(p, d, seg);
	if (!fits) {
		c->refused |= bit(d);
		c->refused_isn[d] = seg->seq;
		if (c->state <= RS_TCP_SYN_SENT)
			c->odd[d] |= seg->flags & RS_TCP_ACK ? RS_TCP_ODD_SYN_ACK_NUMBER : RS_TCP_ODD_SYN_NUMBER;
	} else if (known && c->dir[d].isn != before) {
		c->odd[d] |= seg->flags & RS_TCP_ACK ? RS_TCP_ODD_SYN_ACK_NUMBER : RS_TCP_ODD_SYN_NUMBER;
	}
	/* A SYN-ACK with another number of its own may still answer a SYN that was refused. */
	if ((seg->flags & RS_TCP_ACK) && (fits || (c->refused & bit(1 - d))))
		take_peer_isn(p, d, seg->seq, seg->ack);
	if (answered && (seg->flags & RS_TCP_ACK))
		keep_answered(c, d, isn);
	if (!fits || c->replaced)
		return false;
	c->known |= bit(d);
	c->syn |= bit(d);
	if (seg->flags & RS_TCP_ACK)
		c->syn |= ack_bit(d);
	if (c->state == RS_TCP_NEW)
		c->state = RS_TCP_SYN_SENT;
	return true;
}

/* The rest of a segment. */

/* A FIN that was acknowledged tells that what stands before it was sent. */
static void reach_fin(struct rs_tcp *c, unsigned d)
{
	struct rs_stream *s = &c->dir[d];
	if (s->fin != NO_FIN && s->acked > s->fin)
		s->end = max_u64(s->end, s->fin);
}

/* The segment's ACK: dir[o] has arrived up to it. */
static void acknowledge(struct pass *p, unsigned o, uint32_t ack)
{
	struct rs_tcp *c = p->c;
	struct rs_stream *s = &c->dir[o];
	if (!(c->started & bit(o))) {
		c->expected |= bit(o);
		s->isn = ack - 1;
		return;
	}
	int64_t off = rs_stream_offset(s, ack);
	if (off < 0)
		return;
	uint64_t to = (uint64_t)off;
	settle_syn_data(p, o, to);
	if (to <= s->end + (s->fin != NO_FIN))
		c->agreed |= (uint8_t)bit(o);
	if (to > s->end && to - s->end > p->mem->window) {
		c->side[o].far.ack = to;
		catch_up(p, o);
		return;
	}
	rs_stream_acked(s, p->mem, to);
	reach_fin(c, o);
	lose_acked(p, o);
}

static enum rs_verdict reset(struct rs_tcp *c)
{
	c->reset = true;
	c->state = c->aside ? RS_TCP_RESET : RS_TCP_CLOSED;
	return RS_INORDER;
}

static void note_reset(struct rs_tcp *c, unsigned d, uint32_t number)
{
	if (c->new_reset && (c->reset_by != d || (int32_t)(number - c->reset_number) <= 0))
		return;
	c->new_reset = true;
	c->reset_by = d & 1;
	c->reset_number = number;
}

static enum rs_verdict take_reset(struct rs_tcp *c, struct rs_stream_mem *mem, unsigned d,
				  const struct rs_tcp_segment *seg)
{
	unsigned from = d;
	uint32_t number = seg->seq;
	if (!(c->started & bit(d))) {
		/* RFC 9293 3.5.2: a reset of what came unasked begins where that acknowledged ... */
		if ((c->expected & bit(d)) && seg->seq == c->dir[d].isn + 1)
			return reset(c);
		/* ... or, 3.10.7.3, answers a SYN: it knows no sequence number, but what it refuses. */
		if (!(seg->flags & RS_TCP_ACK))
			return RS_DUP;
		from = 1 - d;
		number = seg->ack;
	}
	if (!(c->started & bit(from)))
		return RS_DUP;
	const struct rs_stream *s = &c->dir[from];
	int64_t off = rs_stream_offset(s, number);
	/* While the handshake runs, what came with the SYN may or may not be counted. */
	uint32_t syn = c->has_syn_data & bit(from) ? c->side[from].syn_data.len : 0;
	uint64_t high = from != d ? s->end + syn : c->aside ? s->next + mem->window : s->end;
	if (off < 0 || (uint64_t)off < s->acked || (uint64_t)off > high)
		return RS_DUP;
	/* Behind a hole Linux takes it in one place: where the right-most block ends that it acknowledges selectively. */
	if (from == d && !c->aside && (uint64_t)off > s->next && (uint64_t)off != s->end)
		return RS_DUP;
	/* One that answers a SYN has no number of its own. */
	if (c->waits && from == d)
		note_reset(c, d, seg->seq);
	return reset(c);
}

/* Where the sender is; not further ahead than data would be taken. A segment without any may say what is not so, and reach nobody: it
 * counts as far as its receiver, if that is seen, agrees. */
static void note_position(struct pass *p, unsigned d, int64_t off, uint32_t len)
{
	struct rs_stream *s = &p->c->dir[d];
	int64_t at = off + (int64_t)len;
	if (!len && (p->c->seen & bit(1 - d)) && at > (int64_t)s->acked)
		at = (int64_t)s->acked;
	/* RFC 9293 3.4: a FIN takes a number; an empty segment one further on is no sign of a lost byte. */
	int64_t known = (int64_t)s->end + (len ? 0 : 1);
	if (s->fin != NO_FIN && at == (int64_t)s->fin + 1)
		at--;
	if (at > known && !(p->c->fin_taken & bit(d)) && (uint64_t)at - s->next <= p->mem->window)
		s->end = (uint64_t)at;
}

static void note_fin(struct pass *p, unsigned d, int64_t off)
{
	struct rs_tcp *c = p->c;
	struct rs_stream *s = &c->dir[d];
	if (off < 0 || (uint64_t)off < s->next || (uint64_t)off - s->next > p->mem->window)
		return;
	if (c->fin_taken & bit(d))
		return;
	if (s->fin != NO_FIN && s->fin != (uint64_t)off)
		c->odd[d] |= RS_TCP_ODD_FIN;
	s->fin = (uint64_t)off;
	/* An empty segment behind it was seen before it: what stood for a byte there was the FIN's number. */
	if (s->end == s->fin + 1 && (!s->tail || s->tail->off + s->tail->len <= s->fin))
		s->end = s->fin;
	reach_fin(c, d);
}

/* What the FINs mean now. */
static void settle(struct rs_tcp *c)
{
	unsigned fins = 0, reached = 0;
	for (unsigned d = 0; d < 2; d++) {
		struct rs_stream *s = &c->dir[d];
		/* A FIN that was overtaken by data before anyone acknowledged it was not the end. */
		if (s->fin < s->next) {
			s->fin = NO_FIN;
			c->fin_taken &= (uint8_t)~bit(d);
			c->odd[d] |= RS_TCP_ODD_FIN;
		}
		if (s->fin == NO_FIN)
			continue;
		fins++;
		if (s->fin != s->next)
			continue;
		/* RFC 9293 3.10.7.4: what stands behind a FIN its receiver ignores; only if that has not taken it, it may wait there. */
		if (s->acked == s->fin + 1 && !(c->fin_taken & bit(d))) {
			c->fin_taken |= bit(d);
			c->odd[d] |= s->end > s->fin ? RS_TCP_ODD_FIN : 0;
		}
		reached += (c->fin_taken & bit(d)) || s->end <= s->fin;
	}
	if (c->state == RS_TCP_RESET)
		return;
	if (reached == 2)
		c->state = RS_TCP_CLOSED;
	else if (fins)
		c->state = RS_TCP_CLOSING;
	else if (c->state == RS_TCP_CLOSING)
		c->state = RS_TCP_ESTABLISHED;
}

void rs_tcp_revive(struct rs_tcp *c, unsigned dir)
{
	struct rs_stream *s = &c->dir[dir];
	if (c->fin_taken & bit(dir)) {
		c->fin_taken &= (uint8_t)~bit(dir);
		c->odd[dir] |= RS_TCP_ODD_FIN;
		s->fin = NO_FIN;
	}
	c->reset = false;
	c->new_reset = false;
	if (c->state == RS_TCP_RESET)
		c->state = RS_TCP_ESTABLISHED;
	settle(c);
}

static void pick_up(struct pass *p, unsigned d, const struct rs_tcp_segment *seg)
{
	struct rs_tcp *c = p->c;
	if (!(c->started & bit(d)) && (seg->len || seg->missing || (seg->flags & RS_TCP_FIN)))
		start(p, d, seg->seq - 1);
	if (c->state == RS_TCP_NEW || (c->state == RS_TCP_SYN_SENT && (seg->flags & RS_TCP_ACK)))
		c->state = RS_TCP_ESTABLISHED;
}

#ifndef RS_TCP_GENERAL_ONLY
/* Nearly every segment is the next one of an open connection that misses nothing, and acknowledges what was seen. Then all that
 * the general way below does comes to this: the edges move, and the payload is handed on. False: it is not such a one.
 * An open connection knows of no FIN, and a stream that was seen no further than it was read holds nothing. */
static inline bool is_next(struct rs_tcp *c, struct rs_stream_mem *mem, unsigned d, const struct rs_tcp_segment *seg, void *ref,
			   uint32_t cost, const struct rs_tcp_ops *ops, void *arg)
{
	struct rs_stream *s = &c->dir[d], *o = &c->dir[1 - d];
	const uint8_t which = RS_TCP_FIN | RS_TCP_SYN | RS_TCP_RST | RS_TCP_ACK;
	if (c->state != RS_TCP_ESTABLISHED || c->started != (bit(0) | bit(1)) || (seg->flags & which) != RS_TCP_ACK)
		return false;
	if (s->end != s->next || o->end != o->next || c->has_syn_data || seg->missing)
		return false;
	uint64_t acked = (uint64_t)rs_stream_offset(o, seg->ack);
	if (seg->seq != s->isn + 1 + (uint32_t)s->next || acked > o->end)
		return false;
	c->seen |= bit(d);
	c->agreed |= bit(1 - d);
	c->midstream = c->started & ~c->known;
	rs_stream_acked(o, mem, acked);
	if (seg->len) {
		s->next += seg->len;
		s->end = s->next;
		ops->data(arg, d, ref, 0, seg->len);
		rs_stream_keep(s, mem, s->next - seg->len, seg->len, ref, 0, cost);
	}
	return true;
}
#endif

/* Apart, so that the next segment does not pay for it. */
__attribute__((noinline)) static enum rs_verdict take_any(struct rs_tcp *c, struct rs_stream_mem *mem, unsigned dir,
							  const struct rs_tcp_segment *seg, void *ref, uint32_t cost,
							  const struct rs_tcp_ops *ops, void *arg)
{
	struct pass p = { c, mem, ops, arg };
	if (c->state == RS_TCP_CLOSED)
		return RS_DUP;
	c->seen |= bit(dir);
	if (seg->flags & RS_TCP_RST)
		return take_reset(c, mem, dir, seg);
	bool syn = seg->flags & RS_TCP_SYN;
	if (!syn && contradicts(&p, dir, seg, ref) && c->refuse)
		return RS_CONTRADICTS;
	if (syn) {
		if (!synchronize(&p, dir, seg))
			return RS_DUP;
	} else if (completes_anew(c, dir, seg) || names_another(c, dir, seg, mem->window)) {
		return RS_DUP;
	} else {
		pick_up(&p, dir, seg);
	}
	c->midstream = c->started & ~c->known || !c->started;
	if ((seg->flags & RS_TCP_ACK) && (!syn || acks_syn(c, 1 - dir, seg->ack)))
		acknowledge(&p, 1 - dir, seg->ack);

	enum rs_verdict v = RS_INORDER;
	if (c->started & bit(dir)) {
		struct rs_stream *s = &c->dir[dir];
		int64_t off = rs_stream_offset(s, seg->seq);
		if (syn) {
			if (seg->len)
				v = hold_syn_data(&p, dir, seg->len, ref, cost);
		} else {
			uint32_t sent = seg->len + seg->missing;
			/* RFC 7413: a client goes on behind the data of its SYN only when that was taken. */
			if (off >= 0)
				settle_syn_data(&p, dir, (uint64_t)off);
			if (seg->len)
				v = add_payload(&p, dir, off, seg, ref, cost);
			if (v != RS_LIMIT && v != RS_WINDOW) {
				/* Where a FIN stands counts when it was acknowledged there. */
				if (sent || !(seg->flags & RS_TCP_FIN))
					note_position(&p, dir, off, sent);
				if (seg->flags & RS_TCP_FIN)
					note_fin(&p, dir, off + (int64_t)sent);
			}
		}
		lose_acked(&p, dir);
	}
	settle(c);
	return v;
}

enum rs_verdict rs_tcp_packet(struct rs_tcp *c, struct rs_stream_mem *mem, unsigned dir,
			      const struct rs_tcp_segment *seg, void *ref, uint32_t cost, const struct rs_tcp_ops *ops,
			      void *arg)
{
#ifndef RS_TCP_GENERAL_ONLY /* its test compares the two */
	if (is_next(c, mem, dir, seg, ref, cost, ops, arg))
		return RS_INORDER;
#endif
	return take_any(c, mem, dir, seg, ref, cost, ops, arg);
}

void rs_tcp_heard(struct rs_tcp *c, struct rs_stream_mem *mem, unsigned dir, uint64_t to)
{
	rs_stream_acked(&c->dir[dir], mem, to);
	reach_fin(c, dir);
}

void rs_tcp_give_up(struct rs_tcp *c, struct rs_stream_mem *mem, unsigned dir, uint64_t to, const struct rs_tcp_ops *ops, void *arg)
{
	struct pass p = { c, mem, ops, arg };
	if (!(c->started & bit(dir)) || c->state == RS_TCP_CLOSED)
		return;
	give_up_to(&p, dir, min_u64(to, c->dir[dir].end));
	settle(c);
}

void rs_tcp_close(struct rs_tcp *c, struct rs_stream_mem *mem, const struct rs_tcp_ops *ops, void *arg)
{
	struct pass p = { c, mem, ops, arg };
	for (unsigned d = 0; d < 2; d++) {
		struct rs_stream *s = &c->dir[d];
		settle_syn_data(&p, d, UINT64_MAX);
		uint64_t to = s->fin == NO_FIN ? s->end : c->fin_taken & bit(d) ? s->fin : max_u64(s->end, s->fin);
		/* RFC 9293 3.4: a FIN takes a number, so one more than was seen need not be a byte. */
		if (s->fin == NO_FIN && s->acked > to + 1)
			to = s->acked;
		give_up_to(&p, d, to);
		rs_stream_clear(s, mem);
	}
	c->state = RS_TCP_CLOSED;
}
