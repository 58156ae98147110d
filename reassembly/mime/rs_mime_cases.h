/* SPDX-License-Identifier: Apache-2.0 */
/* rs_mime_cases: messages written by hand, and what must be told of each; see rs_mime_log.h for the form. */
#ifndef RS_MIME_CASES_H
#define RS_MIME_CASES_H

#include "reassembly/mime/rs_mime.h"

static const struct rs_mime_case {
	const char *name, *message, *told;
	uint32_t blocks;
	struct rs_mime_limits limits;
} rs_mime_cases[] = {
	/* clang-format off */
	{ "plain_text_without_type",
		"From: a@b\r\n"
		"Subject: hi\r\n"
		"\r\n"
		"one\r\n"
		"two\r\n",
		"from: a@b\n"
		"subject: hi\n"
		"leaf 1 depth 0 <text/plain> identity\n"
		"|one\\r\\ntwo\\r\\n|\n"
		"end\n",
	  2, { 16, 1000 } },
	{ "empty_message",
		"",
		"leaf 1 depth 0 <text/plain> identity\n"
		"end\n",
	  2, { 16, 1000 } },
	{ "body_only",
		"just text\n",
		"! mime.header_invalid\n"
		"leaf 1 depth 0 <text/plain> identity\n"
		"|just text\\n|\n"
		"end\n",
	  2, { 16, 1000 } },
	{ "header_only",
		"Subject: x\r\n"
		"To: y\r\n",
		"subject: x\n"
		"to: y\n"
		"leaf 1 depth 0 <text/plain> identity\n"
		"end\n",
	  2, { 16, 1000 } },
	{ "header_cut_in_name",
		"Subject: x\r\n"
		"To",
		"subject: x\n"
		"! mime.header_invalid\n"
		"leaf 1 depth 0 <text/plain> identity\n"
		"|To|\n"
		"end\n",
	  2, { 16, 1000 } },
	{ "folded_values",
		"Subject: \t one\r\n"
		" two  \r\n"
		"\tthree \t\r\n"
		"To:\r\n"
		" a,\r\n"
		" b\r\n"
		"Cc: \r\n"
		"X-Other: no\r\n"
		" more\r\n"
		"Date:\r\n"
		"\r\n",
		"subject: one two  \\x09three\n"
		"to: a, b\n"
		"cc: \n"
		"date: \n"
		"leaf 1 depth 0 <text/plain> identity\n"
		"end\n",
	  2, { 16, 1000 } },
	{ "names_in_any_case",
		"SUBJECT: s\r\n"
		"froM : f\r\n"
		"mEsSaGe-Id: <i>\r\n"
		"x-mailer: m\r\n"
		"Received: r1\r\n"
		"received: r2\r\n"
		"\r\n",
		"subject: s\n"
		"from: f\n"
		"message-id: <i>\n"
		"x-mailer: m\n"
		"received: r1\n"
		"received: r2\n"
		"leaf 1 depth 0 <text/plain> identity\n"
		"end\n",
	  2, { 16, 1000 } },
	{ "bare_lf",
		"Subject: s\n"
		"Content-Type: multipart/mixed; boundary=b\n"
		"\n"
		"pre\n"
		"\n"
		"--b\n"
		"\n"
		"body\n"
		"--b\n"
		"\n"
		"second\n"
		"\n"
		"--b--\n"
		"epi\n",
		"subject: s\n"
		"preamble 0 depth 1 <text/plain> identity\n"
		"|pre\\n|\n"
		"end\n"
		"leaf 1 depth 1 <text/plain> identity\n"
		"|body|\n"
		"end\n"
		"leaf 2 depth 1 <text/plain> identity\n"
		"|second\\n|\n"
		"end\n"
		"epilogue 0 depth 1 <text/plain> identity\n"
		"|epi\\n|\n"
		"end\n",
	  2, { 16, 1000 } },
	{ "two_parts",
		"Content-Type: multipart/mixed; boundary=\"b\"\r\n"
		"\r\n"
		"\r\n"
		"--b\r\n"
		"\r\n"
		"one\r\n"
		"--b\r\n"
		"Content-Type: application/octet-stream; name=x.exe\r\n"
		"Content-Transfer-Encoding: base64\r\n"
		"\r\n"
		"TVqQ\r\n"
		"\r\n"
		"--b--\r\n",
		"leaf 1 depth 1 <text/plain> identity\n"
		"|one|\n"
		"end\n"
		"leaf 2 depth 1 <application/octet-stream> base64 attachment name='x.exe'\n"
		"|TVqQ\\r\\n\\r\\n|\n"
		"end\n",
	  2, { 16, 1000 } },
	{ "preamble_and_epilogue",
		"Content-Type: multipart/mixed; boundary=b\r\n"
		"\r\n"
		"\r\n"
		"this is\r\n"
		"pre\r\n"
		"--b\r\n"
		"\r\n"
		"x\r\n"
		"--b--\r\n"
		"\r\n"
		"epi\r\n",
		"preamble 0 depth 1 <text/plain> identity\n"
		"|this is\\r\\npre|\n"
		"end\n"
		"leaf 1 depth 1 <text/plain> identity\n"
		"|x|\n"
		"end\n"
		"epilogue 0 depth 1 <text/plain> identity\n"
		"|epi\\r\\n|\n"
		"end\n",
	  2, { 16, 1000 } },
	{ "boundaries_that_begin_alike",
		"Content-Type: multipart/mixed; boundary=b\r\n"
		"\r\n"
		"--b\r\n"
		"Content-Type: multipart/alternative; boundary=b1\r\n"
		"\r\n"
		"--b1\r\n"
		"\r\n"
		"one\r\n"
		"--b2\r\n"
		"--b1\r\n"
		"\r\n"
		"two\r\n"
		"--b1--\r\n"
		"--b\r\n"
		"\r\n"
		"three\r\n"
		"--b--",
		"leaf 1.1 depth 2 <text/plain> identity\n"
		"|one\\r\\n--b|\n"
		"! mime.boundary_alike\n"
		"|2|\n"
		"end\n"
		"leaf 1.2 depth 2 <text/plain> identity\n"
		"|two|\n"
		"end\n"
		"leaf 2 depth 1 <text/plain> identity\n"
		"|three|\n"
		"end\n",
	  2, { 16, 1000 } },
	{ "boundary_with_padding",
		"Content-Type: multipart/mixed; boundary=b\r\n"
		"\r\n"
		"--b \t\r\n"
		"\r\n"
		"one\r\n"
		"--b x\r\n"
		"-- b\r\n"
		"--b-\r\n"
		"--b-- \r\n",
		"leaf 1 depth 1 <text/plain> identity\n"
		"|one\\r\\n--b |\n"
		"! mime.boundary_alike\n"
		"|x\\r\\n-- b\\r\\n--b-|\n"
		"! mime.boundary_alike\n"
		"end\n",
	  2, { 16, 1000 } },
	{ "no_final_boundary",
		"Content-Type: multipart/mixed; boundary=b\r\n"
		"\r\n"
		"--b\r\n"
		"\r\n"
		"one\r\n"
		"--b\r\n"
		"\r\n"
		"two\r\n",
		"leaf 1 depth 1 <text/plain> identity\n"
		"|one|\n"
		"end\n"
		"leaf 2 depth 1 <text/plain> identity\n"
		"|two\\r\\n|\n"
		"end missing-end\n"
		"! mime.missing_end\n",
	  2, { 16, 1000 } },
	{ "final_boundary_without_line_end",
		"Content-Type: multipart/mixed; boundary=b\r\n"
		"\r\n"
		"--b\r\n"
		"\r\n"
		"one\r\n"
		"--b--",
		"leaf 1 depth 1 <text/plain> identity\n"
		"|one|\n"
		"end\n",
	  2, { 16, 1000 } },
	{ "outer_ends_inner",
		"Content-Type: multipart/mixed; boundary=out\r\n"
		"\r\n"
		"--out\r\n"
		"Content-Type: multipart/mixed; boundary=in\r\n"
		"\r\n"
		"--in\r\n"
		"\r\n"
		"one\r\n"
		"--out\r\n"
		"\r\n"
		"two\r\n"
		"--in\r\n"
		"--out--\r\n",
		"leaf 1.1 depth 2 <text/plain> identity\n"
		"|one|\n"
		"end missing-end\n"
		"! mime.missing_end\n"
		"leaf 2 depth 1 <text/plain> identity\n"
		"|two\\r\\n--in|\n"
		"end\n",
	  2, { 16, 1000 } },
	{ "outer_final_ends_all",
		"Content-Type: multipart/mixed; boundary=out\r\n"
		"\r\n"
		"--out\r\n"
		"Content-Type: message/rfc822\r\n"
		"\r\n"
		"Subject: s\r\n"
		"Content-Type: multipart/mixed; boundary=in\r\n"
		"\r\n"
		"--in\r\n"
		"\r\n"
		"one\r\n"
		"--out--\r\n"
		"end",
		"leaf 1.1 depth 3 <text/plain> identity\n"
		"|one|\n"
		"end missing-end\n"
		"! mime.missing_end\n"
		"epilogue 0 depth 1 <text/plain> identity\n"
		"|end|\n"
		"end\n",
	  2, { 16, 1000 } },
	{ "same_boundary_twice",
		"Content-Type: multipart/mixed; boundary=b\r\n"
		"\r\n"
		"--b\r\n"
		"Content-Type: multipart/mixed; boundary=b\r\n"
		"\r\n"
		"--b\r\n"
		"\r\n"
		"one\r\n"
		"--b--\r\n"
		"--b\r\n"
		"\r\n"
		"two\r\n"
		"--b--",
		"leaf 1.1 depth 2 <text/plain> identity\n"
		"|one|\n"
		"end\n"
		"leaf 2 depth 1 <text/plain> identity\n"
		"|two|\n"
		"end\n",
	  2, { 16, 1000 } },
	{ "header_ended_by_boundary",
		"Content-Type: multipart/mixed; boundary=b\r\n"
		"\r\n"
		"--b\r\n"
		"Content-Type: text/html\r\n"
		"--b\r\n"
		"Content-Type: image/gif\r\n"
		"--b--",
		"leaf 1 depth 1 <text/html> identity\n"
		"end\n"
		"leaf 2 depth 1 <image/gif> identity attachment\n"
		"end\n",
	  2, { 16, 1000 } },
	{ "boundaries_in_a_row",
		"Content-Type: multipart/mixed; boundary=b\r\n"
		"\r\n"
		"--b\r\n"
		"--b\r\n"
		"\r\n"
		"one\r\n"
		"--b\r\n"
		"--b--",
		"leaf 1 depth 1 <text/plain> identity\n"
		"|one|\n"
		"end\n",
	  2, { 16, 1000 } },
	{ "boundary_at_the_end_begins_no_part",
		"Content-Type: multipart/mixed; boundary=b\r\n"
		"\r\n"
		"--b\r\n"
		"\r\n"
		"one\r\n"
		"--b\r\n",
		"leaf 1 depth 1 <text/plain> identity\n"
		"|one|\n"
		"end\n"
		"! mime.missing_end\n",
	  2, { 16, 1000 } },
	{ "missing_blank_line",
		"Subject: s\r\n"
		"this is text\r\n"
		": and more\r\n"
		"\r\n"
		"x",
		"subject: s\n"
		"! mime.header_invalid\n"
		"leaf 1 depth 0 <text/plain> identity\n"
		"|this is text\\r\\n: and more\\r\\n\\r\\nx|\n"
		"end\n",
	  2, { 16, 1000 } },
	{ "missing_blank_line_before_boundary",
		"Content-Type: multipart/mixed; boundary=--b\r\n"
		"----b\r\n"
		"Content-Type: text/html\r\n"
		"<p>x\r\n"
		"----b--\r\n",
		"! mime.header_invalid\n"
		"! mime.header_invalid\n"
		"leaf 1 depth 1 <text/html> identity\n"
		"|<p>x|\n"
		"end\n",
	  2, { 16, 1000 } },
	{ "boundary_that_looks_like_a_field",
		"Content-Type: multipart/mixed; boundary=\"b: 1\"\r\n"
		"\r\n"
		"--b: 1\r\n"
		"Content-Type: text/html\r\n"
		"--b: 1\r\n"
		"--b: 2\r\n"
		"\r\n"
		"x\r\n"
		"--b: 1--\r\n",
		"leaf 1 depth 1 <text/html> identity\n"
		"end\n"
		"leaf 2 depth 1 <text/plain> identity\n"
		"|x|\n"
		"end\n",
	  2, { 16, 1000 } },
	{ "missing_blank_line_in_nested_message",
		"Content-Type: message/rfc822\r\n"
		"no field\r\n"
		"at all",
		"! mime.header_invalid\n"
		"leaf 1.1 depth 1 <text/plain> identity\n"
		"|no field\\r\\nat all|\n"
		"end\n",
	  2, { 16, 1000 } },
	{ "eight_bit_line_ends_header",
		"Subject: s\r\n"
		"\344\366: x\r\n",
		"subject: s\n"
		"! mime.header_invalid\n"
		"leaf 1 depth 0 <text/plain> identity\n"
		"|\\xe4\\xf6: x\\r\\n|\n"
		"end\n",
	  2, { 16, 1000 } },
	{ "cr_line_ends_header",
		"Subject: s\r\n"
		"\rbody\r\n"
		"more",
		"subject: s\n"
		"! mime.bare_cr\n"
		"! mime.header_invalid\n"
		"leaf 1 depth 0 <text/plain> identity\n"
		"|\\rbody\\r\\nmore|\n"
		"end\n",
	  2, { 16, 1000 } },
	{ "mbox_line",
		"From joe Mon Jan  1 00:00:00 2001\r\n"
		"Subject: s\r\n"
		"From nobody: x\r\n"
		"\r\n"
		"t",
		"subject: s\n"
		"! mime.header_invalid\n"
		"leaf 1 depth 0 <text/plain> identity\n"
		"|From nobody: x\\r\\n\\r\\nt|\n"
		"end\n",
	  2, { 16, 1000 } },
	{ "odd_lines_in_header",
		" leading\r\n"
		"Subject: s\r\n"
		": nameless\r\n"
		" goes on\r\n"
		"To: t\r\n"
		"\r\n"
		"b",
		"! mime.header_invalid\n"
		"subject: s\n"
		"! mime.header_invalid\n"
		"to: t\n"
		"leaf 1 depth 0 <text/plain> identity\n"
		"|b|\n"
		"end\n",
	  2, { 16, 1000 } },
	{ "digest",
		"Content-Type: multipart/digest; boundary=b\r\n"
		"\r\n"
		"--b\r\n"
		"\r\n"
		"Subject: one\r\n"
		"\r\n"
		"text\r\n"
		"--b\r\n"
		"Content-Type: text/plain\r\n"
		"\r\n"
		"two\r\n"
		"--b--",
		"leaf 1.1 depth 2 <text/plain> identity\n"
		"|text|\n"
		"end\n"
		"leaf 2 depth 1 <text/plain> identity\n"
		"|two|\n"
		"end\n",
	  2, { 16, 1000 } },
	{ "numbers",
		"Content-Type: multipart/mixed; boundary=a\r\n"
		"\r\n"
		"--a\r\n"
		"\r\n"
		"1\r\n"
		"--a\r\n"
		"Content-Type: multipart/mixed; boundary=bb\r\n"
		"\r\n"
		"--bb\r\n"
		"\r\n"
		"2.1\r\n"
		"--bb\r\n"
		"Content-Type: message/rfc822\r\n"
		"\r\n"
		"Content-Type: multipart/mixed; boundary=c\r\n"
		"\r\n"
		"--c\r\n"
		"\r\n"
		"2.2.1\r\n"
		"--c\r\n"
		"Content-Type: message/rfc822\r\n"
		"\r\n"
		"Content-Type: message/rfc822\r\n"
		"\r\n"
		"\r\n"
		"2.2.2.1.1\r\n"
		"--c--\r\n"
		"--bb--\r\n"
		"\r\n"
		"2.0\r\n"
		"--a\r\n"
		"Content-Type: message/rfc822\r\n"
		"\r\n"
		"\r\n"
		"3.1\r\n"
		"--a--",
		"leaf 1 depth 1 <text/plain> identity\n"
		"|1|\n"
		"end\n"
		"leaf 2.1 depth 2 <text/plain> identity\n"
		"|2.1|\n"
		"end\n"
		"leaf 2.2.1 depth 4 <text/plain> identity\n"
		"|2.2.1|\n"
		"end\n"
		"leaf 2.2.2.1.1 depth 6 <text/plain> identity\n"
		"|2.2.2.1.1|\n"
		"end\n"
		"epilogue 2.0 depth 2 <text/plain> identity\n"
		"|2.0|\n"
		"end\n"
		"leaf 3.1 depth 2 <text/plain> identity\n"
		"|3.1|\n"
		"end\n",
	  2, { 16, 1000 } },
	{ "encoded_message_is_a_leaf",
		"Content-Type: message/rfc822\r\n"
		"Content-Transfer-Encoding: base64\r\n"
		"\r\n"
		"U3ViamVjdDogcw==",
		"leaf 1 depth 0 <message/rfc822> base64 attachment encoded-message\n"
		"|U3ViamVjdDogcw==|\n"
		"end\n",
	  2, { 16, 1000 } },
	{ "encoded_multipart_is_opened",
		"Content-Type: multipart/mixed; boundary=b\r\n"
		"Content-Transfer-Encoding: base64\r\n"
		"\r\n"
		"--b\r\n"
		"\r\n"
		"one\r\n"
		"--b--",
		"! mime.encoded_multipart\n"
		"leaf 1 depth 1 <text/plain> identity\n"
		"|one|\n"
		"end\n",
	  2, { 16, 1000 } },
	{ "multipart_without_boundary",
		"Content-Type: multipart/mixed\r\n"
		"\r\n"
		"--b\r\n"
		"\r\n"
		"one\r\n"
		"--b--",
		"! mime.boundary_missing\n"
		"leaf 1 depth 0 <multipart/mixed> identity\n"
		"|--b\\r\\n\\r\\none\\r\\n--b--|\n"
		"end\n",
	  2, { 16, 1000 } },
	{ "multipart_without_subtype",
		"Content-Type: multipart; boundary=b\r\n"
		"\r\n"
		"--b\r\n"
		"\r\n"
		"one\r\n"
		"--b--",
		"leaf 1 depth 1 <text/plain> identity\n"
		"|one|\n"
		"end\n",
	  2, { 16, 1000 } },
	{ "type_without_subtype",
		"Content-Type: text\r\n"
		"\r\n"
		"one",
		"leaf 1 depth 0 <> identity attachment\n"
		"|one|\n"
		"end\n",
	  2, { 16, 1000 } },
	{ "odd_types",
		"Content-Type: multipart/mixed; boundary=b\r\n"
		"\r\n"
		"--b\r\n"
		"Content-Type: TEXT/Html charset=x name=a.htm\r\n"
		"\r\n"
		"1\r\n"
		"--b\r\n"
		"Content-Type: \"image/png\"; name = b.png ;; \r\n"
		"\r\n"
		"2\r\n"
		"--b\r\n"
		"Content-Type: text (c) / plain (c; name=no) ; name=(c) \"c.txt\" (x)\r\n"
		"\r\n"
		"3\r\n"
		"--b\r\n"
		"Content-Type: text/plain/x\r\n"
		"\r\n"
		"4\r\n"
		"--b\r\n"
		"Content-Type: name=d.exe\r\n"
		"\r\n"
		"5\r\n"
		"--b\r\n"
		"Content-Type:\r\n"
		"\r\n"
		"6\r\n"
		"--b\r\n"
		"Content-Type: application/x; name=my file (1).exe; y=z\r\n"
		"\r\n"
		"7\r\n"
		"--b--",
		"leaf 1 depth 1 <text/html> identity attachment name='a.htm'\n"
		"|1|\n"
		"end\n"
		"leaf 2 depth 1 <image/png> identity attachment name='b.png'\n"
		"|2|\n"
		"end\n"
		"leaf 3 depth 1 <text/plain> identity attachment name='c.txt'\n"
		"|3|\n"
		"end\n"
		"leaf 4 depth 1 <> identity attachment\n"
		"|4|\n"
		"end\n"
		"leaf 5 depth 1 <> identity attachment name='d.exe'\n"
		"|5|\n"
		"end\n"
		"leaf 6 depth 1 <> identity attachment\n"
		"|6|\n"
		"end\n"
		"leaf 7 depth 1 <application/x> identity attachment name='my file (1).exe'\n"
		"|7|\n"
		"end\n",
	  2, { 16, 1000 } },
	{ "odd_quoting",
		"Content-Type: multipart/mixed; boundary=b\r\n"
		"\r\n"
		"--b\r\n"
		"Content-Type: a/b; name=\"un;ended\r\n"
		"\r\n"
		"1\r\n"
		"--b\r\n"
		"Content-Type: a/b; name=\"a \\\"b\\\" c.exe\"\r\n"
		"\r\n"
		"2\r\n"
		"--b\r\n"
		"Content-Type: a/b; name=\"a\"b\".exe\"\r\n"
		"\r\n"
		"3\r\n"
		"--b\r\n"
		"Content-Type: a/b; name='q.exe'\r\n"
		"\r\n"
		"4\r\n"
		"--b\r\n"
		"Content-Type: a/b; name=\"\"; x=\"\\\r\n"
		"\r\n"
		"5\r\n"
		"--b--",
		"leaf 1 depth 1 <a/b> identity attachment name='un'\n"
		"|1|\n"
		"end\n"
		"leaf 2 depth 1 <a/b> identity attachment name='a \"b\" c.exe'\n"
		"|2|\n"
		"end\n"
		"leaf 3 depth 1 <a/b> identity attachment name='ab.exe'\n"
		"|3|\n"
		"end\n"
		"leaf 4 depth 1 <a/b> identity attachment name=''q.exe''\n"
		"|4|\n"
		"end\n"
		"leaf 5 depth 1 <a/b> identity attachment\n"
		"|5|\n"
		"end\n",
	  2, { 16, 1000 } },
	{ "boundary_forms",
		"Content-Type: multipart/mixed; boundary=\"a b?\"\r\n"
		"\r\n"
		"--a b?\r\n"
		"Content-Type: multipart/mixed; boundary = b=1 (comment); x=y\r\n"
		"\r\n"
		"--b=1\r\n"
		"\r\n"
		"one\r\n"
		"--b=1--\r\n"
		"--a b?\r\n"
		"Content-Type: multipart/mixed; boundary*1=\"d\"; boundary*0=\"c\"\r\n"
		"\r\n"
		"--cd\r\n"
		"\r\n"
		"two\r\n"
		"--cd--\r\n"
		"--a b?\r\n"
		"Content-Type: multipart/mixed; boundary=\"e \"; boundary=f\r\n"
		"\r\n"
		"--e\r\n"
		"\r\n"
		"three\r\n"
		"--e--\r\n"
		"--a b?--",
		"leaf 1.1 depth 2 <text/plain> identity\n"
		"|one|\n"
		"end\n"
		"leaf 2.1 depth 2 <text/plain> identity\n"
		"|two|\n"
		"end\n"
		"! mime.duplicate_parameter\n"
		"leaf 3.1 depth 2 <text/plain> identity\n"
		"|three|\n"
		"end\n",
	  2, { 16, 1000 } },
	{ "extended_names",
		"Content-Type: multipart/mixed; boundary=b\r\n"
		"\r\n"
		"--b\r\n"
		"Content-Disposition: attachment; filename*=UTF-8''%e2%82%ac%20rates.exe; filename=rates.exe\r\n"
		"\r\n"
		"1\r\n"
		"--b\r\n"
		"Content-Disposition: attachment;\r\n"
		" filename*1=b; filename*0*=iso-8859-1'en'%41; filename*2*=%2ecom\r\n"
		"\r\n"
		"2\r\n"
		"--b\r\n"
		"Content-Type: a/b; name*10=k; name*0=a; name*2=c\r\n"
		"\r\n"
		"3\r\n"
		"--b\r\n"
		"Content-Disposition: inline; filename*=nocharset%2\r\n"
		"\r\n"
		"4\r\n"
		"--b\r\n"
		"Content-Disposition: x; filename*0=a; filename*0=b; filename*64=c\r\n"
		"\r\n"
		"5\r\n"
		"--b--",
		"leaf 1 depth 1 <text/plain> identity attachment name='\\xe2\\x82\\xac rates.exe' charset=UTF-8\n"
		"|1|\n"
		"end\n"
		"leaf 2 depth 1 <text/plain> identity attachment name='Ab.com' charset=iso-8859-1\n"
		"|2|\n"
		"end\n"
		"leaf 3 depth 1 <a/b> identity attachment name='ack'\n"
		"|3|\n"
		"end\n"
		"leaf 4 depth 1 <text/plain> identity attachment name='nocharset%2' charset=\n"
		"|4|\n"
		"end\n"
		"! mime.duplicate_parameter\n"
		"! mime.name_cut\n"
		"leaf 5 depth 1 <text/plain> identity attachment name-cut name='a'\n"
		"|5|\n"
		"end\n",
	  2, { 16, 1000 } },
	{ "names_of_both_fields",
		"Content-Type: multipart/mixed; boundary=b\r\n"
		"\r\n"
		"--b\r\n"
		"Content-Disposition: inline; filename=d1\r\n"
		"Content-Type: text/plain; name=t1\r\n"
		"\r\n"
		"1\r\n"
		"--b\r\n"
		"Content-Type: text/plain; name=t2\r\n"
		"Content-Disposition: inline; filename=d2\r\n"
		"\r\n"
		"2\r\n"
		"--b\r\n"
		"Content-Type: text/plain; name=t3\r\n"
		"Content-Disposition: attachment; filename=\"\"\r\n"
		"\r\n"
		"3\r\n"
		"--b\r\n"
		"Content-Disposition: inline\r\n"
		"\r\n"
		"4\r\n"
		"--b\r\n"
		"Content-Disposition: attachment\r\n"
		"\r\n"
		"5\r\n"
		"--b\r\n"
		"Content-Disposition: filename=d6\r\n"
		"\r\n"
		"6\r\n"
		"--b--",
		"leaf 1 depth 1 <text/plain> identity attachment name='d1' other='t1'\n"
		"|1|\n"
		"end\n"
		"leaf 2 depth 1 <text/plain> identity attachment name='d2' other='t2'\n"
		"|2|\n"
		"end\n"
		"leaf 3 depth 1 <text/plain> identity attachment name='t3'\n"
		"|3|\n"
		"end\n"
		"leaf 4 depth 1 <text/plain> identity\n"
		"|4|\n"
		"end\n"
		"leaf 5 depth 1 <text/plain> identity attachment\n"
		"|5|\n"
		"end\n"
		"leaf 6 depth 1 <text/plain> identity attachment name='d6'\n"
		"|6|\n"
		"end\n",
	  2, { 16, 1000 } },
	{ "names_in_the_other_field",
		"Content-Type: multipart/mixed; boundary=b\r\n"
		"\r\n"
		"--b\r\n"
		"Content-Disposition: attachment; name=a.exe\r\n"
		"\r\n"
		"1\r\n"
		"--b\r\n"
		"Content-Type: text/plain; filename=a.exe\r\n"
		"\r\n"
		"2\r\n"
		"--b\r\n"
		"Content-Disposition: form-data; name=field; filename=a.txt\r\n"
		"\r\n"
		"3\r\n"
		"--b\r\n"
		"Content-Disposition: attachment; name=a.exe\r\n"
		"Content-Type: text/plain; name=a.txt\r\n"
		"\r\n"
		"4\r\n"
		"--b--",
		"leaf 1 depth 1 <text/plain> identity attachment name='a.exe'\n"
		"|1|\n"
		"end\n"
		"leaf 2 depth 1 <text/plain> identity attachment name='a.exe'\n"
		"|2|\n"
		"end\n"
		"leaf 3 depth 1 <text/plain> identity attachment name='a.txt' other='field'\n"
		"|3|\n"
		"end\n"
		"! mime.names_differ\n"
		"leaf 4 depth 1 <text/plain> identity attachment name='a.txt' other='a.exe'\n"
		"|4|\n"
		"end\n",
	  2, { 16, 1000 } },
	{ "names_that_contradict",
		"Content-Type: multipart/mixed; boundary=b\r\n"
		"\r\n"
		"--b\r\n"
		"Content-Type: text/plain; name=\"a.EXE\"\r\n"
		"Content-Disposition: attachment; filename=a.txt\r\n"
		"\r\n"
		"1\r\n"
		"--b\r\n"
		"Content-Disposition: attachment; filename=a.txt\r\n"
		"Content-Type: text/plain; name*=utf-8''b%2etxt\r\n"
		"\r\n"
		"2\r\n"
		"--b\r\n"
		"Content-Disposition: attachment; filename=a.txt\r\n"
		"Content-Type: text/plain; name=\"=?utf-8?B?YS5leGU=?=\"\r\n"
		"\r\n"
		"3\r\n"
		"--b\r\n"
		"Content-Type: text/plain; name=a.txt\r\n"
		"Content-Disposition: attachment; filename=a.txt\r\n"
		"\r\n"
		"4\r\n"
		"--b--",
		"! mime.names_differ\n"
		"leaf 1 depth 1 <text/plain> identity attachment name='a.txt' other='a.EXE'\n"
		"|1|\n"
		"end\n"
		"leaf 2 depth 1 <text/plain> identity attachment name='a.txt' other='b.txt'\n"
		"|2|\n"
		"end\n"
		"leaf 3 depth 1 <text/plain> identity attachment name='a.txt' other='=?utf-8?B?YS5leGU=?='\n"
		"|3|\n"
		"end\n"
		"leaf 4 depth 1 <text/plain> identity attachment name='a.txt'\n"
		"|4|\n"
		"end\n",
	  2, { 16, 1000 } },
	{ "raw_eight_bit_name",
		"Content-Disposition: attachment; filename=\344\366.exe\r\n"
		"\r\n"
		"x",
		"leaf 1 depth 0 <text/plain> identity attachment name='\\xe4\\xf6.exe'\n"
		"|x|\n"
		"end\n",
	  2, { 16, 1000 } },
	{ "duplicates",
		"Content-Type: text/plain\r\n"
		"Content-Type: text/html\r\n"
		"Content-Transfer-Encoding: 8bit\r\n"
		"Content-Transfer-Encoding: base64\r\n"
		"Content-Disposition: inline; filename=a; filename=b\r\n"
		"Content-Disposition: attachment\r\n"
		"\r\n"
		"x",
		"! mime.duplicate_field\n"
		"! mime.duplicate_field\n"
		"! mime.duplicate_parameter\n"
		"! mime.duplicate_field\n"
		"leaf 1 depth 0 <text/plain> identity attachment name='a'\n"
		"|x|\n"
		"end\n",
	  2, { 16, 1000 } },
	{ "encodings",
		"Content-Type: multipart/mixed; boundary=b\r\n"
		"\r\n"
		"--b\r\n"
		"Content-Transfer-Encoding: Quoted-Printable (c)\r\n"
		"\r\n"
		"1\r\n"
		"--b\r\n"
		"Content-Transfer-Encoding: BASE64;\r\n"
		"\r\n"
		"2\r\n"
		"--b\r\n"
		"Content-Transfer-Encoding: x-our-own\r\n"
		"\r\n"
		"3\r\n"
		"--b\r\n"
		"Content-Transfer-Encoding: \"base64\"\r\n"
		"\r\n"
		"4\r\n"
		"--b\r\n"
		"Content-Transfer-Encoding:\r\n"
		"\r\n"
		"5\r\n"
		"--b\r\n"
		"Content-Transfer-Encoding: ;base64\r\n"
		"\r\n"
		"6\r\n"
		"--b\r\n"
		"Content-Transfer-Encoding: binary\r\n"
		"\r\n"
		"7\r\n"
		"--b--",
		"leaf 1 depth 1 <text/plain> qp\n"
		"|1|\n"
		"end\n"
		"leaf 2 depth 1 <text/plain> base64\n"
		"|2\\r\\n|\n"
		"end\n"
		"! mime.unknown_encoding\n"
		"leaf 3 depth 1 <text/plain> unknown\n"
		"|3|\n"
		"end\n"
		"leaf 4 depth 1 <text/plain> base64\n"
		"|4\\r\\n|\n"
		"end\n"
		"leaf 5 depth 1 <text/plain> identity\n"
		"|5|\n"
		"end\n"
		"! mime.unknown_encoding\n"
		"leaf 6 depth 1 <text/plain> unknown\n"
		"|6|\n"
		"end\n"
		"leaf 7 depth 1 <text/plain> identity\n"
		"|7|\n"
		"end\n",
	  2, { 16, 1000 } },
	{ "line_ends_in_body",
		"Content-Type: multipart/mixed; boundary=b\r\n"
		"\r\n"
		"--b\r\n"
		"\r\n"
		"\r\n"
		"\r\r\n"
		"a\rb\n"
		"\r\n"
		"\r\r\n"
		"--b\r\n"
		"\r\n"
		"x\r\r\n"
		"--b\r\n"
		"\r\n"
		"\r--b\r\n"
		"--b--\r\n"
		"\r",
		"leaf 1 depth 1 <text/plain> identity\n"
		"|\\r\\n\\r\\r\\na\\rb\\n\\r\\n\\r|\n"
		"end\n"
		"leaf 2 depth 1 <text/plain> identity\n"
		"|x\\r|\n"
		"end\n"
		"leaf 3 depth 1 <text/plain> identity\n"
		"! mime.bare_cr\n"
		"|\\r--b|\n"
		"end\n",
	  2, { 16, 1000 } },
	{ "depth_limit",
		"Content-Type: multipart/mixed; boundary=a\r\n"
		"\r\n"
		"--a\r\n"
		"Content-Type: multipart/mixed; boundary=bb\r\n"
		"\r\n"
		"--bb\r\n"
		"Content-Type: multipart/mixed; boundary=c\r\n"
		"\r\n"
		"--c\r\n"
		"\r\n"
		"x\r\n"
		"--bb\r\n"
		"Content-Type: message/rfc822\r\n"
		"\r\n"
		"Subject: s\r\n"
		"\r\n"
		"y\r\n"
		"--bb--\r\n"
		"--a--",
		"! mime.depth_limit\n"
		"leaf 1.1 depth 2 <multipart/mixed> identity limit\n"
		"|--c\\r\\n\\r\\nx|\n"
		"end\n"
		"! mime.depth_limit\n"
		"leaf 1.2 depth 2 <message/rfc822> identity attachment limit\n"
		"|Subject: s\\r\\n\\r\\ny|\n"
		"end\n",
	  2, { 2, 100 } },
	{ "part_limit",
		"Content-Type: multipart/mixed; boundary=a\r\n"
		"\r\n"
		"--a\r\n"
		"\r\n"
		"1\r\n"
		"--a\r\n"
		"Content-Transfer-Encoding: base64\r\n"
		"\r\n"
		"Mg==\r\n"
		"--a\r\n"
		"Content-Transfer-Encoding: base64\r\n"
		"\r\n"
		"Mw==\r\n"
		"--a\r\n"
		"\r\n"
		"4\r\n"
		"--a--",
		"leaf 1 depth 1 <text/plain> identity\n"
		"|1|\n"
		"end\n"
		"leaf 2 depth 1 <text/plain> base64\n"
		"|Mg==\\r\\n|\n"
		"end\n"
		"! mime.part_limit\n"
		"leaf 3 depth 1 <text/plain> identity limit\n"
		"|Mw==\\r\\n--a\\r\\n\\r\\n4\\r\\n--a--|\n"
		"end\n",
	  2, { 16, 2 } },
	{ "no_block",
		"Subject: s\r\n"
		"Content-Type: multipart/mixed; boundary=b\r\n"
		"\r\n"
		"--b\r\n"
		"\r\n"
		"x",
		"! mime.block_limit\n"
		"leaf 1 depth 0 <> identity limit\n"
		"|--b\\r\\n\\r\\nx|\n"
		"end\n",
	  0, { 16, 1000 } },
	{ "base64_keeps_its_line_ends",
		"Content-Type: multipart/mixed; boundary=b\r\n"
		"\r\n"
		"--b\r\n"
		"Content-Transfer-Encoding: base64\r\n"
		"\r\n"
		"QUJD\r\n"
		"REVG\r\n"
		"-- foo\r\n"
		"--b\r\n"
		"\r\n"
		"t\r\n"
		"--b--",
		"leaf 1 depth 1 <text/plain> base64\n"
		"|QUJD\\r\\nREVG\\r\\n-- foo\\r\\n|\n"
		"end\n"
		"leaf 2 depth 1 <text/plain> identity\n"
		"|t|\n"
		"end\n",
	  2, { 16, 1000 } },
	{ "mhtml_signature",
		"Content-Type: multipart/mixed; boundary=--b\r\n"
		"\r\n"
		"----b\r\n"
		"\r\n"
		"hi\r\n"
		"--\r\n"
		"-- \r\n"
		"---\r\n"
		"- item\r\n"
		"----\r\n"
		"----b--",
		"leaf 1 depth 1 <text/plain> identity\n"
		"|hi\\r\\n--\\r\\n-- \\r\\n---\\r\\n- item\\r\\n----|\n"
		"end\n",
	  2, { 16, 1000 } },
	{ "stray_boundary_parameter",
		"Content-Type: multipart/mixed;\r\n"
		"Boundary=\"b\"; x=y\r\n"
		"To: t\r\n"
		"\r\n"
		"--b\r\n"
		"\r\n"
		"one\r\n"
		"--b\r\n"
		"Content-Type: multipart/mixed;\r\n"
		"boundary=c\r\n"
		"--c\r\n"
		"\r\n"
		"two\r\n"
		"--c--\r\n"
		"--b\r\n"
		"Content-Type: text/plain\r\n"
		"boundary=d\r\n"
		"\r\n"
		"three\r\n"
		"--b--",
		"! mime.header_invalid\n"
		"to: t\n"
		"leaf 1 depth 1 <text/plain> identity\n"
		"|one|\n"
		"end\n"
		"! mime.header_invalid\n"
		"! mime.header_invalid\n"
		"leaf 2.1 depth 2 <text/plain> identity\n"
		"|two|\n"
		"end\n"
		"! mime.header_invalid\n"
		"leaf 3 depth 1 <text/plain> identity\n"
		"|boundary=d\\r\\n\\r\\nthree|\n"
		"end\n",
	  2, { 16, 1000 } },
	{ "white_space_for_the_empty_line",
		"Content-Type: multipart/mixed;\r\n"
		" boundary=\"--9:1\"\r\n"
		" \r\n"
		"----9:1\r\n"
		"Content-Type: text/html\r\n"
		" \r\n"
		"<p>\r\n"
		"----9:1\r\n"
		"\r\n"
		"two\r\n"
		"----9:1--",
		"! mime.header_invalid\n"
		"! mime.header_invalid\n"
		"leaf 1 depth 1 <text/html> identity\n"
		"|<p>|\n"
		"end\n"
		"leaf 2 depth 1 <text/plain> identity\n"
		"|two|\n"
		"end\n",
	  2, { 16, 1000 } },
	{ "own_boundary_after_an_outer_one",
		"Content-Type: multipart/mixed; boundary=b\r\n"
		"\r\n"
		"--b\r\n"
		"Content-Type: multipart/mixed; boundary=bb\r\n"
		"--bx: y\r\n"
		"--bb\r\n"
		"--b\r\n"
		"\r\n"
		"two\r\n"
		"--b--",
		"! mime.boundary_alike\n"
		"! mime.header_invalid\n"
		"! mime.missing_end\n"
		"leaf 2 depth 1 <text/plain> identity\n"
		"|two|\n"
		"end\n",
	  2, { 16, 1000 } },
	{ "bare_cr_in_a_line_that_begins_like_a_boundary",
		"Content-Type: multipart/mixed; boundary=\"a\rb\"\r\n"
		"\r\n"
		"t\r\n"
		"--a\rc\r\n"
		"--a\rb\r\n"
		"\r\n"
		"x\r\n"
		"--a\rb--\r\n",
		"! mime.bare_cr\n"
		"preamble 0 depth 1 <text/plain> identity\n"
		"|t\\r\\n--a\\rc|\n"
		"end\n"
		"leaf 1 depth 1 <text/plain> identity\n"
		"|x|\n"
		"end\n",
	  2, { 16, 1000 } },
	/* clang-format on */
};

#endif
