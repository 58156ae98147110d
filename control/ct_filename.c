/* SPDX-License-Identifier: Apache-2.0 */
#include "control/ct_filename.h"

#include <string.h>
#include <strings.h>

static const char *const runnable[] = {
	"exe", "scr", "pif", "com", "bat", "cmd", "vbs", "vbe", "js",  "jse", "wsf", "wsh", "wsc",  "hta",	 "lnk",	 "shs", "cpl",
	"msi", "msp", "reg", "ps1", "jar", "chm", "sct", "url", "dll", "ocx", "scf", "inf", "msc",  "application", "gadget", NULL,
};

static const char *const documents[] = {
	"txt", "doc",  "docx", "xls", "xlsx", "ppt", "pptx", "pdf", "rtf", "odt", "ods", "odp", "csv", "htm", "html", "xml",  "eml",
	"msg", "jpg",  "jpeg", "png", "gif",  "bmp", "tif",  "tiff", "webp", "svg", "mp3", "mp4", "avi", "mpg", "mpeg", "mov", "wav",
	"zip", "rar",  "7z",   "gz",  "tar",  "iso", "log",  "ics", "dat", "tmp", "json", NULL,
};

static bool one_of(const char *const *list, const char *p, size_t n)
{
	for (; *list; list++)
		if (strlen(*list) == n && strncasecmp(*list, p, n) == 0)
			return true;
	return false;
}

/* The length of a blank at the end of these n bytes: a space, no-break space or ideographic space; 0: none. */
static size_t blank(const char *p, size_t n)
{
	if (n >= 1 && p[n - 1] == ' ')
		return 1;
	if (n >= 2 && memcmp(p + n - 2, "\xc2\xa0", 2) == 0)
		return 2;
	return n >= 3 && memcmp(p + n - 3, "\xe3\x80\x80", 3) == 0 ? 3 : 0;
}

static size_t without_blanks(const char *p, size_t n, unsigned *blanks)
{
	for (size_t k; (k = blank(p, n)); n -= k)
		(*blanks)++;
	return n;
}

/* The length of a quotation mark at the end of these n bytes; 0: none. */
static size_t quote(const char *p, size_t n)
{
	static const char *const curly[] = { "\xe2\x80\x98", "\xe2\x80\x99", "\xe2\x80\x9c", "\xe2\x80\x9d" };
	if (n >= 1 && strchr("'\"`", p[n - 1]))
		return 1;
	for (unsigned i = 0; n >= 3 && i < sizeof curly / sizeof *curly; i++)
		if (!memcmp(p + n - 3, curly[i], 3))
			return 3;
	return 0;
}

/* "a.exe::$DATA" is the file a.exe itself to NTFS (MS-FSCC 2.1.5). */
static size_t stream_type(const char *p, size_t n)
{
	static const char data[] = ":$DATA";
	if (n >= sizeof data - 1 && !strncasecmp(p + n - (sizeof data - 1), data, sizeof data - 1))
		return sizeof data - 1;
	return n >= 1 && p[n - 1] == ':';
}

static size_t without_end(const char *p, size_t n, unsigned *blanks)
{
	for (;;) {
		n = without_blanks(p, n, blanks);
		size_t k = n >= 1 && p[n - 1] == '.';
		if (!k)
			k = quote(p, n);
		if (!k)
			k = stream_type(p, n);
		if (!k)
			return n;
		n -= k;
	}
}

static size_t last_dot(const char *p, size_t n)
{
	while (n > 0 && p[n - 1] != '.')
		n--;
	return n; /* behind it; 0: there is none */
}

/* Characters without a shape stand there as "<U+202E>". */
static size_t copy(char *to, size_t size, const char *p, size_t n)
{
	size_t len = 0;
	for (size_t i = 0; i < n; i++) {
		if (n - i >= 8 && memcmp(p + i, "<U+", 3) == 0 && p[i + 7] == '>') {
			i += 7;
			continue;
		}
		if (len + 1 == size)
			return 0;
		to[len++] = (char)(p[i] >= 'A' && p[i] <= 'Z' ? p[i] | 0x20 : p[i]);
	}
	return len;
}

struct ct_filename ct_filename_look(const char *name)
{
	struct ct_filename f = { 0 };
	for (const char *p = name; *p; p++)
		if (*p == '/' || *p == '\\')
			name = p + 1;
	unsigned blanks = 0;
	size_t n = without_end(name, strlen(name), &blanks);
	const size_t from = last_dot(name, n);
	if (from == 0)
		return f;
	/* What follows names a stream of the file. */
	const char *colon = memchr(name + from, ':', n - from);
	if (colon)
		n = without_end(name, (size_t)(colon - name), &blanks);
	if (n < from)
		n = from;
	const size_t len = copy(f.extension, sizeof f.extension, name + from, n - from);
	f.extension[len] = 0;
	blanks = 0;
	const size_t before = without_end(name, from - 1, &blanks);
	/* Blanks behind the dot hide it as well. */
	for (const char *p = name + from; *p == ' '; p++)
		blanks++;
	f.padded = blanks >= 3;
	char earlier[CT_EXTENSION_SIZE];
	const size_t stem = last_dot(name, before), letters = stem ? copy(earlier, sizeof earlier, name + stem, before - stem) : 0;
	f.double_extension = letters && one_of(documents, earlier, letters) && one_of(runnable, f.extension, len);
	return f;
}
