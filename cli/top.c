/* `wattle top`: the meters of a property as they are now, in the terminal. Over the API, as a page
 * would: with a key that is given, or with one that is made in the store for the time it runs. */
#include "cli/top.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/http_answer.h"
#include "cli/http_get.h"
#include "cli/top_list.h"
#include "platform/core/api_key.h"
#include "platform/core/clock.h"
#include "platform/store/place.h"
#include "platform/store/user.h"

#define KEY_LIFE_S   (24 * 3600)
#define BODY_MAX     (4 * 1024 * 1024)
#define EVENT_MAX    (1024 * 1024)
#define WATCH_MAX    200 /* meters named in a stream */
#define WATCHED_SIZE (WATCH_MAX * 13 + 1)
#define DRAW_MS      250
#define AGE_MS       1000
#define LIST_MS      30000
#define RETRY_MS     2000
#define HEAD_LINES   2
#define ONCE_COLUMNS 120
#define CURSOR_SIZE  512

struct growing {
	char *bytes;
	size_t len, room, most;
};

struct top {
	struct settings settings;
	char property[SLUG_SIZE]; /* "" : all that the key sees */
	char authorization[128];
	struct top_list list;
	size_t first; /* row at the top of the screen */
	/* the stream of events */
	int fd;
	struct http_answer answer;
	struct growing event;
	int64_t retry_at_ms;
	char watched[WATCHED_SIZE];
	char notice[128];
	/* the key that was made */
	struct db *db;
	struct api_key_request made;
};

/* ---- HTTP ---- */

static void grow(void *arg, const char *bytes, size_t len)
{
	struct growing *g = arg;

	if (g->len + len + 1 > g->most)
		return; /* cut: the reader refuses it */
	if (g->len + len + 1 > g->room) {
		size_t room = (g->len + len + 1) * 2;
		char *more = realloc(g->bytes, room);

		if (!more)
			return;
		g->bytes = more;
		g->room = room;
	}
	memcpy(g->bytes + g->len, bytes, len);
	g->len += len;
	g->bytes[g->len] = '\0';
}

static int ask(const struct top *top, const char *path)
{
	char request[8192];
	int fd = connect_to(http_host(&top->settings), top->settings.http_port);
	int n = snprintf(request, sizeof request,
	                 "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
	                 "Authorization: %s\r\n\r\n",
	                 path, top->authorization);

	if (fd >= 0 &&
	    (n >= (int)sizeof request || send(fd, request, (size_t)n, MSG_NOSIGNAL) != n)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* The body of a GET; its status, or 0 when there is no answer. */
static int get(const struct top *top, const char *path, struct growing *body)
{
	struct http_answer answer;
	char bytes[16384];
	int fd = ask(top, path);
	ssize_t n;

	body->len = 0;
	if (fd < 0)
		return 0;
	http_answer_init(&answer);
	while (answer.part != HTTP_DONE && (n = recv(fd, bytes, sizeof bytes, 0)) > 0)
		if (http_answer_take(&answer, bytes, (size_t)n, grow, body))
			break;
	close(fd);
	return answer.part == HTTP_DONE || answer.part == HTTP_REST ? answer.status : 0;
}

static void note_status(struct top *top, int status)
{
	if (status == 0)
		snprintf(top->notice, sizeof top->notice, "wattled does not answer 平台无应答");
	else if (status == 401)
		snprintf(top->notice, sizeof top->notice,
		         "the key is not valid (any more) 密钥无效");
	else if (status != 200)
		snprintf(top->notice, sizeof top->notice, "wattled answers %d", status);
	else
		top->notice[0] = '\0';
}

/* All meters, page by page. */
static bool read_list(struct top *top)
{
	struct growing body = {.most = BODY_MAX};
	char path[1024], next[CURSOR_SIZE] = "";
	int status;

	do {
		snprintf(path, sizeof path, "/api/v1/meters?limit=500%s%s%s%s",
		         *top->property ? "&property=" : "", top->property, *next ? "&cursor=" : "",
		         next);
		status = get(top, path, &body);
		if (status == 200 && top_list_page(&top->list, body.len ? body.bytes : "", body.len,
		                                   next, sizeof next))
			status = 0;
	} while (status == 200 && *next);
	free(body.bytes);
	note_status(top, status);
	return status == 200;
}

/* ---- the stream ---- */

static void close_stream(struct top *top)
{
	if (top->fd >= 0)
		close(top->fd);
	top->fd = -1;
	top->event.len = 0;
	top->retry_at_ms = clock_mono_ms() + RETRY_MS;
}

static size_t rows_of_list(void)
{
	int rows, columns;

	screen_size(&rows, &columns);
	return rows > HEAD_LINES ? (size_t)(rows - HEAD_LINES) : 1;
}

/* Live values of what is on the screen, when there are more meters than a stream may name. */
static void name_watched(const struct top *top, char watched[WATCHED_SIZE])
{
	size_t used = 0, rows = rows_of_list();

	watched[0] = '\0';
	for (size_t i = 0; i < rows && i < WATCH_MAX && top->first + i < top->list.count; i++)
		used += (size_t)snprintf(watched + used, WATCHED_SIZE - used, "%s%012lld",
		                         used ? "," : "",
		                         (long long)top->list.meter[top->first + i].meter);
}

static void open_stream(struct top *top)
{
	char path[WATCHED_SIZE + 64];

	name_watched(top, top->watched);
	if (top->list.count > WATCH_MAX)
		snprintf(path, sizeof path, "/api/v1/events?meters=%s", top->watched);
	else
		snprintf(path, sizeof path, "/api/v1/events%s%s",
		         *top->property ? "?property=" : "", top->property);
	http_answer_init(&top->answer);
	top->event.len = 0;
	top->fd = ask(top, path);
	if (top->fd >= 0) {
		fcntl(top->fd, F_SETFL, O_NONBLOCK);
	} else {
		note_status(top, 0);
		close_stream(top);
	}
}

/* One event: lines of `field: value`. */
static void take_event(struct top *top, char *event)
{
	bool live = false;
	char *line, *data = NULL;

	while ((line = strsep(&event, "\n")) != NULL) {
		if (strcmp(line, "event: live") == 0 || strcmp(line, "event:live") == 0)
			live = true;
		else if (strncmp(line, "data:", 5) == 0)
			data = line + 5;
	}
	if (live && data && top_list_live(&top->list, data, strlen(data)))
		snprintf(top->notice, sizeof top->notice, "an event could not be read");
}

static void take_stream(void *arg, const char *bytes, size_t len)
{
	struct top *top = arg;
	char *end;

	grow(&top->event, bytes, len);
	while (top->event.len && (end = strstr(top->event.bytes, "\n\n")) != NULL) {
		size_t used = (size_t)(end + 2 - top->event.bytes);

		*end = '\0';
		take_event(top, top->event.bytes);
		top->event.len -= used;
		memmove(top->event.bytes, top->event.bytes + used, top->event.len + 1);
	}
	if (top->event.len > EVENT_MAX / 2)
		top->event.len = 0; /* no event is so long */
}

static void read_stream(struct top *top)
{
	char bytes[16384];
	ssize_t n = recv(top->fd, bytes, sizeof bytes, 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0 && !http_answer_take(&top->answer, bytes, (size_t)n, take_stream, top) &&
	    (top->answer.status == 200 || top->answer.part == HTTP_HEAD)) {
		if (top->answer.part != HTTP_HEAD)
			top->notice[0] = '\0';
		return;
	}
	note_status(top, top->answer.status == 200 ? 0 : top->answer.status);
	close_stream(top);
}

/* ---- the screen ---- */

static void draw_head(const struct top *top, int columns)
{
	int64_t power_dw = top_power_dw(&top->list);
	char line[1024];
	int n = snprintf(line, sizeof line, "wattle %s  %zu meters  %s%lld.%lld kW  %s",
	                 *top->property ? top->property : "*", top->list.count,
	                 power_dw < 0 ? "-" : "", llabs(power_dw) / 10000,
	                 llabs(power_dw) % 10000 / 1000, top->notice);

	/* A notice has wide letters at its end; cutting it by bytes is never too long. */
	printf("\033[H%.*s\033[K\r\n", n < columns ? n : columns, line);
	top_head(&top->list, columns, line, sizeof line);
	printf("\033[7m%s\033[0m", line);
}

static void draw(struct top *top)
{
	size_t rows = rows_of_list(), count = top->list.count;
	int64_t now_ms = clock_wall_ms();
	int lines, columns;
	char line[1024];

	screen_size(&lines, &columns);
	if (columns > 400)
		columns = 400;
	top_list_sort(&top->list);
	if (top->first + rows > count)
		top->first = count > rows ? count - rows : 0;
	draw_head(top, columns);
	for (size_t row = top->first; row < count && row < top->first + rows; row++) {
		top_line(&top->list.meter[row], now_ms, columns, line, sizeof line);
		printf("\033[K\r\n%s", line);
	}
	printf("\033[K\033[J");
	fflush(stdout);
}

static void scroll(struct top *top, int64_t by)
{
	int64_t first = (int64_t)top->first + by;

	top->first = first < 0 ? 0 : (size_t)first; /* drawing brings it back from the end */
}

/* False: quit. */
static bool act(struct top *top, enum top_key key)
{
	int64_t page = (int64_t)rows_of_list();

	switch (key) {
	case KEY_NONE:
		break;
	case KEY_QUIT:
		return false;
	case KEY_UP:
		scroll(top, -1);
		break;
	case KEY_DOWN:
		scroll(top, 1);
		break;
	case KEY_PAGE_UP:
		scroll(top, -page);
		break;
	case KEY_PAGE_DOWN:
		scroll(top, page);
		break;
	case KEY_HOME:
		top->first = 0;
		break;
	case KEY_END:
		top->first = top->list.count;
		break;
	case KEY_SORT:
		top->list.by = (enum top_column)((top->list.by + 1) % TOP_COLUMNS);
		top->first = 0;
		break;
	case KEY_REVERSE:
		top->list.from_greatest = !top->list.from_greatest;
		top->first = 0;
		break;
	}
	return true;
}

/* False: quit, or the terminal is gone. */
static bool read_keys(struct top *top)
{
	static char bytes[64];
	static int len;
	ssize_t n = read(STDIN_FILENO, bytes + len, sizeof bytes - (size_t)len);
	int used = 1, at = 0;

	if (n <= 0)
		return n < 0 && (errno == EAGAIN || errno == EINTR);
	len += (int)n;
	while (at < len && used) {
		enum top_key key = key_take(bytes + at, len - at, &used);

		at += used;
		if (!act(top, key))
			return false;
	}
	len -= at;
	memmove(bytes, bytes + at, (size_t)len);
	return true;
}

/* What is on the screen is what is watched. */
static void follow_screen(struct top *top)
{
	char watched[WATCHED_SIZE];

	if (top->fd < 0 || top->list.count <= WATCH_MAX)
		return;
	name_watched(top, watched);
	if (strcmp(watched, top->watched) != 0) {
		close_stream(top);
		top->retry_at_ms = 0;
	}
}

/* A person's key is drawn at once, values at most four times a second, ages each second. */
static void loop(struct top *top)
{
	int64_t drawn_ms = 0, listed_ms = clock_mono_ms();
	bool at_once = true, changed = false, going = true;

	while (going && !screen_told_to_end()) {
		struct pollfd fds[2] = {
		        {.fd = STDIN_FILENO, .events = POLLIN},
                        {.fd = top->fd,      .events = POLLIN}
                };
		int64_t now_ms = clock_mono_ms();

		if (top->fd < 0 && now_ms >= top->retry_at_ms)
			open_stream(top);
		if (now_ms - listed_ms >= LIST_MS) {
			(void)read_list(top); /* it says itself what is wrong */
			listed_ms = now_ms;
		}
		if (screen_resized() || at_once ||
		    now_ms - drawn_ms >= (changed ? DRAW_MS : AGE_MS)) {
			draw(top);
			follow_screen(top);
			drawn_ms = now_ms;
			at_once = changed = false;
		}
		if (poll(fds, 2, DRAW_MS) < 0)
			continue; /* a signal: the loop looks at it */
		if (fds[0].revents) {
			going = read_keys(top);
			at_once = true;
		}
		if (fds[1].revents && top->fd >= 0) {
			read_stream(top);
			changed = true;
		}
	}
}

/* ---- the key ---- */

static bool choose_maker(void *arg, const struct user_row *row)
{
	static const struct place everywhere;
	struct top *top = arg;
	int64_t now_s = clock_wall_ms() / 1000;
	struct access access;

	if (row->disabled_s || access_load_user(top->db, row->user_id, now_s, &access) ||
	    !access_allows(&access, PERMISSION_PROPERTY_READ, &everywhere, now_s))
		return true;
	top->made.actor.user_id = row->user_id;
	return false;
}

/* For as long as this runs, and for reading only. It is worth no more than the administrator in
 * whose name it is; who really made it is in the audit. */
static int make_key(struct top *top)
{
	struct api_key_request *r = &top->made;
	char key[API_KEY_SIZE];
	enum err err;

	actor_here(&r->actor, "wattle top");
	if (sodium_init() < 0 || user_list(top->db, choose_maker, top) || !r->actor.user_id)
		return fail("no administrator sees all meters: give a key with --key FILE");
	api_key_new(key, r->row.token_hash, r->row.start);
	snprintf(r->row.name, sizeof r->row.name, "wattle top (%.27s)", r->actor.who);
	r->row.permissions = PERMISSION_BIT(PERMISSION_PROPERTY_READ);
	r->row.expires_s = clock_wall_ms() / 1000 + KEY_LIFE_S;
	err = step_run(top->db, NULL, api_key_create_step, r, clock_wall_ms(), NULL);
	if (err)
		return fail("a key for this terminal: %s", err_text(err));
	snprintf(top->authorization, sizeof top->authorization, "Bearer %s", key);
	sodium_memzero(key, sizeof key);
	return EXIT_GOOD;
}

static void end_key(struct top *top)
{
	enum err err;

	if (!top->made.row.key_id)
		return;
	err = api_key_get(top->db, top->made.row.key_id, &top->made.row);
	top->made.version = top->made.row.version;
	if (!err)
		err = step_run(top->db, NULL, api_key_end_step, &top->made, clock_wall_ms(), NULL);
	if (err)
		fail("the key of this terminal could not be ended (%s); it ends by itself in a day",
		     err_text(err));
}

static int read_key(struct top *top, const char *file)
{
	char key[API_KEY_SIZE] = "";
	FILE *from = fopen(file, "re");
	bool good = from && fgets(key, sizeof key, from) && strlen(key) == API_KEY_SIZE - 1;

	if (from)
		fclose(from);
	if (!good)
		return fail("%s: no API key in it", file);
	snprintf(top->authorization, sizeof top->authorization, "Bearer %s", key);
	sodium_memzero(key, sizeof key);
	return EXIT_GOOD;
}

static int get_key(struct top *top, const struct cli *cli, const char *key_file)
{
	char path[PATH_MAX], why[512];

	if (!key_file) {
		top->db = open_store(cli, &top->settings);
		return top->db ? make_key(top) : EXIT_FAILED;
	}
	if (settings_load(&top->settings, data_path(cli, path, "wattle.ini"), why, sizeof why))
		return fail("%s", why);
	return read_key(top, key_file);
}

static int show_once(struct top *top)
{
	int64_t now_ms = clock_wall_ms();
	char line[1024];

	top_list_sort(&top->list);
	top_head(&top->list, ONCE_COLUMNS, line, sizeof line);
	puts(line);
	for (size_t i = 0; i < top->list.count; i++) {
		top_line(&top->list.meter[i], now_ms, ONCE_COLUMNS, line, sizeof line);
		puts(line);
	}
	return EXIT_GOOD;
}

static int show(struct top *top, bool once)
{
	if (!read_list(top))
		return fail("%s", top->notice);
	if (once)
		return show_once(top);
	if (!screen_open())
		return fail("no terminal: --once prints the list and ends");
	loop(top);
	screen_close();
	return EXIT_GOOD;
}

int cmd_top(const struct cli *cli, int argc, char **argv)
{
	static struct top top = {.fd = -1, .event = {.most = EVENT_MAX}};
	const char *property = option(&argc, argv, "--property"),
	           *key_file = option(&argc, argv, "--key");
	bool once = flag(&argc, argv, "--once");
	int code;

	if (!options_done(argc, argv) || argc != 1 || (property && !slug_valid(property)))
		return usage("top [--property ID] [--key FILE] [--once]");
	setlocale(LC_CTYPE, "C.UTF-8");
	snprintf(top.property, sizeof top.property, "%s", property ? property : "");
	top.list.by = TOP_POWER;
	top.list.from_greatest = true;
	code = get_key(&top, cli, key_file);
	if (!code)
		code = show(&top, once);
	close_stream(&top);
	if (top.db)
		end_key(&top);
	top_list_free(&top.list);
	free(top.event.bytes);
	db_close(top.db);
	return code;
}
