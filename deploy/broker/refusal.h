/* What the broker's plugin tells the platform about somebody it turned away: a JSON object on
 * wattle/broker/refused (docs/design/broker.md). Without I/O, so that tests reach every byte. */
#ifndef DEPLOY_BROKER_REFUSAL_H
#define DEPLOY_BROKER_REFUSAL_H

#include <stddef.h>

/* Why a connection was refused: "reason", the detail of the platform's event. */
enum refusal_reason {
	REFUSAL_RIGHT = 0, /* connected, but this topic is not its own */
	REFUSAL_NO_NAME = 1,
	REFUSAL_NOT_LISTED = 2,
	REFUSAL_SERIAL = 3, /* certificate revoked or replaced */
	REFUSAL_CLIENT_ID = 4,
};

struct refusal {
	const char *client; /* the name in its certificate, never what it calls itself; "": none */
	const char *access; /* connect, write, read, subscribe */
	const char *topic;  /* or the client id it asked for */
	const char *address;
	enum refusal_reason reason;
	unsigned count; /* since the broker's start */
};

#define REFUSAL_JSON_SIZE 512

/* Always whole and valid JSON: strange characters become '?', long texts are cut. Returns its
 * length. */
size_t refusal_format(const struct refusal *refusal, char json[REFUSAL_JSON_SIZE]);

/* For the log. Never NULL. */
const char *refusal_reason_text(enum refusal_reason reason);

/* Only harmless characters of `text` (NULL: none), at most size - 1. Returns `shown`. */
const char *refusal_shown(char *shown, size_t size, const char *text);

#endif
