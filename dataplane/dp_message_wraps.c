/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_message_wraps.h"

#include "reassembly/archive/rs_tar.h"
#include "reassembly/decode/rs_text_made.h"

static void give(struct dp_text *to, struct made *m)
{
	dp_text_put(to, m->p, m->n);
	made_free(m);
}

void dp_message_uu(struct dp_text *to, const struct dp_text *in)
{
	struct made m = { 0 };
	made_uu(&m, "a.bin", in->p, in->n, "\r\n", false, true);
	give(to, &m);
}

void dp_message_yenc(struct dp_text *to, const struct dp_text *in)
{
	struct made m = { 0 };
	made_yenc(&m, "a.bin", in->p, in->n, "\r\n", 0);
	give(to, &m);
}

void dp_message_hqx(struct dp_text *to, const struct dp_text *in)
{
	struct made m = { 0 };
	made_text(&m, "(This file must be converted with BinHex 4.0)\r\n\r\n");
	made_hqx(&m, "a.bin", in->p, in->n, "", 0, "\r\n");
	give(to, &m);
}

void dp_message_tar(struct dp_text *to, const struct dp_text *in)
{
	static const uint8_t zeros[2 * RS_TAR_BLOCK];
	uint8_t b[RS_TAR_BLOCK] = "a.bin";
	uint32_t sum = 0;
	memcpy(b + 100, "0000644\0" "0000000\0" "0000000\0", 24);
	snprintf((char *)b + 124, 12, "%011zo", in->n);
	memcpy(b + 136, "00000000000\0" "        0", 21);
	memcpy(b + 257, "ustar\00000", 8);
	for (unsigned i = 0; i < sizeof b; i++)
		sum += b[i];
	snprintf((char *)b + 148, 8, "%06o", sum);
	dp_text_put(to, b, sizeof b);
	dp_text_put(to, in->p, in->n);
	dp_text_put(to, zeros, -in->n % RS_TAR_BLOCK);
	dp_text_put(to, zeros, sizeof zeros);
}

static void put_le(struct dp_text *to, uint32_t v, unsigned n)
{
	for (; n > 0; n--, v >>= 8)
		dp_text_put(to, &(uint8_t){ (uint8_t)v }, 1);
}

static void put_attribute(struct dp_text *to, uint8_t level, uint32_t id, const void *p, size_t n)
{
	const uint8_t *from = p;
	uint32_t sum = 0;
	for (size_t i = 0; i < n; i++)
		sum += from[i];
	dp_text_put(to, &level, 1);
	put_le(to, id, 4);
	put_le(to, (uint32_t)n, 4);
	dp_text_put(to, p, n);
	put_le(to, sum, 2);
}

/* [MS-OXTNEF] 2.1.3: the key, what begins an attachment, its title and its data. */
void dp_message_tnef(struct dp_text *to, const struct dp_text *in)
{
	dp_text_put(to, "\x78\x9f\x3e\x22\1\0", 6);
	put_attribute(to, 1, 0x00089006, "\0\0\1\0", 4);
	put_attribute(to, 2, 0x00069002, "\1\0\xff\xff\xff\xff\0\0\0\0\0\0\0\0", 14);
	put_attribute(to, 2, 0x00018010, "a.bin", 6);
	put_attribute(to, 2, 0x0006800f, in->p, in->n);
}

void dp_message_cms(struct dp_text *to, const struct dp_text *in)
{
	static const char begin[] = "\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x80\x30\x80\x02\x01\x01\x31\x00"
				    "\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01\xa0\x80";
	dp_text_put(to, begin, sizeof begin - 1);
	dp_text_put(to, (uint8_t[]){ 0x04, 0x82, (uint8_t)(in->n >> 8), (uint8_t)in->n }, 4);
	dp_text_put(to, in->p, in->n);
	dp_text_put(to, "\0\0\0\0\x31\x00\0\0\0\0\0\0", 12);
}

void dp_message_boundary_like(struct dp_text *to, unsigned level, unsigned form)
{
	static const char *const forms[] = {
		"\r--b%u\r\n", "\n--b%u\n", "\r\n--b%u \t\r\n", "\r\n--b%ux\r\n",
		"\r\n --b%u\r\n", "\r\n--b%u--x\r\n", "\r\n--b%u--\r", "\r\n--b%u\r",
	};
	dp_text_printf(to, forms[form % 8], level);
}

void dp_message_two_fields(struct dp_text *to, unsigned which)
{
	static const char *const fields[] = {
		"Content-Transfer-Encoding: base64\r\nContent-Transfer-Encoding: 7bit\r\n",
		"Content-Transfer-Encoding: 7bit\r\nContent-Transfer-Encoding: base64\r\n",
		"Content-Transfer-Encoding: quoted-printable\r\nContent-Transfer-Encoding: base64\r\n",
		"Content-Type: message/rfc822\r\nContent-Type: text/plain; name=a.txt\r\n",
		"Content-Type: text/plain; name=a.txt\r\nContent-Type: message/rfc822\r\n",
		"Content-Type: text/plain; name=a.txt; name=a.exe\r\nContent-Transfer-Encoding: base64\r\n",
		"Content-Transfer-Encoding: base64\rContent-Transfer-Encoding: x-uuencode\r\n",
		"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n",
	};
	dp_text_printf(to, "%s\r\n", fields[which % 8]);
}

void dp_message_multipart(struct dp_text *to, unsigned level, unsigned type)
{
	static const char *const types[DP_MESSAGE_TYPES] = {
		"mixed; boundary=b%u", "alternative; boundary=b%u", "digest; boundary=b%u", "signed; boundary=b%u",
		"x; boundary=b%u", "mixed; boundary=b%u; boundary=c", "mixed; boundary=c; boundary=b%u",
		"mixed; boundary=b%u\r\nContent-Type: text/plain",
		"mixed; boundary=c\r\nContent-Type: multipart/mixed; boundary=b%u",
		"mixed; boundary=b%u\r\nContent-Transfer-Encoding: base64",
	};
	dp_text_printf(to, "Content-Type: multipart/");
	dp_text_printf(to, types[type], level);
	dp_text_printf(to, "\r\n\r\n");
}
