/* Lines of serial adapters, Linux frames, and the queue of a bus against a socket that is slow. */
#include "gateway/bus/bus.h"
#include "gateway/bus/linux_frame.h"
#include "gateway/bus/slcan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Feeds a line; the answer is that of its last byte. */
static enum err take(struct slcan *slcan, const char *text, struct can_msg *msg)
{
	enum err err = ERR_BUSY;

	for (; *text; text++) {
		assert_int_equal(err, ERR_BUSY);
		err = slcan_take(slcan, (uint8_t)*text, msg);
	}
	return err;
}

static void test_slcan_frames(void **state)
{
	struct slcan slcan = {0};
	struct can_msg msg;

	(void)state;
	assert_int_equal(take(&slcan, "T1080060081122334455667788\r", &msg), ERR_NONE);
	assert_int_equal(msg.id, 0x10800600);
	assert_int_equal(msg.len, 8);
	assert_int_equal(msg.data[7], 0x88);
	assert_int_equal(take(&slcan, "T1ffffffF2aBcD12Ef\r", &msg), ERR_NONE); /* time stamp */
	assert_int_equal(msg.id, CAN_ID_MASK);
	assert_int_equal(msg.data[1], 0xcd);
	assert_int_equal(take(&slcan, "T000000010\r", &msg), ERR_NONE);
	assert_int_equal(msg.len, 0);
}

static void test_slcan_refuses(void **state)
{
	static const char *const lines[] = {
	        "T2000000008\r",          /* 30 bits */
	        "T108006009\r",           /* length 9 */
	        "T10800600811\r",         /* too few bytes */
	        "T1080060011122334455\r", /* too many */
	        "T1080060x0\r",           /* no digit */
	        "T10800600\r",            /* no length */
	        "t1231AA\r",              /* standard identifier */
	        "R108006000\r",           /* remote request */
	        "nonsense\r",
	        "\a",
	};
	struct slcan slcan = {0};
	struct can_msg msg;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		assert_int_equal(take(&slcan, lines[i], &msg), ERR_BAD_INPUT);
		/* The next line is not hurt. */
		assert_int_equal(take(&slcan, "T000000010\r", &msg), ERR_NONE);
	}
}

static void test_slcan_answers_and_overlong(void **state)
{
	struct slcan slcan = {0};
	struct can_msg msg;

	(void)state;
	assert_int_equal(take(&slcan, "\r", &msg), ERR_BUSY);
	assert_int_equal(take(&slcan, "z\r", &msg), ERR_BUSY);
	assert_int_equal(take(&slcan, "Z\r", &msg), ERR_BUSY);
	assert_int_equal(take(&slcan, "V1013\r", &msg), ERR_BUSY);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(slcan_take(&slcan, '5', &msg), ERR_BUSY);
	assert_int_equal(slcan_take(&slcan, '\r', &msg), ERR_BAD_INPUT);
	assert_int_equal(take(&slcan, "T000000010\r", &msg), ERR_NONE);
}

static void test_linux_frames(void **state)
{
	const struct can_msg msg = {
	        .id = 0x10800600, .len = 3, .data = {1, 2, 3}
        };
	struct can_frame frame;
	struct can_msg back;

	(void)state;
	linux_frame_from_msg(&msg, &frame);
	assert_int_equal(frame.can_id, 0x10800600u | CAN_EFF_FLAG);
	assert_int_equal(linux_frame_to_msg(&frame, &back), ERR_NONE);
	assert_int_equal(back.id, msg.id);
	assert_int_equal(back.len, msg.len);
	assert_memory_equal(back.data, msg.data, sizeof msg.data);
	frame.can_dlc = 9;
	assert_int_equal(linux_frame_to_msg(&frame, &back), ERR_BAD_INPUT);
	frame.can_dlc = 8;
	frame.can_id = 0x123;
	assert_int_equal(linux_frame_to_msg(&frame, &back), ERR_BAD_INPUT);
	frame.can_id = CAN_EFF_FLAG | CAN_RTR_FLAG | 1;
	assert_int_equal(linux_frame_to_msg(&frame, &back), ERR_BAD_INPUT);
	frame.can_id = CAN_ERR_FLAG;
	assert_int_equal(linux_frame_to_msg(&frame, &back), ERR_BAD_INPUT);
}

static int hub_listen(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	unlink(path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static void test_slow_hub_loses_no_order(void **state)
{
	char path[64], uri[80];
	struct can_msg msg = {.len = 4};
	struct can_frame frame;
	struct bus_stats stats;
	struct bus *bus;
	int server, peer;
	uint32_t got = 0, sent = 0;

	(void)state;
	snprintf(path, sizeof path, "/tmp/wattle-test-bus.%d", (int)getpid());
	snprintf(uri, sizeof uri, "unix:%s", path);
	assert_int_equal(bus_new(&bus, "unix:"), ERR_BAD_INPUT);
	assert_int_equal(bus_new(&bus, "socket:x"), ERR_BAD_INPUT);
	assert_int_equal(bus_new(&bus, uri), ERR_NONE);
	assert_int_equal(bus_open(bus), ERR_NOT_FOUND);
	assert_false(bus_send(bus, &msg));
	server = hub_listen(path);
	assert_int_equal(bus_open(bus), ERR_NONE);
	peer = accept(server, NULL, NULL);
	/* Nobody reads: the socket fills, then our queue, and then frames are dropped and counted. */
	do {
		memcpy(msg.data, &sent, sizeof sent);
		sent += bus_send(bus, &msg);
		assert_int_equal(bus_flush(bus), ERR_NONE);
		bus_stats(bus, &stats);
	} while (stats.dropped < 2);
	assert_true(bus_wants_write(bus));
	assert_true(sent > BUS_QUEUE);
	while (got < sent) {
		uint32_t number;

		assert_int_equal(recv(peer, &frame, sizeof frame, 0), sizeof frame);
		memcpy(&number, frame.data, sizeof number);
		assert_int_equal(number, got++);
		assert_int_equal(bus_flush(bus), ERR_NONE);
	}
	assert_false(bus_wants_write(bus));
	/* A packet that is no frame is counted, the next one comes through. */
	assert_int_equal(send(peer, "short", 5, 0), 5);
	assert_int_equal(send(peer, &frame, sizeof frame, 0), sizeof frame);
	assert_int_equal(bus_receive(bus, &msg), ERR_NONE);
	assert_int_equal(bus_receive(bus, &msg), ERR_NOT_FOUND);
	bus_stats(bus, &stats);
	assert_int_equal(stats.errors, 1);
	close(peer);
	assert_int_equal(bus_receive(bus, &msg), ERR_CLOSED);
	bus_free(bus);
	close(server);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_slcan_frames),
	        cmocka_unit_test(test_slcan_refuses),
	        cmocka_unit_test(test_slcan_answers_and_overlong),
	        cmocka_unit_test(test_linux_frames),
	        cmocka_unit_test(test_slow_hub_loses_no_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
