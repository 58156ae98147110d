/* SPDX-License-Identifier: Apache-2.0 */
/* The dialogues of rs_smtp_test.c: name, script, and what must be called back. */
static const struct dialogue dialogues[] = {
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
	D("bdat", HELLO MAIL C("BDAT 5 LAST\r\n.\r\n.\n") QUEUED QUIT,
	  HELLO_LOG MAIL_LOG "0 {\n"
			     "0 \".\\r\\n.\\n\"\n"
			     "0 } last\n" QUEUED_LOG),
	D("bdat in chunks",
	  HELLO MAIL C("BDAT 6\r\nab\r\n.\r") S("250 6\r\n") C("BDAT 0\r\n") S("250 0\r\n") C("BDAT 3 last\r\n\n..")
		  QUEUED QUIT,
	  HELLO_LOG MAIL_LOG "0 {\n"
			     "0 \"ab\\r\\n.\\r\"\n"
			     "0 BDAT/0 250 6\n"
			     "0 BDAT/0 250 0\n"
			     "0 \"\\n..\"\n"
			     "0 } last\n" QUEUED_LOG),
	D("bdat pipelined",
	  HELLO C("MAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nBDAT 3\r\nabcBDAT 3\r\n\r\n.BDAT 0 LAST\r\nMAIL FROM:<>\r\nRCPT "
		  "TO:<c@y>\r\nBDAT 4 LAST\r\nQUITQUIT\r\n")
		  S("250 1\r\n250 2\r\n250 3\r\n250 4\r\n250 queued\r\n250 5\r\n250 6\r\n250 queued 2\r\n221 bye\r\n"),
	  HELLO_LOG "+0\n"
		    "0 from a@x []\n"
		    "0 to/0 b@y\n"
		    "0 {\n"
		    "0 \"abc\\r\\n.\"\n"
		    "0 } last\n"
		    "+1\n"
		    "1 from  []\n"
		    "1 to/0 c@y\n"
		    "1 {\n"
		    "1 \"QUIT\"\n"
		    "1 } last\n"
		    "0 MAIL/0 250 1\n"
		    "0 RCPT/0 250 2\n"
		    "0 BDAT/0 250 3\n"
		    "0 BDAT/0 250 4\n"
		    "0 CONTENT/0 250 queued\n"
		    "-0 accepted 250 queued\n"
		    "1 MAIL/0 250 5\n"
		    "1 RCPT/0 250 6\n"
		    "1 CONTENT/0 250 queued 2\n"
		    "-1 accepted 250 queued 2\n"),
	D("bdat refused",
	  HELLO MAIL C("BDAT 8\r\nMAIL") S("552 too big\r\n") C(" FROBDAT 4 LAST\r\nabcd") S("503 no\r\n") C("RSET\r\n")
		  S("250 ok\r\n") C("MAIL FROM:<>\r\n") S("250 ok\r\n") QUIT,
	  HELLO_LOG MAIL_LOG "0 {\n"
			     "0 \"MAIL\"\n"
			     "0 BDAT/0 552 too big\n"
			     "0 } refused\n"
			     "-0 rejected 552 too big\n"
			     "+1\n"
			     "1 from  []\n"
			     "1 MAIL/0 250 ok\n"
			     "-1 abandoned 221 bye\n"),
	D("bdat refused pipelined",
	  HELLO C("MAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nBDAT 3\r\nabcBDAT 3 LAST\r\ndef")
		  S("250 1\r\n550 2\r\n554 no\r\n554 no\r\n") QUIT,
	  HELLO_LOG "+0\n"
		    "0 from a@x []\n"
		    "0 to/0 b@y\n"
		    "0 {\n"
		    "0 \"abcdef\"\n"
		    "0 } last\n"
		    "0 MAIL/0 250 1\n"
		    "0 RCPT/0 550 2\n"
		    "0 BDAT/0 554 no\n"
		    "0 CONTENT/0 554 no\n"
		    "-0 rejected 554 no\n"),
	D("bdat last refused", HELLO MAIL C("BDAT 3 LAST\r\nabc") S("550 no\r\n") QUIT,
	  HELLO_LOG MAIL_LOG "0 {\n"
			     "0 \"abc\"\n"
			     "0 } last\n"
			     "0 CONTENT/0 550 no\n"
			     "-0 rejected 550 no\n"),
	D("bdat without mail", HELLO C("BDAT 2 LAST\r\nhi") QUEUED,
	  HELLO_LOG "+0\n"
		    "! no_mail 0\n"
		    "0 {\n"
		    "0 \"hi\"\n"
		    "0 } last\n" QUEUED_LOG),
	D("bdat invalid",
	  HELLO MAIL C("BDAT\r\n") S("501 a\r\n") C("BDAT x LAST\r\n") S("501 b\r\n") C("BDAT 99999999999999999999\r\n")
		  S("501 c\r\n") C("BDAT 5 FIRST\r\n") S("501 d\r\n") C("BDAT 1 LAST\r\nx") QUEUED,
	  HELLO_LOG MAIL_LOG "! bdat_invalid 0\n"
			     "0 {\n"
			     "0 \"x\"\n"
			     "0 } last\n" QUEUED_LOG),
	D("bdat given up by rset", HELLO MAIL C("BDAT 3\r\nabc") S("250 ok\r\n") C("RSET\r\n") S("250 reset\r\n") QUIT,
	  HELLO_LOG MAIL_LOG "0 {\n"
			     "0 \"abc\"\n"
			     "0 BDAT/0 250 ok\n"
			     "0 } aborted\n"
			     "-0 abandoned 250 reset\n"),
	D("data between chunks is refused",
	  HELLO MAIL C("BDAT 3\r\nabc") S("250 ok\r\n") C("DATA\r\n") S("503 no\r\n") C("BDAT 3 LAST\r\ndef") QUEUED,
	  HELLO_LOG MAIL_LOG "0 {\n"
			     "0 \"abc\"\n"
			     "0 BDAT/0 250 ok\n"
			     "0 DATA/0 503 no\n"
			     "0 \"def\"\n"
			     "0 } last\n" QUEUED_LOG),
	D("lmtp",
	  S("220 mx\r\n") C("LHLO c.example\r\n") S("250 OK\r\n")
		  C("MAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nRCPT TO:<c@y>\r\nRCPT TO:<d@y>\r\nDATA\r\n")
			  S("250 m\r\n250 b\r\n550 c\r\n250 d\r\n354 go\r\n") C("x\r\n.\r\nQUIT\r\n")
				  S("250 b queued\r\n452 d full\r\n221 bye\r\n"),
	  HELLO_LOG "+0\n"
		    "0 from a@x []\n"
		    "0 to/0 b@y\n"
		    "0 to/1 c@y\n"
		    "0 to/2 d@y\n"
		    "0 MAIL/0 250 m\n"
		    "0 RCPT/0 250 b\n"
		    "0 RCPT/1 550 c\n"
		    "0 RCPT/2 250 d\n"
		    "0 DATA/0 354 go\n"
		    "0 {\n"
		    "0 \"x\\r\\n\"\n"
		    "0 } dot\n"
		    "0 CONTENT/0 250 b queued\n"
		    "0 CONTENT/2 452 d full\n"
		    "-0 accepted 250 \n"),
	D("lmtp all refused",
	  S("220 mx\r\n") C("LHLO c.example\r\n") S("250 OK\r\n") MAIL C("BDAT 1 LAST\r\nx") S("550 no\r\n") QUIT,
	  HELLO_LOG MAIL_LOG "0 {\n"
			     "0 \"x\"\n"
			     "0 } last\n"
			     "0 CONTENT/0 550 no\n"
			     "-0 rejected 550 no\n"),
	D("auth login",
	  HELLO C("AUTH LOGIN\r\n") S("334 VXNlcm5hbWU6\r\n") C("c2VjcmV0\r\n") S("334 UGFzc3dvcmQ6\r\n")
		  C("c2VjcmV0\r\n") S("235 ok\r\n") MAIL,
	  HELLO_LOG MAIL_LOG "-0 unknown\n"),
	D("auth whose secret looks like a command",
	  HELLO C("AUTH LOGIN\r\n") S("334 VXNlcm5hbWU6\r\n") C("helo c2VjcmV0\r\n") S("334 UGFzc3dvcmQ6\r\n")
		  C("MAIL FROM:<c2VjcmV0>\r\n") S("535 no\r\n") QUIT,
	  HELLO_LOG),
	D("auth plain",
	  HELLO C("AUTH PLAIN c2VjcmV0\r\n") S("235 ok\r\n") C("AUTH PLAIN\r\n") S("334 \r\n") C("c2VjcmV0\r\n")
		  S("503 again\r\n") MAIL,
	  HELLO_LOG MAIL_LOG "-0 unknown\n"),
	D("auth cram cancelled",
	  HELLO C("AUTH CRAM-MD5\r\n") S("334 PDE4OTYu\r\n") C("*\r\n") S("501 cancelled c2VjcmV0\r\n") MAIL,
	  HELLO_LOG MAIL_LOG "-0 unknown\n"),
	D("auth before it is asked",
	  HELLO C("AUTH LOGIN\r\nc2VjcmV0\r\nc2VjcmV0\r\nMAIL FROM:<a@x>\r\n")
		  S("334 a\r\n334 b\r\n235 ok\r\n250 mail\r\n") QUIT,
	  HELLO_LOG "+0\n"
		    "0 from a@x []\n"
		    "0 MAIL/0 250 mail\n"
		    "-0 abandoned 221 bye\n"),
	D("auth refused before it was asked",
	  HELLO C("AUTH LOGIN\r\nc2VjcmV0\r\nc2VjcmV0\r\nMAIL FROM:<a@x>\r\n")
		  S("503 not here\r\n500 1\r\n500 2\r\n250 mail\r\n") QUIT,
	  HELLO_LOG "+0\n"
		    "0 from a@x []\n"
		    "0 MAIL/0 250 mail\n"
		    "-0 abandoned 221 bye\n"),
	D("auth seen from one side",
	  C("EHLO c.example\r\nAUTH LOGIN\r\nc2VjcmV0\r\nc2VjcmV0\r\nMAIL FROM:<a@x>\r\nRCPT "
	    "TO:<b@y>\r\nDATA\r\nhi\r\n.\r\nQUIT\r\n"),
	  HELLO_LOG "+0\n"
		    "0 from a@x []\n"
		    "0 to/0 b@y\n"
		    "0 {\n"
		    "0 \"hi\\r\\n\"\n"
		    "0 } dot\n"
		    "-0 unknown\n"),
	D("auth with a gap",
	  HELLO C("AUTH LOGIN\r\n") SGAP(18) C("c2VjcmV0\r\n") S("334 x\r\n") CGAP(3) C("c2VjcmV0\r\n") S("235 ok\r\n")
		  MAIL,
	  HELLO_LOG MAIL_LOG "-0 unknown\n"),
	D("starttls", HELLO C("STARTTLS\r\n") S("220 go\r\n") C("\x16\x03\x01\x02\x00\x01") S("\x16\x03\x03"),
	  HELLO_LOG "tls\n"),
	D("starttls refused", HELLO C("STARTTLS\r\n") S("454 not now\r\n") MAIL QUIT,
	  HELLO_LOG MAIL_LOG "-0 abandoned 221 bye\n"),
	D("starttls and on in clear",
	  HELLO C("STARTTLS\r\n") S("220 go\r\n") C("EHLO c.example\r\n") S("250 ok\r\n") MAIL QUIT,
	  HELLO_LOG "! clear_after_starttls\n"
		    "helo c.example\n"
		    "+0\n"
		    "0 from a@x []\n"
		    "0 MAIL/0 250 sok\n"
		    "0 to/0 b@y\n"
		    "0 RCPT/0 250 rok\n"
		    "-0 abandoned 221 bye\n"),
	D("starttls with a command behind", HELLO MAIL C("STARTTLS\r\nRSET\r\n") S("220 go\r\n") C("\x16\x03\x01"),
	  HELLO_LOG MAIL_LOG "-0 abandoned 220 go\n"
			     "! clear_after_starttls\n"
			     "tls\n"),
	D("tls from the first byte", C("\x16\x03\x01\x02\x00\x01\x00") S("\x16\x03\x03"), "tls\n"),
	D("no tls after all",
	  C("\x16\x03"
	    "EHLO x\r\n") S("220 mx\r\n") C("EHLO c.example\r\n") S("250 ok\r\n") MAIL,
	  HELLO_LOG MAIL_LOG "-0 unknown\n"),
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
	D("gap in the content", OPEN C("be\r\n") CGAP(100) C(".\r\nfore\r\n.\r\n") QUEUED,
	  OPEN_LOG "0 \"be\\r\\n\"\n"
		   "0 gap 100\n"
		   "0 \".\\r\\nfore\\r\\n\"\n"
		   "0 } dot\n" QUEUED_LOG),
	D("gap before the last dot", OPEN C("be\r\n") CGAP(100) C(".\r\n") QUEUED C("QUIT\r\n"),
	  OPEN_LOG "0 \"be\\r\\n\"\n"
		   "0 gap 100\n"
		   "0 } dot\n" QUEUED_LOG),
	D("gap before the last dot and a command", OPEN C("be\r\n") CGAP(100) C(".\r\nQUIT\r\n") QUEUED,
	  OPEN_LOG "0 \"be\\r\\n\"\n"
		   "0 gap 100\n"
		   "0 } dot\n" QUEUED_LOG),
	D("gap over the end", OPEN C("be\r\n") CGAP(100) QUEUED C("MAIL FROM:<c@x>\r\n") S("250 ok\r\n"),
	  OPEN_LOG "0 \"be\\r\\n\"\n"
		   "0 gap 100\n"
		   "0 } by-reply\n"
		   "0 CONTENT/0 250 queued\n"
		   "-0 accepted 250 queued\n"
		   "+1\n"
		   "1 from c@x []\n"
		   "1 MAIL/0 250 ok\n"
		   "-1 unknown\n"),
	D("gap over the end and its answer",
	  OPEN C("be\r\n") CGAP(100) C("MAIL FROM:<c@x>\r\n") SGAP(12) S("250 ok\r\n") C("RCPT TO:<d@y>\r\n") S("250 ok\r\n"),
	  OPEN_LOG "0 \"be\\r\\n\"\n"
		   "0 gap 100\n"
		   "0 } by-reply\n"
		   "-0 unknown\n"
		   "+1\n"
		   "1 from c@x []\n"
		   "1 MAIL/0 250 ok\n"
		   "1 to/0 d@y\n"
		   "1 RCPT/0 250 ok\n"
		   "-1 unknown\n"),
	D("gap over the end and all its answers",
	  OPEN C("be\r\n") CGAP(100) C("RSET\r\nMAIL FROM:<c@x>\r\nRCPT TO:<d@y>\r\nDATA\r\nx\r\n.\r\n") SGAP(60) QUEUED,
	  OPEN_LOG "0 \"be\\r\\n\"\n"
		   "0 gap 100\n"
		   "0 \"RSET\\r\\n\"\n"
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
	  OPEN C("be\r\n") CGAP(100) C("MAIL FROM:<c@x>\r\n") CGAP(5) C("o:<d@y>\r\nDATA\r\n") SGAP(60) S("354 go\r\n")
		  C("x\r\n.\r\n") QUEUED,
	  OPEN_LOG "0 \"be\\r\\n\"\n"
		   "0 gap 100\n"
		   "0 } by-reply\n"
		   "-0 unknown\n"
		   "+1\n"
		   "1 from c@x []\n"
		   "unread 1\n"
		   "1 {\n"
		   "1 DATA/0 354 go\n"
		   "1 \"x\\r\\n\"\n"
		   "1 } dot\n"
		   "1 CONTENT/0 250 queued\n"
		   "-1 accepted 250 queued\n"),
	D("gap in content that tells of mail",
	  OPEN C("be\r\n") CGAP(100) C("MAIL FROM:<c@x>\r\nRCPT TO:<d@y>\r\nthey wrote\r\nMail from: me\r\nMAIL FROM:<c@x") CGAP(5)
		  C("\r\nmail FROM:<e@x>\r\n.\r\n") QUEUED,
	  OPEN_LOG "0 \"be\\r\\n\"\n"
		   "0 gap 100\n"
		   "0 \"MAIL FROM:<c@x>\\r\\nRCPT TO:<d@y>\\r\\nthey wrote\\r\\nMail from: me\\r\\nMAIL FROM:<c@x\"\n"
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
	  OPEN C("be\r\n") CGAP(100) C("RCPT TO:<d@y>\r\n") SGAP(50) S("50 ok\r\n") C("BDAT 3 LAST\r\nx\r\n") QUEUED QUIT,
	  OPEN_LOG "0 \"be\\r\\n\"\n"
		   "0 gap 100\n"
		   "0 } by-reply\n"
		   "-0 unknown\n"
		   "+1\n"
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
		   "0 } bare\n"
		   "+1\n"
		   "1 from c@x []\n"
		   "1 to/0 d@y\n"
		   "1 {\n"
		   "1 \"smuggled\\r\\n\"\n"
		   "1 } dot\n"
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
		   "0 } bare\n" QUEUED_LOG),
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
		   "0 } bare\n" QUEUED_LOG),
	D("candidate right behind data", HELLO MAIL C("DATA\n.\r\nQUIT\r\n") S("354 go\r\n250 queued\r\n221 bye\r\n"),
	  HELLO_LOG MAIL_LOG "0 {\n"
			     "! end_bare_lf 0\n"
			     "0 } bare\n"
			     "0 DATA/0 354 go\n" QUEUED_LOG),
	D("candidate while data is unanswered and refused",
	  HELLO MAIL C("DATA\r\nx\n.\nRSET\r\nMAIL FROM:<c@x>\r\n")
		  S("554 no\r\n500 x\r\n500 dot\r\n250 rset\r\n250 mail\r\n") QUIT,
	  HELLO_LOG MAIL_LOG "0 {\n"
			     "0 \"x\\n\"\n"
			     "! end_bare_lf 0\n"
			     "0 } bare\n"
			     "+1\n"
			     "1 from c@x []\n"
			     "0 DATA/0 554 no\n"
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
};
