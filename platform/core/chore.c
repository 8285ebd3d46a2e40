#include "platform/core/chore.h"

#include "platform/store/log.h"

static void ended(void *arg, enum err err)
{
	struct chore *c = arg;

	c->busy = false;
	if (err && err != ERR_DISK_FULL && c->name)
		log_warn("%s: %s", c->name, err_text(err));
	if (c->done)
		c->done(c->owner, err);
}

void chore_tick(void *arg)
{
	struct chore *c = arg;

	if (c->busy || (c->due && !c->due(c->owner)))
		return;
	c->busy = !(c->bulk ? writer_submit_bulk(c->writer, c->step, c->request, ended, c)
	                    : writer_submit(c->writer, c->step, c->request, ended, c));
}
