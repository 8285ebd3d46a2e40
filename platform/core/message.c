#include "platform/core/message.h"

#include <stdio.h>
#include <string.h>

#include "platform/core/change.h"

const char *const message_channels[] = {"sms", "wechat", "app", NULL};
const char *const message_langs[] = {"zh-CN", "en", NULL};

static const struct {
	const char *name, *zh, *en;
} examples[] = {
        {"property",  "示例广场",     "Sample Plaza"    },
        {"place",     "A 座 3 层 301",  "A/3/301"         },
        {"account",   "100017",           "100017"          },
        {"customer",  "张先生",        "Mr Zhang"        },
        {"balance",   "86.40",            "86.40"           },
        {"amount",    "100.00",           "100.00"          },
        {"days_left", "9.6",              "9.6"             },
        {"time",      "2026-11-24 18:00", "2026-11-24 18:00"},
        {"until",     "2026-11-24 20:00", "2026-11-24 20:00"},
        {"order",     "202611240001",     "202611240001"    },
        {"phone",     "0571-88886666",    "0571-88886666"   },
        {"price_old", "0.6000",           "0.6000"          },
        {"price_new", "0.6500",           "0.6500"          },
        {"gateway",   "gw-1",             "gw-1"            },
        {"supply",    MESSAGE_STAYS_ZH,   MESSAGE_STAYS_EN  },
};

const struct message_kind *message_kind_find(const char *word)
{
	for (size_t i = 0; message_kinds[i].word; i++)
		if (strcmp(message_kinds[i].word, word) == 0)
			return &message_kinds[i];
	return NULL;
}

static bool is_one_of(const char *const *words, const char *word)
{
	for (; *words; words++)
		if (strcmp(*words, word) == 0)
			return true;
	return false;
}

bool message_lang_valid(const char *lang)
{
	return is_one_of(message_langs, lang);
}

bool message_channel_valid(const char *channel)
{
	return is_one_of(message_channels, channel);
}

/* ---- reading a template ---- */

enum piece_kind { PIECE_END, PIECE_TEXT, PIECE_FIELD, PIECE_BROKEN };

struct piece {
	enum piece_kind kind;
	const char *text;
	size_t len;
};

/* The next piece at *at, which moves behind it. A doubled brace is a text of one. */
static struct piece next_piece(const char **at)
{
	struct piece piece = {.text = *at};

	if (!**at)
		return piece;
	if (**at == '{' || **at == '}') {
		if ((*at)[1] == **at) {
			piece = (struct piece){PIECE_TEXT, *at, 1};
			*at += 2;
			return piece;
		}
		piece.text = *at + 1;
		piece.len = strcspn(piece.text, "{}");
		piece.kind =
		        **at == '{' && piece.text[piece.len] == '}' ? PIECE_FIELD : PIECE_BROKEN;
		*at = piece.text + piece.len + (piece.kind == PIECE_FIELD);
		return piece;
	}
	piece.kind = PIECE_TEXT;
	piece.len = strcspn(*at, "{}");
	*at += piece.len;
	return piece;
}

static bool has_field(const char *fields, const char *name, size_t len)
{
	while (*fields) {
		size_t n = strcspn(fields, " ");

		if (n == len && memcmp(fields, name, n) == 0)
			return n > 0;
		fields += n + (fields[n] == ' ');
	}
	return false;
}

bool template_check(const struct message_kind *kind, const char *body, char bad[MESSAGE_FIELD_SIZE])
{
	for (struct piece piece = next_piece(&body); piece.kind != PIECE_END;
	     piece = next_piece(&body)) {
		if (piece.kind == PIECE_BROKEN) {
			snprintf(bad, MESSAGE_FIELD_SIZE, "{");
			return false;
		}
		if (piece.kind == PIECE_FIELD && !has_field(kind->fields, piece.text, piece.len)) {
			char name[4 * MESSAGE_FIELD_SIZE];

			snprintf(name, sizeof name, "%.*s", (int)piece.len, piece.text);
			utf8_copy(bad, MESSAGE_FIELD_SIZE, name);
			return false;
		}
	}
	return true;
}

static bool append(char *to, size_t size, size_t *used, const char *text, size_t len)
{
	bool fits = *used + len < size;

	if (!fits)
		len = size - 1 - *used;
	memcpy(to + *used, text, len);
	*used += len;
	to[*used] = '\0';
	return fits;
}

bool template_render(const char *body, template_value_fn get, void *arg, char *to, size_t size)
{
	size_t used = 0;
	bool fits = true;

	to[0] = '\0';
	for (struct piece piece = next_piece(&body); fits && piece.kind != PIECE_END;
	     piece = next_piece(&body)) {
		char name[MESSAGE_FIELD_SIZE];
		const char *value;

		if (piece.kind == PIECE_TEXT) {
			fits = append(to, size, &used, piece.text, piece.len);
			continue;
		}
		snprintf(name, sizeof name, "%.*s", (int)piece.len, piece.text);
		value = piece.kind == PIECE_FIELD ? get(arg, name) : "";
		fits = append(to, size, &used, value, strlen(value));
	}
	return fits;
}

static const char *example_value(void *arg, const char *name)
{
	const char *lang = arg;

	for (size_t i = 0; i < ARRAY_SIZE(examples); i++)
		if (strcmp(examples[i].name, name) == 0)
			return strcmp(lang, "en") == 0 ? examples[i].en : examples[i].zh;
	return "";
}

bool template_preview(const char *body, const char *lang, char *to, size_t size)
{
	char language[8];

	snprintf(language, sizeof language, "%s", lang);
	return template_render(body, example_value, language, to, size);
}

/* ---- length of an SMS ---- */

/* ASCII that GSM 03.38 has: in its table (1), behind its escape (2), not at all (0). */
static unsigned gsm_units(char c)
{
	if (c == '`' || (unsigned char)c >= 0x7F || ((unsigned char)c < 0x20 && c != '\n'))
		return 0;
	return strchr("^{}\\[~]|", c) ? 2 : 1;
}

unsigned sms_parts(const char *text)
{
	size_t gsm = 0, utf16 = 0;
	bool is_gsm = true;

	for (size_t left = strlen(text), n; left; text += n, left -= n) {
		unsigned units = gsm_units(*text);

		n = utf8_char_len(text, left);
		n = n ? n : 1;
		is_gsm &= units > 0;
		gsm += units;
		utf16 += n == 4 ? 2 : 1;
	}
	if (is_gsm)
		return gsm <= 160 ? 1 : (unsigned)((gsm + 152) / 153);
	return utf16 <= 70 ? 1 : (unsigned)((utf16 + 66) / 67);
}

/* ---- what holds ---- */

static enum err lay_level(struct db *db, int64_t property_id, int64_t group_id,
                          const struct message_kind *kind, const char *lang, const char *channel,
                          struct template_effective *found)
{
	struct template_row row;
	enum err err = template_get(db, property_id, group_id, kind->word, lang, channel, &row);

	found->version = 0;
	if (err)
		return err == ERR_NOT_FOUND ? ERR_NONE : err;
	memcpy(found->body, row.body, sizeof found->body);
	memcpy(found->provider_id, row.provider_id, sizeof found->provider_id);
	found->source = property_id ? SOURCE_PROPERTY : SOURCE_GROUP;
	found->version = row.version;
	return ERR_NONE;
}

enum err template_effective(struct db *db, int64_t property_id, int64_t group_id,
                            const struct message_kind *kind, const char *lang, const char *channel,
                            struct template_effective *found)
{
	enum err err;

	memset(found, 0, sizeof *found);
	snprintf(found->body, sizeof found->body, "%s",
	         strcmp(lang, "en") == 0 ? kind->body_en : kind->body_zh);
	err = lay_level(db, 0, group_id, kind, lang, channel, found);
	if (!err && property_id)
		err = lay_level(db, property_id, group_id, kind, lang, channel, found);
	return err;
}

/* ---- edits ---- */

static enum err take_values(struct template_edit *r, const struct message_kind *kind,
                            struct template_row *row)
{
	char bad[MESSAGE_FIELD_SIZE];
	enum err err = ERR_NONE;

	if (r->body) {
		err = fault_text(&r->fault, "body", r->body, TEXT_LINES, 1, TEMPLATE_CHARS);
		if (!err && !template_check(kind, r->body, bad))
			return fault_set(&r->fault, ERR_BAD_INPUT, "body",
			                 strcmp(bad, "{") == 0
			                         ? "a brace%s is not closed; write {{ or }} for one"
			                         : "{%s} is no value of this kind of message",
			                 strcmp(bad, "{") == 0 ? "" : bad);
		if (!err)
			snprintf(row->body, sizeof row->body, "%s", r->body);
	}
	if (!err && r->provider_id) {
		err = fault_text(&r->fault, "provider_id", r->provider_id, TEXT_LINE, 0,
		                 TEMPLATE_PROVIDER_SIZE / 4);
		if (!err)
			snprintf(row->provider_id, sizeof row->provider_id, "%s", r->provider_id);
	}
	return err;
}

/* With the right; the row as it would be without this edit, with the level's own version. */
static enum err template_begin(struct tx *tx, struct template_edit *r,
                               const struct message_kind **kind, struct template_row *row,
                               int64_t now_ms)
{
	struct place place = {.group_id = r->group_id, .property_id = r->property_id};
	enum err err = access_require(tx, &r->actor, PERMISSION_PLAN_WRITE, &place, now_ms);

	r->fault = (struct fault){0};
	if (!err)
		err = owner_open(tx, r->group_id, r->property_id, &r->fault);
	if (err)
		return err;
	*kind = message_kind_find(r->kind);
	if (!*kind || !message_lang_valid(r->lang) || !message_channel_valid(r->channel))
		return ERR_NOT_FOUND;
	err = template_effective(tx->db, r->property_id, r->group_id, *kind, r->lang, r->channel,
	                         &r->answer);
	if (err)
		return err;
	memset(row, 0, sizeof *row);
	row->property_id = r->property_id;
	row->group_id = r->group_id;
	snprintf(row->kind, sizeof row->kind, "%s", r->kind);
	snprintf(row->lang, sizeof row->lang, "%s", r->lang);
	snprintf(row->channel, sizeof row->channel, "%s", r->channel);
	memcpy(row->body, r->answer.body, sizeof row->body);
	memcpy(row->provider_id, r->answer.provider_id, sizeof row->provider_id);
	row->version = r->answer.version;
	return row->version == r->version ? ERR_NONE : ERR_CONFLICT;
}

static enum err note(struct tx *tx, const struct template_edit *r, const char *action,
                     const struct template_effective *before, int64_t now_ms)
{
	struct audit_entry entry = {.property_id = r->property_id,
	                            .group_id = r->group_id,
	                            .action = action,
	                            .detail = ""};
	struct change change;
	char object[64];

	change_begin(&change);
	change_text(&change, "source", source_word(before->source), source_word(r->answer.source));
	change_text(&change, "body", before->body, r->answer.body);
	change_text(&change, "provider_id", before->provider_id, r->answer.provider_id);
	snprintf(object, sizeof object, "template %s %s %s", r->kind, r->lang, r->channel);
	entry.object = object;
	return change_note(&change, tx, &r->actor, &entry, now_ms);
}

/* What holds now, as the answer, and the audit line. */
static enum err finish(struct tx *tx, struct template_edit *r, const struct message_kind *kind,
                       const char *action, int64_t now_ms)
{
	struct template_effective before = r->answer;
	enum err err = template_effective(tx->db, r->property_id, r->group_id, kind, r->lang,
	                                  r->channel, &r->answer);

	return err ? err : note(tx, r, action, &before, now_ms);
}

enum err template_edit_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct template_edit *r = arg;
	const struct message_kind *kind;
	struct template_row row;
	enum err err = template_begin(tx, r, &kind, &row, now_ms);

	(void)out;
	if (!err)
		err = take_values(r, kind, &row);
	if (!err)
		err = template_put(tx->db, &row);
	return err ? err : finish(tx, r, kind, "template.edit", now_ms);
}

enum err template_delete_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct template_edit *r = arg;
	const struct message_kind *kind;
	struct template_row row;
	enum err err = template_begin(tx, r, &kind, &row, now_ms);

	(void)out;
	if (!err && !row.version)
		return ERR_NOT_FOUND;
	if (!err)
		err = template_delete(tx->db, &row);
	return err ? err : finish(tx, r, kind, "template.delete", now_ms);
}
