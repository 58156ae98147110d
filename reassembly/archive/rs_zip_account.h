/* SPDX-License-Identifier: Apache-2.0 */
/* rs_zip_account: whether a zip's central directory lists what was read by its local headers, without keeping either list.
 *
 * Of each entry that is met, what both must agree in is added to sums that do not depend on the order of the entries. Who does
 * not know the key (rs_zip_set_key) cannot make a directory that differs and has the same sums. Each aspect has its own sum, so
 * that a difference has a name.
 *
 * A directory's offsets count from the file's beginning or, in an archive behind something else, from that of the archive: the
 * local headers are summed up in both ways, and the end record says which one holds.
 *
 * Memory: the struct, which is copied by assignment. Units: bytes. */
#ifndef RS_ZIP_ACCOUNT_H
#define RS_ZIP_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum rs_zip_aspect { /* in the order of their faults */
	RS_ZIP_ENTRY, /* where its local header stands */
	RS_ZIP_NAMED,
	RS_ZIP_METHOD,
	RS_ZIP_SIZE, /* compressed */
	RS_ZIP_ENCRYPTION,
	RS_ZIP_CONTENT, /* size and CRC-32 */
	RS_ZIP_ASPECTS
};

enum rs_zip_fault { /* what makes readers differ; bits of rs_zip_account.faults */
	RS_ZIP_DIFFERS, /* + an aspect: directory and members are not the same */
	RS_ZIP_CHECKSUM_WRONG = RS_ZIP_ASPECTS, /* a member's data is not what its CRC-32 says */
	RS_ZIP_DESCRIPTOR_WRONG, /* a data descriptor is not that of the data before it */
	RS_ZIP_LENGTH_WRONG, /* a deflate stream ends elsewhere than its data, or it comes to another size */
	RS_ZIP_HEADER_INSIDE, /* a record stands in data of unknown size */
	RS_ZIP_JUNK, /* bytes of no record */
	RS_ZIP_SECOND, /* members behind a directory, or a second end record */
	RS_ZIP_SPANNED, /* it says that it is part of several files */
	RS_ZIP_PREFIXED, /* it begins behind something else; all the same it may be well formed */
	RS_ZIP_TORN, /* bytes are missing: nothing is said of the rest */
	RS_ZIP_FAULTS
};

/* Faults of the data, not of the structure. */
#define RS_ZIP_DATA_FAULTS                                                                                             \
	(1u << RS_ZIP_CHECKSUM_WRONG | 1u << RS_ZIP_DESCRIPTOR_WRONG | 1u << (RS_ZIP_DIFFERS + RS_ZIP_CONTENT) |       \
	 1u << (RS_ZIP_DIFFERS + RS_ZIP_ENCRYPTION))

struct rs_zip_entry { /* of a local header and its data, or of the directory */
	uint64_t off; /* of the local header */
	uint64_t name; /* a sum of it */
	uint64_t csize, size;
	uint32_t crc;
	uint16_t method;
	bool encrypted;
	bool known; /* size and CRC-32 are */
};

#define RS_ZIP_NAMES 1024 /* bits */

struct rs_zip_account {
	uint64_t local[RS_ZIP_ASPECTS], shifted[RS_ZIP_ASPECTS], central[RS_ZIP_ASPECTS];
	uint64_t centrals;
	uint64_t central_off; /* of the first central directory record */
	uint64_t base; /* of the first local header */
	uint64_t ended_at; /* of the end record */
	uint32_t faults;
	bool based, ended;
	bool unknown; /* size or CRC-32 of a member are not known: no sum of them */
};

/* The names that local headers had, as bits: one that had none of them is found out with a probability that sinks as they fill up. */
struct rs_zip_names {
	uint64_t bits[RS_ZIP_NAMES / 64];
};

uint64_t rs_zip_sum_name(const uint8_t *p, size_t n, size_t whole);
void rs_zip_account_local(struct rs_zip_account *a, const struct rs_zip_entry *e);
void rs_zip_account_central(struct rs_zip_account *a, const struct rs_zip_entry *e);

struct rs_zip_end { /* what the end record says, the wide one where there is one */
	uint64_t at, total, central_off;
	bool has_total, has_off;
};
void rs_zip_account_end(struct rs_zip_account *a, const struct rs_zip_end *e);

void rs_zip_names_add(struct rs_zip_names *s, const struct rs_zip_entry *e);
/* Whether a local header may have had this name, there or `base` bytes further on. */
bool rs_zip_names_has(const struct rs_zip_names *s, const struct rs_zip_entry *e, uint64_t base);

#endif
