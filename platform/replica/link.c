#include "platform/replica/link.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "platform/core/clock.h"
#include "platform/core/settings.h"
#include "platform/replica/serve.h"
#include "platform/store/log.h"

#define CONNECT_MS 3000

/* ---- a folder on this machine ---- */

struct folder_end {
	struct folder *folder;
	struct stream *stream;
};

static void *follow_here(void *arg)
{
	struct folder_end *end = arg;

	(void)!serve_session(end->folder, end->stream);
	folder_close(end->folder);
	stream_close(end->stream);
	free(end);
	return NULL;
}

static enum err connect_folder(struct link *link)
{
	struct folder_end *end = calloc(1, sizeof *end);
	int pair[2];
	enum err err;

	if (!end)
		return ERR_NOMEM;
	err = folder_open(&end->folder, link->config->settings->replica_to, link->why,
	                  sizeof link->why);
	if (err) {
		free(end);
		return err == ERR_REFUSED ? ERR_NOT_FOUND : err; /* no standby is not a take-over */
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair)) {
		folder_close(end->folder);
		free(end);
		return ERR_IO;
	}
	err = stream_plain(&link->stream, pair[0]);
	if (err)
		close(pair[1]);
	else
		err = stream_plain(&end->stream, pair[1]);
	if (!err && pthread_create(&link->folder_thread, NULL, follow_here, end))
		err = ERR_NOMEM;
	if (err) {
		stream_close(link->stream);
		stream_close(end->stream);
		link->stream = NULL;
		folder_close(end->folder);
		free(end);
		return err;
	}
	link->folder_running = true;
	return ERR_NONE;
}

/* ---- another host ---- */

static enum err connect_host(struct link *link)
{
	const struct settings *s = link->config->settings;
	const struct tls_files files = {s->broker_ca, s->broker_cert, s->broker_key};
	struct ssl_ctx_st *context;
	char host[SETTING_TEXT], *port;
	enum err err;
	int fd;

	snprintf(host, sizeof host, "%s", s->replica_to);
	port = strrchr(host, ':');
	if (!port) {
		snprintf(link->why, sizeof link->why, "%s: host:port is wanted", host);
		return ERR_BAD_INPUT;
	}
	*port++ = '\0';
	if (host[0] == '[' && port[-2] == ']') { /* an IPv6 address */
		port[-2] = '\0';
		memmove(host, host + 1, strlen(host));
	}
	context = stream_context(&files, false, link->why, sizeof link->why);
	if (!context)
		return ERR_AUTH;
	fd = stream_connect(host, port, CONNECT_MS, link->why, sizeof link->why);
	err = fd < 0 ? ERR_CLOSED
	             : stream_tls(&link->stream, fd, context, host, "replica", link->why,
	                          sizeof link->why);
	stream_context_free(context);
	return err;
}

/* ---- greeting ---- */

static enum err note_have(struct link *link, const char *name, bool done)
{
	if (link->have_count == link->have_room) {
		size_t room = link->have_room ? link->have_room * 2 : 64;
		struct have *have = realloc(link->have, room * sizeof *have);

		if (!have)
			return ERR_NOMEM;
		link->have = have;
		link->have_room = room;
	}
	snprintf(link->have[link->have_count].name, sizeof link->have->name, "%.63s", name);
	link->have[link->have_count++].done = done;
	return ERR_NONE;
}

static enum err take_have(struct link *link)
{
	struct wire m;
	enum err err;

	link->have_count = 0;
	do {
		err = stream_answer(link->stream, WIRE_HAVE, &m);
		if (!err && m.name[0])
			err = note_have(link, m.name, m.done);
	} while (!err && m.name[0]);
	return err;
}

static enum err take_refusal(struct link *link, const struct wire *m, struct wire *taken)
{
	snprintf(link->why, sizeof link->why, "the standby refuses: %s", m->text);
	if (m->reason != WIRE_TAKEN_OVER)
		return ERR_BAD_INPUT;
	*taken = *m;
	return ERR_REFUSED;
}

static enum err greet(struct link *link, struct wire *taken)
{
	const struct sender_config *c = link->config;
	struct wire m = {.type = WIRE_HELLO,
	                 .version = WIRE_VERSION,
	                 .store = c->store,
	                 .generation = c->generation,
	                 .as_of_ms = clock_wall_ms()};
	enum err err;

	memcpy(m.hash_key, link->hash_key, sizeof m.hash_key);
	snprintf(m.name, sizeof m.name, "%s", c->key_name);
	snprintf(m.text, sizeof m.text, "wattled");
	err = stream_send(link->stream, &m);
	if (!err)
		err = stream_receive(link->stream, &m);
	if (!err && m.type == WIRE_REFUSED)
		return take_refusal(link, &m, taken);
	if (!err)
		err = answer_is(&m, WIRE_WELCOME);
	if (err) {
		snprintf(link->why, sizeof link->why, "%s: %s", c->settings->replica_to,
		         err_text(err));
		return err;
	}
	if (m.key == WIRE_KEY_OTHER)
		log_warn("replica: secret.key at the standby opens nothing of this store: bring it "
		         "the new one (`wattle replica kit`)");
	return take_have(link);
}

enum err link_open(struct link *link, struct wire *taken)
{
	enum err err = sender_to_folder(link->config->settings->replica_to) ? connect_folder(link)
	                                                                    : connect_host(link);

	if (!err)
		err = greet(link, taken);
	if (err)
		link_close(link);
	return err;
}

void link_close(struct link *link)
{
	if (link->stream) {
		stream_interrupt(link->stream);
		if (link->folder_running)
			pthread_join(link->folder_thread, NULL);
		link->folder_running = false;
		stream_close(link->stream);
	}
	link->stream = NULL;
}

bool link_is_done(const struct link *link, const char *name)
{
	for (size_t i = 0; i < link->have_count; i++)
		if (strcmp(link->have[i].name, name) == 0)
			return link->have[i].done;
	return false;
}

void link_set_done(struct link *link, const char *name)
{
	for (size_t i = 0; i < link->have_count; i++)
		if (strcmp(link->have[i].name, name) == 0) {
			link->have[i].done = true;
			return;
		}
	if (note_have(link, name, true))
		log_warn("replica: no memory to note %s", name);
}
