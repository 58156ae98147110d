/* SPDX-License-Identifier: Apache-2.0 */
/* ct_columns: text for a person, in a column of labels and a column of values that is wrapped at the terminal's width.
 *
 * Owner:  the caller. Widths are those of the characters (wcwidth): two columns for 猫, none for combining marks.
 * Nothing is ever cut: a word longer than the line is broken where the line ends. Control characters do not get out. */
#ifndef CT_COLUMNS_H
#define CT_COLUMNS_H

#include <stdio.h>
#include "control/ct_buf.h"
#include "control/ct_render.h"

enum ct_colour { CT_PLAIN, CT_DIM, CT_RED, CT_YELLOW, CT_GREEN };

struct ct_columns {
	FILE *to;
	struct ct_style style;
	unsigned indent; /* where values begin */
	unsigned column; /* where the next character goes */
	unsigned gap; /* spaces owed before the next word */
};

/* A line: label at `margin`, values from `indent` on. */
void ct_columns_begin(struct ct_columns *c, FILE *to, struct ct_style style, unsigned margin, unsigned indent,
		      const char *label, enum ct_colour colour);
/* Words are what spaces separate; runs of spaces are kept as one. A call's first word is a new word. */
void ct_columns_words(struct ct_columns *c, const char *text, enum ct_colour colour);
/* Kept together on one line where it fits on one. */
void ct_columns_unit(struct ct_columns *c, const char *text, enum ct_colour colour);
/* One more space before the next word. */
void ct_columns_space(struct ct_columns *c);
/* Continues under the values. */
void ct_columns_break(struct ct_columns *c);
void ct_columns_end(struct ct_columns *c);

unsigned ct_columns_width(const char *text); /* columns that it takes */

#endif
