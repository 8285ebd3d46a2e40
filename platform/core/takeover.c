#include "platform/core/takeover.h"

#include <jansson.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libs/base/bytes.h"
#include "platform/core/json_out.h"
#include "platform/core/sheet_import.h"
#include "platform/sheet/number.h"
#include "platform/store/info.h"

#define BEGIN_MARK "-----BEGIN WATTLE TAKE-OVER REPORT-----\n"
#define END_MARK   "-----END WATTLE TAKE-OVER REPORT-----\n"
#define TEXT_SIZE  (3 * TAKEOVER_BODY_SIZE)

/* ---- the hash of stored rows ---- */

struct hashing {
	crypto_hash_sha256_state state;
};

static enum err on_bytes(void *arg, const void *bytes, size_t len)
{
	struct hashing *hashing = arg;

	crypto_hash_sha256_update(&hashing->state, bytes, len);
	return ERR_NONE;
}

enum err takeover_hash(struct takeover_sheet *sheet, char hash[SHEET_HASH_TEXT])
{
	uint8_t digest[crypto_hash_sha256_BYTES];
	struct hashing hashing;
	struct sheet_output output = {
	        .format = SHEET_CSV, .write = on_bytes, .arg = &hashing, .raw = true};
	enum err err, end;

	crypto_hash_sha256_init(&hashing.state);
	output.offset_s = (int32_t)(sheet->property->utc_offset_min * 60);
	err = sheet_writer_new(&sheet->writer, &output);
	if (err)
		return err;
	err = takeover_put(sheet, SHEET_KEYS, true);
	end = sheet_writer_end(sheet->writer);
	sheet->writer = NULL;
	crypto_hash_sha256_final(&hashing.state, digest);
	hex_encode(digest, sizeof digest, hash);
	return err ? err : end;
}

/* ---- making a report ---- */

static void body_write(struct json_out *body, const struct sheet_job_row *job,
                       const struct takeover_sheet *sheet, const char *hash, uint64_t epoch,
                       int64_t now_ms)
{
	char store[17];

	snprintf(store, sizeof store, "%016llx", (unsigned long long)epoch);
	out_object(body, NULL);
	out_text(body, "form", "wattle-takeover-1");
	out_text(body, "store", store);
	out_text(body, "property", sheet->property->slug);
	out_text(body, "property_name", sheet->property->name);
	out_int(body, "import", job->job_id);
	out_int(body, "rows", sheet->rows);
	out_int(body, "balance_fen", sheet->balance_fen);
	out_int(body, "register_milli", sheet->register_milli);
	out_text(body, "rows_sha256", hash);
	out_text(body, "agreed_sha256", job->hash);
	out_text(body, "asked_by", job->by_name);
	out_text(body, "agreed_by", job->agreed_name);
	out_text(body, "reason", job->reason);
	out_time_s(body, "taken_over_at", now_ms / 1000);
	out_object_end(body);
}

enum err takeover_finish(struct sheet_run *run, const struct sheet_job_row *job)
{
	struct takeover_sheet sheet = {
	        .db = run->tx->db, .property = run->property, .job_id = job->job_id};
	struct takeover_report report = {.property_id = job->property_id,
	                                 .job_id = job->job_id,
	                                 .created_s = run->now_ms / 1000};
	char hash[SHEET_HASH_TEXT];
	struct json_out body;
	uint64_t epoch = 0;
	enum err err = takeover_hash(&sheet, hash);

	if (!err)
		err = info_epoch(run->tx->db, &epoch);
	if (err)
		return err;
	json_out_init(&body);
	body_write(&body, job, &sheet, hash, epoch, run->now_ms);
	if (body.failed)
		err = ERR_NOMEM;
	else if (body.len >= sizeof report.body)
		err = ERR_TOO_LONG;
	else
		memcpy(report.body, body.data, body.len);
	json_out_free(&body);
	if (!err)
		err = sign_text(run->tx, report.body, run->now_ms, report.signature);
	return err ? err : takeover_report_insert(run->tx->db, &report);
}

/* ---- taking it back ---- */

enum err takeover_void_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct takeover_void *request = arg;
	char object[64], detail[64];
	struct takeover_report report;
	enum err err;

	(void)out;
	err = takeover_report_get(tx->db, request->property_id, request->job_id, &report);
	if (!err)
		err = sheet_rights(tx, &request->actor, &sheet_kind_takeover, request->property_id,
		                   now_ms);
	if (err)
		return err;
	if (!request->actor.reason[0])
		return ERR_BAD_INPUT;
	err = takeover_move(tx->db, request->property_id, request->job_id, TAKEOVER_STAGED,
	                    TAKEOVER_VOID, &request->count);
	if (err)
		return err;
	if (!request->count)
		return ERR_REFUSED;
	snprintf(object, sizeof object, "import %lld", (long long)request->job_id);
	snprintf(detail, sizeof detail, "%lld rows", (long long)request->count);
	return audit_note(tx, &request->actor, request->property_id, "takeover.void", object,
	                  detail, now_ms);
}

/* ---- the text ---- */

struct text {
	char *data;
	size_t len;
};

PRINTF_LIKE(2, 3)

static void add(struct text *text, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text->data + text->len, TEXT_SIZE - text->len, format, args);
	va_end(args);
	text->len += n > 0 ? (size_t)n : 0;
	if (text->len > TEXT_SIZE - 1)
		text->len = TEXT_SIZE - 1;
}

static const char *string_of(json_t *body, const char *name)
{
	const char *text = json_string_value(json_object_get(body, name));

	return text ? text : "";
}

static void number_of(json_t *body, const char *name, unsigned decimals,
                      char text[SHEET_NUMBER_SIZE])
{
	sheet_number_format(json_integer_value(json_object_get(body, name)), decimals, text);
}

static void lines(struct text *text, json_t *body)
{
	char balance[SHEET_NUMBER_SIZE], reading[SHEET_NUMBER_SIZE], rows[SHEET_NUMBER_SIZE],
	        import[SHEET_NUMBER_SIZE];

	number_of(body, "balance_fen", 2, balance);
	number_of(body, "register_milli", 3, reading);
	number_of(body, "rows", 0, rows);
	number_of(body, "import", 0, import);
	add(text, "旧系统切换报告\nTake-over report\n\n");
	add(text, "物业 Property: %s (%s)\n", string_of(body, "property_name"),
	    string_of(body, "property"));
	add(text, "导入编号 Import: %s\n", import);
	add(text, "切换时间 Taken over at: %s\n", string_of(body, "taken_over_at"));
	add(text, "户数 Rows: %s\n", rows);
	add(text, "余额合计 Sum of balances: %s 元 yuan\n", balance);
	add(text, "表底合计 Sum of registers: %s\n", reading);
	add(text, "明细 SHA-256 of the rows: %s\n", string_of(body, "rows_sha256"));
	add(text, "经办人 Asked for by: %s\n", string_of(body, "asked_by"));
	add(text, "复核人 Agreed to by: %s\n", string_of(body, "agreed_by"));
	add(text, "事由 Reason: %s\n\n", string_of(body, "reason"));
	add(text, "以下由系统签名, 请勿改动; 用 wattle takeover verify 核验。\n");
	add(text, "What follows is signed; `wattle takeover verify` checks it.\n");
}

enum err takeover_text(const struct takeover_report *report, char **out)
{
	struct text text = {.data = calloc(1, TEXT_SIZE)};
	json_t *body = json_loads(report->body, 0, NULL);

	*out = text.data;
	if (!text.data || !body) {
		free(text.data);
		*out = NULL;
		json_decref(body);
		return body ? ERR_NOMEM : ERR_DAMAGED;
	}
	lines(&text, body);
	json_decref(body);
	add(&text, BEGIN_MARK "%s\n%s\n" END_MARK, report->body, report->signature);
	return ERR_NONE;
}

/* ---- verifying ---- */

/* The signed part of a report file: two lines between its marks. */
static bool take_signed(const char *text, struct takeover_report *report)
{
	const char *at = strstr(text, BEGIN_MARK), *line_end;

	if (!at)
		return false;
	at += strlen(BEGIN_MARK);
	line_end = strchr(at, '\n');
	if (!line_end || (size_t)(line_end - at) >= sizeof report->body)
		return false;
	memcpy(report->body, at, (size_t)(line_end - at));
	at = line_end + 1;
	line_end = strchr(at, '\n');
	if (!line_end || (size_t)(line_end - at) >= sizeof report->signature)
		return false;
	memcpy(report->signature, at, (size_t)(line_end - at));
	return true;
}

/* Nobody may add a friendlier figure above the signed part. */
static bool text_is_ours(const char *text, const struct takeover_report *report)
{
	char *again;
	bool same;

	if (takeover_text(report, &again))
		return false;
	same = strcmp(text, again) == 0;
	free(again);
	return same;
}

static enum err compare_rows(struct db *db, json_t *body, struct takeover_report *report,
                             bool *same)
{
	struct property_row property;
	struct takeover_sheet sheet = {.db = db, .property = &property};
	char hash[SHEET_HASH_TEXT];
	enum err err = property_by_slug(db, string_of(body, "property"), &property);

	*same = false;
	if (err)
		return err == ERR_NOT_FOUND ? ERR_NONE : err;
	sheet.job_id = report->job_id = json_integer_value(json_object_get(body, "import"));
	report->property_id = property.property_id;
	err = takeover_hash(&sheet, hash);
	*same = !err && strcmp(hash, string_of(body, "rows_sha256")) == 0 &&
	        sheet.rows == json_integer_value(json_object_get(body, "rows")) &&
	        sheet.balance_fen == json_integer_value(json_object_get(body, "balance_fen")) &&
	        sheet.register_milli == json_integer_value(json_object_get(body, "register_milli"));
	return err;
}

enum err takeover_verify(struct db *db, const char *text, enum takeover_verdict *verdict,
                         struct takeover_report *report)
{
	enum sign_verdict signature;
	json_t *body;
	bool same = false;
	enum err err;

	memset(report, 0, sizeof *report);
	*verdict = TAKEOVER_NO_REPORT;
	if (!take_signed(text, report))
		return ERR_NONE;
	*verdict = TAKEOVER_CHANGED;
	err = sign_verify(db, report->body, report->signature, &signature);
	if (err || signature == SIGN_BAD || !text_is_ours(text, report))
		return err;
	*verdict = TAKEOVER_FOREIGN;
	if (signature == SIGN_FOREIGN)
		return ERR_NONE;
	body = json_loads(report->body, 0, NULL);
	if (body)
		err = compare_rows(db, body, report, &same);
	json_decref(body);
	*verdict = same ? TAKEOVER_GOOD : TAKEOVER_ROWS_DIFFER;
	return err;
}
