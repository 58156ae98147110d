/* SPDX-License-Identifier: Apache-2.0 */
/* rs_frag_oracle: what rs_frag does, byte by byte and slowly: for its tests and its fuzz target.
 *
 * Owner: the test. Units: bytes of the datagram's payload; the datagram is at most RS_ORACLE_SPAN long. */
#ifndef RS_FRAG_ORACLE_H
#define RS_FRAG_ORACLE_H

#include <string.h>

#include "reassembly/ip/rs_frag.h"

#define RS_ORACLE_SPAN 160
#define RS_ORACLE_FRAGMENTS 64

struct rs_oracle_fragment {
	uint32_t off, len;
	bool more;
	uint8_t ecn;
	uint8_t byte[RS_ORACLE_SPAN];
};

struct rs_oracle {
	enum rs_overlap_policy policy;
	unsigned version, max, n;
	int owner[RS_ORACLE_SPAN]; /* which fragment's byte is kept; -1 none */
	uint8_t byte[RS_ORACLE_SPAN];
	unsigned end, ecn;
	bool last, contradicts;
	struct { unsigned from, to; } run[RS_ORACLE_FRAGMENTS]; /* Linux: the last of them is the one at the end */
	unsigned runs, at_end; /* at_end: which run that is */
	const struct rs_oracle_fragment *seen[RS_ORACLE_FRAGMENTS];
};

static inline void rs_oracle_init(struct rs_oracle *o, enum rs_overlap_policy p, unsigned version, unsigned max)
{
	memset(o, 0, sizeof *o);
	memset(o->owner, -1, sizeof o->owner);
	o->policy = p;
	o->version = version;
	o->max = max;
}

static inline bool rs_oracle_takes(const struct rs_oracle *o, unsigned held, unsigned held_end, unsigned now, unsigned now_end)
{
	static const char *const like[RS_OVERLAP_MAX] = {
		[RS_OVERLAP_FIRST] = "first",   [RS_OVERLAP_OLD_SOLARIS] = "first", [RS_OVERLAP_HPUX11] = "first",
		[RS_OVERLAP_MACOS] = "first",   [RS_OVERLAP_LAST] = "last",         [RS_OVERLAP_BSD] = "bsd",
		[RS_OVERLAP_HPUX10] = "bsd",    [RS_OVERLAP_IRIX] = "bsd",          [RS_OVERLAP_BSD_RIGHT] = "right",
		[RS_OVERLAP_OLD_LINUX] = "lin", [RS_OVERLAP_SOLARIS] = "sol",       [RS_OVERLAP_WINDOWS] = "win",
		[RS_OVERLAP_VISTA] = "win",     [RS_OVERLAP_WINDOWS2K3] = "win",    [RS_OVERLAP_LINUX] = "none",
	};
	const char *p = like[o->policy];
	if (!strcmp(p, "last"))
		return true;
	if (!strcmp(p, "bsd"))
		return now < held;
	if (!strcmp(p, "lin"))
		return now <= held;
	if (!strcmp(p, "right")) /* favours what ends last, and what begins first of two that end alike */
		return now_end == held_end ? now <= held : now_end > held_end;
	if (!strcmp(p, "sol"))
		return now < held && now_end >= held_end;
	return !strcmp(p, "win") && now < held && now_end > held_end;
}

static inline bool rs_oracle_is_linux(const struct rs_oracle *o)
{
	return o->version == 6 || o->policy == RS_OVERLAP_LINUX;
}

/* 0: nothing overlaps; else what becomes of it. */
static inline int rs_oracle_linux(struct rs_oracle *o, unsigned from, unsigned to, const struct rs_oracle_fragment *f)
{
	unsigned tail = o->runs ? o->run[o->at_end].to : 0;
	if (o->runs && to <= tail) {
		for (unsigned i = 0; i < o->runs; i++) {
			if (to <= o->run[i].from || from >= o->run[i].to)
				continue;
			if (from < o->run[i].from || to > o->run[i].to)
				return RS_FRAG_DISCARD;
			for (unsigned b = from; b < to; b++)
				o->contradicts |= o->byte[b] != f->byte[b - from];
			return RS_FRAG_IGNORED;
		}
		o->run[o->runs].from = from;
		o->run[o->runs++].to = to;
		return 0;
	}
	if (o->runs && from < tail)
		return RS_FRAG_DISCARD;
	if (o->runs && from == tail) {
		o->run[o->at_end].to = to;
		return 0;
	}
	o->at_end = o->runs;
	o->run[o->runs].from = from;
	o->run[o->runs++].to = to;
	return 0;
}

/* For each byte that both have: is it that of the fragment that was there, as much as is left of that, or the new one's? */
static inline bool rs_oracle_lay(struct rs_oracle *o, unsigned from, unsigned to, const struct rs_oracle_fragment *f, int id)
{
	int now[RS_ORACLE_SPAN];
	bool kept = false;
	memcpy(now, o->owner, sizeof now);
	for (unsigned b = from; b < to; b++) {
		int was = o->owner[b];
		if (was >= 0) {
			unsigned held = b, held_end = b + 1;
			o->contradicts |= o->byte[b] != f->byte[b - from];
			while (held > 0 && o->owner[held - 1] == was)
				held--;
			while (held_end < RS_ORACLE_SPAN && o->owner[held_end] == was)
				held_end++;
			if (!rs_oracle_takes(o, held, held_end, from, to))
				continue;
		}
		now[b] = id;
		kept = true;
	}
	for (unsigned b = from; b < to; b++)
		if (now[b] == id)
			o->byte[b] = f->byte[b - from];
	memcpy(o->owner, now, sizeof now);
	return kept;
}

static inline bool rs_oracle_drops_odd(const struct rs_oracle *o)
{
	return o->version == 6 || o->policy == RS_OVERLAP_BSD || o->policy == RS_OVERLAP_BSD_RIGHT || o->policy == RS_OVERLAP_HPUX10 ||
	       o->policy == RS_OVERLAP_IRIX || o->policy == RS_OVERLAP_MACOS;
}

static inline enum rs_frag_verdict rs_oracle_add(struct rs_oracle *o, const struct rs_oracle_fragment *f, int id)
{
	bool is_linux = rs_oracle_is_linux(o);
	enum rs_frag_verdict bad = is_linux ? RS_FRAG_DISCARD : RS_FRAG_IGNORED;
	unsigned len = f->len;
	if (f->more && len % 8) {
		if (rs_oracle_drops_odd(o))
			return RS_FRAG_IGNORED;
		len -= len % 8;
	}
	unsigned from = f->off, to = from + len;
	if (o->last && (f->more ? to > o->end : to != o->end)) {
		o->contradicts = true;
		return bad;
	}
	if (!o->last && !f->more && to < o->end) {
		o->contradicts = true;
		return bad;
	}
	if (!len)
		return bad;
	if (o->n == o->max)
		return RS_FRAG_DISCARD;
	if (is_linux) {
		o->end = to > o->end ? to : o->end;
		o->last |= !f->more;
		int v = rs_oracle_linux(o, from, to, f);
		if (v)
			return (enum rs_frag_verdict)v;
	}
	if (!rs_oracle_lay(o, from, to, f, id))
		return RS_FRAG_IGNORED;
	o->end = to > o->end ? to : o->end;
	o->last |= !f->more;
	o->n++;
	o->ecn |= 1u << f->ecn;
	for (unsigned b = 0; b < o->end; b++)
		if (o->owner[b] < 0)
			return RS_FRAG_HELD;
	if (!o->last)
		return RS_FRAG_HELD;
	return is_linux && (o->ecn & 1) && o->ecn != 1 ? RS_FRAG_DISCARD : RS_FRAG_WHOLE;
}

#endif
