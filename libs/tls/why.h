/* Why a connection over TLS came to nothing, in words for a log and a state: libmosquitto returns "A TLS
 * error occurred" and tells the rest to its log callback only. */
#ifndef LIBS_TLS_WHY_H
#define LIBS_TLS_WHY_H

#define TLS_WHY_SIZE 80

/* For each line that the library logs, while the connection is still there. `ssl`: its SSL object, or
 * NULL. What it says of certificates replaces `why`; another error of TLS, or that the other side closed
 * the connection, is put into an empty one only; other lines leave it as it is. */
void tls_why(const void *ssl, const char *line, char why[TLS_WHY_SIZE]);

/* While a connection is being made: the other side refused or closed it, and how; NULL: it lives. Such a
 * one libmosquitto takes for one that is still being made, and its socket is ready for ever: whoever
 * waits for it runs in a circle. */
const char *tls_hung_up(int fd);
#endif
