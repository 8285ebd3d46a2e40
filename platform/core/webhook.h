/* Webhooks: what happens in a property is told to somebody's program over HTTPS, signed, in order,
 * at least once. docs/protocol/webhook.md.
 *
 * The row of a delivery is written in the transaction of its cause (webhook_note, called by the
 * shells behind each step). platform/notify takes what is due (webhook_take_step), sends it, and
 * says how it went (webhook_sent_step): again for 24 h, then it has failed, which is shown. */
#ifndef PLATFORM_CORE_WEBHOOK_H
#define PLATFORM_CORE_WEBHOOK_H

#include "platform/core/access.h"
#include "platform/core/admin.h"
#include "platform/store/webhook.h"

#define WEBHOOK_RETRY_MS  INT64_C(86400000)
#define WEBHOOK_KEPT_MS   (30 * INT64_C(86400000))
#define WEBHOOK_TAKE      16    /* on their way at a time, one of each webhook */
#define WEBHOOK_TAKE_MS   60000 /* a sender that dies leaves them to the next try after this */
#define WEBHOOK_BODY_SIZE 4096
/* "whsec_" and 43 characters of base64url, and the end. */
#define WEBHOOK_SECRET_TEXT 50

/* Word in the API and in the header. The order is the bit number in the store: append only. */
#define WEBHOOK_KINDS(X)                                                                           \
	X(READING_MISSED, "reading.missed")                                                        \
	X(ALARM, "alarm")                                                                          \
	X(COMMAND_STAGE, "command.stage")                                                          \
	X(DEVICE_FOUND, "device.found")                                                            \
	X(PING, "ping")                                                                            \
	X(ACCOUNT_CHANGED, "account.changed")                                                      \
	X(ORDER_STAGE, "order.stage")

enum webhook_kind {

#define X(id, word) WEBHOOK_##id,
	WEBHOOK_KINDS(X)
#undef X
	        WEBHOOK_KIND_COUNT
};

const char *webhook_kind_word(int64_t kind);
bool webhook_kind_parse(const char *word, enum webhook_kind *kind);

struct webhook_request {
	struct actor actor;
	struct place place;
	struct webhook_row row;           /* create, edit: as it should be; the answer */
	bool new_secret;                  /* edit */
	int64_t version;                  /* edit, delete: as it was seen */
	char secret[WEBHOOK_SECRET_TEXT]; /* answer: the new one, "" otherwise */
};
/* Who makes it answers for it: a person, or an API key and behind it the person who made the key.
 * ERR_BAD_INPUT: no kind, or an address that is none. */
MUST_USE enum err webhook_create_step(struct tx *tx, void *webhook_request, int64_t now_ms,
                                      struct effects *out);
/* Who edits it answers for it from then on. ERR_CONFLICT: another version. */
MUST_USE enum err webhook_edit_step(struct tx *tx, void *webhook_request, int64_t now_ms,
                                    struct effects *out);
/* ERR_BAD_INPUT: no reason. */
MUST_USE enum err webhook_delete_step(struct tx *tx, void *webhook_request, int64_t now_ms,
                                      struct effects *out);

/* https://host[:port]/…, or http:// where private addresses are allowed; no user, no fragment. */
bool webhook_url_valid(const char *url);

struct webhook_replay {
	struct actor actor;
	struct place place;
	int64_t webhook_id;
	int64_t delivery_id;     /* 0: a ping */
	int64_t new_delivery_id; /* answer */
};
/* A delivery once more, as a new one; or a `ping`, to try the address. ERR_REFUSED: it still waits,
 * or the webhook is switched off. */
MUST_USE enum err webhook_replay_step(struct tx *tx, void *webhook_replay, int64_t now_ms,
                                      struct effects *out);

/* Deliveries for the effects behind the first `from` ones of a step. */
MUST_USE enum err webhook_note(struct tx *tx, const struct effects *effects, size_t from,
                               int64_t now_ms);

struct webhook_parcel {
	int64_t property_id, delivery_id;
	int64_t tries; /* with this one */
	char url[WEBHOOK_URL_SIZE];
	char kind[24];
	uint8_t secret[WEBHOOK_SECRET_SIZE];
	char body[WEBHOOK_BODY_SIZE];
};

struct webhook_take {
	struct webhook_parcel parcel[WEBHOOK_TAKE];
	size_t count;
	size_t want; /* at most */
};
/* What is due; each is tried again after WEBHOOK_TAKE_MS unless webhook_sent_step comes before. */
MUST_USE enum err webhook_take_step(struct tx *tx, void *webhook_take, int64_t now_ms,
                                    struct effects *out);

struct webhook_sent {
	int64_t property_id, delivery_id;
	int64_t status; /* of the answer; 0: none */
	char error[WEBHOOK_ERROR_SIZE];
};
/* 2xx is delivered. */
MUST_USE enum err webhook_sent_step(struct tx *tx, void *webhook_sent, int64_t now_ms,
                                    struct effects *out);

/* "t=<unix seconds>,v1=<hex>": HMAC-SHA-256 of "<t>.<body>" under the secret. */
#define WEBHOOK_SIGNATURE_SIZE 96
void webhook_sign(const uint8_t secret[WEBHOOK_SECRET_SIZE], int64_t now_s, const char *body,
                  char signature[WEBHOOK_SIGNATURE_SIZE]);

#endif
