/* Supply of an account, for tests of who is cut and restored: what the platform decided, and what gateway and
 * terminal answer. Calls that return no error must work. */
#ifndef PLATFORM_TEST_SUPPLIED_H
#define PLATFORM_TEST_SUPPLIED_H

#include "platform/test/money.h"

struct supplied {
	struct lab *lab;
	struct estate estate;
	int64_t account; /* on LAB_METER */
};

/* With lab_setup and estate_setup. */
void supplied_setup(struct supplied *s, struct lab *lab);
/* A test of cmocka between that and lab_teardown; of `s` only the lab is filled. */
#define SUPPLIED_TEST(test, s)                                                                     \
	cmocka_unit_test_prestate_setup_teardown(test, supplied_begin, supplied_end, s)
int supplied_begin(void **state);
int supplied_end(void **state);

/* Time goes by; then each meter is read, the account is looked at, and the platform works. */
void supplied_pass(struct supplied *s, int64_t seconds);
/* Who is in arrears is cut at once. */
void supplied_no_notice(struct supplied *s);
/* Money comes, and is used up to the last fen. */
void supplied_use_up(struct supplied *s);
/* The account owes, and its meter has been cut. */
void supplied_cut(struct supplied *s);
/* Rules of the property, changed by a statement. */
void supplied_rule(struct supplied *s, const char *assignments_sql);
enum err supplied_mark(struct supplied *s, int64_t meter, enum supply_mark mark, int64_t version);

struct supply_account supplied_memory(struct supplied *s, int64_t account_id);
struct supply_meter supplied_meter(struct supplied *s, int64_t meter);
int64_t supplied_messages(struct supplied *s, const char *kind);
/* How many trips there have been, and how many orders wait at the guard. */
int64_t supplied_trips(struct supplied *s);
int64_t supplied_waiting(struct supplied *s);

/* A person's command; its number. */
int64_t supplied_order(struct supplied *s, int64_t meter, uint8_t kind);
/* Number of the newest command, 0: none; and a command. */
int64_t supplied_newest(struct supplied *s);
struct command_row supplied_command(struct supplied *s, int64_t command_id);

void supplied_terminal_says(struct supplied *s, const struct command_row *row, uint8_t outcome,
                            uint8_t reason);
/* Executed and read back. */
void supplied_obey(struct supplied *s, int64_t command_id);

#endif
