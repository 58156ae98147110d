/* SPDX-License-Identifier: Apache-2.0 */
#include "control/ct_list.h"

#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>

/* Those alone that workers do not open: what libarchive reads besides is not tried on what strangers send. */
static struct archive *reader(void)
{
	struct archive *a = archive_read_new();
	if (!a)
		return NULL;
	archive_read_support_format_rar(a);
	archive_read_support_format_rar5(a);
	archive_read_support_format_7zip(a);
	archive_read_support_format_cab(a);
	archive_read_support_format_iso9660(a);
	return a;
}

static const char *name_of(struct archive_entry *e)
{
	const char *name = archive_entry_pathname_utf8(e);
	if (!name)
		name = archive_entry_pathname(e);
	return name ? name : "";
}

static bool has_next(struct archive *a, struct archive_entry **e)
{
	const int r = archive_read_next_header(a, e);
	return r == ARCHIVE_OK || r == ARCHIVE_WARN;
}

unsigned ct_list_members(const uint8_t *p, size_t n, unsigned most, ct_list_fn fn, void *arg)
{
	struct archive_entry *e;
	unsigned members = 0;
	struct archive *a = reader();
	if (!a)
		return 0;
	if (archive_read_open_memory(a, p, n) == ARCHIVE_OK)
		while (members < most && has_next(a, &e)) {
			if (archive_entry_filetype(e) == AE_IFDIR)
				continue;
			const struct ct_member m = {
				.name = name_of(e),
				.size = archive_entry_size_is_set(e) && archive_entry_size(e) > 0 ? (uint64_t)archive_entry_size(e) : 0,
				.sized = archive_entry_size_is_set(e),
				.encrypted = archive_entry_is_encrypted(e),
			};
			fn(arg, &m);
			members++;
		}
	archive_read_free(a);
	return members;
}
