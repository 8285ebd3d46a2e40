#include "deploy/broker/broker_files.h"
#include "deploy/broker/pki.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#define NOW_S 1790000000

static char dir[] = "/tmp/wattle-pki-XXXXXX";

static int make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) ? pki_create_ca(dir, "Wattle test", NOW_S, 3650) : -1;
}

static int remove_dir(void **state)
{
	char command[PATH_MAX];

	(void)state;
	snprintf(command, sizeof command, "rm -r %s", dir);
	return system(command);
}

static const char *in_dir(const char *file)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof path, "%s/%s", dir, file);
	return path;
}

static void issued_certificate_reads_back(void **state)
{
	const struct pki_request request = {PKI_CLIENT, "gw-1", NULL, NOW_S, 30};
	struct pki_certificate issued, found;
	struct stat st;

	(void)state;
	assert_int_equal(pki_issue(dir, "gw-1", &request, &issued), ERR_NONE);
	assert_int_equal(pki_read(in_dir("gw-1.crt"), &found), ERR_NONE);
	assert_string_equal(found.name, "gw-1");
	assert_string_equal(issued.serial, found.serial);
	assert_int_equal(found.not_after_s, NOW_S + 30 * 86400);
	assert_int_equal(stat(in_dir("gw-1.key"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

/* openssl's own verifier is the second opinion on our chain. */
static void openssl_accepts_the_chain(void **state)
{
	const char *hosts[] = {"localhost", "127.0.0.1", NULL};
	const struct pki_request request = {PKI_SERVER, "broker", hosts, NOW_S, 30};
	struct pki_certificate issued;
	char command[3 * PATH_MAX];

	(void)state;
	assert_int_equal(pki_issue(dir, "broker", &request, &issued), ERR_NONE);
	snprintf(command, sizeof command,
	         "openssl verify -x509_strict -attime %d -purpose sslserver -verify_ip 127.0.0.1 "
	         "-CAfile %s/ca.crt %s/broker.crt >/dev/null",
	         NOW_S, dir, dir);
	assert_int_equal(system(command), 0);
	snprintf(
	        command, sizeof command,
	        "openssl verify -x509_strict -attime %d -purpose sslclient -CAfile %s/ca.crt %s/broker.crt "
	        ">/dev/null 2>&1",
	        NOW_S, dir, dir);
	assert_int_not_equal(system(command), 0);
}

static void serials_differ_at_each_issue(void **state)
{
	const struct pki_request request = {PKI_CLIENT, "gw-2", NULL, NOW_S, 30};
	struct pki_certificate first, second;

	(void)state;
	assert_int_equal(pki_issue(dir, "gw-2", &request, &first), ERR_NONE);
	assert_int_equal(pki_issue(dir, "gw-2", &request, &second), ERR_NONE);
	assert_string_not_equal(first.serial, second.serial);
}

static void missing_and_broken_files_are_told_apart(void **state)
{
	struct pki_certificate found;
	FILE *f = fopen(in_dir("broken.crt"), "w");

	(void)state;
	assert_non_null(f);
	fputs("-----BEGIN CERTIFICATE-----\nAAAA\n", f);
	fclose(f);
	assert_int_equal(pki_read(in_dir("broken.crt"), &found), ERR_BAD_INPUT);
	assert_int_equal(pki_read(in_dir("none.crt"), &found), ERR_NOT_FOUND);
}

static void client_list_round_trip(void **state)
{
	static struct client_list list, found;
	char path[PATH_MAX];
	size_t line;

	(void)state;
	snprintf(path, sizeof path, "%s/clients", dir);
	assert_int_equal(clients_read(path, &list, &line), ERR_NONE);
	assert_int_equal(clients_set(&list, ROLE_PLATFORM, "wattled", "-", "aa", false), ERR_NONE);
	assert_int_equal(clients_set(&list, ROLE_GATEWAY, "gw-1", "p1", "01", false), ERR_NONE);
	assert_int_equal(clients_set(&list, ROLE_GATEWAY, "gw-1", "p1", "02", true), ERR_NONE);
	assert_int_equal(clients_write(path, &list), ERR_NONE);
	assert_int_equal(clients_read(path, &found, &line), ERR_NONE);
	assert_int_equal(found.count, 2);
	assert_string_equal(rights_find(&found, "gw-1")->serials[0], "02");
	assert_string_equal(rights_find(&found, "gw-1")->serials[1], "01");
	assert_int_equal(clients_remove(&found, "gw-1"), ERR_NONE);
	assert_int_equal(clients_remove(&found, "gw-1"), ERR_NOT_FOUND);
	assert_int_equal(found.count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(issued_certificate_reads_back),
	        cmocka_unit_test(openssl_accepts_the_chain),
	        cmocka_unit_test(serials_differ_at_each_issue),
	        cmocka_unit_test(missing_and_broken_files_are_told_apart),
	        cmocka_unit_test(client_list_round_trip),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
