/* What stands before every operation: who is it, may he do this here, is the request whole? */
#ifndef PLATFORM_HTTP_GATE_H
#define PLATFORM_HTTP_GATE_H

#include "platform/core/access.h"

struct http;
struct request;

/* The head is read: finds the route and checks what needs no session. False: refused. */
bool gate_begin(struct request *request);
/* A large body is on its way: is it from somebody who is logged in? server_config.admit. */
bool gate_admit(struct request *request);
/* The body is read: session, place, right, parameters and body, then the route's handler. */
void gate_enter(struct request *request);

/* For objects that a handler finds by itself. Answers 404 when the caller does not see the place
 * (as if the object were not there), 403 when he has not this right; both leave an audit line with
 * `object` ("command 17"). True: go on. */
bool gate_allows(struct request *request, enum permission permission, const struct place *place,
                 const char *object);
/* The same for what he may have the right to below the place only, and will be looked at one by one. */
bool gate_reaches(struct request *request, enum permission permission, const struct place *place,
                  const char *object);
/* Only the audit line, for a step that said ERR_NOT_FOUND or ERR_FORBIDDEN at a known place. */
void gate_note(struct request *request, const struct place *place, const char *object);
/* The audit line of a step or query that ended with ERR_FORBIDDEN or ERR_HIDDEN: answer_err leaves
 * it. */
void gate_note_refused(struct request *request, enum err err);
/* The same in two parts, for what is found out when the request may be over (named.c): is there room for a line in this
 * minute, what would it say, and write it. */
struct refused_request;
bool gate_may_note(struct http *http);
void gate_line(const struct request *request, const struct place *place, const char *object,
               bool seen, struct refused_request *line);
void gate_write(struct http *http, const struct refused_request *line);
/* Is anything of this place visible to him? */
bool gate_sees(const struct request *request, const struct place *place);
/* The same question for rows of a list: no answer, no audit. */
bool gate_shows(const struct request *request, enum permission permission,
                const struct place *place);

#endif
