#include "cli/http_get.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define WAIT_S 3

int connect_to(const char *host, int64_t port)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list, *a;
	struct timeval wait = {.tv_sec = WAIT_S};
	char service[16];
	int fd = -1;

	snprintf(service, sizeof service, "%lld", (long long)port);
	if (getaddrinfo(host, service, &hints, &list))
		return -1;
	for (a = list; a && fd < 0; a = a->ai_next) {
		fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);
		if (fd < 0)
			continue;
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
		if (connect(fd, a->ai_addr, a->ai_addrlen)) {
			close(fd);
			fd = -1;
		}
	}
	freeaddrinfo(list);
	return fd;
}

const char *http_host(const struct settings *s)
{
	return strcmp(s->http_listen, "0.0.0.0") == 0 || !*s->http_listen ? "127.0.0.1"
	                                                                  : s->http_listen;
}

void http_get(const struct settings *s, const char *path, char *answer, size_t size)
{
	char request[256];
	int fd = connect_to(http_host(s), s->http_port);
	int n = snprintf(request, sizeof request,
	                 "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path);
	size_t have = 0;
	ssize_t got = 1;

	answer[0] = '\0';
	if (fd < 0)
		return;
	if (send(fd, request, (size_t)n, MSG_NOSIGNAL) == n)
		while (have + 1 < size && (got = recv(fd, answer + have, size - 1 - have, 0)) > 0)
			have += (size_t)got;
	answer[have] = '\0';
	close(fd);
}
