/* Steps that share a commit, without a thread: one after the other in the open transactions of
 * both files, each in a savepoint; then one commit, or everything undone. The writer thread
 * (writer.c) and the simulator drive the same code. */
#ifndef PLATFORM_CORE_GROUP_H
#define PLATFORM_CORE_GROUP_H

#include "platform/core/writer.h"

struct group_item {
	step_fn step;
	void *arg;
	done_fn done;
	void *done_arg;
	bool bulk;
	enum err err;
};

/* What ended together, with its effects: to be answered by group_answer after the commit. */
struct group;

/* Runs effects, then answers, and frees the group. */
void group_answer(struct group *group);
size_t group_count(const struct group *group);

struct groups {
	struct writer_config config; /* `io` and the queue's limit are the shell's */
	/* A group has ended, committed or undone; it is the receiver's now. */
	void (*ended)(void *arg, struct group *group);
	void *ended_arg;
	/* Before a group is run again, for so long; NULL: at once. False: it shall not be. Gets
	 * ended_arg. */
	bool (*pause)(void *arg, int64_t ms);

	/* its own */
	struct tx tx;
	struct group *open;
	bool damaged; /* one file was committed and the other not: recover before anything else */
	bool disk_full;
	bool store_away; /* the last group failed because PostgreSQL did not answer */
	int64_t wall_ms; /* of the last step */
};

/* With config, ended, ended_arg filled. */
void groups_init(struct groups *groups);

/* Something runs that is not committed. */
bool groups_waits(const struct groups *groups);
/* Somebody waits for its commit. */
bool groups_hurries(const struct groups *groups);
/* When its first step came, monotonic. */
int64_t groups_since_ms(const struct groups *groups);

/* One step; a full group is committed, one on failing ground is undone. */
void groups_take(struct groups *groups, const struct group_item *item, int64_t wall_ms,
                 int64_t mono_ms);
/* Readings first: what the main file says about a batch may only follow it. True: something was
 * written. */
bool groups_commit(struct groups *groups);

#endif
