/* Customers: who may see and edit them, and what of them. A customer is where his leases are: a
 * grant that ends at a floor sees those who lease on it, now or soon. docs/design/persons.md. */
#ifndef PLATFORM_CORE_CUSTOMER_H
#define PLATFORM_CORE_CUSTOMER_H

#include "platform/core/organisation.h"
#include "platform/store/customer.h"

#define NOTE_CHARS        2000
#define PHONE_LABEL_CHARS 16
#define IDENTITY_MIN      4
#define CUSTOMER_PLACES   32

/* The places of a customer; at least one. Of one without lease: SPACE_NOWHERE. */
struct customer_places {
	size_t count;
	struct place place[CUSTOMER_PLACES];
};

MUST_USE enum err customer_places(struct db *db, int64_t property_id, int64_t customer_id,
                                  int64_t now_s, struct customer_places *places);
bool customer_allows(const struct access *access, enum permission permission,
                     const struct customer_places *places, int64_t now_s);
/* In a step: at any of the customer's places. ERR_HIDDEN: he may not read him either; who stands
 * below one who leases a whole building does not see him. */
MUST_USE enum err customer_require(struct tx *tx, const struct actor *actor,
                                   enum permission permission, int64_t property_id,
                                   int64_t customer_id, int64_t now_ms);

/* A phone as somebody gives it: with `number` NULL the one of this id is kept (he saw it masked). */
struct phone_edit {
	int64_t phone_id; /* 0: new */
	const char *number, *label;
	bool main;
};

struct customer_edit {
	struct actor actor;
	int64_t property_id;
	int64_t customer_id; /* 0: a new one */
	int64_t version;
	const char *code, *kind, *name, *lang, *note,
	        *identity; /* NULL: as it is; identity "": gone */
	bool has_phones, has_archived, archived;
	size_t phone_count;
	const struct phone_edit *phone; /* all of them, one is the main one */
	struct customer_row row;        /* answer */
	struct fault fault;
};
MUST_USE enum err customer_edit_step(struct tx *tx, void *customer_edit, int64_t now_ms,
                                     struct effects *out);

/* Whole phones and the id number, for an audit line with a reason. */
struct customer_reveal {
	struct actor actor; /* with a reason */
	int64_t property_id, customer_id;
	struct customer_row row;      /* answer */
	char identity[IDENTITY_SIZE]; /* answer; "": none */
	struct fault fault;
};
MUST_USE enum err customer_reveal_step(struct tx *tx, void *customer_reveal, int64_t now_ms,
                                       struct effects *out);

/* ERR_AUTH: no key of ours opens it. */
MUST_USE enum err identity_open(const struct keys *keys, const struct customer_row *row,
                                char identity[IDENTITY_SIZE]);

/* The audit line of a change (before NULL: a new one); names of persons, phones and id numbers are masked in it. */
MUST_USE enum err customer_note(struct tx *tx, const struct actor *actor, const char *action,
                                const struct customer_row *before, const struct customer_row *after,
                                int64_t now_ms);

/* Splits a search text: digits also look for phones. Four of them at most from the end, or a whole
 * number: more would tell hidden digits one by one. `reveal`: any number of them. */
void customer_search(struct customer_filter *filter, bool reveal);
/* Does this text look for one whole number? Who may not reveal asks so a limited number of times. */
bool customer_search_is_number(const char *text);

#endif
