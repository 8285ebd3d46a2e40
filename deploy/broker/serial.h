/* A certificate's serial number as the list of clients spells it: lower-case hex. */
#ifndef DEPLOY_BROKER_SERIAL_H
#define DEPLOY_BROKER_SERIAL_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>

bool serial_text(const X509 *cert, char *text, size_t size);

#endif
