/* SPDX-License-Identifier: Apache-2.0 */
/* ct_buf: a string that grows, and a list of strings.
 *
 * Owner:  the caller; control only. Memory: heap. Zeroed, both are empty.
 * Errors: out of memory is remembered in `failed`, and asked for once at the end. */
#ifndef CT_BUF_H
#define CT_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ct_buf {
	char *p;
	size_t n, size;
	bool failed;
};

void ct_buf_put(struct ct_buf *b, const void *p, size_t n);
void ct_buf_puts(struct ct_buf *b, const char *s);
void ct_buf_printf(struct ct_buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void ct_buf_rune(struct ct_buf *b, uint32_t rune); /* as UTF-8 */
/* The string, ended by NUL, for the caller to free; NULL when memory ran out. The buffer is empty afterwards. */
char *ct_buf_take(struct ct_buf *b);
void ct_buf_free(struct ct_buf *b);

struct ct_list {
	char **v;
	size_t n, size;
};

/* Takes s, also when it fails. s NULL (out of memory) is a failure: false. */
bool ct_list_add(struct ct_list *l, char *s);
void ct_list_free(struct ct_list *l);

#endif
