/* Any bytes as a sealed file (with a cheap head, or Argon2id would be all that runs), and as the
 * records inside one. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "cli/sealed.h"
#include "libs/base/bytes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct walk {
	const uint8_t *end;
};

static enum err each(void *arg, const char *name, const uint8_t *content, size_t len)
{
	struct walk *walk = arg;

	assert(name[0] != '/' && name[0] != '.' && !strstr(name, "/."));
	assert(content + len <= walk->end);
	return ERR_NONE;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct walk walk = {data + size};
	struct bundle bundle;
	uint8_t *copy;
	enum err err;

	err = bundle_each(data, size, each, &walk);
	assert(err == ERR_NONE || err == ERR_BAD_INPUT);
	copy = malloc(size ? size : 1);
	memcpy(copy, data, size);
	if (size >= SEALED_HEADER && get_le32(copy + 16) && get_le32(copy + 20) >= 8) {
		put_le32(copy + 16, 1 + get_le32(copy + 16) % 2);
		put_le32(copy + 20, 8 + get_le32(copy + 20) % 8);
	}
	err = sealed_open(copy, size, "a passphrase", &bundle);
	if (!err) {
		walk.end = bundle.bytes + bundle.len;
		(void)!bundle_each(bundle.bytes, bundle.len, each, &walk);
		bundle_free(&bundle);
	} else {
		assert(!bundle.bytes);
	}
	free(copy);
	return 0;
}
