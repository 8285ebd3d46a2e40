#include "bench/mqtt.h"

#include <stdio.h>
#include <string.h>

#include "bench/bench.h"

struct mosquitto *mqtt_client(int argc, char **argv, const char *name, void *arg)
{
	const char *pki = option(argc, argv, "pki", NULL);
	const char *folder = strcmp(name, "wattled") == 0 ? "" : "gateways/";
	struct mosquitto *client = mosquitto_new(name, true, arg);
	char ca[512], cert[512], key[512];

	snprintf(ca, sizeof ca, "%s/ca.crt", pki);
	snprintf(cert, sizeof cert, "%s/%s%s.crt", pki, folder, name);
	snprintf(key, sizeof key, "%s/%s%s.key", pki, folder, name);
	if (!client || mosquitto_tls_set(client, ca, NULL, cert, key, NULL))
		die(name, "certificate");
	mosquitto_int_option(client, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5);
	mosquitto_int_option(client, MOSQ_OPT_TCP_NODELAY, 1);
	return client;
}

void mqtt_connect(int argc, char **argv, struct mosquitto *client)
{
	int rc = mosquitto_connect(client, "127.0.0.1", (int)option_int(argc, argv, "port", 0), 60);

	if (rc)
		die("connect", mosquitto_strerror(rc));
}
