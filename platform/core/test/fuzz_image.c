/* Pictures: whatever the bytes are, they are looked at inside their bounds. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "platform/core/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);
	struct image image;

	if (!copy)
		return 0;
	if (size)
		memcpy(copy, data, size);
	if (!image_look(copy, size, &image))
		assert(image.width && image.height && image.width <= IMAGE_SIDE_MAX &&
		       image.height <= IMAGE_SIDE_MAX);
	free(copy);
	return 0;
}
