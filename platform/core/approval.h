/* Acts that one person alone may not do: written down with their whole list, reason and requester,
 * and run when a second person agrees. docs/design/access.md.
 *
 * A kind of act is a `struct approval_kind` of the module whose act it is; approval.c lists them. The
 * module's step decides whether an act is large, and then calls approval_ask instead of acting:
 *
 *	err = access_require(tx, &r->actor, PERMISSION_X, &place, now_ms);
 *	if (!err && large)
 *		err = approval_ask(tx, &(struct approval_ask){...}, now_ms, &r->approval_id);
 *
 * When it is approved, kind->run gets the body back, byte for byte, inside the transaction of the
 * decision: what it writes and the decision are one. The service has asked the kind's permission at
 * the place for both persons before; `run` calls the same step as everybody, with the requester as
 * actor, so that all of the act's own rules are asked again too. */
#ifndef PLATFORM_CORE_APPROVAL_H
#define PLATFORM_CORE_APPROVAL_H

#include "platform/core/access.h"
#include "platform/core/admin.h"
#include "platform/store/approval.h"

#define APPROVAL_LIFE_S INT64_C(86400) /* at most */

struct approval_kind {
	const char *word, *zh, *en;
	enum permission permission;
	/* Errors of the act (not of the ground) make the approval `failed`, with nothing done.
	 * `result` may tell people what was made ("batch 17"). */
	enum err (*run)(struct tx *tx, const struct actor *requester,
	                const struct approval_row *row, char result[APPROVAL_RESULT_SIZE],
	                int64_t now_ms, struct effects *out);
};

/* NULL: none. */
const struct approval_kind *approval_kind_find(const char *word);

struct approval_ask {
	const struct actor *actor; /* its reason must not be empty */
	const struct approval_kind *kind;
	const struct place *place; /* where the right is asked, of both */
	/* The act, canonically (JSON of json_out.h: the same act is the same bytes), with every id
	 * that it touches, or with the hash of a list that is kept elsewhere and cannot change. */
	const void *body;
	size_t body_len;
	int64_t count;      /* things it touches, for people */
	const char *object; /* what it is about, for people and the audit: "property p1" */
	int64_t life_s;     /* 0: APPROVAL_LIFE_S */
};

/* Writes the approval and its audit line. ERR_BAD_INPUT: no reason. ERR_TOO_LONG: body over
 * APPROVAL_BODY_MAX. ERR_BUSY is not for callers: ERR_DUP: the same act is waiting already. */
MUST_USE enum err approval_ask(struct tx *tx, const struct approval_ask *ask, int64_t now_ms,
                               int64_t *approval_id);

enum approval_verdict { APPROVAL_AGREE, APPROVAL_REJECT };

struct approval_decision {
	struct actor actor; /* a person; `reason` is wanted for a rejection */
	int64_t approval_id;
	enum approval_verdict verdict;
	char hash[APPROVAL_HASH_TEXT]; /* of what he saw; ERR_CONFLICT when it is another */
	struct approval_row row;       /* answer; its body is not in it */
};
/* ERR_HIDDEN: not visible to him. ERR_FORBIDDEN: his own, or he lacks `approval.decide` or the
 * right itself there, or the requester made or changed his account since. ERR_REFUSED: it does not
 * wait any more (row.state says what it is). ERR_NONE with row.state `failed`: he agreed, but the
 * act could not be done. */
MUST_USE enum err approval_decide_step(struct tx *tx, void *approval_decision, int64_t now_ms,
                                       struct effects *out);

struct approval_cancel {
	struct actor actor; /* the requester */
	int64_t approval_id;
	struct approval_row row; /* answer */
};
MUST_USE enum err approval_cancel_step(struct tx *tx, void *approval_cancel, int64_t now_ms,
                                       struct effects *out);

/* Regularly, as a bulk step: those whose time is over end, with an audit line. */
MUST_USE enum err approval_expire_step(struct tx *tx, void *unused, int64_t now_ms,
                                       struct effects *out);

/* The place of a stored approval, by the rows of today. */
MUST_USE enum err approval_place(struct db *db, const struct approval_row *row,
                                 struct place *place);
/* May he see it: he asked for it and still sees anything there, or may decide it, or may read the
 * audit there. */
bool approval_visible(const struct access *access, const struct approval_row *row,
                      const struct place *place, int64_t now_s);

#endif
