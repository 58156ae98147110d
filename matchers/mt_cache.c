/* SPDX-License-Identifier: Apache-2.0 */
#include "matchers/mt_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>

/* Read only by the machine that wrote it: the processor is part of the key. */
struct header {
	char magic[16];
	unsigned char key[MT_CACHE_KEY];
	unsigned char digest[MT_CACHE_KEY]; /* of all that follows it */
	char info[160]; /* hs_database_info: version, features, mode */
	uint64_t size; /* bytes of database after the header */
	uint64_t at_end;
};
#define HEADER_MAGIC "mailweir-hsdb 1"
#define AFTER_DIGEST offsetof(struct header, info)

struct digest {
	EVP_MD_CTX *md;
	bool bad;
};

static void put(struct digest *d, const void *p, size_t n)
{
	d->bad |= EVP_DigestUpdate(d->md, p, n) != 1;
}

static void put_text(struct digest *d, const char *s)
{
	put(d, s, strlen(s) + 1); /* with its NUL, so that no two lists of texts are alike */
}

static void put_number(struct digest *d, uint64_t v)
{
	put(d, &v, sizeof v);
}

static int begin(struct digest *d)
{
	*d = (struct digest){ .md = EVP_MD_CTX_new() };
	if (!d->md || EVP_DigestInit_ex(d->md, EVP_sha256(), NULL) != 1) {
		EVP_MD_CTX_free(d->md);
		return -ENOMEM;
	}
	return 0;
}

static int end(struct digest *d, unsigned char out[MT_CACHE_KEY])
{
	d->bad |= EVP_DigestFinal_ex(d->md, out, NULL) != 1;
	EVP_MD_CTX_free(d->md);
	return d->bad ? -ENOMEM : 0;
}

int mt_cache_key(const struct mt_pattern *const *v, size_t n, unsigned char key[MT_CACHE_KEY])
{
	hs_platform_info_t here = { 0 };
	struct digest d;
	int r = begin(&d);

	if (r)
		return r;
	put_text(&d, HEADER_MAGIC);
	put_text(&d, MW_REGEX_NAME);
	put_text(&d, hs_version());
	if (hs_populate_platform(&here) != HS_SUCCESS)
		d.bad = true;
	put_number(&d, here.tune);
	put_number(&d, here.cpu_features);
	put_number(&d, n);
	for (size_t i = 0; i < n; i++) {
		put_text(&d, v[i]->expression);
		put_number(&d, v[i]->flags);
		put_number(&d, v[i]->min_offset);
		put_number(&d, v[i]->max_offset);
	}
	return end(&d, key);
}

static bool path_of(const char *folder, const unsigned char key[MT_CACHE_KEY], char path[PATH_MAX])
{
	char name[2 * 16 + 1];
	for (int i = 0; i < 16; i++)
		snprintf(name + 2 * i, 3, "%02x", key[i]);
	return snprintf(path, PATH_MAX, "%s/rules-%s.hsdb", folder, name) < PATH_MAX;
}

static bool digest_of(const struct header *h, const char *bytes, unsigned char out[MT_CACHE_KEY])
{
	struct digest d;
	if (begin(&d))
		return false;
	put(&d, (const char *)h + AFTER_DIGEST, sizeof *h - AFTER_DIGEST);
	put(&d, bytes, h->size);
	return end(&d, out) == 0;
}

static bool read_all(int fd, void *to, size_t n)
{
	for (char *p = to; n;) {
		ssize_t got = read(fd, p, n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		p += got;
		n -= (size_t)got;
	}
	return true;
}

static bool write_all(int fd, const void *from, size_t n)
{
	for (const char *p = from; n;) {
		ssize_t put_ = write(fd, p, n);
		if (put_ < 0 && errno == EINTR)
			continue;
		if (put_ <= 0)
			return false;
		p += put_;
		n -= (size_t)put_;
	}
	return true;
}

/* A database is run as it stands: one that another user could have written is not touched. */
static bool ours(int fd, size_t *size)
{
	struct stat st;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return false;
	if ((st.st_uid != geteuid() && st.st_uid != 0) || st.st_mode & (S_IWGRP | S_IWOTH))
		return false;
	*size = (size_t)st.st_size;
	return st.st_size > (off_t)sizeof(struct header) && st.st_size <= (off_t)MT_CACHE_FILE_MAX;
}

/* Hyperscan allocates what this gives, with malloc, as its default allocator does. */
static bool info_of(const hs_database_t *db, char out[sizeof((struct header *)0)->info])
{
	char *info = NULL;
	memset(out, 0, sizeof((struct header *)0)->info);
	if (hs_database_info(db, &info) != HS_SUCCESS)
		return false;
	bool fits = strlen(info) < sizeof((struct header *)0)->info;
	if (fits)
		strcpy(out, info);
	free(info);
	return fits;
}

static bool take(const struct header *h, const char *bytes, struct mt_database *out)
{
	char info[sizeof h->info];
	hs_database_t *db = NULL;

	if (hs_deserialize_database(bytes, h->size, &db) != HS_SUCCESS)
		return false;
	if (!info_of(db, info) || memcmp(info, h->info, sizeof info) ||
	    hs_stream_size(db, &out->stream_size) != HS_SUCCESS) {
		hs_free_database(db);
		return false;
	}
	out->hs = db;
	out->at_end = h->at_end != 0;
	out->cached = true;
	return true;
}

bool mt_cache_load(const char *folder, const unsigned char key[MT_CACHE_KEY], struct mt_database *out)
{
	char path[PATH_MAX];
	unsigned char digest[MT_CACHE_KEY];
	struct header h;
	char *bytes = NULL;
	size_t size;
	bool good = false;

	if (!path_of(folder, key, path))
		return false;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return false;
	if (!ours(fd, &size) || !read_all(fd, &h, sizeof h))
		goto out;
	if (memcmp(h.magic, HEADER_MAGIC, sizeof h.magic) || memcmp(h.key, key, MT_CACHE_KEY) ||
	    h.size != size - sizeof h)
		goto out;
	bytes = malloc(h.size);
	if (!bytes || !read_all(fd, bytes, h.size))
		goto out;
	good = digest_of(&h, bytes, digest) && !memcmp(digest, h.digest, sizeof digest) && take(&h, bytes, out);
out:
	free(bytes);
	close(fd);
	return good;
}

void mt_cache_store(const char *folder, const unsigned char key[MT_CACHE_KEY], const struct mt_database *db)
{
	char path[PATH_MAX], temporary[PATH_MAX];
	struct header h = { .magic = HEADER_MAGIC, .at_end = db->at_end };
	char *bytes = NULL;
	size_t size;

	if (hs_serialize_database(db->hs, &bytes, &size) != HS_SUCCESS)
		return;
	memcpy(h.key, key, sizeof h.key);
	h.size = size;
	if (!info_of(db->hs, h.info) || !digest_of(&h, bytes, h.digest) || !path_of(folder, key, path) ||
	    snprintf(temporary, sizeof temporary, "%s/.rules-XXXXXX", folder) >= (int)sizeof temporary)
		goto out;
	mkdir(folder, 0700); /* its parent is the caller's */
	int fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		goto out;
	/* Not synchronised: what a crash leaves half written fails its digest. */
	bool written = write_all(fd, &h, sizeof h) && write_all(fd, bytes, size);
	if (close(fd) || !written || rename(temporary, path))
		unlink(temporary);
out:
	free(bytes);
}
