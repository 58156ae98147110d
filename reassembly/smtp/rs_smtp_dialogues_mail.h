/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of rs_smtp_dialogues.h. Envelopes and DATA: in steps, pipelined, refused, nested. */
	D("plain", HELLO MAIL DATA C("Subject: s\r\n\r\ntext\r\n.\r\n") QUEUED QUIT,
	  OPEN_LOG "0 \"Subject: s\\r\\n\\r\\ntext\\r\\n\"\n"
		   "0 } dot\n" QUEUED_LOG),
	D("two messages",
	  OPEN C("one\r\n.\r\n") QUEUED C("MAIL FROM:<c@x> SIZE=9\r\n") S("250 ok\r\n") C("RCPT TO:<d@y>\r\n")
		  S("250 ok\r\n") DATA C("two\r\n.\r\n") S("550 5.7.1 no\r\n") QUIT,
	  OPEN_LOG "0 \"one\\r\\n\"\n"
		   "0 } dot\n"
		   "0 CONTENT/0 250 queued\n"
		   "-0 accepted 250 queued\n"
		   "+1\n"
		   "1 from c@x [SIZE=9]\n"
		   "1 MAIL/0 250 ok\n"
		   "1 to/0 d@y\n"
		   "1 RCPT/0 250 ok\n"
		   "1 DATA/0 354 go\n"
		   "1 {\n"
		   "1 \"two\\r\\n\"\n"
		   "1 } dot\n"
		   "1 CONTENT/0 550 5.7.1 no\n"
		   "-1 rejected 550 5.7.1 no\n"),
	D("transparency", OPEN C("..dot\r\na.b\r\n.x\r\n..\r\n...\r\n \r\n.\r\n") QUEUED,
	  OPEN_LOG "0 \".dot\\r\\na.b\\r\\nx\\r\\n.\\r\\n..\\r\\n \\r\\n\"\n"
		   "0 } dot\n" QUEUED_LOG),
	D("empty content", OPEN C(".\r\n") QUEUED, OPEN_LOG "0 } dot\n" QUEUED_LOG),
	D("pipelined whole",
	  HELLO C("MAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nRCPT TO:<c@y>\r\nDATA\r\n")
		  S("250 1\r\n250 2\r\n550 3\r\n354 go\r\n") C("x\r\n.\r\nMAIL FROM:<>\r\nRCPT TO:<d@y>\r\nDATA\r\n")
			  S("250 queued\r\n250 4\r\n250 5\r\n354 go\r\n") C("y\r\n.\r\nQUIT\r\n")
				  S("250 queued 2\r\n221 bye\r\n"),
	  HELLO_LOG "+0\n"
		    "0 from a@x []\n"
		    "0 to/0 b@y\n"
		    "0 to/1 c@y\n"
		    "0 MAIL/0 250 1\n"
		    "0 RCPT/0 250 2\n"
		    "0 RCPT/1 550 3\n"
		    "0 DATA/0 354 go\n"
		    "0 {\n"
		    "0 \"x\\r\\n\"\n"
		    "0 } dot\n"
		    "+1\n"
		    "1 from  []\n"
		    "1 to/0 d@y\n"
		    "0 CONTENT/0 250 queued\n"
		    "-0 accepted 250 queued\n"
		    "1 MAIL/0 250 4\n"
		    "1 RCPT/0 250 5\n"
		    "1 DATA/0 354 go\n"
		    "1 {\n"
		    "1 \"y\\r\\n\"\n"
		    "1 } dot\n"
		    "1 CONTENT/0 250 queued 2\n"
		    "-1 accepted 250 queued 2\n"),
	D("content before the answer to data",
	  HELLO C("MAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nDATA\r\nThis is a test\r\n.\r\n")
		  S("250 1\r\n250 2\r\n354 go\r\n250 queued\r\n"),
	  HELLO_LOG "+0\n"
		    "0 from a@x []\n"
		    "0 to/0 b@y\n"
		    "0 {\n"
		    "0 \"This is a test\\r\\n\"\n"
		    "0 } dot\n"
		    "0 MAIL/0 250 1\n"
		    "0 RCPT/0 250 2\n"
		    "0 DATA/0 354 go\n" QUEUED_LOG),
	D("client before the banner",
	  C("EHLO c.example\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nDATA\r\nhi\r\n.\r\nQUIT\r\n")
		  S("220 mx\r\n250 e\r\n250 1\r\n250 2\r\n354 go\r\n250 queued\r\n221 bye\r\n"),
	  HELLO_LOG "+0\n"
		    "0 from a@x []\n"
		    "0 to/0 b@y\n"
		    "0 {\n"
		    "0 \"hi\\r\\n\"\n"
		    "0 } dot\n"
		    "0 MAIL/0 250 1\n"
		    "0 RCPT/0 250 2\n"
		    "0 DATA/0 354 go\n" QUEUED_LOG),
	D("paths",
	  HELLO C("MAIL FROM:a@x\r\nRCPT TO:  <@r1,@r2:b@y>  NOTIFY=NEVER\r\nRCPT TO:<\"a b>c\"@y>\r\nRCPT TO: < c@y "
		  ">\r\nrcpt to:<d@y\r\nRCPT TO:d@y ORCPT=rfc822;e\r\nRCPT TO:\"x y\"@z\r\nRCPT TO:<>\r\nRCPT "
		  "TO:<\"open@y> A=B\r\n"),
	  HELLO_LOG "+0\n"
		    "0 from a@x []\n"
		    "0 to/0 b@y\n"
		    "0 to/1 \"a b>c\"@y\n"
		    "0 to/2 c@y\n"
		    "0 to/3 d@y\n"
		    "0 to/4 d@y\n"
		    "0 to/5 \"x y\"@z\n"
		    "0 to/6 \n"
		    "0 to/7 \"open@y\n"
		    "-0 unknown\n"),
	D("verbs in any dress",
	  HELLO C("mail  From : <a@x> BODY=8BITMIME SIZE=1\r\n") S("250 ok\n") C("\tRcPt tO:<b@y>\n") S("250 ok\n")
		  C("data  \r\n") S("354\r\n") C("x\r\n.\r\n") S("250\r\n"),
	  HELLO_LOG "+0\n"
		    "0 from a@x [BODY=8BITMIME SIZE=1]\n"
		    "0 MAIL/0 250 ok\n"
		    "0 to/0 b@y\n"
		    "0 RCPT/0 250 ok\n"
		    "0 DATA/0 354 \n"
		    "0 {\n"
		    "0 \"x\\r\\n\"\n"
		    "0 } dot\n"
		    "0 CONTENT/0 250 \n"
		    "-0 accepted 250 \n"),
	D("mail without from", HELLO C("MAIL\r\nMAIL FROM\r\nMAIL TO:<a@x>\r\n") S("501 a\r\n501 b\r\n501 c\r\n"),
	  HELLO_LOG),
	D("rset", HELLO MAIL C("RSET\r\n") S("250 reset\r\n") C("MAIL FROM:<c@x>\r\n") S("250 ok\r\n") QUIT,
	  HELLO_LOG MAIL_LOG "-0 abandoned 250 reset\n"
			     "+1\n"
			     "1 from c@x []\n"
			     "1 MAIL/0 250 ok\n"
			     "-1 abandoned 221 bye\n"),
	D("rset pipelined",
	  HELLO C("MAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nRSET\r\nMAIL FROM:<c@x>\r\nRCPT TO:<d@y>\r\nDATA\r\n")
		  S("250 1\r\n250 2\r\n250 rset\r\n250 3\r\n250 4\r\n354 go\r\n") C("x\r\n.\r\n") QUEUED,
	  HELLO_LOG "+0\n"
		    "0 from a@x []\n"
		    "0 to/0 b@y\n"
		    "+1\n"
		    "1 from c@x []\n"
		    "1 to/0 d@y\n"
		    "0 MAIL/0 250 1\n"
		    "0 RCPT/0 250 2\n"
		    "-0 abandoned 250 rset\n"
		    "1 MAIL/0 250 3\n"
		    "1 RCPT/0 250 4\n"
		    "1 DATA/0 354 go\n"
		    "1 {\n"
		    "1 \"x\\r\\n\"\n"
		    "1 } dot\n"
		    "1 CONTENT/0 250 queued\n"
		    "-1 accepted 250 queued\n"),
	D("ehlo resets", HELLO MAIL C("HELO again\r\n") S("250 mx\r\n") QUIT,
	  HELLO_LOG MAIL_LOG "helo again\n"
			     "-0 abandoned 250 mx\n"),
	D("rejected ehlo preserves the envelope",
	  HELLO MAIL C("ehlo\r\n") S("501 Syntax\r\n") DATA C("x\r\n.\r\n") QUEUED,
	  HELLO_LOG MAIL_LOG "helo \n"
			     "0 DATA/0 354 go\n"
			     "0 {\n"
			     "0 \"x\\r\\n\"\n"
			     "0 } dot\n" QUEUED_LOG),
	D("nested mail refused",
	  HELLO C("MAIL FROM:<a@x>\r\n") S("250 1\r\n") C("MAIL FROM:<c@x>\r\n") S("503 nested\r\n")
		  C("RCPT TO:<b@y>\r\n") S("250 2\r\n") DATA C("x\r\n.\r\n") QUEUED,
	  HELLO_LOG "+0\n"
		    "0 from a@x []\n"
		    "0 MAIL/0 250 1\n"
		    "+1\n"
		    "1 from c@x []\n"
		    "1 MAIL/0 503 nested\n"
		    "-1 rejected 503 nested\n"
		    "0 to/0 b@y\n"
		    "0 RCPT/0 250 2\n"
		    "0 DATA/0 354 go\n"
		    "0 {\n"
		    "0 \"x\\r\\n\"\n"
		    "0 } dot\n" QUEUED_LOG),
	D("nested mail accepted",
	  HELLO MAIL C("MAIL FROM:<c@x>\r\n") S("250 3\r\n") C("RCPT TO:<d@y>\r\n") S("250 4\r\n") C("DATA\r\n")
		  S("354 go\r\n") C("x\r\n.\r\n") QUEUED,
	  HELLO_LOG MAIL_LOG "+1\n"
			     "1 from c@x []\n"
			     "1 MAIL/0 250 3\n"
			     "-0 abandoned 250 3\n"
			     "1 to/0 d@y\n"
			     "1 RCPT/0 250 4\n"
			     "1 DATA/0 354 go\n"
			     "1 {\n"
			     "1 \"x\\r\\n\"\n"
			     "1 } dot\n"
			     "1 CONTENT/0 250 queued\n"
			     "-1 accepted 250 queued\n"),
	D("nested mail pipelined and refused",
	  HELLO C("MAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nMAIL FROM:<c@x>\r\nRCPT TO:<d@y>\r\nDATA\r\n")
		  S("250 1\r\n250 2\r\n503 nested\r\n250 4\r\n354 go\r\n") C("x\r\n.\r\n") QUEUED,
	  HELLO_LOG "+0\n"
		    "0 from a@x []\n"
		    "0 to/0 b@y\n"
		    "+1\n"
		    "1 from c@x []\n"
		    "0 to/1 d@y\n"
		    "0 MAIL/0 250 1\n"
		    "0 RCPT/0 250 2\n"
		    "1 MAIL/0 503 nested\n"
		    "-1 rejected 503 nested\n"
		    "0 RCPT/1 250 4\n"
		    "0 DATA/0 354 go\n"
		    "0 {\n"
		    "0 \"x\\r\\n\"\n"
		    "0 } dot\n" QUEUED_LOG),
	D("nested mail pipelined and accepted",
	  HELLO C("MAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nMAIL FROM:<c@x>\r\nRCPT TO:<d@y>\r\nDATA\r\n")
		  S("250 1\r\n250 2\r\n250 3\r\n250 4\r\n354 go\r\n") C("x\r\n.\r\n") QUEUED,
	  HELLO_LOG "+0\n"
		    "0 from a@x []\n"
		    "0 to/0 b@y\n"
		    "+1\n"
		    "1 from c@x []\n"
		    "0 to/1 d@y\n"
		    "0 MAIL/0 250 1\n"
		    "0 RCPT/0 250 2\n"
		    "1 MAIL/0 250 3\n"
		    "-1 abandoned 250 3\n"
		    "0 RCPT/1 250 4\n"
		    "0 DATA/0 354 go\n"
		    "0 {\n"
		    "0 \"x\\r\\n\"\n"
		    "0 } dot\n" QUEUED_LOG),
	D("mail refused",
	  HELLO C("MAIL FROM:<a@x>\r\n") S("550 5.1.8 no\r\n") C("MAIL FROM:<c@x>\r\n") S("250 ok\r\n") QUIT,
	  HELLO_LOG "+0\n"
		    "0 from a@x []\n"
		    "0 MAIL/0 550 5.1.8 no\n"
		    "-0 rejected 550 5.1.8 no\n"
		    "+1\n"
		    "1 from c@x []\n"
		    "1 MAIL/0 250 ok\n"
		    "-1 abandoned 221 bye\n"),
	D("mail refused pipelined",
	  HELLO C("MAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nDATA\r\n") S("550 no\r\n503 mail first\r\n503 rcpt first\r\n")
		  QUIT,
	  HELLO_LOG "+0\n"
		    "0 from a@x []\n"
		    "0 to/0 b@y\n"
		    "0 MAIL/0 550 no\n"
		    "0 RCPT/0 503 mail first\n"
		    "0 DATA/0 503 rcpt first\n"
		    "-0 rejected 503 rcpt first\n"),
	D("no recipient accepted",
	  HELLO C("MAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nDATA\r\n")
		  S("250 ok\r\n550 unknown\r\n554 no valid recipients\r\n") C("RSET\r\n") S("250 ok\r\n") QUIT,
	  HELLO_LOG "+0\n"
		    "0 from a@x []\n"
		    "0 to/0 b@y\n"
		    "0 MAIL/0 250 ok\n"
		    "0 RCPT/0 550 unknown\n"
		    "0 DATA/0 554 no valid recipients\n"
		    "-0 rejected 554 \n"),
	D("data refused then accepted",
	  HELLO C("MAIL FROM:<a@x>\r\n") S("250 ok\r\n") C("DATA\r\n") S("503 need RCPT\r\n") C("RCPT TO:<b@y>\r\n")
		  S("250 ok\r\n") DATA C("x\r\n.\r\n") QUEUED,
	  HELLO_LOG "+0\n"
		    "0 from a@x []\n"
		    "0 MAIL/0 250 ok\n"
		    "0 DATA/0 503 need RCPT\n"
		    "0 to/0 b@y\n"
		    "0 RCPT/0 250 ok\n"
		    "0 DATA/0 354 go\n"
		    "0 {\n"
		    "0 \"x\\r\\n\"\n"
		    "0 } dot\n" QUEUED_LOG),
	D("data refused and the text sent as commands",
	  HELLO C("DATA\r\n") S("503 need MAIL\r\n") C("Hello, Alice\r\n") S("500 what\r\n") C(".\r\n")
		  S("500 what\r\n") C("MAIL FROM:<a@x>\r\n") S("250 ok\r\n") QUIT,
	  HELLO_LOG "+0\n"
		    "0 from a@x []\n"
		    "0 MAIL/0 250 ok\n"
		    "-0 abandoned 221 bye\n"),
	D("data refused after the text was sent",
	  HELLO C("MAIL FROM:<a@x>\r\n") S("250 ok\r\n") C("DATA\r\nHello\r\n\r\nAlice\r\n.\r\nMAIL FROM:<c@x>\r\n")
		  S("554 no\r\n500 1\r\n500 2\r\n500 3\r\n500 4\r\n250 mail\r\n") QUIT,
	  HELLO_LOG "+0\n"
		    "0 from a@x []\n"
		    "0 MAIL/0 250 ok\n"
		    "0 {\n"
		    "0 \"Hello\\r\\n\\r\\nAlice\\r\\n\"\n"
		    "0 } dot\n"
		    "+1\n"
		    "1 from c@x []\n"
		    "0 DATA/0 554 no\n"
		    "-0 rejected 554 no\n"
		    "1 MAIL/0 250 mail\n"
		    "-1 abandoned 221 bye\n"),
	D("data refused inside the text",
	  HELLO MAIL C("DATA\r\nHello\r\nAl") S("554 no\r\n500 Hello\r\n") C("ice\r\nQUIT\r\n")
		  S("500 Alice\r\n221 bye\r\n"),
	  HELLO_LOG MAIL_LOG "0 {\n"
			     "0 \"Hello\\r\\nAl\"\n"
			     "0 DATA/0 554 no\n"
			     "0 } refused\n"
			     "-0 rejected 554 no\n"),
	D("data without mail accepted", HELLO C("DATA\r\n") S("354 OK\r\n") C("text\r\n.\r\n") QUEUED,
	  HELLO_LOG "+0\n"
		    "! no_mail 0\n"
		    "0 DATA/0 354 OK\n"
		    "0 {\n"
		    "0 \"text\\r\\n\"\n"
		    "0 } dot\n" QUEUED_LOG),
	D("data without mail refused after text",
	  HELLO C("DATA\r\ntext\r\n.\r\n") S("503 no\r\n500 1\r\n500 2\r\n") QUIT,
	  HELLO_LOG "+0\n"
		    "! no_mail 0\n"
		    "0 {\n"
		    "0 \"text\\r\\n\"\n"
		    "0 } dot\n"
		    "0 DATA/0 503 no\n"
		    "-0 rejected 503 no\n"),
	D("a go that nobody asked for", HELLO MAIL C("DATUM\r\n") S("354 go\r\n") C("text\r\n.\r\n") QUEUED QUIT,
	  HELLO_LOG MAIL_LOG "! reply_unexpected 0\n"
			     "0 DATA/0 354 go\n"
			     "0 {\n"
			     "0 \"text\\r\\n\"\n"
			     "0 } dot\n" QUEUED_LOG),
