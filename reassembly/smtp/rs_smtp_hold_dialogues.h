/* SPDX-License-Identifier: Apache-2.0 */
/* The dialogues of rs_smtp_hold_test.c. */
#define CHUNKED_LOG "helo c.example\n"
static const struct dialogue dialogues[] = {
	D("content behind data waits for its answer",
	  HELLO MAIL C("DATA\r\ntext\r\n.\r\nQUIT\r\n") S("354 go\r\n") S("250 queued\r\n221 bye\r\n"),
	  HELLO_LOG MAIL_LOG DATA_LOG "0 \"text\\r\\n\"\n0 } dot\n0 end 61 63\n" QUEUED_LOG),
	D("data refused, what follows are commands",
	  HELLO MAIL C("DATA\r\ntext\r\n.\r\nRSET\r\n") S("554 no\r\n") S("500 text\r\n") S("500 dot\r\n") S("250 ok\r\n"),
	  HELLO_LOG MAIL_LOG "0 DATA/0 554 no\n-0 rejected 554 \n"),
	D("pipelined messages",
	  HELLO C("MAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nDATA\r\n1\r\n.\r\nMAIL FROM:<c@x>\r\nRCPT TO:<d@y>\r\nDATA\r\n2\r\n.\r\n")
		  S("250 sok\r\n250 rok\r\n") S("354 go\r\n") S("250 queued\r\n250 sok\r\n250 rok\r\n354 go\r\n")
			  S("250 queued\r\n"),
	  HELLO_LOG
	  "+0\n0 from a@x []\n0 to/0 b@y\n0 MAIL/0 250 sok\n0 RCPT/0 250 rok\n" DATA_LOG "0 \"1\\r\\n\"\n0 } dot\n0 end 58 60\n"
	  "+1\n1 from c@x []\n1 to/0 d@y\n" QUEUED_LOG
	  "1 MAIL/0 250 sok\n1 RCPT/0 250 rok\n1 DATA/0 354 go\n1 {\n1 \"2\\r\\n\"\n1 } dot\n1 end 102 104\n"
	  "1 CONTENT/0 250 queued\n-1 accepted 250 queued\n"),
	D("empty content", OPEN C(".\r\n") QUEUED, OPEN_LOG "0 } dot\n0 end 55 57\n" QUEUED_LOG),
	D("smuggled", OPEN C("a\n.\nMAIL FROM:<e@x>\r\nDATA\r\nb\r\n.\r\n") QUEUED,
	  OPEN_LOG "0 \"a\\n\"\n0 end? 57 58\n! end_bare_lf 0\n0 \".\\nMAIL FROM:<e@x>\\r\"\n! smuggled 0\n"
		   "0 \"\\nDATA\\r\\nb\\r\\n\"\n0 } dot\n0 end 85 87\nastray\n" QUEUED_LOG),
	D("smuggled chunk", OPEN C("a\n.\nbdat 5 last\r\nhello\r\n.\r\n") QUEUED,
	  OPEN_LOG "0 \"a\\n\"\n0 end? 57 58\n! end_bare_lf 0\n0 \".\\nbdat 5 last\\r\"\n! smuggled 0\n0 end? 58 70\n"
		   "0 \"\\nhello\\r\\n\"\n0 } dot\n0 end 79 81\nastray\n" QUEUED_LOG),
	D("a reply too many", OPEN C("a\n.\r\nx\r\n.\r\n") QUEUED S("500 x\r\n"),
	  OPEN_LOG "0 \"a\\n\"\n0 end? 57 59\n! end_bare_lf 0\n0 \".\\r\\nx\\r\\n\"\n0 } dot\n0 end 63 65\nastray\n" QUEUED_LOG
		   "! reply_unexpected\nastray\n"),
	D("a reply at a candidate", OPEN C("a\n.\n") QUEUED C("QUIT\r\n"),
	  OPEN_LOG "0 \"a\\n\"\n0 end? 57 58\n! end_bare_lf 0\n0 } bare\n" QUEUED_LOG),
	D("a reply at a cr", OPEN C("a\r\n.\r") QUEUED C("QUIT\r\n"),
	  OPEN_LOG "0 \"a\\r\\n\"\n0 end? 58 59\n! end_bare_cr 0\n0 } bare\n" QUEUED_LOG),
	D("no reply at a cr", OPEN C("a\r\n.\r") S("") C("b\r\n.\r\n") QUEUED,
	  OPEN_LOG "0 \"a\\r\\n\"\n0 end? 58 59\n! end_bare_cr 0\n0 \"\\rb\\r\\n\"\n0 } dot\n0 end 63 65\nastray\n" QUEUED_LOG),
	D("a reply amid content", OPEN C("abc") S("554 no\r\n") C("def\r\nQUIT\r\n") S("500 what\r\n221 bye\r\n"),
	  OPEN_LOG "0 \"abc\"\n0 } by-reply\n0 CONTENT/0 554 no\n-0 rejected 554 no\n"),
	D("chunks", CHUNKED MAIL C("BDAT 3\r\nabcBDAT 2 LAST\r\nd.NOOP\r\n") S("250 3\r\n") QUEUED S("250 ok\r\n"),
	  CHUNKED_LOG MAIL_LOG "0 {\n0 \"abcd.\"\n0 } last\n0 end 73 74\n0 BDAT/0 250 3\n" QUEUED_LOG),
	D("an empty last chunk", CHUNKED MAIL C("BDAT 3\r\nabcBDAT 0 LAST\r\nNOOP\r\n") S("250 3\r\n") QUEUED S("250 ok\r\n"),
	  CHUNKED_LOG MAIL_LOG "0 {\n0 \"abc\"\n0 } last\n0 end 59 72\n0 BDAT/0 250 3\n" QUEUED_LOG),
	D("a chunk that cannot be counted",
	  CHUNKED MAIL C("BDAT 3\r\nabcBDAT 4294967296 LAST\r\nNOOP\r\n") S("250 3\r\n") S("501 no\r\n"),
	  CHUNKED_LOG MAIL_LOG "0 {\n0 \"abc\"\n! bdat_invalid 0\n0 end? 59 81\n0 BDAT/0 250 3\n0 } aborted\n-0 unknown\n"),
	D("a chunk behind another command, refused",
	  CHUNKED MAIL C("BDAT 3\r\nabcVRFY x\r\nBDAT 31 LAST\r\nRSET\r\nMAIL FROM:<c@x>\r\nDATA\r\nd\r\n.\r\n") S("250 3\r\n")
		  S("503 only bdat\r\n") S("503 only rset\r\n") S("250 reset\r\n250 sok\r\n") S("354 go\r\n") QUEUED,
	  CHUNKED_LOG MAIL_LOG "0 {\n0 \"abc\"\n0 BDAT/0 250 3\n0 BDAT/0 503 only rset\n+1\n1 from c@x []\n0 } aborted\n-0 rejected 503 \n"
			       "1 MAIL/0 250 sok\n1 DATA/0 354 go\n1 {\n1 \"d\\r\\n\"\n1 } dot\n1 end 114 116\n"
			       "1 CONTENT/0 250 queued\n-1 accepted 250 queued\n"),
	D("a chunk oddly spelled, refused",
	  CHUNKED MAIL C("BDAT\t6 LAST\r\nDATA\r\nx\r\n.\r\n") S("500 what\r\n") S("354 go\r\n") QUEUED,
	  CHUNKED_LOG MAIL_LOG "0 BDAT/0 500 what\n" DATA_LOG "0 \"x\\r\\n\"\n0 } dot\n0 end 71 73\n" QUEUED_LOG),
	D("a chunk without a recipient, refused",
	  CHUNKED C("MAIL FROM:<a@x>\r\nBDAT 6 LAST\r\nNOOP\r\n") S("250 sok\r\n") S("503 no\r\n") S("250 ok\r\n"),
	  CHUNKED_LOG "+0\n0 from a@x []\n0 MAIL/0 250 sok\n0 BDAT/0 503 no\n-0 rejected 503 \n"),
	D("a noop between chunks", CHUNKED MAIL C("BDAT 3\r\nabcNOOP\r\nBDAT 2 LAST\r\nd.") S("250 3\r\n250 ok\r\n") QUEUED,
	  CHUNKED_LOG MAIL_LOG "0 {\n0 \"abcd.\"\n0 } last\n0 end 79 80\n0 BDAT/0 250 3\n" QUEUED_LOG),
	D("chunks to a server without, refused",
	  HELLO MAIL C("BDAT 5 LAST\r\nDATA\r\nx\r\n.\r\n") S("502 no\r\n") S("354 go\r\n") QUEUED,
	  HELLO_LOG MAIL_LOG "0 BDAT/0 502 no\n" DATA_LOG "0 \"x\\r\\n\"\n0 } dot\n0 end 71 73\n" QUEUED_LOG),
	D("chunks to a server without, asked for",
	  HELLO MAIL C("BDAT 6 LAST\r\nDATA\r\nQUIT\r\n") S("350 go\r\n") QUEUED S("221 bye\r\n"),
	  HELLO_LOG MAIL_LOG "0 BDAT/0 350 go\n0 {\n0 \"DATA\\r\\n\"\n0 } last\n0 end 66 67\n" QUEUED_LOG),
	D("chunks to a server without, answered",
	  HELLO MAIL C("BDAT 6 LAST\r\nDATA\r\nNOOP\r\n") S("250 early\r\n") S("250 ok\r\n"),
	  HELLO_LOG MAIL_LOG "0 BDAT/0 250 early\n0 {\n0 \"DATA\\r\\n\"\n0 } last\n0 end 66 67\n-0 unknown\n"),
	D("an empty last chunk to a server without", HELLO MAIL C("BDAT 0 LAST\r\nNOOP\r\n") S("502 no\r\n") S("250 ok\r\n"),
	  HELLO_LOG MAIL_LOG "0 end? 48 61\n0 BDAT/0 502 no\n-0 rejected 502 \n"),
	D("auth takes a line for each 334",
	  HELLO C("AUTH LOGIN\r\nc2VjcmV0\r\nc2VjcmV0\r\nMAIL FROM:<a@x>\r\n") S("334 a\r\n") S("334 b\r\n") S("235 ok\r\n")
		  S("250 sok\r\n") QUIT,
	  HELLO_LOG "+0\n0 from a@x []\n0 MAIL/0 250 sok\n-0 abandoned 221 bye\n"),
	D("auth refused, what follows are commands",
	  HELLO C("AUTH LOGIN\r\nMAIL FROM:<a@x>\r\n") S("535 no\r\n") S("250 sok\r\n") QUIT,
	  HELLO_LOG "+0\n0 from a@x []\n0 MAIL/0 250 sok\n-0 abandoned 221 bye\n"),
	D("starttls refused, what follows are commands",
	  HELLO C("STARTTLS\r\nMAIL FROM:<a@x>\r\n") S("454 no\r\n") S("250 sok\r\n") QUIT,
	  HELLO_LOG "+0\n0 from a@x []\n0 MAIL/0 250 sok\n-0 abandoned 221 bye\n"),
	D("a load balancer's line",
	  C("PROXY TCP4 192.0.2.1 192.0.2.2 4000 25\r\nEHLO c.example\r\nMAIL FROM:<a@x>\r\n") S("220 hi\r\n") S("250 ok\r\n") S("250 sok\r\n") QUIT,
	  "proxy \"PROXY TCP4 192.0.2.1 192.0.2.2 4000 25\\r\\n\"\n" HELLO_LOG "+0\n0 from a@x []\n0 MAIL/0 250 sok\n-0 abandoned 221 bye\n"),
	D("a load balancer's header",
	  C("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0cMAIL\r\nRCPT\r\nEHLO c.example\r\nMAIL FROM:<a@x>\r\n") S("220 hi\r\n") S("250 ok\r\n")
		  S("250 sok\r\n") QUIT,
	  "proxy \"\\r\\n\\r\\n\\x00\\r\\nQUIT\\n!\\x11\\x00\\x0cMAIL\\r\\nRCPT\\r\\n\"\n"
	  HELLO_LOG "+0\n0 from a@x []\n0 MAIL/0 250 sok\n-0 abandoned 221 bye\n"),
	D("no load balancer's line", C("PROX\r\nEHLO c.example\r\nMAIL FROM:<a@x>\r\n") S("220 hi\r\n") S("500 what\r\n") S("250 ok\r\n") S("250 sok\r\n") QUIT,
	  HELLO_LOG "+0\n0 from a@x []\n0 MAIL/0 250 sok\n-0 abandoned 221 bye\n"),
	D("tls by the client's word alone",
	  HELLO C("\x16\x03\x01\x02\r\nMAIL FROM:<a@x>\r\n") S("500 what\r\n") S("250 sok\r\n") QUIT,
	  HELLO_LOG "+0\n0 from a@x []\n0 MAIL/0 250 sok\n-0 abandoned 221 bye\n"),
	D("tls from the first byte", C("\x16\x03\x01\x02\nhello") S("\x16\x03\x03\x02") C("MAIL FROM:<a@x>\r\n"), "tls\n"),
	D("tls after starttls", HELLO C("STARTTLS\r\n") S("220 go\r\n") C("\x16\x03\x01\x02MAIL FROM:<a@x>\r\n"), HELLO_LOG "tls\n"),
	D("a 354 that was not asked for",
	  HELLO MAIL C("XEXCH50 2 2\r\nabMAIL\r\nmail from:<b@x>\r\nBDAT 4 LAST\r\n1234\r\n.\r\n") S("354 go\r\n") QUEUED,
	  HELLO_LOG MAIL_LOG "! reply_unexpected 0\n" DATA_LOG "astray\n0 \"abMAIL\\r\\nmail from:<b@x>\\r\"\n! smuggled 0\n"
			     "0 \"\\nBDAT 4 LAST\\r\"\n0 end? 86 98\n0 \"\\n1234\\r\\n\"\n0 } dot\n0 end 106 108\n" QUEUED_LOG),
	D("data ended by a bare cr", HELLO MAIL C("DATA\rx\r.\rMAIL") S("354 go\r\n") C("\r\n.\r\n") QUEUED,
	  HELLO_LOG MAIL_LOG DATA_LOG "0 \"x\\r\"\n0 end? 56 57\n! end_bare_cr 0\n"
			              "0 \".\\rMAIL\\r\\n\"\n0 } dot\n0 end 64 66\nastray\n" QUEUED_LOG),
	D("data ended by a bare lf", HELLO MAIL C("DATA\n.\r\nx\r\n.\r\n") S("354 go\r\n") QUEUED,
	  HELLO_LOG MAIL_LOG DATA_LOG "0 end? 54 56\n! end_bare_lf 0\n0 \".\\r\\nx\\r\\n\"\n0 } dot\n0 end 60 62\nastray\n" QUEUED_LOG),
	D("nul beside the dot", OPEN C("a\r\n\0.\r\nb\r\n.\0c\r\nd\r\n.\r\n") QUEUED,
	  OPEN_LOG "0 \"a\\r\\n\\x00\"\n0 end? 59 61\n! end_nul 0\n0 \".\\r\\nb\\r\\n\\x00c\\r\\n\"\n0 end? 65 69\n0 \"d\\r\\n\"\n"
		   "0 } dot\n0 end 73 75\nastray\n" QUEUED_LOG),
	D("codes that nobody knows",
	  HELLO C("MAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nDATA\r\nNOOP\r\n") S("250 sok\r\n") S("650 rno\r\n") S("750 dno\r\n") S("250 noop\r\n"),
	  HELLO_LOG
	  "+0\n0 from a@x []\n0 to/0 b@y\n0 MAIL/0 250 sok\n! reply_invalid 0\n0 RCPT/0 650 rno\nastray\n"
	  "0 DATA/0 750 dno\n-0 rejected 750 \n"),
	D("codes that nobody knows, to a chunk", CHUNKED MAIL C("BDAT 3\r\nabc") S("150 wait\r\n"),
	  HELLO_LOG MAIL_LOG
	  "0 {\n0 \"abc\"\n! reply_invalid 0\nastray\n0 BDAT/0 150 wait\n0 } refused\n-0 unknown 150 wait\n"),
	D("turn", HELLO C("NOOP\r\nTURN\r\n220 hi\r\n") S("250 noop\r\n") S("250 ok\r\n"),
	  HELLO_LOG
	  "! turn\nturn? 22\n"),
	D("turn, refused", HELLO C("ATRN d\r\n") S("502 no\r\n") C("MAIL FROM:<a@x>\r\n") S("250 sok\r\n") QUIT,
	  HELLO_LOG
	  "! turn\nturn? 16\n+0\n0 from a@x []\n0 MAIL/0 250 sok\n-0 abandoned 221 bye\n"),
	D("a gap before the dot", OPEN C("be\r\n") CGAP(100) C(".\r\n") QUEUED C("QUIT\r\n"),
	  OPEN_LOG "0 \"be\\r\\n\"\n0 gap 100\n0 end? 159 161\n0 } dot\n" QUEUED_LOG),
};
