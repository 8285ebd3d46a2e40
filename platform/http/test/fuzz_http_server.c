/* What a client writes, against the real server and libmicrohttpd: whatever is taken for a request
 * must be what a strict reader of RFC 9112, written here, takes for the same request. Where the two
 * differ, a request could be smuggled past whoever reads strictly. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "platform/core/io.h"
#include "platform/http/server.h"

#define REQUESTS_MAX 16
#define BODY_MAX     1000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct text {
	const char *at;
	size_t len;
};

/* ---- the strict reader ---- */

struct seen {
	struct text method, path, query, body;
	bool has_query;
};

struct strict {
	const char *at, *end;
	struct seen request[REQUESTS_MAX];
	size_t count;
};

static bool is_token_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool take_line(struct strict *r, struct text *line)
{
	const char *lf = memchr(r->at, '\n', (size_t)(r->end - r->at));

	/* The library writes a NUL over the CR, so one that was there before cannot be told; and it
	 * takes a lone colon in the place of the CR for the empty line. */
	if (!lf || lf == r->at ||
	    (lf[-1] != '\r' && lf[-1] != '\0' && (lf != r->at + 1 || lf[-1] != ':')))
		return false;
	*line = (struct text){r->at, (size_t)(lf - r->at) - 1};
	r->at = lf + 1;
	return true;
}

static bool take_word(struct text *line, struct text *word)
{
	size_t n = 0;

	while (n < line->len && is_token_char(line->at[n]))
		n++;
	*word = (struct text){line->at, n};
	line->at += n;
	line->len -= n;
	return n > 0;
}

static bool take_blank(struct text *line)
{
	if (!line->len || *line->at != ' ')
		return false;
	line->at++;
	line->len--;
	return true;
}

static bool is_text(struct text text, const char *wanted)
{
	return text.len == strlen(wanted) && strncasecmp(text.at, wanted, text.len) == 0;
}

static bool read_first_line(struct text line, struct seen *seen)
{
	struct text target;
	const char *mark;

	if (!take_word(&line, &seen->method) || !take_blank(&line))
		return false;
	target = line;
	while (target.len && target.at[target.len - 1] != ' ')
		target.len--;
	if (!target.len)
		return false;
	line.at += target.len;
	line.len -= target.len;
	target.len--;
	for (size_t i = 0; i < target.len; i++)
		if ((unsigned char)target.at[i] <= ' ' || target.at[i] == 0x7F)
			return false;
	if (line.len != 8 || memcmp(line.at, "HTTP/1.", 7) != 0 || line.at[7] < '0' ||
	    line.at[7] > '9')
		return false;
	mark = memchr(target.at, '?', target.len);
	seen->has_query = mark != NULL;
	seen->path = (struct text){target.at, mark ? (size_t)(mark - target.at) : target.len};
	if (mark)
		seen->query = (struct text){mark + 1, target.len - seen->path.len - 1};
	return true;
}

struct lengths {
	unsigned count, hosts;
	size_t body;
};

static bool read_header(struct text line, struct lengths *lengths)
{
	struct text name = {line.at, 0}, value;

	while (name.len < line.len && is_token_char(line.at[name.len]))
		name.len++;
	if (!name.len || name.len == line.len || line.at[name.len] != ':')
		return false;
	value = (struct text){line.at + name.len + 1, line.len - name.len - 1};
	for (size_t i = 0; i < value.len; i++)
		if (((unsigned char)value.at[i] < ' ' && value.at[i] != '\t') ||
		    value.at[i] == 0x7F)
			return false;
	while (value.len && strchr(" \t", *value.at))
		value = (struct text){value.at + 1, value.len - 1};
	if (is_text(name, "Transfer-Encoding"))
		return false; /* nobody sends chunks here */
	lengths->hosts += is_text(name, "Host");
	if (!is_text(name, "Content-Length"))
		return true;
	lengths->count++;
	for (size_t i = 0; i < value.len; i++) {
		if (value.at[i] < '0' || value.at[i] > '9' || lengths->body > BODY_MAX)
			return false;
		lengths->body = lengths->body * 10 + (size_t)(value.at[i] - '0');
	}
	return value.len > 0;
}

/* RFC 9112 §2.2 lets them be before a request; the library takes a line that begins with a NUL for
 * empty, and nobody else would take it for anything. */
static void skip_empty_lines(struct strict *r)
{
	const char *lf;

	while ((lf = memchr(r->at, '\n', (size_t)(r->end - r->at))) &&
	       (lf == r->at || !*r->at || (lf == r->at + 1 && *r->at == '\r')))
		r->at = lf + 1;
}

static bool read_request(struct strict *r, struct seen *seen)
{
	struct lengths lengths = {0};
	struct text line;

	skip_empty_lines(r);
	if (!take_line(r, &line))
		return false;
	if (!read_first_line(line, seen))
		return false;
	for (;;) {
		if (!take_line(r, &line))
			return false;
		if (!line.len)
			break;
		if (!read_header(line, &lengths))
			return false;
	}
	if (lengths.count > 1 || lengths.hosts > 1 || lengths.body > (size_t)(r->end - r->at))
		return false;
	seen->body = (struct text){r->at, lengths.body};
	r->at += lengths.body;
	return true;
}

/* ---- the server ---- */

static struct io *io;
static struct server *server;
static struct strict strict;
static size_t taken;

static bool equals(const char *text, size_t len, struct text wanted)
{
	return len == wanted.len && memcmp(text, wanted.at, len) == 0;
}

static bool begin(struct request *request)
{
	static const struct route any = {.path = "/", .body_max = BODY_MAX};

	request->match.route = &any;
	return true;
}

static bool admit(struct request *request)
{
	(void)request;
	return true;
}

static void dispatch(struct request *request)
{
	const struct seen *seen = &strict.request[taken];
	const char *query = request->query_text;

	if (taken >= strict.count || !equals(request->path, strlen(request->path), seen->path) ||
	    (query != NULL) != seen->has_query ||
	    (query && !equals(query, strlen(query), seen->query)) ||
	    !equals(request->body ? request->body : "", request->body_len, seen->body))
		abort();
	taken++;
	answer_text(request, 200, "text/plain", "ok", 2);
}

static void end(struct request *request)
{
	(void)request;
}

static void start(void)
{
	struct server_config config = {.listen = "127.0.0.1",
	                               .connections_max = 50,
	                               .per_address = 50,
	                               .head_ms = 60000,
	                               .body_ms = 60000,
	                               .idle_ms = 60000,
	                               .send_ms = 60000,
	                               .begin = begin,
	                               .admit = admit,
	                               .dispatch = dispatch,
	                               .end = end};

	if (io_new(&io))
		abort();
	config.io = io;
	if (server_new(&server, &config))
		abort();
}

static int connect_client(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
	                         .sin_port = htons((uint16_t)server_port(server)),
	                         .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct linger reset = {.l_onoff = 1}; /* no port waits for anybody afterwards */
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset) ||
	    connect(fd, (struct sockaddr *)&to, sizeof to))
		abort();
	return fd;
}

static void run(const char *data, size_t size)
{
	char answer[65536];
	int fd;

	strict = (struct strict){.at = data, .end = data + size};
	while (strict.count < REQUESTS_MAX && read_request(&strict, &strict.request[strict.count]))
		strict.count++;
	taken = 0;
	if (strict.count == REQUESTS_MAX)
		return;
	fd = connect_client();
	if (send(fd, data, size, MSG_NOSIGNAL) != (ssize_t)size)
		abort();
	io_run_once(io); /* the door */
	io_run_once(io); /* and what was sent */
	while (recv(fd, answer, sizeof answer, MSG_DONTWAIT) > 0)
		continue;
	close(fd);
	for (unsigned i = 0; server_counts(server).connections; i++) {
		io_run_once(io);
		if (i > 1000)
			abort(); /* it does not notice that its client is gone */
	}
}

/* Two that are honest must be taken, or nothing is tested. */
static void check(void)
{
	static const char honest[] = "POST /a?b HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"
	                             "GET / HTTP/1.1\r\nHost: x\r\nX: a \r\n\r\n";

	run(honest, sizeof honest - 1);
	if (taken != 2)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0 || size > 32768)
		return 0;
	if (!server) {
		start();
		check();
	}
	run((const char *)data, size);
	return 0;
}
