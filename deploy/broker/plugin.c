/* Mosquitto plugin: a client is who its certificate says, and does what the list allows.
 *
 * At CONNECT the certificate (already checked against our CA by the broker) gives the name; the
 * list must know it with this serial number, and the client id must be the same name. Each
 * publish, delivery, subscription and will is then asked of rights.c. When the list changes,
 * clients whose entry went or changed are cut off at the next tick.
 * docs/design/broker.md tells why this is a plugin and not an ACL file. */
#include "deploy/broker/refusal.h"
#include "deploy/broker/rights.h"
#include "deploy/broker/serial.h"

#include <errno.h>
#include <fcntl.h>
#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <mosquitto_plugin.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIST_BYTES_MAX     (1024 * 1024)
#define REFUSALS_PER_S_MAX 20 /* told to the platform; the log of the broker bounds nothing */
#define REFUSED_TOPIC      "wattle/broker/refused"

struct plugin {
	mosquitto_plugin_id_t *id;
	char *path;
	struct client_list *list, *next; /* the one in force, and room to read the next */
	struct timespec list_time;
	ino_t list_inode;
	time_t looked_at_s;
	unsigned refused, told_this_s; /* refused: since the start */
};

/* ---- the list ---- */

static ssize_t read_all(const char *path, char *text, size_t size, struct stat *st)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t n = 0;

	if (fd < 0)
		return -1;
	if (fstat(fd, st)) {
		close(fd);
		return -1;
	}
	while (n < size) {
		ssize_t got = read(fd, text + n, size - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			close(fd);
			return got < 0 ? -1 : (ssize_t)n;
		}
		n += (size_t)got;
	}
	close(fd);
	errno = EFBIG;
	return -1;
}

/* Reads the file into p->next; on any error the list in force stays. */
static bool list_read(struct plugin *p)
{
	char *text = malloc(LIST_BYTES_MAX);
	struct stat st;
	ssize_t n;
	size_t bad;

	if (!text)
		return false;
	n = read_all(p->path, text, LIST_BYTES_MAX, &st);
	if (n < 0) {
		mosquitto_log_printf(MOSQ_LOG_ERR, "wattle: %s: %s; the old list stays", p->path,
		                     strerror(errno));
		free(text);
		return false;
	}
	p->list_time = st.st_mtim;
	p->list_inode = st.st_ino;
	bad = rights_parse(p->next, text, (size_t)n);
	free(text);
	if (bad)
		mosquitto_log_printf(MOSQ_LOG_ERR,
		                     "wattle: %s:%zu: not a client; the old list stays", p->path,
		                     bad);
	return bad == 0;
}

static void list_replace(struct plugin *p)
{
	struct client_list *old = p->list;

	p->list = p->next;
	p->next = old;
	mosquitto_log_printf(MOSQ_LOG_INFO, "wattle: %zu clients", p->list->count);
	for (size_t i = 0; i < old->count; i++) {
		const char *id = old->clients[i].id;

		if (rights_same(old, p->list, id))
			continue;
		mosquitto_log_printf(MOSQ_LOG_NOTICE,
		                     "wattle: client %s: revoked or changed, cut off", id);
		/* Its will is not sent: it no longer has the right to say anything. */
		mosquitto_kick_client_by_clientid(id, false);
	}
}

static bool list_is_new(const struct plugin *p)
{
	struct stat st;

	return stat(p->path, &st) == 0 &&
	       (st.st_ino != p->list_inode || st.st_mtim.tv_sec != p->list_time.tv_sec ||
	        st.st_mtim.tv_nsec != p->list_time.tv_nsec);
}

/* ---- who ---- */

static bool certificate_name(X509 *cert, char *name, int size)
{
	X509_NAME *subject = X509_get_subject_name(cert);
	int n = X509_NAME_get_text_by_NID(subject, NID_commonName, name, size);

	/* A name with a zero byte inside would compare as less than it is. */
	return n > 0 && n < size - 1 && strlen(name) == (size_t)n;
}

/* REFUSAL_RIGHT: it may come in. */
static enum refusal_reason refuse_connect(const struct plugin *p, const struct mosquitto *client,
                                          X509 *cert, const char *name)
{
	char serial[RIGHTS_SERIAL_MAX + 2];
	const struct client *known;

	if (!*name)
		return REFUSAL_NO_NAME;
	known = rights_find(p->list, name);
	if (!known)
		return REFUSAL_NOT_LISTED;
	if (!serial_text(cert, serial, sizeof serial) || !rights_serial_known(known, serial))
		return REFUSAL_SERIAL;
	if (!mosquitto_client_id(client) || strcmp(mosquitto_client_id(client), name) != 0)
		return REFUSAL_CLIENT_ID;
	return REFUSAL_RIGHT;
}

/* `name` is the certificate's: a user name or client id that the client chose would let it speak
 * of another, or hide. */
static void tell_refused(struct plugin *p, const struct mosquitto *client, const char *name,
                         const char *access, const char *topic, enum refusal_reason reason)
{
	const struct refusal refusal = {.client = name,
	                                .access = access,
	                                .topic = topic,
	                                .address = mosquitto_client_address(client),
	                                .reason = reason,
	                                .count = ++p->refused};
	char shown[RIGHTS_ID_MAX + 1], what[128], json[REFUSAL_JSON_SIZE];
	size_t n;

	if (p->told_this_s++ >= REFUSALS_PER_S_MAX)
		return;
	mosquitto_log_printf(MOSQ_LOG_WARNING, "wattle: client %s: refused %s %s: %s",
	                     refusal_shown(shown, sizeof shown, name), access,
	                     refusal_shown(what, sizeof what, topic), refusal_reason_text(reason));
	n = refusal_format(&refusal, json);
	mosquitto_broker_publish_copy(NULL, REFUSED_TOPIC, (int)n, json, 0, false, NULL);
}

static int on_connect(int event, void *data, void *userdata)
{
	struct mosquitto_evt_basic_auth *e = data;
	struct plugin *p = userdata;
	X509 *cert = mosquitto_client_certificate(e->client);
	char name[RIGHTS_ID_MAX + 2] = "";
	enum refusal_reason reason;

	(void)event;
	if (!cert || !certificate_name(cert, name, sizeof name))
		name[0] = '\0';
	reason = refuse_connect(p, e->client, cert, name);
	X509_free(cert);
	if (reason != REFUSAL_RIGHT) {
		tell_refused(p, e->client, name, "connect", mosquitto_client_id(e->client), reason);
		return MOSQ_ERR_AUTH;
	}
	return mosquitto_set_username(e->client, name);
}

/* ---- what ---- */

static const char *access_name(int access)
{
	return access == MOSQ_ACL_WRITE ? "write" : access == MOSQ_ACL_READ ? "read" : "subscribe";
}

static int on_access(int event, void *data, void *userdata)
{
	struct mosquitto_evt_acl_check *e = data;
	struct plugin *p = userdata;
	const char *name = mosquitto_client_username(e->client);
	const struct client *known = name ? rights_find(p->list, name) : NULL;
	enum topic_access access;

	(void)event;
	if (e->access == MOSQ_ACL_UNSUBSCRIBE)
		return MOSQ_ERR_SUCCESS;
	access = e->access == MOSQ_ACL_WRITE  ? ACCESS_WRITE
	         : e->access == MOSQ_ACL_READ ? ACCESS_READ
	                                      : ACCESS_SUBSCRIBE;
	if (known && rights_allow(known, access, e->topic, e->retain))
		return MOSQ_ERR_SUCCESS;
	tell_refused(p, e->client, name, access_name(e->access), e->topic, REFUSAL_RIGHT);
	return MOSQ_ERR_ACL_DENIED;
}

static int on_tick(int event, void *data, void *userdata)
{
	const struct mosquitto_evt_tick *e = data;
	struct plugin *p = userdata;
	struct timespec now;

	(void)event;
	(void)e; /* 2.0.11 leaves its times empty */
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec == p->looked_at_s)
		return MOSQ_ERR_SUCCESS;
	p->looked_at_s = now.tv_sec;
	p->told_this_s = 0;
	if (list_is_new(p) && list_read(p))
		list_replace(p);
	return MOSQ_ERR_SUCCESS;
}

/* ---- Mosquitto's entry points ---- */

int mosquitto_plugin_version(int count, const int *versions)
{
	for (int i = 0; i < count; i++)
		if (versions[i] == MOSQ_PLUGIN_VERSION)
			return MOSQ_PLUGIN_VERSION;
	return -1;
}

static void plugin_free(struct plugin *p)
{
	free(p->path);
	free(p->list);
	free(p->next);
	free(p);
}

static struct plugin *plugin_new(const char *path)
{
	struct plugin *p = calloc(1, sizeof *p);

	if (!p)
		return NULL;
	p->path = strdup(path);
	p->list = calloc(1, sizeof *p->list);
	p->next = calloc(1, sizeof *p->next);
	if (p->path && p->list && p->next)
		return p;
	plugin_free(p);
	return NULL;
}

int mosquitto_plugin_init(mosquitto_plugin_id_t *identifier, void **userdata,
                          struct mosquitto_opt *options, int count)
{
	struct plugin *p = NULL;

	for (int i = 0; i < count; i++)
		if (strcmp(options[i].key, "clients") == 0 && !p)
			p = plugin_new(options[i].value);
	if (!p) {
		mosquitto_log_printf(MOSQ_LOG_ERR, "wattle: plugin_opt_clients is missing");
		return MOSQ_ERR_INVAL;
	}
	p->id = identifier;
	if (!list_read(p)) {
		plugin_free(p); /* without a list nobody could come in: better not to start */
		return MOSQ_ERR_INVAL;
	}
	list_replace(p);
	*userdata = p;
	mosquitto_callback_register(identifier, MOSQ_EVT_BASIC_AUTH, on_connect, NULL, p);
	mosquitto_callback_register(identifier, MOSQ_EVT_ACL_CHECK, on_access, NULL, p);
	mosquitto_callback_register(identifier, MOSQ_EVT_TICK, on_tick, NULL, p);
	return MOSQ_ERR_SUCCESS;
}

int mosquitto_plugin_cleanup(void *userdata, struct mosquitto_opt *options, int count)
{
	struct plugin *p = userdata;

	(void)options;
	(void)count;
	if (!p)
		return MOSQ_ERR_SUCCESS;
	mosquitto_callback_unregister(p->id, MOSQ_EVT_BASIC_AUTH, on_connect, NULL);
	mosquitto_callback_unregister(p->id, MOSQ_EVT_ACL_CHECK, on_access, NULL);
	mosquitto_callback_unregister(p->id, MOSQ_EVT_TICK, on_tick, NULL);
	plugin_free(p);
	return MOSQ_ERR_SUCCESS;
}
