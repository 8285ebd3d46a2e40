/* The installation's own certificate authority: P-256 keys, X.509 certificates in PEM files.
 *
 *	<dir>/ca.crt ca.key              made once
 *	<dir>/broker.crt broker.key      server, with the host names and addresses it is reached at
 *	<dir>/wattled.crt wattled.key    client, CN=wattled
 *	<dir>/gateways/<id>.crt .key     client, CN=<id>
 *
 * A certificate is replaced by issuing it again: file first written beside, then renamed, key
 * before certificate. Revocation is the broker's list (rights.h), not a CRL. */
#ifndef DEPLOY_BROKER_PKI_H
#define DEPLOY_BROKER_PKI_H

#include "libs/base/err.h"
#include "libs/base/macros.h"

#include <stdint.h>

#define PKI_SERIAL_SIZE 41 /* 40 hex digits and the zero */
#define PKI_NAME_SIZE   65 /* RFC 5280 ub-common-name, and the zero */

enum pki_use { PKI_SERVER, PKI_CLIENT };

struct pki_request {
	enum pki_use use;
	const char *name;         /* CN */
	const char *const *hosts; /* NULL-ended names or addresses, for a server; else NULL */
	int64_t now_s;            /* unix time; valid from a day before, since field clocks lag */
	int days;
};

struct pki_certificate {
	char name[PKI_NAME_SIZE];
	char serial
	        [PKI_SERIAL_SIZE]; /* lower-case hex, no leading zeros: as in the broker's list */
	int64_t not_before_s, not_after_s;
};

MUST_USE enum err pki_create_ca(const char *dir, const char *name, int64_t now_s, int days);

/* Signs with <dir>/ca.key and writes <dir>/<file>.key (mode 0600) and <dir>/<file>.crt. */
MUST_USE enum err pki_issue(const char *dir, const char *file, const struct pki_request *request,
                            struct pki_certificate *issued);

MUST_USE enum err pki_read(const char *path, struct pki_certificate *found);

#endif
