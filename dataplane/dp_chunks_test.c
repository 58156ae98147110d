/* SPDX-License-Identifier: Apache-2.0 */
/* BDAT whose number servers count in different ways (RFC 3030 2 sets no bound): what one of them may have taken is no clean message. */
#include "dataplane/dp_made.h"

struct number { /* in decimal, of any length */
	char digits[80];
};

static struct number plus(const char *base, size_t n)
{
	struct number sum;
	size_t len = strlen(base);
	assert_true(len + 2 < sizeof sum.digits);
	memcpy(sum.digits + 1, base, len + 1);
	sum.digits[0] = '0';
	for (size_t i = len; n; i--) {
		n += (size_t)(sum.digits[i] - '0');
		sum.digits[i] = (char)('0' + n % 10);
		n /= 10;
	}
	if (sum.digits[0] == '0')
		memmove(sum.digits, sum.digits + 1, len + 1);
	return sum;
}

#define EXP31 "2147483648"
#define EXP32 "4294967296"
#define EXP63 "9223372036854775808"
#define EXP64 "18446744073709551616"
#define EXP65 "36893488147419103232"
#define EXP128 "340282366920938463463374607431768211456"

/* A message in one chunk, which the server takes or refuses; then another one, by DATA. The client waits for answers, or not. */
struct story {
	const char *number; /* that of the chunk is as much more as it has bytes; or something before that */
	bool bad_first, last, taken, flight;
	size_t mss;
};

static void say_in(struct dp_test *t, struct dp_test_conn *c, const struct dp_text *text, size_t mss)
{
	for (size_t at = 0; at < text->n; at += mss)
		dp_test_bytes(t, c, 0, text->p + at, text->n - at < mss ? text->n - at : mss);
}

static void chunk(struct dp_test *t, struct dp_test_conn *c, const struct story *s, const struct dp_text *mail)
{
	struct dp_text said = { 0 };
	const bool digits = s->number[0] >= '0' && s->number[0] <= '9';
	struct number n;
	const char *then = !s->taken ? "RSET\r\n" : s->last ? "" : "BDAT 0 LAST\r\n";
	if (digits)
		n = plus(s->number, mail->n);
	else
		snprintf(n.digits, sizeof n.digits, "%s%zu", s->number, mail->n);
	dp_text_printf(&said, "BDAT %s%s\r\n", n.digits, s->last ? " LAST" : "");
	if (s->taken)
		dp_text_put(&said, mail->p, mail->n);
	if (s->flight)
		dp_text_printf(&said, "%s", then);
	say_in(t, c, &said, s->mss);
	dp_test_say(t, c, 1, s->taken ? "250 ok\r\n" : "501 no\r\n");
	if (!s->flight && *then)
		dp_test_say(t, c, 0, then);
	if (*then)
		dp_test_say(t, c, 1, "250 ok\r\n");
	dp_text_free(&said);
}

static void tell(struct dp_test *t, const struct story *s)
{
	struct dp_test_conn c = dp_test_conn(1);
	struct dp_text bad = { 0 }, good = { 0 };
	dp_made_infected(&bad);
	dp_made_mail(&good, "nothing in it", 13);
	dp_test_begin(t);
	dp_test_greet(t, &c);
	dp_test_say(t, &c, 0, "MAIL FROM:<anna@example.org>\r\nRCPT TO:<bela@example.com>\r\n");
	dp_test_say(t, &c, 1, "250 ok\r\n250 ok\r\n");
	chunk(t, &c, s, s->bad_first ? &bad : &good);
	dp_test_deliver(t, &c, s->bad_first ? &good : &bad);
	dp_test_fins(t, &c);
	dp_text_free(&bad);
	dp_text_free(&good);
}

static struct story nth(const char *number, unsigned i)
{
	static const size_t mss[] = { 1460, 7, 1 };
	return (struct story){ .number = number, .bad_first = i & 1, .last = i & 2, .taken = i & 4, .flight = i & 8, .mss = mss[i / 16] };
}
#define STORIES (16 * 3)

/* Servers that do not look whether the number fits take what is left of it in 64 bits: so much is read as the chunk. Others take more:
 * the message is no clean one. The next one is as if there had been none before. */
static void test_what_is_left_in_64_bits(void **state)
{
	(void)state;
	static const char *const numbers[] = { EXP64, EXP65, EXP128 };
	for (unsigned k = 0; k < sizeof numbers / sizeof *numbers; k++)
		for (unsigned i = 0; i < STORIES; i++) {
			struct dp_test t;
			const struct story s = nth(numbers[k], i);
			tell(&t, &s);
			assert_int_equal(dp_test_count(&t, CT_MESSAGE), 2);
			dp_test_verdict(&t, 0, s.taken && s.bad_first ? CT_INFECTED : CT_UNSCANNED, CT_REASON_MALFORMED, s.taken);
			dp_test_verdict(&t, 1, s.bad_first ? CT_CLEAN : CT_INFECTED, CT_REASON_NONE, true);
			const enum ct_delivered first = dp_test_nth(&t, CT_MESSAGE, 0)->rec.u.message.delivered;
			assert_int_equal(first, s.taken ? CT_DELIVERED_YES : CT_DELIVERED_NO);
			dp_test_close(&t);
		}
}

/* Numbers of which nobody here knows what a server makes that takes them. */
static void test_nobody_knows(void **state)
{
	(void)state;
	static const char *const numbers[] = { EXP31, EXP32, EXP63, "x", "-", "+" };
	for (unsigned k = 0; k < sizeof numbers / sizeof *numbers; k++)
		for (unsigned i = 0; i < STORIES; i++) {
			struct dp_test t;
			const struct story s = nth(numbers[k], i);
			unsigned infected = 0, unscanned = 0;
			tell(&t, &s);
			assert_true(dp_test_count(&t, CT_MESSAGE) >= 2);
			for (size_t m = 0; m < dp_test_count(&t, CT_MESSAGE); m++) {
				const struct ct_message *is = &dp_test_nth(&t, CT_MESSAGE, m)->rec.u.message;
				infected += is->verdict == CT_INFECTED;
				unscanned += is->verdict == CT_UNSCANNED;
				/* What the server took is read, or said not to be. */
				if (s.taken && is->delivered == CT_DELIVERED_YES && is->verdict == CT_CLEAN)
					assert_true(s.bad_first && m > 0);
			}
			assert_true(s.bad_first ? !s.taken || infected + unscanned > 0 : infected == 1);
			dp_test_close(&t);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_left_in_64_bits),
		cmocka_unit_test(test_nobody_knows),
	};
	return cmocka_run_group_tests_name("dp_chunks", tests, dp_test_eal, dp_test_eal_stop);
}
