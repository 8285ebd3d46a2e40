#include "libs/proto/bulk.h"
#include "libs/proto/event.h"
#include "libs/proto/isotp.h"
#include "libs/proto/meter.h"
#include "libs/proto/transfer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static uint8_t body[2 * BULK_SIZE_MAX];

static void a_sealed_body_opens(void **state)
{
	size_t len, body_len;

	(void)state;
	for (size_t n = 1; n <= BULK_SIZE_MAX; n++) {
		memset(body, (int)n, n);
		len = transfer_seal(body, n);
		assert_int_equal(transfer_open(body, len, &body_len), ERR_NONE);
		assert_int_equal(body_len, n);
		body[n / 2] ^= 0x10;
		assert_int_equal(transfer_open(body, len, &body_len), ERR_CRC);
	}
	assert_int_equal(transfer_open(body, 4, &body_len), ERR_SHORT);
	assert_int_equal(transfer_open(body, 0, &body_len), ERR_SHORT);
}

static void events_survive(void **state)
{
	struct bulk_events events = {.newest_seq = UINT32_MAX, .n = BULK_EVENTS_MAX}, got;
	size_t len;

	(void)state;
	for (uint32_t i = 0; i < BULK_EVENTS_MAX; i++)
		events.event[i] = (struct bulk_event){i,           UINT32_MAX - i,
		                                      (uint16_t)i, (uint8_t)(255 - i),
		                                      (uint8_t)i,  -(int32_t)i};
	events.event[0].value = INT32_MIN;
	len = bulk_events_encode(&events, body);
	assert_true(len <= sizeof body && len + TRANSFER_CRC_SIZE <= ISOTP_LENGTH_MAX);
	assert_int_equal(bulk_events_decode(body, len, &got), ERR_NONE);
	assert_int_equal(got.n, BULK_EVENTS_MAX);
	assert_true(got.newest_seq == UINT32_MAX);
	for (size_t i = 0; i < BULK_EVENTS_MAX; i++) {
		const struct bulk_event *e = &got.event[i], *want = &events.event[i];

		assert_true(e->seq == want->seq && e->time_s == want->time_s &&
		            e->boot == want->boot && e->kind == want->kind &&
		            e->detail == want->detail && e->value == want->value);
	}
	assert_int_equal(bulk_events_decode(body, len - 1, &got), ERR_BAD_INPUT);
	assert_int_equal(bulk_events_decode(body, len + 1, &got), ERR_BAD_INPUT);
	assert_int_equal(bulk_events_decode(body, 5, &got), ERR_BAD_INPUT);
	events.n = 0;
	assert_int_equal(bulk_events_encode(&events, body + len), BULK_EVENTS_HEAD);
	assert_int_equal(bulk_events_decode(body + len, BULK_EVENTS_HEAD, &got), ERR_NONE);
	assert_int_equal(got.n, 0);
	body[5] = BULK_EVENTS_MAX + 1;
	assert_int_equal(bulk_events_decode(body, len + BULK_EVENT_SIZE, &got), ERR_BAD_INPUT);
	body[5] = BULK_EVENTS_MAX;
	body[0] = TRANSFER_EVENTS_GET;
	assert_int_equal(bulk_events_decode(body, len, &got), ERR_BAD_INPUT);
}

static void small_bodies_survive(void **state)
{
	struct bulk_events_get get = {0xFEDCBA98, 31}, got_get;
	struct bulk_time_want want = {0xFFFE, 0x89ABCDEF}, got_want;
	uint32_t seq;
	size_t len;

	(void)state;
	memset(body, 0, sizeof body);
	len = bulk_events_get_encode(&get, body);
	assert_int_equal(bulk_events_get_decode(body, len, &got_get), ERR_NONE);
	assert_true(got_get.from_seq == get.from_seq && got_get.max == 31);
	assert_int_equal(bulk_events_get_decode(body, len - 1, &got_get), ERR_BAD_INPUT);
	assert_int_equal(bulk_events_ack_decode(body, len, &seq), ERR_BAD_INPUT);

	len = bulk_events_ack_encode(0xFEDCBA98, body);
	assert_int_equal(bulk_events_ack_decode(body, len, &seq), ERR_NONE);
	assert_true(seq == 0xFEDCBA98);
	assert_int_equal(bulk_events_ack_decode(body, len + 1, &seq), ERR_BAD_INPUT);
	assert_int_equal(bulk_time_want_decode(body, len, &got_want), ERR_BAD_INPUT);

	len = bulk_time_want_get_encode(body);
	assert_int_equal(bulk_time_want_get_decode(body, len), ERR_NONE);
	assert_int_equal(bulk_time_want_get_decode(body, 0), ERR_BAD_INPUT);
	assert_int_equal(bulk_events_get_decode(body, len, &got_get), ERR_BAD_INPUT);

	len = bulk_time_want_encode(&want, body);
	assert_int_equal(bulk_time_want_decode(body, len, &got_want), ERR_NONE);
	assert_true(got_want.boot == want.boot && got_want.uptime_s == want.uptime_s);
	assert_int_equal(bulk_time_want_decode(body, len - 1, &got_want), ERR_BAD_INPUT);
	assert_int_equal(bulk_time_want_get_decode(body, 1), ERR_BAD_INPUT);
}

/* Every kind has its own word and both languages. */
static void events_have_names(void **state)
{
	unsigned known = 0;

	(void)state;
	for (unsigned kind = 0; kind < 256; kind++) {
		const struct event_name *name = event_name(kind);

		assert_non_null(name->zh);
		if (strcmp(name->word, "unknown") == 0)
			continue;
		known++;
		for (unsigned other = 0; other < kind; other++)
			assert_string_not_equal(name->word, event_name(other)->word);
		assert_true(name->zh[0] & 0x80); /* not ASCII */
	}
	assert_in_range(known, 33, 255); /* grows */
	assert_string_equal(event_name(EVENT_RELAY_MOVED)->word, "relay-moved");
	assert_string_equal(event_name(99999)->word, "unknown");
}

static void bits_have_words(void **state)
{
	(void)state;
	assert_string_equal(meter_state_word(0), "contact_closed");
	assert_string_equal(meter_state_word(8), "sample_toggle");
	assert_null(meter_state_word(9));
	assert_string_equal(meter_quality_word(1), "sample_stale");
	assert_string_equal(meter_quality_word(5), "frozen");
	assert_null(meter_quality_word(6));
	assert_string_equal(meter_quality_word(9), "edge");
	assert_null(meter_quality_word(10));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_sealed_body_opens),  cmocka_unit_test(events_survive),
	        cmocka_unit_test(small_bodies_survive), cmocka_unit_test(events_have_names),
	        cmocka_unit_test(bits_have_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
