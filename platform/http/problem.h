/* What can go wrong with a request, as RFC 9457 says it: one table with the status and the title
 * in English and Chinese. */
#ifndef PLATFORM_HTTP_PROBLEM_H
#define PLATFORM_HTTP_PROBLEM_H

struct json_out;

enum problem {
	PROBLEM_NONE,
	PROBLEM_BAD_REQUEST,
	PROBLEM_BAD_FIELD,
	PROBLEM_LOGIN_NEEDED,
	PROBLEM_LOGIN_WRONG,
	PROBLEM_CODE_NEEDED,
	PROBLEM_CODE_WRONG,
	PROBLEM_FORBIDDEN,
	PROBLEM_PASSWORD_CHANGE,
	PROBLEM_FACTOR_NEEDED,
	PROBLEM_CROSS_SITE,
	PROBLEM_NOT_FOUND,
	PROBLEM_METHOD,
	PROBLEM_TIMEOUT,
	PROBLEM_CONFLICT,
	PROBLEM_EXISTS,
	PROBLEM_KEY_UNKNOWN,
	PROBLEM_IN_FLIGHT,
	PROBLEM_LENGTH,
	PROBLEM_OTHER_VERSION,
	PROBLEM_TOO_LARGE,
	PROBLEM_TYPE,
	PROBLEM_KEY_REUSED,
	PROBLEM_NEEDS_VERSION,
	PROBLEM_TOO_MANY,
	PROBLEM_INTERNAL,
	PROBLEM_BUSY,
	PROBLEM_DISK_FULL,
	PROBLEM_COUNT,
};

/* A refusal on its way to the client. `field` is NULL or names a member, parameter or header. */
struct refusal {
	enum problem problem;
	char field[64];
	char detail[200];
};

/* Fills `refusal`; `field` may be NULL. Always false, so that a check can `return refuse(...)`. */
__attribute__((format(printf, 4, 5))) _Bool refuse(struct refusal *refusal, enum problem problem,
                                                   const char *field, const char *format, ...);

unsigned problem_status(enum problem problem);
void problem_write(struct json_out *out, const struct refusal *refusal);

#endif
