#include "platform/core/image.h"

#include <stdbool.h>
#include <string.h>

#include "libs/base/bytes.h"

static const char not_whole[] = "the picture is not whole";

/* ---- JPEG: segments up to the first scan, one of which has the size ---- */

static const char *look_jpeg(const uint8_t *p, size_t len, struct image *image)
{
	size_t at = 2;

	image->type = "image/jpeg";
	while (len - at >= 4 && p[at] == 0xff) {
		uint8_t marker = p[at + 1];
		size_t size = get_be16(p + at + 2);

		if (marker == 0xff) { /* filling */
			at++;
			continue;
		}
		if (size < 2 || size > len - at - 2)
			return not_whole;
		if (marker == 0xda) /* the scan: behind the size */
			return image->width ? NULL : not_whole;
		if (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 &&
		    marker != 0xcc) {
			if (size < 8)
				return not_whole;
			image->height = get_be16(p + at + 5);
			image->width = get_be16(p + at + 7);
		}
		at += 2 + size;
	}
	return not_whole;
}

/* ---- PNG: chunks from IHDR to IEND, and nothing behind ---- */

#define PNG_HEAD 8

static const char *look_png(const uint8_t *p, size_t len, struct image *image)
{
	size_t at = PNG_HEAD;
	bool data = false;

	image->type = "image/png";
	while (len - at >= 12) {
		size_t size = get_be32(p + at);
		const uint8_t *name = p + at + 4;

		if (size > len - at - 12)
			return not_whole;
		if (at == PNG_HEAD) {
			if (size != 13 || memcmp(name, "IHDR", 4) != 0)
				return not_whole;
			image->width = get_be32(name + 4);
			image->height = get_be32(name + 8);
		}
		data |= memcmp(name, "IDAT", 4) == 0;
		at += 12 + size;
		if (memcmp(name, "IEND", 4) == 0)
			return data && at == len ? NULL : not_whole;
	}
	return not_whole;
}

/* ---- WebP: one RIFF, whose first chunk has the size ---- */

static uint32_t get_le24(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16;
}

static const char *look_webp(const uint8_t *p, size_t len, struct image *image)
{
	const uint8_t *body = p + 20;

	image->type = "image/webp";
	if (len < 30 || get_le32(p + 4) != len - 8 || get_le32(p + 16) > len - 20)
		return not_whole;
	if (memcmp(p + 12, "VP8 ", 4) == 0) {
		if (body[3] != 0x9d || body[4] != 0x01 || body[5] != 0x2a)
			return not_whole;
		image->width = get_le16(body + 6) & 0x3fff;
		image->height = get_le16(body + 8) & 0x3fff;
	} else if (memcmp(p + 12, "VP8L", 4) == 0) {
		uint32_t bits = get_le32(body + 1);

		if (body[0] != 0x2f)
			return not_whole;
		image->width = 1 + (bits & 0x3fff);
		image->height = 1 + (bits >> 14 & 0x3fff);
	} else if (memcmp(p + 12, "VP8X", 4) == 0) {
		image->width = 1 + get_le24(body + 4);
		image->height = 1 + get_le24(body + 7);
	} else {
		return not_whole;
	}
	return NULL;
}

const char *image_look(const uint8_t *bytes, size_t len, struct image *image)
{
	static const uint8_t png[PNG_HEAD] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
	const char *why = "is no JPEG, PNG or WebP picture";

	*image = (struct image){0};
	if (len >= 3 && bytes[0] == 0xff && bytes[1] == 0xd8 && bytes[2] == 0xff)
		why = look_jpeg(bytes, len, image);
	else if (len >= PNG_HEAD && memcmp(bytes, png, PNG_HEAD) == 0)
		why = look_png(bytes, len, image);
	else if (len >= 12 && memcmp(bytes, "RIFF", 4) == 0 && memcmp(bytes + 8, "WEBP", 4) == 0)
		why = look_webp(bytes, len, image);
	if (why)
		return why;
	if (!image->width || !image->height)
		return not_whole;
	if (image->width > IMAGE_SIDE_MAX || image->height > IMAGE_SIDE_MAX ||
	    (uint64_t)image->width * image->height > IMAGE_PIXELS_MAX)
		return "has too many pixels";
	return NULL;
}
