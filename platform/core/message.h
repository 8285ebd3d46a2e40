/* Messages to tenants and staff: kinds, what may stand in their texts, and the templates. A template
 * belongs to a kind, language and channel; a property's overrides its group's, and that overrides
 * the text that is built in. `{amount}` stands for a value, `{{` and `}}` for braces. */
#ifndef PLATFORM_CORE_MESSAGE_H
#define PLATFORM_CORE_MESSAGE_H

#include "platform/core/calendar.h"
#include "platform/sheet/column.h"
#include "platform/store/plan.h"

#define TEMPLATE_CHARS     1000
#define MESSAGE_TEXT_SIZE  8192
#define MESSAGE_FIELD_SIZE 32
/* {supply} of a recharge that leaves a supply cut; else it is empty. */
#define MESSAGE_STAYS_ZH "，余额未超过合闸限额，暂不恢复供电"
#define MESSAGE_STAYS_EN "; supply is not restored yet: the balance is not above the limit for that"

struct message_kind {
	const char *word, *zh, *en;
	const char *fields;            /* whose values it brings; blanks between */
	const char *body_zh, *body_en; /* what is built in */
};

/* The same kinds in the same order; both end with word NULL. */
extern const struct message_kind message_kinds[];
extern const struct sheet_word message_kind_words[];

const struct message_kind *message_kind_find(const char *word);
bool message_lang_valid(const char *lang);
bool message_channel_valid(const char *channel);
/* NULL at the end. */
extern const char *const message_channels[], *const message_langs[];

/* Every field in it is one of the kind's. Else `bad` names the field, or is "{" for a brace that
 * nothing closes. */
bool template_check(const struct message_kind *kind, const char *body,
                    char bad[MESSAGE_FIELD_SIZE]);

/* One value; `get` gives "" for a name it does not know. */
typedef const char *(*template_value_fn)(void *arg, const char *name);

/* The text with its values. A value is put in as it is, never read as template. False: it does not
 * fit, and `to` holds what does. */
bool template_render(const char *body, template_value_fn get, void *arg, char *to, size_t size);
/* With example values. */
bool template_preview(const char *body, const char *lang, char *to, size_t size);

/* Parts of an SMS: 70 UTF-16 units in one, else 67 in each; GSM 03.38 counts 160 and 153. */
unsigned sms_parts(const char *text);

struct template_effective {
	char body[TEMPLATE_BODY_SIZE], provider_id[TEMPLATE_PROVIDER_SIZE];
	enum source source;
	int64_t version; /* of the level that was asked for */
};
/* property_id 0: what the group says. */
MUST_USE enum err template_effective(struct db *db, int64_t property_id, int64_t group_id,
                                     const struct message_kind *kind, const char *lang,
                                     const char *channel, struct template_effective *found);

struct template_edit {
	struct actor actor;
	int64_t group_id, property_id; /* property_id 0: of the group */
	const char *kind, *lang, *channel;
	int64_t version;
	const char *body, *provider_id;   /* NULL: as it holds now */
	struct template_effective answer; /* answer */
	struct fault fault;
};
/* Needs `plan.write`. ERR_NOT_FOUND: no such kind, language or channel. */
MUST_USE enum err template_edit_step(struct tx *tx, void *template_edit, int64_t now_ms,
                                     struct effects *out);
/* This level says nothing any more. */
MUST_USE enum err template_delete_step(struct tx *tx, void *template_edit, int64_t now_ms,
                                       struct effects *out);

#endif
