/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/ip/rs_frag.h"

enum { ECN_NOT_ECT = 0, ECN_CE = 3 };

void rs_frag_init(struct rs_frag *f, enum rs_overlap_policy policy, unsigned version, uint16_t max)
{
	*f = (struct rs_frag){ .policy = (uint8_t)policy, .version = (uint8_t)version, .max = max };
}

bool rs_frag_discards(enum rs_overlap_policy p, unsigned version)
{
	return version == 6 || p == RS_OVERLAP_LINUX;
}

/* Paxson, Shankar 2003; Novak 2005; as Suricata puts its names to them (defrag.c, DefragGetOsPolicy). */
bool rs_frag_takes(enum rs_overlap_policy p, struct rs_extent held, struct rs_extent now)
{
	switch (p) {
	case RS_OVERLAP_LAST:
		return true;
	case RS_OVERLAP_BSD:
	case RS_OVERLAP_HPUX10:
	case RS_OVERLAP_IRIX:
		return now.begin < held.begin;
	case RS_OVERLAP_BSD_RIGHT:
		return now.end > held.end || (now.end == held.end && now.begin <= held.begin);
	case RS_OVERLAP_OLD_LINUX:
	case RS_OVERLAP_LINUX:
		return now.begin <= held.begin;
	case RS_OVERLAP_SOLARIS:
		return now.begin < held.begin && now.end >= held.end;
	case RS_OVERLAP_WINDOWS:
	case RS_OVERLAP_VISTA:
	case RS_OVERLAP_WINDOWS2K3:
		return now.begin < held.begin && now.end > held.end;
	case RS_OVERLAP_FIRST:
	case RS_OVERLAP_OLD_SOLARIS:
	case RS_OVERLAP_HPUX11:
	case RS_OVERLAP_MACOS:
	case RS_OVERLAP_MAX:
		break;
	}
	return false;
}

/* BSD's ip_reass drops a fragment that is not the last and no multiple of 8 long; others cut it to one. */
static bool drops_odd(const struct rs_frag *f)
{
	switch ((enum rs_overlap_policy)f->policy) {
	case RS_OVERLAP_BSD:
	case RS_OVERLAP_BSD_RIGHT:
	case RS_OVERLAP_HPUX10:
	case RS_OVERLAP_IRIX:
	case RS_OVERLAP_MACOS:
		return true;
	default:
		return f->version == 6; /* RFC 8200 4.5 */
	}
}

static uint32_t piece_end(const struct rs_frag_piece *p)
{
	return p->off + p->len;
}

static enum rs_frag_verdict fault(struct rs_frag *f, enum rs_frag_fault why, enum rs_frag_verdict v)
{
	f->fault = (uint8_t)why;
	return v;
}

static void contradict(struct rs_frag *f, const struct rs_frag_part *part, uint32_t at, uint32_t seen_off, uint32_t seen_len)
{
	if (!f->contradicts)
		f->contradiction = (struct rs_contradiction){ at, part->off, part->len, seen_off, seen_len };
	f->contradicts = true;
}

/* Bytes [from, to) of the fragment, all of which the piece has, too. */
static void compare(struct rs_frag *f, const struct rs_frag_mem *mem, const struct rs_frag_part *part,
		    const struct rs_frag_piece *p,
                    uint32_t from, uint32_t to)
{
	uint32_t n = mem->same(p->ref, p->skip + (from - p->off), part->ref, from - part->off, to - from);
	if (n < to - from)
		contradict(f, part, from + n, p->off - p->skip, p->whole);
}

/* Where it ends, and how long it may be. What is wrong with it makes Linux give the datagram up, where it is not the
 * fragment alone that makes no sense (net/ipv4/ip_fragment.c, net/ipv6/reassembly.c); others pass over the fragment. */
static enum rs_frag_verdict check_end(struct rs_frag *f, struct rs_frag_part *part)
{
	bool discards = rs_frag_discards((enum rs_overlap_policy)f->policy, f->version);
	enum rs_frag_verdict v = discards ? RS_FRAG_DISCARD : RS_FRAG_IGNORED;
	if (part->more && part->len % 8 != 0) {
		if (drops_odd(f))
			return fault(f, RS_FRAG_LENGTH, RS_FRAG_IGNORED);
		part->len &= ~7u;
	}
	uint32_t end = part->off + part->len;
	/* Of IPv4, Linux looks at that when all is there. */
	if (end > RS_FRAG_MAX && (f->version == 6 || !discards))
		return fault(f, RS_FRAG_TOO_LARGE, RS_FRAG_IGNORED);
	bool ends_otherwise = f->last ? part->more ? end > f->end : end != f->end : !part->more && end < f->end;
	if (ends_otherwise) {
		contradict(f, part, end < f->end ? end : f->end, f->end, 0);
		return fault(f, RS_FRAG_ENDS, v);
	}
	if (part->len == 0)
		return fault(f, RS_FRAG_LENGTH, v);
	return RS_FRAG_HELD;
}

/* A new piece at *link. */
static struct rs_frag_piece *insert(const struct rs_frag_mem *mem, struct rs_frag_piece **link, uint32_t off, uint32_t end)
{
	struct rs_frag_piece *p = rs_pool_get(mem->pieces);
	if (!p)
		return NULL;
	*p = (struct rs_frag_piece){ .next = *link, .off = off, .len = end - off };
	*link = p;
	return p;
}

/* The fragment's bytes [off, end) at *link, behind `before`: one piece with that where it is the same fragment's. */
static struct rs_frag_piece *insert_part(const struct rs_frag_mem *mem, const struct rs_frag_part *part,
                                         struct rs_frag_piece *before, struct rs_frag_piece **link, uint32_t off,
                                         uint32_t end)
{
	if (before && before->ref == part->ref && piece_end(before) == off) {
		before->len += end - off;
		return before;
	}
	struct rs_frag_piece *p = insert(mem, link, off, end);
	if (!p)
		return NULL;
	p->ref = part->ref;
	p->skip = off - part->off;
	p->whole = part->len;
	return p;
}

/* The piece at *link gives up [from, to): what is left before it stays there, what is left behind it follows. Returns where the
 * bytes in between belong, NULL without a node. */
static struct rs_frag_piece **cut_out(const struct rs_frag_mem *mem, struct rs_frag_piece **link, uint32_t from, uint32_t to)
{
	struct rs_frag_piece *p = *link;
	uint32_t end = piece_end(p);
	if (to < end && p->off < from) {
		struct rs_frag_piece *rest = insert(mem, &p->next, to, end);
		if (!rest)
			return NULL;
		rest->ref = p->ref;
		rest->skip = p->skip + (to - p->off);
		rest->whole = p->whole;
		p->len = from - p->off;
		return &p->next;
	}
	if (p->off < from) {
		p->len = from - p->off;
		return &p->next;
	}
	if (to < end) {
		p->skip += to - p->off;
		p->off = to;
		p->len = end - to;
		return link;
	}
	*link = p->next;
	rs_pool_put(mem->pieces, p);
	return link;
}

/* Puts the fragment among the pieces as the policy says. False: no node. *fresh: bytes that nobody had brought; *kept: some
 * were kept. */
static bool lay(struct rs_frag *f, const struct rs_frag_mem *mem, const struct rs_frag_part *part, uint32_t *fresh, bool *kept)
{
	struct rs_frag_piece **link = &f->head, *before = NULL, *p;
	struct rs_extent now = { part->off, part->off + (uint64_t)part->len };
	uint32_t from = part->off, end = part->off + part->len;
	*fresh = 0;
	*kept = false;
	while (from < end) {
		while ((p = *link) && piece_end(p) <= from) {
			before = p;
			link = &p->next;
		}
		bool hole = !p || p->off > from;
		uint32_t to = !p || end < (hole ? p->off : piece_end(p)) ? end : hole ? p->off : piece_end(p);
		if (!hole) {
			struct rs_extent held = { p->off, piece_end(p) };
			compare(f, mem, part, p, from, to);
			if (!rs_frag_takes((enum rs_overlap_policy)f->policy, held, now)) {
				from = to;
				continue;
			}
			if (p->off < from)
				before = p;
			link = cut_out(mem, link, from, to);
			if (!link)
				return false;
		}
		before = insert_part(mem, part, before, link, from, to);
		if (!before)
			return false;
		link = &before->next;
		*fresh += hole ? to - from : 0;
		*kept = true;
		from = to;
	}
	for (p = before ? before : f->head; p->next; p = p->next)
		;
	f->tail = p;
	return true;
}

/* Linux: what touches a run otherwise than by lying within it is an overlap. */
static enum rs_frag_verdict check_runs(struct rs_frag *f, const struct rs_frag_mem *mem, const struct rs_frag_part *part)
{
	uint32_t end = part->off + part->len;
	for (struct rs_frag_piece *run = f->head, *next; run; run = next) {
		uint32_t run_end = piece_end(run);
		for (next = run->next; next && next->joined; next = next->next)
			run_end = piece_end(next);
		if (end <= run->off || part->off >= run_end)
			continue;
		if (part->off < run->off || end > run_end)
			return fault(f, RS_FRAG_OVERLAP, RS_FRAG_DISCARD);
		for (struct rs_frag_piece *p = run; p != next; p = p->next) {
			uint32_t from = part->off > p->off ? part->off : p->off, to = end < piece_end(p) ? end : piece_end(p);
			if (from < to)
				compare(f, mem, part, p, from, to);
		}
		return fault(f, RS_FRAG_REPEATED, RS_FRAG_IGNORED);
	}
	return RS_FRAG_HELD;
}

/* At the end of all that came: what a run is made of. */
static enum rs_frag_verdict append(struct rs_frag *f, const struct rs_frag_mem *mem, const struct rs_frag_part *part)
{
	struct rs_frag_piece **link = f->tail ? &f->tail->next : &f->head;
	struct rs_frag_piece *p = insert_part(mem, part, NULL, link, part->off, part->off + part->len);
	if (!p)
		return fault(f, RS_FRAG_TOO_MANY, RS_FRAG_DISCARD);
	p->joined = f->tail && piece_end(f->tail) == part->off;
	f->tail = p;
	f->have += part->len;
	return RS_FRAG_HELD;
}

static enum rs_frag_verdict put(struct rs_frag *f, const struct rs_frag_mem *mem, const struct rs_frag_part *part)
{
	bool discards = rs_frag_discards((enum rs_overlap_policy)f->policy, f->version), kept;
	uint32_t fresh;
	if (!f->tail || part->off >= piece_end(f->tail))
		return append(f, mem, part);
	if (discards) {
		enum rs_frag_verdict v = check_runs(f, mem, part);
		if (v != RS_FRAG_HELD)
			return v;
	}
	if (!lay(f, mem, part, &fresh, &kept))
		return fault(f, RS_FRAG_TOO_MANY, RS_FRAG_DISCARD);
	f->have += fresh;
	return kept ? RS_FRAG_HELD : fault(f, RS_FRAG_REPEATED, RS_FRAG_IGNORED);
}

static void saw_end(struct rs_frag *f, const struct rs_frag_part *part)
{
	uint32_t end = part->off + part->len;
	f->end = end > f->end ? end : f->end;
	f->last |= !part->more;
}

/* Linux' ip_frag_ecn_table: who sends no ECN at all sends none in any fragment. */
static bool ecn_fits(const struct rs_frag *f)
{
	return !(f->ecn & 1u << ECN_NOT_ECT) || f->ecn == 1u << ECN_NOT_ECT;
}

static enum rs_frag_verdict whole(struct rs_frag *f)
{
	if (!f->last || f->have != f->end)
		return RS_FRAG_HELD;
	if (f->header + f->end > RS_FRAG_MAX)
		return fault(f, RS_FRAG_TOO_LARGE, RS_FRAG_DISCARD);
	if (rs_frag_discards((enum rs_overlap_policy)f->policy, f->version) && !ecn_fits(f))
		return fault(f, RS_FRAG_ECN, RS_FRAG_DISCARD);
	return RS_FRAG_WHOLE;
}

enum rs_frag_verdict rs_frag_add(struct rs_frag *f, const struct rs_frag_mem *mem, const struct rs_frag_part *given)
{
	struct rs_frag_part part = *given;
	f->fault = RS_FRAG_NO_FAULT;
	enum rs_frag_verdict v = check_end(f, &part);
	if (v != RS_FRAG_HELD)
		return v;
	if (f->n == f->max)
		return fault(f, RS_FRAG_TOO_MANY, RS_FRAG_DISCARD);
	/* Linux believes where a fragment says that the datagram ends before it looks at its bytes. */
	if (rs_frag_discards((enum rs_overlap_policy)f->policy, f->version))
		saw_end(f, &part);
	v = put(f, mem, &part);
	if (v != RS_FRAG_HELD)
		return v;
	saw_end(f, &part);
	f->n++;
	f->ecn |= (uint8_t)(1u << (part.ecn & 3));
	if (f->head->ref == part.ref && f->head->off == 0)
		f->header = part.header;
	return whole(f);
}

unsigned rs_frag_ecn(const struct rs_frag *f, unsigned first)
{
	return f->ecn & 1u << ECN_CE ? ECN_CE : first;
}

void rs_frag_clear(struct rs_frag *f, const struct rs_frag_mem *mem)
{
	for (struct rs_frag_piece *p; (p = f->head);) {
		f->head = p->next;
		rs_pool_put(mem->pieces, p);
	}
	f->tail = NULL;
	f->have = 0;
}

const char *rs_frag_fault_name(enum rs_frag_fault f)
{
	static const char *const names[RS_FRAG_FAULTS] = { "none",   "repeated",  "overlap", "ends",
		                                           "length", "too_large", "ecn",     "too_many" };
	return (unsigned)f < RS_FRAG_FAULTS ? names[f] : "unknown";
}
