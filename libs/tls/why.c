#include "libs/tls/why.h"

#include "libs/base/macros.h"

#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define PREFIX  "OpenSSL Error["
#define CLOSED  "the broker closed the connection"
#define FOREIGN "the broker's certificate is of a foreign authority"

/* clang-format off */
static const struct {
	int code;
	const char *words;
} refusals[] = {
	{X509_V_ERR_CERT_HAS_EXPIRED, "the broker's certificate has expired"},
	{X509_V_ERR_CERT_NOT_YET_VALID, "the broker's certificate is not valid yet: is our clock right?"},
	/* The library checks the name after OpenSSL and leaves no code of its own. */
	{X509_V_ERR_UNSPECIFIED, "the broker's certificate is for another host"},
	{X509_V_ERR_INVALID_PURPOSE, "the broker shows a certificate that is no broker's (a gateway's?)"},
	{X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, FOREIGN},
	{X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, FOREIGN},
	{X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, FOREIGN},
	{X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, FOREIGN},
	{X509_V_ERR_CERT_SIGNATURE_FAILURE, FOREIGN},
};

/* clang-format on */

/* We refuse theirs. */
static const char *refusal(long code)
{
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++)
		if (refusals[i].code == code)
			return refusals[i].words;
	return X509_verify_cert_error_string(code);
}

/* The words behind the last "::" of "OpenSSL Error[0]: error:CODE:LIBRARY:FUNCTION:WORDS". */
static const char *reason_of(const char *line)
{
	const char *last = strrchr(line, ':');

	return last && strncmp(line, PREFIX, strlen(PREFIX)) == 0 ? last + 1 : NULL;
}

void tls_why(const void *ssl, const char *line, char why[TLS_WHY_SIZE])
{
	const char *alert = strstr(line, " alert "), *reason = reason_of(line);
	long code = ssl ? SSL_get_verify_result(ssl) : X509_V_OK;

	if (strstr(line, "certificate verify failed") && code != X509_V_OK)
		snprintf(why, TLS_WHY_SIZE, "%s", refusal(code));
	else if (alert) /* they refuse ours */
		snprintf(why, TLS_WHY_SIZE, "the broker refuses us: %s", alert + strlen(" alert "));
	else if (!reason || why[0])
		return; /* the first one is the cause of those behind it */
	else if (strcmp(reason, "unexpected eof while reading") == 0)
		snprintf(why, TLS_WHY_SIZE, CLOSED);
	else
		snprintf(why, TLS_WHY_SIZE, "TLS: %s", reason);
}

const char *tls_hung_up(int fd)
{
	struct pollfd state = {.fd = fd, .events = POLLRDHUP};
	struct sockaddr_storage peer;
	socklen_t size = sizeof peer;
	int unread = 0;

	if (fd < 0 || poll(&state, 1, 0) <= 0)
		return NULL;
	/* The error itself was taken by the library. */
	if (getpeername(fd, (struct sockaddr *)&peer, &size))
		return "connection refused or reset";
	(void)ioctl(fd, FIONREAD, &unread);
	return unread ? NULL : CLOSED;
}
