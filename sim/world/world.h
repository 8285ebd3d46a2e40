/* The whole system in one process on virtual time (docs/design/world.md): real terminals, gateways and
 * platform between models of everything else. One seed, one history.
 *
 * In reading order: queue (time), faults (what goes wrong), medium (disks), unit (a terminal with
 * sensor, load and relay), bus (CAN), box (a gateway), pipe (links and broker), server (the
 * platform), people and hostile (who acts), oracle and audit (what must hold), run (a whole history). */
#ifndef SIM_WORLD_WORLD_H
#define SIM_WORLD_WORLD_H

#include "sim/world/faults.h"
#include "sim/world/medium.h"
#include "sim/world/queue.h"

#include "libs/proto/can.h"
#include "libs/proto/command.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UNITS_MAX   24  /* terminals */
#define BOXES_MAX   4   /* gateways */
#define METERS_MAX  100 /* bought meters with an account, behind one collector */
#define SPARES_MAX  4   /* and those that take the place of one */
#define BOUGHT_MAX  (METERS_MAX + SPARES_MAX)
#define METER_FIRST INT64_C(330100000001)
#define MS          1000
#define SECOND      (1000 * MS)
#define TRACE_KEPT  200

/* What arrived is rated by then: the platform looks each 3 s. */
#define WORLD_RATED_S 5

/* Nodes of fault streams. */
enum {
	NODE_UNIT = 0,
	NODE_BOX = UNITS_MAX,
	NODE_COLLECTOR = NODE_BOX + BOXES_MAX,
	NODE_BROKER,
	NODE_SERVER,
	NODE_PEOPLE,
	NODE_HOSTILE,
	NODES,
};

enum happens {
	HAPPENS_UNIT_TICK,
	HAPPENS_UNIT_ANSWER, /* the sensor's */
	HAPPENS_UNIT_POWER,
	HAPPENS_UNIT_TROUBLE, /* a fault that comes by itself: arg is its kind */
	HAPPENS_UNIT_CONTACT,
	HAPPENS_UNIT_LEAK,
	HAPPENS_BUS_DONE,
	HAPPENS_BUS_QUIET,
	HAPPENS_BOX_TICK,
	HAPPENS_BOX_START,
	HAPPENS_BOX_TROUBLE,
	HAPPENS_BOX_LINK,
	HAPPENS_COLLECT,
	HAPPENS_PIPE_IN,  /* a message reaches the broker */
	HAPPENS_PIPE_OUT, /* and its receiver */
	HAPPENS_PIPE_TROUBLE,
	HAPPENS_SERVER_START,
	HAPPENS_SERVER_TICK,
	HAPPENS_SERVER_STEP,
	HAPPENS_SERVER_ANSWER,
	HAPPENS_SERVER_READ,
	HAPPENS_SERVER_LINK,
	HAPPENS_SERVER_TROUBLE,
	HAPPENS_PEOPLE,
	HAPPENS_BUY,
	HAPPENS_NOTICE, /* of a payment: arg is its number */
	HAPPENS_DESK,
	HAPPENS_HOSTILE,
	HAPPENS_KINDS,
};

struct options {
	uint64_t seed;
	uint64_t until;        /* happenings; 0: to the end */
	int level;             /* of all faults; -1, FAULT_STORM: drawn */
	bool drop[FAULTS];     /* these stay off */
	unsigned units, boxes; /* 0: drawn */
	int64_t work_s;        /* of phase 1; 0: drawn */
	int64_t start_s;       /* wall clock at the start; 0: drawn */
	int64_t days; /* a property of bought meters over so many days; 0: a history of minutes */
	unsigned bought; /* its meters */
	bool quiet, notes;
};

struct traced {
	int64_t at_us;
	uint64_t hash; /* of the bytes */
	uint64_t arg;
	uint32_t kind, node, len;
	char text[72]; /* of world_note */
};

/* How coarsely time passes: in a long history the parts that look at the clock do so less often. */
struct pace {
	int64_t tick_us; /* the platform's timers */
	int64_t read_s;  /* between two readings of a bought meter */
	int64_t buy_us;  /* between two purchases, at most */
	int64_t desk_us; /* between two acts at the counter, at most */
	int64_t full_us; /* a full disk */
	int64_t quiet_s, drain_s;
};

struct unit;
struct bus;
struct box;
struct pipe;
struct server;
struct collector;
struct oracle;
struct people;
struct till;
struct hostile;

struct world {
	struct options options;
	struct queue queue;
	struct faults faults;
	struct rnd rnd;   /* sizes, loads, wishes */
	int64_t start_ms; /* wall clock at time 0 */
	int64_t work_us;  /* phase 1 ends */
	unsigned n_units, n_boxes, n_bought, n_spares;
	unsigned n_terminals; /* units, and one more that may take the place of one with a purse */
	unsigned
	        n_accounts; /* one for each terminal and one more; in a long history one for each bought meter */
	struct pace pace;
	struct unit *unit[UNITS_MAX];
	struct bus *bus[BOXES_MAX];
	struct box *box[BOXES_MAX];
	struct pipe *pipe;
	struct collector *collector;
	struct server *server;
	struct oracle *oracle;
	struct people *people;
	struct till *money;
	struct hostile *hostile;

	uint64_t hash; /* of everything that happened */
	struct traced trace[TRACE_KEPT];
	uint64_t traced;
	bool failed;
	char why[256];
	uint64_t happened[HAPPENS_KINDS];
};

static inline int64_t world_us(const struct world *w)
{
	return w->queue.now_us;
}

/* The true time of day. */
static inline int64_t world_wall_ms(const struct world *w)
{
	return w->start_ms + w->queue.now_us / MS;
}

static inline void world_at(struct world *w, int64_t us, enum happens kind, uint32_t node,
                            uint64_t arg, struct parcel *parcel)
{
	queue_put(&w->queue, w->queue.now_us + us, kind, node, arg, parcel);
}

/* Part of the trace: hashed and shown. */
void world_note(struct world *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A promise is broken: the history ends here. `rule` is I1..I27. */
void world_broken(struct world *w, const char *rule, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
uint64_t world_hash(uint64_t hash, const void *bytes, size_t len);

/* A fault of this node that comes by itself: its first time. */
void world_trouble(struct world *w, enum happens kind, enum mishap fault, uint32_t node);

/* ---- unit ---- */

void unit_new(struct world *w, unsigned n, unsigned box);
void unit_free(struct unit *u);
void unit_happens(struct world *w, unsigned n, const struct happening *h);
/* Its controller's filter lets the frame pass. */
bool unit_listens(const struct unit *u, const struct can_msg *msg);
void unit_hear(struct world *w, unsigned n, const struct can_msg *msg);
/* The oldest frame that waits to be sent; NULL: none. */
const struct can_msg *unit_frame(const struct unit *u);
bool unit_single_shot(const struct unit *u);
/* It is out, or (single shot) it ended in an error. */
void unit_frame_out(struct world *w, unsigned n, bool sent);
void unit_bus_off(struct world *w, unsigned n);
const struct command_key *unit_key(const struct unit *u);

/* What it would say of its credit, and what it does by it. */
struct unit_credit {
	int64_t total_fen, spent_fen, register_wh;
	uint32_t limits; /* version */
	bool active;     /* it charges itself */
	bool closed, forced, kept;
	bool waits; /* for its clock, its module or its power */
};
/* Of one that is lit. */
struct unit_credit unit_credit(const struct unit *u);
/* It has power, and has begun. */
bool unit_lit(const struct unit *u);
int64_t unit_meter(unsigned n);

/* ---- bus ---- */

void bus_new(struct world *w, unsigned n);
void bus_free(struct bus *b);
void bus_join(struct bus *b, unsigned unit);
void bus_kick(struct world *w, unsigned n);
void bus_send(struct world *w, unsigned n, const struct can_msg *msg);
void bus_happens(struct world *w, unsigned n, const struct happening *h);
void bus_babble(struct world *w, unsigned n, int64_t us);

/* ---- box ---- */

void box_new(struct world *w, unsigned n);
void box_free(struct world *w, struct box *b);
void box_happens(struct world *w, unsigned n, const struct happening *h);
bool box_listens(const struct box *b);
void box_frame(struct world *w, unsigned n, const struct can_msg *msg);
void box_name(unsigned n, char name[16]);

enum channel { CHANNEL_UP, CHANNEL_NOW, CHANNEL_STATE, CHANNEL_ACK, CHANNEL_DOWN };

void box_message(struct world *w, unsigned n, enum channel channel, const struct parcel *p,
                 bool retained);
/* The broker is gone. */
void box_link_lost(struct world *w, unsigned n);
/* Somebody set its clock right. */
void box_calm(struct world *w, unsigned n);
/* Nothing waits: all that it made is acknowledged. */
bool box_drained(const struct box *b);

/* ---- collector: bought meters, read by somebody else's device ---- */

void collector_new(struct world *w);
void collector_free(struct world *w);
void collector_happens(struct world *w, const struct happening *h);
void collector_ack(struct world *w, const struct parcel *p);
bool collector_drained(const struct world *w);
/* As it stands there. */
int64_t collector_register(const struct world *w, unsigned bought);

/* ---- links and broker; gateway n_boxes is the collector ---- */

void pipe_new(struct world *w);
void pipe_free(struct pipe *p);
void pipe_happens(struct world *w, const struct happening *h);
void pipe_up(struct world *w, unsigned box, enum channel channel, const void *bytes, size_t len);
void pipe_down(struct world *w, unsigned box, enum channel channel, const void *bytes, size_t len);
bool pipe_box_connected(const struct world *w, unsigned box);
void pipe_connect_box(struct world *w, unsigned box, bool up);
void pipe_connect_server(struct world *w, bool up);
/* From somebody else: as if sent by this gateway, or to it. */
void pipe_forge(struct world *w, unsigned box, enum channel channel, const void *bytes, size_t len,
                bool retained);

/* ---- platform ---- */

void server_new(struct world *w);
void server_free(struct world *w);
void server_happens(struct world *w, const struct happening *h);
void server_message(struct world *w, unsigned box, enum channel channel, const struct parcel *p);
void server_link_lost(struct world *w);
void server_calm(struct world *w);
bool server_runs(const struct world *w);
/* Commands of terminals that can still end: none when the platform's clock jumped, as it then lets none end for
 * ten minutes. */
bool server_commands_open(const struct world *w);
/* It takes steps, whether it reaches the broker or not. */
bool server_takes(const struct world *w);

/* ---- who acts ---- */

void people_new(struct world *w);
void people_free(struct world *w);
void people_act(struct world *w, const struct happening *h);
void hostile_new(struct world *w);
void hostile_free(struct world *w);
void hostile_act(struct world *w, const struct happening *h);
/* It hears everything. */
void hostile_hear(struct world *w, unsigned box, enum channel channel, const void *bytes,
                  size_t len);
void hostile_hear_frame(struct world *w, unsigned bus, const struct can_msg *msg);

/* ---- a whole history ---- */

struct outcome {
	uint64_t seed, hash, happenings;
	uint64_t faults[FAULTS], seen[WITNESSES];
	bool failed;
	char why[256];
	int64_t virtual_s;
};

/* A long history: this fault belongs to it. */
bool world_long_has(enum mishap kind);
void world_run(const struct options *options, struct outcome *outcome);
/* Fewer faults, nodes and seconds, as long as it fails in the same way. */
void world_shrink(const struct options *options, struct options *smallest);

#endif
