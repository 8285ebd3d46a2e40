#include "sim/emu/bench_board.h"

#include "sim/emu/elf_image.h"
#include "sim/emu/mcu_faults.h"
#include "sim/emu/terminal.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BOARDS_MAX = 8, CONSOLE_LINE = 200, EXIT_TIMEOUT = 3, EXIT_USAGE = 2, QUANTUM_US = 100 };

struct board {
	struct mcu *mcu;
	struct can_segment *segment;
	unsigned number;
	uint8_t flash[FLASH_BYTES];
	char line[CONSOLE_LINE];
	size_t length;
	bool done;
	vtime power_off_at; /* power is taken away for 10 ms here */
};

static void ask_done(struct board *b, unsigned value)
{
	(void)value;
	b->done = true;
}

static void ask_power_cycle(struct board *b, unsigned value)
{
	(void)value;
	b->power_off_at = b->mcu->chip.now;
}

static void ask_crystal(struct board *b, unsigned value)
{
	mcu_crystal(b->mcu, value != 0);
}

/* Power goes in the next operation of the flash, and comes back 10 ms later. */
static void ask_cut(struct board *b, unsigned value)
{
	b->mcu->flash.cut_mode = (enum flash_cut)value;
	b->mcu->flash.cut_seed = 1;
	b->mcu->flash.cut_at = b->mcu->flash.operations;
}

static void ask_noise(struct board *b, unsigned value)
{
	can_segment_set_fault(b->segment, CAN_BUS_CORRUPT, value);
}

/* What a test program asks of its board: a line of this word, and a number where one is needed. */
static const struct {
	const char *word;
	void (*ask)(struct board *b, unsigned value);
} requests[] = {
        {"DONE",       ask_done       },
        {"POWERCYCLE", ask_power_cycle},
        {"CRYSTAL ",   ask_crystal    }, /* 0 stops, 1 swings */
        {"CUT ",       ask_cut        }, /* enum flash_cut */
        {"NOISE ",     ask_noise      }, /* frames that are hit */
};

static void end_of_line(struct board *b)
{
	b->line[b->length] = '\0';
	b->length = 0;
	for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
		size_t len = strlen(requests[i].word);

		if (strncmp(b->line, requests[i].word, len) != 0)
			continue;
		requests[i].ask(b, (unsigned)strtoul(b->line + len, NULL, 10));
		return;
	}
	if (b->number == 0)
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
	b->segment = segment;
	b->power_off_at = VTIME_NEVER;
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

/* Off by request, or by a cut inside a flash operation. */
static void power_cycle(struct board *b, vtime now)
{
	if (now < b->power_off_at && b->mcu->power != MCU_OFF)
		return;
	mcu_power_off(b->mcu);
	mcu_sync(b->mcu, now + 10 * VTIME_PER_MS);
	mcu_power_on(b->mcu);
	b->power_off_at = VTIME_NEVER;
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

/* ---- a terminal's board instead of ours ------------------------------------------------------ */

/* What it said since the last look; true when that was the end. */
static bool show_console(struct terminal *t, char *line, size_t *length)
{
	bool done = false;

	for (size_t i = 0; i < t->console_len; i++) {
		if (t->console[i] != '\n') {
			if (*length < CONSOLE_LINE - 1)
				line[(*length)++] = t->console[i];
			continue;
		}
		line[*length] = '\0';
		*length = 0;
		if (strcmp(line, "DONE") == 0)
			done = true;
		else
			printf("%s\n", line);
	}
	t->console_len = 0;
	return done;
}

/* The program has the relay, the sensor and the load of a real terminal around it. */
static int run_terminal(const char *elf, const char *load_path, vtime end)
{
	struct can_segment *segment = calloc(1, sizeof *segment);
	struct terminal_config config = {.app = elf, .segment = segment};
	struct terminal *t = NULL;
	struct load_data load;
	char line[CONSOLE_LINE];
	size_t length = 0;
	bool done = false;
	enum err err = segment ? load_data_read(&load, load_path) : ERR_NOMEM;

	config.load = &load;
	if (err == ERR_NONE)
		err = terminal_new(&t, 1, &config);
	if (err != ERR_NONE) {
		fprintf(stderr, "%s, %s: %s\n", elf, load_path, err_text(err));
		return EXIT_USAGE;
	}
	t->store->contact_closed = true;
	terminal_power(t, true, 0);
	for (vtime now = 0; now < end && !done; now += VTIME_PER_MS) {
		mcu_sync(t->mcu, now);
		terminal_run(t, now + VTIME_PER_MS);
		done = show_console(t, line, &length);
	}
	report(t->mcu);
	terminal_free(t);
	load_data_free(&load);
	free(segment);
	return done ? 0 : EXIT_TIMEOUT;
}

/* ---- command line ---------------------------------------------------------------------------- */

static int run_boards(unsigned n, const char *elf, bool stuck, vtime end)
{
	static struct board boards[BOARDS_MAX];
	static struct can_segment segment;
	bool done;

	for (unsigned i = 0; i < n; i++)
		if (start(&boards[i], i, elf, &segment) != 0)
			return EXIT_USAGE;
	if (stuck)
		can_segment_set_fault(&segment, CAN_BUS_STUCK, 0);
	done = run(boards, n, &segment, end);
	report(boards[0].mcu);
	for (unsigned i = 0; i < n; i++)
		mcu_free(boards[i].mcu);
	return done ? 0 : EXIT_TIMEOUT;
}

static int usage(void)
{
	fprintf(stderr, "usage: wattle-sim elf [--seconds S] [--boards N] [--stuck-bus] FILE.elf\n"
	                "       wattle-sim elf [--seconds S] --terminal DATA.csv FILE.elf\n");
	return EXIT_USAGE;
}

int bench_board_main(int argc, char **argv)
{
	static const struct option options[] = {
	        {"boards",    required_argument, NULL, 'n'},
	        {"seconds",   required_argument, NULL, 's'},
	        {"terminal",  required_argument, NULL, 't'},
	        {"stuck-bus", no_argument,       NULL, 'b'},
	        {NULL,        0,                 NULL, 0  }
        };
	const char *load = NULL;
	unsigned n = 1;
	double seconds = 10;
	bool stuck = false;
	vtime end;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'n')
			n = (unsigned)strtoul(optarg, NULL, 10);
		else if (option == 's')
			seconds = strtod(optarg, NULL);
		else if (option == 't')
			load = optarg;
		else if (option == 'b')
			stuck = true;
		else
			return usage();
	}
	if (optind >= argc || n < 1 || n > BOARDS_MAX || seconds < 0)
		return usage();
	end = (vtime)(seconds * (double)VTIME_PER_S);
	return load ? run_terminal(argv[optind], load, end)
	            : run_boards(n, argv[optind], stuck, end);
}
