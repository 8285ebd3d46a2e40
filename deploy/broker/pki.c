#include "deploy/broker/pki.h"

#include "deploy/broker/serial.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define DAY_S       86400
#define SERIAL_BITS 127 /* positive and never zero: RFC 5280 4.1.2.2, and 64 random bits at least */

/* ---- files ---- */

static enum err path_join(char *path, const char *dir, const char *file, const char *ending)
{
	int n = snprintf(path, PATH_MAX, "%s/%s%s", dir, file, ending);

	return n > 0 && n < PATH_MAX ? ERR_NONE : ERR_RANGE;
}

static enum err errno_err(void)
{
	switch (errno) {
	case ENOSPC:
	case EDQUOT:
		return ERR_DISK_FULL;
	case ENOENT:
		return ERR_NOT_FOUND;
	case EACCES:
	case EPERM:
	case EROFS:
		return ERR_FORBIDDEN;
	default:
		return ERR_IO;
	}
}

/* A stream on <path>.new with the mode from the first byte on: a key is never readable to others. */
static FILE *create(char *new_path, const char *path, mode_t mode)
{
	int n = snprintf(new_path, PATH_MAX, "%s.new", path);
	int fd;

	if (n <= 0 || n >= PATH_MAX) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	unlink(new_path);
	fd = open(new_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	return fd < 0 ? NULL : fdopen(fd, "w");
}

static enum err finish(FILE *f, const char *new_path, const char *path, bool written)
{
	bool good = written && fflush(f) == 0 && fsync(fileno(f)) == 0;

	if (fclose(f) != 0 || !good || rename(new_path, path) != 0) {
		enum err err = errno_err();

		unlink(new_path);
		return err;
	}
	return ERR_NONE;
}

static enum err write_key(const char *path, EVP_PKEY *key)
{
	char new_path[PATH_MAX];
	FILE *f = create(new_path, path, 0600);

	if (!f)
		return errno_err();
	return finish(f, new_path, path,
	              PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL) == 1);
}

static enum err write_certificate(const char *path, X509 *cert)
{
	char new_path[PATH_MAX];
	FILE *f = create(new_path, path, 0644);

	if (!f)
		return errno_err();
	return finish(f, new_path, path, PEM_write_X509(f, cert) == 1);
}

static enum err read_certificate(const char *path, X509 **cert)
{
	FILE *f = fopen(path, "re");

	if (!f)
		return errno_err();
	*cert = PEM_read_X509(f, NULL, NULL, NULL);
	fclose(f);
	return *cert ? ERR_NONE : ERR_BAD_INPUT;
}

static enum err read_key(const char *path, EVP_PKEY **key)
{
	FILE *f = fopen(path, "re");

	if (!f)
		return errno_err();
	*key = PEM_read_PrivateKey(f, NULL, NULL, NULL);
	fclose(f);
	return *key ? ERR_NONE : ERR_BAD_INPUT;
}

/* ---- certificates ---- */

static bool add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *extension;
	bool good;

	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	good = extension && X509_add_ext(cert, extension, -1) == 1;
	X509_EXTENSION_free(extension);
	return good;
}

static bool set_serial(X509 *cert)
{
	BIGNUM *number = BN_new();
	bool good = number &&
	            BN_rand(number, SERIAL_BITS, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
	            BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert)) != NULL;

	BN_free(number);
	return good;
}

static bool set_validity(X509 *cert, int64_t now_s, int days)
{
	/* A gateway whose clock lags must still accept the broker: valid from yesterday. */
	return ASN1_TIME_set(X509_getm_notBefore(cert), (time_t)(now_s - DAY_S)) &&
	       ASN1_TIME_set(X509_getm_notAfter(cert), (time_t)(now_s + (int64_t)days * DAY_S));
}

static bool set_name(X509 *cert, const char *name)
{
	return X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_UTF8,
	                                  (const unsigned char *)name, -1, -1, 0) == 1;
}

static X509 *new_certificate(const char *name, EVP_PKEY *key, int64_t now_s, int days)
{
	X509 *cert = X509_new();

	if (cert && X509_set_version(cert, X509_VERSION_3) && set_serial(cert) &&
	    set_validity(cert, now_s, days) && set_name(cert, name) && X509_set_pubkey(cert, key))
		return cert;
	X509_free(cert);
	return NULL;
}

static bool make_ca(X509 *cert)
{
	return X509_set_issuer_name(cert, X509_get_subject_name(cert)) &&
	       add_extension(cert, cert, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
	       add_extension(cert, cert, NID_key_usage, "critical,keyCertSign,cRLSign") &&
	       add_extension(cert, cert, NID_subject_key_identifier, "hash");
}

static bool is_address(const char *host)
{
	return strspn(host, "0123456789.") == strlen(host) || strchr(host, ':') != NULL;
}

static bool add_hosts(X509 *cert, X509 *ca, const char *const *hosts)
{
	char value[1024];
	size_t at = 0;

	for (; hosts && *hosts; hosts++) {
		int n = snprintf(value + at, sizeof value - at, "%s%s:%s", at ? "," : "",
		                 is_address(*hosts) ? "IP" : "DNS", *hosts);

		if (n <= 0 || (size_t)n >= sizeof value - at)
			return false;
		at += (size_t)n;
	}
	return at == 0 || add_extension(cert, ca, NID_subject_alt_name, value);
}

static bool make_leaf(X509 *cert, X509 *ca, const struct pki_request *request)
{
	return X509_set_issuer_name(cert, X509_get_subject_name(ca)) &&
	       add_extension(cert, ca, NID_basic_constraints, "critical,CA:FALSE") &&
	       add_extension(cert, ca, NID_key_usage, "critical,digitalSignature") &&
	       add_extension(cert, ca, NID_ext_key_usage,
	                     request->use == PKI_SERVER ? "serverAuth" : "clientAuth") &&
	       add_extension(cert, ca, NID_subject_key_identifier, "hash") &&
	       add_extension(cert, ca, NID_authority_key_identifier, "keyid") &&
	       add_hosts(cert, ca, request->hosts);
}

static bool unix_time(const ASN1_TIME *at, int64_t *unix_s)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(at, &tm) != 1)
		return false;
	*unix_s = timegm(&tm);
	return true;
}

static enum err describe(const X509 *cert, struct pki_certificate *found)
{
	int n = X509_NAME_get_text_by_NID(X509_get_subject_name(cert), NID_commonName, found->name,
	                                  PKI_NAME_SIZE);

	if (n <= 0 || !serial_text(cert, found->serial, sizeof found->serial) ||
	    !unix_time(X509_get0_notBefore(cert), &found->not_before_s) ||
	    !unix_time(X509_get0_notAfter(cert), &found->not_after_s))
		return ERR_BAD_INPUT;
	return ERR_NONE;
}

/* ---- for the caller ---- */

/* Key first: a certificate without its key is useless, an unused key harms nobody. */
static enum err write_pair(const char *dir, const char *file, EVP_PKEY *key, X509 *cert)
{
	char path[PATH_MAX];
	enum err err = path_join(path, dir, file, ".key");

	if (!err)
		err = write_key(path, key);
	if (!err)
		err = path_join(path, dir, file, ".crt");
	return err ? err : write_certificate(path, cert);
}

enum err pki_create_ca(const char *dir, const char *name, int64_t now_s, int days)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = key ? new_certificate(name, key, now_s, days) : NULL;
	enum err err = ERR_NOMEM;

	if (cert && make_ca(cert) && X509_sign(cert, key, EVP_sha256()))
		err = write_pair(dir, "ca", key, cert);
	X509_free(cert);
	EVP_PKEY_free(key);
	return err;
}

static enum err read_ca(const char *dir, X509 **cert, EVP_PKEY **key)
{
	char path[PATH_MAX];
	enum err err = path_join(path, dir, "ca", ".crt");

	if (!err)
		err = read_certificate(path, cert);
	if (!err)
		err = path_join(path, dir, "ca", ".key");
	return err ? err : read_key(path, key);
}

enum err pki_issue(const char *dir, const char *file, const struct pki_request *request,
                   struct pki_certificate *issued)
{
	X509 *ca = NULL, *cert = NULL;
	EVP_PKEY *ca_key = NULL, *key = NULL;
	enum err err = read_ca(dir, &ca, &ca_key);

	if (err)
		goto free;
	err = ERR_NOMEM;
	key = EVP_EC_gen("P-256");
	cert = key ? new_certificate(request->name, key, request->now_s, request->days) : NULL;
	if (!cert || !make_leaf(cert, ca, request) || !X509_sign(cert, ca_key, EVP_sha256()))
		goto free;
	err = describe(cert, issued);
	if (!err)
		err = write_pair(dir, file, key, cert);
free:
	X509_free(cert);
	X509_free(ca);
	EVP_PKEY_free(key);
	EVP_PKEY_free(ca_key);
	return err;
}

enum err pki_read(const char *path, struct pki_certificate *found)
{
	X509 *cert = NULL;
	enum err err = read_certificate(path, &cert);

	if (!err)
		err = describe(cert, found);
	X509_free(cert);
	return err;
}
