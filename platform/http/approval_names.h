/* What the numbers in an approval are called, so that the second person knows what he agrees to. By
 * the rows of today: what is gone, or is not the reader's to see, has no name. On a reader's thread. */
#ifndef PLATFORM_HTTP_APPROVAL_NAMES_H
#define PLATFORM_HTTP_APPROVAL_NAMES_H

#include "platform/core/json_out.h"
#include "platform/store/approval.h"

/* "object_name": of `row->object` ("user 7"). `customers`: the reader may see customers there. */
MUST_USE enum err show_object_name(struct json_out *out, struct db *db,
                                   const struct approval_row *row, bool customers);
/* "names": {...}, of the numbers in the act; `row` with its body. */
MUST_USE enum err show_act_names(struct json_out *out, struct db *db,
                                 const struct approval_row *row, bool customers);

#endif
