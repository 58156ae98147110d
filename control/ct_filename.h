/* SPDX-License-Identifier: Apache-2.0 */
/* ct_filename: what a file's name says that its reader may not see.
 *
 * Owner:  the caller; nothing is kept. Names are as ct_text_name makes them. */
#ifndef CT_FILENAME_H
#define CT_FILENAME_H

#include <stdbool.h>

#define CT_EXTENSION_SIZE 24

struct ct_filename {
	/* Letters behind the last dot, in lower case; "": none, or longer than any. Left out at the name's end are what Windows leaves out
	 * (dots and blanks), the name of a stream of the file (a.exe::$DATA is a.exe), and quotation marks: they were around the name. Characters that change the direction of text are left out: they do not choose the program that opens it. */
	char extension[CT_EXTENSION_SIZE];
	/* It ends in one that Windows runs, and before that in one of a document, a picture, a text or an archive. */
	bool double_extension;
	/* Three blanks or more before the extension: a list that shows names cut does not show it. */
	bool padded;
};

struct ct_filename ct_filename_look(const char *name);

#endif
