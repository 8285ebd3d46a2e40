/* The terminal on its chip: pins and drivers behind board_ops, events from interrupts to the
 * application. A tour for newcomers: firmware/app/terminal.h. */
#include "firmware/app/flash_map.h"
#include "firmware/app/terminal.h"
#include "firmware/board/stm32f103c8/faults.h"
#include "firmware/drivers/bxcan.h"
#include "firmware/drivers/flash_program.h"
#include "firmware/drivers/pins.h"
#include "firmware/drivers/rcc.h"
#include "firmware/drivers/sensor_uart.h"
#include "firmware/drivers/stm32f103.h"
#include "firmware/drivers/tick.h"
#include "firmware/drivers/watchdog.h"

int main(void);

static const struct pin sensor_tx = {PORT_A, 2}, sensor_rx = {PORT_A, 3};
static const struct pin can_rx = {PORT_A, 11}, can_tx = {PORT_A, 12};
static const struct pin coil_close = {PORT_B, 0}, coil_open = {PORT_B, 1};
static const struct pin contact = {PORT_B, 5}; /* low: closed */
static const struct pin button = {PORT_B, 12}; /* low: pressed */
static const struct pin led = {PORT_C, 13};    /* low: lit */

static struct terminal terminal;
static volatile uint32_t pulse_left_ms;
static uint32_t can_lost;

/* Where the counters are, for a debugger and for the emulator's `state`: found by this symbol. In this
 * order (sim/emu/control.c has their names): spoilt answers, missed polls, implausible sets, line errors,
 * bad MACs, bad transfers, CAN frames lost, events lost, registers that went back, address clashes, bus-offs,
 * transfers given up on the command and on the bulk channel. */
extern const uint32_t *const diagnostics[];
__attribute__((section(".vectors.diagnostics"), used)) const uint32_t *const diagnostics[] = {
        &terminal.meter.bad_frames,
        &terminal.meter.missed_total,
        &terminal.meter.implausible_total,
        &terminal.meter.line_errors,
        &terminal.control.bad_macs,
        &terminal.talk.bad_transfers,
        &can_lost,
        &terminal.journal.suppressed,
        &terminal.meter.energy.steps_back,
        &terminal.node.clashes,
        &terminal.node.bus_offs,
        &terminal.talk.command.isotp.rx.dropped,
        &terminal.talk.bulk.isotp.rx.dropped,
};

/* ---- board_ops ---- */

static bool op_can_room(void *ctx)
{
	(void)ctx;
	return bxcan_room();
}

static void op_can_send(void *ctx, const struct can_msg *msg)
{
	(void)ctx;
	bxcan_send(msg);
}

static void op_can_drop(void *ctx, uint32_t id, uint32_t mask)
{
	(void)ctx;
	bxcan_drop(id, mask);
}

static bool op_can_single_shot(void *ctx, bool on)
{
	(void)ctx;
	return bxcan_single_shot(on);
}

static void op_can_listen(void *ctx, uint16_t address, uint32_t hash20)
{
	(void)ctx;
	bxcan_listen(address, hash20);
}

static void op_can_recover(void *ctx)
{
	(void)ctx;
	bxcan_recover();
}

static void op_sensor_send(void *ctx, const uint8_t *bytes, size_t len)
{
	(void)ctx;
	sensor_uart_send(bytes, len);
}

static void coils_off(void)
{
	pin_set(coil_close, false);
	pin_set(coil_open, false);
}

static void op_relay_pulse(void *ctx, enum coil coil)
{
	(void)ctx;
	interrupts_off();
	coils_off();
	pin_set(coil == COIL_CLOSE ? coil_close : coil_open, true);
	/* The tick that runs now is part over. */
	pulse_left_ms = RELAY_PULSE_MS + TICK_LONG_MS;
	interrupts_on();
}

void tick_passed(uint32_t ms)
{
	if (pulse_left_ms == 0)
		return;
	pulse_left_ms = pulse_left_ms > ms ? pulse_left_ms - ms : 0;
	if (pulse_left_ms == 0)
		coils_off();
}

static bool op_contact_closed(void *ctx)
{
	(void)ctx;
	return !pin_high(contact);
}

static bool op_button_down(void *ctx)
{
	(void)ctx;
	return !pin_high(button);
}

static void op_led(void *ctx, bool on)
{
	(void)ctx;
	pin_set(led, !on);
}

static uint16_t op_flash_read(void *ctx, uint32_t offset)
{
	(void)ctx;
	return flash_read16(offset);
}

/* The application may only write its data pages behind the identity. */
static bool writable(uint32_t offset)
{
	return offset >= PAGE_ENERGY * FLASH_PAGE_SIZE && offset < FLASH_PAGES * FLASH_PAGE_SIZE;
}

static enum err op_flash_program(void *ctx, uint32_t offset, uint16_t value)
{
	(void)ctx;
	return writable(offset) ? flash_program16(offset, value) : ERR_RANGE;
}

static enum err op_flash_erase(void *ctx, unsigned page)
{
	uint32_t offset = page * FLASH_PAGE_SIZE;

	(void)ctx;
	return writable(offset) ? flash_erase_page(offset) : ERR_RANGE;
}

static const struct flash_ops flash_ops = {op_flash_read, op_flash_program, op_flash_erase};

static const struct board_ops board_ops = {
        .can_room = op_can_room,
        .can_send = op_can_send,
        .can_drop = op_can_drop,
        .can_single_shot = op_can_single_shot,
        .can_listen = op_can_listen,
        .can_recover = op_can_recover,
        .sensor_send = op_sensor_send,
        .relay_pulse = op_relay_pulse,
        .contact_closed = op_contact_closed,
        .button_down = op_button_down,
        .led = op_led,
};

/* Without a crystal the bus is out of reach: frames vanish, everything else goes on. */
static bool no_single_shot(void *ctx, bool on)
{
	(void)ctx;
	(void)on;
	return false;
}

static bool no_room(void *ctx)
{
	(void)ctx;
	return false;
}

static void no_can(void *ctx)
{
	(void)ctx;
}

static void no_drop(void *ctx, uint32_t id, uint32_t mask)
{
	(void)ctx;
	(void)id;
	(void)mask;
}

static void no_listen(void *ctx, uint16_t address, uint32_t hash20)
{
	(void)ctx;
	(void)address;
	(void)hash20;
}

static const struct board_ops board_ops_without_can = {
        .can_room = no_room,
        .can_send = op_can_send,
        .can_drop = no_drop,
        .can_single_shot = no_single_shot,
        .can_listen = no_listen,
        .can_recover = no_can,
        .sensor_send = op_sensor_send,
        .relay_pulse = op_relay_pulse,
        .contact_closed = op_contact_closed,
        .button_down = op_button_down,
        .led = op_led,
};

/* ---- start ---- */

static void start_pins(void)
{
	RCC_APB2ENR |= RCC_APB2_AFIO | RCC_APB2_PORTA | RCC_APB2_PORTB | RCC_APB2_PORTC;
	/* Levels first: no coil may twitch when its pin becomes an output. */
	coils_off();
	pin_set(led, true);
	pin_set(contact, true);
	pin_set(button, true);
	pin_set(sensor_rx, true);
	pin_mode(coil_close, GPIO_OUTPUT_2MHZ);
	pin_mode(coil_open, GPIO_OUTPUT_2MHZ);
	pin_mode(contact, GPIO_INPUT_PULL);
	pin_mode(button, GPIO_INPUT_PULL);
	pin_mode(led, GPIO_OUTPUT_2MHZ);
	pin_mode(sensor_tx, GPIO_ALTERNATE_50MHZ);
	pin_mode(sensor_rx, GPIO_INPUT_PULL);
	pin_mode(can_rx, GPIO_INPUT_FLOATING);
	pin_mode(can_tx, GPIO_ALTERNATE_50MHZ);
}

static void read_boot_info(struct boot_info *boot)
{
	for (unsigned i = 0; i < CHIP_SIZE; i++)
		boot->chip[i] = CHIP_ID[i];
	boot->reset_cause = rcc_reset_cause();
	faults_take(boot);
}

/* ---- events ---- */

static void take_can_news(uint32_t now_ms)
{
	static const struct {
		enum bxcan_news bit;
		enum can_event event;
	} events[] = {
	        {BXCAN_SENT,    CAN_SENT    },
	        {BXCAN_FAILED,  CAN_NOT_SENT},
	        {BXCAN_BUS_OFF, CAN_BUS_OFF },
	};

	unsigned news = bxcan_news();

	for (unsigned i = 0; news && i < ARRAY_SIZE(events); i++)
		if (news & events[i].bit)
			terminal_can_event(&terminal, events[i].event, now_ms);
}

static void take_events(uint32_t now_ms)
{
	struct can_msg msg;
	uint8_t byte;

	take_can_news(now_ms);
	can_lost = bxcan_lost();
	while (bxcan_take(&msg))
		terminal_can(&terminal, &msg, now_ms);
	if (sensor_uart_error())
		terminal_sensor_error(&terminal);
	while (sensor_uart_take(&byte))
		terminal_sensor_byte(&terminal, byte, now_ms);
}

/* Interrupts are masked while we look, so that none slips in between the look and the sleep; a
 * pending one ends the sleep all the same. */
static void sleep_until_event(uint32_t seen_ms)
{
	interrupts_off();
	if (tick_ms() == seen_ms && !bxcan_waiting() && !sensor_uart_waiting())
		wait_for_interrupt();
	interrupts_on();
}

int main(void)
{
	static struct board board;
	static struct boot_info boot;
	struct clocks clocks;

	watchdog_start();
	boot.clock_failed = !rcc_start(&clocks);
	start_pins();
	read_boot_info(&boot);
	board.ops = boot.clock_failed ? &board_ops_without_can : &board_ops;
	board.flash.ops = &flash_ops;
	tick_start(clocks.core_hz);
	sensor_uart_start(clocks.apb1_hz);
	if (!boot.clock_failed)
		bxcan_start();
	terminal_init(&terminal, &board, &boot, tick_ms());
	for (;;) {
		uint32_t now_ms = tick_ms();

		if (!boot.clock_failed)
			bxcan_poll();
		take_events(now_ms);
		terminal_poll(&terminal, now_ms);
		tick_hurry(terminal_hurry(&terminal));
		watchdog_feed();
		sleep_until_event(now_ms);
	}
}
