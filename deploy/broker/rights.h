/* Who may do what at the broker: the list of known clients and the one question asked of it.
 * Without I/O, so that tests and the fuzzer reach every branch; plugin.c connects it to Mosquitto.
 *
 * The list is text, a client a line, written by `wattle` and replaced whole:
 *	gateway  <id> <property> <serial> [<serial>]
 *	platform <id> - <serial> [<serial>]
 *	viewer   <id> <property> <serial> [<serial>]
 * <serial> is a certificate's serial number in lower-case hex; two while a renewal is under way. */
#ifndef DEPLOY_BROKER_RIGHTS_H
#define DEPLOY_BROKER_RIGHTS_H

#include <stdbool.h>
#include <stddef.h>

#define RIGHTS_ID_MAX      32 /* docs/protocol: [a-z0-9-]{1,32} */
#define RIGHTS_SERIAL_MAX  40 /* hex digits of the 20 bytes that RFC 5280 4.1.2.2 allows */
#define RIGHTS_CLIENTS_MAX 4096

enum client_role { ROLE_GATEWAY, ROLE_PLATFORM, ROLE_VIEWER };

struct client {
	enum client_role role;
	char id[RIGHTS_ID_MAX + 1];
	char property[RIGHTS_ID_MAX + 1];
	char serials[2][RIGHTS_SERIAL_MAX + 1]; /* the second may be "" */
};

struct client_list {
	size_t count;
	struct client clients[RIGHTS_CLIENTS_MAX];
};

enum topic_access { ACCESS_READ, ACCESS_WRITE, ACCESS_SUBSCRIBE };

/* Reads a list; 0, or the number of the first line that is wrong (then *list is not to be used). */
size_t rights_parse(struct client_list *list, const char *text, size_t length);

const struct client *rights_find(const struct client_list *list, const char *id);
bool rights_serial_known(const struct client *client, const char *serial);

/* True if both lists give `id` the same role, property and certificates. */
bool rights_same(const struct client_list *a, const struct client_list *b, const char *id);

/* `topic` is a filter for ACCESS_SUBSCRIBE. Everything that is not named is refused. */
bool rights_allow(const struct client *client, enum topic_access access, const char *topic,
                  bool retain);

#endif
