#include "platform/core/step.h"

#include "platform/core/webhook.h"
#include "platform/store/db.h"

enum err tx_open(struct tx *tx)
{
	enum err err;

	if (!tx->open) {
		err = db_exec(tx->db, "BEGIN IMMEDIATE");
		if (err)
			return err;
		tx->open = true;
	}
	if (tx->savepoint)
		return ERR_NONE;
	err = db_exec(tx->db, "SAVEPOINT step");
	tx->savepoint = err == ERR_NONE;
	return err;
}

enum err tx_keep(struct tx *tx)
{
	if (!tx->savepoint)
		return ERR_NONE;
	tx->savepoint = false;
	return db_exec(tx->db, "RELEASE step");
}

enum err tx_undo(struct tx *tx)
{
	if (!tx->savepoint)
		return ERR_NONE;
	tx->savepoint = false;
	return db_exec(tx->db, "ROLLBACK TO step; RELEASE step");
}

bool err_is_ground(enum err err)
{
	return err == ERR_NOMEM || err == ERR_IO || err == ERR_DISK_FULL || err == ERR_DAMAGED ||
	       err == ERR_INTERNAL;
}

enum err tx_part_begin(struct tx *tx, const struct effects *out, size_t *part)
{
	*part = out->count;
	return db_exec(tx->db, "SAVEPOINT part");
}

enum err tx_part_end(struct tx *tx, size_t part, enum err err, struct effects *out)
{
	if (err_is_ground(err))
		return err;
	if (err)
		effects_truncate(out, part);
	return db_exec(tx->db, err ? "ROLLBACK TO part; RELEASE part" : "RELEASE part");
}

enum err step_run(struct db *db, const struct keys *keys, step_fn step, void *arg, int64_t now_ms,
                  struct effects *out)
{
	struct tx tx = {.db = db, .keys = keys, .open = true};
	struct effects effects;
	enum err err;

	err = db_exec(db, "BEGIN IMMEDIATE");
	if (err)
		return err;
	effects_init(&effects);
	err = step(&tx, arg, now_ms, &effects);
	if (!err)
		err = webhook_note(&tx, &effects, 0, now_ms);
	if (!err)
		err = tx_keep(&tx);
	if (!err)
		err = db_exec(db, "COMMIT");
	if (err && db_in_transaction(db))
		(void)!db_exec(db, "ROLLBACK");
	if (!err && out)
		effects_move(out, &effects);
	effects_clear(&effects);
	return err;
}
