#include "platform/sheet/text.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "libs/base/macros.h"
#include "libs/base/utf8.h"

#define NO_CONV  ((iconv_t)-1)
#define BOM      "\xEF\xBB\xBF"
#define BOM_SIZE 3
#define NO_TEXT  '\xFF'

/* 24 private-use characters stood for Chinese ones until Unicode had these; glibc knows only the new
 * ones. GB18030-2022 keeps four-byte codes for 18 of the old; the last six have none left and are
 * written as the characters that replaced them. */
static const struct stand_in {
	char utf8[4], gb[5];
} stand_ins[] = {
        {"\uE78D", "\x84\x31\x82\x36"},
        {"\uE78E", "\x84\x31\x82\x38"},
        {"\uE78F", "\x84\x31\x82\x37"},
        {"\uE790", "\x84\x31\x82\x39"},
        {"\uE791", "\x84\x31\x83\x30"},
        {"\uE792", "\x84\x31\x83\x31"},
        {"\uE793", "\x84\x31\x83\x32"},
        {"\uE794", "\x84\x31\x83\x33"},
        {"\uE795", "\x84\x31\x83\x34"},
        {"\uE796", "\x84\x31\x83\x35"},
        {"\uE81E", "\x82\x35\x90\x37"},
        {"\uE826", "\x82\x35\x90\x38"},
        {"\uE82B", "\x82\x35\x90\x39"},
        {"\uE82C", "\x82\x35\x91\x30"},
        {"\uE832", "\x82\x35\x91\x31"},
        {"\uE843", "\x82\x35\x91\x32"},
        {"\uE854", "\x82\x35\x91\x33"},
        {"\uE864", "\x82\x35\x91\x34"},
        {"\uE816", "\xFE\x51"        },
        {"\uE817", "\xFE\x52"        },
        {"\uE818", "\xFE\x53"        },
        {"\uE831", "\xFE\x6C"        },
        {"\uE83B", "\xFE\x76"        },
        {"\uE855", "\xFE\x91"        },
};

static const struct stand_in *stand_in_utf8(const char *text, size_t len)
{
	for (size_t i = 0; len >= 3 && i < ARRAY_SIZE(stand_ins); i++)
		if (memcmp(text, stand_ins[i].utf8, 3) == 0)
			return &stand_ins[i];
	return NULL;
}

static const struct stand_in *stand_in_gb(const char *text, size_t len)
{
	for (size_t i = 0; len >= 4 && i < ARRAY_SIZE(stand_ins); i++)
		if (memcmp(text, stand_ins[i].gb, 4) == 0)
			return &stand_ins[i];
	return NULL;
}

enum err read_at(int fd, off_t at, void *to, size_t size, size_t *len)
{
	*len = 0;
	while (*len < size) {
		ssize_t n = pread(fd, (char *)to + *len, size - *len, at + (off_t)*len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ERR_IO;
		if (n == 0)
			break;
		*len += (size_t)n;
	}
	return ERR_NONE;
}

/* What the lines of a file look like as UTF-8. */
struct tally {
	bool bad, wide; /* of the line that is being read */
	uint64_t bad_lines, wide_lines;
};

static void tally_line(struct tally *tally)
{
	if (tally->bad)
		tally->bad_lines++;
	else if (tally->wide)
		tally->wide_lines++;
	tally->bad = tally->wide = false;
}

/* Returns what is left of `text`: at most the beginning of a character, unless it is the end. */
static size_t tally_text(struct tally *tally, const char *text, size_t len, bool end)
{
	size_t at = 0;

	while (at < len) {
		size_t n = utf8_char_len(text + at, len - at);

		/* The beginning of a character has at most three bytes. */
		if (!n && !end && len - at < 4 && (uint8_t)text[at] >= 0xC2)
			break;
		if (text[at] == '\n')
			tally_line(tally);
		tally->bad |= !n;
		tally->wide |= n >= 3;
		at += n ? n : 1;
	}
	return len - at;
}

/* A file that is no UTF-8 is GB18030, or UTF-8 with some lines that somebody else pasted in: taken
 * for GB18030 all its other names would come in garbled, and nobody would be told. Chance makes
 * GB18030 texts valid UTF-8 with characters of three bytes only in constructed cases, so half of
 * the lines that are not ASCII never look so. */
static enum err guess(struct text_in *in, enum sheet_encoding *encoding)
{
	struct tally tally = {0};
	size_t kept = 0, len;
	off_t at = 0;

	do {
		enum err err = read_at(in->fd, at, in->raw + kept, sizeof in->raw - kept, &len);

		if (err)
			return err;
		at += (off_t)len;
		len += kept;
		kept = tally_text(&tally, in->raw, len, len == kept);
		memmove(in->raw, in->raw + len - kept, kept);
	} while (len);
	tally_line(&tally);
	*encoding = tally.wide_lines >= tally.bad_lines ? SHEET_UTF8 : SHEET_GB18030;
	return ERR_NONE;
}

enum err text_in_open(struct text_in *in, int fd, enum sheet_encoding *encoding)
{
	char start[BOM_SIZE];
	size_t len;
	enum err err;

	in->fd = fd;
	in->at = 0;
	in->conv = NO_CONV;
	in->end = false;
	in->raw_len = 0;
	err = read_at(fd, 0, start, sizeof start, &len);
	if (err)
		return err;
	if (len == BOM_SIZE && memcmp(start, BOM, BOM_SIZE) == 0) {
		in->at = BOM_SIZE;
		/* The mark is certain, whatever was chosen. */
		*encoding = SHEET_UTF8;
	}
	if (*encoding == SHEET_ENCODING_AUTO)
		err = guess(in, encoding);
	if (err || *encoding != SHEET_GB18030)
		return err;
	in->conv = iconv_open("UTF-8", "GB18030");
	return in->conv == NO_CONV ? ERR_NOMEM : ERR_NONE;
}

static void convert(struct text_in *in, char **from, size_t *left, char **to, size_t *room)
{
	const struct stand_in *stand_in;

	while (*left && *room) {
		if (iconv(in->conv, from, left, to, room) != (size_t)-1)
			return;
		if (errno == E2BIG || (errno == EINVAL && !in->end))
			return;
		stand_in = stand_in_gb(*from, *left);
		if (stand_in && *room >= 3) {
			memcpy(*to, stand_in->utf8, 3);
			*to += 3;
			*room -= 3;
			*from += 4;
			*left -= 4;
			continue;
		}
		/* No character, or the file ends inside one. */
		*(*to)++ = NO_TEXT;
		--*room;
		++*from;
		--*left;
	}
}

enum err text_in_next(struct text_in *in, const char **text, size_t *len)
{
	char *from = in->raw, *to = in->out;
	size_t read, left, room = sizeof in->out;
	enum err err;

	err = read_at(in->fd, in->at, in->raw + in->raw_len, sizeof in->raw - in->raw_len, &read);
	if (err)
		return err;
	in->at += (off_t)read;
	in->end = read < sizeof in->raw - in->raw_len;
	left = in->raw_len + read;
	if (in->conv == NO_CONV) {
		*text = in->raw;
		*len = left;
		return ERR_NONE;
	}
	convert(in, &from, &left, &to, &room);
	memmove(in->raw, from, left);
	in->raw_len = left;
	*text = in->out;
	*len = (size_t)(to - in->out);
	return ERR_NONE;
}

void text_in_close(struct text_in *in)
{
	if (in->conv != NO_CONV)
		iconv_close(in->conv);
	in->conv = NO_CONV;
}

enum err text_out_open(struct text_out *out, enum sheet_encoding encoding)
{
	out->conv = NO_CONV;
	if (encoding != SHEET_GB18030)
		return ERR_NONE;
	out->conv = iconv_open("GB18030", "UTF-8");
	return out->conv == NO_CONV ? ERR_NOMEM : ERR_NONE;
}

enum err text_out_convert(struct text_out *out, const char *text, size_t len, char *to, size_t size,
                          size_t *to_len)
{
	char *from = (char *)(uintptr_t)text, *end = to;
	size_t left = len, room = size, n;

	while (iconv(out->conv, &from, &left, &end, &room) == (size_t)-1) {
		const struct stand_in *stand_in = stand_in_utf8(from, left);

		if (errno == E2BIG || !stand_in)
			return errno == E2BIG ? ERR_TOO_LONG : ERR_BAD_INPUT;
		n = strlen(stand_in->gb);
		if (n > room)
			return ERR_TOO_LONG;
		memcpy(end, stand_in->gb, n);
		end += n;
		room -= n;
		from += 3;
		left -= 3;
	}
	*to_len = size - room;
	return ERR_NONE;
}

void text_out_close(struct text_out *out)
{
	if (out->conv != NO_CONV)
		iconv_close(out->conv);
	out->conv = NO_CONV;
}
