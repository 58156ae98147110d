/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of rs_smtp_dialogues.h. What is not seen: one side, the beginning, bytes of either side. */
	D("one side client",
	  C("EHLO c.example\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nDATA\r\nhi\r\n.\r\nMAIL FROM:<c@x>\r\nRSET\r\nMAIL "
	    "FROM:<d@x>\r\nRCPT TO:<e@y>\r\nBDAT 2 LAST\r\nhoQUIT\r\n"),
	  HELLO_LOG "+0\n"
		    "0 from a@x []\n"
		    "0 to/0 b@y\n"
		    "0 {\n"
		    "0 \"hi\\r\\n\"\n"
		    "0 } dot\n"
		    "-0 unknown\n"
		    "+1\n"
		    "1 from c@x []\n"
		    "-1 abandoned\n"
		    "+2\n"
		    "2 from d@x []\n"
		    "2 to/0 e@y\n"
		    "2 {\n"
		    "2 \"ho\"\n"
		    "2 } last\n"
		    "-2 unknown\n"),
	D("one side server", S("220 mx\r\n250-mx\r\n250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n250 queued\r\n221 bye\r\n"),
	  "+0\n"
	  "unread 0\n"
	  "0 DATA/0 354 go\n"
	  "0 {\n"
	  "0 } by-reply\n"
	  "0 CONTENT/0 250 queued\n"
	  "-0 accepted 250 queued\n"),
	D("midstream in the content",
	  MIDSTREAM C("of a sentence.\r\n.\r\n") QUEUED C("MAIL FROM:<a@x>\r\n") S("250 ok\r\n") QUIT,
	  "unread\n" "+0\n"
	  "0 from a@x []\n"
	  "0 MAIL/0 250 ok\n"
	  "-0 abandoned 221 bye\n"),
	D("midstream before data",
	  MIDSTREAM C("RCPT TO:<b@y>\r\nDATA\r\n") S("250 mail\r\n250 rcpt\r\n354 go\r\n") C("x\r\n.\r\n") QUEUED,
	  "+0\n"
	  "unread 0\n"
	  "0 to/0 b@y\n"
	  "0 RCPT/0 250 mail\n"
	  "0 DATA/0 354 go\n"
	  "0 {\n"
	  "0 \"x\\r\\n\"\n"
	  "0 } dot\n" QUEUED_LOG),
	D("midstream at the answer", MIDSTREAM C("DAT") S("354 go\r\n") C("text\r\n.\r\n") QUEUED,
	  "+0\n"
	  "unread 0\n" "0 DATA/0 354 go\n"
	  "0 {\n"
	  "0 \"text\\r\\n\"\n"
	  "0 } dot\n" QUEUED_LOG),
	D("gap in a command",
	  HELLO C("MAIL FROM:<a@x>\r\n") S("250 ok\r\n") C("RCPT ") CGAP(10) C("\r\nRCPT TO:<c@y>\r\n") S("250 b\r\n")
		  DATA C("x\r\n.\r\n") QUEUED,
	  HELLO_LOG "+0\n"
		    "0 from a@x []\n"
		    "0 MAIL/0 250 ok\n"
		    "unread 0\n" "0 to/0 c@y\n"
		    "0 RCPT/0 250 b\n"
		    "0 DATA/0 354 go\n"
		    "0 {\n"
		    "0 \"x\\r\\n\"\n"
		    "0 } dot\n" QUEUED_LOG),
	D("gap that swallows data", HELLO MAIL CGAP(6) S("354 go\r\n") C("text\r\n.\r\n") QUEUED,
	  HELLO_LOG MAIL_LOG "unread 0\n" DATA_LOG "0 \"text\\r\\n\"\n"
		   "0 } dot\n" QUEUED_LOG),
	D("gap in the content", TORN C(".\r\nfore\r\n.\r\n") QUEUED,
	  TORN_LOG "0 \".\\r\\nfore\\r\\n\"\n"
		   "0 } dot\n" QUEUED_LOG),
	D("gap before the last dot", TORN C(".\r\n") QUEUED C("QUIT\r\n"),
	  TORN_LOG "0 } dot\n" QUEUED_LOG),
	D("gap before the last dot and a command", TORN C(".\r\nQUIT\r\n") QUEUED,
	  TORN_LOG "0 } dot\n" QUEUED_LOG),
	D("gap over the end", TORN QUEUED C("MAIL FROM:<c@x>\r\n") S("250 ok\r\n"),
	  TORN_LOG "0 } by-reply\n"
		   "0 CONTENT/0 250 queued\n"
		   "-0 accepted 250 queued\n"
		   "+1\n"
		   "1 from c@x []\n"
		   "1 MAIL/0 250 ok\n"
		   "-1 unknown\n"),
	D("gap over the end and its answer",
	  TORN C("MAIL FROM:<c@x>\r\n") SGAP(12) S("250 ok\r\n") C("RCPT TO:<d@y>\r\n") S("250 ok\r\n"),
	  TORN_LOST_LOG "+1\n"
		   "1 from c@x []\n"
		   "1 MAIL/0 250 ok\n"
		   "1 to/0 d@y\n"
		   "1 RCPT/0 250 ok\n"
		   "-1 unknown\n"),
	D("gap over the end and all its answers",
	  TORN C("RSET\r\nMAIL FROM:<c@x>\r\nRCPT TO:<d@y>\r\nDATA\r\nx\r\n.\r\n") SGAP(60) QUEUED,
	  TORN_LOG "0 \"RSET\\r\\n\"\n"
		   "0 } by-reply\n"
		   "-0 unknown\n"
		   "+1\n"
		   "1 from c@x []\n"
		   "1 to/0 d@y\n"
		   "1 {\n"
		   "1 \"x\\r\\n\"\n"
		   "1 } dot\n"
		   "-1 unknown\n"),
	D("gap over the end, its answer, and what follows",
	  TORN C("MAIL FROM:<c@x>\r\n") CGAP(5) C("o:<d@y>\r\nDATA\r\n") SGAP(60) S("354 go\r\n")
		  C("x\r\n.\r\n") QUEUED,
	  TORN_LOST_LOG "+1\n"
		   "1 from c@x []\n"
		   "unread 1\n"
		   "1 {\n"
		   "1 DATA/0 354 go\n"
		   "1 \"x\\r\\n\"\n"
		   "1 } dot\n"
		   "1 CONTENT/0 250 queued\n"
		   "-1 accepted 250 queued\n"),
	D("gap in content that tells of mail",
	  TORN C("MAIL FROM:<c@x>\r\nRCPT TO:<d@y>\r\nthey wrote\r\nMail from: me\r\nMAIL FROM:<c@x") CGAP(5)
		  C("\r\nmail FROM:<e@x>\r\n.\r\n") QUEUED,
	  TORN_LOG "0 \"MAIL FROM:<c@x>\\r\\nRCPT TO:<d@y>\\r\\nthey wrote\\r\\nMail from: me\\r\\nMAIL FROM:<c@x\"\n"
		   "0 gap 5\n"
		   "0 \"\\r\\nmail FROM:<e@x>\\r\\n\"\n"
		   "0 } dot\n" QUEUED_LOG),
	D("gap over the answer to data, and over the end",
	  HELLO MAIL C("DATA\r\nbe\r\n") SGAP(8) QUEUED CGAP(100) C("MAIL FROM:<c@x>\r\n") S("250 ok\r\n"),
	  HELLO_LOG MAIL_LOG "0 {\n"
			     "0 \"be\\r\\n\"\n"
			     "0 } by-reply\n" QUEUED_LOG "+1\n"
			     "1 from c@x []\n"
			     "1 MAIL/0 250 ok\n"
			     "-1 unknown\n"),
	D("gap over the end, and the beginning of the next answer",
	  TORN C("RCPT TO:<d@y>\r\n") SGAP(50) S("50 ok\r\n") C("BDAT 3 LAST\r\nx\r\n") QUEUED QUIT,
	  TORN_LOST_LOG "+1\n"
		   "unread 1\n"
		   "1 to/0 d@y\n"
		   "1 {\n"
		   "1 \"x\\r\\n\"\n"
		   "1 } last\n"
		   "1 CONTENT/0 250 queued\n"
		   "-1 accepted 250 queued\n"),
	D("gaps as the answers tell of them",
	  OPEN C("be\r\n") CGAP(12) QUEUED CGAP(90) S("250 2.1.0 ok\r\n250 2.1.5 ok\r\n354 go\r\n") CGAP(200) C("x\r\n.\r\n")
		  QUEUED C("MAIL FROM:<c@x>\r\n") S("250 ok\r\n"),
	  OPEN_LOG "0 \"be\\r\\n\"\n"
		   "0 gap 12\n"
		   "0 } by-reply\n" QUEUED_LOG "+1\n"
		   "unread 1\n"
		   "1 DATA/0 354 go\n"
		   "1 {\n"
		   "1 gap 200\n"
		   "1 \"x\\r\\n\"\n"
		   "1 } dot\n"
		   "1 CONTENT/0 250 queued\n"
		   "-1 accepted 250 queued\n"
		   "+2\n"
		   "2 from c@x []\n"
		   "2 MAIL/0 250 ok\n"
		   "-2 unknown\n"),
	D("gap over the rest of mail, and of all", HELLO C("MAIL FROM:<a") CGAP(300),
	  HELLO_LOG "+0\n"
		    "unread 0\n"
		    "-0 unknown\n"),
	D("gap over the rest of mail, which is given up",
	  HELLO C("MAIL FROM:<a") CGAP(90) S("250 ok\r\n550 no\r\n") C("RSET\r\n") S("250 ok\r\n"),
	  HELLO_LOG "+0\n"
		    "unread 0\n"
		    "-0 abandoned 250 ok\n"),
	D("gap over the rest of mail, and it goes on",
	  HELLO C("MAIL") CGAP(20) S("250 2.1.0 ok\r\n") C("RCPT TO:<b@y>\r\n") S("250 ok\r\n") DATA C("x\r\n.\r\n") QUEUED,
	  HELLO_LOG "+0\n"
		    "unread 0\n"
		    "0 to/0 b@y\n"
		    "0 RCPT/0 250 ok\n" DATA_LOG "0 \"x\\r\\n\"\n"
		    "0 } dot\n" QUEUED_LOG),
	D("gap over a chunk's command, and over its answer",
	  S("220 mx\r\n") C("EHLO c.example\r\n") S("250-mx\r\n250 CHUNKING\r\n") MAIL CGAP(20)
		  C("fore\r\nMAIL FROM:<c@x>\r\n") SGAP(12) S("250 ok\r\n") C("RCPT TO:<d@y>\r\n") S("250 ok\r\n"),
	  HELLO_LOG MAIL_LOG "unread 0\n"
			     "+1\n"
			     "1 from c@x []\n"
			     "1 MAIL/0 250 ok\n"
			     "-0 unknown\n"
			     "1 to/0 d@y\n"
			     "1 RCPT/0 250 ok\n"
			     "-1 unknown\n"),
	D("gap over a chunk", HELLO MAIL C("BDAT 10 LAST\r\nabc") CGAP(9) C("T\r\nMAIL FROM:<c@x>\r\n") QUEUED,
	  HELLO_LOG MAIL_LOG "0 {\n"
			     "0 \"abc\"\n"
			     "0 gap 7\n"
			     "0 } last\n"
			     "+1\n"
			     "1 from c@x []\n"
			     "0 CONTENT/0 250 queued\n"
			     "-0 accepted 250 queued\n"
			     "-1 unknown\n"),
	D("gap of replies",
	  HELLO C("MAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nDATA\r\n") S("250 o") SGAP(10) S("\r\n354 go\r\n")
		  C("x\r\n.\r\n") QUEUED,
	  HELLO_LOG "+0\n"
		    "0 from a@x []\n"
		    "0 to/0 b@y\n"
		    "0 {\n"
		    "0 DATA/0 354 go\n"
		    "0 \"x\\r\\n\"\n"
		    "0 } dot\n" QUEUED_LOG),
	D("gap of the last reply", OPEN C("x\r\n.\r\n") SGAP(12) C("MAIL FROM:<c@x>\r\n") S("250 ok\r\n") QUIT,
	  OPEN_LOG "0 \"x\\r\\n\"\n"
		   "0 } dot\n"
		   "-0 unknown\n"
		   "+1\n"
		   "1 from c@x []\n"
		   "1 MAIL/0 250 ok\n"
		   "-1 abandoned 221 bye\n"),
	D("content before any command was seen", S("354 go\r\n") C(".\r\nBDAT\r\n"),
	  "+0\n"
	  "unread 0\n"
	  "0 DATA/0 354 go\n"
	  "0 {\n"
	  "0 } dot\n"
	  "! bdat_invalid\n"
	  "-0 unknown\n"),
