/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of rs_smtp_dialogues.h. Content of which a candidate reads as the end: both readings, and which of them the server had. */
#define SMUGGLE "MAIL FROM:<c@x>\r\nRCPT TO:<d@y>\r\nDATA\r\nmore\r\n.\r\n"
	D("smuggled, one reply before the client goes on",
	  OPEN C("be\r\n.\n" SMUGGLE) QUEUED C("MAIL FROM:<e@x>\r\n") S("250 esok\r\n") QUIT,
	  OPEN_LOG
	  "0 \"be\\r\\n\"\n! end_bare_lf 0\n! smuggled 0\n0 ~{\n0 } bare\n+1\n1 from c@x []\n1 to/0 d@y\n"
	  "1 {\n1 \"more\\r\\n\"\n1 } dot\n"
	  "0 ~\"\\nMAIL FROM:<c@x>\\r\\nRCPT TO:<d@y>\\r\\nDATA\\r\\nmore\\r\\n\"\n0 ~} dot\n" QUEUED_LOG
	  "-1 unknown\n+2\n2 from e@x []\n2 MAIL/0 250 esok\n-2 abandoned 221 bye\n"),
	D("smuggled, one reply at the end", OPEN C("be\n.\r\n" SMUGGLE) QUEUED,
	  OPEN_LOG
	  "0 \"be\\n\"\n! end_bare_lf 0\n! smuggled 0\n0 ~{\n0 } bare\n+1\n1 from c@x []\n1 to/0 d@y\n1 {\n"
	  "1 \"more\\r\\n\"\n1 } dot\n"
	  "0 ~\".\\r\\nMAIL FROM:<c@x>\\r\\nRCPT TO:<d@y>\\r\\nDATA\\r\\nmore\\r\\n\"\n0 ~} dot\n" QUEUED_LOG
	  "-1 unknown\n"),
	D("smuggled, answered before it", OPEN C("be\n.\n") QUEUED C(SMUGGLE) S("250 1\r\n250 2\r\n354 go\r\n250 queued 2\r\n"),
	  OPEN_LOG
	  "0 \"be\\n\"\n! end_bare_lf 0\n0 } bare\n" QUEUED_LOG
	  "+1\n1 from c@x []\n1 to/0 d@y\n1 {\n1 \"more\\r\\n\"\n1 } dot\n1 MAIL/0 250 1\n1 RCPT/0 250 2\n"
	  "1 DATA/0 354 go\n1 CONTENT/0 250 queued 2\n-1 accepted 250 queued 2\n"),
	D("smuggled, refused as one", OPEN C("be\r\n.\n" SMUGGLE) S("552 no\r\n") QUIT,
	  OPEN_LOG
	  "0 \"be\\r\\n\"\n! end_bare_lf 0\n! smuggled 0\n0 ~{\n0 } bare\n+1\n1 from c@x []\n1 to/0 d@y\n"
	  "1 {\n1 \"more\\r\\n\"\n1 } dot\n"
	  "0 ~\"\\nMAIL FROM:<c@x>\\r\\nRCPT TO:<d@y>\\r\\nDATA\\r\\nmore\\r\\n\"\n0 ~} dot\n"
	  "0 CONTENT/0 552 no\n-0 rejected 552 no\n-1 unknown\n"),
	D("smuggled, and the next one on the way", OPEN C("be\r\n.\n" SMUGGLE "RSET\r\n") QUEUED S("250 reset\r\n"),
	  OPEN_LOG
	  "0 \"be\\r\\n\"\n! end_bare_lf 0\n! smuggled 0\n0 ~{\n0 } bare\n+1\n1 from c@x []\n1 to/0 d@y\n"
	  "1 {\n1 \"more\\r\\n\"\n1 } dot\n"
	  "0 ~\"\\nMAIL FROM:<c@x>\\r\\nRCPT TO:<d@y>\\r\\nDATA\\r\\nmore\\r\\n\"\n0 ~} dot\n" QUEUED_LOG
	  "1 MAIL/0 250 reset\n-1 unknown\n"),
	D("smuggled, no server seen", C("EHLO c.example\r\nMAIL FROM:<a@x>\r\nDATA\r\nbe\n.\n" SMUGGLE "QUIT\r\n"),
	  HELLO_LOG
	  "+0\n0 from a@x []\n0 {\n0 \"be\\n\"\n! end_bare_lf 0\n! smuggled 0\n0 ~{\n0 } bare\n+1\n"
	  "1 from c@x []\n1 to/0 d@y\n1 {\n1 \"more\\r\\n\"\n1 } dot\n"
	  "0 ~\".\\nMAIL FROM:<c@x>\\r\\nRCPT TO:<d@y>\\r\\nDATA\\r\\nmore\\r\\n\"\n0 ~} dot\n-0 unknown\n"
	  "-1 unknown\n"),
	D("smuggled twice",
	  OPEN C("be\n.\nMAIL FROM:<c@x>\r\nRCPT TO:<d@y>\r\nDATA\r\nmo\n.\nMAIL FROM:<e@x>\r\nDATA\r\nre\r\n.\r\n") QUEUED QUIT,
	  OPEN_LOG
	  "0 \"be\\n\"\n! end_bare_lf 0\n! smuggled 0\n0 ~{\n0 } bare\n+1\n1 from c@x []\n1 to/0 d@y\n1 {\n"
	  "1 \"mo\\n\"\n! end_bare_lf 1\n! smuggled 1\n1 } bare\n+2\n2 from e@x []\n2 {\n2 \"re\\r\\n\"\n"
	  "2 } dot\n"
	  "0 ~\".\\nMAIL FROM:<c@x>\\r\\nRCPT TO:<d@y>\\r\\nDATA\\r\\nmo\\n.\\nMAIL FROM:<e@x>\\r\\nDATA\\r\\nre\\r\\n\"\n"
	  "0 ~} dot\n" QUEUED_LOG
	  "-1 unknown\n-2 unknown\n"),
	D("smuggled behind other lines",
	  OPEN C("be\n.\nmail to nobody\r\nfrom a@x\r\nmail from:<c@x>\r\nRCPT TO:<d@y>\r\nDATA\r\nmore\r\n.\r\n") QUEUED QUIT,
	  OPEN_LOG
	  "0 \"be\\n\"\n! end_bare_lf 0\n0 \".\\nmail to nobody\\r\\nfrom a@x\\r\\n\"\n! smuggled 0\n0 ~{\n"
	  "0 } bare\n+1\n1 from c@x []\n1 to/0 d@y\n1 {\n1 \"more\\r\\n\"\n1 } dot\n"
	  "0 ~\"mail from:<c@x>\\r\\nRCPT TO:<d@y>\\r\\nDATA\\r\\nmore\\r\\n\"\n0 ~} dot\n" QUEUED_LOG
	  "-1 unknown\n"),
	D("smuggled behind other lines, each answered",
	  OPEN C("be\n.\r\nwhat\r\n\nis\r\n" SMUGGLE) QUEUED S("500 1\r\n500 2\r\n500 3\r\n250 1\r\n250 2\r\n354 go\r\n250 queued 2\r\n"),
	  OPEN_LOG
	  "0 \"be\\n\"\n! end_bare_lf 0\n0 \".\\r\\nwhat\\r\\n\\nis\\r\\n\"\n! smuggled 0\n0 ~{\n0 } bare\n"
	  "+1\n1 from c@x []\n1 to/0 d@y\n1 {\n1 \"more\\r\\n\"\n1 } dot\n"
	  "0 ~\"MAIL FROM:<c@x>\\r\\nRCPT TO:<d@y>\\r\\nDATA\\r\\nmore\\r\\n\"\n0 ~} dot\n" QUEUED_LOG
	  "1 MAIL/0 250 1\n1 RCPT/0 250 2\n1 DATA/0 354 go\n1 CONTENT/0 250 queued 2\n"
	  "-1 accepted 250 queued 2\n"),
	D("another command behind other lines", OPEN C("be\n.\nfore\r\nRSET\r\nMAIL\r\nMAIL a\r\nMA\r\n.\r\n") QUEUED,
	  OPEN_LOG
	  "0 \"be\\n\"\n! end_bare_lf 0\n0 \".\\nfore\\r\\nRSET\\r\\nMAIL\\r\\nMAIL a\\r\\nMA\\r\\n\"\n"
	  "0 } dot\n" QUEUED_LOG),
	D("smuggled behind nul dot", OPEN C("be\r\n\0.\r\n" SMUGGLE) QUEUED QUIT,
	  OPEN_LOG
	  "0 \"be\\r\\n\\x00\"\n! end_nul 0\n! smuggled 0\n0 ~{\n0 } bare\n+1\n1 from c@x []\n1 to/0 d@y\n"
	  "1 {\n1 \"more\\r\\n\"\n1 } dot\n"
	  "0 ~\".\\r\\nMAIL FROM:<c@x>\\r\\nRCPT TO:<d@y>\\r\\nDATA\\r\\nmore\\r\\n\"\n0 ~} dot\n" QUEUED_LOG
	  "-1 unknown\n"),
	D("smuggled behind dot nul", OPEN C("be\r\n.\0x\r\n" SMUGGLE) QUEUED QUIT,
	  OPEN_LOG
	  "0 \"be\\r\\n\\x00x\\r\\n\"\n! end_nul 0\n! smuggled 0\n0 ~{\n0 } bare\n+1\n1 from c@x []\n"
	  "1 to/0 d@y\n1 {\n1 \"more\\r\\n\"\n1 } dot\n"
	  "0 ~\"MAIL FROM:<c@x>\\r\\nRCPT TO:<d@y>\\r\\nDATA\\r\\nmore\\r\\n\"\n0 ~} dot\n" QUEUED_LOG
	  "-1 unknown\n"),
	D("smuggled behind dot nul cr", OPEN C("be\r\n.\0\r" SMUGGLE) QUEUED QUIT,
	  OPEN_LOG
	  "0 \"be\\r\\n\\x00\\r\"\n! end_nul 0\n! smuggled 0\n0 ~{\n0 } bare\n+1\n1 from c@x []\n"
	  "1 to/0 d@y\n1 {\n1 \"more\\r\\n\"\n1 } dot\n"
	  "0 ~\"MAIL FROM:<c@x>\\r\\nRCPT TO:<d@y>\\r\\nDATA\\r\\nmore\\r\\n\"\n0 ~} dot\n" QUEUED_LOG
	  "-1 unknown\n"),
	D("smuggled behind dot nul lf", OPEN C("be\n.\0\n" SMUGGLE) QUEUED QUIT,
	  OPEN_LOG
	  "0 \"be\\n.\\x00\\n\"\n! end_nul 0\n! smuggled 0\n0 ~{\n0 } bare\n+1\n1 from c@x []\n1 to/0 d@y\n"
	  "1 {\n1 \"more\\r\\n\"\n1 } dot\n"
	  "0 ~\"MAIL FROM:<c@x>\\r\\nRCPT TO:<d@y>\\r\\nDATA\\r\\nmore\\r\\n\"\n0 ~} dot\n" QUEUED_LOG
	  "-1 unknown\n"),
	D("nul beside the dot, not taken", OPEN C("a\r\n\0.\r\nb\r\n.\0c\r\n\0\r\nd\r\n.\r\n") QUEUED,
	  OPEN_LOG
	  "0 \"a\\r\\n\\x00\"\n! end_nul 0\n0 \".\\r\\nb\\r\\n\\x00c\\r\\n\\x00\\r\\nd\\r\\n\"\n0 } dot\n" QUEUED_LOG),
	D("dot nul, taken by a reply", OPEN C("a\r\n.\0\r\n") QUEUED QUIT,
	  OPEN_LOG
	  "0 \"a\\r\\n\\x00\\r\\n\"\n! end_nul 0\n0 } bare\n" QUEUED_LOG),
	D("smuggled in lines that end at cr", OPEN C("be\r.\rMAIL FROM:<c@x>\rRCPT TO:<d@y>\rDATA\rmore\r.\r\r\n.\r\n") QUEUED QUIT,
	  OPEN_LOG
	  "0 \"be\\r\"\n! end_bare_cr 0\n! smuggled 0\n0 ~{\n0 } bare\n+1\n1 from c@x []\n1 to/0 d@y\n1 {\n"
	  "1 \"more\\r\"\n! end_bare_cr 1\n1 \".\\r\\r\\n\"\n1 } dot\n"
	  "0 ~\".\\rMAIL FROM:<c@x>\\rRCPT TO:<d@y>\\rDATA\\rmore\\r.\\r\\r\\n\"\n0 ~} dot\n" QUEUED_LOG
	  "-1 unknown\n"),
	D("smuggled behind cr dot crlf", OPEN C("be\r.\r\n" SMUGGLE) QUEUED QUIT,
	  OPEN_LOG
	  "0 \"be\\r\"\n! end_bare_cr 0\n! smuggled 0\n0 ~{\n0 } bare\n+1\n1 from c@x []\n1 to/0 d@y\n1 {\n"
	  "1 \"more\\r\\n\"\n1 } dot\n"
	  "0 ~\".\\r\\nMAIL FROM:<c@x>\\r\\nRCPT TO:<d@y>\\r\\nDATA\\r\\nmore\\r\\n\"\n0 ~} dot\n" QUEUED_LOG
	  "-1 unknown\n"),
	D("smuggled in lines that end at cr, behind another command",
	  OPEN C("be\r.\rRSET\rMAIL FROM:<c@x>\rDATA\r.x\r\n.\r\n") QUEUED QUIT,
	  OPEN_LOG
	  "0 \"be\\r\"\n! end_bare_cr 0\n0 \".\\rRSET\\r\"\n! smuggled 0\n0 ~{\n0 } bare\n+1\n"
	  "1 from c@x []\n1 {\n1 \".x\\r\\n\"\n1 } dot\n0 ~\"MAIL FROM:<c@x>\\rDATA\\r.x\\r\\n\"\n"
	  "0 ~} dot\n" QUEUED_LOG
	  "-1 unknown\n"),
	D("dots in both readings", OPEN C("be\r\n.\nMAIL FROM:<c@x>\r\nDATA\r\n..\r\n.a\r\n\n..\n..\n.\r\n.\r\n") QUEUED QUIT,
	  OPEN_LOG
	  "0 \"be\\r\\n\"\n! end_bare_lf 0\n! smuggled 0\n0 ~{\n0 } bare\n+1\n1 from c@x []\n1 {\n"
	  "1 \".\\r\\na\\r\\n\\n..\\n..\\n\"\n! end_bare_lf 1\n1 \".\\r\\n\"\n1 } dot\n"
	  "0 ~\"\\nMAIL FROM:<c@x>\\r\\nDATA\\r\\n.\\r\\na\\r\\n\\n..\\n..\\n.\\r\\n\"\n0 ~} dot\n" QUEUED_LOG
	  "-1 unknown\n"),
	D("smuggled, and its end is missing",
	  OPEN C("be\r\n.\nMAIL FROM:<c@x>\r\nRCPT TO:<d@y>\r\nDATA\r\nmo") CGAP(10) C("\r\n.\r\n") QUEUED,
	  OPEN_LOG
	  "0 \"be\\r\\n\"\n! end_bare_lf 0\n! smuggled 0\n0 ~{\n0 } bare\n+1\n1 from c@x []\n1 to/0 d@y\n"
	  "1 {\n1 \"mo\"\n0 ~\"\\nMAIL FROM:<c@x>\\r\\nRCPT TO:<d@y>\\r\\nDATA\\r\\nmo\"\n0 ~} aborted\n"
	  "1 gap 10\n1 \"\\r\\n\"\n1 } dot\n" QUEUED_LOG
	  "-1 unknown\n"),
	D("smuggled, and cut off", OPEN C("be\r\n.\nMAIL FROM:<c@x>\r\nRCPT TO:<d@y>\r\nDATA\r\nmo"),
	  OPEN_LOG
	  "0 \"be\\r\\n\"\n! end_bare_lf 0\n! smuggled 0\n0 ~{\n0 } bare\n+1\n1 from c@x []\n1 to/0 d@y\n"
	  "1 {\n1 \"mo\"\n0 ~\"\\nMAIL FROM:<c@x>\\r\\nRCPT TO:<d@y>\\r\\nDATA\\r\\nmo\"\n0 ~} aborted\n"
	  "-0 unknown\n1 } aborted\n-1 unknown\n"),
	D("smuggled, and the server gives up", OPEN C("be\r\n.\n" SMUGGLE) QUEUED S("421 bye\r\n"),
	  OPEN_LOG
	  "0 \"be\\r\\n\"\n! end_bare_lf 0\n! smuggled 0\n0 ~{\n0 } bare\n+1\n1 from c@x []\n1 to/0 d@y\n"
	  "1 {\n1 \"more\\r\\n\"\n1 } dot\n"
	  "0 ~\"\\nMAIL FROM:<c@x>\\r\\nRCPT TO:<d@y>\\r\\nDATA\\r\\nmore\\r\\n\"\n0 ~} dot\n" QUEUED_LOG
	  "1 MAIL/0 421 bye\n-1 rejected 421 bye\n"),
	D("a smuggled chunk beyond the content",
	  OPEN C("be\r\n.\nRSET\r\nMAIL FROM:<c@x>\r\nBDAT 20 LAST\r\nmore\r\n.\r\n") QUEUED
		  C("MAIL FROM:<e@x>\r\n") S("250 esok\r\n") QUIT,
	  OPEN_LOG
	  "0 \"be\\r\\n\"\n! end_bare_lf 0\n0 ~{\n0 } bare\n+1\n1 from c@x []\n1 {\n"
	  "1 \"more\\r\\n.\\r\\n\"\n0 ~\"\\nRSET\\r\\nMAIL FROM:<c@x>\\r\\nBDAT 20 LAST\\r\\nmore\\r\\n\"\n"
	  "0 ~} dot\n" QUEUED_LOG
	  "1 } aborted\n-1 unknown\n+2\n2 from e@x []\n2 MAIL/0 250 esok\n-2 abandoned 221 bye\n"),
	D("smuggled, and another behind it, before any answer", OPEN C("be\n.\n" SMUGGLE "MAIL FROM:<e@x>\r\nDATA\r\nbe\n.\n" SMUGGLE),
	  OPEN_LOG
	  "0 \"be\\n\"\n! end_bare_lf 0\n! smuggled 0\n0 ~{\n0 } bare\n+1\n1 from c@x []\n1 to/0 d@y\n1 {\n"
	  "1 \"more\\r\\n\"\n1 } dot\n"
	  "0 ~\".\\nMAIL FROM:<c@x>\\r\\nRCPT TO:<d@y>\\r\\nDATA\\r\\nmore\\r\\n\"\n0 ~} dot\n+2\n"
	  "2 from e@x []\n2 {\n2 \"be\\n\"\n! end_bare_lf 2\n! smuggled 2\n2 ~{\n2 } bare\n+3\n"
	  "3 from c@x []\n3 to/0 d@y\n3 {\n3 \"more\\r\\n\"\n3 } dot\n"
	  "2 ~\".\\nMAIL FROM:<c@x>\\r\\nRCPT TO:<d@y>\\r\\nDATA\\r\\nmore\\r\\n\"\n2 ~} dot\n-0 unknown\n"
	  "-1 unknown\n-2 unknown\n-3 unknown\n"),
#undef SMUGGLE
