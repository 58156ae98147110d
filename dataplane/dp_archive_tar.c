/* SPDX-License-Identifier: Apache-2.0 */
/* A file that may be a tar archive, as nearly any may by its first bytes, until its first block tells. Meanwhile it is read as if
 * it were none: what matches in it, or in what is encoded in it, does not wait. */
#include "dataplane/dp_archive_private.h"
#include "dataplane/dp_encoded.h"

#include <string.h>

void dp_archive_tar_open(struct dp_file *f)
{
	f->tar = dp_archive_get(f);
	if (f->tar)
		f->tar->u.tar.have = 0;
}

size_t dp_archive_tar_wanted(const struct dp_file *f)
{
	return (size_t)RS_TAR_BLOCK - f->tar->u.tar.have;
}

/* It is one: what it was read as ends. */
static void turn(struct dp_file *f)
{
	struct dp_archive *tar = f->tar;
	dp_encoded_end(f);
	dp_archive_side_end(f);
	if (f->archive) {
		/* To one who begins with its header it is a tar, to another the zip, or the stream, that was found in that. */
		if (f->archive->reader != &dp_archive_stream || f->archive->zlib)
			dp_archive_cannot(f, CT_REASON_MALFORMED);
		dp_archive_member_stop(f);
		dp_archive_end(f, true);
	}
	f->tar = NULL;
	f->archive = tar;
	dp_archive_members_tar(f);
}

void dp_archive_tar_see(struct dp_file *f, const uint8_t *p, size_t n)
{
	struct rs_tar *t = &f->tar->u.tar;
	memcpy(t->block + t->have, p, n);
	t->have = (uint16_t)(t->have + n);
	if (!rs_tar_may_be_header(t->block, t->have))
		dp_archive_tar_drop(f);
	else if (t->have == RS_TAR_BLOCK && rs_tar_is_header(t->block))
		turn(f);
	else if (t->have == RS_TAR_BLOCK)
		dp_archive_tar_drop(f);
}

void dp_archive_tar_drop(struct dp_file *f)
{
	if (f->tar)
		dp_archive_put(f, f->tar);
	f->tar = NULL;
}

void dp_archive_tar_copy(struct dp_file *to, const struct dp_file *from)
{
	to->tar = NULL;
	/* What ends within its first block is none. */
	if (!from->tar || to->content->trial)
		return;
	dp_archive_tar_open(to);
	if (to->tar)
		to->tar->u.tar = from->tar->u.tar;
}
