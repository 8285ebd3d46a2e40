/* What libmicrohttpd lets through in a head and RFC 9112 does not. It glues a folded line to the name
 * before it, keeps blanks and lone CRs in names, and cuts a value at a NUL: each of these is a head
 * that a proxy before us may read otherwise, and that is how requests are smuggled. */
#include <ctype.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "platform/http/exchange.h"

#define VERSION_LEN 8 /* "HTTP/1.1" */

struct head {
	const char *at; /* end of what was looked at, in the buffer of the library */
	bool odd;
	unsigned hosts, lengths, encodings, count;
};

static bool is_token(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)text[i]) &&
		    (!text[i] || !strchr("!#$%&'*+-.^_`|~", text[i])))
			return false;
	return len > 0;
}

static bool is_value(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (((unsigned char)text[i] < ' ' && text[i] != '\t') || text[i] == 0x7F)
			return false;
	return true;
}

static bool is_blank(const char *from, const char *to)
{
	while (from < to && (*from == ' ' || *from == '\t'))
		from++;
	return from == to;
}

/* The library reads a head in place, so whole lines stand one behind the other: the name, its colon,
 * blanks, the value, CR and LF. Where they do not, it has put a line together or cut it off. */
static bool is_next(const struct head *head, const char *name, size_t name_len, const char *value)
{
	const char *colon = name + name_len;

	return name == head->at + 2 && value > colon && value - colon < HEAD_BYTES &&
	       is_blank(colon + 1, value);
}

/* The target is what the line says between its two blanks, and not what is before a NUL in it. */
static bool is_first_line(const struct exchange *x, const char *method, const char *version)
{
	size_t target_len = strlen(x->target);

	return is_token(method, strlen(method)) && is_value(x->target, target_len) &&
	       !strpbrk(x->target, " \t") &&
	       version - method == (ptrdiff_t)(strlen(method) + 1 + target_len + 1);
}

static bool is_named(const char *name, size_t len, const char *wanted)
{
	return len == strlen(wanted) && strncasecmp(name, wanted, len) == 0;
}

static enum MHD_Result look_at(void *arg, enum MHD_ValueKind kind, const char *name,
                               size_t name_len, const char *value, size_t value_len)
{
	struct head *head = arg;

	(void)kind;
	if (!value || !is_token(name, name_len) || !is_value(value, value_len) ||
	    !is_next(head, name, name_len, value)) {
		head->odd = true;
		return MHD_NO;
	}
	head->at = value + value_len;
	head->count++;
	head->hosts += is_named(name, name_len, "Host");
	head->lengths += is_named(name, name_len, "Content-Length");
	head->encodings += is_named(name, name_len, "Transfer-Encoding");
	return MHD_YES;
}

enum head_fault head_check(struct exchange *x, const char *method, const char *version)
{
	const union MHD_ConnectionInfo *info =
	        MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
	struct head head = {.at = version + VERSION_LEN};
	size_t size = info ? info->header_size : HEAD_BYTES;

	MHD_get_connection_values_n(x->connection, MHD_HEADER_KIND, look_at, &head);
	if (size + head.count * HEAD_FIELD_BYTES + ANSWER_HEAD_BYTES > HEAD_BYTES)
		return HEAD_TOO_LARGE;
	if (!is_first_line(x, method, version) || head.odd ||
	    (size_t)(head.at - method) + strlen("\r\n\r\n") != size || head.hosts > 1)
		return HEAD_ODD;
	x->lengths = head.lengths;
	x->encodings = head.encodings;
	return HEAD_GOOD;
}
