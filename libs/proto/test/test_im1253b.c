/* The metering module, from both sides. Bytes are the manual's and captured ones (tests/vectors). */
#include "libs/proto/im1253b.h"

#include "libs/base/bytes.h"
#include "libs/base/crc.h"
#include "libs/base/rnd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define DAY "01032000218dd800013875010c63080000005a000003e80000005900000ccb000013881bc2"

static const struct im1253b_sample day = {2199000, 79989, 17589000, 90, 1000, 89, 3275, 5000};

static size_t bytes_of(const char *hex, uint8_t *bytes, size_t size)
{
	size_t len;

	assert_int_equal(hex_decode_any(hex, bytes, size, &len), ERR_NONE);
	return len;
}

static void encodes_to(const struct im1253b_request *request, const char *hex)
{
	uint8_t frame[IM1253B_REQUEST_MAX], want[IM1253B_REQUEST_MAX];
	size_t len = im1253b_request_encode(request, frame);
	struct im1253b_request back;

	assert_int_equal(len, bytes_of(hex, want, sizeof want));
	assert_memory_equal(frame, want, len);
	assert_int_equal(im1253b_request_decode(frame, len, &back), ERR_NONE);
	assert_true(back.address == request->address && back.function == request->function &&
	            back.start == request->start && back.count == request->count &&
	            back.value == request->value);
}

static void requests_have_the_bytes_of_the_manual(void **state)
{
	struct im1253b_request r;

	(void)state;
	r = im1253b_read(1, IM1253B_REG_FIRST, 8);
	encodes_to(&r, "010300480008C41A");
	assert_int_equal(im1253b_reply_size(&r), 37);
	r = im1253b_read(1, IM1253B_REG_FIRST, 2);
	encodes_to(&r, "010300480002441D");
	r = im1253b_read(1, IM1253B_REG_FIRST, 10);
	encodes_to(&r, "01030048000A45DB");
	assert_int_equal(im1253b_reply_size(&r), 45);
	r = im1253b_read(1, IM1253B_REG_LINE, 1);
	encodes_to(&r, "010300040001C5CB");
	assert_int_equal(im1253b_reply_size(&r), 7);
	r = im1253b_clear_energy(1);
	encodes_to(&r, "0110004B00020400000000B62C");
	assert_int_equal(im1253b_reply_size(&r), 8);
	r = im1253b_set_line(1, 0x0206);
	encodes_to(&r, "01100004000102020626B6");
}

static void requests_the_module_leaves_unanswered(void **state)
{
	static const struct {
		const char *hex;
		enum err err;
	} cases[] = {
	        {"",	                     ERR_SHORT   },
	        {"010300480008C4",               ERR_SHORT   },
	        {"010300480008C41A00",           ERR_TOO_LONG},
	        {"010300480008C41B",             ERR_CRC     },
	        {"01060004010689A9",             ERR_REFUSED },
	        {"01830048000811BC",             ERR_REFUSED },
	        {"0110004B00020400000000B6",     ERR_SHORT   },
	        {"0110004B00020400000000B62C00", ERR_TOO_LONG},
	};

	uint8_t frame[20];
	struct im1253b_request r;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t len = bytes_of(cases[i].hex, frame, sizeof frame);

		assert_int_equal(im1253b_request_decode(frame, len, &r), cases[i].err);
	}
}

static enum err decode_request(struct im1253b_request r)
{
	uint8_t frame[IM1253B_REQUEST_MAX];
	size_t len = im1253b_request_encode(&r, frame);

	return im1253b_request_decode(frame, len, &r);
}

static void registers_that_do_not_exist(void **state)
{
	(void)state;
	assert_int_equal(decode_request(im1253b_read(1, 0x47, 1)), ERR_NOT_FOUND);
	assert_int_equal(decode_request(im1253b_read(1, 0x48, 0)), ERR_NOT_FOUND);
	assert_int_equal(decode_request(im1253b_read(1, 0x48, 11)), ERR_NOT_FOUND);
	assert_int_equal(decode_request(im1253b_read(1, 0x51, 1)), ERR_NONE);
	assert_int_equal(decode_request(im1253b_read(1, 0x51, 2)), ERR_NOT_FOUND);
	assert_int_equal(decode_request(im1253b_read(1, IM1253B_REG_LINE, 2)), ERR_NOT_FOUND);
	assert_int_equal(decode_request((struct im1253b_request){1, IM1253B_WRITE, 0x0C, 2, 0}),
	                 ERR_NOT_FOUND);
	/* energy is two words, never one */
	assert_int_equal(decode_request((struct im1253b_request){1, IM1253B_WRITE,
	                                                         IM1253B_REG_ENERGY, 1, 0}),
	                 ERR_NOT_FOUND);
	assert_int_equal(
	        decode_request((struct im1253b_request){1, IM1253B_READ_INPUT, 0x48, 8, 0}),
	        ERR_NONE);
}

static void a_write_says_its_length_twice(void **state)
{
	static const char *const bad[] = {
	        "0110004B00010400000000",     /* one word, four bytes */
	        "0110004B000000",             /* no words */
	        "0110004B000306000000000000", /* three words: no register has that length */
	};
	uint8_t frame[24];
	struct im1253b_request r;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		size_t len = bytes_of(bad[i], frame, sizeof frame);

		put_le16(frame + len, crc16_modbus(frame, len));
		assert_int_equal(im1253b_request_decode(frame, len + 2, &r), ERR_BAD_INPUT);
	}
}

/* ---- answers ---- */

static void the_manuals_answer_has_its_values(void **state)
{
	struct im1253b_request r = im1253b_read(1, IM1253B_REG_FIRST, 8);
	uint8_t frame[IM1253B_REPLY_MAX], made[IM1253B_REPLY_MAX];
	size_t len = bytes_of(DAY, frame, sizeof frame);
	uint32_t reg[IM1253B_REGS];
	struct im1253b_sample sample;
	struct im1253b_reply reply;

	(void)state;
	assert_int_equal(im1253b_reply_decode(&r, frame, len, &reply), ERR_NONE);
	assert_int_equal(im1253b_sample_decode(&reply, &sample), ERR_NONE);
	assert_memory_equal(&sample, &day, sizeof day);
	im1253b_sample_encode(&day, reg);
	assert_int_equal(im1253b_reply_encode(&r, reg, made), len);
	assert_memory_equal(made, frame, len);
}

static void other_answers(void **state)
{
	struct im1253b_request line = im1253b_read(1, IM1253B_REG_LINE, 1);
	struct im1253b_request clear = im1253b_clear_energy(1);
	uint8_t frame[IM1253B_REPLY_MAX], want[16];
	struct im1253b_sample sample;
	struct im1253b_reply reply;
	uint32_t word = 0x0105;

	(void)state;
	assert_int_equal(im1253b_reply_encode(&line, &word, frame),
	                 bytes_of("010302010579D7", want, sizeof want));
	assert_memory_equal(frame, want, 7);
	assert_int_equal(im1253b_reply_decode(&line, frame, 7, &reply), ERR_NONE);
	assert_int_equal(reply.n, 1);
	assert_int_equal(reply.reg[0], 0x0105);
	assert_int_equal(im1253b_sample_decode(&reply, &sample), ERR_BAD_INPUT);

	assert_int_equal(im1253b_reply_encode(&clear, NULL, frame),
	                 bytes_of("0110004B000231DE", want, sizeof want));
	assert_memory_equal(frame, want, 8);
	assert_int_equal(im1253b_reply_decode(&clear, frame, 8, &reply), ERR_NONE);
	assert_int_equal(reply.n, 0);
	assert_int_equal(im1253b_sample_decode(&reply, &sample), ERR_BAD_INPUT);
	bytes_of("0110004B00022BF0", frame, sizeof frame); /* the manual's misprint */
	assert_int_equal(im1253b_reply_decode(&clear, frame, 8, &reply), ERR_CRC);
}

static void answers_to_something_else(void **state)
{
	struct im1253b_request r = im1253b_read(1, IM1253B_REG_FIRST, 8), other;
	uint8_t frame[IM1253B_REPLY_MAX + 1];
	size_t len = bytes_of(DAY, frame, sizeof frame);
	struct im1253b_sample sample;
	struct im1253b_reply reply;
	uint32_t reg[IM1253B_REGS_MAX] = {1, 2};

	(void)state;
	other = im1253b_read(2, IM1253B_REG_FIRST, 8);
	assert_int_equal(im1253b_reply_decode(&other, frame, len, &reply), ERR_BAD_INPUT);
	other = im1253b_read(1, IM1253B_REG_FIRST, 7);
	assert_int_equal(im1253b_reply_decode(&other, frame, len, &reply), ERR_BAD_INPUT);
	other = im1253b_clear_energy(1);
	assert_int_equal(im1253b_reply_decode(&other, frame, len, &reply), ERR_BAD_INPUT);
	other = im1253b_read(1, IM1253B_REG_FIRST, 11);
	assert_int_equal(im1253b_reply_decode(&other, frame, len, &reply), ERR_TOO_LONG);
	assert_int_equal(im1253b_reply_decode(&r, frame, 2, &reply), ERR_SHORT);
	assert_int_equal(im1253b_reply_decode(&r, frame, len - 1, &reply), ERR_SHORT);
	assert_int_equal(im1253b_reply_decode(&r, frame, len + 1, &reply), ERR_TOO_LONG);
	frame[20] ^= 1;
	assert_int_equal(im1253b_reply_decode(&r, frame, len, &reply), ERR_CRC);
	/* the longest answer; its first eight registers are a sample */
	other = im1253b_read(1, IM1253B_REG_FIRST, IM1253B_REGS_MAX);
	len = im1253b_reply_encode(&other, reg, frame);
	assert_int_equal(len, IM1253B_REPLY_MAX);
	assert_int_equal(im1253b_reply_decode(&other, frame, len, &reply), ERR_NONE);
	assert_int_equal(reply.n, IM1253B_REGS_MAX);
	assert_int_equal(im1253b_sample_decode(&reply, &sample), ERR_NONE);
	/* fewer registers, or others, are no sample */
	other = im1253b_read(1, IM1253B_REG_FIRST, 2);
	len = im1253b_reply_encode(&other, reg, frame);
	assert_int_equal(im1253b_reply_decode(&other, frame, len, &reply), ERR_NONE);
	assert_int_equal(im1253b_sample_decode(&reply, &sample), ERR_BAD_INPUT);
	other = im1253b_read(1, IM1253B_REG_FIRST + 1, 8);
	len = im1253b_reply_encode(&other, reg, frame);
	assert_int_equal(im1253b_reply_decode(&other, frame, len, &reply), ERR_NONE);
	assert_int_equal(im1253b_sample_decode(&reply, &sample), ERR_BAD_INPUT);
}

/* ---- receiver ---- */

static struct im1253b_rx rx;

/* Feeds bytes; true when the last of them completed an answer. */
static bool feed(const uint8_t *bytes, size_t len, struct im1253b_reply *reply)
{
	bool done = false;

	for (size_t i = 0; i < len; i++) {
		enum err err = im1253b_rx_byte(&rx, bytes[i], reply);

		assert_false(done); /* the answer ended before its last byte */
		assert_true(err == ERR_NONE || err == ERR_BUSY);
		done = err == ERR_NONE;
	}
	return done;
}

static bool feed_hex(const char *hex, struct im1253b_reply *reply)
{
	uint8_t bytes[200];

	return feed(bytes, bytes_of(hex, bytes, sizeof bytes), reply);
}

static void expect_sample(void)
{
	struct im1253b_request r = im1253b_read(1, IM1253B_REG_FIRST, 8);

	memset(&rx, 0, sizeof rx);
	im1253b_rx_expect(&rx, &r);
}

static void the_answer_is_found_behind_noise(void **state)
{
	static const char *const noise[] = {
	        "",
	        "01AA",                   /* as captured */
	        "FFFFFF",                 /* breaks */
	        "0103",                   /* a beginning of the beginning */
	        "010320",                 /* the whole beginning */
	        "01032001032001",         /* again and again */
	        "010300480008C41A",       /* our own request, echoed */
	        "0103200102030405060708", /* and some data */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(noise); i++) {
		struct im1253b_sample sample;
		struct im1253b_reply reply;
		size_t noise_len = strlen(noise[i]) / 2;

		expect_sample();
		assert_false(feed_hex(noise[i], &reply));
		assert_true(feed_hex(DAY, &reply));
		assert_int_equal(im1253b_sample_decode(&reply, &sample), ERR_NONE);
		assert_memory_equal(&sample, &day, sizeof day);
		assert_int_equal(rx.good, 1);
		assert_int_equal(rx.stray, noise_len);
		assert_false(rx.waiting);
		/* what comes now is nobody's */
		assert_false(feed_hex("0103", &reply));
		assert_int_equal(rx.stray, noise_len + 2);
	}
}

static void a_flipped_bit_costs_one_answer(void **state)
{
	uint8_t frame[IM1253B_REPLY_MAX];
	size_t len = bytes_of(DAY, frame, sizeof frame);
	struct im1253b_reply reply;

	(void)state;
	for (size_t bit = 0; bit < 8 * len; bit++) {
		frame[bit / 8] ^= (uint8_t)(1 << bit % 8);
		expect_sample();
		assert_false(feed(frame, len, &reply));
		assert_int_equal(rx.good, 0);
		assert_int_equal(rx.bad_crc, bit / 8 < 3 ? 0 : 1);
		frame[bit / 8] ^= (uint8_t)(1 << bit % 8);
		/* the next poll is not hurt by what was left */
		im1253b_rx_expect(&rx, &rx.request);
		assert_true(feed(frame, len, &reply));
		/* every byte that was no answer was counted */
		assert_int_equal(rx.stray, len);
	}
}

static void a_gap_drops_half_a_frame(void **state)
{
	struct im1253b_reply reply;

	(void)state;
	expect_sample();
	assert_false(feed_hex("01032000218dd8", &reply));
	im1253b_rx_gap(&rx);
	assert_int_equal(rx.stray, 7);
	assert_true(feed_hex(DAY, &reply));
	expect_sample();
	assert_false(feed_hex("010320", &reply));
	im1253b_rx_cancel(&rx);
	assert_false(feed_hex(DAY, &reply));
	assert_int_equal(rx.stray, 3 + 37);
	assert_int_equal(rx.good, 0);
}

static void answers_of_another_kind_never_pass(void **state)
{
	static const char *const foreign[] = {
	        "018302C0F1",       /* an exception: this module sends none */
	        "010302010579D7",   /* register 0x0004 */
	        "0110004B000231DE", /* a write's echo */
	        "02032000218dd800013875010c63080000005a000003e80000005900000ccb00001388d2e3", /* address 2 */
	};
	struct im1253b_reply reply;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(foreign); i++) {
		expect_sample();
		assert_false(feed_hex(foreign[i], &reply));
		im1253b_rx_cancel(&rx);
		assert_int_equal(rx.stray, strlen(foreign[i]) / 2);
	}
}

static void random_bytes_do_no_harm(void **state)
{
	struct im1253b_reply reply;
	struct rnd rnd;

	(void)state;
	rnd_seed(&rnd, 5);
	expect_sample();
	for (int i = 0; i < 200000; i++) {
		static const uint8_t likely[] = {1, 3, 0x20};
		uint8_t byte = rnd_below(&rnd, 2) ? likely[rnd_below(&rnd, 3)]
		                                  : (uint8_t)rnd_below(&rnd, 256);

		if (im1253b_rx_byte(&rx, byte, &reply) == ERR_NONE)
			im1253b_rx_expect(&rx, &reply.request);
		assert_in_range(rx.len, 0, 36);
	}
	im1253b_rx_cancel(&rx);
	assert_int_equal(rx.stray + 37 * rx.good, 200000);
}

/* ---- line register ---- */

static void line_settings_survive(void **state)
{
	static const uint16_t baud[] = {1200, 2400, 4800, 9600, 19200};
	struct im1253b_line line, got;
	unsigned good = 0;
	uint16_t word;

	(void)state;
	for (uint8_t format = 0; format < 3; format++)
		for (size_t i = 0; i < ARRAY_SIZE(baud); i++) {
			line = (struct im1253b_line){200, format, baud[i]};
			assert_int_equal(im1253b_line_encode(&line, &word), ERR_NONE);
			assert_int_equal(word, 200u << 8 | (unsigned)format << 6 | (3 + i));
			assert_int_equal(im1253b_line_decode(word, &got), ERR_NONE);
			assert_true(got.address == 200 && got.format == format &&
			            got.baud == baud[i]);
		}
	assert_int_equal(im1253b_line_decode(0x0105, &got), ERR_NONE);
	assert_true(got.address == 1 && got.format == IM1253B_8N1 && got.baud == 4800);
	for (unsigned low = 0; low < 256; low++) {
		enum err err = im1253b_line_decode((uint16_t)low, &got);

		assert_true(err == ERR_NONE || err == ERR_RANGE);
		good += err == ERR_NONE;
	}
	assert_int_equal(good, 5 * 3 * 4); /* bits 5..4 are free */
	line = (struct im1253b_line){1, 3, 4800};
	assert_int_equal(im1253b_line_encode(&line, &word), ERR_RANGE);
	line = (struct im1253b_line){1, 0, 4801};
	assert_int_equal(im1253b_line_encode(&line, &word), ERR_RANGE);
	assert_string_equal(im1253b_format_name(IM1253B_8O1), "8O1");
	assert_string_equal(im1253b_format_name(3), "unknown");
}

/* ---- values ---- */

static void implausible_samples_are_bad_reads(void **state)
{
	const uint32_t rated_ma = 16000;
	struct im1253b_sample s;

	(void)state;
	assert_int_equal(im1253b_sample_check(&day, rated_ma), ERR_NONE);
#define LIMIT(field, inside, outside)                                                              \
	s = day;                                                                                   \
	s.field = inside;                                                                          \
	assert_int_equal(im1253b_sample_check(&s, rated_ma), ERR_NONE);                            \
	s.field = outside;                                                                         \
	assert_int_equal(im1253b_sample_check(&s, rated_ma), ERR_RANGE)
	LIMIT(voltage_100uv, 4560000, 4560001);
	LIMIT(current_100ua, 192000, 192001); /* 19.2 A */
	LIMIT(current_100ua, -192000, -192001);
	LIMIT(pf_permille, -1000, -1001);
	LIMIT(pf_permille, 0, 1001);
	LIMIT(frequency_chz, 4500, 4499);
	LIMIT(frequency_chz, 6500, 6501);
	/* 219.9 V x 7.9989 A x 1.02 + 2 W = 1796.137… W */
	LIMIT(power_100uw, 17961370, 17961380);
	LIMIT(power_100uw, -17961370, -17961380);
	LIMIT(voltage_100uv, 2199000, UINT32_MAX);
	LIMIT(current_100ua, 79989, INT32_MIN);
	LIMIT(power_100uw, 0, INT32_MIN);
#undef LIMIT
	/* nothing runs: 2 W of noise is no fault */
	s = (struct im1253b_sample){
	        .voltage_100uv = 2300000, .power_100uw = 20000, .frequency_chz = 5000};
	assert_int_equal(im1253b_sample_check(&s, rated_ma), ERR_NONE);
	s.power_100uw = 20001;
	assert_int_equal(im1253b_sample_check(&s, rated_ma), ERR_RANGE);
	/* the largest numbers do not overflow */
	s = (struct im1253b_sample){.voltage_100uv = 4560000,
	                            .current_100ua = INT32_MAX,
	                            .power_100uw = INT32_MAX,
	                            .frequency_chz = 5000};
	assert_int_equal(im1253b_sample_check(&s, UINT32_MAX), ERR_NONE);
	s.current_100ua = INT32_MIN;
	assert_int_equal(im1253b_sample_check(&s, UINT32_MAX), ERR_NONE);
}

static void values_are_rounded_to_the_nearest(void **state)
{
	struct meter_values v = {.energy_wh = 77, .state = 5};
	struct im1253b_sample s = {2199499, 79995, -17589500, 1, -998, 0, 0, 4998};

	(void)state;
	im1253b_sample_convert(&s, &v);
	assert_true(v.valid);
	assert_int_equal(v.voltage_dv, 2199);
	assert_int_equal(v.current_ma, 8000);
	assert_int_equal(v.power_dw, -17590);
	assert_int_equal(v.pf_permille, -998);
	assert_int_equal(v.frequency_chz, 4998);
	assert_int_equal(v.energy_wh, 77); /* not the module's business */
	assert_int_equal(v.state, 5);
}

static void energy_steps_over_the_wrap_and_not_over_a_reset(void **state)
{
	uint32_t step = 0;

	(void)state;
	assert_int_equal(im1253b_energy_step(100, 107, 7, &step), ERR_NONE);
	assert_int_equal(step, 7);
	assert_int_equal(im1253b_energy_step(100, 108, 7, &step), ERR_RANGE);
	assert_int_equal(im1253b_energy_step(100, 100, 0, &step), ERR_NONE);
	assert_int_equal(step, 0);
	assert_int_equal(im1253b_energy_step(UINT32_MAX, 4, 7, &step), ERR_NONE);
	assert_int_equal(step, 5);
	assert_int_equal(im1253b_energy_step(100, 0, 7, &step), ERR_RANGE); /* cleared */
	assert_int_equal(im1253b_energy_step(100, 99, UINT32_MAX - 1, &step), ERR_RANGE);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	        cmocka_unit_test(requests_have_the_bytes_of_the_manual),
	        cmocka_unit_test(requests_the_module_leaves_unanswered),
	        cmocka_unit_test(registers_that_do_not_exist),
	        cmocka_unit_test(a_write_says_its_length_twice),
	        cmocka_unit_test(the_manuals_answer_has_its_values),
	        cmocka_unit_test(other_answers),
	        cmocka_unit_test(answers_to_something_else),
	        cmocka_unit_test(the_answer_is_found_behind_noise),
	        cmocka_unit_test(a_flipped_bit_costs_one_answer),
	        cmocka_unit_test(a_gap_drops_half_a_frame),
	        cmocka_unit_test(answers_of_another_kind_never_pass),
	        cmocka_unit_test(random_bytes_do_no_harm),
	        cmocka_unit_test(line_settings_survive),
	        cmocka_unit_test(implausible_samples_are_bad_reads),
	        cmocka_unit_test(values_are_rounded_to_the_nearest),
	        cmocka_unit_test(energy_steps_over_the_wrap_and_not_over_a_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
