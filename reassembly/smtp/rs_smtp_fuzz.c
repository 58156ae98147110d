/* SPDX-License-Identifier: Apache-2.0 */
/* Input: one byte of switches (1 midstream, 2 few blocks, 4 no handles, 8 hold, 16 halts in every callback), then records:
 * direction (bit 0), gap (bit 1), length in two bytes, little-endian, then that many bytes unless it is a gap. */
#include "reassembly/smtp/rs_smtp_play.h"

#define PIECES_MAX 512

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	static struct piece pieces[PIECES_MAX];
	struct play y = { .pieces = pieces, .midstream = data[0] & 1, .refuse_handles = data[0] & 4 };
	y.hold = data[0] & 8;
	y.halts = y.hold && data[0] & 16;
	bool few = data[0] & 2;
	y.blocks = few ? 2 : 128;
	for (size_t at = 1; at + 3 <= size && y.n < PIECES_MAX;) {
		uint8_t kind = data[at];
		size_t n = data[at + 1] | (size_t)data[at + 2] << 8;
		at += 3;
		struct piece *c = &pieces[y.n++];
		*c = (struct piece){ .dir = kind & 1 ? RS_SMTP_SERVER : RS_SMTP_CLIENT };
		if (kind & 2) {
			c->gap = n;
			y.n -= !n;
			continue;
		}
		c->n = n < size - at ? n : size - at;
		c->p = data + at;
		at += c->n;
	}
	y.bulk = LOG_BULK_ALL;
	char *whole = play(&y, SIZE_MAX, SIZE_MAX, 0);
	const size_t parts[] = { 1, 2, 7, 61 };
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		y.bulk = (enum log_bulk)(i % 3);
		char *cut = play(&y, parts[i], SIZE_MAX, 0);
		/* Where blocks run out, which line is lost depends on how it was cut. */
		if (!few && strcmp(whole, cut)) {
			fprintf(stderr, "--- whole\n%s--- in parts of %zu\n%s", whole, parts[i], cut);
			abort();
		}
		free(cut);
	}
	free(whole);
	return 0;
}
