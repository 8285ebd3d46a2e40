/* How often one may guess, in memory: passwords per client address and name, per address, per name
 * over all addresses; codes of the second factor per name; phone numbers per person. Tables never grow; an entry makes room for
 * a new one only when it does not stop anybody, or is the oldest. */
#ifndef PLATFORM_HTTP_LIMIT_H
#define PLATFORM_HTTP_LIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LIMIT_ENTRIES      1024
#define LIMIT_CODE_ENTRIES 64
#define LIMIT_WINDOW_MS    (5 * 60 * 1000)
#define LIMIT_PER_NAME     5  /* failures of one name from one address */
#define LIMIT_PER_ADDRESS  20 /* failures of one address; of IPv6 its /64 */
#define LIMIT_NAME_OVERALL 50 /* failures of one name from anywhere */
/* A code is asked for only after the right password: whoever is stopped here has it. Five of 10^6
 * codes each half hour are one chance in 1400 a day. */
#define LIMIT_CODES          5
#define LIMIT_CODE_WINDOW_MS (30 * 60 * 1000)

/* Whole phone numbers that one asks for who may not see them: the four digits that are hidden are
 * ten thousand questions. */
#define LIMIT_NUMBERS          60
#define LIMIT_NUMBER_ENTRIES   256
#define LIMIT_NUMBER_WINDOW_MS (60 * 60 * 1000)

struct limit_entry {
	uint64_t key; /* hash of what is counted; 0: free */
	unsigned failures, allowed;
	int64_t since_ms;
};

struct login_limit {
	struct limit_entry entry[LIMIT_ENTRIES];
	struct limit_entry code[LIMIT_CODE_ENTRIES];
	struct limit_entry number[LIMIT_NUMBER_ENTRIES];
};

/* Seconds to wait, 0: go ahead. Times are monotonic. */
int64_t login_limit_wait_s(const struct login_limit *limit, const char *address, const char *name,
                           int64_t mono_ms);
void login_limit_failed(struct login_limit *limit, const char *address, const char *name,
                        int64_t mono_ms);
/* A success forgives the name from here, not the address and not others' failures. */
void login_limit_passed(struct login_limit *limit, const char *address, const char *name);

int64_t code_limit_wait_s(const struct login_limit *limit, const char *name, int64_t mono_ms);
void code_limit_failed(struct login_limit *limit, const char *name, int64_t mono_ms);
void code_limit_passed(struct login_limit *limit, const char *name);

/* `who`: a person or an API key. Counts this question unless there is to be waited. */
int64_t number_limit_ask_s(struct login_limit *limit, const char *who, int64_t mono_ms);

#endif
