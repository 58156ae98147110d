/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of rs_smtp_dialogues.h. 421s, junk, the PROXY protocol, ends of content that only some servers take, and dialogues cut off. */
	D("half a header, and content that was not asked for",
	  S("220 mx\r\n") C("PRO") S("354 go\r\n") C("x\r\n.\r\n") S("250 queued\r\n") C("MAIL FROM:<a@x>\r\n") S("250 sok\r\n"),
	  "! reply_unexpected\n+0\n! no_mail 0\n0 DATA/0 354 go\n0 {\n0 \"x\\r\\n\"\n0 } dot\n" QUEUED_LOG
	  "+1\n1 from a@x []\n1 MAIL/0 250 sok\n-1 unknown\n"),
	D("half a binary header, and content that was not asked for",
	  S("220 mx\r\n") C("\r\n\r\n") S("354 go\r\n") C("x\r\n.\r\n") S("250 queued\r\n") C("MAIL FROM:<a@x>\r\n") S("250 sok\r\n"),
	  "! reply_unexpected\n+0\n! no_mail 0\n0 DATA/0 354 go\n0 {\n0 \"x\\r\\n\"\n0 } dot\n" QUEUED_LOG
	  "+1\n1 from a@x []\n1 MAIL/0 250 sok\n-1 unknown\n"),
	D("421 instead of the greeting", S("421 busy\r\n") C("EHLO x\r\n"), "helo x\n"),
	D("421 in the envelope", HELLO MAIL S("421 timeout\r\n"), HELLO_LOG MAIL_LOG "-0 rejected 421 timeout\n"),
	D("421 in the content", OPEN C("be\r\nfo") S("421 timeout\r\n") C("re\r\n.\r\n"),
	  OPEN_LOG "0 \"be\\r\\nfo\"\n"
		   "0 } by-reply\n"
		   "0 CONTENT/0 421 timeout\n"
		   "-0 rejected 421 timeout\n"),
	D("rejected inside the content",
	  OPEN C("be\r\nfore\r\n") S("552 too big\r\n") C("and after\r\n.\r\nMAIL FROM:<c@x>\r\n") S("250 ok\r\n") QUIT,
	  OPEN_LOG "0 \"be\\r\\nfore\\r\\n\"\n"
		   "0 } by-reply\n"
		   "0 CONTENT/0 552 too big\n"
		   "-0 rejected 552 too big\n"
		   "+1\n"
		   "1 from c@x []\n"
		   "1 MAIL/0 250 ok\n"
		   "-1 abandoned 221 bye\n"),
	D("1xx and junk from the server",
	  S("HTTP/1.0 200 ok\r\n\r\n220 mx\r\n") C("EHLO c.example\r\n") S("100 wait\r\nmx hello\r\n250 ok\r\n")
		  C("NOOP\r\n") S("250 ok\r\n250 ok again\r\n") MAIL,
	  "! reply_invalid\n"
	  "helo c.example\n"
	  "! reply_unexpected\n"
	  "+0\n"
	  "0 from a@x []\n"
	  "0 MAIL/0 250 sok\n"
	  "0 to/0 b@y\n"
	  "0 RCPT/0 250 rok\n"
	  "-0 unknown\n"),
	D("codes that nobody knows",
	  HELLO C("NOOP\r\n") S("999 noop\r\n") C("MAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nRCPT TO:<c@z>\r\n")
		  S("250 sok\r\n650-no\r\n650 no\r\n250 rok\r\n") C("DATA\r\n") S("150 wait\r\n") C("x\r\n") S("354 go\r\n")
			  C("y\r\n.\r\n") S("000 what\r\n") C("MAIL FROM:<d@x>\r\n") S("777 no\r\n"),
	  HELLO_LOG
	  "! reply_invalid\n+0\n0 from a@x []\n0 to/0 b@y\n0 to/1 c@z\n0 MAIL/0 250 sok\n"
	  "! reply_invalid 0\n0 RCPT/0 650 no\n0 RCPT/1 250 rok\n0 {\n0 \"x\\r\\n\"\n0 DATA/0 354 go\n"
	  "0 \"y\\r\\n\"\n0 } dot\n0 CONTENT/0 000 what\n-0 unknown 000 what\n+1\n1 from d@x []\n"
	  "! reply_invalid 1\n1 MAIL/0 777 no\n-1 rejected 777 no\n"),
	D("reply code alone and no banner",
	  C("EHLO\r\n") S("250\r\n") C("rset\r\nMAIL FROM:<a@x>\r\n") S("250\r\n250\r\n"),
	  "helo \n"
	  "+0\n"
	  "0 from a@x []\n"
	  "0 MAIL/0 250 \n"
	  "-0 unknown\n"),
	D("reply that changes its code", HELLO C("NOOP\r\nMAIL FROM:<a@x>\r\n") S("250-noop\r\n550 no\r\n") QUIT,
	  HELLO_LOG "+0\n"
		    "0 from a@x []\n"
		    "0 MAIL/0 550 no\n"
		    "-0 rejected 550 no\n"),
	D("proxy preamble",
	  C("CONNECT mx:25 / HTTP/1.0\r\nMozilla\r\n\r\n") S("HTTP/1.0 200 Connection established\r\n\r\n") HELLO MAIL,
	  "! reply_invalid\n"
	  "helo c.example\n"
	  "+0\n"
	  "0 from a@x []\n"
	  "0 MAIL/0 250 sok\n"
	  "0 to/0 b@y\n"
	  "0 RCPT/0 250 rok\n"
	  "-0 unknown\n"),
	D("garbage", C("\x00\xff\r\n\n\n.\n\x01\x01") S("\xfe\n\n999 x\n1\n250"), "! reply_invalid\n"),
	D("smuggled with bare lf, taken by a command",
	  OPEN C("be\r\n\n.\nMAIL FROM:<c@x>\r\nRCPT TO:<d@y>\r\nDATA\r\nsmuggled\r\n.\r\n")
		  S("250 queued\r\n250 1\r\n250 2\r\n354 go\r\n250 queued 2\r\n"),
	  OPEN_LOG "0 \"be\\r\\n\\n\"\n"
		   "! end_bare_lf 0\n"
		   "! smuggled 0\n"
		   "0 ~{\n"
		   "0 } bare\n"
		   "+1\n"
		   "1 from c@x []\n"
		   "1 to/0 d@y\n"
		   "1 {\n"
		   "1 \"smuggled\\r\\n\"\n"
		   "1 } dot\n"
		   "0 ~\".\\nMAIL FROM:<c@x>\\r\\nRCPT TO:<d@y>\\r\\nDATA\\r\\nsmuggled\\r\\n\"\n"
		   "0 ~} dot\n"
		   "0 CONTENT/0 250 queued\n"
		   "-0 accepted 250 queued\n"
		   "1 MAIL/0 250 1\n"
		   "1 RCPT/0 250 2\n"
		   "1 DATA/0 354 go\n"
		   "1 CONTENT/0 250 queued 2\n"
		   "-1 accepted 250 queued 2\n"),
	D("lf dot crlf, taken by a reply", OPEN C("be\n.\r\n") QUEUED QUIT,
	  OPEN_LOG "0 \"be\\n\"\n"
		   "! end_bare_lf 0\n"
		   "0 } bare\n" QUEUED_LOG),
	D("crlf dot lf, not taken", OPEN C("be\r\n.\nfore\r\n.\r\n") QUEUED,
	  OPEN_LOG "0 \"be\\r\\n\"\n"
		   "! end_bare_lf 0\n"
		   "0 \"\\nfore\\r\\n\"\n"
		   "0 } dot\n" QUEUED_LOG),
	D("lf dot lf, not taken", OPEN C("be\n.\nMAIL fore\n.\n.\n..\n.x\r\n.\r\n") QUEUED,
	  OPEN_LOG "0 \"be\\n\"\n"
		   "! end_bare_lf 0\n"
		   "0 \".\\nMAIL fore\\n.\\n.\\n..\\n.x\\r\\n\"\n"
		   "0 } dot\n" QUEUED_LOG),
	D("cr dot cr, taken by a command", OPEN C("be\r.\rRSET\r\n") S("250 queued\r\n250 ok\r\n"),
	  OPEN_LOG "0 \"be\\r\"\n"
		   "! end_bare_cr 0\n"
		   "0 ~{\n"
		   "0 } bare\n"
		   "0 CONTENT/0 250 queued\n"
		   "0 ~\".\\rRSET\\r\\n\"\n"
		   "0 ~} by-reply\n"
		   "-0 accepted 250 queued\n"),
	D("cr dot crlf, not taken", OPEN C("be\r.\r\nfore\r.x\r\n.\r\n") QUEUED,
	  OPEN_LOG "0 \"be\\r\"\n"
		   "! end_bare_cr 0\n"
		   "0 \".\\r\\nfore\\r.x\\r\\n\"\n"
		   "0 } dot\n" QUEUED_LOG),
	D("crlf dot cr, taken by a reply", OPEN C("be\r\n.\r") QUEUED QUIT,
	  OPEN_LOG "0 \"be\\r\\n\"\n"
		   "! end_bare_cr 0\n"
		   "0 } bare\n" QUEUED_LOG),
	D("crlf dot cr, not taken", OPEN C("be\r\n.\r\r\nfore\r\n.\r\n") QUEUED,
	  OPEN_LOG "0 \"be\\r\\n\"\n"
		   "! end_bare_cr 0\n"
		   "0 \"\\r\\r\\nfore\\r\\n\"\n"
		   "0 } dot\n" QUEUED_LOG),
	D("candidate, an empty line and a command",
	  OPEN C("be\n.\n\r\n\nQUIT\r\n") S("250 queued\r\n500 1\r\n500 2\r\n221 bye\r\n"),
	  OPEN_LOG "0 \"be\\n\"\n"
		   "! end_bare_lf 0\n"
		   "0 ~{\n"
		   "0 } bare\n"
		   "0 CONTENT/0 250 queued\n"
		   "0 ~\".\\n\\r\\n\\nQUIT\\r\\n\"\n"
		   "0 ~} by-reply\n"
		   "-0 accepted 250 queued\n"),
	D("candidate right behind data", HELLO MAIL C("DATA\n.\r\nQUIT\r\n") S("354 go\r\n250 queued\r\n221 bye\r\n"),
	  HELLO_LOG MAIL_LOG "0 {\n"
			     "! end_bare_lf 0\n"
			     "0 ~{\n"
			     "0 } bare\n"
			     "0 DATA/0 354 go\n"
			     "0 CONTENT/0 250 queued\n"
			     "0 ~\".\\r\\nQUIT\\r\\n\"\n"
			     "0 ~} by-reply\n"
			     "-0 accepted 250 queued\n"),
	D("candidate while data is unanswered and refused",
	  HELLO MAIL C("DATA\r\nx\n.\nRSET\r\nMAIL FROM:<c@x>\r\n")
		  S("554 no\r\n500 x\r\n500 dot\r\n250 rset\r\n250 mail\r\n") QUIT,
	  HELLO_LOG MAIL_LOG "0 {\n"
			     "0 \"x\\n\"\n"
			     "! end_bare_lf 0\n"
			     "0 ~{\n"
			     "0 } bare\n"
			     "+1\n"
			     "1 from c@x []\n"
			     "0 DATA/0 554 no\n"
			     "0 ~\".\\nRSET\\r\\nMAIL FROM:<c@x>\\r\\n\"\n"
			     "0 ~} by-reply\n"
			     "-0 rejected 554 no\n"
			     "1 MAIL/0 250 mail\n"
			     "-1 abandoned 221 bye\n"),
	D("undecided candidate while data is refused",
	  HELLO MAIL C("DATA\r\nx\n.\n\r\n") S("554 no\r\n500 x\r\n500 dot\r\n500 empty\r\n") C("MAIL FROM:<c@x>\r\n")
		  S("250 mail\r\n") QUIT,
	  HELLO_LOG MAIL_LOG "0 {\n"
			     "0 \"x\\n\"\n"
			     "! end_bare_lf 0\n"
			     "0 DATA/0 554 no\n"
			     "0 } refused\n"
			     "-0 rejected 554 no\n"
			     "+1\n"
			     "1 from c@x []\n"
			     "1 MAIL/0 250 mail\n"
			     "-1 abandoned 221 bye\n"),
	D("held bytes that are content", OPEN C("a\n.\nRCPT T no\r\n.\r\n") QUEUED,
	  OPEN_LOG "0 \"a\\n\"\n"
		   "! end_bare_lf 0\n"
		   "0 \".\\nRCPT T no\\r\\n\"\n"
		   "0 } dot\n" QUEUED_LOG),
	D("cut off in the content", OPEN C("be\r\n."),
	  OPEN_LOG "0 \"be\\r\\n\"\n"
		   "0 } aborted\n"
		   "-0 unknown\n"),
	D("cut off with replies owed",
	  HELLO C("MAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nDATA\r\nx\r\n.\r\nMAIL FROM:<c@x>\r\nRSET\r\n"),
	  HELLO_LOG "+0\n"
		    "0 from a@x []\n"
		    "0 to/0 b@y\n"
		    "0 {\n"
		    "0 \"x\\r\\n\"\n"
		    "0 } dot\n"
		    "+1\n"
		    "1 from c@x []\n"
		    "-0 unknown\n"
		    "-1 abandoned\n"),
	D("two messages before the banner",
	  C("EHLO c.example\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nDATA\r\none\r\n.\r\nMAIL FROM:<c@x>\r\nRCPT "
	    "TO:<d@y>\r\nDATA\r\ntwo")
		  S("220 mx\r\n250 e\r\n250 1\r\n250 2\r\n554 no\r\n500 one\r\n500 dot\r\n250 3\r\n250 4\r\n354 go\r\n")
			  C("\r\n.\r\n") QUEUED,
	  HELLO_LOG "+0\n"
		    "0 from a@x []\n"
		    "0 to/0 b@y\n"
		    "0 {\n"
		    "0 \"one\\r\\n\"\n"
		    "0 } dot\n"
		    "-0 unknown\n"
		    "+1\n"
		    "1 from c@x []\n"
		    "1 to/0 d@y\n"
		    "1 {\n"
		    "1 \"two\"\n"
		    "1 MAIL/0 250 3\n"
		    "1 RCPT/0 250 4\n"
		    "1 DATA/0 354 go\n"
		    "1 \"\\r\\n\"\n"
		    "1 } dot\n"
		    "1 CONTENT/0 250 queued\n"
		    "-1 accepted 250 queued\n"),
