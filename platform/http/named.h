/* What a request names beside its path: somebody who reaches for what is another property's leaves an audit line there,
 * though he is answered as if it did not exist (docs/design/access.md). */
#ifndef PLATFORM_HTTP_NAMED_H
#define PLATFORM_HTTP_NAMED_H

struct request;

/* The handler of a filter has nothing to refuse: before it runs. */
void named_note_filters(struct request *request);
/* Something that the path, a parameter or the body names was not found, or a filter found nothing. Looks for it on a
 * reader's thread, beside the answer. */
void named_note(struct request *request);
/* The part of it that needs no store: meters and spaces. */
void named_note_places(struct request *request);

#endif
