#include "platform/broker/cutoff.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "deploy/broker/broker_files.h"
#include "platform/store/log.h"

/* False: nothing of it is on the list. */
static bool remove_revoked(struct client_list *list, const struct directory *dir)
{
	bool changed = false;

	for (size_t i = 0; i < dir->gateway_count; i++)
		if (dir->gateways[i].revoked &&
		    clients_remove(list, dir->gateways[i].name) == ERR_NONE) {
			log_info("gateway %s: taken off the broker's list", dir->gateways[i].name);
			changed = true;
		}
	return changed;
}

static enum err write_list(const char *path, const struct directory *dir)
{
	struct client_list *list = malloc(sizeof *list);
	int lock = clients_lock(path);
	enum err err = list && lock >= 0 ? ERR_NONE : list ? ERR_FORBIDDEN : ERR_NOMEM;
	size_t line;

	if (!err)
		err = clients_read(path, list, &line);
	if (!err && remove_revoked(list, dir))
		err = clients_write(path, list);
	clients_unlock(lock);
	free(list);
	return err;
}

void cutoff_follow(struct cutoff *cutoff, const struct directory *dir)
{
	char path[PATH_MAX];
	size_t revoked = 0;
	enum err err;

	for (size_t i = 0; i < dir->gateway_count; i++)
		revoked += dir->gateways[i].revoked;
	if (revoked == cutoff->revoked)
		return;
	if (snprintf(path, sizeof path, "%s/broker/clients", cutoff->data_dir) >= (int)sizeof path)
		return;
	err = revoked > cutoff->revoked ? write_list(path, dir) : ERR_NONE;
	if (err)
		log_error("%s: %s; run `wattle gateway revoke` for gateways that are revoked", path,
		          err_text(err));
	else
		cutoff->revoked = revoked;
}
