/* SPDX-License-Identifier: Apache-2.0 */
/* Records for tests, as workers make them. Zero-initialised pool inside; one record at a time is enough. */
#ifndef CT_SAMPLE_H
#define CT_SAMPLE_H

#include "control/ct_record.h"
#include "control/ct_render.h"

extern const struct ct_input sample_inputs[2]; /* a capture file, a port */

void sample_init(void);
struct rs_pool *sample_pool(void);

void sample_note(struct ct_record *r, enum ct_note_kind kind, uint8_t sub, uint16_t index, const void *p, size_t n);
void sample_text(struct ct_record *r, enum ct_note_kind kind, uint8_t sub, uint16_t index, const char *text);
void sample_name(struct ct_record *r, enum ct_note_kind kind, const char *charset,
		 const char *name); /* charset NULL: plain */
void sample_mark(struct ct_record *r, uint32_t rule, uint32_t line, uint64_t offset);
void sample_hit(struct ct_record *r, uint16_t criterion, uint32_t line, uint64_t offset, const char *text);

/* The founding slides' case: a loader in a zip, read from a capture, delivered. */
void sample_infected(struct ct_record *r);
void sample_clean(struct ct_record *r);
void sample_tls(struct ct_record *r);
void sample_hostile(struct ct_record *r); /* little is known, and what is, is ugly */
/* Between two ports: an infected message that we refused, and one that could not be judged and is to come again. */
void sample_refused(struct ct_record *r);
void sample_deferred(struct ct_record *r);
void sample_file(struct ct_record *r);
void sample_program(struct ct_record *r); /* a file of which everything is known */
void sample_anomaly(struct ct_record *r);
void sample_free(struct ct_record *r);

#endif
