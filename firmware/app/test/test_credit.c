/* The terminal charges its own use: prices that come whole or not at all, what was spent over power cuts, and supply
 * that follows the balance without anybody telling it. */
#include "firmware/app/test/rig.h"

#include "libs/base/crc.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define ADDRESS 17
#define NOW_MS  (RIG_TIME_S * UINT64_C(1000))
#define PRICE   600000 /* micro-yuan per kWh: 60 fen */

static struct rig rig, saved;
static struct gate gate, saved_gate;
static unsigned cuts;

static struct credit *credit(void)
{
	return &rig.terminal.control.credit;
}

static const struct purse *purse(void)
{
	return &rig.terminal.control.wallet.purse;
}

static uint32_t next_counter(void)
{
	return rig.terminal.control.decided.counter + 1;
}

static struct result order(enum command_kind kind, const struct command_args *args)
{
	uint8_t body[COMMAND_SIZE_MAX];
	size_t len = gate_command(&gate, next_counter(), kind, args, body);

	gate.results = 0;
	assert_true(gate_send(&gate, CAN_TRANSFER_COMMAND, body, len));
	return gate_result(&gate);
}

static struct result order_good(enum command_kind kind, const struct command_args *args)
{
	struct result result = order(kind, args);

	assert_int_equal(result.reason, REASON_NONE);
	assert_int_equal(result.outcome, COMMAND_EXECUTED);
	return result;
}

/* ---- what the platform sends ---- */

static size_t image_of(const struct plan *plan, uint8_t image[PLAN_IMAGE_MAX])
{
	size_t len;

	assert_int_equal(plan_image_encode(plan, image, &len), PLAN_IMAGE_FITS);
	return len;
}

static struct command_args part(const struct plan *plan, const uint8_t *image, size_t len,
                                size_t at)
{
	struct command_args args = {
	        .price = {.version = plan->version, .at = (uint16_t)at, .part = image + at}
        };

	args.price.len = (uint16_t)(len - at < COMMAND_PART_MAX ? len - at : COMMAND_PART_MAX);
	return args;
}

static void send_parts(const struct plan *plan, const uint8_t *image, size_t len)
{
	for (size_t at = 0; at < len; at += COMMAND_PART_MAX) {
		struct command_args args = part(plan, image, len, at);

		order_good(COMMAND_PRICE_PART, &args);
	}
}

static struct command_args commit(const struct plan *plan, const uint8_t *image, size_t len)
{
	return (struct command_args){
	        .price = {.version = plan->version,
	                  .valid_from_s = (uint32_t)plan->valid_from_s,
	                  .len = (uint16_t)len,
	                  .crc32 = crc32_ieee(0, image, len)}
        };
}

static struct result_credit send_price(const struct plan *plan)
{
	uint8_t image[PLAN_IMAGE_MAX];
	size_t len = image_of(plan, image);
	struct command_args args = commit(plan, image, len);
	struct result result;

	send_parts(plan, image, len);
	result = order_good(COMMAND_PRICE, &args);
	return result_credit_get(&result);
}

static struct command_args limits(uint32_t version)
{
	return (struct command_args){
	        .credit = {.version = version,
	                   .flags = CREDIT_SPENDS,
	                   .alarm1_fen = 500,
	                   .alarm2_fen = 200,
	                   .start_s = RIG_TIME_S}
        };
}

static void buy(int64_t fen)
{
	struct command_args args = {.count = purse()->count + 1,
	                            .amount_fen = fen,
	                            .total_fen = purse()->total.fen + fen};

	order_good(COMMAND_RECHARGE, &args);
}

static struct plan flat(void)
{
	struct plan plan;

	plan_flat(&plan, 7, RIG_TIME_S - 86400, PRICE);
	return plan;
}

/* The dear rate from 20 to 40 minutes after RIG_TIME_S; steps at 1 kWh. */
static struct plan tou_and_steps(void)
{
	struct plan plan = flat();
	unsigned minute = (unsigned)((RIG_TIME_S + PLAN_OFFSET_CHINA_S) % 86400 / 60);

	plan.version = 9;
	plan.rate_count = 2;
	plan.rate_price_uy[1] = 1200000;
	plan.calendar[0].table_count = 1;
	plan.calendar[0].table[0].count = 2;
	plan.calendar[0].table[0].slot[0] = (struct plan_slot){(uint16_t)(minute + 20), 2};
	plan.calendar[0].table[0].slot[1] = (struct plan_slot){(uint16_t)(minute + 40), 1};
	plan.threshold_count = 1;
	plan.threshold_wh[0] = 1000;
	plan.step_price_uy[1] = 300000;
	plan.settlement_count = 1;
	plan.settlement[0] = (struct plan_settlement){.day = 1};
	return plan;
}

/* A terminal with 50 yuan that charges itself. */
static void prepare(const struct plan *plan)
{
	struct command_args args = limits(1);

	rig_init(&rig, 31);
	assert_true(rig_boot(&rig));
	gate_init(&gate, &rig, ADDRESS);
	assert_true(gate_meet(&gate, NOW_MS));
	send_price(plan);
	args.credit.start_wh = energy_meter_total(&rig.terminal.meter.energy).wh;
	order_good(COMMAND_CREDIT, &args);
	buy(5000);
}

static void restart(void)
{
	rig.flash.cut_at = 0;
	assert_true(rig_boot(&rig));
	gate_init(&gate, &rig, ADDRESS);
	cuts++;
}

/* What the whole way of the register costs at a flat price. */
static int64_t due_fen(void)
{
	return energy_meter_total(&rig.terminal.meter.energy).wh * PRICE / RATE_REST_PER_FEN;
}

static void assert_spent(void)
{
	/* A look a second: of the newest Wh or two it does not know yet. */
	assert_in_range(purse()->spent.fen, due_fen() - 1, due_fen());
}

/* ---- prices ---- */

static void images_come_back_as_they_went(void **state)
{
	struct plan plan = tou_and_steps(), back;
	uint8_t image[PLAN_IMAGE_MAX];
	size_t len;

	(void)state;
	plan.holiday_count = 2;
	plan.holiday[0] = (struct plan_holiday){0, 10, 1, 1};
	plan.holiday[1] = (struct plan_holiday){2099, 2, 28, 1};
	plan.line_count = 1;
	plan.line_price_uy[0] = 1000;
	plan.combine = PLAN_FACTOR;
	plan.step_price_uy[1] = 0;
	plan.step_factor_ppm[0] = 1000000;
	plan.step_factor_ppm[1] = 1500000;
	len = image_of(&plan, image);
	assert_int_equal(plan_image_decode(image, len, plan.version, plan.valid_from_s, &back),
	                 ERR_NONE);
	assert_memory_equal(&back, &plan, sizeof plan);
	for (size_t cut = 0; cut < len; cut++)
		assert_int_equal(plan_image_decode(image, cut, 9, 0, &back), ERR_BAD_INPUT);
}

static void what_a_meter_cannot_hold_is_named(void **state)
{
	struct plan plan = flat();
	uint8_t image[PLAN_IMAGE_MAX];
	size_t len = 1;

	(void)state;
	plan.fee_fen = 1;
	assert_int_equal(plan_image_encode(&plan, image, &len), PLAN_IMAGE_FEE);
	assert_int_equal(len, 0);
	plan = flat();
	plan.minimum_fen = 1;
	assert_int_equal(plan_image_encode(&plan, image, &len), PLAN_IMAGE_MINIMUM);
	plan = flat();
	plan.switch_s = RIG_TIME_S;
	assert_int_equal(plan_image_encode(&plan, image, &len), PLAN_IMAGE_SWITCH);
	plan = tou_and_steps();
	plan.threshold_wh[0] = INT64_C(1) << 32;
	assert_int_equal(plan_image_encode(&plan, image, &len), PLAN_IMAGE_RANGE);
	plan = tou_and_steps();
	plan.holiday_count = 254;
	for (unsigned i = 0; i < 254; i++)
		plan.holiday[i] = (struct plan_holiday){2099, 1, 1, 1};
	assert_int_equal(plan_image_encode(&plan, image, &len), PLAN_IMAGE_LARGE);
	for (unsigned i = 0; i < 254; i++) /* over before it begins: not sent */
		plan.holiday[i].year = 2020;
	assert_int_equal(plan_image_encode(&plan, image, &len), PLAN_IMAGE_FITS);
}

static void parts_make_a_price_whole_or_not_at_all(void **state)
{
	struct plan plan = tou_and_steps();
	uint8_t image[PLAN_IMAGE_MAX];
	size_t len = image_of(&plan, image);
	struct command_args args, whole = commit(&plan, image, len);
	struct result result;

	(void)state;
	plan = flat();
	prepare(&plan);
	plan = tou_and_steps();
	assert_int_equal(order(COMMAND_PRICE, &whole).reason, REASON_PRICE_MISSING);
	args = part(&plan, image, len, COMMAND_PART_MAX);
	assert_int_equal(order(COMMAND_PRICE_PART, &args).reason, REASON_PRICE_MISSING);
	send_parts(&plan, image, len);
	whole.price.crc32 ^= 1;
	assert_int_equal(order(COMMAND_PRICE, &whole).reason, REASON_PRICE_MISSING);
	/* Right check sum, impossible content. */
	image[3] = 0;
	send_parts(&plan, image, len);
	whole = commit(&plan, image, len);
	result = order(COMMAND_PRICE, &whole);
	assert_int_equal(result.reason, REASON_PRICE_UNFIT);
	assert_int_equal(result_credit_get(&result).price, 7);
	assert_int_equal(result_credit_get(&result).next, 0);
	assert_int_equal(result_credit_get(&result).limits, 1);
}

static void a_price_waits_for_its_time(void **state)
{
	struct plan plan = flat(), dear = flat();
	struct result_credit told;

	(void)state;
	prepare(&plan);
	dear.version = 8;
	dear.rate_price_uy[0] = 2 * PRICE;
	dear.valid_from_s = RIG_TIME_S + 3600;
	told = send_price(&dear);
	assert_int_equal(told.price, 7);
	assert_int_equal(told.next, 8);
	restart(); /* it stands in flash */
	assert_true(gate_meet(&gate, NOW_MS + 60000));
	assert_true(gate_run(&gate, 7200 * 1000));
	told = credit_tell(credit(), wallclock_s(&rig.terminal.clock));
	assert_int_equal(told.price, 8);
	assert_int_equal(told.next, 0);
	/* Two hours at 2 kW: the first at 60 fen, the rest at 1.20. */
	assert_in_range(purse()->spent.fen, 2 * 60 + 2 * 120 - 3, 2 * 60 + 2 * 120 + 8);
}

/* The newer of two that wait takes the place of the other; one that is over is no price any more. */
static void a_later_price_takes_the_place(void **state)
{
	struct plan plan = flat(), next = flat();
	struct result_credit told;

	(void)state;
	prepare(&plan);
	for (unsigned i = 0; i < 6; i++) {
		next.version = 20 + i;
		next.valid_from_s = RIG_TIME_S + 86400 * (6 - i);
		told = send_price(&next);
		assert_int_equal(told.price, 7);
		assert_int_equal(told.next, 20 + i);
	}
	next.version = 30;
	next.valid_from_s = RIG_TIME_S - 10;
	told = send_price(&next);
	assert_int_equal(told.price, 30);
	next.version = 31;
	next.valid_from_s = RIG_TIME_S + 86400;
	told = send_price(&next);
	assert_int_equal(told.price, 30);
	assert_int_equal(told.next, 31);
}

/* ---- spending ---- */

static void a_flat_price_is_charged_to_the_fen(void **state)
{
	struct plan plan = flat();

	(void)state;
	prepare(&plan);
	assert_true(gate_run(&gate, 3600 * 1000));
	assert_spent();
	assert_in_range(purse()->spent.fen, 119, 121);
}

static void rates_and_steps_are_charged(void **state)
{
	struct plan plan = tou_and_steps();

	(void)state;
	prepare(&plan);
	assert_true(gate_run(&gate, 3600 * 1000));
	/* 2 kWh in the hour: 20 min at 0.60, 20 at 1.20, 20 at 0.60; the second kWh 0.30 more. */
	assert_in_range(purse()->spent.fen, 40 + 80 + 40 + 30 - 2, 40 + 80 + 40 + 30 + 2);
}

static void each_restart_charges_on(void **state)
{
	struct plan plan = flat();

	(void)state;
	prepare(&plan);
	for (unsigned i = 0; i < 40; i++) {
		assert_true(rig_run(&rig, 400000 + i * 137));
		rig_off(&rig, 1000);
		restart();
		if (i % 3 == 0)
			assert_true(gate_meet(&gate, NOW_MS + (i + 1) * 402000));
		else
			assert_true(rig_run(&rig, 3000));
		assert_spent();
	}
	assert_true(purse()->spent.fen > 500);
}

/* No gateway and no time after a power cut: the price of the last record holds. */
static void it_charges_and_cuts_without_anybody(void **state)
{
	struct plan plan = flat();

	(void)state;
	prepare(&plan);
	assert_true(gate_run(&gate, 60000));
	restart();
	assert_true(rig.contact_closed);
	for (unsigned hour = 0; hour < 60 && rig.contact_closed; hour++)
		assert_true(rig_run(&rig, 3600 * 1000));
	assert_false(rig.contact_closed);
	assert_int_equal(wallclock_s(&rig.terminal.clock), 0);
	/* 50 yuan are 83.3 kWh. */
	assert_in_range(energy_meter_total(&rig.terminal.meter.energy).wh, 83200, 83400);
	restart();
	assert_true(rig_run(&rig, 5000));
	assert_false(rig.contact_closed);
	assert_true(gate_meet(&gate, NOW_MS + 50 * 3600 * 1000));
	assert_spent();
}

static void cut_terminal(void)
{
	struct command_args args = limits(2);
	struct plan plan = flat();

	prepare(&plan);
	args.credit.overdraft_fen = 100;
	args.credit.close_fen = 50;
	order_good(COMMAND_CREDIT, &args);
	rig.sample.current_100ua = 435000;
	rig.sample.power_100uw = 100000000; /* 10 kW */
	for (unsigned i = 0; i < 100 && rig.contact_closed; i++)
		assert_true(gate_run(&gate, 600 * 1000));
	assert_false(rig.contact_closed);
	assert_in_range(-purse_balance(purse()).fen, 100, 101);
}

static void money_alone_closes_again(void **state)
{
	struct command_args none = {0};

	(void)state;
	cut_terminal();
	assert_int_equal(order(COMMAND_CLOSE, &none).reason, REASON_NO_CREDIT);
	assert_int_equal(order(COMMAND_ALLOW_CLOSE, &none).reason, REASON_NO_CREDIT);
	buy(120); /* 0.20 yuan and more are left, 0.50 are wanted */
	assert_true(gate_run(&gate, 3000));
	assert_false(rig.contact_closed);
	buy(100);
	assert_true(gate_run(&gate, 3000));
	assert_true(rig.contact_closed);
	assert_int_equal(credit()->memory.state, BALANCE_ALARM2);
}

static void keep_power_wins(void **state)
{
	struct command_args none = {0};

	(void)state;
	cut_terminal();
	order_good(COMMAND_KEEP_POWER, &none);
	assert_true(gate_run(&gate, 600 * 1000));
	assert_true(rig.contact_closed);
	assert_true(purse_balance(purse()).fen < -150); /* what flows is charged */
	restart();
	assert_true(rig_run(&rig, 60000));
	assert_true(rig.contact_closed);
	assert_true(gate_meet(&gate, NOW_MS + 86400000));
	order(COMMAND_RELEASE, &none);
	assert_true(gate_run(&gate, 3000));
	assert_false(rig.contact_closed);
}

static void a_forced_trip_outlives_money(void **state)
{
	struct command_args none = {0};

	(void)state;
	cut_terminal();
	order_good(COMMAND_TRIP, &none);
	buy(5000);
	assert_true(gate_run(&gate, 3000));
	assert_false(rig.contact_closed);
	order(COMMAND_RELEASE, &none);
	assert_true(gate_run(&gate, 3000));
	assert_true(rig.contact_closed);
}

static void without_spending_nobody_is_cut(void **state)
{
	struct command_args args = limits(3), none = {0};
	int64_t spent;

	(void)state;
	cut_terminal();
	args.credit.flags = 0;
	order_good(COMMAND_CREDIT, &args);
	order(COMMAND_CLOSE, &none);
	assert_true(gate_run(&gate, 3000));
	assert_true(rig.contact_closed);
	spent = purse()->spent.fen;
	assert_true(gate_run(&gate, 1800 * 1000));
	assert_int_equal(purse()->spent.fen, spent);
	/* Another use begins where the platform says. */
	args = limits(4);
	args.credit.start_s = RIG_TIME_S + 5;
	args.credit.start_wh = energy_meter_total(&rig.terminal.meter.energy).wh - 1000;
	args.credit.start_spent_fen = 10;
	order_good(COMMAND_CREDIT, &args);
	assert_true(gate_run(&gate, 2000));
	assert_in_range(purse()->spent.fen, 69, 72);
}

static void a_void_leaves_what_was_spent(void **state)
{
	struct command_args args = {.count = 9};
	struct plan plan = flat();
	struct result result;

	(void)state;
	prepare(&plan);
	assert_true(gate_run(&gate, 3600 * 1000));
	result = order_good(COMMAND_PURSE_VOID, &args);
	assert_int_equal(result.balance_fen, 0);
	assert_int_equal(result.total_fen, purse()->spent.fen);
	restart();
	assert_int_equal(purse_balance(purse()).fen, 0);
}

static void hoarding_is_refused(void **state)
{
	struct command_args args = limits(2);
	struct plan plan = flat();

	(void)state;
	prepare(&plan);
	args.credit.hoarding_fen = 6000;
	order_good(COMMAND_CREDIT, &args);
	args = (struct command_args){.count = 2, .amount_fen = 2000, .total_fen = 7000};
	assert_int_equal(order(COMMAND_RECHARGE, &args).reason, REASON_HOARDING);
	args.credit = limits(3).credit;
	args.credit.alarm2_fen = 600; /* above alarm 1 */
	assert_int_equal(order(COMMAND_CREDIT, &args).reason, REASON_BAD_ARGUMENTS);
}

/* ---- T1: power goes at every write ---- */

static void restore(void)
{
	rig = saved;
	gate = saved_gate;
}

static void plan_cut(uint64_t after, enum cut_kind kind)
{
	rnd_seed(&rig.flash.rnd, after * 7 + (uint64_t)kind);
	rig.flash.cut_at = rig.flash.operations + after;
	rig.flash.cut_kind = kind;
}

/* A body is cut at every operation of the flash until it passes; `check` looks at what the next start finds. */
static void cut_everywhere(const uint8_t *body, size_t len, void (*check)(void))
{
	saved = rig;
	saved_gate = gate;
	for (unsigned kind = 0; kind < CUT_KINDS; kind++)
		for (uint64_t at = 1;; at++) {
			restore();
			plan_cut(at, (enum cut_kind)kind);
			if (gate_send(&gate, CAN_TRANSFER_COMMAND, body, len) &&
			    gate_run(&gate, 2000))
				break;
			restart();
			check();
			assert_true(rig_run(&rig, 4000));
			check();
			assert_spent();
		}
}

static void old_or_new_price(void)
{
	struct result_credit told = credit_tell(credit(), RIG_TIME_S + 20);

	assert_int_equal(told.price, 7);
	/* The one that waited, or the one that takes its place. */
	assert_true(told.next == 8 || told.next == 9);
	if (told.next == 9)
		assert_int_equal(credit()->prices.plan[PRICE_NEXT].threshold_wh[0], 1000);
	assert_int_equal(credit()->limits.version, 1);
}

static void a_price_is_old_or_new(void **state)
{
	struct plan plan = flat(), next = flat();
	uint8_t image[PLAN_IMAGE_MAX], body[COMMAND_SIZE_MAX];
	struct command_args args;
	size_t len;

	(void)state;
	prepare(&plan);
	next.version = 8;
	next.valid_from_s = RIG_TIME_S + 86400;
	send_price(&next);
	next = tou_and_steps();
	next.valid_from_s = RIG_TIME_S + 86400;
	len = image_of(&next, image);
	send_parts(&next, image, len);
	args = commit(&next, image, len);
	assert_true(gate_run(&gate, 900 * 1000)); /* with use that flash does not know */
	len = gate_command(&gate, next_counter(), COMMAND_PRICE, &args, body);
	cuts = 0;
	cut_everywhere(body, len, old_or_new_price);
	print_message("           %u cuts\n", cuts);
	assert_true(cuts > 300);
}

static void old_or_new_limits(void)
{
	const struct credit_args *l = &credit()->limits;

	assert_true(l->version == 1 || l->version == 2);
	assert_int_equal(l->alarm1_fen, l->version == 1 ? 500 : 900);
	assert_int_equal(l->overdraft_fen, l->version == 1 ? 0 : 77);
}

static void limits_are_old_or_new(void **state)
{
	struct command_args args = limits(2);
	struct plan plan = flat();
	uint8_t body[COMMAND_SIZE_MAX];
	size_t len;

	(void)state;
	prepare(&plan);
	assert_true(gate_run(&gate, 700 * 1000));
	args.credit.alarm1_fen = 900;
	args.credit.overdraft_fen = 77;
	/* Another use, told from the same start of the register: begun twice it is the same. */
	args.credit.start_s = RIG_TIME_S + 1;
	len = gate_command(&gate, next_counter(), COMMAND_CREDIT, &args, body);
	cuts = 0;
	cut_everywhere(body, len, old_or_new_limits);
	print_message("           %u cuts\n", cuts);
	assert_true(cuts > 100);
}

static void purse_is_whole(void)
{
	assert_true(purse()->count == 1 || purse()->count == 2);
	assert_int_equal(purse()->total.fen, purse()->count == 1 ? 5000 : 5700);
	assert_true(purse()->spent.fen >= 20); /* what was in flash never comes back */
}

static void a_purchase_settles_first(void **state)
{
	struct command_args args = {.count = 2, .amount_fen = 700, .total_fen = 5700};
	struct plan plan = flat();
	uint8_t body[COMMAND_SIZE_MAX];
	size_t len;

	(void)state;
	prepare(&plan);
	assert_true(gate_run(&gate, 1000 * 1000));
	len = gate_command(&gate, next_counter(), COMMAND_RECHARGE, &args, body);
	cuts = 0;
	cut_everywhere(body, len, purse_is_whole);
	assert_true(cuts > 100);
}

/* The quarter of an hour's own write, and the trip, cut everywhere: charged once, and the contact as the balance says. */
static void use_is_charged_once(void **state)
{
	struct plan plan = flat();

	(void)state;
	prepare(&plan);
	assert_true(gate_run(&gate, 890 * 1000));
	saved = rig;
	saved_gate = gate;
	cuts = 0;
	for (unsigned kind = 0; kind < CUT_KINDS; kind++)
		for (uint64_t at = 1;; at++) {
			restore();
			plan_cut(at, (enum cut_kind)kind);
			if (gate_run(&gate, 30 * 1000))
				break;
			restart();
			assert_true(rig_run(&rig, 4000));
			assert_spent();
		}
	print_message("           %u cuts\n", cuts);
	assert_true(cuts > 100);
}

static void a_cut_for_money_is_decided_once(void **state)
{
	struct command_args args = limits(2);
	struct plan plan = flat();

	(void)state;
	prepare(&plan);
	args.credit.start_s = RIG_TIME_S + 1;
	args.credit.start_spent_fen = 5000 - 1;
	order_good(COMMAND_CREDIT, &args);
	saved = rig;
	saved_gate = gate;
	cuts = 0;
	for (unsigned kind = 0; kind < CUT_KINDS; kind++)
		for (uint64_t at = 1; at < 60; at++) {
			restore();
			plan_cut(at, (enum cut_kind)kind);
			if (gate_run(&gate, 40 * 1000))
				break;
			restart();
			assert_true(rig_run(&rig, 40 * 1000));
			assert_false(rig.contact_closed);
			assert_int_equal(rig.terminal.control.decided.flags & DECIDED_CUT,
			                 DECIDED_CUT);
		}
	assert_true(cuts > 50);
}

/* docs/hardware/flash-map.md: each quarter of an hour, 14 slots and midnight, ten power cuts and 14 purchases a day. */
static void wear_of_15_years(void **state)
{
	const struct flog *log = &credit()->marks;
	uint64_t erases, days = 15 * 366;
	struct plan plan = flat();

	(void)state;
	prepare(&plan);
	erases = days * (96 + 15 + 10 + 14) / flog_slots(log->layout) / log->layout->pages;
	print_message("           %llu erases of a page\n", (unsigned long long)erases);
	assert_in_range(erases, 1, 9000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(images_come_back_as_they_went),
	        cmocka_unit_test(what_a_meter_cannot_hold_is_named),
	        cmocka_unit_test(parts_make_a_price_whole_or_not_at_all),
	        cmocka_unit_test(a_price_waits_for_its_time),
	        cmocka_unit_test(a_later_price_takes_the_place),
	        cmocka_unit_test(a_flat_price_is_charged_to_the_fen),
	        cmocka_unit_test(rates_and_steps_are_charged),
	        cmocka_unit_test(each_restart_charges_on),
	        cmocka_unit_test(it_charges_and_cuts_without_anybody),
	        cmocka_unit_test(money_alone_closes_again),
	        cmocka_unit_test(keep_power_wins),
	        cmocka_unit_test(a_forced_trip_outlives_money),
	        cmocka_unit_test(without_spending_nobody_is_cut),
	        cmocka_unit_test(a_void_leaves_what_was_spent),
	        cmocka_unit_test(hoarding_is_refused),
	        cmocka_unit_test(a_price_is_old_or_new),
	        cmocka_unit_test(limits_are_old_or_new),
	        cmocka_unit_test(a_purchase_settles_first),
	        cmocka_unit_test(use_is_charged_once),
	        cmocka_unit_test(a_cut_for_money_is_decided_once),
	        cmocka_unit_test(wear_of_15_years),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
