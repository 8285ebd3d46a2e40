/* Messages over a connected descriptor, plain or TLS, with a limit on waiting. */
#ifndef PLATFORM_REPLICA_STREAM_H
#define PLATFORM_REPLICA_STREAM_H

#include "platform/replica/wire.h"

#define STREAM_WAIT_S 30

struct stream;
struct ssl_ctx_st; /* OpenSSL's SSL_CTX */

/* Certificates of one side: our authority, our certificate, its key. `why` says what is wrong. */
struct tls_files {
	const char *ca, *cert, *key;
};
struct ssl_ctx_st *stream_context(const struct tls_files *files, bool server, char *why,
                                  size_t why_size);
void stream_context_free(struct ssl_ctx_st *context);

/* Takes `fd` over, also when it fails. */
MUST_USE enum err stream_plain(struct stream **stream, int fd);
/* Handshake as client of `host`, or as server (`host` NULL). The other side's certificate must have
 * the CN `peer`: ERR_AUTH otherwise. */
MUST_USE enum err stream_tls(struct stream **stream, int fd, struct ssl_ctx_st *context,
                             const char *host, const char *peer, char *why, size_t why_size);
/* Connects within `wait_ms`; -1 and *why on failure. */
int stream_connect(const char *host, const char *port, int wait_ms, char *why, size_t why_size);
void stream_close(struct stream *stream);

/* Buffered: stream_flush, and each stream_receive, sends what waits. */
MUST_USE enum err stream_send(struct stream *stream, const struct wire *wire);
MUST_USE enum err stream_flush(struct stream *stream);
/* The next message; it is valid until the next call. ERR_TIMEOUT, ERR_CLOSED, ERR_BAD_INPUT. */
MUST_USE enum err stream_receive(struct stream *stream, struct wire *wire);

/* Is it what was wanted? A failure that the standby tells of itself goes to the log and is
 * ERR_DISK_FULL or ERR_CLOSED; anything else is ERR_BAD_INPUT. */
MUST_USE enum err answer_is(const struct wire *wire, enum wire_type wanted);
/* Receives what must come now. */
MUST_USE enum err stream_answer(struct stream *stream, enum wire_type wanted, struct wire *wire);

/* From another thread: whatever waits there ends soon. */
void stream_interrupt(struct stream *stream);

uint64_t stream_bytes_sent(const struct stream *stream);

#endif
