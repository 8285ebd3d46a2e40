/* What a picture is by its bytes: nothing that a client says about it counts. */
#ifndef PLATFORM_CORE_IMAGE_H
#define PLATFORM_CORE_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#define IMAGE_SIDE_MAX   12000              /* pixels */
#define IMAGE_PIXELS_MAX (50 * 1000 * 1000) /* what a browser may have to unpack */

struct image {
	const char *type; /* image/jpeg, image/png, image/webp; a constant */
	uint32_t width, height;
};

/* NULL: it is one, and *image says which. Else why not. */
const char *image_look(const uint8_t *bytes, size_t len, struct image *image);

#endif
