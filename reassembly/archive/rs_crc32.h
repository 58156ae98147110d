/* SPDX-License-Identifier: Apache-2.0 */
/* rs_crc32: the checksum of zip (APPNOTE.TXT 4.4.7), gzip (RFC 1952 8) and yEnc, as zlib's crc32 counts it.
 *
 * zlib's costs an instruction a byte, more than all else that is done with a stored member's bytes: here carry-less multiplication takes
 * 64 bytes a step, where the processor has it.
 *
 * Owner: nobody. Units: bytes. Thread: any. */
#ifndef RS_CRC32_H
#define RS_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* crc: of what came before; 0: nothing did. */
uint32_t rs_crc32(uint32_t crc, const uint8_t *p, size_t n);

/* For tests: use the variant "zlib" or "pclmul" from here on; 0, or -ENOTSUP when this processor lacks it. */
int rs_crc32_use(const char *isa);

#endif
