/* SPDX-License-Identifier: Apache-2.0 */
/* rs_mime_views_cases: messages that readers understand in different ways, and what each way tells, in the order of their text. */
#ifndef RS_MIME_VIEWS_CASES_H
#define RS_MIME_VIEWS_CASES_H

/* A part: what is said of it, and its text. The only part of a message; the first one in a multipart, and what stands before
 * and behind all of them; a multipart of this boundary that is one encoded part. */
#define PART(said, text) said "\n|" text "|\nend\n"
#define PLAIN(how, text) PART("leaf 1 depth 0 <text/plain> " how, text)
#define INNER(text) PART("leaf 1 depth 1 <text/plain> identity", text)
#define PREAMBLE(text) PART("preamble 0 depth 1 <text/plain> identity", text)
#define EPILOGUE(text) PART("epilogue 0 depth 1 <text/plain> identity", text)
#define ENCODED(how, boundary, text)                                                                                   \
	PART("leaf 1 depth 0 <multipart/mixed> " how " attachment encoded-multipart boundary=" boundary, text)

/* Between two readings; two that begin with the same. */
#define OR "--\n"
#define EITHER(begin, one, other) begin one OR begin other

static const struct views_case {
	const char *name, *message, *told;
} views_cases[] = {
	/* clang-format off */
	{ "two_encodings", "Content-Transfer-Encoding: 7bit\r\nContent-Transfer-Encoding: base64\r\n\r\nTVqQ\r\n",
		EITHER("! mime.duplicate_field\n",
			PLAIN("base64", "TVqQ\\r\\n"),
			PLAIN("identity", "TVqQ\\r\\n")) },
	{ "three_encodings_two_alike", "Content-Transfer-Encoding: base64\r\nContent-Transfer-Encoding: 7bit\r\n"
		"Content-Transfer-Encoding: base64\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nTVqQ\r\n",
		"! mime.duplicate_field\n" "! mime.duplicate_field\n" "! mime.duplicate_field\n"
		PLAIN("base64", "TVqQ\\r\\n")
		OR
		"! mime.duplicate_field\n" "! mime.duplicate_field\n" "! mime.duplicate_field\n"
		PLAIN("identity", "TVqQ\\r\\n")
		OR
		"! mime.duplicate_field\n" "! mime.duplicate_field\n" "! mime.duplicate_field\n"
		PLAIN("qp", "TVqQ\\r\\n") },
	{ "two_types", "Content-Type: text/plain\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n",
		EITHER("! mime.duplicate_field\n",
			PLAIN("identity", "--b\\r\\n\\r\\nx\\r\\n--b--\\r\\n"),
			INNER("x")) },
	{ "two_boundaries", "Content-Type: multipart/mixed; boundary=a; boundary=b\r\n\r\n--a\r\n\r\nin a\r\n--a--\r\n--b\r\n\r\nin b\r\n--b--\r\n",
		EITHER("! mime.duplicate_parameter\n",
			INNER("in a")
			EPILOGUE("--b\\r\\n\\r\\nin b\\r\\n--b--\\r\\n"),
			PREAMBLE("--a\\r\\n\\r\\nin a\\r\\n--a--")
			INNER("in b")) },
	{ "boundary_in_two_forms", "Content-Type: multipart/mixed; boundary=a; boundary*=''b\r\n\r\n--a\r\n\r\nin a\r\n--a--\r\n--b\r\n\r\nin b\r\n--b--\r\n",
		INNER("in a")
		EPILOGUE("--b\\r\\n\\r\\nin b\\r\\n--b--\\r\\n")
		OR
		PREAMBLE("--a\\r\\n\\r\\nin a\\r\\n--a--")
		INNER("in b") },
	{ "empty_boundary", "Content-Type: multipart/mixed; boundary=\"\"\r\n\r\n--\r\n\r\nx\r\n----\r\n",
		EITHER("! mime.boundary_empty\n",
			PART("leaf 1 depth 0 <multipart/mixed> identity", "--\\r\\n\\r\\nx\\r\\n----\\r\\n"),
			INNER("x")) },
	{ "line_that_is_no_field", "Subject: s\r\nno field\r\nContent-Transfer-Encoding: base64\r\n\r\nTVqQ\r\n",
		EITHER("subject: s\n",
			"! mime.header_invalid\n"
			PLAIN("identity", "no field\\r\\nContent-Transfer-Encoding: base64\\r\\n\\r\\nTVqQ\\r\\n"),
			PLAIN("base64", "TVqQ\\r\\n")) },
	{ "line_that_is_no_field_in_a_part", "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nno field\r\n"
		"Content-Transfer-Encoding: base64\r\n\r\nTVqQ\r\n--b--\r\n",
		"! mime.header_invalid\n"
		INNER("no field\\r\\nContent-Transfer-Encoding: base64\\r\\n\\r\\nTVqQ")
		OR
		PART("leaf 1 depth 1 <text/plain> base64", "TVqQ\\r\\n") },
	{ "first_line_is_folded", " x\r\nContent-Transfer-Encoding: base64\r\n\r\nTVqQ\r\n",
		EITHER("! mime.header_invalid\n",
			"! mime.header_invalid\n"
			PLAIN("identity", " x\\r\\nContent-Transfer-Encoding: base64\\r\\n\\r\\nTVqQ\\r\\n"),
			PLAIN("base64", "TVqQ\\r\\n")) },
	{ "line_begins_with_a_colon", "Subject: s\r\n: x\r\nContent-Transfer-Encoding: base64\r\n\r\nTVqQ\r\n",
		EITHER("subject: s\n" "! mime.header_invalid\n",
			"! mime.header_invalid\n"
			PLAIN("identity", ": x\\r\\nContent-Transfer-Encoding: base64\\r\\n\\r\\nTVqQ\\r\\n"),
			PLAIN("base64", "TVqQ\\r\\n")) },
	{ "unknown_encoding", "Content-Transfer-Encoding: base-64\r\n\r\nTVqQ\r\n",
		EITHER("! mime.unknown_encoding\n",
			PLAIN("base64 guessed", "TVqQ\\r\\n"),
			PLAIN("identity", "TVqQ\\r\\n")) },
	{ "unknown_encoding_qp", "Content-Transfer-Encoding: quoted_printable\r\n\r\n=4D\r\n",
		EITHER("! mime.unknown_encoding\n",
			PLAIN("identity", "=4D\\r\\n"),
			PLAIN("qp guessed", "=4D\\r\\n")) },
	{ "unknown_encoding_of_any_kind", "Content-Transfer-Encoding: x-our-own\r\n\r\nTVqQ\r\n",
		EITHER("! mime.unknown_encoding\n",
			PLAIN("base64 guessed", "TVqQ\\r\\n"),
			PLAIN("unknown", "TVqQ\\r\\n")) },
	{ "unknown_encoding_that_is_none", "Content-Transfer-Encoding: 8-bits\r\n\r\nTVqQ\r\n",
		EITHER("! mime.unknown_encoding\n",
			PLAIN("base64 guessed", "TVqQ\\r\\n"),
			PLAIN("identity", "TVqQ\\r\\n")) },
	{ "encoded_multipart", "Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: base64\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n",
		EITHER("! mime.encoded_multipart\n",
			ENCODED("base64", "b", "--b\\r\\n\\r\\nx\\r\\n--b--\\r\\n"),
			INNER("x")) },
	{ "encoded_multipart_in_a_part", "Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\nContent-Type: multipart/mixed; boundary=b\r\n"
		"Content-Transfer-Encoding: quoted-printable\r\n--a\r\n\r\nx\r\n--a--\r\n",
		EITHER("! mime.encoded_multipart\n",
			"! mime.missing_end\n"
			PART("leaf 2 depth 1 <text/plain> identity", "x"),
			"leaf 1 depth 1 <multipart/mixed> qp attachment encoded-multipart boundary=b\n"
			"end\n"
			PART("leaf 2 depth 1 <text/plain> identity", "x")) },
	{ "boundary_and_junk", "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\none\r\n--bjunk\r\nContent-Type: text/html\r\n\r\ntwo\r\n--b--x\r\n",
		"leaf 1 depth 1 <text/plain> identity\n"
		"|one\\r\\n--b|\n"
		"! mime.boundary_alike\n"
		"|junk\\r\\nContent-Type: text/html\\r\\n\\r\\ntwo\\r\\n--b--|\n"
		"! mime.boundary_alike\n"
		"|x\\r\\n|\n"
		"end missing-end\n"
		"! mime.missing_end\n"
		OR
		INNER("one")
		PART("leaf 2 depth 1 <text/html> identity", "two") },
	{ "boundary_inside_of_another", "Content-Type: multipart/mixed; boundary=abc\r\n\r\n--abc\r\nContent-Type: multipart/mixed; boundary=ab\r\n\r\n"
		"--ab\r\n\r\none\r\n--abc\r\n\r\ntwo\r\n--abc--\r\n",
		PART("leaf 1.1 depth 2 <text/plain> identity", "one")
		PART("leaf 1.2 depth 2 <text/plain> identity", "two")
		"! mime.missing_end\n" "! mime.missing_end\n"
		OR
		"leaf 1.1 depth 2 <text/plain> identity\n"
		"|one|\n"
		"end missing-end\n"
		"! mime.missing_end\n" "! mime.boundary_alike\n"
		PART("leaf 2 depth 1 <text/plain> identity", "two") },
	{ "bare_cr_in_a_header", "Subject: s\rContent-Transfer-Encoding: base64\r\n\r\nTVqQ\r\n",
		EITHER("! mime.bare_cr\n",
			"subject: s\n"
			PLAIN("base64", "TVqQ\\r\\n"),
			"subject: s\\rContent-Transfer-Encoding: base64\n"
			PLAIN("identity", "TVqQ\\r\\n")) },
	{ "only_bare_cr", "Content-Type: multipart/mixed; boundary=b\r\r--b\r\rone\r--b\rContent-Type: text/html\r\rtwo\r--b--\r",
		EITHER("! mime.bare_cr\n",
			"! mime.missing_end\n",
			INNER("one")
			PART("leaf 2 depth 1 <text/html> identity", "two")) },
	{ "bare_cr_before_a_delimiter", "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\none\r--b\r\n\r\ntwo\r\n--b--\r\n",
		EITHER("leaf 1 depth 1 <text/plain> identity\n" "|one|\n" "! mime.bare_cr\n",
			"end\n"
			PART("leaf 2 depth 1 <text/plain> identity", "two"),
			"|\\r--b\\r\\n\\r\\ntwo|\n"
			"end\n") },
	{ "bare_cr_and_junk_in_a_delimiter", "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r-e: x\r\n\r\none\r\n--b--\r\n",
		EITHER("! mime.bare_cr\n",
			INNER("one"),
			"preamble 0 depth 1 <text/plain> identity\n"
			"|--b|\n"
			"! mime.boundary_alike\n"
			"|\\r-e: x\\r\\n\\r\\none|\n"
			"end\n") },
	{ "delimiter_of_one_of_two_types", "Content-Type: multipart/mixed; boundary=a\r\nContent-Type: multipart/mixed; boundary=b\r\n--a\r\n\r\nx\r\n"
		"--b\r\n\r\ny\r\n--b--\r\n",
		"! mime.duplicate_field\n" "! mime.header_invalid\n"
		"leaf 1 depth 1 <text/plain> identity\n"
		"|x\\r\\n--b\\r\\n\\r\\ny\\r\\n--b--\\r\\n|\n"
		"end missing-end\n"
		"! mime.missing_end\n"
		OR
		"! mime.duplicate_field\n" "! mime.header_invalid\n"
		PREAMBLE("--a\\r\\n\\r\\nx")
		INNER("y")
		OR
		"! mime.duplicate_field\n"
		PREAMBLE("x")
		INNER("y") },
	{ "delimiter_of_an_encoded_multipart", "Content-Type: multipart/mixed; boundary=a\r\nContent-Transfer-Encoding: quoted-printable\r\n--a\r\n\r\nx\r\n"
		"--a--\r\n",
		EITHER("! mime.encoded_multipart\n",
			"! mime.header_invalid\n"
			INNER("x"),
			ENCODED("qp", "a", "--a\\r\\n\\r\\nx\\r\\n--a--\\r\\n")) },
	{ "two_cr", "Subject: s\r\r\nContent-Type: text/html\r\r\n\r\r\nx\r\r\n",
		"! mime.bare_cr\n" "subject: s\n" "! mime.header_invalid\n"
		PART("leaf 1 depth 0 <text/html> identity", "\\r\\r\\nx\\r\\r\\n")
		OR
		"! mime.bare_cr\n" "subject: s\n" "! mime.header_invalid\n"
		PART("leaf 1 depth 0 <text/html> identity", "x\\r\\r\\n")
		OR
		"! mime.bare_cr\n" "subject: s\n"
		"leaf 1 depth 0 <text/html> identity\n"
		"end\n"
		OR
		"! mime.bare_cr\n" "subject: s\n"
		PLAIN("identity", "Content-Type: text/html\\r\\r\\n\\r\\r\\nx\\r\\r\\n") },
	{ "two_encodings_and_two_types", "Content-Transfer-Encoding: 7bit\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n"
		"Content-Type: text/html\r\n\r\nTVqQ\r\n",
		"! mime.duplicate_field\n" "! mime.duplicate_field\n"
		PART("leaf 1 depth 0 <text/html> base64", "TVqQ\\r\\n")
		OR
		"! mime.duplicate_field\n" "! mime.duplicate_field\n"
		PART("leaf 1 depth 0 <text/html> identity", "TVqQ\\r\\n")
		OR
		"! mime.duplicate_field\n" "! mime.duplicate_field\n"
		PLAIN("base64", "TVqQ\\r\\n")
		OR
		"! mime.duplicate_field\n" "! mime.duplicate_field\n"
		PLAIN("identity", "TVqQ\\r\\n") },
	{ "two_names", "Content-Disposition: attachment; filename=a.txt; filename=b.exe\r\n\r\nx\r\n",
		EITHER("! mime.duplicate_parameter\n",
			PLAIN("identity attachment name='a.txt'", "x\\r\\n"),
			PLAIN("identity attachment name='b.exe'", "x\\r\\n")) },
	{ "two_dispositions", "Content-Disposition: attachment; filename=a.txt\r\nContent-Disposition: attachment; filename=b.exe\r\n\r\nx\r\n",
		EITHER("! mime.duplicate_field\n",
			PLAIN("identity attachment name='a.txt'", "x\\r\\n"),
			PLAIN("identity attachment name='b.exe'", "x\\r\\n")) },
	{ "the_same_twice", "Content-Type: text/html\r\nContent-Type: text/html\r\n\r\nx\r\n",
		"! mime.duplicate_field\n"
		PART("leaf 1 depth 0 <text/html> identity", "x\\r\\n") },
	{ "boundary_and_junk_in_a_header",
		"Content-Type: multipart/mixed; boundary=b\r\n"
		"Content-Transfer-Encoding: base64\r\n"
		"--bo\r\n"
		"TVqQ\r\n"
		"--b--\r\n",
		"! mime.boundary_alike\n" "! mime.encoded_multipart\n" "! mime.header_invalid\n"
		OR
		"! mime.boundary_alike\n" "! mime.encoded_multipart\n" "! mime.header_invalid\n"
		ENCODED("base64", "b", "--bo\\r\\nTVqQ\\r\\n--b--\\r\\n")
		OR
		"! mime.boundary_alike\n" "! mime.encoded_multipart\n" "! mime.header_invalid\n"
		ENCODED("base64", "b", "TVqQ\\r\\n--b--\\r\\n")
		OR
		"! mime.boundary_alike\n" "! mime.encoded_multipart\n" "! mime.header_invalid\n"
		PREAMBLE("--bo\\r\\nTVqQ")
		OR
		"! mime.boundary_alike\n" "! mime.encoded_multipart\n" "! mime.header_invalid\n"
		PREAMBLE("TVqQ")
		OR
		"! mime.boundary_alike\n" "! mime.encoded_multipart\n"
		ENCODED("base64", "b", "--b--\\r\\n")
		OR
		"! mime.encoded_multipart\n" "! mime.header_invalid\n" "! mime.header_invalid\n"
		INNER("TVqQ")
		OR
		"! mime.encoded_multipart\n" "! mime.header_invalid\n"
		"leaf 1 depth 1 <text/plain> identity\n"
		"end\n"
		OR
		"! mime.encoded_multipart\n"
		ENCODED("base64", "b", "--bo\\r\\nTVqQ\\r\\n--b--\\r\\n") },
	/* clang-format on */
};

#undef PART
#undef PLAIN
#undef INNER
#undef PREAMBLE
#undef EPILOGUE
#undef ENCODED
#undef OR
#undef EITHER

#endif
