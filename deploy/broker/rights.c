#include "deploy/broker/rights.h"

#include <string.h>

struct word {
	const char *text;
	size_t length;
};

static bool is_id(struct word w)
{
	if (w.length == 0 || w.length > RIGHTS_ID_MAX)
		return false;
	for (size_t i = 0; i < w.length; i++) {
		char c = w.text[i];

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
			return false;
	}
	return true;
}

static bool is_serial(struct word w)
{
	if (w.length == 0 || w.length > RIGHTS_SERIAL_MAX)
		return false;
	for (size_t i = 0; i < w.length; i++) {
		char c = w.text[i];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
			return false;
	}
	return true;
}

static bool word_is(struct word w, const char *text)
{
	return w.length == strlen(text) && memcmp(w.text, text, w.length) == 0;
}

static void word_copy(char *to, struct word w)
{
	memcpy(to, w.text, w.length);
	to[w.length] = '\0';
}

/* Splits at single spaces; more than `max` words count as max + 1. */
static size_t split(struct word *words, size_t max, const char *line, size_t length)
{
	size_t n = 0, start = 0;

	for (size_t i = 0; i <= length; i++) {
		if (i < length && line[i] != ' ')
			continue;
		if (n == max)
			return max + 1;
		words[n++] = (struct word){line + start, i - start};
		start = i + 1;
	}
	return n;
}

static bool parse_role(enum client_role *role, struct word w)
{
	static const char *const names[] = {"gateway", "platform", "viewer"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (word_is(w, names[i])) {
			*role = (enum client_role)i;
			return true;
		}
	}
	return false;
}

static bool parse_line(struct client *c, const char *line, size_t length)
{
	struct word w[5];
	size_t n = split(w, 5, line, length);

	memset(c, 0, sizeof *c);
	if (n < 4 || n > 5 || !parse_role(&c->role, w[0]) || !is_id(w[1]) || !is_serial(w[3]))
		return false;
	/* A gateway named "live" would own the topics that only the platform may write. */
	if (c->role == ROLE_GATEWAY && word_is(w[1], "live"))
		return false;
	if (c->role == ROLE_PLATFORM ? !word_is(w[2], "-") : !is_id(w[2]))
		return false;
	if (n == 5 && !is_serial(w[4]))
		return false;
	word_copy(c->id, w[1]);
	word_copy(c->property, w[2]);
	word_copy(c->serials[0], w[3]);
	if (n == 5)
		word_copy(c->serials[1], w[4]);
	return true;
}

size_t rights_parse(struct client_list *list, const char *text, size_t length)
{
	size_t number = 0;

	list->count = 0;
	for (size_t at = 0; at < length;) {
		const char *end = memchr(text + at, '\n', length - at);
		size_t n = end ? (size_t)(end - (text + at)) : length - at;
		struct client *c = &list->clients[list->count];

		number++;
		/* A line without its end is a file cut short: half a list must not count. */
		if (!end || list->count == RIGHTS_CLIENTS_MAX)
			return number;
		if (n > 0 && text[at] != '#') {
			if (!parse_line(c, text + at, n) || rights_find(list, c->id))
				return number;
			list->count++;
		}
		at += n + 1;
	}
	return 0;
}

const struct client *rights_find(const struct client_list *list, const char *id)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->clients[i].id, id) == 0)
			return &list->clients[i];
	return NULL;
}

bool rights_serial_known(const struct client *client, const char *serial)
{
	return *serial &&
	       (strcmp(client->serials[0], serial) == 0 || strcmp(client->serials[1], serial) == 0);
}

bool rights_same(const struct client_list *a, const struct client_list *b, const char *id)
{
	const struct client *x = rights_find(a, id), *y = rights_find(b, id);

	return x && y && x->role == y->role && strcmp(x->property, y->property) == 0 &&
	       rights_serial_known(y, x->serials[0]) &&
	       (!x->serials[1][0] || rights_serial_known(y, x->serials[1]));
}

/* Eats `part` and the slash behind it; NULL if `at` does not begin so. */
static const char *after(const char *at, const char *part)
{
	size_t n = strlen(part);

	return at && strncmp(at, part, n) == 0 && at[n] == '/' ? at + n + 1 : NULL;
}

/* Eats one level, whatever it is called (no wildcard): *level says where it stood. */
static const char *after_level(const char *at, struct word *level)
{
	size_t n = at ? strcspn(at, "/") : 0;

	if (n == 0 || at[n] != '/')
		return NULL;
	*level = (struct word){at, n};
	return is_id(*level) ? at + n + 1 : NULL;
}

static bool is_one_of(const char *leaf, const char *const *names)
{
	while (*names)
		if (strcmp(leaf, *names++) == 0)
			return true;
	return false;
}

static const char *const from_gateway[] = {"up", "now", "state", NULL};
static const char *const to_gateway[] = {"ack", "down", NULL};

static bool gateway_allow(const struct client *c, enum topic_access access, const char *topic,
                          bool retain)
{
	const char *leaf = after(after(after(after(topic, "wattle"), "1"), c->property), c->id);

	if (!leaf)
		return false;
	if (access != ACCESS_WRITE)
		return is_one_of(leaf, to_gateway);
	/* Only the state may be retained: a retained batch would come again with each subscription. */
	return is_one_of(leaf, from_gateway) && (!retain || strcmp(leaf, "state") == 0);
}

static bool platform_allow(enum topic_access access, const char *topic, bool retain)
{
	struct word gateway, property;
	const char *leaf;

	if (access != ACCESS_WRITE)
		return true; /* reads everything, the broker's own figures included */
	leaf = after_level(after_level(after(after(topic, "wattle"), "1"), &property), &gateway);
	if (!leaf)
		return false;
	if (word_is(gateway, "live"))
		return is_id((struct word){leaf, strlen(leaf)});
	/* A retained command would be delivered again to every new session. */
	return is_one_of(leaf, to_gateway) && !retain;
}

static bool viewer_allow(const struct client *c, enum topic_access access, const char *topic)
{
	const char *leaf = after(after(after(after(topic, "wattle"), "1"), c->property), "live");

	if (!leaf || access == ACCESS_WRITE)
		return false;
	return is_id((struct word){leaf, strlen(leaf)}) ||
	       (access == ACCESS_SUBSCRIBE && (strcmp(leaf, "+") == 0 || strcmp(leaf, "#") == 0));
}

bool rights_allow(const struct client *client, enum topic_access access, const char *topic,
                  bool retain)
{
	switch (client->role) {
	case ROLE_GATEWAY:
		return gateway_allow(client, access, topic, retain);
	case ROLE_PLATFORM:
		return platform_allow(access, topic, retain);
	case ROLE_VIEWER:
		return viewer_allow(client, access, topic);
	}
	return false;
}
