/* A terminal: the real application on a board of variables. Its metering module, load, relay and
 * flash are models; power may go in the middle of any write to flash. */
#include "sim/world/oracle.h"
#include "sim/world/world.h"

#include "firmware/app/flash_map.h"
#include "firmware/app/terminal.h"

#include "libs/base/bytes.h"
#include "libs/base/crc.h"
#include "libs/proto/im1253b.h"
#include "platform/core/books.h"

#include <assert.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#define MAILBOXES   3
#define TICK_US     (10 * MS)
#define ANSWER_US   (60 * MS) /* request and answer at 4800 bit/s, without their pauses */
#define CELLS       (FLASH_PAGES * FLASH_PAGE_SIZE / 2)
#define ENERGY_STEP INT64_C(3600000000) /* 0.1 Wh in 0.1 mW x ms */
#define ANSWER_MAX  64
#define FROZEN_US   (30 * SECOND)
#define JUMP_100MWH 10000000 /* 1 MWh */

struct unit {
	struct terminal terminal;
	struct board board;
	struct boot_info boot;
	struct command_key key;
	struct world *w;
	unsigned n, bus;

	bool on;
	uint64_t life;
	int64_t born_us; /* of this life: the board's millisecond 0 */
	int32_t drift_ppm;
	jmp_buf power;
	bool guarded;

	uint16_t cell[CELLS], weak[CELLS];

	struct can_msg box[MAILBOXES];
	unsigned box_n;
	bool single_shot, off_bus;
	uint16_t address;
	uint32_t hash20;

	bool contact_closed, button_down;

	/* the module and what it measures */
	int64_t counted_us;
	int64_t rest; /* below one step */
	uint64_t flowed_100mwh, register_100mwh;
	int64_t frozen_until_us;
	int64_t load_until_us;
	int64_t power_100uw;
	uint8_t answer[ANSWER_MAX], last[ANSWER_MAX];
	size_t answer_len, last_len;
};

int64_t unit_meter(unsigned n)
{
	return METER_FIRST + n;
}

const struct command_key *unit_key(const struct unit *u)
{
	return &u->key;
}

bool unit_lit(const struct unit *u)
{
	return u->on;
}

struct unit_credit unit_credit(const struct unit *u)
{
	const struct control *c = &u->terminal.control;
	const struct energy_meter *energy = c->parts.energy; /* NULL: it never had power */

	return (struct unit_credit){
	        .total_fen = books_fen(c->wallet.purse.total),
	        .spent_fen = books_fen(c->wallet.purse.spent),
	        .register_wh = energy ? energy_meter_total(energy).wh : 0,
	        .limits = c->credit.limits.version,
	        .active = credit_active(&c->credit),
	        .closed = u->contact_closed,
	        .forced = c->decided.flags & DECIDED_FORCED_TRIP,
	        .kept = c->decided.flags & DECIDED_KEEP_POWER,
	        .waits = !u->on || !energy->based || energy->from_boot ||
	                 !wallclock_s(&u->terminal.clock),
	};
}

static uint32_t board_ms(const struct unit *u)
{
	int64_t us = world_us(u->w) - u->born_us;

	us += us / 1000000 * u->drift_ppm;
	return (uint32_t)(us / MS);
}

/* ---- flash ---- */

static uint16_t noise(struct unit *u)
{
	return (uint16_t)fault_below(&u->w->faults, FAULT_FLASH_MARGINAL, u->n, 0x10000);
}

static uint16_t flash_read(void *ctx, uint32_t offset)
{
	struct unit *u = ctx;
	uint16_t weak = u->weak[offset / 2];

	assert(offset % 2 == 0 && offset / 2 < CELLS);
	if (weak == 0)
		return u->cell[offset / 2];
	return (uint16_t)((u->cell[offset / 2] & ~weak) | (noise(u) & weak));
}

/* Bits that are to change end somewhere between. */
static void half_change(struct unit *u, uint32_t i, uint16_t target, enum mishap how)
{
	uint16_t change = (uint16_t)(u->cell[i] ^ target), done = 0, weak = 0;

	if (how == FAULT_FLASH_ALL)
		done = 0xFFFF;
	if (how == FAULT_FLASH_RANDOM)
		done = noise(u);
	if (how == FAULT_FLASH_PART)
		done = 0x00FF;
	if (how == FAULT_FLASH_MARGINAL) {
		weak = (uint16_t)(noise(u) & change);
		done = (uint16_t)~weak;
	}
	u->cell[i] = (uint16_t)(u->cell[i] ^ (change & done));
	u->weak[i] = (uint16_t)((u->weak[i] & ~(change & done)) | weak);
}

/* FAULTS: the power stays. */
static enum mishap power_goes(struct unit *u)
{
	for (unsigned k = FAULT_FLASH_NOTHING; k <= FAULT_FLASH_MARGINAL; k++)
		if (fault_hits(&u->w->faults, (enum mishap)k, u->n))
			return (enum mishap)k;
	return FAULTS;
}

static void lights_out(struct unit *u)
{
	assert(u->guarded);
	longjmp(u->power, 1);
}

static enum err flash_program(void *ctx, uint32_t offset, uint16_t value)
{
	struct unit *u = ctx;
	uint32_t i = offset / 2;
	enum mishap cut;

	assert(offset >= PAGE_ENERGY * FLASH_PAGE_SIZE && i < CELLS);
	if (value != 0 && flash_read(u, offset) != 0xFFFF)
		return ERR_IO;
	cut = power_goes(u);
	if (cut != FAULTS) {
		half_change(u, i, (uint16_t)(u->cell[i] & value), cut);
		lights_out(u);
	}
	u->cell[i] &= value;
	u->weak[i] &= value;
	return flash_read(u, offset) == value ? ERR_NONE : ERR_IO;
}

static enum err flash_erase(void *ctx, unsigned page)
{
	struct unit *u = ctx;
	uint32_t first = page * FLASH_PAGE_SIZE / 2, half = FLASH_PAGE_SIZE / 4;
	enum mishap cut = power_goes(u);

	assert(page >= PAGE_ENERGY && page < FLASH_PAGES);
	for (uint32_t i = 0; i < FLASH_PAGE_SIZE / 2; i++) {
		if (cut == FAULTS) {
			u->cell[first + i] = 0xFFFF;
			u->weak[first + i] = 0;
		} else if (cut == FAULT_FLASH_PART) {
			half_change(u, first + i, 0xFFFF,
			            i < half ? FAULT_FLASH_ALL : FAULT_FLASH_NOTHING);
		} else {
			half_change(u, first + i, 0xFFFF, cut);
		}
	}
	if (cut != FAULTS)
		lights_out(u);
	return ERR_NONE;
}

static const struct flash_ops flash_ops = {flash_read, flash_program, flash_erase};

/* ---- board ---- */

static bool can_room(void *ctx)
{
	struct unit *u = ctx;

	return u->box_n < MAILBOXES;
}

static void can_send(void *ctx, const struct can_msg *msg)
{
	struct unit *u = ctx;

	assert(u->box_n < MAILBOXES);
	u->box[u->box_n++] = *msg;
	bus_kick(u->w, u->bus);
}

static void can_drop(void *ctx, uint32_t id, uint32_t mask)
{
	struct unit *u = ctx;
	unsigned kept = 0;

	for (unsigned i = 0; i < u->box_n; i++)
		if ((u->box[i].id & mask) != id)
			u->box[kept++] = u->box[i];
	u->box_n = kept;
}

static bool can_single_shot(void *ctx, bool on)
{
	struct unit *u = ctx;

	if (on && u->box_n)
		return false;
	u->single_shot = on;
	return true;
}

static void can_listen(void *ctx, uint16_t address, uint32_t hash20)
{
	struct unit *u = ctx;

	u->address = address;
	u->hash20 = hash20;
}

static void can_recover(void *ctx)
{
	struct unit *u = ctx;

	u->off_bus = false;
	bus_kick(u->w, u->bus);
}

/* ---- load and module ---- */

static void draw_load(struct unit *u)
{
	static const int32_t watts[] = {0, 3, 12, 60, 150, 800, 2200, 4500};
	struct rnd *rnd = &u->w->rnd;
	uint32_t kind = rnd_below(rnd, sizeof watts / sizeof *watts);

	u->load_until_us = world_us(u->w) + (int64_t)(5 + rnd_below(rnd, 60)) * SECOND;
	u->power_100uw = (int64_t)watts[kind] * 10000 + rnd_below(rnd, 10000);
}

static void count_energy(struct unit *u)
{
	int64_t now = world_us(u->w), ms = (now - u->counted_us) / MS, steps;

	u->counted_us += ms * MS;
	if (u->contact_closed)
		u->rest += u->power_100uw * ms;
	steps = u->rest / ENERGY_STEP;
	u->rest %= ENERGY_STEP;
	u->flowed_100mwh += (uint64_t)steps;
	if (now >= u->frozen_until_us)
		u->register_100mwh += (uint64_t)steps;
	if (steps)
		oracle_flowed(u->w, unit_meter(u->n), u->flowed_100mwh);
	if (now >= u->load_until_us)
		draw_load(u);
}

static void make_answer(struct unit *u, const struct im1253b_request *request, uint32_t register_)
{
	int64_t power = u->contact_closed ? u->power_100uw : 0;
	struct im1253b_sample sample = {.voltage_100uv = 2300000,
	                                .current_100ua = (int32_t)(power / 230),
	                                .power_100uw = (int32_t)power,
	                                .energy_100mwh = register_,
	                                .pf_permille = 1000,
	                                .frequency_chz = 5000};
	uint32_t reg[IM1253B_REGS];

	im1253b_sample_encode(&sample, reg);
	u->answer_len = im1253b_reply_encode(request, reg, u->answer);
	assert(u->answer_len <= ANSWER_MAX);
}

/* What the line makes of it. */
static void spoil(struct unit *u, const uint8_t *request, size_t len)
{
	struct faults *f = &u->w->faults;
	uint8_t fresh[ANSWER_MAX];
	size_t fresh_len = u->answer_len;

	memcpy(fresh, u->answer, fresh_len);
	/* One of them: what hides another fault would be counted for both. */
	if (fault_hits(f, FAULT_SENSOR_SILENT, u->n)) {
		u->answer_len = 0;
	} else if (u->last_len && fault_hits(f, FAULT_SENSOR_STALE, u->n)) {
		memcpy(u->answer, u->last, u->last_len);
		u->answer_len = u->last_len;
	} else if (fault_hits(f, FAULT_SENSOR_ECHO, u->n)) {
		memcpy(u->answer, request, len);
		u->answer_len = len;
	} else if (fault_hits(f, FAULT_SENSOR_ADDRESS, u->n)) {
		u->answer[0] = 7;
	} else if (fault_hits(f, FAULT_SENSOR_SHORT, u->n)) {
		u->answer_len -= 5;
	} else if (fault_hits(f, FAULT_SENSOR_CRC, u->n)) {
		u->answer[u->answer_len - 1] ^= 0x5A;
	}
	memcpy(u->last, fresh, fresh_len);
	u->last_len = fresh_len;
}

static void sensor_send(void *ctx, const uint8_t *bytes, size_t len)
{
	struct unit *u = ctx;
	struct im1253b_request request;
	uint64_t shown;

	if (im1253b_request_decode(bytes, len, &request)) {
		world_broken(u->w, "S1", "terminal %u sent %zu bytes that no module knows", u->n,
		             len);
		return;
	}
	count_energy(u);
	shown = u->register_100mwh;
	if (fault_hits(&u->w->faults, FAULT_SENSOR_JUMP, u->n))
		shown += JUMP_100MWH;
	make_answer(u, &request, (uint32_t)shown);
	spoil(u, bytes, len);
	world_at(u->w, ANSWER_US, HAPPENS_UNIT_ANSWER, u->n, u->life, NULL);
}

/* ---- what the oracle sees ---- */

static struct oracle_decision decision(const struct unit *u)
{
	const struct decision *d = &u->terminal.control.decided;

	return (struct oracle_decision){
	        .counter = d->counter,
	        .supply_counter = d->supply_counter,
	        .until_s = d->until_s,
	        .kind = d->kind,
	        .flags = d->flags,
	        .spends = credit_active(&u->terminal.control.credit),
	        .left_fen = books_fen(purse_balance(&u->terminal.control.wallet.purse)),
	        .spent_fen = books_fen(u->terminal.control.wallet.purse.spent)};
}

static void look(struct unit *u)
{
	const struct control *c = &u->terminal.control;
	struct oracle_decision d = decision(u);
	bool timed = c->timed.kind == COMMAND_TIME && c->timed.outcome == COMMAND_EXECUTED;

	oracle_unit(u->w, u->n, &d, wallclock_s(&u->terminal.clock), timed ? c->timed.counter : 0);
}

/* ---- relay and button ---- */

static void relay_pulse(void *ctx, enum coil coil)
{
	struct unit *u = ctx;

	world_note(u->w, "terminal %u: pulse %s", u->n, coil == COIL_CLOSE ? "close" : "open");
	look(u); /* what was decided is in flash by now */
	oracle_pulse(u->w, u->n, coil == COIL_CLOSE, wallclock_s(&u->terminal.clock));
	if (fault_hits(&u->w->faults, FAULT_CONTACT, u->n))
		return;
	world_at(u->w, 9 * MS, HAPPENS_UNIT_CONTACT, u->n, coil == COIL_CLOSE, NULL);
}

static bool contact_closed(void *ctx)
{
	struct unit *u = ctx;

	return u->contact_closed;
}

static bool button_down(void *ctx)
{
	struct unit *u = ctx;

	return u->button_down;
}

static void led(void *ctx, bool on)
{
	(void)ctx;
	(void)on;
}

static const struct board_ops board_ops = {
        .can_room = can_room,
        .can_send = can_send,
        .can_drop = can_drop,
        .can_single_shot = can_single_shot,
        .can_listen = can_listen,
        .can_recover = can_recover,
        .sensor_send = sensor_send,
        .relay_pulse = relay_pulse,
        .contact_closed = contact_closed,
        .button_down = button_down,
        .led = led,
};

/* ---- life ---- */

static void power_off(struct unit *u)
{
	if (!u->on)
		return;
	count_energy(u);
	world_note(u->w, "terminal %u: power lost", u->n);
	u->on = false;
	u->life++;
	u->box_n = 0;
	u->last_len = 0; /* the module has no power either */
	u->address = 0;
	u->off_bus = u->single_shot = false;
	world_at(u->w, (int64_t)(200 + rnd_below(&u->w->rnd, 5000)) * MS, HAPPENS_UNIT_POWER, u->n,
	         u->life, NULL);
}

/* Everything that the application does happens inside of these: the power may go in it. */
#define GUARDED(u, act)                                                                            \
	do {                                                                                       \
		(u)->guarded = true;                                                               \
		if (setjmp((u)->power)) {                                                          \
			(u)->guarded = false;                                                      \
			power_off(u);                                                              \
			return;                                                                    \
		}                                                                                  \
		act;                                                                               \
		(u)->guarded = false;                                                              \
	} while (0)

static void start(struct unit *u)
{
	struct oracle_decision d;

	u->on = true;
	u->life++;
	u->born_us = world_us(u->w);
	u->counted_us = u->counted_us ? u->counted_us : u->born_us;
	count_energy(u);
	u->boot.reset_cause = 2;
	GUARDED(u, terminal_init(&u->terminal, &u->board, &u->boot, 0));
	d = decision(u);
	world_note(u->w, "terminal %u: start %u, counter %u", u->n, u->terminal.journal.boot,
	           (unsigned)d.counter);
	oracle_unit_boot(u->w, u->n, &d);
	world_at(u->w, TICK_US, HAPPENS_UNIT_TICK, u->n, u->life, NULL);
}

static void poll(struct unit *u)
{
	GUARDED(u, terminal_poll(&u->terminal, board_ms(u)));
	look(u);
}

static void tick(struct unit *u)
{
	poll(u);
	if (u->on)
		world_at(u->w, terminal_hurry(&u->terminal) ? MS : TICK_US, HAPPENS_UNIT_TICK, u->n,
		         u->life, NULL);
}

static void hear_module(struct unit *u)
{
	for (size_t i = 0; i < u->answer_len; i++)
		terminal_sensor_byte(&u->terminal, u->answer[i], board_ms(u));
}

static void answer(struct unit *u)
{
	GUARDED(u, hear_module(u));
	poll(u);
}

bool unit_listens(const struct unit *u, const struct can_msg *msg)
{
	uint16_t address = can_id_address(msg->id);

	if (!u->on || u->off_bus)
		return false;
	return address == CAN_ADDRESS_ALL || (u->address && address == u->address) ||
	       msg->id == can_id_hashed(CAN_ASSIGN, u->hash20);
}

void unit_hear(struct world *w, unsigned n, const struct can_msg *msg)
{
	struct unit *u = w->unit[n];

	if (!unit_listens(u, msg)) /* a frame before may have been its end */
		return;
	GUARDED(u, terminal_can(&u->terminal, msg, board_ms(u)));
	poll(u);
}

const struct can_msg *unit_frame(const struct unit *u)
{
	return u->on && !u->off_bus && u->box_n ? &u->box[0] : NULL;
}

bool unit_single_shot(const struct unit *u)
{
	return u->single_shot;
}

void unit_frame_out(struct world *w, unsigned n, bool sent)
{
	struct unit *u = w->unit[n];

	assert(u->box_n > 0);
	memmove(u->box, u->box + 1, --u->box_n * sizeof u->box[0]);
	GUARDED(u, terminal_can_event(&u->terminal, sent ? CAN_SENT : CAN_NOT_SENT, board_ms(u)));
	poll(u);
}

void unit_bus_off(struct world *w, unsigned n)
{
	struct unit *u = w->unit[n];

	u->off_bus = true;
	u->box_n = 0;
	GUARDED(u, terminal_can_event(&u->terminal, CAN_BUS_OFF, board_ms(u)));
	poll(u);
}

static void trouble(struct unit *u, enum mishap kind)
{
	struct faults *f = &u->w->faults;

	if (f->calm)
		return;
	world_trouble(u->w, HAPPENS_UNIT_TROUBLE, kind, u->n);
	fault_note(f, kind);
	if (kind == FAULT_POWER_CUT) {
		power_off(u);
	} else if (kind == FAULT_CAN_BUS_OFF && u->on) {
		unit_bus_off(u->w, u->n);
	} else if (kind == FAULT_SENSOR_CLEARED) {
		count_energy(u);
		u->register_100mwh = 0;
	} else if (kind == FAULT_SENSOR_FROZEN) {
		count_energy(u);
		u->frozen_until_us = world_us(u->w) + FROZEN_US;
	} else if (kind == FAULT_CRYSTAL) {
		/* A new rate must not move the time that has passed: it holds from the next start. */
		if (!u->on)
			u->drift_ppm = (int32_t)fault_below(f, kind, u->n, 201) - 100;
	} else if (kind == FAULT_BUTTON) {
		u->button_down = !u->button_down;
		oracle_button(u->w, u->n);
	}
}

void unit_happens(struct world *w, unsigned n, const struct happening *h)
{
	struct unit *u = w->unit[n];

	if (h->kind == HAPPENS_UNIT_TROUBLE) {
		trouble(u, (enum mishap)h->arg);
	} else if (h->kind == HAPPENS_UNIT_CONTACT) {
		count_energy(u);
		u->contact_closed = h->arg;
	} else if (h->arg == u->life && h->kind == HAPPENS_UNIT_POWER) {
		start(u);
	} else if (h->arg == u->life && u->on) {
		if (h->kind == HAPPENS_UNIT_TICK)
			tick(u);
		else
			answer(u);
	}
}

/* ---- made and unmade ---- */

static void write_identity(struct unit *u)
{
	uint8_t bytes[IDENTITY_SIZE] = "WID1";

	bytes[4] = IDENTITY_LAYOUT;
	bytes[5] = 1;
	memcpy(bytes + 8, u->key.key, COMMAND_KEY_SIZE);
	put_le32(bytes + 40, crc32_ieee(0, bytes, 40));
	for (unsigned i = 0; i < IDENTITY_SIZE; i += 2)
		u->cell[(PAGE_IDENTITY * FLASH_PAGE_SIZE + i) / 2] = get_le16(bytes + i);
}

void unit_new(struct world *w, unsigned n, unsigned box)
{
	static const enum mishap troubles[] = {FAULT_POWER_CUT,      FAULT_CAN_BUS_OFF,
	                                       FAULT_SENSOR_CLEARED, FAULT_SENSOR_FROZEN,
	                                       FAULT_CRYSTAL,        FAULT_BUTTON};
	struct unit *u = calloc(1, sizeof *u);

	assert(u != NULL);
	w->unit[n] = u;
	u->w = w;
	u->n = n;
	u->bus = box;
	memset(u->cell, 0xFF, sizeof u->cell);
	u->board = (struct board){
	        &board_ops, u, {&flash_ops, u}
        };
	for (unsigned i = 0; i < CHIP_SIZE; i++)
		u->boot.chip[i] = (uint8_t)rnd_u64(&w->rnd);
	memcpy(u->key.chip, u->boot.chip, CHIP_SIZE);
	for (unsigned i = 0; i < COMMAND_KEY_SIZE; i++)
		u->key.key[i] = (uint8_t)rnd_u64(&w->rnd);
	write_identity(u);
	u->contact_closed = true;
	u->register_100mwh = rnd_below(&w->rnd, 1000000);
	draw_load(u);
	bus_join(w->bus[box], n);
	world_at(w, (int64_t)rnd_below(&w->rnd, 3000) * MS, HAPPENS_UNIT_POWER, n, 0, NULL);
	for (unsigned i = 0; i < sizeof troubles / sizeof *troubles; i++)
		world_trouble(w, HAPPENS_UNIT_TROUBLE, troubles[i], n);
}

void unit_free(struct unit *u)
{
	free(u);
}
