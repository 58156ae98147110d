/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/smtp/rs_smtp.h"

const char *rs_smtp_verb_name(enum rs_smtp_verb v)
{
	static const char *const names[RS_VERB_MAX] = {
		[RS_VERB_UNKNOWN] = "UNKNOWN",   [RS_VERB_HELO] = "HELO",     [RS_VERB_EHLO] = "EHLO",
		[RS_VERB_LHLO] = "LHLO",         [RS_VERB_MAIL] = "MAIL",     [RS_VERB_RCPT] = "RCPT",
		[RS_VERB_DATA] = "DATA",         [RS_VERB_BDAT] = "BDAT",     [RS_VERB_RSET] = "RSET",
		[RS_VERB_NOOP] = "NOOP",         [RS_VERB_QUIT] = "QUIT",     [RS_VERB_VRFY] = "VRFY",
		[RS_VERB_EXPN] = "EXPN",         [RS_VERB_HELP] = "HELP",     [RS_VERB_AUTH] = "AUTH",
		[RS_VERB_STARTTLS] = "STARTTLS", [RS_VERB_ETRN] = "ETRN",     [RS_VERB_XCLIENT] = "XCLIENT",
		[RS_VERB_XFORWARD] = "XFORWARD", [RS_VERB_XEXCH50] = "XEXCH50",
		[RS_VERB_TURN] = "TURN",         [RS_VERB_BANNER] = "BANNER", [RS_VERB_CONTENT] = "CONTENT",
	};
	return (unsigned)v < RS_VERB_MAX ? names[v] : "UNKNOWN";
}

const char *rs_smtp_anomaly_name(enum rs_smtp_anomaly a)
{
	static const char *const names[RS_SMTP_ANOMALY_MAX] = {
		[RS_SMTP_END_BARE_LF] = "smtp.end_bare_lf",
		[RS_SMTP_END_BARE_CR] = "smtp.end_bare_cr",
		[RS_SMTP_COMMAND_TOO_LONG] = "smtp.command_too_long",
		[RS_SMTP_REPLY_TOO_LONG] = "smtp.reply_too_long",
		[RS_SMTP_REPLY_INVALID] = "smtp.reply_invalid",
		[RS_SMTP_REPLY_UNEXPECTED] = "smtp.reply_unexpected",
		[RS_SMTP_PIPELINE_LIMIT] = "smtp.pipeline_limit",
		[RS_SMTP_BDAT_INVALID] = "smtp.bdat_invalid",
		[RS_SMTP_CLEAR_AFTER_STARTTLS] = "smtp.clear_after_starttls",
		[RS_SMTP_NO_MAIL] = "smtp.no_mail",
		[RS_SMTP_BLOCK_LIMIT] = "smtp.block_limit",
		[RS_SMTP_END_NUL] = "smtp.end_nul",
		[RS_SMTP_SMUGGLED] = "smtp.smuggled",
		[RS_SMTP_TURN] = "smtp.turn",
	};
	return (unsigned)a < RS_SMTP_ANOMALY_MAX ? names[a] : "smtp.unknown";
}
