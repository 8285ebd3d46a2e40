/* What the operations that check a password or a code share: how often one may try, and what the
 * second factor answers. */
#ifndef PLATFORM_HTTP_LOGIN_H
#define PLATFORM_HTTP_LOGIN_H

#include "platform/core/session.h"
#include "platform/http/request.h"
#include "platform/http/slow.h"

/* True: answered 403, because an API key is no person. */
bool answer_no_person(struct request *request);

/* True: answered 429 with Retry-After. */
bool answer_wait(struct request *request, int64_t wait_s, const char *detail);
bool login_must_wait(struct request *request, const char *name);
bool code_must_wait(struct request *request, const char *name);

/* How a step's question for the second factor ended; counts wrong codes of `name`. True: answered,
 * 401. */
bool answer_factor(struct request *request, enum login_end end, const char *name);
/* The same of a step that says whether the code was good. */
bool answer_wrong_code(struct request *request, bool good, const char *name);

/* True: answered 400 naming `field`, because this password may not be used. */
bool answer_weak_password(struct request *request, const char *field, const char *password,
                          const char *name);

#endif
