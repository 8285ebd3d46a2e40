/* What the parts of wattle-bench share. Each prints one line of JSON. */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <stdint.h>

int ingest_main(int argc, char **argv);      /* batches into the store, in this process */
int bill_main(int argc, char **argv);        /* a day of many accounts, and the flat statement */
int fill_main(int argc, char **argv);        /* meters for gateways of an installation */
int recharge_main(int argc, char **argv);    /* recharges into a store, in this process */
int load_main(int argc, char **argv);        /* gateways that send batches through a broker */
int rtt_main(int argc, char **argv);         /* reference: a bare MQTT round trip */
int sink_main(int argc, char **argv);        /* reference: a subscriber that does nothing */
int http_bare_main(int argc, char **argv);   /* reference: a web server that does nothing */
int http_load_main(int argc, char **argv);   /* web clients that ask */
int http_listen_main(int argc, char **argv); /* web clients that listen to events */

/* Prints to standard error and ends the program. */
void die(const char *what, const char *why) __attribute__((noreturn));
/* Value of `--name value`, else `fallback`. */
const char *option(int argc, char **argv, const char *name, const char *fallback);
int64_t option_int(int argc, char **argv, const char *name, int64_t fallback);

int64_t mono_ns(void);
double cpu_s(void); /* of this process, user and system */

#endif
