/* Clients of a broker with a certificate of the installation. */
#ifndef BENCH_MQTT_H
#define BENCH_MQTT_H

#include <mosquitto.h>

/* --pki DIR (ca.crt), --port N; `name` is certificate, client id and, below gateways/, file name.
 * Not connected yet. */
struct mosquitto *mqtt_client(int argc, char **argv, const char *name, void *arg);
void mqtt_connect(int argc, char **argv, struct mosquitto *client);

#endif
