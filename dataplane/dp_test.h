/* SPDX-License-Identifier: Apache-2.0 */
/* dp_test: what the tests of the worker share: EAL, a worker with frames made in memory, and the records it sends.
 *
 * Everything goes through dp_worker_burst. dp_test_close asserts what must hold after every scenario: both sums, every packet
 * counted once, and every object of every pool back. */
#ifndef DP_TEST_H
#define DP_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dataplane/dp_worker.h"
#include "reassembly/tcp/rs_tcp.h"

/* The rules of these tests, in this order: the index of a rule is what a mark names. */
enum {
	DP_TEST_LOADER, /* reject: KERNEL32.DLL and ADVAPI32.DLL, in any letter case */
	DP_TEST_ALERT, /* alert: only-an-alert */
	DP_TEST_PASS, /* pass: known-good */
	DP_TEST_DROP, /* drop: drop-this-one */
	DP_TEST_PREFIX, /* reject: TVqQAAMAA at the start of the encoded text */
	DP_TEST_INSIDE, /* alert: U0VDUkVU anywhere in the first 3000 characters of the encoded text */
	DP_TEST_RULES
};

/* Bytes that grow. */
struct dp_text {
	uint8_t *p;
	size_t n, size;
};

void dp_text_put(struct dp_text *t, const void *p, size_t n);
__attribute__((format(printf, 2, 3))) void dp_text_printf(struct dp_text *t, const char *format, ...);
void dp_text_free(struct dp_text *t);

struct dp_found { /* a record, as it came */
	struct ct_record rec; /* its notes are gone: */
	char *text; /* all of it, but for what the packets' numbers say: equal for equal mail */
};

struct dp_sent { /* a frame that left */
	unsigned out; /* by this port */
	bool ours; /* not one that came in */
	size_t n;
	uint8_t *p;
	struct dp_packet pkt; /* parsed; ip_version 0 where it is not TCP */
};

struct dp_late { /* a frame that waits to be seen */
	uint64_t time;
	size_t n;
	uint8_t *p;
};

struct dp_test {
	enum dp_use use; /* DP_USE_INLINE: clients are OUTSIDE */
	struct ct_config config; /* small; change it before dp_test_open */
	const struct mt_ruleset *rules; /* others than those above; the caller's */
	struct dp_worker *worker;
	struct rte_mempool *mbufs;
	bool patient;
	const struct dp_flow_secret *secret; /* NULL: drawn */
	uint64_t seq, time;
	uint64_t frames; /* sent to the worker */
	unsigned chain; /* bytes in an mbuf of a chain; 0: as many as fit */
	struct dp_found *found;
	size_t nfound;
	struct dp_sent *sent; /* what left the worker, in order */
	size_t nsent;
	bool keeps; /* frames are not seen by the worker, but kept */
	struct dp_late *late;
	size_t nlate;
	bool port_full; /* ports take nothing */
	uint32_t cut; /* each segment comes in fragments of so many bytes, a multiple of 8; 0: whole */
	bool backwards; /* the last of them first */
	uint32_t ident; /* of the last datagram in fragments */
};

struct dp_test_conn {
	uint32_t ip[2]; /* client, server */
	uint16_t port[2];
	uint32_t seq[2]; /* the next byte's */
	uint8_t nvlan;
	uint16_t vlan[2];
	bool v6;
	bool timestamps;
	uint32_t tsval[2];
	bool bad_sum; /* TCP checksum wrong */
	uint8_t options[24]; /* of the next segments, behind the timestamps; a multiple of 4 bytes */
	size_t noptions;
	uint16_t window, urgent;
};

/* Group setup and teardown. */
int dp_test_eal(void **state);
int dp_test_eal_stop(void **state);
/* For fuzz targets, which have no group. */
void dp_test_eal_once(void);
extern unsigned dp_test_lcores, dp_test_megabytes; /* set before; 1 worker, 192 MB */

/* The regex library refuses to scan (-Wl,--wrap=hs_scan_stream). */
extern bool dp_test_scan_fails;

/* The compiled rules above. */
const struct mt_ruleset *dp_test_rules(void);

void dp_test_init(struct dp_test *t);
void dp_test_open(struct dp_test *t);
void dp_test_begin(struct dp_test *t); /* both, with nothing changed between */
/* Ends all (DP_END), asserts, frees. */
void dp_test_close(struct dp_test *t);
/* What must hold at any time; takes the records that have come. */
void dp_test_check(struct dp_test *t);
/* What must hold when nothing is under way. */
void dp_test_pools_are_back(struct dp_test *t);
void dp_test_end(struct dp_test *t); /* DP_END */
void dp_test_tick(struct dp_test *t, uint64_t seconds); /* so much later, DP_TICK */
void dp_test_lull(struct dp_test *t); /* so long that nothing waits for the other direction any more (dp_causal) */
void dp_test_forget(struct dp_test *t); /* the records found so far */
void dp_test_forget_sent(struct dp_test *t);
/* All counts of packets, of all ports. */
struct ct_account dp_test_account(const struct dp_test *t);

/* One frame of any kind, by a port. */
void dp_test_frame_at(struct dp_test *t, unsigned port, enum dp_link link, const void *p, size_t n);
void dp_test_frame(struct dp_test *t, enum dp_link link, const void *p, size_t n);
/* What was kept is seen, in the order of `time`, which the caller may have changed. */
void dp_test_see(struct dp_test *t);
struct rte_mbuf *dp_test_mbuf(struct dp_test *t, const void *p, size_t n);

/* Connections. from: 0 the client, 1 the server. */
struct dp_test_conn dp_test_conn(unsigned number);
size_t dp_test_segment_write(const struct dp_test_conn *c, unsigned from, unsigned flags, uint32_t seq, const void *p,
			     size_t n, uint8_t *frame);
#define DP_TEST_FRAME_MAX (65535 + 64)
void dp_test_segment(struct dp_test *t, const struct dp_test_conn *c, unsigned from, unsigned flags, uint32_t seq,
		     const void *p, size_t n);
/* Of a segment's frame a fragment: n bytes of the datagram from byte `off` on; of `p`, or, where that is NULL, its own. */
size_t dp_test_fragment_write(const uint8_t *frame, size_t len, uint32_t off, size_t n, bool more, uint32_t ident, const void *p,
			      uint8_t *to);
void dp_test_say(struct dp_test *t, struct dp_test_conn *c, unsigned from, const char *text);
void dp_test_bytes(struct dp_test *t, struct dp_test_conn *c, unsigned from, const void *p, size_t n);
void dp_test_shake(struct dp_test *t, struct dp_test_conn *c);
void dp_test_fins(struct dp_test *t, struct dp_test_conn *c);
void dp_test_greet(struct dp_test *t, struct dp_test_conn *c); /* handshake to EHLO's answer */
void dp_test_envelope(struct dp_test *t, struct dp_test_conn *c); /* MAIL to 354 */
void dp_test_accept(struct dp_test *t, struct dp_test_conn *c); /* the final dot, and its answer */
/* Envelope, the message in one piece, final dot, and its answer. */
void dp_test_deliver(struct dp_test *t, struct dp_test_conn *c, const struct dp_text *m);
/* From SYN to the last FIN; the message in segments of mss bytes, or, cut not 0, in two. No more of it at once than the
 * receiver's window takes. */
void dp_test_mail(struct dp_test *t, struct dp_test_conn *c, const struct dp_text *m, size_t mss, size_t cut);

struct dp_content;

/* A message whose content is fed by hand: no packet brings it. */
struct dp_test_message {
	struct dp_session *session;
	struct dp_message *msg;
	struct dp_flow flow;
};
void dp_test_message_begin(struct dp_test *t, struct dp_test_message *m);
/* To the content that is open last, or to another, as rs_smtp hands content out: what the decoder takes in bulk, then the rest. */
void dp_test_content_feed(struct dp_content *c, const void *p, size_t n);
/* All contents of it have ended. */
void dp_test_message_end(struct dp_test *t, struct dp_test_message *m);

/* What was found. */
size_t dp_test_count(const struct dp_test *t, enum ct_kind kind);
const struct dp_found *dp_test_nth(const struct dp_test *t, enum ct_kind kind, size_t i);
void dp_test_verdict(const struct dp_test *t, size_t message, enum ct_verdict v, enum ct_reason r, bool complete);
bool dp_test_has(const struct dp_found *f, const char *text);
/* All records' text of one connection, one after the other. Caller frees. */
char *dp_test_story(const struct dp_test *t);
/* The story, which must be this one, or, where that is NULL, is the first: takes it, and the caller frees what is returned. Else the
 * test fails, of these words, and both are printed. */
__attribute__((format(printf, 3, 4))) char *dp_test_same_story(const struct dp_test *t, char *story, const char *where, ...);

/* Pools made empty: takes all but `left` objects. */
struct dp_hostage {
	struct rs_pool *pool;
	void **v;
	size_t n;
};
void dp_hostage_take(struct dp_hostage *h, struct rs_pool *pool, uint32_t left);
void dp_hostage_free(struct dp_hostage *h);

uint32_t dp_test_random(uint64_t *state, uint32_t below);

#endif
