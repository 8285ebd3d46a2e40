/* Events as they are stored, and told at once when a person should see them. */
#ifndef PLATFORM_CORE_EVENT_NOTE_H
#define PLATFORM_CORE_EVENT_NOTE_H

#include "platform/core/step.h"
#include "platform/store/event.h"

/* Once per `source`: the same again changes nothing and is ERR_NONE. */
MUST_USE enum err event_note(struct tx *tx, struct event_row *row, struct effects *out);

#endif
