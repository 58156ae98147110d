/* SPDX-License-Identifier: Apache-2.0 */
/* rs_zip: the members of a zip archive, streaming, by their local headers (APPNOTE.TXT 4.3).
 *
 * Owner:  one thread. Memory: this struct; no allocation. Units: bytes; offsets from the first
 * byte fed. Data handed to the callbacks is borrowed until they return.
 *
 * Each byte fed is handed out exactly once: the data of a stored, unencrypted member as
 * member_data, everything else (headers, deflated or encrypted data, the central directory,
 * what is before, between and behind) as outer. So nothing in a zip escapes inspection,
 * whatever its headers claim. Deflated data is shown to member_deflated besides, right before.
 * A stored member of unknown size (general purpose bit 3, sizes zero) ends at a data descriptor
 * (with or without signature, 4.3.9) whose compressed size equals the bytes seen, followed by a
 * known signature or, with its own signature, by anything; the descriptor is outer.
 * Zip64 sizes (4.5.3) in local headers and descriptors are understood. A Unicode path (4.6.9) is another name of its member, whatever
 * its version says, where it has the CRC-32 of the header's name: else no reader takes it.
 * At most RS_ZIP_HELD bytes are held back, and only while the end of such a member is looked for.
 *
 * Deflated data of unknown size ends where its stream does, as member_deflated says; a descriptor may follow.
 * Deflated data of known size that ends before, or not yet, makes the archive not well formed. Where it has not ended at that size and no
 * record follows, it goes on until the stream ends: readers that go by the directory take no notice of the header's sizes. So does stored
 * data, until the next local header or record of the directory, where the header says nothing is there, or the checksum is not yet right.
 * Where data of unknown size ends that is encrypted, or deflated and not inflated, cannot be known. It
 * is taken to end at a descriptor whose compressed size equals the bytes seen. A local header or a central
 * directory record inside it is read too, in case the descriptor lies: what comes of that is flagged
 * RS_ZIP_UNSURE, for it may also be an archive that deflate kept as it was. When the exact
 * descriptor comes after all, reading goes on behind it as if nothing had been.
 *
 * Where bytes are missing (rs_zip_gap), a member of known size that is not being inflated goes on behind them, if they leave some of
 * it; whatever else was being read ends there, a deflated member with it, and the next local header is looked for.
 *
 * Well formed means: no byte between the records but a signing block of Android's, central directory and local headers list the same
 * names, methods and sizes at the same offsets, and one end record that counts them; what follows
 * that record does not matter as long as no further member and no second end record is in it (its comment included).
 * What is wrong has names (enum rs_zip_fault), also what is no fault of the structure: a checksum that is not that of the data. */
#ifndef RS_ZIP_H
#define RS_ZIP_H

#include "reassembly/archive/rs_zip_account.h"
#include "reassembly/archive/rs_zip_signing.h"

#define RS_ZIP_NAME_MAX 255 /* of longer names something of the middle is left out (rs_name), and they are flagged */
#define RS_ZIP_SIZE_UNKNOWN UINT64_MAX
#define RS_ZIP_HELD 23 /* a descriptor without signature in its zip64 form, and the next signature less a byte */
#define RS_ZIP_FIRST 56 /* bytes of a deflated member's data */

enum rs_zip_flag {
	RS_ZIP_ENCRYPTED = 1, /* general purpose bit 0, or bit 13 (masked central directory) */
	RS_ZIP_DESCRIPTOR = 2, /* sizes follow the data (bit 3) */
	RS_ZIP_NAME_CUT = 4,
	RS_ZIP_UTF8 = 8, /* name is UTF-8 (bit 11) */
	RS_ZIP_CUT = 16, /* the archive, or what is known of it, ended inside this member's data (member_end only) */
	RS_ZIP_DIRECTORY = 32, /* name ends in '/' */
	RS_ZIP_UNSURE = 64, /* begin: found in garbage, or in data whose end is uncertain; end: the end is a guess */
	RS_ZIP_GAP = 128, /* bytes of it are missing (member_end only) */
};

enum rs_zip_method { RS_ZIP_STORED = 0, RS_ZIP_DEFLATED = 8 };

struct rs_zip_member {
	const uint8_t *name; /* as stored; borrowed for the callback */
	uint16_t name_len;
	uint16_t method; /* enum rs_zip_method, others by APPNOTE 4.4.5 */
	uint32_t flags; /* enum rs_zip_flag */
	uint64_t csize, size; /* RS_ZIP_SIZE_UNKNOWN where a descriptor follows */
	uint64_t data_off; /* of its first data byte in the archive */
	uint32_t crc; /* as the header says */
	const uint8_t *other; /* its Unicode path (4.6.9), UTF-8, of which readers make its name; kept as the name is */
	uint16_t other_len; /* 0: there is none, or it belongs to another name */
};

enum rs_zip_deflate { /* of the deflate stream that is a member's data */
	RS_ZIP_GOES_ON,
	RS_ZIP_ENDED,
	RS_ZIP_LOST, /* it is not inflated any more: damaged, or not wanted */
};

struct rs_zip_ops {
	void (*outer)(void *arg, const uint8_t *p, size_t n);
	void (*member_begin)(void *arg, const struct rs_zip_member *m);
	void (*member_data)(void *arg, const uint8_t *p, size_t n); /* stored and not encrypted only */
	/* Deflated and not encrypted. *taken: all n, or, where the stream ended or is lost, how many of them were the stream's. Not
	 * called again for this member then. One call ends with the data's first RS_ZIP_FIRST bytes. NULL: nothing is inflated. */
	enum rs_zip_deflate (*member_deflated)(void *arg, const uint8_t *p, size_t n, size_t *taken);
	void (*member_end)(void *arg, uint32_t flags); /* flags: member's, RS_ZIP_CUT and RS_ZIP_GAP */
	/* n bytes are missing, of member_data, or of what is outer. Called by rs_zip_gap alone. */
	void (*missing)(void *arg, uint64_t n, bool data);
	/* A name that no local header had is in the central directory; or in a local header, which has several Unicode paths: of a member
	 * that has data under another name. No data comes with it. There may be more than are told. NULL: not told. */
	void (*entry)(void *arg, const struct rs_zip_member *m);
};

enum rs_zip_state {
	RS_ZIP_RECORD, /* a signature is due */
	RS_ZIP_HUNT, /* garbage, or behind the end record: a local header may begin anywhere */
	RS_ZIP_LOCAL, /* fixed part of a local header (4.3.7) */
	RS_ZIP_CENTRAL, /* fixed part of a central directory record (4.3.12) */
	RS_ZIP_END64, /* zip64 end record (4.3.14), up to its size */
	RS_ZIP_EOCD, /* fixed part of the end record (4.3.16) */
	RS_ZIP_TRAILER, /* a data descriptor with signature, behind data whose end was known */
	RS_ZIP_SIZED4, /* archive extra data (4.3.11), up to its size */
	RS_ZIP_SIZED2, /* digital signature (4.3.13), up to its size */
	RS_ZIP_NAME,
	RS_ZIP_EXTRA, /* id and size of an extra field (4.5.1) */
	RS_ZIP_EXTRA64, /* zip64 extra field (4.5.3) */
	RS_ZIP_EXTRA_PATH, /* Unicode path (4.6.9): version and CRC-32 */
	RS_ZIP_PATH, /* and the name */
	RS_ZIP_EXTRA_REST,
	RS_ZIP_SKIP, /* `left` bytes, then `next` */
	RS_ZIP_DATA, /* `left` bytes of a member */
	RS_ZIP_OPEN, /* member data of unknown size, whose end is sought */
	RS_ZIP_STREAM, /* the same, deflated: the stream tells its end */
	RS_ZIP_PEEK, /* behind a member's data, if its header is right: does a record follow? */
	RS_ZIP_BEYOND, /* it did not: stored data, until a record does */
};

/* How a header was come by, which says what to do when it makes no sense. */
enum rs_zip_origin { RS_ZIP_EXPECTED, RS_ZIP_HUNTED, RS_ZIP_INSIDE };

/* A member whose end is looked for. */
struct rs_zip_sought {
	uint64_t start; /* offset of its data; RS_ZIP_SIZE_UNKNOWN: there is none */
	struct rs_zip_entry entry; /* as far as its header says */
};

struct rs_zip {
	const struct rs_zip_ops *ops;
	void *arg;
	uint64_t pos; /* bytes handed out, or missing */
	enum rs_zip_state state, next;
	enum rs_zip_origin origin;
	struct rs_zip_account account;
	struct rs_zip_signing signing; /* open: of the bytes that are no record only these, if no more of them come */

	struct rs_zip_sought open; /* the member being read, when its size is unknown */
	struct rs_zip_sought doubted; /* an earlier one, left at a header inside it */
	struct rs_zip_account before; /* the account when that happened */

	uint64_t left;
	uint8_t slack; /* bytes that an unsigned or zip64 descriptor may still take before the next signature */
	uint8_t have, want; /* in head, or in peek */
	uint8_t held; /* in hold */
	bool central; /* name and extra field belong to a central directory record */
	bool member; /* between member_begin and member_end */
	bool streaming; /* its data is a deflate stream that goes on */
	bool told; /* what that came to was told */
	bool behind; /* begun behind something else: what stands before the first header is no junk */
	bool wide; /* a zip64 end record was read */
	uint32_t name_crc;
	uint16_t other_full; /* of the Unicode path as it stands there */
	uint16_t name_len, name_left, extra_left, comment_left;
	uint64_t local_at; /* of the last local header's signature that was taken for one */
	uint64_t header_off; /* of the local header, or as the central directory says */
	uint64_t comment_end; /* of the last end record */
	struct rs_zip_end end; /* of the zip64 end record */
	struct rs_zip_entry entry; /* of the header being read, and of the last member */
	uint32_t crc; /* of the stored data so far */
	struct rs_zip_names names;
	struct rs_zip_member m;
	const uint8_t *span; /* of the bytes fed: read, and handed out next; none between calls */
	size_t nspan;
	bool span_is_data;
	uint8_t peek[4]; /* not handed out yet */
	uint8_t head[RS_ZIP_FIRST]; /* of a header; or the first bytes of deflated data */
	uint8_t hold[64];
	uint8_t name[RS_ZIP_NAME_MAX];
	uint8_t other[RS_ZIP_NAME_MAX];
};

/* True when these first bytes of a file (4 are enough) are a zip: a local header, an empty
 * archive's end record, or a spanning marker before a local header. */
bool rs_zip_is(const uint8_t *p, size_t n);

/* A random number for the whole process, given once at start, before any thread reads: who does not know it cannot
 * make a directory that differs from the local headers and has the same sum. */
void rs_zip_set_key(uint64_t random);

void rs_zip_init(struct rs_zip *z, const struct rs_zip_ops *ops, void *arg);
/* The same for one that begins in the middle of something else: at `pos` of it the signature of a local header stands, or of a directory's
 * record, which is not fed: what follows it is. It may be none. */
void rs_zip_init_behind(struct rs_zip *z, const struct rs_zip_ops *ops, void *arg, uint64_t pos, const uint8_t signature[4]);
void rs_zip_feed(struct rs_zip *z, const uint8_t *p, size_t n);

/* n bytes are missing here. */
void rs_zip_gap(struct rs_zip *z, uint64_t n);

/* How many were missing is not known after all: begins anew with the next local header. */
void rs_zip_lose(struct rs_zip *z);

/* A copy that goes its own way, with the same ops: to see what would come of it. */
void rs_zip_copy(struct rs_zip *to, const struct rs_zip *from, void *arg);

/* Called in member_deflated when the stream has ended: what it came to. */
void rs_zip_inflated(struct rs_zip *z, uint64_t size, uint32_t crc);

/* Called in member_deflated: the member's data from its first byte on, with what is being shown; *n: 0 when that is more than
 * RS_ZIP_FIRST bytes. Borrowed for the callback. */
const uint8_t *rs_zip_first(const struct rs_zip *z, size_t *n);

/* End of the file. Returns true when the structure was well formed up to its end record. */
bool rs_zip_end(struct rs_zip *z);
/* After that: bit f for each enum rs_zip_fault f that was seen. */
static inline uint32_t rs_zip_faults(const struct rs_zip *z)
{
	return z->account.faults;
}
/* After rs_zip_end: whether readers take it for an archive, that look for the end record in the file's last 64 KiB. */
bool rs_zip_is_ended(const struct rs_zip *z);
const char *rs_zip_fault_name(enum rs_zip_fault f); /* "zip.name_differs", ...: EVE anomaly.event */

#endif
