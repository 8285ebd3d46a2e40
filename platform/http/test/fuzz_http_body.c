/* JSON bodies: the first byte says with which table of fields the rest is read. What is refused
 * must name a field; what is taken must keep its limits. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "libs/base/macros.h"
#include "platform/core/json_out.h"
#include "platform/http/body.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct any {
	char kind[16], reason[256], name[64], password[256], label[160], key[65];
	int64_t until, meter, count;
};

static const struct body_field login[] = {
        BODY_FIELD(struct any, name, BODY_TEXT, true, 1, 63),
        BODY_FIELD(struct any, password, BODY_TEXT, true, 1, 255),
};
static const struct body_field command[] = {
        BODY_FIELD(struct any, kind, BODY_TEXT, true, 1, 15),
        BODY_FIELD(struct any, reason, BODY_TEXT, true, 1, 80),
        BODY_FIELD(struct any, until, BODY_TIME, false, 0, 0),
};
static const struct body_field adopt[] = {
        BODY_FIELD(struct any, meter, BODY_METER, true, 0, 0),
        BODY_FIELD(struct any, name, BODY_TEXT, true, 1, 40),
        BODY_FIELD(struct any, label, BODY_TEXT, false, 1, 120),
        BODY_FIELD(struct any, key, BODY_TEXT, false, 64, 64),
        BODY_FIELD(struct any, count, BODY_INT, false, 0, 9),
};

static const struct {
	const struct body_field *fields;
	size_t count;
} tables[] = {
        {login,   ARRAY_SIZE(login)  },
        {command, ARRAY_SIZE(command)},
        {adopt,   ARRAY_SIZE(adopt)  },
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct refusal refusal = {0};
	struct json_out out;
	struct any any = {0};
	unsigned table;

	if (size == 0 || size > 65536)
		return 0;
	table = data[0] % ARRAY_SIZE(tables);
	if (body_parse((const char *)data + 1, size - 1, tables[table].fields, tables[table].count,
	               &any, &refusal)) {
		if (any.count < 0 || any.count > 9 || strlen(any.key) % 64)
			abort();
		return 0;
	}
	if (!refusal.field[0] || problem_status(refusal.problem) != 400)
		abort();
	json_out_init(&out);
	problem_write(&out, &refusal);
	json_out_free(&out);
	return 0;
}
