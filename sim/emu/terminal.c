#include "sim/emu/terminal.h"

#include "sim/emu/elf_image.h"
#include "sim/emu/mapped_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	SENSOR_USART = 1,
	CONSOLE_USART = 0,
	PORT_A = 0,
	PORT_B = 1,
	COIL_CLOSE = 0, /* PB0 */
	COIL_OPEN = 1,  /* PB1 */
	FEEDBACK = 5,   /* PB5, low: contact closed */
	BUTTON = 12,    /* PB12, low: pressed */
	NO_FLIP = 8,
	LOADER_END = 6 * FLASH_PAGE_BYTES,
	CODE_END = 34 * FLASH_PAGE_BYTES,
	PATH_BYTES = 512,
};

#define SENSOR_BIT (VTIME_PER_S / IM1253B_BAUD)
#define TURNAROUND                                                                                 \
	(10 * VTIME_PER_MS)       /* of the module between request and answer: not documented */
#define GAP     (SENSOR_BIT * 35) /* 3.5 characters of 10 bits */
#define REFRESH (IM1253B_REFRESH_MS * VTIME_PER_MS)

void terminal_chip_id(unsigned number, uint8_t uid[MCU_UID_BYTES])
{
	/* As the maker fills it: X, Y on the wafer, wafer number, lot as text. */
	const uint8_t id[MCU_UID_BYTES] = {(uint8_t)number,
	                                   (uint8_t)(number >> 8),
	                                   0x31,
	                                   0x00,
	                                   0x07,
	                                   'W',
	                                   'A',
	                                   'T',
	                                   'T',
	                                   'L',
	                                   'E',
	                                   '1'};

	memcpy(uid, id, sizeof id);
}

/* ---- wires ---------------------------------------------------------------------------------- */

static bool tx_connected(void *ctx, unsigned index)
{
	const struct terminal *t = ctx;
	static const unsigned port[MCU_USARTS] = {PORT_A, PORT_A, PORT_B};
	static const unsigned pin[MCU_USARTS] = {9, 2, 10};

	return gpio_is_alternate_output(&t->mcu->port[port[index]], pin[index]);
}

static void console_byte(struct terminal *t, char c)
{
	if (t->console_len == sizeof t->console) {
		memmove(t->console, t->console + sizeof t->console / 2, sizeof t->console / 2);
		t->console_len = sizeof t->console / 2;
	}
	t->console[t->console_len++] = c;
}

/* The module gets the byte when its last bit has passed; a refused byte breaks its frame. */
static void sensor_hears(struct terminal *t, const struct uart_char *c)
{
	vtime end = t->mcu->chip.now + c->count * c->bit_ticks;
	bool framing, noise;
	uint8_t byte = (uint8_t)uart_char_sample(c, SENSOR_BIT, 8, &framing, &noise);

	t->gap_at = end + GAP;
	if (!im1253b_byte(&t->sensor, byte, !framing))
		return;
	t->reply_sent = 0;
	t->reply_at = end + TURNAROUND;
}

static void transmit(void *ctx, unsigned index, const struct uart_char *c)
{
	static const vtime console_bit = VTIME_PER_S / 115200;
	struct terminal *t = ctx;
	bool framing, noise;

	if (index == SENSOR_USART)
		sensor_hears(t, c);
	else if (index == CONSOLE_USART)
		console_byte(t, (char)uart_char_sample(c, console_bit, 8, &framing, &noise));
	t->mcu->chip.reschedule = true;
}

static bool driven_high(const struct terminal *t, unsigned pin)
{
	return gpio_driven(&t->mcu->port[PORT_B], pin) == GPIO_HIGH;
}

/* Travel of the contact differs from relay to relay: 8 to 10 ms, always the same for one. */
static vtime travel(const struct terminal *t)
{
	return (TERMINAL_TRAVEL_MIN_US + t->number * 389U % TERMINAL_TRAVEL_SPREAD_US) *
	       VTIME_PER_US;
}

/* A pulse that ends before the contact has travelled moves nothing; both coils at once neither. */
static void pins_changed(void *ctx, unsigned port)
{
	struct terminal *t = ctx;
	int coil;

	if (port != PORT_B)
		return;
	coil = (int)driven_high(t, COIL_CLOSE) - (int)driven_high(t, COIL_OPEN);
	if (coil == t->coil)
		return;
	t->coil = coil;
	t->moves_at = coil ? t->mcu->chip.now + travel(t) : VTIME_NEVER;
	t->mcu->chip.reschedule = true;
}

static void show_contact(struct terminal *t)
{
	t->mcu->port[PORT_B].outside[FEEDBACK] =
	        t->store->contact_closed ? GPIO_LOW : GPIO_FLOATING;
}

/* ---- events of the board -------------------------------------------------------------------- */

/* Energy up to `now` with what was true until now, then the grid of refreshes goes on. */
static void sensor_settle(struct terminal *t, vtime now)
{
	vtime since = t->refresh_at - REFRESH;
	uint32_t elapsed_ms = (uint32_t)((now - since) / VTIME_PER_MS);

	im1253b_advance(&t->sensor, elapsed_ms);
	t->refresh_at =
	        since + elapsed_ms * VTIME_PER_MS + REFRESH; /* the part of a millisecond stays */
}

static void move_contact(struct terminal *t, vtime now)
{
	bool closed = t->coil > 0;

	t->moves_at = VTIME_NEVER;
	if (t->relay_stuck || (bool)t->store->contact_closed == closed)
		return;
	sensor_settle(t, now);
	t->store->contact_closed = closed;
	t->contact_moves++;
	show_contact(t);
}

static void send_reply_byte(struct terminal *t)
{
	uint8_t byte = t->sensor.reply[t->reply_sent++];
	struct uart_char c;

	if (t->flip_bit < NO_FLIP) {
		byte ^= (uint8_t)(1U << t->flip_bit);
		t->flip_bit = NO_FLIP;
		t->uart_flips++;
	}
	c = uart_char_8n1(byte, SENSOR_BIT);
	usart_receive(&t->mcu->usart[SENSOR_USART], &c);
	t->reply_at =
	        t->reply_sent < t->sensor.reply_len ? t->reply_at + 10 * SENSOR_BIT : VTIME_NEVER;
}

static vtime next_board_event(const struct terminal *t)
{
	vtime at = vtime_min(t->refresh_at, vtime_min(t->gap_at, t->reply_at));

	return vtime_min(at, vtime_min(t->moves_at, t->button_until));
}

static void release_button(struct terminal *t)
{
	t->button_until = VTIME_NEVER;
	t->mcu->port[PORT_B].outside[BUTTON] = GPIO_FLOATING;
}

static void run_board(struct terminal *t, vtime now)
{
	if (now >= t->moves_at)
		move_contact(t, now);
	if (now >= t->refresh_at)
		sensor_settle(t, now);
	if (now >= t->reply_at)
		send_reply_byte(t);
	if (now >= t->gap_at) {
		t->gap_at = VTIME_NEVER;
		im1253b_gap(&t->sensor);
	}
	if (now >= t->button_until)
		release_button(t);
}

vtime terminal_next(struct terminal *t)
{
	return t->mcu->power == MCU_OFF ? VTIME_NEVER
	                                : vtime_min(mcu_next(t->mcu), next_board_event(t));
}

/* No power from the mains: the module stops in the middle of what it does. */
static void sensor_off(struct terminal *t)
{
	im1253b_power_cut(&t->sensor);
	t->reply_at = t->gap_at = t->moves_at = t->refresh_at = VTIME_NEVER;
	t->coil = 0;
	release_button(t);
}

void terminal_run(struct terminal *t, vtime until)
{
	while (t->mcu->chip.now < until && t->mcu->power != MCU_OFF) {
		vtime event = next_board_event(t);

		mcu_run(t->mcu, vtime_min(event, until));
		/* a register write may have made an earlier event than the one that was known */
		if (t->mcu->chip.now >= next_board_event(t))
			run_board(t, t->mcu->chip.now);
	}
	if (t->mcu->power == MCU_OFF && t->refresh_at != VTIME_NEVER)
		sensor_off(t);
}

void terminal_power(struct terminal *t, bool on, vtime now)
{
	if (on == (t->mcu->power != MCU_OFF))
		return;
	mcu_sync(t->mcu, now);
	if (on) {
		t->refresh_at = now + REFRESH;
		im1253b_advance(&t->sensor, 0);
		show_contact(t);
		mcu_power_on(t->mcu);
	} else {
		sensor_settle(t, now);
		mcu_power_off(t->mcu);
		sensor_off(t);
	}
}

void terminal_press_button(struct terminal *t, vtime now, vtime duration)
{
	t->mcu->port[PORT_B].outside[BUTTON] = GPIO_LOW;
	t->button_until = now + duration;
}

bool terminal_pin(const struct terminal *t, char port, unsigned pin)
{
	return gpio_level(&t->mcu->port[port - 'A'], pin);
}

static uint32_t word_at(const uint8_t *memory, uint32_t offset)
{
	return (uint32_t)memory[offset] | (uint32_t)memory[offset + 1] << 8 |
	       (uint32_t)memory[offset + 2] << 16 | (uint32_t)memory[offset + 3] << 24;
}

bool terminal_counter(const struct terminal *t, unsigned place, uint32_t *value)
{
	uint32_t entry = t->diagnostics + 4 * place - FLASH_BASE, at;

	if (!t->diagnostics || entry > FLASH_BYTES - 4)
		return false;
	at = word_at(t->flash, entry) - MCU_RAM_BASE;
	if (at > MCU_RAM_BYTES - 4)
		return false;
	*value = word_at(t->mcu->ram, at);
	return true;
}

/* ---- making one ----------------------------------------------------------------------------- */

static enum err map_one(void **out, const char *dir, const char *name, size_t size, int fill)
{
	char path[PATH_BYTES];
	int created;

	if (!dir)
		return mapped_file_open(out, NULL, size, fill, &created);
	snprintf(path, sizeof path, "%s/%s", dir, name);
	return mapped_file_open(out, path, size, fill, &created);
}

/* As a programmer does it: the code pages get what the files say, the data pages stay. */
static enum err flash_code(struct terminal *t, const struct terminal_config *config)
{
	enum err err = ERR_NONE;

	if (config->loader) {
		memset(t->flash, 0xFF, LOADER_END);
		err = elf_image_load(config->loader, t->flash, 0, LOADER_END);
	}
	if (err == ERR_NONE && config->app) {
		memset(t->flash + LOADER_END, 0xFF, CODE_END - LOADER_END);
		err = elf_image_load(config->app, t->flash, config->loader ? LOADER_END : 0,
		                     CODE_END);
		if (err == ERR_NONE && elf_symbol_find(config->app, "diagnostics", &t->diagnostics))
			t->diagnostics = 0;
		if (err == ERR_NONE &&
		    elf_symbol_find(config->app, "assert_failed", &t->assert_failed))
			t->assert_failed = 0;
	}
	return err;
}

static void connect_wires(struct terminal *t)
{
	for (unsigned i = 0; i < MCU_USARTS; i++) {
		t->mcu->usart[i].connected = tx_connected;
		t->mcu->usart[i].transmit = transmit;
		t->mcu->usart[i].ctx = t;
	}
	t->mcu->pins_changed = pins_changed;
	t->mcu->pins_ctx = t;
}

static enum err build(struct terminal *t, const struct terminal_config *config)
{
	uint8_t uid[MCU_UID_BYTES];
	void *memory;
	enum err err = map_one(&memory, config->dir, "flash.bin", FLASH_BYTES, 0xFF);

	if (err != ERR_NONE)
		return err;
	t->flash = memory;
	err = map_one(&memory, config->dir, "sensor.bin", sizeof *t->store, 0);
	if (err != ERR_NONE)
		return err;
	t->store = memory;
	err = flash_code(t, config);
	if (err != ERR_NONE)
		return err;
	terminal_chip_id(t->number, uid);
	err = mcu_new(&t->mcu, t->flash, uid, config->segment);
	if (err != ERR_NONE)
		return err;
	im1253b_init(&t->sensor, t->store, config->load, t->number);
	connect_wires(t);
	return ERR_NONE;
}

enum err terminal_new(struct terminal **out, unsigned number, const struct terminal_config *config)
{
	struct terminal *t = calloc(1, sizeof *t);
	enum err err;

	if (!t)
		return ERR_NOMEM;
	t->number = number;
	t->flip_bit = NO_FLIP;
	t->refresh_at = t->gap_at = t->reply_at = t->moves_at = t->button_until = VTIME_NEVER;
	err = build(t, config);
	if (err != ERR_NONE) {
		terminal_free(t);
		return err;
	}
	*out = t;
	return ERR_NONE;
}

void terminal_free(struct terminal *t)
{
	if (t->mcu)
		mcu_free(t->mcu);
	if (t->flash)
		mapped_file_close(t->flash, FLASH_BYTES);
	if (t->store)
		mapped_file_close(t->store, sizeof *t->store);
	free(t);
}
