/* Templates of messages: whatever is written, it is refused or rendered inside its bounds. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "platform/core/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char bad[MESSAGE_FIELD_SIZE], text[256], *body = malloc(size + 1);

	if (!body)
		return 0;
	memcpy(body, data, size);
	body[size] = '\0';
	for (size_t i = 0; message_kinds[i].word; i++)
		(void)template_check(&message_kinds[i], body, bad);
	(void)template_preview(body, "en", text, sizeof text);
	assert(strlen(text) < sizeof text);
	assert(sms_parts(text) >= 1);
	free(body);
	return 0;
}
