/* What tests of batches stand on: a lab, what it has stored of one gateway's boot, and what it answered. */
#ifndef PLATFORM_INGEST_TEST_INTAKE_H
#define PLATFORM_INGEST_TEST_INTAKE_H

#include "platform/core/history.h"
#include "platform/test/lab.h"

#define NOW_S (LAB_NOW_MS / 1000)
#define BOOT  UINT64_C(0x1122334455667788)

extern struct lab lab;

int intake_setup(void **state);
int intake_teardown(void **state);

/* Rows of gateway 0. */
enum err intake_send(uint64_t seq, const struct reading *rows, size_t n);
/* The one answer of the last step. */
void intake_expect_ack(uint64_t seq, uint32_t refused);

bool intake_latest(int64_t meter, struct reading *reading);
/* Stored batches of both gateways. */
unsigned intake_stored(void);
/* Readings of a meter as a page would show them. */
size_t intake_history(int64_t meter, struct history_request *request);

#endif
