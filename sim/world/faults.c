#include "sim/world/faults.h"

#include <assert.h>
#include <string.h>

#include "libs/base/macros.h"

#define S 1000000

/* Chance in a million at each occasion, rare and heavy; or the mean time between two, in s. */
static const struct {
	const char *name;
	uint32_t rare, heavy; /* ppm */
	uint32_t rare_s, heavy_s;
} kinds[FAULTS] = {
        [FAULT_CAN_LOST] = {"can-lost",             2000,   300000, 0,   0 },
        [FAULT_CAN_TWICE] = {"can-twice",            2000,   300000, 0,   0 },
        [FAULT_CAN_ERROR] = {"can-error",            2000,   200000, 0,   0 },
        [FAULT_CAN_BUS_OFF] = {"can-bus-off",          0,      0,      120, 10},
        [FAULT_CAN_BABBLE] = {"can-babble",           0,      0,      120, 20},
        [FAULT_SENSOR_SILENT] = {"sensor-silent",        5000,   300000, 0,   0 },
        [FAULT_SENSOR_CRC] = {"sensor-crc",           5000,   200000, 0,   0 },
        [FAULT_SENSOR_SHORT] = {"sensor-short",         5000,   200000, 0,   0 },
        [FAULT_SENSOR_ADDRESS] = {"sensor-address",       5000,   200000, 0,   0 },
        [FAULT_SENSOR_ECHO] = {"sensor-echo",          5000,   200000, 0,   0 },
        [FAULT_SENSOR_STALE] = {"sensor-stale",         5000,   200000, 0,   0 },
        [FAULT_SENSOR_CLEARED] = {"sensor-cleared",       0,      0,      120, 30},
        [FAULT_SENSOR_JUMP] = {"sensor-jump",          2000,   50000,  0,   0 },
        [FAULT_SENSOR_FROZEN] = {"sensor-frozen",        0,      0,      120, 30},
        [FAULT_POWER_CUT] = {"power-cut",            0,      0,      120, 15},
        [FAULT_FLASH_NOTHING] = {"flash-nothing",        2000,   40000,  0,   0 },
        [FAULT_FLASH_ALL] = {"flash-all",            2000,   40000,  0,   0 },
        [FAULT_FLASH_RANDOM] = {"flash-random",         2000,   40000,  0,   0 },
        [FAULT_FLASH_PART] = {"flash-part",           2000,   40000,  0,   0 },
        [FAULT_FLASH_MARGINAL] = {"flash-marginal",       2000,   40000,  0,   0 },
        [FAULT_CRYSTAL] = {"crystal",              0,      0,      60,  20},
        [FAULT_CONTACT] = {"contact",              50000,  300000, 0,   0 },
        [FAULT_BUTTON] = {"button",               0,      0,      60,  10},
        [FAULT_GATEWAY_KILL] = {"gateway-kill",         0,      0,      120, 15},
        [FAULT_GATEWAY_POWER] = {"gateway-power",        0,      0,      120, 15},
        [FAULT_GATEWAY_PAUSE] = {"gateway-pause",        0,      0,      120, 30},
        [FAULT_GATEWAY_FULL] = {"gateway-full",         0,      0,      120, 30},
        [FAULT_GATEWAY_EIO] = {"gateway-eio",          0,      0,      120, 30},
        [FAULT_GATEWAY_SYNC] = {"gateway-sync",         0,      0,      120, 30},
        [FAULT_GATEWAY_CLOCK] = {"gateway-clock",        0,      0,      120, 30},
        [FAULT_LINK_LOST] = {"link-lost",            10000,  300000, 0,   0 },
        [FAULT_LINK_TWICE] = {"link-twice",           10000,  500000, 0,   0 },
        [FAULT_LINK_LATE] = {"link-late",            10000,  300000, 0,   0 },
        [FAULT_LINK_CUT] = {"link-cut",             0,      0,      120, 15},
        [FAULT_BROKER_RESTART] = {"broker-restart",       0,      0,      120, 20},
        [FAULT_BROKER_RETAINED] = {"broker-retained",      50000,  500000, 0,   0 },
        [FAULT_FOREIGN_CLIENT] = {"foreign-client",       0,      0,      60,  5 },
        [FAULT_PLATFORM_KILL] = {"platform-kill",        0,      0,      120, 15},
        [FAULT_PLATFORM_POWER] = {"platform-power",       0,      0,      120, 15},
        [FAULT_PLATFORM_POWER_WRITE] = {"platform-power-write", 200,    2000,   0,   0 },
        [FAULT_PLATFORM_PAUSE] = {"platform-pause",       0,      0,      120, 30},
        [FAULT_PLATFORM_FULL] = {"platform-full",        0,      0,      120, 30},
        [FAULT_PLATFORM_EIO] = {"platform-eio",         300,    3000,   0,   0 },
        [FAULT_PLATFORM_SYNC] = {"platform-sync",        2000,   20000,  0,   0 },
        [FAULT_PLATFORM_CLOCK] = {"platform-clock",       0,      0,      240, 60},
        [FAULT_DOUBLE_CLICK] = {"double-click",         50000,  500000, 0,   0 },
        [FAULT_TWO_OPERATORS] = {"two-operators",        50000,  500000, 0,   0 },
        [FAULT_PAY_WRONG] = {"pay-wrong",            50000,  300000, 0,   0 },
        [FAULT_PAY_TWICE] = {"pay-twice",            50000,  300000, 0,   0 },
        [FAULT_NOTICE_TWICE] = {"notice-twice",         50000,  500000, 0,   0 },
        [FAULT_NOTICE_LATE] = {"notice-late",          50000,  500000, 0,   0 },
        [FAULT_NOTICE_NEVER] = {"notice-never",         50000,  300000, 0,   0 },
        [FAULT_REPLAY_DOWN] = {"replay-down",          0,      0,      60,  5 },
        [FAULT_REPLAY_UP] = {"replay-up",            0,      0,      60,  5 },
        [FAULT_FLIP_DOWN] = {"flip-down",            0,      0,      60,  5 },
        [FAULT_FLIP_UP] = {"flip-up",              0,      0,      60,  5 },
        [FAULT_FORGED_FRAME] = {"forged-frame",         0,      0,      30,  2 },
        [FAULT_PAY_STRANGER] = {"pay-stranger",         50000,  300000, 0,   0 },
        [FAULT_REFUND_FAILS] = {"refund-fails",         100000, 500000, 0,   0 },
        [FAULT_REFUND_TOLD_TWICE] = {"refund-told-twice",    50000,  300000, 0,   0 },
        [FAULT_BILL_SHORT] = {"bill-short",           150000, 300000, 0,   0 },
        [FAULT_BILL_WRONG] = {"bill-wrong",           100000, 200000, 0,   0 },
        [FAULT_BILL_TWICE] = {"bill-twice",           300000, 700000, 0,   0 },
        [FAULT_TILL_SHORT] = {"till-short",           100000, 500000, 0,   0 },
        [FAULT_DESK_TWICE] = {"desk-twice",           200000, 600000, 0,   0 },
        [FAULT_REGISTER_ANEW] = {"register-anew",        5000,   50000,  0,   0 },
        [FAULT_LINK_AWAY] = {"link-away",            50000,  300000, 0,   0 },
        [FAULT_READING_LATE] = {"reading-late",         20000,  200000, 0,   0 },
};

static uint64_t mix(uint64_t seed, uint64_t a, uint64_t b)
{
	struct rnd r;

	rnd_seed(&r, seed ^ a * UINT64_C(0x9E3779B97F4A7C15) ^ b * UINT64_C(0xC2B2AE3D27D4EB4F));
	return rnd_u64(&r);
}

/* In a storm everything between a person and a contact goes wrong at once, and none moves before it is quiet; a clock
 * that jumps excuses what is late. So some storms leave that alone, and rage elsewhere. */
static void spare(struct faults *f)
{
	static const enum mishap way[] = {
	        FAULT_CAN_LOST,      FAULT_CAN_TWICE,      FAULT_CAN_ERROR,
	        FAULT_CAN_BUS_OFF,   FAULT_CAN_BABBLE,     FAULT_POWER_CUT,
	        FAULT_FLASH_NOTHING, FAULT_FLASH_ALL,      FAULT_FLASH_RANDOM,
	        FAULT_FLASH_PART,    FAULT_FLASH_MARGINAL, FAULT_GATEWAY_KILL,
	        FAULT_GATEWAY_POWER, FAULT_GATEWAY_PAUSE,  FAULT_GATEWAY_FULL,
	        FAULT_GATEWAY_EIO,   FAULT_GATEWAY_SYNC,   FAULT_GATEWAY_CLOCK,
	        FAULT_LINK_LOST,     FAULT_LINK_LATE,      FAULT_LINK_CUT,
	        FAULT_LINK_AWAY,     FAULT_BROKER_RESTART, FAULT_REGISTER_ANEW};

	f->spared = true;
	f->level[FAULT_PLATFORM_CLOCK] = FAULT_OFF;
	for (size_t i = 0; i < ARRAY_SIZE(way); i++)
		if (f->level[way[i]] == FAULT_HEAVY)
			f->level[way[i]] = FAULT_RARE;
}

void faults_init(struct faults *f, uint64_t seed, int level)
{
	struct rnd levels;
	uint32_t
	        off; /* of a hundred: some worlds are nearly calm, so that much comes to its end in them */

	memset(f, 0, sizeof *f);
	f->slow = f->thin = 1;
	rnd_seed(&levels, mix(seed, 1, 1));
	off = (level == FAULT_STORM ? 5 : 40) + rnd_below(&levels, 58);
	for (unsigned k = 0; k < FAULTS; k++) {
		uint32_t draw = rnd_below(&levels, 100), quarter = rnd_below(&levels, 4);
		bool heavy = level == FAULT_STORM ? quarter != 0 : quarter == 0;

		f->level[k] = draw < off ? FAULT_OFF : heavy ? FAULT_HEAVY : FAULT_RARE;
		if (level >= 0 && level < FAULT_STORM)
			f->level[k] = (uint8_t)level;
		for (unsigned n = 0; n < FAULT_NODES; n++)
			rnd_seed(&f->stream[k][n], mix(seed, k + 2, n + 1));
	}
	if (level == FAULT_STORM && rnd_below(&levels, 3) == 0)
		spare(f);
}

const char *fault_name(enum mishap kind)
{
	return kinds[kind].name;
}

const char *witness_name(enum witness witness)
{
	static const char *const names[WITNESSES] = {
	        [WITNESS_SLOT] = "time-of-use",
	        [WITNESS_HOLIDAY] = "holiday",
	        [WITNESS_SWAP] = "meter-swapped",
	        [WITNESS_CLOSE] = "account-closed",
	        [WITNESS_BILL] = "bill-made",
	        [WITNESS_NEXT] = "next-customer",
	        [WITNESS_FEE] = "monthly-fee",
	        [WITNESS_ANEW] = "divided-anew",
	        [WITNESS_TERMINAL] = "terminal-swapped",
	};

	return names[witness];
}

enum mishap fault_by_name(const char *name)
{
	unsigned k = 0;

	while (k < FAULTS && strcmp(kinds[k].name, name) != 0)
		k++;
	return (enum mishap)k;
}

bool fault_hits(struct faults *f, enum mishap kind, uint32_t node)
{
	uint32_t ppm = f->level[kind] == FAULT_HEAVY ? kinds[kind].heavy : kinds[kind].rare;

	uint32_t of =
	        kind >= FAULT_PLATFORM_POWER_WRITE && kind <= FAULT_PLATFORM_SYNC ? f->thin : 1;

	assert(node < FAULT_NODES);
	if (f->calm || f->level[kind] == FAULT_OFF ||
	    rnd_below(&f->stream[kind][node], S * of) >= ppm)
		return false;
	f->count[kind]++;
	return true;
}

int64_t fault_wait_us(struct faults *f, enum mishap kind, uint32_t node)
{
	uint32_t mean_s = f->level[kind] == FAULT_HEAVY ? kinds[kind].heavy_s : kinds[kind].rare_s;

	assert(node < FAULT_NODES && mean_s > 0);
	if (f->level[kind] == FAULT_OFF)
		return -1;
	return f->slow *
	       ((int64_t)rnd_below(&f->stream[kind][node], 2 * mean_s * 1000) * 1000 + 1000);
}

void fault_note(struct faults *f, enum mishap kind)
{
	f->count[kind]++;
}

uint32_t fault_below(struct faults *f, enum mishap kind, uint32_t node, uint32_t limit)
{
	assert(node < FAULT_NODES);
	return rnd_below(&f->stream[kind][node], limit);
}
