#include "platform/core/revive.h"

#include <inttypes.h>
#include <stdio.h>

#include "platform/store/info.h"
#include "platform/store/login.h"

static enum err note(struct tx *tx, const struct revive_request *r, int64_t now_ms)
{
	char detail[256];

	snprintf(detail, sizeof detail,
	         "%s, as of %" PRId64 " s; epoch %016" PRIx64 " to %016" PRIx64
	         ", generation %" PRId64 ", %" PRId64 " sessions ended",
	         r->source, r->copy_ms / 1000, r->old_epoch, r->new_epoch, r->generation,
	         r->sessions);
	return audit_note(tx, &r->actor, 0, r->action, "store", detail, now_ms);
}

enum err revive_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct revive_request *r = arg;
	enum err err;

	(void)out;
	err = info_epoch(tx->db, &r->old_epoch);
	if (!err)
		err = info_epoch_set(tx->db, r->new_epoch);
	if (!err)
		err = info_number(tx->db, INFO_GENERATION, &r->generation);
	if (!err)
		err = info_number_set(tx->db, INFO_GENERATION, ++r->generation);
	if (!err)
		err = info_number_set(tx->db, INFO_COPY_MS, r->copy_ms);
	if (!err)
		err = info_number_set(tx->db, INFO_REVIVED_MS, now_ms);
	if (!err)
		err = store_skip_numbers(tx->db, REVIVE_SKIP_NUMBERS, REVIVE_SKIP_COUNTERS);
	if (!err)
		err = session_delete_all(tx->db, &r->sessions);
	return err ? err : note(tx, r, now_ms);
}
