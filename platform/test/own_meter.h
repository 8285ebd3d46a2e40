/* A meter that charges itself, in small: what firmware/app/price.c and credit.c do with commands and say of it. */
#ifndef PLATFORM_TEST_OWN_METER_H
#define PLATFORM_TEST_OWN_METER_H

#include "libs/credit/plan_image.h"
#include "libs/proto/command.h"
#include "libs/proto/uplink.h"
#include "platform/store/command.h"

struct own_meter {
	uint8_t staged[PLAN_IMAGE_MAX];
	uint32_t staged_version;
	size_t staged_len;

	struct {
		uint32_t version;
		int64_t from_s;
	} now, next;
	struct credit_args limits;
	uint32_t counter, count;
	int64_t total_fen, spent_fen;
	uint8_t relay;
	bool deaf; /* knows no such commands */
};

/* What it had not kept for good is gone. */
void own_meter_restart(struct own_meter *m);
/* The reason in its answer. */
uint8_t own_meter_obey(struct own_meter *m, uint8_t kind, const struct command_args *args,
                       int64_t now_s);
/* By what it charges now. */
struct result_credit own_meter_tell(const struct own_meter *m, int64_t now_s);
/* Obeys a command that it has not seen yet, and signs what it says then. */
struct uplink_result own_meter_answer(struct own_meter *m, const struct command_row *row,
                                      const struct command_key *key, int64_t now_s);

#endif
