#include "platform/replica/stream.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libs/base/bytes.h"
#include "platform/store/log.h"

#define OUT_SIZE         (256 * 1024)
#define HANDSHAKE_WAIT_S 5

struct stream {
	int fd;
	SSL *ssl; /* NULL: plain */
	uint64_t sent;
	size_t out_len;
	uint8_t out[OUT_SIZE + WIRE_HEAD + WIRE_MAX];
	uint8_t in[WIRE_MAX];
};

/* ---- certificates ---- */

static void tell_openssl(const char *what, char *why, size_t why_size)
{
	char text[160];

	ERR_error_string_n(ERR_get_error(), text, sizeof text);
	snprintf(why, why_size, "%s: %s", what, text);
}

struct ssl_ctx_st *stream_context(const struct tls_files *files, bool server, char *why,
                                  size_t why_size)
{
	SSL_CTX *context = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
	const char *bad = NULL;

	if (!context)
		bad = "TLS";
	else if (!SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION))
		bad = "TLS 1.3";
	else if (SSL_CTX_load_verify_locations(context, files->ca, NULL) != 1)
		bad = files->ca;
	else if (SSL_CTX_use_certificate_chain_file(context, files->cert) != 1)
		bad = files->cert;
	else if (SSL_CTX_use_PrivateKey_file(context, files->key, SSL_FILETYPE_PEM) != 1)
		bad = files->key;
	if (bad) {
		tell_openssl(bad, why, why_size);
		SSL_CTX_free(context);
		return NULL;
	}
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_mode(context, SSL_MODE_AUTO_RETRY);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(context, 0);
	return context;
}

void stream_context_free(struct ssl_ctx_st *context)
{
	SSL_CTX_free(context);
}

static bool peer_is(SSL *ssl, const char *wanted)
{
	X509 *cert = SSL_get1_peer_certificate(ssl);
	char name[64] = "";
	bool same = cert &&
	            X509_NAME_get_text_by_NID(X509_get_subject_name(cert), NID_commonName, name,
	                                      sizeof name) > 0 &&
	            strcmp(name, wanted) == 0;

	X509_free(cert);
	return same;
}

/* ---- making ---- */

static void wait_at_most(int fd, int seconds)
{
	struct timeval wait = {.tv_sec = seconds};

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
}

static enum err stream_new(struct stream **out, int fd)
{
	struct stream *stream = calloc(1, sizeof *stream);

	*out = stream;
	if (!stream) {
		close(fd);
		return ERR_NOMEM;
	}
	stream->fd = fd;
	wait_at_most(fd, STREAM_WAIT_S);
	return ERR_NONE;
}

enum err stream_plain(struct stream **stream, int fd)
{
	return stream_new(stream, fd);
}

static bool name_wanted(SSL *ssl, const char *host)
{
	struct in6_addr address;
	bool number =
	        inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1;

	if (number)
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
	return SSL_set_tlsext_host_name(ssl, host) == 1 && SSL_set1_host(ssl, host) == 1;
}

enum err stream_tls(struct stream **out, int fd, struct ssl_ctx_st *context, const char *host,
                    const char *peer, char *why, size_t why_size)
{
	struct stream *stream;
	enum err err = stream_new(&stream, fd);
	int done = 0;

	*out = NULL;
	if (err)
		return err;
	ERR_clear_error();
	wait_at_most(fd, HANDSHAKE_WAIT_S);
	stream->ssl = SSL_new(context);
	if (!stream->ssl || SSL_set_fd(stream->ssl, fd) != 1 ||
	    (host && !name_wanted(stream->ssl, host)))
		err = ERR_NOMEM;
	if (!err)
		done = host ? SSL_connect(stream->ssl) : SSL_accept(stream->ssl);
	if (!err && done != 1) {
		tell_openssl("TLS", why, why_size);
		err = ERR_AUTH;
	} else if (!err && !peer_is(stream->ssl, peer)) {
		snprintf(why, why_size, "the other side's certificate is not that of %s", peer);
		err = ERR_AUTH;
	}
	if (err) {
		stream_close(stream);
		return err;
	}
	wait_at_most(fd, STREAM_WAIT_S);
	*out = stream;
	return ERR_NONE;
}

static int connect_within(const struct addrinfo *a, int wait_ms)
{
	int fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;
	struct pollfd ready = {.fd = fd, .events = POLLOUT};
	socklen_t size = sizeof(int);
	int code = 0;

	if (fd < 0)
		return -1;
	if (connect(fd, a->ai_addr, a->ai_addrlen) && errno != EINPROGRESS)
		code = errno;
	else if (poll(&ready, 1, wait_ms) != 1)
		code = ETIMEDOUT;
	else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size))
		code = errno;
	if (code) {
		close(fd);
		errno = code;
		return -1;
	}
	fcntl(fd, F_SETFL, 0); /* from here on the socket's own time limits count */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	return fd;
}

int stream_connect(const char *host, const char *port, int wait_ms, char *why, size_t why_size)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list, *a;
	int fd = -1, code = getaddrinfo(host, port, &hints, &list);

	if (code) {
		snprintf(why, why_size, "%s: %s", host, gai_strerror(code));
		return -1;
	}
	for (a = list; a && fd < 0; a = a->ai_next)
		fd = connect_within(a, wait_ms);
	if (fd < 0)
		snprintf(why, why_size, "%s port %s: %s", host, port, strerror(errno));
	freeaddrinfo(list);
	return fd;
}

void stream_close(struct stream *stream)
{
	if (!stream)
		return;
	if (stream->ssl) {
		/* No farewell to wait for: messages have their own ends. */
		SSL_set_shutdown(stream->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
		SSL_free(stream->ssl);
	}
	close(stream->fd);
	free(stream);
}

void stream_interrupt(struct stream *stream)
{
	shutdown(stream->fd, SHUT_RDWR);
}

/* ---- bytes ---- */

static enum err err_of_wait(int code)
{
	return code == EAGAIN || code == EWOULDBLOCK ? ERR_TIMEOUT : ERR_CLOSED;
}

static enum err write_all(struct stream *stream, const uint8_t *bytes, size_t len)
{
	while (len) {
		ssize_t n;

		errno = 0;
		if (stream->ssl)
			n = SSL_write(stream->ssl, bytes, (int)(len > 65536 ? 65536 : len));
		else
			n = send(stream->fd, bytes, len, MSG_NOSIGNAL);
		if (n <= 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_of_wait(errno);
		bytes += n;
		len -= (size_t)n;
		stream->sent += (uint64_t)n;
	}
	return ERR_NONE;
}

static enum err read_all(struct stream *stream, uint8_t *bytes, size_t len)
{
	while (len) {
		ssize_t n;

		errno = 0;
		if (stream->ssl)
			n = SSL_read(stream->ssl, bytes, (int)len);
		else
			n = recv(stream->fd, bytes, len, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_of_wait(errno);
		bytes += n;
		len -= (size_t)n;
	}
	return ERR_NONE;
}

enum err stream_flush(struct stream *stream)
{
	enum err err = write_all(stream, stream->out, stream->out_len);

	stream->out_len = 0;
	return err;
}

enum err stream_send(struct stream *stream, const struct wire *wire)
{
	stream->out_len += wire_encode(wire, stream->out + stream->out_len);
	return stream->out_len >= OUT_SIZE ? stream_flush(stream) : ERR_NONE;
}

enum err stream_receive(struct stream *stream, struct wire *wire)
{
	uint8_t head[4];
	uint32_t len;
	enum err err = stream_flush(stream);

	if (!err)
		err = read_all(stream, head, sizeof head);
	if (err)
		return err;
	len = get_le32(head);
	if (len == 0 || len > WIRE_MAX)
		return ERR_BAD_INPUT;
	err = read_all(stream, stream->in, len);
	return err ? err : wire_decode(stream->in, len, wire);
}

enum err answer_is(const struct wire *wire, enum wire_type wanted)
{
	if (wire->type == wanted)
		return ERR_NONE;
	if (wire->type != WIRE_FAILED)
		return ERR_BAD_INPUT;
	log_error("replica: the standby says: %s", wire->text);
	return strstr(wire->text, err_text(ERR_DISK_FULL)) ? ERR_DISK_FULL : ERR_CLOSED;
}

enum err stream_answer(struct stream *stream, enum wire_type wanted, struct wire *wire)
{
	enum err err = stream_receive(stream, wire);

	return err ? err : answer_is(wire, wanted);
}

uint64_t stream_bytes_sent(const struct stream *stream)
{
	return stream->sent;
}
