/* Connections, and how long we wait for whom. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "platform/core/clock.h"
#include "platform/http/exchange.h"

static void peer_name(struct peer *peer, const struct sockaddr *address)
{
	const void *raw = NULL;

	if (address && address->sa_family == AF_INET) {
		const struct sockaddr_in *v4 = (const void *)address;

		raw = &v4->sin_addr;
		peer->loopback = (ntohl(v4->sin_addr.s_addr) >> 24) == 127;
	} else if (address && address->sa_family == AF_INET6) {
		const struct sockaddr_in6 *v6 = (const void *)address;

		raw = &v6->sin6_addr;
		peer->loopback = IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
	}
	if (!raw || !inet_ntop(address->sa_family, raw, peer->address, sizeof peer->address))
		snprintf(peer->address, sizeof peer->address, "unknown");
}

struct peer *peer_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
	        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

static void peer_unlink(struct peer *peer)
{
	struct server *server = peer->server;

	if (!peer->deadline_ms)
		return;
	*(peer->before ? &peer->before->next : &server->waiting) = peer->next;
	*(peer->next ? &peer->next->before : &server->waiting_last) = peer->before;
	peer->next = peer->before = NULL;
	peer->deadline_ms = 0;
}

void peer_waits(struct peer *peer, int64_t ms, bool owes_request)
{
	struct server *server = peer->server;

	peer_unlink(peer);
	if (peer->expired)
		return;
	peer->owes_request = owes_request;
	peer->deadline_ms = clock_mono_ms() + ms;
	peer->before = server->waiting_last;
	*(peer->before ? &peer->before->next : &server->waiting) = peer;
	server->waiting_last = peer;
}

void peer_works(struct peer *peer)
{
	peer_unlink(peer);
	peer->owes_request = false;
}

static void peer_begin(struct server *server, struct MHD_Connection *connection, void **context)
{
	const union MHD_ConnectionInfo *info;
	struct peer *peer = calloc(1, sizeof *peer);

	if (!peer)
		return; /* the first request on it is refused */
	peer->server = server;
	info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	peer->fd = info ? info->connect_fd : -1;
	info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	if (!info || !door_entered(server->door, info->client_addr, &peer->client)) {
		free(peer);
		return;
	}
	peer_name(peer, info->client_addr);
	peer_waits(peer, server->config.head_ms, true);
	server->counts.connections++;
	*context = peer;
}

static void peer_end(struct server *server, struct peer *peer)
{
	peer_unlink(peer);
	door_left(server->door, peer->client);
	if (!peer->expired)
		server->counts.connections--;
	free(peer);
}

void peer_on_connection(void *arg, struct MHD_Connection *connection, void **context,
                        enum MHD_ConnectionNotificationCode code)
{
	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		peer_begin(arg, connection, context);
	else if (*context)
		peer_end(arg, *context);
}

/* In our own words: libmicrohttpd has none for a head that is not complete. */
static void peer_shut(struct peer *peer, const char *status)
{
	char text[128];
	int len = snprintf(text, sizeof text,
	                   "HTTP/1.1 %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", status);

	if (peer->owes_request)
		(void)!send(peer->fd, text, (size_t)len, MSG_DONTWAIT | MSG_NOSIGNAL);
	shutdown(peer->fd, SHUT_RDWR);
	peer_unlink(peer);
	peer->expired = true;
	peer->server->counts.connections--;
}

void peer_expire(struct peer *peer)
{
	peer_shut(peer, "408 Request Timeout");
}

void peer_refuse_head(struct peer *peer)
{
	peer_shut(peer, "431 Request Header Fields Too Large");
}

void peers_check(struct server *server)
{
	int64_t now = clock_mono_ms();
	struct peer *next;

	for (struct peer *p = server->waiting; p; p = next) {
		next = p->next;
		if (p->deadline_ms > now)
			continue;
		peer_expire(p);
		server->counts.timeouts++;
	}
}

/* When all places are taken, whoever has kept us waiting longest gives up his: a client that means
 * it asks within a moment, and a browser opens an idle connection again without a word. */
bool peers_make_room(void *arg)
{
	struct server *server = arg;

	if (server->counts.connections < server->config.connections_max)
		return true;
	if (!server->waiting)
		return false;
	peer_expire(server->waiting);
	server->counts.evicted++;
	return true;
}
