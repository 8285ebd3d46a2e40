#include "libs/proto/command.h"

#include "libs/base/bytes.h"
#include "libs/base/sha256.h"
#include "libs/proto/transfer.h"

#include <string.h>

/* First byte under the MAC: a command can never be played back as a result. */
enum direction { TO_TERMINAL = 1, FROM_TERMINAL = 2 };

/* Everything between the type byte and the MAC is signed. */
static void sign(enum direction direction, const struct command_key *key, const uint8_t *body,
                 size_t len, uint8_t mac[SHA256_SIZE])
{
	uint8_t first = (uint8_t)direction;
	struct hmac h;

	hmac_init(&h, key->key, sizeof key->key);
	hmac_update(&h, &first, 1);
	hmac_update(&h, key->chip, sizeof key->chip);
	hmac_update(&h, body + 1, len - COMMAND_MAC_SIZE - 1);
	hmac_final(&h, mac);
}

static void put_mac(enum direction direction, const struct command_key *key, uint8_t *body,
                    size_t len)
{
	uint8_t mac[SHA256_SIZE];

	sign(direction, key, body, len, mac);
	memcpy(body + len - COMMAND_MAC_SIZE, mac, COMMAND_MAC_SIZE);
}

static enum err check_mac(enum direction direction, const struct command_key *key,
                          const uint8_t *body, size_t len)
{
	uint8_t mac[SHA256_SIZE];

	sign(direction, key, body, len, mac);
	return bytes_equal_secret(mac, body + len - COMMAND_MAC_SIZE, COMMAND_MAC_SIZE) ? ERR_NONE
	                                                                                : ERR_AUTH;
}

/* ---- arguments ---- */

#define DELAY_SIZE      2
#define KEEP_POWER_SIZE 6
#define TIME_SIZE       14
#define RECHARGE_SIZE   20
#define VOID_SIZE       4
#define PART_HEAD       6 /* before the bytes of the part */
#define PRICE_SIZE      14

_Static_assert(PART_HEAD + COMMAND_PART_MAX <= COMMAND_ARGS_MAX, "a part fits");

static uint8_t args_size(unsigned kind)
{
	switch (kind) {
	case COMMAND_TRIP:
	case COMMAND_ALLOW_CLOSE:
	case COMMAND_CLOSE:
	case COMMAND_RELEASE:
		return DELAY_SIZE;
	case COMMAND_KEEP_POWER:
		return KEEP_POWER_SIZE;
	case COMMAND_TIME:
		return TIME_SIZE;
	case COMMAND_RECHARGE:
		return RECHARGE_SIZE;
	case COMMAND_PURSE_VOID:
		return VOID_SIZE;
	case COMMAND_PRICE:
		return PRICE_SIZE;
	case COMMAND_CREDIT:
		return COMMAND_CREDIT_SIZE;
	default:
		return 0;
	}
}

static void put_credit(uint8_t *to, const struct credit_args *credit)
{
	put_le32(to, credit->version);
	to[4] = credit->flags;
	put_le32(to + 5, (uint32_t)credit->alarm1_fen);
	put_le32(to + 9, (uint32_t)credit->alarm2_fen);
	put_le32(to + 13, (uint32_t)credit->overdraft_fen);
	put_le32(to + 17, (uint32_t)credit->close_fen);
	put_le32(to + 21, (uint32_t)credit->hoarding_fen);
	put_le32(to + 25, credit->start_s);
	put_le64(to + 29, (uint64_t)credit->start_wh);
	put_le64(to + 37, (uint64_t)credit->start_spent_fen);
	put_le32(to + 45, credit->start_step_wh);
}

static void take_credit(const uint8_t *from, struct credit_args *credit)
{
	credit->version = get_le32(from);
	credit->flags = from[4];
	credit->alarm1_fen = (int32_t)get_le32(from + 5);
	credit->alarm2_fen = (int32_t)get_le32(from + 9);
	credit->overdraft_fen = (int32_t)get_le32(from + 13);
	credit->close_fen = (int32_t)get_le32(from + 17);
	credit->hoarding_fen = (int32_t)get_le32(from + 21);
	credit->start_s = get_le32(from + 25);
	credit->start_wh = (int64_t)get_le64(from + 29);
	credit->start_spent_fen = (int64_t)get_le64(from + 37);
	credit->start_step_wh = get_le32(from + 45);
}

/* Of a kind whose arguments have one size. */
static void put_args(struct command *cmd, const struct command_args *args)
{
	uint8_t *to = cmd->args;

	switch (cmd->kind) {
	case COMMAND_TIME:
		put_le64(to, args->unix_ms);
		put_le16(to + 8, args->boot);
		put_le32(to + 10, args->uptime_s);
		return;
	case COMMAND_RECHARGE:
		put_le32(to, args->count);
		put_le64(to + 4, (uint64_t)args->amount_fen);
		put_le64(to + 12, (uint64_t)args->total_fen);
		return;
	case COMMAND_PURSE_VOID:
		put_le32(to, args->count);
		return;
	case COMMAND_PRICE:
		put_le32(to, args->price.version);
		put_le32(to + 4, args->price.valid_from_s);
		put_le16(to + 8, args->price.len);
		put_le32(to + 10, args->price.crc32);
		return;
	case COMMAND_CREDIT:
		put_credit(to, &args->credit);
		return;
	default:
		put_le16(to, args->delay_max_s);
		if (cmd->kind == COMMAND_KEEP_POWER)
			put_le32(to + 2, args->until_s);
	}
}

static enum err put_part(struct command *cmd, const struct price_args *price)
{
	if (price->len == 0 || price->len > COMMAND_PART_MAX)
		return ERR_RANGE;
	put_le32(cmd->args, price->version);
	put_le16(cmd->args + 4, price->at);
	memcpy(cmd->args + PART_HEAD, price->part, price->len);
	cmd->arg_len = (uint8_t)(PART_HEAD + price->len);
	return ERR_NONE;
}

enum err command_args_encode(struct command *cmd, const struct command_args *args)
{
	if (cmd->kind == COMMAND_PRICE_PART)
		return put_part(cmd, &args->price);
	cmd->arg_len = args_size(cmd->kind);
	if (cmd->arg_len == 0)
		return ERR_NOT_FOUND;
	put_args(cmd, args);
	return ERR_NONE;
}

static enum err take_part(const struct command *cmd, struct price_args *price)
{
	if (cmd->arg_len <= PART_HEAD || cmd->arg_len > PART_HEAD + COMMAND_PART_MAX)
		return ERR_BAD_INPUT;
	price->version = get_le32(cmd->args);
	price->at = get_le16(cmd->args + 4);
	price->part = cmd->args + PART_HEAD;
	price->len = (uint16_t)(cmd->arg_len - PART_HEAD);
	return ERR_NONE;
}

static void take_args(const struct command *cmd, struct command_args *args)
{
	const uint8_t *from = cmd->args;

	switch (cmd->kind) {
	case COMMAND_TIME:
		args->unix_ms = get_le64(from);
		args->boot = get_le16(from + 8);
		args->uptime_s = get_le32(from + 10);
		return;
	case COMMAND_RECHARGE:
		args->count = get_le32(from);
		args->amount_fen = (int64_t)get_le64(from + 4);
		args->total_fen = (int64_t)get_le64(from + 12);
		return;
	case COMMAND_PURSE_VOID:
		args->count = get_le32(from);
		return;
	case COMMAND_PRICE:
		args->price.version = get_le32(from);
		args->price.valid_from_s = get_le32(from + 4);
		args->price.len = get_le16(from + 8);
		args->price.crc32 = get_le32(from + 10);
		return;
	case COMMAND_CREDIT:
		take_credit(from, &args->credit);
		return;
	default:
		args->delay_max_s = get_le16(from);
		if (cmd->kind == COMMAND_KEEP_POWER)
			args->until_s = get_le32(from + 2);
	}
}

enum err command_args_decode(const struct command *cmd, struct command_args *args)
{
	uint8_t size = args_size(cmd->kind);

	memset(args, 0, sizeof *args);
	if (cmd->kind == COMMAND_PRICE_PART)
		return take_part(cmd, &args->price);
	if (size == 0)
		return ERR_NOT_FOUND;
	if (cmd->arg_len != size)
		return ERR_BAD_INPUT;
	take_args(cmd, args);
	return ERR_NONE;
}

/* ---- command ---- */

enum err command_encode(const struct command *cmd, const struct command_key *key, uint8_t *body,
                        size_t size, size_t *len)
{
	size_t need = COMMAND_HEAD + (size_t)cmd->arg_len + COMMAND_MAC_SIZE;

	if (cmd->arg_len > COMMAND_ARGS_MAX || need > size)
		return ERR_TOO_LONG;
	body[0] = TRANSFER_COMMAND;
	body[1] = cmd->key_version;
	put_le32(body + 2, cmd->counter);
	body[6] = cmd->kind;
	put_le32(body + 7, cmd->issued_s);
	put_le32(body + 11, cmd->expires_s);
	body[15] = cmd->arg_len;
	memcpy(body + COMMAND_HEAD, cmd->args, cmd->arg_len);
	put_mac(TO_TERMINAL, key, body, need);
	*len = need;
	return ERR_NONE;
}

enum err command_parse(const uint8_t *body, size_t len, struct command *cmd)
{
	size_t need;

	if (len == 0 || body[0] != TRANSFER_COMMAND)
		return ERR_BAD_INPUT;
	if (len < COMMAND_HEAD + COMMAND_MAC_SIZE)
		return ERR_SHORT;
	need = COMMAND_HEAD + (size_t)body[15] + COMMAND_MAC_SIZE;
	if (body[15] > COMMAND_ARGS_MAX || len > need)
		return ERR_TOO_LONG;
	if (len < need)
		return ERR_SHORT;
	cmd->key_version = body[1];
	cmd->counter = get_le32(body + 2);
	cmd->kind = body[6];
	cmd->issued_s = get_le32(body + 7);
	cmd->expires_s = get_le32(body + 11);
	cmd->arg_len = body[15];
	memcpy(cmd->args, body + COMMAND_HEAD, cmd->arg_len);
	return ERR_NONE;
}

enum err command_open(const uint8_t *body, size_t len, const struct command_key *key,
                      struct command *cmd)
{
	enum err err = command_parse(body, len, cmd);

	return err ? err : check_mac(TO_TERMINAL, key, body, len);
}

/* ---- result ---- */

void result_encode(const struct result *result, const struct command_key *key,
                   uint8_t body[RESULT_SIZE])
{
	body[0] = TRANSFER_RESULT;
	body[1] = result->key_version;
	put_le32(body + 2, result->counter);
	body[6] = result->kind;
	body[7] = result->outcome;
	body[8] = result->reason;
	body[9] = result->relay & RESULT_RELAY_MASK;
	put_le32(body + 10, result->count);
	put_le64(body + 14, (uint64_t)result->total_fen);
	put_le64(body + 22, (uint64_t)result->balance_fen);
	put_le32(body + 30, result->time_s);
	put_mac(FROM_TERMINAL, key, body, RESULT_SIZE);
}

enum err result_parse(const uint8_t *body, size_t len, struct result *result)
{
	if (len != RESULT_SIZE || body[0] != TRANSFER_RESULT || body[7] > COMMAND_ACCEPTED ||
	    body[9] & ~RESULT_RELAY_MASK)
		return ERR_BAD_INPUT;
	result->key_version = body[1];
	result->counter = get_le32(body + 2);
	result->kind = body[6];
	result->outcome = body[7];
	result->reason = body[8];
	result->relay = body[9];
	result->count = get_le32(body + 10);
	result->total_fen = (int64_t)get_le64(body + 14);
	result->balance_fen = (int64_t)get_le64(body + 22);
	result->time_s = get_le32(body + 30);
	return ERR_NONE;
}

enum err result_open(const uint8_t *body, size_t len, const struct command_key *key,
                     struct result *result)
{
	enum err err = result_parse(body, len, result);

	return err ? err : check_mac(FROM_TERMINAL, key, body, len);
}

bool command_is_of_credit(unsigned kind)
{
	return kind >= COMMAND_PRICE_PART && kind <= COMMAND_CREDIT;
}

void result_credit_put(struct result *result, const struct result_credit *credit)
{
	result->count = credit->price;
	result->total_fen = (int64_t)((uint64_t)credit->limits << 32 | credit->next);
}

struct result_credit result_credit_get(const struct result *result)
{
	return (struct result_credit){.price = result->count,
	                              .next = (uint32_t)result->total_fen,
	                              .limits = (uint32_t)((uint64_t)result->total_fen >> 32)};
}

/* ---- words ---- */

static const char *const kind_word[] = {
        NULL,     "trip",     "allow-close", "close",      "keep-power", "release", "time",
        "config", "recharge", "purse-void",  "price-part", "price",      "credit",
};

static const char *const outcome_word[] = {"executed", "refused", "failed", "accepted"};

static const char *const reason_word[] = {
        "none",
        "bad-mac",
        "counter",
        "expired",
        "clock-not-set",
        "unknown-kind",
        "bad-arguments",
        "keep-power",
        "forced-trip",
        "stale-time",
        "contact",
        "key-version",
        "store",
        "superseded",
        "busy",
        "not-yet-valid",
        "purchase-repeated",
        "purchase-missing",
        "purchase-differs",
        "purchase-short",
        "hoarding",
        "no-credit",
        "price-missing",
        "price-unfit",
};

static const char *word_of(const char *const *words, size_t n, unsigned value)
{
	return value < n && words[value] ? words[value] : "unknown";
}

const char *command_kind_word(unsigned kind)
{
	return word_of(kind_word, ARRAY_SIZE(kind_word), kind);
}

const char *command_outcome_word(unsigned outcome)
{
	return word_of(outcome_word, ARRAY_SIZE(outcome_word), outcome);
}

const char *command_reason_word(unsigned reason)
{
	return word_of(reason_word, ARRAY_SIZE(reason_word), reason);
}

unsigned command_kind_from_word(const char *word)
{
	for (unsigned kind = 1; kind < ARRAY_SIZE(kind_word); kind++)
		if (strcmp(kind_word[kind], word) == 0)
			return kind;
	return 0;
}
