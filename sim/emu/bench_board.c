#include "sim/emu/bench_board.h"

#include "sim/emu/elf_image.h"
#include "sim/emu/mcu.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BOARDS_MAX = 8, CONSOLE_LINE = 200, EXIT_TIMEOUT = 3, EXIT_USAGE = 2, QUANTUM_US = 100 };

struct board {
	struct mcu *mcu;
	unsigned number;
	uint8_t flash[FLASH_BYTES];
	char line[CONSOLE_LINE];
	size_t length;
	bool done;
	vtime pulse_power_at; /* power is taken away for 10 ms here */
};

static void end_of_line(struct board *b)
{
	b->line[b->length] = '\0';
	b->length = 0;
	if (strcmp(b->line, "DONE") == 0)
		b->done = true;
	else if (strcmp(b->line, "POWERCYCLE") == 0)
		b->pulse_power_at = b->mcu->chip.now;
	else if (b->number == 0)
		printf("%s\n", b->line);
}

static void console_byte(struct board *b, char c)
{
	if (c == '\n')
		end_of_line(b);
	else if (b->length < sizeof b->line - 1)
		b->line[b->length++] = c;
}

static bool tx_connected(void *ctx, unsigned index)
{
	static const struct {
		unsigned port, pin;
	} tx[MCU_USARTS] = {
	        {0, 9 },
                {0, 2 },
                {1, 10}
        };
	const struct board *b = ctx;

	return gpio_is_alternate_output(&b->mcu->port[tx[index].port], tx[index].pin);
}

static void transmit(void *ctx, unsigned index, const struct uart_char *c)
{
	struct board *b = ctx;
	static const vtime console_bit = VTIME_PER_S / 115200;
	bool framing, noise;
	uint16_t value;

	if (index > 0) {
		usart_receive(&b->mcu->usart[index == 1 ? 2 : 1], c);
		return;
	}
	value = uart_char_sample(c, console_bit, 8, &framing, &noise);
	console_byte(b, framing ? '?' : (char)value);
}

/* PA0 and PA1 are one net. */
static void pins_changed(void *ctx, unsigned port)
{
	struct board *b = ctx;
	struct gpio *a = &b->mcu->port[0];

	if (port != 0)
		return;
	a->outside[1] = gpio_driven(a, 0);
	a->outside[0] = gpio_driven(a, 1);
}

static int start(struct board *b, unsigned number, const char *elf, struct can_segment *segment)
{
	const uint8_t uid[MCU_UID_BYTES] = {(uint8_t)number, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
	enum err err;

	memset(b->flash, 0xFF, sizeof b->flash);
	err = elf_image_load(elf, b->flash, 0, FLASH_BYTES);
	if (err == ERR_NONE)
		err = mcu_new(&b->mcu, b->flash, uid, segment);
	if (err != ERR_NONE) {
		fprintf(stderr, "%s: %s\n", elf, err_text(err));
		return EXIT_USAGE;
	}
	b->number = number;
	b->pulse_power_at = VTIME_NEVER;
	b->mcu->flash.wrpr = UINT32_C(0xFFFF7FFF);
	b->mcu->pins_changed = pins_changed;
	b->mcu->pins_ctx = b;
	for (unsigned i = 0; i < MCU_USARTS; i++) {
		b->mcu->usart[i].connected = tx_connected;
		b->mcu->usart[i].transmit = transmit;
		b->mcu->usart[i].ctx = b;
	}
	mcu_power_on(b->mcu);
	return 0;
}

static void power_cycle(struct board *b, vtime now)
{
	if (now < vtime_add(b->pulse_power_at, 0))
		return;
	mcu_power_off(b->mcu);
	mcu_sync(b->mcu, now + 10 * VTIME_PER_MS);
	mcu_power_on(b->mcu);
	b->pulse_power_at = VTIME_NEVER;
}

static bool run(struct board *boards, unsigned n, struct can_segment *segment, vtime end)
{
	for (vtime now = 0; now < end; now += QUANTUM_US * VTIME_PER_US) {
		for (unsigned i = 0; i < n; i++) {
			mcu_sync(boards[i].mcu, now);
			mcu_run(boards[i].mcu, now + QUANTUM_US * VTIME_PER_US);
			power_cycle(&boards[i], now);
		}
		can_segment_run(segment, now + QUANTUM_US * VTIME_PER_US);
		if (boards[0].done)
			return true;
	}
	return false;
}

static void report(const struct mcu *m)
{
	fprintf(stderr,
	        "power=%d now=%.6fs instructions=%llu exceptions=%llu faults=%llu at %08x lockups=%llu unmodelled=%llu at %08x\n",
	        (int)m->power, (double)m->chip.now / (double)VTIME_PER_S,
	        (unsigned long long)m->counters.instructions,
	        (unsigned long long)m->counters.exceptions, (unsigned long long)m->counters.faults,
	        m->counters.fault_pc, (unsigned long long)m->counters.lockups,
	        (unsigned long long)m->counters.unmodelled, m->counters.unmodelled_at);
}

int bench_board_main(int argc, char **argv)
{
	static const struct option options[] = {
	        {"boards",    required_argument, NULL, 'n'},
	        {"seconds",   required_argument, NULL, 's'},
	        {"cut",       required_argument, NULL, 'c'},
	        {"cut-mode",  required_argument, NULL, 'm'},
	        {"stuck-bus", no_argument,       NULL, 'b'},
	        {NULL,        0,                 NULL, 0  }
        };
	static struct board boards[BOARDS_MAX];
	static struct can_segment segment;
	unsigned n = 1;
	double seconds = 10;
	uint64_t cut = UINT64_MAX;
	unsigned mode = 0;
	bool stuck = false, done;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'n')
			n = (unsigned)strtoul(optarg, NULL, 10);
		else if (option == 's')
			seconds = strtod(optarg, NULL);
		else if (option == 'c')
			cut = strtoull(optarg, NULL, 10);
		else if (option == 'm')
			mode = (unsigned)strtoul(optarg, NULL, 10);
		else if (option == 'b')
			stuck = true;
		else
			return EXIT_USAGE;
	}
	if (optind >= argc || n < 1 || n > BOARDS_MAX || mode > FLASH_CUT_PART) {
		fprintf(stderr,
		        "usage: wattle-sim elf [--boards N] [--seconds S] [--cut OPERATION --cut-mode 0..3] [--stuck-bus] FILE.elf\n");
		return EXIT_USAGE;
	}
	for (unsigned i = 0; i < n; i++)
		if (start(&boards[i], i, argv[optind], &segment) != 0)
			return EXIT_USAGE;
	boards[0].mcu->flash.cut_at = cut;
	boards[0].mcu->flash.cut_mode = (enum flash_cut)mode;
	boards[0].mcu->flash.cut_seed = 1;
	if (stuck)
		can_segment_set_fault(&segment, CAN_BUS_STUCK, 0);
	done = run(boards, n, &segment, (vtime)(seconds * (double)VTIME_PER_S));
	report(boards[0].mcu);
	for (unsigned i = 0; i < n; i++)
		mcu_free(boards[i].mcu);
	return done ? 0 : EXIT_TIMEOUT;
}
