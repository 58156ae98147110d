/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_mail.h"
#include "dataplane/dp_session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Lines and header sections are held only while they are incomplete, and an archive's reader only by a file that is one, or of which
 * less than a block has come, for it may be a tar archive: half of the messages in progress may be at the one, half at the other,
 * and half at the third. So it takes half as many senders who dally to have all of those as to have all messages; and
 * connections that nobody has confirmed have none of the last eighth (dp_share). Between two messages a line is held by those only that
 * are in the middle of a command. */
struct sizes {
	uint32_t sessions, tunnels, lines, headers, messages, contents, files, zips, inflates, executables, records, blocks;
	uint32_t trial_contents, trial_headers, trial_files, trial_zips, trial_inflates;
};

static struct sizes sizes_of(const struct ct_config *c)
{
	uint32_t m = c->memory.messages, half = (m + 1) / 2;
	return (struct sizes){
		.sessions = c->memory.sessions,
		.tunnels = c->memory.tunnelled,
		.lines = c->memory.sessions / 32 + half,
		.headers = half,
		.messages = m * 2,
		.contents = m,
		.files = m + half,
		/* However few messages there may be, one has room for archives in archives, read twice. */
		.zips = half + 2 * c->limits.archive_depth,
		.inflates = c->memory.inflating,
		.executables = c->files.executables ? (m + 7) / 8 : 0,
		.records = c->memory.records,
		.blocks = c->memory.blocks,
		.trial_contents = DP_MAIL_DEPTH,
		.trial_headers = 2 * (DP_MAIL_DEPTH + 1), /* a header section, and boundaries */
		/* A zip and, beside it, the same read from elsewhere, each with what is in it. */
		.trial_files = 2 * (c->limits.archive_depth + 1) + 2 * DP_MAIL_DEPTH + 1,
		.trial_zips = 2 * (c->limits.archive_depth + 1) + 2 * DP_MAIL_DEPTH + 1, /* what is too deep may yet be one */
		.trial_inflates = 2 * c->limits.archive_depth,
	};
}

#define FOR_EACH_POOL(X)                                                                                               \
	X(sessions, sizeof(struct dp_session))                                                                         \
	X(tunnels, sizeof(struct ct_tunnel))                                                                           \
	X(lines, RS_SMTP_BLOCK)                                                                                        \
	X(headers, RS_MIME_BLOCK)                                                                                      \
	X(messages, sizeof(struct dp_message))                                                                         \
	X(contents, sizeof(struct dp_content))                                                                         \
	X(files, sizeof(struct dp_file))                                                                               \
	X(zips, sizeof(struct dp_archive))                                                                                 \
	X(inflates, sizeof(struct rs_inflate))                                                                         \
	X(executables, sizeof(struct rs_exe))                                                                          \
	X(records, sizeof(struct ct_record))                                                                           \
	X(blocks, sizeof(struct ct_block))                                                                             \
	X(trial_contents, sizeof(struct dp_content))                                                                   \
	X(trial_headers, RS_MIME_BLOCK)                                                                                \
	X(trial_files, sizeof(struct dp_file))                                                                         \
	X(trial_zips, sizeof(struct dp_archive))                                                                       \
	X(trial_inflates, sizeof(struct rs_inflate))

#define ALIGN64(n) (((n) + 63) & ~(size_t)63)

/* The decoder's buffer: a piece's decoded bytes, and what a decoder may hold back besides. */
#define BUFFER_BYTES ALIGN64(RS_TRANSFER_OUT_MAX(DP_PIECE_MAX))

#define NESTED_BYTES ALIGN64(DP_MAIL_DEPTH * DP_MAIL_BUFFER)

#define INFLATED_BYTES(c) ((size_t)(c)->limits.archive_depth * DP_ARCHIVE_PIECE)

size_t dp_inspect_bytes(const struct ct_config *c)
{
	struct sizes n = sizes_of(c);
	size_t bytes = BUFFER_BYTES + NESTED_BYTES + INFLATED_BYTES(c);
#define X(pool, size) bytes += ALIGN64(RS_POOL_BYTES(size, n.pool));
	FOR_EACH_POOL(X)
#undef X
	return bytes;
}

/* Every file has a hash context of its own, initialised once: OpenSSL allocates then, and not when it is reset. */
static int hashes_init(struct dp_inspect *ins, uint32_t n)
{
	ins->sha256 = calloc(n, sizeof *ins->sha256);
	if (!ins->sha256)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++) {
		ins->sha256[i] = EVP_MD_CTX_new();
		if (!ins->sha256[i] || !EVP_DigestInit_ex(ins->sha256[i], EVP_sha256(), NULL))
			return -ENOMEM;
	}
	return 0;
}

int dp_inspect_init(struct dp_inspect *ins, const struct ct_config *c, const struct mt_ruleset *rules, void *mem,
                    struct ct_account *account, dp_record_send send, dp_record_reclaim reclaim, void *arg)
{
	struct sizes n = sizes_of(c);
	char *at = mem;
	memset(ins, 0, sizeof *ins);
	ins->config = c;
	ins->rules = rules;
	ins->account = account;
	ins->send = send;
	ins->reclaim = reclaim;
	ins->arg = arg;
	ins->buffer = (uint8_t *)at;
	at += BUFFER_BYTES;
	ins->nested = (uint8_t *)at;
	at += NESTED_BYTES;
	ins->inflated = (uint8_t *)at;
	at += INFLATED_BYTES(c);
#define X(pool, size)                                                                                                  \
	rs_pool_init(&ins->pool, at, size, n.pool);                                                                    \
	at += ALIGN64(RS_POOL_BYTES(size, n.pool));
	FOR_EACH_POOL(X)
#undef X
	ins->files_mem = ins->files.fresh;
	ins->encoded_depth = mt_ruleset_depth(rules, MT_MAIL_ENCODED);
	/* A file's first bytes are matched when there are DP_FILE_START of them. */
	uint32_t reach = mt_ruleset_reach(rules, MT_FILE_DATA), encoded = mt_ruleset_reach(rules, MT_MAIL_ENCODED);
	reach = reach > encoded ? reach : encoded;
	ins->line_keep = (uint16_t)DP_LINE_ENOUGH(reach + DP_FILE_START);
	int rc = mt_worker_create(rules, n.files, &ins->matcher);
	if (rc == 0 && c->files.sha256 != CT_SHA256_NONE)
		rc = hashes_init(ins, n.files);
	if (rc != 0)
		dp_inspect_free(ins);
	return rc;
}

void dp_inspect_free(struct dp_inspect *ins)
{
	if (ins->sha256)
		for (uint32_t i = 0; i < ins->files.size; i++)
			EVP_MD_CTX_free(ins->sha256[i]);
	free(ins->sha256);
	if (ins->matcher)
		mt_worker_free(ins->matcher);
	ins->sha256 = NULL;
	ins->matcher = NULL;
}

static bool is_short(const struct rs_pool *p)
{
	return p->used + p->size / 8 >= p->size;
}

bool dp_inspect_is_short(const struct dp_inspect *ins)
{
	return is_short(&ins->sessions) || is_short(&ins->lines) || is_short(&ins->headers) || is_short(&ins->messages) ||
	       is_short(&ins->contents) || is_short(&ins->files) || is_short(&ins->zips);
}

bool dp_inspect_has_room(struct dp_inspect *ins)
{
	return !ins->room || ins->room(ins->arg);
}

struct ct_record *dp_record_get(struct dp_inspect *ins, enum ct_kind kind)
{
	struct ct_record *r;
	/* Control gives records back at its own pace. Where the packets can wait (captures), they do. */
	ins->reclaim(ins->arg, false);
	while (!(r = rs_pool_get(&ins->records)) && ins->reclaim(ins->arg, true))
		;
	if (!r) {
		ins->stats.no_record++;
		return NULL;
	}
	memset(r, 0, sizeof *r);
	r->kind = kind;
	return r;
}

void dp_record_put(struct dp_inspect *ins, struct ct_record *r)
{
	r->seq = ins->now.seq;
	r->time = ins->now.time;
	r->pcap_cnt = ins->now.pcap_cnt;
	r->input = ins->now.input;
	ins->stats.note_limit += r->notes.lost;
	while (!ins->send(ins->arg, r))
		if (!ins->reclaim(ins->arg, true)) {
			ins->stats.no_record++;
			dp_record_free(ins, r);
			return;
		}
}

void dp_record_free(struct dp_inspect *ins, struct ct_record *r)
{
	if (!r)
		return;
	ct_notes_free(&r->notes, &ins->blocks);
	rs_pool_put(&ins->records, r);
}

/* What the sender fills (recipients, header fields, names) leaves an eighth to what was found in it. */
static uint32_t room(const struct dp_inspect *ins, enum ct_note_kind kind)
{
	uint32_t all = ins->config->limits.note_blocks;
	bool found = kind == CT_NOTE_REPLY || kind == CT_NOTE_ERROR || (kind >= CT_NOTE_MARK && kind <= CT_NOTE_MARK_HIT) ||
		     kind >= CT_NOTE_FILE_OTHER_NAME;
	return found ? all : all - all / 8;
}

bool dp_record_note(struct dp_inspect *ins, struct ct_record *r, enum ct_note_kind kind, uint8_t sub, uint16_t index,
                    const void *p, size_t n)
{
	return ct_note_put(&r->notes, &ins->blocks, room(ins, kind), kind, sub, index, p, n);
}

bool dp_record_more(struct dp_inspect *ins, struct ct_record *r, const void *p, size_t n)
{
	return ct_note_more(&r->notes, &ins->blocks, ins->config->limits.note_blocks, p, n);
}
