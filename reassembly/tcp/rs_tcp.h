/* SPDX-License-Identifier: Apache-2.0 */
/* rs_tcp: one TCP connection, seen from between its ends (RFC 9293): two streams, the handshake,
 * and how it ended.
 *
 * Owner:  one thread. Memory: this struct and rs_stream's nodes. Units: as rs_stream; time in
 * nanoseconds, the packets' own.
 *
 * Holes: given up, with gap(), when the receiver has acknowledged past them and the sender has been seen to go on
 * past them (until then the bytes may still be on their way to this reader), or when the connection ends. Where only
 * one direction is seen at all, nobody acknowledges: there, when what is held reaches its limit or the window.
 * The owner may have holes wait (`waits`): packets of the two directions may be seen out of step, an acknowledgement before the bytes.
 * Then they are given up by rs_tcp_give_up, and where what is held behind them reaches its limit or the window.
 * An acknowledgement counts up to `window` beyond what the sender was seen to send; what lies further ahead counts
 * when both sides agree about it (this reader missed more than a window).
 *
 * Segments of a connection whose SYN was not seen are picked up in the middle (midstream): the first segment with
 * payload, or FIN, of a direction starts its stream.
 *
 * Data in a SYN is held (one reference a direction, beside the limit) until the receiver is known to have taken it
 * (RFC 7413 4.2.2: a server without a valid cookie drops it, and other bytes may follow in its place).
 * Likewise a FIN ends its direction for good once it is acknowledged in its place; data that follows before that is
 * handed on. Urgent data counts as data.
 *
 * Resets: beside the way (`aside`) a reset may never have arrived, and its sender may go on. There it closes nothing: the connection
 * is RS_TCP_RESET, and goes on as it was with rs_tcp_revive. With `waits` it is seen where it stands among its sender's segments, but
 * what the other side said before it may be seen later (new_reset). Between two ports it counts where the receiver takes it without asking
 * (RFC 5961 3.2): at the number that it expects next, as far as that is known here.
 *
 * Another handshake on the same ports: between two ports it replaces the connection at once, for its answer arrives where it goes. Beside
 * the way neither of its packets may have arrived: there it replaces the connection when somebody goes on behind it (rs_tcp_is_anew);
 * behind a reset at once. A server that keeps no state until the handshake ends (SYN cookies, RFC 4987 3.6) answers each SYN, and either
 * answer may be gone on with: of two handshakes one is the connection, the other one is kept beside it (anew), and so is the one that was
 * replaced, for it may go on all the same. Of more than two the numbers are those that an empty acknowledgement names. */
#ifndef RS_TCP_H
#define RS_TCP_H

#include "reassembly/tcp/rs_stream.h"

enum rs_tcp_flag {
	RS_TCP_FIN = 0x01,
	RS_TCP_SYN = 0x02,
	RS_TCP_RST = 0x04,
	RS_TCP_PSH = 0x08,
	RS_TCP_ACK = 0x10,
	RS_TCP_URG = 0x20
};

struct rs_tcp_segment { /* what the header said */
	uint32_t seq, ack;
	uint32_t len; /* payload bytes */
	uint8_t flags; /* enum rs_tcp_flag */
	uint16_t window; /* unscaled */
	uint32_t missing; /* payload bytes behind those, which were sent, and of which the capture holds none */
};

enum rs_tcp_state {
	RS_TCP_NEW, /* nothing seen */
	RS_TCP_SYN_SENT, /* a SYN or SYN-ACK seen */
	RS_TCP_ESTABLISHED, /* handshake seen (a first segment with ACK and without SYN), or picked up midstream */
	RS_TCP_CLOSING, /* a FIN seen */
	RS_TCP_RESET, /* aside: a RST seen that its receiver would take */
	RS_TCP_CLOSED, /* both FINs reached in order, a valid RST, replaced, or rs_tcp_close: later segments are ignored */
};

enum rs_tcp_odd { /* what no honest sender does, or what replaces a connection */
	RS_TCP_ODD_FIN = 1, /* data behind a FIN, or a second FIN in another place */
	RS_TCP_ODD_SYN = 2, /* another SYN in an open connection, which then went on */
	RS_TCP_ODD_SYN_NUMBER = 4, /* a SYN repeated with another number */
	RS_TCP_ODD_SYN_ACK_NUMBER = 8, /* a SYN-ACK likewise */
};

struct rs_tcp_syn_data { /* what came with a SYN, until it is known whether it was taken */
	void *ref;
	uint32_t len, cost;
};

struct rs_tcp_far { /* beyond the window: a segment's offset, and an acknowledgement of it; 0: none */
	uint64_t seq, ack;
};

struct rs_tcp { /* the order leaves no holes: a million of them are kept */
	struct rs_stream dir[2]; /* by dir of rs_tcp_packet. Expected, and not started: isn + 1 is what the other side
				  * acknowledged last */
	union { /* nothing is far while the data of a SYN waits */
		struct rs_tcp_syn_data syn_data; /* has_syn_data */
		struct rs_tcp_far far;
	} side[2];
	uint32_t refused_isn[2];
	uint16_t syn_len[2]; /* payload bytes of the SYN */
	uint8_t state; /* enum rs_tcp_state */
	uint8_t started; /* bit i: dir[i] has its ISN */
	uint8_t odd[2]; /* enum rs_tcp_odd of dir[i], noted since the owner cleared it */
	uint8_t syn; /* bit i: SYN seen from i; RS_TCP_SYN_ACK(i): ACK came with it */
	uint8_t seen; /* bit i: any segment from i */
	uint8_t known; /* bit i: dir[i]'s ISN is from a SYN, or from the other side's SYN-ACK */
	uint8_t agreed; /* bit i: the other side acknowledged what was seen of dir[i], its SYN or its data: no blind sender guesses that */
	uint8_t fin_taken; /* bit i: dir[i]'s FIN was acknowledged in its place: nothing follows it */
	uint8_t refused; /* bit i: a SYN from i with another ISN was ignored */
	uint8_t expected; /* bit i: the other side has acknowledged something of dir[i] */
	uint8_t has_syn_data; /* bit i: of dir[i] */
	uint8_t anew; /* aside: 1 + the direction of a SYN with other numbers, which was answered; 0: none. anew_isn: see there */
	bool midstream : 1; /* some direction's ISN is a guess */
	bool aside : 1; /* the owner's, set after rs_tcp_init: packets are seen that may not arrive */
	bool reset : 1; /* closed by RST, or RS_TCP_RESET */
	bool replaced : 1; /* closed by a handshake that is not this connection's: close, init again, and give that packet again */
	bool waits : 1; /* rs_tcp_wait */
	bool anew_open : 1; /* something may have been said behind that handshake before */
	bool refuse : 1; /* a segment that contradicts what was seen is RS_CONTRADICTS; the owner may set it before the first packet */
	bool new_reset : 1; /* RS_TCP_RESET, waits: what was sent before it may be seen behind it, until rs_tcp_reset_counts */
	uint8_t reset_by : 1; /* new_reset: whose it is */
	uint32_t anew_isn[2]; /* its numbers: the next byte's is one more */
	uint32_t reset_number; /* new_reset: the reset's; of several of that side's the last one in its stream */
};

struct rs_tcp_other { /* another connection on the same ports, as anew, anew_open and anew_isn tell it */
	uint32_t isn[2];
	uint8_t anew;
	bool open;
};

#define RS_TCP_SYN_ACK(dir) (4u << (dir))

struct rs_tcp_ops {
	/* Payload in order: len bytes of ref from byte skip of its payload. */
	void (*data)(void *arg, unsigned dir, void *ref, uint32_t skip, uint32_t len);
	/* n bytes of the stream will not come. */
	void (*gap)(void *arg, unsigned dir, uint64_t n);
	/* A segment says other than what was seen in its place and is not acknowledged yet. Told before any of it is read. */
	void (*contradiction)(void *arg, unsigned dir, const struct rs_contradiction *c);
	/* It repeats len bytes at off that were handed on, and that nobody remembers: they cannot be compared. */
	void (*unknown)(void *arg, unsigned dir, uint64_t off, uint32_t len);
};

void rs_tcp_init(struct rs_tcp *c);

/* Before the first packet: what is acknowledged and missing waits for rs_tcp_give_up, and what comes after its acknowledgement is
 * remembered until rs_tcp_forget_late. */
void rs_tcp_wait(struct rs_tcp *c);

/* How the receiver of dir[dir] reads overlaps, and how many mbufs of what was handed on are remembered until it has acknowledged
 * them; 0: none, and what is there is forgotten. Until told: RS_OVERLAP_FIRST, and 0. */
void rs_tcp_overlaps(struct rs_tcp *c, struct rs_stream_mem *mem, unsigned dir, enum rs_overlap_policy policy, uint16_t remember);

/* One segment of direction dir (0: from the side that sent the first packet seen). Calls ops while it runs. The verdict is
 * that of its payload (RS_INORDER for a segment without any, RS_DUP for one that was ignored). On RS_CONTRADICTS its header was
 * ignored, too.
 * A RST counts when its sequence number is not below what is acknowledged nor behind the first hole (aside: nor further than the window
 * ahead), or where the highest byte seen ends; before its direction has an ISN, when it acknowledges what the other side sent, or is
 * what that side acknowledged. */
enum rs_verdict rs_tcp_packet(struct rs_tcp *c, struct rs_stream_mem *mem, unsigned dir,
			      const struct rs_tcp_segment *seg, void *ref, uint32_t cost, const struct rs_tcp_ops *ops,
			      void *arg);

/* Both sides were seen, and each to acknowledge what the other was seen to say. */
static inline bool rs_tcp_proven(const struct rs_tcp *c)
{
	return c->agreed == 3 && c->seen == 3;
}

/* Highest offset of a direction that the other side acknowledged (its FIN counts one). */
static inline uint64_t rs_tcp_acked(const struct rs_tcp *c, unsigned dir)
{
	return c->dir[dir].acked;
}

/* Bytes of a direction that the other side acknowledged, and that were not handed on yet. */
static inline uint64_t rs_tcp_unread(const struct rs_tcp *c, unsigned dir)
{
	return c->dir[dir].acked > c->dir[dir].next ? c->dir[dir].acked - c->dir[dir].next : 0;
}

/* The segment goes on behind the other handshake that was seen, and not in this connection: that one begins with it. anew_isn are its
 * numbers, anew - 1 is who asked; anew_open: it is picked up in the middle. */
bool rs_tcp_is_anew(const struct rs_tcp *c, unsigned dir, const struct rs_tcp_segment *seg, uint32_t window);

/* This connection for the one that takes its place, and whose direction 0 is this one's `dir`: it may yet go on. */
struct rs_tcp_other rs_tcp_as_other(const struct rs_tcp *c, unsigned dir);
void rs_tcp_set_other(struct rs_tcp *c, const struct rs_tcp_other *other);

/* What it holds out of order: sum of the references' costs. */
static inline uint32_t rs_tcp_held(const struct rs_tcp *c)
{
	uint32_t held = c->dir[0].held + c->dir[1].held;
	for (unsigned d = 0; d < 2; d++)
		held += c->has_syn_data & (1u << d) ? c->side[d].syn_data.cost : 0;
	return held;
}

/* What it remembers: the same. */
static inline uint32_t rs_tcp_kept(const struct rs_tcp *c)
{
	return c->dir[0].kept_cost + c->dir[1].kept_cost;
}

/* Bytes of dir that its receiver has acknowledged, behind which others were seen, are missing. */
static inline bool rs_tcp_lacks(const struct rs_tcp *c, unsigned dir)
{
	const struct rs_stream *s = &c->dir[dir];
	return s->end != s->next && s->acked > s->next;
}

/* What of dir was handed on after its acknowledgement, below offset `to`, is not compared any more. */
static inline void rs_tcp_forget_late(struct rs_tcp *c, struct rs_stream_mem *mem, unsigned dir, uint64_t to)
{
	if (c->dir[dir].late)
		rs_stream_forget_late(&c->dir[dir], mem, to);
}

/* The receiver of dir says that it has everything up to offset `to`, in a segment that is not read yet. */
void rs_tcp_heard(struct rs_tcp *c, struct rs_stream_mem *mem, unsigned dir, uint64_t to);

/* What is missing of dir below offset `to` will not be seen any more: holes are given up, as far as the sender was seen to go on. */
void rs_tcp_give_up(struct rs_tcp *c, struct rs_stream_mem *mem, unsigned dir, uint64_t to, const struct rs_tcp_ops *ops, void *arg);

/* What is held out of order goes back unread (rs_stream_drop). */
static inline void rs_tcp_drop(struct rs_tcp *c, struct rs_stream_mem *mem)
{
	rs_stream_drop(&c->dir[0], mem);
	rs_stream_drop(&c->dir[1], mem);
}

/* A segment seen behind a reset that is new was sent before that, or its sender had not seen it yet: it stands before the reset's number,
 * or, from the other side, acknowledges no more. */
static inline bool rs_tcp_is_before_reset(const struct rs_tcp *c, unsigned dir, const struct rs_tcp_segment *seg)
{
	uint32_t at = dir == c->reset_by ? seg->seq + seg->len + seg->missing : seg->ack;
	return c->new_reset && (int32_t)(at - c->reset_number) <= 0;
}

/* What was sent before it was seen by now. */
static inline void rs_tcp_reset_counts(struct rs_tcp *c)
{
	c->new_reset = false;
}

/* Its receiver acknowledged bytes of dir that follow a reset, or a FIN of that direction: it took neither. */
void rs_tcp_revive(struct rs_tcp *c, unsigned dir);

/* The connection is over, or its reader gives up: holes are given up, held data is handed on, references go back.
 * What was acknowledged but not seen at the end is a hole, too (if that is one number, it is taken for the FIN's). */
void rs_tcp_close(struct rs_tcp *c, struct rs_stream_mem *mem, const struct rs_tcp_ops *ops, void *arg);

#endif
