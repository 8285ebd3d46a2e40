/* Rosters: how one is asked for and shown. */
#ifndef PLATFORM_HTTP_ROSTER_SHOW_H
#define PLATFORM_HTTP_ROSTER_SHOW_H

#include "platform/core/roster.h"
#include "platform/http/context.h"

/* Runs it behind the request's Idempotency-Key and answers. The caller has filled kind, body, object or select. */
void roster_ask(struct request *request, struct roster_request *roster, const char *reason);

/* Which are meant: `named` alone, or a selection. False: answered. */
bool roster_chooses(struct request *request, const char *field, bool named, bool selects);

#endif
