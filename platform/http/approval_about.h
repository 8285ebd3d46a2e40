/* What an approval is about, in words of both languages and as figures: `row->object` is a short English text. */
#ifndef PLATFORM_HTTP_APPROVAL_ABOUT_H
#define PLATFORM_HTTP_APPROVAL_ABOUT_H

#include "platform/core/json_out.h"
#include "platform/store/approval.h"

/* "object_zh": the text in Chinese; "about": {kind, id, command, count, amount_fen}. */
void show_about(struct json_out *out, const struct approval_row *row);

#endif
