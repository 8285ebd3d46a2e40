/* Edits: a step of people with a fault that names the field, a version, and what is shown then. The
 * struct that a handler allocates begins with one:
 *
 *	struct space_act {
 *		struct act act;
 *		struct space_edit edit;
 *	};
 *
 *	act_run(request, &act->act);     behind an Idempotency-Key when the route wants one
 */
#ifndef PLATFORM_HTTP_ACT_H
#define PLATFORM_HTTP_ACT_H

#include "platform/core/fault.h"
#include "platform/core/show.h"
#include "platform/http/context.h"
#include "platform/http/page.h"

struct act {
	step_fn step;                                         /* gets the struct act itself */
	const struct fault *fault;                            /* of the step's request */
	const int64_t *version;                               /* of what is shown; NULL: no ETag */
	void (*write)(struct json_out *out, const void *act); /* NULL: 204 */
	unsigned status;
	const struct request *request; /* set by act_run */
};

void act_run(struct request *request, struct act *act);

/* The answer to a step that ended with an error. */
void answer_fault(struct request *request, enum err err, const struct fault *fault);

/* ---- reading one object ---- */

/* A read that ends with ERR_NOT_FOUND, ERR_HIDDEN, ERR_FORBIDDEN, or with what is shown. */
struct look {
	enum err (*read)(struct reader *reader, struct look *look);
	void (*write)(struct json_out *out, const void *look);
	int64_t version;               /* answer; -1: no ETag */
	const struct request *request; /* set by look_run; its access and time may be read */
};

void look_run(struct request *request, struct look *look);

/* ---- lists ---- */

/* Rows are written on the reader's thread while the request waits. */
struct rows {
	struct page page;
	enum err (*read)(struct reader *reader, struct rows *rows);
	struct db *db; /* in `read` */
	enum err err;  /* of something looked up for a row */
	const struct request *request;
};

void rows_run(struct request *request, struct rows *rows);
/* A list that asks for nothing but its page. */
void rows_list(struct request *request, enum err (*read)(struct reader *reader, struct rows *rows));

/* May he do it in this space of the path's property? In one that is not there he may not. */
MUST_USE enum err space_shows(struct db *db, const struct request *request,
                              enum permission permission, int64_t space_id, bool *shows);

/* May the caller see something at this place? */
bool rows_show(const struct rows *rows, enum permission permission, const struct place *place);

#endif
