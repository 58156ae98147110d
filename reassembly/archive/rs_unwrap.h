/* SPDX-License-Identifier: Apache-2.0 */
/* rs_unwrap: one interface for the readers of wrappings that need nothing but their own state: each takes the wrapping's bytes, in any
 * split, and hands out the members in it, one after the other.
 *
 * Owner:  one thread. Memory: the reader's state, which is copied by assignment (then `arg` is set anew); no allocation. Units: bytes;
 *         offsets from the first byte fed. What is handed to the callbacks is borrowed until they return.
 *
 * Each byte fed is handed out once: as `data` where a member holds it as it stands (tar), else as `outer`; what a member's bytes are
 * decoded from is outer, and the decoded bytes are its data besides. So nothing in a wrapping escapes inspection, whatever its headers
 * claim. */
#ifndef RS_UNWRAP_H
#define RS_UNWRAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RS_UNWRAP_SIZE_UNKNOWN UINT64_MAX

struct rs_member {
	const uint8_t *name; /* as it stands in the wrapping */
	size_t name_len; /* 0: it has none */
	const char *charset; /* of the name; "": not said */
	const char *layer; /* what it is called where it has no name: "base64"; a constant */
	const char *type; /* a media type that was declared; "": none */
	uint64_t size; /* as is said before it; RS_UNWRAP_SIZE_UNKNOWN */
	uint64_t at; /* of its first byte, or of what that is decoded from */
	/* `out` decoded bytes come of about `in` bytes of the wrapping. 0: they stand there as they are. */
	uint32_t in, out;
	/* Where nothing else tells where its bytes come from (`known` may be far before them, and lines of other lengths between): the last
	 * byte by which it was seen to be one, and to begin at `at`. Else 0. */
	uint64_t seen_at;
	bool file; /* a file, which is reported; else a layer or a text */
	bool name_cut; /* something of the name's middle is left out */
};

enum rs_unwrap_flag {
	RS_UNWRAP_CUT = 1, /* it ended before its end */
	RS_UNWRAP_ODD = 2, /* readers may differ about it; all that any of them makes of it was handed out */
	RS_UNWRAP_WRONG = 4, /* from somewhere on it is no such wrapping: what is behind was handed out as outer alone */
	RS_UNWRAP_GAP = 8, /* (member_end) bytes of it are missing */
	RS_UNWRAP_UNSUPPORTED = 16, /* something in it is known and not opened */
	RS_UNWRAP_ENCRYPTED = 32,
	RS_UNWRAP_LIMIT = 64, /* there is more in it than is read */
	RS_UNWRAP_HOLES = 256, /* (member_end) it stands there without the zeros between its pieces: it is not what was handed out */
	RS_UNWRAP_NOT = 128, /* it is no such wrapping at all, though it began like one: all of it is outer */
};

struct rs_unwrap_ops {
	void (*outer)(void *arg, const uint8_t *p, size_t n);
	void (*member_begin)(void *arg, const struct rs_member *m);
	void (*member_data)(void *arg, const uint8_t *p, size_t n);
	void (*member_end)(void *arg, uint32_t flags); /* enum rs_unwrap_flag */
	/* n bytes are missing, of the member's data or of what is outer. */
	void (*missing)(void *arg, uint64_t n, bool data);
	/* The member that is open has another name, too, which stands behind its data. NULL: nobody asks. */
	void (*member_name)(void *arg, const struct rs_member *m);
	/* Before a short member that is no file begins, all of whose data this is: false where nothing would come of it, and it is
	 * left out. NULL: all are wanted. */
	bool (*member_wanted)(void *arg, const uint8_t *p, size_t n);
};

struct rs_unwrap { /* begins each reader's state */
	const struct rs_unwrap_ops *ops;
	void *arg;
	uint64_t pos; /* of the wrapping: behind what was handed out, or decoded, so far */
	uint64_t made; /* of the member: bytes handed out before the data that is being handed out */
	/* Of a member that is decoded: what this byte of it comes from begins at that place. What others come from is told by that, and by
	 * rs_member's `in` and `out`. Follows from the bytes, not from how they were split. */
	uint64_t known, known_at;
	uint64_t last_at; /* nothing made so far came from behind this; 0: as far as in and out say */
	uint32_t flags; /* enum rs_unwrap_flag, so far */
};

struct rs_unwrap_reader {
	void (*init)(void *state, const struct rs_unwrap_ops *ops, void *arg);
	void (*feed)(void *state, const uint8_t *p, size_t n);
	/* n bytes are missing here. */
	void (*gap)(void *state, uint64_t n);
	/* End of the wrapping: ends the member that is open. Returns a set of enum rs_unwrap_flag; 0: well formed. */
	uint32_t (*end)(void *state);
	/* Where in the wrapping this byte of the member that is open comes from, of those that were made last. NULL: `known` tells. */
	uint64_t (*from)(const void *state, uint64_t offset);
};

#endif
