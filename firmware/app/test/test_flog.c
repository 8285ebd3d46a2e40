/* T1 for every log: power goes at each half-word, once and twice, and does five kinds of harm. */
#include "firmware/app/test/rig.h"

#include "libs/base/bytes.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define SIZE  12
#define STEPS 5

static const struct flog_layout two_pages = {PAGE_ENERGY, 2, SIZE, true};
static const struct flog_layout no_refresh = {PAGE_ENERGY, 2, SIZE, false};
static const struct flog_layout five_pages = {PAGE_EVENTS, 5, SIZE, true};

/* What a flash has been through, and what somebody outside was told. */
struct life {
	struct rig_flash flash;
	const struct flog_layout *layout;
	uint32_t now_ms;
	uint32_t attempted; /* greatest value that an append was called with */
	uint32_t acked;     /* ... that an append returned for */
	uint32_t seen;      /* ... that a start showed */
};

static struct life base, first, second;
static uint64_t states, backwards, lost, strange;

static void payload_of(uint32_t value, uint8_t payload[SIZE])
{
	put_le32(payload, value);
	put_le32(payload + 4, ~value);
	put_le32(payload + 8, value * 2654435761u);
}

/* 0 when it is no payload of ours. */
static uint32_t value_of(const uint8_t payload[SIZE])
{
	uint8_t right[SIZE];

	payload_of(get_le32(payload), right);
	return memcmp(right, payload, SIZE) == 0 ? get_le32(payload) : 0;
}

/* A start: what the log shows must be between what was promised and what was tried. */
static void start(struct life *l, struct flog *log)
{
	uint8_t payload[SIZE] = {0};
	enum err err = flog_open(log, &(struct flash){&rig_flash_ops, &l->flash}, l->layout,
	                         l->now_ms, payload);
	uint32_t value = err == ERR_NOT_FOUND ? 0 : value_of(payload);

	if (err != ERR_NONE && err != ERR_NOT_FOUND)
		strange++;
	if (value < l->acked)
		lost++;
	if (value < l->seen)
		backwards++;
	if (value > l->attempted || (value == 0 && err == ERR_NONE))
		strange++;
	l->seen = value;
}

static void append(struct life *l, struct flog *log)
{
	uint8_t payload[SIZE];

	payload_of(++l->attempted, payload);
	if (flog_append(log, payload, l->now_ms) != ERR_NONE)
		strange++;
	l->acked = l->attempted;
}

/* Power on, some records, each settled or not, a tidy in between. The flash pointer of a log ends
 * with the start. */
static bool run(struct life *l)
{
	struct flash flash = {&rig_flash_ops, &l->flash};
	static struct flog log; /* not in a register when power goes */
	jmp_buf power;

	l->flash.power = &power;
	if (setjmp(power))
		return false;
	start(l, &log);
	log.flash = &flash;
	for (unsigned i = 0; i < STEPS; i++) {
		append(l, &log);
		l->now_ms += i % 2 ? FLOG_SETTLE_MS : FLOG_SETTLE_MS / 4;
		flog_poll(&log, l->now_ms);
		if (i == 2)
			flog_tidy(&log);
	}
	return true;
}

static void cut_next(struct life *l, uint64_t after, enum cut_kind kind, uint64_t seed)
{
	l->flash.cut_at = l->flash.operations + after;
	l->flash.cut_kind = kind;
	rnd_seed(&l->flash.rnd, seed);
}

/* After the cuts: a quiet start must work, and so must the one after it. */
static void end(struct life *l)
{
	l->flash.cut_at = 0;
	assert_true(run(l));
	assert_true(run(l));
	states++;
}

static void prepare(const struct flog_layout *layout, unsigned records)
{
	static struct flog log;
	struct flash flash = {&rig_flash_ops, &base.flash};
	jmp_buf power;

	memset(&base, 0, sizeof base);
	rig_flash_init(&base.flash, 7);
	base.layout = layout;
	base.flash.power = &power;
	assert_int_equal(setjmp(power), 0);
	start(&base, &log);
	log.flash = &flash;
	for (unsigned i = 0; i < records; i++) {
		append(&base, &log);
		base.now_ms += FLOG_SETTLE_MS;
		flog_poll(&log, base.now_ms);
	}
}

/* Only the log's own pages differ between two lives: copying all would take most of the time. */
static void copy(struct life *to, const struct life *from)
{
	size_t at = from->layout->first_page * FLASH_PAGE_SIZE / 2;
	size_t bytes = from->layout->pages * FLASH_PAGE_SIZE;

	memcpy(to->flash.cell + at, from->flash.cell + at, bytes);
	memcpy(to->flash.weak + at, from->flash.weak + at, bytes);
	to->flash.operations = from->flash.operations;
	to->flash.cut_at = 0;
	to->layout = from->layout;
	to->now_ms = from->now_ms;
	to->attempted = from->attempted;
	to->acked = from->acked;
	to->seen = from->seen;
}

static void second_cut(uint64_t seed)
{
	for (unsigned kind = 0; kind < CUT_KINDS; kind++)
		for (uint64_t at = 1;; at++) {
			copy(&second, &first);
			cut_next(&second, at, (enum cut_kind)kind, seed + at);
			if (run(&second))
				break;
			end(&second);
		}
}

/* Every operation of a run is cut in every way; if `twice`, so is every one of the run after it. */
static void all_cuts(bool twice, uint64_t seed)
{
	for (unsigned kind = 0; kind < CUT_KINDS; kind++)
		for (uint64_t at = 1;; at++) {
			copy(&first, &base);
			cut_next(&first, at, (enum cut_kind)kind, seed + at);
			if (run(&first))
				break;
			if (twice)
				second_cut(seed * 31 + at);
			copy(&second, &first);
			end(&second);
		}
}

static void expect_sound(void)
{
	print_message("           %llu states\n", (unsigned long long)states);
	assert_int_equal(lost, 0);
	assert_int_equal(backwards, 0);
	assert_int_equal(strange, 0);
}

static int reset(void **state)
{
	(void)state;
	states = backwards = lost = strange = 0;
	memset(&first, 0, sizeof first);
	memset(&second, 0, sizeof second);
	return 0;
}

/* Fillings that put the page change at each point of the run. */
static void one_cut_anywhere(void **state)
{
	(void)state;
	for (unsigned records = 0; records < 90; records += (records + 6) % 42 < 12 ? 1 : 6)
		for (uint64_t seed = 1; seed <= 8; seed++) {
			prepare(&two_pages, records);
			all_cuts(false, seed * 1000);
		}
	expect_sound();
}

static void two_cuts_anywhere(void **state)
{
	static const unsigned records[] = {0, 37, 40, 41, 80};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(records); i++) {
		prepare(&two_pages, records[i]);
		all_cuts(true, 77 + i);
	}
	expect_sound();
}

static void two_cuts_in_five_pages(void **state)
{
	(void)state;
	prepare(&five_pages, 42 * 5 - 2);
	all_cuts(true, 5);
	expect_sound();
}

/* A cut write in the last slot of a page reads whole now and then, and its number is used again in
 * the next page: the later record holds. */
static void a_cut_write_never_replaces_its_successor(void **state)
{
	const uint64_t last_half_word = (2 + 4 + SIZE + 4) / 2;

	(void)state;
	prepare(&two_pages, 2 * 42 - 1);
	for (uint64_t seed = 1; seed <= 400; seed++)
		for (uint64_t at = 15; at < 30; at++) { /* about where the successor is done */
			copy(&first, &base);
			cut_next(&first, last_half_word, CUT_MARGINAL, seed);
			assert_false(run(&first));
			cut_next(&first, at, CUT_NOTHING, seed + at);
			assert_false(run(&first));
			end(&first);
		}
	expect_sound();
}

/* Many lives of random cuts, each start cut again before it is done. */
static void flapping_supply(void **state)
{
	struct rnd rnd;

	(void)state;
	rnd_seed(&rnd, 99);
	for (unsigned i = 0; i < 200; i++) {
		prepare(&two_pages, rnd_below(&rnd, 84));
		copy(&first, &base);
		for (unsigned cut = 0; cut < 40; cut++) {
			cut_next(&first, 1 + rnd_below(&rnd, 70),
			         (enum cut_kind)rnd_below(&rnd, CUT_KINDS), rnd_u64(&rnd));
			run(&first);
		}
		end(&first);
	}
	expect_sound();
}

/* The bench itself: without the refresh at the start, marginal cells do bring back the past. */
static void without_refresh_it_goes_backwards(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 3; seed++) {
		prepare(&no_refresh, 20);
		all_cuts(true, seed);
	}
	print_message("           %llu of %llu states\n", (unsigned long long)backwards,
	              (unsigned long long)states);
	assert_true(backwards > 0);
}

static void old_records_are_found_by_number(void **state)
{
	struct flash flash = {&rig_flash_ops, &base.flash};
	uint8_t payload[SIZE];
	struct flog log;

	(void)state;
	prepare(&five_pages, 500);
	assert_int_equal(flog_open(&log, &flash, &five_pages, 0, payload), ERR_NONE);
	assert_int_equal(log.newest_seq, 500);
	assert_int_equal(value_of(payload), 500);
	for (uint32_t seq = 500; seq > 500 - 4 * 42; seq--) {
		assert_int_equal(flog_read(&log, seq, payload), ERR_NONE);
		assert_int_equal(value_of(payload), seq);
	}
	assert_int_equal(flog_read(&log, 501, payload), ERR_NOT_FOUND);
	assert_int_equal(flog_read(&log, 1, payload), ERR_NOT_FOUND);
	assert_int_equal(flog_read(&log, 0, payload), ERR_NOT_FOUND);
}

/* A settled log costs a start nothing: a supply that flaps must not wear the flash. */
static void a_start_after_rest_writes_nothing(void **state)
{
	struct flash flash = {&rig_flash_ops, &base.flash};
	uint8_t payload[SIZE];
	struct flog log;

	(void)state;
	prepare(&two_pages, 10);
	for (unsigned i = 0; i < 1000; i++)
		assert_int_equal(flog_open(&log, &flash, &two_pages, 0, payload), ERR_NONE);
	assert_int_equal(value_of(payload), 10);
	assert_int_equal(log.newest_seq, 10);
}

static void tidy_spares_the_append_an_erase(void **state)
{
	struct flash flash = {&rig_flash_ops, &base.flash};
	uint8_t payload[SIZE];
	struct flog log;
	uint32_t erases;

	(void)state;
	prepare(&two_pages, 40);
	assert_int_equal(flog_open(&log, &flash, &two_pages, 0, payload), ERR_NONE);
	erases = base.flash.erases[PAGE_ENERGY + 1];
	flog_tidy(&log);
	assert_int_equal(base.flash.erases[PAGE_ENERGY + 1], erases + 1);
	flog_tidy(&log);
	for (unsigned i = 0; i < 6; i++)
		append(&base, &log);
	assert_int_equal(base.flash.erases[PAGE_ENERGY + 1], erases + 1);
}

static void one_bad_page_is_lived_with(void **state)
{
	struct flash flash = {&rig_flash_ops, &base.flash};
	uint8_t payload[SIZE];
	struct flog log;

	(void)state;
	prepare(&two_pages, 10);
	assert_int_equal(flog_open(&log, &flash, &two_pages, 0, payload), ERR_NONE);
	base.flash.broken_page = PAGE_ENERGY;
	append(&base, &log);
	assert_int_equal(log.page, 1);
	assert_true(log.repairs > 0);
	base.flash.dead = true;
	payload_of(12, payload);
	assert_int_equal(flog_append(&log, payload, 0), ERR_IO);
	assert_int_equal(flog_open(&log, &flash, &two_pages, 0, payload), ERR_IO);
	assert_int_equal(value_of(payload), 11);
	assert_int_equal(strange, 0);
}

/* 15 years: energy every 15 minutes and ten power cuts a day. The data sheet promises 10,000 erases. */
int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup(one_cut_anywhere, reset),
	        cmocka_unit_test_setup(two_cuts_anywhere, reset),
	        cmocka_unit_test_setup(two_cuts_in_five_pages, reset),
	        cmocka_unit_test_setup(a_cut_write_never_replaces_its_successor, reset),
	        cmocka_unit_test_setup(flapping_supply, reset),
	        cmocka_unit_test_setup(without_refresh_it_goes_backwards, reset),
	        cmocka_unit_test_setup(old_records_are_found_by_number, reset),
	        cmocka_unit_test_setup(a_start_after_rest_writes_nothing, reset),
	        cmocka_unit_test_setup(tidy_spares_the_append_an_erase, reset),
	        cmocka_unit_test_setup(one_bad_page_is_lived_with, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
