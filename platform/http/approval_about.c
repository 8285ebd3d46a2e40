#include "platform/http/approval_about.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libs/base/macros.h"
#include "libs/base/money.h"

#define ZH_SIZE 128

/* The texts that are stored: "user 7", "account 3: 1200 fen", "33 meters", "keep-power of 33 meters". */
struct about {
	const char *kind, *zh; /* of the table below; NULL: none of ours */
	char id[64];           /* "": many */
	char command[32];      /* "": no command */
	int64_t count;         /* of many */
	bool has_amount;
	int64_t amount_fen;
};

static const struct noun {
	const char *word, *zh;
	bool many;
} nouns[] = {
        {"user",     "操作员",    false},
        {"role",     "角色",       false},
        {"gateway",  "网关",       false},
        {"import",   "导入",       false},
        {"customer", "用户",       false},
        {"account",  "户",          false},
        {"order",    "订单",       false},
        {"meters",   "块表",       true },
        {"accounts", "个户",       true },
        {"openings", "次待停电", true },
};

static const struct command_zh {
	const char *word, *zh;
} commands[] = {
        {"trip",        "拉闸"      },
        {"close",       "合闸"      },
        {"allow-close", "允许合闸"},
        {"keep-power",  "保电"      },
        {"release",     "解除控制"},
};

static const struct noun *noun_of(const char *word, size_t len, bool many)
{
	for (size_t i = 0; i < ARRAY_SIZE(nouns); i++)
		if (nouns[i].many == many && strlen(nouns[i].word) == len &&
		    memcmp(nouns[i].word, word, len) == 0)
			return &nouns[i];
	return NULL;
}

/* "33 meters". */
static void read_many(const char *text, struct about *about)
{
	char *end;
	int64_t count = strtoll(text, &end, 10);
	const struct noun *noun = NULL;

	if (end != text && *end == ' ')
		noun = noun_of(end + 1, strlen(end + 1), true);
	if (!noun)
		return;
	about->kind = noun->word;
	about->zh = noun->zh;
	about->count = count;
}

/* "account 3: 1200 fen". */
static void read_one(const char *text, struct about *about)
{
	const char *blank = strchr(text, ' '), *colon = strstr(text, ": ");
	const struct noun *noun = NULL;
	char *end;

	if (blank)
		noun = noun_of(text, (size_t)(blank - text), false);
	if (!noun)
		return;
	about->kind = noun->word;
	about->zh = noun->zh;
	snprintf(about->id, sizeof about->id, "%.*s",
	         (int)(colon ? (size_t)(colon - blank - 1) : strlen(blank + 1)), blank + 1);
	if (!colon)
		return;
	about->amount_fen = strtoll(colon + 2, &end, 10);
	about->has_amount = strcmp(end, " fen") == 0;
}

static void about_read(const char *text, struct about *about)
{
	const char *of = strstr(text, " of ");

	*about = (struct about){0};
	if (of && (size_t)(of - text) < sizeof about->command) {
		memcpy(about->command, text, (size_t)(of - text));
		read_many(of + 4, about);
	} else if (*text >= '0' && *text <= '9') {
		read_many(text, about);
	} else {
		read_one(text, about);
	}
}

static const char *command_text(const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (strcmp(commands[i].word, word) == 0)
			return commands[i].zh;
	return word;
}

static void write_zh(const struct about *about, const char *object, char zh[ZH_SIZE])
{
	char sum[MONEY_TEXT_SIZE] = "";

	if (about->has_amount)
		money_format(money_fen(about->amount_fen), sum, sizeof sum);
	if (!about->kind)
		snprintf(zh, ZH_SIZE, "%s", object);
	else if (about->id[0])
		snprintf(zh, ZH_SIZE, "%s %s%s%s%s", about->zh, about->id, sum[0] ? "：" : "", sum,
		         sum[0] ? " 元" : "");
	else
		snprintf(zh, ZH_SIZE, "%s%s%" PRId64 " %s",
		         about->command[0] ? command_text(about->command) : "",
		         about->command[0] ? "：" : "", about->count, about->zh);
}

static void text_or_null(struct json_out *out, const char *key, const char *text)
{
	if (text && text[0])
		out_text(out, key, text);
	else
		out_null(out, key);
}

void show_about(struct json_out *out, const struct approval_row *row)
{
	struct about about;
	char zh[ZH_SIZE];

	about_read(row->object, &about);
	write_zh(&about, row->object, zh);
	out_text(out, "object_zh", zh);
	out_object(out, "about");
	out_text(out, "kind", about.kind ? about.kind : "other");
	text_or_null(out, "id", about.id);
	text_or_null(out, "command", about.kind ? about.command : NULL);
	if (about.kind && !about.id[0])
		out_int(out, "count", about.count);
	else
		out_null(out, "count");
	if (about.has_amount)
		out_int(out, "amount_fen", about.amount_fen);
	else
		out_null(out, "amount_fen");
	out_object_end(out);
}
