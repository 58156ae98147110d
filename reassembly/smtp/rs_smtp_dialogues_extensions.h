/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of rs_smtp_dialogues.h. BDAT, LMTP, AUTH, STARTTLS, TURN. */
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
	D("bdat beyond 64 bits", HELLO MAIL C("BDAT 18446744073709551621 LAST\r\nhello") QUEUED QUIT,
	  HELLO_LOG MAIL_LOG "0 {\n! bdat_invalid 0\n0 \"hello\"\n0 } last\n" QUEUED_LOG),
	D("bdat beyond 64 bits, refused",
	  HELLO MAIL C("BDAT 18446744073709551621\r\n") S("501 no\r\n") C("RSET\r\n") S("250 ok\r\n") MAIL C("BDAT 1 LAST\r\nx") QUEUED,
	  HELLO_LOG MAIL_LOG "0 {\n! bdat_invalid 0\n0 BDAT/0 501 no\n0 } refused\n-0 rejected 501 no\n" "+1\n1 from a@x []\n"
			     "1 MAIL/0 250 sok\n1 to/0 b@y\n1 RCPT/0 250 rok\n1 {\n1 \"x\"\n1 } last\n1 CONTENT/0 250 queued\n"
			     "-1 accepted 250 queued\n"),
	D("bdat beyond 64 bits, refused as the last",
	  HELLO MAIL C("BDAT 18446744073709551621 LAST\r\n") S("501 no\r\n") C("RSET\r\n") S("250 ok\r\n") MAIL C("BDAT 1 LAST\r\nx") QUEUED,
	  HELLO_LOG MAIL_LOG "0 {\n! bdat_invalid 0\n0 } refused\n0 CONTENT/0 501 no\n-0 rejected 501 no\n" "+1\n1 from a@x []\n"
			     "1 MAIL/0 250 sok\n1 to/0 b@y\n1 RCPT/0 250 rok\n1 {\n1 \"x\"\n1 } last\n1 CONTENT/0 250 queued\n"
			     "-1 accepted 250 queued\n"),
	D("bdat that nobody can count, taken", HELLO MAIL C("BDAT x LAST\r\n") S("250 ok\r\n") QUIT,
	  HELLO_LOG MAIL_LOG "! bdat_invalid 0\nunread 0\n0 CONTENT/0 250 ok\n-0 accepted 250 ok\n"),
	D("bdat that nobody can count and that is not the last, taken", HELLO MAIL C("BDAT x\r\n") S("250 ok\r\n") QUIT,
	  HELLO_LOG MAIL_LOG "! bdat_invalid 0\nunread 0\n-0 abandoned 221 bye\n"),
	D("bdat that nobody can count, taken, and another message",
	  HELLO MAIL C("BDAT 2\r\nab") S("250 ok\r\n") C("BDAT -1 last\r\n") S("250 ok\r\n") MAIL C("BDAT 1 LAST\r\nx") QUEUED,
	  HELLO_LOG MAIL_LOG "0 {\n0 \"ab\"\n0 BDAT/0 250 ok\n! bdat_invalid 0\nunread 0\n0 } by-reply\n0 CONTENT/0 250 ok\n"
			     "-0 accepted 250 ok\n+1\n1 from a@x []\n1 MAIL/0 250 sok\n1 to/0 b@y\n1 RCPT/0 250 rok\n1 {\n1 \"x\"\n"
			     "1 } last\n1 CONTENT/0 250 queued\n-1 accepted 250 queued\n"),
	D("bdat that nobody can count, taken when another message had been sent",
	  HELLO MAIL C("BDAT LAST\r\nMAIL FROM:<c@x>\r\nRCPT TO:<d@y>\r\nBDAT 1 LAST\r\nx")
		  S("250 ok\r\n250 sok\r\n250 rok\r\n250 queued\r\n") QUIT,
	  HELLO_LOG MAIL_LOG "! bdat_invalid 0\n+1\n1 from c@x []\n0 to/1 d@y\n0 {\n0 \"x\"\n0 } last\nunread 0\nunread 1\n"
			     "1 MAIL/0 250 sok\n0 RCPT/1 250 rok\n0 CONTENT/0 250 queued\n-0 accepted 250 queued\n"
			     "-1 abandoned 221 bye\n"),
	D("a chunk refused when content of data is under way, and that too",
	  HELLO MAIL C("BDAT 3\r\nabcDATA\r\nx\r\n") S("500 chunk\r\n500 data\r\n") C("NOOP\r\n"), HELLO_LOG MAIL_LOG "0 {\n0 \"abcx\\r\\n\"\n0 BDAT/0 500 chunk\n0 } refused\n0 DATA/0 500 data\n-0 rejected 500 data\n"),
	D("a chunk refused when content of data is under way, which is taken",
	  HELLO MAIL C("BDAT 3\r\nabcDATA\r\nx\r\n") S("500 chunk\r\n354 go\r\n") C("y\r\n.\r\n") S("250 queued\r\n"), HELLO_LOG MAIL_LOG "0 {\n0 \"abcx\\r\\n\"\n0 BDAT/0 500 chunk\n0 } refused\n+1\n! no_mail 1\nunread 1\n1 DATA/0 354 go\n1 {\n"
			     "1 \"y\\r\\n\"\n1 } dot\n1 CONTENT/0 250 queued\n-1 accepted 250 queued\n-0 rejected 500 \n"),
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
	D("turn", HELLO C("TURN\r\n") S("250 ok\r\n") C("220 client\r\n") S("EHLO s.example\r\n") C("250 ok\r\n")
		  S("MAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nDATA\r\n") C("250 sok\r\n250 rok\r\n354 go\r\n") S("x\r\n.\r\n") C("250 queued\r\n")
			  S("QUIT\r\n") C("221 bye\r\n"),
	  HELLO_LOG
	  "! turn\nturn\nhelo s.example\n+0\n0 from a@x []\n0 to/0 b@y\n0 MAIL/0 250 sok\n"
	  "0 RCPT/0 250 rok\n0 DATA/0 354 go\n0 {\n0 \"x\\r\\n\"\n0 } dot\n" QUEUED_LOG),
	D("atrn behind a message, and back", OPEN C("be\r\n.\r\n") QUEUED C("atrn d.example,e.example\r\n") S("250 now\r\nEHLO s.example\r\n")
		  C("220 client\r\n250 ok\r\n") S("TURN\r\n") C("250 ok\r\n") S("220 mx\r\n") C("MAIL FROM:<c@x>\r\n") S("250 sok\r\n") QUIT,
	  OPEN_LOG
	  "0 \"be\\r\\n\"\n0 } dot\n" QUEUED_LOG
	  "! turn\nturn\nhelo s.example\n! turn\nturn\n+1\n1 from c@x []\n1 MAIL/0 250 sok\n"
	  "-1 abandoned 221 bye\n"),
	D("turn refused", HELLO C("TURN\r\n") S("502 no\r\n") C("ATRN\r\n") S("453 no mail\r\n") MAIL QUIT,
	  HELLO_LOG MAIL_LOG
	  "-0 abandoned 221 bye\n"),
	D("atrn in a transaction, and cut off", HELLO MAIL C("ATRN\r\n") S("250 ok\r\n") C("220 client\r\n") S("MAIL FROM:<c@x>\r\n"),
	  HELLO_LOG MAIL_LOG
	  "! turn 0\nturn\n-0 unknown\n+1\n1 from c@x []\n-1 unknown\n"),
	D("etrn changes nothing", HELLO C("ETRN @d.example\r\n") S("250 ok\r\n") MAIL QUIT,
	  HELLO_LOG MAIL_LOG
	  "-0 abandoned 221 bye\n"),
	D("bytes are missing behind atrn", HELLO C("ATRN\r\n") S("250 ok\r\n") C("220 client\r\n") S("EHLO s.example\r\n") C("250 ok\r\n")
		  S("MAIL FROM:<a@x>\r\n") C("250 sok\r\n") S("DATA\r\n") C("354 go\r\n") SGAP(10) S("x\r\n.\r\n") C("250 queued\r\n"),
	  HELLO_LOG
	  "! turn\nturn\nhelo s.example\n+0\n0 from a@x []\n0 MAIL/0 250 sok\n0 DATA/0 354 go\n0 {\n"
	  "0 gap 10\n0 \"x\\r\\n\"\n0 } dot\n" QUEUED_LOG),
	D("xclient and xforward", HELLO C("XCLIENT NAME=a ADDR=192.0.2.7\r\n") S("220 mx\r\n") C("EHLO c.example\r\n") S("250 ok\r\n")
		  C("XFORWARD NAME=b\r\nXFORWARD ADDR=192.0.2.8\r\n") S("250 1\r\n250 2\r\n") MAIL QUIT,
	  HELLO_LOG
	  "xclient \"NAME=a ADDR=192.0.2.7\"\nhelo c.example\nxforward \"NAME=b\"\n"
	  "xforward \"ADDR=192.0.2.8\"\n+0\n0 from a@x []\n0 MAIL/0 250 sok\n0 to/0 b@y\n0 RCPT/0 250 rok\n"
	  "-0 abandoned 221 bye\n"),
	D("xclient refused", HELLO C("XCLIENT NAME=a\r\n") S("550 no\r\n") C("XFORWARD NAME=b\r\n") S("503 no\r\n") MAIL QUIT,
	  HELLO_LOG
	  "xclient \"NAME=a\"\nxclient \"\"\nxforward \"NAME=b\"\nxforward \"\"\n+0\n0 from a@x []\n"
	  "0 MAIL/0 250 sok\n0 to/0 b@y\n0 RCPT/0 250 rok\n-0 abandoned 221 bye\n"),
