/* What libmosquitto logs, in our words. What needs a handshake is in tests/ops/broker-certificate. */
#include "libs/tls/why.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void expect(const char *line, const char *words)
{
	char why[TLS_WHY_SIZE] = "before";

	tls_why(NULL, line, why);
	assert_string_equal(why, words);
}

static void test_lines_of_the_library(void **state)
{
	(void)state;
	expect("Client gw-1 sending CONNECT", "before");
	expect("OpenSSL Error[0]: error:0A000086:SSL routines::certificate verify failed",
	       "before");
	expect("OpenSSL Error[0]: error:0A000415:SSL routines::sslv3 alert certificate expired",
	       "the broker refuses us: certificate expired");
	expect("OpenSSL Error[0]: error:0A000418:SSL routines::tlsv1 alert unknown ca",
	       "the broker refuses us: unknown ca");
	expect("OpenSSL Error[0]: error:0A00010B:SSL routines::wrong version number", "before");
	expect("", "before");
}

static void test_other_errors_the_first_of_them(void **state)
{
	char why[TLS_WHY_SIZE] = "";

	(void)state;
	tls_why(NULL, "Client gw-1: sending CONNECT", why);
	tls_why(NULL, "OpenSSL Error[0] of another form", why);
	assert_string_equal(why, "");
	tls_why(NULL, "OpenSSL Error[0]: error:0A00010B:SSL routines::wrong version number", why);
	tls_why(NULL, "OpenSSL Error[1]: error:80000002:system library::No such file", why);
	assert_string_equal(why, "TLS: wrong version number");
}

/* Whoever hangs up before our first look is seen by OpenSSL only, in its own words. */
static void test_the_other_side_went_before_the_handshake(void **state)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	SSL *ssl = SSL_new(context);
	char line[200] = "OpenSSL Error[0]: ", why[TLS_WHY_SIZE] = "";
	int ends[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	assert_int_equal(shutdown(ends[1], SHUT_WR), 0);
	assert_int_equal(SSL_set_fd(ssl, ends[0]), 1);
	assert_int_not_equal(SSL_connect(ssl), 1);
	ERR_error_string_n(ERR_get_error(), line + strlen(line), sizeof line - strlen(line));
	tls_why(ssl, line, why);
	assert_string_equal(why, "the broker closed the connection");
	SSL_free(ssl);
	SSL_CTX_free(context);
	close(ends[0]);
	close(ends[1]);
}

static void test_a_long_line_is_cut(void **state)
{
	char line[300] = "x alert ", why[TLS_WHY_SIZE] = "";

	(void)state;
	memset(line + 8, 'y', sizeof line - 9);
	tls_why(NULL, line, why);
	assert_int_equal(strlen(why), TLS_WHY_SIZE - 1);
}

static void test_the_other_side_went(void **state)
{
	int ends[2];
	char byte;

	(void)state;
	assert_null(tls_hung_up(-1));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	assert_null(tls_hung_up(ends[0]));
	assert_int_equal(write(ends[1], "x", 1), 1);
	close(ends[1]);
	/* Its last words first. */
	assert_null(tls_hung_up(ends[0]));
	assert_int_equal(read(ends[0], &byte, 1), 1);
	assert_string_equal(tls_hung_up(ends[0]), "the broker closed the connection");
	close(ends[0]);
}

static void test_nobody_listens(void **state)
{
	struct sockaddr_in nobody = {.sin_family = AF_INET,
	                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof nobody;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	int held = socket(AF_INET, SOCK_STREAM, 0);

	(void)state;
	/* A port that is ours and does not listen. */
	assert_int_equal(bind(held, (struct sockaddr *)&nobody, sizeof nobody), 0);
	assert_int_equal(getsockname(held, (struct sockaddr *)&nobody, &size), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&nobody, sizeof nobody), -1);
	assert_string_equal(tls_hung_up(fd), "connection refused or reset");
	close(held);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_lines_of_the_library),
	        cmocka_unit_test(test_a_long_line_is_cut),
	        cmocka_unit_test(test_other_errors_the_first_of_them),
	        cmocka_unit_test(test_the_other_side_went_before_the_handshake),
	        cmocka_unit_test(test_the_other_side_went),
	        cmocka_unit_test(test_nobody_listens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
