/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/mime/rs_mime.h"

const char *rs_mime_anomaly_name(enum rs_mime_anomaly a)
{
	static const char *const names[RS_MIME_ANOMALY_MAX] = {
		[RS_MIME_HEADER_TOO_LONG] = "mime.header_too_long",
		[RS_MIME_HEADER_INVALID] = "mime.header_invalid",
		[RS_MIME_BOUNDARY_MISSING] = "mime.boundary_missing",
		[RS_MIME_BOUNDARY_TOO_LONG] = "mime.boundary_too_long",
		[RS_MIME_DEPTH_LIMIT] = "mime.depth_limit",
		[RS_MIME_PART_LIMIT] = "mime.part_limit",
		[RS_MIME_DUPLICATE_FIELD] = "mime.duplicate_field",
		[RS_MIME_DUPLICATE_PARAMETER] = "mime.duplicate_parameter",
		[RS_MIME_ENCODED_MULTIPART] = "mime.encoded_multipart",
		[RS_MIME_UNKNOWN_ENCODING] = "mime.unknown_encoding",
		[RS_MIME_NAME_CUT] = "mime.name_cut",
		[RS_MIME_NAMES_DIFFER] = "mime.names_differ",
		[RS_MIME_MISSING_END] = "mime.missing_end",
		[RS_MIME_BLOCK_LIMIT] = "mime.block_limit",
		[RS_MIME_BOUNDARY_ALIKE] = "mime.boundary_alike",
		[RS_MIME_BARE_CR] = "mime.bare_cr",
		[RS_MIME_BOUNDARY_EMPTY] = "mime.boundary_empty",
		[RS_MIME_PARTIAL] = "mime.partial",
		[RS_MIME_EXTERNAL_BODY] = "mime.external_body",
		[RS_MIME_ENCODED_WORD] = "mime.encoded_word",
		[RS_MIME_END_AT_ONCE] = "mime.end_at_once",
	};
	return (unsigned)a < RS_MIME_ANOMALY_MAX ? names[a] : "mime.unknown";
}
