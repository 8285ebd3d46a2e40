/* The outbox of messages to tenants, which is their log as well. Personal data: phone and text. */
#ifndef PLATFORM_STORE_MESSAGE_H
#define PLATFORM_STORE_MESSAGE_H

#include "platform/store/db.h"
#include "platform/store/place.h"

#define MESSAGE_EPISODE_SIZE 97 /* 96 printable characters */
#define MESSAGE_CAUSE_SIZE   65
#define MESSAGE_BODY_SIZE    8192

enum message_state { MESSAGE_QUEUED = 1, MESSAGE_SENT, MESSAGE_FAILED };

const char *message_state_word(enum message_state state);
bool message_state_parse(const char *word, enum message_state *state);

struct message_row {
	int64_t property_id, message_id;
	char episode[MESSAGE_EPISODE_SIZE]; /* unique in the property */
	char kind[24], lang[8], channel[16];
	int64_t account_id, customer_id; /* 0: of none */
	char phone[PHONE_SIZE];          /* "": the customer has none */
	const char *text;                /* rendered; while `each` runs, or the caller's */
	const char *values;              /* JSON of what was put in */
	char cause[MESSAGE_CAUSE_SIZE];  /* "command 12" */
	enum message_state state;
	int64_t created_ms, next_ms; /* not before: quiet hours */
	int64_t sent_ms;             /* 0: not yet */
	int64_t tries;
	char provider[16], provider_id[64], error[64];
	int64_t resend_of; /* 0: of none */
	char by_name[64];  /* who asked for it again */
};

/* Gives it message_id. ERR_DUP: the episode has one. */
MUST_USE enum err message_insert(struct db *db, struct message_row *row);
/* `each` is called with the row once. ERR_NOT_FOUND. */
MUST_USE enum err message_get(struct db *db, int64_t property_id, int64_t message_id,
                              void (*each)(void *arg, const struct message_row *), void *arg);
/* state, sent_ms, next_ms, tries, provider, provider_id, error. */
MUST_USE enum err message_update(struct db *db, const struct message_row *row);
/* Queued, and it is time: oldest first. */
MUST_USE enum err message_due(struct db *db, int64_t now_ms, size_t limit,
                              void (*each)(void *arg, const struct message_row *), void *arg);

struct message_filter {
	int state;                       /* 0: any */
	char kind[24];                   /* "": any */
	int64_t account_id, customer_id; /* 0: any */
	int64_t before;                  /* below this number; 0: from the newest */
};
/* Newest first, until `each` says false. */
MUST_USE enum err message_list(struct db *db, int64_t property_id,
                               const struct message_filter *filter,
                               bool (*each)(void *arg, const struct message_row *), void *arg);
/* Of a customer: phone and text go. */
MUST_USE enum err message_forget(struct db *db, int64_t property_id, int64_t customer_id);
/* Written before then, at most `limit`. */
MUST_USE enum err message_remove(struct db *db, int64_t property_id, int64_t before_s,
                                 int64_t limit, int64_t *removed);

#endif
