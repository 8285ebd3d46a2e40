/* What must hold while the world turns, kept apart from the code that it judges: who was told what,
 * what a terminal may obey, what is durable where. */
#ifndef SIM_WORLD_ORACLE_H
#define SIM_WORLD_ORACLE_H

#include "sim/world/world.h"

struct oracle;

void oracle_new(struct world *w);
void oracle_free(struct world *w);

/* ---- commands ---- */

/* The platform published a command for this meter: only these exist. */
void oracle_published(struct world *w, int64_t meter, uint64_t id, const uint8_t *body, size_t len);

/* What a terminal remembers, as its own code shows it. */
struct oracle_decision {
	uint32_t counter, supply_counter, until_s;
	uint8_t kind, flags;
	bool spends;       /* it charges itself ... */
	int64_t left_fen;  /* ... and has so much ... */
	int64_t spent_fen; /* ... after so much */
};

/* After each thing that a terminal did: its durable decision, its clock (0: not set), and the
 * counter of the last time command that it executed since its start. */
void oracle_unit(struct world *w, unsigned unit, const struct oracle_decision *d, uint32_t clock_s,
                 uint32_t time_counter);
/* It starts and has read its flash. */
void oracle_unit_boot(struct world *w, unsigned unit, const struct oracle_decision *d);
/* A coil was pulsed. */
void oracle_pulse(struct world *w, unsigned unit, bool close, uint32_t clock_s);
void oracle_button(struct world *w, unsigned unit);

/* ---- readings ---- */

/* This gateway's batch is synced in its spool (the collector is gateway n_boxes): it has to arrive. */
void oracle_durable(struct world *w, unsigned box, uint64_t boot, uint64_t seq,
                    const uint8_t *bytes, size_t len);
/* The platform told the gateway that it has these. */
void oracle_acked(struct world *w, unsigned box, uint64_t boot, uint64_t first, uint64_t last);
void oracle_refused(struct world *w, unsigned box, uint64_t boot, uint64_t seq, uint32_t reason);
bool oracle_is_acked(const struct world *w, unsigned box, uint64_t boot, uint64_t seq);
/* The gateway does not have it any more. */
void oracle_forgotten(struct world *w, unsigned box, uint64_t boot, uint64_t seq);

/* Energy that flowed through a meter until now, in 0.1 Wh. */
void oracle_flowed(struct world *w, int64_t meter, uint64_t total_100mwh);

/* ---- at the end ---- */

/* Everything that was durable at a gateway is acknowledged. */
bool oracle_all_acked(const struct world *w);
/* Notes of what is not. */
void oracle_tell_open(struct world *w);
void oracle_audit(struct world *w);

#endif
