/* The gateway's health as the retained `state` message: JSON for the console and for people. */
#ifndef GATEWAY_CORE_STATE_H
#define GATEWAY_CORE_STATE_H

#include "gateway/spool/spool.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STATE_REASON_SIZE 80

struct state_facts {
	bool online;
	uint64_t boot;
	int64_t since_s;
	const char *version;
	const char *last_stop;
	uint64_t config;
	uint64_t acked_boot,
	        acked_seq; /* what the platform had before it started; boot 0: nothing */
	struct spool_run before[SPOOL_RUNS]; /* in the spool at the start, the newest first */
	size_t n_before;
	struct spool_stats spool;
	bool spool_full;
	size_t waiting_bytes;
	const char *bus_kind;
	bool bus_up, bus_overload;
	uint32_t bus_load_permille;
	uint64_t bus_errors, bus_dropped;
	unsigned terminals;
	int64_t connected_since_s; /* 0: not connected */
	uint64_t reconnects;       /* connections after the first one */
	const char
	        *link_reason; /* why there was no connection, when last there was none; "": never */
	int64_t clock_offset_ms, wall_offset_ms;
	bool clock_confirmed;
	uint32_t clock_steps;
	uint64_t dropped, bad_messages, retained_ignored;
};

/* Returns the length; `size` of CORE_STATE_SIZE always suffices. */
size_t state_format(const struct state_facts *facts, char *json, size_t size);

/* Changes when something changed that is worth a message of its own. */
uint64_t state_key(const struct state_facts *facts);
#endif
