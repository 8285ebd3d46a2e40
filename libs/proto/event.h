/* Kinds of event, one number space for all who make them: terminals 1..63, gateways 64..127, the
 * platform 128..255. A number is never used again for something else. */
#ifndef LIBS_PROTO_EVENT_H
#define LIBS_PROTO_EVENT_H

enum event_kind {
	EVENT_BOOT = 1,        /* detail: reset cause bits */
	EVENT_RELAY_MOVED = 2, /* detail: enum relay_cause */
	EVENT_RELAY_FAULT = 3,
	EVENT_SENSOR_FAULT = 4,
	EVENT_SENSOR_BACK = 5,
	EVENT_SEGMENT = 6,         /* value: difference of the register in Wh that was not billed */
	EVENT_COMMAND_REFUSED = 7, /* detail: enum command_reason; value: counter */
	EVENT_CLOCK_SET = 8,       /* value: step in seconds */
	EVENT_ADDRESS_CLASH = 9,   /* value: the address given up */
	EVENT_BUS_OFF = 10,
	EVENT_STORE_REPAIRED =
	        11,              /* detail: first page of the log; value: damages since the start */
	EVENT_ASSERT = 12,       /* detail: file number; value: line */
	EVENT_BUTTON = 13,       /* detail: enum button_press */
	EVENT_ENERGY_ADDED = 14, /* value: Wh, 1 kWh or more, counted at once after a gap */
	EVENT_REGISTER_FROZEN = 15, /* value: power in 0.1 W while the energy register stands */
	EVENT_EVENTS_LOST = 16,     /* value: how many, since the last one of this kind */
	EVENT_CREDIT =
	        17, /* of a meter that charges itself. detail: enum balance_state; value: fen */

	EVENT_DEVICE_FOUND = 64, /* the chip id is in the record */
	EVENT_DEVICE_LOST = 65,
	EVENT_DEVICE_BACK = 66,
	EVENT_BUS_OVERLOAD = 67,
	EVENT_BUS_OVERLOAD_END = 68,
	EVENT_SPOOL_DAMAGED = 69,  /* value: records lost */
	EVENT_CLOCK_STEPPED = 70,  /* value: milliseconds */
	EVENT_CONFIG_REFUSED = 71, /* value: configuration version */
	EVENT_TERMINAL_RESTARTED = 72,

	EVENT_READING_CONFLICT = 128, /* a second, different reading of the same meter and second */
	EVENT_UNKNOWN_METER = 129,
	EVENT_BAD_BATCH = 130, /* detail: enum uplink_refusal */
	EVENT_FOREIGN_TOPIC = 131,
	EVENT_BATCH_CONFLICT = 132, /* a batch name used again with other content */
	EVENT_BAD_RESULT_MAC = 133, /* a result whose MAC is wrong */
	EVENT_STORE_RESTORED = 134,
	EVENT_READING_MISSED = 136, /* value: when its last reading was, 0: never */
	EVENT_READING_BACK = 137,   /* value: seconds without */
	EVENT_CLIENT_REFUSED = 135, /* detail: enum refusal_reason of the broker's plugin */
	/* A gateway's folder does not hold what came from it. detail: enum spool_replaced; value:
	 * batches of its last boot that are here and not there */
	EVENT_SPOOL_REPLACED = 138,
	EVENT_STANDBY_LATE = 139, /* detail: enum standby_cause; value: seconds behind */
	EVENT_STANDBY_BACK = 140, /* value: seconds since EVENT_STANDBY_LATE */
	EVENT_CUT_WAITS =
	        150, /* no opening by old data; value: when the last reading was, 0: never */
	EVENT_CUT_SPARED = 151,    /* nothing is left, and a mark or keep-power spares the supply */
	EVENT_OPENINGS_HELD = 152, /* the guard holds them for two persons; value: of the window */
	EVENT_OPENINGS_STOPPED = 153, /* by the property's switch; value: taken back */
	EVENT_OPENINGS_AGAIN = 154,
	EVENT_MONEY_WRONG = 160,   /* detail: enum money_wrong; value: the group or meter where */
	EVENT_RATING_FAULT = 161,  /* detail: enum rating_fault of the store; value: the register */
	EVENT_PURSE_DIFFERS = 162, /* a meter's purse is not what we delivered; value: its count */
	EVENT_PRICE_UNFIT =
	        163, /* a price that a meter cannot have. detail: enum price_why of the platform */
	EVENT_SPENT_DIFFERS =
	        164, /* a meter charged another sum than we did; value: fen, above 0: more */
	/* Readings came late from inside what is charged, and nothing is divided anew; value: when it ended. */
	EVENT_LATE_ALLOWANCE = 170,
	EVENT_LATE_STEPS = 171,
	EVENT_LATE_ENDED = 172,
	EVENT_LATE_OLD = 173, /* value: when it was read */
	EVENT_LATE_UNPRICED = 174,
	EVENT_LATE_DECIDED = 175,
};

/* Detail of EVENT_MONEY_WRONG: what the nightly look at the books found. */
enum money_wrong {
	MONEY_LEDGER = 1,  /* a group, a balance or the state fails its proof, or is not the fold */
	MONEY_ACCRUED = 2, /* what a meter accrued is not the sum of its open charges */
	MONEY_POSTED = 3,  /* a day's posting is not the sum of its charges */
	MONEY_REPORT = 4,  /* a meter's reports do not sum to its registers */
};

/* Detail of EVENT_STANDBY_LATE: why the last try went wrong. */
enum standby_cause {
	STANDBY_AWAY = 1, /* it cannot be reached, or the connection ended */
	STANDBY_DISK_FULL = 2,
	STANDBY_SLOW = 3, /* connected, and does not keep up */
};

/* Detail of EVENT_SPOOL_REPLACED. */
enum spool_replaced {
	SPOOL_EMPTY = 1, /* wiped, or another box */
	SPOOL_OLDER = 2, /* a copy was put back */
};

/* Why the relay moved: detail of EVENT_RELAY_MOVED. */
enum relay_cause {
	RELAY_CAUSE_COMMAND = 1,
	RELAY_CAUSE_BUTTON = 2,
	RELAY_CAUSE_BOOT = 3,           /* contact found other than decided after a restart */
	RELAY_CAUSE_FOREIGN = 4,        /* moved by somebody else's hand */
	RELAY_CAUSE_KEEP_POWER_END = 5, /* until_s reached */
	RELAY_CAUSE_CREDIT = 6,         /* by the meter's own balance: used up, or bought again */
};

/* Detail of EVENT_BUTTON. */
enum button_press {
	BUTTON_PRESSED = 0,
	BUTTON_HELD_AT_START = 1, /* signed time may go back once */
};

struct event_name {
	const char *word; /* JSON and logs: "relay-moved" */
	const char *en, *zh;
};

/* Names for people; unknown kinds have names too ("unknown"). Never NULL. Not linked into the
 * terminal unless it calls this. */
const struct event_name *event_name(unsigned kind);
#endif
