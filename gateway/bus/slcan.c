#include "gateway/bus/slcan.h"

#include "libs/base/bytes.h"

#include <stdio.h>
#include <string.h>

#define HEAD_LEN  10 /* T, 8 digits, length */
#define STAMP_LEN 4
#define BEL       7

/* Hex digits, most significant first; false when one is not. */
static bool hex_number(const char *text, size_t digits, uint32_t *value)
{
	*value = 0;
	for (size_t i = 0; i < digits; i++) {
		char c = text[i];
		unsigned digit;

		if (c >= '0' && c <= '9')
			digit = (unsigned)(c - '0');
		else if (c >= 'A' && c <= 'F')
			digit = (unsigned)(c - 'A') + 10;
		else if (c >= 'a' && c <= 'f')
			digit = (unsigned)(c - 'a') + 10;
		else
			return false;
		*value = *value << 4 | digit;
	}
	return true;
}

static enum err frame_parse(const char *line, size_t len, struct can_msg *msg)
{
	uint32_t byte, length;

	memset(msg, 0, sizeof *msg);
	if (len < HEAD_LEN || !hex_number(line + 1, 8, &msg->id) ||
	    !hex_number(line + 9, 1, &length) || length > 8 || msg->id > CAN_ID_MASK)
		return ERR_BAD_INPUT;
	if (len != HEAD_LEN + 2 * length && len != HEAD_LEN + 2 * length + STAMP_LEN)
		return ERR_BAD_INPUT;
	for (uint32_t i = 0; i < length; i++) {
		if (!hex_number(line + HEAD_LEN + 2 * i, 2, &byte))
			return ERR_BAD_INPUT;
		msg->data[i] = (uint8_t)byte;
	}
	msg->len = (uint8_t)length;
	return ERR_NONE;
}

/* Answers to our own lines say nothing that we wait for: a frame is sent when it is written. */
static bool is_answer(const char *line, size_t len)
{
	return len == 0 || (len == 1 && (line[0] == 'z' || line[0] == 'Z')) || line[0] == 'V' ||
	       line[0] == 'N' || line[0] == 'F';
}

static enum err line_parse(const char *line, size_t len, struct can_msg *msg)
{
	if (is_answer(line, len))
		return ERR_BUSY;
	return line[0] == 'T' ? frame_parse(line, len, msg) : ERR_BAD_INPUT;
}

enum err slcan_take(struct slcan *slcan, uint8_t byte, struct can_msg *msg)
{
	bool overlong = slcan->overlong;
	size_t len = slcan->len;

	if (byte == BEL || byte == '\r') {
		slcan->len = 0;
		slcan->overlong = false;
		if (byte == BEL || overlong)
			return ERR_BAD_INPUT;
		return line_parse(slcan->line, len, msg);
	}
	if (overlong || len == sizeof slcan->line) {
		slcan->overlong = true;
		return ERR_BUSY;
	}
	slcan->line[slcan->len++] = (char)byte;
	return ERR_BUSY;
}

size_t slcan_encode(const struct can_msg *msg, char line[SLCAN_LINE_MAX])
{
	static const char digits[] = "0123456789ABCDEF";
	size_t n = 0;

	line[n++] = 'T';
	for (int shift = 28; shift >= 0; shift -= 4)
		line[n++] = digits[msg->id >> shift & 15];
	line[n++] = digits[msg->len];
	for (uint8_t i = 0; i < msg->len; i++) {
		line[n++] = digits[msg->data[i] >> 4];
		line[n++] = digits[msg->data[i] & 15];
	}
	line[n++] = '\r';
	return n;
}
