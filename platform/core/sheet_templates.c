/* A property's own message templates: a row is the text of one kind of message in one language on one
 * channel. Text and provider number are inherited as one: an empty text means that the property says
 * nothing of its own there, and the group's or the built-in template holds. */
#include <stdio.h>
#include <string.h>

#include "platform/core/message.h"
#include "platform/core/sheet_kind.h"

enum { MESSAGE, LANG, CHANNEL, BODY, PROVIDER, COUNT };

#define PROVIDER_CHARS (TEMPLATE_PROVIDER_SIZE / 4)

static const struct sheet_word langs[] = {
        {"zh-CN", "中文", "Chinese"},
        {"en",    "英文", "English"},
        {NULL,    NULL,     NULL     },
};

static const struct sheet_word channels[] = {
        {"sms",    "短信", "SMS"   },
        {"wechat", "微信", "WeChat"},
        {"app",    "应用", "App"   },
        {NULL,     NULL,     NULL    },
};

/* clang-format off */
static const struct sheet_column columns[COUNT] = {
	[MESSAGE] = {.key = "message", .zh = "消息", .en = "Message", .type = SHEET_WORD, .flags = SHEET_REQUIRED,
		.words = message_kind_words},
	[LANG] = {.key = "lang", .zh = "语言", .en = "Language", .type = SHEET_WORD, .flags = SHEET_REQUIRED, .words = langs},
	[CHANNEL] = {.key = "channel", .zh = "渠道", .en = "Channel", .type = SHEET_WORD, .flags = SHEET_REQUIRED,
		.words = channels},
	[BODY] = {.key = "body", .zh = "内容", .en = "Text", .type = SHEET_TEXT, .flags = SHEET_LINES,
		.max = TEMPLATE_CHARS, .size = TEMPLATE_BODY_SIZE,
		.help_zh = "为空则沿用集团或内置内容", .help_en = "empty: inherited"},
	[PROVIDER] = {.key = "provider_id", .zh = "服务商模板号", .en = "Provider number", .type = SHEET_TEXT,
		.max = PROVIDER_CHARS, .size = TEMPLATE_PROVIDER_SIZE},
};
/* clang-format on */

static const struct sheet_field fields[] = {
        {"body",        BODY    },
        {"provider_id", PROVIDER},
        {NULL,          0       },
};

static void row_key(const struct sheet_value *values, char key[SHEET_KEY_SIZE])
{
	snprintf(key, SHEET_KEY_SIZE, "%s %s %s", message_kind_words[values[MESSAGE].number].word,
	         langs[values[LANG].number].word, channels[values[CHANNEL].number].word);
}

/* ---- import ---- */

/* The text is inherited, or is so again. */
static enum err forget(struct sheet_run *run, const struct template_row *now,
                       struct template_edit *edit)
{
	run->outcome = now->version ? SHEET_ROW_CHANGED : SHEET_ROW_SAME;
	return now->version ? template_delete_step(run->tx, edit, run->now_ms, run->out) : ERR_NONE;
}

static enum err edit_text(struct sheet_run *run, const struct sheet_value *values,
                          const struct template_row *now, struct template_edit *edit)
{
	char body[TEMPLATE_BODY_SIZE], provider_id[TEMPLATE_PROVIDER_SIZE];
	enum err err;

	sheet_text_to(body, sizeof body, &values[BODY]);
	sheet_text_to(provider_id, sizeof provider_id, &values[PROVIDER]);
	edit->body = values[BODY].column_there ? body : NULL;
	edit->provider_id = values[PROVIDER].column_there ? provider_id : NULL;
	run->outcome = now->version ? SHEET_ROW_CHANGED : SHEET_ROW_ADDED;
	if (now->version && !sheet_differs(&values[BODY], now->body) &&
	    !sheet_differs(&values[PROVIDER], now->provider_id)) {
		run->outcome = SHEET_ROW_SAME;
		return ERR_NONE;
	}
	err = template_edit_step(run->tx, edit, run->now_ms, run->out);
	return err ? sheet_fault_wrong(run, err, &edit->fault, fields) : ERR_NONE;
}

static enum err row(struct sheet_run *run, const struct sheet_value *values)
{
	struct template_edit edit = {.actor = *run->actor,
	                             .group_id = run->property->group_id,
	                             .property_id = run->property->property_id,
	                             .kind = message_kind_words[values[MESSAGE].number].word,
	                             .lang = langs[values[LANG].number].word,
	                             .channel = channels[values[CHANNEL].number].word};
	struct template_row now = {0};
	enum err err = template_get(run->tx->db, edit.property_id, edit.group_id, edit.kind,
	                            edit.lang, edit.channel, &now);

	if (err && err != ERR_NOT_FOUND)
		return err;
	edit.version = now.version;
	if (!values[BODY].given && !values[PROVIDER].given &&
	    (values[BODY].column_there || !now.version))
		return forget(run, &now, &edit);
	if (!values[BODY].given && values[BODY].column_there)
		return sheet_wrong(run, BODY, SHEET_FAULT_REQUIRED, "%s", "");
	return edit_text(run, values, &now, &edit);
}

/* ---- export: all at once, there are few ---- */

static void put(struct sheet_page *page, const struct template_row *row, int message, int lang,
                int channel)
{
	struct sheet_value values[COUNT] = {0};

	values[MESSAGE] = sheet_value_number(message);
	values[LANG] = sheet_value_number(lang);
	values[CHANNEL] = sheet_value_number(channel);
	values[BODY] = sheet_value_text(row->body);
	values[PROVIDER] = sheet_value_text(row->provider_id);
	sheet_page_put(page, values, row->kind, 0);
}

static enum err put_message(struct sheet_page *page, int message)
{
	const struct property_row *property = page->property;
	struct template_row row;
	enum err err;

	for (int i = 0; langs[i].word; i++)
		for (int j = 0; channels[j].word; j++) {
			err = template_get(page->db, property->property_id, property->group_id,
			                   message_kind_words[message].word, langs[i].word,
			                   channels[j].word, &row);
			if (err && err != ERR_NOT_FOUND)
				return err;
			if (!err)
				put(page, &row, message, i, j);
		}
	return ERR_NONE;
}

static enum err page(struct sheet_page *page)
{
	enum err err = ERR_NONE;

	if (page->ask.has_after)
		return ERR_NONE;
	for (int i = 0; !err && message_kind_words[i].word; i++)
		err = put_message(page, i);
	return err;
}

const struct sheet_kind sheet_kind_templates = {
        .word = "templates",
        .zh = "消息模板",
        .en = "Message templates",
        .columns = columns,
        .count = COUNT,
        .write = PERMISSION_PLAN_WRITE,
        .read = PERMISSION_PROPERTY_READ,
        .sum = {-1, -1},
        .key = row_key,
        .row = row,
        .page = page,
};
