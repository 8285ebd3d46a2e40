/* A step that is run again and again by a timer, never twice at once. */
#ifndef PLATFORM_CORE_CHORE_H
#define PLATFORM_CORE_CHORE_H

#include "platform/core/writer.h"

struct chore {
	step_fn step;
	void *request; /* of the step; its owner's */
	bool bulk;
	/* In the log, when it fails. NULL: the next tick tries again in silence. */
	const char *name;
	/* Fills the request in; false: not now. NULL: with each tick. */
	bool (*due)(void *owner);
	void (*done)(void *owner, enum err err); /* NULL: nothing follows */
	void *owner;
	struct writer *writer;
	bool busy;
};

/* Of a timer: begins it, unless the one before still waits. On the I/O thread. */
void chore_tick(void *chore);

#endif
