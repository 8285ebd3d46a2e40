#include "gateway/core/tables.h"

#include <string.h>

static const char terminals_file[] = "terminals.tab";
static const char policy_file[] = "policy.tab";
static const char commands_file[] = "commands.tab";

static enum err file_read(struct tables *tables, const char *name, size_t *len)
{
	*len = 0;
	return statefile_load(tables->disk, name, tables->body, sizeof tables->body, len);
}

/* A file that was never written is an empty table; one that fails its checks as well, but counts. */
static enum err settle(enum err err, unsigned *damaged)
{
	if (err == ERR_NOT_FOUND)
		return ERR_NONE;
	if (err != ERR_DAMAGED && err != ERR_TOO_LONG)
		return err;
	++*damaged;
	return ERR_NONE;
}

static enum err terminals_load(struct tables *tables, const struct terminals_now *now)
{
	size_t len;
	enum err err = file_read(tables, terminals_file, &len);

	return err ? err : terminals_table_decode(tables->terminals, tables->body, len, now);
}

static enum err policy_load(struct tables *tables, struct policy *policy)
{
	struct policy loaded;
	size_t len;
	enum err err;

	err = file_read(tables, policy_file, &len);
	if (!err)
		err = policy_decode(&loaded, tables->body, len);
	if (!err)
		*policy = loaded;
	return err;
}

static enum err commands_load(struct tables *tables)
{
	size_t len;
	enum err err = file_read(tables, commands_file, &len);

	return err ? err : commands_decode(tables->commands, tables->body, len);
}

enum err tables_load(struct tables *tables, struct policy *policy, const struct terminals_now *now,
                     unsigned *damaged)
{
	enum err err;

	err = settle(terminals_load(tables, now), damaged);
	if (!err)
		err = settle(policy_load(tables, policy), damaged);
	if (!err)
		err = settle(commands_load(tables), damaged);
	return err;
}

enum err tables_save_terminals(struct tables *tables)
{
	enum err err = statefile_save(tables->disk, terminals_file, tables->body,
	                              terminals_table_encode(tables->terminals, tables->body));

	if (!err)
		terminals_saved(tables->terminals);
	return err;
}

enum err tables_save_commands(struct tables *tables)
{
	enum err err = statefile_save(tables->disk, commands_file, tables->body,
	                              commands_encode(tables->commands, tables->body));

	if (err)
		tables->commands->must_save = true;
	else
		commands_kept(tables->commands);
	return err;
}

enum err tables_save_policy(struct tables *tables, const struct policy *policy)
{
	return statefile_save(tables->disk, policy_file, tables->body,
	                      policy_encode(policy, tables->body));
}
